//! The job, end to end, between two embedded servers.
#![allow(clippy::unwrap_used, clippy::panic)] // a test says so by failing

mod support;

use authentik_client::doctor::RemoteView;
use authentik_client::embedded::Profile;
use provision::{Mode, Outcome, Severity, Verdict};
use support::{Stage, company, find, person};

#[tokio::test(start_paused = true)]
async fn the_company_arrives_and_both_sides_agree() {
    let stage = Stage::new();
    let report = stage.run(company()).await;
    assert_eq!(report.verdict(), Verdict::Agree, "{report:#?}");
    assert!(report.verified);
    assert_eq!((report.users.wanted, report.users.present), (3, 3));
    assert_eq!((report.groups.wanted, report.groups.present), (2, 2));
    assert_eq!((report.memberships.wanted, report.memberships.present), (4, 4));
    assert_eq!((report.policies.wanted, report.policies.present), (2, 2));
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert!(!report.steps.iter().any(|step| step.name.contains("doctor")), "nobody asks when all is well");

    // What the account holds, told by itself: the founder survived; nobody else came.
    let mut members = stage.account.member_emails();
    members.sort();
    let mail = |name: &str| format!("{name}@acme.example");
    assert_eq!(members, [mail("ada"), mail("founder"), mail("miles"), mail("zoe")]);
    let groups = stage.account.group_members();
    let names: Vec<&str> = groups.keys().map(String::as_str).filter(|name| !name.starts_with("CF")).collect();
    assert_eq!(names, ["Auditors", "Engineers"]);
    assert_eq!(groups["Engineers"].len(), 2);
    assert_eq!(report.untouched, ["user \"founder@acme.example\""]);
    let crontab = report.steps.iter().find(|step| step.name == "find the periodic sync").unwrap();
    assert!(crontab.detail.contains("*/4 * * *"), "{}", crontab.detail);
}

#[tokio::test(start_paused = true)]
async fn the_doctor_finds_nothing_after_a_good_run() {
    for profile in Profile::ALL {
        let stage = Stage::with(profile);
        assert!(stage.run(company()).await.verified, "{profile}");
        let observed = stage.job.observe(&company()).await.unwrap();
        let groups = observed.cloudflare.custom_groups().cloned().collect();
        let view = RemoteView::new(observed.cloudflare.users.clone(), groups);
        let provider = observed.authentik.provider.unwrap().pk;
        let findings = stage.authentik_client().doctor(provider, &view).await.unwrap();
        let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{profile}: {told:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_soon_is_told_of() {
    let stage = Stage::new();
    let days = |days: u64| std::time::Duration::from_secs(days * 24 * 3600);
    let tokens = stage.account.tokens().clone();
    assert!(stage.account.expire_token(&tokens.scim, days(3)) && stage.account.expire_token(&tokens.api, days(30)));
    let report = stage.run(company()).await;
    assert_eq!(report.verdict(), Verdict::Agree, "{report:#?}");
    let told: Vec<&str> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(told, ["token_expires_soon"], "{:#?}", report.findings);
    assert!(find(&report, "token_expires_soon").resource.contains("CLOUDFLARE_SCIM_TOKEN"));
}

#[tokio::test(start_paused = true)]
async fn a_second_run_writes_nothing() {
    let stage = Stage::new();
    assert!(stage.run(company()).await.verified);
    let before = stage.writes();
    let report = stage.run(company()).await;
    assert!(report.verified, "{report:#?}");
    assert_eq!(stage.writes(), before);
    assert!(!report.steps.iter().any(|step| matches!(step.outcome, Outcome::Created | Outcome::Updated)));
}

#[tokio::test(start_paused = true)]
async fn a_plan_shows_everything_and_writes_nothing() {
    let stage = Stage::new();
    let report = stage.plan(company()).await;
    assert_eq!(report.verdict(), Verdict::Differ);
    assert!(report.dry_run && !report.verified);
    assert_eq!(stage.writes(), (0, 0));
    let planned: Vec<&str> =
        report.steps.iter().filter(|step| step.outcome == Outcome::Planned).map(|step| step.name.as_str()).collect();
    for change in [
        "create the user \"ada\"",
        "create the group \"Engineers\"",
        "add \"zoe\" to the group \"Auditors\"",
        "create the application",
        "bind the group \"Auditors\" to the application",
        "create the property mapping",
        "create the SCIM provider",
        "link the provider to the application",
        "leave dry run",
        "set the policies of the group \"Engineers\"",
    ] {
        assert!(planned.contains(&change), "{change} in {planned:#?}");
    }
    assert_eq!((report.users.wanted, report.users.present), (3, 0));

    assert!(stage.run(company()).await.verified);
    let after = stage.plan(company()).await;
    assert_eq!(after.verdict(), Verdict::Agree, "a plan after a good run is empty: {after:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_membership_dropped_behind_the_scenes_is_named() {
    let stage = Stage::new();
    let drop = || assert!(stage.account.drop_membership("zoe@acme.example", "Auditors"));
    let report = stage.run_and(company(), "watch the sync", drop).await;
    assert_eq!(report.verdict().exit_code(), 2);
    assert_eq!((report.memberships.wanted, report.memberships.present), (4, 3));
    let finding = find(&report, "missing_membership");
    assert_eq!(finding.resource, "user \"zoe@acme.example\", group \"Auditors\"");
    // And its cause, with what would put it right.
    let cause = find(&report, "members_differ");
    assert_eq!((cause.severity, cause.resource.as_str()), (Severity::Warning, "group \"Auditors\""));
    assert!(cause.message.contains("missing: user \"zoe\""), "{cause}");
    assert!(cause.cure.contains("POST providers/scim/") && cause.cure.contains("/sync/object/"), "{cause}");

    // The next run mends it.
    assert!(stage.run(company()).await.verified);
}

#[tokio::test(start_paused = true)]
async fn an_intruder_in_a_group_is_named_and_the_group_gets_no_rights() {
    let stage = Stage::new();
    let intrude = || assert!(stage.account.add_membership("founder@acme.example", "Engineers"));
    let report = stage.run_and(company(), "watch the sync", intrude).await;
    assert_eq!(report.verdict(), Verdict::Differ);
    let finding = find(&report, "extra_membership");
    assert_eq!(finding.resource, "user \"founder@acme.example\", group \"Engineers\"");
    assert_eq!((report.policies.wanted, report.policies.present), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_administrator_out_of_scope_stops_the_run() {
    let stage = Stage::new();
    // authentik knows the person, but in no group in scope: the first sync would delete the member.
    stage.account.set_switch("user_groups_shape", "objects").unwrap();
    assert!(stage.account.add_super_administrator("outsider@acme.example").is_some());
    let report = stage.run(company()).await;
    assert_eq!(report.verdict().exit_code(), 3, "{report:#?}");
    let finding = find(&report, "would_be_deleted");
    assert_eq!(finding.severity, Severity::Stop);
    assert!(finding.resource.contains("outsider@acme.example"));
    assert_eq!(stage.account.mutation_count(), 0, "nothing was sent to Cloudflare");
    assert!(stage.account.member("outsider@acme.example").is_some());
}

#[tokio::test(start_paused = true)]
async fn an_existing_group_that_would_lose_members_stops_the_run() {
    let stage = Stage::new();
    stage.account.add_dashboard_group("Auditors").unwrap();
    assert!(stage.account.add_membership("founder@acme.example", "Auditors"));
    let report = stage.run(company()).await;
    assert_eq!(report.verdict(), Verdict::Stopped, "{report:#?}");
    let finding = find(&report, "members_would_be_removed");
    assert!(finding.message.contains("founder@acme.example"), "{finding}");
    assert_eq!(stage.account.mutation_count(), 0);

    let mut spec = company();
    spec.safety.allow_deletion.insert("Auditors".to_owned());
    let report = stage.run(spec).await;
    assert!(report.verified, "allowed by name: {report:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_leaver_goes_with_the_next_run() {
    let stage = Stage::new();
    assert!(stage.run(company()).await.verified);
    let mut spec = company();
    spec.directory.users.iter_mut().find(|it| it.username == "miles").unwrap().active = false;
    let plan = stage.plan(spec.clone()).await;
    assert_eq!(plan.verdict(), Verdict::Differ);
    let report = stage.run(spec).await;
    assert!(report.verified, "{report:#?}");
    assert!(stage.account.member("miles@acme.example").is_none());
    assert_eq!(report.users.wanted, 2);
}

#[tokio::test(start_paused = true)]
async fn a_protected_leaver_stops_the_run() {
    let stage = Stage::new();
    assert!(stage.run(company()).await.verified);
    let mut spec = company();
    spec.directory.users.iter_mut().find(|it| it.username == "miles").unwrap().active = false;
    spec.safety.protect.insert("miles@acme.example".to_owned());
    // A look before anything is written: the account in authentik is still active.
    let report = stage.plan(spec.clone()).await;
    assert_eq!(report.verdict(), Verdict::Stopped, "{report:#?}");
    let report = stage.run(spec).await;
    assert_eq!(report.verdict(), Verdict::Stopped);
    assert!(stage.account.member("miles@acme.example").is_some());
}

#[tokio::test(start_paused = true)]
async fn cloudflare_dying_in_the_middle_ends_the_run_with_a_report() {
    // At the beginning, in the middle of the sync, and after it.
    for requests in [3, 20, 30] {
        let stage = Stage::new();
        stage.wire.cut_after(requests);
        let report = stage.run(company()).await;
        assert_eq!(report.verdict(), Verdict::Failed, "{requests}: {report:#?}");
        let error = report.error.as_deref().unwrap_or_default();
        assert!(error.to_lowercase().contains("cloudflare") || error.contains("scim"), "{requests}: {error}");
        assert!(error.contains("no connection"), "{requests}: {error}");
        assert!(report.steps.iter().any(|step| step.outcome == Outcome::Failed));
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_tokens_end_the_run_with_one_clear_error() {
    let stage = Stage::new();
    let report = stage.with_tokens(Some("planted-wrong-token"), None).finish(company(), Mode::Apply).await;
    assert_eq!(report.verdict(), Verdict::Failed);
    let error = report.error.unwrap();
    assert!(error.contains("403") && error.contains("Token invalid/expired") && error.contains("token"), "{error}");
    assert!(!error.contains("planted"));

    let wrong = cloudflare_scim::Token::new("cfat_planted00000000000000000000000000000000000000");
    let report = stage.with_tokens(None, Some(wrong)).finish(company(), Mode::Apply).await;
    let error = report.error.unwrap();
    assert!(error.contains("401") && error.contains("token"), "{error}");
    assert!(!error.contains("planted"));
    assert_eq!(stage.writes(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_token_without_audit_permission_is_told_so() {
    let stage = Stage::new();
    let scim_only = stage.account.tokens().scim.clone();
    let report = stage.with_tokens(None, Some(scim_only)).finish(company(), Mode::Apply).await;
    assert_eq!(report.verdict(), Verdict::Failed, "{report:#?}");
    let error = report.error.unwrap();
    assert!(error.contains("audit") && error.contains("403") && error.contains("Account Settings"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_recorded_version_against_plain_string_groups_is_a_finding_before_the_sync() {
    let stage = Stage::with(Profile::Rc1);
    let plan = stage.plan(company()).await;
    assert_eq!(find(&plan, "groups_as_strings").severity, Severity::Warning);
    let report = stage.run(company()).await;
    assert!(report.verified, "the first sync still works: {report:#?}");
    assert_eq!(find(&report, "groups_as_strings").severity, Severity::Warning);

    // From now on every listed user is in a group, and a sync would stop before it sends anything.
    let mut spec = company();
    spec.directory.users.push(person("late", "Late Comer"));
    spec.directory.groups[0].members.push("late".to_owned());
    let report = stage.run(spec).await;
    assert_eq!(report.verdict(), Verdict::Differ, "{report:#?}");
    assert_eq!(find(&report, "groups_as_strings").severity, Severity::Difference);
    assert!(find(&report, "missing_user").resource.contains("late@acme.example"));
}

#[tokio::test(start_paused = true)]
async fn no_output_holds_a_secret() {
    use futures_util::StreamExt;
    let stage = Stage::new();
    let mut everything = format!("{:?} {:?} {:?}", stage.job, stage.account, stage.authentik);
    let mut events = stage.job.run(company(), Mode::Apply);
    while let Some(event) = events.next().await {
        everything.extend([format!("{event:?}"), serde_json::to_string(&event).unwrap()]);
    }
    for secret in [stage.authentik.token(), stage.account.tokens().api.expose(), stage.account.tokens().scim.expose()] {
        assert!(!everything.contains(secret));
    }
}

#[tokio::test(start_paused = true)]
async fn contradictions_in_the_spec_are_told_before_anything_is_sent() {
    let stage = Stage::new();
    let report = stage.run(provision::Spec::new("x")).await;
    assert_eq!(report.verdict(), Verdict::Failed);
    assert!(report.error.unwrap().contains("no group is in scope"));
    assert_eq!(stage.counters.authentik.all(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_authentik_lacks_is_told() {
    let stage = Stage::new();
    let report = stage.run(company().group("Nobody Made This")).await;
    assert_eq!(report.verdict(), Verdict::Failed);
    assert!(report.error.unwrap().contains("Nobody Made This"));
}
