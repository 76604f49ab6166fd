//! What may have become of a case, which of it keeps a release from being made, and how reports call it.

/// What became of a case, in the order in which reports tell it: the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// There is no answer, for reasons that say nothing about conformance.
    NoAnswer,
    /// It conformed, and diverges.
    Regressed,
    /// It conformed, and its divergence was pinned.
    RegressedPinned,
    /// It was there, and is gone.
    Lost,
    /// It diverges and nobody knew: it is new, or its pin is gone.
    NewlyDivergent,
    /// The case changed since the reference was asked.
    GoldenStale,
    /// The reference was never asked.
    GoldenMissing,
    /// It diverges in another way than was pinned.
    PinChanged,
    /// It is pinned, and conforms.
    PinNeedless,
    /// It is pinned, and the day to look again is past.
    PinOverdue,
    /// It diverged, and conforms.
    Improved,
    /// It is new, and conforms.
    New,
    /// It is new, and its divergence is known.
    NewPinned,
    /// It has another name.
    Renamed,
    /// It diverges for another reason, or of another kind.
    Reclassified,
    /// It diverged then, and does so still, and is not pinned.
    StillDivergent,
}

/// Of which kind a change is, as exit codes tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A target failed.
    Target,
    /// A golden is to be recorded.
    Golden,
    /// Parity was lost.
    Parity,
    /// A pin is to be looked at.
    Pin,
    /// Nothing keeps the release.
    Note,
}

impl Change {
    /// All of them, in order.
    pub const ALL: [Self; 16] = [
        Self::NoAnswer,
        Self::Regressed,
        Self::RegressedPinned,
        Self::Lost,
        Self::NewlyDivergent,
        Self::GoldenStale,
        Self::GoldenMissing,
        Self::PinChanged,
        Self::PinNeedless,
        Self::PinOverdue,
        Self::Improved,
        Self::New,
        Self::NewPinned,
        Self::Renamed,
        Self::Reclassified,
        Self::StillDivergent,
    ];

    /// What the change means for a release.
    pub fn class(self) -> Class {
        match self {
            Self::NoAnswer => Class::Target,
            Self::GoldenStale | Self::GoldenMissing => Class::Golden,
            Self::Regressed | Self::RegressedPinned | Self::Lost | Self::NewlyDivergent => Class::Parity,
            Self::PinChanged | Self::PinNeedless | Self::PinOverdue => Class::Pin,
            Self::Improved
            | Self::New
            | Self::NewPinned
            | Self::Renamed
            | Self::Reclassified
            | Self::StillDivergent => Class::Note,
        }
    }

    /// As programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoAnswer => "no_answer",
            Self::Regressed => "regressed",
            Self::RegressedPinned => "regressed_pinned",
            Self::Lost => "lost",
            Self::NewlyDivergent => "newly_divergent",
            Self::GoldenStale => "golden_stale",
            Self::GoldenMissing => "golden_missing",
            Self::PinChanged => "pin_changed",
            Self::PinNeedless => "pin_needless",
            Self::PinOverdue => "pin_overdue",
            Self::Improved => "improved",
            Self::New => "new",
            Self::NewPinned => "new_pinned",
            Self::Renamed => "renamed",
            Self::Reclassified => "reclassified",
            Self::StillDivergent => "still_divergent",
        }
    }

    /// The heading of a report's section.
    pub fn title(self) -> &'static str {
        match self {
            Self::NoAnswer => "No answer",
            Self::Regressed => "Regressed",
            Self::RegressedPinned => "Regressed and pinned",
            Self::Lost => "Lost cases",
            Self::NewlyDivergent => "Newly divergent",
            Self::GoldenStale => "Golden stale",
            Self::GoldenMissing => "Golden missing",
            Self::PinChanged => "Pin changed",
            Self::PinNeedless => "Pin needless",
            Self::PinOverdue => "Pin overdue",
            Self::Improved => "Improved",
            Self::New => "New and conforming",
            Self::NewPinned => "New and pinned",
            Self::Renamed => "Renamed",
            Self::Reclassified => "Pinned otherwise",
            Self::StillDivergent => "Divergent as before",
        }
    }

    /// What is said of several such cases: `3 regressed`.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::NoAnswer => "without an answer",
            Self::Regressed => "regressed",
            Self::RegressedPinned => "regressed and pinned",
            Self::Lost => "lost",
            Self::NewlyDivergent => "newly divergent",
            Self::GoldenStale => "with a stale golden",
            Self::GoldenMissing => "without a golden",
            Self::PinChanged => "unlike the pin",
            Self::PinNeedless => "pinned needlessly",
            Self::PinOverdue => "overdue",
            Self::Improved => "improved",
            Self::New => "new",
            Self::NewPinned => "new and pinned",
            Self::Renamed => "renamed",
            Self::Reclassified => "pinned otherwise",
            Self::StillDivergent => "divergent as before",
        }
    }

    /// What it means, and what to do about it, in a sentence or two.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::NoAnswer => {
                "The target gave no answer, which says nothing about conformance: run it again, mend the target."
            }
            Self::Regressed => "It answered as Spark at the baseline and does not now: mend the engine.",
            Self::RegressedPinned => {
                "It answered as Spark at the baseline; now its divergence is pinned. A pin explains, it does not excuse: \
                 mend the engine, or make the loss part of the release and move the baseline."
            }
            Self::Lost => {
                "The baseline has the case and there is none now, under no name. Bring it back, or accept it with \
                 --allow-lost."
            }
            Self::NewlyDivergent => {
                "It diverges and nobody knew, since it is new or its pin is gone: mend the engine or `seatrial pin` it."
            }
            Self::GoldenStale => "The case changed since real Spark was asked: `seatrial record` it.",
            Self::GoldenMissing => "Real Spark was never asked: `seatrial record` it.",
            Self::PinChanged => "It diverges in another way than was pinned: look at it, then pin it anew.",
            Self::PinNeedless => "It is pinned and conforms now: `seatrial unpin` it.",
            Self::PinOverdue => "The day to look at its divergence again is past: mend it, or pin it anew.",
            Self::Improved => "It diverged at the baseline and answers as Spark now.",
            Self::New => "The baseline does not have the case; it answers as Spark.",
            Self::NewPinned => "The baseline does not have the case; its divergence is known.",
            Self::Renamed => "The baseline has the same case under another name.",
            Self::Reclassified => "It was pinned at the baseline and is now, for another reason or as another kind.",
            Self::StillDivergent => "It diverges unpinned, as it did at the baseline.",
        }
    }
}
