//! Doubles and floats as Java shows them: `1.0`, `1.0E7`, `1.0E-5`, `Infinity`.

use std::fmt::LowerExp;

/// The shortest digits that give the value, in Java's form: with an exponent below a thousandth and from ten million on, and then
/// of two digits at least. `narrow`: it was a float.
pub fn text(value: f64, narrow: bool) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    #[expect(clippy::cast_possible_truncation, reason = "it was a float")]
    if narrow { shown(&(value as f32)) } else { shown(&value) }
}

fn shown(value: &impl LowerExp) -> String {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |mantissa| ("-", mantissa));
    let digits = mantissa.replace('.', "");
    let length = i32::try_from(digits.len()).unwrap_or(0);
    if !(-3..7).contains(&exponent) {
        // A single digit may be a rounded one: the smallest double is 4.9E-324.
        return if digits.len() > 1 { text } else { format!("{value:.1e}") }.replace('e', "E");
    }
    if exponent < 0 {
        let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
        return format!("{sign}0.{}{digits}", "0".repeat(zeros));
    }
    let whole = usize::try_from(exponent + 1).unwrap_or(1);
    if length <= exponent + 1 {
        return format!("{sign}{digits:0<whole$}.0");
    }
    format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.0, "0.0")]
    #[case(-0.0, "-0.0")]
    #[case(1e20, "1.0E20")]
    #[case(1e7, "1.0E7")]
    #[case(9_999_999.0, "9999999.0")]
    #[case(0.001, "0.001")]
    #[case(0.000_12, "1.2E-4")]
    #[case(-123.25, "-123.25")]
    #[case(f64::INFINITY, "Infinity")]
    fn doubles_look_as_in_java(#[case] value: f64, #[case] expected: &str) {
        assert_eq!(text(value, false), expected);
    }

    // As PySpark 4.2.1 shows them.
    #[rstest]
    #[case(1.0, "1.0")]
    #[case(1e10, "1.0E10")]
    #[case(1e-5, "1.0E-5")]
    #[case(0.1 + 0.2, "0.30000000000000004")]
    #[case(1_234_567.0, "1234567.0")]
    #[case(12_345_678.0, "1.2345678E7")]
    #[case(-0.0, "-0.0")]
    #[case(0.001, "0.001")]
    #[case(5e-324, "4.9E-324")]
    #[case(2.225_073_858_507_201_4e-308, "2.2250738585072014E-308")]
    #[case(f64::NAN, "NaN")]
    #[case(f64::NEG_INFINITY, "-Infinity")]
    fn doubles_are_javas(#[case] value: f64, #[case] expected: &str) {
        assert_eq!(text(value, false), expected);
    }

    #[rstest]
    #[case(1.1, "1.1")]
    #[case(16_777_216.0, "1.6777216E7")]
    #[case(f32::MAX, "3.4028235E38")]
    #[case(1e-45, "1.4E-45")]
    #[case(9.999e-4, "9.999E-4")]
    fn floats_are_javas(#[case] value: f32, #[case] expected: &str) {
        assert_eq!(text(value.into(), true), expected);
    }
}
