use crate::Text;
use crate::resource::Meta;
use crate::resource::wire::wire_struct;

wire_struct! {
    /// An extension of a resource type.
    pub struct SchemaExtension {
        /// URI of the extension's schema.
        schema: Option<Text> = "schema",
        /// Whether every resource of the type must have it.
        required: Option<bool> = "required",
    }
}

wire_struct! {
    /// A resource type (RFC 7643 §6), as `/ResourceTypes` serves it.
    pub struct ResourceType {
        /// Schema URIs of the document.
        schemas: Vec<Text> = "schemas",
        /// Id, usually the name.
        id: Option<Text> = "id",
        /// Name, for example `User`.
        name: Option<Text> = "name",
        /// Text for people.
        description: Option<Text> = "description",
        /// Endpoint relative to the base URL, for example `/Users`.
        endpoint: Option<Text> = "endpoint",
        /// URI of the core schema.
        schema: Option<Text> = "schema",
        /// Extensions.
        schema_extensions: Vec<SchemaExtension> = "schemaExtensions",
        /// What the service provider says about the document.
        meta: Option<Meta> = "meta",
    }
}

impl ResourceType {
    fn core(name: &str, endpoint: &str, schema: &str) -> Self {
        Self {
            schemas: vec![Text::constant(super::RESOURCE_TYPE)],
            id: Some(name.into()),
            name: Some(name.into()),
            endpoint: Some(endpoint.into()),
            schema: Some(schema.into()),
            ..Self::default()
        }
    }

    /// Users with the enterprise extension.
    pub fn user() -> Self {
        let enterprise = SchemaExtension {
            schema: Some(Text::constant(super::ENTERPRISE_USER)),
            required: Some(false),
            ..SchemaExtension::default()
        };
        Self { schema_extensions: vec![enterprise], ..Self::core("User", "/Users", super::USER) }
    }

    /// Groups.
    pub fn group() -> Self {
        Self::core("Group", "/Groups", super::GROUP)
    }
}
