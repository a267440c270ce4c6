use authentik_client::doctor::{Code, Severity};
use authentik_client::embedded::Profile;
use serde_json::{Value, json};

use crate::clinic::Clinic;

impl Clinic {
    fn group(&self, name: &str) -> Value {
        self.lab
            .shelf(|shelf| shelf.groups.iter().find(|group| group["displayName"] == name).cloned().unwrap_or_default())
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_was_refused_is_not_provisioned() {
    let it = Clinic::rc1().await;
    it.refuse("POST", "/v2/Groups", 400);
    let board = it.lab.group("board", &[it.ada]).await;
    it.patch_provider(json!({"group_filters": [it.staff, board]})).await;
    it.allow_all();
    let finding = it.one_of(Code::GroupNotProvisioned).await;
    assert_eq!(finding.resource, "group \"board\"");
    let report = finding.cure().unwrap().run().await;
    assert!(report.is_complete(), "{report:?}");
    // The sync's failure stays told until the next one.
    assert_eq!(it.codes().await, [Code::FalseDone]);
    assert_eq!(it.group("board")["members"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn members_that_differ_are_added_and_removed() {
    let it = Clinic::rc1().await;
    it.lab.shelf(|shelf| {
        shelf.users.push(json!({"id": "r1", "userName": "stranger", "emails": []}));
        // One of them is nobody: no reason to say anything.
        shelf.groups[0]["members"] = json!([{"value": "r1"}, {"value": "gone"}]);
    });
    let finding = it.only(Code::MembersDiffer).await;
    assert!(finding.message.contains("2 members too few and 1 too many"), "{finding}");
    assert!(finding.evidence.iter().any(|it| it.contains("user \"ada\", user \"ben\"")), "{finding}");
    it.cured(&finding).await;
    assert_eq!(it.group("staff")["members"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn h112_a_group_without_members_in_its_answer_gets_none_until_2026_5_6() {
    for (profile, told) in [(Profile::Rc1, true), (Profile::V2026_5_6, false)] {
        let it = Clinic::new(profile).await;
        it.lab.shelf(|shelf| {
            shelf.groups[0].as_object_mut().unwrap().remove("members");
        });
        let found = it.findings().await;
        assert_eq!(found.iter().any(|finding| finding.code == Code::MembersNotListed), told, "{profile}: {found:#?}");
        assert!(found.iter().all(|finding| finding.cure().is_none()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_gone_from_the_server_is_made_anew() {
    for profile in Profile::ALL {
        let it = Clinic::new(profile).await;
        it.lab.shelf(|shelf| shelf.groups.clear());
        let finding = it.only(Code::GoneRemotely).await;
        assert_eq!(finding.resource, "group \"staff\"");
        it.cured(&finding).await;
        assert_eq!(it.group("staff")["members"].as_array().unwrap().len(), 2, "{profile}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_links_of_a_group_the_dead_one_goes() {
    let it = Clinic::rc1().await;
    let second = json!({"provider": it.provider, "group": it.staff, "scim_id": "no-such-resource"});
    it.lab.post("providers/scim_groups/", second).await;
    let finding = it.one_of(Code::DoubleLink).await;
    assert_eq!(finding.resource, "group \"staff\"");
    it.cured(&finding).await;
}

#[tokio::test(start_paused = true)]
async fn a_group_renamed_on_the_server_is_named_back() {
    let it = Clinic::rc1().await;
    it.lab.shelf(|shelf| shelf.groups[0]["displayName"] = "others".into());
    let finding = it.only(Code::Drift).await;
    assert!(finding.evidence[0].contains("\"others\""), "{finding}");
    it.cured(&finding).await;
    assert!(!it.group("staff").is_null());
}

#[tokio::test(start_paused = true)]
async fn e20_a_refused_rename_is_told_with_its_reason() {
    let it = Clinic::rc1().await;
    it.refuse("PATCH", "/v2/Groups/", 400);
    it.lab.patch(&format!("core/groups/{}/", it.staff), json!({"name": "crew"})).await;
    it.lab.settled().await;
    it.lab.sync().await;
    let findings = it.findings().await;
    let false_done = findings.iter().find(|finding| finding.code == Code::FalseDone).unwrap();
    assert!(false_done.advice.contains("strict servers refuse both"), "{false_done}");
    let finding = findings.iter().find(|finding| finding.code == Code::ChangeNotSent).unwrap();
    assert!(finding.evidence[0].contains("the server calls it \"staff\""), "{finding}");
    it.allow_all();
    assert!(finding.cure().unwrap().run().await.is_complete());
    assert!(!it.group("crew").is_null());
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_no_longer_sent_goes_with_the_next_sync() {
    let it = Clinic::rc1().await;
    let board = it.lab.group("board", &[it.ada]).await;
    it.patch_provider(json!({"group_filters": [it.staff, board]})).await;
    // A dry run keeps the clean-up from the server; it stays there.
    it.refuse("GET", "/v2/ServiceProviderConfig", 503);
    it.patch_provider(json!({"group_filters": [it.staff]})).await;
    it.allow_all();
    let finding = it.one_of(Code::LeaverPending).await;
    assert_eq!(finding.resource, "group \"board\"");
    it.cured(&finding).await;
    assert!(it.group("board").is_null());
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_deletion_failed_is_forgotten_and_found() {
    let it = Clinic::new(Profile::V2026_5_3).await;
    let board = it.lab.group("board", &[it.ada]).await;
    it.patch_provider(json!({"group_filters": [it.staff, board]})).await;
    it.refuse("DELETE", "/v2/Groups/", 405);
    it.patch_provider(json!({"group_filters": [it.staff]})).await;
    it.allow_all();
    for _ in 0..20 {
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        it.lab.settled().await;
    }
    let finding = it.one_of(Code::LeaverLeftBehind).await;
    assert_eq!(finding.resource, "group \"board\"");
    it.cured(&finding).await;
    assert!(it.group("board").is_null());
}

#[tokio::test(start_paused = true)]
async fn trap_13_a_group_of_the_same_name_is_taken_over() {
    let it = Clinic::rc1().await;
    let board = it.lab.group("board", &[it.ada]).await;
    let foreign =
        json!({"id": "r1", "displayName": "board", "externalId": "of-another-system", "members": [{"value": "x"}]});
    it.lab.shelf(|shelf| shelf.groups.push(foreign));
    // Out of the filter: deleted. Inside: taken over.
    let finding = it.only(Code::WouldBeDeleted).await;
    assert!(finding.evidence[0].contains("of-another-system"), "{finding}");
    it.lab.authentik.kill_worker();
    it.lab.patch(&format!("providers/scim/{}/", it.provider), json!({"group_filters": [it.staff, board]})).await;
    let finding = it.one_of(Code::GroupTakenOver).await;
    assert_eq!((finding.resource.as_str(), finding.severity), ("remote group \"board\" (r1)", Severity::Danger));
    it.lab.authentik.start_worker();
    it.lab.settled().await;
    let finding = it.only(Code::GroupTakenOver).await;
    assert_eq!(finding.resource, "group \"board\"");
    assert!(finding.evidence[0].contains("was \"of-another-system\" when it was found"), "{finding}");
    assert_eq!(it.group("board")["externalId"], board.as_str(), "nothing on the server shows it any more");
}
