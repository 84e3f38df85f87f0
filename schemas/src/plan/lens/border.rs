//! Members that would move into a value, or out of it, that a function makes as a whole: told when the file is read.

use crate::describe::model::Description;
use crate::plan::shape::shape;
use crate::problem::{Problem, Severity};

use super::model::{Entry, Scope, Target, VersionChanges, Way};
use super::target::nodes;

/// A value by one of its names: from where, and the way from there.
type Name = (Scope, Vec<String>);

/// All moves of the file that a function stands in the way of, each once.
pub(super) fn borders(
    changes: &VersionChanges,
    old: &Description,
    new: &Description,
) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for entry in &changes.entries {
        for (from, to) in &entry.rules.moves {
            let crossed = [(old, from), (new, to)].into_iter().find_map(|(version, path)| {
                let (length, way) = crossed(changes, entry, (version, path))?;
                Some((path.get(..length).unwrap_or(path).join("/"), way))
            });
            let Some((value, way)) = crossed else { continue };
            let problem = Problem {
                place: entry.place.clone(),
                severity: Severity::Error,
                what: format!(
                    "`{}` cannot move to `{}`, as `{value}` is made as a whole here ({})",
                    from.join("/"),
                    to.join("/"),
                    way.text
                ),
                remedy: "leave out the move or the function, or put a version between them"
                    .to_owned(),
            };
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}

/// How much of a path leads to a value that a function makes as a whole, and the function.
fn crossed<'a>(
    changes: &'a VersionChanges,
    entry: &Entry,
    (version, path): (&Description, &[String]),
) -> Option<(usize, &'a Way)> {
    (1..path.len()).find_map(|length| {
        let inner = path.get(..length)?;
        let names: Vec<Name> =
            entry.targets.iter().flat_map(|target| names(version, target, inner)).collect();
        Some((length, function(changes, &names)?))
    })
}

/// Everything that the value at a path from a target is called.
fn names(version: &Description, target: &Target, path: &[String]) -> Vec<Name> {
    let mut found = vec![(target.scope.clone(), [&target.within, path].concat())];
    for (at, rest) in (0..=path.len()).filter_map(|at| Some((at, path.get(at..)?))) {
        let within = [&target.within, path.get(..at).unwrap_or_default()].concat();
        let place = Target { scope: target.scope.clone(), within };
        for (schema, node) in nodes(version, &place, &str::to_owned) {
            let components = shape(&schema, &node).names;
            found.extend(components.into_iter().map(|key| (Scope::Component(key), rest.to_vec())));
        }
    }
    found
}

/// A function that makes one of these values.
fn function<'a>(changes: &'a VersionChanges, names: &[Name]) -> Option<&'a Way> {
    changes.entries.iter().find_map(|entry| {
        entry.rules.transforms.iter().find_map(|rule| {
            let renamed = |old: &str| {
                let pair = entry.rules.renames.iter().find(|(name, _)| name == old);
                pair.map(|(_, new)| new.clone())
            };
            let members: Vec<Option<String>> = match &rule.member {
                None => vec![None],
                Some(old) => {
                    [Some(old.clone()), renamed(old)].into_iter().flatten().map(Some).collect()
                }
            };
            let mut made = entry.targets.iter().flat_map(|target| {
                members.iter().map(|member| {
                    let within = target.within.iter().chain(member).cloned().collect::<Vec<_>>();
                    (target.scope.clone(), within)
                })
            });
            let met = made.any(|one| names.contains(&one));
            rule.up.as_ref().or(rule.down.as_ref()).filter(|_| met)
        })
    })
}
