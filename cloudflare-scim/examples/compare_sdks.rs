//! Our client beside Cloudflare's official SDKs, on embedded accounts that go wrong in the same way, in one
//! run. Prints the page `docs/compare-sdks.md`. Run by `scripts/interop/cloudflare/compare`:
//!
//! ```text
//! compare_sdks NAME PROGRAM SCRIPT [NAME PROGRAM SCRIPT ...]
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use cloudflare_scim::embedded::{EmbeddedAccount, Fault, FaultRule};
use cloudflare_scim::{AuditQuery, Cloudflare, NewUserGroup, Pace, RateLimit, Scope};
use http::Method;
use scim_core::transport::{ReqwestTransport, RetryPolicy, TransportExt};
use serde_json::{Value, json};
use tokio::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How long the server of one case asks to wait.
const BLOCK: Duration = Duration::from_secs(240);

/// One case: its name for the programs, what it is, and what is right.
struct Case {
    name: &'static str,
    about: &'static str,
    right: &'static str,
}

const CASES: [Case; 6] = [
    Case { name: "audit", about: "audit log (v2) of 5 entries on 3 pages", right: "5 entries, 3 requests" },
    Case { name: "pages", about: "3 user groups on 2 pages", right: "3 entries, 2 requests" },
    Case { name: "ignored", about: "120 members from a server that ignores `page`", right: "120 entries, and an end" },
    Case {
        name: "user_group",
        about: "POST of a user group, answered 500 after it took effect",
        right: "the group, sent once",
    },
    Case {
        name: "resource_group",
        about: "the same with a resource group, whose name need not be unique",
        right: "the group, sent once",
    },
    Case {
        name: "blocked",
        about: "429 with `retry-after: 240`, a second call one second later",
        right: "both succeed after 240 s; nothing is sent meanwhile",
    },
];

/// Somebody who plays a case.
enum Contender {
    Ours,
    Program { name: String, program: String, script: String },
}

impl Contender {
    fn name(&self) -> &str {
        match self {
            Self::Ours => concat!("cloudflare-scim ", env!("CARGO_PKG_VERSION")),
            Self::Program { name, .. } => name,
        }
    }

    async fn play(&self, case: &'static str, account: &EmbeddedAccount, origin: &str) -> Outcome<Value> {
        match self {
            Self::Ours => ours(case, account, origin).await,
            Self::Program { program, script, .. } => {
                let mut command = std::process::Command::new(program);
                command
                    .arg(script)
                    .env("BASE", format!("{origin}/client/v4"))
                    .env("ACCOUNT", account.account_id().as_str())
                    .env("TOKEN", account.tokens().api.expose())
                    .env("CASE", case);
                let output = tokio::task::spawn_blocking(move || command.output()).await??;
                serde_json::from_slice(&output.stdout)
                    .map_err(|_| format!("{script}: {}", String::from_utf8_lossy(&output.stderr)).into())
            }
        }
    }
}

/// An account as the case needs it.
async fn account_for(case: &str) -> Outcome<EmbeddedAccount> {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client()?;
    let groups = match case {
        "audit" => 5,
        "pages" => 3,
        _ => 0,
    };
    for n in 0..groups {
        cloudflare.user_groups().create(&NewUserGroup::new(format!("Group {n}"))).await?;
    }
    match case {
        "audit" => account.set_switch("audit_delay", "0")?,
        "ignored" => {
            for n in 0..119 {
                account.add_member(&format!("user{n:03}@example.com"));
            }
            account.set_switch("paging", "ignore")?;
        }
        "user_group" | "resource_group" => {
            account.inject(FaultRule::once(Fault::FailAfter { status: 500, html: false }).method(Method::POST));
        }
        "blocked" => {
            let refuse = Fault::Refuse { status: 429, retry_after: Some(BLOCK.as_secs()), html: false };
            account.inject(FaultRule::once(refuse).times(u64::MAX));
        }
        _ => {}
    }
    account.clear_requests();
    Ok(account)
}

/// The same with our client.
async fn ours(case: &str, account: &EmbeddedAccount, origin: &str) -> Outcome<Value> {
    let paced = Pace::new(ReqwestTransport::new()?, RateLimit::cloudflare());
    let cloudflare = Cloudflare::builder(account.account_id().clone())
        .base_url(origin.parse()?)
        .api_token(account.tokens().api.clone())
        .transport(paced.retry(RetryPolicy::default()).shared())
        .build()?;
    let counted = |entries: usize| json!({ "entries": entries, "different": entries });
    Ok(match case {
        "audit" => {
            let now = jiff::Timestamp::now();
            let day = Duration::from_secs(24 * 3600);
            let query = AuditQuery::between(now - day, now + day).limit(2);
            counted(cloudflare.audit_logs().list(&query).all().await?.len())
        }
        "pages" => counted(cloudflare.user_groups().list().per_page(2).all().await?.len()),
        "ignored" => counted(cloudflare.members().list().all().await?.len()),
        "user_group" => json!({ "id": cloudflare.user_groups().create(&NewUserGroup::new("Ops")).await?.id }),
        "resource_group" => {
            let key = format!("com.cloudflare.api.account.{}", account.account_id());
            let scope = Scope::new(key, ["com.cloudflare.api.account.zone.x"]);
            json!({ "id": cloudflare.resource_groups().create("A zone", &scope).await?.id })
        }
        _ => {
            let first = async { cloudflare.members().list().all().await.map(drop) };
            let second = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                cloudflare.roles().list().first_page().await.map(drop)
            };
            tokio::try_join!(first, second)?;
            json!({})
        }
    })
}

/// Plays one case with one contender, and puts what came of it into words.
async fn play(case: &'static Case, contender: &Contender) -> Outcome<String> {
    let account = account_for(case.name).await?;
    let server = account.serve("127.0.0.1:0".parse()?).await?;
    let lift = account.clone();
    let lifted = (case.name == "blocked").then(|| {
        tokio::spawn(async move {
            // The block begins with the first request.
            while lift.request_count() == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(BLOCK.saturating_sub(Duration::from_millis(500))).await;
            let during = lift.request_count();
            lift.clear_faults();
            during
        })
    });
    let start = Instant::now();
    let outcome = contender.play(case.name, &account, &server.origin()).await?;
    let taken = start.elapsed();
    let requests = account.request_count();
    let mut words = match (&outcome["error"], &outcome["entries"]) {
        (Value::String(error), _) => format!("fails: {error} {}", outcome["status"]),
        (_, entries) if !entries.is_null() => {
            let mut words = format!("{entries} entries");
            if outcome["different"] != *entries {
                write!(words, ", {} different ones", outcome["different"])?;
            }
            if outcome["cut"] == true {
                words += ", no end (cut off)";
            }
            words
        }
        _ if outcome["id"].is_null() => "succeeds".to_owned(),
        _ => "the group".to_owned(),
    };
    write!(words, "; {requests} request{}", if requests == 1 { "" } else { "s" })?;
    match case.name {
        "user_group" | "resource_group" => {
            let cloudflare = account.client()?;
            let made = if case.name == "user_group" {
                cloudflare.user_groups().list().all().await?.len()
            } else {
                cloudflare.resource_groups().list().name("A zone").all().await?.len()
            };
            let sent = account.requests().iter().filter(|it| it.method == Method::POST).count();
            write!(words, ", {sent} of them POST; the account then has {made}")?;
        }
        "blocked" => {
            let during = match lifted {
                Some(task) if taken >= BLOCK => task.await?,
                _ => requests,
            };
            write!(words, ", {during} of them before the time was over; {:.1} s", taken.as_secs_f64())?;
        }
        _ => {}
    }
    server.shutdown().await;
    Ok(words)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut contenders = vec![Contender::Ours];
    for group in arguments.chunks(3) {
        let [name, program, script] = group else {
            return Err("usage: compare_sdks [NAME PROGRAM SCRIPT]...".into());
        };
        contenders.push(Contender::Program { name: name.clone(), program: program.clone(), script: script.clone() });
    }
    let contenders: &'static [Contender] = contenders.leak();

    println!("# Beside Cloudflare's official SDKs\n");
    println!(
        "Our client and the official SDKs (npm and PyPI `cloudflare`) on embedded accounts that go wrong in the\n\
         same way, in one run on {}. Made by `scripts/interop/cloudflare/compare`; not to be\n\
         edited by hand. Requests are those that the account counted. No SDK covers the SCIM endpoint, so every\n\
         case is one of v4.\n",
        jiff::Timestamp::now().strftime("%Y-%m-%d")
    );
    print!("| case | right is |");
    for contender in contenders {
        print!(" {} |", contender.name());
    }
    println!("\n|---|---|{}", "---|".repeat(contenders.len()));
    for case in &CASES {
        eprintln!("{}", case.name);
        // At once: one case takes minutes.
        let games = contenders.iter().map(|contender| play(case, contender));
        let cells = futures_util::future::try_join_all(games).await?;
        println!("| {} | {} | {} |", case.about, case.right, cells.join(" | "));
    }
    println!(
        "\nWhat is behind the differences: the SDKs look for the audit log's cursor in `result_info.cursors.after`,\n\
         and the API sends `result_info.cursor`; they ask for pages until one is empty, whatever `total_pages`\n\
         says; they send a POST again after a 500, and again after the 409 that this earns; the Python SDK obeys\n\
         no `retry-after` above 60 s. Ours reads both cursors, stops by the server's numbers or at the first page\n\
         that brings nothing new, looks for what it made instead of sending it again, and holds every call of the\n\
         token back until the time is over."
    );
    Ok(())
}
