//! What several of them look at.

use serde_json::Value;

pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

pub(crate) fn figure(rfc: u64, section: &str, at: usize) -> Value {
    let figures: Vec<Value> = serde_json::from_str(include_str!("../../../testdata/rfc/bodies.json")).unwrap();
    let mut of_section = figures.into_iter().filter(|it| it["rfc"] == rfc && it["section"] == section);
    of_section.nth(at).unwrap()["body"].take()
}
