//! `docs/embedded-authentik.md` against the code: every rule of the facts has a row with tests that
//! exist and name it, every switch a row with its defaults.

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: a panic is its result")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use authentik_client::embedded::{Profile, Switches};

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of the table under a heading, each as its cells.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let page = read("docs/embedded-authentik.md");
    let (_, part) = page.split_once(&format!("\n## {heading}")).unwrap_or_else(|| panic!("no chapter {heading}"));
    let part = part.split_once("\n## ").map_or(part, |(part, _)| part);
    let table = part.lines().filter(|line| line.starts_with("| ")).skip(1);
    table
        .map(|line| {
            line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('|').trim().to_owned()).collect()
        })
        .collect()
}

/// What stands in backticks in a cell.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The comment in front of a test, if there is such a test.
fn test(name: &str) -> Option<String> {
    let (file, function) = name.split_once("::").unwrap_or_else(|| panic!("{name}: write file::test"));
    let path = match file.strip_prefix("unit ") {
        Some(module) => format!("authentik-client/src/embedded/{module}.rs"),
        None => format!("authentik-client/tests/{file}.rs"),
    };
    let source = read(&path);
    // A series of the replay is a line of a macro.
    let at = source.find(&format!("fn {function}()")).or_else(|| source.find(&format!("    {function} = ")))?;
    let comment: Vec<&str> =
        source[..at].lines().rev().skip(1).take_while(|line| line.trim_start().starts_with(['/', '#'])).collect();
    Some(comment.join(" "))
}

#[test]
fn every_rule_has_a_row_and_a_test_that_names_it() {
    let rows = rows("Rules");
    let numbers: Vec<usize> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=25).collect::<Vec<_>>());
    for row in &rows {
        let [number, _, mark, switches, tests] = row.as_slice() else { panic!("{row:?}") };
        assert!(["rec", "src", "doc", "lib", "inf", "–"].iter().any(|known| mark.starts_with(known)), "{row:?}");
        let known: BTreeSet<&str> =
            Switches::default().all().iter().map(|switch| switch.name).chain(["profile"]).collect();
        for switch in quoted(switches) {
            assert!(known.contains(switch), "rule {number}: no switch {switch}");
        }
        let names = |comment: &str| {
            let comment = comment.replace([',', '.'], " ");
            comment.contains("/// Rule") && comment.split_whitespace().any(|word| word == number)
        };
        let comments =
            quoted(tests).into_iter().map(|name| test(name).unwrap_or_else(|| panic!("rule {number}: no test {name}")));
        let comments: Vec<String> = comments.collect();
        assert!(comments.iter().any(|comment| names(comment)), "no test of rule {number} names it");
    }
}

#[test]
fn every_switch_has_a_row_with_its_values_and_its_default_in_each_profile() {
    let rows: BTreeMap<String, Vec<String>> =
        rows("Switches").into_iter().map(|row| (quoted(&row[0])[0].to_owned(), row)).collect();
    let names: BTreeSet<String> = Switches::default().all().iter().map(|switch| switch.name.to_owned()).collect();
    let documented: BTreeSet<String> = rows.keys().cloned().collect();
    assert_eq!(documented, names);
    for (column, profile) in Profile::ALL.iter().enumerate() {
        for switch in Switches::new(*profile).all() {
            let row = &rows[switch.name];
            if switch.name == "profile" {
                continue;
            }
            assert_eq!(row[1], switch.values.join(", "), "{}", switch.name);
            assert_eq!(row[2 + column], switch.default, "{} in {profile}", switch.name);
        }
    }
}

#[test]
fn every_switch_is_set_by_a_test() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = ["embedded_switches", "embedded_api", "embedded_tasks", "embedded_scope", "embedded_writes"];
    let sources = files.map(|name| std::fs::read_to_string(folder.join(format!("{name}.rs"))).unwrap());
    for switch in Switches::default().all().iter().filter(|switch| switch.name != "profile") {
        let quoted = format!("\"{}\"", switch.name);
        assert!(sources.iter().any(|source| source.contains(&quoted)), "{} is set by no test", switch.name);
    }
}

#[test]
fn every_recording_that_the_page_names_is_there() {
    let names =
        std::fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata/authentik/recordings")).unwrap();
    let names: Vec<String> = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    let page = read("docs/embedded-authentik.md");
    let is_file = |word: &&str| {
        word.len() >= 3 && word.starts_with(['D', 'E', 'G', 'H']) && word[1..].chars().all(|c| c.is_ascii_digit())
    };
    let words: Vec<&str> = page.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_file).collect();
    assert!(words.len() > 10, "the page names recordings");
    for word in words {
        assert!(names.iter().any(|name| name.starts_with(&format!("{word}-"))), "no recording {word}");
    }
}
