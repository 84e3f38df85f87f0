//! Parameters whose place or wire form changes between versions: they are read in one and written in the other (row A21,
//! lens L19).

use serde_json::{Map, Value, json};

use crate::describe::model::{Location, Parameter};
use crate::plan::bridge::{Judgement, Policy, Rewrite};
use crate::plan::program::Note;
use crate::plan::shape::shape;
use crate::plan::style::{Form, Style, Wired, capacity, delimiters_delimit};
use crate::pointer::Pointer;
use crate::relate::verdict::Verdict;
use crate::schema::{Role, Side};

use super::ledger::{Ledger, Reading, SchemaId};
use super::value::{asked, compared, valued};
use super::wire::{self, canonical};

/// What is known of a parameter that both sides have, and what is done to it.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) judgement: Judgement,
    /// It cannot travel as it is.
    pub(super) rewrite: Option<Rewrite>,
    /// The values are the reader's, but it is not proved that all of them can be written for it.
    pub(super) unfit: bool,
}

impl Met {
    /// The same where the refusal of what cannot be written is declared.
    pub(super) fn refusing(mut self) -> Self {
        let Some(rewrite) = self.rewrite.as_mut().filter(|_| self.unfit) else { return self };
        rewrite.note.policy = Some("on_fail: error");
        self.judgement.steps.pop();
        self.judgement.steps.push(rewrite.note.clone());
        self.judgement.policies.push(Policy::RefusalDeclared);
        self.judgement.verdict = Verdict::Bridged;
        (self.judgement.witness, self.judgement.undecided) = (None, None);
        self
    }
}

/// The judgement on a parameter of a request as the sender and as the reader declares it, with the gateway between them.
pub(super) fn met<'a>(
    ledger: &mut Ledger<'a>,
    (from, sent): (usize, &'a Parameter),
    (to, read): (usize, &'a Parameter),
) -> Met {
    let side = Side::Request;
    let sender = ledger.schema(from, Reading::Directed(side, Role::Sender), &sent.root);
    let reader = ledger.schema(to, Reading::Directed(side, Role::Reader), &read.root);
    if let Some((form, wires)) = wires(ledger, (sender, sent), (reader, read)) {
        // all is asked each time, so that the second walk finds every answer
        let facts = facts(ledger, sender, (form, &wires));
        let form_of_wire = ledger.read(sender).map_or(wire::Form::Unknown, wire::form);
        let judgement = valued(ledger, side, (from, sent), (to, read), form_of_wire);
        if facts.named {
            let unfit = judgement.verdict.holds() && !facts.fits.verdict.holds();
            let (judgement, rewrite) = rewritten(judgement, facts, (sent, read), (form, wires));
            return Met { judgement, rewrite: Some(rewrite), unfit };
        }
    }
    let judgement = compared(ledger, side, (from, sent), (to, read));
    Met { judgement, rewrite: None, unfit: false }
}

/// The form of a value that has to be written anew and can be, and how it stands on both sides.
fn wires(
    ledger: &Ledger<'_>,
    (sender, sent): (SchemaId, &Parameter),
    (reader, read): (SchemaId, &Parameter),
) -> Option<(Form, (Wired, Wired))> {
    let form = wire::form(ledger.read(sender)?);
    let alike = canonical(&sent.style, form) == canonical(&read.style, form);
    if sent.location == read.location && alike {
        return None;
    }
    let carried = carried(form)?;
    let same = self::carried(wire::form(ledger.read(reader)?)) == Some(carried);
    same.then(|| Some((carried, (wired(sent, carried)?, wired(read, carried)?))))?
}

pub(super) const fn carried(form: wire::Form) -> Option<Form> {
    match form {
        wire::Form::Plain | wire::Form::Text => Some(Form::One),
        wire::Form::Array => Some(Form::List),
        wire::Form::Object => Some(Form::Members),
        wire::Form::Unknown => None,
    }
}

/// Where and how a value of this form stands; `None` where no style of the place carries it in one piece.
pub(super) fn wired(parameter: &Parameter, form: Form) -> Option<Wired> {
    let style = Style::parse(&parameter.style)?;
    let deep = parameter.style.starts_with("deepObject");
    let exploded = parameter.style.ends_with(",explode");
    let fits = match parameter.location {
        Location::QueryString => false,
        // the members of an exploded object would be cookies of their own
        Location::Cookie => !(deep || exploded && form == Form::Members),
        Location::Path | Location::Header => true,
        Location::Query => deep == (form == Form::Members) || !deep,
    };
    let (location, name) = (parameter.location, parameter.name.clone());
    fits.then_some(Wired { location, name, style })
}

/// What is proved of the sender's values.
struct Facts {
    /// Each member of an exploded object is known by its name.
    named: bool,
    /// No delimiter is inside an item.
    bare: bool,
    /// Whether the reader's style carries all of them.
    fits: Judgement,
    members: Vec<String>,
}

fn facts(
    ledger: &mut Ledger<'_>,
    sender: SchemaId,
    (form, (from, to)): (Form, &(Wired, Wired)),
) -> Facts {
    let members = ledger.read(sender).map(|schema| shape(schema, &schema.root).object.properties);
    let members: Vec<String> = members.unwrap_or_default().into_keys().collect();
    let mut ask = |schema: Value| {
        let schema = ledger.fixed(schema);
        asked(ledger, sender, schema)
    };
    let fits = ask(capacity(to, form));
    let bare = ask(delimiters_delimit(from, form)).verdict.holds();
    let named = form != Form::Members || ask(closed(&members)).verdict.holds();
    Facts { named, bare: bare || form == Form::One || from.style.is_in_pairs(), fits, members }
}

pub(super) fn closed(members: &[String]) -> Value {
    let members: Map<String, Value> =
        members.iter().map(|name| (name.clone(), Value::Bool(true))).collect();
    json!({ "type": "object", "properties": members, "additionalProperties": false })
}

/// Adds to the judgement on the values what writing them anew means.
fn rewritten(
    mut judgement: Judgement,
    facts: Facts,
    (sent, read): (&Parameter, &Parameter),
    (form, (from, to)): (Form, (Wired, Wired)),
) -> (Judgement, Rewrite) {
    let Facts { bare, fits, members, .. } = facts;
    let (rule, text) = if sent.location == read.location {
        let text = format!("write `{}` as `{}` for `{}`", read.name, read.style, sent.style);
        ("A21", text)
    } else {
        let places = (read.location.word(), sent.location.word());
        (
            "L19",
            format!("move `{}` to `{}` in {}, from {}", sent.name, read.name, places.0, places.1),
        )
    };
    let at = Pointer::root().join(&sent.name).as_str().to_owned();
    let note = Note { rule, text, at, loss: false, policy: None };
    if !fits.verdict.holds() && judgement.verdict.holds() {
        judgement.verdict = fits.verdict;
        judgement.total = false;
        judgement.undecided = fits.undecided;
        judgement.witness = fits.witness.map(|mut witness| {
            "style".clone_into(&mut witness.keyword);
            witness.message =
                format!("`{}` in {} cannot carry this value", read.style, read.location.word());
            witness
        });
    }
    if !bare {
        judgement.policies.push(Policy::SenderStyle);
    }
    judgement.steps.push(note.clone());
    judgement.verdict = judgement.verdict.max(Verdict::Bridged);
    (judgement, Rewrite { from, to, form, members, bare, note })
}
