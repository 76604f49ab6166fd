//! Names of time zones as Java reads them, and as the engine's clocks know them.

use arrow::array::timezone::Tz;

/// Java's short names, which stand for a region or an offset.
const SHORT: [(&str, &str); 28] = [
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("EST", "-05:00"),
    ("HST", "-10:00"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("MST", "-07:00"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
];

/// The farthest offset, in minutes.
const FARTHEST: u32 = 18 * 60;

/// The zone by a name that the engine's clocks know; none if Spark does not know it either.
pub(super) fn known(name: &str) -> Option<String> {
    if let Some((_, long)) = SHORT.iter().find(|(short, _)| *short == name) {
        return Some((*long).to_owned());
    }
    if matches!(name, "Z" | "UTC" | "GMT" | "UT") {
        return Some("UTC".to_owned());
    }
    let offset_of = ["UTC", "GMT", "UT"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    if offset_of.starts_with(['+', '-']) {
        return offset(offset_of);
    }
    name.parse::<Tz>().is_ok().then(|| name.to_owned())
}

/// `+8`, `+08`, `+8:30`, `+08:30`, `+0830`, as `+08:30`.
fn offset(text: &str) -> Option<String> {
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() > 2 => digits.split_at_checked(2)?,
        None => (digits, ""),
    };
    let number = |text: &str, most: usize| {
        let digits = text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<u32>().ok() } else { None }
    };
    let hours = number(hours, 2)?;
    let minutes = if minutes.is_empty() { 0 } else { number(minutes, 2)? };
    if minutes >= 60 || hours * 60 + minutes > FARTHEST {
        return None;
    }
    Some(if (hours, minutes) == (0, 0) { "UTC".to_owned() } else { format!("{sign}{hours:02}:{minutes:02}") })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Asia/Tokyo", Some("Asia/Tokyo"))]
    #[case("PST", Some("America/Los_Angeles"))]
    #[case("Z", Some("UTC"))]
    #[case("GMT+8", Some("+08:00"))]
    #[case("UTC-7", Some("-07:00"))]
    #[case("+8:30", Some("+08:30"))]
    #[case("-0130", Some("-01:30"))]
    #[case("+25:00", None)]
    #[case("nope", None)]
    #[case("america/los_angeles", None)]
    #[case("", None)]
    fn a_zone_has_a_name_that_clocks_know(#[case] name: &str, #[case] expected: Option<&str>) {
        assert_eq!(known(name).as_deref(), expected);
    }
}
