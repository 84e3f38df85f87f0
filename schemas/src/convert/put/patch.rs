//! A full write as a merge patch (RFC 7396) of no more than the older view shows.

use serde_json::Value;

use crate::pointer::Pointer;

use super::shown::Shown;
use super::tree::{Kind, Node};

/// Why a write cannot be said as a merge patch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPatched {
    /// It is no JSON, nested too deeply, or no object: a merge patch of anything else replaces the whole.
    #[error("what the client wrote is no JSON object that could be a merge patch")]
    Unreadable,
    /// A member is null, which in a merge patch means to remove it.
    #[error("`{0}` is null, and a merge patch cannot write a null")]
    Null(Pointer),
    /// A member is left out of which the view shows a part only: a merge patch that removes the part would make the
    /// member where there was none.
    #[error("`{0}` is left out, and it may hold what the older version cannot show")]
    Half(Pointer),
}

/// What makes a document what the client wrote, in everything that its version shows: members that it wrote are set,
/// members that it could have written and did not are removed, and nothing else is touched. Nested objects are
/// patched member by member, arrays are written whole.
///
/// # Errors
/// [`NotPatched`]: nothing is left out silently.
pub fn merge_patch(written: &str, shown: &Shown) -> Result<String, NotPatched> {
    let node = Node::read(written).ok_or(NotPatched::Unreadable)?;
    if !matches!(node.kind, Kind::Object(..)) {
        return Err(NotPatched::Unreadable);
    }
    let mut out = String::with_capacity(written.len());
    object(&node, shown, &mut Pointer::root(), &mut out)?;
    Ok(out)
}

fn object(
    node: &Node<'_>,
    shown: &Shown,
    at: &mut Pointer,
    out: &mut String,
) -> Result<(), NotPatched> {
    out.push('{');
    let mut any = false;
    let mut next = |out: &mut String| {
        if any {
            out.push(',');
        }
        any = true;
    };
    for member in node.members().unwrap_or_default() {
        let known = shown.members.get(&member.name);
        if known.is_some_and(|one| one.hidden) {
            continue;
        }
        at.push(&member.name);
        next(out);
        out.push_str(member.before.trim());
        let none = Shown::default();
        match &member.value.kind {
            Kind::Object(..) => object(&member.value, known.unwrap_or(&none), at, out)?,
            _ if member.value.text == "null" => return Err(NotPatched::Null(at.clone())),
            _ => out.push_str(member.value.text),
        }
        at.pop();
    }
    for (name, inner) in &shown.members {
        if inner.hidden || node.member(name).is_some() {
            continue;
        }
        if inner.hides() {
            at.push(name);
            return Err(NotPatched::Half(at.clone()));
        }
        next(out);
        out.push_str(&Value::from(name.as_str()).to_string());
        out.push_str(":null");
    }
    out.push('}');
    Ok(())
}
