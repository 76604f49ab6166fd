//! Days: when a divergence is to be looked at again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A day of the Gregorian calendar, `2027-05-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a day such as 2027-05-01")]
pub struct DayError(String);

impl Day {
    /// The day so many days after 1970-01-01; days outside the years 1970 to 9999 become the nearest of these.
    pub fn from_epoch_days(days: i64) -> Self {
        // Counted from 0000-03-01, so that the leap day ends a year: four hundred years have 146097 days.
        let days = u32::try_from(days.clamp(0, 2_932_896)).unwrap_or_default() + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + u32::from(month <= 2);
        Self {
            year: u16::try_from(year).unwrap_or(9999),
            month: u8::try_from(month).unwrap_or(12),
            day: u8::try_from(day).unwrap_or(31),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let error = || DayError(text.to_owned());
        let mut parts = text.split('-');
        let mut number = |digits: usize| -> Result<u16, DayError> {
            let part = parts.next().filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()));
            part.and_then(|part| part.parse().ok()).ok_or_else(error)
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u16::from(leap),
            _ => 0,
        };
        if parts.next().is_some() || !(1..=days).contains(&day) {
            return Err(error());
        }
        let narrow = |n: u16| u8::try_from(n).map_err(|_| error());
        Ok(Self { year, month: narrow(month)?, day: narrow(day)? })
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = DayError;

    fn try_from(text: String) -> Result<Self, DayError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, "1970-01-01")]
    #[case(11_016, "2000-02-29")]
    #[case(20_779, "2026-11-22")]
    #[case(2_932_896, "9999-12-31")]
    #[case(-5, "1970-01-01")]
    fn days_since_the_epoch(#[case] days: i64, #[case] text: &str) {
        assert_eq!(Day::from_epoch_days(days).to_string(), text);
        assert_eq!(text.parse::<Day>().unwrap(), Day::from_epoch_days(days));
    }

    #[rstest]
    #[case("2027-02-29")]
    #[case("2027-5-1")]
    #[case("2027-00-01")]
    #[case("2027-01-01-01")]
    #[case("soon")]
    fn what_is_no_day_is_refused(#[case] text: &str) {
        assert!(text.parse::<Day>().is_err());
    }
}
