//! Order, and the first or last rows.

use datafusion::sql::sqlparser::ast::Expr;
use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::NEGATIVE_LIMIT;
use spark_connect_proto::{Relation, Sort, Tail};

use super::super::expression::Translator;
use super::super::syntax::{from, limit, order_by, query_of, select};
use super::super::{Planned, Planner};
use super::project::{as_they_are, below_of, typed};
use crate::deferred;

impl Planner<'_> {
    pub(super) async fn sort(&self, sort: &Sort) -> Result<Planned, SparkError> {
        let input = self.input(sort.input.as_deref()).await?;
        let mut translator = Translator::new(self, input.scope());
        let keys = sort.order.iter().map(|order| translator.sort_key(order)).collect::<Result<Vec<_>, _>>()?;
        let expressions: Vec<&Expr> = keys.iter().map(|key| &key.expr).collect();
        let wanted = below_of(&input, expressions);
        let reached = self.with_below(&input, &wanted)?;
        let mut bindings = translator.bindings;
        let from_name = bindings.relation(&reached.frame)?;
        let mut query = query_of(select(as_they_are(&reached.columns), from(from_name)));
        query.order_by = order_by(keys);
        let frame = self.session.engine.query_over(query, &bindings)?;
        let sorted = Planned { frame, leaf: None, ..reached };
        if wanted.is_empty() {
            let columns = typed(sorted.columns, &sorted.frame.schema()?)?;
            return Ok(Planned { columns, projection: input.projection.clone(), ..sorted });
        }
        // What was fetched for the order alone goes again.
        let mut bindings = seatrial_engine::session::Bindings::default();
        let from_name = bindings.relation(&sorted.frame)?;
        self.same_columns(&input, select(as_they_are(&input.columns), from(from_name)), &bindings)
    }

    /// The first rows, after some that are left out.
    ///
    /// # Errors
    /// When a number is negative.
    pub(super) async fn limit(
        &self,
        input: Option<&Relation>,
        rows: Option<i32>,
        offset: i32,
    ) -> Result<Planned, SparkError> {
        let input = self.input(input).await?;
        let counts = [("limit", rows.unwrap_or_default()), ("offset", offset)];
        if let Some((name, count)) = counts.into_iter().find(|(_, count)| *count < 0) {
            let parameters = [("expr", format!("\"{count}\"")), ("name", name.to_owned()), ("v", count.to_string())];
            return Err(NEGATIVE_LIMIT.error(parameters));
        }
        let mut bindings = seatrial_engine::session::Bindings::default();
        let from_name = bindings.relation(&input.frame)?;
        let mut query = query_of(select(as_they_are(&input.columns), from(from_name)));
        query.limit_clause = limit(rows.map(i64::from), i64::from(offset));
        let frame = self.session.engine.query_over(query, &bindings)?;
        Ok(Planned::over(frame, input.columns.clone(), input.origins.clone()))
    }

    pub(super) async fn tail(&self, tail: &Tail) -> Result<Planned, SparkError> {
        let input = self.input(tail.input.as_deref()).await?;
        let rows = usize::try_from(tail.limit).unwrap_or_default();
        let frame = deferred::last_rows(&self.session.engine, &input.frame, rows)?;
        Ok(Planned::over(frame, input.columns.clone(), input.origins.clone()))
    }
}
