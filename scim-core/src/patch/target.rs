//! From a path to the definitions that it means.

use serde_json::Value;

use crate::filter::{CompareOp, Filter, Literal};
use crate::patch::PatchError;
use crate::patch::conform::Conform;
use crate::patch::select::Selection;
use crate::path::{AttributePath, PatchPath};
use crate::quirk::Quirk;
use crate::schema::{Attribute, AttributeType, Home, Located, ResourceSchemas, Schema};
use crate::text::same_name;

/// What a path means.
#[expect(clippy::large_enum_variant, reason = "it lives on the stack while one operation is made")]
pub(super) enum Target<'s> {
    /// A whole extension.
    Extension(&'s Schema),
    /// An attribute, some of its elements, or a sub-attribute.
    Attribute { home: Home<'s>, attribute: Definition<'s>, filter: Option<Selection<'s>>, sub: Option<Definition<'s>> },
}

/// The definition of an attribute by its schema, or the stand-in for one that no schema has.
pub(super) enum Definition<'s> {
    Known(&'s Attribute),
    Unknown(Box<Attribute>),
}

impl std::ops::Deref for Definition<'_> {
    type Target = Attribute;

    fn deref(&self) -> &Attribute {
        match self {
            Self::Known(attribute) => attribute,
            Self::Unknown(attribute) => attribute,
        }
    }
}

/// `holds_object` tells whether the resource has values under a URN, in case that no schema has it.
pub(super) fn resolve<'s>(
    path: &'s PatchPath,
    schemas: &'s ResourceSchemas,
    conform: &mut Conform,
    holds_object: impl FnOnce(&str) -> bool,
) -> Result<Target<'s>, PatchError> {
    let attribute_path = path.attribute();
    let (at, sub_name) = match locate(attribute_path, schemas, conform) {
        Found::Attribute(at, sub) => (at, sub),
        Found::Extension(schema) if path.filter().is_none() && path.sub().is_none() => {
            return Ok(Target::Extension(schema));
        }
        Found::Nothing if conform.keeps_unknown && path.filter().is_none() => {
            let (home, attribute) = of_unknown(attribute_path, schemas, holds_object);
            let sub = path.sub().map(|sub| Definition::Unknown(Box::new(unknown(sub))));
            return Ok(Target::Attribute {
                home,
                attribute: Definition::Unknown(Box::new(attribute)),
                filter: None,
                sub,
            });
        }
        _ => return Err(PatchError::path("no schema of this resource type has such an attribute")),
    };
    let attribute = at.attribute;
    let filter = match path.filter() {
        None => None,
        Some(_) if sub_name.is_some() || !(attribute.is_complex() || attribute.is_multi_valued()) => {
            return Err(PatchError::path("only values of a multi-valued or complex attribute can be selected"));
        }
        Some(filter) => Some(Selection::new(filter, attribute, conform)?),
    };
    let sub = match path.after.as_deref().or(sub_name) {
        None => None,
        Some(name) => match attribute.sub_attribute(name) {
            Some(sub) => Some(Definition::Known(sub)),
            None if conform.keeps_unknown && attribute.is_complex() => {
                Some(Definition::Unknown(Box::new(unknown(name))))
            }
            None => return Err(PatchError::path(format!("`{}` has no such sub-attribute", attribute.name()))),
        },
    };
    Ok(Target::Attribute { home: at.home, attribute: Definition::Known(attribute), filter, sub })
}

/// The stand-in for the definition of an attribute that no schema has: one JSON value of any kind.
pub(super) fn unknown(name: &str) -> Attribute {
    Attribute::new(name, AttributeType::Other("unknown".into()))
}

/// Where an attribute that no schema has belongs: at the top, in the extension that its URN names, or, as a whole
/// extension that is unknown itself, under URN and name.
fn of_unknown<'s>(
    path: &'s AttributePath,
    schemas: &'s ResourceSchemas,
    holds_object: impl FnOnce(&str) -> bool,
) -> (Home<'s>, Attribute) {
    match path.urn() {
        None => (Home::Core, unknown(path.name())),
        Some(urn) if same_name(urn, schemas.core().id()) => (Home::Core, unknown(path.name())),
        Some(urn) => match schemas.extension(urn) {
            Some(schema) => (Home::Extension(schema.id()), unknown(path.name())),
            None if holds_object(urn) => (Home::Extension(urn), unknown(path.name())),
            None => (Home::Core, unknown(&path.as_urn().unwrap_or_default())),
        },
    }
}

pub(super) enum Found<'s> {
    Attribute(Located<'s>, Option<&'s str>),
    Extension(&'s Schema),
    Nothing,
}

/// What an attribute path names, with the sub-attribute's name, and the tolerances for misspelt URNs.
pub(super) fn locate<'s>(path: &'s AttributePath, schemas: &'s ResourceSchemas, conform: &mut Conform) -> Found<'s> {
    if let Some(at) = schemas.locate(path) {
        return Found::Attribute(at, path.sub());
    }
    if let Some(uri) = path.as_urn() {
        return match (path.with_colon(), schemas.extension(&uri)) {
            (None, Some(extension)) => Found::Extension(extension),
            (Some(meant), _) if conform.tolerated.contains(Quirk::UrnDotNotation) => match schemas.locate(&meant) {
                Some(at) => {
                    conform.allows(Quirk::UrnDotNotation);
                    Found::Attribute(at, None)
                }
                None => Found::Nothing,
            },
            _ => Found::Nothing,
        };
    }
    match schemas.in_extensions(path.name()) {
        Some(at) if conform.is_lenient() => Found::Attribute(at, path.sub()),
        _ => Found::Nothing,
    }
}

/// The members that a filter of `eq` joined by `and` gives a new element.
pub(super) fn described(filter: &Filter) -> Option<Vec<(&str, Value)>> {
    match filter {
        Filter::And(list) => {
            let mut all = Vec::new();
            for filter in list {
                all.extend(described(filter)?);
            }
            Some(all)
        }
        Filter::Compare(comparison) if comparison.op == CompareOp::Eq => {
            let value = match &comparison.value {
                Literal::String(text) => Value::from(text.as_str()),
                Literal::Number(number) => Value::Number(serde_json::from_str(number.as_str()).ok()?),
                Literal::Boolean(value) => Value::Bool(*value),
                Literal::Null => return None,
            };
            Some(vec![(comparison.path.name(), value)])
        }
        _ => None,
    }
}
