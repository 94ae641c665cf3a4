//! Live progress on stderr.
//!
//! Owns the one line that moves while a run goes on. Hidden where stderr is not a terminal, so that logs stay clean;
//! nothing ever goes to stdout, and the line is gone before the summary is printed. Refuses to sum up: the counts it
//! shows are for the impatient.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::printable;
use crate::outcome::Verdict;

/// Something that happened in a run.
#[derive(Debug, Clone, Copy)]
pub enum ProgressEvent<'a> {
    /// A run of so many cases begins.
    Started {
        /// The number of cases, those that will be skipped included.
        total: usize,
    },
    /// What the run is about to do, such as `probing`.
    Phase(&'a str),
    /// A case came to its end.
    CaseFinished {
        /// Its id.
        id: &'a str,
        /// What became of it.
        verdict: &'a Verdict,
    },
    /// The run has ended: whatever is printed next has the terminal for itself.
    Finished,
}

/// Where progress is shown. May be told events from several threads.
pub struct Progress {
    sink: Sink,
}

enum Sink {
    Nowhere,
    Bar {
        bar: ProgressBar,
        wrong: Mutex<Wrong>,
        verbose: bool,
    },
    Lines(Mutex<Box<dyn Write + Send>>),
}

#[derive(Default)]
struct Wrong {
    failed: usize,
    warned: usize,
    unjudged: usize,
}

impl Progress {
    /// On stderr: a moving line if that is a terminal. If `verbose`, also a line for each case that went wrong, with or
    /// without a terminal.
    pub fn on_stderr(verbose: bool) -> Self {
        match (io::stderr().is_terminal(), verbose) {
            (true, verbose) => Self::bar(ProgressDrawTarget::stderr(), verbose),
            (false, true) => Self::lines(io::stderr()),
            (false, false) => Self::hidden(),
        }
    }

    /// Nowhere.
    pub fn hidden() -> Self {
        Progress { sink: Sink::Nowhere }
    }

    /// To `out`: a line for each case that went wrong.
    pub fn lines(out: impl Write + Send + 'static) -> Self {
        Progress {
            sink: Sink::Lines(Mutex::new(Box::new(out))),
        }
    }

    /// Shows an event.
    pub fn show(&self, event: ProgressEvent<'_>) {
        match &self.sink {
            Sink::Nowhere => {}
            Sink::Lines(out) => {
                let ProgressEvent::CaseFinished { id, verdict } = event else {
                    return;
                };
                if let Some(line) = wrong_line(id, verdict) {
                    let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
                    // Progress that nobody can read is no reason to stop a run.
                    let _ = writeln!(out, "{line}");
                }
            }
            Sink::Bar { bar, wrong, verbose } => match event {
                ProgressEvent::Started { total } => bar.set_length(total as u64),
                ProgressEvent::Phase(phase) => bar.set_prefix(printable::line(phase, 40)),
                ProgressEvent::CaseFinished { id, verdict } => {
                    if let (true, Some(line)) = (verbose, wrong_line(id, verdict)) {
                        bar.println(line);
                    }
                    let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
                    wrong.add(verdict);
                    bar.set_message(wrong.to_string());
                    bar.inc(1);
                }
                ProgressEvent::Finished => bar.finish_and_clear(),
            },
        }
    }

    fn bar(target: ProgressDrawTarget, verbose: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        // The bar takes what the words leave of the line, which in a narrow terminal is nothing.
        let template = "{spinner} {prefix} {pos}/{len} cases, {elapsed}{msg} [{wide_bar}]";
        // The template is a constant; if it were wrong, the look of the library would do.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress {
            sink: Sink::Bar {
                bar,
                wrong: Mutex::default(),
                verbose,
            },
        }
    }
}

impl Drop for Progress {
    /// A run that ends early leaves no half of a line behind.
    fn drop(&mut self) {
        self.show(ProgressEvent::Finished);
    }
}

impl Wrong {
    fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Fail => self.failed += 1,
            Verdict::Warn => self.warned += 1,
            Verdict::Broken { .. } | Verdict::Error { .. } => self.unjudged += 1,
            Verdict::Pass | Verdict::Skip { .. } => {}
        }
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = [
            (self.failed, "failed"),
            (self.warned, "warned"),
            (self.unjudged, "not judged"),
        ];
        for (count, word) in words.iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {word}")?;
        }
        Ok(())
    }
}

/// The line for a case that went wrong.
fn wrong_line(id: &str, verdict: &Verdict) -> Option<String> {
    let word = verdict.name();
    let line = match verdict {
        Verdict::Fail | Verdict::Warn => format!("{word} {id}"),
        Verdict::Broken { step, seen } => format!("{word} {id}: {step}: {seen}"),
        Verdict::Error { message } => format!("{word} {id}: {message}"),
        Verdict::Pass | Verdict::Skip { .. } => return None,
    };
    Some(printable::line(&line, 300))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn tell(progress: &Progress) {
        progress.show(ProgressEvent::Phase("probing"));
        progress.show(ProgressEvent::Started { total: 4 });
        let broken = Verdict::Broken {
            step: "push image".to_owned(),
            seen: "500 \x1b[2J".to_owned(),
        };
        for (id, verdict) in [
            ("a", &Verdict::Pass),
            ("b", &Verdict::Fail),
            ("c", &Verdict::Warn),
            ("d", &broken),
        ] {
            progress.show(ProgressEvent::CaseFinished { id, verdict });
        }
        progress.show(ProgressEvent::Finished);
    }

    #[test]
    fn lines_name_what_went_wrong() {
        let out = Shared::default();
        tell(&Progress::lines(out.clone()));
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "fail b\nwarn c\nbroken d: push image: 500 \\x1B[2J\n");
    }

    #[test]
    fn the_bar_counts_what_went_wrong() {
        let progress = Progress::bar(ProgressDrawTarget::hidden(), true);
        tell(&progress);
        let Sink::Bar { bar, .. } = &progress.sink else {
            panic!()
        };
        assert_eq!(bar.message(), ", 1 failed, 1 warned, 1 not judged");
        assert_eq!((bar.position(), bar.length()), (4, Some(4)));
        tell(&Progress::hidden());
    }
}
