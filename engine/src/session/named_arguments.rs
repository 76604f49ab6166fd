//! Arguments that a call gives by their names: `mask(s, digitChar => 'd')`. Few functions of Spark take them.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArguments, Value,
};

use crate::error::SparkError;
use crate::error::condition::{
    DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT, NAMED_PARAMETERS_NOT_SUPPORTED, REQUIRED_PARAMETER_NOT_FOUND,
    UNEXPECTED_POSITIONAL_ARGUMENT, UNRECOGNIZED_PARAMETER_NAME,
};
use crate::error::relation::quoted;

/// What a parameter has without an argument.
#[derive(Clone, Copy)]
enum Default {
    Text(&'static str),
    Null,
}

/// The parameters of a function, with what they have otherwise.
fn parameters(function: &str) -> Option<&'static [(&'static str, Option<Default>)]> {
    const MASK: &[(&str, Option<Default>)] = &[
        ("str", None),
        ("upperChar", Some(Default::Text("X"))),
        ("lowerChar", Some(Default::Text("x"))),
        ("digitChar", Some(Default::Text("n"))),
        ("otherChar", Some(Default::Null)),
    ];
    const COLLECTION: &[(&str, Option<Default>)] = &[("collection", None)];
    const INPUT: &[(&str, Option<Default>)] = &[("input", None)];
    Some(match function {
        "mask" => MASK,
        "explode" | "explode_outer" | "posexplode" | "posexplode_outer" => COLLECTION,
        "inline" | "inline_outer" => INPUT,
        _ => return None,
    })
}

/// The name of an argument that has one.
fn name_of(argument: &FunctionArg) -> Option<String> {
    match argument {
        FunctionArg::Named { name, operator: FunctionArgOperator::RightArrow, .. } => Some(name.value.clone()),
        FunctionArg::ExprNamed { name: Expr::Identifier(name), operator: FunctionArgOperator::RightArrow, .. } => {
            Some(name.value.clone())
        }
        _ => None,
    }
}

fn value_of(argument: &FunctionArg) -> &FunctionArgExpr {
    match argument {
        FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg) => arg,
    }
}

/// Puts the arguments of a call in the places of their parameters.
///
/// # Errors
/// `NAMED_PARAMETERS_NOT_SUPPORTED`, `UNRECOGNIZED_PARAMETER_NAME`, `UNEXPECTED_POSITIONAL_ARGUMENT` and their like.
pub(super) fn place(lower: &str, function: &mut Function) -> Result<(), SparkError> {
    let FunctionArguments::List(list) = &mut function.args else { return Ok(()) };
    if !list.args.iter().any(|argument| name_of(argument).is_some()) {
        return Ok(());
    }
    let routine = ("routineName", quoted(&[lower]));
    let Some(parameters) = parameters(lower) else {
        return Err(NAMED_PARAMETERS_NOT_SUPPORTED.error([("functionName", quoted(&[lower]))]));
    };
    let mut placed: Vec<Option<FunctionArgExpr>> = vec![None; parameters.len()];
    let mut named: Option<String> = None;
    for (index, argument) in list.args.iter().enumerate() {
        let place = match name_of(argument) {
            Some(name) => {
                let place = parameters.iter().position(|(known, _)| known.eq_ignore_ascii_case(&name));
                let Some(place) = place else {
                    let mut near: Vec<&str> = parameters.iter().map(|(known, _)| *known).collect();
                    near.sort_by_key(|known| strsim::levenshtein(known, &name));
                    let proposal = near.iter().take(3).map(|known| quoted(&[known])).collect::<Vec<_>>().join(" ");
                    return Err(UNRECOGNIZED_PARAMETER_NAME.error([
                        routine,
                        ("argumentName", quoted(&[name])),
                        ("proposal", proposal),
                    ]));
                };
                named = Some(name);
                place
            }
            None => match &named {
                Some(before) => {
                    let before = ("parameterName", quoted(&[before]));
                    return Err(UNEXPECTED_POSITIONAL_ARGUMENT.error([routine, before]));
                }
                None => index,
            },
        };
        match placed.get_mut(place) {
            Some(slot @ None) => *slot = Some(value_of(argument).clone()),
            Some(Some(_)) => {
                let name = parameters.get(place).map(|(name, _)| quoted(&[name])).unwrap_or_default();
                return Err(DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.error([routine, ("parameterName", name)]));
            }
            // Too many: the count is checked where calls are.
            None => placed.push(Some(value_of(argument).clone())),
        }
    }
    let mut arguments = Vec::with_capacity(placed.len());
    for (index, slot) in placed.into_iter().enumerate() {
        let otherwise = parameters.get(index).and_then(|(_, default)| *default);
        let value = match (slot, otherwise) {
            (Some(value), _) => value,
            (None, Some(Default::Text(text))) => {
                FunctionArgExpr::Expr(Expr::Value(Value::SingleQuotedString(text.to_owned()).into()))
            }
            (None, Some(Default::Null)) => FunctionArgExpr::Expr(Expr::Value(Value::Null.into())),
            (None, None) => {
                let name = parameters.get(index).map(|(name, _)| quoted(&[name])).unwrap_or_default();
                return Err(REQUIRED_PARAMETER_NOT_FOUND.error([
                    routine,
                    ("parameterName", name),
                    ("index", index.to_string()),
                ]));
            }
        };
        arguments.push(FunctionArg::Unnamed(value));
    }
    list.args = arguments;
    Ok(())
}
