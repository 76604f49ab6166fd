//! `startswith`, `endswith` and `contains` of binary values.

use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::functions::string;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The tests as a query asks for them, of texts or of bytes: which, is known with the types.
const TESTS: [&str; 3] = ["either_starts_with", "either_ends_with", "either_contains"];
const OF_BYTES: [&str; 3] = ["binary_starts_with", "binary_ends_with", "binary_contains"];

/// The tests that [`of_types`] replaces.
pub(crate) fn tests() -> impl Iterator<Item = ScalarUDF> {
    TESTS.into_iter().map(|name| ScalarUDF::new_from_impl(BinaryTest::new(name)))
}

/// The test of bytes if all arguments are, else DataFusion's of texts; none if the function is no such test.
pub(crate) fn of_types(name: &str, args: &[Expr], types: &[DataType]) -> Option<Expr> {
    let test = TESTS.iter().position(|test| *test == name)?;
    if types.iter().all(|data_type| data_type == &DataType::Binary) {
        return Some(ScalarUDF::new_from_impl(BinaryTest::new(OF_BYTES[test])).call(args.to_vec()));
    }
    let texts = args.iter().zip(types).map(|(argument, data_type)| match data_type {
        DataType::Utf8 => argument.clone(),
        _ => Expr::Cast(Cast::new(Box::new(argument.clone()), DataType::Utf8)),
    });
    let function = [string::starts_with, string::ends_with, string::contains][test];
    Some(function().call(texts.collect()))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct BinaryTest {
    signature: Signature,
    name: &'static str,
}

impl BinaryTest {
    fn new(name: &'static str) -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable), name }
    }

    fn test(&self, value: &[u8], part: &[u8]) -> bool {
        match self.name {
            "binary_starts_with" => value.starts_with(part),
            "binary_ends_with" => value.ends_with(part),
            _ => part.is_empty() || value.windows(part.len()).any(|window| window == part),
        }
    }
}

impl ScalarUDFImpl for BinaryTest {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value, part] = args.args.as_slice() else {
            return internal_err!("{} with {} arguments", self.name, args.args.len());
        };
        let (value, part) = (value.to_array(args.number_rows)?, part.to_array(args.number_rows)?);
        let (values, parts) = (value.as_binary::<i32>(), part.as_binary::<i32>());
        let tests = values.iter().zip(parts).map(|(value, part)| Some(self.test(value?, part?)));
        Ok(ColumnarValue::Array(std::sync::Arc::new(tests.collect::<BooleanArray>())))
    }
}
