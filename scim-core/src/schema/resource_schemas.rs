use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use crate::path::AttributePath;
use crate::resource::{get_folded, spelling};
use crate::schema::registry::put;
use crate::schema::{
    Attribute, AttributeType, ENTERPRISE_USER, GROUP, Mutability, Returned, Schema, SchemaRegistry, USER,
};
use crate::text::same_name;

/// The schemas of one resource type: core, extensions, and the attributes that every resource has.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct ResourceSchemas(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    core: Schema,
    /// Whether the core schema lists attributes that every resource has.
    lists_common: bool,
    extensions: Vec<Schema>,
    /// URIs of those that every resource must have.
    required: Vec<String>,
}

/// Where an attribute lives in a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Home<'a> {
    /// At the top.
    Core,
    /// In the object under that schema URI.
    Extension(&'a str),
}

/// An attribute with its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Located<'a> {
    pub(crate) home: Home<'a>,
    pub(crate) attribute: &'a Attribute,
}

impl Located<'_> {
    /// Whether a resource names the attribute at its place: whatever else names it there does so twice.
    pub(crate) fn is_named_in(self, resource: &Map<String, Value>) -> bool {
        let holder = match self.home {
            Home::Core => Some(resource),
            Home::Extension(uri) => get_folded(resource, uri).and_then(Value::as_object),
        };
        holder.is_some_and(|holder| spelling(holder, self.attribute.name()).is_some())
    }
}

/// No schema with that URI is registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no schema `{0}` is registered")]
pub struct UnknownSchema(String);

impl UnknownSchema {
    pub(crate) fn new(uri: &str) -> Self {
        Self(uri.chars().take(200).collect())
    }
}

static USER_SCHEMAS: LazyLock<ResourceSchemas> = LazyLock::new(|| {
    let registry = SchemaRegistry::built_in();
    let schemas = ResourceSchemas::new(registry.get(USER).cloned().unwrap_or_default());
    schemas.with_extension(registry.get(ENTERPRISE_USER).cloned().unwrap_or_default())
});

static GROUP_SCHEMAS: LazyLock<ResourceSchemas> =
    LazyLock::new(|| ResourceSchemas::new(SchemaRegistry::built_in().get(GROUP).cloned().unwrap_or_default()));

/// `schemas`, `id`, `externalId` and `meta` (RFC 7643 §3 and §3.1), which no schema document lists.
static COMMON: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
    let exact = |name: &str, kind: AttributeType, mutability: Mutability, returned: Returned| Attribute {
        case_exact: Some(true),
        mutability: Some(mutability),
        returned: Some(returned),
        ..Attribute::new(name, kind)
    };
    let sub = |name: &str, kind| exact(name, kind, Mutability::ReadOnly, Returned::Default);
    let meta = Attribute {
        mutability: Some(Mutability::ReadOnly),
        sub_attributes: vec![
            sub("resourceType", AttributeType::String),
            sub("created", AttributeType::DateTime),
            sub("lastModified", AttributeType::DateTime),
            sub("location", AttributeType::Reference),
            sub("version", AttributeType::String),
        ],
        ..Attribute::new("meta", AttributeType::Complex)
    };
    let schemas = exact("schemas", AttributeType::Reference, Mutability::ReadWrite, Returned::Always);
    vec![
        Attribute { multi_valued: Some(true), required: Some(true), ..schemas },
        exact("id", AttributeType::String, Mutability::ReadOnly, Returned::Always),
        exact("externalId", AttributeType::String, Mutability::ReadWrite, Returned::Default),
        meta,
    ]
});

/// The attribute of that name that every resource has.
fn common(name: &str) -> Option<&'static Attribute> {
    COMMON.iter().find(|attribute| same_name(attribute.name(), name))
}

impl ResourceSchemas {
    /// A resource type of that core schema, without extensions.
    pub fn new(core: Schema) -> Self {
        let lists_common = core.attributes.iter().any(|attribute| common(attribute.name()).is_some());
        Self(Arc::new(Inner { core, lists_common, extensions: Vec::new(), required: Vec::new() }))
    }

    /// User with the enterprise extension.
    pub fn user() -> Self {
        USER_SCHEMAS.clone()
    }

    /// Group.
    pub fn group() -> Self {
        GROUP_SCHEMAS.clone()
    }

    /// Adds an extension that a resource may have, in place of the one with its URI.
    pub fn with_extension(mut self, extension: Schema) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.required.retain(|uri| !same_name(uri, extension.id()));
        put(&mut inner.extensions, extension);
        self
    }

    /// Adds an extension that every resource must have (RFC 7643 §6), in place of the one with its URI.
    /// [`validate`](Self::validate) asks for it, and no PATCH takes it away.
    ///
    /// ```
    /// use scim_core::schema::{Attribute, AttributeType, Direction, ResourceSchemas, Schema, USER};
    /// let badge = Schema::new("urn:example:Badge", vec![Attribute::new("number", AttributeType::String)]);
    /// let schemas = ResourceSchemas::user().with_required_extension(badge);
    /// let body = serde_json::json!({"schemas": [USER], "userName": "a"});
    /// let found = schemas.validate(&body, Direction::Create);
    /// assert_eq!(found[0].to_string(), "`urn:example:Badge` is required");
    /// ```
    pub fn with_required_extension(self, extension: Schema) -> Self {
        let uri = extension.id().to_owned();
        let mut schemas = self.with_extension(extension);
        Arc::make_mut(&mut schemas.0).required.push(uri);
        schemas
    }

    /// The core schema.
    pub fn core(&self) -> &Schema {
        &self.0.core
    }

    /// The extensions.
    pub fn extensions(&self) -> &[Schema] {
        &self.0.extensions
    }

    /// The attributes that every resource has: `schemas`, `id`, `externalId`, `meta`.
    pub fn common() -> &'static [Attribute] {
        &COMMON
    }

    /// The attributes of the core schema without those of them that every resource has.
    pub(crate) fn core_alone(&self) -> impl Iterator<Item = &Attribute> {
        self.0.core.attributes.iter().filter(|attribute| !self.0.lists_common || common(attribute.name()).is_none())
    }

    /// The extension with that URI, in any case.
    pub fn extension(&self, uri: &str) -> Option<&Schema> {
        self.0.extensions.iter().find(|schema| same_name(schema.id(), uri))
    }

    /// Whether every resource must have the extension with that URI, in any case.
    pub fn requires_extension(&self, uri: &str) -> bool {
        self.0.required.iter().any(|required| same_name(required, uri))
    }

    /// URIs of the extensions that every resource must have.
    pub(crate) fn required_extensions(&self) -> impl Iterator<Item = &str> {
        self.0.required.iter().map(String::as_str)
    }

    /// Whether the URI, in any case, is that of the core schema or of an extension.
    pub(crate) fn knows(&self, uri: &str) -> bool {
        same_name(uri, self.0.core.id()) || self.extension(uri).is_some()
    }

    /// The definition of an attribute or sub-attribute by the text of its path: `userName`,
    /// `name.givenName`, `urn:…:User:manager.displayName`, in any case.
    pub fn attribute(&self, path: &str) -> Option<&Attribute> {
        let path = AttributePath::parse(path).ok()?;
        self.locate(&path)?.attribute.part(path.sub())
    }

    /// The attribute that a path names, whatever its sub-attribute.
    pub(crate) fn locate(&self, path: &AttributePath) -> Option<Located<'_>> {
        match path.urn() {
            None => self.core_attribute(path.name()),
            Some(urn) if same_name(urn, self.0.core.id()) => self.core_attribute(path.name()),
            Some(urn) => {
                let schema = self.extension(urn)?;
                let attribute = schema.attribute(path.name())?;
                Some(Located { home: Home::Extension(schema.id()), attribute })
            }
        }
    }

    /// An attribute at the top of a resource.
    pub(crate) fn core_attribute(&self, name: &str) -> Option<Located<'_>> {
        let own = || self.0.core.attribute(name);
        // What the RFC says of the common ones takes precedence (RFC 7643 §3.1).
        let attribute =
            if self.0.lists_common { common(name).or_else(own)? } else { own().or_else(|| common(name))? };
        Some(Located { home: Home::Core, attribute })
    }

    /// An attribute of that name in one of the extensions: for senders who leave the URN away.
    pub(crate) fn in_extensions(&self, name: &str) -> Option<Located<'_>> {
        self.0.extensions.iter().find_map(|schema| {
            let attribute = schema.attribute(name)?;
            Some(Located { home: Home::Extension(schema.id()), attribute })
        })
    }
}
