//! Doubles and floats as Java shows them: `1.0`, `1.0E7`, `1.0E-5`, `Infinity`.

use std::fmt::LowerExp;

/// The shortest digits that give the value, in Java's form. `narrow`: it was a float.
pub(crate) fn text(value: f64, narrow: bool) -> String {
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
        let fraction = if digits.len() > 1 { &digits[1..] } else { "0" };
        return format!("{sign}{}.{fraction}E{exponent}", &digits[..1]);
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
}
