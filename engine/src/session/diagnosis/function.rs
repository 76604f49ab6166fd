//! Calls of functions.

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart, Spanned,
};

use super::expression::{Kind, Piece, Scope};
use super::{Analysis, Step, Stop};
use crate::error::condition::WRONG_NUM_ARGS;
use crate::error::relation::quoted;
use crate::types::DataType;

/// Functions of one argument and no other, for which this says so.
const UNARY: [&str; 4] = ["upper", "lower", "length", "abs"];

/// Functions that Spark has, under which a call with an unresolved argument keeps its name.
const KNOWN: [&str; 36] = [
    "abs",
    "array",
    "avg",
    "ceil",
    "coalesce",
    "concat",
    "count",
    "date",
    "day",
    "double",
    "first",
    "floor",
    "if",
    "ifnull",
    "int",
    "isnotnull",
    "isnull",
    "last",
    "length",
    "lower",
    "max",
    "mean",
    "min",
    "month",
    "nvl",
    "replace",
    "reverse",
    "round",
    "size",
    "sqrt",
    "string",
    "sum",
    "to_date",
    "trim",
    "upper",
    "year",
];

impl<'a> Analysis<'a> {
    /// A call.
    pub(super) fn function(&mut self, function: &'a Function, scope: &Scope<'_>) -> Step<Piece> {
        let [ObjectNamePart::Identifier(name)] = function.name.0.as_slice() else { return Err(Stop::Unknown) };
        let FunctionArguments::List(list) = &function.args else { return Err(Stop::Unknown) };
        let plain = matches!(function.parameters, FunctionArguments::None)
            && function.filter.is_none()
            && function.null_treatment.is_none()
            && function.over.is_none()
            && function.within_group.is_empty()
            && list.clauses.is_empty();
        if !plain {
            return Err(Stop::Unknown);
        }
        let lower = name.value.to_lowercase();
        if !KNOWN.contains(&lower.as_str()) {
            return Err(Stop::Unknown);
        }
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        if let ([FunctionArg::Unnamed(FunctionArgExpr::Wildcard)], "count", false) =
            (list.args.as_slice(), lower.as_str(), distinct)
        {
            self.aggregates = true;
            return Ok(call("count(1)".to_owned(), "count(1)".to_owned(), DataType::Long));
        }
        let mut arguments = Vec::with_capacity(list.args.len());
        for argument in &list.args {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return Err(Stop::Unknown) };
            arguments.push(self.expression(expr, scope)?);
        }
        let texts: Vec<String> = arguments.iter().map(|argument| argument.text.clone()).collect();
        let texts = format!("{}{}", if distinct { "distinct " } else { "" }, super::list(&texts)?);
        if arguments.iter().any(|argument| !argument.resolved) {
            let text = format!("'{}({texts})", name.value);
            return Ok(Piece { text, resolved: false, data_type: None, sql: None, kind: Kind::Other });
        }
        if UNARY.contains(&lower.as_str()) && arguments.len() != 1 {
            return Err(Stop::error(
                WRONG_NUM_ARGS.error([
                    ("functionName", quoted(&[lower])),
                    ("expectedNum", "1".to_owned()),
                    ("actualNum", arguments.len().to_string()),
                    ("docroot", "https://spark.apache.org/docs/latest".to_owned()),
                ]),
                function.name.span().start,
            ));
        }
        let [argument] = arguments.as_slice() else { return Err(Stop::Unknown) };
        let data_type = result(&lower, argument.data_type.as_ref()).ok_or(Stop::Unknown)?;
        let aggregates = ["count", "min", "max", "sum", "avg"].contains(&lower.as_str());
        if distinct && !aggregates {
            return Err(Stop::Unknown);
        }
        self.aggregates |= aggregates;
        let sql = argument.sql.as_ref().ok_or(Stop::Unknown)?;
        let sql = format!("{lower}({}{sql})", if distinct { "DISTINCT " } else { "" });
        Ok(call(format!("{lower}({texts})"), sql, data_type))
    }
}

fn call(text: String, sql: String, data_type: DataType) -> Piece {
    Piece { text, resolved: true, data_type: Some(data_type), sql: Some(sql), kind: Kind::Other }
}

/// The type of a function's value where it takes its argument as it is; none for all others.
fn result(function: &str, argument: Option<&DataType>) -> Option<DataType> {
    use DataType::{Double, Integer, Long, String};
    match (function, argument?) {
        ("upper" | "lower", text @ String { collation: None }) => Some(text.clone()),
        ("length", String { collation: None }) => Some(Integer),
        ("abs", number @ (Integer | Long | Double)) => Some(number.clone()),
        ("count", _) => Some(Long),
        ("min" | "max", value @ (Integer | Long | Double | String { collation: None })) => Some(value.clone()),
        ("sum", Integer | Long) => Some(Long),
        ("sum" | "avg", Double) | ("avg", Integer | Long) => Some(Double),
        _ => None,
    }
}
