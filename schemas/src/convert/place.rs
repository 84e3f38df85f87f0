//! Pointers of refusals: from the open containers, and back through the programs that ran before.

use crate::convert::scan::unescape;
use crate::plan::program::{Node, NodeId, ObjectNode, Program, Slot, Source};
use crate::pointer::Pointer;

/// Names in pointers are cut after this many bytes of their spelling, so that no payload makes them dear.
pub(super) const NAME: usize = 256;

/// Steps into a member whose name is spelled `raw`.
pub(super) fn step_name(pointer: &mut Pointer, raw: &[u8]) {
    let mut text = Vec::new();
    unescape(raw.get(..NAME).unwrap_or(raw), &mut text);
    pointer.push(&String::from_utf8_lossy(&text));
}

/// Turns a pointer in the names that `program` writes into one in the names that it reads. A supplied member
/// becomes the one it was moved from, or the object it was supplied to; so does one that a move may have made though
/// the input may have it as well, as only the payload knew which it was. Indices stay as they are, and places in what a
/// function made become the place of the value where the function does not know better.
pub(super) fn before(program: &Program, pointer: &Pointer) -> Pointer {
    let tokens: Vec<String> = pointer.tokens().collect();
    let mut found = Pointer::root();
    back(program, program.root, &tokens, &mut found, 0);
    found
}

/// Functions inside functions that are followed.
const LEVELS: u32 = 64;

fn back(program: &Program, node: NodeId, tokens: &[String], found: &mut Pointer, level: u32) {
    let mut node = node;
    let mut rest = tokens.iter();
    while let Some(token) = rest.as_slice().first() {
        node = unsplit(program, node, token);
        let Some(token) = inside(program, node).and_then(|()| rest.next()) else {
            return apart(program, node, rest.as_slice(), found, level);
        };
        match program.node(node) {
            Node::Object(object) => {
                let supply = object.supplies.iter().find(|one| *one.name == **token);
                let member = object.members.iter().find(|member| match &member.rename {
                    Some((name, _)) => **name == **token,
                    None => *member.name == **token,
                });
                match (member, supply.map(|one| &one.source)) {
                    (Some(_), Some(Source::Slot(_) | Source::Object(_))) => return,
                    (Some(member), _) => {
                        found.push(&member.name);
                        node = member.node;
                    }
                    (None, Some(_)) => return supplied(object, token, &mut rest, found),
                    (None, None) => {
                        found.push(token);
                        node = object.other;
                    }
                }
            }
            Node::Array(array) => {
                found.push(token);
                let prefix = token.parse().ok().and_then(|index: usize| array.prefix.get(index));
                node = prefix.copied().unwrap_or(array.items);
            }
            _ => found.push(token),
        }
    }
}

/// Whether a step into the value is a step into a node below this one.
fn inside(program: &Program, node: NodeId) -> Option<()> {
    (!matches!(program.node(node), Node::Transform(_) | Node::Choose(_))).then_some(())
}

fn apart(program: &Program, node: NodeId, tokens: &[String], found: &mut Pointer, level: u32) {
    let mut place = Pointer::root();
    match program.node(node) {
        Node::Transform(one) if level < LEVELS => {
            back(program, one.then, tokens, &mut place, level + 1);
            let tokens: Vec<String> = one.transform.origin_around(&place).tokens().collect();
            back(program, one.before, &tokens, found, level + 1);
        }
        // Which case it was is not known any more: the first that has other names for the place.
        Node::Choose(choose) if level < LEVELS => {
            let same = tokens.iter().fold(Pointer::root(), |place, token| place.join(token));
            for id in choose.cases.iter().map(|(_, id)| *id).chain([choose.otherwise]) {
                place = Pointer::root();
                back(program, id, tokens, &mut place, level + 1);
                if place != same {
                    break;
                }
            }
            *found = found.concat(&place);
        }
        _ => {}
    }
}

/// Follows a split to its object or array, whichever the token fits.
fn unsplit(program: &Program, node: NodeId, token: &str) -> NodeId {
    let Node::Split(split) = program.node(node) else { return node };
    let digits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    let array = matches!(program.node(split.array), Node::Array(_));
    if digits && array { split.array } else { split.object }
}

fn supplied<'a>(
    object: &ObjectNode,
    token: &str,
    rest: &mut impl Iterator<Item = &'a String>,
    found: &mut Pointer,
) {
    let mut supplies = &object.supplies;
    let mut token = token.to_owned();
    loop {
        match supplies.iter().find(|one| *one.name == *token).map(|one| &one.source) {
            Some(Source::Object(inner)) => supplies = inner,
            Some(Source::Slot(slot)) => return moved(object, *slot, rest, found),
            _ => return,
        }
        match rest.next() {
            Some(next) => token.clone_from(next),
            None => return,
        }
    }
}

fn moved<'a>(
    object: &ObjectNode,
    slot: Slot,
    rest: &mut impl Iterator<Item = &'a String>,
    found: &mut Pointer,
) {
    let source = object.members.iter().find(|one| one.take.is_some_and(|(taken, _)| taken == slot));
    if let Some(source) = source {
        found.push(&source.name);
        rest.for_each(|token| found.push(token));
    }
}
