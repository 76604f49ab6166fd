//! Days and microseconds since 1970-01-01 as text, in the proleptic Gregorian calendar.

const DAY: i128 = 86_400_000_000;

/// `2020-01-02`. Years before 0000 and after 9999 carry a sign, as ISO 8601 has it.
pub fn date(days: i64) -> String {
    let (year, month, day) = civil(days);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ => format!("{year:+05}"),
    };
    format!("{year}-{month:02}-{day:02}")
}

/// `12:34:56.000000` for microseconds since midnight.
pub fn time(micros: i128) -> String {
    let seconds = micros.div_euclid(1_000_000);
    let fraction = micros.rem_euclid(1_000_000);
    format!("{:02}:{:02}:{:02}.{fraction:06}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `2020-01-01T05:00:00.000000` for microseconds since the epoch.
pub fn timestamp(micros: i128) -> String {
    let days = i64::try_from(micros.div_euclid(DAY)).unwrap_or(i64::MAX);
    format!("{}T{}", date(days), time(micros.rem_euclid(DAY)))
}

/// Year, month and day of a day, counted in eras of 400 years that begin on 1 March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = i128::from(days) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    let narrow = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
    (narrow(year), narrow(month), narrow(day))
}
