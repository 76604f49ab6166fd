//! Union, intersection, difference, and distinct rows.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Distinct, SelectItem, SetExpr, SetOperator, SetQuantifier};
use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::{NUM_COLUMNS_MISMATCH, SET_OPERATION_ON_MAP_TYPE};
use seatrial_engine::error::relation::quoted;
use seatrial_engine::session::Bindings;
use spark_connect_proto::set_operation::SetOpType;
use spark_connect_proto::{Deduplicate, SetOperation};

use super::super::attribute::{Attribute, find, same, unresolved};
use super::super::expression::{Item, Translator};
use super::super::syntax::{aliased, call, cast, column, from, null, query, query_of, select};
use super::super::{Planned, Planner, unsupported};
use super::project::{as_they_are, typed};
use crate::types::malformed;

impl Planner<'_> {
    pub(super) async fn set_operation(&self, operation: &SetOperation) -> Result<Planned, SparkError> {
        let mut left = self.input(operation.left_input.as_deref()).await?;
        let mut right = self.input(operation.right_input.as_deref()).await?;
        let (operator, name, default_all) = match operation.set_op_type() {
            SetOpType::Union => (SetOperator::Union, "UNION", true),
            SetOpType::Intersect => (SetOperator::Intersect, "INTERSECT", false),
            SetOpType::Except => (SetOperator::Except, "EXCEPT", false),
            SetOpType::Unspecified => return Err(malformed("a set operation without a type")),
        };
        if operation.by_name() {
            (left, right) = self.by_name(left, right, operation.allow_missing_columns())?;
        }
        if left.columns.len() != right.columns.len() {
            return Err(NUM_COLUMNS_MISMATCH.error([
                ("operator", name.to_owned()),
                ("firstNumColumns", left.columns.len().to_string()),
                ("invalidOrdinalNum", "second".to_owned()),
                ("invalidNumColumns", right.columns.len().to_string()),
            ]));
        }
        let all = operation.is_all.unwrap_or(default_all);
        let set_quantifier = if all { SetQuantifier::All } else { SetQuantifier::None };
        // The rows are the left side's and the right side's, so its columns are neither's.
        let columns = self.anew(&left.columns);
        let mut bindings = Bindings::default();
        let side = |planned: &Planned, bindings: &mut Bindings| {
            let name = bindings.relation(&planned.frame)?;
            let items: Vec<SelectItem> = planned
                .columns
                .iter()
                .zip(&columns)
                .map(|(own, output)| aliased(column(&own.id), &output.id))
                .collect();
            Ok::<_, SparkError>(Box::new(SetExpr::Select(Box::new(select(items, from(name))))))
        };
        let body = SetExpr::SetOperation {
            op: operator,
            set_quantifier,
            left: side(&left, &mut bindings)?,
            right: side(&right, &mut bindings)?,
        };
        let frame = self.session.engine.query_over(query(body), &bindings)?;
        let columns = typed(columns, &frame.schema()?)?;
        Ok(Planned::over(frame, columns, Vec::new()))
    }

    /// Both sides with the columns of the left in its order, and those that only the right has behind.
    fn by_name(
        &self,
        left: Arc<Planned>,
        right: Arc<Planned>,
        allow_missing: bool,
    ) -> Result<(Arc<Planned>, Arc<Planned>), SparkError> {
        let absent =
            |attribute: &Attribute| Item::named(cast(null(), &attribute.field.data_type, false), attribute.name());
        let of = |planned: &Planned, wanted: &Attribute| {
            find(&planned.columns, std::slice::from_ref(&wanted.field.name)).map(|found| found?.attribute)
        };
        let mut right_items = Vec::new();
        for wanted in &left.columns {
            right_items.push(match of(&right, wanted)? {
                Some(found) => Item::from(&found),
                None if allow_missing => absent(wanted),
                None => return Err(unresolved(&[wanted.name().to_owned()], &right.columns)),
            });
        }
        let mut left_items: Vec<Item> = left.columns.iter().map(Item::from).collect();
        for extra in &right.columns {
            if of(&left, extra)?.is_none() {
                if !allow_missing {
                    return Err(unresolved(&[extra.name().to_owned()], &left.columns));
                }
                right_items.push(Item::from(extra));
                left_items.push(absent(extra));
            }
        }
        let (left_translator, right_translator) =
            (Translator::new(self, left.scope()), Translator::new(self, right.scope()));
        let left = self.projected(left, left_items, left_translator)?;
        let right = self.projected(right, right_items, right_translator)?;
        Ok((Arc::new(left), Arc::new(right)))
    }

    pub(super) async fn deduplicate(&self, deduplicate: &Deduplicate) -> Result<Planned, SparkError> {
        let input = self.input(deduplicate.input.as_deref()).await?;
        if deduplicate.within_watermark() {
            return Err(unsupported("DataFrame.dropDuplicatesWithinWatermark of a batch DataFrame"));
        }
        let mut bindings = Bindings::default();
        let from_name = bindings.relation(&input.frame)?;
        if deduplicate.all_columns_as_keys() || deduplicate.column_names.is_empty() {
            let mut body = select(as_they_are(&input.columns), from(from_name));
            body.distinct = Some(Distinct::Distinct);
            return self.same_columns(&input, body, &bindings);
        }
        let named = |column: &&Attribute| deduplicate.column_names.iter().any(|name| same(column.name(), name));
        if let Some(map) = input.columns.iter().filter(named).find(|column| column.field.data_type.has_map()) {
            return Err(SET_OPERATION_ON_MAP_TYPE.error([
                ("colName", quoted(&[map.name()])),
                ("dataType", format!("\"{}\"", map.field.data_type.sql())),
            ]));
        }
        let mut keys: Vec<Attribute> = Vec::new();
        for name in &deduplicate.column_names {
            let found: Vec<&Attribute> = input.columns.iter().filter(|column| same(column.name(), name)).collect();
            if found.is_empty() {
                return Err(unresolved(std::slice::from_ref(name), &input.columns));
            }
            keys.extend(found.into_iter().cloned());
        }
        // Of the rows that share the keys, one is taken whole: its other columns as one struct.
        let rest: Vec<&Attribute> =
            input.columns.iter().filter(|column| !keys.iter().any(|key| key.id == column.id)).collect();
        let mut items = as_they_are(&keys);
        let first = (!rest.is_empty()).then(|| {
            let fields = rest.iter().flat_map(|column| [super::super::syntax::text(&column.id), column.sql()]);
            call("first_value", vec![call("named_struct", fields.collect())])
        });
        let whole = self.new_id("row");
        items.extend(first.map(|first| aliased(first, &whole)));
        let mut body = select(items, from(from_name));
        body.group_by = super::aggregate::group_by(keys.iter().map(Attribute::sql).collect());
        let grouped = self.session.engine.query_over(query_of(body), &bindings)?;
        let mut bindings = Bindings::default();
        let from_name = bindings.relation(&grouped)?;
        let items = input.columns.iter().map(|attribute| {
            let sql = match rest.iter().any(|column| column.id == attribute.id) {
                true => super::super::attribute::dot(column(&whole), &attribute.id),
                false => attribute.sql(),
            };
            aliased(sql, &attribute.id)
        });
        self.same_columns(&input, select(items.collect(), from(from_name)), &bindings)
    }
}
