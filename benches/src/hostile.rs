//! Inputs made to hurt: each once as the corpus has it and once twice as long, so that time per megabyte and its growth
//! can be seen. Every one is read strictly, printed where it is accepted, and dropped.

use std::hint::black_box;
use std::time::Duration;

use scim_core::filter::Filter;
use scim_core::message::PATCH_OP;
use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::path::PatchPath;
use scim_core::schema::ResourceSchemas;
use serde_json::{Value, json};

use crate::patches::{Reset, patching};
use crate::{Contender, Problem, timed};

/// Nanoseconds for a megabyte of such input.
#[expect(clippy::cast_precision_loss, reason = "lengths of inputs are far below 2^52")]
pub(crate) fn per_mb(ns: f64, bytes: usize) -> f64 {
    ns * 1e6 / bytes.max(1) as f64
}

type Run = Box<dyn FnMut(u32) -> Duration>;

pub(crate) fn hostile(all: &mut Vec<Contender>) -> Result<(), Problem> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/corpus/hostile.json");
    let data: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    for section in ["filter", "path", "patch"] {
        for (at, case) in data[section].as_array().into_iter().flatten().enumerate() {
            let mut push = |who, (run, bytes): (Run, usize)| {
                let contender = Contender::new("hostile", &format!("{section}-{at}"), who, Some(run));
                all.push(Contender { bytes: Some(bytes), ..contender });
            };
            for (who, times) in [("scim-core", 1), ("scim-core twice as long", 2)] {
                match section {
                    "patch" => push(who, patch(at, times)?),
                    _ => push(who, text(section, case, times)?),
                }
            }
            if section == "patch" {
                push("floor value", bare(at, 1)?);
                push("floor value twice as long", bare(at, 2)?);
            }
        }
    }
    Ok(())
}

fn text(section: &str, case: &Value, times: usize) -> Result<(Run, usize), Problem> {
    let text = build(case, times)?;
    let (verdict, bytes) = (case["verdict"].as_str().unwrap_or_default(), text.len());
    let accepts: fn(&str) -> bool = match section {
        "filter" => |text| Filter::parse(text).map(|filter| black_box(filter.to_string())).is_ok(),
        _ => |text| PatchPath::parse(text).map(|path| black_box(path.to_string())).is_ok(),
    };
    if times == 1 && verdict != "either" && accepts(&text) != (verdict == "accept") {
        return Err(format!("{case}: not {verdict}ed").into());
    }
    let run = timed(move || accepts(black_box(&text))).ok_or("nothing to run")?;
    Ok((run, bytes))
}

/// The text of a case with `times` the repetitions.
fn build(case: &Value, times: usize) -> Result<String, Problem> {
    let n = usize::try_from(case["n"].as_u64().ok_or("no n")?)?;
    let part = |name: &str| case[name].as_str().unwrap_or_default();
    let Some(join) = case["join"].as_str() else {
        // One long word, or one thing repeated.
        let core = ["x", "a"].iter().fold(part("core").to_owned(), |core, letter| {
            core.replace(&format!("{{{letter}*1048576}}"), &letter.repeat(times << 20))
        });
        let n = if n == 1 { 1 } else { n * times };
        return Ok(part("prefix").repeat(n) + &core + &part("suffix").repeat(n));
    };
    let items: Vec<_> = (0..n * times).map(|i| part("item").replace("{i:032x}", &format!("{i:032x}"))).collect();
    let text = items.join(join);
    Ok(case["wrap"].as_str().map_or(text.clone(), |wrap| wrap.replace("{}", &text)))
}

/// The body as JSON value, read and dropped: what everybody pays who reads it with serde_json.
fn bare(at: usize, times: usize) -> Result<(Run, usize), Problem> {
    let PatchCase { text, .. } = patch_case(at, times)?;
    let bytes = text.len();
    let run = timed(move || serde_json::from_str::<Value>(black_box(&text)).is_ok()).ok_or("nothing to run")?;
    Ok((run, bytes))
}

struct PatchCase {
    /// The members that the group has before.
    known: Vec<Value>,
    text: String,
    accepted: bool,
}

fn patch_case(at: usize, times: usize) -> Result<PatchCase, Problem> {
    let member = |i: usize| json!({"value": format!("{i:032x}")});
    let members = |range: std::ops::Range<usize>| range.map(member).collect::<Vec<_>>();
    let body = |operations: Value| json!({"schemas": [PATCH_OP], "Operations": operations}).to_string();
    let add = |value: Value| json!({"op": "add", "path": "members", "value": value});
    Ok(match at {
        0 => {
            let operations: Vec<Value> = (0..10_000 * times).map(|i| add(json!([member(i)]))).collect();
            PatchCase { known: Vec::new(), text: body(json!(operations)), accepted: true }
        }
        1 => {
            let half = 50_000 * times;
            let text = body(json!([add(json!(members(half..half * 3)))]));
            PatchCase { known: members(0..half * 2), text, accepted: true }
        }
        2 => {
            let depth = 10_000 * times;
            let nested = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
            let text = body(json!([{"op": "add", "path": "displayName", "value": "NESTED"}]));
            PatchCase { known: Vec::new(), text: text.replacen("\"NESTED\"", &nested, 1), accepted: false }
        }
        _ => return Err(format!("no such PATCH case: {at}").into()),
    })
}

fn patch(at: usize, times: usize) -> Result<(Run, usize), Problem> {
    let PatchCase { known, text, accepted } = patch_case(at, times)?;
    // More operations than the default takes, so that twice as many are done and not refused.
    let limits = scim_core::limits::Limits::default().with_operations(20_000);
    let options = PatchOptions::strict().with_limits(limits);
    let schemas = ResourceSchemas::group();
    let group =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "g", "members": known});
    let bytes = text.len();
    let job = move |group: &mut Value| {
        let patch = PatchOp::from_json(black_box(text.as_bytes()), &options);
        patch.is_ok_and(|patch| patch.apply(group, &schemas, &options).is_ok())
    };
    let mut check = group.clone();
    if job(&mut check) != accepted {
        return Err(format!("patch-{at}: wrong verdict").into());
    }
    let run = patching(group, Reset::Truncate, move |group, _| job(group)).ok_or("nothing to run")?;
    Ok((run, bytes))
}
