//! A case as a runner gets it, and the hash of what changes its behaviour.

use serde_json::{Map, Value, json};

use super::{Case, CaseHash, Read, ReadPath, Step};

/// Raised when the generated Python means something else than before, so that goldens count as stale.
const GENERATOR_FORMAT: u32 = 1;

impl Case {
    /// The case as a runner gets it (CASE of the runner protocol).
    pub fn wire(&self) -> Value {
        let conf: Map<String, Value> = self.conf.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        let mut wire = json!({
            "python": self.python,
            "register": self.register,
            "conf": conf,
            "read": self.read.wire(),
            "query": self.query,
            "calls": self.calls.iter().map(|callback| callback.name()).collect::<Vec<_>>(),
            "count_partitions": self.count_partitions,
        });
        self.add_steps(&mut wire);
        wire
    }

    /// Left out where there are none, so that the hashes of such cases are what they were before there were steps.
    fn add_steps(&self, value: &mut Value) {
        if let Some(steps) = &self.steps {
            value["steps"] = steps.iter().map(Step::wire).collect();
        }
    }

    /// A hash of what changes the case's behaviour: not its name, prose, `covers`, `since`, `ordered` or deadline.
    pub fn hash(&self) -> CaseHash {
        let mut calls: Vec<&str> = self.calls.iter().map(|callback| callback.name()).collect();
        calls.sort_unstable();
        let mut value = json!({
            "format": GENERATOR_FORMAT,
            "source": self.canonical_source,
            "python": (!self.declarative).then_some(&self.python),
            "register": self.register,
            "conf": self.conf.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<Map<_, _>>(),
            "read": self.read.wire(),
            "query": self.query,
            "calls": calls,
            "count_partitions": self.count_partitions,
        });
        self.add_steps(&mut value);
        self.surroundings.add_to(&mut value);
        CaseHash::of(canonical(&value).to_string().as_bytes())
    }
}

impl Read {
    fn wire(&self) -> Value {
        let path = match &self.path {
            None => Value::Null,
            Some(ReadPath::One(path)) => json!(path),
            Some(ReadPath::Many(paths)) => json!(paths),
        };
        json!({
            "format": self.format,
            "options": self.options,
            "schema": self.schema,
            "path": path,
        })
    }
}

impl Step {
    fn wire(&self) -> Value {
        match self {
            Self::Load { view, read } => json!({ "load": { "view": view, "read": read.wire() } }),
            Self::Sql(text) => json!({ "sql": text }),
            Self::Register(expressions) => json!({ "register": expressions }),
            Self::NewSession => json!({ "new_session": {} }),
        }
    }
}

/// The same value with the keys of every object sorted.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let mut sorted: Vec<(&String, &Value)> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            Value::Object(sorted.into_iter().map(|(key, value)| (key.clone(), canonical(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use std::path::Path;

    use rstest::rstest;

    use super::super::load_text;

    fn hash_of(case: &str) -> String {
        let text = format!("feature: f\ncases:\n  - {}\n", case.replace('\n', "\n    "));
        let suite = load_text(Path::new("x.yaml"), "read/x", &text);
        assert_eq!(suite.diagnostics, []);
        suite.cases[0].hash().to_string()
    }

    const CASE: &str = "name: a\nsource: {schema: id int, rows: [[1]]}";

    #[rstest]
    #[case("name: b\nabout: prose\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\nordered: true\ndeadline: 3\nsince: '4.2'\ncovers: [X]\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\nsource:\n  rows:\n  - - 1\n  schema: 'id int'")]
    #[case("name: a\nquery: SELECT * FROM source\nsource: {schema: id int, rows: [[1]]}")]
    fn what_does_not_change_the_behaviour_keeps_the_hash(#[case] case: &str) {
        assert_eq!(hash_of(case), hash_of(CASE));
    }

    #[rstest]
    #[case("name: a\nsource: {schema: id int, rows: [[2]]}")]
    #[case("name: a\nsource: {schema: id int, rows: [[{py: '1'}]]}")]
    #[case("name: a\nquery: null\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\nread: {options: {a: 1}}\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\nread: {options: {a: '1'}}\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\nconf: {x: y}\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\ncalls: [read]\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\ncount_partitions: true\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\nenvironment: {TZ: UTC}\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\nmodules: {m: ''}\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\nsteps: []\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\nsource: {schema: id int, rows: [[1]], accepts: []}")]
    #[case("name: a\nregister: [Source]\nsource: {schema: id int, rows: [[1]]}")]
    #[case("name: a\npython: pass")]
    fn what_changes_the_behaviour_changes_the_hash(#[case] case: &str) {
        assert_ne!(hash_of(case), hash_of(CASE));
    }

    #[test]
    fn a_case_without_steps_has_the_hash_that_it_had_before_there_were_steps() {
        assert_eq!(hash_of(CASE), "bf3c200b1ae07ed8");
    }

    #[test]
    fn steps_have_a_wire_form() {
        let text = "feature: f\ncases:\n  - name: a\n    python: pass\n    steps:\n      - load: {format: f, options: {Z: 1}}\n      - load: {view: v, path: p}\n      - sql: SELECT 1\n      - register: [A]\n      - new_session: true\n";
        let suite = load_text(Path::new("x.yaml"), "read/x", text);
        let expected = r#"[{"load":{"view":"source","read":{"format":"f","options":[["Z",1]],"schema":null,"path":null}}},{"load":{"view":"v","read":{"format":null,"options":[],"schema":null,"path":"p"}}},{"sql":"SELECT 1"},{"register":["A"]},{"new_session":{}}]"#;
        assert_eq!(suite.cases.first().unwrap().wire()["steps"].to_string(), expected);
    }

    #[test]
    fn the_wire_form_is_the_protocols() {
        let text = "feature: f\ncases:\n  - name: a\n    python: pass\n    conf: {a.b: true}\n    read: {options: {Z: 1, A: null}, path: [p]}\n    query: null\n    calls: [read]\n";
        let suite = load_text(Path::new("x.yaml"), "read/x", text);
        let expected = r#"{"python":"pass","register":null,"conf":{"a.b":"true"},"read":{"format":null,"options":[["Z",1],["A",null]],"schema":null,"path":["p"]},"query":null,"calls":["read"],"count_partitions":false}"#;
        assert_eq!(suite.cases.first().unwrap().wire().to_string(), expected);
    }
}
