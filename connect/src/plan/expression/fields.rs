//! `Column.withField` and `Column.dropFields`: a struct whose fields are others.
//!
//! The fields are kept apart while a chain of such calls is read, so that its expression grows with the fields and not with the
//! calls.

use datafusion::sql::sqlparser::ast::Expr;
use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::{CANNOT_DROP_ALL_FIELDS, UNEXPECTED_INPUT_TYPE};
use seatrial_engine::types::{DataType, StructField, StructType};
use spark_connect_proto::Expression;
use spark_connect_proto::expression::UpdateFields;

use super::super::attribute::{dot, field_of, name_parts, same};
use super::super::syntax::{call, case, null, text};
use super::super::unsupported;
use super::{ExprType, Translator, kind};
use crate::types::malformed;

/// A struct in parts.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    /// The struct as it was, which tells whether it is null.
    whole: Expr,
    is_nullable: bool,
    /// Each field's name and type, and what computes it.
    fields: Vec<(StructField, Expr)>,
    /// How Spark names what it was made of.
    base_name: String,
    /// How Spark names what was done to it.
    operations: Vec<String>,
}

impl Translator<'_> {
    /// The struct that an update makes.
    ///
    /// # Errors
    /// What is no struct, a field within one that it does not have, and a struct without fields.
    pub(super) fn updated(&mut self, update: &UpdateFields) -> Result<Parts, SparkError> {
        let base = update.struct_expression.as_deref().ok_or_else(|| malformed("an update of no struct"))?;
        let mut parts = match kind(base)? {
            ExprType::UpdateFields(inner) => self.updated(inner)?,
            _ => self.parts(base)?,
        };
        let path = name_parts(&update.field_name).filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| malformed("a field without a name"))?;
        let value = match update.value_expression.as_deref() {
            Some(value) => Some((self.expression(value)?, self.type_of(value).unwrap_or(DataType::Null))),
            None => None,
        };
        let shown = match &value {
            Some((value, _)) => format!("WithField({})", self.name_of(value)),
            None => "dropfield()".to_owned(),
        };
        parts.change(&path, value, shown)?;
        Ok(parts)
    }

    fn parts(&mut self, expression: &Expression) -> Result<Parts, SparkError> {
        let whole = self.expression(expression)?;
        let base_name = self.name_of(&whole);
        let data_type = self.type_of(expression).unwrap_or(DataType::Null);
        let is_nullable = match kind(expression)? {
            ExprType::UnresolvedAttribute(attribute) => {
                let resolved = self.scope.resolve(&attribute.unparsed_identifier, attribute.plan_id)?;
                resolved.attribute.is_none_or(|attribute| attribute.field.nullable)
            }
            _ => true,
        };
        Parts::of(whole, is_nullable, data_type, base_name)
    }
}

impl Parts {
    fn of(whole: Expr, is_nullable: bool, data_type: DataType, base_name: String) -> Result<Self, SparkError> {
        let DataType::Struct(schema) = data_type else {
            return Err(UNEXPECTED_INPUT_TYPE.error([
                ("sqlExpr", format!("\"update_fields({base_name})\"")),
                ("paramIndex", "first".to_owned()),
                ("requiredType", "\"STRUCT\"".to_owned()),
                ("inputSql", format!("\"{base_name}\"")),
                ("inputType", format!("\"{}\"", data_type.sql())),
            ]));
        };
        if schema.fields.is_empty() {
            return Err(unsupported("Column.withField and Column.dropFields of a struct that this query makes"));
        }
        let fields = schema.fields.into_iter().map(|field| {
            let value = dot(whole.clone(), &field.name);
            (field, value)
        });
        let fields = fields.collect();
        Ok(Self { whole, is_nullable, fields, base_name, operations: Vec::new() })
    }

    /// Sets the field at the end of a path, or drops it.
    fn change(&mut self, path: &[String], value: Option<(Expr, DataType)>, shown: String) -> Result<(), SparkError> {
        let Some((name, rest)) = path.split_first() else { return Ok(()) };
        let (value, shown) = if rest.is_empty() {
            (value, shown)
        } else {
            let known: Vec<StructField> = self.fields.iter().map(|(field, _)| field.clone()).collect();
            let name = field_of(&known, name)?.name.clone();
            let found = self.fields.iter().find(|(field, _)| field.name == name);
            let (field, own) = found.ok_or_else(|| malformed("a field that is not there"))?.clone();
            let mut inner = Self::of(own, field.nullable, field.data_type, format!("{}.{name}", self.name()))?;
            inner.change(rest, value, shown)?;
            let (shown, data_type) = (inner.name(), inner.data_type());
            (Some((inner.into_sql()?, data_type)), format!("WithField({shown})"))
        };
        let is_meant = |field: &StructField| same(&field.name, name);
        match value {
            None => self.fields.retain(|(field, _)| !is_meant(field)),
            Some((sql, data_type)) => {
                let new = (StructField::new(name, data_type), sql);
                let mut replaced = false;
                for known in self.fields.iter_mut().filter(|(field, _)| is_meant(field)) {
                    *known = new.clone();
                    replaced = true;
                }
                if !replaced {
                    self.fields.push(new);
                }
            }
        }
        self.operations.push(shown);
        Ok(())
    }

    /// The name that Spark gives a column of it.
    pub(super) fn name(&self) -> String {
        match self.operations.is_empty() {
            true => self.base_name.clone(),
            false => format!("update_fields({}, {})", self.base_name, self.operations.join(", ")),
        }
    }

    /// Its type, as far as that can be told before it is planned.
    pub(super) fn data_type(&self) -> DataType {
        DataType::Struct(StructType { fields: self.fields.iter().map(|(field, _)| field.clone()).collect() })
    }

    /// The expression: null where the struct was null.
    ///
    /// # Errors
    /// When no field is left.
    pub(super) fn into_sql(self) -> Result<Expr, SparkError> {
        if self.fields.is_empty() {
            return Err(CANNOT_DROP_ALL_FIELDS.error([("sqlExpr", format!("\"{}\"", self.name()))]));
        }
        let fields = self.fields.into_iter().flat_map(|(field, value)| [text(&field.name), value]);
        let new = call("named_struct", fields.collect());
        Ok(match self.is_nullable {
            true => case(vec![(Expr::IsNull(Box::new(self.whole)), null())], Some(new)),
            false => new,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::super::syntax::{column, number};
    use super::*;

    fn parts() -> Parts {
        let data_type = DataType::from_ddl("struct<a: int, b: struct<c: int, d: int>>").unwrap();
        Parts::of(column("s"), false, data_type, "s".to_owned()).unwrap()
    }

    fn path(path: &[&str]) -> Vec<String> {
        path.iter().map(|part| (*part).to_owned()).collect()
    }

    fn seven() -> Option<(Expr, DataType)> {
        Some((number(7), DataType::Integer))
    }

    // Names and types are those of PySpark 4.2.1.

    #[test]
    fn a_field_is_replaced_in_its_place() {
        let mut parts = parts();
        parts.change(&path(&["A"]), seven(), "WithField(7)".to_owned()).unwrap();
        assert_eq!(parts.data_type().simple_string(), "struct<A:int,b:struct<c:int,d:int>>");
        assert_eq!(parts.name(), "update_fields(s, WithField(7))");
    }

    #[test]
    fn a_field_within_a_field_is_changed() {
        let mut parts = parts();
        parts.change(&path(&["a"]), None, "dropfield()".to_owned()).unwrap();
        parts.change(&path(&["b", "c"]), None, "dropfield()".to_owned()).unwrap();
        assert_eq!(parts.data_type().simple_string(), "struct<b:struct<d:int>>");
        let name =
            "update_fields(s, dropfield(), WithField(update_fields(update_fields(s, dropfield()).b, dropfield())))";
        assert_eq!(parts.name(), name);
    }

    #[test]
    fn something_must_be_left() {
        let mut parts = parts();
        parts.change(&path(&["a"]), None, "dropfield()".to_owned()).unwrap();
        parts.change(&path(&["b"]), None, "dropfield()".to_owned()).unwrap();
        let error = parts.into_sql().unwrap_err();
        assert_eq!(error.condition.as_deref(), Some("DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS"));
    }

    #[test]
    fn only_structs_have_fields() {
        let error = Parts::of(column("i"), false, DataType::Integer, "i".to_owned()).unwrap_err();
        assert_eq!(error.condition.as_deref(), Some("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE"));
        let error = parts().change(&path(&["zz", "c"]), seven(), String::new()).unwrap_err();
        assert_eq!(error.message, "[FIELD_NOT_FOUND] No such struct field `zz` in `a`, `b`. SQLSTATE: 42704");
    }
}
