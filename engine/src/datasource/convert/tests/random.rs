//! Random schemas and rows, most of them good.

use proptest::prelude::*;
use proptest::sample::select;

use super::differential::{SETUP, VALUES};
use super::{Scene, with_python};

/// A type as an expression, and how to make values of it.
#[derive(Debug, Clone)]
struct Kind {
    expression: String,
    values: BoxedStrategy<String>,
}

impl Kind {
    fn new(expression: &str, values: impl Strategy<Value = String> + 'static) -> Self {
        Self { expression: expression.to_owned(), values: values.boxed() }
    }

    /// Values, seldom null, and more seldom anything else.
    fn mixed(&self, nullable: bool) -> BoxedStrategy<String> {
        let null = if nullable { 8 } else { 0 };
        prop_oneof![
            90 => self.values.clone(),
            null => Just("None".to_owned()),
            1 => select(VALUES).prop_map(str::to_owned),
        ]
        .boxed()
    }
}

fn integers(bits: u32) -> impl Strategy<Value = String> {
    let half = 1i128 << (bits - 1);
    prop_oneof![
        20 => (-half..half).prop_map(|int| int.to_string()),
        1 => select(vec![half, -half - 1]).prop_map(|int| int.to_string()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9 ]{0,12}", "[à-ÿ一-十😀-😏]{0,6}"].prop_map(|text| format!("'{text}'"))
}

fn instants(zones: &'static [&'static str]) -> impl Strategy<Value = String> {
    (1i32..=9999, 1u32..=12, 1u32..=28, 0u32..24, 0u32..60, 0u32..1_000_000, select(zones)).prop_map(
        |(year, month, day, hour, second, micros, zone)| {
            format!("dt({year}, {month}, {day}, {hour}, 7, {second}, {micros}{zone})")
        },
    )
}

fn scalar() -> impl Strategy<Value = Kind> {
    let zones: &[&str] = &[
        "",
        ", tzinfo=utc",
        ", tzinfo=datetime.timezone(td(minutes=-330))",
        ", tzinfo=zoneinfo.ZoneInfo('America/Los_Angeles')",
    ];
    prop_oneof![
        Just(Kind::new("T.BooleanType()", select(vec!["True", "False"]).prop_map(str::to_owned))),
        Just(Kind::new("T.ByteType()", integers(8))),
        Just(Kind::new("T.ShortType()", integers(16))),
        Just(Kind::new("T.IntegerType()", integers(32))),
        Just(Kind::new("T.LongType()", integers(64))),
        Just(Kind::new("T.DoubleType()", any::<f64>().prop_map(|float| format!("float('{float}')")))),
        Just(Kind::new("T.FloatType()", any::<f64>().prop_map(|float| format!("float('{float}')")))),
        Just(Kind::new("T.FloatType()", integers(26))),
        Just(Kind::new("T.DoubleType()", integers(55))),
        Just(Kind::new("T.StringType()", text())),
        Just(Kind::new("T.BinaryType()", text().prop_map(|text| format!("{text}.encode()")))),
        Just(Kind::new("T.BinaryType()", text().prop_map(|text| format!("bytearray({text}.encode())")))),
        Just(Kind::new("T.DateType()", instants(&[""]).prop_map(|instant| format!("{instant}.date()")))),
        Just(Kind::new("T.TimestampType()", instants(zones))),
        Just(Kind::new("T.TimestampNTZType()", instants(&[""]))),
        Just(Kind::new(
            "T.DayTimeIntervalType()",
            (-106_751_991i64..=106_751_991, any::<u32>()).prop_map(|(days, micros)| format!("td({days}, 0, {micros})"))
        )),
        (1u8..=38)
            .prop_flat_map(|precision| (Just(precision), 0..=precision))
            .prop_map(|(precision, scale)| decimals(precision, scale)),
    ]
}

/// Decimals that mostly fit, many of which have to be rounded.
fn decimals(precision: u8, scale: u8) -> Kind {
    let most = i64::from(precision) - i64::from(scale);
    let values =
        (any::<bool>(), "[0-9]{0,19}[05]{0,2}[0-9]{1,22}", -45i64..=3).prop_map(move |(minus, digits, exponent)| {
            let sign = if minus { "-" } else { "" };
            let exponent = exponent.min(most - i64::try_from(digits.len()).unwrap());
            format!("D('{sign}{digits}E{exponent}')")
        });
    Kind::new(&format!("T.DecimalType({precision}, {scale})"), values)
}

fn kind() -> impl Strategy<Value = Kind> {
    scalar().prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), any::<bool>()).prop_map(|(element, nullable)| array(&element, nullable)),
            (inner.clone(), any::<bool>()).prop_map(|(value, nullable)| map(&value, nullable)),
            prop::collection::vec((inner, any::<bool>()), 1..4).prop_map(|fields| structure(&fields)),
        ]
    })
}

fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

fn array(element: &Kind, nullable: bool) -> Kind {
    let values = (prop::collection::vec(element.mixed(nullable), 0..5), 0..10).prop_map(|(items, form)| match form {
        0 => format!("tuple([{}])", items.join(", ")),
        _ => format!("[{}]", items.join(", ")),
    });
    Kind::new(&format!("T.ArrayType({}, {})", element.expression, python_bool(nullable)), values)
}

fn map(value: &Kind, nullable: bool) -> Kind {
    let values = prop::collection::vec((text(), value.mixed(nullable)), 0..4).prop_map(|items| {
        let items: Vec<_> = items.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        format!("{{{}}}", items.join(", "))
    });
    Kind::new(&format!("T.MapType(T.StringType(), {}, {})", value.expression, python_bool(nullable)), values)
}

fn structure(fields: &[(Kind, bool)]) -> Kind {
    let types: Vec<_> = fields
        .iter()
        .enumerate()
        .map(|(index, (kind, nullable))| {
            format!("T.StructField('f{index}', {}, {})", kind.expression, python_bool(*nullable))
        })
        .collect();
    let items: Vec<_> = fields.iter().map(|(kind, nullable)| kind.mixed(*nullable)).collect();
    let values = (items, 0..4).prop_map(|(items, form)| match form {
        0 => {
            let items: Vec<_> = items.iter().enumerate().map(|(index, item)| format!("'f{index}': {item}")).collect();
            format!("{{{}}}", items.join(", "))
        }
        1 => format!("Row({},)", items.join(", ")),
        _ => format!("({},)", items.join(", ")),
    });
    Kind::new(&format!("T.StructType([{}])", types.join(", ")), values)
}

/// A schema, rows and a batch size.
fn relation() -> impl Strategy<Value = (String, String, usize)> {
    prop::collection::vec(kind(), 1..4).prop_flat_map(|kinds| {
        let types: Vec<_> = kinds.iter().map(|kind| kind.expression.clone()).collect();
        let cells: Vec<_> = kinds.iter().map(|kind| kind.mixed(true)).collect();
        let row = (cells, 0..40).prop_map(|(cells, form)| {
            let names = || cells.iter().zip(["a", "b", "c"]).map(|(cell, name)| format!("{name}={cell}"));
            match form {
                0..8 => format!("[{}]", cells.join(", ")),
                8..12 => format!("Row({})", cells.join(", ")),
                12..16 => format!("Row({})", names().collect::<Vec<_>>().join(", ")),
                16..20 => format!("Row({})", names().rev().collect::<Vec<_>>().join(", ")),
                20 => format!("tuple([{}])", cells[1..].join(", ")),
                _ => format!("({},)", cells.join(", ")),
            }
        });
        (Just(format!("schema({})", types.join(", "))), prop::collection::vec(row, 0..9), 1usize..6)
            .prop_map(|(schema, rows, batch_size)| (schema, format!("iter([{}])", rows.join(", ")), batch_size))
    })
}

#[test]
fn random_rows_of_random_types() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        let config = ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() };
        proptest!(config, |((schema, rows, batch_size) in relation())| {
            scene.check(&schema, &rows, batch_size);
        });
    });
}
