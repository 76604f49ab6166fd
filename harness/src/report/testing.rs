//! A run for the renderers' tests: every status, every kind of difference, two versions, and texts that want to break out.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::case::{self, Case, SparkMinor};
use crate::compare::{Options, compare};
use crate::divergence::{Actual, Day, Divergence, Kind};
use crate::golden::GoldenMaker;
use crate::observation::Observation;
use crate::run::{Answer, Judged, Status, judge};

use super::model::{Candidate, CaseResult, FORMAT, Footer, Header, JudgedVersion, Run, Scenario};
use super::shell_word;

pub(crate) const HOSTILE: &str = "</script><b>\"it's\" & \u{202e}rtl, 100 %: ``` |";

const VERSIONS: [SparkMinor; 2] = [SparkMinor::new(4, 1), SparkMinor::new(4, 2)];

fn observation(json: serde_json::Value) -> Observation {
    Observation::from_stored_json(&json).unwrap()
}

fn rows(rows: serde_json::Value) -> Observation {
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind, "nullable": true, "metadata": {}});
    let fields = [field("id", "integer"), field("name", "string")];
    observation(json!({"schema": {"type": "struct", "fields": fields}, "rows": rows}))
}

fn error(exception: &str, condition: Option<&str>, message: &str) -> Observation {
    observation(json!({"error": {
        "phase": "read", "exception": exception, "condition": condition, "sqlstate": condition.map(|_| "38000"),
        "parameters": {"action": HOSTILE}, "message": message,
        "python": {"type": "ValueError", "message": "boom"},
    }}))
}

fn calls(partitions: u64, filters: &[&str]) -> Observation {
    let calls: Vec<_> = filters.iter().map(|filter| json!({"call": "push_filters", "filters": [filter]})).collect();
    Observation { partitions: Some(partitions), ..rows_and(json!(calls)) }
}

fn rows_and(calls: serde_json::Value) -> Observation {
    let mut json = rows(json!([[1, "a"]])).to_json();
    json["calls"] = calls;
    observation(json)
}

struct Builder {
    cases: Vec<CaseResult>,
    line: usize,
}

impl Builder {
    fn case(&mut self, topic: &str, name: &str) -> Case {
        let yaml = serde_json::to_string(name).unwrap();
        let text = format!(
            "feature: the feature of {topic}\ncases:\n  - name: {yaml}\n    about: What it is about.\n    python: |\n      pass\n"
        );
        let mut case = case::load_text(Path::new(&format!("cases/{topic}.yaml")), topic, &text).cases.remove(0);
        case.covers = vec!["READ-ONE".into()];
        self.line += 10;
        case.location.line = self.line;
        case
    }

    fn push(&mut self, case: &Case, spark: SparkMinor, judged: Judged, golden: Option<Observation>, answer: &Answer) {
        let id = shell_word(&case.id.to_string());
        let mut result = CaseResult::new(case, spark, judged).took(Duration::from_millis(20));
        result.rerun = format!("seatrial check {id} --spark {spark}");
        result.recorded = golden.as_ref().map(|_| VERSIONS[0]);
        result.scenario = Scenario { python: format!("print('{HOSTILE}')"), yaml: "query: SELECT 1".into() };
        if let Answer::Observation(actual) = answer
            && !(result.status == Status::Exact && golden.as_ref() == Some(actual.as_ref()))
        {
            result.actual = Some((**actual).clone());
        }
        result.golden = golden;
        self.cases.push(result);
    }

    /// A case that `answer` is the answer to; `pin` is pinned as wrong, to be looked at again by a day.
    fn judged(
        &mut self,
        topic: &str,
        name: &str,
        golden: Observation,
        answer: Answer,
        pin: Option<(Observation, &str)>,
    ) {
        let case = self.case(topic, name);
        let today: Day = "2026-11-22".parse().unwrap();
        for spark in VERSIONS {
            let divergence = pin.clone().map(|(actual, review_by)| Divergence {
                case: case.id.clone(),
                versions: BTreeSet::from(VERSIONS),
                actual: Actual::Answer {
                    reasons: compare(&golden, &actual, Options { ordered: false }).reasons(),
                    observation: Box::new(actual),
                },
                kind: Kind::Ours,
                reason: format!("It is known. {HOSTILE}"),
                review_by: review_by.parse().unwrap(),
            });
            let judged = judge(&golden, &answer, &case, divergence.as_ref(), today);
            self.push(&case, spark, judged, Some(golden.clone()), &answer);
        }
    }

    fn unasked(&mut self, name: &str, status: Status) {
        let case = self.case("types/unasked", name);
        let nobody = Answer::Unsupported(String::new());
        self.push(&case, VERSIONS[1], Judged::plain(status), None, &nobody);
    }
}

fn answered(observation: Observation) -> Answer {
    Answer::Observation(Box::new(observation))
}

/// The run.
pub(crate) fn run() -> Run {
    let mut builder = Builder { cases: Vec::new(), line: 0 };
    let good = || rows(json!([[1, "a"], [2, "b"], [3, HOSTILE]]));
    builder.judged("read/rows", "exact", good(), answered(good()), None);
    let jvm = error("Py4JJavaError", None, "java.lang.NullPointerException");
    builder.judged("read/errors", "equivalent", jvm, answered(error("ValueError", None, "no rows")), None);
    let wrong = || rows(json!([[1, "a"], [2, "B"], [4, "d"], [5, "e\u{1b}[31m"]]));
    builder.judged("read/rows", HOSTILE, good(), answered(wrong()), None);
    builder.judged("read/rows", "pinned", good(), answered(wrong()), Some((wrong(), "2999-01-01")));
    builder.judged("read/rows", "needless", good(), answered(good()), Some((wrong(), "2999-01-01")));
    builder.judged("read/rows", "changed", good(), answered(rows(json!([]))), Some((wrong(), "2999-01-01")));
    builder.judged("read/rows", "overdue", good(), answered(wrong()), Some((wrong(), "2026-01-01")));
    let left = error("PythonException", Some("PYTHON_EXCEPTION"), "one\ntwo\nthree");
    let right = error("AnalysisException", Some("OTHER"), "one\n2\nthree");
    builder.judged("read/errors", "other error", left.clone(), answered(right), None);
    builder.judged("read/errors", "no error", left, answered(good()), None);
    builder.judged("read/calls", "other calls", calls(2, &["a", "b"]), answered(calls(1, &["a", "c"])), None);
    builder.judged("types/unsupported", "unsupported", good(), Answer::Unsupported("no streams".into()), None);
    builder.judged("types/broken", "broken", good(), Answer::Infrastructure("it crashed\nat once".into()), None);
    builder.unasked("stale", Status::StaleGolden);
    builder.unasked("missing", Status::MissingGolden);
    let mut cases = builder.cases;
    cases.sort_by(|left, right| (left.spark, &left.id).cmp(&(right.spark, &right.id)));
    let texts = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    let version = |spark: SparkMinor| JudgedVersion {
        spark,
        later: usize::from(spark == VERSIONS[0]),
        candidate: Some(Candidate {
            target: "engine".into(),
            versions: texts(&[("engine", "0.1.0"), ("pyspark", &spark.to_string())]),
            mode: "in-process".into(),
        }),
        golden: Some(GoldenMaker {
            versions: texts(&[("spark", &format!("{spark}.1")), ("java", "17.0.15")]),
            mode: "classic".into(),
            image: Some("sha256:0123456789abcdef".into()),
        }),
    };
    let header = Header {
        format: FORMAT,
        seatrial: "0.1.0".into(),
        revision: Some("v1-2-gabcdef0".into()),
        target: "engine".into(),
        spark: "4.1,4.2".into(),
        versions: VERSIONS.map(version).into(),
        started: "2026-11-22T18:42:00Z".into(),
        seconds: 12.5,
        cases: cases.len(),
        problems: vec!["a divergence is pinned for `read/gone::x`, and there is no such case".into()],
    };
    let footer = Footer::of(&cases, 20);
    Run { header, cases, footer }
}
