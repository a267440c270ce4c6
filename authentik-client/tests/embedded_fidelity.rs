//! Recorded phases as scripts: their API side is sent to the embedded authentik, a SCIM server behind
//! it answers as the recorded one did, and what it sends is compared with what the real one sent.

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test: a panic is its result")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "recorded seconds and statuses are small"
)]

mod fidelity;

use std::path::PathBuf;

use fidelity::{Report, page, series};

/// Fails with all differences.
fn same(reports: &[Report]) {
    for report in reports {
        let Report { file, scim, api, early, late, .. } = report;
        println!("{file}: {scim} SCIM requests from {early} to {late} s beside their times, {api} API calls");
    }
    let differences: Vec<String> = reports
        .iter()
        .flat_map(|report| {
            report.differences.iter().map(|what| format!("{}: {what}", &report.file[..report.file.len().min(5)]))
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

macro_rules! series {
    ($($name:ident = $series:ident;)*) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $name() {
                same(&series::$series().await);
            }
        )*

        /// Every series' files, each with the name of its test.
        async fn all() -> Vec<(&'static str, Report)> {
            let mut all = Vec::new();
            $(
                let reports = series::$series().await;
                all.extend(reports.into_iter().map(|report| (stringify!($name), report)));
            )*
            all
        }
    };
}

series! {
    e01_to_e23_one_provider_from_setup_to_deletions = e;
    d10_to_d14_a_server_without_patch = d1;
    d20_to_d24_injected_faults = d2;
    g12_to_g15_refusals_and_lists_have_the_recorded_texts = g1;
    g20_and_g21_a_role_and_the_whole_job_with_it = g2;
    g30_g10_g11_tokens_credentials_and_no_permission = g3;
    g31_to_g36_sync_object_pause_retry_cascade = g31;
    h10_and_h11_adoption_and_clean_up = h1;
    h20_to_h23_forced_rewrites = h2;
    h40_to_h43_scope = h4;
    h50_to_h59_the_cloudflare_mapping = h5;
    h590_to_h592_mappings_that_do_not_work = h59;
    h593_mapping_results = h593;
    h594_the_cloudflare_mapping_skipping_inactive_users = h594;
    h60_and_h61_a_service_provider_config_that_fails = h60;
    h62_and_h63_faults_inside_a_full_sync_and_cut_bodies = h62;
    h65_connection_refused = h65;
    h66_connection_refused_once = h66;
    h80_and_h81_chunks_and_incomplete_configs = h8;
    h100_groups_as_plain_strings = h100;
    h101_to_h103_odd_lists_that_do_no_harm = h101;
    h104_h106_h64_lists_that_stop_and_answers_without_body = h104;
    h105_an_unknown_user_without_emails = h105;
    h110_to_h112_member_sets_nested_groups_absent_members = h11;
}

#[tokio::test(start_paused = true)]
async fn docs_fidelity_md_lists_every_recording_and_what_came_of_it() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files: Vec<String> = std::fs::read_dir(root.join("testdata/authentik/recordings"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    files.sort();
    let mut all = all().await;
    all.sort_by(|a, b| a.1.file.cmp(&b.1.file));
    let replayed: Vec<&str> = all.iter().map(|(_, report)| report.file.as_str()).collect();
    assert_eq!(replayed, files, "each recording belongs to one series");
    let ours = page::page(&all);
    let path = root.join("docs/fidelity.md");
    if std::env::var_os("FIDELITY_WRITE").is_some() {
        std::fs::write(&path, &ours).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert_eq!(found, ours, "FIDELITY_WRITE=1 writes docs/fidelity.md anew");
}
