//! Operations in messages that a receiver's limits allow.

use std::io;

use serde::Serialize;
use serde_json::Value;

use crate::patch::diff_members::{named, selected};
use crate::patch::{DiffOptions, Op, Operation, PatchError, PatchOp};
use crate::path::{AttributePath, PatchPath};

/// A part of what leads from one resource to the other.
pub(super) enum Change {
    /// An operation that is made whole or not at all.
    Whole(Operation),
    /// Values of a list, which may come in several operations.
    Pieces { op: Op, path: PatchPath, values: Vec<Value> },
    /// Elements of a list known by `value`, each of which one message takes away and brings back.
    Exchanges { path: AttributePath, exchanges: Vec<Exchange> },
}

/// An element that changes, with the namesakes that a removal takes along.
pub(super) struct Exchange {
    /// The keys to take away.
    pub(super) leave: Vec<String>,
    /// The elements to bring back.
    pub(super) back: Vec<Value>,
}

/// Messages within the limits, in order.
pub(super) fn split(changes: Vec<Change>, options: &DiffOptions) -> Result<Vec<PatchOp>, PatchError> {
    let limits = Limits {
        operations: options.operations.unwrap_or_else(|| crate::limits::Limits::default().operations()),
        values: options.values.unwrap_or(usize::MAX),
        bytes: options.bytes.unwrap_or(usize::MAX),
        counts_bytes: options.bytes.is_some(),
        envelope: length(&PatchOp::new()),
    };
    let mut messages =
        Messages { size: Size { bytes: limits.envelope, ..Size::default() }, limits, ..Messages::default() };
    for change in changes {
        match change {
            Change::Whole(operation) => messages.whole(operation)?,
            Change::Pieces { op, path, values } => messages.pieces(op, &path, values)?,
            Change::Exchanges { path, exchanges } => messages.exchanges(&path, exchanges, options.removal_by_value)?,
        }
    }
    messages.flush();
    Ok(messages.done)
}

#[derive(Default, Clone, Copy)]
struct Limits {
    operations: usize,
    values: usize,
    bytes: usize,
    counts_bytes: bool,
    /// Bytes of a message without operations.
    envelope: usize,
}

impl Limits {
    /// Bytes of JSON that a value is written as, if anybody wants to know.
    fn length(&self, value: &impl Serialize) -> usize {
        if self.counts_bytes { length(value) } else { 0 }
    }
}

/// What counts of operations; each has a comma to go with it.
#[derive(Default, Clone, Copy)]
struct Size {
    operations: usize,
    values: usize,
    bytes: usize,
}

impl Size {
    fn and(self, more: Self) -> Self {
        Self {
            operations: self.operations + more.operations,
            values: self.values + more.values,
            bytes: self.bytes + more.bytes,
        }
    }
}

/// The messages that are complete, and the last one.
#[derive(Default)]
struct Messages {
    limits: Limits,
    done: Vec<PatchOp>,
    patch: PatchOp,
    size: Size,
}

impl Messages {
    fn flush(&mut self) {
        if !self.patch.is_empty() {
            self.done.push(std::mem::take(&mut self.patch));
            self.size = Size { bytes: self.limits.envelope, ..Size::default() };
        }
    }

    /// Whether so much more has room in the last message.
    fn fits(&self, more: Size) -> bool {
        let all = self.size.and(more);
        // The first operation has no comma.
        let bytes = all.bytes - usize::from(all.operations > 0);
        all.operations <= self.limits.operations && all.values <= self.limits.values && bytes <= self.limits.bytes
    }

    /// What it counts for by itself.
    fn size_alone(&self, operation: &Operation) -> Size {
        Size { operations: 1, values: weight(operation), bytes: self.limits.length(operation) + 1 }
    }

    /// What it counts for as the next one.
    fn size_of(&self, operation: &Operation) -> Size {
        let size = self.size_alone(operation);
        match &operation.value {
            Some(Value::Array(_)) if self.goes_on(operation) => {
                let bare = Operation { value: Some(Value::Array(Vec::new())), ..operation.clone() };
                Size { operations: 0, bytes: size.bytes - self.limits.length(&bare), ..size }
            }
            _ => size,
        }
    }

    /// Whether it adds to a list, or takes away from it, as the operation before does.
    fn goes_on(&self, operation: &Operation) -> bool {
        let is_list = |operation: &Operation| matches!(operation.value, Some(Value::Array(_)));
        self.patch.operations.last().is_some_and(|last| {
            is_list(last) && is_list(operation) && last.op == operation.op && last.path == operation.path
        })
    }

    /// Behind the others if it has room, else in a message of its own. What goes on with the operation before becomes a part
    /// of it.
    fn push(&mut self, operation: Operation) {
        if !self.fits(self.size_of(&operation)) {
            self.flush();
        }
        self.size = self.size.and(self.size_of(&operation));
        if self.goes_on(&operation)
            && let Some(Operation { value: Some(Value::Array(list)), .. }) = self.patch.operations.last_mut()
            && let Some(Value::Array(values)) = operation.value
        {
            list.extend(values);
            return;
        }
        self.patch.operations.push(operation);
    }

    /// The bytes of operations that a message has room for.
    fn room(&self) -> usize {
        self.limits.bytes.saturating_sub(self.limits.envelope)
    }

    fn whole(&mut self, operation: Operation) -> Result<(), PatchError> {
        let size = self.limits.length(&operation);
        if size > self.room() {
            return Err(too_long(&operation, size, self.limits.bytes));
        }
        if weight(&operation) > self.limits.values {
            let (held, most) = (weight(&operation), self.limits.values);
            let error =
                PatchError::value(format!("the list cannot be cut; no message of {most} values can hold its {held}"));
            return Err(on_path(error, &operation));
        }
        self.push(operation);
        Ok(())
    }

    /// A long list in pieces. Of a `replace`, which is cut only if no message can hold it, the first piece replaces and the
    /// others add.
    fn pieces(&mut self, op: Op, path: &PatchPath, values: Vec<Value>) -> Result<(), PatchError> {
        let of = |op, values| Operation { op, path: Some(path.clone()), value: Some(Value::Array(values)) };
        let all = of(op, values);
        let fits_alone = self.limits.length(&all) <= self.room() && weight(&all) <= self.limits.values;
        if self.fits(self.size_of(&all)) || (op == Op::Replace && fits_alone) {
            self.push(all);
            return Ok(());
        }
        let Some(Value::Array(values)) = all.value else {
            return Ok(());
        };
        let (mut op, mut piece) = (op, Vec::new());
        let mut size = self.size_of(&of(op, Vec::new()));
        for value in values {
            let length = self.limits.length(&value);
            let mut more = Size { operations: 0, values: 1, bytes: length + usize::from(!piece.is_empty()) };
            if !self.fits(size.and(more)) {
                if !piece.is_empty() {
                    self.push(of(op, std::mem::take(&mut piece)));
                    op = if op == Op::Replace { Op::Add } else { op };
                }
                self.flush();
                size = self.size_of(&of(op, Vec::new()));
                more.bytes = length;
                if !self.fits(size.and(more)) {
                    let bare = of(op, Vec::new());
                    return Err(too_long(&bare, self.limits.length(&bare) + length, self.limits.bytes));
                }
            }
            size = size.and(more);
            piece.push(value);
        }
        if !piece.is_empty() {
            self.push(of(op, piece));
        }
        Ok(())
    }

    /// As many in one message as it has room for. One that no message can hold is taken away by one and brought back by the
    /// next.
    fn exchanges(&mut self, path: &AttributePath, all: Vec<Exchange>, by_value: bool) -> Result<(), PatchError> {
        let list = |op, values| Operation { op, path: Some(path.clone().into()), value: Some(Value::Array(values)) };
        let (bare_add, bare_remove) = (list(Op::Add, Vec::new()), list(Op::Remove, Vec::new()));
        let bare = |messages: &Self| {
            // A removal stands before it.
            let add = messages.size_alone(&bare_add);
            if by_value { add.and(messages.size_of(&bare_remove)) } else { add }
        };
        let removals = |leave: &[String]| -> Vec<Operation> {
            if by_value {
                return vec![list(Op::Remove, leave.iter().map(|key| named(key)).collect())];
            }
            leave.iter().map(|key| Operation { op: Op::Remove, path: Some(selected(path, key)), value: None }).collect()
        };
        let (mut leave, mut back, mut size): (Vec<String>, Vec<Value>, Size) = (Vec::new(), Vec::new(), bare(self));
        for exchange in all {
            let removed: usize = if by_value {
                exchange.leave.iter().map(|key| self.limits.length(&named(key)) + 1).sum()
            } else {
                removals(&exchange.leave).iter().map(|operation| self.size_of(operation).bytes).sum()
            };
            let more = Size {
                operations: if by_value { 0 } else { exchange.leave.len() },
                values: exchange.leave.len() + exchange.back.len(),
                bytes: removed + exchange.back.iter().map(|value| self.limits.length(value) + 1).sum::<usize>(),
            };
            if !self.fits(size.and(more)) {
                self.push_all(removals(&std::mem::take(&mut leave)), list(Op::Add, std::mem::take(&mut back)));
                self.flush();
                size = bare(self);
            }
            if self.fits(size.and(more)) {
                leave.extend(exchange.leave);
                back.extend(exchange.back);
                size = size.and(more);
            } else {
                for operation in removals(&exchange.leave) {
                    match operation.value {
                        Some(Value::Array(values)) => self.pieces(Op::Remove, &path.clone().into(), values)?,
                        _ => self.whole(operation)?,
                    }
                }
                self.pieces(Op::Add, &path.clone().into(), exchange.back)?;
                size = bare(self);
            }
        }
        self.push_all(removals(&leave), list(Op::Add, back));
        Ok(())
    }

    /// Operations that have room in the last message, if they say anything.
    fn push_all(&mut self, removals: Vec<Operation>, add: Operation) {
        if weight(&add) > 0 {
            for removal in removals {
                self.push(removal);
            }
            self.push(add);
        }
    }
}

fn too_long(operation: &Operation, size: usize, limit: usize) -> PatchError {
    let error = PatchError::value(format!("one value takes {size} bytes; no message of {limit} bytes can hold it"));
    on_path(error, operation)
}

fn on_path(error: PatchError, operation: &Operation) -> PatchError {
    match &operation.path {
        Some(path) => error.on(path),
        None => error,
    }
}

/// How many values an operation counts for.
fn weight(operation: &Operation) -> usize {
    match &operation.value {
        Some(Value::Array(list)) => list.len(),
        _ => 1,
    }
}

/// Bytes of JSON that a value is written as.
fn length(value: &impl Serialize) -> usize {
    struct Count(usize);

    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut count = Count(0);
    // Counting does not fail, and what is counted has text for names.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}
