//! `bulkId:x`, the name of a resource that another operation of the same request makes (RFC 7644 §3.7.2).
//!
//! It stands as a whole value in data, as a whole segment of an operation's path, and as a whole value in the filter of a
//! PATCH path; the prefix in any case. Anywhere else it is text.

use std::ops::Range;

use serde_json::Value;

const PREFIX: &str = "bulkId:";
/// JSON that arrived as text is at most 128 deep.
const MAX_DEPTH: usize = 128;
/// What ends a word of a filter, besides a quote.
const BETWEEN_WORDS: &[u8] = b" []()";

/// The name that a value is, if it is nothing else.
fn whole(text: &str) -> Option<&str> {
    let (prefix, name) = text.split_at_checked(PREFIX.len())?;
    (prefix.eq_ignore_ascii_case(PREFIX) && !name.is_empty()).then_some(name)
}

/// Whether a value with that name may be mere text: it is where no operation has the name.
pub(crate) fn may_be_text(name: &str) -> bool {
    name.contains(char::is_whitespace)
}

/// Every name in the path of an operation, with the bytes that it and its prefix take.
pub(crate) fn in_url(path: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut next = 0;
    let segments = path.split('?').next().unwrap_or_default().split('/');
    segments.filter_map(move |segment| {
        let at = next..next + segment.len();
        next = at.end + 1;
        whole(segment).map(|name| (at, name))
    })
}

/// Every name in the filter of a PATCH path, with the bytes of the value: quotes included, and there may be none
/// ([`Quirk::UnquotedFilterValue`](crate::quirk::Quirk::UnquotedFilterValue)).
fn in_filter(path: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let bytes = path.as_bytes();
    let mut next = path.find('[').unwrap_or(bytes.len());
    let words = std::iter::from_fn(move || {
        let start = next;
        next += 1;
        match bytes.get(start)? {
            b'"' => {
                while let Some(byte) = bytes.get(next) {
                    next += if *byte == b'\\' { 2 } else { 1 };
                    if *byte == b'"' {
                        break;
                    }
                }
            }
            byte if BETWEEN_WORDS.contains(byte) => {}
            _ => {
                let goes_on = |byte: &u8| *byte != b'"' && !BETWEEN_WORDS.contains(byte);
                next += bytes.get(next..).unwrap_or_default().iter().take_while(|byte| goes_on(byte)).count();
            }
        }
        Some(start..next.min(bytes.len()))
    });
    words.filter_map(move |at| {
        let word = path.get(at.clone())?;
        let text = match word.strip_prefix('"') {
            Some(text) => text.strip_suffix('"')?,
            None => word,
        };
        whole(text).map(|name| (at, name))
    })
}

/// Every name in data.
pub(crate) fn references_in<'v>(data: &'v Value, note: &mut impl FnMut(&'v str)) {
    fn walk<'v>(data: &'v Value, depth: usize, note: &mut impl FnMut(&'v str)) {
        match data {
            Value::String(text) => whole(text).into_iter().for_each(note),
            Value::Array(list) if depth < MAX_DEPTH => list.iter().for_each(|value| walk(value, depth + 1, note)),
            Value::Object(map) if depth < MAX_DEPTH => map.iter().for_each(|(name, value)| match value {
                Value::String(path) if is_path(name, path) => in_filter(path).for_each(|(_, name)| note(name)),
                value => walk(value, depth + 1, note),
            }),
            _ => {}
        }
    }
    walk(data, 0, note);
}

/// Whether a member of data may be the path of a PATCH operation.
fn is_path(name: &str, text: &str) -> bool {
    name.eq_ignore_ascii_case("path") && whole(text).is_none()
}

/// The text with what `instead` has for a name in its place.
fn put<'t>(
    text: &'t str,
    names: impl Iterator<Item = (Range<usize>, &'t str)>,
    mut instead: impl FnMut(&'t str) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, name) in names {
        if let Some(instead) = instead(name) {
            out.push_str(text.get(done..at.start).unwrap_or_default());
            out.push_str(&instead);
            done = at.end;
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// The path of an operation with segments in place of the names that have one.
#[cfg(any(feature = "provider", test))]
pub(crate) fn resolve_url(path: &str, segment_of: impl Fn(&str) -> Option<String>) -> String {
    put(path, in_url(path), segment_of)
}

/// Puts ids in place of `bulkId:x` in the data of an operation. Returns the names that have no id yet.
pub fn resolve_bulk_ids<'i>(data: &mut Value, id_of: &impl Fn(&str) -> Option<&'i str>) -> Vec<String> {
    fn walk<'i>(data: &mut Value, depth: usize, id_of: &mut impl FnMut(&str) -> Option<&'i str>) {
        match data {
            Value::String(text) => {
                if let Some(id) = whole(text).and_then(id_of) {
                    *text = id.to_owned();
                }
            }
            Value::Array(list) if depth < MAX_DEPTH => list.iter_mut().for_each(|value| walk(value, depth + 1, id_of)),
            Value::Object(map) if depth < MAX_DEPTH => map.iter_mut().for_each(|(name, value)| match value {
                // Escaped, or the id could say more than the value that it is.
                Value::String(path) if is_path(name, path) => {
                    *path = put(path, in_filter(path), |name| Some(Value::from(id_of(name)?).to_string()));
                }
                value => walk(value, depth + 1, id_of),
            }),
            _ => {}
        }
    }
    let mut missing = Vec::new();
    walk(data, 0, &mut |name: &str| {
        let id = id_of(name);
        if id.is_none() && !may_be_text(name) {
            missing.push(name.to_owned());
        }
        id
    });
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
        let data = json!({"path": "/Groups/bulkId:s", "x": [{"path": "bulkId:t"}, "bulkId:r", "bulkId:"]});
        let mut names = Vec::new();
        references_in(&data, &mut |name| names.push(name.to_owned()));
        names.sort();
        assert_eq!(names, ["r", "t"]);
        assert_eq!(resolve_bulk_ids(&mut json!(["bulkId:p q"]), &|_| None), [""; 0]);
    }

    #[test]
    fn finds_names_in_paths() {
        let url = |path: &str| resolve_url(path, |name| Some(format!("<{name}>")));
        assert_eq!(url("/Users/BULKID:u?x=/bulkId:v"), "/Users/<u>?x=/bulkId:v");
        assert_eq!(url("bulkId:bulkId:x/y/bulkId:"), "<bulkId:x>/y/bulkId:");
        for (path, names) in [
            ("a[b eq \"bulkId:x\" and (c eq bulkId:y)].bulkId:z", &["x", "y"][..]),
            ("a[b eq \"\\\"bulkId:x\" or b eq \"bulkId:\" or b eq \"ü\\ü\"] bulkId:é", &["é"]),
            ("a[b eq \"bulkId:x", &[]),
            ("a[b eq \"bulkId:x\\", &[]),
            ("bulkId:x \"bulkId:y\"", &[]),
        ] {
            let found: Vec<&str> = in_filter(path).map(|(_, name)| name).collect();
            assert_eq!(found, names, "{path}");
        }
    }
}
