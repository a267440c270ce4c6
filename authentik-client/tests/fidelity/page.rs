//! `docs/fidelity.md`, made of what the replays showed.

use std::fmt::Write as _;

use super::Report;

const HEAD: &str = "\
# Fidelity: recording by recording

Made by `FIDELITY_WRITE=1 cargo test -p authentik-client --all-features --test embedded_fidelity`; without the variable
the test compares this page with what it finds.

Every file of `testdata/authentik/recordings` is a script for the embedded authentik. Its API calls are made at their
recorded times; the SCIM server behind answers each request as the recorded one did, faults and odd shapes included.
What a series presupposes (users, groups, a provider with its first syncs) is made before its first file.

Compared is, on the SCIM side: method, path with query, body, number of bytes where recorded, `Accept`, `Content-Type`,
`User-Agent`, a bearer, and the order of the requests of each file; nothing more may be sent and nothing less. On the API
side: status, `Allow`, `Content-Type`, `Location`, refusals word for word, of other answers the members, the kinds of their
values, and the values that are not another run's (times, ids, counts of a shared laboratory); of finished tasks the log
lines by level and text. Ids are mapped. Free are: which of two groups comes first (it follows random uuids), the order of
members within one PATCH, the order of a Python dictionary inside a text, and how long authentik took.

`same`: no difference. `besides`: what the laboratory did or what a race decided without a call in the file; notes and
effects of the recordings show it. *Changes of users out of scope* are the other laboratories on the same authentik: each
makes a task per provider and keeps delayed tasks from being looked at. *early* and *late* are the largest number of
seconds by which a request came before and after its recorded time, at most 20 and 6: the real worker was slower, its
retries are random.

| file | SCIM | API | result | early | late | besides | test |
|---|---|---|---|---|---|---|---|
";

/// The page for all files.
pub(crate) fn page(all: &[(&str, Report)]) -> String {
    let mut page = HEAD.to_owned();
    for (test, report) in all {
        let result = match report.differences.as_slice() {
            [] => "same".to_owned(),
            differences => format!("differs: {}", differences.join("; ").replace('|', "\\|")),
        };
        let Report { file, scim, api, early, late, besides, .. } = report;
        let seconds = |seconds: f64| if seconds == 0.0 { String::new() } else { format!("{:.1}", seconds.abs()) };
        let (early, late) = (seconds(*early), seconds(*late));
        let besides = besides.join(", ");
        let row = format!("| {file} | {scim} | {api} | {result} | {early} | {late} | {besides} | `{test}` |");
        let _infallible = writeln!(page, "{}", row.replace("|  |", "| |").replace("|  |", "| |"));
    }
    let same = all.iter().filter(|(_, report)| report.differences.is_empty()).count();
    let scim: usize = all.iter().map(|(_, report)| report.scim).sum();
    let api: usize = all.iter().map(|(_, report)| report.api).sum();
    let count = all.len();
    let _infallible = writeln!(page, "\n{same} of {count} files are the same: {scim} SCIM requests, {api} API calls.");
    page
}
