#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! Recording and reading back, over several versions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use seatrial_engine::types::StructType;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::case::{Case, load_text};
use crate::observation::{Call, Observation, Value};

fn recording(version: &str) -> ReferenceRecording {
    recording_by(version, "3.11.7", "17.0.15")
}

fn recording_by(spark: &str, python: &str, java: &str) -> ReferenceRecording {
    recording_in(Mode::Classic, spark, python, java)
}

fn recording_in(mode: Mode, spark: &str, python: &str, java: &str) -> ReferenceRecording {
    let versions = [("spark", spark), ("python", python), ("java", java), ("pyarrow", "26.0.1"), ("pandas", "2.3.3")];
    let versions = versions.map(|(name, version)| (name.to_owned(), version.to_owned())).into();
    ReferenceRecording::try_new("spark", &versions, mode.name()).unwrap()
}

/// Cases `a`, `b`, … whose source has the given first row.
fn cases(rows: &[(&str, i32)]) -> Vec<Case> {
    let mut text = "feature: f\ncases:\n".to_owned();
    for (name, row) in rows {
        text.push_str(&format!("  - name: {name}\n    source: {{schema: id int, rows: [[{row}]]}}\n"));
    }
    let suite = load_text(Path::new("x.yaml"), "read/x", &text);
    assert_eq!(suite.diagnostics, []);
    suite.cases
}

fn answer(value: i32) -> Observation {
    let schema = StructType::from_ddl("id int, s string").unwrap();
    let rows = vec![vec![Value::Integer(value), Value::String("yes".into())], vec![Value::Null, Value::Null]];
    Observation { schema: Some(schema), rows: Some(rows), ..Observation::default() }
}

fn failure() -> Observation {
    Observation::from_json(&json!({
        "error": {
            "phase": "load", "exception": "AnalysisException", "condition": "PYTHON_DATA_SOURCE_ERROR", "sqlstate": "38000",
            "parameters": {"action": "create", "type": "instance", "msg": "Traceback (most recent call last):\n  File \"x\", line 1\nValueError: a\nb\n"},
            "message": "[P] Failed: Traceback (most recent call last):\n  File \"x\", line 1\nValueError: a\nb\n SQLSTATE: 38000"},
        "calls": [{"call": "init"}, {"call": "read", "partition": null, "no": [1, {"true": 1.5}]}],
        "partitions": 3
    }))
    .unwrap()
}

fn write(
    dir: &Path,
    version: &str,
    answers: &[(&Case, Observation)],
    existing: &[Case],
) -> Result<Written, GoldenError> {
    let ids: BTreeSet<CaseId> = existing.iter().map(|case| case.id.clone()).collect();
    GoldenWriter::new(dir, recording(version)).write(answers, &ids)
}

fn found(dir: &Path, minor: &str, case: &Case) -> Option<(Observation, String)> {
    match GoldenStore::open(dir).unwrap().lookup(minor.parse().unwrap(), case) {
        GoldenLookup::Found { observation, recorded } => Some((observation.clone(), recorded.to_string())),
        _ => None,
    }
}

#[test]
fn a_part_of_the_goldens_is_read_without_the_rest() {
    let dir = TempDir::new().unwrap();
    let cases = cases(&[("a", 1)]);
    write(dir.path(), "4.0.5", &[(&cases[0], failure())], &cases).unwrap();
    let broken = dir.path().join("4.0/types/broken.yaml");
    fs::create_dir_all(broken.parent().unwrap()).unwrap();
    fs::write(broken, "no golden\n").unwrap();
    assert!(GoldenStore::open(dir.path()).is_err());
    let found = |wanted: &dyn Fn(&str) -> bool| {
        let goldens = GoldenStore::open_part(dir.path(), Mode::Classic, wanted).unwrap();
        assert_eq!(goldens.versions().len(), 1);
        matches!(goldens.lookup("4.0".parse().unwrap(), &cases[0]), GoldenLookup::Found { .. })
    };
    assert!(found(&|topic| topic == "read/x"));
    assert!(!found(&|_| false));
    assert_eq!(GoldenStore::topics_with(dir.path(), "Python_Data_Source_error").unwrap(), ["read/x".to_owned()].into());
    assert!(GoldenStore::topics_with(dir.path(), "nothing of it").unwrap().is_empty());
}

#[test]
fn goldens_are_canonical_text() {
    let dir = TempDir::new().unwrap();
    let cases = cases(&[("a", 1), ("b", 2)]);
    let written = write(dir.path(), "4.0.5", &[(&cases[0], answer(1)), (&cases[1], failure())], &cases).unwrap();
    assert_eq!((written.kept, written.pruned, written.files.len()), (2, 0, 2));
    let text = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    insta::assert_snapshot!(text("4.0/read/x.yaml"), @r#"
    format: 1
    spark: "4.0.5"
    python: "3.11.7"
    java: "17.0.15"
    pyarrow: "26.0.1"
    pandas: "2.3.3"
    mode: "classic"
    cases:
      - case: "a"
        hash: "bf3c200b1ae07ed8"
        schema:
          - {name: "id", type: "integer", nullable: true, metadata: {}}
          - {name: "s", type: "string", nullable: true, metadata: {}}
        rows:
          - [1, "yes"]
          - [null, null]
      - case: "b"
        hash: "7fbb98ff157c1291"
        error:
          phase: "load"
          exception: "AnalysisException"
          condition: "PYTHON_DATA_SOURCE_ERROR"
          sqlstate: "38000"
          parameters:
            action: "create"
            msg: |-
              ValueError: a
              b
            type: "instance"
          message: |-
            [P] Failed: ValueError: a
            b
             SQLSTATE: 38000
          python:
            type: "ValueError"
            message: |-
              a
              b
        calls:
          - {call: "init"}
          - {call: "read", "no": [1, {"true": 1.5}], partition: null}
        partitions: 3
    "#);
    insta::assert_snapshot!(text("4.0/index.yaml"), @r#"
    format: 1
    spark: "4.0.5"
    python: "3.11.7"
    java: "17.0.15"
    pyarrow: "26.0.1"
    pandas: "2.3.3"
    mode: "classic"
    cases:
      "read/x::a": "bf3c200b1ae07ed8"
      "read/x::b": "7fbb98ff157c1291"
    "#);
    assert_eq!(found(dir.path(), "4.0", &cases[0]), Some((answer(1), "4.0".into())));
    assert_eq!(found(dir.path(), "4.0", &cases[1]), Some((failure(), "4.0".into())));
    let again = write(dir.path(), "4.0.5", &[(&cases[0], answer(1))], &cases).unwrap();
    assert_eq!(again.files, BTreeSet::new(), "what did not change is not written");
}

#[test]
fn an_answer_like_the_version_before_is_left_out_but_recorded() {
    let dir = TempDir::new().unwrap();
    let cases = cases(&[("a", 1), ("b", 2)]);
    write(dir.path(), "4.0.5", &[(&cases[0], answer(1)), (&cases[1], answer(2))], &cases).unwrap();
    assert_eq!(found(dir.path(), "4.2", &cases[0]), None, "a version that was not recorded inherits nothing");
    let written = write(dir.path(), "4.2.1", &[(&cases[0], answer(1)), (&cases[1], failure())], &cases).unwrap();
    assert_eq!((written.kept, written.pruned), (1, 1));
    assert_eq!(found(dir.path(), "4.2", &cases[0]), Some((answer(1), "4.0".into())));
    assert_eq!(found(dir.path(), "4.2", &cases[1]), Some((failure(), "4.2".into())));
    let written = write(dir.path(), "4.2.1", &[(&cases[1], answer(2))], &cases).unwrap();
    assert!(written.files.contains(Path::new("4.2/read/x.yaml")));
    assert!(!dir.path().join("4.2/read").exists(), "what has become equal is removed, its empty folder too");
}

#[test]
fn an_older_version_recorded_anew_does_not_change_newer_answers() {
    let dir = TempDir::new().unwrap();
    let cases = cases(&[("a", 1)]);
    write(dir.path(), "4.0.5", &[(&cases[0], answer(1))], &cases).unwrap();
    write(dir.path(), "4.2.1", &[(&cases[0], answer(1))], &cases).unwrap();
    write(dir.path(), "4.0.5", &[(&cases[0], answer(7))], &cases).unwrap();
    assert_eq!(found(dir.path(), "4.0", &cases[0]), Some((answer(7), "4.0".into())));
    assert_eq!(found(dir.path(), "4.2", &cases[0]), Some((answer(1), "4.2".into())));
    write(dir.path(), "4.1.4", &[(&cases[0], answer(1))], &cases).unwrap();
    assert_eq!(found(dir.path(), "4.2", &cases[0]), Some((answer(1), "4.1".into())));
}

/// Writes what a version answers over Spark Connect.
fn write_connect(dir: &Path, version: &str, answers: &[(&Case, Observation)], existing: &[Case]) -> Written {
    let ids: BTreeSet<CaseId> = existing.iter().map(|case| case.id.clone()).collect();
    let recording = recording_in(Mode::Connect, version, "3.11.7", "17.0.15");
    GoldenWriter::new(dir, recording).write(answers, &ids).unwrap()
}

fn found_in(dir: &Path, mode: Mode, minor: &str, case: &Case) -> Option<(Observation, String)> {
    match GoldenStore::open(dir).unwrap().lookup_in(mode, minor.parse().unwrap(), case) {
        GoldenLookup::Found { observation, recorded } => Some((observation.clone(), recorded.to_string())),
        _ => None,
    }
}

#[test]
fn over_connect_only_what_differs_from_classic_mode_is_stored() {
    let dir = TempDir::new().unwrap();
    let cases = cases(&[("a", 1), ("b", 2)]);
    let connect = |minor: &str, case: &Case| found_in(dir.path(), Mode::Connect, minor, case);
    write(dir.path(), "4.0.5", &[(&cases[0], answer(1)), (&cases[1], answer(2))], &cases).unwrap();
    assert_eq!(connect("4.0", &cases[0]), None, "a mode that was not recorded inherits nothing");

    let written = write_connect(dir.path(), "4.0.5", &[(&cases[0], answer(1)), (&cases[1], failure())], &cases);
    assert_eq!((written.kept, written.pruned), (1, 1));
    let files = ["connect/4.0/index.yaml", "connect/4.0/read/x.yaml"].map(PathBuf::from);
    assert_eq!(written.files, files.into());
    assert_eq!(connect("4.0", &cases[0]), Some((answer(1), "4.0".into())));
    assert_eq!(connect("4.0", &cases[1]), Some((failure(), "4.0".into())));
    assert_eq!(found(dir.path(), "4.0", &cases[1]), Some((answer(2), "4.0".into())), "classic mode has its own");

    // Later, classic mode answers otherwise, and Connect once as before and once as classic mode.
    write(dir.path(), "4.2.1", &[(&cases[0], answer(5)), (&cases[1], answer(2))], &cases).unwrap();
    let written = write_connect(dir.path(), "4.2.1", &[(&cases[0], answer(5)), (&cases[1], answer(2))], &cases);
    assert_eq!((written.kept, written.pruned), (1, 1), "`b` was something else over Connect before");
    assert_eq!(connect("4.2", &cases[0]), Some((answer(5), "4.2".into())));
    assert_eq!(connect("4.2", &cases[1]), Some((answer(2), "4.2".into())));
}

#[test]
fn classic_mode_recorded_anew_does_not_change_answers_over_connect() {
    let dir = TempDir::new().unwrap();
    let cases = cases(&[("a", 1)]);
    write(dir.path(), "4.0.5", &[(&cases[0], answer(1))], &cases).unwrap();
    write_connect(dir.path(), "4.0.5", &[(&cases[0], answer(1))], &cases);
    let written = write(dir.path(), "4.0.5", &[(&cases[0], answer(7))], &cases).unwrap();
    assert!(written.files.contains(Path::new("connect/4.0/read/x.yaml")));
    assert_eq!(found_in(dir.path(), Mode::Connect, "4.0", &cases[0]), Some((answer(1), "4.0".into())));
    let written = write_connect(dir.path(), "4.0.5", &[(&cases[0], answer(7))], &cases);
    assert_eq!((written.kept, written.pruned), (0, 1));
    assert!(!dir.path().join("connect/4.0/read").exists());
}

#[test]
fn a_case_that_changed_is_stale_and_one_that_is_gone_is_removed() {
    let dir = TempDir::new().unwrap();
    let old = cases(&[("a", 1), ("b", 2)]);
    write(dir.path(), "4.0.5", &[(&old[0], answer(1)), (&old[1], answer(2))], &old).unwrap();
    let new = cases(&[("a", 9)]);
    let store = GoldenStore::open(dir.path()).unwrap();
    assert_eq!(store.lookup(SparkMinor::new(4, 0), &new[0]), GoldenLookup::Stale { recorded_hash: old[0].hash() });
    let written = write(dir.path(), "4.0.5", &[(&new[0], answer(9))], &new).unwrap();
    assert_eq!(written.removed, [old[1].id.clone()].into());
    assert_eq!(found(dir.path(), "4.0", &new[0]), Some((answer(9), "4.0".into())));
    assert!(!fs::read_to_string(dir.path().join("4.0/read/x.yaml")).unwrap().contains("\"b\""));
}

#[test]
fn a_version_is_recorded_by_one_installation() {
    let dir = TempDir::new().unwrap();
    let cases = cases(&[("a", 1), ("b", 2)]);
    write(dir.path(), "4.0.4", &[(&cases[0], answer(1)), (&cases[1], answer(2))], &cases).unwrap();
    let error = write(dir.path(), "4.0.5", &[(&cases[0], answer(1))], &cases).unwrap_err().to_string();
    insta::assert_snapshot!(error, @"the answers of 1 other cases were recorded by spark 4.0.4, python 3.11.7, java 17.0.15, pyarrow 26.0.1, pandas 2.3.3, classic; now spark 4.0.5, python 3.11.7, java 17.0.15, pyarrow 26.0.1, pandas 2.3.3, classic answers: record all cases");
    write(dir.path(), "4.0.5", &[(&cases[0], answer(1)), (&cases[1], answer(2))], &cases).unwrap();
}

#[test]
fn the_image_that_answered_is_told() {
    let dir = TempDir::new().unwrap();
    let cases = cases(&[("a", 1), ("b", 2)]);
    let ids: BTreeSet<CaseId> = cases.iter().map(|case| case.id.clone()).collect();
    let both = [(&cases[0], answer(1)), (&cases[1], answer(2))];
    let from = |image: &str| recording("4.0.5").from_image(Some(image.to_owned()));
    GoldenWriter::new(dir.path(), from("sha256:1")).write(&both, &ids).unwrap();
    let text = fs::read_to_string(dir.path().join("4.0/read/x.yaml")).unwrap();
    assert!(text.contains("\nmode: \"classic\"\nimage: \"sha256:1\"\ncases:\n"), "{text}");
    assert_eq!(found(dir.path(), "4.0", &cases[1]), Some((answer(2), "4.0".into())));
    let maker = GoldenStore::open(dir.path()).unwrap().made_by(Mode::Classic, "4.0".parse().unwrap()).unwrap();
    assert_eq!(maker.image.as_deref(), Some("sha256:1"), "reports show it");
    write(dir.path(), "4.0.5", &both, &cases).unwrap();
    let text = fs::read_to_string(dir.path().join("4.0/read/x.yaml")).unwrap();
    assert!(!text.contains("image"), "without a container no image is told");
}

#[test]
fn another_patch_level_of_python_and_java_answers_for_whole_files() {
    let dir = TempDir::new().unwrap();
    let mut cases = cases(&[("a", 1), ("b", 2), ("c", 3)]);
    cases[2].id = CaseId::new("read/y", "c");
    let ids: BTreeSet<CaseId> = cases.iter().map(|case| case.id.clone()).collect();
    let answers: Vec<(&Case, Observation)> = cases.iter().zip([1, 2, 3]).map(|(case, n)| (case, answer(n))).collect();
    write(dir.path(), "4.0.5", &answers, &cases).unwrap();
    write(dir.path(), "4.1.4", &[(&cases[0], answer(7)), (&cases[1], answer(2))], &cases).unwrap();
    let contained = |spark: &str| recording_by(spark, "3.11.2", "17.0.19").from_image(Some("sha256:1".to_owned()));
    let writer = GoldenWriter::new(dir.path(), contained("4.0.5"));
    let header = |file: &str| {
        let text = fs::read_to_string(dir.path().join(file)).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("java") || line.starts_with("im")).collect();
        lines.join(" ").replace('"', "")
    };

    let error = writer.write(&answers[..1], &ids).unwrap_err().to_string();
    insta::assert_snapshot!(error, @"the answers of 1 other cases of read/x.yaml were recorded by spark 4.0.5, python 3.11.7, java 17.0.15, pyarrow 26.0.1, pandas 2.3.3, classic; now spark 4.0.5, python 3.11.2, java 17.0.19, pyarrow 26.0.1, pandas 2.3.3, classic, image sha256:1 answers: record the whole file");

    let written = writer.write(&answers[..2], &ids).unwrap();
    assert_eq!(written.files, [PathBuf::from("4.0/read/x.yaml")].into(), "the file's header tells who answered");
    assert_eq!(header("4.0/read/x.yaml"), "java: 17.0.19 image: sha256:1");
    for other in ["4.0/read/y.yaml", "4.0/index.yaml", "4.1/read/x.yaml"] {
        assert_eq!(header(other), "java: 17.0.15", "{other}");
    }
    let store = GoldenStore::open(dir.path()).unwrap();
    assert_eq!(found(dir.path(), "4.0", &cases[1]), Some((answer(2), "4.0".into())));
    assert_eq!(
        store.made_by(Mode::Classic, "4.0".parse().unwrap()).unwrap().image,
        None,
        "not all files are from the image"
    );

    let later = GoldenWriter::new(dir.path(), contained("4.1.4"));
    let written = later.write(&[(&cases[2], answer(3))], &ids).unwrap();
    assert_eq!(written.files, [PathBuf::from("4.1/index.yaml")].into(), "what is left out changes no file");

    for (python, java) in [("3.12.7", "17.0.15"), ("3.11.7", "21.0.15")] {
        let other = GoldenWriter::new(dir.path(), recording_by("4.0.5", python, java));
        let error = other.write(&answers[..2], &ids).unwrap_err();
        assert!(matches!(error, GoldenError::OtherVersions { kept: 1, .. }), "{error}");
    }
    writer.write(&answers, &ids).unwrap();
    assert_eq!(header("4.0/index.yaml"), "java: 17.0.19 image: sha256:1");
    let maker = GoldenStore::open(dir.path()).unwrap().made_by(Mode::Classic, "4.0".parse().unwrap()).unwrap();
    assert_eq!(maker.image.as_deref(), Some("sha256:1"));
}

#[test]
fn only_real_spark_records() {
    let versions = BTreeMap::from([("spark".to_owned(), "4.0.5".to_owned())]);
    assert!(matches!(
        ReferenceRecording::try_new("engine", &versions, "in-process"),
        Err(GoldenError::NotAReference { .. })
    ));
    assert!(matches!(
        ReferenceRecording::try_new("spark", &BTreeMap::new(), "classic"),
        Err(GoldenError::NoVersion { name: "spark" })
    ));
    assert!(matches!(
        ReferenceRecording::try_new("spark", &versions, "in-process"),
        Err(GoldenError::UnknownMode { .. })
    ));
}

#[test]
fn a_golden_edited_by_hand_is_located() {
    let dir = TempDir::new().unwrap();
    let cases = cases(&[("a", 1)]);
    write(dir.path(), "4.0.5", &[(&cases[0], answer(1))], &cases).unwrap();
    let file = dir.path().join("4.0/read/x.yaml");
    let text = fs::read_to_string(&file).unwrap();
    for (from, to, problem) in [
        ("[1, \"yes\"]", "[one, \"yes\"]", "rows[0][0]"),
        ("[1, \"yes\"]", "[1, \"yes\"", "this is not YAML"),
        ("format: 1", "format: 2", "the format is 2"),
        ("rows:", "row:", "the key is unknown"),
        ("case: \"a\"", "case: \"z\"", "index does not list"),
        ("4.0.5", "4.0.4", "the file was recorded by spark 4.0.4"),
    ] {
        fs::write(&file, text.replace(from, to)).unwrap();
        let error = GoldenStore::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains(problem) && error.contains("x.yaml"), "{error}");
    }
}

fn value(data_type: &str) -> BoxedStrategy<Value> {
    let null = Just(Value::Null);
    match data_type {
        "bigint" => prop_oneof![null, any::<i64>().prop_map(Value::Long)].boxed(),
        "double" => prop_oneof![null, any::<f64>().prop_map(Value::double), Just(Value::double(-0.0))].boxed(),
        "float" => prop_oneof![null, any::<f32>().prop_map(Value::float)].boxed(),
        "string" => prop_oneof![null, "(?s)(yes|null|1|~|- |.){0,6}".prop_map(Value::String)].boxed(),
        "binary" => prop::collection::vec(any::<u8>(), 0..4).prop_map(Value::Binary).boxed(),
        "decimal(20,3)" => {
            (-99_999i64..99_999).prop_map(|n| Value::Decimal { unscaled: n.to_string(), scale: 3 }).boxed()
        }
        _ => prop::collection::vec((any::<i32>().prop_map(Value::Integer), value("string")), 0..3)
            .prop_map(|mut entries| {
                entries.sort();
                Value::Map(entries)
            })
            .boxed(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn every_observation_reads_back(
        rows in prop::collection::vec(
            (value("bigint"), value("double"), value("float"), value("string"), value("binary"), value("decimal(20,3)"), value("map")),
            0..5
        ),
        text in "(?s)(\n|.){0,20}",
        name in "[a-z:]([a-z:#'\" é]{0,6}[a-z:])?",
    ) {
        let schema = "a bigint, b double, `c\"` float comment 'x: y', d string not null, e binary, f decimal(20,3), g map<int,string>";
        let rows = rows.into_iter().map(|(a, b, c, d, e, f, g)| vec![a, b, c, d, e, f, g]).collect();
        let details = BTreeMap::from([(text.clone(), json!(text))]);
        let mut observation = failure();
        observation.schema = Some(StructType::from_ddl(schema).unwrap());
        observation.rows = Some(rows);
        observation.calls.push(Call { call: "reader".into(), details });
        observation.error.as_mut().unwrap().message = text.clone();
        observation.error.as_mut().unwrap().parameters.insert(text.clone(), text);
        let dir = TempDir::new().unwrap();
        let mut case = cases(&[("a", 1)]).remove(0);
        case.id = CaseId::new("read/x", name);
        write(dir.path(), "4.0.5", &[(&case, observation.clone())], std::slice::from_ref(&case)).unwrap();
        prop_assert_eq!(found(dir.path(), "4.0", &case), Some((observation, "4.0".to_owned())));
    }
}
