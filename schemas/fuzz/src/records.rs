//! Streams of records: lines, text sequences and events, cut as bytes choose.

use std::sync::Arc;

use evergate_schemas::convert::{Limits, Records, Refused, Report, Unconvertible};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::Program;
use evergate_schemas::plan::wire::{EventPlan, Framing};

use crate::program::Choices;

/// A framing, a policy, a program and a cutting; then the stream.
///
/// # Panics
/// When a law does not hold.
pub fn check(data: &[u8]) {
    let mut choices = Choices(data);
    let mut shape = choices.part();
    let stages: Vec<Arc<Program>> =
        (0..shape.below(2)).map(|_| Arc::new(shape.program())).collect();
    let policy =
        [Unconvertible::Skip, Unconvertible::Error, Unconvertible::Close][choices.below(3)];
    let framing = match choices.below(3) {
        0 => Framing::Lines,
        1 => Framing::Sequence,
        _ => {
            let one = EventPlan { event: Some("a".to_owned()), stages: Some(stages.clone()) };
            let other = EventPlan { event: Some("b".to_owned()), stages: None };
            Framing::Events(Arc::from([one, other]))
        }
    };
    let limits = Limits { record: [40, 1 << 20][choices.below(2)], ..Limits::default() };
    let size = 1 + choices.below(7);
    let body = choices.0;
    let run = |size: usize| -> (Vec<u8>, Result<Report, Refused>) {
        let mut records =
            Records::new(&framing, &stages, limits, &Arc::new(Values::default()), policy);
        let mut out = Vec::new();
        for chunk in body.chunks(size) {
            if let Err(refused) = records.push(chunk, &mut out) {
                return (out, Err(refused));
            }
        }
        let done = records.finish(&mut out);
        (out, done)
    };
    let whole = run(body.len().max(1));
    let chunked = run(size);
    assert_eq!(whole.1, chunked.1, "{framing:?} in pieces of {size}");
    if whole.1.is_ok() {
        assert_eq!(whole.0, chunked.0, "{framing:?} in pieces of {size}");
    }
}
