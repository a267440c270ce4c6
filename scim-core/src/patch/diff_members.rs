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
use crate::patch::split::Exchange;
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

/// Those who go and have a key, namesakes together: filters on members compare without case, so that a removal takes a
/// namesake along, who then comes again.
#[derive(Default)]
struct Gone<'v> {
    order: Vec<Cow<'v, str>>,
    by_name: HashMap<Cow<'v, str>, Exchange>,
}

impl<'v> Gone<'v> {
    fn of(keys: impl Iterator<Item = &'v str>) -> Self {
        let mut gone = Self::default();
        for key in keys {
            let folded = fold(key);
            let namesakes = gone.by_name.entry(folded.clone()).or_insert_with(|| {
                gone.order.push(folded);
                Exchange { leave: Vec::new(), back: Vec::new() }
            });
            namesakes.leave.push(key.to_owned());
        }
        gone
    }

    /// Those who go under that name, in any case.
    fn find(&mut self, name: &Name<'_>) -> Option<&mut Exchange> {
        self.by_name.get_mut::<str>(&fold(name.key()?))
    }

    /// The keys of those who go for good, and those who come back.
    fn sort_out(mut self) -> (Vec<String>, Vec<Exchange>) {
        let all = self.order.iter().filter_map(|name| self.by_name.remove(name));
        let (back, leave): (Vec<_>, Vec<_>) = all.partition(|exchange| !exchange.back.is_empty());
        (leave.into_iter().flat_map(|exchange| exchange.leave).collect(), back)
    }
}

impl Differ<'_> {
    /// Who goes, then who changes, then who comes. The list is never put in place of the other: cut by a limit it would lack
    /// most of those who stay, until the last message. For the same reason one message takes away and brings back whoever
    /// changes.
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
        let keys = old.list.iter().filter(|(name, _)| gone.contains(name)).filter_map(|(name, _)| name.key());
        let mut named_gone = Gone::of(keys);
        let mut comes: Vec<Value> = Vec::new();
        for (name, element) in &new.list {
            match named_gone.find(name) {
                Some(namesakes) => namesakes.back.push((*element).clone()),
                None if !old.has(name, element) => comes.push((*element).clone()),
                None => {}
            }
        }
        if gone.is_empty() && comes.is_empty() {
            return Ok(());
        }
        if attribute.is_immutable() && !before.is_empty() {
            return Err(PatchError::mutability("no PATCH can change this").on(path));
        }
        if attribute.is_immutable() {
            self.push(Op::Add, path, Some(Value::Array(comes)));
            return Ok(());
        }
        let left_out = self.left_out_of(attribute, after);
        // A list that must be there, or that may be all that its extension has, is never empty between two operations.
        let must_stay = (attribute.is_required() || self.in_required)
            && left_out.is_empty()
            && old.list.iter().all(|(name, _)| gone.contains(name) || named_gone.find(name).is_some());
        if !gone.is_empty() && !left_out.is_subset(&self.left_out_of(attribute, before)) {
            return Err(says_nothing_known().on(path));
        }
        if is.is_empty() && left_out.is_empty() {
            return self.unassign(attribute, path);
        }
        // What was there first could be meant by a filter for those who go.
        if must_stay && (comes.is_empty() || gone.iter().any(|name| name.key().is_none())) {
            let all = new.list.iter().map(|(_, element)| (*element).clone()).collect();
            self.push(Op::Replace, path, Some(Value::Array(all)));
            return Ok(());
        }
        let (first, last) = if must_stay { (comes, Vec::new()) } else { (Vec::new(), comes) };
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
        let (leave, back) = named_gone.sort_out();
        self.remove_keys(&path, leave.iter().map(String::as_str));
        for filter in filters {
            self.push(Op::Remove, PatchPath::select(path.clone(), filter), None);
        }
        if !back.is_empty() {
            self.exchange(path.clone(), back);
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
            let values: Vec<Value> = keys.map(named).collect();
            if !values.is_empty() {
                self.push_values(Op::Remove, path.clone(), values);
            }
            return;
        }
        for key in keys {
            self.push(Op::Remove, selected(path, key), None);
        }
    }
}

/// The value that names an element by its key.
pub(super) fn named(key: &str) -> Value {
    Value::Object(Map::from_iter([("value".to_owned(), Value::from(key))]))
}

/// The path that selects an element by its key.
pub(super) fn selected(path: &AttributePath, key: &str) -> PatchPath {
    PatchPath::select(path.clone(), attr("value").eq(key))
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
