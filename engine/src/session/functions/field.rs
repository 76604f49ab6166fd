//! Fields of nested values: of a struct, of each struct in an array (`a.x`), and of what an expression gives (`a[0].x`). Their
//! names are compared without case.

use std::sync::Arc;

use super::{arithmetic, intervals};
use crate::session::coercion;
use arrow::array::{Array, ArrayRef, AsArray, ListArray, make_array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Column, DFSchema, ScalarValue, TableReference, internal_err, plan_err};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, GetFieldAccess, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

/// Plans accesses that DataFusion would not.
#[derive(Debug)]
pub(crate) struct FieldPlanner;

impl ExprPlanner for FieldPlanner {
    /// Arithmetic with an interval, a text or a null, for which DataFusion has other types or none.
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let types = [expr.left.get_type(schema)?, expr.right.get_type(schema)?];
        if let Some(planned) = intervals::operator(&expr.op, &expr.left, &expr.right, &types, schema)? {
            return Ok(PlannerResult::Planned(planned));
        }
        if let Some(planned) = of_text(&expr, &types) {
            return Ok(PlannerResult::Planned(planned));
        }
        Ok(match arithmetic::untyped(&expr, &types)? {
            Some(planned) => PlannerResult::Planned(planned),
            None => PlannerResult::Original(expr),
        })
    }

    /// `map(key, value, …)`, which DataFusion would check for itself.
    fn plan_make_map(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(match super::maps::map_of(args.clone()) {
            Some(map) => PlannerResult::Planned(map),
            None => PlannerResult::Original(args),
        })
    }

    fn plan_compound_identifier(
        &self,
        field: &Field,
        qualifier: Option<&TableReference>,
        nested_names: &[String],
    ) -> Result<PlannerResult<Vec<Expr>>> {
        let mut data_type = field.data_type().clone();
        let mut expr = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        let mut through_array = false;
        for name in nested_names {
            through_array |= matches!(data_type, DataType::List(_));
            let Some((next, found)) = access(expr, &data_type, name) else {
                return Ok(PlannerResult::Original(Vec::new()));
            };
            (expr, data_type) = (next, found);
        }
        Ok(if through_array { PlannerResult::Planned(expr) } else { PlannerResult::Original(Vec::new()) })
    }

    fn plan_field_access(
        &self,
        access_expr: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        if let GetFieldAccess::NamedStructField { name } = &access_expr.field_access
            && let Some(Some(name)) = name.try_as_str()
            && let Some((expr, _)) = access(access_expr.expr.clone(), &access_expr.expr.get_type(schema)?, name)
        {
            return Ok(PlannerResult::Planned(expr));
        }
        let RawFieldAccessExpr { expr, field_access } = access_expr;
        let field_access = match field_access {
            GetFieldAccess::ListIndex { key } => {
                GetFieldAccess::ListIndex { key: Box::new(key_of(&expr, *key, schema)?) }
            }
            other => other,
        };
        Ok(PlannerResult::Original(RawFieldAccessExpr { expr, field_access }))
    }
}

/// A condition, or an operation on bits, one side of which is a text that says the condition or the number.
fn of_text(expr: &RawBinaryExpr, types: &[DataType; 2]) -> Option<Expr> {
    let (op, wanted) = match expr.op {
        BinaryOperator::And => (Operator::And, DataType::Boolean),
        BinaryOperator::Or => (Operator::Or, DataType::Boolean),
        BinaryOperator::BitwiseAnd => (Operator::BitwiseAnd, DataType::Int64),
        BinaryOperator::BitwiseOr => (Operator::BitwiseOr, DataType::Int64),
        BinaryOperator::BitwiseXor => (Operator::BitwiseXor, DataType::Int64),
        _ => return None,
    };
    let takes = |given: &DataType| match wanted {
        DataType::Boolean => *given == DataType::Boolean,
        _ => given.is_integer(),
    };
    let [left, right] = types;
    if (*left == DataType::Utf8) == (*right == DataType::Utf8) || !types.iter().any(takes) {
        return None;
    }
    let read = |side: &Expr, given: &DataType| match given {
        DataType::Utf8 => coercion::cast(side.clone(), given, &wanted),
        _ => side.clone(),
    };
    Some(Expr::BinaryExpr(BinaryExpr::new(Box::new(read(&expr.left, left)), op, Box::new(read(&expr.right, right)))))
}

/// The key of an entry, of the type that the map's keys have.
fn key_of(map: &Expr, key: Expr, schema: &DFSchema) -> Result<Expr> {
    let DataType::Map(entries, _) = map.get_type(schema)? else { return Ok(key) };
    let DataType::Struct(fields) = entries.data_type() else { return Ok(key) };
    let (given, Some(wanted)) = (key.get_type(schema)?, fields.first().map(|field| field.data_type())) else {
        return Ok(key);
    };
    if given == *wanted || given.is_nested() || wanted.is_nested() {
        return Ok(key);
    }
    Ok(coercion::cast(key, &given, wanted))
}

/// The field of a value of that type, and the field's own type; none where there is no such field.
fn access(expr: Expr, data_type: &DataType, name: &str) -> Option<(Expr, DataType)> {
    match data_type {
        DataType::Struct(fields) => {
            let field = find(fields, name)?;
            Some((get_field(expr, field.name().as_str()), field.data_type().clone()))
        }
        DataType::List(element) => {
            let DataType::Struct(fields) = element.data_type() else { return None };
            let field = find(fields, name)?;
            let accessed = ScalarUDF::new_from_impl(ArrayField::new()).call(vec![expr, lit(field.name().as_str())]);
            Some((accessed, DataType::List(element_of(element, field))))
        }
        _ => None,
    }
}

fn find<'f>(fields: &'f Fields, name: &str) -> Option<&'f FieldRef> {
    let exact = fields.iter().find(|field| field.name() == name);
    exact.or_else(|| fields.iter().find(|field| field.name().eq_ignore_ascii_case(name)))
}

fn element_of(element: &Field, field: &Field) -> FieldRef {
    Arc::new(Field::new(element.name(), field.data_type().clone(), element.is_nullable() || field.is_nullable()))
}

/// `array_field(array, name)`: an array of the field's values in each struct of the array.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ArrayField {
    signature: Signature,
}

impl ArrayField {
    fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for ArrayField {
    fn name(&self) -> &str {
        "array_field"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        internal_err!("array_field without the name of the field")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let ([array, ..], [_, Some(name)]) = (args.arg_fields, args.scalar_arguments) else {
            return internal_err!("array_field with {} arguments", args.arg_fields.len());
        };
        if let DataType::List(element) = array.data_type()
            && let DataType::Struct(fields) = element.data_type()
            && let Some(Some(name)) = name.try_as_str()
            && let Some(field) = find(fields, name)
        {
            let data_type = DataType::List(element_of(element, field));
            return Ok(Arc::new(Field::new(self.name(), data_type, array.is_nullable())));
        }
        plan_err!("array_field of {}", array.data_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [array, ColumnarValue::Scalar(ScalarValue::Utf8(Some(name)))] = args.args.as_slice() else {
            return internal_err!("array_field with {} arguments", args.args.len());
        };
        let array = array.to_array(args.number_rows)?;
        let list = array.as_list::<i32>();
        let structs = list.values().as_struct();
        let (Some(values), DataType::List(element)) = (structs.column_by_name(name), args.return_field.data_type())
        else {
            return internal_err!("array_field without the field {name}");
        };
        // The field of a struct that is null is null.
        let nulls = NullBuffer::union(structs.nulls(), values.nulls());
        let values: ArrayRef = if values.data_type() == &DataType::Null {
            Arc::clone(values)
        } else {
            make_array(values.to_data().into_builder().nulls(nulls).build()?)
        };
        let fields = ListArray::try_new(Arc::clone(element), list.offsets().clone(), values, list.nulls().cloned())?;
        Ok(ColumnarValue::Array(Arc::new(fields)))
    }
}
