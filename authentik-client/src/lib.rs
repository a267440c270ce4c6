#![doc = include_str!("../README.md")]

mod api;
mod call;
mod crontab;
pub mod doctor;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod ensure;
mod error;
pub mod id;
pub mod mapping;
pub mod model;
mod permission;
pub mod profile;
pub mod scope;
pub mod survey;
pub mod sync;
pub mod withdrawal;

pub use api::{
    ApiTokens, Applications, Authentik, AuthentikBuilder, Events, Groups, List, PolicyBindings, Schedules,
    ScimGroupLinks, ScimMappings, ScimProviders, ScimUserLinks, Tasks, Users,
};
pub use error::{Error, ErrorKind, FieldError};
