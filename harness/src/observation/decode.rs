//! Observations as JSON: what runners send, and what goldens and divergences store.

use std::collections::BTreeMap;

use seatrial_engine::types::{DataType, StructType};
use serde_json::{Map, Value as Json, json};

use super::reduction::{reduce, scrub};
use super::{Call, DecodeError, ErrorObservation, JvmError, Observation, PythonError, Value};

/// A mistake at a path.
fn wrong(path: impl Into<String>, problem: impl Into<String>) -> DecodeError {
    DecodeError { path: path.into(), problem: problem.into() }
}

impl Observation {
    /// Decodes and normalises what a runner sent (OBS of the runner protocol).
    ///
    /// # Errors
    ///
    /// What does not follow the protocol: the runner failed, and conformance was not judged.
    pub fn from_json(json: &Json) -> Result<Self, DecodeError> {
        let mut observation = Self::from_stored_json(json)?;
        if let Some(error) = &mut observation.error {
            error.normalise();
        }
        for call in &mut observation.calls {
            call.details.values_mut().for_each(scrub_json);
        }
        Ok(observation)
    }

    /// Decodes what [`Observation::to_json`] wrote: it is normalised already, and once more would change it.
    ///
    /// # Errors
    ///
    /// What `to_json` would not have written.
    pub fn from_stored_json(json: &Json) -> Result<Self, DecodeError> {
        let fields = Fields::new(json, "observation", &["schema", "rows", "error", "calls", "partitions"])?;
        let schema = match fields.get("schema") {
            None => None,
            Some(json) => Some(schema(json)?),
        };
        let rows = match (fields.get("rows"), &schema) {
            (None, _) => None,
            (Some(_), None) => return Err(wrong("rows", "there are rows but no schema")),
            (Some(rows), Some(schema)) => Some(decode_rows(rows, schema)?),
        };
        let error = fields.get("error").map(decode_error).transpose()?;
        let calls = match fields.get("calls") {
            None => Vec::new(),
            Some(Json::Array(calls)) => {
                calls.iter().enumerate().map(|(i, call)| decode_call(i, call)).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(wrong("calls", "is not a list")),
        };
        let partitions = match fields.get("partitions") {
            None => None,
            Some(count) => Some(count.as_u64().ok_or_else(|| wrong("partitions", "is not a number"))?),
        };
        Ok(Self { schema, rows, error, calls, partitions })
    }

    /// The observation in the form that [`Observation::from_stored_json`] reads.
    pub fn to_json(&self) -> Json {
        let row = |row: &Vec<Value>| Json::Array(row.iter().map(Value::to_json).collect());
        json!({
            "schema": self.schema.as_ref().map(StructType::to_json),
            "rows": self.rows.as_ref().map(|rows| rows.iter().map(row).collect::<Vec<_>>()),
            "error": self.error.as_ref().map(ErrorObservation::to_json),
            "calls": self.calls.iter().map(Call::to_json).collect::<Vec<_>>(),
            "partitions": self.partitions,
        })
    }
}

impl ErrorObservation {
    fn normalise(&mut self) {
        let (message, python) = reduce(&self.message);
        self.message = message;
        self.python = python;
        for value in self.parameters.values_mut() {
            *value = reduce(value).0;
        }
        if let Some(jvm) = &mut self.jvm {
            jvm.root = reduce(&jvm.root).0;
        }
    }

    fn to_json(&self) -> Json {
        let mut json = json!({
            "phase": self.phase,
            "exception": self.exception,
            "condition": self.condition,
            "sqlstate": self.sqlstate,
            "parameters": self.parameters,
            "message": self.message,
            "jvm": self.jvm.as_ref().map(|jvm| json!({"class": jvm.class, "root": jvm.root})),
        });
        if let (Some(python), Some(fields)) = (&self.python, json.as_object_mut()) {
            fields.insert("python".to_owned(), json!({"type": python.kind, "message": python.message}));
        }
        json
    }
}

impl Call {
    fn to_json(&self) -> Json {
        let mut fields = Map::from_iter([("call".to_owned(), json!(self.call))]);
        fields.extend(self.details.iter().map(|(key, value)| (key.clone(), value.clone())));
        Json::Object(fields)
    }
}

/// The fields of an object whose keys are all known; null counts as absent.
struct Fields<'j> {
    path: String,
    object: &'j Map<String, Json>,
}

impl<'j> Fields<'j> {
    fn new(json: &'j Json, path: &str, known: &[&str]) -> Result<Self, DecodeError> {
        let object = json.as_object().ok_or_else(|| wrong(path, "is not an object"))?;
        match object.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(wrong(path, format!("has the unknown key {key:?}"))),
            None => Ok(Self { path: path.to_owned(), object }),
        }
    }

    fn get(&self, key: &str) -> Option<&'j Json> {
        self.object.get(key).filter(|json| !json.is_null())
    }

    fn optional_text(&self, key: &str) -> Result<Option<String>, DecodeError> {
        match self.get(key) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(wrong(format!("{}.{key}", self.path), "is not a string")),
        }
    }

    fn text(&self, key: &str) -> Result<String, DecodeError> {
        self.optional_text(key)?.ok_or_else(|| wrong(format!("{}.{key}", self.path), "is missing"))
    }
}

fn schema(json: &Json) -> Result<StructType, DecodeError> {
    match DataType::from_json(json) {
        Ok(DataType::Struct(schema)) => Ok(schema),
        Ok(_) => Err(wrong("schema", "is not a struct")),
        Err(error) => Err(wrong("schema", error.message)),
    }
}

fn decode_rows(rows: &Json, schema: &StructType) -> Result<Vec<Vec<Value>>, DecodeError> {
    let rows = rows.as_array().ok_or_else(|| wrong("rows", "is not a list"))?;
    let mut decoded = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let cells = row.as_array().ok_or_else(|| wrong(format!("rows[{i}]"), "is not a list"))?;
        if cells.len() != schema.fields.len() {
            let problem = format!("has {} values for {} columns", cells.len(), schema.fields.len());
            return Err(wrong(format!("rows[{i}]"), problem));
        }
        let mut values = Vec::with_capacity(cells.len());
        for (j, (cell, field)) in cells.iter().zip(&schema.fields).enumerate() {
            let value = Value::decode(cell, &field.data_type);
            values.push(value.map_err(|error| wrong(format!("rows[{i}][{j}]{}", error.path), error.problem))?);
        }
        decoded.push(values);
    }
    Ok(decoded)
}

fn decode_error(json: &Json) -> Result<ErrorObservation, DecodeError> {
    let known = ["phase", "exception", "condition", "sqlstate", "parameters", "message", "jvm", "python"];
    let fields = Fields::new(json, "error", &known)?;
    let mut parameters = BTreeMap::new();
    match fields.get("parameters") {
        None => {}
        Some(Json::Object(entries)) => {
            for (key, value) in entries {
                let text = value.as_str().ok_or_else(|| wrong(format!("error.parameters.{key}"), "is not a string"))?;
                parameters.insert(key.clone(), text.to_owned());
            }
        }
        Some(_) => return Err(wrong("error.parameters", "is not an object")),
    }
    let jvm = match fields.get("jvm") {
        None => None,
        Some(jvm) => {
            let jvm = Fields::new(jvm, "error.jvm", &["class", "root"])?;
            Some(JvmError { class: jvm.text("class")?, root: jvm.text("root")? })
        }
    };
    let python = match fields.get("python") {
        None => None,
        Some(python) => {
            let python = Fields::new(python, "error.python", &["type", "message"])?;
            Some(PythonError { kind: python.text("type")?, message: python.text("message")? })
        }
    };
    Ok(ErrorObservation {
        phase: fields.text("phase")?,
        exception: fields.text("exception")?,
        condition: fields.optional_text("condition")?,
        sqlstate: fields.optional_text("sqlstate")?,
        parameters,
        message: fields.text("message")?,
        python,
        jvm,
    })
}

fn decode_call(index: usize, json: &Json) -> Result<Call, DecodeError> {
    let path = format!("calls[{index}]");
    let object = json.as_object().ok_or_else(|| wrong(path.as_str(), "is not an object"))?;
    let Some(Json::String(call)) = object.get("call") else {
        return Err(wrong(format!("{path}.call"), "is not a string"));
    };
    let details = object.iter().filter(|(key, _)| *key != "call");
    let details = details.map(|(key, value)| (key.clone(), sorted(value))).collect();
    Ok(Call { call: call.clone(), details })
}

/// Details are compared and stored with the keys of their objects in order.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(entries) => {
            let ordered: BTreeMap<&String, Json> = entries.iter().map(|(key, value)| (key, sorted(value))).collect();
            Json::Object(ordered.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

fn scrub_json(json: &mut Json) {
    match json {
        Json::String(text) => *text = scrub(text),
        Json::Array(items) => items.iter_mut().for_each(scrub_json),
        Json::Object(entries) => entries.values_mut().for_each(scrub_json),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use rstest::rstest;

    fn full() -> Json {
        json!({
            "schema": {"type": "struct", "fields": [
                {"name": "id", "type": "integer", "nullable": false, "metadata": {"comment": "x"}},
                {"name": "d", "type": "decimal(10,2)", "nullable": true, "metadata": {}}]},
            "rows": [[1, "1.50"], [2, null]],
            "error": {"phase": "load", "exception": "AnalysisException", "condition": "PYTHON_DATA_SOURCE_ERROR",
                "sqlstate": "38000",
                "parameters": {"action": "create", "msg": "Traceback (most recent call last):\n  File \"x\", line 1\nValueError: boom\n"},
                "message": "[P] Failed: Traceback (most recent call last):\n  File \"x\", line 1\nValueError: boom\n SQLSTATE: 38000",
                "jvm": null},
            "calls": [{"call": "read", "z": 1, "a": {"d": "at 0x7f00aabb", "c": 1}}],
            "partitions": 2
        })
    }

    #[test]
    fn what_a_runner_sends_is_normalised_once() {
        let observation = Observation::from_json(&full()).unwrap();
        let error = observation.error.as_ref().unwrap();
        assert_eq!(error.message, "[P] Failed: ValueError: boom\n SQLSTATE: 38000");
        assert_eq!(error.parameters["msg"], "ValueError: boom");
        assert_eq!(error.python.as_ref().unwrap().message, "boom");
        assert_eq!(observation.calls[0].details["a"].to_string(), r#"{"c":1,"d":"at 0x…"}"#);
        assert_eq!(Observation::from_stored_json(&observation.to_json()).unwrap(), observation);
    }

    #[rstest]
    #[case(json!([]), "observation: is not an object")]
    #[case(json!({"rows": []}), "rows: there are rows but no schema")]
    #[case(json!({"row": []}), "observation: has the unknown key \"row\"")]
    #[case(json!({"schema": {"type": "struct", "fields": []}, "rows": [[1]]}), "rows[0]: has 1 values for 0 columns")]
    #[case(json!({"schema": 1}), "schema: ")]
    #[case(json!({"schema": "integer"}), "schema: is not a struct")]
    #[case(json!({"error": {"phase": "load", "exception": "E"}}), "error.message: is missing")]
    #[case(json!({"error": {"phase": 1}}), "error.phase: is not a string")]
    #[case(json!({"calls": [{}]}), "calls[0].call: is not a string")]
    #[case(json!({"partitions": -1}), "partitions: is not a number")]
    fn what_breaks_the_protocol_is_refused(#[case] json: Json, #[case] expected: &str) {
        let error = Observation::from_json(&json).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn a_value_of_another_type_says_where_it_is() {
        let mut json = full();
        json["rows"][1][1] = json!("1.5");
        let error = Observation::from_json(&json).unwrap_err().to_string();
        assert_eq!(error, "rows[1][1]: \"1.5\" is not a canonical value of type decimal(10,2)");
    }
}
