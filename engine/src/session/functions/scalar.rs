//! Functions of our own: their arguments take Spark's implicit casts, and they know the session that they are called in.
//!
//! A [`Definition`] says what a function takes and gives; [`planned`] casts the arguments of a call as Spark does in ANSI mode, or
//! refuses them with Spark's condition. What is evaluated then has exactly the types that the definition asks for.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, ListArray,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Field, FieldRef, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use datafusion::common::{DFSchema, ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TypeSignature, Volatility,
};

use crate::datasource::pushdown::is_constant;
use crate::error::SparkError;
use crate::error::condition::{UNEXPECTED_INPUT_TYPE, WRONG_NUM_ARGS};
use crate::session::coercion::{self, instant};
use crate::session::constant_errors;
use crate::types::StructField;
use crate::types::arrow::SPARK_FIELD;

/// What a function takes in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// Text; all that is not nested becomes one.
    Text,
    /// Bytes; a text is its bytes.
    Bytes,
    /// Bytes, or else text.
    TextOrBytes,
    Boolean,
    Int,
    Long,
    Double,
    Date,
    Instant,
    /// Any number as it is; a text is a double.
    Number,
    /// Any integer as it is; a text is a long.
    Integer,
    /// An array.
    List,
    Map,
    Anything,
}

fn is_integer(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64)
}

fn is_number(data_type: &DataType) -> bool {
    is_integer(data_type) || matches!(data_type, DataType::Float32 | DataType::Float64 | DataType::Decimal128(..))
}

impl Parameter {
    /// The type that an argument of a type gets; none where Spark refuses it.
    fn accepts(self, given: &DataType) -> Option<DataType> {
        use DataType::{Binary, Boolean, Date32, Float64, Int32, Int64, Null, Timestamp, Utf8};
        let wanted = match self {
            Self::Anything => return Some(given.clone()),
            Self::List => return matches!(given, DataType::List(_) | Null).then(|| given.clone()),
            Self::Map => return matches!(given, DataType::Map(..) | Null).then(|| given.clone()),
            Self::Number | Self::Integer => match given {
                given if is_integer(given) || (self == Self::Number && is_number(given)) => return Some(given.clone()),
                Utf8 => return Some(if self == Self::Number { Float64 } else { Int64 }),
                Null => return Some(if self == Self::Number { Float64 } else { Int32 }),
                _ => return None,
            },
            Self::TextOrBytes if given == &Binary => return Some(Binary),
            Self::Text | Self::TextOrBytes => Utf8,
            Self::Bytes => Binary,
            Self::Boolean => Boolean,
            Self::Int => Int32,
            Self::Long => Int64,
            Self::Double => Float64,
            Self::Date => Date32,
            Self::Instant => instant(),
        };
        let fits = match (&wanted, given) {
            (_, Null | Utf8) => true,
            (wanted, given) if wanted == given => true,
            (Utf8, given) => !given.is_nested(),
            (Int32, DataType::Int8 | DataType::Int16) => true,
            (Int64, given) => is_integer(given),
            (Float64, given) => is_number(given),
            (Date32, Timestamp(..)) | (Timestamp(..), Date32 | Timestamp(..)) => true,
            _ => false,
        };
        fits.then_some(wanted)
    }

    /// As [`accepts`](Self::accepts), while a literal has not got Spark's type yet: what does not fit is taken as it is.
    fn takes(self, given: &DataType) -> DataType {
        match (self, given) {
            (Self::Int, DataType::Int64) => DataType::Int32,
            (parameter, given) => parameter.accepts(given).unwrap_or_else(|| given.clone()),
        }
    }

    /// The types as errors name them.
    fn names(self) -> &'static str {
        match self {
            Self::Text => "\"STRING\"",
            Self::Bytes => "\"BINARY\"",
            Self::TextOrBytes => "(\"STRING\" or \"BINARY\")",
            Self::Boolean => "\"BOOLEAN\"",
            Self::Int => "\"INT\"",
            Self::Long => "\"BIGINT\"",
            Self::Double => "\"DOUBLE\"",
            Self::Date => "\"DATE\"",
            Self::Instant => "\"TIMESTAMP\"",
            Self::Number => "\"NUMERIC\"",
            Self::Integer => "\"INTEGRAL\"",
            Self::List => "\"ARRAY\"",
            Self::Map => "\"MAP\"",
            Self::Anything => "\"ANY\"",
        }
    }
}

/// A function: what it takes, what it gives, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    /// How many arguments there must be.
    pub(crate) required: usize,
    /// Whether the last parameter may be repeated.
    pub(crate) variadic: bool,
    pub(crate) returns: fn(&[DataType]) -> DataType,
    pub(crate) evaluate: fn(&Call<'_>) -> Result<ArrayRef>,
    /// The type given where it depends on the literals among the arguments.
    pub(crate) of_literals: Option<OfLiterals>,
    /// The arguments with the types that they get by one another.
    pub(crate) together: Option<Together>,
    /// What Spark calls the type given, where Arrow's has no words for it.
    pub(crate) told: Option<Told>,
    /// Whether there may be no result, of such arguments.
    pub(crate) nullable: fn(&[FieldRef]) -> bool,
    /// The function of another crate that means the same for arguments of these types.
    pub(crate) borrowed: Option<fn() -> Arc<ScalarUDF>>,
}

type Together = fn(Vec<(Expr, DataType)>) -> Result<Vec<Expr>>;
type Told = fn(&[FieldRef], &[Option<ScalarValue>]) -> Option<crate::types::DataType>;
type OfLiterals = fn(&[DataType], &[Option<ScalarValue>]) -> DataType;

impl Definition {
    /// A function all of whose parameters must be given.
    pub(crate) const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        returns: fn(&[DataType]) -> DataType,
        evaluate: fn(&Call<'_>) -> Result<ArrayRef>,
    ) -> Self {
        Self {
            name,
            parameters,
            required: parameters.len(),
            variadic: false,
            returns,
            evaluate,
            of_literals: None,
            together: None,
            told: None,
            nullable: |_| true,
            borrowed: None,
        }
    }

    /// A function of another crate, which gets the types that Spark's has.
    pub(crate) const fn borrowed(
        name: &'static str,
        parameters: &'static [Parameter],
        returns: fn(&[DataType]) -> DataType,
        function: fn() -> Arc<ScalarUDF>,
    ) -> Self {
        let unplanned = |_: &Call<'_>| internal_err!("a borrowed function is evaluated where it comes from");
        Self { borrowed: Some(function), ..Self::new(name, parameters, returns, unplanned) }
    }

    /// The same function, whose type depends on the literals among its arguments.
    pub(crate) const fn returning(self, of_literals: OfLiterals) -> Self {
        Self { of_literals: Some(of_literals), ..self }
    }

    /// The same function, whose type has a name of its own.
    pub(crate) const fn telling(self, told: Told) -> Self {
        Self { told: Some(told), ..self }
    }

    /// The same function, whose arguments get their types by one another.
    pub(crate) const fn together(self, together: Together) -> Self {
        Self { together: Some(together), ..self }
    }

    /// The same function, for which this tells whether there may be no result.
    pub(crate) const fn nullable(self, nullable: fn(&[FieldRef]) -> bool) -> Self {
        Self { nullable, ..self }
    }

    /// The same function, of which only so many arguments must be given.
    pub(crate) const fn requiring(self, required: usize) -> Self {
        Self { required, ..self }
    }

    /// The same function, whose last parameter may be repeated or left out.
    pub(crate) const fn repeating(self) -> Self {
        Self { required: self.parameters.len().saturating_sub(1), variadic: true, ..self }
    }

    fn parameter(&self, index: usize) -> Option<Parameter> {
        let last = if self.variadic { self.parameters.last() } else { None };
        self.parameters.get(index).or(last).copied()
    }
}

/// A call for some rows.
pub(crate) struct Call<'c> {
    pub(crate) arrays: Vec<ArrayRef>,
    pub(crate) rows: usize,
    pub(crate) returns: &'c DataType,
    pub(crate) zone: &'c str,
    pub(crate) ansi: bool,
}

/// One accessor for an argument of each type, and one builder for a result of each; a row with a null argument gives null.
macro_rules! columns {
    ($($get:ident, $array:ty, $as:expr; $build:ident, $result:ty, $value:ty;)*) => {$(
        pub(crate) fn $get(&self, index: usize) -> &$array {
            $as(&self.arrays[index])
        }

        pub(crate) fn $build(&self, mut value: impl FnMut(usize) -> Result<Option<$value>>) -> Result<ArrayRef> {
            let values = (0..self.rows).map(|row| if self.is_null(row) { Ok(None) } else { value(row) });
            Ok(Arc::new(values.collect::<Result<$result>>()?))
        }
    )*};
}

impl Call<'_> {
    columns! {
        text, StringArray, AsArray::as_string::<i32>; texts, StringArray, String;
        bytes, BinaryArray, AsArray::as_binary::<i32>; binaries, BinaryArray, Vec<u8>;
        boolean, BooleanArray, AsArray::as_boolean; booleans, BooleanArray, bool;
        int, Int32Array, AsArray::as_primitive::<Int32Type>; ints, Int32Array, i32;
        long, Int64Array, AsArray::as_primitive::<Int64Type>; longs, Int64Array, i64;
        double, Float64Array, AsArray::as_primitive::<Float64Type>; doubles, Float64Array, f64;
        date, Date32Array, AsArray::as_primitive::<Date32Type>; dates, Date32Array, i32;
        instant, TimestampMicrosecondArray, AsArray::as_primitive::<TimestampMicrosecondType>; wall_clocks, TimestampMicrosecondArray, i64;
    }

    pub(crate) fn list(&self, index: usize) -> &ListArray {
        self.arrays[index].as_list::<i32>()
    }

    /// As `wall_clocks`, of instants.
    pub(crate) fn instants(&self, value: impl FnMut(usize) -> Result<Option<i64>>) -> Result<ArrayRef> {
        let values = self.wall_clocks(value)?;
        Ok(Arc::new(values.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("UTC")))
    }

    /// Whether the argument is there.
    pub(crate) fn has(&self, index: usize) -> bool {
        index < self.arrays.len()
    }

    /// Whether any argument of the row is null.
    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.arrays.iter().any(|array| array.is_null(row) || array.data_type() == &DataType::Null)
    }

    /// The text's bytes, or the bytes.
    pub(crate) fn raw(&self, index: usize, row: usize) -> &[u8] {
        match self.arrays[index].data_type() {
            DataType::Utf8 => self.text(index).value(row).as_bytes(),
            _ => self.bytes(index).value(row),
        }
    }
}

/// A function in a session.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    definition: Definition,
    signature: Signature,
    zone: String,
    ansi: bool,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        (self.definition.name, &self.zone, self.ansi) == (other.definition.name, &other.zone, other.ansi)
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.definition.name, &self.zone, self.ansi).hash(state);
    }
}

impl Function {
    pub(crate) fn new(definition: Definition) -> Self {
        let arguments = vec![TypeSignature::Nullary, TypeSignature::VariadicAny];
        let signature = Signature::one_of(arguments, Volatility::Immutable);
        Self { definition, signature, zone: "UTC".to_owned(), ansi: true }
    }

    /// Whether the other arguments decide what type an argument of this type gets.
    fn is_open(&self, parameter: Parameter, given: &DataType) -> bool {
        let text = parameter == Parameter::Number && given == &DataType::Utf8;
        self.definition.together.is_some() && (text || given == &DataType::Null)
    }

    /// The function as a plan's expression calls it.
    pub(crate) fn call(self, args: Vec<Expr>) -> Expr {
        ScalarUDF::new_from_impl(self).call(args)
    }

    fn check_count(&self, given: usize) -> Result<()> {
        let Definition { name, parameters, required, variadic, .. } = self.definition;
        if given >= required && (variadic || given <= parameters.len()) {
            return Ok(());
        }
        let expected = match (variadic, required == parameters.len()) {
            (true, _) => format!("> {}", required.saturating_sub(1)),
            (false, true) => required.to_string(),
            (false, false) => format!(
                "[{}]",
                (required..=parameters.len()).map(|count| count.to_string()).collect::<Vec<_>>().join(", ")
            ),
        };
        let parameters = [
            ("functionName", format!("`{name}`")),
            ("expectedNum", expected),
            ("actualNum", given.to_string()),
            ("docroot", "https://spark.apache.org/docs/latest".to_owned()),
        ];
        Err(WRONG_NUM_ARGS.error(parameters).into())
    }

    fn refusal(&self, index: usize, expr: &Expr, parameter: Parameter, given: &DataType) -> SparkError {
        let call = format!("\"{}\"", self.definition.name);
        let ordinal = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"].get(index);
        UNEXPECTED_INPUT_TYPE.error([
            ("sqlExpr", call),
            ("paramIndex", ordinal.copied().unwrap_or("next").to_owned()),
            ("requiredType", parameter.names().to_owned()),
            ("inputSql", format!("\"{expr}\"")),
            ("inputType", format!("\"{}\"", given.to_string().to_uppercase())),
        ])
    }
}

/// The call with its arguments cast, and told of the session; none if the function is none of ours.
///
/// # Errors
/// `WRONG_NUM_ARGS`, `DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE`.
pub(crate) fn planned(call: &ScalarFunction, schema: &DFSchema, zone: &str, ansi: bool) -> Result<Option<Expr>> {
    let Some(function) = call.func.inner().downcast_ref::<Function>() else { return Ok(None) };
    function.check_count(call.args.len())?;
    let mut args = Vec::with_capacity(call.args.len());
    for (index, expr) in call.args.iter().enumerate() {
        let given = expr.get_type(schema)?;
        let Some(parameter) = function.definition.parameter(index) else { return Ok(None) };
        let open = function.is_open(parameter, &given);
        let Some(wanted) = (if open { Some(given.clone()) } else { parameter.accepts(&given) }) else {
            return Err(function.refusal(index, expr, parameter, &given).into());
        };
        let mut argument = coercion::cast(expr.clone(), &given, &wanted);
        if function.definition.of_literals.is_some()
            && is_constant(&argument)
            && let Ok(value) = constant_errors::value_of(&argument)
        {
            argument = Expr::Literal(value, None);
        }
        args.push((argument, wanted));
    }
    let args = match function.definition.together {
        Some(together) => together(args)?,
        None => args.into_iter().map(|(expr, _)| expr).collect(),
    };
    if let Some(borrowed) = function.definition.borrowed {
        return Ok(Some(borrowed().call(args)));
    }
    let zone = if zone.is_empty() { "UTC" } else { zone };
    Ok(Some(Function { zone: zone.to_owned(), ansi, ..function.clone() }.call(args)))
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.check_count(types.len())?;
        let types = types.iter().enumerate().map(|(index, given)| match self.definition.parameter(index) {
            Some(parameter) if self.is_open(parameter, given) => given.clone(),
            Some(parameter) => parameter.takes(given),
            None => given.clone(),
        });
        Ok((self.definition.returns)(&types.collect::<Vec<_>>()))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<_> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let literals: Vec<_> = args.scalar_arguments.iter().map(|literal| literal.cloned()).collect();
        let data_type = match self.definition.of_literals {
            Some(of_literals) => {
                self.check_count(types.len())?;
                of_literals(&types, &literals)
            }
            None => self.return_type(&types)?,
        };
        let field = Field::new(self.name(), data_type, (self.definition.nullable)(args.arg_fields));
        let told = self.definition.told.and_then(|told| told(args.arg_fields, &literals));
        let Some(told) = told else { return Ok(Arc::new(field)) };
        let spark = StructField::new(self.name(), told).to_json().to_string();
        Ok(Arc::new(field.with_metadata(HashMap::from([(SPARK_FIELD.to_owned(), spark)]))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|argument| argument.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let returns = args.return_field.data_type();
        // Of no array and no map at all there is no result.
        let absent = arrays.iter().enumerate().any(|(index, array)| {
            let nested = matches!(self.definition.parameter(index), Some(Parameter::List | Parameter::Map));
            nested && array.data_type() == &DataType::Null
        });
        if absent {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(returns)?));
        }
        let array = (self.definition.evaluate)(&Call { arrays, rows, returns, zone: &self.zone, ansi: self.ansi })?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

/// The result types that need no arguments.
pub(crate) mod gives {
    use super::{Arc, DataType, Field, instant};

    pub(crate) fn text(_: &[DataType]) -> DataType {
        DataType::Utf8
    }
    pub(crate) fn bytes(_: &[DataType]) -> DataType {
        DataType::Binary
    }
    pub(crate) fn boolean(_: &[DataType]) -> DataType {
        DataType::Boolean
    }
    pub(crate) fn int(_: &[DataType]) -> DataType {
        DataType::Int32
    }
    pub(crate) fn long(_: &[DataType]) -> DataType {
        DataType::Int64
    }
    pub(crate) fn double(_: &[DataType]) -> DataType {
        DataType::Float64
    }
    pub(crate) fn date(_: &[DataType]) -> DataType {
        DataType::Date32
    }
    pub(crate) fn an_instant(_: &[DataType]) -> DataType {
        instant()
    }
    pub(crate) fn texts(_: &[DataType]) -> DataType {
        DataType::List(Arc::new(Field::new("element", DataType::Utf8, true)))
    }
    /// The type of the first argument.
    pub(crate) fn same(types: &[DataType]) -> DataType {
        types.first().cloned().unwrap_or(DataType::Null)
    }
}
