//! The result of a run, as a whole: what was judged, how each case stands, and the counts. Every renderer shows it, and
//! none knows more; a stored run is rendered again as if it had just ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseHash, CaseId, SparkMinor};
use crate::compare::{self, Difference, Reason};
use crate::golden::{GoldenMaker, Mode};
use crate::observation::Observation;
use crate::run::{Counts, Judged, Pin, Status};

use super::{Sides, shell_word};

/// The version of this format. What has another one is not read.
pub const FORMAT: u32 = 2;

/// A finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What was judged.
    pub header: Header,
    /// The cases, each once for every Spark version that it was compared with, sorted by version and id.
    pub cases: Vec<CaseResult>,
    /// The counts.
    pub footer: Footer,
}

/// What was judged, against what, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// The version of this format.
    pub format: u32,
    /// The version of the program.
    pub seatrial: String,
    /// What `git describe` says of the project, if it is under version control.
    pub revision: Option<String>,
    /// The candidate, as `--target` names it.
    pub target: String,
    /// The Spark versions that it was compared with, as `--spark` takes them: `4.0,4.2`.
    pub spark: String,
    /// More about each of these versions.
    pub versions: Vec<JudgedVersion>,
    /// When the run began, in UTC: `2026-11-22T18:42:00Z`.
    pub started: String,
    /// How long it took.
    pub seconds: f64,
    /// How many case lines follow.
    pub cases: usize,
    /// What went wrong besides the cases: pins of cases that are gone, targets that did not exit, broken case files.
    pub problems: Vec<String>,
}

/// One Spark version of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JudgedVersion {
    /// The version.
    #[schemars(with = "String")]
    pub spark: SparkMinor,
    /// Cases that were selected but test what only a later version has.
    pub later: usize,
    /// Who answered; nobody where no case could be asked.
    pub candidate: Option<Candidate>,
    /// What recorded the version's goldens.
    pub golden: Option<GoldenMaker>,
}

/// Who a candidate says that it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// The product: `engine`, `spark`, ….
    pub target: String,
    /// Versions of the product and of what it stands on.
    pub versions: BTreeMap<String, String>,
    /// How it was used.
    pub mode: String,
}

/// How one case stands for one Spark version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseResult {
    /// The case: `<area>/<topic>::<name>`.
    #[schemars(with = "String")]
    pub id: CaseId,
    /// What changes the case's behaviour, as 16 hexadecimal digits: a case of another name with the same hash is the same.
    /// Results from before it was written have none.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub hash: Option<CaseHash>,
    /// The Spark version that is right.
    #[schemars(with = "String")]
    pub spark: SparkMinor,
    /// How the case stands.
    #[serde(rename = "verdict")]
    pub status: Status,
    /// In what it differs from the reference; for `equivalent`, what was disregarded.
    pub reasons: BTreeSet<Reason>,
    /// The difference tree.
    pub differences: Vec<Difference>,
    /// The known divergence.
    pub pin: Option<Pin>,
    /// Why there is no answer.
    pub message: Option<String>,
    /// The feature under test.
    pub feature: String,
    /// What a reader should learn of the case.
    pub about: Option<String>,
    /// The first Spark version that has the behaviour.
    #[schemars(with = "String")]
    pub since: SparkMinor,
    /// Ids of the behaviour catalogue.
    pub covers: Vec<String>,
    /// The case file.
    pub file: String,
    /// The case's line in it.
    pub line: usize,
    /// What is done.
    pub scenario: Scenario,
    /// What real PySpark answered.
    pub golden: Option<Observation>,
    /// The version in whose folder that answer is stored: an older one where nothing changed since.
    #[schemars(with = "Option<String>")]
    pub recorded: Option<SparkMinor>,
    /// What the candidate answered; absent where there is no answer, and where the verdict is `exact` and it is the
    /// golden to the letter.
    pub actual: Option<Observation>,
    /// How long the candidate took; zero where it was not asked.
    pub seconds: f64,
    /// The command that runs this case alone, again.
    pub rerun: String,
    /// The command that writes a script which shows the behaviour.
    pub repro: String,
}

/// A case as its file has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Scenario {
    /// The Python module, where the case has one.
    pub python: String,
    /// The other keys of the case, as YAML.
    pub yaml: String,
}

/// The counts: every case line counts under exactly one verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Footer {
    /// All cases.
    pub cases: usize,
    /// As the reference.
    pub exact: usize,
    /// The reference failed inside the JVM, and the candidate failed clearly.
    pub equivalent: usize,
    /// Known divergences.
    pub pinned: usize,
    /// Unknown divergences.
    pub divergent: usize,
    /// The candidate says that it cannot.
    pub unsupported: usize,
    /// No answer, which says nothing about conformance.
    pub infrastructure: usize,
    /// Pins that are needless or say something else than is the case.
    pub stale_pin: usize,
    /// Pins whose review is overdue.
    pub overdue_pin: usize,
    /// Goldens of another form of the case.
    pub stale_golden: usize,
    /// Cases that real Spark was never asked.
    pub missing_golden: usize,
    /// How the program ended.
    pub exit_code: u8,
}

impl Footer {
    /// Counts the cases.
    pub fn of(cases: &[CaseResult], exit_code: u8) -> Self {
        let counts = Counts::of(cases.iter().map(|case| case.status));
        Self {
            cases: counts.total(),
            exact: counts.get(Status::Exact),
            equivalent: counts.get(Status::Equivalent),
            pinned: counts.get(Status::Pinned),
            divergent: counts.get(Status::Divergent),
            unsupported: counts.get(Status::Unsupported),
            infrastructure: counts.get(Status::Infrastructure),
            stale_pin: counts.get(Status::StalePin),
            overdue_pin: counts.get(Status::OverduePin),
            stale_golden: counts.get(Status::StaleGolden),
            missing_golden: counts.get(Status::MissingGolden),
            exit_code,
        }
    }
}

impl Run {
    /// The Spark versions, in order.
    pub fn versions(&self) -> impl Iterator<Item = SparkMinor> + '_ {
        self.header.versions.iter().map(|version| version.spark)
    }

    /// The cases of one version.
    pub fn of_version(&self, spark: SparkMinor) -> impl Iterator<Item = &CaseResult> {
        self.cases.iter().filter(move |case| case.spark == spark)
    }

    /// The cases that are not as they should be.
    pub fn failures(&self) -> impl Iterator<Item = &CaseResult> {
        self.cases.iter().filter(|case| !case.status.is_fine())
    }

    /// The counts of each area and version.
    pub fn areas(&self) -> BTreeMap<&str, BTreeMap<SparkMinor, Counts>> {
        let mut areas: BTreeMap<&str, BTreeMap<SparkMinor, Counts>> = BTreeMap::new();
        for case in &self.cases {
            areas.entry(case.id.area()).or_default().entry(case.spark).or_default().add(case.status);
        }
        areas
    }

    /// The counts of all cases.
    pub fn counts(&self) -> Counts {
        Counts::of(self.cases.iter().map(|case| case.status))
    }

    /// Who is compared where a version is right.
    pub fn sides(&self, spark: SparkMinor) -> Sides {
        Sides::new(spark, self.mode(spark), self.header.target.clone())
    }

    /// The mode in which a version is right.
    pub fn mode(&self, spark: SparkMinor) -> Mode {
        let golden = self.header.versions.iter().find(|judged| judged.spark == spark);
        let golden = golden.and_then(|judged| judged.golden.as_ref());
        golden.and_then(|golden| Mode::named(&golden.mode)).unwrap_or(Mode::Classic)
    }

    /// The versions for a title: `4.2`, or `4.0–4.3`.
    pub fn version_range(&self) -> String {
        versions_text(&self.versions().collect::<Vec<_>>())
    }
}

/// Versions as people write them: `4.0, 4.2`; three or more in a row as a range, `4.0–4.3`.
pub fn versions_text(versions: &[SparkMinor]) -> String {
    let mut versions = versions.to_vec();
    versions.sort_unstable();
    let rows = versions.chunk_by(|version, next| version.is_followed_by(*next));
    let show = |row: &[SparkMinor]| match row {
        [first, _, .., last] => format!("{first}–{last}"),
        few => few.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    rows.map(show).collect::<Vec<_>>().join(", ")
}

impl CaseResult {
    /// How a case stands. Its answers, its scenario and its rerun command are set by who knows them.
    pub fn new(case: &Case, spark: SparkMinor, judged: Judged) -> Self {
        let id = case.id.clone();
        let repro = format!("seatrial repro {}", shell_word(&id.to_string()));
        Self {
            id,
            hash: Some(case.hash()),
            spark,
            status: judged.status,
            reasons: compare::reasons(&judged.differences),
            differences: judged.differences,
            pin: judged.pin,
            message: judged.message,
            feature: case.feature.clone(),
            about: case.about.clone(),
            since: case.since,
            covers: case.covers.clone(),
            file: case.location.file.display().to_string(),
            line: case.location.line,
            scenario: Scenario::default(),
            golden: None,
            recorded: None,
            actual: None,
            seconds: 0.0,
            rerun: String::new(),
            repro,
        }
    }

    /// Says how long the target took.
    #[must_use]
    pub fn took(self, duration: Duration) -> Self {
        // Finer than anybody reads, and short as text.
        let seconds = (duration.as_secs_f64() * 1e6).ceil() / 1e6;
        Self { seconds, ..self }
    }

    /// What the candidate answered, also where that is the golden.
    pub fn answer(&self) -> Option<&Observation> {
        let same = || self.golden.as_ref().filter(|_| self.status == Status::Exact);
        self.actual.as_ref().or_else(same)
    }

    /// The reasons as one text: `values, order`.
    pub fn reason_list(&self) -> String {
        self.reasons.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[2], "4.2")]
    #[case(&[1, 2], "4.1, 4.2")]
    #[case(&[3, 2, 1], "4.1–4.3")]
    #[case(&[0, 2, 3], "4.0, 4.2, 4.3")]
    #[case(&[0, 2, 3, 4], "4.0, 4.2–4.4")]
    fn versions_in_a_row_are_a_range(#[case] minors: &[u16], #[case] text: &str) {
        let versions: Vec<SparkMinor> = minors.iter().map(|minor| SparkMinor::new(4, *minor)).collect();
        assert_eq!(versions_text(&versions), text);
    }
}
