//! When a run happens: the day, for divergences that are to be looked at again, and the second, for reports.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::divergence::Day;

/// Today, in UTC. A clock that stands before 1970 says the first day of that year.
pub fn today() -> Day {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Day::from_epoch_days(i64::try_from(elapsed.as_secs() / 86_400).unwrap_or(i64::MAX))
}

/// The present second, in UTC: `2026-11-22T18:42:00Z`.
pub fn now() -> String {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let of_day = elapsed % 86_400;
    format!("{}T{:02}:{:02}:{:02}Z", today(), of_day / 3_600, of_day / 60 % 60, of_day % 60)
}
