//! PATCH: what is read writes by the letter, a refused change leaves nothing behind, repeating changes nothing, and
//! the difference between before and after is itself a PATCH.

use scim_core::message::ScimError;
use scim_core::patch::{Applied, DiffOptions, Op, PatchError, PatchOp, PatchOptions, diff};
use scim_core::path::PatchPath;
use scim_core::quirk::Quirks;
use scim_core::resource::Resource;
use scim_core::schema::{Direction, ResourceSchemas, Schema};
use serde_json::{Deserializer, Value};

use super::generate::resource_and_patch;
use super::json::{folded, has_clear_names, has_empty_element, is_unassigned, pruned, same};

/// An error is one line that an answer can carry.
fn check_error(error: &PatchError) {
    let text = error.to_string();
    assert!(!text.contains(['\n', '\r']), "more than one line: {text:?}");
    assert!(text.len() < 4096, "an error of {} bytes", text.len());
    let answer = ScimError::from(error);
    assert_eq!(answer.status, 400, "{text}");
    let again = serde_json::to_string(&answer).ok().and_then(|body| serde_json::from_str::<ScimError>(&body).ok());
    assert_eq!(again, Some(answer), "{text}");
}

/// Target `patch_op`: a PATCH body.
pub fn patch_op(data: &[u8]) {
    let strict = PatchOp::from_json(data, &PatchOptions::strict());
    let lenient = PatchOp::from_json(data, &PatchOptions::lenient());
    let body = serde_json::from_slice::<Value>(data);
    if let Ok(Value::Object(_)) = &body
        && serde_json::from_slice::<Resource>(data).is_err()
    {
        assert!(strict.is_err() && lenient.is_err(), "a name stands twice, which the last one may not win");
    } else if let Ok(body) = body {
        assert_eq!(PatchOp::read(&body, &PatchOptions::strict()), strict, "from text and from JSON differ");
        assert_eq!(PatchOp::read(&body, &PatchOptions::lenient()), lenient, "from text and from JSON differ");
    }
    for error in [&strict, &lenient].into_iter().filter_map(|outcome| outcome.as_ref().err()) {
        check_error(error);
    }
    if let Ok(patch) = &strict {
        assert!(patch.quirks().is_empty(), "strict used {}", patch.quirks());
        assert_eq!(lenient.as_ref(), Ok(patch), "leniency changed what the letter accepts");
    }
    let Ok(patch) = lenient else { return };
    let text = match serde_json::to_vec(&patch) {
        Ok(text) => text,
        Err(error) => panic!("{patch:?} does not write: {error}"),
    };
    match PatchOp::from_json(&text, &PatchOptions::strict()) {
        Ok(again) => assert_eq!(again.operations, patch.operations, "written as another one"),
        Err(error) => panic!("{} is not by the letter: {error}", String::from_utf8_lossy(&text)),
    }
}

/// Target `apply`: two JSON documents, a resource and a PATCH body; or, if it does not begin with `{`, choices of
/// which both are made.
pub fn apply(data: &[u8]) {
    let (before, body) = if data.trim_ascii_start().first() == Some(&b'{') {
        let mut documents = Deserializer::from_slice(data).into_iter::<Value>();
        let (Some(Ok(before)), Some(Ok(body))) = (documents.next(), documents.next()) else { return };
        (before, body)
    } else {
        resource_and_patch(data)
    };
    for schemas in [ResourceSchemas::user(), ResourceSchemas::group()] {
        let strict = check(&before, &body, &schemas, &PatchOptions::strict());
        let lenient = check(&before, &body, &schemas, &PatchOptions::lenient());
        if let Some((after, applied)) = strict {
            assert!(applied.quirks.is_empty(), "strict used {}\n{before}\n{body}", applied.quirks);
            let lenient = lenient.map(|(after, applied)| (after, applied.changed));
            let outcome = Some((after, applied.changed));
            assert_eq!(outcome, lenient, "leniency changed what the letter does\n{before}\n{body}");
        }
        for quirks in [Quirks::ENTRA, Quirks::ENTRA_RFC, Quirks::OKTA, Quirks::AUTHENTIK, Quirks::SALESFORCE] {
            check(&before, &body, &schemas, &PatchOptions::new(quirks));
        }
    }
}

/// One reading and application; what came out, if it was accepted.
fn check(before: &Value, body: &Value, schemas: &ResourceSchemas, options: &PatchOptions) -> Option<(Value, Applied)> {
    let patch = PatchOp::read(body, options).ok()?;
    let case = || format!("\nbefore {before}\nbody   {body}\nquirks {}", options.quirks());
    let mut after = before.clone();
    let applied = match patch.apply(&mut after, schemas, options) {
        Ok(applied) => applied,
        Err(error) => {
            check_error(&error);
            assert_eq!(after, *before, "changed although refused: {error}{}", case());
            return None;
        }
    };
    let tolerated = applied.quirks.union(options.quirks());
    assert_eq!(tolerated, options.quirks(), "used more than is tolerated: {}{}", applied.quirks, case());
    assert!(applied.changed || after == *before, "unchanged, they say: {after}{}", case());
    if !has_clear_names(before) {
        return Some((after, applied));
    }
    if let [_] = patch.operations.as_slice() {
        assert!(!applied.changed || after != *before, "changed, they say{}", case());
    }
    assert!(has_clear_names(&after) || !has_clear_names(body), "a name twice: {after}{}", case());
    assert!(!has_empty_element(&after) || has_empty_element(before), "an element without values: {after}{}", case());
    assert!(
        names_its_extensions(&after, schemas) || !names_its_extensions(before, schemas),
        "`schemas` does not tell what the resource holds: {after}{}",
        case()
    );
    if schemas.validate(before, Direction::Replace).is_empty() {
        check_repeated(&patch, &after, schemas, options, &case);
        check_difference(before, &after, schemas, &case);
    }
    Some((after, applied))
}

/// Whether `schemas` names every extension that holds something.
fn names_its_extensions(resource: &Value, schemas: &ResourceSchemas) -> bool {
    let Some(map) = resource.as_object() else { return true };
    let named = |uri: &str| {
        let list = folded(map, "schemas").and_then(Value::as_array);
        list.into_iter().flatten().any(|known| known.as_str().is_some_and(|known| known.eq_ignore_ascii_case(uri)))
    };
    let holds = |uri: &str| folded(map, uri).is_some_and(|value| value.is_object() && !is_unassigned(&pruned(value)));
    schemas.extensions().iter().all(|schema| !holds(schema.id()) || named(schema.id()))
}

/// Whether the operation says what there is to be, whatever there is: no filter that may match no longer.
fn is_idempotent(patch: &PatchOp, op: Op) -> bool {
    let has_path_key = |value: &Value| value.as_object().is_some_and(|map| map.keys().any(|key| key.contains('[')));
    patch.operations.iter().all(|operation| {
        // What `schemas` keeps depends on what the resource holds, which another operation may change.
        let is_one = patch.operations.len() == 1;
        let is_plain = |path: &PatchPath| {
            path.filter().is_none() && (is_one || !path.attribute().name().eq_ignore_ascii_case("schemas"))
        };
        operation.op == op
            && operation.path.as_ref().is_none_or(is_plain)
            && !operation.value.as_ref().is_some_and(has_path_key)
    })
}

/// A replace twice is a replace once, and so is a single add.
fn check_repeated(
    patch: &PatchOp,
    once: &Value,
    schemas: &ResourceSchemas,
    options: &PatchOptions,
    case: &dyn Fn() -> String,
) {
    let is_one = patch.operations.len() == 1;
    if !(is_idempotent(patch, Op::Replace) || (is_one && is_idempotent(patch, Op::Add))) {
        return;
    }
    let mut twice = once.clone();
    match patch.apply(&mut twice, schemas, options) {
        Ok(again) => {
            assert_eq!(&twice, once, "twice is not once{}", case());
            assert!(!again.changed || !is_one, "the second time changed something: {once}{}", case());
        }
        // One operation of several may take away what another one needs.
        Err(error) => assert!(!is_one, "refused the second time: {error}\nonce   {once}{}", case()),
    }
}

/// Whether a group has two members of one `value`, by which members are known: no PATCH makes such a group.
fn has_member_twice(resource: &Value) -> bool {
    let members = resource.as_object().and_then(|map| folded(map, "members")).and_then(Value::as_array);
    let key = |member: &Value| Some(folded(member.as_object()?, "value")?.as_str()?.to_owned());
    let mut keys: Vec<String> = members.into_iter().flatten().filter_map(key).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

/// The difference between two resources leads from the one to the other.
fn check_difference(before: &Value, after: &Value, schemas: &ResourceSchemas, case: &dyn Fn() -> String) {
    if !schemas.validate(after, Direction::Replace).is_empty() || has_member_twice(after) {
        return;
    }
    let patches = match diff(before, after, schemas, &DiffOptions::new()) {
        Ok(patches) => patches,
        Err(error) => {
            // What may not change, and names that no path can say.
            assert!(["mutability", "invalidPath"].contains(&error.scim_type().as_str()), "{error}{}", case());
            return;
        }
    };
    let mut there = before.clone();
    for patch in &patches {
        if let Err(error) = patch.apply(&mut there, schemas, &PatchOptions::strict().with_unknown_attributes()) {
            panic!("the difference is refused: {error}\nafter  {after}\npatch  {patch:?}{}", case());
        }
    }
    let [mut there, mut after] = [pruned(&there), pruned(after)];
    for resource in [&mut there, &mut after] {
        keep_told_schemas(resource, schemas);
    }
    assert!(same(&there, &after), "the difference leads elsewhere\nthere  {there}\nafter  {after}{}", case());
    check_known_difference(before, &after, schemas, case);
}

/// `schemas` follows from what the resource holds: URIs of the resource type that stand for nothing are not compared,
/// nor are those that stand for something.
fn keep_told_schemas(resource: &mut Value, schemas: &ResourceSchemas) {
    let Some(map) = resource.as_object_mut() else { return };
    let held: Vec<String> = map.iter().filter(|(_, value)| value.is_object()).map(|(name, _)| name.clone()).collect();
    if let Some(Value::Array(list)) = map.get_mut("schemas") {
        list.retain(|uri| {
            let uri = uri.as_str().unwrap_or_default().to_ascii_lowercase();
            let is_ours = |schema: &Schema| schema.id().eq_ignore_ascii_case(&uri);
            !is_ours(schemas.core()) && !schemas.extensions().iter().any(is_ours) && !held.contains(&uri)
        });
        for uri in list {
            *uri = Value::from(uri.as_str().unwrap_or_default().to_ascii_lowercase());
        }
    }
    if map.get("schemas").is_some_and(is_unassigned) {
        map.remove("schemas");
    }
}

/// The difference in what the schemas know is by the letter.
fn check_known_difference(before: &Value, after: &Value, schemas: &ResourceSchemas, case: &dyn Fn() -> String) {
    let Ok(patches) = diff(before, after, schemas, &DiffOptions::new().with_only_known()) else { return };
    let mut there = before.clone();
    for patch in &patches {
        if let Err(error) = patch.apply(&mut there, schemas, &PatchOptions::strict()) {
            panic!("the known difference is refused: {error}\nafter  {after}\npatch  {patch:?}{}", case());
        }
    }
}
