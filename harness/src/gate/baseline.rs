//! What a candidate is compared with: how each case stood when it was released.
//!
//! A project at a revision says of every case how it stood ([`project`]). A stored run says so too. A scoreboard alone does
//! not name the exact cases: then what it does not name counts as exact, and cases that are gone are noticed by number.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Candidate, Now, Standing, Tally, project};
use crate::case::{CaseHash, CaseId, SparkMinor};
use crate::divergence::Kind;
use crate::report::json;
use crate::scoreboard::{self, Board, BoardEntry};
use crate::target::Identity;

/// How the cases stood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline {
    /// As a person would call it.
    pub name: String,
    /// What it cannot tell.
    pub caveats: Vec<String>,
    /// Whether every case is named, and not only those that were not exact.
    pub names_all: bool,
    /// The cases of each version.
    pub versions: BTreeMap<SparkMinor, BTreeMap<CaseId, Then>>,
    /// The behaviours that some case covered, if that is known.
    pub covered: BTreeSet<String>,
    /// The text of the scoreboard or of the stored run, for reports that show counts by area.
    pub text: String,
    /// The scoreboard's counts, where that is all there is.
    pub(super) counts: BTreeMap<(String, SparkMinor), Tally>,
}

/// How one case stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Then {
    /// Against the reference.
    pub standing: Standing,
    /// What changes its behaviour, if that is known.
    pub hash: Option<CaseHash>,
}

/// Why something is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Real Spark was asked nothing there.
    #[error(
        "{0} has no golden/<version>/index.yaml to compare with: nothing was recorded there; name a revision with goldens, \
         a scoreboard, or a result of `seatrial check --format json`"
    )]
    NoGoldens(String),
    /// What is stored there does not read by today's rules.
    #[error(
        "{what} of {name} does not read by today's rules; name its scoreboard, or a result of \
         `seatrial check --format json`, instead\n{message}"
    )]
    BrokenProject {
        /// What was to be compared with.
        name: String,
        /// `the list of divergences`.
        what: String,
        /// What is wrong.
        message: String,
    },
    /// It is neither.
    #[error("{0} is neither a scoreboard nor a result of `seatrial check --format json`")]
    Unknown(String),
    /// A stored run is broken.
    #[error("{name} does not read as a result of `seatrial check --format json`: {source}")]
    BrokenRun {
        /// What was read.
        name: String,
        /// What is wrong.
        source: json::ReadError,
    },
    /// The file system says no.
    #[error("failed to read {name}: {source}")]
    Io {
        /// What was read.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}

impl Baseline {
    /// A file: a scoreboard (with the project that it lies in, if there is one) or a stored run. `identity` says whose pins
    /// count.
    ///
    /// # Errors
    ///
    /// What is neither.
    pub fn of_file(file: &Path, identity: &Identity) -> Result<Self, BaselineError> {
        let name = file.display().to_string();
        let text = read(file, &name)?;
        if text.trim_start().starts_with('{') {
            return Self::of_run(name, &text);
        }
        let Some(board) = scoreboard::read(&text) else { return Err(BaselineError::Unknown(name)) };
        let golden = file.parent().filter(|folder| folder.ends_with("golden") && file.ends_with("SCOREBOARD.md"));
        if let Some(folder) = golden.and_then(Path::parent) {
            match project::read(&name, folder, identity) {
                Err(BaselineError::NoGoldens(_)) => {}
                baseline => return baseline,
            }
        }
        Ok(Self { text, ..Self::of_board(name, &board) })
    }

    /// The project in a folder: the cases that were recorded, the pins and the scoreboard. `identity` says whose pins count.
    ///
    /// # Errors
    ///
    /// Nothing was recorded there, or it does not read by today's rules.
    pub fn of_project(name: &str, folder: &Path, identity: &Identity) -> Result<Self, BaselineError> {
        project::read(name, folder, identity)
    }

    fn of_board(name: String, board: &Board) -> Self {
        let mut baseline = Self { name, ..Self::default() };
        baseline.caveats.push(
            "a scoreboard names only what was not exact: what it does not name counts as exact, new cases too, and cases \
             that are gone are noticed by their number"
                .to_owned(),
        );
        for ((area, version), counts) in &board.counts {
            baseline.versions.entry(*version).or_default();
            let tally = Tally { cases: counts.cases, conforming: counts.conforming, pinned: counts.pinned };
            baseline.counts.insert((area.clone(), *version), tally);
        }
        for ((id, version), entry) in &board.others {
            let then = Then { standing: standing_of(entry), hash: None };
            baseline.versions.entry(*version).or_default().insert(id.clone(), then);
        }
        baseline
    }

    /// A stored run.
    fn of_run(name: String, text: &str) -> Result<Self, BaselineError> {
        let run = match json::read(text) {
            Ok(run) => run,
            Err(source) => return Err(BaselineError::BrokenRun { name, source }),
        };
        let mut baseline = Self { name, names_all: true, text: text.to_owned(), ..Self::default() };
        for version in run.versions() {
            baseline.versions.entry(version).or_default();
        }
        if run.cases.iter().any(|case| case.hash.is_none()) {
            baseline.caveats.push(
                "it was written before results held the hashes of cases: a case of another name shows as lost and new"
                    .to_owned(),
            );
        }
        for case in run.cases {
            baseline.covered.extend(case.covers.iter().cloned());
            // What had no standing then cannot lose one.
            if let Some(standing) = Now::of(&case).standing() {
                let then = Then { standing: standing.clone(), hash: case.hash };
                baseline.versions.entry(case.spark).or_default().insert(case.id, then);
            }
        }
        Ok(baseline)
    }

    /// Whether it is known which behaviours were covered.
    pub(super) fn knows_coverage(&self) -> bool {
        !self.covered.is_empty()
    }

    /// The versions that were judged.
    pub(super) fn all_versions(&self) -> BTreeSet<SparkMinor> {
        self.versions.keys().copied().collect()
    }

    /// The counts of a version; nothing if the baseline does not have it.
    pub(super) fn tally(&self, version: SparkMinor) -> Option<Tally> {
        let cases = self.versions.get(&version)?;
        if self.names_all {
            return Some(Tally::of(cases.values().map(|then| &then.standing), cases.len()));
        }
        let mut sum = Tally::default();
        for (_, counts) in self.counts.iter().filter(|((_, other), _)| *other == version) {
            sum.cases += counts.cases;
            sum.conforming += counts.conforming;
            sum.pinned += counts.pinned;
        }
        Some(sum)
    }

    /// The areas that have fewer cases now, where cases can be told by their number only.
    pub(super) fn shrunken(&self, candidate: &Candidate) -> Vec<(String, SparkMinor, usize, usize)> {
        let counted = self.counts.iter().filter(|((_, version), _)| candidate.versions.contains(version));
        counted
            .filter_map(|((area, version), counts)| {
                let of_area = candidate.cases.iter().filter(|case| case.spark == *version && case.id.area() == area);
                let now = of_area.count();
                (now < counts.cases).then(|| (area.clone(), *version, counts.cases, now))
            })
            .collect()
    }
}

pub(super) fn standing_of(entry: &BoardEntry) -> Standing {
    let reason = entry.reason.clone();
    match (entry.column.as_str(), kind_of(&entry.column)) {
        (_, Some(kind)) => Standing::Pinned(kind, reason),
        ("equivalent", _) => Standing::Equivalent,
        ("unsupported", _) => Standing::Unsupported(reason),
        _ => Standing::Divergent(reason),
    }
}

fn kind_of(name: &str) -> Option<Kind> {
    [Kind::Ours, Kind::Upstream, Kind::Extension, Kind::Wont].into_iter().find(|kind| kind.name() == name)
}

pub(super) fn read(file: &Path, name: &str) -> Result<String, BaselineError> {
    std::fs::read_to_string(file).map_err(|source| BaselineError::Io { name: name.to_owned(), source })
}
