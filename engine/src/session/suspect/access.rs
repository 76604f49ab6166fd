//! Names that mean several columns, fields that are not there, and those of what has none.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Ident, Subscript, Visit};

use super::places::{Place, Places};
use super::rules::{are_alike, is_whole};
use super::{Suspect, ordinal, shown_type};
use crate::error::SparkError;
use crate::error::condition::{
    AMBIGUOUS_REFERENCE, FIELD_NOT_FOUND, INVALID_EXTRACT_BASE_FIELD_TYPE, UNEXPECTED_INPUT_TYPE,
};
use crate::error::relation::quoted;
use crate::session::names;
use crate::types::{DataType, StructType};

impl Suspect<'_> {
    /// What a name means that several relations have.
    pub(in crate::session) fn ambiguous(&self, message: &str) -> Option<SparkError> {
        let (_, name) = message.split_once("Ambiguous reference to unqualified field ")?;
        let Statement::Statement(statement) = &self.written.statement else { return None };
        let mut places = Places::default();
        let _ = statement.visit(&mut places);
        let ident = |name: &str| Ident::with_quote('`', name);
        places.clauses.iter().find_map(|place| {
            let sources = place.select.as_deref()?.from.iter().flat_map(names::sources);
            let has = |source: &String| {
                let column = Expr::CompoundIdentifier(vec![ident(source), ident(name)]);
                self.type_of(&column, place).is_some()
            };
            let known: Vec<String> = sources.filter(has).map(|source| quoted(&[source.as_str(), name])).collect();
            (known.len() > 1).then(|| {
                let references = ("referenceNames", format!("[{}]", known.join(", ")));
                AMBIGUOUS_REFERENCE.error([("name", quoted(&[name])), references])
            })
        })
    }

    /// A field that is not there, or one of what has none.
    pub(super) fn fault_of_access(&self, root: &Expr, chain: &[AccessExpr], place: &Place) -> Option<SparkError> {
        for (index, access) in chain.iter().enumerate() {
            let base = match index {
                0 => root.clone(),
                _ => Expr::CompoundFieldAccess { root: Box::new(root.clone()), access_chain: chain[..index].to_vec() },
            };
            match (self.type_of(&base, place)?, access) {
                (DataType::Struct(inner), AccessExpr::Dot(Expr::Identifier(field))) => {
                    if let Some(missing) = missing_field(&inner, &field.value) {
                        return Some(missing);
                    }
                }
                (DataType::Array { element, .. }, AccessExpr::Dot(Expr::Identifier(field))) => match *element {
                    DataType::Struct(inner) => {
                        if let Some(missing) = missing_field(&inner, &field.value) {
                            return Some(missing);
                        }
                    }
                    _ => {
                        let name = &field.value;
                        return Some(UNEXPECTED_INPUT_TYPE.error([
                            ("sqlExpr", format!("\"{}[{name}]\"", self.written.name(&base))),
                            ("paramIndex", ordinal(1)?),
                            ("requiredType", "\"INTEGRAL\"".to_owned()),
                            ("inputSql", format!("\"{name}\"")),
                            ("inputType", "\"STRING\"".to_owned()),
                        ]));
                    }
                },
                (
                    collection @ (DataType::Array { .. } | DataType::Map { .. }),
                    AccessExpr::Subscript(Subscript::Index { index: key }),
                ) => {
                    let given = self.type_of(key, place)?;
                    let required = match &collection {
                        DataType::Map { key, .. } if !are_alike(key, &given) => shown_type(key),
                        DataType::Array { .. } if !is_whole(&given) && given != DataType::Null => {
                            "\"INTEGRAL\"".to_owned()
                        }
                        _ => continue,
                    };
                    let whole = Expr::CompoundFieldAccess {
                        root: Box::new(root.clone()),
                        access_chain: chain[..=index].to_vec(),
                    };
                    return self.unexpected(&whole, 1, &required, key, &given);
                }
                (DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_) | DataType::Variant, _) => {}
                (other, _) => {
                    let parameters = [("base", self.written.shown(&base)), ("other", shown_type(&other))];
                    return Some(INVALID_EXTRACT_BASE_FIELD_TYPE.error(parameters));
                }
            }
        }
        None
    }
}

/// The error of a field that a struct does not have, in whatever case.
fn missing_field(of: &StructType, field: &str) -> Option<SparkError> {
    if of.fields.iter().any(|known| known.name.eq_ignore_ascii_case(field)) {
        return None;
    }
    let known: Vec<String> = of.fields.iter().map(|known| quoted(&[&known.name])).collect();
    Some(FIELD_NOT_FOUND.error([("fieldName", quoted(&[field])), ("fields", known.join(", "))]))
}
