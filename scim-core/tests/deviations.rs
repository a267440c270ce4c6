//! `docs/deviations.md` against the code: every quirk has one row, with its presets and with tests that exist.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use scim_core::message::ScimType;
use scim_core::quirk::{Quirk, Quirks};

const DOC: &str = include_str!("../../docs/deviations.md");

/// The cells of the rows of the table of quirks.
fn rows() -> Vec<Vec<String>> {
    let table = DOC.lines().skip_while(|line| !line.starts_with("| quirk |")).skip(2);
    table
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let protected = line.replace("\\|", "\u{0}");
            let cells = protected.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().replace('\u{0}', "|")).collect()
        })
        .collect()
}

#[test]
fn every_quirk_has_one_row() {
    let named: Vec<String> = rows().into_iter().map(|row| row[0].clone()).collect();
    let quirks: Vec<&str> = Quirk::ALL.iter().map(|quirk| quirk.name()).collect();
    assert_eq!(named, quirks);
    for row in rows() {
        assert_eq!(row.len(), 6, "{row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
    }
}

#[test]
fn the_presets_are_those_of_the_table() {
    let presets = [
        ("E", Quirks::ENTRA),
        ("F", Quirks::ENTRA_RFC),
        ("O", Quirks::OKTA),
        ("A", Quirks::AUTHENTIK),
        ("S", Quirks::SALESFORCE),
        ("J", Quirks::JUMPCLOUD),
        ("N", Quirks::ONELOGIN),
        ("C", Quirks::CLOUDFLARE),
    ];
    for (row, quirk) in rows().iter().zip(Quirk::ALL) {
        let letters: Vec<&str> = row[4].split_whitespace().collect();
        for (letter, preset) in presets {
            let listed = letters.contains(&letter) || letters == ["all"];
            assert_eq!(preset.contains(*quirk), listed, "{quirk} and {letter}");
        }
        assert_eq!(Quirks::LENIENT.contains(*quirk), letters != ["–"], "{quirk}");
        assert!(!Quirks::STRICT.contains(*quirk));
    }
}

#[test]
fn what_strict_says_is_a_scim_type() {
    for row in rows() {
        let strict = row[3].as_str();
        let harmless = strict.starts_with("the same") || strict.starts_with("stored");
        let refusals = strict.split(", ").all(|word| !matches!(ScimType::from(word), ScimType::Other(_)));
        assert!(harmless || refusals, "{strict}");
    }
}

#[test]
fn the_named_tests_exist() {
    let functions = [
        include_str!("quirks.rs"),
        include_str!("resources.rs"),
        include_str!("messages/lists.rs"),
        include_str!("messages/errors.rs"),
        include_str!("messages/bulk.rs"),
    ];
    let cases =
        [include_str!("../../testdata/corpus/patch-apply.json"), include_str!("../../testdata/corpus/path-parse.json")];
    let is_test = |name: &str| functions.iter().any(|text| text.contains(&format!("#[test]\nfn {name}() {{")));
    for row in rows() {
        for test in row[5].split(", ") {
            match test.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
                Some(name) => assert!(is_test(name), "no test {name}"),
                None => assert!(cases.iter().any(|text| text.contains(&format!("\"{test}\""))), "no case {test}"),
            }
        }
    }
    let (_, servers) = DOC.split_once("## What servers send").unwrap();
    let named = servers.split('`').skip(1).step_by(2).filter(|word| word.contains('_'));
    let mut seen = 0;
    for name in named {
        assert!(is_test(name), "no test {name}");
        seen += 1;
    }
    assert!(seen >= 7, "{seen}");
}
