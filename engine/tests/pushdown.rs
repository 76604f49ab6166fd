//! A reader that applies exactly what it was handed never changes the answer.
//!
//! Random tables and random predicates: each predicate is evaluated by the engine alone (pushdown off), by a source without
//! `pushFilters`, by one that applies all that it is offered with Spark's meaning, and by one that applies some of it. Seeds are
//! printed: a fixed list of them, the one that `SEATRIAL_SEED` names, or the clock's where that is `random`.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod predicates;

use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use seatrial_engine::error::SparkError;
use seatrial_engine::session::Session;

use predicates::shrink::{Predicate, shrink};
use predicates::{Random, Table};

/// The seeds that a run takes by itself; the first found a disagreement.
const SEEDS: [u64; 2] = [1_795_372_839, 2_499_594_456];
/// Predicates that are compared for each seed.
const PREDICATES: usize = 1000;
/// Predicates that one query evaluates, and such queries on each table.
const BATCH: usize = 15;
const BATCHES: usize = 5;

fn session(pushdown: bool) -> Session {
    let session = Session::try_new().unwrap();
    session.set_conf("spark.sql.python.filterPushdown.enabled", &pushdown.to_string()).unwrap();
    Python::attach(|py| {
        let names = PyDict::new(py);
        names.set_item("__name__", "__main__").unwrap();
        py.run(&std::ffi::CString::new(include_str!("support/applying_source.py")).unwrap(), Some(&names), None)
            .unwrap();
        for class in ["Source", "Applying"] {
            session.register_data_source(&names.get_item(class).unwrap().unwrap()).unwrap();
        }
    });
    session
}

fn load(session: &Session, source: &str, view: &str, keep: &str, table: &Table) {
    let frame = session
        .read()
        .format(source)
        .option("columns", table.columns())
        .option("rows", table.rows())
        .option("keep", keep)
        .load(&[])
        .unwrap_or_else(|error| panic!("{error}: {} {}", table.columns(), table.rows()));
    frame.create_or_replace_temp_view(view).unwrap();
}

/// The ids of the rows for which a column is true, for each of the columns behind the first.
fn true_rows(batches: &[RecordBatch], predicates: usize) -> Vec<Vec<i32>> {
    let mut passing = vec![Vec::new(); predicates];
    for batch in batches {
        let ids = batch.column(0).as_primitive::<Int32Type>();
        for (index, passing) in passing.iter_mut().enumerate() {
            let column = batch.column(index + 1);
            let Some(column) = column.as_boolean_opt() else { continue };
            passing
                .extend(ids.values().iter().zip(column).filter(|(_, holds)| *holds == Some(true)).map(|(id, _)| *id));
        }
    }
    passing.iter_mut().for_each(|ids: &mut Vec<i32>| ids.sort_unstable());
    passing
}

/// What the engine alone makes of the predicates: as columns, so that no rule for filters has a part in it. A predicate may fail
/// by itself, and then it says nothing.
async fn evaluated(session: &Session, predicates: &[&str]) -> Vec<Result<Vec<i32>, SparkError>> {
    let query = |predicates: &[&str]| {
        let columns: String =
            predicates.iter().enumerate().map(|(index, predicate)| format!(", ({predicate}) AS p{index}")).collect();
        format!("SELECT id{columns} FROM unaware")
    };
    let run = async |predicates: &[&str]| {
        let batches = session.sql(&query(predicates)).await?.collect().await?;
        Ok::<_, SparkError>(true_rows(&batches, predicates.len()))
    };
    if let Ok(passing) = run(predicates).await {
        return passing.into_iter().map(Ok).collect();
    }
    let mut results = Vec::with_capacity(predicates.len());
    for predicate in predicates {
        results.push(run(&[predicate]).await.map(|mut passing| passing.remove(0)));
    }
    results
}

/// The ids of the rows that pass each predicate, by way of filters.
async fn filtered(session: &Session, view: &str, predicates: &[&str]) -> Result<Vec<Vec<i32>>, SparkError> {
    let branches: Vec<_> = predicates
        .iter()
        .enumerate()
        .map(|(index, predicate)| format!("SELECT CAST({index} AS BIGINT) AS n, id FROM {view} WHERE {predicate}"))
        .collect();
    let batches = session.sql(&branches.join(" UNION ALL ")).await?.collect().await?;
    let mut passing = vec![Vec::new(); predicates.len()];
    for batch in batches {
        let predicates = batch.column(0).as_primitive::<Int64Type>();
        let ids = batch.column(1).as_primitive::<Int32Type>();
        for (predicate, id) in predicates.values().iter().zip(ids.values()) {
            passing[usize::try_from(*predicate).unwrap()].push(*id);
        }
    }
    passing.iter_mut().for_each(|ids| ids.sort_unstable());
    Ok(passing)
}

/// How the two sides answer for one predicate, if they do not agree.
fn disagreement(
    (off, on): (&Session, &Session),
    runtime: &tokio::runtime::Runtime,
    (view, keep): (&str, &str),
    (predicate, table): (&Predicate, &Table),
) -> Option<String> {
    load(off, "Source", "unaware", "", table);
    load(on, if view == "unaware" { "Source" } else { "Applying" }, view, keep, table);
    let text = predicate.to_string();
    let expected = runtime.block_on(evaluated(off, &[&text])).remove(0).ok()?;
    let actual = runtime.block_on(filtered(on, view, &[&text])).map(|mut passing| passing.remove(0));
    let agrees = actual.as_ref().is_ok_and(|actual| actual == &expected);
    (!agrees).then(|| format!("evaluated: {expected:?}\n  {view}: {actual:?}"))
}

/// Compares some tables' worth of predicates; the number of those compared.
fn compare(seed: u64) -> usize {
    let mut random = Random::new(seed);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (off, on) = (session(false), session(true));
    let (mut checked, mut failing, mut pushed) = (0, 0, 0);
    while checked < PREDICATES {
        let table = Table::random(&mut random);
        load(&off, "Source", "unaware", "", &table);
        load(&on, "Source", "unaware", "", &table);
        load(&on, "Applying", "all_kept", "all", &table);
        let some = random.below(1_000_000).to_string();
        load(&on, "Applying", "some_kept", &some, &table);
        for _ in 0..BATCHES {
            let generated: Vec<Predicate> = (0..BATCH).map(|_| table.predicate(&mut random)).collect();
            let predicates: Vec<String> = generated.iter().map(ToString::to_string).collect();
            let predicates: Vec<&str> = predicates.iter().map(String::as_str).collect();
            let expected = runtime.block_on(evaluated(&off, &predicates));
            let compared: Vec<_> =
                predicates.iter().zip(expected).filter_map(|(text, ids)| Some((*text, ids.ok()?))).collect();
            failing += predicates.len() - compared.len();
            let texts: Vec<_> = compared.iter().map(|(text, _)| *text).collect();
            let views = ["all_kept", random.pick(&["some_kept", "some_kept", "unaware"])];
            for view in &views[..1 + random.below(2)] {
                let actual = runtime.block_on(filtered(&on, view, &texts));
                let agrees =
                    |actual: &[Vec<i32>]| compared.iter().zip(actual).all(|((_, expected), actual)| expected == actual);
                if actual.as_ref().is_ok_and(|actual| agrees(actual)) {
                    continue;
                }
                let keep = if *view == "all_kept" { "all" } else { some.as_str() };
                let differs = |predicate: &Predicate, table: &Table| {
                    disagreement((&off, &on), &runtime, (*view, keep), (predicate, table))
                };
                for predicate in &generated {
                    if differs(predicate, &table).is_none() {
                        continue;
                    }
                    let (small, few) = shrink(predicate.clone(), table.clone(), |predicate, table| {
                        differs(predicate, table).is_some()
                    });
                    panic!(
                        "{small}\n  {}\n  seed {seed}, of {predicate}\n  {}\n  {}",
                        differs(&small, &few).unwrap_or_default(),
                        few.columns(),
                        few.rows().replace("}, {", "},\n   {"),
                    );
                }
                panic!("predicates that agree one by one and not together, on {view}: {texts:?}\n  {actual:?}");
            }
            checked += compared.len();
            let sample = format!("SELECT * FROM all_kept WHERE {}", predicates[0]);
            let plan = runtime.block_on(async { on.sql(&sample).await?.explain().await });
            pushed += usize::from(plan.is_ok_and(|plan| plan.contains("pushed_filters")));
        }
    }
    println!(
        "seed {seed}: {checked} predicates agree, {failing} fail by themselves, {pushed} of the sampled plans push filters"
    );
    assert!(pushed > 0, "nothing was pushed: the test proves nothing");
    checked
}

#[test]
fn applied_filters_never_change_the_answer() {
    let clock = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let seeds = match std::env::var("SEATRIAL_SEED") {
        Err(_) => SEEDS.to_vec(),
        Ok(seed) if seed == "random" => vec![clock()],
        Ok(seed) => vec![seed.parse().expect("SEATRIAL_SEED is a number or `random`")],
    };
    println!("SEATRIAL_SEED: {seeds:?}");
    let runs: Vec<_> = seeds.into_iter().map(|seed| std::thread::spawn(move || compare(seed))).collect();
    for run in runs {
        let checked = run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        assert!(checked >= PREDICATES, "only {checked} predicates were compared");
    }
}
