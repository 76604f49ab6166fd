//! `seatrial docs`: the cases with Spark's answers, as pages to read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::arguments::{DocsOptions, ProjectOptions, SelectionOptions};
use super::context::{self, Loaded};
use super::exit::Exit;
use crate::docs;
use crate::golden::{GoldenStore, Mode, replace_file};

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &DocsOptions) -> anyhow::Result<Exit> {
    let all = SelectionOptions { paths: Vec::new(), filter: None };
    let Loaded { project: place, suite, broken, .. } = context::load(project, &all)?;
    if broken {
        return Ok(Exit::Usage);
    }
    let goldens = GoldenStore::open_part(&place.golden(), Mode::Classic, |_| true)?;
    let order = fs::read_to_string(place.cases().join("README.md")).unwrap_or_default();
    let folder = place.docs();
    let pages = docs::pages(&suite, &goldens, &order);
    let mut stale: Vec<String> = Vec::new();
    for (path, text) in &pages {
        let file = folder.join(path);
        if fs::read_to_string(&file).is_ok_and(|old| old == *text) {
            continue;
        }
        stale.push(file.display().to_string());
        if !options.check {
            replace_file(&file, text)?;
        }
    }
    for path in leftovers(&folder, &pages.keys().map(String::as_str).collect())? {
        let file = folder.join(&path);
        stale.push(file.display().to_string());
        if !options.check {
            fs::remove_file(&file)?;
        }
    }
    for file in &stale {
        eprintln!("{} {file}", if options.check { "stale:" } else { "wrote" });
    }
    Ok(match (stale.is_empty(), options.check) {
        (true, _) => {
            eprintln!("{} is as it should be", folder.join(docs::INDEX).display());
            Exit::Ok
        }
        (false, true) => {
            eprintln!("write them anew with `seatrial docs`");
            Exit::GoldenStale
        }
        (false, false) => Exit::Ok,
    })
}

/// Pages of areas that are gone.
fn leftovers(folder: &Path, pages: &BTreeSet<&str>) -> std::io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder.join("behaviours")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = format!("behaviours/{}", entry?.file_name().to_string_lossy());
        if path.ends_with(".md") && !pages.contains(path.as_str()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
