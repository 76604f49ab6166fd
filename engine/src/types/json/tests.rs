//! What Spark 4.2.1 answered for JSON texts.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use serde_json::Value;

use crate::types::{DataType, StructType, testing};

/// One text a line with the answer of `DataType.fromJson`.
const RECORDED: &str = include_str!("recorded.jsonl");

/// Parts of texts where we knowingly differ: integers beyond 64 bits (Spark wraps them), arrays of mixed or nested values in
/// metadata (Spark fails in the JVM), keys given twice, UDT classes that the JVM does not have.
const DIFFERENT: [&str; 7] =
    ["\"huge\"", "\"mix\"", "\"aa\"", "\"an\"", "\"type\":\"struct\",\"type\"", "\"name\":\"b\"", "no.such.Clazz"];

#[test]
fn answers_as_spark_does() {
    let mut wrong = Vec::new();
    for line in RECORDED.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = record["input"].as_str().unwrap();
        if DIFFERENT.iter().any(|part| text.contains(part)) {
            continue;
        }
        if let Err(difference) = testing::compare(&DataType::from_json_text(text), &record["type"]) {
            wrong.push(format!("{text}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn keys_stand_in_the_order_of_spark() {
    let schema =
        StructType::from_ddl("a array<int> not null comment 'x', b map<string, string collate unicode>").unwrap();
    let expected = concat!(
        r#"{"type":"struct","fields":[{"name":"a","type":{"type":"array","elementType":"integer","containsNull":true},"#,
        r#""nullable":false,"metadata":{"comment":"x"}},{"name":"b","type":{"type":"map","keyType":"string","#,
        r#""valueType":"string","valueContainsNull":true},"nullable":true,"#,
        r#""metadata":{"__COLLATIONS":{"b.value":"icu.UNICODE"}}}]}"#
    );
    assert_eq!(schema.to_json().to_string(), expected);
}

#[test]
fn a_source_schema_must_be_a_struct() {
    let error = StructType::from_json("\"integer\"").unwrap_err();
    assert_eq!(error.condition.as_deref(), Some("INVALID_SCHEMA.NON_STRUCT_TYPE"));
    assert_eq!(error.parameters["inputSchema"], "\"integer\"");
}

proptest! {
    #[test]
    fn json_round_trips(schema in testing::schemas()) {
        prop_assert_eq!(StructType::from_json(&schema.to_json().to_string()).unwrap(), schema);
    }

    #[test]
    fn no_text_panics(text in "[\\[\\]{}\",:a-z0-9 ]*") {
        let _ = DataType::from_json_text(&text);
    }
}
