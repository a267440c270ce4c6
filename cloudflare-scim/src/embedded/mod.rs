//! An account on loopback: state, rules, errors, limits and quirks of the real one, for tests.
//!
//! [`EmbeddedAccount`] is a [`Transport`], so a client talks to it without a socket; and it
//! [`serve`](EmbeddedAccount::serve)s HTTP, so that programs nobody here wrote can. What the real
//! account does is taken from Cloudflare's documents; where they are silent or contradict each other,
//! a [switch](Switches) decides. The table of rules, switches and tests is
//! `docs/embedded-cloudflare.md` in the repository.
//!
//! ```
//! use cloudflare_scim::embedded::EmbeddedAccount;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! let account = EmbeddedAccount::new();
//! let cloudflare = account.client()?;
//! let members = cloudflare.members().list().all().await?;
//! assert_eq!(members.len(), 1);
//! assert_eq!(account.requests().len(), 1);
//! # Ok::<(), cloudflare_scim::Error>(())
//! # }).unwrap();
//! ```

mod account;
mod audit;
mod catalogue;
mod clock;
mod fault;
mod groups;
mod http;
mod limiter;
mod log;
mod people;
mod policies;
mod router;
mod scim;
mod state;
mod switches;
mod tenants;
mod tokens;
mod v4;
mod v4_audit;
mod v4_groups;
mod v4_members;

pub use account::{EmbeddedAccount, EmbeddedAccountBuilder, Tokens};
pub use clock::{Clock, ManualClock, SystemClock};
pub use fault::{Fault, FaultRule};
pub use log::{RequestRecord, TokenUse};
pub use switches::*;
pub use tenants::EmbeddedAccounts;
pub use tokens::Permission;

#[allow(unused_imports)] // named in the documentation above
use scim_core::transport::Transport;
