//! `docs/conformance.md` names, for every requirement of the checklist, a test that exists or the reason
//! why there is none.

use std::collections::BTreeMap;

use serde_json::Value;

const DOCUMENT: &str = include_str!("../../../docs/conformance.md");
const REQUIREMENTS: &str = include_str!("../../../testdata/provider/sp-requirements.json");
const SOURCES: &[(&str, &str)] = &[
    ("bulk", include_str!("bulk.rs")),
    ("discovery", include_str!("discovery.rs")),
    ("groups", include_str!("groups.rs")),
    ("lifecycle", include_str!("lifecycle.rs")),
    ("okta", include_str!("okta.rs")),
    ("patch", include_str!("patch.rs")),
    ("query", include_str!("query.rs")),
    ("schemas", include_str!("schemas.rs")),
    ("total", include_str!("total.rs")),
    ("versions", include_str!("versions.rs")),
];

#[test]
fn every_requirement_has_a_test_or_a_reason() {
    let rows: BTreeMap<&str, Vec<&str>> = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| row.split(" | ").collect::<Vec<_>>())
        .filter(|cells| cells.len() == 4)
        .map(|cells| (cells[0].trim_matches('`'), cells))
        .collect();
    let requirements: Value = serde_json::from_str(REQUIREMENTS).unwrap();
    let requirements = requirements["requirements"].as_array().unwrap();
    assert_eq!(requirements.len(), 140);
    let mut tested = 0;
    for requirement in requirements {
        let id = requirement["id"].as_str().unwrap();
        let cells = rows.get(id).unwrap_or_else(|| panic!("no row for {id}"));
        let Some(names) = cells[3].strip_prefix('`') else {
            assert!(cells[3].starts_with("not tested: ") && cells[3].len() > 30, "{id}: {}", cells[3]);
            continue;
        };
        tested += 1;
        for name in names.trim_end_matches('`').split("`, `") {
            let (file, function) = name.split_once("::").unwrap_or_else(|| panic!("{id}: {name}"));
            let (_, source) =
                SOURCES.iter().find(|(known, _)| *known == file).unwrap_or_else(|| panic!("{id}: {file}"));
            assert!(source.contains(&format!("fn {function}(")), "{id}: no test {name}");
        }
    }
    assert!(tested >= 125, "{tested}");
}
