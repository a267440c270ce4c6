//! What the embedded authentik knows: its tables, in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::engine::config::ProviderConfig;
use super::engine::queue::Queue;
use super::engine::task::{Task, TaskId};
use super::fault::Faults;
use super::ids::{self, Ids};
use super::json::Json;
use super::mapping;
use super::switches::Switches;
use super::users::Users;

/// A user (`authentik_core.user`).
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) pk: i64,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) is_active: bool,
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) attributes: Map<String, Value>,
    pub(crate) uid: String,
    pub(crate) uuid: String,
    pub(crate) date_joined: Timestamp,
    pub(crate) password_change_date: Timestamp,
    pub(crate) last_updated: Timestamp,
}

impl User {
    pub(crate) fn is_service_account(&self) -> bool {
        matches!(self.kind.as_str(), "service_account" | "internal_service_account")
    }
}

/// A group (`authentik_core.group`).
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) pk: String,
    pub(crate) num_pk: i64,
    pub(crate) name: String,
    pub(crate) is_superuser: bool,
    pub(crate) parents: Vec<String>,
    pub(crate) users: BTreeSet<i64>,
    pub(crate) attributes: Map<String, Value>,
}

/// A role with its permissions, `app.codename` each.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) pk: String,
    pub(crate) name: String,
    pub(crate) permissions: BTreeSet<String>,
    pub(crate) users: BTreeSet<i64>,
}

/// An API token or app password.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) pk: String,
    pub(crate) identifier: String,
    pub(crate) intent: String,
    pub(crate) user: i64,
    pub(crate) key: String,
    pub(crate) description: String,
    pub(crate) expires: Timestamp,
    pub(crate) expiring: bool,
    /// Its owner made it himself and may see its key.
    pub(crate) own: bool,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("identifier", &self.identifier).finish_non_exhaustive()
    }
}

/// An application.
#[derive(Debug, Clone)]
pub(crate) struct Application {
    pub(crate) pk: String,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) provider: Option<i64>,
    pub(crate) policy_engine_mode: String,
    pub(crate) group: String,
    pub(crate) open_in_new_tab: bool,
    pub(crate) meta_launch_url: String,
    pub(crate) meta_description: String,
    pub(crate) meta_publisher: String,
    pub(crate) meta_hide: bool,
}

/// A policy binding: who may use an application.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) pk: String,
    pub(crate) target: String,
    pub(crate) subject: Subject,
    pub(crate) negate: bool,
    pub(crate) enabled: bool,
    pub(crate) order: i64,
    pub(crate) timeout: i64,
    pub(crate) failure_result: bool,
}

/// What a binding names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Group(String),
    User(i64),
}

/// A SCIM property mapping.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) pk: String,
    pub(crate) managed: Option<String>,
    pub(crate) name: String,
    pub(crate) expression: String,
}

/// A SCIM provider.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) pk: i64,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) verify_certificates: bool,
    pub(crate) auth_oauth_params: Map<String, Value>,
    pub(crate) compatibility_mode: String,
    pub(crate) config_cache_timeout: String,
    pub(crate) exclude_service_accounts: bool,
    pub(crate) page_size: i64,
    pub(crate) page_timeout: String,
    pub(crate) group_filters: Vec<String>,
    pub(crate) user_mappings: Vec<String>,
    pub(crate) group_mappings: Vec<String>,
    pub(crate) dry_run: bool,
    pub(crate) discovery_enabled: bool,
    /// The application that names it as backchannel provider.
    pub(crate) backchannel: Option<String>,
    /// The cached ServiceProviderConfig and until when it is good.
    pub(crate) config: Option<(ProviderConfig, Instant)>,
    /// The full sync that holds the lock.
    pub(crate) lock: Option<TaskId>,
}

impl Provider {
    /// The page timeout, 30 minutes where the text is odd.
    pub(crate) fn page_timeout(&self) -> Duration {
        super::clock::parse_duration(&self.page_timeout).unwrap_or(Duration::from_secs(1800))
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("pk", &self.pk).field("name", &self.name).finish_non_exhaustive()
    }
}

/// The two kinds of object that a SCIM provider writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    User,
    Group,
}

/// An authentik user or group, by kind and pk as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ObjectPk {
    User(i64),
    Group(String),
}

impl ObjectPk {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::User(_) => Kind::User,
            Self::Group(_) => Kind::Group,
        }
    }
}

impl std::fmt::Display for ObjectPk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(pk) => write!(f, "{pk}"),
            Self::Group(pk) => f.write_str(pk),
        }
    }
}

/// A linked user or group: what authentik believes about its remote copy.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) provider: i64,
    pub(crate) object: ObjectPk,
    pub(crate) scim_id: String,
    /// The last answer of the server.
    pub(crate) attributes: Arc<Value>,
}

/// The links, in the order in which Postgres would return them: as inserted, a changed one last.
#[derive(Debug, Default)]
pub(crate) struct Links {
    rows: BTreeMap<u64, Link>,
    by_object: HashMap<(i64, ObjectPk), Vec<u64>>,
    by_scim_id: HashMap<(i64, Kind), HashMap<String, Vec<u64>>>,
    by_id: HashMap<String, u64>,
    next: u64,
}

impl Links {
    pub(crate) fn insert(&mut self, link: Link) {
        self.next += 1;
        let row = self.next;
        self.by_object.entry((link.provider, link.object.clone())).or_default().push(row);
        let known = self.by_scim_id.entry((link.provider, link.object.kind())).or_default();
        known.entry(link.scim_id.clone()).or_default().push(row);
        self.by_id.insert(link.id.clone(), row);
        self.rows.insert(row, link);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Link> {
        self.rows.values()
    }

    pub(crate) fn of_provider(&self, provider: i64, kind: Kind) -> impl Iterator<Item = &Link> {
        self.rows.values().filter(move |link| link.provider == provider && link.object.kind() == kind)
    }

    /// The links of one object, usually one.
    pub(crate) fn of_object(&self, provider: i64, object: &ObjectPk) -> impl Iterator<Item = &Link> {
        let rows = self.by_object.get(&(provider, object.clone()));
        rows.into_iter().flatten().filter_map(|row| self.rows.get(row))
    }

    /// The row number of an object's first link: the order of `members`.
    pub(crate) fn position(&self, provider: i64, object: &ObjectPk) -> Option<u64> {
        self.by_object.get(&(provider, object.clone()))?.iter().min().copied()
    }

    pub(crate) fn knows(&self, provider: i64, kind: Kind, scim_id: &str) -> bool {
        self.by_scim_id.get(&(provider, kind)).is_some_and(|known| known.contains_key(scim_id))
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Link> {
        self.rows.get(self.by_id.get(id)?)
    }

    /// Removes every link that `drop` names and returns them.
    pub(crate) fn remove_if(&mut self, mut drop: impl FnMut(&Link) -> bool) -> Vec<Link> {
        let rows: Vec<u64> = self.rows.iter().filter(|(_, link)| drop(link)).map(|(row, _)| *row).collect();
        rows.into_iter().filter_map(|row| self.take(row)).collect()
    }

    /// Replaces the stored answer: Postgres writes a new row version at the end.
    pub(crate) fn store(&mut self, id: &str, attributes: Value) {
        if let Some(mut link) = self.remove(id) {
            link.attributes = Arc::new(attributes);
            self.insert(link);
        }
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Link> {
        let row = self.by_id.get(id).copied()?;
        self.take(row)
    }

    /// Removes the links of one remote id.
    pub(crate) fn remove_scim_id(&mut self, provider: i64, kind: Kind, scim_id: &str) {
        let known = self.by_scim_id.get(&(provider, kind));
        let rows = known.and_then(|known| known.get(scim_id)).cloned().unwrap_or_default();
        for row in rows {
            self.take(row);
        }
    }

    fn take(&mut self, row: u64) -> Option<Link> {
        let link = self.rows.remove(&row)?;
        self.by_id.remove(&link.id);
        if let Some(rows) = self.by_object.get_mut(&(link.provider, link.object.clone())) {
            rows.retain(|known| *known != row);
        }
        if let Some(known) = self.by_scim_id.get_mut(&(link.provider, link.object.kind()))
            && let Some(rows) = known.get_mut(&link.scim_id)
        {
            rows.retain(|known| *known != row);
            if rows.is_empty() {
                known.remove(&link.scim_id);
            }
        }
        Some(link)
    }
}

/// The schedule of a provider's periodic full sync.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) id: String,
    pub(crate) provider: i64,
    pub(crate) crontab: String,
    pub(crate) paused: bool,
    pub(crate) next_run: Timestamp,
}

/// An entry of the event log.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) pk: String,
    pub(crate) action: String,
    pub(crate) app: String,
    pub(crate) context: Json,
    pub(crate) created: Timestamp,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) switches: Switches,
    pub(crate) ids: Ids,
    pub(crate) installation: String,
    pub(crate) users: Users,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) applications: Vec<Application>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) providers: BTreeMap<i64, Provider>,
    pub(crate) links: Links,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) queue: Queue,
    pub(crate) faults: Faults,
    pub(crate) events: Vec<Event>,
    pub(crate) next_user: i64,
    pub(crate) next_provider: i64,
    pub(crate) next_permission: i64,
}

impl State {
    /// A fresh installation: `akadmin` in `authentik Admins`, the two managed SCIM mappings, and a
    /// superuser's API token with the given key (contract, part B).
    pub(crate) fn fresh(switches: Switches, seed: u64, now: Timestamp, token: Option<String>) -> Self {
        let mut ids = Ids::new(seed);
        let installation = ids.uuid();
        let admin = User {
            pk: 3,
            username: "akadmin".to_owned(),
            name: "authentik Default Admin".to_owned(),
            email: "akadmin@example.test".to_owned(),
            is_active: true,
            kind: "internal".to_owned(),
            path: "users".to_owned(),
            attributes: Map::new(),
            uid: ids::uid(3, &installation),
            uuid: ids.uuid(),
            date_joined: now,
            password_change_date: now,
            last_updated: now,
        };
        let mut users = Users::default();
        users.insert(admin);
        let admins = Group {
            pk: ids.uuid(),
            num_pk: ids.num_pk(),
            name: "authentik Admins".to_owned(),
            is_superuser: true,
            parents: Vec::new(),
            users: BTreeSet::from([3]),
            attributes: Map::new(),
        };
        let token = Token {
            pk: ids.uuid(),
            identifier: "authentik-bootstrap-token".to_owned(),
            intent: "api".to_owned(),
            user: 3,
            key: token.unwrap_or_else(|| ids.key()),
            description: String::new(),
            expires: now,
            expiring: false,
            own: true,
        };
        let mappings = mapping::MANAGED
            .iter()
            .map(|(managed, name, expression)| Mapping {
                pk: ids.uuid(),
                managed: Some((*managed).to_owned()),
                name: (*name).to_owned(),
                expression: (*expression).to_owned(),
            })
            .collect();
        Self {
            switches,
            installation,
            users,
            groups: BTreeMap::from([(admins.pk.clone(), admins)]),
            roles: BTreeMap::new(),
            tokens: vec![token],
            applications: Vec::new(),
            bindings: Vec::new(),
            mappings,
            providers: BTreeMap::new(),
            links: Links::default(),
            schedules: Vec::new(),
            tasks: Vec::new(),
            queue: Queue::default(),
            faults: Faults::default(),
            events: Vec::new(),
            next_user: 4,
            next_provider: 1,
            next_permission: 247,
            ids,
        }
    }

    pub(crate) fn application(&self, slug: &str) -> Option<&Application> {
        self.applications.iter().find(|application| application.slug == slug)
    }

    /// The application by which a provider is used: as backchannel provider, or as its provider.
    pub(crate) fn application_of(&self, provider: &Provider) -> Option<&Application> {
        let backchannel = provider.backchannel.as_ref();
        self.applications
            .iter()
            .find(|application| Some(&application.pk) == backchannel)
            .or_else(|| self.applications.iter().find(|application| application.provider == Some(provider.pk)))
    }

    pub(crate) fn schedule_of(&self, provider: i64) -> Option<&Schedule> {
        self.schedules.iter().find(|schedule| schedule.provider == provider)
    }

    /// The direct groups of a user, in the order of their names.
    pub(crate) fn groups_of(&self, user: i64) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.values().filter(|group| group.users.contains(&user)).collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups
    }

    /// Whether the user is a superuser: member of a superuser group or of a child of one.
    pub(crate) fn is_superuser(&self, user: i64) -> bool {
        let roots = self.groups.values().filter(|group| group.is_superuser);
        roots.into_iter().any(|group| super::scope::members_deep(self, &group.pk).contains(user))
    }

    pub(crate) fn task(&self, id: &TaskId) -> Option<&Task> {
        self.tasks.iter().rev().find(|task| task.id == *id)
    }

    pub(crate) fn task_mut(&mut self, id: &TaskId) -> Option<&mut Task> {
        self.tasks.iter_mut().rev().find(|task| task.id == *id)
    }
}
