#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! Case files: what their mistakes look like, and that none stops the loading of others.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

fn problems(text: &str) -> String {
    let suite = load_text(Path::new("cases/read/x.yaml"), "read/x", text);
    suite.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn a_case_has_its_defaults() {
    let text = "feature: rows\ncases:\n  - name: a\n    source: {schema: id int, rows: [[1]]}\n";
    let suite = load_text(Path::new("cases/read/x.yaml"), "read/x", text);
    assert_eq!(suite.diagnostics, []);
    let case = &suite.cases[0];
    assert_eq!(case.id.to_string(), "read/x::a");
    assert_eq!((case.since, case.deadline, case.ordered), (SparkMinor::new(4, 0), None, false));
    assert_eq!(case.query.as_deref(), Some("SELECT * FROM source"));
    assert_eq!((case.location.line, case.location.column), (3, 11));
}

#[test]
fn all_keys_are_read() {
    let text = r#"
feature: rows
about: prose
cases:
  - name: a
    about: more prose
    since: "4.1"
    covers: [READ-ARITY]
    environment: {TZ: America/Los_Angeles}
    modules: {harbour: "x = 1"}
    conf: {spark.sql.session.timeZone: UTC, x.y: true, z: 10}
    python: pass
    register: ["S", "T()"]
    read: {format: s, options: {B: 1, A: null}, schema: id int, path: [a, b]}
    query: null
    ordered: true
    calls: [schema, read]
    count_partitions: true
    deadline: 2.5
"#;
    let suite = load_text(Path::new("x.yaml"), "read/x", text);
    assert_eq!(suite.diagnostics, []);
    insta::assert_debug_snapshot!(suite.cases[0], @r#"
    Case {
        id: CaseId {
            topic: "read/x",
            name: "a",
        },
        feature: "rows",
        feature_about: Some(
            "prose",
        ),
        about: Some(
            "more prose",
        ),
        since: SparkMinor {
            major: 4,
            minor: 1,
        },
        covers: [
            "READ-ARITY",
        ],
        conf: [
            (
                "spark.sql.session.timeZone",
                "UTC",
            ),
            (
                "x.y",
                "true",
            ),
            (
                "z",
                "10",
            ),
        ],
        python: "pass",
        declarative: false,
        register: Some(
            [
                "S",
                "T()",
            ],
        ),
        read: Read {
            format: Some(
                "s",
            ),
            options: [
                (
                    "B",
                    Number(1),
                ),
                (
                    "A",
                    Null,
                ),
            ],
            schema: Some(
                "id int",
            ),
            path: Some(
                Many(
                    [
                        "a",
                        "b",
                    ],
                ),
            ),
        },
        steps: None,
        query: None,
        ordered: true,
        calls: [
            Schema,
            Read,
        ],
        count_partitions: true,
        surroundings: Surroundings {
            environment: {
                "TZ": "America/Los_Angeles",
            },
            modules: {
                "harbour": "x = 1",
            },
        },
        deadline: Some(
            2.5s,
        ),
        location: Location {
            file: "x.yaml",
            line: 5,
            column: 11,
        },
        canonical_source: Null,
    }
    "#);
}

#[test]
fn steps_are_read() {
    let text = r#"
feature: steps
cases:
  - name: a
    python: pass
    steps:
      - load: {view: v, format: s, options: {B: 1}, schema: id int, path: p}
      - sql: SELECT 1
      - register: [S]
      - new_session: true
"#;
    let suite = load_text(Path::new("x.yaml"), "read/x", text);
    assert_eq!(suite.diagnostics, []);
    insta::assert_debug_snapshot!(suite.cases[0].steps, @r#"
    Some(
        [
            Load {
                view: "v",
                read: Read {
                    format: Some(
                        "s",
                    ),
                    options: [
                        (
                            "B",
                            Number(1),
                        ),
                    ],
                    schema: Some(
                        "id int",
                    ),
                    path: Some(
                        One(
                            "p",
                        ),
                    ),
                },
            },
            Sql(
                "SELECT 1",
            ),
            Register(
                [
                    "S",
                ],
            ),
            NewSession,
        ],
    )
    "#);
}

#[test]
fn problems_of_steps_and_filters() {
    insta::assert_snapshot!(problems("\
feature: x
cases:
  - name: a
    python: pass
    read: {format: s}
    query: null
    steps:
      - new_session: false
      - sql: ''
  - name: b
    python: pass
    steps: [{wait: 1}]
  - name: c
    python: pass
    steps: [{sql: SELECT 1, new_session: true}]
  - name: d
    source: {accepts: [Equals], schema: id int}
  - name: e
    source: {accepts: EqualTo, schema: id int}
  - name: f
    source: {accepts: all}
  - name: g
    python: pass
    environment: {PYTHONPATH: x, 'a=b': c}
    modules: {a.b: ''}
"), @r"
    error: the case has both `read` and `steps`
     --> cases/read/x.yaml:5:11
      |
    5 |     read: {format: s}
      |           ^
      |
      = help: make it a step: `- load: {…}`

    error: `query: null` collects what was loaded, and no step loads
     --> cases/read/x.yaml:8:7
      |
    8 |       - new_session: false
      |       ^
      |
      = help: add a `load` step, or ask something

    error: `new_session` is `true`, or the step is left out
     --> cases/read/x.yaml:8:22
      |
    8 |       - new_session: false
      |                      ^^^^^

    error: the statement is empty
     --> cases/read/x.yaml:9:14
      |
    9 |       - sql: ''
      |              ^^

    error: `wait` is not known here
      --> cases/read/x.yaml:12:14
       |
    12 |     steps: [{wait: 1}]
       |              ^^^^
       |
       = help: allowed here: `load`, `sql`, `register`, `new_session`

    error: expected a mapping with exactly one key
      --> cases/read/x.yaml:15:13
       |
    15 |     steps: [{sql: SELECT 1, new_session: true}]
       |             ^

    error: `Equals` is not known here
      --> cases/read/x.yaml:17:24
       |
    17 |     source: {accepts: [Equals], schema: id int}
       |                        ^^^^^^
       |
       = help: did you mean `EqualTo`?

    error: one class is a list too: [EqualTo]
      --> cases/read/x.yaml:19:23
       |
    19 |     source: {accepts: EqualTo, schema: id int}
       |                       ^^^^^^^

    error: `accepts` needs a schema that names the columns
      --> cases/read/x.yaml:21:23
       |
    21 |     source: {accepts: all}
       |                       ^^^
       |
       = help: give the source a schema, or write it under `python:`

    error: `PYTHONPATH` is the runner's own
      --> cases/read/x.yaml:24:31
       |
    24 |     environment: {PYTHONPATH: x, 'a=b': c}
       |                               ^
       |
       = help: modules of the case stand under `modules`

    error: no process can have a variable `a=b` with this value
      --> cases/read/x.yaml:24:41
       |
    24 |     environment: {PYTHONPATH: x, 'a=b': c}
       |                                         ^

    error: `a.b` is not the name of a module
      --> cases/read/x.yaml:25:20
       |
    25 |     modules: {a.b: ''}
       |                    ^^
       |
       = help: a top-level module: a word such as `pyspark_harbour`
    ");
}

#[test]
fn broken_yaml() {
    insta::assert_snapshot!(problems("feature: [x\ncases: []\n"), @r"
    error: this is not YAML: illegal placement of ':' indicator
     --> cases/read/x.yaml:2:6
      |
    2 | cases: []
      |      ^
    ");
}

#[test]
fn unknown_and_missing_keys() {
    insta::assert_snapshot!(problems("feature: x\ncase: []\n"), @r"
    error: unknown key `case`
     --> cases/read/x.yaml:2:1
      |
    2 | case: []
      | ^^^^
      |
      = help: did you mean `cases`?
    ");
    insta::assert_snapshot!(problems("cases: []\n"), @r"
    error: the key `feature` is missing
     --> cases/read/x.yaml:1:1
      |
    1 | cases: []
      | ^
    ");
    insta::assert_snapshot!(problems("feature: x\ncases: []\n"), @r"
    error: the file has no cases
     --> cases/read/x.yaml:1:1
      |
    1 | feature: x
      | ^
    ");
}

#[test]
fn every_problem_of_a_file_is_told() {
    let text = "\
feature: x
cases:
  - name: a
    source: {schema: id int, partition: [[[1]]]}
  - name: b
    source: {schema: 'id int, name string, d decimal(5,2)', rows: [[one, 2, 1.5], [3000000000, a, '1.5'], 7]}
  - name: b
    python: pass
    source: {}
  - name: c
  - name: d
    since: 4.1
    python: pass
  - name: e
    source: {schema: id int, rows: [], partitions: [], batch_rows: 2, raises: {in: schema, type: 'no name', partition: 1}}
  - name: f
    source: {schema: id int, yields: tuple}
  - name: g
    calls: [reed]
    python: pass
  - name: h
    python: pass
    deadline: -1
    covers: [read]
  - name: i
    source: {yields: batches, rows: [[1]]}
  - name: ok
    python: pass
";
    let suite = load_text(Path::new("cases/read/x.yaml"), "read/x", text);
    assert_eq!(suite.cases.iter().map(|case| case.id.name()).collect::<Vec<_>>(), ["ok"]);
    insta::assert_snapshot!(problems(text), @r#"
    error: unknown key `partition`
     --> cases/read/x.yaml:4:30
      |
    4 |     source: {schema: id int, partition: [[[1]]]}
      |                              ^^^^^^^^^
      |
      = help: did you mean `partitions`?

    error: expected a number in the type's range for a column of type int, found the string "one"
     --> cases/read/x.yaml:6:69
      |
    6 |     source: {schema: 'id int, name string, d decimal(5,2)', rows: [[one, 2, 1.5], [3000000000, a, '1.5'], 7]}
      |                                                                     ^^^
      |
      = help: write `{py: '"one"'}` if the value is meant to be wrong

    error: expected a string for a column of type string, found the number 2
     --> cases/read/x.yaml:6:74
      |
    6 |     source: {schema: 'id int, name string, d decimal(5,2)', rows: [[one, 2, 1.5], [3000000000, a, '1.5'], 7]}
      |                                                                          ^
      |
      = help: quote it: "2"; or write `{py: '2'}` if the value is meant to be wrong

    error: expected a string such as "1.50" for a column of type decimal(5,2), found the number 1.5
     --> cases/read/x.yaml:6:77
      |
    6 |     source: {schema: 'id int, name string, d decimal(5,2)', rows: [[one, 2, 1.5], [3000000000, a, '1.5'], 7]}
      |                                                                             ^^^
      |
      = help: quote it: "1.5"; or write `{py: '1.5'}` if the value is meant to be wrong

    error: expected a number in the type's range for a column of type int, found the number 3000000000
     --> cases/read/x.yaml:6:84
      |
    6 |     source: {schema: 'id int, name string, d decimal(5,2)', rows: [[one, 2, 1.5], [3000000000, a, '1.5'], 7]}
      |                                                                                    ^^^^^^^^^^
      |
      = help: write `{py: '3000000000'}` if the value is meant to be wrong

    error: a row is a list of cells, found the number 7
     --> cases/read/x.yaml:6:107
      |
    6 |     source: {schema: 'id int, name string, d decimal(5,2)', rows: [[one, 2, 1.5], [3000000000, a, '1.5'], 7]}
      |                                                                                                           ^
      |
      = help: to yield something else than a row, write `{py: …}`

    error: a case of this name stands in this file already
     --> cases/read/x.yaml:7:11
      |
    7 |   - name: b
      |           ^
      |
      = help: the first stands in line 5; a case's name is its identity

    error: the case has both `source` and `python`
     --> cases/read/x.yaml:8:13
      |
    8 |     python: pass
      |             ^^^^
      |
      = help: keep one of them

    error: the case has neither `source` nor `python`
      --> cases/read/x.yaml:10:11
       |
    10 |   - name: c
       |           ^
       |
       = help: describe the source by `source:`, or write it as a module under `python:`

    error: expected a string, found the number 4.1
      --> cases/read/x.yaml:12:12
       |
    12 |     since: 4.1
       |            ^^^
       |
       = help: quote it: "4.1"

    error: the source has both `rows` and `partitions`
      --> cases/read/x.yaml:15:52
       |
    15 |     source: {schema: id int, rows: [], partitions: [], batch_rows: 2, raises: {in: schema, type: 'no name', partition: 1}}
       |                                                    ^
       |
       = help: keep one of them: `rows` are those of a single default partition

    error: `batch_rows` is for `yields: batches`
      --> cases/read/x.yaml:15:68
       |
    15 |     source: {schema: id int, rows: [], partitions: [], batch_rows: 2, raises: {in: schema, type: 'no name', partition: 1}}
       |                                                                    ^

    error: `no name` is not the name of an exception
      --> cases/read/x.yaml:15:98
       |
    15 |     source: {schema: id int, rows: [], partitions: [], batch_rows: 2, raises: {in: schema, type: 'no name', partition: 1}}
       |                                                                                                  ^^^^^^^^^
       |
       = help: a builtin's name such as `ValueError`, or one with its module, `decimal.InvalidOperation`

    error: `schema` has no rows
      --> cases/read/x.yaml:15:120
       |
    15 |     source: {schema: id int, rows: [], partitions: [], batch_rows: 2, raises: {in: schema, type: 'no name', partition: 1}}
       |                                                                                                                        ^
       |
       = help: `after_rows` and `partition` are for `in: read`

    error: the source has no partition 1
      --> cases/read/x.yaml:15:120
       |
    15 |     source: {schema: id int, rows: [], partitions: [], batch_rows: 2, raises: {in: schema, type: 'no name', partition: 1}}
       |                                                                                                                        ^
       |
       = help: partitions are counted from 0

    error: `tuple` is not known here
      --> cases/read/x.yaml:17:38
       |
    17 |     source: {schema: id int, yields: tuple}
       |                                      ^^^^^
       |
       = help: did you mean `tuples`?

    error: `reed` is not known here
      --> cases/read/x.yaml:19:13
       |
    19 |     calls: [reed]
       |             ^^^^
       |
       = help: did you mean `read`?

    error: a deadline is a positive number of seconds
      --> cases/read/x.yaml:23:15
       |
    23 |     deadline: -1
       |               ^^

    error: `read` is not an id of the behaviour catalogue
      --> cases/read/x.yaml:24:14
       |
    24 |     covers: [read]
       |              ^^^^
       |
       = help: an id of the behaviour catalogue looks like `READ-ARITY`

    error: `yields: batches` needs a schema whose types record batches can carry
      --> cases/read/x.yaml:26:22
       |
    26 |     source: {yields: batches, rows: [[1]]}
       |                      ^^^^^^^
       |
       = help: write the source under `python:`
    "#);
}

#[test]
fn a_broken_file_does_not_stop_the_others() {
    let root = tempfile::TempDir::new().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    let good = b"feature: x\ncases:\n  - {name: a, python: pass}\n";
    write("read/good.yaml", good);
    write("b/deep/good.yaml", good);
    write("read/broken.yaml", b"feature: [");
    write("read/binary.yaml", b"\xff\xfe");
    write("read/ending.yml", good);
    write("read/notes.md", b"# notes");
    write("read/.hidden.yaml", b"[");
    write("loose.yaml", good);
    let suite = load(root.path());
    let ids: Vec<String> = suite.cases.iter().map(|case| case.id.to_string()).collect();
    assert_eq!(ids, ["b/deep/good::a", "read/good::a"]);
    let told: Vec<String> = suite.diagnostics.iter().map(|problem| problem.message.clone()).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    a case file's name ends in `.yaml`
    a case file lies in the folder of its area: cases/<area>/<topic>.yaml
    the file is not UTF-8 text
    this is not YAML: unclosed bracket '['
    ");
    assert_eq!(load(&root.path().join("nowhere")).diagnostics.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn loading_never_panics_on_text(text in "(?s).{0,80}") {
        let _ = problems(&text);
    }

    #[test]
    fn loading_never_panics_on_what_looks_like_a_case(
        parts in prop::collection::vec(prop::sample::select(vec![
            "feature: x\n", "cases:\n", "  - name: a\n", "    source:\n", "      schema: id int, a array<map<string,int>>\n",
            "      rows: [[1, [{a: 1}]], [{py: 'x'}], 5, [null, [[['k', 2]]]]]\n", "      yields: batches\n", "      yields: rows\n",
            "      batch_rows: 0\n", "    python: |\n      pass\n", "    calls: [read, push_filters]\n", "      accepts: [Not]\n", "    steps: [{load: {}}]\n", "      raises: {in: read, type: E, after_rows: 99}\n",
            "    query: ~\n", "    read: {options: {a: [1]}}\n", "\t", "  ", "&a ", "*a ", "!!binary x\n", "{", "]", "'", "\"", "- ", ": ", "\u{0}",
        ]), 0..14)
    ) {
        let _ = problems(&parts.concat());
    }

    #[test]
    fn what_is_loaded_has_a_hash_that_loading_again_keeps(rows in prop::collection::vec(any::<i32>(), 0..4)) {
        let text = format!("feature: x\ncases:\n  - name: a\n    source: {{schema: id int, rows: {:?}}}\n", rows.iter().map(|n| [n]).collect::<Vec<_>>());
        let load = || load_text(Path::new("x.yaml"), "read/x", &text).cases[0].hash();
        prop_assert_eq!(load(), load());
    }
}
