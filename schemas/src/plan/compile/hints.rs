//! Parameters that look as if they held names, where members are called otherwise and nothing is declared: told, never
//! assumed.

use std::collections::BTreeSet;

use crate::describe::model::{Api, Location, Operation, Parameter, Response, Status};
use crate::plan::bridge::{MessageBridge, OperationBridge, PartKey};
use crate::plan::lens::VersionChanges;
use crate::plan::names::Grammar;
use crate::problem::{Problem, Severity};

use super::bridges::Bridges;

/// What parameters that hold names are often called, letters only.
const LOOKS: [(&str, Grammar, bool); 24] = [
    ("fields", Grammar::List, true),
    ("field", Grammar::List, true),
    ("select", Grammar::List, true),
    ("only", Grammar::List, true),
    ("attributes", Grammar::List, true),
    ("expand", Grammar::List, false),
    ("include", Grammar::List, false),
    ("embed", Grammar::List, false),
    ("populate", Grammar::List, false),
    ("sort", Grammar::Sort, false),
    ("sortby", Grammar::Sort, false),
    ("order", Grammar::Sort, false),
    ("orderby", Grammar::Sort, false),
    ("ordering", Grammar::Sort, false),
    ("filter", Grammar::Filter, false),
    ("filters", Grammar::Filter, false),
    ("where", Grammar::Filter, false),
    ("mask", Grammar::FieldMask, false),
    ("fieldmask", Grammar::FieldMask, false),
    ("readmask", Grammar::FieldMask, false),
    ("updatemask", Grammar::FieldMask, false),
    ("sparse", Grammar::List, true),
    ("groupby", Grammar::List, false),
    ("distinct", Grammar::List, false),
];

/// The rules by which a member gets another name or another place.
const RENAMING: [&str; 6] = ["L1", "L2", "L3", "L5", "L14", "L23"];

/// A parameter that looks as if it held names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamesHint {
    /// The operation, as `changes.yaml` names it.
    pub operation: String,
    /// The parameter.
    pub parameter: String,
    /// What could be declared: the value of `names:`, as YAML in one line.
    pub proposal: String,
    /// The warning.
    pub problem: Problem,
}

/// The parameters of all bridges that look as if they held names, where names differ in the payload and nothing is
/// declared of them. Whoever means none says `grammar: none`.
pub fn undeclared_names(
    api: &Api,
    changes: &[VersionChanges],
    bridges: &Bridges,
) -> Vec<NamesHint> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (client, backend) in bridges.pairs() {
        let (Some(ours), Some(theirs)) = (api.versions.get(client), api.versions.get(backend))
        else {
            continue;
        };
        for bridge in bridges.operation(client, backend) {
            let Some(own) = ours.operations.get(bridge.client_operation) else { continue };
            let Some(other) = bridge.backend_operation.and_then(|at| theirs.operations.get(at))
            else {
                continue;
            };
            let newer = if client > backend { own } else { other };
            let said = changes.get(..=client.max(backend)).unwrap_or(changes);
            for parameter in &newer.parameters {
                let shared =
                    |one: &&Operation| one.parameters.iter().any(|one| one.name == parameter.name);
                if ![own, other].iter().all(shared) || declared(said, [own, other], &parameter.name)
                {
                    continue;
                }
                let Some(look) = look(parameter) else { continue };
                let key = (newer.key.to_string(), parameter.name.clone());
                if renames(look.0, bridge) && seen.insert(key) {
                    found.push(hint(newer, parameter, look));
                }
            }
        }
    }
    found
}

fn look(parameter: &Parameter) -> Option<(Grammar, bool)> {
    if !matches!(parameter.location, Location::Query | Location::Header | Location::Cookie) {
        return None;
    }
    let base = parameter.name.split('[').next().unwrap_or_default();
    let word: String = base.chars().filter(char::is_ascii_alphabetic).collect();
    let word = word.to_ascii_lowercase();
    let (_, grammar, selects) = LOOKS.iter().find(|(name, ..)| *name == word)?;
    let deep = *grammar == Grammar::Filter && parameter.style.starts_with("deepObject");
    Some((if deep { Grammar::Brackets } else { *grammar }, *selects))
}

fn declared(changes: &[VersionChanges], operations: [&Operation; 2], name: &str) -> bool {
    let shapes = operations.map(|one| one.key.shape());
    changes.iter().flat_map(|one| &one.names).any(|rule| {
        let base = rule.parameter.split('[').next().unwrap_or_default();
        (rule.parameter == name || base == name) && shapes.contains(&rule.operation.shape())
    })
}

/// Whether a member of what the names would be of has another name or place.
fn renames(grammar: Grammar, bridge: &OperationBridge) -> bool {
    let of = |message: &MessageBridge| {
        let bodies = message.parts.iter().filter(|part| matches!(part.key, PartKey::Body(_)));
        bodies.flat_map(|part| &part.judgement.steps).any(|note| RENAMING.contains(&note.rule))
    };
    let answers = bridge.responses.iter().any(|one| is_success(one.status) && of(one));
    answers || (grammar == Grammar::FieldMask && of(&bridge.request))
}

const fn is_success(status: Option<Status>) -> bool {
    match status {
        Some(Status::Code(code)) => code / 100 == 2,
        Some(Status::Class(class)) => class == 2,
        Some(Status::Default) => true,
        None => false,
    }
}

fn hint(operation: &Operation, parameter: &Parameter, look: (Grammar, bool)) -> NamesHint {
    let (grammar, selects) = look;
    let of = if grammar == Grammar::FieldMask && operation.body.is_some() {
        "request".to_owned()
    } else {
        place(operation)
    };
    let selects = match (grammar, selects) {
        (Grammar::List, true) => ", selects: true",
        (Grammar::List, false) => ", selects: false",
        _ => "",
    };
    let (name, word) = (&parameter.name, grammar.word());
    let proposal = format!("{{ '{name}': {{ grammar: {word}, of: '{of}'{selects} }} }}");
    let what = format!(
        "`{name}` of `{}` looks as if it held names of members, which are called otherwise in another version, and \
         nothing is declared of it: it passes as it is",
        operation.key
    );
    let remedy = format!(
        "if it does, write `names: {proposal}` at `{}` in changes.yaml, else `{{ grammar: none }}`",
        operation.key
    );
    NamesHint {
        operation: operation.key.to_string(),
        parameter: name.clone(),
        proposal,
        problem: Problem {
            place: parameter.place.clone(),
            severity: Severity::Warning,
            what,
            remedy,
        },
    }
}

/// Where names would count from in the answer: an item of its list, if it is one or has one.
fn place(operation: &Operation) -> String {
    let success = operation.responses.iter().find(|one| is_success(Some(one.status)));
    let Some(response) = success else { return "response 200".to_owned() };
    let inside = list(response).unwrap_or_default();
    let within = if inside.is_empty() { String::new() } else { format!("#{inside}") };
    format!("response {}{within}", response.status)
}

fn list(response: &Response) -> Option<String> {
    let root = &response.contents.first()?.root;
    if root.get("items").is_some() {
        return Some("/*".to_owned());
    }
    let members = root.get("properties")?.as_object()?;
    let lists: Vec<&String> = members
        .iter()
        .filter(|(_, value)| value.get("items").is_some())
        .map(|(name, _)| name)
        .collect();
    match lists.as_slice() {
        [only] => Some(format!("/{only}/*")),
        _ => None,
    }
}
