//! Provisions a Cloudflare account with authentik: on two embedded servers, or on real ones.
//!
//! ```text
//! cargo run --release --example provision
//! ```
//!
//! With `AUTHENTIK_URL`, `AUTHENTIK_TOKEN`, `CLOUDFLARE_ACCOUNT_ID`, `CLOUDFLARE_API_TOKEN` and
//! `CLOUDFLARE_SCIM_TOKEN` in the environment the same program works on servers that already run.

mod company;
mod screen;
mod sides;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use examples::{log, parse, print, say};
use futures_util::StreamExt;
use provision::{Event, GroupPolicy, Mode, Provisioner, Report, Spec};

use sides::Sides;

/// Provisions a Cloudflare account with authentik.
#[derive(Debug, Parser)]
#[command(name = "provision", version, after_help = HELP)]
pub(crate) struct Options {
    /// Writes the JSON report to FILE, also when the run ends badly.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Shows what would change and changes nothing on either side.
    #[arg(long)]
    plan: bool,
    /// How many people the demo company has.
    #[arg(long, value_name = "N", default_value_t = 28, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    users: u32,
    /// How many groups the demo company has.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    groups: u32,
    /// A group of an authentik that already runs: it and its members come into scope; may be given
    /// several times.
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// Creates the demo company on an authentik that already runs.
    #[arg(long)]
    demo: bool,
    /// What a group may do in the account, as GROUP=PERMISSION: the label, name or id of a permission
    /// group; may be given several times.
    #[arg(long, value_name = "GROUP=PERMISSION")]
    policy: Vec<String>,
    /// How many people one run may remove from Cloudflare; above it the run stops. Default 25, and 5 % of
    /// the people of the job.
    #[arg(long, value_name = "N")]
    max_removals: Option<u32>,
    /// A user (userName) who must stay in Cloudflare, whatever authentik says; may be given several times.
    #[arg(long, value_name = "NAME")]
    protect: Vec<String>,
    /// A Cloudflare user or group that the sync may delete or take over although this job did not bring
    /// it; may be given several times.
    #[arg(long, value_name = "NAME")]
    allow_deletion: Vec<String>,
}

const HELP: &str = "\
Environment, for servers that already run:
  AUTHENTIK_URL, AUTHENTIK_TOKEN
  CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN, CLOUDFLARE_SCIM_TOKEN
  CLOUDFLARE_URL          base URL; default the real API's

Exit codes: 0 both sides agree; 1 error; 2 changes pending or differences left; 3 stopped for safety";

#[tokio::main]
async fn main() -> ExitCode {
    log();
    let options = match parse::<Options>() {
        Ok(options) => options,
        Err(code) => return code,
    };
    let report = match prepare(&options).await {
        Ok((sides, spec)) => run(&options, &sides, spec).await,
        Err(problem) => {
            say(&format!("Error: {problem}"));
            let mut report = Report::default();
            report.dry_run = options.plan;
            report.error = Some(problem);
            report
        }
    };
    if let Some(file) = &options.report
        && let Err(error) = write(file, &report)
    {
        say(&format!("Error: the report could not be written to {}: {error}", file.display()));
        return ExitCode::from(1);
    }
    ExitCode::from(report.verdict().exit_code())
}

async fn prepare(options: &Options) -> Result<(Sides, Spec), String> {
    let sides = Sides::start().await?;
    let mut spec = if sides.authentik_is_embedded() || options.demo {
        company::spec(options.users as usize, options.groups as usize)
    } else if options.group.is_empty() {
        return Err("name the groups in scope with --group NAME, or create the demo company with --demo".to_owned());
    } else {
        Spec::new("Cloudflare")
    };
    if !options.group.is_empty() {
        spec.groups.clone_from(&options.group);
        spec.policies.retain(|policy| options.group.contains(&policy.group));
    }
    let mut named = Vec::new();
    for text in &options.policy {
        let (group, permission) =
            text.rsplit_once('=').ok_or_else(|| format!("--policy {text}: write GROUP=PERMISSION"))?;
        named.push((group.to_owned(), permission.to_owned()));
    }
    // What the command line says of a group takes the place of what the demo company has for it.
    spec.policies.retain(|policy| !named.iter().any(|(group, _)| *group == policy.group));
    for (group, permission) in named {
        match spec.policies.iter_mut().find(|policy| policy.group == group) {
            Some(policy) => drop(policy.permissions.insert(permission)),
            None => spec.policies.push(GroupPolicy::allow(group, [permission])),
        }
    }
    spec.safety.allow_deletion = options.allow_deletion.iter().cloned().collect();
    spec.safety.protect = options.protect.iter().cloned().collect();
    if let Some(limit) = options.max_removals {
        spec.safety.max_removals = limit as usize;
        spec.safety.max_removals_percent = 100.0;
    }
    spec.timing = sides.timing();
    Ok((sides, spec))
}

async fn run(options: &Options, sides: &Sides, spec: Spec) -> Report {
    say(&format!("authentik:  {}\nCloudflare: {}", sides.authentik.base_url(), sides.cloudflare.scim_base_url()));
    let job = Provisioner::new(sides.authentik.clone(), sides.cloudflare.clone()).with_counters(sides.counters.clone());
    let mode = if options.plan { Mode::Plan } else { Mode::Apply };
    let mut screen = screen::Screen::new();
    let mut events = job.run(spec, mode);
    let mut report = Report::default();
    while let Some(event) = events.next().await {
        screen.show(&event);
        if let Event::Finished(finished) = event {
            report = *finished;
        }
    }
    // A closed standard output ends nothing: the report and the exit code tell the same.
    let _closed = print(&screen::summary(&report));
    report
}

fn write(file: &Path, report: &Report) -> std::io::Result<()> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    std::fs::write(file, text)
}
