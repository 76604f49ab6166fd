//! Typed values: every value knows which Spark type it has.

/// A value of a column, decoded by the column's Spark type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Null of any type.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `tinyint`.
    Byte(i8),
    /// `smallint`.
    Short(i16),
    /// `int`.
    Integer(i32),
    /// `bigint`.
    Long(i64),
    /// `float`, by its bits; every NaN is the same.
    Float(u32),
    /// `double`, by its bits; every NaN is the same.
    Double(u64),
    /// `decimal`: the digits without the point, and how many stand after it.
    Decimal {
        /// Optional minus sign and digits, no leading zeros.
        unscaled: String,
        /// Digits after the point.
        scale: u8,
    },
    /// `string`.
    String(String),
    /// `binary`.
    Binary(Vec<u8>),
    /// `date`, as `2020-01-02`.
    Date(String),
    /// `timestamp`, as `2020-01-01T05:00:00.000000Z`.
    Timestamp(String),
    /// `timestamp_ntz`, as `2020-01-01T05:00:00.000000`.
    TimestampNtz(String),
    /// `time`, as `12:34:56.000000`.
    Time(String),
    /// `interval day to second`: microseconds.
    DayTimeInterval(i64),
    /// `array`.
    Array(Vec<Value>),
    /// `map`: entries in order.
    Map(Vec<(Value, Value)>),
    /// `struct`: field values in order.
    Struct(Vec<Value>),
    /// `variant`: its JSON text.
    Variant(String),
}
