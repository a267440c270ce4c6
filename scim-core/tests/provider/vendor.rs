//! A service with a state and rules of its own over the same engine: what a vendor's embedded server needs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use bytes::Bytes;
use http::Request;
use scim_core::message::ScimError;
use scim_core::patch::{Op, PatchOp};
use scim_core::provider::{Behaviour, Context, Engine, Entry, Kind, MetaShown, Need, Store, View, Written};
use serde_json::{Value, json};

/// Members of an account, not SCIM users: the SCIM view is made on the way out.
#[derive(Default)]
struct Account {
    members: BTreeMap<u64, Member>,
    log: Vec<String>,
}

struct Member {
    email: String,
    admin: bool,
}

/// The account as a SCIM store, for one request of one actor.
struct ScimView<'a> {
    account: &'a mut Account,
    actor: &'a str,
}

fn render(position: u64, member: &Member) -> Value {
    json!({
        "id": format!("m{position}"), "userName": member.email, "active": true, "groups": [{"value": "g1"}],
        "emails": [{"value": member.email, "type": "work", "primary": true}],
    })
}

fn position(id: &str) -> Option<u64> {
    id.strip_prefix('m')?.parse().ok()
}

impl Store for ScimView<'_> {
    fn get(&self, _kind: &Kind, id: &str, _need: &Need) -> Option<Value> {
        let at = position(id)?;
        self.account.members.get(&at).map(|member| render(at, member))
    }

    fn scan(&self, _kind: &Kind, after: u64, _need: &Need, visit: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>) {
        for (&position, member) in self.account.members.range(after + 1..) {
            let resource = render(position, member);
            if visit(Entry { position, id: &format!("m{position}"), resource: &resource }).is_break() {
                return;
            }
        }
    }

    fn insert(&mut self, _context: &Context<'_>, resource: Value) -> Result<Written, ScimError> {
        let email = resource["userName"].as_str().unwrap_or_default().to_owned();
        if !email.contains('@') {
            return Err(ScimError::new(400, "userName must be an e-mail address"));
        }
        // Adoption: whoever is a member already is answered as if made.
        let known = self.account.members.iter().find(|(_, member)| member.email == email).map(|(at, _)| *at);
        let at = known.unwrap_or_else(|| self.account.members.keys().max().unwrap_or(&0) + 1);
        self.account.members.entry(at).or_insert(Member { email, admin: false });
        self.account.log.push(format!("{} provisioned m{at}", self.actor));
        Written::unchanged(&format!("m{at}"))
    }

    fn replace(&mut self, context: &Context<'_>, id: &str, resource: Value) -> Result<Written, ScimError> {
        let at = position(id).ok_or_else(|| context.not_found(id))?;
        if resource["active"] != json!(false) {
            return Written::unchanged(id);
        }
        if self.account.members.get(&at).is_some_and(|member| member.admin) {
            return Err(ScimError::new(403, "the last administrator cannot be removed"));
        }
        let gone = self.account.members.remove(&at).ok_or_else(|| context.not_found(id))?;
        let mut last = render(at, &gone);
        last["active"] = json!(false);
        Ok(Written::unchanged(id)?.showing(last))
    }

    fn remove(&mut self, _context: &Context<'_>, _id: &str) -> Result<(), ScimError> {
        Err(ScimError::new(500, "the kind refuses DELETE before it comes here"))
    }

    fn patch(&mut self, context: &Context<'_>, id: &str, patch: &PatchOp) -> Result<Written, ScimError> {
        // Only `replace` has an effect here; the rest is accepted and does nothing.
        let mut effective = patch.clone();
        effective.operations.retain(|operation| operation.op == Op::Replace);
        let current = self.get(context.kind(), id, &Need::everything()).ok_or_else(|| context.not_found(id))?;
        match context.patched(current, &effective)? {
            Some(after) => self.replace(context, id, after),
            None => Written::unchanged(id),
        }
    }

    fn show(&self, _context: &Context<'_>, view: View, resource: &mut Value) {
        let groups = resource["groups"].as_array().cloned().unwrap_or_default();
        resource["groups"] = groups.iter().map(|group| group["value"].clone()).collect();
        if view == View::List {
            resource.as_object_mut().unwrap().remove("emails");
        }
    }
}

fn engine() -> Engine {
    let mut behaviour = Behaviour::default();
    behaviour.quirks = scim_core::quirk::Quirks::CLOUDFLARE;
    behaviour.require_message_schemas = false;
    behaviour.etag = false;
    behaviour.bulk = None;
    behaviour.meta = MetaShown::TYPE_ONLY;
    let users = Kind::user().without_method(http::Method::DELETE).with_filters_on(["userName"]);
    Engine::new("/accounts/x/scim/v2").with_kinds(vec![users]).with_behaviour(behaviour)
}

fn call(account: &mut Account, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = Request::builder().method(method).uri(format!("/accounts/x/scim/v2{path}")).body(body).unwrap();
    let mut view = ScimView { account, actor: "token-1" };
    let response = engine().handle(&mut view, request);
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

#[test]
fn a_vendor_shows_its_own_state_in_its_own_way() {
    let mut account = Account::default();
    account.members.insert(1, Member { email: "root@x".to_owned(), admin: true });
    let schemas = json!(["urn:ietf:params:scim:schemas:core:2.0:User"]);

    let (status, made) =
        call(&mut account, "POST", "/Users", &json!({"schemas": schemas, "userName": "a@x", "photos": []}));
    assert_eq!((status, &made["id"]), (201, &json!("m2")));
    assert_eq!(made["meta"], json!({"resourceType": "User"}));
    assert_eq!(made["groups"], json!(["g1"]));
    assert_eq!(account.log, ["token-1 provisioned m2"]);
    let (status, adopted) = call(&mut account, "POST", "/Users", &json!({"schemas": schemas, "userName": "a@x"}));
    assert_eq!((status, &adopted["id"]), (201, &json!("m2")));
    let (status, _) = call(&mut account, "POST", "/Users", &json!({"schemas": schemas, "userName": "a"}));
    assert_eq!(status, 400);

    let (_, list) = call(&mut account, "GET", "/Users?startIndex=2", &Value::Null);
    assert_eq!((&list["totalResults"], &list["Resources"][0]["userName"]), (&json!(2), &json!("a@x")));
    assert!(list["Resources"][0].get("emails").is_none());
    let (status, found) = call(&mut account, "GET", "/Users?filter=userName%20eq%20%22A@X%22", &Value::Null);
    assert_eq!((status, &found["totalResults"]), (200, &json!(1)));
    assert_eq!(call(&mut account, "GET", "/Users?filter=active%20eq%20true", &Value::Null).0, 400);

    let ignored =
        json!({"Operations": [{"op": "Add", "path": "title", "value": "x"}, {"op": "remove", "path": "active"}]});
    assert_eq!(call(&mut account, "PATCH", "/Users/m2", &ignored).0, 200);
    let deprovision = json!({"Operations": [{"op": "Replace", "path": "active", "value": "False"}]});
    let (status, refused) = call(&mut account, "PATCH", "/Users/m1", &deprovision);
    assert_eq!((status, &refused["status"]), (403, &json!("403")));
    let (status, last) = call(&mut account, "PATCH", "/Users/m2", &deprovision);
    assert_eq!((status, &last["active"]), (200, &json!(false)));
    assert_eq!(call(&mut account, "GET", "/Users/m2", &Value::Null).0, 404);
    assert_eq!(call(&mut account, "DELETE", "/Users/m1", &Value::Null).0, 405);
    assert_eq!(call(&mut account, "POST", "/Bulk", &json!({})).0, 501);
}
