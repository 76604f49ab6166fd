//! Arithmetic with Spark's types and errors: integers that overflow fail, decimals have the precision and scale of Spark's rules
//! (`spark.sql.decimalOperations.allowPrecisionLoss`), and each operator has a form that gives null instead (`try_add`).

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use arrow::compute::cast;
use arrow::compute::kernels::numeric;
use arrow::datatypes::{DataType, Decimal128Type, DecimalType, Float64Type, Int64Type, i256};
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::planner::RawBinaryExpr;
use datafusion::logical_expr::{Expr, Operator};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::math::{overflow, overflow_of, shared};
use super::scalar::{Call, Definition, Function, Parameter, gives};
use crate::error::SparkError;
use crate::error::condition::{
    BINARY_ARITHMETIC_OVERFLOW, BINARY_OP_WRONG_TYPE, DIVIDE_BY_ZERO, NUMERIC_VALUE_OUT_OF_RANGE, REMAINDER_BY_ZERO,
};
use crate::python::interpreter::spark_minor;
use crate::session::coercion;

use Parameter::Number;

/// The most digits of a decimal.
const MAX_PRECISION: u8 = 38;
/// The scale that a decimal keeps of what does not fit.
const LEAST_SCALE: i16 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    /// A remainder that has no sign.
    Modulo,
    /// A quotient without its fraction.
    Quotient,
}

macro_rules! operation {
    ($name:literal, $op:ident, $tried:literal) => {
        Definition::new(
            $name,
            &[Number, Number],
            |types| result(Op::$op, types),
            |call| evaluate(call, Op::$op, $tried),
        )
        .together(|args| Ok(together(Op::$op, args)))
    };
}

/// The functions. Those of no name in SQL are what operators mean.
pub(crate) const ALL: &[Definition] = &[
    operation!("exact_add", Add, false),
    operation!("exact_subtract", Subtract, false),
    operation!("exact_multiply", Multiply, false),
    operation!("exact_divide", Divide, false),
    operation!("exact_remainder", Remainder, false),
    operation!("mod", Remainder, false),
    operation!("pmod", Modulo, false),
    operation!("div", Quotient, false),
    operation!("try_add", Add, true),
    operation!("try_subtract", Subtract, true),
    operation!("try_multiply", Multiply, true),
    operation!("try_divide", Divide, true),
    operation!("try_mod", Remainder, true),
    Definition::new("negative", &[Number], gives::same, negative),
    Definition::new("positive", &[Number], gives::same, |call| Ok(call.arrays[0].clone())),
    Definition::new("abs", &[Number], gives::same, abs),
];

/// The function that an operator of numbers means.
fn function(op: Operator) -> Option<Function> {
    let name = match op {
        Operator::Plus => "exact_add",
        Operator::Minus => "exact_subtract",
        Operator::Multiply => "exact_multiply",
        Operator::Divide => "exact_divide",
        Operator::Modulo => "exact_remainder",
        _ => return None,
    };
    ALL.iter().find(|definition| definition.name == name).map(|definition| Function::new(*definition))
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8)
}

fn is_number(data_type: &DataType) -> bool {
    is_integer(data_type) || matches!(data_type, DataType::Float32 | DataType::Float64 | DataType::Decimal128(..))
}

fn is_integer(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64)
}

/// An operator between numbers, or a number and a text or null: its operands in the types of Spark's rules, and the function
/// where a decimal is among them. None if it is no such operator.
pub(crate) fn operator(left: (Expr, DataType), op: Operator, right: (Expr, DataType)) -> Option<Expr> {
    let function = function(op)?;
    let known = |data_type: &DataType| is_number(data_type) || is_text(data_type) || data_type == &DataType::Null;
    let numbers = is_number(&left.1) || is_number(&right.1);
    if !numbers || !known(&left.1) || !known(&right.1) {
        return None;
    }
    // DataFusion gives integers of different widths the wider type as Spark does.
    if is_integer(&left.1) && is_integer(&right.1) {
        return None;
    }
    let decimal = |data_type: &DataType| matches!(data_type, DataType::Decimal128(..));
    let fraction = |data_type: &DataType| matches!(data_type, DataType::Float32 | DataType::Float64 | DataType::Utf8);
    let exact = (decimal(&left.1) || decimal(&right.1)) && !fraction(&left.1) && !fraction(&right.1);
    let args = <[Expr; 2]>::try_from(together(kind(op)?, vec![left, right])).ok()?;
    if exact {
        return Some(function.call(args.into()));
    }
    let [left, right] = args;
    Some(datafusion::logical_expr::binary_expr(left, op, right))
}

fn kind(op: Operator) -> Option<Op> {
    Some(match op {
        Operator::Plus => Op::Add,
        Operator::Minus => Op::Subtract,
        Operator::Multiply => Op::Multiply,
        Operator::Divide => Op::Divide,
        Operator::Modulo => Op::Remainder,
        _ => return None,
    })
}

/// Arithmetic between a number and a text or a null, before literals have their types; none if it is no such operator.
///
/// # Errors
/// `DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE` for two texts.
pub(crate) fn untyped(expr: &RawBinaryExpr, types: &[DataType; 2]) -> Result<Option<Expr>> {
    let op = match expr.op {
        BinaryOperator::Plus => Operator::Plus,
        BinaryOperator::Minus => Operator::Minus,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Modulo => Operator::Modulo,
        _ => return Ok(None),
    };
    let [left, right] = types;
    if is_text(left) && is_text(right) {
        let parameters = [
            ("sqlExpr", format!("\"({} {op} {})\"", expr.left, expr.right)),
            ("inputType", "\"NUMERIC\"".to_owned()),
            ("actualDataType", "\"STRING\"".to_owned()),
        ];
        return Err(BINARY_OP_WRONG_TYPE.error(parameters).into());
    }
    let vague = |data_type: &DataType| is_text(data_type) || data_type == &DataType::Null;
    let mixed = (is_number(left) && vague(right)) || (vague(left) && is_number(right));
    let planned =
        function(op).filter(|_| mixed).map(|function| function.call(vec![expr.left.clone(), expr.right.clone()]));
    Ok(planned)
}

/// The checked form of an operator between integers.
pub(crate) fn checked(
    left: &Expr,
    left_type: &DataType,
    op: Operator,
    right: &Expr,
    right_type: &DataType,
) -> Option<Expr> {
    let whole = matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply);
    if !whole || !is_integer(left_type) || !is_integer(right_type) {
        return None;
    }
    let args = vec![(left.clone(), left_type.clone()), (right.clone(), right_type.clone())];
    Some(function(op)?.call(together(kind(op)?, args)))
}

/// The checked negation of an integer.
pub(crate) fn checked_negation(expr: &Expr, data_type: &DataType) -> Option<Expr> {
    let definition = ALL.iter().find(|definition| definition.name == "negative")?;
    is_integer(data_type).then(|| Function::new(*definition).call(vec![expr.clone()]))
}

/// The operands with the types in which Spark computes.
fn together(op: Op, args: Vec<(Expr, DataType)>) -> Vec<Expr> {
    let types: Vec<_> = args.iter().map(|(_, data_type)| data_type.clone()).collect();
    let [one, other] = types.as_slice() else { return args.into_iter().map(|(expr, _)| expr).collect() };
    let common = common(op, one, other);
    let cast = |(expr, from): (Expr, DataType)| {
        let to = match (&common, decimal(&expr, &from)) {
            (Some(common), _) => common.clone(),
            (None, Some((precision, scale))) => DataType::Decimal128(precision, scale),
            (None, None) => match types.iter().find(|other| **other != from) {
                Some(other) => other.clone(),
                None => return expr,
            },
        };
        coercion::cast(expr, &from, &to)
    };
    args.into_iter().map(cast).collect()
}

/// The type of both operands; none for decimals, which keep their own.
fn common(op: Op, one: &DataType, other: &DataType) -> Option<DataType> {
    use DataType::{Float32, Float64, Int64, Null};
    let (one, other) = match (one, other) {
        (Null, Null) => (&Float64, &Float64),
        (Null, typed) | (typed, Null) => (typed, typed),
        both => both,
    };
    let typed = match (is_text(one), is_text(other)) {
        (true, true) => Float64,
        (true, false) if is_integer(other) => Int64,
        (false, true) if is_integer(one) => Int64,
        (true, false) | (false, true) => Float64,
        (false, false) => match (one, other) {
            (Float32, Float32) => Float32,
            (Float32 | Float64, _) | (_, Float32 | Float64) => Float64,
            (DataType::Decimal128(..), _) | (_, DataType::Decimal128(..)) => return None,
            (one, other) if one.primitive_width() < other.primitive_width() => other.clone(),
            (one, _) => one.clone(),
        },
    };
    // A quotient of integers is one of doubles.
    Some(match op {
        Op::Divide => Float64,
        Op::Quotient if is_integer(&typed) => Int64,
        _ => typed,
    })
}

/// The precision and scale of an operand as a decimal: an integer literal needs no more digits than it has.
fn decimal(expr: &Expr, data_type: &DataType) -> Option<(u8, i8)> {
    let digits = |value: i64| u8::try_from(value.unsigned_abs().checked_ilog10().unwrap_or(0) + 1).unwrap_or(20);
    if let Expr::Literal(value, _) = expr
        && let Ok(ScalarValue::Int64(Some(value))) = value.cast_to(&DataType::Int64)
        && is_integer(data_type)
    {
        return Some((digits(value), 0));
    }
    Some(match data_type {
        DataType::Int8 => (3, 0),
        DataType::Int16 => (5, 0),
        DataType::Int32 => (10, 0),
        DataType::Int64 => (20, 0),
        DataType::Decimal128(precision, scale) => (*precision, *scale),
        _ => return None,
    })
}

/// The type of the result.
fn result(op: Op, types: &[DataType]) -> DataType {
    let [one, other] = types else { return DataType::Null };
    if op == Op::Quotient {
        return DataType::Int64;
    }
    if let Some(common) = common(op, one, other) {
        return common;
    }
    let own = |data_type: &DataType| match data_type {
        DataType::Decimal128(precision, scale) => (i16::from(*precision), i16::from(*scale)),
        DataType::Int8 => (3, 0),
        DataType::Int16 => (5, 0),
        DataType::Int32 => (10, 0),
        _ => (20, 0),
    };
    let ((precision, scale), (other_precision, other_scale)) = (own(one), own(other));
    let common_scale = scale.max(other_scale);
    let (digits, scale) = match op {
        Op::Add | Op::Subtract => {
            ((precision - scale).max(other_precision - other_scale) + common_scale + 1, common_scale)
        }
        Op::Multiply => (precision + other_precision + 1, scale + other_scale),
        Op::Divide | Op::Quotient => {
            let fraction = LEAST_SCALE.max(scale + other_precision + 1);
            (precision - scale + other_scale + fraction, fraction)
        }
        Op::Remainder | Op::Modulo => {
            ((precision - scale).min(other_precision - other_scale) + common_scale, common_scale)
        }
    };
    bounded(digits, scale)
}

/// The decimal of so many digits, with less of a fraction where they are too many.
fn bounded(digits: i16, scale: i16) -> DataType {
    let most = i16::from(MAX_PRECISION);
    if digits <= most {
        return DataType::Decimal128(u8::try_from(digits).unwrap_or(MAX_PRECISION), i8::try_from(scale).unwrap_or(0));
    }
    let scale = (most - (digits - scale)).max(scale.min(LEAST_SCALE));
    DataType::Decimal128(MAX_PRECISION, i8::try_from(scale).unwrap_or(0))
}

fn by_zero(op: Op) -> SparkError {
    let condition = match op {
        Op::Remainder | Op::Modulo if spark_minor() >= (4, 1) => REMAINDER_BY_ZERO,
        _ => DIVIDE_BY_ZERO,
    };
    condition.error([("config", "\"spark.sql.ansi.enabled\"".to_owned())])
}

/// The function that tolerates what this operator does not.
fn instead(op: Op) -> &'static str {
    match op {
        Op::Add => "try_add",
        Op::Subtract => "try_subtract",
        Op::Multiply => "try_multiply",
        Op::Divide | Op::Quotient => "try_divide",
        Op::Remainder | Op::Modulo => "try_mod",
    }
}

fn overflowed(op: Op, data_type: &DataType, one: i64, other: i64) -> SparkError {
    let symbol = match op {
        Op::Add => "+",
        Op::Subtract => "-",
        _ => "*",
    };
    match data_type {
        DataType::Int8 | DataType::Int16 => BINARY_ARITHMETIC_OVERFLOW.error([
            ("value1", format!("{one}S")),
            ("symbol", symbol.to_owned()),
            ("value2", format!("{other}S")),
            ("functionName", format!("`{}`", instead(op))),
        ]),
        _ if op == Op::Quotient => overflow("Overflow in integral divide", instead(op)),
        data_type => overflow_of(data_type, instead(op)),
    }
}

fn evaluate(call: &Call<'_>, op: Op, tried: bool) -> Result<ArrayRef> {
    let [left, right] = call.arrays.as_slice() else {
        return internal_err!("an operator with {} operands", call.arrays.len());
    };
    let fails = call.ansi && !tried;
    match left.data_type() {
        DataType::Float32 | DataType::Float64 => doubles(call, op, fails),
        DataType::Decimal128(..) => decimals(call, op, fails),
        data_type if is_integer(data_type) => {
            let whole = match op {
                Op::Add => Some(numeric::add(left, right)),
                Op::Subtract => Some(numeric::sub(left, right)),
                Op::Multiply => Some(numeric::mul(left, right)),
                _ => None,
            };
            // Row by row is slow, and needed only where a row overflows.
            match whole {
                Some(Ok(whole)) => Ok(whole),
                _ => integers(call, op, fails),
            }
        }
        other => internal_err!("arithmetic of {other}"),
    }
}

fn integers(call: &Call<'_>, op: Op, fails: bool) -> Result<ArrayRef> {
    let data_type = call.arrays[0].data_type();
    let (left, right) = (cast(&call.arrays[0], &DataType::Int64)?, cast(&call.arrays[1], &DataType::Int64)?);
    let (left, right) = (left.as_primitive::<Int64Type>(), right.as_primitive::<Int64Type>());
    let fits = |value: i64| match data_type {
        DataType::Int8 => i8::try_from(value).is_ok(),
        DataType::Int16 => i16::try_from(value).is_ok(),
        DataType::Int32 => i32::try_from(value).is_ok(),
        _ => true,
    };
    let values = call.longs(|row| {
        let (one, other) = (left.value(row), right.value(row));
        if matches!(op, Op::Divide | Op::Quotient | Op::Remainder | Op::Modulo) && other == 0 {
            return if fails { Err(by_zero(op).into()) } else { Ok(None) };
        }
        let value = match op {
            Op::Add => one.checked_add(other),
            Op::Subtract => one.checked_sub(other),
            Op::Multiply => one.checked_mul(other),
            Op::Divide | Op::Quotient => one.checked_div(other),
            Op::Remainder => Some(one.wrapping_rem(other)),
            Op::Modulo => {
                let rest = one.wrapping_rem(other);
                Some(if rest < 0 { rest.wrapping_add(other).wrapping_rem(other) } else { rest })
            }
        };
        match value.filter(|value| fits(*value)) {
            Some(value) => Ok(Some(value)),
            None if fails => Err(overflowed(op, data_type, one, other).into()),
            None => Ok(None),
        }
    })?;
    Ok(cast(&values, call.returns)?)
}

fn doubles(call: &Call<'_>, op: Op, fails: bool) -> Result<ArrayRef> {
    let (left, right) = (cast(&call.arrays[0], &DataType::Float64)?, cast(&call.arrays[1], &DataType::Float64)?);
    let (left, right) = (left.as_primitive::<Float64Type>(), right.as_primitive::<Float64Type>());
    let values = call.doubles(|row| {
        let (one, other) = (left.value(row), right.value(row));
        if matches!(op, Op::Divide | Op::Quotient | Op::Remainder | Op::Modulo) && other == 0.0 {
            return if fails { Err(by_zero(op).into()) } else { Ok(None) };
        }
        Ok(Some(match op {
            Op::Add => one + other,
            Op::Subtract => one - other,
            Op::Multiply => one * other,
            Op::Divide => one / other,
            Op::Quotient => (one / other).trunc(),
            Op::Remainder => one % other,
            Op::Modulo => {
                let rest = one % other;
                if rest < 0.0 { (rest + other) % other } else { rest }
            }
        }))
    })?;
    Ok(cast(&values, call.returns)?)
}

fn power_of_ten(exponent: i32) -> i256 {
    let exponent = u32::try_from(exponent).unwrap_or(0);
    i256::from_i128(10).checked_pow(exponent).unwrap_or(i256::MAX)
}

/// The value at another scale, rounded half up.
pub(super) fn rescaled(value: i256, from: i32, to: i32) -> Option<i256> {
    if to >= from {
        return value.checked_mul(power_of_ten(to - from));
    }
    let unit = power_of_ten(from - to);
    let (quotient, rest) = (value.checked_div(unit)?, value.checked_rem(unit)?);
    let twice = rest.checked_abs()?.checked_mul(i256::from_i128(2))?;
    let away = if value.is_negative() { i256::MINUS_ONE } else { i256::ONE };
    Some(if twice >= unit { quotient.checked_add(away)? } else { quotient })
}

fn decimals(call: &Call<'_>, op: Op, fails: bool) -> Result<ArrayRef> {
    let operand = |index: usize| {
        let array = &call.arrays[index];
        match array.data_type() {
            DataType::Decimal128(_, scale) => Ok((array.clone(), i32::from(*scale))),
            _ => Ok::<_, datafusion::error::DataFusionError>((cast(array, &DataType::Decimal128(20, 0))?, 0)),
        }
    };
    let ((left, left_scale), (right, right_scale)) = (operand(0)?, operand(1)?);
    let (left, right) = (left.as_primitive::<Decimal128Type>(), right.as_primitive::<Decimal128Type>());
    let (precision, scale) = match call.returns {
        DataType::Decimal128(precision, scale) => (*precision, i32::from(*scale)),
        _ => (20, 0),
    };
    let compute = |one: i256, other: i256| -> Option<i256> {
        let common = left_scale.max(right_scale);
        let same = |value: i256, scale: i32| value.checked_mul(power_of_ten(common - scale));
        match op {
            Op::Add => rescaled(same(one, left_scale)?.checked_add(same(other, right_scale)?)?, common, scale),
            Op::Subtract => rescaled(same(one, left_scale)?.checked_sub(same(other, right_scale)?)?, common, scale),
            Op::Multiply => rescaled(one.checked_mul(other)?, left_scale + right_scale, scale),
            Op::Divide => {
                // One digit more than is kept, and one for whatever follows.
                let shift = scale + 1 + right_scale - left_scale;
                let (one, other) = if shift >= 0 {
                    (one.checked_mul(power_of_ten(shift))?, other)
                } else {
                    (one, other.checked_mul(power_of_ten(-shift))?)
                };
                rescaled(one.checked_div(other)?, scale + 1, scale)
            }
            Op::Quotient => same(one, left_scale)?.checked_div(same(other, right_scale)?),
            Op::Remainder | Op::Modulo => {
                let other = same(other, right_scale)?;
                let rest = same(one, left_scale)?.checked_rem(other)?;
                let rest = if op == Op::Modulo && rest.is_negative() {
                    rest.checked_add(other)?.checked_rem(other)?
                } else {
                    rest
                };
                rescaled(rest, common, scale)
            }
        }
    };
    let mut values = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        if call.is_null(row) {
            values.push(None);
            continue;
        }
        if matches!(op, Op::Divide | Op::Quotient | Op::Remainder | Op::Modulo) && right.value(row) == 0 {
            if fails {
                return Err(by_zero(op).into());
            }
            values.push(None);
            continue;
        }
        let value = compute(i256::from_i128(left.value(row)), i256::from_i128(right.value(row)));
        let fitting =
            value.and_then(i256::to_i128).filter(|value| Decimal128Type::is_valid_decimal_precision(*value, precision));
        match fitting {
            Some(value) => values.push(Some(value)),
            None if fails => {
                let value = value.map_or_else(
                    || "the result".to_owned(),
                    |value| {
                        Decimal128Type::format_decimal(
                            value.to_i128().unwrap_or(0),
                            MAX_PRECISION,
                            i8::try_from(scale).unwrap_or(0),
                        )
                    },
                );
                return Err(out_of_range(&value, precision, scale).into());
            }
            None => values.push(None),
        }
    }
    let values: Decimal128Array = values.into_iter().collect();
    if call.returns == &DataType::Int64 {
        return Ok(cast(&shared(values.with_precision_and_scale(MAX_PRECISION, 0)?), &DataType::Int64)?);
    }
    Ok(shared(values.with_precision_and_scale(precision, i8::try_from(scale).unwrap_or(0))?))
}

/// The error of a value that does not fit a decimal.
pub(crate) fn out_of_range(value: &str, precision: u8, scale: i32) -> SparkError {
    NUMERIC_VALUE_OUT_OF_RANGE.error([
        ("value", value.to_owned()),
        ("precision", precision.to_string()),
        ("scale", scale.to_string()),
        ("config", "\"spark.sql.ansi.enabled\"".to_owned()),
    ])
}

fn whole_overflow(data_type: &DataType) -> SparkError {
    overflow_of(data_type, "")
}

fn negative(call: &Call<'_>) -> Result<ArrayRef> {
    match numeric::neg(&call.arrays[0]) {
        Ok(negated) => Ok(negated),
        Err(_) if call.ansi => Err(whole_overflow(call.returns).into()),
        Err(_) => Ok(numeric::neg_wrapping(&call.arrays[0])?),
    }
}

fn abs(call: &Call<'_>) -> Result<ArrayRef> {
    let array = &call.arrays[0];
    match array.data_type() {
        DataType::Float32 | DataType::Float64 => {
            let doubles = cast(array, &DataType::Float64)?;
            let doubles = doubles.as_primitive::<Float64Type>();
            Ok(cast(&shared(doubles.unary::<_, Float64Type>(f64::abs)), call.returns)?)
        }
        DataType::Decimal128(precision, scale) => {
            let decimals = array.as_primitive::<Decimal128Type>().unary::<_, Decimal128Type>(i128::abs);
            Ok(shared(decimals.with_precision_and_scale(*precision, *scale)?))
        }
        _ => {
            let longs = cast(array, &DataType::Int64)?;
            let longs = longs.as_primitive::<Int64Type>();
            let values = call.longs(|row| match longs.value(row).checked_abs() {
                Some(value) => Ok(Some(value)),
                None => Err(whole_overflow(call.returns).into()),
            })?;
            let safe = arrow::compute::CastOptions { safe: false, ..Default::default() };
            arrow::compute::cast_with_options(&values, call.returns, &safe)
                .map_err(|_| whole_overflow(call.returns).into())
        }
    }
}
