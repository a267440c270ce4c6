//! What must hold in every cell, and the table of what came of it.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt::Write as _;

use scim_core::client::{Error, ErrorKind};

use crate::fault::{Armed, Fault};
use crate::operation::{Op, duplicates};
use crate::world::{PLANTED, World};

/// How a call under a fault ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The state is as wanted, and the client knows it.
    Done,
    /// An error that says that nothing was done; nothing was.
    Refused,
    /// An error that says that it may have been done, and on what.
    Open,
}

/// Judges one cell; panics with what is wrong.
///
/// Where time is real, a busy machine adds time-outs of its own, and these add repetitions.
pub fn judge(
    cell: &str,
    op: Op,
    armed: Armed,
    world: &World,
    (writes, virtual_time): (u32, bool),
    result: &Result<(), Error>,
) -> Outcome {
    let n = armed.position;
    assert!(duplicates(world).is_empty(), "{cell}: duplicates {:?}", duplicates(world));
    for other in (0..3).filter(|other| *other != n && op.is_write()) {
        assert!(op.is_done(world, other), "{cell}: the call {other} without a fault");
    }
    // What the fault hits, and twice the ideal beyond it; four attempts and a repetition at most.
    let enough = match (virtual_time, armed.fault.hits_once(armed.seed)) {
        (true, true) => 2,
        (true, false) => 8,
        (false, _) => 16,
    };
    assert!(writes <= enough, "{cell}: {writes} writes arrived, {enough} are enough");
    let done = op.is_done(world, n);
    let error = match result {
        Ok(()) => {
            assert!(done || !op.is_write(), "{cell}: the client says done, the server does not");
            return Outcome::Done;
        }
        Err(error) => error,
    };
    check_texts(cell, error);
    check_place(cell, op, n, world, error);
    if error.may_have_been_applied() {
        assert!(op.is_write(), "{cell}: a list changes nothing: {error}");
        Outcome::Open
    } else {
        assert!(!done, "{cell}: the error says that nothing was done, the server has done it: {error:?}");
        Outcome::Refused
    }
}

/// The error names what it is about: the resource, or the endpoint where there is none yet.
fn check_place(cell: &str, op: Op, n: u32, world: &World, error: &Error) {
    let place = &error.operation().resource;
    let expected = match op {
        Op::PostUser | Op::ListPage => "Users".to_owned(),
        Op::PostGroup => "Groups".to_owned(),
        Op::Put | Op::PatchReplace | Op::Delete => format!("Users/{}", world.people[n as usize]),
        Op::PatchAddMember | Op::PatchRemoveMember => format!("Groups/{}", world.group),
    };
    assert_eq!(place.as_ref(), expected, "{cell}");
    assert!(error.to_string().contains(&expected), "{cell}: {error}");
    if op == Op::PatchAddMember || op == Op::PatchRemoveMember {
        assert_eq!(error.completed(), Some(0), "{cell}: which members are open");
    }
}

fn check_texts(cell: &str, error: &Error) {
    let mut texts = format!("{error}\n{error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        write!(texts, "\n{cause}\n{cause:?}").unwrap();
        source = cause.source();
    }
    for planted in PLANTED {
        assert!(!texts.contains(planted), "{cell}: {planted} in {texts}");
    }
    assert!(!error.to_string().contains('\n'), "{cell}: {error}");
    // A fault that a repetition mends says so, a fault that a person must mend says that.
    match error.kind() {
        ErrorKind::Unauthorized => assert!(error.to_string().contains("token") && !error.is_transient(), "{cell}"),
        ErrorKind::RateLimited => assert!(error.is_transient(), "{cell}"),
        _ => {}
    }
}

/// What came of the cells, counted.
#[derive(Default)]
pub struct Table(BTreeMap<(usize, usize), BTreeMap<Outcome, u32>>);

impl Table {
    pub fn add(&mut self, fault: Fault, op: Op, outcome: Outcome) {
        let row = Fault::ALL.iter().position(|it| *it == fault).unwrap();
        let column = Op::ALL.iter().position(|it| *it == op).unwrap();
        *self.0.entry((row, column)).or_default().entry(outcome).or_default() += 1;
    }

    pub fn total(&self, outcome: Outcome) -> u32 {
        self.0.values().filter_map(|cell| cell.get(&outcome)).sum()
    }

    pub fn all(&self) -> u32 {
        self.0.values().flat_map(BTreeMap::values).sum()
    }

    pub fn markdown(&self) -> String {
        let mut out = "| fault |".to_owned();
        for op in Op::ALL {
            write!(out, " {} |", op.name()).unwrap();
        }
        out.push_str("\n|---|");
        out.push_str(&"---|".repeat(Op::ALL.len()));
        for (row, fault) in Fault::ALL.iter().enumerate() {
            write!(out, "\n| {} |", fault.name()).unwrap();
            for column in 0..Op::ALL.len() {
                let cell = self.0.get(&(row, column)).map(|cell| {
                    let mut parts: Vec<String> = Vec::new();
                    for (outcome, count) in cell {
                        let word = match outcome {
                            Outcome::Done => "done",
                            Outcome::Refused => "not done",
                            Outcome::Open => "open",
                        };
                        parts.push(if cell.len() == 1 { word.to_owned() } else { format!("{count} {word}") });
                    }
                    parts.join(", ")
                });
                write!(out, " {} |", cell.unwrap_or_default()).unwrap();
            }
        }
        out.push('\n');
        out
    }
}
