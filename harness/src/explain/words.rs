//! The words of reports with their meanings, each from where it is defined.

use crate::compare::Reason;
use crate::divergence::Kind;
use crate::gate::Change;
use crate::run::Status;

/// A word of a report.
pub(super) struct Word {
    pub(super) name: String,
    /// What it is a word of: `a verdict`.
    pub(super) what: &'static str,
    pub(super) meaning: &'static str,
}

/// The phases of a case, in their order.
const PHASES: [(&str, &str); 4] = [
    ("register", "The source's class is registered with the session; Spark looks at its name only."),
    ("load", "`spark.read.format(…).load()`: the source is made and asked for its schema."),
    ("plan", "The query is analysed and planned: the reader is made, is offered filters, and names its partitions."),
    ("read", "The rows are read, in a task for each partition."),
];

/// All words, in the order in which the overview lists them.
pub(super) fn all() -> Vec<Word> {
    let word = |name: &str, what, meaning| Word { name: name.to_owned(), what, meaning };
    let mut words: Vec<Word> =
        Status::ALL.map(|status| word(status.name(), "a verdict on a case", status.meaning())).into();
    words.extend(Kind::ALL.map(|kind| word(kind.name(), "a kind of pinned divergence", kind.meaning())));
    words.extend(Reason::ALL.map(|reason| word(reason.name(), "a reason of divergence", reason.meaning())));
    words.extend(PHASES.map(|(name, meaning)| word(name, "a phase of a case", meaning)));
    words.extend(Change::ALL.map(|change| word(change.name(), "a finding of `seatrial gate`", change.meaning())));
    words
}

/// A word without what people spell in several ways: `PIN NEEDLESS` and `pin-needless` are `pin_needless`.
pub(super) fn plain(word: &str) -> String {
    word.trim().to_ascii_lowercase().replace([' ', '-'], "_")
}

/// Whether a name is meant: `golden stale` is `stale_golden`, `stale` is no whole name.
pub(super) fn is_meant(name: &str, asked: &str) -> bool {
    let (name, asked) = (plain(name), plain(asked));
    let turned = asked.split_once('_').map(|(first, second)| format!("{second}_{first}"));
    name == asked || turned.is_some_and(|turned| name == turned)
}
