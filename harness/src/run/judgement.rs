//! How a case stands: the golden first, then the answer, then the comparison, then a pinned divergence.
//!
//! Architecture invariant: an answer that is missing for reasons of the infrastructure is never compared, and a
//! difference is never a failure of the infrastructure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::compare::{self, Comparison, Difference, Options, Verdict};
use crate::divergence::{Day, Divergence, Judgement, Kind};
use crate::observation::Observation;

use super::Answer;

/// How a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As the reference.
    Exact,
    /// The reference failed inside the JVM, the candidate failed clearly.
    Equivalent,
    /// Not as the reference, as is known.
    Pinned,
    /// Not as the reference, and nobody knew.
    Divergent,
    /// The target says that it cannot do this.
    Unsupported,
    /// There is no answer, for reasons that say nothing about conformance.
    Infrastructure,
    /// A pinned case now conforms, or diverges in another way than was pinned.
    StalePin,
    /// A pinned case was to be looked at again.
    OverduePin,
    /// There is a golden, but for another form of the case.
    StaleGolden,
    /// There is no golden.
    MissingGolden,
}

/// How a case stands, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The status.
    pub status: Status,
    /// What differs from the reference, also where that is known or disregarded.
    pub differences: Vec<Difference>,
    /// The divergence that is pinned for the case, if one was looked at.
    pub pin: Option<Pin>,
    /// The target's or the harness's words, where there is no answer.
    pub message: Option<String>,
}

/// What is known of a pinned divergence, and whether it is still so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pin {
    /// Whose fault.
    pub kind: Kind,
    /// Why.
    pub reason: String,
    /// When to look again.
    #[schemars(with = "String")]
    pub review_by: Day,
    /// Whether it is still so.
    pub state: PinState,
    /// What differs from the pinned answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_pinned: Vec<Difference>,
}

/// Whether a pin says what is the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PinState {
    /// The candidate answers what was pinned.
    Holds,
    /// The candidate conforms.
    Needless,
    /// The candidate diverges in another way.
    Changed,
    /// The candidate answers what was pinned, and the day to look again is past.
    Overdue,
}

impl Pin {
    fn of(divergence: &Divergence, state: PinState) -> Self {
        let reason = divergence.reason.clone();
        Self { kind: divergence.kind, reason, review_by: divergence.review_by, state, from_pinned: Vec::new() }
    }
}

impl Judged {
    /// A case of that status about which there is no more to say.
    pub fn plain(status: Status) -> Self {
        Self { status, differences: Vec::new(), pin: None, message: None }
    }

    fn with_message(self, message: &str) -> Self {
        Self { message: Some(message.to_owned()), ..self }
    }

    fn with_pin(self, pin: Pin) -> Self {
        Self { pin: Some(pin), ..self }
    }
}

/// Judges an answer that there is a golden for. `divergence` is the pin for this case and version, if there is one.
pub fn judge(
    reference: &Observation,
    answer: &Answer,
    case: &Case,
    divergence: Option<&Divergence>,
    today: Day,
) -> Judged {
    match answer {
        Answer::Observation(actual) => {
            let comparison = compare::compare(reference, actual, Options { ordered: case.ordered });
            judge_answer(comparison, actual, case, divergence, today)
        }
        Answer::Unsupported(reason) => judge_unsupported(reason, divergence, today).with_message(reason),
        Answer::Infrastructure(context) => Judged::plain(Status::Infrastructure).with_message(context),
    }
}

fn judge_answer(
    comparison: Comparison,
    actual: &Observation,
    case: &Case,
    divergence: Option<&Divergence>,
    today: Day,
) -> Judged {
    let Some(divergence) = divergence else {
        let status = match comparison.verdict {
            Verdict::Exact => Status::Exact,
            Verdict::Equivalent => Status::Equivalent,
            Verdict::Divergent => Status::Divergent,
        };
        return Judged { differences: comparison.differences, ..Judged::plain(status) };
    };
    let pin = |state| Pin::of(divergence, state);
    let (status, pin) = match divergence.judge(&comparison, actual, case.ordered, today) {
        Judgement::Holds => (Status::Pinned, Some(pin(PinState::Holds))),
        Judgement::Needless => (Status::StalePin, Some(pin(PinState::Needless))),
        Judgement::Changed(from_pinned) => {
            let pin = Pin { from_pinned: from_pinned.differences, ..pin(PinState::Changed) };
            (Status::StalePin, Some(pin))
        }
        Judgement::Overdue(_) => (Status::OverduePin, Some(pin(PinState::Overdue))),
        // Nobody knew of this answer, since there was none.
        Judgement::Other => (Status::Divergent, None),
    };
    Judged { status, differences: comparison.differences, pin, message: None }
}

fn judge_unsupported(reason: &str, divergence: Option<&Divergence>, today: Day) -> Judged {
    let Some(divergence) = divergence else { return Judged::plain(Status::Unsupported) };
    match divergence.judge_unsupported(reason, today) {
        Judgement::Holds => Judged::plain(Status::Pinned).with_pin(Pin::of(divergence, PinState::Holds)),
        Judgement::Overdue(_) => Judged::plain(Status::OverduePin).with_pin(Pin::of(divergence, PinState::Overdue)),
        _ => Judged::plain(Status::Unsupported),
    }
}

impl Status {
    /// All of them, in the order in which reports list them.
    pub const ALL: [Self; 10] = [
        Self::Exact,
        Self::Equivalent,
        Self::Pinned,
        Self::Divergent,
        Self::Unsupported,
        Self::Infrastructure,
        Self::StalePin,
        Self::OverduePin,
        Self::StaleGolden,
        Self::MissingGolden,
    ];

    /// The name of the status in reports that programs read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Equivalent => "equivalent",
            Self::Divergent => "divergent",
            Self::Pinned => "pinned",
            Self::StalePin => "stale_pin",
            Self::OverduePin => "overdue_pin",
            Self::Unsupported => "unsupported",
            Self::Infrastructure => "infrastructure",
            Self::StaleGolden => "stale_golden",
            Self::MissingGolden => "missing_golden",
        }
    }

    /// Whether a run with this status is as it should be.
    pub fn is_fine(self) -> bool {
        self.conforms() || self == Self::Pinned
    }

    /// Whether the candidate answers as the reference does.
    pub fn conforms(self) -> bool {
        matches!(self, Self::Exact | Self::Equivalent)
    }
}

/// How many cases have each status. Every case counts once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts(BTreeMap<Status, usize>);

impl Counts {
    /// Counts.
    pub fn of(statuses: impl IntoIterator<Item = Status>) -> Self {
        let mut counts = Self::default();
        for status in statuses {
            counts.add(status);
        }
        counts
    }

    /// Counts one more.
    pub fn add(&mut self, status: Status) {
        *self.0.entry(status).or_default() += 1;
    }

    /// Every status with its count, also those that no case has, in the order in which reports list them.
    pub fn iter(&self) -> impl Iterator<Item = (Status, usize)> {
        Status::ALL.into_iter().map(|status| (status, self.get(status)))
    }

    /// How many cases have the status.
    pub fn get(&self, status: Status) -> usize {
        self.0.get(&status).copied().unwrap_or(0)
    }

    /// How many cases there are.
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// How many conform.
    pub fn conforming(&self) -> usize {
        self.0.iter().filter(|(status, _)| status.conforms()).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::case::{self, SparkMinor};
    use crate::divergence::Actual;
    use crate::observation::Value;

    fn case() -> Case {
        let text = "feature: f\ncases:\n  - name: one\n    python: |\n      pass\n";
        case::load_text(Path::new("f.yaml"), "a/f", text).cases.remove(0)
    }

    fn rows(ids: &[i32]) -> Observation {
        Observation { rows: Some(ids.iter().map(|id| vec![Value::Integer(*id)]).collect()), ..Observation::default() }
    }

    fn answer(ids: &[i32]) -> Answer {
        Answer::Observation(Box::new(rows(ids)))
    }

    fn pinned(ids: &[i32]) -> Divergence {
        let actual = rows(ids);
        let comparison = compare::compare(&rows(&[1]), &actual, Options { ordered: false });
        Divergence {
            case: case().id,
            versions: BTreeSet::from([SparkMinor::new(4, 2)]),
            actual: Actual::Answer { reasons: comparison.reasons(), observation: Box::new(actual) },
            kind: Kind::Ours,
            reason: "It is wrong.".into(),
            review_by: day("2027-05-01"),
        }
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn status(answer: &Answer, divergence: Option<&Divergence>) -> &'static str {
        judge(&rows(&[1]), answer, &case(), divergence, day("2027-05-01")).status.name()
    }

    #[test]
    fn an_answer_conforms_or_diverges() {
        assert_eq!(status(&answer(&[1]), None), "exact");
        assert_eq!(status(&answer(&[2]), None), "divergent");
    }

    #[test]
    fn a_pin_holds_only_for_the_answer_that_was_pinned() {
        let pin = pinned(&[2]);
        assert_eq!(status(&answer(&[2]), Some(&pin)), "pinned");
        assert_eq!(status(&answer(&[3]), Some(&pin)), "stale_pin");
        assert_eq!(status(&answer(&[1]), Some(&pin)), "stale_pin");
        let late = judge(&rows(&[1]), &answer(&[2]), &case(), Some(&pin), day("2027-05-02"));
        assert_eq!(late.status.name(), "overdue_pin");
    }

    #[test]
    fn what_a_target_cannot_do_may_be_known() {
        let pin = Divergence { actual: Actual::Unsupported { reason: "no".into() }, ..pinned(&[2]) };
        assert_eq!(status(&Answer::Unsupported("no".into()), Some(&pin)), "pinned");
        assert_eq!(status(&Answer::Unsupported("never".into()), Some(&pin)), "unsupported");
        assert_eq!(status(&answer(&[2]), Some(&pin)), "divergent");
        assert_eq!(status(&answer(&[1]), Some(&pin)), "stale_pin");
    }

    #[test]
    fn what_is_no_answer_is_never_compared_nor_covered_by_a_pin() {
        let pin = pinned(&[2]);
        assert_eq!(status(&Answer::Infrastructure("it crashed".into()), Some(&pin)), "infrastructure");
        assert_eq!(status(&Answer::Unsupported("no".into()), Some(&pin)), "unsupported");
    }

    #[test]
    fn what_differs_is_kept_whatever_is_known_of_it() {
        let judged = |ids: &[i32], pin| judge(&rows(&[1]), &answer(ids), &case(), Some(pin), day("2027-05-01"));
        let pin = pinned(&[2]);
        let holds = judged(&[2], &pin);
        assert_eq!((holds.differences.len(), holds.pin.map(|pin| pin.state)), (1, Some(PinState::Holds)));
        let changed = judged(&[3], &pin);
        assert_eq!((changed.differences.len(), changed.pin.map(|pin| pin.from_pinned.len())), (1, Some(1)));
        let needless = judged(&[1], &pin);
        assert_eq!((needless.differences.len(), needless.pin.map(|pin| pin.state)), (0, Some(PinState::Needless)));
    }

    #[test]
    fn a_status_has_one_name() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
        }
    }

    #[test]
    fn every_status_counts_once() {
        let counts = Counts::of([Status::Exact, Status::Exact, Status::MissingGolden, Status::Unsupported]);
        let of = |status| counts.get(status);
        assert_eq!((of(Status::Exact), of(Status::MissingGolden), of(Status::Divergent)), (2, 1, 0));
        assert_eq!((counts.total(), counts.conforming()), (4, 2));
    }
}
