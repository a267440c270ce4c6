//! Lists: query, filters, order, pages (facts §1; recording G15).

use http::StatusCode;

use super::super::ids::{canonical_uuid, is_uuid};
use super::super::json::{Json, object};
use super::fields::boolean;
use super::reply::{Answer, Outcome};

/// A parsed query string; names may repeat.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Self(pairs.collect())
    }

    /// The last value of a name, as Django reads it; empty ones count as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).filter(|v| !v.is_empty())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A boolean; odd ones are ignored.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(boolean)
    }

    /// A number, or the 400 that a malformed one gets.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Answer> {
        let Some(text) = self.get(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Answer::field(name, "Enter a number."))
    }

    /// A uuid of a plain filter.
    pub(crate) fn uuid(&self, name: &str) -> Result<Option<String>, Answer> {
        match self.get(name) {
            None => Ok(None),
            Some(text) if is_uuid(text) => Ok(Some(canonical_uuid(text))),
            Some(_) => Err(Answer::field(name, "Enter a valid UUID.")),
        }
    }

    /// A value of a filter with choices, several allowed.
    pub(crate) fn choices(&self, name: &str, choices: &[&str]) -> Result<Vec<String>, Answer> {
        self.all(name)
            .map(|value| {
                let known = choices.contains(&value);
                known.then(|| value.to_owned()).ok_or_else(|| {
                    let message = format!("Select a valid choice. {value} is not one of the available choices.");
                    Answer::field(name, message)
                })
            })
            .collect()
    }

    /// Whether a text or any of the fields match `search`: words contained in a field, or a query
    /// `field = "value"`; a malformed query finds nothing.
    pub(crate) fn search_matches(&self, fields: &[(&str, &str)]) -> bool {
        let Some(search) = self.get("search") else { return true };
        if let Some((name, value)) = search.split_once('=') {
            let (name, value) = (name.trim().trim_end_matches('!'), value.trim());
            let Some(value) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else { return false };
            return fields.iter().any(|(known, text)| *known == name && *text == value);
        }
        search.split_whitespace().all(|word| {
            let word = word.to_lowercase();
            fields.iter().any(|(_, text)| text.to_lowercase().contains(&word))
        })
    }
}

fn decode(text: &str) -> String {
    let plus = text.replace('+', " ");
    percent_encoding::percent_decode_str(&plus).decode_utf8_lossy().into_owned()
}

/// A value to sort by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Flag(bool),
    Number(i64),
    Text(String),
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// One page of `items` with authentik's pagination object. `default`: the order without `ordering`.
pub(crate) fn page<T>(
    query: &Query,
    mut items: Vec<T>,
    default: &str,
    key: impl Fn(&T, &str) -> Option<Key>,
    render: impl FnMut(&T) -> Json,
    autocomplete: Json,
) -> Outcome {
    let known = |name: &str| items.first().is_some_and(|item| key(item, name).is_some());
    let asked: Vec<String> = query
        .get("ordering")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| known(name.trim_start_matches('-')))
        .map(str::to_owned)
        .collect();
    let order = if asked.is_empty() { vec![default.to_owned()] } else { asked };
    for name in order.iter().rev() {
        if let Some(name) = name.strip_prefix('-') {
            items.sort_by_key(|item| std::cmp::Reverse(key(item, name)));
        } else if !name.is_empty() {
            items.sort_by_key(|item| key(item, name));
        }
    }
    let size = query.get("page_size").and_then(|size| size.parse::<usize>().ok()).filter(|size| *size > 0);
    let size = size.unwrap_or(20).min(100);
    let count = items.len();
    let pages = count.div_ceil(size).max(1);
    let current = match query.get("page") {
        None => 1,
        Some("last") => pages,
        Some(page) => match page.parse::<usize>() {
            Ok(page) if page >= 1 && page <= pages => page,
            _ => return Err(Answer::detail(StatusCode::NOT_FOUND, "Invalid page.")),
        },
    };
    let skip = (current - 1) * size;
    let results: Vec<Json> = items.iter().skip(skip).take(size).map(render).collect();
    let (start, end) = if count == 0 { (0, 0) } else { (skip + 1, (skip + size).min(count)) };
    let pagination = object! {
        "next" => if current < pages { current + 1 } else { 0 },
        "previous" => current - 1,
        "count" => count,
        "current" => current,
        "total_pages" => pages,
        "start_index" => start,
        "end_index" => end,
    };
    Ok(Answer::ok(object! { "pagination" => pagination, "results" => results, "autocomplete" => autocomplete }))
}

/// The `autocomplete` of lists without one.
pub(crate) fn nothing() -> Json {
    Json::Object(Vec::new())
}
