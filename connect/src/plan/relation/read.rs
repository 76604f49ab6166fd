//! Relations that come from outside the query: data sources, tables, SQL texts, ranges.

use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use futures::{StreamExt, stream};
use seatrial_engine::error::SparkError;
use seatrial_engine::session::DataFrame;
use seatrial_engine::types::DataType;
use spark_connect_proto::read::{DataSource, NamedTable, ReadType};
use spark_connect_proto::relation::RelType;
use spark_connect_proto::{Range, Read, Relation, Sql, WithRelations};

use super::super::attribute::relation_parts;
use super::super::expression::Translator;
use super::super::scope::Scope;
use super::super::syntax::quoted_text;
use super::super::{Planned, Planner, requirement, unsupported};
use crate::deferred;
use crate::types::malformed;

/// How many rows of a range a batch has.
const RANGE_BATCH: i64 = 8192;

impl Planner<'_> {
    pub(super) async fn read(&self, relation: &Relation, read: &Read) -> Result<Planned, SparkError> {
        if read.is_streaming {
            return Err(unsupported("streaming reads"));
        }
        match read.read_type.as_ref().ok_or_else(|| malformed("a read of nothing"))? {
            ReadType::DataSource(source) => {
                let reads = &self.session.reads;
                let frame = match reads.get(relation) {
                    Some(frame) => frame,
                    None => self.data_source(source).inspect(|frame| reads.keep(relation, frame))?,
                };
                self.leaf(&frame, &[])
            }
            ReadType::NamedTable(table) => self.named_table(table).await,
        }
    }

    fn data_source(&self, source: &DataSource) -> Result<DataFrame, SparkError> {
        if !source.predicates.is_empty() {
            return Err(unsupported("JDBC predicates"));
        }
        let mut reader = self.session.engine.read();
        if let Some(format) = &source.format {
            reader = reader.format(format);
        }
        let mut options: Vec<(&String, &String)> = source.options.iter().collect();
        options.sort();
        for (key, value) in options {
            reader = reader.option(key, value);
        }
        match source.schema.as_deref() {
            None | Some("") => {}
            Some(schema) => {
                // The client sends JSON for a StructType, and a text as it is.
                reader = match schema.trim_start().starts_with('{') {
                    true => match DataType::from_json_text(schema)? {
                        DataType::Struct(schema) => reader.schema_type(schema)?,
                        _ => return Err(malformed("a schema that is no struct")),
                    },
                    false => reader.schema(schema)?,
                };
            }
        }
        // Python answers for its schema here.
        tokio::task::block_in_place(|| reader.load(&source.paths))
    }

    pub(super) async fn named_table(&self, table: &NamedTable) -> Result<Planned, SparkError> {
        let name = &table.unparsed_identifier;
        let parts = relation_parts(name)?;
        let quoted = seatrial_engine::error::relation::quoted(&parts);
        let mut options: Vec<String> =
            table.options.iter().map(|(key, value)| format!("{} = {}", quoted_text(key), quoted_text(value))).collect();
        options.sort();
        let with = if options.is_empty() { String::new() } else { format!(" WITH ({})", options.join(", ")) };
        let frame = self.session.engine.sql(&format!("SELECT * FROM {quoted}{with}")).await?;
        let qualifier = match parts.as_slice() {
            [name] if self.session.engine.has_view(name) => vec![name.clone()],
            [.., name] => vec!["spark_catalog".to_owned(), "default".to_owned(), name.clone()],
            [] => Vec::new(),
        };
        self.leaf(&frame, &qualifier)
    }

    pub(super) async fn sql(&self, sql: &Sql) -> Result<Planned, SparkError> {
        #[expect(deprecated, reason = "clients before 4.0 send literals")]
        let old = !sql.args.is_empty() || !sql.pos_args.is_empty();
        if old {
            return Err(unsupported("SQL arguments of clients before 4.0"));
        }
        let mut translator = Translator::new(self, Scope::default());
        let mut named = Vec::new();
        for (name, value) in &sql.named_arguments {
            named.push((name.clone(), translator.expression(value)?));
        }
        let positional = translator.expressions(&sql.pos_arguments)?;
        let mut bindings = translator.bindings;
        for (name, planned) in self.named_references() {
            bindings.relation_as(&name, &planned.visible()?)?;
        }
        let frame = self.session.engine.sql_with(&sql.query, named, positional, &bindings).await?;
        self.leaf(&frame, &[])
    }

    pub(super) async fn with_relations(&self, with: &WithRelations) -> Result<Planned, SparkError> {
        for reference in &with.references {
            let planned = self.relation(reference).await?;
            if let Some(RelType::SubqueryAlias(alias)) = &reference.rel_type {
                self.name_reference(&alias.alias, planned.clone());
            }
            if let Some(plan_id) = reference.common.as_ref().and_then(|common| common.plan_id) {
                self.refer(plan_id, planned);
            }
        }
        let root = with.root.as_deref().ok_or_else(|| malformed("a query without a root"))?;
        self.relation(root).await
    }

    pub(super) fn range(&self, range: &Range) -> Result<Planned, SparkError> {
        if range.step == 0 {
            return Err(requirement("step (0) cannot be 0"));
        }
        let schema = Arc::new(Schema::new(vec![Field::new("id", ArrowType::Int64, false)]));
        let start = range.start.unwrap_or(0);
        let numbers = Numbers::new(start, range.end, range.step);
        let partitions = i128::from(range.num_partitions.filter(|count| *count > 0).unwrap_or(1));
        let parts = (0..partitions).map(|index| {
            let (from, to) = (numbers.count * index / partitions, numbers.count * (index + 1) / partitions);
            Numbers { start: numbers.start + from * numbers.step, count: to - from, ..numbers }
        });
        let parts = parts.map(|part| {
            let schema = Arc::clone(&schema);
            move || stream::iter(part.batches(Arc::clone(&schema))).boxed()
        });
        self.leaf(&deferred::partitions(&self.session.engine, &schema, parts)?, &[])
    }
}

/// Equally distant whole numbers. Wider than a long, since an end may lie beyond one step of it.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    start: i128,
    step: i128,
    count: i128,
}

impl Numbers {
    fn new(start: i64, end: i64, step: i64) -> Self {
        let (start, end, step) = (i128::from(start), i128::from(end), i128::from(step));
        let distance = if step > 0 { end - start } else { start - end };
        let count = if distance > 0 { (distance - 1) / step.abs() + 1 } else { 0 };
        Self { start, step, count }
    }

    /// The numbers in their order.
    fn batches(self, schema: SchemaRef) -> impl Iterator<Item = Result<RecordBatch, DataFusionError>> {
        let mut done: i128 = 0;
        std::iter::from_fn(move || {
            let size = (self.count - done).min(i128::from(RANGE_BATCH));
            if size <= 0 {
                return None;
            }
            let first = self.start + done * self.step;
            // Every number of the range lies between its start and its end, which are longs.
            let values = (0..size).map(|index| i64::try_from(first + index * self.step).unwrap_or_default());
            done += size;
            let column = Arc::new(values.collect::<Int64Array>());
            Some(RecordBatch::try_new(Arc::clone(&schema), vec![column]).map_err(DataFusionError::from))
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, 10, 3, 4)]
    #[case(0, 9, 3, 3)]
    #[case(10, 0, -3, 4)]
    #[case(0, 10, -1, 0)]
    #[case(5, 5, 1, 0)]
    #[case(i64::MIN, i64::MAX, i64::MAX, 3)]
    fn a_range_ends_before_its_end(#[case] start: i64, #[case] end: i64, #[case] step: i64, #[case] count: i128) {
        assert_eq!(Numbers::new(start, end, step).count, count);
    }
}
