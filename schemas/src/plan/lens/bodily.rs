//! `parameter: move` into the body of a request, or out of it (L19).

use serde_json::{Map, Value};

use crate::describe::model::Operation;
use crate::pointer::Pointer;

use super::model::{BodyMove, Scope, Target};
use super::nearest::remedy;
use super::parameter::{location, spelled};
use super::read::Reader;

const BODY: &str = "body";

/// Whether a move has the body at one of its ends.
pub(super) fn crosses_into_body(value: &Value) -> bool {
    ["from", "to"].iter().any(|word| value.get(*word).is_some_and(|place| place == BODY))
}

/// The two versions of an operation, where they have it.
type Ends<'o> = (Option<&'o Operation>, Option<&'o Operation>);

impl<'a> Reader<'a> {
    pub(super) fn body_moves(
        &mut self,
        pairs: Vec<(&'a String, &'a Value)>,
        ends: Ends<'_>,
        at: &Pointer,
    ) -> Vec<BodyMove> {
        let mut moves: Vec<BodyMove> = Vec::new();
        for (name, value) in pairs {
            let at = at.join(name);
            let Some(members) = self.members(value, &at) else { continue };
            self.known_keys(members, &at, &["from", "to", "as"]);
            let Some(found) = self.body_move(name, members, ends, &at) else { continue };
            let same = |one: &BodyMove| {
                one.inward == found.inward
                    && (one.parameter == found.parameter || one.member == found.member)
            };
            if moves.iter().any(same) {
                let what = format!("`{name}` has two moves");
                self.wrong(&at, what, "a parameter is one member of the body");
            }
            moves.push(found);
        }
        moves
    }

    fn body_move(
        &mut self,
        name: &'a str,
        members: &'a Map<String, Value>,
        (old, new): Ends<'_>,
        at: &Pointer,
    ) -> Option<BodyMove> {
        let inward = members.get("to").is_some_and(|to| to == BODY);
        let other = members.get(if inward { "from" } else { "to" }).and_then(location);
        let Some(place) = other else {
            let what = format!("`{name}` needs a parameter at one end and the body at the other");
            self.wrong(
                at,
                what,
                "write `from:` and `to:`, one of them path, query, header or cookie",
            );
            return None;
        };
        let written = match members.get("as") {
            Some(text) => self.text(text, &at.join("as"))?,
            None => name,
        };
        let (parameter, member) = if inward { (name, written) } else { (written, name) };
        let member = member.strip_prefix('/').unwrap_or(member);
        let Some(member) = Pointer::parse(&format!("/{member}")) else {
            self.wrong(at, format!("`{member}` leads to no member"), "write it as `/a/b`");
            return None;
        };
        let member: Vec<String> = member.tokens().collect();
        if member.iter().any(|name| name.is_empty() || name == "*") {
            let what = format!("`{}` is not one member of the body", member.join("/"));
            self.wrong(at, what, "write the names that lead to it: `/a/b`");
            return None;
        }
        let parameter = (place, spelled(place, parameter));
        let (has, body) = if inward { (old, new) } else { (new, old) };
        self.declares(has, Some(place), &parameter.1, at);
        self.has_member(body, &member, (inward, at));
        Some(BodyMove { inward, parameter, member })
    }

    /// Reports a member that is in no JSON body of the operation, or that no parameter can be.
    fn has_member(
        &mut self,
        operation: Option<&Operation>,
        member: &[String],
        end: (bool, &Pointer),
    ) {
        let (inward, at) = end;
        let Some(operation) = operation else { return };
        if matches!(operation.key.method.as_str(), "GET" | "HEAD") || operation.body.is_none() {
            let what = format!("`{}` has no request body", operation.key);
            let remedy = "say with `route` which operation has one in that version";
            self.wrong(at, what, remedy);
            return;
        }
        if operation.key.method == "PUT" {
            let what = format!(
                "`{}` writes a whole document, of which no parameter is a part",
                operation.key
            );
            self.wrong(at, what, "leave the move out, or let the operation be a POST or a PATCH");
            return;
        }
        let contents = operation.body.iter().flat_map(|body| &body.contents);
        let mut types = contents.map(|content| content.media_type.as_str());
        if !types.any(|one| one.contains("json") || one.contains('*')) {
            let what = format!("the request body of `{}` is no JSON", operation.key);
            self.wrong(at, what, "only members of JSON bodies are moved");
            return;
        }
        let target = Target { scope: Scope::Request(operation.key.shape()), within: Vec::new() };
        let sides = self.sides(std::slice::from_ref(&target));
        let side = if inward { &sides.new } else { &sides.old };
        if !side.declares(member) {
            let names = side.names();
            let name = member.join("/");
            let remedy = remedy(member.first().unwrap_or(&name), names.iter().map(String::as_str));
            let what = format!("`{name}` is no member of the request body of `{}`", operation.key);
            self.wrong(at, what, remedy);
        }
    }
}
