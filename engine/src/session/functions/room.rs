//! How much a function may make of little: `repeat('a', 2000000000)`. What finds no memory would end the process, and with it
//! everybody's sessions.

use crate::error::condition::COLLECTION_SIZE_LIMIT_EXCEEDED;
use crate::error::{ExceptionClass, SparkError};

/// Spark's own limit for the elements of an array.
const MOST_IN_JAVA: usize = 2_147_483_632;

/// The room that one call of a function has for the values of a batch.
#[derive(Debug)]
pub(super) struct Room {
    function: &'static str,
    left: usize,
    unit: &'static str,
}

impl Room {
    /// For the elements of arrays.
    pub(super) fn for_elements(function: &'static str) -> Self {
        Self { function, left: 1 << 26, unit: "elements" }
    }

    /// For the bytes of texts, which Arrow counts in 31 bits.
    pub(super) fn for_bytes(function: &'static str) -> Self {
        Self { function, left: (1 << 31) - 1, unit: "bytes" }
    }

    /// Takes room for so many, which the argument `parameter` asks for.
    ///
    /// # Errors
    /// `COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER` beyond Spark's limit for arrays; where there is no room.
    pub(super) fn take(&mut self, wanted: usize, parameter: &str) -> Result<(), SparkError> {
        match self.left.checked_sub(wanted) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None if wanted > MOST_IN_JAVA && self.unit == "elements" => Err(COLLECTION_SIZE_LIMIT_EXCEEDED.error([
                ("numberOfElements", wanted.to_string()),
                ("maxRoundedArrayLength", MOST_IN_JAVA.to_string()),
                ("parameter", format!("`{parameter}`")),
                ("functionName", format!("`{}`", self.function)),
            ])),
            None => Err(SparkError::plain(
                ExceptionClass::SparkRuntime,
                format!(
                    "The function `{}` makes more {} of one batch of rows than this engine holds: ask for fewer by `{parameter}`, \
                     or read the rows in smaller batches.",
                    self.function, self.unit
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_until_there_is_none() {
        let mut room = Room::for_elements("array_repeat");
        assert_eq!(room.take(1 << 25, "count"), Ok(()));
        assert_eq!(room.take(1 << 25, "count"), Ok(()));
        let error = room.take(1, "count").map_err(|error| error.message);
        assert!(error.is_err_and(|message| message.contains("more elements of one batch")));
        let error = room.take(2_147_483_647, "count").map_err(|error| error.condition);
        assert_eq!(error, Err(Some("COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER".to_owned())));
    }
}
