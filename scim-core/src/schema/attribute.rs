use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::Text;
use crate::resource::wire::{wire_enum, wire_struct};
use crate::resource::{Meta, is_unassigned};
use crate::text::same_name;

wire_enum! {
    /// Data type of an attribute (RFC 7643 §2.3).
    pub enum AttributeType {
        /// Unicode text.
        String = "string",
        /// `true` or `false`.
        Boolean = "boolean",
        /// A number with a fraction.
        Decimal = "decimal",
        /// A whole number.
        Integer = "integer",
        /// `xsd:dateTime`.
        DateTime = "dateTime",
        /// Base64.
        Binary = "binary",
        /// A URI.
        Reference = "reference",
        /// An object of sub-attributes.
        Complex = "complex",
    }
}

wire_enum! {
    /// Who may change an attribute, and when (RFC 7643 §7).
    pub enum Mutability {
        /// Only the service provider.
        ReadOnly = "readOnly",
        /// The client, at any time.
        ReadWrite = "readWrite",
        /// The client, once.
        Immutable = "immutable",
        /// The client; never returned.
        WriteOnly = "writeOnly",
    }
}

wire_enum! {
    /// When an attribute is in an answer (RFC 7643 §7).
    pub enum Returned {
        /// In every answer.
        Always = "always",
        /// In no answer.
        Never = "never",
        /// Unless the request asks for others or excludes it.
        Default = "default",
        /// Only if the request names it.
        Request = "request",
    }
}

wire_enum! {
    /// How far a value is unique (RFC 7643 §7).
    pub enum Uniqueness {
        /// Not at all.
        None = "none",
        /// Within the service provider.
        Server = "server",
        /// Everywhere.
        Global = "global",
    }
}

wire_struct! {
    /// Definition of an attribute (RFC 7643 §7). The members are as the document has them; the
    /// methods give the effective characteristics, with the defaults of §2.2.
    pub struct Attribute {
        /// Name, in the spelling of the schema.
        name: Option<Text> = "name",
        /// Data type.
        r#type: Option<AttributeType> = "type",
        /// Sub-attributes of a complex attribute.
        sub_attributes: Vec<Attribute> = "subAttributes",
        /// Whether it holds a list.
        multi_valued: Option<bool> = "multiValued",
        /// Text for people.
        description: Option<Text> = "description",
        /// Whether a resource must have it.
        required: Option<bool> = "required",
        /// Values that are recommended; others are not to be refused.
        canonical_values: Vec<Text> = "canonicalValues",
        /// Whether text compares with case.
        case_exact: Option<bool> = "caseExact",
        /// Who may change it.
        mutability: Option<Mutability> = "mutability",
        /// When it is in an answer.
        returned: Option<Returned> = "returned",
        /// How far it is unique.
        uniqueness: Option<Uniqueness> = "uniqueness",
        /// What a reference may point to.
        reference_types: Vec<Text> = "referenceTypes",
    }
}

impl Attribute {
    /// A single-valued readWrite attribute of that name and type.
    pub fn new(name: impl Into<Text>, attribute_type: AttributeType) -> Self {
        Self { name: Some(name.into()), r#type: Some(attribute_type), ..Self::default() }
    }

    /// Name, in the spelling of the schema.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Data type; `string` if the document says nothing.
    pub fn attribute_type(&self) -> &AttributeType {
        self.r#type.as_ref().unwrap_or(&AttributeType::String)
    }

    /// Whether it is complex.
    pub fn is_complex(&self) -> bool {
        self.r#type == Some(AttributeType::Complex)
    }

    /// Whether it holds a list.
    pub fn is_multi_valued(&self) -> bool {
        self.multi_valued == Some(true)
    }

    /// Whether a resource must have it.
    pub fn is_required(&self) -> bool {
        self.required == Some(true)
    }

    /// Whether its text compares with case: as stated; references and binary data always (RFC 7643
    /// §2.3.6 and §2.3.7, which win over the printed schemas).
    pub fn is_case_exact(&self) -> bool {
        matches!(self.r#type, Some(AttributeType::Reference | AttributeType::Binary)) || self.case_exact == Some(true)
    }

    /// Who may change it; `readWrite` if the document says nothing.
    pub fn mutability(&self) -> &Mutability {
        self.mutability.as_ref().unwrap_or(&Mutability::ReadWrite)
    }

    /// Whether only the service provider may change it.
    pub fn is_read_only(&self) -> bool {
        self.mutability == Some(Mutability::ReadOnly)
    }

    /// Whether the client may set it once.
    pub fn is_immutable(&self) -> bool {
        self.mutability == Some(Mutability::Immutable)
    }

    /// When it is in an answer; `default` if the document says nothing.
    pub fn returned(&self) -> &Returned {
        self.returned.as_ref().unwrap_or(&Returned::Default)
    }

    /// Whether a filter on it would leak what answers never show (RFC 7643 §7, `writeOnly` and `returned: never`).
    pub fn is_hidden(&self) -> bool {
        self.returned == Some(Returned::Never) || self.mutability == Some(Mutability::WriteOnly)
    }

    /// When an answer shows it: what can only be written never is (RFC 7643 §7).
    pub(crate) fn shown(&self) -> &Returned {
        if self.is_hidden() { &Returned::Never } else { self.returned() }
    }

    /// The sub-attribute of that name, in any case.
    pub fn sub_attribute(&self, name: &str) -> Option<&Attribute> {
        let exact = self.sub_attributes.iter().find(|sub| sub.name() == name);
        exact.or_else(|| self.sub_attributes.iter().find(|sub| same_name(sub.name(), name)))
    }

    /// The sub-attribute of that name; the attribute itself without one.
    pub(crate) fn part(&self, sub: Option<&str>) -> Option<&Attribute> {
        match sub {
            Some(sub) => self.sub_attribute(sub),
            None => Some(self),
        }
    }

    /// Whether a complex value says something, but under no name that this attribute has and a client may write.
    pub(crate) fn says_nothing_written(&self, value: &Value) -> bool {
        let members = value.as_object().filter(|_| self.is_complex());
        let mut said = members.into_iter().flatten().filter(|(_, value)| !is_unassigned(value)).peekable();
        said.peek().is_some() && said.all(|(name, _)| self.sub_attribute(name).is_none_or(Self::is_read_only))
    }

    /// Whether a complex value says something under a name that this attribute does not have.
    pub(crate) fn is_misnamed(&self, value: &Value) -> bool {
        let foreign = |(name, value): (&String, &Value)| !is_unassigned(value) && self.sub_attribute(name).is_none();
        self.is_complex() && value.as_object().is_some_and(|members| members.iter().any(foreign))
    }

    /// The value; plain text where an object belongs as the object that it stands for, whose `value` it is.
    pub(crate) fn spelt_out<'v>(&self, value: &'v Value) -> Cow<'v, Value> {
        match (value, self.sub_attribute("value")) {
            (Value::String(text), Some(sub)) if self.is_complex() => {
                let members = Map::from_iter([(sub.name().to_owned(), Value::from(text.as_str()))]);
                Cow::Owned(Value::Object(members))
            }
            _ => Cow::Borrowed(value),
        }
    }

    /// Whether elements are told apart by `value` alone, as members of groups are: a list of complex
    /// values whose `value` cannot be changed.
    pub(crate) fn is_keyed_by_value(&self) -> bool {
        self.is_multi_valued() && self.sub_attribute("value").is_some_and(Attribute::is_immutable)
    }
}

wire_struct! {
    /// A schema document (RFC 7643 §7), as `/Schemas` serves it.
    pub struct Schema {
        /// Schema URIs of the document itself.
        schemas: Vec<Text> = "schemas",
        /// URI of the schema.
        id: Option<Text> = "id",
        /// Name for people.
        name: Option<Text> = "name",
        /// Text for people.
        description: Option<Text> = "description",
        /// Attributes, without the common ones (`id`, `externalId`, `meta`, `schemas`).
        attributes: Vec<Attribute> = "attributes",
        /// What the service provider says about the document.
        meta: Option<Meta> = "meta",
    }
}

impl Schema {
    /// A schema with that URI and those attributes.
    pub fn new(id: impl Into<Text>, attributes: Vec<Attribute>) -> Self {
        Self { schemas: vec![Text::constant(super::SCHEMA)], id: Some(id.into()), attributes, ..Self::default() }
    }

    /// URI of the schema; empty if the document has none.
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The attribute of that name, in any case.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        let exact = self.attributes.iter().find(|attribute| attribute.name() == name);
        exact.or_else(|| self.attributes.iter().find(|attribute| same_name(attribute.name(), name)))
    }
}
