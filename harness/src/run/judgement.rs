//! How a case stands: the golden first, then the answer, then the comparison, then a pinned divergence.
//!
//! Architecture invariant: an answer that is missing for reasons of the infrastructure is never compared, and a
//! difference is never a failure of the infrastructure.

use std::collections::BTreeMap;

use crate::case::Case;
use crate::compare::{self, Comparison, Options, Verdict};
use crate::divergence::{Day, Divergence, Judgement, Kind};
use crate::observation::Observation;

use super::Answer;

/// How a case stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// As the reference.
    Exact,
    /// The reference failed inside the JVM, the candidate failed clearly.
    Equivalent,
    /// Not as the reference, and nobody knew.
    Divergent(Comparison),
    /// Not as the reference, as is known.
    Pinned(Pin),
    /// A pinned case now conforms.
    PinNeedless(Pin),
    /// A pinned case diverges in another way than was pinned.
    PinChanged {
        /// What was pinned.
        pin: Pin,
        /// What differs from the pinned answer.
        from_pinned: Comparison,
        /// What differs from the reference.
        from_reference: Comparison,
    },
    /// A pinned case was to be looked at again.
    PinOverdue(Pin),
    /// The target says that it cannot do this.
    Unsupported(String),
    /// There is no answer, for reasons that say nothing about conformance.
    Infrastructure(String),
    /// There is a golden, but for another form of the case.
    GoldenStale,
    /// There is no golden.
    GoldenMissing,
}

/// What is known of a pinned divergence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Whose fault.
    pub kind: Kind,
    /// Why.
    pub reason: String,
    /// When to look again.
    pub review_by: Day,
}

impl Pin {
    fn of(divergence: &Divergence) -> Self {
        Self { kind: divergence.kind, reason: divergence.reason.clone(), review_by: divergence.review_by }
    }
}

/// Judges an answer that there is a golden for. `divergence` is the pin for this case and version, if there is one.
pub fn judge(
    reference: &Observation,
    answer: &Answer,
    case: &Case,
    divergence: Option<&Divergence>,
    today: Day,
) -> Status {
    let actual = match answer {
        Answer::Observation(actual) => actual,
        Answer::Unsupported(reason) => {
            let judgement = divergence.map(|divergence| (divergence.judge_unsupported(reason, today), divergence));
            return match judgement {
                Some((Judgement::Holds, divergence)) => Status::Pinned(Pin::of(divergence)),
                Some((Judgement::Overdue(_), divergence)) => Status::PinOverdue(Pin::of(divergence)),
                _ => Status::Unsupported(reason.clone()),
            };
        }
        Answer::Infrastructure(context) => return Status::Infrastructure(context.clone()),
    };
    let comparison = compare::compare(reference, actual, Options { ordered: case.ordered });
    let Some(divergence) = divergence else {
        return match comparison.verdict {
            Verdict::Exact => Status::Exact,
            Verdict::Equivalent => Status::Equivalent,
            Verdict::Divergent => Status::Divergent(comparison),
        };
    };
    let pin = Pin::of(divergence);
    match divergence.judge(&comparison, actual, case.ordered, today) {
        Judgement::Holds => Status::Pinned(pin),
        Judgement::Needless => Status::PinNeedless(pin),
        Judgement::Changed(from_pinned) => Status::PinChanged { pin, from_pinned, from_reference: comparison },
        Judgement::Overdue(_) => Status::PinOverdue(pin),
        // Nobody knew of this answer, since there was none.
        Judgement::Other => Status::Divergent(comparison),
    }
}

impl Status {
    /// The name of the status in reports that programs read.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Equivalent => "equivalent",
            Self::Divergent(_) => "divergent",
            Self::Pinned(_) => "pinned",
            Self::PinNeedless(_) | Self::PinChanged { .. } => "stale_pin",
            Self::PinOverdue(_) => "overdue_pin",
            Self::Unsupported(_) => "unsupported",
            Self::Infrastructure(_) => "infrastructure",
            Self::GoldenStale => "stale_golden",
            Self::GoldenMissing => "missing_golden",
        }
    }

    /// Whether a run with this status is as it should be.
    pub fn is_fine(&self) -> bool {
        matches!(self, Self::Exact | Self::Equivalent | Self::Pinned(_))
    }
}

/// How many cases have each status, in the order in which reports list them. Every case counts once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(Vec<(&'static str, usize)>);

impl Counts {
    /// The names of all statuses.
    pub const NAMES: [&'static str; 10] = [
        "exact",
        "equivalent",
        "pinned",
        "divergent",
        "unsupported",
        "infrastructure",
        "stale_pin",
        "overdue_pin",
        "stale_golden",
        "missing_golden",
    ];

    /// Counts.
    pub fn of<'a>(statuses: impl IntoIterator<Item = &'a Status>) -> Self {
        let mut counts = BTreeMap::new();
        for status in statuses {
            *counts.entry(status.name()).or_insert(0) += 1;
        }
        Self(Self::NAMES.into_iter().map(|name| (name, counts.get(name).copied().unwrap_or(0))).collect())
    }

    /// Every status with its count, also those that no case has.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.0.iter().copied()
    }

    /// How many cases have the status of that name.
    pub fn get(&self, name: &str) -> usize {
        self.iter().find(|(other, _)| *other == name).map_or(0, |(_, count)| count)
    }

    /// How many cases there are.
    pub fn total(&self) -> usize {
        self.iter().map(|(_, count)| count).sum()
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
        judge(&rows(&[1]), answer, &case(), divergence, day("2027-05-01")).name()
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
        assert_eq!(late.name(), "overdue_pin");
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
    fn every_status_counts_once() {
        let statuses = [Status::Exact, Status::Exact, Status::GoldenMissing, Status::Unsupported(String::new())];
        let counts = Counts::of(&statuses);
        assert_eq!((counts.get("exact"), counts.get("missing_golden"), counts.get("divergent")), (2, 1, 0));
        assert_eq!(counts.total(), 4);
    }
}
