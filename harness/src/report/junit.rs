//! The report for CI services: JUnit XML.
//!
//! A pinned divergence is `skipped`, with its reason as the message: so pytest writes an expected failure, and so every
//! service shows that something is known to be wrong without failing the job. `passed` would claim what is not so. What says
//! something about conformance and is not as it should be is a `failure`; where there is no answer or no golden to compare
//! with, it is an `error`.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::run::Status;

use super::human;
use super::model::{CaseResult, Run};
use super::style::Style;

/// The run as JUnit XML: a suite for each area and Spark version.
///
/// # Errors
///
/// Never, but for a mistake of ours.
pub fn render(run: &Run) -> Result<String, SerializeError> {
    let mut report = Report::new(format!("seatrial: {} against spark {}", run.header.target, run.version_range()));
    report.set_time(duration(run.header.seconds));
    for (area, versions) in run.areas() {
        for version in versions.into_keys() {
            let mut suite = TestSuite::new(format!("{area} (spark {version})"));
            let cases = || run.of_version(version).filter(|case| case.id.area() == area);
            suite.set_time(duration(cases().map(|case| case.seconds).sum()));
            suite.add_property(Property::new("target", run.header.target.as_str()));
            suite.add_property(Property::new("spark", version.to_string()));
            if let Some(revision) = &run.header.revision {
                suite.add_property(Property::new("revision", revision.as_str()));
            }
            suite.add_test_cases(cases().map(|case| test_case(case, run)));
            report.add_test_suite(suite);
        }
    }
    report.to_string()
}

fn test_case(case: &CaseResult, run: &Run) -> TestCase {
    // The version stands in the name, so that a service that keeps the history of a test keeps them apart.
    let mut test = TestCase::new(format!("{} [spark {}]", case.id.name(), case.spark), status(case, run));
    test.set_classname(case.id.topic().replace('/', "."));
    test.set_time(duration(case.seconds));
    test.extra.insert("file".into(), case.file.as_str().into());
    test.extra.insert("line".into(), case.line.to_string().into());
    test.add_property(Property::new("id", case.id.to_string()));
    test.add_property(Property::new("verdict", case.status.name()));
    if !case.covers.is_empty() {
        test.add_property(Property::new("covers", case.covers.join(" ")));
    }
    if let Some(pin) = &case.pin {
        test.add_property(Property::new("pin.kind", pin.kind.name()));
        test.add_property(Property::new("pin.review_by", pin.review_by.to_string()));
    }
    test.add_property(Property::new("rerun", case.rerun.as_str()));
    test
}

fn status(case: &CaseResult, run: &Run) -> TestCaseStatus {
    let sides = run.sides(case.spark);
    let mut status = match case.status {
        Status::Exact | Status::Equivalent => return TestCaseStatus::success(),
        Status::Pinned => {
            let mut skipped = TestCaseStatus::skipped();
            if let Some(pin) = &case.pin {
                skipped.set_message(format!("pinned as {} until {}: {}", pin.kind, pin.review_by, pin.reason));
            }
            skipped.set_type("seatrial.pinned");
            return skipped;
        }
        Status::Infrastructure | Status::StaleGolden | Status::MissingGolden => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
        Status::Divergent | Status::Unsupported | Status::StalePin | Status::OverduePin => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
    };
    status.set_type(format!("seatrial.{}", case.status.name()));
    status.set_message(human::headline(case, &sides));
    status.set_description(human::failure(case, &sides, Style::PLAIN));
    status
}

/// Seconds as the writer wants them; what is no duration (a stored run may say anything) is none.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use junit_parser::TestStatus;

    use super::*;
    use crate::report::testing;

    #[test]
    fn a_parser_reads_what_the_run_says() {
        let run = testing::run();
        let text = render(&run).unwrap();
        let read = junit_parser::from_reader(text.as_bytes()).unwrap();
        let count = |status: fn(Status) -> bool| run.cases.iter().filter(|case| status(case.status)).count() as u64;
        assert_eq!((read.tests, read.errors), (run.cases.len() as u64, count(is_error)));
        assert_eq!(read.failures, count(|status| !status.is_fine() && !is_error(status)));
        let tests: Vec<_> = read.suites.iter().flat_map(|suite| &suite.cases).collect();
        for case in &run.cases {
            let name = format!("{} [spark {}]", case.id.name(), case.spark);
            // What XML cannot hold is left out.
            let name: String = name.chars().filter(|c| !c.is_control()).collect();
            let found: Vec<_> = tests.iter().filter(|test| test.original_name == name).collect();
            assert_eq!(found.len(), 1, "{name}");
            let test = found[0];
            assert_eq!((test.file.as_deref(), test.line), (Some(case.file.as_str()), Some(case.line as u64)));
            match (&test.status, case.status) {
                (TestStatus::Success, Status::Exact | Status::Equivalent) => {}
                (TestStatus::Skipped(skipped), Status::Pinned) => {
                    let pin = case.pin.as_ref().unwrap();
                    assert!(skipped.message.contains(&pin.reason), "{}", skipped.message);
                    assert!(skipped.message.contains("2999-01-01"), "{}", skipped.message);
                }
                (TestStatus::Error(error), status) if is_error(status) => {
                    assert_eq!(error.error_type, format!("seatrial.{}", status.name()));
                }
                (TestStatus::Failure(failure), status) if !status.is_fine() && !is_error(status) => {
                    assert_eq!(failure.failure_type, format!("seatrial.{}", status.name()));
                    assert!(failure.text.contains("rerun: seatrial check"), "{}", failure.text);
                }
                (other, status) => unreachable!("{status:?} is written as {other:?}"),
            }
        }
    }

    fn is_error(status: Status) -> bool {
        matches!(status, Status::Infrastructure | Status::StaleGolden | Status::MissingGolden)
    }
}
