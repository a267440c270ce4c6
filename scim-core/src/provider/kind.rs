use http::Method;

use crate::Text;
use crate::schema::{GROUP, ResourceSchemas, ResourceType, Schema, SchemaRegistry, USER, UnknownSchema};
use crate::text::same_name;

/// One resource type that a service provider serves: where it lives, its schemas, and how much of
/// the protocol it takes part in.
///
/// ```
/// use scim_core::provider::Kind;
/// let users = Kind::user();
/// assert_eq!((users.name(), users.endpoint()), ("User", "Users"));
/// // A service with a narrower idea of SCIM:
/// let narrow = Kind::user().without_method(http::Method::DELETE).with_filters_on(["userName"]);
/// assert!(!narrow.allows(&http::Method::DELETE));
/// ```
#[derive(Debug, Clone)]
pub struct Kind {
    resource_type: ResourceType,
    schemas: ResourceSchemas,
    refused: Vec<Method>,
    filters: Option<Vec<String>>,
    references: Vec<Reference>,
    guarded: Vec<String>,
}

/// A complex attribute with `value` and `$ref`: it points to resources.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    /// URI of the extension that holds the attribute; `None`: the core schema.
    pub(super) extension: Option<String>,
    pub(super) attribute: String,
    /// Names of the resource types that it may point to.
    pub(super) types: Vec<String>,
}

impl Kind {
    /// Users with the enterprise extension, at `/Users`.
    pub fn user() -> Self {
        Self::from_parts(ResourceType::user(), ResourceSchemas::user())
    }

    /// Groups, at `/Groups`.
    pub fn group() -> Self {
        Self::from_parts(ResourceType::group(), ResourceSchemas::group())
    }

    /// A resource type with the schemas that it names.
    ///
    /// # Errors
    /// The registry does not know one of them.
    pub fn new(resource_type: ResourceType, registry: &SchemaRegistry) -> Result<Self, UnknownSchema> {
        let schemas = registry.of_type(&resource_type)?;
        Ok(Self::from_parts(resource_type, schemas))
    }

    /// A resource type with schemas that need no registry.
    pub fn from_parts(resource_type: ResourceType, schemas: ResourceSchemas) -> Self {
        let references = references(&schemas);
        let attributes = schemas.core().attributes.iter();
        let guarded = attributes.filter(|attribute| !attribute.is_plainly_shown());
        let guarded = guarded.map(|attribute| attribute.name().to_owned()).collect();
        Self { resource_type, schemas, refused: Vec::new(), filters: None, references, guarded }
    }

    /// Answers 405 to that method: `POST` on the endpoint, `PUT`, `PATCH` or `DELETE` on a resource.
    pub fn without_method(mut self, method: Method) -> Self {
        if !self.refused.contains(&method) {
            self.refused.push(method);
        }
        self
    }

    /// Takes only filters of the form `attribute eq "text"` with one of these attributes; everything
    /// else is answered 400 `invalidFilter`.
    pub fn with_filters_on<'a>(mut self, attributes: impl IntoIterator<Item = &'a str>) -> Self {
        self.filters = Some(attributes.into_iter().map(str::to_owned).collect());
        self
    }

    /// Name of the resource type, for example `User`.
    pub fn name(&self) -> &str {
        self.resource_type.name.as_deref().unwrap_or_default()
    }

    /// Last segment of the endpoint, for example `Users`.
    pub fn endpoint(&self) -> &str {
        self.resource_type.endpoint.as_deref().unwrap_or_default().trim_matches('/')
    }

    /// URI of the core schema.
    pub fn schema(&self) -> &str {
        self.schemas.core().id()
    }

    /// Core schema and extensions.
    pub fn schemas(&self) -> &ResourceSchemas {
        &self.schemas
    }

    /// The document served at `/ResourceTypes`.
    pub fn resource_type(&self) -> &ResourceType {
        &self.resource_type
    }

    /// Whether the core schema is that of users (RFC 7643 §4.1).
    pub fn is_user(&self) -> bool {
        same_name(self.schema(), USER)
    }

    /// Whether the core schema is that of groups (RFC 7643 §4.2).
    pub fn is_group(&self) -> bool {
        same_name(self.schema(), GROUP)
    }

    /// Whether the kind answers that method with something else than 405.
    pub fn allows(&self, method: &Method) -> bool {
        !self.refused.contains(method)
    }

    /// The attributes that a filter may name if filters are restricted.
    pub(super) fn filters(&self) -> Option<&[String]> {
        self.filters.as_deref()
    }

    /// The attributes that point to resources.
    pub(super) fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The attribute of that name as one that points to resources.
    pub(super) fn reference(&self, extension: Option<&str>, attribute: &str) -> Option<&Reference> {
        self.references
            .iter()
            .find(|reference| reference.attribute == attribute && reference.extension.as_deref() == extension)
    }

    /// Whether an answer may not have the core attribute, or not all of it, without being asked.
    pub(super) fn is_guarded(&self, attribute: &str) -> bool {
        self.guarded.iter().any(|name| same_name(name, attribute))
    }

    /// Core schema first, then the extensions.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Schema> {
        std::iter::once(self.schemas.core()).chain(self.schemas.extensions())
    }

    /// Whether an extension must be in every resource (RFC 7643 §6).
    pub(super) fn requires_extension(&self, uri: &str) -> bool {
        let mut extensions = self.resource_type.schema_extensions.iter();
        extensions.any(|e| e.required == Some(true) && e.schema.as_deref().is_some_and(|s| same_name(s, uri)))
    }
}

fn references(schemas: &ResourceSchemas) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut collect = |extension: Option<&str>, schema: &Schema| {
        for attribute in &schema.attributes {
            if let (Some(reference), Some(_)) = (attribute.sub_attribute("$ref"), attribute.sub_attribute("value")) {
                found.push(Reference {
                    extension: extension.map(str::to_owned),
                    attribute: attribute.name().to_owned(),
                    types: reference.reference_types.iter().map(Text::to_string).collect(),
                });
            }
        }
    };
    collect(None, schemas.core());
    schemas.extensions().iter().for_each(|schema| collect(Some(schema.id()), schema));
    found
}
