//! Intervals as SQL writes them: `INTERVAL '1 02' DAY TO HOUR`, `INTERVAL 1 month`.

/// Microseconds of a day, an hour, a minute and a second.
pub(super) const DAY: i64 = 24 * HOUR;
const HOUR: i64 = 60 * MINUTE;
const MINUTE: i64 = 60 * SECOND;
const SECOND: i64 = 1_000_000;

/// A unit of time, the longest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
}

impl Unit {
    /// The unit of that name, in any case and number.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        Some(match lower.strip_suffix('s').unwrap_or(&lower) {
            "year" => Self::Year,
            "month" => Self::Month,
            "week" => Self::Week,
            "day" => Self::Day,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            "second" => Self::Second,
            "millisecond" => Self::Millisecond,
            "microsecond" => Self::Microsecond,
            _ => return None,
        })
    }

    fn micros(self) -> i64 {
        match self {
            Self::Year | Self::Month => 0,
            Self::Week => 7 * DAY,
            Self::Day => DAY,
            Self::Hour => HOUR,
            Self::Minute => MINUTE,
            Self::Second => SECOND,
            Self::Millisecond => 1_000,
            Self::Microsecond => 1,
        }
    }

    fn is_of_calendar(self) -> bool {
        matches!(self, Self::Year | Self::Month)
    }

    /// The number of the unit in the types of Spark: of years and months, or of days to seconds.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Year | Self::Week | Self::Day => 0,
            Self::Month | Self::Hour => 1,
            Self::Minute => 2,
            Self::Second | Self::Millisecond | Self::Microsecond => 3,
        }
    }

    /// The unit of days to seconds by its number.
    pub(super) fn of_day_time(number: u8) -> Self {
        match number {
            0 => Self::Day,
            1 => Self::Hour,
            2 => Self::Minute,
            _ => Self::Second,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Year => "YEAR",
            Self::Month => "MONTH",
            Self::Week | Self::Day => "DAY",
            Self::Hour => "HOUR",
            Self::Minute => "MINUTE",
            _ => "SECOND",
        }
    }
}

/// An interval of months, or of microseconds, and the units that it is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Literal {
    /// Months, where the units are years and months, else microseconds.
    pub(super) amount: i64,
    pub(super) start: Unit,
    pub(super) end: Unit,
}

impl Literal {
    /// Of days to seconds.
    pub(super) fn day_time(micros: i64, start: u8, end: u8) -> Self {
        Self { amount: micros, start: Unit::of_day_time(start), end: Unit::of_day_time(end) }
    }

    /// Of years and months.
    pub(super) fn year_month(months: i64, start: u8, end: u8) -> Self {
        let unit = |number: u8| if number == 0 { Unit::Year } else { Unit::Month };
        Self { amount: months, start: unit(start), end: unit(end) }
    }

    /// `1 day 2 hours`: the units are those from the longest to the shortest. None where months stand beside days.
    pub(super) fn of_units(parts: &[(String, Unit)]) -> Option<Self> {
        let of_calendar = parts.first()?.1.is_of_calendar();
        let mut amount: i64 = 0;
        for (number, unit) in parts {
            if unit.is_of_calendar() != of_calendar {
                return None;
            }
            let part = match unit {
                Unit::Year => number.parse::<i64>().ok()?.checked_mul(12)?,
                Unit::Month => number.parse().ok()?,
                Unit::Second => seconds(number)?,
                unit => number.parse::<i64>().ok()?.checked_mul(unit.micros())?,
            };
            amount = amount.checked_add(part)?;
        }
        let units = parts.iter().map(|(_, unit)| match unit {
            Unit::Week => Unit::Day,
            Unit::Millisecond | Unit::Microsecond => Unit::Second,
            unit => *unit,
        });
        let (start, end) = (units.clone().min()?, units.max()?);
        i32::try_from(amount).is_ok().then_some(()).or((!of_calendar).then_some(()))?;
        Some(Self { amount, start, end })
    }

    /// `1 day 2 hours` in a text, with or without `interval` before it.
    pub(super) fn of_units_text(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace().peekable();
        words.next_if(|word| word.eq_ignore_ascii_case("interval"));
        let mut parts = Vec::new();
        while let Some(word) = words.next() {
            let number = match word {
                "-" | "+" => format!("{word}{}", words.next()?),
                word => word.to_owned(),
            };
            parts.push((number, Unit::of_name(words.next()?)?));
        }
        Self::of_units(&parts)
    }

    /// `'1 02:03' DAY TO MINUTE`.
    pub(super) fn of_range(text: &str, start: Unit, end: Unit) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let sign = if negative { -1 } else { 1 };
        if start >= end || start.is_of_calendar() != end.is_of_calendar() {
            return None;
        }
        if start.is_of_calendar() {
            let (years, months) = digits.split_once('-')?;
            let months: i64 = months.parse().ok().filter(|months| *months < 12)?;
            let amount = years.parse::<i64>().ok()?.checked_mul(12)?.checked_add(months)?;
            return Some(Self { amount: sign * amount, start, end });
        }
        let (days, clock) = match start {
            Unit::Day => digits.split_once(' ').map(|(days, clock)| (Some(days), clock.trim_start()))?,
            _ => (None, digits),
        };
        let units = [Unit::Hour, Unit::Minute, Unit::Second];
        let units = units.into_iter().filter(|unit| *unit >= start && *unit <= end);
        let parts: Vec<&str> = clock.split(':').collect();
        let mut amount = match days {
            Some(days) => days.parse::<u32>().ok().map(|days| i64::from(days) * DAY)?,
            None => 0,
        };
        if units.clone().count() != parts.len() {
            return None;
        }
        for (index, (unit, part)) in units.zip(parts).enumerate() {
            let leads = index == 0 && days.is_none();
            let most = if unit == Unit::Hour { 24 } else { 60 };
            let micros = match unit {
                Unit::Second => seconds(part)?,
                unit => i64::from(part.parse::<u32>().ok()?).checked_mul(unit.micros())?,
            };
            if !leads && micros >= most * unit.micros() {
                return None;
            }
            amount = amount.checked_add(micros)?;
        }
        Some(Self { amount: sign * amount, start, end })
    }

    /// What stands between the quotes.
    pub(super) fn text(&self) -> String {
        let sign = if self.amount < 0 { "-" } else { "" };
        let amount = self.amount.unsigned_abs();
        match (self.start, self.end) {
            (Unit::Year, Unit::Year) => return format!("{sign}{}", amount / 12),
            (Unit::Month, _) => return format!("{sign}{amount}"),
            (Unit::Year, _) => return format!("{sign}{}-{}", amount / 12, amount % 12),
            _ => {}
        }
        let mut rest = amount;
        let mut text = sign.to_owned();
        for unit in [Unit::Day, Unit::Hour, Unit::Minute, Unit::Second] {
            if unit < self.start || unit > self.end {
                continue;
            }
            let size = unit.micros().unsigned_abs();
            let whole = rest / size;
            rest %= size;
            if unit > self.start {
                text.push(if unit == Unit::Hour { ' ' } else { ':' });
            }
            text.push_str(&if unit == Unit::Day { whole.to_string() } else { format!("{whole:02}") });
            if unit == Unit::Second && rest > 0 {
                text.push_str(format!(".{rest:06}").trim_end_matches('0'));
            }
        }
        text
    }

    /// The whole interval as Spark shows it.
    pub(super) fn shown(&self) -> String {
        let units = match self.start == self.end {
            true => self.start.name().to_owned(),
            false => format!("{} TO {}", self.start.name(), self.end.name()),
        };
        format!("INTERVAL '{}' {units}", self.text())
    }
}

/// Microseconds of a number of seconds with a fraction.
fn seconds(number: &str) -> Option<i64> {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_number(whole) || !is_number(fraction) || fraction.len() > 9 {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    Some(sign * whole.checked_mul(SECOND)?.checked_add(fraction)?)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1 day", Some("INTERVAL '1' DAY"))]
    #[case("1 day 2 hours", Some("INTERVAL '1 02' DAY TO HOUR"))]
    #[case("3 weeks", Some("INTERVAL '21' DAY"))]
    #[case("1.5 seconds", Some("INTERVAL '01.5' SECOND"))]
    #[case("-1 day", Some("INTERVAL '-1' DAY"))]
    #[case("13 months", Some("INTERVAL '13' MONTH"))]
    #[case("1 year 2 months", Some("INTERVAL '1-2' YEAR TO MONTH"))]
    #[case("1 month 2 days", None)]
    fn units_are_told_from_the_longest_to_the_shortest(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(Literal::of_units_text(text).map(|literal| literal.shown()).as_deref(), expected);
    }

    #[rstest]
    #[case("1 02:03:04.5", Unit::Day, Unit::Second, Some("INTERVAL '1 02:03:04.5' DAY TO SECOND"))]
    #[case("10:30", Unit::Minute, Unit::Second, Some("INTERVAL '10:30' MINUTE TO SECOND"))]
    #[case("-1-2", Unit::Year, Unit::Month, Some("INTERVAL '-1-2' YEAR TO MONTH"))]
    #[case("1 25", Unit::Day, Unit::Hour, None)]
    #[case("1-12", Unit::Year, Unit::Month, None)]
    fn a_range_of_units_is_told_as_it_is_written(
        #[case] text: &str,
        #[case] start: Unit,
        #[case] end: Unit,
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(Literal::of_range(text, start, end).map(|literal| literal.shown()).as_deref(), expected);
    }
}
