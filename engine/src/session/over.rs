//! Queries over DataFrames instead of names: what a planner in front of the engine (Spark Connect) builds its relations with.
//!
//! It writes each step of a query as SQL's syntax tree, so a step means what the same SQL means. What a tree has no words for
//! (a DataFrame, a value of any type, a function that came with the query) is bound to it by name.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, FieldRef};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::{VisitMut, VisitorMut};

use super::analysis_errors::Written;
use super::query_context::ClientCall;
use super::semantics::Surroundings;
use super::{DataFrame, Session, Shown, dialect, plain, planning, spark_dialect};
use crate::error::SparkError;
use crate::error::condition::UNBOUND_SQL_PARAMETER;
use crate::types::StructField;
use crate::types::arrow::to_arrow_field;
use crate::udf::{CalledFunction, PythonCall, PythonFunction};

/// What the names of a query stand for, besides what the session knows by name.
#[derive(Debug, Default)]
pub struct Bindings {
    pub(super) relations: BTreeMap<String, Arc<dyn TableProvider>>,
    pub(super) functions: Vec<CalledFunction>,
    pub(super) calls: Vec<ClientCall>,
}

impl Bindings {
    /// The name of a DataFrame in the query's `FROM`.
    ///
    /// # Errors
    /// When a computed column has a type that Spark does not know.
    pub fn relation(&mut self, frame: &DataFrame) -> Result<ast::Ident, SparkError> {
        let name = format!("relation#{}", self.relations.len());
        self.relations.insert(name.clone(), frame.to_view(&name)?.provider);
        Ok(ast::Ident::with_quote('`', name))
    }

    /// Gives a DataFrame a name that texts of SQL use.
    ///
    /// # Errors
    /// As [`relation`](Self::relation).
    pub fn relation_as(&mut self, name: &str, frame: &DataFrame) -> Result<(), SparkError> {
        self.relations.insert(name.to_owned(), frame.to_view(name)?.provider);
        Ok(())
    }

    /// An expression that is this value, of this type.
    ///
    /// # Errors
    /// When the type has no Arrow counterpart.
    pub fn literal(&mut self, value: ScalarValue, field: &StructField) -> Result<ast::Expr, SparkError> {
        let name = format!("literal#{}", self.functions.len());
        let field = to_arrow_field(field)?.with_name(&name).with_nullable(value.is_null());
        let signature = Signature::nullary(Volatility::Immutable);
        let literal = ScalarUDF::new_from_impl(Literal { name, signature, value, field: Arc::new(field) });
        Ok(self.call(literal, Vec::new()))
    }

    /// A call of a Python function that came with the query. Arguments may be given by name.
    ///
    /// # Errors
    /// Never in practice; those of the type's Arrow form.
    pub fn python_call(
        &mut self,
        function: PythonFunction,
        arguments: Vec<(Option<String>, ast::Expr)>,
        shown: &mut Shown,
    ) -> Result<ast::Expr, SparkError> {
        let name = format!("python#{}", self.functions.len());
        shown.functions.insert(name.clone(), function.name.clone());
        let (keywords, arguments): (Vec<_>, Vec<_>) = arguments.into_iter().unzip();
        shown.keywords.insert(name.clone(), keywords.clone());
        let call = PythonCall::try_new(name.clone(), Arc::new(function), keywords)?;
        self.functions.push(call.into_function());
        Ok(dialect::call_quoted(&name, arguments))
    }

    /// Notes which call of the client's program made an expression of the query: errors quote it.
    pub fn called_from(&mut self, call: ClientCall) {
        self.calls.push(call);
    }

    /// Whether an expression is a call of an aggregate in Python that came with the query.
    pub fn is_python_aggregate(&self, expr: &ast::Expr) -> bool {
        let ast::Expr::Function(call) = expr else { return false };
        let name = call.name.0.last().and_then(|part| part.as_ident());
        let is_called = |function: &CalledFunction| match function {
            CalledFunction::Aggregate(aggregate) => name.is_some_and(|name| name.value == aggregate.name()),
            CalledFunction::Scalar(_) => false,
        };
        self.functions.iter().any(is_called)
    }

    /// A call of a function that came with the query.
    pub fn call(&mut self, function: ScalarUDF, arguments: Vec<ast::Expr>) -> ast::Expr {
        let name = function.name().to_owned();
        self.functions.push(CalledFunction::Scalar(Arc::new(function)));
        dialect::call_quoted(&name, arguments)
    }
}

impl Session {
    /// Plans a query whose names stand for what is bound to them.
    ///
    /// # Errors
    /// As [`sql`](Self::sql), without places in a text.
    pub fn query_over(&self, query: ast::Query, bindings: &Bindings) -> Result<DataFrame, SparkError> {
        let conf = self.conf();
        let surroundings = Surroundings::of_calls(&conf, &bindings.calls);
        let mut statement = Statement::Statement(Box::new(ast::Statement::Query(Box::new(query))));
        let written = Written { statement: statement.clone(), with_ids: true };
        if let Statement::Statement(ast) = &mut statement {
            dialect::translate(ast, true)?;
        }
        self.planned(statement, &written, bindings, surroundings)
    }

    /// Plans a query, or carries a statement out, as [`sql`](Self::sql) does, with expressions in the place of its parameters
    /// (`:name`, or `?` in their order) and relations that are bound to names.
    ///
    /// # Errors
    /// As [`sql`](Self::sql); `UNBOUND_SQL_PARAMETER`.
    pub async fn sql_with(
        &self,
        text: &str,
        named: Vec<(String, ast::Expr)>,
        positional: Vec<ast::Expr>,
        bindings: &Bindings,
    ) -> Result<DataFrame, SparkError> {
        if named.is_empty() && positional.is_empty() && bindings.relations.is_empty() {
            return self.sql(text).await;
        }
        let mut query = self.parse_query(text, text)?;
        let mut parameters = Parameters { named, positional: positional.into_iter(), error: None };
        let _ = query.visit(&mut parameters);
        if let Some(error) = parameters.error {
            return Err(error);
        }
        self.query_over(query, bindings)
    }

    /// Whether a text is a statement, which is carried out when it is planned, and no query.
    ///
    /// # Errors
    /// `PARSE_SYNTAX_ERROR` of a statement that begins as one.
    pub fn is_command(&self, text: &str) -> Result<bool, SparkError> {
        Ok(super::statement::parse(text)?.is_some())
    }

    /// Whether a temporary view has that name.
    pub fn has_view(&self, name: &str) -> bool {
        self.inner.views.get(name).is_some()
    }

    /// Whether a temporary view that all sessions share has that name.
    pub fn has_global_view(&self, name: &str) -> bool {
        self.inner.globals.get(name).is_some()
    }

    /// The rows of a table that the session does not know by name.
    ///
    /// # Errors
    /// Never in practice; DataFusion's own.
    pub fn read_table(&self, table: Arc<dyn TableProvider>) -> Result<DataFrame, SparkError> {
        Ok(DataFrame::from_plan(self.clone(), planning::scan(table)?, Arc::default()))
    }

    /// The expression of a text such as `a > 1`, or of a select list's item with its names, as `selectExpr` takes it.
    ///
    /// # Errors
    /// `PARSE_SYNTAX_ERROR`.
    pub fn parse_expression(&self, text: &str) -> Result<(ast::Expr, Vec<ast::Ident>), SparkError> {
        let query = self.parse_query(&format!("SELECT {text}"), text)?;
        let item = match *query.body {
            ast::SetExpr::Select(select) if select.projection.len() == 1 && select.from.is_empty() => {
                select.projection.into_iter().next()
            }
            _ => None,
        };
        match item {
            Some(ast::SelectItem::UnnamedExpr(expr)) => Ok((expr, Vec::new())),
            Some(ast::SelectItem::ExprWithAlias { expr, alias }) => Ok((expr, vec![alias])),
            Some(ast::SelectItem::ExprWithAliases { expr, aliases }) => Ok((expr, aliases)),
            Some(ast::SelectItem::Wildcard(_)) => {
                Ok((ast::Expr::Wildcard(ast::helpers::attached_token::AttachedToken::empty()), Vec::new()))
            }
            Some(ast::SelectItem::QualifiedWildcard(ast::SelectItemQualifiedWildcardKind::ObjectName(name), _)) => Ok(
                (ast::Expr::QualifiedWildcard(name, ast::helpers::attached_token::AttachedToken::empty()), Vec::new()),
            ),
            _ => Err(crate::types::ddl::syntax_error("end of input".to_owned(), 1, text.chars().count(), text)),
        }
    }

    fn parse_query(&self, query: &str, shown: &str) -> Result<ast::Query, SparkError> {
        let statement = spark_dialect::parse(self.inner.planning.state(), &plain(query))
            .map_err(|error| crate::error::datafusion::parse_error(error, shown))?;
        let written = Written { statement, with_ids: false };
        super::calls::check(&written, |name| self.inner.functions.has(name), |_| false, true)?;
        match written.statement {
            Statement::Statement(statement) => match *statement {
                ast::Statement::Query(query) => Ok(*query),
                _ => super::statement::unsupported("this statement"),
            },
            _ => super::statement::unsupported("this statement"),
        }
    }
}

/// A query whose rows are read once and kept, until this is dropped.
#[derive(Debug)]
pub struct Kept {
    session: Session,
    relation: Arc<dyn TableProvider>,
}

impl Kept {
    /// Keeps the rows of a query from the first time that they are read.
    ///
    /// # Errors
    /// When a computed column has a type that Spark does not know.
    pub fn try_new(frame: &DataFrame) -> Result<Self, SparkError> {
        let (session, relation) = (frame.session().clone(), frame.to_view("kept")?.provider);
        session.inner.cache.add(Arc::clone(&relation));
        Ok(Self { session, relation })
    }

    /// The query over the rows that are kept.
    ///
    /// # Errors
    /// Never in practice; DataFusion's own.
    pub fn frame(&self) -> Result<DataFrame, SparkError> {
        self.session.read_table(Arc::clone(&self.relation))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.session.inner.cache.remove(&self.relation);
    }
}

/// Puts the values of parameters in their places.
struct Parameters {
    named: Vec<(String, ast::Expr)>,
    positional: std::vec::IntoIter<ast::Expr>,
    error: Option<SparkError>,
}

impl VisitorMut for Parameters {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        let ast::Expr::Value(value) = expr else { return ControlFlow::Continue(()) };
        let ast::Value::Placeholder(placeholder) = &value.value else { return ControlFlow::Continue(()) };
        let found = match placeholder.strip_prefix(':') {
            Some(name) => self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
            None => self.positional.next(),
        };
        match found {
            Some(found) => {
                *expr = ast::Expr::Nested(Box::new(found));
                ControlFlow::Continue(())
            }
            None => {
                let name = placeholder.strip_prefix(':').unwrap_or("_").to_owned();
                self.error = Some(UNBOUND_SQL_PARAMETER.error([("name", name)]));
                ControlFlow::Break(())
            }
        }
    }
}

/// The plan with the values of its literals, which stood for themselves as calls while their types were asked for.
pub(super) fn with_literals(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|plan| {
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let bound = expr.transform_up(|expr| {
                let Expr::ScalarFunction(call) = &expr else { return Ok(Transformed::no(expr)) };
                match call.func.inner().downcast_ref::<Literal>() {
                    Some(literal) => {
                        let metadata = literal.field.metadata();
                        let metadata = (!metadata.is_empty()).then(|| metadata.clone().into());
                        Ok(Transformed::yes(Expr::Literal(literal.value.clone(), metadata)))
                    }
                    None => Ok(Transformed::no(expr)),
                }
            })?;
            Ok(bound.update_data(|expr| name.restore(expr)))
        })?
        .map_data(LogicalPlan::recompute_schema)
    })
    .map(|transformed| transformed.data)
}

/// A function without arguments that stands for a value.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Literal {
    name: String,
    signature: Signature,
    value: ScalarValue,
    field: FieldRef,
}

impl ScalarUDFImpl for Literal {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[ArrowType]) -> Result<ArrowType> {
        Ok(self.field.data_type().clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::clone(&self.field))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(self.value.clone()))
    }
}
