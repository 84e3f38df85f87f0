//! One edit after the other, each at its place in the text, and a proof that the text says what was meant.

use std::ops::Range;

use evergate_schemas::document::{Document, DocumentLimits};
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use serde_json::{Map, Value};

use super::nodes::{Kind, Member, Node, Style};
use super::write::{Quotes, flow, word};

/// A change of one value.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// The value at a place, which is made if the object around it is there.
    Set(Pointer, Value),
    /// The value at a place goes.
    Remove(Pointer),
    /// One item more at the end of the list at a place.
    Append(Pointer, Value),
}

impl Edit {
    /// Where.
    pub const fn at(&self) -> &Pointer {
        match self {
            Self::Set(at, _) | Self::Remove(at) | Self::Append(at, _) => at,
        }
    }

    /// Does it to a value; `None` where there is no such place.
    fn apply(&self, to: &mut Value) -> Option<()> {
        match self {
            Self::Append(at, value) => {
                to.pointer_mut(at.as_str())?.as_array_mut()?.push(value.clone());
            }
            Self::Set(at, value) if at.is_root() => *to = value.clone(),
            Self::Set(at, value) => {
                let (around, last) = split(at)?;
                match to.pointer_mut(around.as_str())? {
                    Value::Object(members) => drop(members.insert(last, value.clone())),
                    Value::Array(items) => {
                        *items.get_mut(last.parse::<usize>().ok()?)? = value.clone();
                    }
                    _ => return None,
                }
            }
            Self::Remove(at) => {
                let (around, last) = split(at)?;
                match to.pointer_mut(around.as_str())? {
                    Value::Object(members) => drop(members.remove(&last)?),
                    Value::Array(items) => {
                        let index = last.parse().ok().filter(|index| *index < items.len())?;
                        items.remove(index);
                    }
                    _ => return None,
                }
            }
        }
        Some(())
    }
}

/// Why a text is not edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uneditable {
    /// There is nothing at the place.
    #[error("there is nothing at {0}")]
    Nothing(Place),
    /// What would change says more than one thing.
    #[error(
        "{0} is written with anchors, aliases, tags or merged keys, so that a change there may reach further; change the file itself"
    )]
    Bound(Place),
    /// The text cannot be changed there and surely say what was meant.
    #[error(
        "{0} is written in a way that cannot be changed piece by piece; change the file itself"
    )]
    Unsure(Place),
    /// The text cannot be read.
    #[error("the config file cannot be read")]
    Unread,
}

/// The text with these edits. Every octet outside what they touch is as it was, and what comes out says what the edits
/// mean, or there is no answer.
pub fn edit(name: &str, text: &str, edits: &[Edit]) -> Result<String, Uneditable> {
    let mut text = text.to_owned();
    for edit in edits {
        text = one(name, &text, edit)?;
    }
    Ok(text)
}

fn one(name: &str, text: &str, edit: &Edit) -> Result<String, Uneditable> {
    let read = |text: &str| {
        Document::parse(name, text.as_bytes(), &DocumentLimits::strict())
            .map_err(|_| Uneditable::Unread)
    };
    let document = read(text)?;
    let mut wanted = document.value.clone();
    let place = document.place(edit.at());
    edit.apply(&mut wanted).ok_or_else(|| Uneditable::Nothing(place.clone()))?;
    let root = Node::of(text).ok_or_else(|| Uneditable::Unsure(place.clone()))?;
    let path = way(&root, edit.at());
    let bound = path.iter().any(|node| node.bound || merges(node));
    let last = path.last().filter(|_| path.len() == edit.at().tokens().count() + 1);
    let touched = !matches!(edit, Edit::Append(..)) && last.is_some_and(|node| node.binds());
    if bound || touched {
        return Err(Uneditable::Bound(place));
    }
    let pen = Pen {
        text,
        quotes: if text.trim_start().starts_with('{') { Quotes::All } else { Quotes::Needed },
    };
    let (range, new) = pen.stroke(edit, &path).ok_or_else(|| Uneditable::Unsure(place.clone()))?;
    let mut changed = text.to_owned();
    changed.replace_range(range, &new);
    match read(&changed) {
        Ok(found) if found.value == wanted => Ok(changed),
        _ => Err(Uneditable::Unsure(place)),
    }
}

/// The pointer of what is around, and the last step.
fn split(at: &Pointer) -> Option<(Pointer, String)> {
    let last = at.tokens().last()?;
    let mut around = at.clone();
    around.pop();
    Some((around, last))
}

/// The nodes on the way to a place, as far as there are any.
fn way<'n>(root: &'n Node, at: &Pointer) -> Vec<&'n Node> {
    let mut path = vec![root];
    let mut here = root;
    for token in at.tokens() {
        let next = match &here.kind {
            Kind::Map(_, members) => {
                members.iter().find(|one| one.key == token).map(|one| &one.value)
            }
            Kind::List(_, items) => token.parse::<usize>().ok().and_then(|index| items.get(index)),
            Kind::Scalar | Kind::Lines => None,
        };
        let Some(next) = next else { break };
        path.push(next);
        here = next;
    }
    path
}

fn merges(node: &Node) -> bool {
    matches!(&node.kind, Kind::Map(_, members) if members.iter().any(|one| one.key == "<<"))
}

/// Finds where the text changes, and to what.
struct Pen<'t> {
    text: &'t str,
    quotes: Quotes,
}

type Stroke = (Range<usize>, String);

impl Pen<'_> {
    fn stroke(&self, edit: &Edit, path: &[&Node]) -> Option<Stroke> {
        let steps: Vec<String> = edit.at().tokens().collect();
        match edit {
            Edit::Append(_, value) => self.append(path.get(steps.len())?, value),
            Edit::Set(_, value) => match path.get(steps.len()) {
                Some(node) => {
                    self.replace(node, path.get(steps.len().wrapping_sub(1)).copied(), value)
                }
                None => self.insert(path.get(steps.len().checked_sub(1)?)?, steps.last()?, value),
            },
            Edit::Remove(_) => {
                let around = path.get(steps.len().checked_sub(1)?)?;
                self.remove(around, path.get(steps.len())?)
            }
        }
    }

    /// Another value in the place of one.
    fn replace(&self, node: &Node, around: Option<&Node>, value: &Value) -> Option<Stroke> {
        let new = flow(value, self.quotes);
        let key = around.and_then(|around| match &around.kind {
            Kind::Map(_, members) => {
                members.iter().find(|one| std::ptr::eq(&raw const one.value, node))
            }
            _ => None,
        });
        let alone = |node: &Node| {
            node.start == node.end
                || matches!(node.kind, Kind::Map(Style::Block, _) | Kind::List(Style::Block, _))
        };
        match key {
            // what stands on lines of its own goes to the line of its key
            Some(key) if alone(node) => {
                Some((self.colon(key)?..node.end.max(self.colon(key)?), format!(" {new}")))
            }
            _ if matches!(node.kind, Kind::Lines) => None,
            _ => Some((node.start..node.end, new)),
        }
    }

    /// Behind the colon of a key.
    fn colon(&self, member: &Member) -> Option<usize> {
        let behind = self.text.get(member.at.1..)?;
        let at = behind.find(|letter: char| !letter.is_whitespace())?;
        behind.get(at..)?.starts_with(':').then_some(member.at.1 + at + 1)
    }

    /// One member more.
    fn insert(&self, around: &Node, key: &str, value: &Value) -> Option<Stroke> {
        let new = format!("{}: {}", word(key, self.quotes), flow(value, self.quotes));
        match &around.kind {
            Kind::Map(Style::Flow, members) => match members.last() {
                Some(last) => Some((last.value.end..last.value.end, format!(", {new}"))),
                None => Some((around.start..around.end, format!("{{ {new} }}"))),
            },
            Kind::Map(Style::Block, members) => {
                let column = self.column(members.first()?.at.0)?;
                Some(self.line(around.end, column, &new))
            }
            _ => None,
        }
    }

    /// One item more.
    fn append(&self, list: &Node, value: &Value) -> Option<Stroke> {
        let new = flow(value, self.quotes);
        match &list.kind {
            Kind::List(Style::Flow, items) => match items.last() {
                Some(last) => Some((last.end..last.end, format!(", {new}"))),
                None => Some((list.start..list.end, format!("[{new}]"))),
            },
            Kind::List(Style::Block, items) => {
                let column = self.column(self.dash(items.first()?)?)?;
                Some(self.line(list.end, column, &format!("- {new}")))
            }
            _ => None,
        }
    }

    fn remove(&self, around: &Node, node: &Node) -> Option<Stroke> {
        let parts: Vec<(usize, usize)> = match &around.kind {
            Kind::Map(_, members) => {
                members.iter().map(|one| (one.at.0, one.value.end.max(one.at.1 + 1))).collect()
            }
            Kind::List(Style::Flow, items) => {
                items.iter().map(|one| (one.start, one.end)).collect()
            }
            Kind::List(Style::Block, items) => {
                items.iter().map(|one| Some((self.dash(one)?, one.end))).collect::<Option<_>>()?
            }
            Kind::Scalar | Kind::Lines => return None,
        };
        let index = match &around.kind {
            Kind::Map(_, members) => {
                members.iter().position(|one| std::ptr::eq(&raw const one.value, node))?
            }
            Kind::List(_, items) => items.iter().position(|one| std::ptr::eq(one, node))?,
            Kind::Scalar | Kind::Lines => return None,
        };
        let (start, end) = *parts.get(index)?;
        let next = parts.get(index + 1).map(|part| part.0);
        let before = index.checked_sub(1).and_then(|index| parts.get(index)).map(|part| part.1);
        let flows = matches!(around.kind, Kind::Map(Style::Flow, _) | Kind::List(Style::Flow, _));
        match (flows, next, before) {
            (_, None, None) => {
                let empty = if matches!(around.kind, Kind::Map(..)) { "{}" } else { "[]" };
                Some((around.start..around.end, empty.to_owned()))
            }
            (true, Some(next), _) => Some((start..next, String::new())),
            (true, None, Some(before)) => Some((before..end, String::new())),
            (false, ..) => {
                let line = self.text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
                if self.text.get(line..start)?.trim().is_empty() {
                    Some((line..self.line_end(end).1, String::new()))
                } else {
                    // behind the dash of a list; the next one takes its place
                    Some((start..next?, String::new()))
                }
            }
        }
    }

    /// The dash of an item of a block.
    fn dash(&self, item: &Node) -> Option<usize> {
        let before = self.text.get(..item.start)?;
        let dash = before.trim_end();
        dash.ends_with('-').then(|| dash.len() - 1)
    }

    /// How far a place is set in; `None` where letters wider than an octet make that unsure.
    fn column(&self, at: usize) -> Option<usize> {
        let line = self.text.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
        let before = self.text.get(line..at)?;
        before.bytes().all(|byte| matches!(byte, b' ' | b'-')).then_some(before.len())
    }

    /// A line behind that of a place.
    fn line(&self, at: usize, column: usize, new: &str) -> Stroke {
        let (end, _) = self.line_end(at);
        let ending = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        (end..end, format!("{ending}{}{new}", " ".repeat(column)))
    }

    /// Where the line of a place ends, and where the next one begins. Lines that end a text are not its last.
    fn line_end(&self, at: usize) -> (usize, usize) {
        let upto = self.text.get(..at).map_or(at, |text| text.trim_end().len());
        let rest = self.text.get(upto..).unwrap_or_default();
        let next = rest.find('\n').map_or(self.text.len(), |found| upto + found + 1);
        let line = self.text.get(upto..next).unwrap_or_default();
        (upto + line.trim_end_matches(['\r', '\n']).len(), next)
    }
}

/// The edits that do to the value at a place what a JSON merge patch says (RFC 7396).
pub fn merge_patch(document: &Value, at: &Pointer, patch: &Value) -> Vec<Edit> {
    let mut edits = Vec::new();
    collect(document.pointer(at.as_str()), at, patch, &mut edits);
    edits
}

fn collect(target: Option<&Value>, at: &Pointer, patch: &Value, edits: &mut Vec<Edit>) {
    let (Some(Value::Object(own)), Value::Object(members)) = (target, patch) else {
        if target != Some(patch) {
            edits.push(Edit::Set(at.clone(), stripped(patch)));
        }
        return;
    };
    for (key, value) in members {
        let at = at.join(key);
        match (own.get(key), value) {
            (None, Value::Null) => {}
            (Some(_), Value::Null) => edits.push(Edit::Remove(at)),
            (target, value) => collect(target, &at, value, edits),
        }
    }
}

/// A patch as the value that it makes of nothing.
fn stripped(patch: &Value) -> Value {
    let Value::Object(members) = patch else { return patch.clone() };
    let kept = members.iter().filter(|(_, value)| !value.is_null());
    Value::Object(kept.map(|(key, value)| (key.clone(), stripped(value))).collect::<Map<_, _>>())
}
