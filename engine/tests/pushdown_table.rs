//! The filters that a reader is offered for each predicate of the catalogue: `data/predicates.txt` says what Spark offers.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[expect(dead_code, reason = "each test binary needs some of it")]
mod support;

use seatrial_engine::error::SparkError;
use seatrial_engine::session::Session;
use support::register;

/// Keeps every filter that it is offered.
const KEEPING: &str = "
class Reader(DataSourceReader):
    def pushFilters(self, filters):
        return []
    def read(self, partition):
        return iter([])
class Source(DataSource):
    def schema(self):
        return self.options['columns']
    def reader(self, schema):
        return Reader()
";

const COLUMNS: &str = "i int, l long, by byte, sh short, s string, b boolean, d double, f float, dec decimal(10,2), dt date, \
    ts timestamp, tn timestamp_ntz, bin binary, st struct<x:int,y:struct<z:string>>, a array<int>, m map<string,int>, \
    iv interval day to second, ym interval year to month, sc string collate UNICODE_CI, `we.ird` int, `sp ace` int";

/// What each scan of the query was offered, in the order of the plan.
async fn offered(session: &Session, query: &str) -> Result<String, SparkError> {
    let plan = session.sql(query).await?.explain().await?;
    let scans = plan.lines().filter(|line| line.contains("PythonDataSourceExec"));
    let offers: Vec<_> =
        scans.filter_map(|scan| scan.split_once("pushed_filters=[")?.1.trim_end().strip_suffix(']')).collect();
    Ok(if offers.is_empty() { "-".to_owned() } else { offers.join(" || ") })
}

/// Checks a table of `data`. A line `@zone` sets the session's time zone for those below it.
fn check(table: &str) {
    let table = std::fs::read_to_string(format!("{}/tests/data/{table}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let session = Session::try_new().unwrap();
    session.set_conf("spark.sql.python.filterPushdown.enabled", "true").unwrap();
    register(&session, KEEPING);
    for view in ["source", "other"] {
        let frame = session.read().format("Source").option("columns", COLUMNS).load(&[]).unwrap();
        frame.create_or_replace_temp_view(view).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut wrong = Vec::new();
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        if let Some(zone) = line.strip_prefix('@') {
            session.set_conf("spark.sql.session.timeZone", zone).unwrap();
            continue;
        }
        let (predicate, expected) = line.rsplit_once(" => ").expect("a line is `predicate => filters`");
        let (id, predicate) = match predicate.split_once(": ") {
            Some((id, predicate)) if id.starts_with("P-") => (id, predicate),
            _ => ("-", predicate),
        };
        let query = match predicate.split_whitespace().next() {
            Some("SELECT" | "WITH") => predicate.to_owned(),
            _ => format!("SELECT * FROM source WHERE {predicate}"),
        };
        let actual = runtime.block_on(offered(&session, &query)).unwrap_or_else(|error| format!("ERROR {error}"));
        if actual != expected {
            wrong.push(format!("{id}: {predicate}\n  expected {expected}\n  actual   {actual}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_predicate_of_the_catalogue_is_offered_as_spark_offers_it() {
    check("predicates.txt");
}

#[test]
fn conditions_take_the_form_and_the_place_that_catalyst_gives_them() {
    check("catalyst.txt");
}

#[test]
fn conditions_that_catalyst_simplifies_are_offered_as_it_leaves_them() {
    check("conditions.txt");
}
