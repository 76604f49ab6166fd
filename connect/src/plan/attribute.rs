//! The columns of a relation while a query is planned, and how names find them.

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr};
use seatrial_engine::error::condition::{
    AMBIGUOUS_REFERENCE, FIELD_NOT_FOUND, INVALID_EXTRACT_BASE_FIELD_TYPE, UNRESOLVED_COLUMN_WITH_SUGGESTION,
    UNRESOLVED_COLUMN_WITHOUT_SUGGESTION,
};
use seatrial_engine::error::relation::{quoted, suggestions};
use seatrial_engine::error::{ExceptionClass, SparkError};
use seatrial_engine::types::{DataType, StructField};

use super::syntax::column;

/// A column of a relation. A column that an operator hands on stays the same attribute; a computed one is a new one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attribute {
    /// The name in the engine's plan, which no other column of the query has: `name#12`.
    pub(crate) id: String,
    /// What it may be qualified by: an alias, or the parts of a table's name.
    pub(crate) qualifier: Vec<String>,
    /// Name, type, nullability and metadata as the client sees them.
    pub(crate) field: StructField,
}

impl Attribute {
    /// The column in an expression.
    pub(crate) fn sql(&self) -> Expr {
        column(&self.id)
    }

    /// The name as the client sees it.
    pub(crate) fn name(&self) -> &str {
        &self.field.name
    }

    /// The qualifier and the name.
    pub(crate) fn parts(&self) -> Vec<String> {
        let mut parts = self.qualifier.clone();
        parts.push(self.field.name.clone());
        parts
    }
}

/// The parts of a name: `a.b` and `` `a.b`.c ``.
///
/// # Errors
/// `INVALID_ATTRIBUTE_NAME_SYNTAX` by its caller: none where quotes do not match.
pub(crate) fn name_parts(name: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = name.chars().peekable();
    loop {
        let mut part = String::new();
        if rest.peek() == Some(&'`') {
            rest.next();
            loop {
                match rest.next()? {
                    '`' if rest.peek() == Some(&'`') => {
                        rest.next();
                        part.push('`');
                    }
                    '`' => break,
                    c => part.push(c),
                }
            }
            parts.push(part);
            match rest.next() {
                None => return Some(parts),
                Some('.') => {}
                Some(_) => return None,
            }
        } else {
            loop {
                match rest.next() {
                    None if part.is_empty() => return None,
                    None => {
                        parts.push(part);
                        return Some(parts);
                    }
                    Some('.') if part.is_empty() => return None,
                    Some('.') => break,
                    Some('`') => return None,
                    Some(c) => part.push(c),
                }
            }
            parts.push(part);
        }
        rest.peek()?;
    }
}

/// The parts of a relation's name.
///
/// # Errors
/// `PARSE_SYNTAX_ERROR`, where quotes do not match.
pub(crate) fn relation_parts(name: &str) -> Result<Vec<String>, SparkError> {
    name_parts(name).ok_or_else(|| {
        SparkError::plain(ExceptionClass::Parse, format!("[PARSE_SYNTAX_ERROR] Syntax error at or near '{name}'."))
    })
}

/// Whether two names are one: their case does not matter.
pub(crate) fn same(left: &str, right: &str) -> bool {
    left == right || left.to_lowercase() == right.to_lowercase()
}

/// What a name resolved to.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    /// The expression.
    pub(crate) sql: Expr,
    /// The column itself, unless it is a field within one.
    pub(crate) attribute: Option<Attribute>,
    /// The name of the output column without an alias.
    pub(crate) name: String,
}

impl From<&Attribute> for Resolved {
    fn from(attribute: &Attribute) -> Self {
        Self { sql: attribute.sql(), attribute: Some(attribute.clone()), name: attribute.field.name.clone() }
    }
}

/// Finds a name among columns: without regard to case, qualified or not, with the fields of structs behind it.
///
/// # Errors
/// `AMBIGUOUS_REFERENCE`, and what is wrong with a field.
pub(crate) fn find(columns: &[Attribute], parts: &[String]) -> Result<Option<Resolved>, SparkError> {
    let candidates = |qualifiers: usize| -> Vec<&Attribute> {
        let Some(name) = parts.get(qualifiers) else { return Vec::new() };
        let matches = |attribute: &&Attribute| {
            let Some(skipped) = attribute.qualifier.len().checked_sub(qualifiers) else { return false };
            same(attribute.name(), name)
                && attribute.qualifier[skipped..].iter().zip(parts).all(|(left, right)| same(left, right))
        };
        columns.iter().filter(matches).collect()
    };
    let found = (1..=3).rev().map(|qualifiers| (qualifiers, candidates(qualifiers)));
    let found = found.chain([(0, candidates(0))]).find(|(_, found)| !found.is_empty());
    let Some((qualifiers, mut found)) = found else { return Ok(None) };
    found.dedup_by(|left, right| left.id == right.id);
    let [attribute] = found.as_slice() else {
        let mut names: Vec<String> = found.iter().map(|attribute| quoted(&attribute.parts())).collect();
        names.sort();
        return Err(
            AMBIGUOUS_REFERENCE.error([("name", quoted(parts)), ("referenceNames", format!("[{}]", names.join(", ")))])
        );
    };
    // The column is shown as it was asked for.
    let mut attribute = (*attribute).clone();
    attribute.field.name.clone_from(&parts[qualifiers]);
    with_fields(Resolved::from(&attribute), &attribute.field.data_type, &parts[qualifiers + 1..]).map(Some)
}

/// The field of a field of … a column.
fn with_fields(base: Resolved, data_type: &DataType, fields: &[String]) -> Result<Resolved, SparkError> {
    let Some((first, rest)) = fields.split_first() else { return Ok(base) };
    let (found, data_type) = match data_type {
        DataType::Struct(schema) => {
            let field = field_of(&schema.fields, first)?;
            (field.name.clone(), field.data_type.clone())
        }
        // A field of each element.
        DataType::Array { element, contains_null } => match element.as_ref() {
            DataType::Struct(schema) => {
                let field = field_of(&schema.fields, first)?;
                let element = Box::new(field.data_type.clone());
                let contains_null = *contains_null || field.nullable;
                (field.name.clone(), DataType::Array { element, contains_null })
            }
            other => return Err(no_base(&base, other)),
        },
        DataType::Map { value, .. } => {
            let sql = subscript(base.sql, super::syntax::text(first));
            let resolved = Resolved { sql, attribute: None, name: format!("{}[{first}]", base.name) };
            return with_fields(resolved, value, rest);
        }
        other => return Err(no_base(&base, other)),
    };
    let sql = dot(base.sql, &found);
    with_fields(Resolved { sql, attribute: None, name: first.clone() }, &data_type, rest)
}

fn no_base(base: &Resolved, data_type: &DataType) -> SparkError {
    let parameters = [("base", format!("\"{}\"", base.name)), ("other", format!("\"{}\"", data_type.sql()))];
    INVALID_EXTRACT_BASE_FIELD_TYPE.error(parameters)
}

/// The field of that name.
///
/// # Errors
/// `FIELD_NOT_FOUND`, `AMBIGUOUS_REFERENCE_TO_FIELDS`.
pub(crate) fn field_of<'f>(fields: &'f [StructField], name: &str) -> Result<&'f StructField, SparkError> {
    let mut found = fields.iter().filter(|field| same(&field.name, name));
    match found.next() {
        Some(field) => Ok(field),
        None => {
            let names: Vec<String> = fields.iter().map(|field| quoted(&[&field.name])).collect();
            Err(FIELD_NOT_FOUND.error([("fieldName", quoted(&[name])), ("fields", names.join(", "))]))
        }
    }
}

/// `base.field`.
pub(crate) fn dot(base: Expr, field: &str) -> Expr {
    chained(base, AccessExpr::Dot(super::syntax::text(field)))
}

/// `base[index]`.
pub(crate) fn subscript(base: Expr, index: Expr) -> Expr {
    chained(base, AccessExpr::Subscript(datafusion::sql::sqlparser::ast::Subscript::Index { index }))
}

fn chained(base: Expr, access: AccessExpr) -> Expr {
    match base {
        Expr::CompoundFieldAccess { root, mut access_chain } => {
            access_chain.push(access);
            Expr::CompoundFieldAccess { root, access_chain }
        }
        base => Expr::CompoundFieldAccess { root: Box::new(base), access_chain: vec![access] },
    }
}

/// The error of a name that no column has.
pub(crate) fn unresolved(parts: &[String], columns: &[Attribute]) -> SparkError {
    let name = ("objectName", quoted(parts));
    if columns.is_empty() {
        return UNRESOLVED_COLUMN_WITHOUT_SUGGESTION.error([name]);
    }
    let wanted: Vec<&str> = parts.iter().map(String::as_str).collect();
    let proposal = suggestions(&wanted, columns.iter().map(Attribute::parts).collect());
    UNRESOLVED_COLUMN_WITH_SUGGESTION.error([name, ("proposal", proposal)])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a", Some(vec!["a"]))]
    #[case("a.b c", Some(vec!["a", "b c"]))]
    #[case("`a.b`.c", Some(vec!["a.b", "c"]))]
    #[case("`a``b`", Some(vec!["a`b"]))]
    #[case("a.`b`", Some(vec!["a", "b"]))]
    #[case("a.", None)]
    #[case(".a", None)]
    #[case("`a", None)]
    #[case("a`b`", None)]
    #[case("", None)]
    fn a_name_falls_into_parts(#[case] name: &str, #[case] expected: Option<Vec<&str>>) {
        let expected = expected.map(|parts| parts.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(name_parts(name), expected);
    }
}
