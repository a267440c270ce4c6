//! The difference between lists whose elements are known by `value`, as members of groups are.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::filter::{ElementMatcher, Filter, Literal, Number, attr};
use crate::patch::diff::Differ;
use crate::patch::diff_written::says_nothing_known;
use crate::patch::equal::{canonical, same_value};
use crate::patch::members::key_of;
use crate::patch::merge::MOST_COMPARISONS;
use crate::patch::{Op, PatchError};
use crate::path::{AttributePath, PatchPath};
use crate::quirk::Quirks;
use crate::schema::Attribute;
use crate::text::fold;

/// What an element is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name<'v> {
    Key(&'v str),
    /// It has no key: everything that it says.
    Text(String),
}

impl<'v> Name<'v> {
    fn of(element: &'v Value) -> Self {
        key_of(element).map_or_else(|| Self::Text(canonical(element)), Self::Key)
    }

    fn key(&self) -> Option<&'v str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Text(_) => None,
        }
    }
}

/// The elements of one side; of those that have one name the first.
struct Members<'v> {
    list: Vec<(Name<'v>, &'v Value)>,
    find: HashMap<Name<'v>, &'v Value>,
}

impl<'v> Members<'v> {
    fn of(written: &'v [Cow<'_, Value>]) -> Self {
        let mut find = HashMap::with_capacity(written.len());
        let mut list = Vec::with_capacity(written.len());
        for element in written.iter().map(AsRef::as_ref) {
            let name = Name::of(element);
            if let std::collections::hash_map::Entry::Vacant(entry) = find.entry(name.clone()) {
                entry.insert(element);
                list.push((name, element));
            }
        }
        Self { list, find }
    }

    fn has(&self, name: &Name<'_>, element: &Value) -> bool {
        self.find.get(name).is_some_and(|known| same_value(known, element))
    }
}

impl Differ<'_> {
    /// Who goes, then who comes. The list is never put in place of the other: cut by a limit it would lack most of those
    /// who stay, until the last message.
    pub(super) fn members(
        &mut self,
        attribute: &Attribute,
        path: AttributePath,
        before: &[Value],
        after: &[Value],
    ) -> Result<(), PatchError> {
        let (was, is) = (self.written_each(attribute, before), self.written_each(attribute, after));
        let (old, new) = (Members::of(&was), Members::of(&is));
        let gone: HashSet<&Name<'_>> =
            old.list.iter().filter(|(name, element)| !new.has(name, element)).map(|(name, _)| name).collect();
        // Filters on members compare without case: a removal may take a namesake along, which then comes again.
        let folded: HashSet<Cow<'_, str>> = gone.iter().filter_map(|name| name.key()).map(fold).collect();
        let is_taken = |name: &Name<'_>| name.key().is_some_and(|key| folded.contains(&fold(key)));
        let comes = new.list.iter().filter(|(name, element)| !old.has(name, element) || is_taken(name));
        let (mut first, mut last): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
        let left_out = self.left_out_of(attribute, after);
        // A list that must be there is never empty between two operations.
        let goes_all = !gone.is_empty() && gone.len() == old.list.len() && left_out.is_empty();
        let must_stay = attribute.is_required() && goes_all;
        for (name, element) in comes {
            let is_first = must_stay && !is_taken(name) && !old.find.contains_key(name);
            if is_first { &mut first } else { &mut last }.push((*element).clone());
        }
        if gone.is_empty() && last.is_empty() {
            return Ok(());
        }
        if attribute.is_immutable() && !old.list.is_empty() {
            return Err(PatchError::mutability("no PATCH can change this").on(path));
        }
        if attribute.is_immutable() {
            self.push(Op::Add, path, Some(Value::Array(last)));
            return Ok(());
        }
        if !gone.is_empty() && !left_out.is_subset(&self.left_out_of(attribute, before)) {
            return Err(says_nothing_known().on(path));
        }
        if is.is_empty() && left_out.is_empty() {
            return self.unassign(attribute, path);
        }
        if must_stay && first.is_empty() {
            self.push(Op::Replace, path, Some(Value::Array(last)));
            return Ok(());
        }
        let filters = if gone.iter().any(|name| name.key().is_none()) {
            let goes = |element: &Value| self.written(attribute, element).is_some_and(|e| gone.contains(&Name::of(&e)));
            let (leave, stay): (Vec<_>, Vec<_>) = (1_usize..).zip(before).partition(|(_, element)| goes(element));
            let leavers = leave.into_iter().filter(|(_, element)| key_of(element).is_none()).collect();
            let stays = stay.into_iter().map(|(_, element)| element).chain(&first).collect();
            Keyless { attribute, stays, leavers }.filters().map_err(|error| error.on(&path))?
        } else {
            Vec::new()
        };
        if !first.is_empty() {
            self.push_values(Op::Add, path.clone(), first);
        }
        let keys = old.list.iter().filter(|(name, _)| gone.contains(name)).filter_map(|(name, _)| name.key());
        self.remove_keys(&path, keys);
        for filter in filters {
            self.push(Op::Remove, PatchPath::select(path.clone(), filter), None);
        }
        if !last.is_empty() {
            self.push_values(Op::Add, path, last);
        }
        Ok(())
    }

    /// The elements that are not said, because no schema knows anything about them.
    fn left_out_of(&self, attribute: &Attribute, list: &[Value]) -> HashSet<String> {
        list.iter().filter(|element| self.is_left_out(attribute, element)).map(canonical).collect()
    }

    fn remove_keys<'k>(&mut self, path: &AttributePath, keys: impl Iterator<Item = &'k str>) {
        if self.options.removal_by_value {
            let values = keys.map(|key| Value::Object(Map::from_iter([("value".to_owned(), Value::from(key))])));
            let values: Vec<Value> = values.collect();
            if !values.is_empty() {
                self.push_values(Op::Remove, path.clone(), values);
            }
            return;
        }
        for key in keys {
            self.push(Op::Remove, PatchPath::select(path.clone(), attr("value").eq(key)), None);
        }
    }
}

/// Elements without `value` that go, with their places from 1, and all elements that stay.
struct Keyless<'v> {
    attribute: &'v Attribute,
    stays: Vec<&'v Value>,
    leavers: Vec<(usize, &'v Value)>,
}

impl Keyless<'_> {
    /// Filters that select those who go and nobody else. A list of values would do for some peers; others that look for
    /// `value` in it alone would find an element that says nothing.
    fn filters(&self) -> Result<Vec<Filter>, PatchError> {
        if self.leavers.len().saturating_mul(self.stays.len() + self.leavers.len()) > MOST_COMPARISONS {
            return Err(PatchError::value("too many values without `value` to take away one by one"));
        }
        let mut found: Vec<(Filter, ElementMatcher)> = Vec::new();
        for (at, element) in &self.leavers {
            if found.iter().any(|(_, matcher)| matcher.matches(element)) {
                continue;
            }
            let filter = self.filter_for(element);
            let filter = filter.filter(|(_, matcher)| !self.stays.iter().any(|other| matcher.matches(other)));
            found.push(filter.ok_or_else(|| {
                PatchError::value(format!("value {at} has no `value`, and no filter selects it alone to take it away"))
            })?);
        }
        Ok(found.into_iter().map(|(filter, _)| filter).collect())
    }

    /// Everything that the element says and a filter can ask for.
    fn filter_for(&self, element: &Value) -> Option<(Filter, ElementMatcher)> {
        let terms = element.as_object()?.iter().filter_map(|(name, value)| {
            let literal = match value {
                Value::String(text) => Literal::from(text.as_str()),
                Value::Bool(value) => Literal::from(*value),
                Value::Number(number) => Literal::Number(Number::read(&number.to_string())?),
                _ => return None,
            };
            let term = AttributePath::of(None, self.attribute.sub_attribute(name)?.name()).eq(literal);
            self.matcher(&term)?.matches(element).then_some(term)
        });
        let filter = terms.reduce(Filter::and)?;
        let matcher = self.matcher(&filter)?;
        Some((filter, matcher))
    }

    fn matcher(&self, filter: &Filter) -> Option<ElementMatcher> {
        ElementMatcher::new(filter, self.attribute, Quirks::STRICT).ok().map(|(matcher, _)| matcher)
    }
}
