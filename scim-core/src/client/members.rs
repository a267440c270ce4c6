use serde_json::{Map, Value};

use super::{Endpoint, Error, ScimClient};
use crate::filter::attr;
use crate::message::ScimType;
use crate::patch::PatchOp;
use crate::path::PatchPath;
use crate::resource::{Group, ResourceId};

/// Members in one PATCH, if [`DiffOptions`](crate::patch::DiffOptions) do not say: what AWS takes.
const BATCH: usize = 100;

/// The members of one group, changed by PATCHes that hold the change alone: made by
/// [`ScimClient::members`].
///
/// Both calls say what shall be: a member that is there already, or gone already, is no error, and
/// repeating a call does no harm. The forms are those that every peer and the IPSIE profile take:
/// `add` with path `members`, `remove` with path `members[value eq "id"]`.
#[derive(Debug, Clone)]
pub struct Members {
    client: ScimClient,
    group: ResourceId,
}

impl Members {
    pub(super) fn new(client: ScimClient, group: ResourceId) -> Self {
        Self { client, group }
    }

    fn groups(&self) -> Endpoint<Group> {
        self.client.groups()
    }

    /// Adds members: 100 in one request, or as many as the client's options say.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::completed`] says how many are in the group for certain.
    pub async fn add<I: AsRef<str>>(&self, members: impl IntoIterator<Item = I>) -> Result<(), Error> {
        let members: Vec<I> = members.into_iter().collect();
        let batch = self.client.diff_options().values.unwrap_or(BATCH);
        for (at, batch) in (0..).step_by(batch).zip(members.chunks(batch)) {
            let values: Vec<Value> = batch.iter().map(element).collect();
            let sent = self.groups().patch(&self.group, &PatchOp::new().add(attr("members"), values)).await;
            sent.map_err(|error| error.with_completed(at))?;
        }
        Ok(())
    }

    /// Removes members: as many in one request as [`add`](Self::add) adds.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::completed`] says how many are out of the group for certain.
    pub async fn remove<I: AsRef<str>>(&self, members: impl IntoIterator<Item = I>) -> Result<(), Error> {
        let members: Vec<I> = members.into_iter().collect();
        let options = self.client.diff_options();
        let values = options.values.unwrap_or(BATCH);
        let batch = if options.removal_by_value { values } else { options.operations.unwrap_or(BATCH).min(values) };
        for (at, batch) in (0..).step_by(batch).zip(members.chunks(batch)) {
            let ids: Vec<&str> = batch.iter().map(AsRef::as_ref).collect();
            self.remove_batch(&ids).await.map_err(|error| error.with_completed(at))?;
        }
        Ok(())
    }

    async fn remove_batch(&self, ids: &[&str]) -> Result<(), Error> {
        let outcome = self.send_removal(ids).await;
        match outcome {
            // One that is gone already makes a server refuse the whole request: ask only for the rest.
            Err(error) if is_absent(&error) && ids.len() > 1 => match self.present(ids).await? {
                Some(present) if present.is_empty() => Ok(()),
                Some(present) if present.len() < ids.len() => self.send_removal(&present).await,
                // The server says that they are all there, or shows no members.
                _ => {
                    for id in ids {
                        self.send_removal(&[*id])
                            .await
                            .or_else(|error| if is_absent(&error) { Ok(()) } else { Err(error) })?;
                    }
                    Ok(())
                }
            },
            Err(error) if is_absent(&error) => Ok(()),
            outcome => outcome,
        }
    }

    async fn send_removal(&self, ids: &[&str]) -> Result<(), Error> {
        let mut patch = PatchOp::new();
        if self.client.diff_options().removal_by_value {
            let values: Vec<Value> = ids.iter().map(element).collect();
            patch = patch.remove(attr("members"));
            if let Some(operation) = patch.operations.last_mut() {
                operation.value = Some(Value::Array(values));
            }
        } else {
            for id in ids {
                patch = patch.remove(PatchPath::select(attr("members"), attr("value").eq(*id)));
            }
        }
        self.groups().patch(&self.group, &patch).await.map(drop)
    }

    /// Those of `ids` that the group has; `None` if the server shows no members.
    async fn present<'i>(&self, ids: &[&'i str]) -> Result<Option<Vec<&'i str>>, Error> {
        let group = self.groups().attributes(["members"]).get(&self.group).await?;
        Ok(group.members.map(|members| {
            let held: std::collections::HashSet<&str> =
                members.iter().filter_map(|member| member.value.as_ref().map(AsRef::as_ref)).collect();
            ids.iter().copied().filter(|id| held.contains(id)).collect()
        }))
    }
}

fn element(id: &impl AsRef<str>) -> Value {
    Value::Object(Map::from_iter([("value".to_owned(), Value::from(id.as_ref()))]))
}

fn is_absent(error: &Error) -> bool {
    error.scim_type() == Some(&ScimType::NoTarget)
}
