//! JSON values as Python literals.

use serde_json::Value;

use crate::case::python_string;

/// A value on one line.
pub(super) fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => python_string(text),
        Value::Array(items) => format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", python_string(key), python(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// A value of which the outer `depth` levels stand on lines of their own.
pub(super) fn lines(value: &Value, depth: usize) -> String {
    let mut text = String::new();
    write(value, depth, 0, &mut text);
    text
}

fn write(value: &Value, depth: usize, indent: usize, text: &mut String) {
    let inner = "    ".repeat(indent + 1);
    let end = "    ".repeat(indent);
    match value {
        Value::Array(items) if depth > 0 && !items.is_empty() => {
            text.push_str("[\n");
            for item in items {
                text.push_str(&inner);
                write(item, depth - 1, indent + 1, text);
                text.push_str(",\n");
            }
            text.push_str(&end);
            text.push(']');
        }
        Value::Object(entries) if depth > 0 && !entries.is_empty() => {
            text.push_str("{\n");
            for (key, item) in entries {
                text.push_str(&inner);
                text.push_str(&python_string(key));
                text.push_str(": ");
                write(item, depth - 1, indent + 1, text);
                text.push_str(",\n");
            }
            text.push_str(&end);
            text.push('}');
        }
        other => text.push_str(&python(other)),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!(null), "None")]
    #[case(json!([true, false, -0.0, 1e300, "é\"\n"]), r#"[True, False, -0.0, 1e+300, "é\"\n"]"#)]
    #[case(json!({"a": {"b": []}}), r#"{"a": {"b": []}}"#)]
    fn values_are_literals(#[case] value: Value, #[case] literal: &str) {
        assert_eq!(python(&value), literal);
    }

    #[test]
    fn outer_levels_stand_on_lines_of_their_own() {
        let value = json!({"a": [[1, 2], [3]], "b": {}});
        assert_eq!(lines(&value, 2), "{\n    \"a\": [\n        [1, 2],\n        [3],\n    ],\n    \"b\": {},\n}");
    }
}
