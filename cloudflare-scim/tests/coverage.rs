//! `docs/coverage.md` names every operation of the document once, with a method that exists and a test
//! that names the operation.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    std::fs::read_to_string(root().join("../docs/coverage.md")).unwrap()
}

/// The rows of a section, their cells without backquotes.
fn rows(section: &str) -> Vec<Vec<String>> {
    let page = page();
    let after = page.split(&format!("## {section}\n")).nth(1).unwrap_or_else(|| panic!("no section {section}"));
    let own = after.split("\n## ").next().unwrap();
    let rows = own.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()).collect()
}

/// Every Rust source below a folder.
fn sources(folder: &str) -> String {
    let mut out = String::new();
    let mut open = vec![root().join(folder)];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("embedded") {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                out += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    out
}

/// The text of one test.
fn test_body(name: &str) -> String {
    let (file, test) = name.split_once("::").unwrap();
    let source = std::fs::read_to_string(root().join(format!("tests/{file}.rs"))).unwrap();
    let after = source.split(&format!("async fn {test}(")).nth(1).unwrap_or_else(|| panic!("no test {name}"));
    after.split("\n}\n").next().unwrap().to_owned()
}

/// Asserts that `Type::method` is a public method of that type.
fn method_exists(source: &str, method: &str) {
    let (kind, name) = method.split_once("::").unwrap();
    let found =
        source.split(&format!("impl {kind} {{")).skip(1).filter_map(|after| after.split("\n}\n").next()).any(|block| {
            block.contains(&format!("pub fn {name}(")) || block.contains(&format!("pub async fn {name}("))
        });
    assert!(found, "no public method {method}");
}

#[test]
fn every_operation_stands_on_the_page_once() {
    let mut documented = BTreeMap::new();
    for example in common::testdata("openapi-examples.json").as_array().unwrap() {
        let text = |name: &str| example[name].as_str().unwrap();
        documented.insert(text("operation").to_owned(), format!("{} {}", text("method"), text("path")));
    }
    let (covered, rest) = (rows("Covered"), rows("Not covered"));
    let mut on_page = BTreeMap::new();
    for row in covered.iter().chain(&rest) {
        assert_eq!(on_page.insert(row[0].clone(), row[1].clone()), None, "{} stands twice", row[0]);
    }
    assert_eq!(on_page, documented);
    assert!(rest.iter().all(|row| !row[2].is_empty()), "a reason is missing");
    let line = format!("\n{} of {} operations are covered.\n", covered.len(), documented.len());
    assert!(page().contains(&line), "the page lacks: {line}");
}

#[test]
fn every_covered_operation_has_its_method_and_its_contract_test() {
    let source = sources("src");
    for row in rows("Covered") {
        method_exists(&source, &row[2]);
        assert!(test_body(&row[3]).contains(&format!("\"{}\"", row[0])) || calls_by_name(&row), "{row:?}");
    }
    for row in rows("Covered, and not in the document") {
        method_exists(&source, &row[2]);
        test_body(&row[3]);
    }
}

/// Tests that name their operation in a variable of the file.
fn calls_by_name(row: &[String]) -> bool {
    let body = test_body(&row[3]);
    body.contains(&format!("= \"{}\";", row[0]))
}
