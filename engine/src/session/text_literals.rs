//! Text literals as Spark writes them: with backslash escapes, or raw (`r'…'`). The parser knows neither in Spark's dialect.

use std::iter::Peekable;
use std::str::Chars;

/// The query with its text literals as the parser reads them: in single quotes, a quote doubled, nothing escaped. Comments and
/// quoted identifiers stay as they are, and so does a literal that does not end: the parser has the error for it.
pub(super) fn plain(text: &str) -> String {
    let mut rest = text.chars().peekable();
    let mut plain = String::with_capacity(text.len());
    let mut before = ' ';
    while let Some(c) = rest.next() {
        let is_raw = matches!(c, 'r' | 'R') && !is_word(before) && matches!(rest.peek(), Some('\'' | '"'));
        match c {
            '\'' | '"' => literal(c, &mut rest, &mut plain),
            _ if is_raw => raw_literal(&mut rest, &mut plain),
            '`' => copy_until(c, &mut rest, &mut plain, |_, end| end == '`'),
            '-' if rest.peek() == Some(&'-') => copy_until(c, &mut rest, &mut plain, |_, end| end == '\n'),
            '/' if rest.peek() == Some(&'*') => {
                copy_until(c, &mut rest, &mut plain, |before, end| before == '*' && end == '/');
            }
            _ => plain.push(c),
        }
        before = c;
    }
    plain
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn copy_until(first: char, rest: &mut Peekable<Chars<'_>>, plain: &mut String, ends: impl Fn(char, char) -> bool) {
    plain.push(first);
    let mut before = first;
    for c in rest.by_ref() {
        plain.push(c);
        if ends(before, c) {
            return;
        }
        before = c;
    }
}

fn literal(quote: char, rest: &mut Peekable<Chars<'_>>, plain: &mut String) {
    let mut value = String::new();
    let mut written = String::from(quote);
    while let Some(c) = rest.next() {
        written.push(c);
        if c == '\\' {
            let escaped: String = escape_of(rest.clone());
            written.push_str(&escaped);
            rest.nth(escaped.chars().count().saturating_sub(1));
            unescape(&escaped, &mut value);
        } else if c == quote && rest.peek() == Some(&quote) {
            written.extend(rest.next());
            value.push(quote);
        } else if c == quote {
            return push_plain(&value, plain);
        } else {
            value.push(c);
        }
    }
    plain.push_str(&written);
}

fn raw_literal(rest: &mut Peekable<Chars<'_>>, plain: &mut String) {
    let Some(quote) = rest.next() else { return };
    let mut value = String::new();
    for c in rest.by_ref() {
        if c == quote {
            return push_plain(&value, plain);
        }
        value.push(c);
    }
    plain.push('r');
    plain.push(quote);
    plain.push_str(&value);
}

fn push_plain(value: &str, plain: &mut String) {
    plain.push('\'');
    plain.push_str(&value.replace('\'', "''"));
    plain.push('\'');
}

/// What belongs to an escape, behind its backslash.
fn escape_of(mut rest: Peekable<Chars<'_>>) -> String {
    let digits = |rest: Peekable<Chars<'_>>, radix: u32, length: usize| {
        let digits: String = rest.take(length).take_while(|c| c.is_digit(radix)).collect();
        (digits.len() == length).then_some(digits)
    };
    let code = match rest.peek() {
        Some('0' | '1') => digits(rest.clone(), 8, 3),
        Some(&letter @ ('u' | 'U')) => {
            let mut behind = rest.clone();
            behind.next();
            digits(behind, 16, if letter == 'u' { 4 } else { 8 }).map(|digits| format!("{letter}{digits}"))
        }
        _ => None,
    };
    code.or_else(|| rest.next().map(String::from)).unwrap_or_default()
}

fn unescape(escape: &str, value: &mut String) {
    let mut letters = escape.chars();
    let (Some(first), code) = (letters.next(), letters.as_str()) else { return value.push('\\') };
    let of_code = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    let special = match first {
        'u' | 'U' if !code.is_empty() => of_code(code, 16),
        '0' | '1' if !code.is_empty() => of_code(escape, 8),
        '0' => Some('\0'),
        'b' => Some('\u{8}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'Z' => Some('\u{1a}'),
        // Both keep their backslash, for LIKE.
        '%' | '_' => {
            value.push('\\');
            Some(first)
        }
        other => Some(other),
    };
    value.extend(special);
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r"SELECT 'a\nb', 'it\'s', 'it''s'", "SELECT 'a\nb', 'it''s', 'it''s'")]
    #[case(r#"SELECT "it's", "a""b\"c""#, "SELECT 'it''s', 'a\"b\"c'")]
    #[case(r"s LIKE '10\%' OR s LIKE '\_\\'", r"s LIKE '10\%' OR s LIKE '\_\'")]
    #[case(r"SELECT '\u0041\101\U00000042\0\q'", "SELECT 'AAB\0q'")]
    #[case(r"SELECT r'a\n', R'it', for'x\t'", "SELECT 'a\\n', 'it', for'x\t'")]
    #[case("SELECT `a\\'b` -- it's\n, 1 /* isn't */, '\\t'", "SELECT `a\\'b` -- it's\n, 1 /* isn't */, '\t'")]
    #[case(r"SELECT 'open\", r"SELECT 'open\")]
    #[case("SELECT 'é\\tü'", "SELECT 'é\tü'")]
    fn literals_are_written_as_the_parser_reads_them(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(plain(text), expected);
    }
}
