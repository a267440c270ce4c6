//! What a person sees: progress on standard error while it works, tables on standard output at the end.

use std::io::IsTerminal;
use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use provision::{Event, Outcome, Report, Severity, Verdict};

/// How many planned changes, and how many findings, are shown; the report has all.
const SHOWN: usize = 40;
/// How wide a table is where no terminal says it.
const WIDTH: u16 = 120;

/// The progress of a run.
pub(crate) struct Screen {
    bar: ProgressBar,
    live: bool,
    planned: usize,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let live = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}") {
            bar.set_style(style);
        }
        Self { bar, live, planned: 0 }
    }

    pub(crate) fn show(&mut self, event: &Event) {
        match event {
            Event::StepStarted { name } => {
                self.bar.set_message(name.clone());
                self.bar.enable_steady_tick(Duration::from_millis(100));
            }
            Event::Progress { text } => self.bar.set_message(text.clone()),
            Event::StepFinished(step) if step.outcome == Outcome::Planned => {
                self.planned += 1;
                if self.planned <= SHOWN {
                    self.line(&format!("  ? {}: {}", step.name, step.detail));
                }
            }
            Event::StepFinished(step) => {
                let mark = match step.outcome {
                    Outcome::Created => "+",
                    Outcome::Updated => "~",
                    Outcome::Found => "!",
                    Outcome::Failed => "x",
                    _ => "=",
                };
                let detail = if step.detail.is_empty() { String::new() } else { format!(": {}", step.detail) };
                self.line(&format!("  {mark} {}{detail} ({:.2} s)", step.name, step.seconds));
            }
            Event::Finished(_) => {
                self.bar.finish_and_clear();
                if self.planned > SHOWN {
                    self.line(&format!("  ? and {} changes more: --report FILE lists them all", self.planned - SHOWN));
                }
            }
            // Findings stand in the table at the end.
            _ => {}
        }
    }

    fn line(&self, text: &str) {
        if self.live {
            self.bar.println(text);
        } else {
            examples::say(text);
        }
    }
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table.set_header(header);
    table
}

/// What both sides hold, and what was found.
pub(crate) fn summary(report: &Report) -> String {
    let mut out = String::new();
    let mut table = table(["", "authentik asks for", "Cloudflare holds", ""]);
    for (name, count) in [
        ("users", report.users),
        ("groups", report.groups),
        ("memberships", report.memberships),
        ("groups with policies", report.policies),
    ] {
        let verdict = if count.wanted == count.present { "agree" } else { "DIFFER" };
        table.add_row([name.to_owned(), count.wanted.to_string(), count.present.to_string(), verdict.to_owned()]);
    }
    line(&mut out, &table);
    if !report.untouched.is_empty() {
        line(&mut out, &format_args!("Not of this job and left alone: {}", report.untouched.join(", ")));
    }
    if !report.findings.is_empty() {
        let mut table = self::table(["", "resource", "what is the case", "what to do"]);
        for finding in report.findings.iter().take(SHOWN) {
            let mark = match finding.severity {
                Severity::Warning => "warning",
                Severity::Difference => "differs",
                Severity::Stop => "STOP",
            };
            table.add_row([mark, finding.resource.as_str(), finding.message.as_str(), finding.cure.as_str()]);
        }
        line(&mut out, &table);
        if report.findings.len() > SHOWN {
            line(
                &mut out,
                &format_args!("and {} findings more: --report FILE lists them all", report.findings.len() - SHOWN),
            );
        }
    }
    line(
        &mut out,
        &format_args!(
            "{} requests to authentik, {} to Cloudflare (the sync's own included).",
            report.requests.authentik, report.requests.cloudflare
        ),
    );
    out.push_str(match report.verdict() {
        Verdict::Agree => "Both sides agree.\n",
        Verdict::Differ if report.dry_run => "Changes are pending; nothing was changed.\n",
        Verdict::Differ => "The two sides differ: see above.\n",
        Verdict::Stopped => "Stopped before doing harm: see above.\n",
        Verdict::Failed => "The run failed.\n",
    });
    if let Some(error) = &report.error {
        line(&mut out, &format_args!("Error: {error}"));
    }
    out.truncate(out.trim_end().len());
    out
}

fn line(out: &mut String, text: &dyn std::fmt::Display) {
    use std::fmt::Write as _;
    // Writing to a String cannot fail.
    let _infallible = writeln!(out, "{text}");
}
