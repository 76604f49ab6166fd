//! `TABLESAMPLE`: some of a relation's rows, each by chance, or the first ones.

use std::hash::{BuildHasher, Hasher, RandomState};

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, LimitClause, SelectItem, SetExpr, TableAlias, TableFactor, TableSample,
    TableSampleKind, TableSampleUnit, TableWithJoins, Value, WildcardAdditionalOptions,
};

use super::statement::unsupported;
use super::syntax;
use crate::error::SparkError;
use crate::error::condition::SAMPLING_FRACTION;

/// Puts a query in the place of a relation of which only some rows are taken.
///
/// # Errors
/// `_LEGACY_ERROR_TEMP_0064` of a share that is none; what is not supported is named.
pub(super) fn write_out(factor: &mut TableFactor) -> Result<(), SparkError> {
    let (sample, alias) = match factor {
        TableFactor::Table { sample, alias, .. } | TableFactor::Derived { sample, alias, .. } => (sample, alias),
        _ => return Ok(()),
    };
    let Some(TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) = sample.take()
    else {
        return Ok(());
    };
    let alias = match (alias.take(), &*factor) {
        (None, TableFactor::Table { name, .. }) => {
            name.0.last().and_then(|part| part.as_ident()).map(|name| alias_of(name.clone()))
        }
        (alias, _) => alias,
    };
    let from = vec![TableWithJoins { relation: factor.clone(), joins: Vec::new() }];
    let all = SelectItem::Wildcard(WildcardAdditionalOptions::default());
    let mut select = syntax::select(vec![all], from);
    let mut limit_clause = None;
    match rows_of(&sample)? {
        Rows::First(count) => {
            limit_clause = Some(LimitClause::LimitOffset { limit: Some(count), offset: None, limit_by: Vec::new() });
        }
        Rows::Share(share, seed) => {
            let drawn = syntax::call(Ident::new("rand"), vec![seed], false);
            select.selection = Some(Expr::BinaryOp {
                left: Box::new(drawn),
                op: BinaryOperator::Lt,
                right: Box::new(Expr::Value(Value::Number(share.to_string(), false).into())),
            });
        }
    }
    let mut query = syntax::query(SetExpr::Select(Box::new(select)));
    query.limit_clause = limit_clause;
    *factor = TableFactor::Derived { lateral: false, subquery: Box::new(query), alias, sample: None };
    Ok(())
}

fn alias_of(name: Ident) -> TableAlias {
    TableAlias { explicit: true, name, columns: Vec::new(), at: None }
}

enum Rows {
    First(Expr),
    /// Each row with this probability, by the numbers of this seed.
    Share(f64, Expr),
}

fn rows_of(sample: &TableSample) -> Result<Rows, SparkError> {
    let Some(quantity) = sample.quantity.as_ref().filter(|_| sample.bucket.is_none() && sample.offset.is_none()) else {
        return unsupported("TABLESAMPLE of buckets");
    };
    match quantity.unit {
        Some(TableSampleUnit::Rows) => Ok(Rows::First(quantity.value.clone())),
        Some(TableSampleUnit::Percent) => {
            let Ok(percent) = quantity.value.to_string().parse::<f64>() else {
                return unsupported("TABLESAMPLE by a share that is no number");
            };
            let share = percent / 100.0;
            if !(0.0..=1.0).contains(&share) {
                let msg = format!("Sampling fraction ({share:?}) must be on interval [0, 1]");
                return Err(SAMPLING_FRACTION.error([("msg", msg)]));
            }
            let seed = match &sample.seed {
                Some(seed) => seed.value.value.clone(),
                // Another one for each query, as in Spark.
                None => Value::Number((RandomState::new().build_hasher().finish() % 1000).to_string(), false),
            };
            Ok(Rows::Share(share, Expr::Value(seed.into())))
        }
        None => unsupported("TABLESAMPLE by bytes"),
    }
}
