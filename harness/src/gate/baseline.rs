//! What a candidate is compared with: how each case stood when it was released.
//!
//! The scoreboard names all that was not exact, so a project at a revision (its cases and its scoreboard) says of every
//! case how it stood. A stored run says so too. A scoreboard alone does not name the exact cases: then what it does not
//! name counts as exact, and cases that are gone are noticed by number.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Candidate, Now, Standing, Tally};
use crate::case::{self, CaseHash, CaseId, SparkMinor};
use crate::divergence::Kind;
use crate::report::json;
use crate::scoreboard::{self, Board, BoardEntry};

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
    /// It has no scoreboard.
    #[error("{0} has no golden/SCOREBOARD.md to compare with; write one with `seatrial scoreboard` and release it")]
    NoScoreboard(String),
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
    /// A file: a scoreboard (with the cases beside it, where it lies in a project) or a stored run.
    ///
    /// # Errors
    ///
    /// What is neither.
    pub fn of_file(file: &Path) -> Result<Self, BaselineError> {
        let name = file.display().to_string();
        let text = read(file, &name)?;
        if text.trim_start().starts_with('{') {
            return Self::of_run(name, &text);
        }
        let Some(board) = scoreboard::read(&text) else { return Err(BaselineError::Unknown(name)) };
        let golden = file.parent().filter(|folder| folder.ends_with("golden"));
        match golden.and_then(Path::parent).filter(|project| project.join("cases").is_dir()) {
            Some(project) => Ok(Self { text, ..Self::of_cases(name, project, &board) }),
            None => Ok(Self { text, ..Self::of_board(name, &board) }),
        }
    }

    /// The project in a folder: its cases and its scoreboard.
    ///
    /// # Errors
    ///
    /// There is no scoreboard.
    pub fn of_project(name: String, project: &Path) -> Result<Self, BaselineError> {
        let file = project.join("golden/SCOREBOARD.md");
        if !file.is_file() {
            return Err(BaselineError::NoScoreboard(name));
        }
        let text = read(&file, &format!("golden/SCOREBOARD.md of {name}"))?;
        match scoreboard::read(&text) {
            Some(board) => Ok(Self { text, ..Self::of_cases(name, project, &board) }),
            None => Err(BaselineError::Unknown(format!("golden/SCOREBOARD.md of {name}"))),
        }
    }

    fn of_cases(name: String, project: &Path, board: &Board) -> Self {
        let suite = case::load(&project.join("cases"));
        let mut baseline = Self { name, names_all: true, ..Self::default() };
        let problems = suite.diagnostics.len();
        if problems > 0 {
            let problems = if problems == 1 { "a problem".to_owned() } else { format!("{problems} problems") };
            baseline.caveats.push(format!(
                "its case files have {problems} by today's rules: of what does not load only what was not exact is known"
            ));
        }
        baseline.covered = suite.cases.iter().flat_map(|case| case.covers.iter().cloned()).collect();
        let versions: BTreeSet<SparkMinor> = board.counts.keys().map(|(_, version)| *version).collect();
        for version in versions {
            let cases = baseline.versions.entry(version).or_default();
            for case in suite.cases.iter().filter(|case| case.since <= version) {
                let entry = board.others.get(&(case.id.clone(), version));
                let standing = entry.map_or(Standing::Exact, standing_of);
                cases.insert(case.id.clone(), Then { standing, hash: Some(case.hash()) });
            }
            let counted: usize =
                board.counts.iter().filter(|((_, other), _)| *other == version).map(|(_, counts)| counts.cases).sum();
            if counted != cases.len() {
                baseline.caveats.push(format!(
                    "its scoreboard counts {counted} cases of Spark {version} and its case files hold {}: \
                     the scoreboard was not written anew",
                    cases.len()
                ));
            }
        }
        for ((id, version), entry) in &board.others {
            if let Some(cases) = baseline.versions.get_mut(version) {
                let then = || Then { standing: standing_of(entry), hash: None };
                // A file that does not load, or a scoreboard that is older than the files.
                if problems > 0 {
                    cases.entry(id.clone()).or_insert_with(then);
                }
            }
        }
        baseline
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
        for case in run.cases {
            baseline.covered.extend(case.covers.iter().cloned());
            // What had no standing then cannot lose one.
            if let Some(standing) = Now::of(&case).standing() {
                let then = Then { standing: standing.clone(), hash: None };
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

fn standing_of(entry: &BoardEntry) -> Standing {
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

fn read(file: &Path, name: &str) -> Result<String, BaselineError> {
    std::fs::read_to_string(file).map_err(|source| BaselineError::Io { name: name.to_owned(), source })
}
