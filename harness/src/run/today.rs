//! The day on which a run happens, for divergences that are to be looked at again.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::divergence::Day;

/// Today, in UTC. A clock that stands before 1970 says the first day of that year.
pub fn today() -> Day {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Day::from_epoch_days(i64::try_from(elapsed.as_secs() / 86_400).unwrap_or(i64::MAX))
}
