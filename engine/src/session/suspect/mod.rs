//! What is wrong with the arguments of a query's calls, as Spark tells it.
//!
//! The query is taken as it was written, since plans have other names and types for much of it. The type of an argument is that of
//! a query for it alone, in the place of all that its `SELECT` asks for.

mod plan;
mod rules;

use std::ops::ControlFlow;
use std::rc::Rc;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    self, AccessExpr, BinaryOperator, CastKind, Distinct, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, GroupByExpr, Ident, LimitClause, ObjectNamePart, OrderByKind, Query, Select, SelectItem,
    SetExpr, SetOperator, SetQuantifier, Visit, Visitor, With,
};

use super::analysis_errors::Written;
use super::semantics::Surroundings;
use super::{Bindings, Session, Shown, dialect, names, signatures};
use crate::error::SparkError;
use crate::error::condition::{
    CAST_WITH_CONF_SUGGESTION, CAST_WITH_FUNC_SUGGESTION, CREATE_MAP_KEY_DIFF_TYPES, CREATE_MAP_VALUE_DIFF_TYPES,
    DATA_DIFF_TYPES, FIELD_NOT_FOUND, FILTER_CLAUSE_NOT_BOOLEAN, FILTER_NOT_BOOLEAN, IN_SUBQUERY_LENGTH_MISMATCH,
    INCOMPATIBLE_COLUMN_TYPE, INVALID_EXTRACT_BASE_FIELD_TYPE, INVALID_ORDERING_TYPE, LIMIT_DATA_TYPE, NEGATIVE_LIMIT,
    NUM_COLUMNS_MISMATCH, SET_OPERATION_ON_MAP_TYPE, UNEXPECTED_INPUT_TYPE,
};
use crate::error::relation::quoted;
use crate::types::DataType;
use crate::types::arrow::from_arrow_field;

pub(super) use plan::{is_suspicious, is_suspicious_operator};
use rules::{all_alike, are_alike, cast_refusal, unlike_pair};

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
                self.unlike(expr, "in", &types.collect::<Option<Vec<_>>>()?, Listed::Brackets)
            }
            Expr::InSubquery { expr: value, subquery, .. } => self.fault_of_membership(expr, value, subquery, place),
            Expr::Extract { field, expr: moment, .. } => {
                let function = dialect::date_part(&field.to_string())?;
                let given = self.type_of(moment, place)?;
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

    /// What `WHERE`, `ORDER BY`, `LIMIT` and `DISTINCT` do not take.
    fn fault_of_clauses(&self, place: &Place) -> Option<SparkError> {
        let (select, query) = (place.select.as_deref()?, place.within.as_deref()?);
        if let Some(condition) = &select.selection
            && self.type_of(condition, place) == Some(DataType::Null)
        {
            let shown = self.written.shown(condition);
            let parameters = [("sqlExpr", shown.clone()), ("filter", shown), ("type", shown_type(&DataType::Null))];
            return Some(FILTER_NOT_BOOLEAN.error(parameters));
        }
        if matches!(select.distinct, Some(Distinct::Distinct)) {
            let (names, types) = self.columns_of(query.clone(), &place.with)?;
            if let Some(index) = types.iter().position(DataType::has_map) {
                let name = self.written.column_name(&names[index]);
                let parameters = [("colName", quoted(&[name])), ("dataType", shown_type(&types[index]))];
                return Some(SET_OPERATION_ON_MAP_TYPE.error(parameters));
            }
        }
        if let Some(OrderByKind::Expressions(keys)) = query.order_by.as_ref().map(|order| &order.kind) {
            let key =
                keys.iter().find_map(|key| Some((key, self.type_of(&key.expr, place).filter(DataType::has_map)?)));
            if let Some((key, given)) = key {
                return Some(self.unordered(&format!("\"{}\"", self.written.sort_key(key)), "sortorder", &given));
            }
        }
        let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause else { return None };
        let clauses = [("limit", limit.as_ref()), ("offset", offset.as_ref().map(|offset| &offset.value))];
        clauses.into_iter().find_map(|(name, number)| {
            let number = number?;
            let shown = self.written.name(number);
            if shown.parse::<i64>().is_ok_and(|count| count < 0) {
                let parameters = [("name", name.to_owned()), ("expr", format!("\"{shown}\"")), ("v", shown)];
                return Some(NEGATIVE_LIMIT.error(parameters));
            }
            let given = self.type_of(number, place).filter(|given| *given != DataType::Integer)?;
            Some(LIMIT_DATA_TYPE.error([
                ("name", name.to_owned()),
                ("expr", self.written.shown(number)),
                ("dataType", shown_type(&given)),
            ]))
        })
    }

    fn fault_of_call(&self, call: &Expr, place: &Place) -> Option<SparkError> {
        if let Expr::Function(Function { filter: Some(filter), .. }) = call
            && let Some(given) = self.type_of(filter, place)
            && !matches!(given, DataType::Boolean)
        {
            return Some(FILTER_CLAUSE_NOT_BOOLEAN.error([("filterExpr", self.written.shown(filter))]));
        }
        let (function, arguments) = plain_call(call)?;
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
            return self.unlike(call, called, &types, *style);
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
        if all_alike(types) {
            return None;
        }
        Some(DATA_DIFF_TYPES.error([
            ("sqlExpr", self.written.shown(expr)),
            ("functionName", quoted(&[function])),
            ("dataType", listed(types, style)),
        ]))
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

    /// A row of `IN` that has other columns than the sub-query.
    fn fault_of_membership(&self, expr: &Expr, value: &Expr, subquery: &Query, place: &Place) -> Option<SparkError> {
        let left: Vec<String> = match value {
            Expr::Tuple(values) => values.iter().map(|value| self.written.shown(value)).collect(),
            value => vec![self.written.shown(value)],
        };
        let mut with = place.with.clone();
        match (&mut with, &subquery.with) {
            (Some(with), Some(own)) => with.cte_tables.extend(own.cte_tables.iter().cloned()),
            (None, own) => with.clone_from(own),
            (Some(_), None) => {}
        }
        let mut named = Statement::Statement(Box::new(ast::Statement::Query(Box::new(subquery.clone()))));
        if let Statement::Statement(statement) = &mut named {
            names::write_out(statement, &Shown::default());
        }
        let Statement::Statement(statement) = named else { return None };
        let ast::Statement::Query(named) = *statement else { return None };
        let (right, _) = self.columns_of(*named, &with)?;
        if left.len() == right.len() {
            return None;
        }
        let right: Vec<String> = right.iter().map(|name| format!("\"{name}\"")).collect();
        Some(IN_SUBQUERY_LENGTH_MISMATCH.error([
            ("sqlExpr", self.written.shown(expr)),
            ("leftLength", left.len().to_string()),
            ("leftColumns", left.join(", ")),
            ("rightLength", right.len().to_string()),
            ("rightColumns", right.join(", ")),
        ]))
    }

    /// A field that is not there, or one of what has none.
    fn fault_of_access(&self, root: &Expr, chain: &[AccessExpr], place: &Place) -> Option<SparkError> {
        for (index, access) in chain.iter().enumerate() {
            let base = match index {
                0 => root.clone(),
                _ => Expr::CompoundFieldAccess { root: Box::new(root.clone()), access_chain: chain[..index].to_vec() },
            };
            match (self.type_of(&base, place)?, access) {
                (DataType::Struct(inner), AccessExpr::Dot(Expr::Identifier(field))) => {
                    if !inner.fields.iter().any(|known| known.name.eq_ignore_ascii_case(&field.value)) {
                        let known: Vec<String> = inner.fields.iter().map(|known| quoted(&[&known.name])).collect();
                        let parameters = [("fieldName", quoted(&[&field.value])), ("fields", known.join(", "))];
                        return Some(FIELD_NOT_FOUND.error(parameters));
                    }
                }
                (DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_) | DataType::Variant, _) => {}
                (other, _) => {
                    let parameters = [("base", self.written.shown(&base)), ("other", shown_type(&other))];
                    return Some(INVALID_EXTRACT_BASE_FIELD_TYPE.error(parameters));
                }
            }
        }
        None
    }

    /// Sides with other numbers of columns, or of other types.
    fn fault_of_sides(&self, operation: &SetOperation) -> Option<SparkError> {
        let columns = |side: &SetExpr| {
            let mut query = operation.within.as_ref().clone();
            query.body = Box::new(side.clone());
            self.columns_of(query, &operation.with).map(|(_, types)| types)
        };
        let (left, right) = (columns(&operation.left)?, columns(&operation.right)?);
        if left.len() != right.len() {
            return Some(NUM_COLUMNS_MISMATCH.error([
                ("operator", operation.name.clone()),
                ("firstNumColumns", left.len().to_string()),
                ("invalidOrdinalNum", "second".to_owned()),
                ("invalidNumColumns", right.len().to_string()),
            ]));
        }
        let mut pairs = left.iter().zip(&right).enumerate();
        let (index, (left, right)) = pairs.find(|(_, (left, right))| !are_alike(left, right))?;
        Some(INCOMPATIBLE_COLUMN_TYPE.error([
            ("operator", operation.name.clone()),
            ("columnOrdinalNumber", ordinal(index)?),
            ("tableOrdinalNumber", "second".to_owned()),
            ("dataType1", shown_type(right)),
            ("dataType2", shown_type(left)),
            ("hint", String::new()),
        ]))
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

/// Where an expression stands.
#[derive(Clone)]
struct Place {
    select: Option<Rc<Select>>,
    within: Option<Rc<Query>>,
    /// The common table expressions in reach.
    with: Option<With>,
}

/// A set operation of a query.
struct SetOperation {
    name: String,
    left: SetExpr,
    right: SetExpr,
    within: Rc<Query>,
    with: Option<With>,
}

/// Collects what has operands, the inner ones first.
#[derive(Default)]
struct Places {
    queries: Vec<(Rc<Query>, Option<With>)>,
    selects: Vec<Rc<Select>>,
    found: Vec<(Expr, Place)>,
    /// Each `SELECT`.
    clauses: Vec<Place>,
    set_operations: Vec<SetOperation>,
}

impl Places {
    fn place(&self) -> Place {
        let (within, with) = match self.queries.last() {
            Some((query, with)) => (Some(Rc::clone(query)), with.clone()),
            None => (None, None),
        };
        Place { select: self.selects.last().map(Rc::clone), within, with }
    }

    fn add_set_operations(&mut self, body: &SetExpr, within: &Rc<Query>, with: &Option<With>) {
        let SetExpr::SetOperation { op, set_quantifier, left, right } = body else { return };
        self.add_set_operations(left, within, with);
        self.add_set_operations(right, within, with);
        let all = match set_quantifier {
            SetQuantifier::All if *op != SetOperator::Union => " ALL",
            _ => "",
        };
        self.set_operations.push(SetOperation {
            name: format!("{op}{all}"),
            left: left.as_ref().clone(),
            right: right.as_ref().clone(),
            within: Rc::clone(within),
            with: with.clone(),
        });
    }
}

impl Visitor for Places {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let mut with = self.queries.last().and_then(|(_, with)| with.clone());
        match (&mut with, &query.with) {
            (Some(with), Some(own)) => with.cte_tables.extend(own.cte_tables.iter().cloned()),
            (None, Some(own)) => with = Some(own.clone()),
            (_, None) => {}
        }
        let shared = Rc::new(query.clone());
        self.add_set_operations(&query.body, &shared, &with);
        self.queries.push((shared, with));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.queries.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.selects.push(Rc::new(select.clone()));
        self.clauses.push(self.place());
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.selects.pop();
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let has_rules = matches!(
            expr,
            Expr::Function(_)
                | Expr::InList { .. }
                | Expr::CompoundFieldAccess { .. }
                | Expr::Case { .. }
                | Expr::Cast { .. }
                | Expr::BinaryOp { .. }
                | Expr::InSubquery { .. }
                | Expr::Extract { .. }
        );
        if has_rules {
            self.found.push((expr.clone(), self.place()));
        }
        ControlFlow::Continue(())
    }
}
