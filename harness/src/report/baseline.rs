//! What a run is compared with: how many cases of each area conformed then. Read from a scoreboard or from a stored run.

use std::collections::BTreeMap;

use crate::case::SparkMinor;
use crate::run::Counts;

use super::json;

/// Counts by area and Spark version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline(BTreeMap<(String, SparkMinor), Then>);

/// The counts of one area and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Then {
    /// All cases.
    pub cases: usize,
    /// Those that conformed.
    pub conforming: usize,
}

/// How an area stands against the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The baseline does not have it.
    New,
    /// So many more cases conform; fewer where negative.
    Conforming(i64),
}

/// Why a text is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is a run's result, and broken.
    #[error(transparent)]
    Run(#[from] json::ReadError),
    /// It is neither.
    #[error("it is neither a scoreboard nor a result of `seatrial check --format json`")]
    Unknown,
}

impl Baseline {
    /// Reads a scoreboard, or the result of a run.
    ///
    /// # Errors
    ///
    /// What is neither.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        if text.trim_start().starts_with('{') {
            return Ok(Self::of_run(&json::read(text)?));
        }
        Self::of_scoreboard(text).ok_or(BaselineError::Unknown)
    }

    fn of_run(run: &super::Run) -> Self {
        let mut baseline = Self::default();
        for (area, versions) in run.areas() {
            for (version, counts) in versions {
                let then = Then { cases: counts.total(), conforming: counts.conforming() };
                baseline.0.insert((area.to_owned(), version), then);
            }
        }
        baseline
    }

    /// The rows of the table whose head names area, Spark, cases, exact and equivalent; the sums of all areas are left out.
    fn of_scoreboard(text: &str) -> Option<Self> {
        let cells = |line: &str| -> Vec<String> {
            line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        let mut lines = text.lines().skip_while(|line| !line.starts_with("| area |"));
        let head = cells(lines.next()?);
        let column = |name: &str| head.iter().position(|cell| cell == name);
        let columns = [column("area")?, column("Spark")?, column("cases")?, column("exact")?, column("equivalent")?];
        let mut baseline = Self::default();
        for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
            let row = cells(line);
            let [area, spark, cases, exact, equivalent] = columns.map(|index| row.get(index).map(String::as_str));
            if area?.starts_with('*') {
                continue;
            }
            let count = |text: Option<&str>| text?.parse::<usize>().ok();
            let then = Then { cases: count(cases)?, conforming: count(exact)? + count(equivalent)? };
            baseline.0.insert((area?.to_owned(), spark?.parse().ok()?), then);
        }
        (!baseline.0.is_empty()).then_some(baseline)
    }

    /// How an area stands for a version, now that its counts are these.
    pub fn change(&self, area: &str, version: SparkMinor, now: &Counts) -> Change {
        match self.0.get(&(area.to_owned(), version)) {
            None => Change::New,
            Some(then) => Change::Conforming(signed(now.conforming()) - signed(then.conforming)),
        }
    }

    /// How a version stands as a whole.
    pub fn total_change(&self, version: SparkMinor, now: &Counts) -> Change {
        let of_version = || self.0.iter().filter(|((_, other), _)| *other == version);
        match of_version().next() {
            None => Change::New,
            Some(_) => {
                let then: usize = of_version().map(|(_, then)| then.conforming).sum();
                Change::Conforming(signed(now.conforming()) - signed(then))
            }
        }
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Conforming(0) => f.write_str("±0"),
            Self::Conforming(more) if *more > 0 => write!(f, "+{more}"),
            Self::Conforming(fewer) => write!(f, "−{}", fewer.unsigned_abs()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use rstest::rstest;

    use super::*;
    use crate::report::testing;
    use crate::run::Status;

    const SCOREBOARD: &str = "# Scoreboard\n\n| area | Spark | cases | conform | exact | equivalent | ours |\n|---|---|---:|---:|---:|---:|---:|\n\
        | read | 4.2 | 5 | 60.0 % | 2 | 1 | 2 |\n| **all** | 4.2 | 5 | 60.0 % | 2 | 1 | 2 |\n\n## Not exact\n";

    #[rstest]
    #[case(3, "±0")]
    #[case(5, "+2")]
    #[case(1, "−2")]
    fn the_change_to_a_scoreboard(#[case] exact: usize, #[case] change: &str) {
        let baseline = Baseline::read(SCOREBOARD).unwrap();
        let now = Counts::of(std::iter::repeat_n(Status::Exact, exact));
        assert_eq!(baseline.change("read", SparkMinor::new(4, 2), &now).to_string(), change);
        assert_eq!(baseline.total_change(SparkMinor::new(4, 2), &now).to_string(), change);
        assert_eq!(baseline.change("types", SparkMinor::new(4, 2), &now), Change::New);
        assert_eq!(baseline.total_change(SparkMinor::new(4, 3), &now), Change::New);
    }

    #[test]
    fn a_stored_run_is_a_baseline() {
        let run = testing::run();
        let baseline = Baseline::read(&json::render(&run).unwrap()).unwrap();
        for (area, versions) in run.areas() {
            for (version, counts) in versions {
                assert_eq!(baseline.change(area, version, &counts), Change::Conforming(0));
            }
        }
    }

    #[rstest]
    #[case("", "it is neither a scoreboard")]
    #[case("# Scoreboard\n", "it is neither a scoreboard")]
    #[case("{\"kind\": \"case\"}", "it does not begin with a header")]
    fn other_texts_are_refused(#[case] text: &str, #[case] message: &str) {
        let error = Baseline::read(text).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}
