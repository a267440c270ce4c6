//! The examinations, one file per side that is looked at. No IO.

mod groups;
mod guard;
mod setup;
mod sync;
mod users;

use serde_json::Value;

use super::chart::Chart;
use super::finding::Finding;
use super::remote::RemoteView;

const DOUBLE: &str =
    "Delete the links to what the server does not hold; where several are there, delete all but the right one.";

pub(super) fn all(chart: &Chart, remote: &RemoteView) -> Vec<Finding> {
    let mut found = chart.unseen.clone();
    setup::check(chart, remote, &mut found);
    sync::check(chart, &mut found);
    users::check(chart, remote, &mut found);
    groups::check(chart, remote, &mut found);
    guard::check(chart, remote, &mut found);
    found
}

/// A value for a person, at most 120 characters of it.
fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = value.to_string();
    if text.chars().count() <= 120 {
        return text;
    }
    let head: String = text.chars().take(117).collect();
    format!("{head}...")
}
