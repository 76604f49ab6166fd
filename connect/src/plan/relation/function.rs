//! Functions whose result is a relation: `spark.tvf`.

use std::sync::Arc;

use seatrial_engine::error::{ExceptionClass, SparkError};
use spark_connect_proto::expression::ExprType;
use spark_connect_proto::expression::literal::LiteralType;
use spark_connect_proto::{Expression, Range, UnresolvedTableValuedFunction};

use super::super::expression::{Item, Translator};
use super::super::syntax::call;
use super::super::{Planned, Planner, unsupported};

/// The functions that make rows of a value.
pub(super) const GENERATORS: [&str; 8] =
    ["explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer", "stack", "json_tuple"];

impl Planner<'_> {
    pub(super) fn table_function(&self, function: &UnresolvedTableValuedFunction) -> Result<Planned, SparkError> {
        let name = function.function_name.to_lowercase();
        if name == "range" {
            return self.range(&range_of(&function.arguments)?);
        }
        if !GENERATORS.contains(&name.as_str()) {
            return Err(unsupported(&format!("the table-valued function {name}")));
        }
        let input = Arc::new(self.one_row()?);
        let mut translator = Translator::new(self, input.scope());
        let sql = call(&name, translator.expressions(&function.arguments)?);
        let item = Item::unnamed(sql, name);
        self.projected(input, vec![item], translator)
    }
}

/// `range(end)`, `range(start, end[, step[, partitions]])`.
fn range_of(arguments: &[Expression]) -> Result<Range, SparkError> {
    let numbers = arguments.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    let (start, end, step, partitions) = match numbers.as_slice() {
        [end] => (0, *end, 1, None),
        [start, end] => (*start, *end, 1, None),
        [start, end, step] => (*start, *end, *step, None),
        [start, end, step, partitions] => (*start, *end, *step, Some(*partitions)),
        _ => {
            let message = "The `range` requires 1 to 4 parameters.";
            return Err(SparkError::plain(ExceptionClass::Analysis, message));
        }
    };
    let num_partitions = partitions.map(|partitions| i32::try_from(partitions).unwrap_or(i32::MAX));
    Ok(Range { start: Some(start), end, step, num_partitions })
}

fn number(expression: &Expression) -> Result<i64, SparkError> {
    let literal = match expression.expr_type.as_ref() {
        Some(ExprType::Literal(literal)) => literal.literal_type.as_ref(),
        _ => None,
    };
    match literal {
        Some(LiteralType::Byte(value) | LiteralType::Short(value) | LiteralType::Integer(value)) => {
            Ok(i64::from(*value))
        }
        Some(LiteralType::Long(value)) => Ok(*value),
        _ => Err(unsupported("a range whose bounds are no whole numbers")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use spark_connect_proto::expression::Literal;

    use super::*;

    #[rstest]
    #[case(&[3], Some((0, 3, 1)))]
    #[case(&[1, 10, 3], Some((1, 10, 3)))]
    #[case(&[], None)]
    fn a_range_has_bounds(#[case] arguments: &[i32], #[case] expected: Option<(i64, i64, i64)>) {
        let literal = |value: &i32| {
            let literal = Literal { literal_type: Some(LiteralType::Integer(*value)), ..Literal::default() };
            Expression { expr_type: Some(ExprType::Literal(literal)), ..Expression::default() }
        };
        let arguments: Vec<Expression> = arguments.iter().map(literal).collect();
        let found = range_of(&arguments).ok().map(|range| (range.start.unwrap_or_default(), range.end, range.step));
        assert_eq!(found, expected);
    }
}
