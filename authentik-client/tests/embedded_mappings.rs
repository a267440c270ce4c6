//! Property mappings that the embedded authentik does not know: refused with the reason at every place
//! where a person looks, or given as a Rust closure. All through the client.

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: a panic is its result")]

mod lab;

use std::sync::Arc;
use std::time::Duration;

use authentik_client::Authentik;
use authentik_client::embedded::{MappingInput, MappingOutcome};
use authentik_client::id::{ProviderPk, UserPk};
use authentik_client::model::{NewScimMapping, ScimProviderPatch};
use authentik_client::sync::{SyncOutcome, SyncReport, WatchOptions};
use lab::Lab;
use serde_json::json;

const CUSTOM: &str = "return {\n    \"userName\": request.user.username.upper(),\n}";
const REFUSAL: &str = "the embedded authentik runs no Python: it knows the two managed mappings and the Cloudflare ones; \
                       give others as a Rust closure with EmbeddedAuthentikBuilder::mapping";

fn client(lab: &Lab) -> Authentik {
    Authentik::builder("http://authentik.test".parse().unwrap(), lab.authentik.token().to_owned().into())
        .transport(Arc::new(lab.authentik.clone()))
        .build()
        .unwrap()
}

/// Ada in a bound group; her provider maps by `CUSTOM`; tested and synced.
async fn mapped(lab: &Lab) -> (Authentik, authentik_client::model::MappingTest, SyncReport) {
    let authentik = client(lab);
    let ada = UserPk::new(lab.user("ada").await);
    let staff = lab.group("staff", &[ada.get()]).await;
    let provider = ProviderPk::new(lab.provider(&[&staff], json!({"dry_run": true})).await);
    lab.settled().await;
    let mapping = authentik.scim_mappings().create(&NewScimMapping::new("custom", CUSTOM)).await.unwrap();
    let tested = authentik.scim_mappings().test(&mapping.pk, ada).await.unwrap();
    let mut patch = ScimProviderPatch::default();
    (patch.property_mappings, patch.dry_run) = (Some(vec![mapping.pk]), Some(false));
    authentik.scim_providers().update(&provider, &patch).await.unwrap();
    lab.settled().await;
    let watch = authentik.start_sync(provider, WatchOptions::default()).await.unwrap();
    let report = watch.finished(Duration::from_secs(600)).await.unwrap();
    (authentik, tested, report)
}

/// Rule 23.
#[tokio::test(start_paused = true)]
async fn an_unknown_expression_is_refused_and_says_that_no_python_is_run() {
    let lab = Lab::new().await;
    let (authentik, tested, report) = mapped(&lab).await;
    assert!(!tested.successful && tested.result.ends_with(&format!("NotImplementedError: {REFUSAL}")), "{tested:?}");
    // As with a real one, the task names the mapping and the event says why.
    assert_eq!(report.outcome, SyncOutcome::SucceededInPart);
    assert!(report.complaints[0].text.contains("SCIM Provider Mapping custom"), "{report:?}");
    let event = authentik.events().configuration_errors().page(1).await.unwrap().results.remove(0);
    assert_eq!(event.context["exception"][1]["exc_value"], REFUSAL);
    assert!(lab.shelf(|shelf| shelf.users.is_empty()));
}

/// Rule 23.
#[tokio::test(start_paused = true)]
async fn a_closure_stands_in_for_an_expression_whatever_its_layout() {
    let loud = |input: &MappingInput| {
        let user = input.user.clone().unwrap_or_default();
        MappingOutcome::Value(json!({"userName": user.username.to_uppercase()}))
    };
    let lab =
        Lab::with(|builder| builder.mapping("# loud\nreturn { \"userName\": request.user.username.upper(), }", loud));
    let lab = lab.await;
    let (_, tested, report) = mapped(&lab).await;
    assert!(tested.successful);
    assert_eq!(tested.result, r#"{"userName": "ADA"}"#);
    assert_eq!(report.outcome, SyncOutcome::Succeeded, "{report:?}");
    assert_eq!(lab.shelf(|shelf| shelf.users[0]["userName"].clone()), "ADA");
}
