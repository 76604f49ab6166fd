//! What is read from statements, and where wrong ones are refused.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use rstest::rstest;

use super::*;

fn table(text: &str) -> CreateTable {
    match parse(text).unwrap() {
        Some(Statement::CreateTable(table)) => table,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn clauses_of_a_table_come_in_any_order() {
    let one = table(
        "CREATE TABLE IF NOT EXISTS a.t (id int, p string) USING src OPTIONS (a '1', `B` = 2, c.d true) \
         PARTITIONED BY (p) COMMENT 'x' LOCATION '/l' TBLPROPERTIES ('k' = 'v');",
    );
    let other = table(
        "create table if not exists a.t (id int, p string) tblproperties ('k' = 'v') location '/l' comment 'x' \
         partitioned by (p) options (a '1', `B` = 2, c.d true) using src",
    );
    assert_eq!(one, other);
    assert_eq!(one.name.parts, ["a", "t"]);
    assert!(one.if_not_exists && !one.replace);
    let options = [("a", "1"), ("B", "2"), ("c.d", "true")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(one.options, options);
    assert_eq!(one.partitioned_by, ["p"]);
    assert_eq!(one.columns.unwrap().simple_string(), "struct<id:int,p:string>");
}

#[rstest]
#[case("SET spark.sql.ansi.enabled", "spark.sql.ansi.enabled", None)]
#[case("set `spark.a` = b = c ;", "spark.a", Some("b = c"))]
#[case("SET a=", "a", Some(""))]
fn a_setting_is_asked_for_or_set(#[case] text: &str, #[case] key: &str, #[case] value: Option<&str>) {
    let expected = Statement::Set { key: key.to_owned(), value: value.map(str::to_owned) };
    assert_eq!(parse(text).unwrap(), Some(expected));
}

#[rstest]
#[case("SET")]
#[case("SET -v")]
#[case("SET TIME ZONE 'UTC'")]
fn other_forms_of_set_are_refused(#[case] text: &str) {
    assert!(parse(text).unwrap_err().message.starts_with("This engine does not support SET"));
}

#[test]
fn partitions_may_bring_their_columns() {
    let table = table("CREATE TABLE t (id int) USING src PARTITIONED BY (p string, q decimal(5,2))");
    assert_eq!(table.partition_columns.simple_string(), "struct<p:string,q:decimal(5,2)>");
    assert_eq!(table.partitioned_by, ["p", "q"]);
}

#[rstest]
#[case("CREATE TABLE t USING src AS SELECT 1")]
#[case("CREATE TABLE t USING src SELECT 1")]
#[case("CREATE TABLE t USING src WITH c AS (SELECT 1) SELECT * FROM c")]
fn a_query_ends_a_table(#[case] text: &str) {
    assert!(table(text).query);
}

#[rstest]
#[case("CREATE TEMPORARY VIEW v USING src OPTIONS (a '1')", false, None)]
#[case("CREATE OR REPLACE TEMP VIEW v (id string, x int) USING src", true, Some("struct<id:string,x:int>"))]
fn a_view_of_a_source(#[case] text: &str, #[case] replaces: bool, #[case] schema: Option<&str>) {
    let Some(Statement::CreateView(view)) = parse(text).unwrap() else { unreachable!() };
    let ViewBody::Source { columns, .. } = view.body else { unreachable!() };
    assert_eq!(columns.map(|columns| columns.simple_string()).as_deref(), schema);
    assert_eq!((view.replace, view.temporary), (replaces, true));
}

#[test]
fn a_view_of_a_query() {
    let text = "CREATE TEMP VIEW v (q COMMENT 'x', r) AS SELECT id, ';' FROM s ;";
    let Some(Statement::CreateView(view)) = parse(text).unwrap() else { unreachable!() };
    let columns = vec!["q".to_owned(), "r".to_owned()];
    let ViewBody::Query { at, .. } = view.body else { unreachable!() };
    assert_eq!(view.body, ViewBody::Query { query: "SELECT id, ';' FROM s ".to_owned(), columns, at });
}

#[rstest]
#[case("SELECT 1")]
#[case("WITH c AS (SELECT 1) SELECT * FROM c")]
#[case("(SELECT 1)")]
#[case("VALUES (1)")]
#[case("FROM t SELECT a")]
fn queries_are_left_to_others(#[case] text: &str) {
    assert_eq!(parse(text).unwrap(), None);
}

#[rstest]
#[case("DESC t", false)]
#[case("describe table extended `a b`.t", true)]
#[case("DESCRIBE EXTENDED t", true)]
#[case("DESCRIBE extended", false)]
fn descriptions(#[case] text: &str, #[case] long: bool) {
    let Some(Statement::Describe { extended, .. }) = parse(text).unwrap() else { unreachable!() };
    assert_eq!(extended, long);
}

#[rstest]
#[case("CREATE TABLE t USING", "end of input", "(line 1, pos 20)")]
#[case("CREATE TABLE t USING src src", "'src'", "(line 1, pos 25)")]
#[case("CREATE TABLE t (a int", "end of input", "(line 1, pos 21)")]
#[case("DROP TABLE t t", "'t'", "(line 1, pos 13)")]
#[case("SHOW CREATE TABLE", "end of input", "(line 1, pos 17)")]
#[case("CREATE TEMPORARY VIEW v", "end of input", "(line 1, pos 23)")]
fn wrong_statements(#[case] text: &str, #[case] shown: &str, #[case] place: &str) {
    let error = parse(text).unwrap_err();
    assert_eq!(error.condition.as_deref(), Some("PARSE_SYNTAX_ERROR"));
    assert_eq!(error.parameters["error"], shown);
    assert!(error.message.contains(place), "{}", error.message);
}

#[test]
fn an_option_needs_a_value() {
    let error = parse("CREATE TABLE t USING src OPTIONS (a '1', e)").unwrap_err();
    assert_eq!(
        error.message,
        "\nOperation not allowed: A value must be specified for the key: e..\n== SQL (line 1, position 1) ==\nCREATE TABLE t \
         USING src OPTIONS (a '1', e)\n^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
    );
}

#[rstest]
#[case("INSERT INTO t VALUES (1)", Write::Insert)]
#[case("INSERT OVERWRITE TABLE t SELECT 1", Write::Insert)]
#[case("DELETE FROM t WHERE a = 1", Write::Delete)]
#[case("TRUNCATE TABLE t", Write::Truncate)]
#[case("UPDATE t SET a = 1", Write::Update)]
#[case("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", Write::Merge)]
fn writes(#[case] text: &str, #[case] operation: Write) {
    let Some(Statement::Write { operation: found, name }) = parse(text).unwrap() else { unreachable!() };
    assert_eq!((found, name.parts), (operation, vec!["t".to_owned()]));
}
