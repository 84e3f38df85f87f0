//! Bodies of fields and parts: url-encoded forms and multipart, cut as bytes choose.

use std::collections::BTreeMap;
use std::sync::Arc;

use evergate_schemas::convert::{
    BodyConverter, BodyOptions, Limits, PreparedBody, Refused, Report,
};
use evergate_schemas::plan::bridge::{BodyPlan, Judgement, Plan};
use evergate_schemas::plan::program::Program;
use evergate_schemas::plan::wire::{
    Deep, Field, FormWire, Many, PartContent, PartField, PartsWire, Wire,
};
use evergate_schemas::relate::verdict::Verdict;

use crate::program::Choices;

const TYPE: &str = "multipart/form-data; boundary=b";

/// The names of the fields, as random programs have them.
const NAMES: [&str; 5] = ["a", "b", "c", "id", "value"];

fn form(choices: &mut Choices<'_>, same: bool) -> Wire {
    let mut fields = || {
        let field = |name: &&str| {
            let deep =
                Deep::Members([("a".to_owned(), Deep::Items(Box::new(Deep::Value(true))))].into());
            let all = [
                Many::No,
                Many::Json,
                Many::Repeated,
                Many::Joined(','),
                Many::Joined(' '),
                Many::Deep(Arc::new(deep)),
                Many::Deep(Arc::new(Deep::Items(Box::new(Deep::Value(false))))),
            ];
            let many = all[choices.below(all.len())].clone();
            ((*name).to_owned(), Field { text: choices.below(2) == 0, many })
        };
        NAMES.iter().map(field).collect::<BTreeMap<_, _>>()
    };
    let sent = fields();
    let read = if same { sent.clone() } else { fields() };
    Wire::Form(Arc::new(FormWire { sent, read, restyled: false }))
}

fn parts(choices: &mut Choices<'_>, same: bool) -> Wire {
    let mut fields = || {
        let field = |name: &&str| {
            let all = [
                PartContent::Text { string: true },
                PartContent::Text { string: false },
                PartContent::Json("application/json".into()),
                PartContent::File,
                PartContent::Told,
            ];
            let content = all[choices.below(all.len())].clone();
            ((*name).to_owned(), PartField { content, repeated: choices.below(3) == 0 })
        };
        NAMES.iter().map(field).collect::<BTreeMap<_, _>>()
    };
    let sent = fields();
    let read = if same { sent.clone() } else { fields() };
    Wire::Multipart(Arc::new(PartsWire { sent, read }))
}

/// A wire, a program and a cutting; then the body.
///
/// # Panics
/// When a law does not hold.
pub fn check(data: &[u8]) {
    let mut choices = Choices(data);
    let mut shape = choices.part();
    let stages: Vec<Arc<Program>> =
        (0..shape.below(3)).map(|_| Arc::new(shape.program())).collect();
    let is_form = choices.below(2) == 0;
    let same = stages.is_empty();
    let wire = if is_form { form(&mut choices, same) } else { parts(&mut choices, same) };
    let record = [300, 1 << 20][choices.below(2)];
    let size = 1 + choices.below(7);
    let body = choices.0;
    let plan = BodyPlan {
        media_type: TYPE.to_owned(),
        written_as: None,
        wire,
        plan: Plan { stages: stages.clone(), judgement: Judgement::of(Verdict::Bridged) },
    };
    let prepared = PreparedBody::new(&plan);
    let limits = Limits { record, parts: 20, part_head: 200, ..Limits::default() };
    let options =
        BodyOptions { limits, media_type: Some(TYPE.to_owned()), ..BodyOptions::default() };
    let run = |body: &[u8], size: usize| -> Result<(Vec<u8>, Report), Refused> {
        let mut converter = BodyConverter::start(&prepared, &options);
        let mut out = Vec::new();
        for chunk in body.chunks(size) {
            converter.push(chunk, &mut out)?;
            // what is held is the body so far, at most, and what the programs hold of it
            assert!(converter.held_back() <= 8 * record + (64 << 10));
        }
        let report = converter.finish(&mut out)?;
        Ok((out, report))
    };
    let whole = run(body, body.len().max(1));
    assert_eq!(whole, run(body, size), "in pieces of {size}");
    let Ok((out, _)) = whole else { return };
    if stages.is_empty() {
        assert_eq!(out, body, "nothing is done");
    }
    if !is_form {
        // what comes out is a body of parts that can be read again
        let again = BodyPlan { plan: Plan { stages: Vec::new(), ..plan.plan.clone() }, ..plan };
        let again = PreparedBody::new(&BodyPlan { wire: parts_as_files(), ..again });
        let limits = Limits::default();
        let options = BodyOptions { limits, ..options };
        let mut converter = BodyConverter::start(&again, &options);
        let mut same = Vec::new();
        let done = converter.push(&out, &mut same).and_then(|()| converter.finish(&mut same));
        let duplicate = |refused: &Refused| refused.cause.code() == "json-duplicate-name";
        match done {
            Ok(_) => assert_eq!(out, same),
            Err(refused) => {
                assert!(duplicate(&refused), "{refused}: {}", String::from_utf8_lossy(&out));
            }
        }
    }
}

/// Parts of every name may come again, and nobody looks into them.
fn parts_as_files() -> Wire {
    let field = |name: &&str| {
        ((*name).to_owned(), PartField { content: PartContent::File, repeated: true })
    };
    let fields: BTreeMap<_, _> = NAMES.iter().map(field).collect();
    Wire::Multipart(Arc::new(PartsWire { sent: fields.clone(), read: fields }))
}
