//! `docs/doctor.md` says what the doctor finds, and by which test that is held.

use std::collections::BTreeSet;

use authentik_client::doctor::Code;

const PAGE: &str = include_str!("../../../docs/doctor.md");
const SOURCES: [&str; 4] =
    [include_str!("setup.rs"), include_str!("sync.rs"), include_str!("users.rs"), include_str!("groups.rs")];

/// The cells of the table's rows whose first cell is a code.
fn rows() -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    PAGE.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

#[test]
fn every_code_has_a_row_and_every_row_a_test_that_exists() {
    let rows = rows();
    let told: Vec<String> = rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    let wanted: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(told, wanted, "one row per code, in the order of `Code`");
    for row in &rows {
        assert_eq!(row.len(), 5, "{row:?}");
        assert!(row[1..].iter().all(|cell| !cell.is_empty()), "{row:?}");
        for test in row[4].split(", ") {
            let head = format!("async fn {}()", test.trim_matches('`'));
            assert!(SOURCES.iter().any(|source| source.contains(&head)), "{}: no test {test}", row[0]);
        }
    }
    let distinct: BTreeSet<&String> = told.iter().collect();
    assert_eq!(distinct.len(), Code::ALL.len());
}
