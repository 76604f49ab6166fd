//! A run: which cases, on which target, and how each of them stands against the goldens.
//!
//! [`project`] finds the files, [`selection`] picks cases, [`execution`] has them answered, [`judgement`] decides.
//! Nothing here prints, and nothing here knows how a target works.

pub mod execution;
pub mod judgement;
pub mod meaning;
pub mod project;
pub mod selection;
pub mod today;

pub use execution::{Answer, Observed, execute};
pub use judgement::{Counts, Judged, Pin, PinState, Status, judge};
pub use project::Project;
pub use selection::Selection;
pub use today::{now, today};
