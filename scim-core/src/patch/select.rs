//! The elements that the filter of a path selects.

use std::borrow::Cow;

use serde_json::Value;

use crate::filter::{CompareOp, ElementMatcher, Filter, Literal};
use crate::patch::PatchError;
use crate::patch::conform::Conform;
use crate::patch::members::key_meets;
use crate::quirk::{Quirk, Quirks};
use crate::resource::get_folded;
use crate::schema::{Attribute, AttributeType};
use crate::text::{eq_folded, fold, same_name};

/// The filter between the brackets of a path, made ready for the elements of its attribute.
pub(super) struct Selection<'s> {
    filter: &'s Filter,
    attribute: &'s Attribute,
    test: Test<'s>,
}

/// The elements that an operation is about: all of them, or those that the filter of its path selects.
pub(super) struct Chosen<'s> {
    pub(super) filter: Option<&'s Filter>,
    pub(super) places: &'s [usize],
}

enum Test<'s> {
    /// `type eq "work"`, `value eq "2819c223"`: a sub-attribute that is a text.
    Text {
        sub: &'s Attribute,
        wanted: Cow<'s, str>,
        exact: bool,
    },
    Any(ElementMatcher),
}

impl<'s> Selection<'s> {
    pub(super) fn new(filter: &'s Filter, attribute: &'s Attribute, conform: &mut Conform) -> Result<Self, PatchError> {
        let test = match everyday(filter, attribute) {
            Some(test) => test,
            None => Test::Any(compile(filter, attribute, conform)?),
        };
        Ok(Self { filter, attribute, test })
    }

    pub(super) fn filter(&self) -> &'s Filter {
        self.filter
    }

    /// The places of the elements that meet the filter.
    pub(super) fn places(&self, list: &[Value]) -> Places {
        let list = (0_usize..).zip(list);
        match &self.test {
            Test::Any(matcher) => list.filter(|(_, element)| matcher.matches(element)).map(|(at, _)| at).collect(),
            Test::Text { sub, wanted, exact } => {
                let same = |text: &str| text == wanted || (!exact && eq_folded(text, wanted));
                if same_name(sub.name(), "value") {
                    return list.filter(|(_, element)| key_meets(element, same)).map(|(at, _)| at).collect();
                }
                let meets = |element: &Value| match element {
                    Value::Object(map) => match get_folded(map, sub.name()) {
                        Some(Value::String(text)) => same(text),
                        Some(Value::Array(_) | Value::Object(_)) => self.meets_otherwise(element),
                        _ => false,
                    },
                    _ => false,
                };
                list.filter(|(_, element)| meets(element)).map(|(at, _)| at).collect()
            }
        }
    }

    /// A text where the resource holds something else.
    #[cold]
    fn meets_otherwise(&self, element: &Value) -> bool {
        let matcher = ElementMatcher::new(self.filter, self.attribute, Quirks::STRICT);
        matcher.is_ok_and(|(matcher, _)| matcher.matches(element))
    }
}

/// Places in a list, ascending; one needs no allocation.
pub(super) enum Places {
    One([usize; 1]),
    Some(Vec<usize>),
}

impl std::ops::Deref for Places {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        match self {
            Self::One(one) => one,
            Self::Some(places) => places,
        }
    }
}

impl FromIterator<usize> for Places {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let mut places = places.into_iter();
        let Some(first) = places.next() else {
            return Self::Some(Vec::new());
        };
        match places.next() {
            None => Self::One([first]),
            Some(second) => Self::Some([first, second].into_iter().chain(places).collect()),
        }
    }
}

/// One text that a sub-attribute is to equal: nearly every filter in a PATCH.
fn everyday<'s>(filter: &'s Filter, attribute: &'s Attribute) -> Option<Test<'s>> {
    let Filter::Compare(comparison) = filter else {
        return None;
    };
    let Literal::String(text) = &comparison.value else {
        return None;
    };
    let sub = attribute.sub_attribute(comparison.path.name())?;
    let is_text = matches!(sub.attribute_type(), AttributeType::String | AttributeType::Reference);
    if comparison.op != CompareOp::Eq || !is_text {
        return None;
    }
    let exact = sub.is_case_exact();
    let wanted = if exact { Cow::Borrowed(text.as_str()) } else { fold(text) };
    Some(Test::Text { sub, wanted, exact })
}

/// A boolean in quotes is what its quirk makes of it, or an error: taken as the text that it is by the letter,
/// `remove` would select nothing in one reading and something in the other.
fn compile(filter: &Filter, attribute: &Attribute, conform: &mut Conform) -> Result<ElementMatcher, PatchError> {
    let (matcher, fired) = ElementMatcher::new(filter, attribute, conform.tolerated.with(Quirk::BoolStringInFilter))?;
    if fired.contains(Quirk::BoolStringInFilter) && !conform.tolerated.contains(Quirk::BoolStringInFilter) {
        return Err(PatchError::filter("a boolean stands without quotes: true or false"));
    }
    conform.fired = conform.fired.union(fired);
    Ok(matcher)
}
