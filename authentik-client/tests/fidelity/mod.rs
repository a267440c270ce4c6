//! The replay of recorded exchanges, in parts.

mod call;
mod compare;
mod expressions;
mod ids;
mod known;
pub(crate) mod page;
mod recording;
mod replay;
pub(crate) mod series;
mod server;
mod setup;

pub(crate) use replay::Report;
