//! Progress on stderr: a bar on a terminal, a line a case elsewhere.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::style::Style;

/// Shows how far a run is.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    style: Style,
}

impl Progress {
    /// For a run of so many cases.
    pub(crate) fn new(cases: usize) -> Self {
        let stderr = io::stderr();
        let style = Style::for_terminal(&stderr);
        let bar = stderr.is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(cases as u64), ProgressDrawTarget::stderr());
            // The template is a constant; the default one stands in should it not parse.
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, style }
    }

    /// How to colour lines for [`Self::line`].
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// A case is done. `line` is shown where lines are, and on a terminal only when it is `notable`.
    pub(crate) fn done(&self, line: &str, notable: bool) {
        match &self.bar {
            Some(bar) => {
                if notable {
                    bar.println(line);
                }
                bar.set_message(line.trim().to_owned());
                bar.inc(1);
            }
            None => eprintln!("{line}"),
        }
    }

    /// The run is over.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
