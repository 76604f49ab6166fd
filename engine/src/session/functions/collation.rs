//! `collate`, and the keys by which texts are compared under a collation.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringBuilder};
use arrow::datatypes::{DataType as ArrowType, Field, FieldRef};
use datafusion::common::{ScalarValue, internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::{ExceptionClass, SparkError};
use crate::types::arrow::to_table_schema;
use crate::types::{DataType, StructField, StructType, collation};

/// `text COLLATE name`.
pub(crate) const COLLATE: &str = "collate";
/// A computed text that has its operands' collation.
pub(crate) const COLLATED: &str = "collated";
/// See [`key`].
pub(crate) const KEY: &str = "collation_key";

/// The text by which, compared byte by byte, texts are compared under the collation.
pub(crate) fn key(text: Expr, collation: &str) -> Expr {
    ScalarUDF::new_from_impl(CollationKey::new(collation)).call(vec![text])
}

/// A computed text with a collation that is not chosen by the user.
pub(crate) fn collated(text: Expr, collation: &str) -> Expr {
    let name = Expr::Literal(ScalarValue::from(collation), None);
    ScalarUDF::new_from_impl(Collate::new(COLLATED)).call(vec![text, name])
}

/// `collate(text, name)`: the text, of another type.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Collate {
    signature: Signature,
    name: &'static str,
}

impl Collate {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable), name }
    }
}

impl ScalarUDFImpl for Collate {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[ArrowType]) -> Result<ArrowType> {
        Ok(ArrowType::Utf8)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let ([text, _], [_, Some(name)]) = (args.arg_fields, args.scalar_arguments) else {
            return plan_err!("collate expects a text and the name of a collation");
        };
        if !matches!(text.data_type(), ArrowType::Utf8 | ArrowType::Null) {
            return plan_err!("collate expects a text, not {}", text.data_type());
        }
        let collation = collation::canonical(name.try_as_str().flatten().unwrap_or_default())?;
        let field =
            StructField { nullable: text.is_nullable(), ..StructField::new(self.name, DataType::String { collation }) };
        let schema = to_table_schema(&StructType { fields: vec![field] })?;
        Ok(Arc::clone(&schema.fields()[0]))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.into_iter().next() {
            Some(text) => text.cast_to(&ArrowType::Utf8, None),
            None => internal_err!("{} without a text", self.name),
        }
    }
}

/// How texts are compared.
struct Comparison {
    rule: Rule,
    /// Whether spaces at the end count for nothing.
    trimmed: bool,
}

enum Rule {
    Binary,
    LowerCase,
}

impl Comparison {
    fn of(name: &str) -> Result<Self, SparkError> {
        let (base, trimmed) = match name.strip_suffix("_RTRIM") {
            Some(base) => (base, true),
            None => (name, false),
        };
        let rule = match base {
            "UTF8_BINARY" => Rule::Binary,
            "UTF8_LCASE" => Rule::LowerCase,
            _ => {
                let message = format!("This engine does not support comparing texts under the collation {name} yet.");
                return Err(SparkError::plain(ExceptionClass::UnsupportedOperation, message));
            }
        };
        Ok(Self { rule, trimmed })
    }

    fn key<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let text = if self.trimmed { text.trim_end_matches(' ') } else { text };
        match self.rule {
            Rule::Binary => Cow::Borrowed(text),
            Rule::LowerCase => Cow::Owned(lower_case(text)),
        }
    }
}

/// Lower case of each code point by itself, both forms of the Greek sigma being one.
fn lower_case(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CollationKey {
    signature: Signature,
    collation: String,
}

impl CollationKey {
    fn new(collation: &str) -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable), collation: collation.to_owned() }
    }
}

impl ScalarUDFImpl for CollationKey {
    fn name(&self) -> &str {
        KEY
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[ArrowType]) -> Result<ArrowType> {
        Ok(ArrowType::Utf8)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(KEY, ArrowType::Utf8, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(texts) = args.args.first() else { return internal_err!("{KEY} without a text") };
        let constant = matches!(texts, ColumnarValue::Scalar(_));
        let texts =
            arrow::compute::cast(&texts.to_array(if constant { 1 } else { args.number_rows })?, &ArrowType::Utf8)?;
        let comparison = Comparison::of(&self.collation)?;
        let mut keys = StringBuilder::new();
        for text in texts.as_string::<i32>() {
            keys.append_option(text.map(|text| comparison.key(text)));
        }
        let keys: ArrayRef = Arc::new(keys.finish());
        Ok(if constant {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&keys, 0)?)
        } else {
            ColumnarValue::Array(keys)
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::cmp::Ordering;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("UTF8_LCASE", "Ada", "aDA", Ordering::Equal)]
    #[case("UTF8_LCASE", "é", "É", Ordering::Equal)]
    #[case("UTF8_LCASE", "e", "é", Ordering::Less)]
    #[case("UTF8_LCASE", "ΟΔΟΣ", "οδος", Ordering::Equal)]
    #[case("UTF8_LCASE_RTRIM", "A ", "a", Ordering::Equal)]
    #[case("UTF8_BINARY_RTRIM", "a  ", "a", Ordering::Equal)]
    fn texts_compare_under_a_collation(
        #[case] collation: &str,
        #[case] left: &str,
        #[case] right: &str,
        #[case] expected: Ordering,
    ) {
        let comparison = Comparison::of(collation).unwrap();
        assert_eq!(comparison.key(left).cmp(&comparison.key(right)), expected);
    }

    #[test]
    fn what_needs_icu_is_refused() {
        assert!(Comparison::of("UNICODE_CI").is_err());
    }
}
