//! `DataFrame.observe`: rows pass as they are, and metrics of them are told when they have.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use futures::StreamExt;
use seatrial_engine::error::SparkError;
use seatrial_engine::types::DataType;
use seatrial_engine::types::values::decimal_text;
use spark_connect_proto::CollectMetrics;
use spark_connect_proto::execute_plan_response::ObservedMetrics;
use spark_connect_proto::expression::Literal;
use spark_connect_proto::expression::literal::{Decimal, LiteralType};
use tokio_stream::wrappers::ReceiverStream;

use super::super::expression::Translator;
use super::super::syntax::{aliased, from, query_of, select};
use super::super::{Planned, Planner};
use crate::deferred;
use crate::observed::{self, Observer, Rows};
use crate::types::to_proto;

/// The metrics of an observed relation.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    /// The client's name for it.
    name: String,
    /// The client's number for the observed DataFrame.
    plan_id: i64,
    /// The names of the metrics.
    keys: Vec<String>,
    /// Sees the rows pass, and makes one row of them: the metrics.
    observer: Arc<Observer>,
}

impl Planner<'_> {
    pub(super) async fn collect_metrics(
        &self,
        collect: &CollectMetrics,
        plan_id: Option<i64>,
    ) -> Result<Planned, SparkError> {
        let input = self.input(collect.input.as_deref()).await?;
        let mut translator = Translator::new(self, input.scope());
        let mut items = Vec::with_capacity(collect.metrics.len());
        for metric in &collect.metrics {
            items.extend(translator.items(metric)?);
        }
        let keys = items.iter().map(|item| item.name().to_owned()).collect();
        let mut bindings = translator.bindings;
        let engine = &self.session.engine;
        let rows = Rows::default();
        let seen = rows.clone();
        let passing = deferred::stream(engine, input.frame.arrow_schema()?, move || {
            seen.take()
                .map(ReceiverStream::new)
                .map_or_else(|| futures::stream::empty().boxed(), |rows| rows.map(Ok).boxed())
        })?;
        let from_name = bindings.relation(&passing)?;
        let items = items.into_iter().map(|item| aliased(item.sql, &self.new_id("metric"))).collect();
        let metrics = engine.query_over(query_of(select(items, from(from_name))), &bindings)?;
        let observer = Arc::new(Observer::new(metrics, rows));
        let frame = observed::frame(engine, &input.frame, Arc::clone(&observer))?;
        let plan_id = plan_id.unwrap_or_default();
        self.observe(Observation { name: collect.name.clone(), plan_id, keys, observer });
        Ok(Planned { frame, projection: None, ..Planned::clone(&input) })
    }
}

impl Observation {
    /// The metrics of the rows that passed; none if nobody asked for any.
    ///
    /// # Errors
    /// Those of the query of the metrics.
    pub(crate) async fn compute(&self) -> Result<Option<ObservedMetrics>, SparkError> {
        let Some(batches) = self.observer.finish().await? else { return Ok(None) };
        let schema = self.observer.schema()?;
        let row = batches.iter().find(|batch| batch.num_rows() > 0);
        let mut values = Vec::with_capacity(schema.fields.len());
        for (index, field) in schema.fields.iter().enumerate() {
            let value = match row.and_then(|batch| batch.columns().get(index)) {
                Some(column) => ScalarValue::try_from_array(column, 0)?,
                None => ScalarValue::Null,
            };
            values.push(literal(&value, &field.data_type));
        }
        let (name, keys) = (self.name.clone(), self.keys.clone());
        Ok(Some(ObservedMetrics { name, values, keys, plan_id: self.plan_id, ..ObservedMetrics::default() }))
    }
}

/// The value as a message; as a text where there is no message for its type.
fn literal(value: &ScalarValue, data_type: &DataType) -> Literal {
    let kind = match value {
        value if value.is_null() => LiteralType::Null(to_proto(data_type)),
        ScalarValue::Boolean(Some(value)) => LiteralType::Boolean(*value),
        ScalarValue::Int8(Some(value)) => LiteralType::Byte(i32::from(*value)),
        ScalarValue::Int16(Some(value)) => LiteralType::Short(i32::from(*value)),
        ScalarValue::Int32(Some(value)) => LiteralType::Integer(*value),
        ScalarValue::Int64(Some(value)) => LiteralType::Long(*value),
        ScalarValue::Float32(Some(value)) => LiteralType::Float(*value),
        ScalarValue::Float64(Some(value)) => LiteralType::Double(*value),
        ScalarValue::Decimal128(Some(unscaled), precision, scale) => LiteralType::Decimal(Decimal {
            value: decimal_text(*unscaled, u8::try_from(*scale).unwrap_or_default()),
            precision: Some(i32::from(*precision)),
            scale: Some(i32::from(*scale)),
        }),
        ScalarValue::Binary(Some(bytes)) => LiteralType::Binary(bytes.clone().into()),
        ScalarValue::Date32(Some(days)) => LiteralType::Date(*days),
        ScalarValue::TimestampMicrosecond(Some(micros), Some(_)) => LiteralType::Timestamp(*micros),
        ScalarValue::TimestampMicrosecond(Some(micros), None) => LiteralType::TimestampNtz(*micros),
        value => LiteralType::String(value.to_string()),
    };
    Literal { literal_type: Some(kind), ..Literal::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_a_literal() {
        let of = |value, data_type| literal(&value, &data_type).literal_type;
        assert_eq!(of(ScalarValue::Int64(Some(10)), DataType::Long), Some(LiteralType::Long(10)));
        let text = ScalarValue::Utf8(Some("a".to_owned()));
        assert_eq!(of(text, DataType::String { collation: None }), Some(LiteralType::String("a".to_owned())));
        assert!(matches!(of(ScalarValue::Int64(None), DataType::Long), Some(LiteralType::Null(_))));
    }
}
