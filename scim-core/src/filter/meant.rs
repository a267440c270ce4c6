//! What a filter means where senders are known to write something else.

use crate::filter::{Comparison, Filter, Literal};
use crate::path::AttributePath;
use crate::quirk::{Quirk, Quirks};
use crate::schema::{Attribute, AttributeType, ResourceSchemas, boolean_in};

impl Filter {
    /// Makes of the filter what was meant, and tells the quirks that it showed: for a boolean attribute a boolean in quotes is
    /// the boolean ([`Quirk::BoolStringInFilter`]), a dot after a schema URN is the colon ([`Quirk::UrnDotNotation`]). What
    /// the letter has a meaning for stays: only schemas tell `active eq "True"`, which matches nothing, from the sender's
    /// mistake. For service providers, before the filter is compiled or translated.
    ///
    /// ```
    /// use scim_core::filter::Filter;
    /// use scim_core::quirk::Quirks;
    /// use scim_core::schema::ResourceSchemas;
    /// let mut filter = Filter::parse(r#"active ne "True""#)?;
    /// filter.take_as_meant(&ResourceSchemas::user(), Quirks::ENTRA);
    /// assert_eq!(filter.to_string(), "active ne true");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take_as_meant(&mut self, schemas: &ResourceSchemas, quirks: Quirks) -> Quirks {
        let mut fired = Quirks::STRICT;
        if quirks.contains(Quirk::BoolStringInFilter) || quirks.contains(Quirk::UrnDotNotation) {
            take(self, None, schemas, quirks, &mut fired);
        }
        fired
    }
}

/// `list` is the attribute whose brackets the filter stands between.
fn take(filter: &mut Filter, list: Option<&Attribute>, schemas: &ResourceSchemas, quirks: Quirks, fired: &mut Quirks) {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => {
            for filter in filters {
                take(filter, list, schemas, quirks, fired);
            }
        }
        Filter::Not(filter) => take(filter, list, schemas, quirks, fired),
        Filter::Present(path) => with_colon(path, schemas, quirks, fired),
        Filter::ValuePath(value_path) => {
            with_colon(&mut value_path.path, schemas, quirks, fired);
            // Without a definition nothing inside has a type.
            if let Some(at) = schemas.locate(&value_path.path) {
                take(&mut value_path.filter, Some(at.attribute), schemas, quirks, fired);
            }
        }
        Filter::Compare(Comparison { path, value, .. }) => {
            let compared = if let Some(list) = list {
                list.sub_attribute(path.name())
            } else {
                with_colon(path, schemas, quirks, fired);
                schemas.locate(path).and_then(|at| at.attribute.part(path.sub()))
            };
            let is_boolean = compared.is_some_and(|compared| *compared.attribute_type() == AttributeType::Boolean);
            if let Literal::String(text) = value
                && is_boolean
                && quirks.contains(Quirk::BoolStringInFilter)
                && let Some(boolean) = boolean_in(text)
            {
                *value = Literal::Boolean(boolean);
                *fired = fired.with(Quirk::BoolStringInFilter);
            }
        }
    }
}

fn with_colon(path: &mut AttributePath, schemas: &ResourceSchemas, quirks: Quirks, fired: &mut Quirks) {
    if !quirks.contains(Quirk::UrnDotNotation) || schemas.locate(path).is_some() {
        return;
    }
    if let Some(meant) = path.with_colon()
        && schemas.locate(&meant).is_some()
    {
        *path = meant;
        *fired = fired.with(Quirk::UrnDotNotation);
    }
}
