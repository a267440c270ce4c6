use std::sync::LazyLock;

use crate::path::AttributePath;
use crate::schema::{Attribute, ResourceSchemas, ResourceType, Schema, UnknownSchema};
use crate::text::same_name;

/// The schemas that a service knows: those of RFC 7643, and what is registered.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaRegistry {
    schemas: Vec<Schema>,
}

/// The documents of RFC 7643 §8.7, corrected by the errata (`schema/README.md`). A test reads every one.
static BUILT_IN: LazyLock<SchemaRegistry> = LazyLock::new(|| {
    let documents = [
        include_str!("user.json"),
        include_str!("group.json"),
        include_str!("enterprise_user.json"),
        include_str!("service_provider_config.json"),
        include_str!("resource_type.json"),
        include_str!("schema.json"),
    ];
    SchemaRegistry { schemas: documents.iter().filter_map(|text| serde_json::from_str(text).ok()).collect() }
});

/// Adds a schema, or takes the place of the one with its URI.
pub(super) fn put(schemas: &mut Vec<Schema>, schema: Schema) {
    match schemas.iter_mut().find(|known| same_name(known.id(), schema.id())) {
        Some(known) => *known = schema,
        None => schemas.push(schema),
    }
}

impl Default for SchemaRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl SchemaRegistry {
    /// The schemas of RFC 7643.
    pub fn new() -> Self {
        BUILT_IN.clone()
    }

    pub(crate) fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Adds a schema, or takes the place of the one with the same URI.
    pub fn register(&mut self, schema: Schema) -> &mut Self {
        put(&mut self.schemas, schema);
        self
    }

    /// The schema with that URI, in any case.
    pub fn get(&self, uri: &str) -> Option<&Schema> {
        self.schemas.iter().find(|schema| same_name(schema.id(), uri))
    }

    /// The definition of an attribute or sub-attribute by its name with the URI of its schema, in any case:
    /// `urn:ietf:params:scim:schemas:core:2.0:User:name.givenName` (RFC 7644 §3.10). Names without URI, and those that no
    /// schema lists (`id`, `externalId`, `meta`, `schemas`), are looked up in the schemas of one resource type:
    /// [`ResourceSchemas::attribute`].
    ///
    /// ```
    /// use scim_core::schema::SchemaRegistry;
    /// let registry = SchemaRegistry::new();
    /// let name = registry.attribute("urn:ietf:params:scim:schemas:core:2.0:user:USERNAME").unwrap();
    /// assert!(name.is_required() && name.name() == "userName");
    /// assert!(registry.attribute("urn:ietf:params:scim:schemas:core:2.0:Group:userName").is_none());
    /// ```
    pub fn attribute(&self, path: &str) -> Option<&Attribute> {
        let path = AttributePath::parse(path).ok()?;
        self.get(path.urn()?)?.attribute(path.name())?.part(path.sub())
    }

    /// All schemas.
    pub fn iter(&self) -> impl Iterator<Item = &Schema> {
        self.schemas.iter()
    }

    fn find(&self, uri: &str) -> Result<Schema, UnknownSchema> {
        self.get(uri).cloned().ok_or_else(|| UnknownSchema::new(uri))
    }

    /// The schemas of one resource type: a core schema and its extensions.
    ///
    /// # Errors
    /// A URI is not registered.
    pub fn resource_schemas<'a>(
        &self,
        core: &str,
        extensions: impl IntoIterator<Item = &'a str>,
    ) -> Result<ResourceSchemas, UnknownSchema> {
        let mut schemas = ResourceSchemas::new(self.find(core)?);
        for uri in extensions {
            schemas = schemas.with_extension(self.find(uri)?);
        }
        Ok(schemas)
    }

    /// The schemas that a [`ResourceType`] names, with what it says about which extensions are required.
    ///
    /// # Errors
    /// A URI is not registered.
    pub fn of_type(&self, resource_type: &ResourceType) -> Result<ResourceSchemas, UnknownSchema> {
        let core = resource_type.schema.as_deref().unwrap_or_default();
        let mut schemas = ResourceSchemas::new(self.find(core)?);
        for extension in &resource_type.schema_extensions {
            let Some(uri) = extension.schema.as_deref() else { continue };
            schemas = match extension.required {
                Some(true) => schemas.with_required_extension(self.find(uri)?),
                _ => schemas.with_extension(self.find(uri)?),
            };
        }
        Ok(schemas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_document_reads() {
        let names: Vec<_> = SchemaRegistry::new().iter().map(|s| s.id().to_owned()).collect();
        assert_eq!(names.len(), 6, "{names:?}");
    }
}
