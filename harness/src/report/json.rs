//! The result of a run for programs: JSON lines, a `header`, a `case` for each case and Spark version, a `footer`.
//!
//! It is read back by [`read`]. A file without its footer is of a run that did not end, and is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{CaseResult, FORMAT, Footer, Header, Run};

/// A line.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(title = "A line of a Seatrial result file")]
enum Line {
    /// The first line.
    Header(Header),
    /// One case and Spark version.
    Case(Box<CaseResult>),
    /// The last line.
    Footer(Footer),
}

/// The same, to be written.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum LineRef<'a> {
    Header(&'a Header),
    Case(&'a CaseResult),
    Footer(&'a Footer),
}

/// Why a text is not the result of a run.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A line does not read as one.
    #[error("line {line}: {source}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The first line is no header.
    #[error("it does not begin with a header: this is no result of `seatrial check --format json`")]
    NoHeader,
    /// Another format.
    #[error("its format is {0}, and this program knows {FORMAT}: make it anew with `seatrial check --format json`")]
    OtherFormat(u64),
    /// The run did not end, or its result was not written to the end.
    #[error("the footer is missing: the run was cut off, and what it says is not the whole")]
    NoFooter,
    /// Lines are missing or there are too many.
    #[error("line {0} stands after the footer")]
    AfterFooter(usize),
    /// The counts do not add up.
    #[error("the footer counts other cases than there are: lines are missing or were changed")]
    Counts,
}

/// The run as text.
///
/// # Errors
///
/// Never, but for a mistake of ours.
pub fn render(run: &Run) -> Result<String, serde_json::Error> {
    let header = std::iter::once(LineRef::Header(&run.header));
    let lines = header.chain(run.cases.iter().map(LineRef::Case)).chain(std::iter::once(LineRef::Footer(&run.footer)));
    let mut text = String::new();
    for line in lines {
        text += &serde_json::to_string(&line)?;
        text.push('\n');
    }
    Ok(text)
}

/// Reads what [`render`] wrote.
///
/// # Errors
///
/// What it would not have written.
pub fn read(text: &str) -> Result<Run, ReadError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, first) = lines.next().ok_or(ReadError::NoHeader)?;
    let value: serde_json::Value = serde_json::from_str(first).map_err(|_| ReadError::NoHeader)?;
    match (value["kind"].as_str(), value["format"].as_u64()) {
        (Some("header"), Some(format)) if format == u64::from(FORMAT) => {}
        (Some("header"), Some(format)) => return Err(ReadError::OtherFormat(format)),
        _ => return Err(ReadError::NoHeader),
    }
    let header: Header = serde_json::from_value(value).map_err(|source| ReadError::Line { line: 1, source })?;
    let mut cases = Vec::new();
    let mut footer: Option<Footer> = None;
    for (index, line) in lines {
        if footer.is_some() {
            return Err(ReadError::AfterFooter(index + 1));
        }
        match serde_json::from_str(line).map_err(|source| ReadError::Line { line: index + 1, source })? {
            Line::Case(case) => cases.push(*case),
            Line::Footer(end) => footer = Some(end),
            Line::Header(_) => return Err(ReadError::Counts),
        }
    }
    let footer = footer.ok_or(ReadError::NoFooter)?;
    if header.cases != cases.len() || Footer::of(&cases, footer.exit_code) != footer {
        return Err(ReadError::Counts);
    }
    Ok(Run { header, cases, footer })
}

/// The JSON Schema of a line.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Line).to_value()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
    use rstest::rstest;
    use serde_json::Value;

    use super::*;
    use crate::report::testing;

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let run = testing::run();
        assert_eq!(read(&render(&run).unwrap()).unwrap(), run);
    }

    #[test]
    fn a_result_from_before_hashes_were_written_is_read() {
        let mut run = testing::run();
        for case in &mut run.cases {
            assert!(case.hash.is_some());
            case.hash = None;
        }
        let text = render(&run).unwrap();
        assert!(text.contains("\"hash\":null,"));
        assert_eq!(read(&text.replace("\"hash\":null,", "")).unwrap(), run);
    }

    #[rstest]
    #[case("no footer", |lines: &mut Vec<String>| { lines.pop(); }, "the footer is missing")]
    #[case("a case lost", |lines: &mut Vec<String>| { lines.remove(3); }, "the footer counts other cases")]
    #[case("half a line", |lines: &mut Vec<String>| lines[2].truncate(50), "line 3: EOF")]
    #[case("more after it", |lines: &mut Vec<String>| { let line = lines[1].clone(); lines.push(line); }, "stands after the footer")]
    #[case("no header", |lines: &mut Vec<String>| { lines.remove(0); }, "it does not begin with a header")]
    #[case("another format", |lines: &mut Vec<String>| { lines[0] = lines[0].replace("\"format\":2", "\"format\":3"); }, "its format is 3")]
    fn what_is_not_the_whole_is_refused(
        #[case] _what: &str,
        #[case] damage: fn(&mut Vec<String>),
        #[case] message: &str,
    ) {
        let mut lines: Vec<String> = render(&testing::run()).unwrap().lines().map(str::to_owned).collect();
        damage(&mut lines);
        let error = read(&lines.join("\n")).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }

    /// The lines of a run with every status and difference are as the schema says.
    #[test]
    fn the_schema_describes_what_is_written() {
        let schema = schema();
        for line in render(&testing::run()).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if let Err(problem) = valid(&line, &schema, &schema) {
                panic!("{problem}\n{line}");
            }
        }
        let mut wrong: Value = serde_json::from_str(render(&testing::run()).unwrap().lines().last().unwrap()).unwrap();
        wrong["exact"] = "many".into();
        assert!(valid(&wrong, &schema, &schema).is_err());
    }

    /// As much of JSON Schema as the schema uses.
    fn valid(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
        let Some(object) = schema.as_object() else { return Ok(()) };
        let any = |key: &str| -> Result<(), String> {
            let Some(options) = object.get(key).and_then(Value::as_array) else { return Ok(()) };
            let problems: Vec<String> = options.iter().filter_map(|option| valid(value, option, root).err()).collect();
            if problems.len() == options.len() {
                Err(format!("none of {key}: {}", problems.join("; ")))
            } else {
                Ok(())
            }
        };
        any("oneOf")?;
        any("anyOf")?;
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            valid(value, root.pointer(reference.trim_start_matches('#')).unwrap(), root)?;
        }
        for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            valid(value, part, root)?;
        }
        if object.get("const").is_some_and(|constant| constant != value) {
            return Err(format!("{value} is not {}", object["const"]));
        }
        if object.get("enum").and_then(Value::as_array).is_some_and(|values| !values.contains(value)) {
            return Err(format!("{value} is not one of {}", object["enum"]));
        }
        let is = |kind: &str| match kind {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            _ => value.is_object(),
        };
        let fits = match object.get("type") {
            Some(Value::String(kind)) => is(kind),
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).any(is),
            _ => true,
        };
        if !fits {
            return Err(format!("{value} is not of type {}", object["type"]));
        }
        for name in object.get("required").and_then(Value::as_array).into_iter().flatten() {
            if value.get(name.as_str().unwrap()).is_none() {
                return Err(format!("{name} is missing"));
            }
        }
        for (name, property) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if let Some(value) = value.get(name) {
                valid(value, property, root).map_err(|problem| format!("{name}: {problem}"))?;
            }
        }
        if let (Some(items), Some(values)) = (object.get("items"), value.as_array()) {
            values.iter().try_for_each(|value| valid(value, items, root))?;
        }
        Ok(())
    }
}
