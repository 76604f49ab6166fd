//! Where reports go: stdout, and the files that the command line names.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::arguments::{FormatChoice, ReportOptions};
use super::context;
use super::exit::UsageError;
use crate::report::baseline::Baseline;
use crate::report::style::Style;
use crate::report::{Format, Run};

/// The reports of a run, each with its place. The files are open, so that a wrong path is told before the run.
#[derive(Debug)]
pub(crate) struct Outputs {
    places: Vec<(Format, Place)>,
    baseline: Option<Baseline>,
}

#[derive(Debug)]
enum Place {
    Stdout,
    File(PathBuf, File),
}

impl Outputs {
    /// Understands the options, opens the files and reads the baseline.
    pub(crate) fn open(options: &ReportOptions) -> anyhow::Result<Self> {
        let mut choices = options.format.clone();
        // What names no file goes to stdout; where nothing does, people are told there.
        if choices.iter().all(|choice| choice.file.is_some()) {
            choices.insert(0, FormatChoice { format: Format::Human, file: None });
        }
        let to_stdout: Vec<Format> =
            choices.iter().filter(|choice| choice.file.is_none()).map(|choice| choice.format).collect();
        // Annotations are lines that GitHub takes out of a log: they may stand below the report for people.
        let together = matches!(to_stdout.as_slice(), [_] | [Format::Human, Format::Github]);
        if !together {
            let names: Vec<&str> = to_stdout.iter().map(|format| format.name()).collect();
            let message =
                format!("{} would be mixed on stdout; name files, as in html=report.html", names.join(" and "));
            return Err(UsageError(message).into());
        }
        if let Some(file) = &options.output {
            if to_stdout.len() > 1 {
                return Err(UsageError("with --output, one format goes to its file".to_owned()).into());
            }
            for choice in choices.iter_mut().filter(|choice| choice.file.is_none()) {
                choice.file = Some(file.clone());
            }
        }
        let baseline = options.baseline.as_deref().map(read_baseline).transpose()?;
        let mut places: Vec<(Format, Place)> = Vec::new();
        for FormatChoice { format, file } in choices {
            let place = match file {
                None => Place::Stdout,
                Some(path) => {
                    if places.iter().any(|(_, place)| matches!(place, Place::File(other, _) if *other == path)) {
                        return Err(UsageError(format!("{} is named for two reports", path.display())).into());
                    }
                    let file = File::create(&path).map_err(|error| failed(&path, &error))?;
                    Place::File(path, file)
                }
            };
            places.push((format, place));
        }
        Ok(Self { places, baseline })
    }

    /// Writes all reports.
    pub(crate) fn write(&mut self, run: &Run) -> anyhow::Result<()> {
        let baseline = self.baseline.take();
        self.write_as(|format, style| Ok(format.render(run, style, baseline.as_ref())?))
    }

    /// Writes what is rendered for each format. What cannot be written does not keep the others from it.
    pub(crate) fn write_as(&mut self, render: impl Fn(Format, Style) -> anyhow::Result<String>) -> anyhow::Result<()> {
        let mut first = None;
        for (format, place) in &mut self.places {
            let style = match place {
                Place::Stdout => Style::for_terminal(&io::stdout()),
                Place::File(..) => Style::PLAIN,
            };
            let text = render(*format, style)?;
            let written = match place {
                Place::Stdout => context::print(&text),
                Place::File(path, file) => match file.write_all(text.as_bytes()).and_then(|()| file.flush()) {
                    Ok(()) => {
                        eprintln!("wrote {}", path.display());
                        Ok(())
                    }
                    Err(error) => Err(failed(path, &error).into()),
                },
            };
            if let Err(error) = written {
                match &first {
                    None => first = Some(error),
                    Some(_) => eprintln!("error: {error:#}"),
                }
            }
        }
        first.map_or(Ok(()), Err)
    }
}

fn failed(path: &Path, error: &io::Error) -> UsageError {
    UsageError(format!("failed to write {}: {error}", path.display()))
}

/// Reads a scoreboard or the result of a run.
fn read_baseline(path: &Path) -> anyhow::Result<Baseline> {
    let failed = |error: &dyn std::fmt::Display| UsageError(format!("failed to read {}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    Ok(Baseline::read(&text).map_err(|error| failed(&error))?)
}
