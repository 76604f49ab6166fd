//! What is wrong with the arguments of a query's calls, as Spark tells it.
//!
//! The query is taken as it was written, since plans have other names and types for much of it. The type of an argument is that of
//! a query for it alone, in the place of all that its `SELECT` asks for.

mod access;
mod clauses;
mod places;
mod plan;
mod rules;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    self, AccessExpr, BinaryOperator, CastKind, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    GroupByExpr, Ident, ObjectNamePart, Query, SelectItem, SetExpr, UnaryOperator, Visit, With,
};

use super::analysis_errors::Written;
use super::semantics::Surroundings;
use super::{Bindings, Session, dialect, signatures};
use crate::error::SparkError;
use crate::error::condition::{
    BINARY_OP_DIFF_TYPES, CAST_WITH_CONF_SUGGESTION, CAST_WITH_FUNC_SUGGESTION, CREATE_MAP_KEY_DIFF_TYPES,
    CREATE_MAP_VALUE_DIFF_TYPES, DATA_DIFF_TYPES, FILTER_CLAUSE_NOT_BOOLEAN, INVALID_ORDERING_TYPE,
    UNEXPECTED_INPUT_TYPE,
};
use crate::error::relation::quoted;
use crate::types::DataType;
use crate::types::arrow::from_arrow_field;

pub(super) use places::in_reach;
use places::{Place, Places};
pub(super) use plan::{is_suspicious, is_suspicious_operator};
use rules::{all_alike, are_alike, cast_refusal, is_text, unlike_pair};

/// A query that was refused, or may have to be.
pub(super) struct Suspect<'a> {
    pub(super) session: &'a Session,
    pub(super) written: &'a Written,
    pub(super) bindings: &'a Bindings,
    pub(super) surroundings: &'a Surroundings,
}

impl Suspect<'_> {
    /// What Spark says of the first expression that does not take its operands, the inner ones first, or of the first set
    /// operation whose sides do not fit; none if it is not known.
    pub(super) fn fault(&self) -> Option<SparkError> {
        let Statement::Statement(statement) = &self.written.statement else { return None };
        let mut places = Places::default();
        let _ = statement.visit(&mut places);
        if places.found.len() > MOST_EXPRESSIONS {
            return None;
        }
        let of_expression = places.found.iter().find_map(|(expr, place)| self.fault_of(expr, place));
        of_expression
            .or_else(|| places.set_operations.iter().find_map(|operation| self.fault_of_sides(operation)))
            .or_else(|| places.clauses.iter().find_map(|place| self.fault_of_clauses(place)))
    }

    fn fault_of(&self, expr: &Expr, place: &Place) -> Option<SparkError> {
        match expr {
            Expr::Function(_) => self.fault_of_call(expr, place),
            Expr::InList { expr: value, list, .. } => {
                let types = std::iter::once(value.as_ref()).chain(list).map(|operand| self.type_of(operand, place));
                let positive = Expr::InList { expr: value.clone(), list: list.clone(), negated: false };
                self.unlike(&positive, "in", &types.collect::<Option<Vec<_>>>()?, Listed::Brackets)
            }
            Expr::InSubquery { expr: value, subquery, .. } => self.fault_of_membership(value, subquery, place),
            Expr::UnaryOp { op: op @ (UnaryOperator::Minus | UnaryOperator::BitwiseNot), expr: operand } => {
                let given = self.type_of(operand, place)?;
                let (takes, required): (fn(&DataType) -> bool, _) = match op {
                    UnaryOperator::BitwiseNot => (|given| rules::is_whole(given), "\"INTEGRAL\""),
                    _ => (
                        |given| rules::is_number(given) || rules::is_interval(given) || is_text(given),
                        "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")",
                    ),
                };
                if takes(&given) || given == DataType::Null {
                    return None;
                }
                self.unexpected(expr, 0, required, operand, &given)
            }
            Expr::Between { expr: value, low, high, .. } => self
                .fault_of_comparison(value, &BinaryOperator::GtEq, low, place)
                .or_else(|| self.fault_of_comparison(value, &BinaryOperator::LtEq, high, place)),
            Expr::CompoundIdentifier(parts) => {
                // The column is the first part, or the second behind its relation.
                let column = (1..parts.len().min(3)).map(|length| match &parts[..length] {
                    [column] => Expr::Identifier(column.clone()),
                    parts => Expr::CompoundIdentifier(parts.to_vec()),
                });
                let (length, column) = (1..).zip(column).find(|(_, column)| self.type_of(column, place).is_some())?;
                let fields = parts[length..].iter().map(|field| AccessExpr::Dot(Expr::Identifier(field.clone())));
                self.fault_of_access(&column, &fields.collect::<Vec<_>>(), place)
            }
            Expr::Extract { field, expr: moment, .. } => {
                let function = dialect::date_part(&field.to_string())?;
                // Parts of intervals have functions of their own.
                let given = self.type_of(moment, place).filter(|given| !rules::is_interval(given))?;
                let required = signatures::of(function)?.required(0, &given)?;
                Some(UNEXPECTED_INPUT_TYPE.error([
                    ("sqlExpr", format!("\"{function}({})\"", self.written.name(moment))),
                    ("paramIndex", ordinal(0)?),
                    ("requiredType", required.to_owned()),
                    ("inputSql", self.written.shown(moment)),
                    ("inputType", shown_type(&given)),
                ]))
            }
            Expr::CompoundFieldAccess { root, access_chain } => self.fault_of_access(root, access_chain, place),
            Expr::Case { operand, conditions, else_result, .. } => {
                if let Some(operand) = operand {
                    let compared = conditions.iter().find_map(|branch| {
                        self.fault_of_comparison(operand, &BinaryOperator::Eq, &branch.condition, place)
                    });
                    if compared.is_some() {
                        return compared;
                    }
                }
                for (index, branch) in conditions.iter().enumerate() {
                    if operand.is_none()
                        && let Some(given) = self.type_of(&branch.condition, place)
                        && !matches!(given, DataType::Boolean | DataType::Null)
                    {
                        return self.unexpected(expr, index, "\"BOOLEAN\"", &branch.condition, &given);
                    }
                }
                let values = conditions.iter().map(|branch| &branch.result).chain(else_result.as_deref());
                let types = values.map(|value| self.type_of(value, place)).collect::<Option<Vec<_>>>()?;
                self.unlike(expr, "casewhen", &types, Listed::Brackets)
            }
            Expr::Cast { kind, expr: operand, .. } => {
                let (from, to) = (self.type_of(operand, place)?, self.type_of_cast(expr, place)?);
                // Spark shows a cast as its operand where the type is nested.
                let is_nested = matches!(to, DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_));
                let shown = if is_nested && *kind == CastKind::Cast { operand.as_ref() } else { expr };
                self.fault_of_cast(shown, &from, &to)
            }
            Expr::BinaryOp { left, op, right } => {
                let function = match op {
                    BinaryOperator::Spaceship => "<=>",
                    BinaryOperator::Eq | BinaryOperator::NotEq => "=",
                    BinaryOperator::Lt => "<",
                    BinaryOperator::LtEq => "<=",
                    BinaryOperator::Gt => ">",
                    BinaryOperator::GtEq => ">=",
                    _ => return None,
                };
                let given = self.type_of(left, place).filter(DataType::has_map)?;
                let is_alike = are_alike(&given, &self.type_of(right, place)?);
                is_alike.then(|| self.unordered(&self.written.shown(expr), function, &given))
            }
            _ => None,
        }
    }

    fn fault_of_cast(&self, shown: &Expr, from: &DataType, to: &DataType) -> Option<SparkError> {
        let (condition, functions) = cast_refusal(from, to, self.surroundings.reading.ansi)?;
        let name = ("sqlExpr", self.written.shown(shown));
        let (from, to) = (("srcType", shown_type(from)), ("targetType", shown_type(to)));
        Some(match condition {
            CAST_WITH_FUNC_SUGGESTION => condition.error([name, from, to, ("functionNames", functions.to_owned())]),
            CAST_WITH_CONF_SUGGESTION => {
                let config = ("config", "\"spark.sql.ansi.enabled\"".to_owned());
                condition.error([name, from, to, config, ("configVal", "'false'".to_owned())])
            }
            condition => condition.error([name, from, to]),
        })
    }

    /// What would have to order maps.
    fn unordered(&self, shown: &str, function: &str, given: &DataType) -> SparkError {
        INVALID_ORDERING_TYPE.error([
            ("sqlExpr", shown.to_owned()),
            ("functionName", quoted(&[function])),
            ("dataType", shown_type(given)),
        ])
    }

    /// The type that a cast is to.
    fn type_of_cast(&self, cast: &Expr, place: &Place) -> Option<DataType> {
        let Expr::Cast { data_type, .. } = cast else { return None };
        self.type_of(cast, place).or_else(|| DataType::from_ddl(&data_type.to_string()).ok())
    }

    fn fault_of_call(&self, call: &Expr, place: &Place) -> Option<SparkError> {
        if let Expr::Function(Function { filter: Some(filter), .. }) = call
            && let Some(given) = self.type_of(filter, place)
            && !matches!(given, DataType::Boolean)
        {
            return Some(FILTER_CLAUSE_NOT_BOOLEAN.error([("filterExpr", self.written.shown(filter))]));
        }
        let (function, arguments) = plain_call(call)?;
        if self.session.inner.functions.has(&function) {
            return None;
        }
        if let ("nullif", [left, right]) = (function.as_str(), arguments.as_slice()) {
            return self.fault_of_comparison(left, &BinaryOperator::Eq, right, place);
        }
        // Errors show the call as it is without its window.
        let call = &bare(call);
        // The names of types are functions that cast.
        if let ([argument], Ok(to)) = (arguments.as_slice(), DataType::from_ddl(&function)) {
            return self.fault_of_cast(argument, &self.type_of(argument, place)?, &to);
        }
        let signature = signatures::of(&function);
        let mut types = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            let given = self.type_of(argument, place);
            if let Some(given) = &given
                && let Some(required) = signature.and_then(|signature| signature.required(index, given))
            {
                return self.unexpected(call, index, required, argument, given);
            }
            types.push(given);
        }
        let mut types = types.into_iter().collect::<Option<Vec<_>>>()?;
        if let Some((_, called, style)) = ALIKE.iter().find(|(name, ..)| *name == function) {
            match function.as_str() {
                "if" | "nvl2" => drop(types.remove(0)),
                // All but arrays and bytes are texts to it.
                "concat" => types.iter_mut().for_each(|given| {
                    if !matches!(given, DataType::Array { .. } | DataType::Binary | DataType::Null) {
                        *given = DataType::String { collation: None };
                    }
                }),
                _ => {}
            }
            // These do not read texts as values of another type.
            let is_mixed = matches!(function.as_str(), "greatest" | "least")
                && types.iter().any(is_text)
                && types.iter().any(|given| !is_text(given) && *given != DataType::Null);
            if is_mixed {
                return Some(diff_types(&self.written.shown(call), called, &types, *style));
            }
            let renamed = if matches!(function.as_str(), "nvl" | "ifnull") {
                &dialect::call(called, arguments.into_iter().cloned().collect())
            } else {
                call
            };
            return self.unlike(renamed, called, &types, *style);
        }
        if function == "map" {
            return self.unlike_entries(call, &types);
        }
        if let Some(given) = ordered(&function, &types) {
            return Some(self.unordered(&self.written.shown(call), &function, &given));
        }
        if let ("array_insert", [array @ DataType::Array { .. }, _, value]) = (function.as_str(), types.as_slice()) {
            types = vec![array.clone(), value.clone()];
        }
        let [left, right] = types.as_slice() else { return None };
        let (condition, kind, parameter) = unlike_pair(&function, left, right)?;
        Some(condition.error([
            ("sqlExpr", self.written.shown(call)),
            ("functionName", quoted(&[function])),
            (parameter, format!("\"{kind}\"")),
            ("leftType", shown_type(left)),
            ("rightType", shown_type(right)),
        ]))
    }

    /// What has an operand of another type than it requires.
    fn unexpected(
        &self,
        expr: &Expr,
        index: usize,
        required: &str,
        operand: &Expr,
        given: &DataType,
    ) -> Option<SparkError> {
        Some(UNEXPECTED_INPUT_TYPE.error([
            ("sqlExpr", self.written.shown(expr)),
            ("paramIndex", ordinal(index)?),
            ("requiredType", required.to_owned()),
            ("inputSql", self.written.shown(operand)),
            ("inputType", shown_type(given)),
        ]))
    }

    /// What has operands of types that have none in common.
    fn unlike(&self, expr: &Expr, function: &str, types: &[DataType], style: Listed) -> Option<SparkError> {
        (!all_alike(types)).then(|| diff_types(&self.written.shown(expr), function, types, style))
    }

    /// A map with keys, or with values, of types that have none in common.
    fn unlike_entries(&self, call: &Expr, types: &[DataType]) -> Option<SparkError> {
        let every_second = |first: usize| types.iter().skip(first).step_by(2).cloned().collect::<Vec<_>>();
        let (keys, values) = (every_second(0), every_second(1));
        let (condition, types) = match (all_alike(&keys), all_alike(&values)) {
            (false, _) => (CREATE_MAP_KEY_DIFF_TYPES, keys),
            (true, false) => (CREATE_MAP_VALUE_DIFF_TYPES, values),
            (true, true) => return None,
        };
        Some(condition.error([
            ("sqlExpr", self.written.shown(call)),
            ("functionName", quoted(&["map"])),
            ("dataType", listed(&types, Listed::Brackets)),
        ]))
    }

    /// What is compared by something else than one operator, and has no type in common.
    fn fault_of_comparison(&self, left: &Expr, op: &BinaryOperator, right: &Expr, place: &Place) -> Option<SparkError> {
        let (one, other) = (self.type_of(left, place)?, self.type_of(right, place)?);
        if are_alike(&one, &other) {
            return None;
        }
        let name = format!("\"({} {op} {})\"", self.written.name(left), self.written.name(right));
        Some(BINARY_OP_DIFF_TYPES.error([("sqlExpr", name), ("left", shown_type(&one)), ("right", shown_type(&other))]))
    }

    /// The type of an expression in its place.
    fn type_of(&self, expr: &Expr, place: &Place) -> Option<DataType> {
        let mut query = place.within.as_deref()?.clone();
        let mut select = place.select.as_deref()?.clone();
        select.projection = vec![SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::new("value") }];
        (select.distinct, select.selection, select.having, select.qualify) = (None, None, None, None);
        select.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
        select.sort_by.clear();
        query.body = Box::new(SetExpr::Select(Box::new(select)));
        self.columns_of(query, &place.with)?.1.into_iter().next()
    }

    /// The names and types of a query's columns, with these common table expressions in reach.
    fn columns_of(&self, mut query: Query, with: &Option<With>) -> Option<(Vec<String>, Vec<DataType>)> {
        (query.order_by, query.limit_clause, query.fetch) = (None, None, None);
        query.with.clone_from(with);
        let mut statement = ast::Statement::Query(Box::new(query));
        dialect::translate(&mut statement, self.written.with_ids).ok()?;
        let statement = Statement::Statement(Box::new(statement));
        let (plan, _) = self.session.analysed(statement, self.bindings, self.surroundings).ok()?;
        let fields = plan.schema().fields().iter().map(|field| from_arrow_field(field).ok());
        let fields = fields.collect::<Option<Vec<_>>>()?;
        Some(fields.into_iter().map(|field| (field.name, field.data_type)).unzip())
    }
}

fn diff_types(shown: &str, function: &str, types: &[DataType], style: Listed) -> SparkError {
    DATA_DIFF_TYPES.error([
        ("sqlExpr", shown.to_owned()),
        ("functionName", quoted(&[function])),
        ("dataType", listed(types, style)),
    ])
}

/// A call without its window, its filter and `DISTINCT`.
fn bare(call: &Expr) -> Expr {
    let mut call = call.clone();
    if let Expr::Function(function) = &mut call {
        (function.over, function.filter) = (None, None);
        if let FunctionArguments::List(list) = &mut function.args {
            list.duplicate_treatment = None;
        }
    }
    call
}

/// The type that a function would have to order and cannot.
fn ordered(function: &str, types: &[DataType]) -> Option<DataType> {
    let first = types.first().filter(|first| first.has_map())?;
    if !plan::ORDERING.contains(&function) {
        return None;
    }
    Some(match (function, first) {
        ("max" | "min" | "sort_array" | "median", given) => given.clone(),
        (_, DataType::Array { element, .. }) => element.as_ref().clone(),
        (_, given) => given.clone(),
    })
}

fn shown_type(data_type: &DataType) -> String {
    format!("\"{}\"", data_type.sql())
}

fn listed(types: &[DataType], style: Listed) -> String {
    let types: Vec<String> = types.iter().map(shown_type).collect();
    match style {
        Listed::Or => format!("({})", types.join(" or ")),
        Listed::Brackets => format!("[{}]", types.join(", ")),
    }
}

fn ordinal(index: usize) -> Option<String> {
    ORDINALS.get(index).map(|ordinal| (*ordinal).to_owned())
}

/// Each expression of a suspect is planned by itself; of a query with more of them none is.
const MOST_EXPRESSIONS: usize = 1000;

const ORDINALS: [&str; 7] = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"];

/// How a list of types is written.
#[derive(Debug, Clone, Copy)]
enum Listed {
    Or,
    Brackets,
}

/// The functions whose arguments have one type in common, and the names that errors have for them.
const ALIKE: [(&str, &str, Listed); 9] = [
    ("array", "array", Listed::Or),
    ("coalesce", "coalesce", Listed::Or),
    ("concat", "concat", Listed::Or),
    ("greatest", "greatest", Listed::Brackets),
    ("if", "if", Listed::Brackets),
    ("ifnull", "coalesce", Listed::Or),
    ("least", "least", Listed::Brackets),
    ("nvl", "coalesce", Listed::Or),
    ("nvl2", "if", Listed::Brackets),
];

/// The name of the called function in lower case and its arguments, if these are expressions and no more is said.
pub(super) fn plain_call(expr: &Expr) -> Option<(String, Vec<&Expr>)> {
    let Expr::Function(function) = expr else { return None };
    let [ObjectNamePart::Identifier(name)] = function.name.0.as_slice() else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    let argument = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) => Some(expr),
        _ => None,
    };
    let arguments = list.args.iter().map(argument).collect::<Option<Vec<_>>>()?;
    let plain = list.clauses.is_empty() && matches!(function.parameters, FunctionArguments::None);
    plain.then(|| (name.value.to_lowercase(), arguments))
}
