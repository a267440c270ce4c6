use std::collections::BTreeMap;

use jiff::Timestamp;

use super::finding::{Finding, FindingCode, Preflight, Step, StepState};
use super::{PreflightRequest, directory};
use crate::{
    AuditQuery, Cloudflare, Error, GroupPatch, Token, TokenCheck, TokenKind, TokenOwner, TokenStatus, UserGroupId,
    UserGroupPatch,
};

/// The id of no group.
const NOBODY: &str = "00000000000000000000000000000000";

const DASHBOARD: &str = "Manage Account > Account API Tokens";

impl Cloudflare {
    /// Checks what can be known before provisioning begins: both tokens (kind, status, expiry), what they may
    /// do step by step, the plan, the Super Administrators, the names of groups, groups without policy, and
    /// that everybody's e-mail address is the userName.
    ///
    /// Reads the account once ([`directory`](Self::directory)) and asks about ten requests more. Changes
    /// nothing.
    ///
    /// # Errors
    /// If a check could not be made: no connection, a server error, a rate limit. What Cloudflare refuses is
    /// a finding, not an error.
    ///
    /// ```
    /// use cloudflare_scim::embedded::EmbeddedAccount;
    /// use cloudflare_scim::{FindingCode, PreflightRequest};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// let account = EmbeddedAccount::new();
    /// let request = PreflightRequest::new().audit(true).group("CF admins");
    /// let preflight = account.client()?.preflight(&request).await?;
    /// assert!(!preflight.passed());
    /// for finding in &preflight.findings {
    ///     println!("{finding}");
    /// }
    /// assert_eq!(preflight.of(FindingCode::GroupNameReserved).count(), 1);
    /// # Ok::<(), cloudflare_scim::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn preflight(&self, request: &PreflightRequest) -> Result<Preflight, Error> {
        let now = request.now.unwrap_or_else(Timestamp::now);
        let mut out = Preflight { findings: Vec::new(), steps: BTreeMap::new(), scim_token: None, api_token: None };
        directory::planned(request, &mut out.findings);

        out.scim_token = self.check_token("SCIM token", self.scim_token(), request, now, &mut out.findings).await?;
        let same = self.scim_token().expose() == self.api_token().expose();
        out.api_token = if same {
            out.scim_token.clone()
        } else {
            self.check_token("API token", self.api_token(), request, now, &mut out.findings).await?
        };
        // A token that does not work may do nothing: its steps would only repeat that.
        if out.scim_token.is_some() {
            self.check_scim(request, &mut out).await?;
        }
        if out.api_token.is_some() {
            self.check_v4(request, now, &mut out).await?;
        }
        let reads = [Step::ScimRead, Step::PoliciesRead];
        if reads.iter().all(|step| out.steps.get(step) == Some(&StepState::Allowed)) {
            directory::existing(&self.directory().await?, request, &mut out.findings);
        }
        Ok(out)
    }

    async fn check_token(
        &self,
        which: &str,
        token: &Token,
        request: &PreflightRequest,
        now: Timestamp,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<TokenCheck>, Error> {
        let mut add = |code, message: String, cure: String| {
            findings.push(Finding::new(code, message, cure).about(which));
        };
        if token.kind() == TokenKind::GlobalKey {
            let cure = format!("make an account token with {} under {DASHBOARD}", Step::ScimWrite.permission());
            add(FindingCode::TokenIsGlobalKey, "it is a user's global API key".into(), cure);
            return Ok(None);
        }
        let check = match self.tokens().verify(token).await {
            Ok(check) => check,
            Err(error) if error.is_transient() || error.transport().is_some() => return Err(error),
            Err(error) if error.kind() == crate::ErrorKind::NoRoute => {
                let cure = "check the account id and the base URL";
                findings.push(Finding::new(FindingCode::AccountUnknown, error.to_string(), cure).about(which));
                return Ok(None);
            }
            Err(error) => {
                let cure =
                    format!("roll it, or make a new one, under {DASHBOARD}, and give it to the identity provider too");
                add(FindingCode::TokenUnknown, format!("Cloudflare refuses it: {error}"), cure);
                return Ok(None);
            }
        };
        let renew = || format!("renew it under {DASHBOARD}");
        if check.owner == TokenOwner::User {
            let cure = format!("make an account token under {DASHBOARD}: this one ends with its user's access");
            add(FindingCode::TokenOfUser, "it belongs to a user".into(), cure);
        }
        let starts = check.not_before.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        if check.status == TokenStatus::Disabled {
            add(FindingCode::TokenDisabled, "it is disabled".into(), format!("enable it under {DASHBOARD}"));
            return Ok(None);
        }
        if check.status == TokenStatus::Expired || check.expires_at().is_some_and(|end| end <= now) {
            add(FindingCode::TokenExpired, "it has expired".into(), renew());
            return Ok(None);
        }
        if let Some(start) = starts.filter(|start| *start > now) {
            add(FindingCode::TokenNotYetValid, format!("it holds from {start} on"), "wait, or change that date".into());
            return Ok(None);
        }
        if let Some(end) = check.expires_at().filter(|end| *end <= now.saturating_add(request.soon).unwrap_or(now)) {
            add(FindingCode::TokenExpiresSoon, format!("it expires at {end}"), renew());
        }
        Ok(Some(check))
    }

    async fn check_scim(&self, request: &PreflightRequest, out: &mut Preflight) -> Result<(), Error> {
        let scim = self.scim();
        let read = scim.users().list().count(1).page(1).await.map(|_| ());
        let read = judge(read, Step::ScimRead, out)?;
        if !request.probe_writes {
            unprobed(Step::ScimWrite, out);
            return Ok(());
        }
        let Ok(nobody) = NOBODY.parse::<UserGroupId>() else { return Ok(()) };
        let patch = GroupPatch::new().external_id("preflight");
        match scim.groups().update(&nobody, &patch).await {
            // The rule, not the gate: this token may read, and the account may not write.
            Err(error)
                if error.kind() == crate::ErrorKind::Forbidden
                    && !error.is_permission_missing()
                    && read == StepState::Allowed
                    && error.detail().is_some_and(|text| text.to_ascii_lowercase().contains("enterprise")) =>
            {
                let cure = "SCIM provisioning needs the Enterprise plan: ask Cloudflare, or invite members through v4";
                out.findings.push(Finding::new(FindingCode::PlanWithoutScim, error.to_string(), cure));
                out.steps.insert(Step::ScimWrite, StepState::Refused);
            }
            outcome => {
                judge(absent(outcome), Step::ScimWrite, out)?;
            }
        }
        Ok(())
    }

    async fn check_v4(&self, request: &PreflightRequest, now: Timestamp, out: &mut Preflight) -> Result<(), Error> {
        let groups = self.user_groups();
        judge(groups.list().per_page(1).first_page().await, Step::PoliciesRead, out)?;
        if request.probe_writes {
            if let Ok(nobody) = NOBODY.parse::<UserGroupId>() {
                let outcome = groups.update(&nobody, &UserGroupPatch::new().policies([])).await;
                judge(absent(outcome), Step::PoliciesWrite, out)?;
            }
        } else {
            unprobed(Step::PoliciesWrite, out);
        }
        if request.audit {
            let since = now.saturating_sub(std::time::Duration::from_secs(60)).unwrap_or(now);
            let query = AuditQuery::between(since, now).limit(1);
            judge(self.audit_logs().list(&query).first_page().await, Step::AuditRead, out)?;
        }
        Ok(())
    }
}

/// A write to a group that does not exist: that it was not found means that it may be tried.
fn absent<T>(outcome: Result<T, Error>) -> Result<(), Error> {
    match outcome {
        Err(error) if error.is_not_found() => Ok(()),
        outcome => outcome.map(|_| ()),
    }
}

/// What the outcome of a probe says of its step.
fn judge<T>(outcome: Result<T, Error>, step: Step, out: &mut Preflight) -> Result<StepState, Error> {
    let (state, finding) = match outcome {
        Ok(_) => (StepState::Allowed, None),
        Err(error) if error.is_transient() || error.transport().is_some() => return Err(error),
        Err(error) if error.kind() == crate::ErrorKind::NoRoute => {
            let cure = "check the account id and the base URL";
            (StepState::Unclear, Some(Finding::new(FindingCode::AccountUnknown, error.to_string(), cure)))
        }
        Err(error) if error.kind() == crate::ErrorKind::Forbidden || error.is_unauthorized() => {
            let message = format!("{} is refused: {error}", step.as_str());
            let cure = format!("add {} to the token under {DASHBOARD}", step.permission());
            (StepState::Refused, Some(Finding::new(FindingCode::PermissionMissing, message, cure)))
        }
        Err(error) => {
            let message = format!("whether {} is allowed could not be told: {error}", step.as_str());
            let cure = format!("make sure that the token has {}", step.permission());
            (StepState::Unclear, Some(Finding::new(FindingCode::PermissionUnclear, message, cure)))
        }
    };
    out.findings.extend(finding.map(|finding| finding.about(step.as_str())));
    out.steps.insert(step, state);
    Ok(state)
}

fn unprobed(step: Step, out: &mut Preflight) {
    out.steps.insert(step, StepState::Unclear);
}
