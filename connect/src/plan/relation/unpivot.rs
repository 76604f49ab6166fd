//! `unpivot` and `transpose`: columns become rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::interleave;
use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::{
    TRANSPOSE_EXCEED_ROW_LIMIT, TRANSPOSE_INVALID_INDEX_COLUMN, TRANSPOSE_NO_LEAST_COMMON_TYPE,
    UNPIVOT_REQUIRES_VALUE_COLUMNS, UNPIVOT_VALUE_DATA_TYPE_MISMATCH,
};
use seatrial_engine::error::relation::quoted;
use seatrial_engine::session::Bindings;
use seatrial_engine::types::{DataType, StructField, StructType};
use spark_connect_proto::{Transpose, Unpivot};

use super::super::attribute::Attribute;
use super::super::expression::{Item, Translator};
use super::super::syntax::{aliased, call, cast, from, order_by, query_of, select, sort_key, text};
use super::super::{Planned, Planner, common_type};
use crate::deferred;
use crate::shown::Shower;

/// As many rows as may become columns, as Spark's `spark.sql.transposeMaxValues`.
const MOST_ROWS: usize = 500;

impl Planner<'_> {
    pub(super) async fn unpivot(&self, unpivot: &Unpivot) -> Result<Planned, SparkError> {
        let input = self.input(unpivot.input.as_deref()).await?;
        let mut translator = Translator::new(self, input.scope());
        let mut ids: Vec<Item> = Vec::new();
        for expression in &unpivot.ids {
            ids.extend(translator.items(expression)?);
        }
        let is_id = |column: &&Attribute| {
            ids.iter().any(|item| item.attribute.as_ref().is_some_and(|attribute| attribute.id == column.id))
        };
        let mut values: Vec<Item> = Vec::new();
        match &unpivot.values {
            Some(given) => {
                for expression in &given.values {
                    values.extend(translator.items(expression)?);
                }
            }
            None => values.extend(input.columns.iter().filter(|column| !is_id(column)).map(Item::from)),
        }
        if values.is_empty() {
            return Err(UNPIVOT_REQUIRES_VALUE_COLUMNS.error([]));
        }
        let names: Vec<String> = values.iter().map(|item| item.name().to_owned()).collect();
        let kept = ids.len();
        ids.extend(values);
        // What the expressions are is known once they are planned.
        let all = self.projected(input, ids, translator)?;
        let (ids, values) = all.columns.split_at_checked(kept).unwrap_or((&all.columns, &[]));
        let data_type = common_type::of_all(values.iter().map(|value| &value.field.data_type));
        let data_type = data_type.ok_or_else(|| mismatch(values))?;
        let nullable = values.iter().any(|value| value.field.nullable);
        let pairs = names.iter().zip(values).map(|(name, value)| {
            let value = cast(value.sql(), &data_type, false);
            call("named_struct", vec![text("name"), text(name), text("value"), value])
        });
        let rows = Item {
            names: vec![unpivot.variable_column_name.clone(), unpivot.value_column_name.clone()],
            ..Item::unnamed(call("inline", vec![call("array", pairs.collect())]), String::new())
        };
        let mut items: Vec<Item> = ids.iter().map(Item::from).collect();
        items.push(rows);
        let all = Arc::new(all);
        let translator = Translator::new(self, all.scope());
        let mut planned = self.projected(all, items, translator)?;
        if let [.., variable, value] = planned.columns.as_mut_slice() {
            variable.field.nullable = false;
            value.field.nullable = nullable;
        }
        Ok(planned)
    }

    /// The rows become columns, which their values name, so the input is read now, as in Spark.
    pub(super) async fn transpose(&self, transpose: &Transpose) -> Result<Planned, SparkError> {
        let input = self.input(transpose.input.as_deref()).await?;
        let index = match transpose.index_columns.first() {
            Some(expression) => {
                let item = Translator::new(self, input.scope()).single(expression)?;
                item.attribute.ok_or_else(|| invalid_index("Index column must be an atomic attribute"))?
            }
            None => match input.columns.first() {
                Some(first) => first.clone(),
                None => return self.computed_rows(&StructType::default(), Vec::new()),
            },
        };
        if let DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_) = index.field.data_type {
            let found = index.field.data_type.simple_string();
            return Err(invalid_index(&format!("Index column must be of atomic type, but found: {found}")));
        }
        let others: Vec<&Attribute> = input.columns.iter().filter(|column| column.id != index.id).collect();
        let mut data_type: Option<DataType> = None;
        for column in &others {
            let next = &column.field.data_type;
            data_type = Some(match data_type {
                None => next.clone(),
                Some(known) => common_type::of_two(&known, next).ok_or_else(|| {
                    let shown = |data_type: &DataType| format!("\"{}\"", data_type.sql());
                    TRANSPOSE_NO_LEAST_COMMON_TYPE.error([("dt1", shown(&known)), ("dt2", shown(next))])
                })?,
            });
        }
        let data_type = data_type.unwrap_or(DataType::String { collation: None });
        let mut bindings = Bindings::default();
        let from_name = bindings.relation(&input.frame)?;
        let mut items = vec![aliased(index.sql(), &index.id)];
        items.extend(others.iter().map(|column| aliased(cast(column.sql(), &data_type, false), &column.id)));
        let mut body = select(items, from(from_name));
        body.selection = Some(datafusion::sql::sqlparser::ast::Expr::IsNotNull(Box::new(index.sql())));
        let mut query = query_of(body);
        query.order_by = order_by(vec![sort_key(index.sql(), true, true)]);
        query.limit_clause = super::super::syntax::limit(i64::try_from(MOST_ROWS + 1).ok(), 0);
        let frame = self.session.engine.query_over(query, &bindings)?;
        let whole = deferred::whole(&frame).await?;
        if whole.num_rows() > MOST_ROWS {
            let (limit, config) = (MOST_ROWS.to_string(), "spark.sql.transposeMaxValues".to_owned());
            return Err(TRANSPOSE_EXCEED_ROW_LIMIT.error([("maxValues", limit), ("config", config)]));
        }
        let shower = Shower::of_session(&self.session.engine)?;
        let names = match whole.columns().first() {
            Some(column) => shower.column(column, &index.field.data_type)?,
            None => Vec::new(),
        };
        let key = StructField { nullable: false, ..StructField::new("key", DataType::String { collation: None }) };
        let mut fields = vec![key];
        let keys = StringArray::from_iter_values(others.iter().map(|column| column.name()));
        let mut columns: Vec<ArrayRef> = vec![Arc::new(keys)];
        let values: Vec<&dyn Array> = whole.columns().iter().skip(1).map(AsRef::as_ref).collect();
        for (row, name) in names.into_iter().enumerate() {
            let places: Vec<(usize, usize)> = (0..values.len()).map(|column| (column, row)).collect();
            fields.push(StructField::new(name.unwrap_or_default(), data_type.clone()));
            columns.push(match values.is_empty() {
                true => Arc::new(StringArray::from(Vec::<&str>::new())),
                false => interleave(&values, &places).map_err(SparkError::internal)?,
            });
        }
        self.computed_rows(&StructType { fields }, columns)
    }
}

fn invalid_index(reason: &str) -> SparkError {
    TRANSPOSE_INVALID_INDEX_COLUMN.error([("reason", reason.to_owned())])
}

/// The columns of each type, by the types' names.
fn mismatch(values: &[Attribute]) -> SparkError {
    let mut types: Vec<(String, Vec<String>)> = Vec::new();
    for value in values {
        let (data_type, name) = (value.field.data_type.sql(), quoted(&[value.name()]));
        match types.iter_mut().find(|(known, _)| *known == data_type) {
            Some((_, names)) => names.push(name),
            None => types.push((data_type, vec![name])),
        }
    }
    types.sort();
    let shown = types.iter().map(|(data_type, names)| format!("\"{data_type}\" ({})", names.join(", ")));
    UNPIVOT_VALUE_DATA_TYPE_MISMATCH.error([("types", shown.collect::<Vec<_>>().join(", "))])
}
