use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use http::header::{HOST, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::message::ScimError;
use crate::provider::query::Parameters;
use crate::provider::refusal::{plain, refusal};
use crate::provider::reply::{Reply, takes_media_type};
use crate::provider::route::{Route, route};
use crate::provider::{Behaviour, Clock, Context, Kind, Store, Subject, json};
use crate::resource::ResourceId;

/// The rules of a service provider without its state: a total function from a store and a request
/// to a response. Nothing that a client sends makes it panic, and every answer is one of RFC 7644.
///
/// Authentication stays outside: who calls [`handle`](Self::handle) has let the client in.
#[derive(Debug, Clone)]
pub struct Engine {
    base_path: String,
    origin: Option<String>,
    kinds: Vec<Kind>,
    behaviour: Behaviour,
    clock: Clock,
    /// Drawn anew with every change of what answers look like: texts of resources are kept under it.
    mark: u64,
}

/// A service provider: an [`Engine`] and its [`Store`] behind a lock. Reading requests run side by
/// side, writing ones alone. One value is one tenant.
///
/// ```
/// use bytes::Bytes;
/// use http::{Method, Request, StatusCode};
/// use scim_core::provider::ServiceProvider;
///
/// let provider = ServiceProvider::in_memory("/scim/v2");
/// let body = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bjensen"}"#;
/// let mut request = Request::new(Bytes::from_static(body.as_bytes()));
/// *request.method_mut() = Method::POST;
/// *request.uri_mut() = "https://example.com/scim/v2/Users".parse()?;
/// let response = provider.handle(request);
/// assert_eq!(response.status(), StatusCode::CREATED);
/// assert!(response.headers()["location"].to_str()?.starts_with("https://example.com/scim/v2/Users/"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ServiceProvider<S> {
    engine: Engine,
    store: RwLock<S>,
}

impl<S: Store> ServiceProvider<S> {
    /// A provider with those rules over that store.
    pub fn new(engine: Engine, store: S) -> Self {
        Self { engine, store: RwLock::new(store) }
    }

    /// The rules.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Answers a request.
    pub fn handle(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        // A panic in a store leaves the lock poisoned; its state is as good as before, since stores
        // change nothing before they have decided.
        if Engine::only_reads(&request) {
            let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
            self.engine.handle_read(&*store, request)
        } else {
            let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
            self.engine.handle(&mut *store, request)
        }
    }

    /// Looks at the store from outside the protocol.
    pub fn with_store<R>(&self, look: impl FnOnce(&mut S) -> R) -> R {
        look(&mut self.store.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request, or an operation of a bulk request, taken apart.
#[derive(Debug)]
pub(super) struct Incoming<'r> {
    pub(super) method: Method,
    pub(super) route: Route,
    pub(super) query: Option<&'r str>,
    pub(super) headers: &'r HeaderMap,
    pub(super) body: Body,
    /// Base URL as the client sees it.
    pub(super) base: String,
    pub(super) subject: Option<ResourceId>,
}

/// Bytes as they came, or the `data` of a bulk operation.
#[derive(Debug)]
pub(super) enum Body {
    Bytes(Bytes),
    Data(Option<Value>),
}

impl Engine {
    /// A service at `base_path`, for example `/scim/v2`, with users and groups and the default
    /// [`Behaviour`].
    pub fn new(base_path: &str) -> Self {
        let trimmed = base_path.trim_matches('/');
        let base_path = if trimmed.is_empty() { String::new() } else { format!("/{trimmed}") };
        Self {
            base_path,
            origin: None,
            kinds: vec![Kind::user(), Kind::group()],
            behaviour: Behaviour::default(),
            clock: Clock::system(),
            mark: fastrand::u64(..),
        }
    }

    /// Serves these kinds of resources.
    pub fn with_kinds(mut self, kinds: Vec<Kind>) -> Self {
        self.kinds = kinds;
        self.mark = fastrand::u64(..);
        self
    }

    /// Behaves like that.
    pub fn with_behaviour(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self.mark = fastrand::u64(..);
        self
    }

    /// Scheme and host of the URIs in answers, for example `https://example.com`. Without it they
    /// follow the request's URI or its `Host`, which suits a service that its clients reach directly.
    pub fn with_origin(mut self, origin: &str) -> Self {
        self.origin = Some(origin.trim_end_matches('/').to_owned());
        self
    }

    /// Takes the time from there: cursors grow old by it.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How the service behaves.
    pub fn behaviour(&self) -> &Behaviour {
        &self.behaviour
    }

    /// Changes how the service behaves.
    pub fn behaviour_mut(&mut self) -> &mut Behaviour {
        self.mark = fastrand::u64(..);
        &mut self.behaviour
    }

    /// What it serves.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    pub(super) fn mark(&self) -> u64 {
        self.mark
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether the request can change nothing: GET, HEAD, OPTIONS and searches by POST.
    pub fn only_reads(request: &http::Request<Bytes>) -> bool {
        match *request.method() {
            Method::GET | Method::HEAD | Method::OPTIONS => true,
            Method::POST => request.uri().path().trim_end_matches('/').ends_with("/.search"),
            _ => false,
        }
    }

    /// Answers a request.
    pub fn handle(&self, store: &mut dyn Store, request: http::Request<Bytes>) -> http::Response<Bytes> {
        if Self::only_reads(&request) {
            return self.handle_read(store, request);
        }
        self.respond(request, |incoming| self.write(store, incoming))
    }

    /// Answers a request that [only reads](Self::only_reads); any other one gets 405.
    pub fn handle_read(&self, store: &dyn Store, request: http::Request<Bytes>) -> http::Response<Bytes> {
        self.respond(request, |incoming| self.read(store, incoming))
    }

    fn respond(
        &self,
        request: http::Request<Bytes>,
        answer: impl FnOnce(Incoming<'_>) -> Result<Reply, ScimError>,
    ) -> http::Response<Bytes> {
        let (parts, body) = request.into_parts();
        let reply = self.incoming(&parts, body).and_then(answer).unwrap_or_else(|error| Reply::error(&error));
        reply.into_response(&parts.method, &parts.headers)
    }

    fn incoming<'r>(&self, parts: &'r http::request::Parts, body: Bytes) -> Result<Incoming<'r>, ScimError> {
        let route = route(&self.base_path, &self.kinds, parts.uri.path())?;
        let longest = match (&route, &self.behaviour.bulk) {
            (Route::Bulk, Some(limits)) => limits.max_payload,
            _ => self.behaviour.max_body,
        };
        if body.len() > longest {
            return Err(plain(413, format_args!("the body may have {longest} bytes at most")));
        }
        if !body.is_empty() && !takes_media_type(&parts.headers) {
            return Err(plain(415, "bodies are application/scim+json or application/json, in UTF-8"));
        }
        Ok(Incoming {
            method: parts.method.clone(),
            route,
            query: parts.uri.query(),
            headers: &parts.headers,
            body: Body::Bytes(body),
            base: self.base(parts),
            subject: parts.extensions.get::<Subject>().map(|subject| subject.0.clone()),
        })
    }

    /// The base URL as the client sees it; without any host a path.
    fn base(&self, parts: &http::request::Parts) -> String {
        let path = &self.base_path;
        if let Some(origin) = &self.origin {
            return format!("{origin}{path}");
        }
        let scheme = parts.uri.scheme_str().unwrap_or("http");
        let host = parts.uri.authority().map(|authority| authority.as_str().rsplit('@').next().unwrap_or_default());
        let host = host.or_else(|| parts.headers.get(HOST).and_then(|host| host.to_str().ok()));
        let is_host = |host: &&str| {
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:[]%".contains(&b))
        };
        match host.filter(is_host) {
            Some(host) => format!("{scheme}://{host}{path}"),
            None => path.clone(),
        }
    }

    pub(super) fn context<'a>(&'a self, kind: usize, base: &'a str) -> Result<Context<'a>, ScimError> {
        let kind = self.kinds.get(kind).ok_or_else(|| super::refusal::internal("no such kind"))?;
        Ok(Context { engine: self, kind, base })
    }

    fn read(&self, store: &dyn Store, mut incoming: Incoming<'_>) -> Result<Reply, ScimError> {
        let route = self.resolve(std::mem::replace(&mut incoming.route, Route::Root), incoming.subject.as_ref())?;
        let incoming = &incoming;
        if incoming.method == Method::OPTIONS {
            return Ok(Reply { allow: Some(self.allowed(&route)), ..Reply::empty(StatusCode::NO_CONTENT) });
        }
        let search = incoming.method == Method::POST;
        match route {
            Route::Resource(kind, ref id) if !search => self.get(store, kind, id, incoming),
            Route::Endpoint(kind) if !search => self.list_url(store, &[kind], incoming),
            Route::Root if !search => self.list_url(store, &self.all_kinds(), incoming),
            Route::Search(kind) if search => self.list_body(store, &[kind], incoming),
            Route::RootSearch if search => self.list_body(store, &self.all_kinds(), incoming),
            Route::Config | Route::Schemas | Route::Schema(_) | Route::ResourceTypes | Route::ResourceType(_)
                if !search =>
            {
                self.discover(&route, incoming)
            }
            _ => Ok(Reply::not_allowed(&incoming.method, self.allowed(&route))),
        }
    }

    /// Answers what may write. Bulk operations come through here as well.
    pub(super) fn write(&self, store: &mut dyn Store, mut incoming: Incoming<'_>) -> Result<Reply, ScimError> {
        let route = self.resolve(std::mem::replace(&mut incoming.route, Route::Root), incoming.subject.as_ref())?;
        let method = incoming.method.clone();
        let kind = match &route {
            Route::Endpoint(kind) | Route::Resource(kind, _) => self.kinds.get(*kind),
            _ => None,
        };
        if kind.is_some_and(|kind| !kind.allows(&method)) {
            return Ok(Reply::not_allowed(&method, self.allowed(&route)));
        }
        match (&route, method) {
            (Route::Endpoint(kind), Method::POST) => self.create(store, *kind, incoming),
            (Route::Resource(kind, id), Method::PUT) => self.replace(store, *kind, id, incoming),
            (Route::Resource(_, _), Method::PATCH) if !self.behaviour.patch => {
                Err(plain(501, "PATCH is not supported"))
            }
            (Route::Resource(kind, id), Method::PATCH) => self.patch(store, *kind, id, incoming),
            (Route::Resource(kind, id), Method::DELETE) => self.delete(store, *kind, id, &incoming),
            (Route::Bulk, Method::POST) => self.bulk(store, incoming),
            (_, method) => Ok(Reply::not_allowed(&method, self.allowed(&route))),
        }
    }

    /// Replaces `/Me` by what it stands for, and refuses what is switched off.
    fn resolve(&self, route: Route, subject: Option<&ResourceId>) -> Result<Route, ScimError> {
        let off = |what: &str| Err(plain(501, format_args!("{what} is not supported")));
        match route {
            Route::Me if !self.behaviour.me => off("/Me"),
            Route::Me => match (self.kinds.iter().position(Kind::is_user), subject) {
                (Some(kind), Some(id)) => Ok(Route::Resource(kind, id.as_str().to_owned())),
                _ => Err(plain(404, "the authenticated client is no user of this service")),
            },
            Route::Bulk if self.behaviour.bulk.is_none() => off("/Bulk"),
            Route::Search(_) | Route::RootSearch if !self.behaviour.search => {
                Err(plain(404, "searches by POST are not served here"))
            }
            Route::Root if !self.behaviour.root_query => Err(plain(404, "the base URL is no endpoint here")),
            other => Ok(other),
        }
    }

    fn allowed(&self, route: &Route) -> String {
        let kind = match route {
            Route::Endpoint(kind) | Route::Resource(kind, _) => self.kinds.get(*kind),
            _ => None,
        };
        let methods: &[Method] = match route {
            Route::Endpoint(_) => &[Method::GET, Method::HEAD, Method::POST, Method::OPTIONS],
            Route::Resource(..) | Route::Me => {
                &[Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
            }
            Route::Search(_) | Route::RootSearch | Route::Bulk => &[Method::POST, Method::OPTIONS],
            _ => &[Method::GET, Method::HEAD, Method::OPTIONS],
        };
        let there = |method: &&Method| {
            kind.is_none_or(|kind| kind.allows(method)) && (**method != Method::PATCH || self.behaviour.patch)
        };
        let names: Vec<&str> = methods.iter().filter(there).map(Method::as_str).collect();
        names.join(", ")
    }

    fn all_kinds(&self) -> Vec<usize> {
        (0..self.kinds.len()).collect()
    }

    fn get(&self, store: &dyn Store, kind: usize, id: &str, incoming: &Incoming<'_>) -> Result<Reply, ScimError> {
        let context = self.context(kind, &incoming.base)?;
        let projection = Parameters::of_url(incoming.query)?.projection()?;
        let plan = projection.plan(context.kind);
        let lent = store.look(context.kind, id, &plan.need()).ok_or_else(|| context.not_found(id))?;
        let version = self.version(&lent.resource);
        if let Some(version) = &version
            && names_version(incoming.headers, &IF_NONE_MATCH, version) == Some(true)
        {
            return Ok(Reply { version: Some(version.clone()), ..Reply::empty(StatusCode::NOT_MODIFIED) });
        }
        Ok(Self::show(store, context, &plan, StatusCode::OK, lent))
    }

    /// The version of a resource, if versions are shown at all.
    pub(super) fn version(&self, resource: &Value) -> Option<String> {
        let version = resource.get("meta").and_then(|meta| meta.get("version")).and_then(Value::as_str);
        version.filter(|_| self.behaviour.etag).map(str::to_owned)
    }

    /// Refuses a write whose `If-Match` names another version (RFC 7644 §3.14).
    pub(super) fn check_version(&self, incoming: &Incoming<'_>, current: &Value) -> Result<(), ScimError> {
        let Some(version) = self.version(current) else { return Ok(()) };
        match names_version(incoming.headers, &IF_MATCH, &version) {
            Some(false) => Err(refusal(412, None, "the resource has changed since the version that `If-Match` names")),
            _ => Ok(()),
        }
    }

    pub(super) fn body(incoming: &mut Incoming<'_>) -> Result<Value, ScimError> {
        match std::mem::replace(&mut incoming.body, Body::Data(None)) {
            Body::Bytes(bytes) => json::read(&bytes),
            Body::Data(data) => data.ok_or_else(|| super::refusal::invalid_syntax("the operation needs `data`")),
        }
    }
}

/// Whether a precondition header names a version; `None` without the header. Tags compare by their
/// text, weak or not: SCIM wants weak tags to be of use (RFC 7644 §3.14).
fn names_version(headers: &HeaderMap, name: &http::HeaderName, version: &str) -> Option<bool> {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    let version = bare(version);
    let mut named = None;
    for value in headers.get_all(name) {
        let value = value.to_str().unwrap_or_default();
        let hit = value.split(',').any(|tag| tag.trim() == "*" || bare(tag) == version);
        named = Some(named.unwrap_or(false) || hit);
    }
    named
}
