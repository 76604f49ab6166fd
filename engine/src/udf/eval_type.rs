//! The ways in which PySpark calls a function (`pyspark.util.PythonEvalType`).

/// How a function is called: on what, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvalType {
    /// `udf`: on each row, whose values go by pickles in Spark.
    Batched,
    /// `udf` with Arrow: on each row.
    ArrowBatched,
    /// `pandas_udf` on series.
    ScalarPandas,
    /// `pandas_udf` on an iterator of series, once for each partition.
    ScalarPandasIter,
    /// `arrow_udf` on arrays.
    ScalarArrow,
    /// `arrow_udf` on an iterator of arrays, once for each partition.
    ScalarArrowIter,
    /// `mapInPandas`.
    MapPandas,
    /// `mapInArrow`.
    MapArrow,
    /// `groupBy().applyInPandas`.
    GroupedMapPandas,
    /// The same on an iterator of the group's batches.
    GroupedMapPandasIter,
    /// `groupBy().applyInArrow`.
    GroupedMapArrow,
    /// The same on an iterator of the group's batches.
    GroupedMapArrowIter,
    /// `cogroup().applyInPandas`.
    CogroupedMapPandas,
    /// `cogroup().applyInArrow`.
    CogroupedMapArrow,
    /// `pandas_udf` from series to a value.
    GroupedAggPandas,
    /// The same on an iterator of series.
    GroupedAggPandasIter,
    /// `arrow_udf` from arrays to a value.
    GroupedAggArrow,
    /// The same on an iterator of arrays.
    GroupedAggArrowIter,
    /// `pandas_udf` from series to a value, over windows.
    WindowAggPandas,
    /// `arrow_udf` from arrays to a value, over windows.
    WindowAggArrow,
}

/// The types with their numbers in PySpark.
const CODES: [(EvalType, i32); 20] = [
    (EvalType::Batched, 100),
    (EvalType::ArrowBatched, 101),
    (EvalType::ScalarPandas, 200),
    (EvalType::GroupedMapPandas, 201),
    (EvalType::GroupedAggPandas, 202),
    (EvalType::WindowAggPandas, 203),
    (EvalType::ScalarPandasIter, 204),
    (EvalType::MapPandas, 205),
    (EvalType::CogroupedMapPandas, 206),
    (EvalType::MapArrow, 207),
    (EvalType::GroupedMapArrow, 209),
    (EvalType::CogroupedMapArrow, 210),
    (EvalType::GroupedMapArrowIter, 215),
    (EvalType::GroupedMapPandasIter, 216),
    (EvalType::GroupedAggPandasIter, 217),
    (EvalType::ScalarArrow, 250),
    (EvalType::ScalarArrowIter, 251),
    (EvalType::GroupedAggArrow, 252),
    (EvalType::WindowAggArrow, 253),
    (EvalType::GroupedAggArrowIter, 254),
];

impl EvalType {
    /// The type of that number, if it is one of those that the engine calls.
    pub fn from_code(code: i32) -> Option<Self> {
        CODES.iter().find(|(_, known)| *known == code).map(|(eval_type, _)| *eval_type)
    }

    /// Its number.
    pub fn code(self) -> i32 {
        CODES.iter().find(|(known, _)| *known == self).map_or(0, |(_, code)| *code)
    }

    /// Whether it gives a value for each row.
    pub fn is_scalar(self) -> bool {
        matches!(
            self,
            Self::Batched
                | Self::ArrowBatched
                | Self::ScalarPandas
                | Self::ScalarPandasIter
                | Self::ScalarArrow
                | Self::ScalarArrowIter
        )
    }

    /// Whether it gives a value for each group.
    pub fn is_aggregate(self) -> bool {
        matches!(
            self,
            Self::GroupedAggPandas | Self::GroupedAggPandasIter | Self::GroupedAggArrow | Self::GroupedAggArrowIter
        )
    }

    /// Whether it gives a value for each row of a window's partition.
    pub(crate) fn is_windowed(self) -> bool {
        matches!(self, Self::WindowAggPandas | Self::WindowAggArrow)
    }

    /// How an aggregate is called over windows, if it can be.
    pub(crate) fn over_windows(self) -> Option<Self> {
        match self {
            Self::GroupedAggPandas => Some(Self::WindowAggPandas),
            Self::GroupedAggArrow => Some(Self::WindowAggArrow),
            _ => None,
        }
    }

    /// Whether it takes rows by groups.
    pub(crate) fn takes_groups(self) -> bool {
        !self.is_scalar() && !matches!(self, Self::MapPandas | Self::MapArrow)
    }

    /// Whether it gives the columns of a table, and no values of columns.
    pub(crate) fn gives_tables(self) -> bool {
        !self.is_scalar() && !self.is_aggregate() && !self.is_windowed()
    }

    /// Whether one worker calls no more than one such function.
    pub(crate) fn stands_alone(self) -> bool {
        matches!(
            self,
            Self::ScalarPandasIter | Self::ScalarArrowIter | Self::GroupedAggPandasIter | Self::GroupedAggArrowIter
        )
    }

    /// What Spark calls the operation in errors about the types of its values.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::MapPandas => "mapInPandas()",
            Self::MapArrow => "mapInArrow()",
            Self::GroupedMapArrow
            | Self::GroupedMapArrowIter
            | Self::CogroupedMapArrow
            | Self::GroupedMapPandas
            | Self::GroupedMapPandasIter
            | Self::CogroupedMapPandas => "applyInPandas()",
            _ => "pandas_udf()",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_number() {
        for (eval_type, code) in CODES {
            assert_eq!((EvalType::from_code(code), eval_type.code()), (Some(eval_type), code));
        }
        assert_eq!(EvalType::from_code(208), None);
    }
}
