//! Lens L20 in a bridge: parameters whose names are rewritten, and answers that have only what was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::describe::model::{Content, Location, Operation, Parameter, Status};
use crate::plan::bridge::{
    BodyPlan, Judgement, MessageBridge, OperationBridge, ParameterStep, PartKey, Plan, Policy,
};
use crate::plan::lens::{NamesRule, Scope, Target, covers};
use crate::plan::names::{
    Ends, Grammar, Names, OnUnknownName, OnValue, Rewritten, Table, Way, apply, selected, survey,
};
use crate::plan::program::Note;
use crate::plan::shape::{Kind, shape};
use crate::plan::wire::Wire;
use crate::pointer::Pointer;
use crate::relate::verdict::{Undecided, Verdict};
use crate::schema::{Role, Side};

use super::ledger::Reading;
use super::media::{Syntax, matching, syntax};
use super::message::Messages;
use super::status::response;

type Route<'a> = [(usize, &'a Operation)];

/// A parameter that holds names.
struct Held<'a> {
    rule: &'a NamesRule,
    /// The client's parameter.
    parameter: &'a Parameter,
    /// Its name on the wire.
    name: String,
}

impl<'a> Messages<'_, 'a> {
    /// Adds to a bridge what is declared of the names in its parameters. The route begins at the client.
    pub(super) fn names(&mut self, route: &Route<'a>, bridge: &mut OperationBridge) {
        if !self.ledger.is_answered() {
            return;
        }
        let mut steps = Vec::new();
        let mut tables: BTreeMap<Target, Option<Arc<Table>>> = BTreeMap::new();
        for held in self.held(route) {
            let Some(of) = &held.rule.of else { continue };
            if !tables.contains_key(of) {
                tables.insert(of.clone(), self.table(of, route, bridge).map(Arc::new));
            }
            let Some(table) = tables.get(of).cloned().flatten() else {
                unclear(&held, bridge);
                continue;
            };
            if held.rule.selects {
                select(of, &table, bridge);
            }
            if table.identity && !held.rule.selects {
                continue;
            }
            let rule = held.rule;
            let names = Arc::new(Names {
                grammar: rule.grammar,
                separator: rule.separator.clone(),
                delimiter: rule.delimiter,
                on_unknown: rule.on_unknown,
                on_value: rule.on_value,
                selects: rule.selects,
                table,
            });
            let note = Note {
                rule: "L20",
                text: format!("rewrite the names in `{}`", held.name),
                at: Pointer::root().join(&held.parameter.name).as_str().to_owned(),
                loss: false,
                policy: None,
            };
            self.judged(&held, &names, (&note, route), bridge);
            steps.push(ParameterStep::Names(held.parameter.location, held.name, names, note));
        }
        steps.append(&mut bridge.request.parameters);
        bridge.request.parameters = steps;
        bridge.request.verdict = worst(&bridge.request);
    }

    /// The parameters that hold names: what the newest version says that declares it, up to the newer of both ends.
    fn held(&self, route: &Route<'a>) -> Vec<Held<'a>> {
        let shapes: BTreeSet<String> = route.iter().map(|(_, one)| one.key.shape()).collect();
        let (Some(&(client, first)), Some(&(backend, _))) = (route.first(), route.last()) else {
            return Vec::new();
        };
        let (oldest, newest) = (client.min(backend), client.max(backend));
        let mut found: Vec<Held<'a>> = Vec::new();
        let versions = self.changes.iter().enumerate().take(newest + 1).rev();
        for rule in versions.flat_map(|(_, changes)| &changes.names) {
            if !shapes.contains(&rule.operation.shape()) {
                continue;
            }
            let (base, rest) = match rule.parameter.find('[') {
                Some(at) => rule.parameter.split_at(at),
                None => (rule.parameter.as_str(), ""),
            };
            let aliases = self.aliases(&[&rule.parameter, base], &shapes, (oldest, newest));
            let named = |one: &&Parameter| {
                aliases.contains(&one.name)
                    && !matches!(one.location, Location::Path | Location::QueryString)
            };
            let Some(parameter) = first.parameters.iter().find(named) else { continue };
            let whole = parameter.name.contains('[') || rest.is_empty();
            let name =
                if whole { parameter.name.clone() } else { format!("{}{rest}", parameter.name) };
            if !found.iter().any(|held| held.name == name) {
                found.push(Held { rule, parameter, name });
            }
        }
        found.retain(|held| held.rule.grammar != Grammar::None);
        found
    }

    /// The names that a parameter has in all versions of the way.
    fn aliases(
        &self,
        names: &[&str],
        shapes: &BTreeSet<String>,
        (oldest, newest): (usize, usize),
    ) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let steps: Vec<_> = self.changes.iter().take(newest + 1).skip(oldest + 1).collect();
        for changes in steps.iter().chain(steps.iter().rev()) {
            let renames =
                changes.parameters.iter().filter(|one| shapes.contains(&one.operation.shape()));
            for (old, new) in renames.flat_map(|one| &one.renames) {
                if all.contains(old) {
                    all.insert(new.clone());
                } else if all.contains(new) {
                    all.insert(old.clone());
                }
            }
        }
        all
    }

    fn table(&mut self, of: &Target, route: &Route<'a>, bridge: &OperationBridge) -> Option<Table> {
        let (&(client, first), &(backend, last)) = (route.first()?, route.last()?);
        let of_response = matches!(of.scope, Scope::Response(..));
        let (body, ours, theirs) = if of_response {
            let message = bridge.responses.iter().find(|one| is_of(of, one))?;
            let status = message.status?;
            let body = document(&message.bodies)?;
            let contents = |one: &'a Operation| Some(response(one, status)?.contents.as_slice());
            (body, contents(first)?, contents(last)?)
        } else {
            let contents = |one: &'a Operation| Some(one.body.as_ref()?.contents.as_slice());
            (document(&bridge.request.bodies)?, contents(first)?, contents(last)?)
        };
        let content = |all: &'a [Content]| Some(matching(&body.media_type, all)?.0);
        let (side, roles) = if of_response {
            (Side::Response, (Role::Reader, Role::Sender))
        } else {
            (Side::Request, (Role::Sender, Role::Reader))
        };
        let ours =
            self.ledger.schema(client, Reading::Directed(side, roles.0), &content(ours)?.root);
        let theirs =
            self.ledger.schema(backend, Reading::Directed(side, roles.1), &content(theirs)?.root);
        let ends = Ends { client: self.ledger.read(ours)?, backend: self.ledger.read(theirs)? };
        survey(&of.within, ends, Way { stages: &body.plan.stages, to_client: of_response })
    }

    /// What a rewriting does to the verdict on its parameter.
    fn judged(
        &mut self,
        held: &Held<'a>,
        names: &Names,
        (note, route): (&Note, &Route<'a>),
        bridge: &mut OperationBridge,
    ) {
        let listed = self.relisted(held, names, route);
        let key = PartKey::Parameter(held.parameter.location, held.parameter.name.clone());
        let Some(part) = bridge.request.parts.iter_mut().find(|part| part.key == key) else {
            return;
        };
        let judgement = &mut part.judgement;
        if let (Some(true), false) = (listed, judgement.verdict.holds()) {
            let steps = std::mem::take(&mut judgement.steps);
            *judgement = Judgement { steps, ..Judgement::of(Verdict::Bridged) };
        }
        judgement.steps.push(note.clone());
        judgement.policies.push(Policy::NamesDeclared);
        judgement.verdict = judgement.verdict.max(Verdict::Bridged);
        let compares = matches!(names.grammar, Grammar::Sort | Grammar::Filter | Grammar::Brackets);
        if compares && names.on_value == OnValue::Error && names.table.has_unclear() {
            judgement.policies.push(Policy::RefusalDeclared);
        }
    }

    /// Whether each value that the client's version lists is one that the backend's lists, once its names are
    /// rewritten; `None` where the client's lists none.
    fn relisted(&mut self, held: &Held<'a>, names: &Names, route: &Route<'a>) -> Option<bool> {
        let (&(client, _), &(backend, last)) = (route.first()?, route.last()?);
        let at = last.parameters.iter().find(|one| {
            one.location == held.parameter.location && one.name == held.parameter.name
        })?;
        let mut listed = |version, role, root: &'a Value| {
            let id = self.ledger.schema(version, Reading::Directed(Side::Request, role), root);
            let schema = self.ledger.read(id)?;
            let mut seen = shape(schema, &schema.root);
            if let Some(items) = seen.array.items.clone() {
                seen = shape(schema, &items);
            }
            seen.listed.get(&Kind::String).cloned()
        };
        let own = listed(client, Role::Sender, &held.parameter.root)?;
        let theirs = listed(backend, Role::Reader, &at.root)?;
        let fits = |value: &Value| {
            let Some(text) = value.as_str() else { return false };
            match names.rewrite(text) {
                Ok(Rewritten::Edits(edits)) => {
                    theirs.iter().any(|one| one.as_str() == Some(apply(text, &edits).as_str()))
                }
                Ok(Rewritten::Remove) => true,
                Err(_) => names.on_unknown == OnUnknownName::Error,
            }
        };
        Some(own.iter().all(fits))
    }
}

/// The worst verdict of the parts of a message.
fn worst(message: &MessageBridge) -> Verdict {
    message.parts.iter().map(|part| part.judgement.verdict).max().unwrap_or(message.verdict)
}

/// Whether a response is one that names are of.
fn is_of(of: &Target, message: &MessageBridge) -> bool {
    let (Scope::Response(_, wanted), Some(status)) = (&of.scope, message.status) else {
        return false;
    };
    match wanted {
        Some(wanted) => covers(*wanted, status),
        None => match status {
            Status::Code(code) => code / 100 == 2,
            Status::Class(class) => class == 2,
            Status::Default => true,
        },
    }
}

/// The body that is one JSON document.
fn document(bodies: &[BodyPlan]) -> Option<&BodyPlan> {
    bodies.iter().find(|body| is_document(body))
}

fn is_document(body: &BodyPlan) -> bool {
    let json = matches!(syntax(&body.media_type), Syntax::Json | Syntax::MergePatch);
    json && matches!(body.wire, Wire::Document)
}

/// Adds the plans for answers that have only what was asked for.
fn select(of: &Target, table: &Table, bridge: &mut OperationBridge) {
    for message in bridge.responses.iter_mut().filter(|one| is_of(of, one)) {
        if !message.selected.is_empty() {
            continue;
        }
        for body in &message.bodies {
            let plan = if is_document(body) && !body.plan.is_identity() {
                let stages = selected(&body.plan.stages, &table.roots);
                Plan { stages, judgement: body.plan.judgement.clone() }
            } else {
                body.plan.clone()
            };
            message.selected.push(BodyPlan { plan, ..body.clone() });
        }
        for part in &mut message.parts {
            if matches!(part.key, PartKey::Body(_)) {
                part.judgement.policies.push(Policy::SelectionBorne);
            }
        }
    }
}

/// Says that nobody can tell what the names of a parameter are in the other version.
fn unclear(held: &Held<'_>, bridge: &mut OperationBridge) {
    let key = PartKey::Parameter(held.parameter.location, held.parameter.name.clone());
    let Some(part) = bridge.request.parts.iter_mut().find(|part| part.key == key) else { return };
    if part.judgement.verdict < Verdict::Undecided {
        let reason = format!(
            "where the names in `{}` count from cannot be told in both versions",
            held.name
        );
        let undecided = Undecided { reason, at: Pointer::root(), tried: 0 };
        part.judgement.undecided = Some(undecided);
        part.judgement.verdict = Verdict::Undecided;
    }
}
