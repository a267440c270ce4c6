//! `docs/embedded-cloudflare.md` says what the code does: every rule, every switch, tests that exist.
#![allow(clippy::unwrap_used, clippy::panic)]

use cloudflare_scim::embedded::Switches;

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/embedded-cloudflare.md")).unwrap()
}

#[test]
fn every_switch_has_its_row() {
    let page = page();
    for info in Switches::all() {
        let values: Vec<String> = info.values.iter().map(|value| format!("`{value}`")).collect();
        let row =
            format!("| `{}` | {} | {} | {} | {} | `", info.name, values.join(", "), info.rule, info.mark, info.about);
        assert!(page.contains(&row), "the page lacks: {row}");
    }
    let rows = page.lines().skip_while(|line| !line.starts_with("## Switches")).filter(|line| line.starts_with("| `"));
    assert_eq!(rows.count(), Switches::all().len());
}

#[test]
fn every_rule_has_its_row() {
    let page = page();
    for rule in 1..=28 {
        assert!(page.contains(&format!("\n| {rule} | ")), "rule {rule}");
    }
}

#[test]
fn every_test_that_the_page_names_exists() {
    for name in page().split('`').filter(|word| word.starts_with("embedded_") && word.contains("::")) {
        let (file, test) = name.rsplit_once("::").unwrap();
        let file = file.replace("::", "/");
        let path = format!("{}/tests/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(source.contains(&format!("fn {test}(")), "{name}");
    }
}
