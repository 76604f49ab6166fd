//! A `decimal.Decimal`'s text as the unscaled integer of an Arrow decimal, rounded as `Decimal.quantize` rounds.

/// What a decimal's text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantized {
    /// The unscaled value.
    Value(i128),
    /// `NaN` or `sNaN`, which PySpark takes for null.
    NaN,
    /// Infinite, too large for the precision, or not exact while rounding is not allowed.
    Refused,
}

/// Rescales the text of a `decimal.Decimal` to `scale` digits after the point, ties to even.
///
/// `round` says whether digits may be dropped: PySpark 4.0 leaves the value to pyarrow, which refuses that.
pub(crate) fn quantize(text: &str, precision: u8, scale: u8, round: bool) -> Quantized {
    let (negative, text) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        _ => (false, text),
    };
    let mut digits = Digits { kept: [0; Digits::MOST], len: 0, rest: false };
    let mut point = false;
    let mut exponent = 0i64;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits.push(byte - b'0');
                exponent -= i64::from(point);
            }
            b'.' => point = true,
            b'e' | b'E' => match text[index + 1..].parse::<i64>() {
                Ok(explicit) => {
                    let Some(sum) = exponent.checked_add(explicit) else { return Quantized::Refused };
                    exponent = sum;
                    break;
                }
                Err(_) => return Quantized::Refused,
            },
            b'N' | b's' => return Quantized::NaN,
            _ => return Quantized::Refused,
        }
    }
    if exponent > 0 && !round {
        // pyarrow counts the zeros of `0E+10` as digits.
        return Quantized::Refused;
    }
    let Some(shift) = exponent.checked_add(i64::from(scale)) else { return Quantized::Refused };
    match digits.shifted(shift, precision, round) {
        Some(unscaled) => Quantized::Value(if negative { -unscaled } else { unscaled }),
        None => Quantized::Refused,
    }
}

/// The significant digits of a number: leading zeros are not kept.
struct Digits {
    /// The first 38 digits. More cannot be kept in any result, apart from how they round.
    kept: [u8; Digits::MOST],
    len: usize,
    /// Whether a digit beyond the first [`Digits::MOST`] is not zero.
    rest: bool,
}

impl Digits {
    /// The 38 digits of the largest precision and the one that decides how they round.
    const MOST: usize = 39;

    fn push(&mut self, digit: u8) {
        if self.len == 0 && digit == 0 {
            return;
        }
        match self.kept.get_mut(self.len) {
            Some(slot) => *slot = digit,
            None => self.rest |= digit != 0,
        }
        self.len += 1;
    }

    /// The digits as an integer, times ten to the `shift`; none if more than `precision` digits are left, or if digits
    /// are dropped and `round` is not set.
    fn shifted(&self, shift: i64, precision: u8, round: bool) -> Option<i128> {
        if self.len == 0 {
            return (shift >= 0 || round).then_some(0);
        }
        let len = i64::try_from(self.len).ok()?;
        if len.checked_add(shift)? > i64::from(precision) {
            return None;
        }
        if shift >= 0 {
            let factor = 10i128.checked_pow(u32::try_from(shift).ok()?)?;
            return Some(self.prefix(self.len) * factor);
        }
        if !round {
            return None;
        }
        // The integer part has `whole` digits; below zero the value is under a tenth and rounds to nothing.
        let Ok(whole) = usize::try_from(len + shift) else { return Some(0) };
        let integer = self.prefix(whole);
        let half = self.kept[whole];
        let beyond = self.rest || self.kept[whole + 1..self.len.clamp(whole + 1, Self::MOST)].iter().any(|&d| d != 0);
        let up = half > 5 || (half == 5 && (beyond || integer % 2 == 1));
        let rounded = integer + i128::from(up);
        (rounded < 10i128.pow(u32::from(precision))).then_some(rounded)
    }

    fn prefix(&self, len: usize) -> i128 {
        self.kept[..len].iter().fold(0, |value, &digit| value * 10 + i128::from(digit))
    }
}

#[cfg(test)]
mod tests {
    use super::{Quantized, quantize};

    #[test]
    fn rounds_half_to_even() {
        for (text, unscaled) in [
            ("1.555", 156),
            ("1.005", 100),
            ("1.015", 102),
            ("1.0050000000000000000000000000000000000000000000001", 101),
            ("0.005", 0),
            ("0.0050000000000000000000000000000000000000000001", 1),
            ("0.0049999999999999999999999999999999999999999999", 0),
            ("-1.555", -156),
            ("1E-19", 0),
            ("1E+2", 10_000),
            ("1e2", 10_000),
            ("0E+100", 0),
            ("-0", 0),
            ("0.05", 5),
        ] {
            assert_eq!(quantize(text, 10, 2, true), Quantized::Value(unscaled), "{text}");
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        for text in ["100000000", "99999999.995", "Infinity", "-Infinity", "1E+1000000", "1E+99999999999999999999"] {
            assert_eq!(quantize(text, 10, 2, true), Quantized::Refused, "{text}");
        }
        assert_eq!(quantize("99999999.99", 10, 2, true), Quantized::Value(9_999_999_999));
        assert_eq!(quantize("1.555", 10, 2, false), Quantized::Refused);
        assert_eq!(quantize("1.550", 10, 2, false), Quantized::Refused);
        assert_eq!(quantize("0E+1", 10, 2, false), Quantized::Refused);
        assert_eq!(quantize("1.5", 10, 2, false), Quantized::Value(150));
        let nines = "9".repeat(38);
        assert_eq!(quantize(&nines, 38, 0, true), Quantized::Value(10i128.pow(38) - 1));
        assert_eq!(quantize(&format!("{nines}.4"), 38, 0, true), Quantized::Value(10i128.pow(38) - 1));
        assert_eq!(quantize(&format!("{nines}.5"), 38, 0, true), Quantized::Refused);
    }

    #[test]
    fn nan_is_told_apart() {
        for text in ["NaN", "-NaN", "sNaN", "NaN123"] {
            assert_eq!(quantize(text, 10, 2, true), Quantized::NaN, "{text}");
        }
    }
}
