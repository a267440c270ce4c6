//! The language under criterion, for the record; `compare` is the one with peers and floors.
#![allow(missing_docs, reason = "criterion's macros")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use scim_core::filter::Filter;
use scim_core::message::ListResponse;
use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::resource::User;
use scim_core::resource::view::UserView;
use scim_core::schema::ResourceSchemas;
use serde_json::Value;

fn load(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/bench").join(name);
    std::fs::read_to_string(path).unwrap_or_default()
}

fn language(c: &mut Criterion) {
    let inputs: Value = serde_json::from_str(&load("inputs.json")).unwrap_or_default();
    let users = load("users-1000.json");
    let list: Value = serde_json::from_str(&users).unwrap_or_default();
    let values = list["Resources"].as_array().cloned().unwrap_or_default();
    for (name, text) in inputs["filters"].as_object().into_iter().flatten() {
        let text = text.as_str().unwrap_or_default();
        c.bench_function(&format!("filter/{name}"), |b| b.iter(|| Filter::parse(black_box(text))));
        let Ok(matcher) =
            Filter::parse(text).map_err(drop).and_then(|f| f.compile(&ResourceSchemas::user()).map_err(drop))
        else {
            continue;
        };
        c.bench_function(&format!("eval/{name}"), |b| {
            b.iter(|| values.iter().filter(|user| matcher.matches(user)).count());
        });
    }
    let negations = ["not (a pr)"; 1000].join(" and ");
    c.bench_function("hostile/negations", |b| {
        b.iter(|| Filter::parse(black_box(&negations)).map(|filter| black_box(filter.to_string())));
    });
    c.bench_function("list/typed", |b| {
        b.iter(|| serde_json::from_str::<ListResponse<User>>(black_box(&users)).is_ok());
    });
    c.bench_function("list/borrowed", |b| {
        b.iter(|| serde_json::from_str::<ListResponse<UserView<'_>>>(black_box(&users)).is_ok());
    });
    let options = PatchOptions::strict();
    for name in ["replace_nested", "replace_name"] {
        let body = &inputs["patches"][name];
        let mut user = values.first().cloned().unwrap_or_default();
        let schemas = ResourceSchemas::user();
        c.bench_function(&format!("patch/{name}"), |b| {
            b.iter(|| {
                PatchOp::read(body, &options).is_ok_and(|patch| patch.apply(&mut user, &schemas, &options).is_ok())
            });
        });
    }
}

criterion_group!(benches, language);
criterion_main!(benches);
