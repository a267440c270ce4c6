//! Filters on a thousand users: JSON values and typed ones, beside the same conditions by hand.

use scim_core::filter::Filter;
use scim_core::message::ListResponse;
use scim_core::resource::User;
use scim_core::schema::ResourceSchemas;
use serde_json::Value;

use crate::floors::{self, PlainList, PlainUser};
use crate::{Contender, PEER_FILTER, Problem, load, timed};

/// How often the thousand users are gone through in one pass.
const TIMES: usize = 10;

fn pass<T>(users: &'static [T], condition: impl Fn(&T) -> bool + 'static) -> impl FnMut() -> usize + 'static {
    move || (0..TIMES).map(|_| users.iter().filter(|user| condition(user)).count()).sum()
}

/// A thousand users, to be gone through ten times.
pub(crate) fn evaluation(filters: &[(String, String)], all: &mut Vec<Contender>) -> Result<(), Problem> {
    let text = load("users-1000.json")?;
    let expected: Value = serde_json::from_str(&load("expected.json")?)?;
    let list: &'static Value = Box::leak(Box::new(serde_json::from_str(&text)?));
    let values: &'static [Value] = list["Resources"].as_array().ok_or("no Resources")?;
    let typed: ListResponse<User> = serde_json::from_str(&text)?;
    let typed: &'static [User] = Box::leak(typed.resources.into_boxed_slice());
    let plain: PlainList = serde_json::from_str(&text)?;
    let plain: &'static [PlainUser] = Box::leak(plain.resources.into_boxed_slice());
    let schemas = ResourceSchemas::user();

    for (name, text) in filters {
        let want = usize::try_from(expected[name].as_u64().ok_or("no expectation")?)? * TIMES;
        let mut push = |who: &'static str, job: Option<Box<dyn FnMut() -> usize>>| -> Result<(), Problem> {
            let run = match job {
                Some(mut job) => {
                    let got = job();
                    if got != want {
                        return Err(format!("{who} finds {got} users for {name}, not {want}").into());
                    }
                    timed(job)
                }
                None => None,
            };
            all.push(Contender::new("eval", name, who, run));
            Ok(())
        };
        let filter = Filter::parse(text)?;
        let matcher = filter.compile(&schemas)?;
        push("scim-core", Some(Box::new(pass(values, move |user| matcher.matches(user)))))?;
        let condition = floors::on_value(name, text).ok_or("no floor")?;
        push("floor value", Some(Box::new(pass(values, condition))))?;
        let matcher = filter.compile_for::<User>()?;
        push("scim-core typed", Some(Box::new(pass(typed, move |user| matcher.matches(user)))))?;
        let condition = floors::on_struct(name, text).ok_or("no floor")?;
        push("floor struct", Some(Box::new(pass(plain, condition))))?;
        let own = text.clone();
        let peer = move || {
            (0..TIMES).map(|_| scim_filter::scim_filter(&own, values).map_or(0, |hits| hits.len())).sum::<usize>()
        };
        let works = peer() == want;
        push(PEER_FILTER, works.then(|| Box::new(peer) as Box<dyn FnMut() -> usize>))?;
    }
    Ok(())
}

/// As [`evaluation`] on values, of users who are not alike: each of these attributes is missing in one of three.
pub(crate) fn mixed(filters: &[(String, String)], all: &mut Vec<Contender>) -> Result<(), Problem> {
    const OPTIONAL: [&str; 11] = [
        "active",
        "addresses",
        "displayName",
        "emails",
        "externalId",
        "groups",
        "locale",
        "name",
        "phoneNumbers",
        "timezone",
        "title",
    ];
    let mut list: Value = serde_json::from_str(&load("users-1000.json")?)?;
    let mut state = 1_u64;
    for user in list["Resources"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        for name in OPTIONAL {
            // Knuth's generator: the same users in every run.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if (state >> 33).is_multiple_of(3) {
                user.remove(name);
            }
        }
    }
    // Read again, so that they lie in memory as a reader leaves them.
    let list: &'static Value = Box::leak(Box::new(serde_json::from_str(&list.to_string())?));
    let values: &'static [Value] = list["Resources"].as_array().ok_or("no Resources")?;
    for (name, text) in filters {
        let matcher = Filter::parse(text)?.compile(&ResourceSchemas::user())?;
        let mut ours = pass(values, move |user| matcher.matches(user));
        let mut floor = pass(values, floors::on_value(name, text).ok_or("no floor")?);
        if ours() != floor() {
            return Err(format!("{name}: {} users by the filter, {} by hand", ours(), floor()).into());
        }
        all.push(Contender::new("mixed", name, "scim-core", timed(ours)));
        all.push(Contender::new("mixed", name, "floor value", timed(floor)));
    }
    Ok(())
}
