//! What conversions may do and have to be, as the file says it.

use evergate_schemas::convert::Unconvertible;
use evergate_schemas::pointer::Pointer;

use super::api::Members;
use super::model::{
    ConversionConfig, LossHeaderConfig, NoTransformConfig, Require, SignaturesConfig,
};
use super::reader::{Reader, kind};

/// The most payloads that a message may be tested with: a load should end.
const MOST_PAYLOADS: u64 = 100_000;

const KEYS: [&str; 6] =
    ["require", "payloads", "no_transform", "signatures", "records", "loss_header"];

/// The policies under `conversion`, each with its default.
pub(super) fn conversion<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
) -> ConversionConfig {
    let at = at.join("conversion");
    let mut own = ConversionConfig::default();
    let Some(found) = members.get("conversion").and_then(|value| reader.object(value, &at, &KEYS))
    else {
        return own;
    };
    let words = [("proved", Require::Proved), ("tested", Require::Tested), ("any", Require::Any)];
    word(reader, (found, &at), ("require", &words), &mut own.require);
    let words = [("honour", NoTransformConfig::Honour), ("override", NoTransformConfig::Override)];
    word(reader, (found, &at), ("no_transform", &words), &mut own.no_transform);
    let words = [("refuse", SignaturesConfig::Refuse), ("forward", SignaturesConfig::Forward)];
    word(reader, (found, &at), ("signatures", &words), &mut own.signatures);
    let words = [
        ("close", Unconvertible::Close),
        ("skip", Unconvertible::Skip),
        ("error", Unconvertible::Error),
    ];
    word(reader, (found, &at), ("records", &words), &mut own.records);
    let words = [
        ("asked", LossHeaderConfig::Asked),
        ("always", LossHeaderConfig::Always),
        ("never", LossHeaderConfig::Never),
    ];
    word(reader, (found, &at), ("loss_header", &words), &mut own.loss_header);
    if let Some(value) = found.get("payloads") {
        let count = value.as_u64().filter(|count| (1..=MOST_PAYLOADS).contains(count));
        match count.and_then(|count| u32::try_from(count).ok()) {
            Some(count) => own.payloads = count,
            None => reader.fault(
                &at.join("payloads"),
                format!("{} stands where a count belongs", kind(value)),
                format!("write a number from 1 to {MOST_PAYLOADS}"),
            ),
        }
    }
    own
}

fn word<'doc, Word: Copy>(
    reader: &mut Reader<'doc>,
    (members, at): (&'doc Members, &Pointer),
    (key, words): (&str, &[(&str, Word)]),
    own: &mut Word,
) {
    let found = members.get(key).and_then(|value| reader.word(value, &at.join(key), words));
    *own = found.unwrap_or(*own);
}
