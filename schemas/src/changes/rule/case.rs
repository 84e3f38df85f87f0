//! The case of a rule: two fragments between which it fires, and two between which it does not.

use super::row::Rule;

/// The fragments of a rule's case, YAML as a person would write it.
///
/// `schema` stands where the schema of a body stands, `operation` where an operation stands, and `api` is a
/// document without `openapi` and `info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// `schema`, `operation` or `api`.
    pub kind: &'static str,
    /// Before the change.
    pub old: &'static str,
    /// After it.
    pub new: &'static str,
    /// Beside it: from `new` to here the rule does not fire.
    pub same: &'static str,
}

impl Rule {
    /// Its case, which is also the example of its page.
    pub fn case(&self) -> Case {
        let (mut kind, mut parts) = ("", ["", "", ""]);
        for part in self.case.split("--- ").skip(1) {
            let (head, text) = part.split_once('\n').unwrap_or((part, ""));
            let (said, which) = head.split_once(' ').unwrap_or((head, ""));
            let [old, new, same] = &mut parts;
            kind = said;
            match which {
                "old" => *old = text,
                "new" => *new = text,
                _ => *same = text,
            }
        }
        let [old, new, same] = parts;
        Case { kind, old, new, same }
    }
}
