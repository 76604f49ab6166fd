//! Texts of dates and times that Spark casts and Arrow does not: parts left out, single digits, blanks around.

/// The date that Spark reads from the text, as `yyyy-mm-dd`; none if Spark reads none.
pub(super) fn date(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, rest) = split_date(text)?;
    (rest.is_empty() || rest.starts_with([' ', 'T'])).then_some(date)
}

/// The timestamp that Spark reads from the text, as `yyyy-mm-dd hh:mm:ss[.ffffff][zone]`; none if Spark reads none.
pub(super) fn timestamp(text: &str) -> Option<String> {
    let (date, rest) = split_date(text.trim())?;
    let Some(time) = rest.strip_prefix([' ', 'T']) else { return rest.is_empty().then(|| format!("{date} 00:00:00")) };
    let end = time.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(time.len());
    let (time, zone) = time.split_at(end);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = clock.split(':').map(|part| {
        let valid = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        valid.then(|| format!("{part:0>2}"))
    });
    let mut part = |needed: bool| match parts.next() {
        None if !needed => Some("00".to_owned()),
        part => part.flatten(),
    };
    let (hour, minute, second) = (part(true)?, part(false)?, part(false)?);
    if parts.next().is_some() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Spark drops what is finer than a microsecond.
    let fraction = fraction.get(..6).unwrap_or(fraction);
    let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    Some(format!("{date} {hour}:{minute}:{second}{fraction}{}", zone.trim()))
}

/// The date at the start of a text, its missing parts filled in, and what follows.
fn split_date(text: &str) -> Option<(String, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let year = digits(text);
    if !(4..=7).contains(&year) {
        return None;
    }
    // For Arrow a year of more digits has a sign.
    let sign = match year {
        _ if negative => "-",
        4 => "",
        _ => "+",
    };
    let (year, mut rest) = text.split_at(year);
    let mut parts = Vec::with_capacity(2);
    while parts.len() < 2
        && let Some(part) = rest.strip_prefix('-')
    {
        let length = digits(part);
        if !(1..=2).contains(&length) {
            return None;
        }
        let (part, after) = part.split_at(length);
        parts.push(part);
        rest = after;
    }
    let part = |index: usize| format!("{:0>2}", parts.get(index).copied().unwrap_or("1"));
    // A time follows a whole date only.
    (parts.len() == 2 || rest.is_empty()).then(|| (format!("{sign}{year}-{}-{}", part(0), part(1)), rest))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2020", Some("2020-01-01"), Some("2020-01-01 00:00:00"))]
    #[case(" 2020-2 ", Some("2020-02-01"), Some("2020-02-01 00:00:00"))]
    #[case("2020-2-3", Some("2020-02-03"), Some("2020-02-03 00:00:00"))]
    #[case("2020-02-03T4:5", Some("2020-02-03"), Some("2020-02-03 04:05:00"))]
    #[case("2020-02-03 04:05:06.1234567Z", Some("2020-02-03"), Some("2020-02-03 04:05:06.123456Z"))]
    #[case("2020-02-03 04:05:06 +01:00", Some("2020-02-03"), Some("2020-02-03 04:05:06+01:00"))]
    #[case("10000-1-1", Some("+10000-01-01"), Some("+10000-01-01 00:00:00"))]
    #[case("+2020-01-02", Some("2020-01-02"), Some("2020-01-02 00:00:00"))]
    #[case("-0001-01-02", Some("-0001-01-02"), Some("-0001-01-02 00:00:00"))]
    #[case("x", None, None)]
    #[case("2020-", None, None)]
    #[case("2020-02x", None, None)]
    fn texts_are_read_as_spark_reads_them(#[case] text: &str, #[case] day: Option<&str>, #[case] moment: Option<&str>) {
        assert_eq!((date(text).as_deref(), timestamp(text).as_deref()), (day, moment));
    }
}
