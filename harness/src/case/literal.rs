//! Python literals, and the checks of the texts they are made from.

/// A Python tuple of these expressions.
pub(crate) fn python_tuple(items: &[String]) -> String {
    match items {
        [only] => format!("({only},)"),
        _ => format!("({})", items.join(", ")),
    }
}

pub(super) fn python_bool(value: bool) -> String {
    if value { "True" } else { "False" }.to_owned()
}

pub(super) fn python_float(value: f64) -> String {
    if value.is_nan() {
        "float(\"nan\")".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "float(\"inf\")" } else { "float(\"-inf\")" }.to_owned()
    } else {
        format!("{value:?}")
    }
}

/// The float of an integer, unless digits would be lost.
pub(super) fn exact_float(value: i128) -> Option<f64> {
    (value.unsigned_abs() <= 1 << 53).then_some(value as f64)
}

/// A Python string literal.
pub(crate) fn python_string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            c if u32::from(c) < 0x20 || u32::from(c) == 0x7f => literal.push_str(&format!("\\x{:02x}", u32::from(c))),
            // Invisible characters and those that turn the direction of text would hide what the source says.
            '\u{80}'..='\u{a0}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                literal.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

pub(super) fn python_bytes(hex: &str) -> Option<String> {
    if !hex.len().is_multiple_of(2) || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    if hex.is_empty() {
        return Some("b\"\"".to_owned());
    }
    Some(format!("bytes.fromhex(\"{}\")", hex.to_ascii_lowercase()))
}

pub(super) fn is_decimal(text: &str) -> bool {
    let unsigned = |part: &str, sign: &[char]| part.strip_prefix(sign).unwrap_or(part).to_owned();
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let digits = unsigned(digits, &['-']);
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && all_digits(&unsigned(exponent, &['-', '+']))
}

pub(super) fn yaml_single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a\"b\\", r#""a\"b\\""#)]
    #[case("é😀", "\"é😀\"")]
    #[case("\u{0}\u{7f}\t", r#""\x00\x7f\t""#)]
    #[case("\u{202e}\u{a0}", r#""\u202e\u00a0""#)]
    fn strings(#[case] text: &str, #[case] literal: &str) {
        assert_eq!(python_string(text), literal);
    }

    #[rstest]
    #[case("1.50", true)]
    #[case("-0", true)]
    #[case("1E+3", true)]
    #[case("1e-19", true)]
    #[case("1.", false)]
    #[case(".5", false)]
    #[case("1e", false)]
    #[case("NaN", false)]
    #[case("", false)]
    fn decimals(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(is_decimal(text), valid);
    }

    #[test]
    fn integers_become_floats_only_without_loss() {
        assert_eq!(exact_float(1 << 53), Some(9_007_199_254_740_992.0));
        assert_eq!(exact_float((1 << 53) + 1), None);
        assert_eq!(python_float(-0.0), "-0.0");
    }
}
