//! Random tables and predicates over them.

pub(crate) mod shrink;

use std::fmt::Write as _;

use shrink::Predicate;

/// A small generator of its own, so that a seed means the same for ever.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.below(choices.len())]
    }
}

/// A kind of column: its type, its values as Python has them, and as SQL writes them.
struct Kind {
    ddl: &'static str,
    python: &'static [&'static str],
    sql: &'static [&'static str],
    /// Literals of other types that Spark compares with it.
    strange: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    Kind {
        ddl: "int",
        python: &["0", "1", "2", "3", "5", "-1", "2147483647", "-2147483648"],
        sql: &["0", "1", "2", "3", "5", "-1", "2147483647", "-2147483648"],
        strange: &[
            "1.5",
            "2.0",
            "'3'",
            "9999999999",
            "2147483647L",
            "-2147483648L",
            "1.5D",
            "5D",
            "1L",
            "NULL",
            "1e10",
        ],
    },
    Kind {
        ddl: "bigint",
        python: &["0", "1", "2", "3", "-1", "9999999999", "9223372036854775807", "-9223372036854775808"],
        sql: &["0", "1", "2", "3L", "-1", "9999999999", "9223372036854775807"],
        strange: &["1.5", "2.0", "'3'", "1.5D", "NULL", "99999999999.5"],
    },
    Kind {
        ddl: "tinyint",
        python: &["0", "1", "2", "127", "-128"],
        sql: &["0", "1", "2", "127", "-128"],
        strange: &["1000", "-129", "1.5", "2.0", "'1'", "127L", "1D", "float(1.5)", "NULL"],
    },
    Kind {
        ddl: "smallint",
        python: &["0", "1", "300", "32767", "-32768"],
        sql: &["0", "1", "300", "32767", "-32768"],
        strange: &["100000", "1.5", "'1'", "32767L", "1.0D", "NULL"],
    },
    Kind {
        ddl: "double",
        python: &["0.0", "-0.0", "1.0", "1.5", "-2.5", "nan", "inf", "-inf", "1e300"],
        sql: &["0.0D", "-0.0D", "1.0D", "1.5D", "-2.5D", "double('NaN')", "double('Infinity')", "1e300", "0", "1"],
        strange: &["1.5", "'1.5'", "1L", "float(1.5)", "NULL", "double('-Infinity')"],
    },
    Kind {
        ddl: "float",
        python: &["0.0", "-0.0", "1.0", "1.5", "-2.5", "nan", "inf", "-inf", "0.10000000149011612"],
        sql: &["float(0)", "float(1.5)", "float('NaN')", "float('Infinity')", "1", "0.5", "float(0.1)"],
        strange: &["0.1", "0.1D", "double('NaN')", "1e39", "-1e39", "-0.0D", "'1.5'", "NULL", "2L"],
    },
    Kind {
        ddl: "decimal(10,2)",
        python: &[
            "Decimal('0.00')",
            "Decimal('1.50')",
            "Decimal('2.00')",
            "Decimal('-1.55')",
            "Decimal('99999999.99')",
        ],
        sql: &["0", "1.5", "1.50", "2", "-1.55", "99999999.99", "1.55bd"],
        strange: &["1.555", "12345678901", "1.5D", "2L", "'1.5'", "float(1.5)", "NULL", "-1.554"],
    },
    Kind {
        ddl: "string",
        python: &[
            "''",
            "'a'",
            "'abc'",
            "'abd'",
            "'b'",
            "'A'",
            "'a_c'",
            "'a%c'",
            "'é'",
            "'日本'",
            "'\\U0001F600'",
            "'\\uffff'",
        ],
        sql: &["''", "'a'", "'abc'", "'b'", "'A'", "'é'", "'日本'", "'\u{1F600}'", "'a_c'"],
        strange: &["NULL", "upper('a')"],
    },
    Kind {
        ddl: "boolean",
        python: &["True", "False"],
        sql: &["true", "false"],
        strange: &["'true'", "'false'", "NULL"],
    },
    Kind {
        ddl: "date",
        python: &[
            "datetime.date(2020, 1, 1)",
            "datetime.date(2020, 1, 2)",
            "datetime.date(1969, 12, 31)",
            "datetime.date(1, 1, 1)",
            "datetime.date(9999, 12, 31)",
        ],
        sql: &["date'2020-01-01'", "date'2020-01-02'", "date'1969-12-31'", "date'9999-12-31'"],
        strange: &[
            "'2020-01-01'",
            "'2020'",
            "timestamp'2020-01-01 00:00:00'",
            "timestamp'2020-01-01 10:00:00'",
            "timestamp_ntz'2020-01-01 10:00:00'",
            "NULL",
        ],
    },
    Kind {
        ddl: "timestamp",
        python: &[
            "datetime.datetime(2020, 1, 1, tzinfo=UTC)",
            "datetime.datetime(2020, 1, 1, 10, 0, 0, 1, tzinfo=UTC)",
            "datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)",
        ],
        sql: &[
            "timestamp'2020-01-01 00:00:00'",
            "timestamp'2020-01-01 10:00:00.000001'",
            "timestamp'1969-12-31 23:59:59'",
        ],
        strange: &["'2020-01-01'", "date'2020-01-01'", "timestamp_ntz'2020-01-01 10:00:00'", "NULL"],
    },
    Kind {
        ddl: "timestamp_ntz",
        python: &["datetime.datetime(2020, 1, 1)", "datetime.datetime(2020, 1, 1, 10, 0, 0, 1)"],
        sql: &["timestamp_ntz'2020-01-01 00:00:00'", "timestamp_ntz'2020-01-01 10:00:00.000001'"],
        strange: &["'2020-01-01'", "date'2020-01-01'", "timestamp'2020-01-01 10:00:00'", "NULL"],
    },
    Kind {
        ddl: "binary",
        python: &["b''", "b'\\x01'", "b'\\x01\\x02'", "b'\\xff'"],
        sql: &["X''", "X'01'", "X'0102'", "X'FF'"],
        strange: &["NULL"],
    },
    Kind {
        ddl: "struct<x:int,y:struct<z:string,w:double>>",
        python: &[
            "{'x': 1, 'y': {'z': 'a', 'w': 0.0}}",
            "{'x': 2, 'y': None}",
            "{'x': None, 'y': {'z': None, 'w': nan}}",
            "{'x': 1, 'y': {'z': 'a', 'w': -0.0}}",
        ],
        sql: &["named_struct('x', 1, 'y', named_struct('z', 'a', 'w', 0.0D))"],
        strange: &["NULL"],
    },
    Kind {
        ddl: "array<int>",
        python: &["[]", "[1]", "[1, 2]", "[None]", "[2, None]"],
        sql: &["array(1)", "array(1, 2)", "array(2, 3)"],
        strange: &["NULL"],
    },
];

#[derive(Clone)]
struct Column {
    name: String,
    kind: &'static Kind,
    nullable: bool,
}

/// A table with a column `id` that tells its rows apart.
#[derive(Clone)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn random(random: &mut Random) -> Self {
        let columns: Vec<_> = (0..3 + random.below(5))
            .map(|index| Column {
                name: format!("c{index}"),
                kind: &KINDS[random.below(KINDS.len())],
                nullable: random.chance(85),
            })
            .collect();
        let rows = (0..6 + random.below(20))
            .map(|_| {
                let value = |column: &Column| match column.nullable && random.chance(20) {
                    true => "None".to_owned(),
                    false => random.pick(column.kind.python).to_owned(),
                };
                columns.iter().map(value).collect()
            })
            .collect();
        Self { columns, rows }
    }

    /// The schema as DDL.
    pub(crate) fn columns(&self) -> String {
        let mut ddl = "id int not null".to_owned();
        for column in &self.columns {
            let null = if column.nullable { "" } else { " not null" };
            write!(ddl, ", {} {}{null}", column.name, column.kind.ddl).unwrap();
        }
        ddl
    }

    /// The rows as a Python literal.
    pub(crate) fn rows(&self) -> String {
        let rows = self.rows.iter().enumerate().map(|(id, row)| {
            let values = row.iter().zip(&self.columns).map(|(value, column)| format!(", '{}': {value}", column.name));
            format!("{{'id': {id}{}}}", values.collect::<String>())
        });
        format!("[{}]", rows.collect::<Vec<_>>().join(", "))
    }

    /// A predicate, nested up to a depth.
    pub(crate) fn predicate(&self, random: &mut Random) -> Predicate {
        self.nested(random, 3)
    }

    /// The table without one row; none where there is no such row.
    pub(crate) fn without_row(&self, row: usize) -> Option<Self> {
        let mut fewer = self.clone();
        (row < self.rows.len()).then(|| {
            fewer.rows.remove(row);
            fewer
        })
    }

    fn nested(&self, random: &mut Random, depth: usize) -> Predicate {
        if depth == 0 || random.chance(40) {
            return self.atom(random);
        }
        let nested = |random: &mut Random| Box::new(self.nested(random, depth - 1));
        match random.below(8) {
            0..=3 => Predicate::And(nested(random), nested(random)),
            4 | 5 => Predicate::Or(nested(random), nested(random)),
            _ => Predicate::Not(nested(random)),
        }
    }

    fn atom(&self, random: &mut Random) -> Predicate {
        let column = &self.columns[random.below(self.columns.len())];
        let name = column.name.as_str();
        let op = random.pick(&["=", "=", "<>", "<", "<=", ">", ">=", "<=>"]);
        let kind = column.kind;
        let text = match random.below(12) {
            0 => format!("{name} IS NULL"),
            1 => format!("{name} IS NOT NULL"),
            2 | 3 => return list(random, column),
            4 => special(random, column),
            5 if kind.ddl.starts_with("struct") => special(random, column),
            5 if !kind.ddl.starts_with("array") => {
                format!(
                    "{name} {}BETWEEN {} AND {}",
                    random.pick(&["", "NOT "]),
                    literal(random, kind),
                    literal(random, kind)
                )
            }
            6 => match self.like_typed(random, column) {
                Some(other) => format!("{name} {op} {other}"),
                None => format!("{name} {op} {}", literal(random, kind)),
            },
            7 => format!("{} {op} {name}", literal(random, kind)),
            8 => format!("coalesce({name}, {}) {op} {}", random.pick(kind.sql), random.pick(kind.sql)),
            _ => format!("{name} {op} {}", literal(random, kind)),
        };
        Predicate::Atom(text)
    }

    /// Another column that can be compared with this one.
    fn like_typed(&self, random: &mut Random, column: &Column) -> Option<String> {
        let numbers = ["int", "bigint", "tinyint", "smallint", "double", "float", "decimal(10,2)"];
        let times = ["date", "timestamp", "timestamp_ntz"];
        let family =
            |ddl: &str| [numbers.as_slice(), times.as_slice()].into_iter().position(|names| names.contains(&ddl));
        let fits = |other: &&Column| match family(column.kind.ddl) {
            Some(kind) => family(other.kind.ddl) == Some(kind),
            None => other.kind.ddl == column.kind.ddl,
        };
        let fitting: Vec<_> = self.columns.iter().filter(fits).collect();
        (!fitting.is_empty()).then(|| fitting[random.below(fitting.len())].name.clone())
    }
}

fn list(random: &mut Random, column: &Column) -> Predicate {
    let length = if random.chance(15) { 12 } else { 1 + random.below(4) };
    let values: Vec<_> = (0..length).map(|_| literal(random, column.kind)).collect();
    Predicate::In(format!("{} {}IN", column.name, random.pick(&["", "NOT "])), values)
}

fn literal(random: &mut Random, kind: &Kind) -> String {
    let choices = if random.chance(25) { kind.strange } else { kind.sql };
    random.pick(choices).to_owned()
}

/// What is particular to a type.
fn special(random: &mut Random, column: &Column) -> String {
    let name = &column.name;
    let value = random.pick(column.kind.sql);
    match column.kind.ddl {
        "string" => {
            let pattern = random
                .pick(&["a%", "%c", "%b%", "a%c", "a_c", "abc", "%", "", "a\\\\_c", "_", "%_%", "é%", "A%", "a%b%c"]);
            match random.below(6) {
                0 => format!("{name} NOT LIKE '{pattern}'"),
                1 => format!("{name} LIKE 'a/_c' ESCAPE '/'"),
                2 => format!("{}({name}, {value})", random.pick(&["startswith", "endswith", "contains"])),
                3 => format!("upper({name}) = {value}"),
                4 => format!("length({name}) {} 1", random.pick(&["=", ">", "<"])),
                _ => format!("{name} LIKE '{pattern}'"),
            }
        }
        "boolean" => match random.below(4) {
            0 => format!("NOT {name}"),
            1 => format!("{name} IS {}", random.pick(&["TRUE", "FALSE", "NOT TRUE", "NOT FALSE", "UNKNOWN"])),
            2 => format!("if({name}, {value}, NULL)"),
            _ => name.clone(),
        },
        "int" | "bigint" | "tinyint" | "smallint" => match random.below(7) {
            0 => format!("CAST({name} AS BIGINT) = {value}"),
            1 => format!("CAST({name} AS BIGINT) IN ({value}, 9999999999)"),
            2 => format!("CAST({name} AS DECIMAL(22, 2)) >= 1.5"),
            3 => format!("CAST({name} AS DOUBLE) < 1.5D"),
            4 => format!("{name} % 2 = 1"),
            5 => format!("CASE WHEN {name} = {value} THEN true ELSE false END"),
            _ => format!("{name} + 0 = {value}"),
        },
        "float" => format!("CAST({name} AS DOUBLE) {} {value}", random.pick(&["=", "<", ">=", "<=>"])),
        "double" => format!("{name} {} CAST({value} AS FLOAT)", random.pick(&["=", "<", ">="])),
        "decimal(10,2)" => format!("CAST({name} AS DECIMAL(20, 4)) {} {value}", random.pick(&["=", "<", ">="])),
        "timestamp" => format!("CAST({name} AS DATE) {} date'2020-01-01'", random.pick(&["=", "<", ">=", ">", "<="])),
        "date" => format!("CAST({name} AS TIMESTAMP) {} timestamp'2020-01-01 10:00:00'", random.pick(&["<", ">="])),
        ddl if ddl.starts_with("struct") => match random.below(7) {
            0 => format!("{name}.x = 1"),
            1 => format!("{name}.x IN (1, 2, NULL)"),
            2 => format!("{name}.y.z LIKE 'a%'"),
            3 => format!("{name}.y.w {} 0.0D", random.pick(&["=", "<", ">=", "<=>"])),
            4 => format!("{name}.y IS NULL"),
            5 => format!("{name}.y.z IS NOT NULL"),
            _ => format!("{name}.x <=> {}", random.pick(&["1", "NULL"])),
        },
        "array<int>" => match random.below(3) {
            0 => format!("array_contains({name}, 1)"),
            1 => format!("{name} {} {value}", random.pick(&["=", "<=>", "<>", "<", ">="])),
            _ => format!("size({name}) = 1"),
        },
        _ => format!("{name} = {value}"),
    }
}
