//! What SQL functions, operators and casts answer: `data/functions.txt` says what Spark answers, and where the engine differs.
//!
//! `SEATRIAL_FUNCTIONS=write` writes the differences and `docs/functions.md` anew; what it writes is to be looked at.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::fmt::Write;
use std::path::PathBuf;

use seatrial_engine::error::SparkError;
use seatrial_engine::session::Session;
use seatrial_engine::types::values::row_values;
use tokio::runtime::Runtime;

/// What the engine answers to an expression, in the form of the table.
struct Asked {
    function: String,
    expression: String,
    expected: String,
    actual: String,
    /// What the table says that the engine answers instead, and why.
    pinned: Option<(String, String)>,
}

/// Where a line of the table says what the engine answers instead.
const DIFFERS: &str = "  differs: ";
/// The reason that a function is not there.
const ABSENT: &str = "the engine has no such function";
/// The reason that nobody gave yet.
const UNKNOWN: &str = "not looked at yet";
/// What separates that from the reason.
const BECAUSE: &str = " -- ";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn query(expression: &str) -> String {
    match expression.strip_suffix(" FROM t") {
        _ if expression.starts_with("SELECT ") => expression.to_owned(),
        Some(expression) => format!("SELECT {expression} AS v FROM t"),
        None => format!("SELECT {expression} AS v"),
    }
}

async fn rows(session: &Session, query: &str) -> Result<String, SparkError> {
    let frame = session.sql(query).await?;
    let schema = frame.schema()?;
    let mut values = Vec::new();
    for batch in frame.collect().await? {
        values.extend(row_values(&batch, &schema)?.into_iter().map(|row| row[0].to_string()));
    }
    Ok(format!("{}: {}", schema.fields[0].data_type.simple_string(), values.join(" | ")))
}

fn answer(runtime: &Runtime, session: &Session, expression: &str) -> String {
    let text = query(expression);
    let answered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(rows(session, &text))));
    match answered {
        Ok(Ok(rows)) => rows,
        Ok(Err(error)) => {
            if std::env::var_os("SEATRIAL_MESSAGES").is_some() {
                eprintln!("{expression}\n    {}", error.message.lines().next().unwrap_or_default());
            }
            format!("ERROR {}", error.condition.unwrap_or_else(|| error.exception.name().to_owned()))
        }
        Err(_) => "PANIC".to_owned(),
    }
}

/// Asks the engine for everything in the table. The table comes back with what differs now; reasons stay.
fn ask(table: &str) -> (Vec<Asked>, String) {
    let session = Session::try_new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut asked, mut written, mut function) = (Vec::<Asked>::new(), String::new(), String::new());
    let mut lines = table.lines().peekable();
    while let Some(line) = lines.next() {
        writeln!(written, "{line}").unwrap();
        if let Some(heading) = line.strip_prefix("## ") {
            heading.clone_into(&mut function);
        } else if let Some(statement) = line.strip_prefix("@sql ") {
            runtime.block_on(session.sql(statement)).unwrap();
        } else if !line.is_empty() && !line.starts_with('#') {
            let (expression, expected) = line.rsplit_once(" => ").expect("a line is `expression => answer`");
            let pinned = lines.next_if(|next| next.starts_with(DIFFERS)).map(|pin| {
                let (actual, reason) = pin[DIFFERS.len()..].rsplit_once(BECAUSE).expect("a difference has a reason");
                (actual.to_owned(), reason.to_owned())
            });
            let actual = answer(&runtime, &session, expression);
            if actual != expected {
                let reason = match &pinned {
                    _ if actual == "ERROR UNRESOLVED_ROUTINE" => ABSENT,
                    Some((_, reason)) if reason != ABSENT => reason,
                    _ => UNKNOWN,
                };
                writeln!(written, "{DIFFERS}{actual}{BECAUSE}{reason}").unwrap();
            }
            let (expression, expected) = (expression.to_owned(), expected.to_owned());
            asked.push(Asked { function: function.clone(), expression, expected, actual, pinned });
        }
    }
    (asked, written)
}

/// The functions of Spark that the engine does not have under their names, whatever their arguments.
fn missing(names: &str) -> Vec<String> {
    let session = Session::try_new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let calls = ["()", "(1)", "(1, 1)", "(1, 1, 1)", "('1')", "() OVER (ORDER BY 1)", "(1) OVER (ORDER BY 1)"];
    let is_missing = |name: &&str| {
        // How many arguments a function takes is known of those that are not there, too.
        let tried = calls.iter().map(|call| runtime.block_on(session.sql(&format!("SELECT {name}{call}"))));
        let conditions: Vec<_> = tried.map(|planned| planned.err().and_then(|error| error.condition)).collect();
        let is = |condition: &Option<String>, name: &str| condition.as_deref() == Some(name);
        conditions.iter().any(|condition| is(condition, "UNRESOLVED_ROUTINE"))
            && conditions.iter().all(|condition| {
                is(condition, "UNRESOLVED_ROUTINE") || is(condition, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION")
            })
    };
    let in_from = |name: &str| {
        let planned = runtime.block_on(session.sql(&format!("SELECT * FROM {name}(1)")));
        planned.is_ok()
    };
    names.lines().filter(is_missing).filter(|name| !in_from(name)).map(str::to_owned).collect()
}

/// The page that tells which functions were compared.
fn page(asked: &[Asked], missing: &[String]) -> String {
    let mut page = String::from(
        "# SQL functions\n\nWhat was compared with Spark 4.2.1, expression by expression: `engine/tests/data/functions.txt` has the expressions,\n\
         Spark's answers (type and value, or the error's condition) and every difference with its reason. A function that is not\n\
         listed was not compared. This page is generated: `SEATRIAL_FUNCTIONS=write cargo test -p seatrial-engine --test functions`.\n\n",
    );
    let agree = asked.iter().filter(|asked| asked.actual == asked.expected).count();
    writeln!(page, "{agree} of {} expressions agree.\n", asked.len()).unwrap();
    let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    writeln!(page, "The engine does not have {} of Spark's functions: {names}.\n", missing.len()).unwrap();
    page.push_str("| compared | agree | differ |\n|---|---|---|\n");
    for group in asked.chunk_by(|one, other| one.function == other.function) {
        let differ: Vec<_> = group.iter().filter(|asked| asked.actual != asked.expected).collect();
        let shown: Vec<_> = differ.iter().map(|asked| format!("`{}`", asked.expression.replace('|', "\\|"))).collect();
        let name = group[0].function.replace('|', "\\|");
        writeln!(page, "| `{name}` | {}/{} | {} |", group.len() - differ.len(), group.len(), shown.join(", ")).unwrap();
    }
    page
}

#[test]
fn functions_answer_as_spark_does() {
    let (table, document) = (path("tests/data/functions.txt"), path("../docs/functions.md"));
    let (asked, written) = ask(&std::fs::read_to_string(&table).unwrap());
    let missing = missing(&std::fs::read_to_string(path("tests/data/function_names.txt")).unwrap());
    if std::env::var("SEATRIAL_FUNCTIONS").as_deref() == Ok("write") {
        std::fs::write(&table, written).unwrap();
        std::fs::write(&document, page(&asked, &missing)).unwrap();
        return;
    }
    let wrong: Vec<_> = asked
        .iter()
        .filter_map(|asked| {
            let complaint = match &asked.pinned {
                None if asked.actual == asked.expected => return None,
                Some((_, reason)) if reason == UNKNOWN => "differs without a reason",
                Some((pinned, _)) if *pinned == asked.actual && asked.actual != asked.expected => return None,
                Some(_) if asked.actual == asked.expected => "is pinned as different, and agrees",
                Some(_) => "differs in another way than is pinned",
                None => "differs",
            };
            Some(format!("{} {complaint}\n  Spark  {}\n  engine {}", asked.expression, asked.expected, asked.actual))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let known = std::fs::read_to_string(&document).unwrap_or_default();
    assert_eq!(known, page(&asked, &missing), "docs/functions.md: SEATRIAL_FUNCTIONS=write brings it up to date");
}
