//! Reading the recorded files.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;

/// One recorded file.
pub(crate) fn recording(file: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../testdata/authentik/recordings/{file}.json"));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

pub(crate) fn exchanges(file: &str) -> Vec<Value> {
    let mut all = recording(file)["exchanges"].as_array().unwrap().clone();
    all.sort_by(|a, b| a["at_s"].as_f64().unwrap().total_cmp(&b["at_s"].as_f64().unwrap()));
    all
}

/// When a file's first exchange began. Each API answer's `Date` (whole seconds) was written between the
/// start and the end of its call, which leaves a short span for the beginning: its middle.
fn start_of(file: &str) -> Timestamp {
    let (mut low, mut high) = (i64::MIN, i64::MAX);
    for exchange in exchanges(file) {
        let Some(date) = exchange["response_headers"]["date"].as_str() else { continue };
        if exchange["side"] != "api" {
            continue;
        }
        let date = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", date).unwrap().to_datetime().unwrap();
        let date = date.to_zoned_datetime(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_millisecond();
        let at = (exchange["at_s"].as_f64().unwrap() * 1000.0).round() as i64;
        low = low.max(date - at - exchange["ms"].as_f64().unwrap_or(0.0) as i64);
        high = high.min(date + 1000 - at);
    }
    Timestamp::from_millisecond(low.midpoint(high)).unwrap()
}

/// When each of some files that follow each other began.
pub(crate) fn starts_of(files: &[&str]) -> Vec<Timestamp> {
    let mut starts = Vec::new();
    let mut end = Timestamp::MIN;
    for file in files {
        // The span that the dates leave may reach into the file before.
        let start = start_of(file).max(end);
        let ends = exchanges(file).into_iter().filter(|exchange| exchange["side"] == "api").map(|exchange| {
            let seconds = exchange["at_s"].as_f64().unwrap() + exchange["ms"].as_f64().unwrap_or(0.0) / 1000.0;
            (seconds * 1000.0) as i64
        });
        end = start + jiff::SignedDuration::from_millis(ends.max().unwrap_or(0));
        starts.push(start);
    }
    starts
}
