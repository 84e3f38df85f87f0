//! What was lost, as the client is told: a structured field, or the members of a refusal.

use std::fmt::Write as _;

use http::{HeaderName, HeaderValue};

use super::prefer::Prefer;
use crate::refusal::LossTold;
use crate::snapshot::loss::{Loss, LossTable, Lost};
use crate::snapshot::meter::Way;
use crate::snapshot::{Conversion, LossHeader};
use crate::wire::Fields;

/// The field: a list of strings with parameters (RFC 9651 §3.1).
const EVERGATE_LOSS: HeaderName = HeaderName::from_static("evergate-loss");
/// Losses that are named; the others are counted.
const MOST: usize = 16;
/// Octets of the field's value; the losses beyond are counted.
const OCTETS: usize = 2048;

/// Losses that a body may still have when its head is sent.
pub(crate) fn possible(table: &LossTable) -> impl Iterator<Item = &Loss> {
    table.iter().flatten().flatten().map(|loss| &**loss)
}

/// Whether a conversion may lose anything.
pub(crate) fn may_lose(conversion: &Conversion) -> bool {
    possible(&conversion.losses).next().is_some()
}

/// What a refusal says of losses.
pub(crate) fn refused<'l>(losses: impl Iterator<Item = &'l Loss>) -> Vec<LossTold> {
    let one = |loss: &Loss| LossTold {
        rule: loss.rule,
        pointer: loss.at.clone(),
        what: loss.text.clone(),
    };
    losses.take(MOST).map(one).collect()
}

/// Tells what was lost, and what `rest` of the body may still lose, if the client asked or the api always tells.
pub(crate) fn tell(
    headers: &mut Fields,
    (policy, prefer): (LossHeader, Prefer),
    lost: &Lost,
    rest: Option<&LossTable>,
) {
    let asked = match policy {
        LossHeader::Always => true,
        LossHeader::Asked => prefer.wants_report(),
        LossHeader::Never => false,
    };
    if !asked {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(field(lost, rest))
        && !value.is_empty()
    {
        headers.insert(EVERGATE_LOSS, value);
    }
}

/// The field's value: `"A1";at="/tag";in=response;n=2`. `may` marks what a body that is still going may lose, and an
/// item `more` says how many did not fit.
fn field(lost: &Lost, rest: Option<&LossTable>) -> String {
    let certain = lost.iter().map(|(loss, times)| item(loss, &format!(";n={times}")));
    let rest = rest.into_iter().flat_map(possible).map(|loss| item(loss, ";may"));
    let (mut text, mut named, mut left_out) = (String::new(), 0, 0);
    for item in certain.chain(rest) {
        if named >= MOST || text.len() + item.len() > OCTETS {
            left_out += 1;
            continue;
        }
        named += 1;
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&item);
    }
    if left_out > 0 {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}\"more\";n={left_out}");
    }
    text
}

fn item(loss: &Loss, mark: &str) -> String {
    let way = match loss.way {
        Way::request => "request",
        Way::response => "response",
    };
    format!("{};at={};in={way}{mark}", string(loss.rule), string(&loss.at))
}

/// A string (RFC 9651 §3.3.3), or a display string (§3.3.8) where it is not all printable ASCII.
fn string(text: &str) -> String {
    let plain = |byte: &u8| (0x20..0x7f).contains(byte);
    let mut out = String::with_capacity(text.len() + 2);
    if text.as_bytes().iter().all(plain) {
        out.push('"');
        for one in text.chars() {
            if matches!(one, '"' | '\\') {
                out.push('\\');
            }
            out.push(one);
        }
        out.push('"');
        return out;
    }
    out.push_str("%\"");
    for byte in text.bytes() {
        if plain(&byte) && !matches!(byte, b'%' | b'"') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use evergate_schemas::plan::program::Note;
    use prometheus_client::metrics::counter::Counter;

    use super::{MOST, OCTETS, field, string};
    use crate::snapshot::loss::{Loss, LossTable, Lost};
    use crate::snapshot::meter::Way;

    fn loss(at: &str) -> Arc<Loss> {
        let (text, at) = ("leave it out".to_owned(), at.to_owned());
        let note = Note { rule: "A1", text, at, loss: true, policy: None };
        Arc::new(Loss::new(&note, Way::response, Counter::default()))
    }

    #[test]
    fn strings_are_structured_fields() {
        assert_eq!(string("/a\"b\\c"), r#""/a\"b\\c""#);
        assert_eq!(string("/größe%"), "%\"/gr%c3%b6%c3%9fe%25\"");
    }

    #[test]
    fn the_field_names_what_was_lost_and_what_may_be() {
        let mut lost = Lost::default();
        lost.add(&loss("/a"), 2);
        let rest: LossTable = Arc::from([vec![None, Some(loss("/*/b"))]]);
        let told = field(&lost, Some(&rest));
        assert_eq!(told, r#""A1";at="/a";in=response;n=2, "A1";at="/*/b";in=response;may"#);
        assert_eq!(field(&Lost::default(), None), "");
    }

    #[test]
    fn the_field_is_bounded() {
        let mut lost = Lost::default();
        (0..100).for_each(|at| lost.add(&loss(&format!("/{at}")), 1));
        let told = field(&lost, None);
        assert!(told.ends_with(&format!("\"more\";n={}", 100 - MOST)), "{told}");
        let mut long = Lost::default();
        long.add(&loss(&"x".repeat(OCTETS)), 1);
        assert_eq!(field(&long, None), "\"more\";n=1");
    }
}
