//! `bulkId:x`, the name of a resource that another operation of the same request makes (RFC 7644 §3.7.2).
//!
//! It stands as a whole value in data, as a segment of a path, and in the path of a PATCH operation, filter included; the
//! prefix in any case. Anywhere else it is text.

use serde_json::Value;

const PREFIX: &str = "bulkId:";
/// JSON that arrived as text is at most 128 deep.
const MAX_DEPTH: usize = 128;

/// Every name in a path, with the byte at which its `bulkId:` begins.
pub(crate) fn references(path: &str) -> impl Iterator<Item = (usize, &str)> {
    let prefixes = path.match_indices(':').filter_map(|(colon, _)| {
        let at = (colon + 1).checked_sub(PREFIX.len())?;
        path.get(at..=colon)?.eq_ignore_ascii_case(PREFIX).then_some(at)
    });
    prefixes.map(move |at| {
        let rest = path.get(at + PREFIX.len()..).unwrap_or_default();
        let end = rest.find(['"', '\'', '/', ']', ')', '?', ' ']).unwrap_or(rest.len());
        (at, rest.get(..end).unwrap_or_default())
    })
}

/// The name that a value is, if it is nothing else.
fn whole(text: &str) -> Option<&str> {
    let (prefix, name) = text.split_at_checked(PREFIX.len())?;
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    (prefix.eq_ignore_ascii_case(PREFIX) && is_name).then_some(name)
}

/// Every name in data.
pub(crate) fn references_in<'v>(data: &'v Value, note: &mut impl FnMut(&'v str)) {
    fn walk<'v>(data: &'v Value, depth: usize, note: &mut impl FnMut(&'v str)) {
        match data {
            Value::String(text) => whole(text).into_iter().for_each(note),
            Value::Array(list) if depth < MAX_DEPTH => list.iter().for_each(|value| walk(value, depth + 1, note)),
            Value::Object(map) if depth < MAX_DEPTH => map.iter().for_each(|(name, value)| match value {
                Value::String(path) if name.eq_ignore_ascii_case("path") => {
                    references(path).for_each(|(_, name)| note(name));
                }
                value => walk(value, depth + 1, note),
            }),
            _ => {}
        }
    }
    walk(data, 0, note);
}

/// A path with ids in place of the names that have one; `missing` hears of the others.
pub(crate) fn resolve_path<'i>(
    path: &str,
    id_of: &impl Fn(&str) -> Option<&'i str>,
    missing: &mut Vec<String>,
) -> String {
    let mut out = String::with_capacity(path.len());
    let mut done = 0;
    for (at, name) in references(path) {
        match id_of(name) {
            Some(id) if at >= done => {
                out.push_str(path.get(done..at).unwrap_or_default());
                out.push_str(id);
                done = at + PREFIX.len() + name.len();
            }
            Some(_) => {}
            None => missing.push(name.to_owned()),
        }
    }
    out.push_str(path.get(done..).unwrap_or_default());
    out
}

/// Puts ids in place of `bulkId:x` in the data of an operation. Returns the names that have no id yet.
pub fn resolve_bulk_ids<'i>(data: &mut Value, id_of: &impl Fn(&str) -> Option<&'i str>) -> Vec<String> {
    fn walk<'i>(data: &mut Value, depth: usize, id_of: &impl Fn(&str) -> Option<&'i str>, missing: &mut Vec<String>) {
        match data {
            Value::String(text) => match whole(text).map(|name| (name, id_of(name))) {
                Some((_, Some(id))) => *text = id.to_owned(),
                Some((name, None)) => missing.push(name.to_owned()),
                None => {}
            },
            Value::Array(list) if depth < MAX_DEPTH => {
                for value in list {
                    walk(value, depth + 1, id_of, missing);
                }
            }
            Value::Object(map) if depth < MAX_DEPTH => map.iter_mut().for_each(|(name, value)| match value {
                Value::String(path) if name.eq_ignore_ascii_case("path") => *path = resolve_path(path, id_of, missing),
                value => walk(value, depth + 1, id_of, missing),
            }),
            _ => {}
        }
    }
    let mut missing = Vec::new();
    walk(data, 0, id_of, &mut missing);
    missing
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn puts_ids_in_place() {
        let mut data = json!({"path": "members[value eq \"bulkId:a\"]", "value": [{"value": "bulkId:b"}], "other": "bulkIdea", "title": "say \"bulkId:c\" twice"});
        let missing = resolve_bulk_ids(&mut data, &|name| (name == "a").then_some("1"));
        assert_eq!(missing, ["b"]);
        assert_eq!(data["path"], "members[value eq \"1\"]");
        assert_eq!((&data["other"], &data["title"]), (&json!("bulkIdea"), &json!("say \"bulkId:c\" twice")));
        let data = json!({"path": "/Groups/bulkId:s/t", "x": ["bulkId:p q", "bulkId:r", "bulkId:"]});
        let mut names = Vec::new();
        references_in(&data, &mut |name| names.push(name.to_owned()));
        assert_eq!(names, ["s", "r"]);
    }
}
