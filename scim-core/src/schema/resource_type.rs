use crate::resource::Meta;
use crate::resource::wire::wire_struct;

wire_struct! {
    /// An extension of a resource type.
    pub struct SchemaExtension {
        /// URI of the extension's schema.
        schema: Option<String> = "schema",
        /// Whether every resource of the type must have it.
        required: Option<bool> = "required",
    }
}

wire_struct! {
    /// A resource type (RFC 7643 §6), as `/ResourceTypes` serves it.
    pub struct ResourceType {
        /// Schema URIs of the document.
        schemas: Vec<String> = "schemas",
        /// Id, usually the name.
        id: Option<String> = "id",
        /// Name, for example `User`.
        name: Option<String> = "name",
        /// Text for people.
        description: Option<String> = "description",
        /// Endpoint relative to the base URL, for example `/Users`.
        endpoint: Option<String> = "endpoint",
        /// URI of the core schema.
        schema: Option<String> = "schema",
        /// Extensions.
        schema_extensions: Vec<SchemaExtension> = "schemaExtensions",
        /// What the service provider says about the document.
        meta: Option<Meta> = "meta",
    }
}

impl ResourceType {
    fn core(name: &str, endpoint: &str, schema: &str) -> Self {
        Self {
            schemas: vec![super::RESOURCE_TYPE.to_owned()],
            id: Some(name.to_owned()),
            name: Some(name.to_owned()),
            endpoint: Some(endpoint.to_owned()),
            schema: Some(schema.to_owned()),
            ..Self::default()
        }
    }

    /// Users with the enterprise extension.
    pub fn user() -> Self {
        let enterprise = SchemaExtension {
            schema: Some(super::ENTERPRISE_USER.to_owned()),
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
