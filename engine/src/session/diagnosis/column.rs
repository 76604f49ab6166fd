//! Which column a name means.

use datafusion::sql::sqlparser::ast::Ident;
use datafusion::sql::sqlparser::tokenizer::Location;

use super::expression::{Piece, Scope};
use super::plan::Column;
use super::{Analysis, Fault, Step, Stop};
use crate::error::condition::{
    AMBIGUOUS_REFERENCE, FIELD_NOT_FOUND, INVALID_EXTRACT_BASE_FIELD_TYPE, UNRESOLVED_COLUMN_WITH_SUGGESTION,
    UNRESOLVED_COLUMN_WITHOUT_SUGGESTION,
};
use crate::error::relation::{quoted, suggestions};
use crate::types::DataType;

/// The columns that a name may mean, and how many of its parts say so; the rest are fields.
pub(super) fn candidates<'c>(parts: &[Ident], columns: &'c [Column]) -> (Vec<&'c Column>, usize) {
    let same = |ident: &Ident, name: &str| ident.value.eq_ignore_ascii_case(name);
    for qualifiers in (0..parts.len().min(4)).rev() {
        let matches = |column: &&Column| {
            let qualifier = &column.qualifier;
            let Some(skipped) = qualifier.len().checked_sub(qualifiers) else { return false };
            same(&parts[qualifiers], &column.name)
                && qualifier[skipped..].iter().zip(parts).all(|(name, ident)| same(ident, name))
        };
        let found: Vec<&Column> = columns.iter().filter(matches).collect();
        if !found.is_empty() {
            return (found, qualifiers + 1);
        }
    }
    (Vec::new(), 0)
}

impl Analysis<'_> {
    /// A column of the query; one that is not found is a fault.
    pub(super) fn column(&mut self, parts: &[Ident], scope: &Scope<'_>) -> Step<Piece> {
        if parts.iter().any(|part| part.value.contains(['.', '`'])) {
            return Err(Stop::Unknown);
        }
        let name = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        let Some(last) = parts.last() else { return Err(Stop::Unknown) };
        let at = parts.first().map_or(Location { line: 0, column: 0 }, |part| part.span.start);
        let unresolved = Piece::unresolved_column(format!("'{name}"), last.value.clone());
        let Scope::Of { columns, hidden } = scope else { return Ok(unresolved) };
        let (found, length) = candidates(parts, columns);
        match found.as_slice() {
            [] => {
                // What an outer query or a lower operator has is found there, with a plan that looks otherwise.
                if !candidates(parts, hidden).0.is_empty() {
                    return Err(Stop::Unknown);
                }
                self.faults.push(Fault { error: unresolved_column(parts, columns), at });
                Ok(unresolved)
            }
            [column] => {
                let spelt = Column { name: parts[length - 1].value.clone(), ..Column::clone(column) };
                fields(&spelt, &parts[length..], at)
            }
            several => {
                let mut names: Vec<String> = several.iter().map(|column| quoted(&full_name(column))).collect();
                names.sort();
                let names = format!("[{}]", names.join(", "));
                Err(Stop::error(
                    AMBIGUOUS_REFERENCE.error([
                        ("name", quoted(&parts.iter().map(|part| &part.value).collect::<Vec<_>>())),
                        ("referenceNames", names),
                    ]),
                    at,
                ))
            }
        }
    }
}

fn full_name(column: &Column) -> Vec<String> {
    column.qualifier.iter().cloned().chain([column.name.clone()]).collect()
}

fn unresolved_column(parts: &[Ident], columns: &[Column]) -> crate::error::SparkError {
    let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
    let name = ("objectName", quoted(&parts));
    if columns.is_empty() {
        return UNRESOLVED_COLUMN_WITHOUT_SUGGESTION.error([name]);
    }
    let proposal = suggestions(&parts, columns.iter().map(full_name).collect());
    UNRESOLVED_COLUMN_WITH_SUGGESTION.error([name, ("proposal", proposal)])
}

/// A column, or a field within it.
fn fields(column: &Column, path: &[Ident], at: Location) -> Step<Piece> {
    let mut data_type = column.data_type.clone();
    let (mut text, mut sql) = (column.shown(), column.name.clone());
    let mut name = column.name.clone();
    for field in path {
        match &data_type {
            Some(DataType::Struct(inner)) => {
                let Some(found) = inner.fields.iter().find(|known| known.name.eq_ignore_ascii_case(&field.value))
                else {
                    let known: Vec<String> = inner.fields.iter().map(|field| quoted(&[&field.name])).collect();
                    return Err(Stop::error(
                        FIELD_NOT_FOUND.error([("fieldName", quoted(&[&field.value])), ("fields", known.join(", "))]),
                        at,
                    ));
                };
                text = format!("{text}.{}", field.value);
                sql = format!("{sql}.{}", field.value);
                name = field.value.clone();
                data_type = Some(found.data_type.clone());
            }
            None | Some(DataType::Array { .. } | DataType::Map { .. } | DataType::Variant) => {
                return Err(Stop::Unknown);
            }
            Some(other) => {
                return Err(Stop::error(
                    INVALID_EXTRACT_BASE_FIELD_TYPE
                        .error([("base", format!("\"{sql}\"")), ("other", format!("\"{}\"", other.sql()))]),
                    at,
                ));
            }
        }
    }
    if path.is_empty() {
        return Ok(Piece::attribute(column.clone()));
    }
    Ok(Piece::field(text, sql, name, data_type))
}
