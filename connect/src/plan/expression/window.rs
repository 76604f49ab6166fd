//! Window functions.

use datafusion::sql::sqlparser::ast::{Expr, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType};
use seatrial_engine::error::SparkError;
use spark_connect_proto::expression::window::window_frame::frame_boundary::Boundary;
use spark_connect_proto::expression::window::window_frame::{FrameBoundary, FrameType};
use spark_connect_proto::expression::{Window, literal::LiteralType, window};

use super::super::syntax::{negative, number};
use super::super::unsupported;
use super::{ExprType, Translator, kind};
use crate::types::malformed;

impl Translator<'_> {
    /// `function OVER (…)`.
    ///
    /// # Errors
    /// What does not resolve; a frame that is not supported.
    pub(super) fn window(&mut self, window: &Window) -> Result<Expr, SparkError> {
        let function = window.window_function.as_deref().ok_or_else(|| malformed("a window without a function"))?;
        let Expr::Function(mut function) = self.expression(function)? else {
            return Err(unsupported("a window over anything but a function"));
        };
        let order_by = window.order_spec.iter().map(|order| self.sort_key(order)).collect::<Result<Vec<_>, _>>()?;
        let spec = WindowSpec {
            window_name: None,
            partition_by: self.expressions(&window.partition_spec)?,
            order_by,
            window_frame: window.frame_spec.as_deref().map(|frame| self.frame(frame)).transpose()?,
        };
        function.over = Some(WindowType::WindowSpec(spec));
        Ok(Expr::Function(function))
    }

    fn frame(&mut self, frame: &window::WindowFrame) -> Result<WindowFrame, SparkError> {
        let units = match frame.frame_type() {
            FrameType::Row => WindowFrameUnits::Rows,
            FrameType::Range => WindowFrameUnits::Range,
            FrameType::Undefined => return Err(malformed("a window's frame without a type")),
        };
        let start_bound = self.bound(frame.lower.as_deref(), true)?;
        let end_bound = Some(self.bound(frame.upper.as_deref(), false)?);
        Ok(WindowFrame { units, start_bound, end_bound })
    }

    fn bound(&mut self, bound: Option<&FrameBoundary>, lower: bool) -> Result<WindowFrameBound, SparkError> {
        let missing = || malformed("a window's frame without a bound");
        Ok(match bound.and_then(|bound| bound.boundary.as_ref()).ok_or_else(missing)? {
            Boundary::CurrentRow(_) => WindowFrameBound::CurrentRow,
            Boundary::Unbounded(_) if lower => WindowFrameBound::Preceding(None),
            Boundary::Unbounded(_) => WindowFrameBound::Following(None),
            Boundary::Value(value) => {
                let distance = match kind(value)? {
                    ExprType::Literal(literal) => match literal.literal_type {
                        Some(LiteralType::Integer(value)) => i64::from(value),
                        Some(LiteralType::Long(value)) => value,
                        _ => return Err(unsupported("a window's bound that is no whole number")),
                    },
                    _ => return Err(unsupported("a window's bound that is no literal")),
                };
                let size = number(distance.saturating_abs());
                match distance {
                    0 => WindowFrameBound::CurrentRow,
                    // So Spark writes it too, in names of columns.
                    distance if distance < 0 => WindowFrameBound::Following(Some(Box::new(negative(size)))),
                    _ => WindowFrameBound::Following(Some(Box::new(size))),
                }
            }
        })
    }
}
