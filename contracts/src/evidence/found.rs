//! From a judged part of a message to the lines of both documents and the reader's words.

use serde_json::Value;

use evergate_schemas::describe::model::Status;
use evergate_schemas::plan::bridge::{Part, PartKey};
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use evergate_schemas::relate::verdict::{Undecided, Witness};
use evergate_schemas::sample::{Objection, Union, Validator};
use evergate_schemas::schema::{DEFS_PREFIX, Role, Schema, SchemaPlace};

use super::ends::Ends;
use super::lens::{Wound, snippet};
use super::missing;
use super::said::{Refusal, said, shown};
use super::way::{Way, required, step};

/// What was found out about one part of a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// The member of the sender's document.
    pub(crate) sender: Option<Place>,
    /// The keyword of the reader's document, or where something is missing there.
    pub(crate) reader: Option<Place>,
    /// Where in the payload.
    pub(crate) at: Pointer,
    /// The reader's keyword, or the rule of the conversion.
    pub(crate) keyword: String,
    /// The member that is missing or not declared.
    pub(crate) member: Option<String>,
    /// One sentence for people; empty when there is none.
    pub(crate) said: String,
    /// The unions the objection is inside of, the outermost first.
    pub(crate) inside: Vec<Branch>,
    /// The components and the pointer that it is about, for what has to stay the same; `None` for what is in no
    /// component.
    pub(crate) whereabouts: Option<String>,
    /// The member or value that tells two objections at one place apart.
    pub(crate) what: String,
    /// An entry of `changes.yaml` that would help.
    pub(crate) lens: Option<String>,
}

/// The branch of a union that came closest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    pub(crate) keyword: &'static str,
    pub(crate) at: Pointer,
    /// The branch, by its component or title, else by its number from 1.
    pub(crate) name: String,
}

impl Evidence {
    /// An operation that the reader's version lacks, declared by the sender's at `place`.
    pub(crate) fn absent(place: &Place, ends: &Ends<'_>) -> Self {
        Self {
            sender: Some(place.clone()),
            reader: Some(missing::unread(&ends.reader, place, ends)),
            ..Self::default()
        }
    }

    /// What there is to show; the places of the whole part where nothing better is found.
    pub(crate) fn of(part: &Part, status: Option<Status>, ends: &Ends<'_>) -> Self {
        let (witness, undecided) = (&part.judgement.witness, &part.judgement.undecided);
        let found = match (witness, undecided) {
            (Some(witness), _) if part.key == PartKey::Whole => {
                Some(missing::whole(part, witness, status, ends))
            }
            (Some(witness), _) if witness.received.is_none() && witness.keyword == "required" => {
                Some(missing::parameter(part, witness, status, ends))
            }
            (Some(witness), _) if witness.received.is_none() => {
                refused(part, witness, status, ends)
            }
            (Some(witness), _) => objected(part, witness, status, ends),
            (None, Some(undecided)) => stopped(part, undecided, ends),
            (None, None) => None,
        };
        let mut found = found.unwrap_or_default();
        found.sender = found.sender.or_else(|| part.sender_place.clone());
        found.reader = found.reader.or_else(|| part.reader_place.clone());
        if let (true, Some(witness)) = (found.keyword.is_empty(), witness) {
            found.at = witness.at.clone();
            found.keyword.clone_from(&witness.keyword);
        }
        found
    }
}

/// The reader refuses what it gets.
fn objected(
    part: &Part,
    witness: &Witness,
    status: Option<Status>,
    ends: &Ends<'_>,
) -> Option<Evidence> {
    let (reader, place) = (&ends.reader, part.reader_place.as_ref()?);
    let received = witness.received.as_ref()?;
    let root = reader.root(place)?;
    let schema = reader.schema(root, ends.side, Role::Reader);
    let objection = Validator::new(&schema).ok()?.objection(received)?;
    let at = schema.locate(&objection.path);
    let wants = schema.at_place(&at);
    let said = said(&Refusal {
        value: received.pointer(objection.at.as_str()),
        at: objection.at.as_str(),
        keyword: &objection.keyword,
        wants,
        member: objection.member.as_deref(),
        reader: reader.label(),
        message: &objection.message,
    });
    let what = objection.member.clone().or_else(|| wants.filter(|one| is_scalar(one)).map(shown));
    let mut exact = at.clone();
    if let Some(member) = &objection.member
        && let Some(index) = required(&reader.written(root), &at, member)
    {
        exact = at.join(&index.to_string());
    }
    let declared = declared(part, witness, &objection, ends);
    let wound = Wound {
        keyword: &objection.keyword,
        keyword_at: &at,
        at: &objection.at,
        member: objection.member.as_deref(),
        value: received.pointer(objection.at.as_str()),
        declared: declared.as_ref().is_some_and(|found| found.by_name),
        status,
    };
    let lens = match part.key {
        PartKey::Body(_) => snippet(&wound, &schema, ends),
        _ => None,
    };
    Some(Evidence {
        sender: declared.as_ref().map(|found| found.place.clone()),
        reader: Some(reader.description.place_of(place, &exact)),
        said,
        inside: objection.inside.iter().map(|union| branch(union, &schema)).collect(),
        whereabouts: whereabouts(&at, declared.as_ref().map(|found| &found.at)),
        what: what.unwrap_or_default(),
        lens,
        at: objection.at,
        keyword: objection.keyword,
        member: objection.member,
    })
}

const fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// What stays the same while nobody touches either component.
fn whereabouts(reader: &SchemaPlace, sender: Option<&SchemaPlace>) -> Option<String> {
    let key = reader.component.as_ref()?;
    let from = sender.and_then(|at| at.component.as_deref()).unwrap_or_default();
    Some(format!("{from}\n{key}{}", reader.pointer))
}

/// Where the sender declares what the reader objects to.
struct Declared {
    place: Place,
    at: SchemaPlace,
    /// The very member that is missing or not declared for the reader.
    by_name: bool,
}

fn declared(
    part: &Part,
    witness: &Witness,
    objection: &Objection,
    ends: &Ends<'_>,
) -> Option<Declared> {
    let (sender, place) = (&ends.sender, part.sender_place.as_ref()?);
    let root = sender.root(place)?;
    let schema = sender.schema(root, ends.side, Role::Sender);
    let way = Way::new(&schema);
    let (holder, value) = way.to(&witness.payload, &objection.at);
    let member = objection.member.as_ref().and_then(|name| way.declares(&holder, value, name));
    let by_name = member.is_some();
    let at = member
        .or_else(|| way.keyword(&holder, value, related(&objection.keyword)))
        .unwrap_or(holder);
    Some(Declared { place: sender.description.place_of(place, &at), at, by_name })
}

/// The keywords by which a sender allows what the reader's keyword refuses, the closest first.
fn related(keyword: &str) -> &'static [&'static str] {
    match keyword {
        "type" => &["type", "const", "enum"],
        "const" | "enum" => &["enum", "const", "type"],
        "maximum" | "exclusiveMaximum" => &["maximum", "exclusiveMaximum", "type"],
        "minimum" | "exclusiveMinimum" => &["minimum", "exclusiveMinimum", "type"],
        "maxLength" => &["maxLength", "type"],
        "minLength" => &["minLength", "type"],
        "pattern" | "format" => &["pattern", "format", "type"],
        "maxItems" => &["maxItems", "type"],
        "minItems" => &["minItems", "type"],
        "multipleOf" => &["multipleOf", "type"],
        "maxProperties" => &["maxProperties"],
        "minProperties" => &["minProperties"],
        "oneOf" | "anyOf" => &["oneOf", "anyOf", "enum", "type"],
        _ => &[],
    }
}

fn branch(union: &Union, schema: &Schema) -> Branch {
    let at = schema.locate(&union.path).join(&union.branch.to_string());
    let chosen = schema.at_place(&at);
    let reference = chosen.and_then(|one| one.get("$ref")).and_then(Value::as_str);
    let key = reference.and_then(|text| text.strip_prefix(DEFS_PREFIX));
    let title = chosen.and_then(|one| one.get("title")).and_then(Value::as_str);
    let name = key.or(title).map_or_else(|| (union.branch + 1).to_string(), str::to_owned);
    Branch { keyword: union.keyword, at: union.at.clone(), name }
}

/// The keyword of the reader that a rule of conversion is about (RULES); empty for the others.
fn keyword_of(rule: &str) -> &'static str {
    match rule {
        "A3" | "A4" | "A5" => "required",
        "A6" => "type",
        "A8" | "A9" => "enum",
        _ => "",
    }
}

/// The conversion has nothing to give the reader: what the reader would say without it.
fn refused(
    part: &Part,
    witness: &Witness,
    status: Option<Status>,
    ends: &Ends<'_>,
) -> Option<Evidence> {
    let sender_place = part.sender_place.as_ref()?;
    let sent = ends.sender.schema(ends.sender.root(sender_place)?, ends.side, Role::Sender);
    let (sender_at, _) = Way::new(&sent).to(&witness.payload, &witness.at);
    let reader_place = part.reader_place.as_ref()?;
    let schema = ends.reader.written(ends.reader.root(reader_place)?);
    let way = Way::new(&schema);
    let mut holder = witness.at.clone();
    let member = holder.tokens().last().unwrap_or_default();
    holder.pop();
    let value = step_in(&witness.payload, &witness.at);
    let keyword = keyword_of(&witness.keyword);
    let missing = keyword == "required" && value.is_none();
    let (held, around) = way.to(&witness.payload, &holder);
    let reader_at = if missing {
        let found = way.requires(&held, around, &member);
        // Inside a union no single keyword is the reader's; its validator knows which branch came closest.
        if found.is_none()
            && let Some(told) = unconverted(part, witness, status, ends)
            && told.member.as_deref() == Some(&*member)
        {
            return Some(told);
        }
        found
    } else {
        let (at, _) = way.to(&witness.payload, &witness.at);
        way.keyword(&at, value, related(keyword)).or(Some(at))
    };
    let reader_at = reader_at.unwrap_or(held);
    let label = ends.reader.label();
    let bare = if missing { above(&reader_at) } else { reader_at.clone() };
    let at = if missing { &holder } else { &witness.at };
    let refusal = Refusal {
        value: if missing { around } else { value },
        at: at.as_str(),
        keyword,
        wants: schema.at_place(&bare),
        member: Some(member.as_str()).filter(|_| missing),
        reader: label,
        message: &witness.message,
    };
    let wound = Wound {
        keyword,
        keyword_at: &bare,
        at,
        member: refusal.member,
        value: refusal.value,
        declared: sender_at.pointer.tokens().last().as_deref() == Some(member.as_str()),
        status,
    };
    Some(Evidence {
        sender: Some(ends.sender.description.place_of(sender_place, &sender_at)),
        reader: Some(ends.reader.description.place_of(reader_place, &reader_at)),
        said: said(&refusal),
        whereabouts: whereabouts(&bare, Some(&sender_at)),
        what: if missing { member.clone() } else { String::new() },
        lens: snippet(&wound, &schema, ends),
        at: witness.at.clone(),
        keyword: witness.keyword.clone(),
        member: Some(member).filter(|_| missing),
        ..Evidence::default()
    })
}

/// What the reader would say to the payload as it was sent.
fn unconverted(
    part: &Part,
    witness: &Witness,
    status: Option<Status>,
    ends: &Ends<'_>,
) -> Option<Evidence> {
    let received = Some(witness.payload.clone());
    objected(part, &Witness { received, ..witness.clone() }, status, ends)
}

fn above(place: &SchemaPlace) -> SchemaPlace {
    let mut above = place.clone();
    if above.pointer.tokens().last().is_some_and(|last| last.parse::<usize>().is_ok()) {
        above.pointer.pop();
    }
    above
}

fn step_in<'v>(value: &'v Value, at: &Pointer) -> Option<&'v Value> {
    at.tokens().try_fold(value, |value, token| step(value, &token))
}

/// There is neither proof nor payload; the construct that stopped the proof is in the sender's schema.
fn stopped(part: &Part, undecided: &Undecided, ends: &Ends<'_>) -> Option<Evidence> {
    let place = part.sender_place.as_ref()?;
    let schema = ends.sender.schema(ends.sender.root(place)?, ends.side, Role::Sender);
    let at = schema.locate(&undecided.at);
    let known = schema.at_place(&at).is_some();
    let at = if known { at } else { SchemaPlace::root() };
    Some(Evidence {
        sender: Some(ends.sender.description.place_of(place, &at)),
        whereabouts: at.component.as_ref().map(|key| format!("{key}\n{}", at.pointer)),
        what: undecided.reason.clone(),
        ..Evidence::default()
    })
}
