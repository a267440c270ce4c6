//! Queries over one or all resource types: filter, order, page (RFC 7644 §3.4.2 and §3.4.3).

use std::borrow::Cow;
use std::ops::ControlFlow;

use http::StatusCode;
use serde_json::Value;

use crate::Text;
use crate::filter::{CompareOp, Filter, FilterError, Literal, Matcher};
use crate::message::{ListResponse, ScimError, ScimType};
use crate::path::AttributePath;
use crate::provider::cursor::{Cursor, Resume};
use crate::provider::engine::{Body, Incoming};
use crate::provider::project::Plan;
use crate::provider::query::{Page, Parameters, Query};
use crate::provider::refusal::{bad, invalid_filter, refusal};
use crate::provider::reply::Reply;
use crate::provider::shown::Shown;
use crate::provider::sort::{Key, in_order};
use crate::provider::{Context, Engine, Kind, Need, Store, View, json};
use crate::text::same_name;

/// A match that stands in the page.
struct Hit {
    kind: usize,
    position: u64,
    id: String,
}

/// One kind with what the query means for it.
struct Part<'a> {
    index: usize,
    context: Context<'a>,
    plan: Plan<'a>,
    matcher: Option<Matcher>,
    /// What filter and order look at.
    need: Need,
    /// Whether some of that is what only answers have.
    completes: bool,
}

impl Engine {
    pub(super) fn list_url(
        &self,
        store: &dyn Store,
        kinds: &[usize],
        incoming: &Incoming<'_>,
    ) -> Result<Reply, ScimError> {
        let parameters = Parameters::of_url(incoming.query)?;
        self.list(store, kinds, incoming, &parameters)
    }

    pub(super) fn list_body(
        &self,
        store: &dyn Store,
        kinds: &[usize],
        incoming: &Incoming<'_>,
    ) -> Result<Reply, ScimError> {
        let body = match &incoming.body {
            Body::Bytes(bytes) => json::read(bytes)?,
            Body::Data(data) => data.clone().unwrap_or_default(),
        };
        let parameters = Parameters::of_body(&body, self.behaviour())?;
        self.list(store, kinds, incoming, &parameters)
    }

    fn list(
        &self,
        store: &dyn Store,
        kinds: &[usize],
        incoming: &Incoming<'_>,
        parameters: &Parameters,
    ) -> Result<Reply, ScimError> {
        let query = parameters.query(self.behaviour())?;
        let mut parts = Vec::with_capacity(kinds.len());
        for &index in kinds {
            parts.push(self.part(store, index, incoming, &query, parameters.in_body)?);
        }
        let page = match &query.page {
            Page::Index { start, count } => Ok(Self::index_page(store, &parts, &query, *start, *count)),
            Page::Cursor { cursor, count } => {
                let fingerprint = Cursor::fingerprint(kinds, parameters);
                self.cursor_page(store, &parts, &query, cursor, *count, fingerprint)
            }
        };
        Ok(Reply { body: Some(write(page?)), ..Reply::empty(StatusCode::OK) })
    }

    fn part<'a>(
        &'a self,
        store: &dyn Store,
        index: usize,
        incoming: &'a Incoming<'_>,
        query: &Query,
        in_body: bool,
    ) -> Result<Part<'a>, ScimError> {
        let context = self.context(index, &incoming.base)?;
        let mut plan = query.projection.plan(context.kind);
        if !self.behaviour().members_in_lists {
            plan.without_members();
        }
        let mut matcher = None;
        let mut looked_at: Vec<AttributePath> = query.sort.iter().map(|sort| sort.by.clone()).collect();
        if let Some(mut filter) = query.filter.clone() {
            filter.take_as_meant(context.kind.schemas(), self.behaviour().quirks);
            admit(context.kind, &filter)?;
            filter.check_searchable(context.kind.schemas()).map_err(|error| hidden(&error, in_body))?;
            store.admit(&context, &filter)?;
            matcher = Some(filter.compile(context.kind.schemas()).map_err(invalid_filter)?);
            looked_at.extend(filter.paths());
        }
        let completes = looked_at.iter().any(|path| context.adds(path));
        // A location is made of the id.
        let need = Need::only(looked_at.iter().map(AttributePath::name).chain(completes.then_some("id")));
        Ok(Part { index, context, plan, matcher, need, completes })
    }

    /// A page by `startIndex`: the matches from the `start`th on.
    fn index_page<'p>(
        store: &'p dyn Store,
        parts: &'p [Part<'_>],
        query: &Query,
        start: usize,
        count: usize,
    ) -> ListResponse<Shown<'p>> {
        let skip = start.saturating_sub(1);
        let (hits, total) = if query.sort.is_some() {
            let hits = sorted(store, parts, query);
            let total = hits.len();
            (hits.into_iter().skip(skip).take(count).collect(), total)
        } else {
            unsorted(store, parts, query, skip, count)
        };
        let resources = Self::render(store, parts, &hits);
        ListResponse::page(resources, start as u64, total as u64)
    }

    /// A page by cursor (RFC 9865). Without an order it resumes after a position, so that changes
    /// between two pages neither repeat nor skip what was there all along.
    fn cursor_page<'p>(
        &self,
        store: &'p dyn Store,
        parts: &'p [Part<'_>],
        query: &Query,
        cursor: &str,
        count: usize,
        fingerprint: u64,
    ) -> Result<ListResponse<Shown<'p>>, ScimError> {
        let now = self.clock().millis();
        let resume = if cursor.is_empty() {
            None
        } else {
            let cursor = Cursor::read(cursor, fingerprint)?;
            if cursor.count != count {
                return Err(bad(ScimType::InvalidCount, "`count` must be that of the first page"));
            }
            let age = u128::from(now.saturating_sub(cursor.issued));
            if self.behaviour().cursor_lifetime.is_some_and(|lifetime| age > lifetime.as_millis()) {
                return Err(bad(ScimType::ExpiredCursor, "the cursor is too old; begin anew with an empty one"));
            }
            Some(cursor.resume)
        };
        let issue = |resume| Cursor { resume, count, issued: now, fingerprint }.to_string();
        let (hits, total, next) = if query.sort.is_some() {
            let skip = match resume {
                Some(Resume::Offset(offset)) => usize::try_from(offset).unwrap_or(usize::MAX),
                _ => 0,
            };
            let hits = sorted(store, parts, query);
            let total = hits.len();
            let end = skip.saturating_add(count);
            let next = (end < total && count > 0).then_some(Resume::Offset(end as u64));
            (hits.into_iter().skip(skip).take(count).collect(), Some(total), next)
        } else {
            let from = match resume {
                Some(Resume::After { kind, position }) => (kind, position),
                _ => (0, 0),
            };
            // Few enough for one page, by an index: nothing to resume, nothing to scan.
            let whole = indexed(store, parts, query).filter(|hits| resume.is_none() && hits.len() <= count);
            let mut hits = whole.unwrap_or_else(|| after(store, parts, from, count.saturating_add(1)));
            let more = hits.len() > count;
            hits.truncate(count);
            let next = hits.last().map(|hit| Resume::After { kind: hit.kind, position: hit.position });
            // Counting every match on every page would make a list quadratic; RFC 9865 §2 lets a
            // filtered total be absent.
            let total = match query.filter {
                None => Some(parts.iter().map(|part| store.count(part.context.kind)).sum()),
                Some(_) => None,
            };
            (hits, total, next.filter(|_| more && count > 0))
        };
        let resources = Self::render(store, parts, &hits);
        Ok(ListResponse {
            total_results: total.map(|total| total as u64),
            items_per_page: Some(resources.len() as u64),
            next_cursor: next.map(issue).map(Text::from),
            resources,
            ..ListResponse::default()
        })
    }

    fn render<'p>(store: &'p dyn Store, parts: &'p [Part<'_>], hits: &[Hit]) -> Vec<Shown<'p>> {
        let mut shown = Vec::with_capacity(hits.len());
        for hit in hits {
            let Some(part) = parts.iter().find(|part| part.index == hit.kind) else { continue };
            if let Some(text) = Shown::kept(store, part.context, &part.plan, &hit.id) {
                shown.push(text);
                continue;
            }
            let Some(lent) = store.look(part.context.kind, &hit.id, &part.plan.need()) else { continue };
            shown.push(Shown::of(store, part.context, &part.plan, View::List, lent));
        }
        shown
    }
}

/// The JSON of a page. Resources come last in it, and are appended one by one: their text may be kept.
fn write(mut page: ListResponse<Shown<'_>>) -> Vec<u8> {
    const END: &[u8] = b"[]}";
    let shown = std::mem::take(&mut page.resources);
    let mut out = Vec::with_capacity(256 + 1024 * shown.len().min(1000));
    // Numbers, texts and an empty list: writing cannot fail.
    let _infallible = serde_json::to_writer(&mut out, &page);
    debug_assert!(out.ends_with(END), "resources come last in a page");
    out.truncate(out.len().saturating_sub(END.len()));
    for (at, shown) in shown.iter().enumerate() {
        out.push(if at == 0 { b'[' } else { b',' });
        shown.write(&mut out);
    }
    out.extend_from_slice(if shown.is_empty() { END } else { b"]}" });
    out
}

/// Matches without order: how many there are, and those of the page.
fn unsorted(store: &dyn Store, parts: &[Part<'_>], query: &Query, skip: usize, count: usize) -> (Vec<Hit>, usize) {
    let mut hits = Vec::new();
    let mut total = 0;
    for part in parts {
        let kind = part.context.kind;
        // Whatever was counted before this kind is not to be skipped again.
        let before = total;
        let in_page = |total: usize, hits: usize| total >= skip && hits < count;
        if let Some(ids) = candidates(store, kind, query.filter.as_ref()) {
            for id in ids {
                let matches = store.look(kind, &id, &part.need).is_some_and(|lent| part.matches(&lent.resource));
                if matches {
                    if in_page(total, hits.len()) {
                        hits.push(Hit { kind: part.index, position: 0, id });
                    }
                    total += 1;
                }
            }
            continue;
        }
        if part.matcher.is_none() {
            total = before + store.count(kind);
            if hits.len() == count || total <= skip {
                continue;
            }
            let (mut at, from) = match store.seek(kind, skip.saturating_sub(before)) {
                Some(position) => (before.max(skip), position),
                None => (before, 0),
            };
            store.scan(kind, from, &part.need, &mut |entry| {
                if in_page(at, hits.len()) {
                    hits.push(Hit { kind: part.index, position: entry.position, id: entry.id.to_owned() });
                }
                at += 1;
                if hits.len() == count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            continue;
        }
        store.scan(kind, 0, &part.need, &mut |entry| {
            if part.matches(entry.resource) {
                if in_page(total, hits.len()) {
                    hits.push(Hit { kind: part.index, position: entry.position, id: entry.id.to_owned() });
                }
                total += 1;
            }
            ControlFlow::Continue(())
        });
    }
    (hits, total)
}

/// The first `most` matches after a position of a kind; kinds before it are done.
fn after(store: &dyn Store, parts: &[Part<'_>], (kind, position): (usize, u64), most: usize) -> Vec<Hit> {
    let mut hits = Vec::new();
    for part in parts.iter().filter(|part| part.index >= kind) {
        if hits.len() == most {
            break;
        }
        let from = if part.index == kind { position } else { 0 };
        store.scan(part.context.kind, from, &part.need, &mut |entry| {
            if part.matches(entry.resource) {
                hits.push(Hit { kind: part.index, position: entry.position, id: entry.id.to_owned() });
            }
            if hits.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    hits
}

/// All matches, if an index gives them for every kind.
fn indexed(store: &dyn Store, parts: &[Part<'_>], query: &Query) -> Option<Vec<Hit>> {
    let mut hits = Vec::new();
    for part in parts {
        for id in candidates(store, part.context.kind, query.filter.as_ref())? {
            if store.look(part.context.kind, &id, &part.need).is_some_and(|lent| part.matches(&lent.resource)) {
                hits.push(Hit { kind: part.index, position: 0, id });
            }
        }
    }
    Some(hits)
}

/// All matches in the order that the query wants.
fn sorted(store: &dyn Store, parts: &[Part<'_>], query: &Query) -> Vec<Hit> {
    let Some(sort) = &query.sort else { return Vec::new() };
    let mut keyed: Vec<(Option<Key>, Hit)> = Vec::new();
    for part in parts {
        let kind = part.context.kind;
        if let Some(ids) = candidates(store, kind, query.filter.as_ref()) {
            for id in ids {
                let Some(lent) = store.look(kind, &id, &part.need) else { continue };
                let resource = part.seen(&lent.resource);
                if part.meets(&resource) {
                    let key = Key::of(&resource, &sort.by, kind.schemas());
                    keyed.push((key, Hit { kind: part.index, position: 0, id }));
                }
            }
            continue;
        }
        store.scan(kind, 0, &part.need, &mut |entry| {
            let resource = part.seen(entry.resource);
            if part.meets(&resource) {
                let key = Key::of(&resource, &sort.by, kind.schemas());
                keyed.push((key, Hit { kind: part.index, position: entry.position, id: entry.id.to_owned() }));
            }
            ControlFlow::Continue(())
        });
    }
    // Stable: what compares equal stays in the order of its making.
    keyed.sort_by(|(a, _), (b, _)| in_order(a.as_ref(), b.as_ref(), sort.descending));
    keyed.into_iter().map(|(_, hit)| hit).collect()
}

impl Part<'_> {
    /// The resource as filter and order see it: copied only where they ask for what answers add.
    fn seen<'r>(&self, resource: &'r Value) -> Cow<'r, Value> {
        if self.completes { Cow::Owned(self.context.completed(resource)) } else { Cow::Borrowed(resource) }
    }

    fn matches(&self, resource: &Value) -> bool {
        self.meets(&self.seen(resource))
    }

    fn meets(&self, resource: &Value) -> bool {
        self.matcher.as_ref().is_none_or(|matcher| matcher.matches(resource))
    }
}

/// Ids that an index gives for the filter, a superset of its matches.
fn candidates(store: &dyn Store, kind: &Kind, filter: Option<&Filter>) -> Option<Vec<String>> {
    match filter? {
        Filter::And(terms) => terms.iter().find_map(|term| candidates(store, kind, Some(term))),
        Filter::Compare(comparison) if comparison.op == CompareOp::Eq => {
            let Literal::String(value) = &comparison.value else { return None };
            let path = &comparison.path;
            if path.sub().is_some() || path.urn().is_some_and(|urn| !same_name(urn, kind.schema())) {
                return None;
            }
            let ids = store.find(kind, path.name(), value)?;
            Some(ids.into_iter().map(crate::resource::ResourceId::into_string).collect())
        }
        _ => None,
    }
}

/// What a kind with restricted filters takes.
fn admit(kind: &Kind, filter: &Filter) -> Result<(), ScimError> {
    let Some(attributes) = kind.filters() else { return Ok(()) };
    if let Filter::Compare(comparison) = filter
        && comparison.op == CompareOp::Eq
        && matches!(comparison.value, Literal::String(_))
        && comparison.path.sub().is_none()
        && comparison.path.urn().is_none_or(|urn| same_name(urn, kind.schema()))
        && attributes.iter().any(|attribute| same_name(attribute, comparison.path.name()))
    {
        return Ok(());
    }
    let forms: Vec<String> = attributes.iter().map(|attribute| format!("`{attribute} eq \"…\"`")).collect();
    Err(invalid_filter(format_args!("the only filters on {} are {}", kind.endpoint(), forms.join(", "))))
}

/// A filter that would tell what answers never show. In a URL it would also be logged (RFC 7644 §7.5.2).
fn hidden(error: &FilterError, in_body: bool) -> ScimError {
    if in_body { invalid_filter(error) } else { refusal(403, Some(ScimType::Sensitive), error) }
}
