//! What is said of statements that Spark refuses: `data/errors.txt` has Spark's answers, and where the engine's are others.
//!
//! `SEATRIAL_ERRORS=write` writes the differences anew; what it writes is to be looked at.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::fmt::Write;
use std::path::PathBuf;

use seatrial_engine::session::Session;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

/// Where a line of the table says what the engine answers instead.
const DIFFERS: &str = "  differs: ";

/// The class and condition of the error with its parameters, or OK.
fn answer(runtime: &Runtime, session: &Session, statement: &str) -> String {
    let answered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.block_on(async { session.sql(statement).await?.collect().await.map(drop) })
    }));
    match answered {
        Ok(Ok(())) => "OK".to_owned(),
        Ok(Err(error)) => match error.condition {
            Some(condition) => {
                let mut parameters: Vec<_> = error.parameters.into_iter().collect();
                parameters.sort();
                let parameters: Map<String, Value> =
                    parameters.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
                format!("{} {condition} {}", error.exception.name(), Value::Object(parameters))
            }
            None => error.exception.name().to_owned(),
        },
        Err(_) => "PANIC".to_owned(),
    }
}

#[test]
fn statements_are_refused_as_spark_refuses_them() {
    let table = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/errors.txt");
    let known = std::fs::read_to_string(&table).unwrap();
    let session = Session::try_new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut written, mut agree, mut differ) = (String::new(), 0, 0);
    for line in known.lines().filter(|line| !line.starts_with(DIFFERS)) {
        writeln!(written, "{line}").unwrap();
        if let Some(statement) = line.strip_prefix("@sql ") {
            runtime.block_on(session.sql(statement)).unwrap();
        } else if !line.is_empty() && !line.starts_with('#') {
            let (statement, expected) = line.rsplit_once(" => ").expect("a line is `statement => answer`");
            let actual = answer(&runtime, &session, statement);
            assert_ne!(actual, "PANIC", "{statement}");
            if actual == expected {
                agree += 1;
            } else {
                differ += 1;
                writeln!(written, "{DIFFERS}{actual}").unwrap();
            }
        }
    }
    println!("{agree} of {} statements have Spark's answer", agree + differ);
    if std::env::var("SEATRIAL_ERRORS").as_deref() == Ok("write") {
        std::fs::write(&table, written).unwrap();
        return;
    }
    let changed: Vec<_> = written.lines().filter(|line| !known.lines().any(|known| known == *line)).collect();
    let gone: Vec<_> = known.lines().filter(|line| !written.lines().any(|written| written == *line)).collect();
    assert!(
        known == written,
        "SEATRIAL_ERRORS=write brings tests/data/errors.txt up to date; new:\n{}\ngone:\n{}",
        changed.join("\n"),
        gone.join("\n")
    );
}
