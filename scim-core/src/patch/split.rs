//! Operations in messages that a receiver's limits allow.

use std::io;

use serde::Serialize;
use serde_json::Value;

use crate::patch::{DiffOptions, Op, Operation, PatchError, PatchOp};

/// One change, and whether a list in it may come in pieces: only where `add` of the second makes the list of both.
pub(super) struct Change {
    pub(super) operation: Operation,
    pub(super) in_pieces: bool,
}

/// Messages within the limits, in order.
pub(super) fn split(changes: Vec<Change>, options: &DiffOptions) -> Result<Vec<PatchOp>, PatchError> {
    let limits = Limits {
        operations: options.operations.unwrap_or_else(|| crate::limits::Limits::default().operations()),
        values: options.values.unwrap_or(usize::MAX),
        bytes: options.bytes.unwrap_or(usize::MAX),
        counts_bytes: options.bytes.is_some(),
    };
    let envelope = length(&PatchOp::new());
    let mut patches = Vec::new();
    let mut patch = PatchOp::new();
    let (mut values, mut bytes) = (0, envelope);
    for change in changes {
        for (operation, size) in limits.cut(change, envelope)? {
            let weight = weight(&operation);
            let comma = usize::from(!patch.is_empty());
            let full = patch.operations.len() >= limits.operations
                || values + weight > limits.values
                || bytes + comma + size > limits.bytes;
            if full && !patch.is_empty() {
                patches.push(std::mem::take(&mut patch));
                (values, bytes) = (0, envelope);
            }
            values += weight;
            bytes += size + usize::from(!patch.is_empty());
            patch.operations.push(operation);
        }
    }
    if !patch.is_empty() {
        patches.push(patch);
    }
    Ok(patches)
}

struct Limits {
    operations: usize,
    values: usize,
    bytes: usize,
    counts_bytes: bool,
}

impl Limits {
    /// A long list in pieces, each with its bytes. Of a `replace` the first piece replaces, the others add.
    fn cut(
        &self,
        Change { operation, in_pieces }: Change,
        envelope: usize,
    ) -> Result<Vec<(Operation, usize)>, PatchError> {
        let size = if self.counts_bytes { length(&operation) } else { 0 };
        let room = self.bytes.saturating_sub(envelope);
        if size <= room && weight(&operation) <= self.values {
            return Ok(vec![(operation, size)]);
        }
        if !in_pieces && size <= room {
            let (held, most) = (weight(&operation), self.values);
            let error =
                PatchError::value(format!("the list cannot be cut; no message of {most} values can hold its {held}"));
            return Err(on_path(error, &operation));
        }
        let Operation { op, path, value } = operation;
        let (list, bare) = match value {
            Some(Value::Array(list)) if in_pieces && !list.is_empty() => {
                (list, Operation { op, path: path.clone(), value: Some(Value::Array(Vec::new())) })
            }
            value => return Err(too_long(&Operation { op, path, value }, size, self.bytes)),
        };
        let bare_size = if self.counts_bytes { length(&bare) } else { 0 };
        let mut pieces = Vec::new();
        let (mut piece, mut piece_size) = (Vec::new(), bare_size);
        let push = |pieces: &mut Vec<_>, piece: Vec<Value>, size| {
            let op = if op == Op::Replace && !pieces.is_empty() { Op::Add } else { op };
            // `add` and `remove` are shorter than `replace`: the size is right or too high by some bytes.
            pieces.push((Operation { op, path: path.clone(), value: Some(Value::Array(piece)) }, size));
        };
        for element in list {
            let size = if self.counts_bytes { length(&element) } else { 0 };
            let comma = usize::from(!piece.is_empty());
            let full = piece.len() >= self.values || piece_size + comma + size > room;
            if full && !piece.is_empty() {
                push(&mut pieces, std::mem::take(&mut piece), piece_size);
                piece_size = bare_size;
            }
            piece_size += size + usize::from(!piece.is_empty());
            if piece_size > room {
                return Err(too_long(&bare, piece_size, self.bytes));
            }
            piece.push(element);
        }
        push(&mut pieces, piece, piece_size);
        Ok(pieces)
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
