//! Values that no plan converts: parameters, headers, and bodies that are not JSON. They arrive as they were sent.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::describe::model::{Content, Location, Parameter};
use crate::plan::bridge::{Judgement, Part};
use crate::plan::image::Known;
use crate::pointer::Pointer;
use crate::relate::close;
use crate::relate::verdict::{Verdict, Witness};
use crate::sample::{Sampler, Validator};
use crate::schema::{Role, Schema, Side};

use super::ledger::{Ledger, Reading, SchemaId};
use super::media::{Syntax, URL_ENCODED, bare, syntax};
use super::message::whole;
use super::parameter::undecided;
use super::wire::{self, Form, canonical};

/// What `allowEmptyValue` allows to be sent.
static EMPTY: LazyLock<Value> = LazyLock::new(|| json!({ "const": "" }));

/// The judgement on a parameter or header as the sender and as the reader declares it.
pub(super) fn compared<'a>(
    ledger: &mut Ledger<'a>,
    side: Side,
    (from, sent): (usize, &'a Parameter),
    (to, read): (usize, &'a Parameter),
) -> Judgement {
    let sender = ledger.schema(from, Reading::Directed(side, Role::Sender), &sent.root);
    let form = ledger.read(sender).map_or(Form::Unknown, wire::form);
    if canonical(&sent.style, form) != canonical(&read.style, form) {
        let told = ledger.read(sender).map(|schema| restyled(schema, form, (sent, read)));
        if let Some(Some(judgement)) = told {
            return judgement;
        }
    }
    valued(ledger, side, (from, sent), (to, read), form)
}

/// The judgement on the values of a parameter, however they are written.
pub(super) fn valued<'a>(
    ledger: &mut Ledger<'a>,
    side: Side,
    (from, sent): (usize, &'a Parameter),
    (to, read): (usize, &'a Parameter),
    form: Form,
) -> Judgement {
    let sender = ledger.schema(from, Reading::Directed(side, Role::Sender), &sent.root);
    let in_query = matches!(read.location, Location::Query | Location::Cookie);
    let explodes = read.style.ends_with(",explode");
    let reading = match read.style.strip_prefix("content:") {
        Some(media_type) if syntax(media_type) == Syntax::Form => Reading::Form(side),
        Some(_) => Reading::Directed(side, Role::Reader),
        None => Reading::Texts(side, form == Form::Plain || (explodes && in_query)),
    };
    let reader = ledger.schema(to, reading, &read.root);
    if sent.allow_empty && !read.allow_empty {
        let empty = ledger.schema(from, Reading::Plain, &EMPTY);
        let judgement = asked(ledger, empty, reader);
        if judgement.verdict == Verdict::Broken {
            return refused(json!(""), "allowEmptyValue", "an empty value is not allowed");
        }
    }
    let judgement = asked(ledger, sender, reader);
    if reads_as_number(&judgement, ledger.read(reader)) {
        return undecided("a text may read as the number or boolean that is wanted");
    }
    judgement
}

/// The judgement on a text that is written where a header is read.
pub(super) fn written<'a>(
    ledger: &mut Ledger<'a>,
    text: &str,
    (to, read): (usize, &'a Parameter),
) -> Judgement {
    let reader = ledger.schema(to, Reading::Texts(Side::Response, true), &read.root);
    let judge = ledger.read(reader).and_then(|schema| Validator::new(schema).ok());
    let Some(judge) = judge else { return undecided("the header's schema cannot be read") };
    let values = [Some(json!(text)), wire::scalar(text)];
    if values.iter().flatten().any(|value| judge.is_valid(value)) {
        return Judgement::of(Verdict::Bridged);
    }
    refused(json!(text), "const", "the text that is written is not what the header may be")
}

/// The judgement on a body that arrives as it was sent: no plan converts what is not JSON.
pub(super) fn as_it_is<'a>(
    ledger: &mut Ledger<'a>,
    side: Side,
    ((from, sent), (to, read)): ((usize, &'a Content), (usize, &'a Content)),
) -> Judgement {
    let reading = match syntax(&read.media_type) {
        Syntax::Form if bare(&read.media_type) == URL_ENCODED => Reading::Form(side),
        Syntax::Form => Reading::Parts(side),
        Syntax::Text => Reading::Texts(side, false),
        Syntax::Json
        | Syntax::Records(_)
        | Syntax::MergePatch
        | Syntax::JsonPatch
        | Syntax::Other => Reading::Directed(side, Role::Reader),
    };
    let sender = ledger.schema(from, Reading::Directed(side, Role::Sender), &sent.root);
    let reader = ledger.schema(to, reading, &read.root);
    asked(ledger, sender, reader)
}

/// The judgement on one schema against another, without a conversion.
pub(super) fn asked(ledger: &mut Ledger<'_>, sender: SchemaId, reader: SchemaId) -> Judgement {
    ledger
        .plan(sender, reader, Vec::new(), &Known::default())
        .map_or_else(|| Judgement::of(Verdict::Undecided), |plan| plan.judgement)
}

/// Whether a break rests on a text that is a number or boolean on the wire, and one that the reader takes.
fn reads_as_number(judgement: &Judgement, reader: Option<&Schema>) -> bool {
    let text = judgement.witness.as_ref().and_then(|witness| witness.payload.as_str());
    let Some(value) = text.and_then(wire::scalar) else { return false };
    let judge = reader.and_then(|reader| Validator::new(reader).ok());
    judge.is_some_and(|judge| judge.is_valid(&value))
}

/// What another style makes of the sender's values; `None` when it writes all of them alike.
fn restyled(
    sender: &Schema,
    form: Form,
    (sent, read): (&Parameter, &Parameter),
) -> Option<Judgement> {
    let said = format!("the wire form changes from `{}` to `{}`", sent.style, read.style);
    if form == Form::Unknown {
        return Some(undecided(&said));
    }
    let differs = |value: &Value| match value {
        // one item is written alike with and without a separator
        Value::Array(items) => items.len() > 1 || !is_separated(sent) || !is_separated(read),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    };
    let values = Sampler::new(&close(sender)).boundary();
    let witness = values.into_iter().find(differs)?;
    Some(refused(witness, "style", &said))
}

fn is_separated(parameter: &Parameter) -> bool {
    let name = parameter.style.split(',').next().unwrap_or_default();
    matches!(name, "form" | "spaceDelimited" | "pipeDelimited" | "tabDelimited")
}

fn refused(payload: Value, keyword: &str, message: &str) -> Judgement {
    let witness = Witness {
        payload,
        received: None,
        at: Pointer::root(),
        keyword: keyword.to_owned(),
        message: message.to_owned(),
    };
    Judgement { witness: Some(witness), ..Judgement::of(Verdict::Broken) }
}

/// Members of a form that the sender writes in a way that the reader does not declare (OpenAPI 3.1 §4.8.15).
pub(super) fn encodings(sent: &Content, read: &Content) -> Vec<Part> {
    let mut found = Vec::new();
    for (name, read) in &read.encoding {
        let Some(sent) = sent.encoding.get(name) else { continue };
        let takes = |one: &String| {
            read.content_types.iter().any(|range| range == one || in_range(range, one))
        };
        let odd = sent.content_types.iter().find(|one| !takes(one));
        if let Some(odd) = odd.filter(|_| !read.content_types.is_empty()) {
            let said = format!("`{name}` is sent as {odd}, which the reader does not declare");
            found.push(whole("encoding", &said, &sent.place));
        }
        for header in read.headers.iter().filter(|one| one.required) {
            let sure = |one: &&Parameter| one.name == header.name && one.required;
            if !sent.headers.iter().any(|one| sure(&one)) {
                let said = format!("the part `{name}` lacks the header `{}`", header.name);
                found.push(whole("encoding", &said, &sent.place));
            }
        }
    }
    found
}

fn in_range(range: &str, one: &str) -> bool {
    range == "*/*" || range.strip_suffix('*').is_some_and(|kind| one.starts_with(kind))
}
