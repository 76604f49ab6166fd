//! Values as a reader of a difference needs them: short, and unmistakable about their type.

use crate::observation::Value;

/// The longest text of one value that is shown whole.
const LONGEST: usize = 200;

/// A value as text: numbers as they are, text quoted, other types by the name that SQL gives them.
pub fn show(value: &Value) -> String {
    let text = match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Byte(value) => value.to_string(),
        Value::Short(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Long(value) => value.to_string(),
        Value::DayTimeInterval(value) => format!("INTERVAL {value} µs"),
        Value::Float(bits) => format!("{:?}", f32::from_bits(*bits)),
        Value::Double(bits) => format!("{:?}", f64::from_bits(*bits)),
        Value::Decimal { unscaled, scale } => decimal(unscaled, usize::from(*scale)),
        Value::String(text) => quoted(text),
        Value::Binary(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("X'{digits}'")
        }
        Value::Date(text) => format!("DATE '{text}'"),
        Value::Timestamp(text) => format!("TIMESTAMP '{text}'"),
        Value::TimestampNtz(text) => format!("TIMESTAMP_NTZ '{text}'"),
        Value::Time(text) => format!("TIME '{text}'"),
        Value::Array(items) => format!("[{}]", list(items)),
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", show(key), show(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Struct(fields) => format!("({})", list(fields)),
        Value::Variant(json) => format!("VARIANT {}", quoted(json)),
    };
    shorten(&text, LONGEST)
}

/// A row as text: `(1, "a", NULL)`.
pub fn show_row(row: &[Value]) -> String {
    format!("({})", list(row))
}

/// Both values as text, with their types where the texts alone would be the same.
pub fn show_pair(reference: &Value, candidate: &Value) -> (String, String) {
    let (left, right) = (show(reference), show(candidate));
    if left != right {
        return (left, right);
    }
    (format!("{left} ({})", type_name(reference)), format!("{right} ({})", type_name(candidate)))
}

fn list(values: &[Value]) -> String {
    values.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// The name of a value's type.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "void",
        Value::Boolean(_) => "boolean",
        Value::Byte(_) => "tinyint",
        Value::Short(_) => "smallint",
        Value::Integer(_) => "int",
        Value::Long(_) => "bigint",
        Value::Float(_) => "float",
        Value::Double(_) => "double",
        Value::Decimal { .. } => "decimal",
        Value::String(_) => "string",
        Value::Binary(_) => "binary",
        Value::Date(_) => "date",
        Value::Timestamp(_) => "timestamp",
        Value::TimestampNtz(_) => "timestamp_ntz",
        Value::Time(_) => "time",
        Value::DayTimeInterval(_) => "interval day to second",
        Value::Array(_) => "array",
        Value::Map(_) => "map",
        Value::Struct(_) => "struct",
        Value::Variant(_) => "variant",
    }
}

/// Text in quotes; control characters and characters that show as nothing are escaped, others are as they are.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            _ if is_invisible(character) => quoted.extend(character.escape_default()),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Escapes what a terminal would obey or not show, but for line ends.
pub fn visible(line: &str) -> String {
    let mut shown = String::new();
    for character in line.chars() {
        if is_invisible(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn decimal(unscaled: &str, scale: usize) -> String {
    if scale == 0 {
        return unscaled.to_owned();
    }
    let (sign, digits) = unscaled.strip_prefix('-').map_or(("", unscaled), |digits| ("-", digits));
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// The beginning of a text that is too long, and how much is missing.
pub fn shorten(text: &str, longest: usize) -> String {
    let length = text.chars().count();
    if length <= longest {
        return text.to_owned();
    }
    let shown: String = text.chars().take(longest).collect();
    format!("{shown}… ({} more characters)", length - longest)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Value::Null, "NULL")]
    #[case(Value::Long(1), "1")]
    #[case(Value::Double(1.0_f64.to_bits()), "1.0")]
    #[case(Value::Double((-0.0_f64).to_bits()), "-0.0")]
    #[case(Value::Float(f32::NAN.to_bits()), "NaN")]
    #[case(Value::Decimal { unscaled: "150".into(), scale: 2 }, "1.50")]
    #[case(Value::Decimal { unscaled: "-5".into(), scale: 3 }, "-0.005")]
    #[case(Value::Decimal { unscaled: "7".into(), scale: 0 }, "7")]
    #[case(Value::String("a\"b\n\u{200b}ü".into()), r#""a\"b\n\u{200b}ü""#)]
    #[case(Value::Binary(vec![0, 255]), "X'00ff'")]
    #[case(Value::Date("2024-02-29".into()), "DATE '2024-02-29'")]
    #[case(Value::Array(vec![Value::Integer(1), Value::Null]), "[1, NULL]")]
    #[case(Value::Map(vec![(Value::String("k".into()), Value::Struct(vec![Value::Boolean(true)]))]), r#"{"k": (true)}"#)]
    fn a_value_is_shown_as_what_it_is(#[case] value: Value, #[case] text: &str) {
        assert_eq!(show(&value), text);
    }

    #[test]
    fn values_that_look_the_same_are_told_apart_by_their_types() {
        let (left, right) = show_pair(&Value::Integer(1), &Value::Long(1));
        assert_eq!((left.as_str(), right.as_str()), ("1 (int)", "1 (bigint)"));
    }

    #[test]
    fn a_long_value_is_cut() {
        let text = show(&Value::String("x".repeat(1000)));
        assert!(text.ends_with("… (802 more characters)"), "{text}");
    }
}
