//! The programs as a person or a script runs them: options, exit codes, reports.
#![allow(clippy::unwrap_used, clippy::panic)] // a test says so by failing

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use authentik_client::Authentik;
use authentik_client::model::NewScimProvider;
use serde_json::Value;

/// A program of this package, built beside this test.
fn program(name: &str) -> Command {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let mut command = Command::new(path.join("examples").join(name));
    for variable in [
        "AUTHENTIK_URL",
        "AUTHENTIK_TOKEN",
        "CLOUDFLARE_URL",
        "CLOUDFLARE_ACCOUNT_ID",
        "CLOUDFLARE_API_TOKEN",
        "CLOUDFLARE_SCIM_TOKEN",
    ] {
        command.env_remove(variable);
    }
    command
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn report(name: &str) -> (PathBuf, impl Fn() -> Value) {
    let path = std::env::temp_dir().join(format!("provision-report-{}-{name}.json", std::process::id()));
    let file = path.clone();
    (path, move || {
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        serde_json::from_str(&text).unwrap()
    })
}

/// An embedded server, stopped with the value.
struct Embedded(Child, Value);

impl Embedded {
    fn start(arguments: &[&str]) -> Self {
        Self::spawn(program("embedded").args(arguments))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(child, serde_json::from_str(&line).unwrap())
    }

    fn text(&self, member: &str) -> &str {
        self.1[member].as_str().unwrap()
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _ended = self.0.wait();
    }
}

#[test]
fn the_demo_runs_and_its_report_keeps_the_contract() {
    let (path, read) = report("demo");
    let output = program("provision").arg("--report").arg(&path).output().unwrap();
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    let report = read();
    assert_eq!(report["verified"], true);
    for pair in ["users", "groups", "memberships", "policies"] {
        assert!(report[pair]["wanted"].as_u64().unwrap() > 0, "{pair}");
        assert_eq!(report[pair]["wanted"], report[pair]["present"], "{pair}");
    }
    // The demo company: 28 people, of whom one is inactive and one in no group in scope; one is in two groups.
    assert_eq!(report["users"]["wanted"], 26);
    assert_eq!(report["groups"]["wanted"], 4);
    assert_eq!(report["memberships"]["wanted"], 27);
    assert_eq!(report["findings"], serde_json::json!([]));
    assert!(report["requests"]["authentik"].as_u64().unwrap() > 50);
    assert!(report["requests"]["cloudflare"].as_u64().unwrap() > 50);
    for step in report["steps"].as_array().unwrap() {
        assert!(step["name"].is_string() && step["outcome"].is_string() && step["seconds"].is_number(), "{step}");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("Both sides agree") && text.contains("founder@acme.example"), "{text}");
}

#[test]
fn a_plan_of_an_unprovisioned_company_ends_with_2() {
    let (path, read) = report("plan");
    let output =
        program("provision").args(["--plan", "--users", "30", "--groups", "5", "--report"]).arg(&path).output();
    assert_eq!(code(&output.unwrap()), 2);
    let report = read();
    assert_eq!((&report["verified"], &report["dry_run"]), (&Value::from(false), &Value::from(true)));
    assert_eq!(report["users"]["present"], 0);
    assert!(report["steps"].as_array().unwrap().iter().any(|step| step["outcome"] == "planned"));
}

#[test]
fn wrong_use_is_told() {
    for (name, arguments, part) in [
        ("provision", &["--nope"][..], "--report"),
        ("provision", &["--users", "none"], "--users"),
        ("embedded", &["cloudflare", "--nope"], "--listen"),
        ("embedded", &["nothing"], "cloudflare, authentik, scim"),
        ("embedded", &["cloudflare", "--switch", "nope=1"], "profile_updates"),
        ("embedded", &["cloudflare", "--switch", "profile_updates=nope"], "apply"),
        ("embedded", &["authentik", "--switch", "profile=1999"], "2026.8"),
        ("embedded", &["scim", "--switch", "quirks=nope"], "strict"),
    ] {
        let output = program(name).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(code(&output), 2, "{name} {arguments:?}: {text}");
        assert!(text.contains(part), "{name} {arguments:?}: {text}");
    }
    for name in ["provision", "embedded"] {
        assert_eq!(code(&program(name).arg("--help").output().unwrap()), 0);
    }
}

#[test]
fn an_incomplete_environment_is_told_and_reported() {
    let (path, read) = report("environment");
    let mut command = program("provision");
    let command = command.env("CLOUDFLARE_ACCOUNT_ID", "0123456789abcdef0123456789abcdef");
    let output = command.env("AUTHENTIK_URL", "http://127.0.0.1:9").arg("--report").arg(&path).output().unwrap();
    assert_eq!(code(&output), 1);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("CLOUDFLARE_API_TOKEN") && text.contains("CLOUDFLARE_SCIM_TOKEN"), "{text}");
    assert!(read()["error"].as_str().unwrap().contains("CLOUDFLARE_SCIM_TOKEN"));
}

#[test]
fn servers_that_already_run_are_provisioned_and_keep_their_policies() {
    let cloudflare = Embedded::start(&["cloudflare"]);
    let authentik = Embedded::start(&["authentik", "--switch", "profile=2026.8"]);
    let on_them = |arguments: &[&str]| {
        let mut command = program("provision");
        command
            .env("AUTHENTIK_URL", authentik.text("base_url"))
            .env("AUTHENTIK_TOKEN", authentik.text("token"))
            .env("CLOUDFLARE_URL", cloudflare.text("base_url"))
            .env("CLOUDFLARE_ACCOUNT_ID", cloudflare.text("account_id"))
            .env("CLOUDFLARE_API_TOKEN", cloudflare.text("api_token"))
            .env("CLOUDFLARE_SCIM_TOKEN", cloudflare.text("scim_token"));
        command.args(arguments).output().unwrap()
    };
    let output = on_them(&[]);
    assert_eq!(code(&output), 1, "neither --group nor --demo");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--group"));
    assert_eq!(code(&on_them(&["--demo", "--users", "12", "--groups", "3"])), 0);

    // The same groups by name, without a word about policies: those that they have stay.
    let groups = ["--group", "Platform Engineering", "--group", "Security", "--group", "Support"];
    let (path, read) = report("again");
    let output = on_them(&[&groups[..], &["--report", path.to_str().unwrap()]].concat());
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stdout));
    let report = read();
    assert_eq!(report["findings"], serde_json::json!([]), "a group without a policy would be one");
    assert!(report["steps"].as_array().unwrap().iter().all(|step| step["outcome"] != "updated"));

    // A group that leaves the scope would be deleted with its policies.
    assert_eq!(code(&on_them(&["--group", "Security"])), 3);

    let everything = format!("{output:?}");
    for token in [authentik.text("token"), cloudflare.text("api_token"), cloudflare.text("scim_token")] {
        assert!(!everything.contains(token));
    }
}

/// Two syncs of a new provider: one by its creation, one by the scheduler, which looks once a minute.
#[tokio::test]
async fn the_time_scale_makes_a_minute_of_the_scheduler_a_tenth_of_a_second() {
    let server = Embedded::start(&["authentik", "--time-scale", "600"]);
    let base = server.text("base_url").parse().unwrap();
    let authentik = Authentik::builder(base, server.text("token").to_owned().into()).build().unwrap();
    let provider = NewScimProvider::new("p", "http://127.0.0.1:9", "t".to_owned().into());
    let provider = authentik.scim_providers().create(&provider).await.unwrap().pk;
    let schedule = authentik.schedules().of_provider(provider).await.unwrap().id;
    let syncs = || authentik.tasks().of_schedule(&schedule).actor("authentik.providers.scim.tasks.scim_sync").all();
    let started = Instant::now();
    while syncs().await.unwrap().len() < 2 {
        assert!(started.elapsed() < Duration::from_secs(30), "without the scale it takes a minute");
    }
    let output = program("embedded").args(["authentik", "--time-scale", "0"]).output().unwrap();
    assert_eq!(code(&output), 2, "time does not stand still");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_an_embedded_server_with_0() {
    for kind in ["cloudflare", "authentik", "scim"] {
        let mut server = Embedded::start(&[kind]);
        assert_eq!(server.text("kind"), kind);
        let pid = server.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(server.0.wait().unwrap().code(), Some(0), "{kind}");
    }
}

#[test]
fn at_level_trace_no_program_logs_a_token_or_a_person() {
    let log = std::env::temp_dir().join(format!("programs-log-{}", std::process::id()));
    let file = std::fs::File::create(&log).unwrap();
    let traced = |name: &str| {
        let mut command = program(name);
        command.env("RUST_LOG", "trace").stderr(file.try_clone().unwrap());
        command
    };
    let cloudflare = Embedded::spawn(traced("embedded").arg("cloudflare"));
    let authentik = Embedded::spawn(traced("embedded").args(["authentik", "--switch", "profile=2026.8"]));
    let output = traced("provision")
        .args(["--demo", "--users", "9", "--groups", "2"])
        .env("AUTHENTIK_URL", authentik.text("base_url"))
        .env("AUTHENTIK_TOKEN", authentik.text("token"))
        .env("CLOUDFLARE_URL", cloudflare.text("base_url"))
        .env("CLOUDFLARE_ACCOUNT_ID", cloudflare.text("account_id"))
        .env("CLOUDFLARE_API_TOKEN", cloudflare.text("api_token"))
        .env("CLOUDFLARE_SCIM_TOKEN", cloudflare.text("scim_token"))
        .output()
        .unwrap();
    assert_eq!(code(&output), 0);
    let logged = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    // The levels of log lines stand in colours or not; both programs and the libraries below speak.
    for said in ["TRACE", "DEBUG", "answered"] {
        assert!(logged.contains(said), "{said} is not in the log: this test sees too little");
    }
    let tokens = [authentik.text("token"), cloudflare.text("api_token"), cloudflare.text("scim_token")];
    for planted in tokens.into_iter().chain(["siobhan", "Siobh", "madonna@", "acme.example"]) {
        if let Some(line) = logged.lines().find(|line| line.contains(planted)) {
            panic!("{planted} in {line}");
        }
    }
}
