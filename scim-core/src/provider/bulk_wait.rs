//! Which operations of a bulk request wait for which others.

use std::collections::{BTreeSet, HashMap};

use crate::message::bulk_id::references;
use crate::provider::bulk::Step;
use crate::provider::route::Route;

/// What a step waits for.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Wait {
    /// The resource of a `bulkId`, made or given up.
    Made(String),
    /// An earlier step on the same resource: what changes it stays in sequence.
    Ran(usize),
}

/// Which steps wait for what.
pub(super) struct Blocked {
    by: Vec<BTreeSet<Wait>>,
    ready: BTreeSet<usize>,
    waiting: HashMap<Wait, Vec<usize>>,
}

impl Blocked {
    /// `about` tells the resource that a step changes; none if it cannot run.
    pub(super) fn new(steps: &[Step], about: impl Fn(&Step) -> Option<Route>) -> Self {
        let mut blocked =
            Self { by: vec![BTreeSet::new(); steps.len()], ready: (0..steps.len()).collect(), waiting: HashMap::new() };
        let mut last: HashMap<Route, usize> = HashMap::new();
        for (at, step) in steps.iter().enumerate() {
            for id in &step.refers {
                blocked.block(at, Wait::Made(id.clone()));
            }
            if !step.makes()
                && let Some(before) = about(step).and_then(|route| last.insert(route, at))
            {
                blocked.block(at, Wait::Ran(before));
            }
        }
        blocked
    }

    fn block(&mut self, at: usize, wait: Wait) {
        if let Some(by) = self.by.get_mut(at)
            && by.insert(wait.clone())
        {
            self.ready.remove(&at);
            self.waiting.entry(wait).or_default().push(at);
        }
    }

    /// The first step that waits for nothing.
    pub(super) fn next(&mut self, waiting: &BTreeSet<usize>) -> Option<usize> {
        while let Some(at) = self.ready.pop_first() {
            if waiting.contains(&at) {
                return Some(at);
            }
        }
        None
    }

    /// It has happened: nobody waits for it any more.
    pub(super) fn settle(&mut self, wait: &Wait) {
        for at in self.waiting.remove(wait).unwrap_or_default() {
            if let Some(by) = self.by.get_mut(at) {
                by.remove(wait);
                if by.is_empty() {
                    self.ready.insert(at);
                }
            }
        }
    }

    /// A resource was made without what refers to others in its circle: what else is to be done to it waits for them.
    pub(super) fn wait_for_circle(&mut self, steps: &[Step], bulk_id: &str, missing: &BTreeSet<String>) {
        for (at, step) in steps.iter().enumerate().filter(|(_, step)| !step.makes()) {
            if references(&step.path).any(|(_, id)| id == bulk_id) {
                for id in missing {
                    self.block(at, Wait::Made(id.clone()));
                }
            }
        }
    }
}
