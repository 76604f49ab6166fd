#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use super::*;
use crate::case::load_text;

fn script(case: &str) -> String {
    let text = format!("feature: f\ncases:\n  - {}\n", case.replace('\n', "\n    "));
    let suite = load_text(Path::new("x.yaml"), "read/x", &text);
    assert_eq!(suite.diagnostics, []);
    let requirements = ["pyspark==4.2.1".to_owned()];
    let spark = SparkMinor::new(4, 2);
    let case = suite.cases.first().unwrap();
    Repro { case, spark, patch: "4.2.1", requirements: &requirements, golden: None }.script()
}

fn scenario(case: &str) -> String {
    let script = script(case);
    let start = script.find("def scenario(spark):").unwrap();
    let end = script[start..].find("\n\n").unwrap();
    script[start..start + end].to_owned()
}

#[test]
fn a_read_and_a_query_are_what_a_user_writes() {
    let text = scenario(
        "name: a\npython: pass\nconf: {a.b: true}\nread: {format: f, options: {Z: 1, A: null, B: false}, schema: x int, path: [p, q]}\nquery: |\n  SELECT *\n  FROM source",
    );
    insta::assert_snapshot!(text, @r#"
    def scenario(spark):
        spark.conf.set("a.b", "true")
        registered = sources()
        for source in registered:
            spark.dataSource.register(source)
        frame = spark.read.format("f").option("Z", 1).option("A", None).option("B", False).schema("x int").load(["p", "q"])
        frame.createOrReplaceTempView("source")
        return spark.sql("""SELECT *
    FROM source
    """)
    "#);
}

#[test]
fn steps_are_carried_out_in_order() {
    let text = scenario(
        "name: a\npython: pass\nconf: {a: b}\nregister: ['First', 'make(\"x\")']\nquery: null\nsteps:\n  - sql: CREATE TABLE t USING first\n  - new_session: true\n  - register: [Second]\n  - load: {view: v, path: p}",
    );
    insta::assert_snapshot!(text, @r#"
    def scenario(spark):
        spark.conf.set("a", "b")
        registered = [First, make("x")]
        for source in registered:
            spark.dataSource.register(source)
        spark.sql("CREATE TABLE t USING first").collect()
        spark = spark.newSession()
        spark.conf.set("a", "b")
        for source in [Second]:
            spark.dataSource.register(source)
        frame = spark.read.format(registered[0].name()).load("p")
        frame.createOrReplaceTempView("v")
        return frame
    "#);
}

#[test]
fn surroundings_come_before_the_source() {
    let text = script(
        "name: a\nabout: \"a \\\\ and \\\"\\\"\\\"\"\nenvironment: {TZ: Asia/Tokyo, A: b}\nmodules: {harbour: \"x = 1\\n\"}\npython: |\n  from __future__ import annotations\n  import harbour\n  record_call('x')",
    );
    let (head, _) = text.split_once("# --- What is done with it").unwrap();
    insta::assert_snapshot!(head);
}

#[test]
fn the_support_is_whole() {
    let text = support();
    assert!(!text.contains("#{"), "something was not put in");
    assert!(text.contains("    def canonical_rows(") && text.contains("    class PhaseError(Exception):"));
    assert!(!text.contains("__future__") && !text.contains("\n\n\n    "));
}
