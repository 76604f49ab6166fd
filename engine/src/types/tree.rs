//! A schema as a tree: the way `df.printSchema()` draws it, and what is within.

use super::{DataType, StructType};

impl StructType {
    /// Spark's `treeString`.
    pub fn tree_string(&self) -> String {
        self.tree_string_to(usize::MAX)
    }

    /// Spark's `treeString(level)`: only the first levels, at least one.
    pub fn tree_string_to(&self, levels: usize) -> String {
        let mut text = "root\n".to_owned();
        self.draw(" |", levels, &mut text);
        text
    }

    fn draw(&self, prefix: &str, levels: usize, out: &mut String) {
        for field in &self.fields {
            let name = type_name(&field.data_type);
            out.push_str(&format!("{prefix}-- {}: {name} (nullable = {})\n", field.name, field.nullable));
            field.data_type.draw(&format!("{prefix}    |"), levels.saturating_sub(1), out);
        }
    }
}

impl DataType {
    /// Whether it is a map or has one within: maps have no order, and are not grouped by.
    pub fn has_map(&self) -> bool {
        match self {
            Self::Map { .. } => true,
            Self::Array { element, .. } => element.has_map(),
            Self::Struct(schema) => schema.fields.iter().any(|field| field.data_type.has_map()),
            _ => false,
        }
    }

    /// Draws what is in a type, so many levels of it.
    fn draw(&self, prefix: &str, levels: usize, out: &mut String) {
        if levels == 0 {
            return;
        }
        match self {
            Self::Struct(schema) => schema.draw(prefix, levels, out),
            Self::Array { element, contains_null } => {
                out.push_str(&format!("{prefix}-- element: {} (containsNull = {contains_null})\n", type_name(element)));
                element.draw(&format!("{prefix}    |"), levels - 1, out);
            }
            Self::Map { key, value, value_contains_null } => {
                out.push_str(&format!("{prefix}-- key: {}\n", type_name(key)));
                key.draw(&format!("{prefix}    |"), levels - 1, out);
                let name = type_name(value);
                out.push_str(&format!("{prefix}-- value: {name} (valueContainsNull = {value_contains_null})\n"));
                value.draw(&format!("{prefix}    |"), levels - 1, out);
            }
            _ => {}
        }
    }
}

/// The name that a type has in a tree.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Byte => "byte".to_owned(),
        DataType::Short => "short".to_owned(),
        DataType::Integer => "integer".to_owned(),
        DataType::Long => "long".to_owned(),
        DataType::Array { .. } => "array".to_owned(),
        DataType::Map { .. } => "map".to_owned(),
        DataType::Struct(_) => "struct".to_owned(),
        other => other.simple_string(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use crate::types::StructType;

    #[test]
    fn a_tree_shows_what_is_nested() {
        let schema =
            StructType::from_ddl("id int not null, a array<struct<b: bigint>>, m map<string, decimal(5,2)>").unwrap();
        insta::assert_snapshot!(schema.tree_string(), @r"
        root
         |-- id: integer (nullable = false)
         |-- a: array (nullable = true)
         |    |-- element: struct (containsNull = true)
         |    |    |-- b: long (nullable = true)
         |-- m: map (nullable = true)
         |    |-- key: string
         |    |-- value: decimal(5,2) (valueContainsNull = true)
        ");
    }

    #[test]
    fn a_tree_may_be_cut() {
        let schema = StructType::from_ddl("a array<struct<b: array<int>>>").unwrap();
        insta::assert_snapshot!(schema.tree_string_to(2), @r"
        root
         |-- a: array (nullable = true)
         |    |-- element: struct (containsNull = true)
        ");
    }
}
