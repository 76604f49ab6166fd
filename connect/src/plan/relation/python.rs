//! Relations that Python functions make of others: `mapInPandas`, `applyInPandas`, `cogroup` and their like.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::SelectItem;
use seatrial_engine::error::SparkError;
use seatrial_engine::session::DataFrame;
use seatrial_engine::types::{DataType, StructType};
use seatrial_engine::udf::{Applied, Given, PythonFunction};
use spark_connect_proto::{CoGroupMap, CommonInlineUserDefinedFunction, Expression, GroupMap, MapPartitions, Relation};

use super::super::expression::Translator;
use super::super::syntax::{aliased, from, query_of, select};
use super::super::{Planned, Planner, unsupported};
use super::project::as_they_are;
use crate::python_function;
use crate::types::malformed;

impl Planner<'_> {
    pub(super) async fn map_partitions(&self, map: &MapPartitions) -> Result<Planned, SparkError> {
        let input = self.input(map.input.as_deref()).await?;
        let function = function_of(map.func.as_ref())?;
        let columns = StructType { fields: input.columns.iter().map(|column| column.field.clone()).collect() };
        let values = (0..columns.fields.len()).collect();
        let given = Given { columns, keys: Vec::new(), values };
        self.applied(vec![(input.frame.clone(), given)], function, vec![0])
    }

    pub(super) async fn group_map(&self, map: &GroupMap) -> Result<Planned, SparkError> {
        if map.transform_with_state_info.is_some() {
            return Err(unsupported("GroupedData.transformWithState"));
        }
        if map.is_map_groups_with_state.is_some() || map.state_schema.is_some() {
            return Err(unsupported("GroupedData.applyInPandasWithState"));
        }
        let function = function_of(map.func.as_ref())?;
        let (frame, given) = self.grouped_relation(map.input.as_deref(), &map.grouping_expressions).await?;
        let arguments = offsets(&given);
        self.applied(vec![(frame, given)], function, arguments)
    }

    pub(super) async fn cogroup_map(&self, map: &CoGroupMap) -> Result<Planned, SparkError> {
        let function = function_of(map.func.as_ref())?;
        let left = self.grouped_relation(map.input.as_deref(), &map.input_grouping_expressions).await?;
        let right = self.grouped_relation(map.other.as_deref(), &map.other_grouping_expressions).await?;
        let arguments = [offsets(&left.1), offsets(&right.1)].concat();
        self.applied(vec![left, right], function, arguments)
    }

    /// A relation with its keys: those that are no columns of it come behind them.
    async fn grouped_relation(
        &self,
        input: Option<&Relation>,
        keys: &[Expression],
    ) -> Result<(DataFrame, Given), SparkError> {
        let input = self.input(input).await?;
        let mut translator = Translator::new(self, input.scope());
        let mut columns = StructType { fields: input.columns.iter().map(|column| column.field.clone()).collect() };
        let values: Vec<usize> = (0..columns.fields.len()).collect();
        let mut indices = Vec::with_capacity(keys.len());
        let mut computed: Vec<SelectItem> = Vec::new();
        for key in keys {
            for item in translator.items(key)? {
                let attribute = item.attribute.as_ref();
                let known =
                    input.columns.iter().position(|column| Some(&column.id) == attribute.map(|known| &known.id));
                indices.push(known.unwrap_or(values.len() + computed.len()));
                if known.is_none() {
                    let name = item.name().to_owned();
                    computed.push(aliased(item.sql, &self.new_id(&name)));
                    columns.fields.push(seatrial_engine::types::StructField::new(&name, DataType::Null));
                }
            }
        }
        let given = |columns| Given { columns, keys: indices, values: values.clone() };
        if computed.is_empty() {
            return Ok((input.frame.clone(), given(columns)));
        }
        let mut bindings = translator.bindings;
        let from_name = bindings.relation(&input.frame)?;
        let items = as_they_are(&input.columns).into_iter().chain(computed).collect();
        let frame = self.session.engine.query_over(query_of(select(items, from(from_name))), &bindings)?;
        for (field, found) in columns.fields.iter_mut().zip(frame.schema()?.fields).skip(values.len()) {
            field.data_type = found.data_type;
        }
        Ok((frame, given(columns)))
    }

    /// What a function makes of relations.
    fn applied(
        &self,
        relations: Vec<(DataFrame, Given)>,
        function: PythonFunction,
        arguments: Vec<usize>,
    ) -> Result<Planned, SparkError> {
        let DataType::Struct(output) = function.return_type.clone() else {
            return Err(malformed("a function over relations whose type is no struct"));
        };
        let arguments = arguments.into_iter().map(|argument| (argument, None)).collect();
        let applied = Applied { function: Arc::new(function), arguments };
        let frame = self.session.engine.apply_functions(relations, vec![applied], output.clone())?;
        self.leaf_of(&frame, output, &[])
    }
}

fn function_of(message: Option<&CommonInlineUserDefinedFunction>) -> Result<PythonFunction, SparkError> {
    let function = python_function::of(message.ok_or_else(|| malformed("a relation without its function"))?)?;
    if function.eval_type.is_scalar() || function.eval_type.is_aggregate() {
        return Err(malformed("a function over relations that gives values of columns"));
    }
    Ok(function)
}

/// How a worker is told the columns of a group: how many numbers follow, how many keys, their places, and those of the values.
fn offsets(given: &Given) -> Vec<usize> {
    let mut offsets = vec![1 + given.keys.len() + given.values.len(), given.keys.len()];
    offsets.extend(&given.keys);
    offsets.extend(&given.values);
    offsets
}
