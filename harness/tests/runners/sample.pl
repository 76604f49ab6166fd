#!/usr/bin/perl
# A runner in another language, as small as can be: docs/runner-protocol.md says what it answers and why.
#
# It has no Python, so it can only do what it reads from a module's text: a source with columns of integers and strings, and
# rows written out as tuples. Everything else it says to be unsupported, which is an honest answer; a wrong one is not.
use strict;
use warnings;
use JSON::PP;

my $json = JSON::PP->new->utf8->canonical;
binmode STDOUT;
$| = 1;

# Spark's name of a type in its JSON form, and the largest number of digits that surely fits.
my %types = (
    tinyint => [ 'byte', 2 ], smallint => [ 'short', 4 ], int => [ 'integer', 9 ], bigint => [ 'long', 18 ], string => ['string'],
);

sub answer { print $json->encode( {@_} ), "\n" }

# The schema and the rows of a case, or a reason why not.
sub observe {
    my ($case) = @_;
    my $read = $case->{read};
    my $query = $case->{query} // 'SELECT * FROM source';
    return 'only SELECT * FROM source is understood' if $query ne 'SELECT * FROM source';
    return 'steps are not understood' if $case->{steps} && @{ $case->{steps} };
    return 'settings are not understood' if %{ $case->{conf} };
    return 'nothing but the source itself is read'
        if $case->{register} || $read->{format} || $read->{schema} || $read->{path} || @{ $read->{options} };
    return 'calls and partitions are not observed' if @{ $case->{calls} } || $case->{count_partitions};

    my ( $ddl, @rows );
    my $method = '';
    for my $line ( split /\n/, $case->{python} ) {
        next if $line =~ /^\s*(#|$)/ || $line eq '            yield from ()';
        next if $line =~ /^from pyspark\.sql\.datasource import DataSource, DataSourceReader$/;
        next if $line =~ /^class (Source\(DataSource\)|SourceReader\(DataSourceReader\)):$/;
        next if $line eq '    @classmethod';
        if ( $line =~ /^    def (name\(cls\)|schema\(self\)|reader\(self, schema\)|read\(self, partition\)):$/ ) { $method = $1; next }
        next if $method =~ /^name/ && $line eq '        return "source"' || $line eq '        return SourceReader()';
        if ( $method =~ /^schema/ && $line =~ /^        return "([a-z_, ]+)"$/ ) { $ddl = $1; next }
        if ( $method =~ /^read\(/ && $line =~ /^        yield \((.*)\)$/ ) { push @rows, $1; next }
        return "this line is not understood: $line";
    }
    return 'there is no schema' unless defined $ddl;
    my ( @fields, @digits, %seen );
    for my $column ( split /, /, $ddl ) {
        my ( $name, $type ) = $column =~ /^([a-z_]+) ([a-z]+)$/ or return "this column is not understood: $column";
        return "the column $name is there twice" if $seen{$name}++;
        return "the type $type is not understood" unless $types{$type};
        push @fields, { name => $name, type => $types{$type}[0], nullable => JSON::PP::true, metadata => {} };
        push @digits, $types{$type}[1];
    }
    for my $row (@rows) {
        my @cells;
        my $rest = $row;
        while ( length $rest ) {
            $rest =~ s/^(None|-?\d+|"[A-Za-z0-9 ]*")(, |,$|$)// or return "this row is not understood: ($row)";
            push @cells, $1;
        }
        return "this row does not fit: ($row)" if @cells != @fields;
        for my $i ( 0 .. $#cells ) {
            if ( $cells[$i] eq 'None' ) { $cells[$i] = undef; next }
            my $is_text = $cells[$i] =~ s/^"(.*)"$/$1/;
            return "this row needs a conversion: ($row)" if $is_text != !$digits[$i];
            next if $is_text;
            return "this row may not fit: ($row)" if $cells[$i] !~ /^-?\d{1,$digits[$i]}$/;
            $cells[$i] += 0;
        }
        $row = \@cells;
    }
    return { schema => { type => 'struct', fields => \@fields }, rows => \@rows, error => undef, calls => [], partitions => undef };
}

while ( my $line = <STDIN> ) {
    my ( $kind, $body ) = %{ $json->decode($line) };
    if ( $kind eq 'start' ) {
        exit 1 if $body->{protocol} != 1;
        my $perl = sprintf '%vd', $^V;
        answer( started =>
                { protocol => 1, target => 'sample', versions => { perl => $perl }, mode => 'in-process', capabilities => ['read'] } );
    }
    elsif ( $kind eq 'run' ) {
        my $observation = observe( $body->{case} );
        if   ( ref $observation ) { answer( observation => { id => $body->{id}, observation => $observation } ) }
        else                      { answer( unsupported => { id => $body->{id}, reason => $observation } ) }
    }
    else { exit 0 }
}
