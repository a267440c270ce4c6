//! What a request asks for beside its path: filter, order, page, attributes (RFC 7644 §3.4.2 and
//! §3.9, RFC 9865), from a URL's query or from a SearchRequest (§3.4.3).

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::filter::{Filter, ParseOptions};
use crate::message::{SEARCH_REQUEST, ScimError, ScimType};
use crate::path::AttributePath;
use crate::provider::Behaviour;
use crate::provider::project::Projection;
use crate::provider::refusal::{bad, invalid_filter, invalid_syntax, invalid_value, quote};
use crate::resource::{get_folded, is_unassigned};

/// The parameters as they came.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start_index: Option<Number>,
    count: Option<Number>,
    cursor: Option<String>,
    attributes: Option<Vec<String>>,
    excluded: Option<Vec<String>>,
    /// Whether there was any parameter at all, known or not.
    pub(super) any: bool,
    /// Whether they stood in the body, out of reach of logs.
    pub(super) in_body: bool,
}

/// A number, or what stood in its place.
#[derive(Debug, Clone)]
enum Number {
    Given(i64),
    Garbled,
}

impl Number {
    fn of_text(text: &str) -> Self {
        text.trim().parse().map_or(Self::Garbled, Self::Given)
    }
}

/// What to list.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) filter: Option<Filter>,
    pub(super) sort: Option<Sort>,
    pub(super) page: Page,
    pub(super) projection: Projection,
}

#[derive(Debug)]
pub(super) struct Sort {
    pub(super) by: AttributePath,
    pub(super) descending: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    /// From the `start`th match, counted from 1.
    Index { start: usize, count: usize },
    /// After a cursor; an empty one is the beginning.
    Cursor { cursor: String, count: usize },
}

impl Parameters {
    /// From the query of a URL. Unknown parameters are ignored (RFC 7644 §3.4.2).
    pub(super) fn of_url(query: Option<&str>) -> Result<Self, ScimError> {
        let mut parameters = Self::default();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            parameters.any = true;
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name)?;
            let value = decode(value)?;
            let once = |slot: &mut Option<String>| match slot.replace(value.clone().into_owned()) {
                None => Ok(()),
                Some(_) => Err(invalid_value(format_args!("`{name}` is given twice", name = quote(&name)))),
            };
            let list = |slot: &mut Option<Vec<String>>| {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                slot.get_or_insert_default().extend(names.map(str::to_owned));
            };
            match &*name {
                "filter" => once(&mut parameters.filter)?,
                "sortBy" => once(&mut parameters.sort_by)?,
                "sortOrder" => once(&mut parameters.sort_order)?,
                "cursor" => once(&mut parameters.cursor)?,
                "startIndex" => parameters.start_index = Some(Number::of_text(&value)),
                "count" => parameters.count = Some(Number::of_text(&value)),
                "attributes" => list(&mut parameters.attributes),
                "excludedAttributes" => list(&mut parameters.excluded),
                _ => {}
            }
        }
        Ok(parameters)
    }

    /// From the body of a search.
    pub(super) fn of_body(body: &Value, behaviour: &Behaviour) -> Result<Self, ScimError> {
        let map = message(body, SEARCH_REQUEST, behaviour)?;
        let held = |name: &str| get_folded(map, name).filter(|value| !is_unassigned(value));
        let text = |name: &str| match held(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(invalid_syntax(format_args!("`{name}` must be a string"))),
        };
        let number = |name: &str| match held(name) {
            None => None,
            Some(Value::Number(number)) => Some(number.as_i64().map_or(Number::Garbled, Number::Given)),
            Some(Value::String(text)) if !behaviour.quirks.is_empty() => Some(Number::of_text(text)),
            Some(_) => Some(Number::Garbled),
        };
        let list = |name: &str| match held(name) {
            None => Ok(None),
            Some(Value::Array(names)) => {
                let names: Option<Vec<_>> = names.iter().map(|n| n.as_str().map(str::to_owned)).collect();
                names.map(Some).ok_or_else(|| invalid_syntax(format_args!("`{name}` must be a list of strings")))
            }
            Some(Value::String(names)) if !behaviour.quirks.is_empty() => {
                Ok(Some(names.split(',').map(|name| name.trim().to_owned()).collect()))
            }
            Some(_) => Err(invalid_syntax(format_args!("`{name}` must be a list of strings"))),
        };
        Ok(Self {
            filter: text("filter")?,
            sort_by: text("sortBy")?,
            sort_order: text("sortOrder")?,
            cursor: text("cursor")?,
            start_index: number("startIndex"),
            count: number("count"),
            attributes: list("attributes")?,
            excluded: list("excludedAttributes")?,
            any: true,
            in_body: true,
        })
    }

    /// The attributes that the answer is to have.
    pub(super) fn projection(&self) -> Result<Projection, ScimError> {
        let given = |names: &Option<Vec<String>>| names.clone().filter(|names| !names.is_empty());
        match (given(&self.attributes), given(&self.excluded)) {
            (Some(_), Some(_)) => Err(invalid_value("`attributes` and `excludedAttributes` exclude each other")),
            (Some(only), None) => Ok(Projection::Only(only)),
            (None, Some(without)) => Ok(Projection::Without(without)),
            (None, None) => Ok(Projection::Default),
        }
    }

    /// Feeds a hasher with what must stay the same while a cursor moves on.
    pub(super) fn hash_query(&self, hasher: &mut impl Hasher) {
        (&self.filter, &self.sort_by, &self.sort_order, &self.attributes, &self.excluded).hash(hasher);
    }

    /// The whole query.
    pub(super) fn query(&self, behaviour: &Behaviour) -> Result<Query, ScimError> {
        Ok(Query {
            filter: self.parse_filter(behaviour)?,
            sort: self.sort(behaviour)?,
            page: self.page(behaviour)?,
            projection: self.projection()?,
        })
    }

    fn parse_filter(&self, behaviour: &Behaviour) -> Result<Option<Filter>, ScimError> {
        let Some(text) = &self.filter else { return Ok(None) };
        if !behaviour.filter {
            return Err(invalid_filter("filters are not supported"));
        }
        let options = ParseOptions::new(behaviour.quirks).with_limits(behaviour.limits);
        Filter::parse_with(text, &options)
            .map(|parsed| Some(parsed.value))
            .map_err(|error| bad(error.scim_type(), &error))
    }

    fn sort(&self, behaviour: &Behaviour) -> Result<Option<Sort>, ScimError> {
        let descending = match self.sort_order.as_deref() {
            None => false,
            Some(order) if order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(_) => return Err(invalid_value("`sortOrder` must be `ascending` or `descending`")),
        };
        let Some(by) = self.sort_by.as_deref().filter(|by| behaviour.sort && !by.is_empty()) else { return Ok(None) };
        let by = AttributePath::parse(by).map_err(|error| invalid_value(format_args!("`sortBy`: {error}")))?;
        Ok(Some(Sort { by, descending }))
    }

    fn page(&self, behaviour: &Behaviour) -> Result<Page, ScimError> {
        let cursor = self.cursor.as_ref().filter(|_| behaviour.cursor);
        let garbled = |name: &str| match (cursor, name) {
            (Some(_), "count") => bad(ScimType::InvalidCount, "`count` must be a whole number"),
            _ => invalid_value(format_args!("`{name}` must be a whole number")),
        };
        let number = |name: &str, number: &Option<Number>| match number {
            None => Ok(None),
            Some(Number::Given(number)) => Ok(Some(*number)),
            Some(Number::Garbled) => Err(garbled(name)),
        };
        let asked = number("count", &self.count)?;
        let size = match asked {
            None => behaviour.default_page_size,
            Some(count) => usize::try_from(count.max(0)).unwrap_or(usize::MAX),
        };
        if let Some(cursor) = cursor {
            // RFC 9865 §2.1 bounds `count`; index paging cuts it instead (RFC 7644 §3.4.2.4).
            if asked.is_some_and(|count| count < 0) || size > behaviour.max_page_size {
                let most = behaviour.max_page_size;
                return Err(bad(ScimType::InvalidCount, format_args!("`count` must be between 0 and {most}")));
            }
            return Ok(Page::Cursor { cursor: cursor.clone(), count: size });
        }
        let start = number("startIndex", &self.start_index)?.unwrap_or(1).max(1);
        Ok(Page::Index {
            start: usize::try_from(start).unwrap_or(usize::MAX),
            count: size.min(behaviour.max_page_size),
        })
    }
}

/// The members of a message that must name its schema.
pub(super) fn message<'a>(
    body: &'a Value,
    urn: &str,
    behaviour: &Behaviour,
) -> Result<&'a Map<String, Value>, ScimError> {
    let map = body.as_object().ok_or_else(|| invalid_syntax("the body must be a JSON object"))?;
    let named = match get_folded(map, "schemas") {
        Some(Value::Array(urns)) => urns.iter().filter_map(Value::as_str).any(|given| given.eq_ignore_ascii_case(urn)),
        Some(Value::String(given)) if !behaviour.quirks.is_empty() => given.eq_ignore_ascii_case(urn),
        None | Some(Value::Null) => !behaviour.require_message_schemas,
        Some(_) => false,
    };
    if named { Ok(map) } else { Err(invalid_syntax(format_args!("`schemas` must hold {urn}"))) }
}

/// Percent-decoding, `+` as a blank: clients build queries as forms.
fn decode(text: &str) -> Result<Cow<'_, str>, ScimError> {
    let refuse = |_| invalid_value("a query parameter is not UTF-8");
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().map_err(refuse)?;
        return Ok(Cow::Owned(decoded.into_owned()));
    }
    percent_decode_str(text).decode_utf8().map_err(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<Page, Option<ScimType>> {
        let query = Parameters::of_url(Some(query)).and_then(|p| p.query(&Behaviour::default()));
        query.map(|query| query.page).map_err(|error| error.scim_type)
    }

    #[test]
    fn pages_follow_rfc_7644_3_4_2_4() {
        assert_eq!(page(""), Ok(Page::Index { start: 1, count: 100 }));
        assert_eq!(page("startIndex=-3&count=-1"), Ok(Page::Index { start: 1, count: 0 }));
        assert_eq!(page("startIndex=7&count=99999"), Ok(Page::Index { start: 7, count: 1000 }));
        assert_eq!(page("count=x"), Err(Some(ScimType::InvalidValue)));
        assert_eq!(page("cursor&count=5"), Ok(Page::Cursor { cursor: String::new(), count: 5 }));
        assert_eq!(page("cursor=&count=1001"), Err(Some(ScimType::InvalidCount)));
        assert_eq!(page("cursor=&count=x"), Err(Some(ScimType::InvalidCount)));
    }

    #[test]
    fn a_filter_is_decoded_as_a_form() {
        let parameters = Parameters::of_url(Some("filter=userName+eq+%22a%2Bb%22&zzz=1")).unwrap();
        assert_eq!(parameters.filter.as_deref(), Some("userName eq \"a+b\""));
        assert!(Parameters::of_url(Some("filter=a&filter=b")).is_err());
        assert!(Parameters::of_url(Some("filter=%ff")).is_err());
    }
}
