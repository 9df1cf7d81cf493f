//! How far a run has come, while it runs.
//!
//! This module owns what standard error shows until the reports come: on a terminal a bar
//! with the rate and the time that is left, in a log a line now and then. It neither counts
//! the files nor looks at them; those who do tell it.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A run that is over sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the bar is drawn.
const FRAME: Duration = Duration::from_millis(100);
/// How often a log gets a line.
const LINE: Duration = Duration::from_secs(30);

/// What a run has come to so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Files looked at.
    pub(crate) files: AtomicU64,
    /// Git repositories entered.
    pub(crate) repositories: AtomicU64,
    /// Findings that break the rule.
    pub(crate) findings: AtomicU64,
    /// Files that there are in all; 0 as long as nobody knows.
    pub(crate) total: AtomicU64,
    /// Whether the run is over, for whoever counts the files ahead of it.
    pub(crate) is_over: AtomicBool,
}

impl Counts {
    /// What was found so far, in words.
    fn findings(&self) -> String {
        let mut text = String::new();
        let repositories = self.repositories.load(Ordering::Relaxed);
        if repositories > 1 {
            let _ = write!(text, "{repositories} git repositories, ");
        }
        let findings = self.findings.load(Ordering::Relaxed);
        let word = if findings == 1 { "finding" } else { "findings" };
        let _ = write!(text, "{findings} {word}");
        text
    }

    /// A line for a log, after some time.
    fn line(&self, since: Duration) -> String {
        let files = self.files.load(Ordering::Relaxed);
        let rate = u128::from(files) * 1000 / since.as_millis().max(1);
        format!(
            "immutag: {files} files looked at ({rate} a second), {} so far",
            self.findings()
        )
    }
}

/// Shows how far a run has come until it is dropped.
#[derive(Debug)]
pub(crate) struct Progress<'scope> {
    counts: &'scope Counts,
    end: Option<Sender<()>>,
    shows: Option<ScopedJoinHandle<'scope, ()>>,
}

impl<'scope> Progress<'scope> {
    /// Begins. If the run takes long enough for a bar, `count` is called on a thread of its
    /// own, to set [`Counts::total`] unless [`Counts::is_over`].
    pub(crate) fn begin<'env>(
        scope: &'scope Scope<'scope, 'env>,
        counts: &'scope Counts,
        count: impl FnOnce() + Send + 'scope,
    ) -> Self {
        let (end, ended) = mpsc::channel::<()>();
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let is_terminal = io::stderr().is_terminal() && !is_dumb;
        let goes_on = move |time| ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
        let began = Instant::now();
        let shows = std::thread::Builder::new().spawn_scoped(scope, move || {
            if !is_terminal {
                while goes_on(LINE) {
                    // Where standard error is gone there is nobody left to tell.
                    let _ = writeln!(io::stderr(), "{}", counts.line(began.elapsed()));
                }
            } else if goes_on(PATIENCE) {
                // Without such a thread there is no total, and no time left to show.
                let _ = std::thread::Builder::new().spawn_scoped(scope, count);
                draw(counts, began, goes_on);
            }
        });
        Self {
            counts,
            end: Some(end),
            // Without a thread nothing is shown.
            shows: shows.ok(),
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.counts.is_over.store(true, Ordering::Relaxed);
        drop(self.end.take());
        if let Some(shows) = self.shows.take() {
            let _ = shows.join();
        }
    }
}

/// Draws the bar as long as the run goes on, and takes it away.
fn draw(counts: &Counts, began: Instant, goes_on: impl Fn(Duration) -> bool) {
    let style = |template| {
        ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key(
                "rate",
                |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                    let _ = write!(out, "{:.0}", state.per_sec());
                },
            )
    };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        .with_elapsed(began.elapsed())
        .with_style(style("{spinner} {pos} files ({rate} a second), {msg}"));
    let mut is_counted = false;
    while {
        let total = counts.total.load(Ordering::Relaxed);
        if total > 0 && !is_counted {
            is_counted = true;
            bar.set_length(total);
            bar.set_style(style(
                "{bar:25} {pos}/{len} files ({rate} a second, {eta} left), {msg}",
            ));
        }
        bar.set_message(counts.findings());
        bar.set_position(counts.files.load(Ordering::Relaxed));
        bar.tick();
        goes_on(FRAME)
    } {}
    bar.finish_and_clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_a_line_with_the_rate() {
        let counts = Counts::default();
        counts.files.store(1200, Ordering::Relaxed);
        counts.findings.store(1, Ordering::Relaxed);
        assert_eq!(
            counts.line(Duration::from_secs(3)),
            "immutag: 1200 files looked at (400 a second), 1 finding so far"
        );
        counts.repositories.store(7, Ordering::Relaxed);
        assert_eq!(
            counts.line(Duration::ZERO),
            "immutag: 1200 files looked at (1200000 a second), 7 git repositories, 1 finding so far"
        );
    }

    #[test]
    fn a_bar_that_is_dropped_ends_what_counts_ahead() {
        let counts = Counts::default();
        std::thread::scope(|scope| {
            drop(Progress::begin(scope, &counts, || {}));
        });
        assert!(counts.is_over.load(Ordering::Relaxed));
    }
}
