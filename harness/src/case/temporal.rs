//! Days, times and intervals of cells, checked and written as `datetime` objects of Python.

/// `2024-02-29`.
pub(crate) fn date(text: &str) -> Option<String> {
    let (year, month, day) = day_parts(text)?;
    Some(format!("datetime.date({year}, {month}, {day})"))
}

/// `2024-02-29 12:00:00.123456` or with a `T`; a zone (`Z`, `+02:00`) where it is allowed. A day alone is midnight.
pub(crate) fn timestamp(text: &str, zone_allowed: bool) -> Option<String> {
    let (day, rest) = match text.split_once([' ', 'T']) {
        Some((day, rest)) => (day, Some(rest)),
        None => (text, None),
    };
    let (year, month, day) = day_parts(day)?;
    let mut arguments = vec![year, month, day];
    let mut zone = None;
    if let Some(rest) = rest {
        let clock = match rest.find(['Z', '+', '-']) {
            Some(at) => {
                zone = Some(zone_literal(&rest[at..])?);
                &rest[..at]
            }
            None => rest,
        };
        arguments.extend(clock_parts(clock)?);
    } else {
        arguments.extend([0, 0]);
    }
    if zone.is_some() && !zone_allowed {
        return None;
    }
    let mut arguments = positional(&arguments, 5);
    if let Some(zone) = zone {
        arguments.push_str(&format!(", tzinfo={zone}"));
    }
    Some(format!("datetime.datetime({arguments})"))
}

/// `12:34:56.123456`.
pub(crate) fn time(text: &str) -> Option<String> {
    Some(format!("datetime.time({})", positional(&clock_parts(text)?, 2)))
}

/// `1 02:03:04.5`: days, hours, minutes, seconds; a minus sign before it counts for the whole.
pub(crate) fn interval(text: &str) -> Option<String> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (days, clock) = text.split_once(' ')?;
    let days = number(days, 1..=9)?;
    let clock = clock_parts(clock)?;
    let names = ["days", "hours", "minutes", "seconds", "microseconds"];
    let arguments: Vec<String> = std::iter::once(days)
        .chain(clock)
        .zip(names)
        .filter(|(value, _)| *value != 0)
        .map(|(value, name)| format!("{name}={value}"))
        .collect();
    let sign = if negative { "-" } else { "" };
    Some(format!("{sign}datetime.timedelta({})", arguments.join(", ")))
}

/// The arguments without trailing zeros, but at least `least` of them.
fn positional(arguments: &[u32], least: usize) -> String {
    let mut count = arguments.len();
    while count > least && arguments[count - 1] == 0 {
        count -= 1;
    }
    let texts: Vec<String> = arguments[..count].iter().map(u32::to_string).collect();
    texts.join(", ")
}

fn day_parts(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4..=4)?;
    let month = number(parts.next()?, 2..=2)?;
    let day = number(parts.next()?, 2..=2)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (parts.next().is_none() && year > 0 && (1..=days).contains(&day)).then_some((year, month, day))
}

/// Hour, minute, second, microsecond.
fn clock_parts(text: &str) -> Option<[u32; 4]> {
    let mut parts = text.split(':');
    let hour = number(parts.next()?, 2..=2)?;
    let minute = number(parts.next()?, 2..=2)?;
    let (second, fraction) = match parts.next() {
        None => ("00", "0"),
        Some(second) => second.split_once('.').unwrap_or((second, "0")),
    };
    let second = number(second, 2..=2)?;
    let micros = number(fraction, 1..=6)? * 10u32.pow(6 - u32::try_from(fraction.len()).ok()?);
    let valid = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    valid.then_some([hour, minute, second, micros])
}

fn zone_literal(text: &str) -> Option<String> {
    if text == "Z" {
        return Some("datetime.timezone.utc".to_owned());
    }
    let (sign, clock) = match text.split_at_checked(1)? {
        ("+", clock) => ("", clock),
        ("-", clock) => ("-", clock),
        _ => return None,
    };
    let [hours, minutes, 0, 0] = clock_parts(clock)? else {
        return None;
    };
    if hours == 0 && minutes == 0 {
        return Some("datetime.timezone.utc".to_owned());
    }
    let minutes = if minutes == 0 { String::new() } else { format!(", minutes={minutes}") };
    Some(format!("datetime.timezone({sign}datetime.timedelta(hours={hours}{minutes}))"))
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    (digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2024-02-29", Some("datetime.date(2024, 2, 29)"))]
    #[case("0001-01-01", Some("datetime.date(1, 1, 1)"))]
    #[case("2023-02-29", None)]
    #[case("2100-02-29", None)]
    #[case("0000-01-01", None)]
    #[case("2024-2-9", None)]
    #[case("2024-13-01", None)]
    fn dates(#[case] text: &str, #[case] literal: Option<&str>) {
        assert_eq!(date(text).as_deref(), literal);
    }

    #[rstest]
    #[case("2024-02-29", Some("datetime.datetime(2024, 2, 29, 0, 0)"))]
    #[case("2024-02-29 12:00:00.123456", Some("datetime.datetime(2024, 2, 29, 12, 0, 0, 123456)"))]
    #[case("2024-02-29 12:30", Some("datetime.datetime(2024, 2, 29, 12, 30)"))]
    #[case(
        "2024-02-29T12:00:00.5Z",
        Some("datetime.datetime(2024, 2, 29, 12, 0, 0, 500000, tzinfo=datetime.timezone.utc)")
    )]
    #[case(
        "2024-02-29T12:00:00+05:30",
        Some(
            "datetime.datetime(2024, 2, 29, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=30)))"
        )
    )]
    #[case(
        "2024-02-29T12:00:00-08:00",
        Some("datetime.datetime(2024, 2, 29, 12, 0, tzinfo=datetime.timezone(-datetime.timedelta(hours=8)))")
    )]
    #[case("2024-02-29 24:00:00", None)]
    #[case("2024-02-29 12:00:60", None)]
    #[case("2024-02-29 12:00:00.1234567", None)]
    #[case("2024-02-29 ", None)]
    #[case("2024-02-29T12:00:00+2", None)]
    fn timestamps(#[case] text: &str, #[case] literal: Option<&str>) {
        assert_eq!(timestamp(text, true).as_deref(), literal);
    }

    #[test]
    fn a_zone_does_not_fit_a_wall_clock() {
        assert_eq!(timestamp("2024-02-29T12:00:00Z", false), None);
    }

    #[rstest]
    #[case("1 02:03:04.5", Some("datetime.timedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=500000)"))]
    #[case("-0 00:00:01", Some("-datetime.timedelta(seconds=1)"))]
    #[case("0 00:00:00", Some("datetime.timedelta()"))]
    #[case(
        "106751991 04:00:54.775807",
        Some("datetime.timedelta(days=106751991, hours=4, seconds=54, microseconds=775807)")
    )]
    #[case("PT1S", None)]
    fn intervals(#[case] text: &str, #[case] literal: Option<&str>) {
        assert_eq!(interval(text).as_deref(), literal);
    }

    #[rstest]
    #[case("12:34:56", Some("datetime.time(12, 34, 56)"))]
    #[case("00:00:00", Some("datetime.time(0, 0)"))]
    #[case("23:59:59.999999", Some("datetime.time(23, 59, 59, 999999)"))]
    #[case("25:00:00", None)]
    fn times(#[case] text: &str, #[case] literal: Option<&str>) {
        assert_eq!(time(text).as_deref(), literal);
    }
}
