//! `ensure_…` against the embedded authentik: what differs is written, once, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::Arc;

use authentik_client::Authentik;
use authentik_client::embedded::{EmbeddedAuthentik, Profile, Side};
use authentik_client::ensure::{Change, provider_patch};
use authentik_client::id::UserPk;
use authentik_client::mapping::{CLOUDFLARE_USER, MANAGED_GROUP};
use authentik_client::model::{
    AuthMode, BindingSubject, CompatibilityMode, NewApplication, NewPolicyBinding, NewScimMapping, NewScimProvider,
    NewUser, PolicyEngineMode, ScimProvider, UserPatch, UserType,
};
use serde_json::json;

fn authentik(profile: Profile) -> (Authentik, EmbeddedAuthentik) {
    let server = EmbeddedAuthentik::builder(support::scim_sink()).profile(profile).build();
    let token = server.token().to_owned();
    let client = Authentik::builder("http://authentik.test".parse().unwrap(), token.into())
        .transport(Arc::new(server.clone()))
        .build()
        .unwrap();
    (client, server)
}

struct Company {
    user: NewUser,
    application: NewApplication,
    mapping: NewScimMapping,
    provider: NewScimProvider,
}

impl Company {
    fn new() -> Self {
        let token = "scim-token".to_owned().into();
        Self {
            user: NewUser::new("ada", "Ada").email("ada@x.test"),
            application: NewApplication::new("CF", "cf".parse().unwrap()),
            mapping: NewScimMapping::new("cloudflare user", CLOUDFLARE_USER),
            provider: NewScimProvider::new("cf", "https://scim.test/scim/v2/", token),
        }
    }

    /// Everything in the safe order; what each step did.
    async fn ensure(&self, authentik: &Authentik) -> (Vec<Change>, ScimProvider) {
        let mut did = Vec::new();
        let user = authentik.ensure_user(&self.user).await.unwrap();
        let group = authentik.ensure_group("staff").await.unwrap();
        did.extend([user.change, group.change]);
        did.push(authentik.ensure_member(&group.value, user.value.pk).await.unwrap());
        let application = authentik.ensure_application(&self.application).await.unwrap();
        did.push(application.change);
        let binding = NewPolicyBinding::group(application.value.pk.clone(), group.value.pk.clone());
        did.push(authentik.ensure_binding(&binding).await.unwrap().change);
        let mapping = authentik.ensure_mapping(&self.mapping).await.unwrap();
        did.push(mapping.change);
        let mut provider = self.provider.clone();
        provider.property_mappings = vec![mapping.value.pk];
        provider.property_mappings_group = vec![authentik.scim_mappings().managed(MANAGED_GROUP).await.unwrap().pk];
        provider.group_filters = vec![group.value.pk];
        let provider = authentik.ensure_scim_provider(&provider).await.unwrap();
        did.push(provider.change);
        did.push(authentik.ensure_attached(&application.value, provider.value.pk).await.unwrap());
        (did, provider.value)
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_time_nothing_is_written() {
    for profile in [Profile::V2026_5_3, Profile::Rc1, Profile::V2026_5_6, Profile::V2026_8] {
        let (authentik, server) = authentik(profile);
        let company = Company::new();
        let (did, _) = company.ensure(&authentik).await;
        let made = Change::Created;
        assert_eq!(did, [made, made, made, made, made, made, made, Change::Updated], "{profile:?}");
        let writes = server.requests(Side::Api).writes;
        assert_eq!(writes, 8);
        let (did, _) = company.ensure(&authentik).await;
        assert_eq!(did, [Change::Unchanged; 8], "{profile:?}");
        assert_eq!(server.requests(Side::Api).writes, writes);
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_differs_is_written() {
    let (authentik, server) = authentik(Profile::Rc1);
    let mut company = Company::new();
    company.ensure(&authentik).await;

    company.user = NewUser::new("ada", "Ada Lovelace").email("ada@x.test").user_type(UserType::External);
    company.application.name = "Cloudflare".to_owned();
    company.application.policy_engine_mode = Some(PolicyEngineMode::All);
    company.provider.url = "https://other.test/scim/v2".to_owned();
    company.provider.compatibility_mode = Some(CompatibilityMode::Slack);
    company.provider.sync_page_size = Some(50);
    // In dry run or not is the business of `leave_dry_run`.
    company.provider.dry_run = false;
    // rc1 has no such member and would never show it.
    company.provider.discovery_enabled = Some(false);
    let before = server.requests(Side::Api).writes;
    let (did, provider) = company.ensure(&authentik).await;
    let (same, changed) = (Change::Unchanged, Change::Updated);
    assert_eq!(did, [changed, same, same, changed, same, same, changed, same]);
    assert_eq!(server.requests(Side::Api).writes - before, 3);
    assert_eq!((provider.url.as_str(), provider.sync_page_size), ("https://other.test/scim/v2", Some(50)));
    assert!(provider.dry_run);
    let user = authentik.users().find("ada").await.unwrap().unwrap();
    assert_eq!((user.name.as_str(), user.email.as_str()), ("Ada Lovelace", "ada@x.test"));
    let (did, _) = company.ensure(&authentik).await;
    assert_eq!(did, [same; 8]);

    assert_eq!(authentik.leave_dry_run(provider.pk).await.unwrap().change, changed);
    assert_eq!(authentik.leave_dry_run(provider.pk).await.unwrap().change, same);
}

#[tokio::test(start_paused = true)]
async fn a_binding_that_does_not_count_is_made_to() {
    let (authentik, _) = authentik(Profile::Rc1);
    let application = NewApplication::new("CF", "cf".parse().unwrap());
    let application = authentik.ensure_application(&application).await.unwrap().value;
    let user = authentik.me().await.unwrap().user.pk;
    let wanted = NewPolicyBinding::user(application.pk.clone(), user);
    authentik.policy_bindings().create(&wanted.clone().enabled(false)).await.unwrap();

    let ensured = authentik.ensure_binding(&wanted).await.unwrap();
    assert_eq!((ensured.change, ensured.value.enabled), (Change::Updated, true));
    assert_eq!(ensured.value.subject(), Some(BindingSubject::User(user)));
    assert_eq!(authentik.ensure_binding(&wanted).await.unwrap().change, Change::Unchanged);
    assert_eq!(authentik.policy_bindings().of(&application.pk).all().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_provider_joins_the_first_however_old_the_application_is() {
    let (authentik, _) = authentik(Profile::Rc1);
    let application = NewApplication::new("CF", "cf".parse().unwrap());
    let application = authentik.ensure_application(&application).await.unwrap().value;
    let mut providers = Vec::new();
    for name in ["one", "two"] {
        let provider = NewScimProvider::new(name, "https://scim.test", "t".to_owned().into());
        providers.push(authentik.ensure_scim_provider(&provider).await.unwrap().value.pk);
    }
    for (provider, change) in [(0, Change::Updated), (1, Change::Updated), (0, Change::Unchanged)] {
        assert_eq!(authentik.ensure_attached(&application, providers[provider]).await.unwrap(), change);
    }
    let mut attached = authentik.applications().get(&application.slug).await.unwrap().backchannel_providers;
    attached.sort();
    assert_eq!(attached, providers);
}

#[tokio::test(start_paused = true)]
async fn a_mapping_whose_expression_differs_is_updated() {
    let (authentik, server) = authentik(Profile::Rc1);
    let ensure = async |expression: &str| {
        let ensured = authentik.ensure_mapping(&NewScimMapping::new("cloudflare user", expression)).await.unwrap();
        (ensured.change, ensured.value.expression, server.requests(Side::Api).writes)
    };
    let old = "return {}".to_owned();
    assert_eq!(ensure(&old).await, (Change::Created, old.clone(), 1));
    assert_eq!(ensure("return {}\n").await, (Change::Unchanged, old, 1));
    // authentik cuts white space off the end.
    assert_eq!(ensure(CLOUDFLARE_USER).await, (Change::Updated, CLOUDFLARE_USER.trim_end().to_owned(), 2));
    assert_eq!(authentik.scim_mappings().list().filter("name", "cloudflare user").all().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn attributes_and_path_of_a_user_are_brought_in_and_those_of_others_stay() {
    let (authentik, server) = authentik(Profile::Rc1);
    let mut wanted = NewUser::new("ada", "Ada").email("ada@x.test");
    let ada = authentik.ensure_user(&wanted).await.unwrap().value;
    let mut patch = UserPatch::default();
    patch.attributes = Some(json!({"badge": 7, "site": "old"}).as_object().unwrap().clone());
    authentik.users().update(&ada.pk, &patch).await.unwrap();

    // Nothing is wished for: nothing is taken away.
    assert_eq!(authentik.ensure_user(&wanted).await.unwrap().change, Change::Unchanged);
    wanted.attributes = json!({"site": "north"}).as_object().unwrap().clone();
    wanted.path = Some("users/north".to_owned());
    let before = server.requests(Side::Api).writes;
    let ensured = authentik.ensure_user(&wanted).await.unwrap();
    assert_eq!((ensured.change, &ensured.value.extra["path"]), (Change::Updated, &json!("users/north")));
    assert_eq!(ensured.value.extra["attributes"], json!({"badge": 7, "site": "north"}));
    assert_eq!(authentik.ensure_user(&wanted).await.unwrap().change, Change::Unchanged);
    assert_eq!(server.requests(Side::Api).writes - before, 1);
}

#[tokio::test(start_paused = true)]
async fn every_member_of_a_provider_that_can_be_wished_for_is_compared() {
    let (authentik, _) = authentik(Profile::Rc1);
    let mut company = Company::new();
    company.ensure(&authentik).await;
    company.provider.sync_page_timeout = Some("minutes=5".to_owned());
    company.provider.service_provider_config_cache_timeout = Some("minutes=0".to_owned());
    company.provider.auth_mode = Some(AuthMode::Token);
    company.provider.auth_oauth_params = Some(json!({"scope": "scim"}).as_object().unwrap().clone());
    company.provider.verify_certificates = Some(false);
    company.provider.exclude_users_service_account = false;
    let (did, provider) = company.ensure(&authentik).await;
    assert_eq!(did[6], Change::Updated);
    assert_eq!(provider.sync_page_timeout.as_deref(), Some("minutes=5"));
    assert_eq!(provider.auth_oauth_params().unwrap()["scope"], "scim");
    assert_eq!(
        (provider.auth_oauth(), provider.auth_oauth_token_expires(), provider.filter_group()),
        (None, None, None)
    );
    assert_eq!(company.ensure(&authentik).await.0[6], Change::Unchanged);
    // Without a licence that mode is refused, and the refusal names the member.
    company.provider.auth_mode = Some(AuthMode::OAuth);
    company.provider.property_mappings = provider.property_mappings.clone();
    let error = authentik.ensure_scim_provider(&company.provider).await.unwrap_err();
    let [field] = error.field_errors() else { panic!("{error}") };
    assert_eq!(
        (field.field.as_str(), field.message.as_str()),
        ("auth_mode", "Enterprise is required to use the OAuth mode.")
    );
}

#[tokio::test(start_paused = true)]
async fn mappings_that_nobody_named_are_not_taken_away() {
    let (authentik, server) = authentik(Profile::Rc1);
    let company = Company::new();
    let (_, provider) = company.ensure(&authentik).await;
    let before = server.requests(Side::Api).writes;
    let mut bare = company.provider.clone();
    bare.group_filters = provider.group_filters.clone().unwrap();
    let ensured = authentik.ensure_scim_provider(&bare).await.unwrap();
    assert_eq!((ensured.change, server.requests(Side::Api).writes), (Change::Unchanged, before));
    assert_eq!(ensured.value.property_mappings, provider.property_mappings);
    // Every group is a wish like another.
    bare.group_filters.clear();
    let ensured = authentik.ensure_scim_provider(&bare).await.unwrap();
    assert_eq!((ensured.change, ensured.value.group_filters), (Change::Updated, Some(Vec::new())));
    assert_eq!(ensured.value.property_mappings, provider.property_mappings);
}

/// 2025.12 shows `filter_group` and knows no `group_filters`; later versions the other way round.
#[tokio::test]
async fn filter_group_is_wished_for_only_where_it_exists() {
    let group = "09e8b9d9-8d7b-4075-a90c-9ff885f4d8a6";
    for (member, shown, sent) in [
        ("filter_group", json!(null), Some(json!({"filter_group": group}))),
        ("filter_group", json!(group), None),
        ("group_filters", json!([]), Some(json!({"group_filters": [group]}))),
        ("group_filters", json!([group]), None),
    ] {
        let mut there = json!({"pk": 9, "name": "cf", "url": "https://x", "exclude_users_service_account": true});
        there[member] = shown;
        let (authentik, log) = support::scripted(move |asked| {
            let body = if asked.method == "GET" { support::page(std::slice::from_ref(&there)) } else { there.clone() };
            support::answer(200, &body)
        });
        let mut wanted = NewScimProvider::new("cf", "https://x/", "t".to_owned().into());
        wanted.filter_group = Some(group.parse().unwrap());
        wanted.group_filters = vec![group.parse().unwrap()];
        let change = authentik.ensure_scim_provider(&wanted).await.unwrap().change;
        assert_eq!(change, if sent.is_some() { Change::Updated } else { Change::Unchanged }, "{member}");
        let patches = log.all().into_iter().filter(|asked| asked.method == "PATCH").map(|asked| asked.body);
        assert_eq!(patches.collect::<Vec<_>>(), Vec::from_iter(sent), "{member}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_shown_is_written_with_a_new_url_and_not_compared() {
    for (profile, changed) in [(Profile::Rc1, Change::Updated), (Profile::V2026_8, Change::Unchanged)] {
        let (authentik, _) = authentik(profile);
        let mut company = Company::new();
        company.ensure(&authentik).await;
        company.provider.token = Some("another-token".to_owned().into());
        let (did, provider) = company.ensure(&authentik).await;
        assert_eq!((did[6], provider.token.is_some()), (changed, profile == Profile::Rc1));
        company.provider.url = "https://other.test/scim/v2".to_owned();
        let patch = provider_patch(&provider, &company.provider);
        // The old token does not go to the new server.
        assert_eq!(patch.members().contains(&"token"), profile == Profile::V2026_8);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_hundreds_is_read_in_pages_of_a_hundred() {
    let (authentik, server) = authentik(Profile::Rc1);
    for number in 0..230 {
        authentik.users().create(&NewUser::new(format!("u{number}"), "U")).await.unwrap();
    }
    let before = server.requests(Side::Api).all;
    let all = authentik.users().list().ordering("pk").without_group_objects().all().await.unwrap();
    let created: Vec<_> = all.iter().filter(|user| user.username.starts_with('u')).collect();
    assert_eq!(created.len(), 230);
    assert!(all.windows(2).all(|pair| pair[0].pk < pair[1].pk));
    assert_eq!(server.requests(Side::Api).all - before, 3);
    // More than a hundred on a page is asked for in vain (G15).
    assert_eq!(authentik.users().list().page_size(1000).page(1).await.unwrap().results.len(), 100);
    assert!(authentik.users().get_opt(&UserPk::new(99_999)).await.unwrap().is_none());
}
