//! Schemas, field by field.

use seatrial_engine::types::{DataType, StructField, StructType};

use super::{SchemaDifference, SchemaDifferenceKind as Kind};

pub(super) fn compare(
    reference: Option<&StructType>,
    candidate: Option<&StructType>,
) -> impl Iterator<Item = SchemaDifference> {
    let mut differences = Vec::new();
    match (reference, candidate) {
        (Some(reference), Some(candidate)) => fields("", reference, candidate, &mut differences),
        (None, None) => {}
        _ => {
            let text = |schema: &StructType| DataType::Struct(schema.clone()).simple_string();
            differences.push(difference("", Kind::Presence, reference.map(text), candidate.map(text)));
        }
    }
    differences.into_iter()
}

fn difference(path: &str, kind: Kind, reference: Option<String>, candidate: Option<String>) -> SchemaDifference {
    SchemaDifference { path: path.to_owned(), kind, reference, candidate }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Fields belong together by position: names may repeat.
fn fields(path: &str, reference: &StructType, candidate: &StructType, out: &mut Vec<SchemaDifference>) {
    let common = reference.fields.len().min(candidate.fields.len());
    for (left, right) in reference.fields.iter().zip(&candidate.fields) {
        let path = below(path, &left.name);
        if left.name != right.name {
            out.push(difference(&path, Kind::Name, Some(left.name.clone()), Some(right.name.clone())));
        }
        data_types(&path, &left.data_type, &right.data_type, out);
        nullability(&path, left.nullable, right.nullable, out);
        if left.metadata != right.metadata {
            let text = |field: &StructField| Some(serde_json::Value::Object(field.metadata.clone()).to_string());
            out.push(difference(&path, Kind::Metadata, text(left), text(right)));
        }
    }
    let text = |field: &StructField| Some(format!("{} {}", field.name, field.data_type.simple_string()));
    for field in &reference.fields[common..] {
        out.push(difference(&below(path, &field.name), Kind::Field, text(field), None));
    }
    for field in &candidate.fields[common..] {
        out.push(difference(&below(path, &field.name), Kind::Field, None, text(field)));
    }
}

fn nullability(path: &str, reference: bool, candidate: bool, out: &mut Vec<SchemaDifference>) {
    if reference != candidate {
        let text = |nullable: bool| Some(if nullable { "nullable" } else { "not null" }.to_owned());
        out.push(difference(path, Kind::Nullability, text(reference), text(candidate)));
    }
}

fn data_types(path: &str, reference: &DataType, candidate: &DataType, out: &mut Vec<SchemaDifference>) {
    match (reference, candidate) {
        (
            DataType::Array { element: left, contains_null: left_null },
            DataType::Array { element: right, contains_null: right_null },
        ) => {
            let path = below(path, "element");
            data_types(&path, left, right, out);
            nullability(&path, *left_null, *right_null, out);
        }
        (
            DataType::Map { key: left_key, value: left, value_contains_null: left_null },
            DataType::Map { key: right_key, value: right, value_contains_null: right_null },
        ) => {
            data_types(&below(path, "key"), left_key, right_key, out);
            let path = below(path, "value");
            data_types(&path, left, right, out);
            nullability(&path, *left_null, *right_null, out);
        }
        (DataType::Struct(left), DataType::Struct(right)) => fields(path, left, right, out),
        (left, right) if left != right => {
            let (mut left_text, mut right_text) = (left.simple_string(), right.simple_string());
            if left_text == right_text {
                // User-defined types of one storage type: their JSON tells them apart.
                (left_text, right_text) = (left.to_json().to_string(), right.to_json().to_string());
            }
            out.push(difference(path, Kind::Type, Some(left_text), Some(right_text)));
        }
        _ => {}
    }
}
