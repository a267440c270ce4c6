//! `/propertymappings/`.

use http::Method;

use super::super::engine::mapped_user;
use super::super::ids;
use super::super::json::{Json, object};
use super::super::mapping::{MappingInput, Outcome as Evaluated, evaluate, syntax_error};
use super::super::state::Mapping;
use super::fields::Fields;
use super::lists;
use super::reply::{Answer, Outcome};
use super::{Call, render};

pub(crate) fn list_or_create(call: &mut Call<'_>) -> Outcome {
    if call.method == Method::POST {
        return write(call, None).map(Answer::created);
    }
    let query = &call.query;
    let managed: Vec<&str> = query.all("managed").collect();
    let found: Vec<&Mapping> = call
        .state
        .mappings
        .iter()
        .filter(|mapping| {
            query.flag("managed__isnull").is_none_or(|null| mapping.managed.is_none() == null)
                && (managed.is_empty() || mapping.managed.as_deref().is_some_and(|own| managed.contains(&own)))
                && query.get("name").is_none_or(|name| mapping.name == name)
                && query.search_matches(&[("name", &mapping.name)])
        })
        .collect();
    let key = |mapping: &&Mapping, name: &str| match name {
        "name" => Some(mapping.name.as_str().into()),
        "pk" => Some(mapping.pk.as_str().into()),
        _ => None,
    };
    lists::page(query, found, "name", key, |mapping| render::mapping(mapping), lists::nothing())
}

fn write(call: &mut Call<'_>, own: Option<usize>) -> Result<Json, Answer> {
    let own_pk = own.and_then(|index| call.state.mappings.get(index)).map(|known| known.pk.clone());
    let mut fields = Fields::new(&call.body, call.is_patch());
    let name = fields.text("name", true, false, 10_000);
    if let Some(name) = &name {
        let taken = call.state.mappings.iter().any(|known| known.name == *name && Some(&known.pk) != own_pk.as_ref());
        if taken {
            fields.error("name", "Property Mapping with this name already exists.");
        }
    }
    let expression = fields.text("expression", true, false, 1_000_000);
    if let Some(error) = expression.as_deref().and_then(syntax_error) {
        fields.error("expression", format!("Expression Syntax Error: {error}"));
    }
    let managed = if fields.has("managed") { fields.text("managed", false, true, 10_000) } else { None };
    fields.finish()?;
    let index = own.unwrap_or_else(|| {
        let pk = call.state.ids.uuid();
        let mapping = Mapping { pk, managed: None, name: String::new(), expression: String::new() };
        call.state.mappings.push(mapping);
        call.state.mappings.len() - 1
    });
    let Some(mapping) = call.state.mappings.get_mut(index) else { return Err(Answer::no_match("SCIMMapping")) };
    if let Some(name) = name {
        mapping.name = name;
    }
    if let Some(expression) = expression {
        mapping.expression = expression;
    }
    if let Some(managed) = managed.filter(|managed| !managed.is_empty()) {
        mapping.managed = Some(managed);
    }
    Ok(render::mapping(mapping))
}

pub(crate) fn one(call: &mut Call<'_>, id: &str) -> Outcome {
    if !ids::is_uuid(id) {
        return Err(Answer::not_found());
    }
    let pk = ids::canonical_uuid(id);
    let found = call.state.mappings.iter().position(|mapping| mapping.pk == pk);
    let index = found.ok_or_else(|| Answer::no_match("SCIMMapping"))?;
    match call.method {
        Method::GET => {
            let mapping = call.state.mappings.get(index).ok_or_else(|| Answer::no_match("SCIMMapping"))?;
            Ok(Answer::ok(render::mapping(mapping)))
        }
        Method::DELETE => {
            call.state.mappings.retain(|mapping| mapping.pk != pk);
            for provider in call.state.providers.values_mut() {
                provider.user_mappings.retain(|mapping| *mapping != pk);
                provider.group_mappings.retain(|mapping| *mapping != pk);
            }
            Ok(Answer::no_content())
        }
        _ => write(call, Some(index)).map(Answer::ok),
    }
}

/// `POST /propertymappings/all/{uuid}/test/`: `provider` and `connection` are undefined here and a
/// skip counts as a failure (recording H592).
pub(crate) fn test(call: &mut Call<'_>, id: &str) -> Outcome {
    if !ids::is_uuid(id) {
        return Err(Answer::not_found());
    }
    let pk = ids::canonical_uuid(id);
    let found = call.state.mappings.iter().find(|mapping| mapping.pk == pk);
    let expression = found.ok_or_else(|| Answer::no_match("PropertyMapping"))?.expression.clone();
    let mut fields = Fields::new(&call.body, false);
    let user = fields.pk("user", false, |pk| call.state.users.contains_key(&pk));
    let group = fields.uuid("group", false, |pk| call.state.groups.contains_key(pk));
    fields.finish()?;
    let user = user.flatten().and_then(|pk| call.state.users.get(&pk)).map(mapped_user);
    let group = group.flatten().and_then(|pk| call.state.groups.get(&pk)).map(|group| group.name.clone());
    let input = MappingInput { user: Some(user.unwrap_or_default()), group, ..MappingInput::default() };
    let traceback = |class: &str, text: &str| {
        let result = format!("Traceback (most recent call last):\n  File \"<mapping>\", line 2\n{class}: {text}");
        object! { "result" => result, "successful" => false }
    };
    let body = match evaluate(&expression, call.closures, &input) {
        Evaluated::Value(value) => {
            let pretty = call.query.flag("format_result").unwrap_or(false);
            let result = if pretty { value.dumps_indented() } else { value.dumps() };
            object! { "result" => result, "successful" => true }
        }
        Evaluated::Skip => traceback("authentik.core.expression.exceptions.SkipObjectException", ""),
        Evaluated::Raise { class, text } => traceback(&format!("builtins.{class}"), &text),
    };
    Ok(Answer::ok(body))
}
