//! The calls of a withdrawal as data, in the order in which they are made.

use http::Method;
use serde_json::{Value, json};

use super::{Afterwards, Withdrawal, name_of};
use crate::doctor::PlannedCall;
use crate::id::{ApplicationSlug, UserPk};
use crate::model::{PolicyBinding, PolicyEngineMode, ScimProviderPatch};

/// A condition that everybody in scope would have to meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Condition {
    user: UserPk,
    negate: bool,
}

impl Condition {
    /// Conditions that nobody meets at once: to be the caller, not to be the caller, and to be somebody else.
    ///
    /// Two would do. A binding goes with its user, and without bindings everybody is in scope: with the third
    /// one, the deletion of the caller lets one user in, not all.
    pub(super) fn unmeetable(caller: UserPk, other: Option<UserPk>) -> Vec<Self> {
        let of = |user, negate| Self { user, negate };
        [of(caller, false), of(caller, true)].into_iter().chain(other.map(|user| of(user, false))).collect()
    }

    fn is(self, binding: &PolicyBinding) -> bool {
        binding.enabled && binding.user == Some(self.user) && binding.negate == self.negate
    }
}

/// One call.
#[derive(Debug, Clone)]
pub(super) enum Step {
    CreateApplication,
    AdaptApplication,
    Bind(Condition, usize),
    Attach,
    Open(Box<ScimProviderPatch>),
    Send,
    Pause,
    Detach,
    DeleteOrigin(ApplicationSlug),
    DeleteOwn,
}

impl Step {
    pub(super) fn planned(&self, of: &Withdrawal) -> PlannedCall {
        let slug = &of.slug;
        let provider = of.survey.provider.pk;
        let post = |path: &str, body| PlannedCall::new(Method::POST, path.to_owned(), Some(body));
        let patch = |path: String, body| PlannedCall::new(Method::PATCH, path, Some(body));
        let delete = |slug: &ApplicationSlug| PlannedCall::new(Method::DELETE, application(slug), None);
        let wanted =
            || json!({"name": of.wanted_name(), "slug": slug, "policy_engine_mode": PolicyEngineMode::All.as_str()});
        match self {
            Self::CreateApplication => post("core/applications/", wanted()),
            Self::AdaptApplication => patch(application(slug), wanted()),
            Self::Bind(condition, order) => {
                let target = of.own.as_ref().map_or_else(|| json!(format!("(pk of {slug})")), |own| json!(own.pk));
                let (user, negate) = (condition.user, condition.negate);
                let body = json!({"target": target, "order": order, "user": user, "enabled": true, "negate": negate});
                post("policies/bindings/", body)
            }
            Self::Attach => patch(application(slug), json!({"backchannel_providers": [provider]})),
            Self::Detach => patch(application(slug), json!({"backchannel_providers": []})),
            // What these patches hold is data of this crate: it has a JSON form.
            Self::Open(changes) => patch(format!("providers/scim/{provider}/"), json(changes)),
            Self::Send => PlannedCall::start_sync(provider, &of.survey.provider.name, &of.schedule.id),
            Self::Pause => patch(format!("tasks/schedules/{}/", of.schedule.id), json!({"paused": true})),
            Self::DeleteOrigin(origin) => delete(origin),
            Self::DeleteOwn => delete(slug),
        }
    }
}

fn application(slug: &ApplicationSlug) -> String {
    format!("core/applications/{slug}/")
}

fn json(changes: &ScimProviderPatch) -> Value {
    serde_json::to_value(changes).unwrap_or_default()
}

impl Withdrawal {
    fn wanted_name(&self) -> String {
        name_of(self.survey.provider.pk, self.origin.as_ref().map(|origin| &origin.slug))
    }

    /// Brings the scope to nobody. The application is bound before it gets the provider.
    pub(super) fn closing(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        match &self.own {
            None => steps.push(Step::CreateApplication),
            Some(own) if own.policy_engine_mode != PolicyEngineMode::All || own.name != self.wanted_name() => {
                steps.push(Step::AdaptApplication);
            }
            Some(_) => {}
        }
        for (order, condition) in self.conditions.iter().enumerate() {
            if !self.own_bindings.iter().any(|binding| condition.is(binding)) {
                steps.push(Step::Bind(*condition, order));
            }
        }
        if self.survey.provider.assigned_backchannel_application_slug.as_ref() != Some(&self.slug) {
            steps.push(Step::Attach);
        }
        steps
    }

    /// What has to change at the provider so that its sync writes, and adopts nobody on the way.
    pub(super) fn opening(&self) -> ScimProviderPatch {
        let provider = &self.survey.provider;
        ScimProviderPatch {
            dry_run: provider.dry_run.then_some(false),
            discovery_enabled: provider.discovery_enabled.filter(|on| *on).map(|_| false),
            ..ScimProviderPatch::default()
        }
    }

    /// Starts the sync.
    pub(super) fn starting(&self) -> Vec<Step> {
        let opening = self.opening();
        if opening.is_empty() {
            return vec![Step::Send];
        }
        self.saving(opening)
    }

    /// A change of the provider, which un-pauses its schedule (G34).
    fn saving(&self, changes: ScimProviderPatch) -> Vec<Step> {
        let pause = self.schedule.paused.then_some(Step::Pause);
        std::iter::once(Step::Open(Box::new(changes))).chain(pause).collect()
    }

    /// What comes when nobody is left. `opened` says whether the provider was changed before.
    pub(super) fn ending(&self, opened: bool) -> Vec<Step> {
        match self.options.afterwards {
            Afterwards::KeepProvider => {
                let mut steps = vec![Step::Detach, Step::DeleteOwn];
                let opening = self.opening();
                if opened && !opening.is_empty() {
                    let as_before = ScimProviderPatch {
                        dry_run: opening.dry_run.map(|on| !on),
                        discovery_enabled: opening.discovery_enabled.map(|on| !on),
                        ..ScimProviderPatch::default()
                    };
                    steps.extend(self.saving(as_before));
                }
                steps
            }
            // The application takes the provider along (G36): in one call, so that it can be tried again.
            Afterwards::DeleteProvider => vec![Step::DeleteOwn],
            Afterwards::DeleteApplication => {
                let origin = self.origin.iter().map(|origin| Step::DeleteOrigin(origin.slug.clone()));
                origin.chain([Step::DeleteOwn]).collect()
            }
        }
    }
}
