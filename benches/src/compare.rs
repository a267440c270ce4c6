//! Measures this workspace, the peers from the registry and hand-written floors in one run: several rounds, in each
//! of which every contender of a case runs once, and medians. Every contender's answer is checked before it is timed.
#![allow(missing_docs, reason = "a program")]
#![allow(clippy::unnecessary_wraps, reason = "a contender that cannot do a case is `None`; those that can look alike")]

mod evaluation;
mod floors;
mod hostile;
mod patches;

use std::alloc::System;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use floors::PlainList;
use scim_core::filter::Filter;
use scim_core::message::ListResponse;
use scim_core::resource::User;
use scim_core::resource::view::UserView;
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

type Problem = Box<dyn std::error::Error>;

/// Many short rounds rather than few long ones: what else the machine does hits single ones, and the median drops them.
const ROUNDS: usize = 21;
const GROUPS: [&str; 6] = ["filter", "eval", "mixed", "list", "patch", "hostile"];
const PEER_V2: &str = "scim_v2 1.0.0";
const PEER_PROTO: &str = "scim_proto 1.10.4";
const PEER_FILTER: &str = "scim-filter 0.2.3";

/// One way to do one case. `run` does it so many times and says how long that took.
struct Contender {
    group: &'static str,
    case: String,
    who: &'static str,
    run: Option<Box<dyn FnMut(u32) -> Duration>>,
    /// Length of the input, where time per byte is of interest.
    bytes: Option<usize>,
}

impl Contender {
    fn new(group: &'static str, case: &str, who: &'static str, run: Option<Box<dyn FnMut(u32) -> Duration>>) -> Self {
        Self { group, case: case.to_owned(), who, run, bytes: None }
    }
}

struct Row {
    group: &'static str,
    case: String,
    who: &'static str,
    ns: Option<f64>,
    allocs: Option<usize>,
    bytes: Option<usize>,
}

fn main() -> ExitCode {
    let mut json_out = false;
    let mut only = None;
    let mut arguments = std::env::args().skip(1);
    let usage = format!("usage: compare [--json] [--only GROUP]   GROUP: {}", GROUPS.join(", "));
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json_out = true,
            "--only" => match arguments.next().filter(|group| GROUPS.contains(&group.as_str())) {
                Some(group) => only = Some(group),
                None => return say(&usage, ExitCode::from(2)),
            },
            "--help" | "-h" => {
                let _ = writeln!(std::io::stdout(), "{usage}");
                return ExitCode::SUCCESS;
            }
            other => return say(&format!("unknown option `{other}`\n{usage}"), ExitCode::from(2)),
        }
    }
    let wanted = |group: &str| only.as_deref().is_none_or(|only| only == group);
    match contenders(&wanted) {
        Ok(contenders) => {
            let rows = measure(contenders);
            let text = if json_out { as_json(&rows) } else { as_table(&rows) };
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(problem) => say(&format!("compare: {problem}"), ExitCode::FAILURE),
    }
}

fn say(text: &str, code: ExitCode) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{text}");
    code
}

fn timed<T>(mut job: impl FnMut() -> T + 'static) -> Option<Box<dyn FnMut(u32) -> Duration>> {
    Some(Box::new(move |times| {
        let start = Instant::now();
        for _ in 0..times {
            black_box(job());
        }
        start.elapsed()
    }))
}

fn load(name: &str) -> Result<String, Problem> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/bench").join(name);
    std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn contenders(wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Contender>, Problem> {
    let inputs: Value = serde_json::from_str(&load("inputs.json")?)?;
    let filters: Vec<(String, String)> = inputs["filters"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, text)| (name.clone(), text.as_str().unwrap_or_default().to_owned()))
        .collect();
    let mut all = Vec::new();
    if wanted("filter") {
        for (name, text) in &filters {
            parsing(name, text, &mut all)?;
        }
    }
    if wanted("eval") {
        evaluation::evaluation(&filters, &mut all)?;
    }
    if wanted("mixed") {
        evaluation::mixed(&filters, &mut all)?;
    }
    if wanted("list") {
        lists(&mut all)?;
    }
    if wanted("patch") {
        patches::patches(&inputs["patches"], &mut all)?;
    }
    if wanted("hostile") {
        hostile::hostile(&mut all)?;
    }
    Ok(all)
}

fn parsing(name: &str, text: &str, all: &mut Vec<Contender>) -> Result<(), Problem> {
    let mut push = |who, run| all.push(Contender::new("filter", name, who, run));
    let ours = Filter::parse(text)?;
    if ours.to_string() != text {
        return Err(format!("`{text}` prints as `{ours}`").into());
    }
    let own = text.to_owned();
    push("scim-core", timed(move || Filter::parse(black_box(&own))));
    let own = text.to_owned();
    let accepted = own.parse::<scim_v2::filter::Filter>().is_ok();
    push(PEER_V2, accepted.then(|| timed(move || black_box(&own).parse::<scim_v2::filter::Filter>())).flatten());
    let own = text.to_owned();
    let accepted = own.parse::<scim_proto::filter::ScimFilter>().is_ok();
    push(
        PEER_PROTO,
        accepted.then(|| timed(move || black_box(&own).parse::<scim_proto::filter::ScimFilter>())).flatten(),
    );
    let own = text.to_owned();
    let whole = |text: &str| scim_filter::parser::filter(text).is_ok_and(|(rest, _)| rest.is_empty());
    let accepted = whole(&own);
    let run = move || whole(black_box(&own));
    push(PEER_FILTER, accepted.then(|| timed(run)).flatten());
    Ok(())
}

type Peer = scim_v2::models::others::ListResponse<scim_v2::models::user::User<String>>;

/// Reads the view and every multi-valued attribute that the users have.
fn read_whole(text: &str) -> Result<usize, serde_json::Error> {
    let page: ListResponse<UserView<'_>> = serde_json::from_str(text)?;
    let mut elements = 0;
    for user in &page.resources {
        for list in [&user.emails, &user.phone_numbers, &user.groups] {
            elements += black_box(list.read()?).len();
        }
        elements += black_box(user.addresses.read()?).len();
    }
    Ok(elements)
}

fn lists(all: &mut Vec<Contender>) -> Result<(), Problem> {
    let text: &'static str = Box::leak(load("users-1000.json")?.into_boxed_str());
    let mut push = |who, run| all.push(Contender::new("list", "users-1000", who, run));
    let ours: ListResponse<User> = serde_json::from_str(text)?;
    let borrowed: ListResponse<UserView<'_>> = serde_json::from_str(text)?;
    let plain: PlainList = serde_json::from_str(text)?;
    if ours.resources.len() != 1000 || borrowed.resources.len() != 1000 || plain.resources.len() != 1000 {
        return Err("not a thousand users".into());
    }
    push(
        "scim-core typed",
        timed(move || serde_json::from_str::<ListResponse<User>>(black_box(text)).map_or(0, |l| l.resources.len())),
    );
    push(
        "floor struct",
        timed(move || serde_json::from_str::<PlainList>(black_box(text)).map_or(0, |l| l.resources.len())),
    );
    push(
        "scim-core borrowed",
        timed(move || {
            serde_json::from_str::<ListResponse<UserView<'_>>>(black_box(text)).map_or(0, |l| l.resources.len())
        }),
    );
    push("borrowed, lists read", timed(move || read_whole(black_box(text)).unwrap_or(0)));
    let accepted = serde_json::from_str::<Peer>(text).is_ok_and(|list| list.resources.len() == 1000);
    let run = move || serde_json::from_str::<Peer>(black_box(text)).map_or(0, |list| list.resources.len());
    push(PEER_V2, accepted.then(|| timed(run)).flatten());
    push("floor value", timed(move || serde_json::from_str::<Value>(black_box(text)).is_ok()));
    Ok(())
}

fn measure(mut contenders: Vec<Contender>) -> Vec<Row> {
    const LEAST: Duration = Duration::from_millis(2);
    let mut times = Vec::new();
    let mut allocs = Vec::new();
    for contender in &mut contenders {
        let (mut count, mut allocations) = (1, None);
        if let Some(run) = &mut contender.run {
            run(1);
            let region = Region::new(ALLOCATOR);
            run(1);
            allocations = Some(region.change().allocations);
            while run(count) < LEAST && count < 1 << 24 {
                count *= 2;
            }
        }
        times.push(count);
        allocs.push(allocations);
    }
    let mut samples: Vec<Vec<f64>> = vec![Vec::new(); contenders.len()];
    for round in 0..ROUNDS {
        for index in order(&contenders, round) {
            if let Some(run) = &mut contenders[index].run {
                // What ran before has filled the caches with its own data: nobody starts with those of another.
                run(1);
                samples[index].push(run(times[index]).as_secs_f64() * 1e9 / f64::from(times[index]));
            }
        }
    }
    let rows = contenders.into_iter().zip(samples).zip(allocs);
    rows.map(|((contender, mut samples), allocs)| {
        samples.sort_by(f64::total_cmp);
        Row {
            group: contender.group,
            case: contender.case,
            who: contender.who,
            ns: samples.get(samples.len() / 2).copied(),
            allocs,
            bytes: contender.bytes,
        }
    })
    .collect()
}

/// Case after case, the contenders of a case beginning with another one in each round.
fn order(contenders: &[Contender], round: usize) -> Vec<usize> {
    let mut order = Vec::with_capacity(contenders.len());
    let mut start = 0;
    for case in contenders.chunk_by(|a, b| (a.group, &a.case) == (b.group, &b.case)) {
        order.extend((0..case.len()).map(|place| start + (place + round) % case.len()));
        start += case.len();
    }
    order
}

fn machine() -> Value {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let rustc = std::process::Command::new("rustc").arg("--version").output().ok();
    let rustc = rustc.and_then(|out| String::from_utf8(out.stdout).ok()).unwrap_or_default();
    json!({"cpu": cpu, "cores": cores, "rustc": rustc.split(' ').nth(1).unwrap_or("unknown")})
}

fn as_json(rows: &[Row]) -> String {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut out = json!({"group": row.group, "case": row.case, "who": row.who, "ns": row.ns});
            if let Some(allocs) = row.allocs {
                out["allocs"] = json!(allocs);
            }
            if let (Some(bytes), Some(ns)) = (row.bytes, row.ns) {
                out["bytes"] = json!(bytes);
                out["ns_per_mb"] = json!(hostile::per_mb(ns, bytes));
            }
            out
        })
        .collect();
    json!({"machine": machine(), "rounds": ROUNDS, "rows": rows}).to_string()
}

fn as_table(rows: &[Row]) -> String {
    let mut out = format!("{}\n", machine());
    let mut last = String::new();
    let mut ours = None;
    for row in rows {
        let case = format!("{} {}", row.group, row.case);
        if case != last {
            let _ = writeln!(out, "\n{case}");
            ours = row.ns;
            last = case;
        }
        match row.ns {
            Some(ns) => {
                let ratio = ours.map_or(String::new(), |ours| format!("{:8.2}x", ns / ours));
                let per_mb =
                    row.bytes.map_or(String::new(), |bytes| format!("{:12.0} ns/MB", hostile::per_mb(ns, bytes)));
                let allocs = row.allocs.unwrap_or(0);
                let _ = writeln!(out, "  {:26}{ns:16.1} ns {ratio} {allocs:8} allocs{per_mb}", row.who);
            }
            None => drop(writeln!(out, "  {:26}               -", row.who)),
        }
    }
    out
}
