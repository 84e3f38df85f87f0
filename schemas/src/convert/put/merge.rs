//! The three-way merge.

use crate::pointer::Pointer;

use super::align::{Align, Pairing};
use super::shown::Shown;
use super::tree::{Entry, Kind, Node};

/// A source with what the view changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The document to be written, in the source's version. Byte for byte the source where the view changed nothing.
    pub text: String,
    /// Places of the source whose unseen content goes with a member or item that the client took away.
    pub lost: Vec<Pointer>,
}

/// Why a view cannot be merged into its source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMerged {
    /// One of the three is no JSON, or nested too deeply.
    #[error("{0} is no JSON text that can be merged")]
    Unreadable(&'static str),
    /// Items were changed, and nothing says which of the source's items they are.
    #[error(
        "items of `{0}` were changed and their number too, so that nothing says which of them hold what the older version cannot show; declare the member that identifies them"
    )]
    Ambiguous(Pointer),
}

/// `source` with what the client changed of what it was shown.
///
/// `shown` is `up(down(source))` and `written` is `up(view)`, both in the source's version. `identity` are names of
/// members that tell the items of an array apart, the first that all items have counts.
///
/// What is equal in `shown` and `written` keeps the source's bytes. Objects are merged by member. Items are paired by
/// `identity`; else equal ones first, and the others by their order where their numbers agree. Items that the client was not
/// shown come after the others.
///
/// # Errors
/// [`NotMerged`]; nothing is guessed.
pub fn put(
    source: &str,
    shown: &str,
    written: &str,
    identity: &[String],
) -> Result<Merged, NotMerged> {
    put_declared((source, shown, written), identity, None)
}

/// The same where the client's version declares no more than this, in the source's names: a member that it does not
/// declare and that an open object let through all the same is not taken away by a client that leaves it out.
///
/// # Errors
/// As for [`put`].
pub fn put_declared(
    (source, shown, written): (&str, &str, &str),
    identity: &[String],
    declared: Option<&Shown>,
) -> Result<Merged, NotMerged> {
    let read = |text, what| Node::read(text).ok_or(NotMerged::Unreadable(what));
    let (from, seen, to) = (
        read(source, "what the backend has")?,
        read(shown, "what the client was shown")?,
        read(written, "what the client wrote")?,
    );
    let mut merge = Merge { out: String::new(), lost: Vec::new(), at: Pointer::root(), identity };
    merge.value(&from, Some(&seen), &to, declared)?;
    Ok(Merged { text: merge.out, lost: merge.lost })
}

struct Merge<'a> {
    out: String,
    lost: Vec<Pointer>,
    at: Pointer,
    identity: &'a [String],
}

impl Merge<'_> {
    fn value(
        &mut self,
        source: &Node<'_>,
        shown: Option<&Node<'_>>,
        written: &Node<'_>,
        declared: Option<&Shown>,
    ) -> Result<(), NotMerged> {
        if shown.is_some_and(|shown| shown.same(written)) {
            self.out.push_str(source.text);
            return Ok(());
        }
        match (&source.kind, shown.map(|one| &one.kind), &written.kind) {
            (Kind::Object(..), Some(Kind::Object(..)) | None, Kind::Object(..)) => {
                self.object(source, shown, written, declared)
            }
            (Kind::Array(items), Some(Kind::Array(seen)), Kind::Array(wanted)) => {
                self.array(items, (seen, wanted), declared.and_then(Shown::of_items))
            }
            _ => {
                if !matches!(source.kind, Kind::Scalar) {
                    self.gone(source, shown);
                }
                self.out.push_str(written.text);
                Ok(())
            }
        }
    }

    fn object(
        &mut self,
        source: &Node<'_>,
        shown: Option<&Node<'_>>,
        written: &Node<'_>,
        declared: Option<&Shown>,
    ) -> Result<(), NotMerged> {
        self.out.push('{');
        let mut any = false;
        let mut blank = "";
        for member in source.members().unwrap_or_default() {
            let seen = shown.and_then(|one| one.member(&member.name));
            let wanted = written.member(&member.name);
            let known = declared.map_or(Ok(None), |one| one.of(&member.name));
            self.at.push(&member.name);
            if seen.is_some() && wanted.is_none() && known.is_ok() {
                self.gone(&member.value, seen);
                self.at.pop();
                blank = member.after;
                continue;
            }
            self.comma(&mut any);
            self.out.push_str(member.before);
            match wanted {
                Some(wanted) => {
                    self.value(&member.value, seen, wanted, known.ok().flatten())?;
                }
                // what the client cannot see it cannot have meant
                None => self.out.push_str(member.value.text),
            }
            self.at.pop();
            self.out.push_str(member.after);
            blank = "";
        }
        for added in written.members().unwrap_or_default() {
            let known = source.member(&added.name).is_some();
            let seen = shown.and_then(|one| one.member(&added.name));
            // what the conversion supplies to every view is no change of the client's
            if known || seen.is_some_and(|seen| seen.same(&added.value)) {
                continue;
            }
            self.comma(&mut any);
            self.out.push_str(added.before.trim());
            self.out.push_str(added.value.text);
        }
        self.out.push_str(blank);
        self.out.push('}');
        Ok(())
    }

    fn array(
        &mut self,
        items: &[Entry<'_>],
        (shown, written): (&[Entry<'_>], &[Entry<'_>]),
        declared: Option<&Shown>,
    ) -> Result<(), NotMerged> {
        let Pairing { pairs, removed, unseen } =
            Align { items, shown, written, identity: self.identity }
                .pairing()
                .ok_or_else(|| NotMerged::Ambiguous(self.at.clone()))?;
        for index in removed {
            if let Some(item) = items.get(index) {
                self.at.push(&index.to_string());
                let seen = shown.get(index).map(|one| &one.value);
                self.gone(&item.value, seen);
                self.at.pop();
            }
        }
        self.out.push('[');
        let mut any = false;
        for (wanted, pair) in written.iter().zip(pairs) {
            self.comma(&mut any);
            let known =
                pair.and_then(|(item, seen)| Some((item, items.get(item)?, shown.get(seen)?)));
            let Some((index, item, seen)) = known else {
                self.out.push_str(wanted.before);
                self.out.push_str(wanted.value.text);
                self.out.push_str(wanted.after);
                continue;
            };
            self.out.push_str(item.before);
            self.at.push(&index.to_string());
            self.value(&item.value, Some(&seen.value), &wanted.value, declared)?;
            self.at.pop();
            self.out.push_str(item.after);
        }
        for item in unseen.into_iter().filter_map(|index| items.get(index)) {
            self.comma(&mut any);
            self.out.push_str(item.value.text);
        }
        self.out.push(']');
        Ok(())
    }

    /// The client took away what it saw of a value: what it did not see goes with it, and is told.
    fn gone(&mut self, source: &Node<'_>, shown: Option<&Node<'_>>) {
        if shown.is_none_or(|shown| !shown.same(source)) && hides(source, shown) {
            self.lost.push(self.at.clone());
        }
    }

    fn comma(&mut self, any: &mut bool) {
        if *any {
            self.out.push(',');
        }
        *any = true;
    }
}

/// Whether a source holds members or items that were not shown. A scalar hides nothing: it was written over.
pub(super) fn hides(source: &Node<'_>, shown: Option<&Node<'_>>) -> bool {
    let Some(shown) = shown else { return !matches!(source.kind, Kind::Scalar) };
    match (&source.kind, &shown.kind) {
        (Kind::Object(members, _), Kind::Object(..)) => members.iter().any(|member| {
            let seen = shown.member(&member.name);
            seen.is_none() || hides(&member.value, seen)
        }),
        (Kind::Array(items), Kind::Array(seen)) => {
            items.len() != seen.len()
                || items.iter().zip(seen).any(|(item, seen)| hides(&item.value, Some(&seen.value)))
        }
        (Kind::Object(..) | Kind::Array(_), _) => true,
        (Kind::Scalar, _) => !shown.same(source),
    }
}
