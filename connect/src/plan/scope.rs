//! What the names of an expression may mean: the columns of the relations below it.

use std::collections::BTreeSet;

use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::{
    AMBIGUOUS_COLUMN_REFERENCE, CANNOT_RESOLVE_DATAFRAME_COLUMN, INVALID_ATTRIBUTE_NAME_SYNTAX,
};
use seatrial_engine::error::relation::quoted;

use super::attribute::{Attribute, Resolved, find, name_parts, unresolved};

/// The columns that a DataFrame of the client had where it became part of the query.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The client's number for the DataFrame.
    pub(crate) plan_id: i64,
    /// Its columns.
    pub(crate) columns: Vec<Attribute>,
}

/// What names may mean at one place of a query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// The columns of the relations that the operator reads.
    pub(crate) columns: Vec<Attribute>,
    /// Columns below them that the operator may ask for all the same, as the keys of a sort.
    pub(crate) below: Vec<Attribute>,
    /// The DataFrames below.
    pub(crate) origins: Vec<Origin>,
}

impl Scope {
    /// Finds a name as the client wrote it.
    ///
    /// # Errors
    /// `UNRESOLVED_COLUMN`, `AMBIGUOUS_REFERENCE`, `CANNOT_RESOLVE_DATAFRAME_COLUMN` and their like.
    pub(crate) fn resolve(&self, name: &str, plan_id: Option<i64>) -> Result<Resolved, SparkError> {
        let parts = name_parts(name).ok_or_else(|| INVALID_ATTRIBUTE_NAME_SYNTAX.error([("name", name.to_owned())]))?;
        match plan_id {
            Some(plan_id) => self.of_dataframe(plan_id, &parts),
            None => self.by_name(&parts),
        }
    }

    /// Finds a name by its parts.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub(crate) fn by_name(&self, parts: &[String]) -> Result<Resolved, SparkError> {
        for columns in [&self.columns, &self.below] {
            if let Some(found) = find(columns, parts)? {
                return Ok(found);
            }
        }
        Err(unresolved(parts, &self.columns))
    }

    fn of_dataframe(&self, plan_id: i64, parts: &[String]) -> Result<Resolved, SparkError> {
        let shown = || quoted(parts);
        let mut found: Option<Resolved> = None;
        let mut is_known = false;
        let reachable: BTreeSet<&str> =
            self.columns.iter().chain(&self.below).map(|attribute| attribute.id.as_str()).collect();
        for origin in self.origins.iter().filter(|origin| origin.plan_id == plan_id) {
            is_known = true;
            // Only what still comes from there can be meant.
            let columns: Vec<Attribute> = origin.columns.clone();
            let Some(candidate) = find(&columns, parts)? else { continue };
            let used = columns.iter().filter(|column| uses(&candidate, column));
            if !used.clone().all(|column| reachable.contains(column.id.as_str())) {
                continue;
            }
            match &found {
                Some(known) if known.sql != candidate.sql => {
                    return Err(AMBIGUOUS_COLUMN_REFERENCE.error([("name", shown())]));
                }
                Some(_) => {}
                None => found = Some(candidate),
            }
        }
        match found {
            Some(found) => Ok(found),
            None if is_known => match find(&self.columns, parts)? {
                // The DataFrame has the name, and what is left of it here is a computed column of that name.
                Some(found) if self.has_name(plan_id, parts)? => Ok(found),
                _ => Err(unresolved(parts, &self.columns)),
            },
            None => Err(CANNOT_RESOLVE_DATAFRAME_COLUMN.error([("name", format!("\"{}\"", parts.join(".")))])),
        }
    }

    fn has_name(&self, plan_id: i64, parts: &[String]) -> Result<bool, SparkError> {
        for origin in self.origins.iter().filter(|origin| origin.plan_id == plan_id) {
            if find(&origin.columns, parts)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn uses(resolved: &Resolved, column: &Attribute) -> bool {
    use datafusion::sql::sqlparser::ast::Expr;
    match &resolved.sql {
        Expr::Identifier(ident) => ident.value == column.id,
        Expr::CompoundFieldAccess { root, .. } => {
            matches!(root.as_ref(), Expr::Identifier(ident) if ident.value == column.id)
        }
        _ => false,
    }
}
