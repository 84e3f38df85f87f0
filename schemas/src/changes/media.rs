//! Media types of two versions side by side.

use crate::describe::model::Content;

/// Contents of two versions, matched.
#[derive(Debug, Default)]
pub(super) struct Paired<'a> {
    pub(super) pairs: Vec<(&'a Content, &'a Content)>,
    pub(super) gone: Vec<&'a Content>,
    pub(super) added: Vec<&'a Content>,
}

/// What became of a media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Same,
    Narrowed,
    Widened,
}

/// Matches the same types first, then the same but for parameters, then a range and a type of it.
pub(super) fn pairs<'a>(old: &'a [Content], new: &'a [Content]) -> Paired<'a> {
    let mut paired =
        Paired { gone: old.iter().collect(), added: new.iter().collect(), ..Paired::default() };
    let fits: [fn(&str, &str) -> bool; 3] = [
        |one, other| one == other,
        |one, other| bare(one) == bare(other),
        |one, other| covers(bare(one), bare(other)) || covers(bare(other), bare(one)),
    ];
    for fit in fits {
        let Paired { pairs, gone, added } = &mut paired;
        gone.retain(|before| {
            let at = added.iter().position(|after| fit(&before.media_type, &after.media_type));
            pairs.extend(at.map(|at| (*before, added.remove(at))));
            at.is_none()
        });
    }
    paired
}

/// How a type became the one it was matched with.
pub(super) fn step(old: &str, new: &str) -> Step {
    let (old, new) = (bare(old), bare(new));
    if old == new {
        Step::Same
    } else if covers(old, new) {
        Step::Narrowed
    } else {
        Step::Widened
    }
}

fn bare(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or(media_type)
}

/// Whether a range has a type in it that is not the range itself.
fn covers(range: &str, one: &str) -> bool {
    range != one
        && (matches!(range, "*/*" | "*")
            || range.strip_suffix("/*").is_some_and(|kind| one.split('/').next() == Some(kind)))
}
