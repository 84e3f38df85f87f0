//! One line of the access log: what is known of an exchange, written without anything that a client could break it by.

use std::time::Duration;

use http::uri::PathAndQuery;

use super::record::{Ended, Record, Said};
use crate::config::{AccessField, QueryTold};
use crate::ledger::Clock;

/// What a line is about, beside the record.
pub(super) struct Facts<'a> {
    pub(super) record: &'a Record,
    pub(super) said: &'a Said,
    pub(super) took: Duration,
    /// The share of exchanges like this one that have a line.
    pub(super) share: f64,
    pub(super) query: QueryTold,
}

/// How names and values are put down.
pub(super) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    json: Json,
    first: bool,
}

/// Whether lines are JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Json {
    Yes,
    No,
}

impl<'o> Writer<'o> {
    pub(super) fn begin(out: &'o mut Vec<u8>, json: Json) -> Self {
        if json == Json::Yes {
            out.push(b'{');
        }
        Self { out, json, first: true }
    }

    pub(super) fn end(self) {
        if self.json == Json::Yes {
            self.out.push(b'}');
        }
    }

    fn name(&mut self, field: AccessField) {
        let (between, quote, sign): (&[u8], &[u8], &[u8]) = match self.json {
            Json::Yes => (b",", b"\"", b"\":"),
            Json::No => (b" ", b"", b"="),
        };
        if !std::mem::take(&mut self.first) {
            self.out.extend_from_slice(between);
        }
        self.out.extend_from_slice(quote);
        self.out.extend_from_slice(field.word().as_bytes());
        self.out.extend_from_slice(sign);
    }

    /// Text, left out where there is none.
    fn text(&mut self, field: AccessField, text: &str) {
        if !text.is_empty() {
            self.name(field);
            self.out.push(b'"');
            escape(self.out, text);
            self.out.push(b'"');
        }
    }

    fn number(&mut self, field: AccessField, number: u64) {
        self.name(field);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// A number that says nothing where it is 0.
    fn some(&mut self, field: AccessField, number: u64) {
        if number > 0 {
            self.number(field, number);
        }
    }
}

/// Puts text between quotes: what is not plain ASCII is escaped as in JSON, so that no client's octets end a line,
/// move a cursor or turn the direction of what stands behind them.
fn escape(out: &mut Vec<u8>, text: &str) {
    let plain = |byte: &u8| matches!(byte, 0x20..=0x7e) && !matches!(byte, b'"' | b'\\');
    if text.as_bytes().iter().all(plain) {
        return out.extend_from_slice(text.as_bytes());
    }
    let mut units = [0; 2];
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend_from_slice(&[b'\\', u8::try_from(letter).unwrap_or(b'?')]),
            ' '..='~' => out.push(u8::try_from(letter).unwrap_or(b'?')),
            other => {
                for unit in other.encode_utf16(&mut units) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
        }
    }
}

/// The path, and of the query what may be said.
fn target(writer: &mut Writer<'_>, target: &PathAndQuery, query: QueryTold) {
    writer.name(AccessField::Target);
    let out = &mut *writer.out;
    out.push(b'"');
    escape(out, target.path());
    match (target.query(), query) {
        (None, _) | (_, QueryTold::Dropped) => {}
        (Some(query), QueryTold::Whole) => {
            out.push(b'?');
            escape(out, query);
        }
        (Some(query), QueryTold::Redacted) => {
            for (index, piece) in query.split('&').enumerate() {
                out.push(if index == 0 { b'?' } else { b'&' });
                match piece.split_once('=') {
                    // a value is a secret as often as not, and so is what has no name
                    Some((name, _)) => {
                        escape(out, name);
                        out.extend_from_slice(b"=*");
                    }
                    None if piece.is_empty() => {}
                    None => out.push(b'*'),
                }
            }
        }
    }
    out.push(b'"');
}

impl Facts<'_> {
    pub(super) fn write(&self, field: AccessField, (to, clock): (&mut Writer<'_>, &mut Clock<'_>)) {
        let Self { record, said, .. } = self;
        match field {
            AccessField::Time => {
                to.name(field);
                let quote = to.json == Json::Yes;
                to.out.extend(quote.then_some(b'"'));
                clock.write(to.out);
                to.out.extend(quote.then_some(b'"'));
            }
            AccessField::Peer => {
                if let Some(peer) = said.peer {
                    to.text(field, &peer.to_string());
                }
            }
            AccessField::Target => {
                if let Some(own) = &said.target {
                    target(to, own, self.query);
                }
            }
            AccessField::Lost => {
                if !record.lost().is_empty() {
                    to.text(field, &record.lost().rules());
                }
            }
            AccessField::Sample => {
                if self.share < 1.0 {
                    to.name(field);
                    to.out.extend_from_slice(self.share.to_string().as_bytes());
                }
            }
            _ => match self.number(field) {
                Some((number, Zero::Tells)) => to.number(field, number),
                Some((number, Zero::TellsNothing)) => to.some(field, number),
                None => to.text(field, self.text(field)),
            },
        }
    }

    fn text(&self, field: AccessField) -> &str {
        let Self { record, said, .. } = self;
        match field {
            AccessField::Id => record.id.to_str().unwrap_or_default(),
            AccessField::TraceId => record.trace.as_ref().map_or("", |trace| trace.text()),
            AccessField::Protocol => said.protocol,
            AccessField::Method => record.method.as_str(),
            AccessField::Api => said.api.as_deref().unwrap_or_default(),
            AccessField::Operation => said.operation.as_deref().unwrap_or_default(),
            AccessField::ClientVersion => said.client_version.as_deref().unwrap_or_default(),
            AccessField::BackendVersion => said.backend_version.as_deref().unwrap_or_default(),
            AccessField::Verdict if !record.lost().is_empty() => "lossy",
            AccessField::Verdict => said.verdict,
            AccessField::Refusal => record.refusal,
            AccessField::Cause => &record.cause,
            AccessField::Ended => record.ended.word(),
            AccessField::Merged => record.merged,
            AccessField::Endpoint => record.endpoint().map_or("", |one| one.authority().as_str()),
            _ => "",
        }
    }

    fn number(&self, field: AccessField) -> Option<(u64, Zero)> {
        let Self { record, said, .. } = self;
        let whole = |number| Some((number, Zero::Tells));
        let some = |number| Some((number, Zero::TellsNothing));
        match field {
            AccessField::Status => whole(record.status.into()),
            AccessField::Generation => whole(record.generation),
            AccessField::Micros => whole(micros(self.took)),
            AccessField::BytesOut => whole(record.bytes_out),
            AccessField::BackendMicros => some(micros(said.waited)),
            AccessField::ConversionMicros => some(micros(record.lost().spent())),
            AccessField::BytesIn => some(said.read()),
            AccessField::TunnelIn => some(record.tunnel_in),
            AccessField::Losses => some(record.lost().total()),
            AccessField::Reads => some(record.reads.into()),
            AccessField::Retries => some(record.sent.saturating_sub(1).into()),
            _ => None,
        }
    }
}

/// Whether a number says something where it is 0.
enum Zero {
    Tells,
    TellsNothing,
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Whether an exchange has a line whatever the share of its status: what was cut is what a log is read for.
pub(super) fn always(record: &Record) -> bool {
    record.ended == Ended::Cut
}

#[cfg(test)]
mod tests {
    use http::uri::PathAndQuery;

    use super::{Json, Writer, escape, target};
    use crate::config::{AccessField, QueryTold};

    #[test]
    fn what_a_client_sent_stays_inside_its_quotes() {
        let mut out = Vec::new();
        escape(&mut out, "a\"b\\c\nd\u{1b}[2J\u{202e}x\u{7f}é😀");
        let text = String::from_utf8(out).unwrap();
        assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{text}");
        let back: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
        assert_eq!(back, "a\"b\\c\nd\u{1b}[2J\u{202e}x\u{7f}é😀");
    }

    #[track_caller]
    fn check(told: QueryTold, expected: &str) {
        let mut out = Vec::new();
        let mut writer = Writer::begin(&mut out, Json::No);
        let own = PathAndQuery::from_static("/a?token=s3cret&b=&&bare&c=1=2");
        target(&mut writer, &own, told);
        writer.end();
        assert_eq!(String::from_utf8(out).unwrap(), format!("target=\"{expected}\""));
    }

    #[test]
    fn a_query_tells_its_names_and_no_values_unless_it_may() {
        check(QueryTold::Redacted, "/a?token=*&b=*&&*&c=*");
        check(QueryTold::Dropped, "/a");
        check(QueryTold::Whole, "/a?token=s3cret&b=&&bare&c=1=2");
    }

    #[test]
    fn lines_of_both_forms_leave_out_what_says_nothing() {
        for (json, expected) in
            [(Json::Yes, r#"{"id":"a b","status":0}"#), (Json::No, r#"id="a b" status=0"#)]
        {
            let mut out = Vec::new();
            let mut writer = Writer::begin(&mut out, json);
            writer.text(AccessField::Id, "a b");
            writer.text(AccessField::Api, "");
            writer.some(AccessField::Reads, 0);
            writer.number(AccessField::Status, 0);
            writer.end();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
