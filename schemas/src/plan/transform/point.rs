//! Lens L17: places in a request that an error names, as the client's version calls them.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::plan::pointers;
use crate::plan::program::Program;
use crate::pointer::Pointer;
use crate::schema::Schema;

use super::model::{Made, Unfit};
use super::raw::{is_string, quoted, unquoted};
use super::twin::by_type;

/// A text or list that names a place in the request: it is read as one version says it, led back through what became of
/// the request, and written as the other says it. What names no place of the body stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// As the sender of the error says it.
    pub from: Notation,
    /// As its reader says it.
    pub to: Notation,
    /// What becomes of a place that the client's version does not have.
    pub unsent: Unsent,
    /// The label of the newer of the two versions, which tells the steps of a chain apart.
    pub newer: Arc<str>,
    /// What became of the request on its way from the client's version to the backend's, in this step; empty until the
    /// operation is known, and where nothing became of it.
    pub stages: Arc<[Arc<Program>]>,
}

/// How a place is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notation {
    /// The syntax.
    pub syntax: Syntax,
    /// What stands before a place in the body, step by step: `body` in `["body", "a", 0]`. What begins otherwise names no
    /// place there.
    pub prefix: Vec<String>,
}

/// How the steps of a place are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// RFC 6901: `/a/0`, or with `#` before it, as a fragment of a URI (§6).
    JsonPointer,
    /// `a.b[0]` or `a.b.0`, with `$.` before it or without.
    Dotted,
    /// A list: `["a", "b", 0]`.
    Path,
    /// It names no place: nothing is done.
    Other,
}

/// What becomes of a place that no client of that version sends: a constant, a default, what a header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsent {
    /// It stays as the backend says it.
    #[default]
    Keep,
    /// The member is left out.
    Omit,
    /// The request as a whole is named instead.
    Root,
}

/// A place as it was written.
struct Written {
    steps: Vec<String>,
    /// What stood before the first step, `#` or `$.`, to be written again.
    lead: &'static str,
    /// Indices were between brackets.
    brackets: bool,
}

impl Point {
    pub(super) fn apply(&self, text: &str) -> Result<Made, Unfit> {
        let text = text.trim();
        let kept = || Made::exact(text.to_owned());
        if self.is_inert() {
            return Ok(kept());
        }
        let Some(written) = self.from.syntax.read(text) else {
            return Ok(self.foreign(text));
        };
        let Some(steps) = written.steps.strip_prefix(self.from.prefix.as_slice()) else {
            return Ok(self.foreign(text));
        };
        let place = steps.iter().fold(Pointer::root(), |at, step| at.join(step));
        let (origin, sent) = pointers::origin(&self.stages, &place);
        let (steps, exact): (Vec<String>, bool) = match (sent, self.unsent) {
            (true, _) => (origin.tokens().collect(), true),
            (false, Unsent::Keep) => (steps.to_vec(), true),
            (false, Unsent::Root) => (Vec::new(), false),
            (false, Unsent::Omit) => {
                return Err(Unfit("a place that the client's version does not have".to_owned()));
            }
        };
        let steps = [self.to.prefix.as_slice(), &steps].concat();
        if self.from == self.to && steps == written.steps {
            return Ok(kept());
        }
        let (made, told) = self.to.syntax.write(&Written { steps, ..written });
        Ok(Made { text: made, exact: exact && told })
    }

    /// What names no place of the body: it stays, in the other syntax where that is another kind of value.
    fn foreign(&self, text: &str) -> Made {
        let lists = self.from.syntax == Syntax::Path;
        if lists == (self.to.syntax == Syntax::Path) {
            return Made::exact(text.to_owned());
        }
        let found = if lists { Syntax::Path } else { Syntax::Dotted }.read(text);
        found.map_or_else(
            || Made::exact(text.to_owned()),
            |written| {
                let (text, exact) = self.to.syntax.write(&written);
                Made { text, exact }
            },
        )
    }

    /// Whether it changes nothing at all.
    pub fn is_inert(&self) -> bool {
        let other = [self.from.syntax, self.to.syntax].contains(&Syntax::Other);
        other || (self.from == self.to && self.stages.iter().all(|one| one.is_identity()))
    }

    /// Any text, or any list of texts and indices, where the value may be a place.
    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        if [self.from.syntax, self.to.syntax].contains(&Syntax::Other) {
            return sender.clone();
        }
        let lists = self.from.syntax == Syntax::Path;
        let read = if lists { "array" } else { "string" };
        by_type(sender, schema, |kind, part| {
            (kind == read).then(|| {
                let made = if self.to.syntax == Syntax::Path {
                    json!({"type": "array", "items": {"type": ["string", "integer"]}})
                } else {
                    json!({"type": "string"})
                };
                // a list with other items is no place, and stays
                if lists { vec![Value::Object(part.clone()), made] } else { vec![made] }
            })
        })
    }

    /// Only where a place is left out is something not taken.
    pub(super) fn takes_all(&self) -> bool {
        self.unsent != Unsent::Omit
    }

    /// Names with a `.` in them cannot be told apart in dots.
    pub(crate) fn may_lose(&self) -> bool {
        self.unsent == Unsent::Root || self.to.syntax == Syntax::Dotted
    }
}

impl Syntax {
    /// The steps; `None` for what is no place in this syntax.
    fn read(self, text: &str) -> Option<Written> {
        match self {
            Self::JsonPointer => pointer(&unquoted(text).filter(|_| is_string(text))?),
            Self::Dotted => Some(dotted(&unquoted(text).filter(|_| is_string(text))?)),
            Self::Path => {
                let Ok(Value::Array(items)) = serde_json::from_str(text) else { return None };
                let step = |item: &Value| match item {
                    Value::String(name) => Some(name.clone()),
                    Value::Number(index) => index.as_u64().map(|index| index.to_string()),
                    _ => None,
                };
                let steps = items.iter().map(step).collect::<Option<Vec<String>>>()?;
                Some(Written { steps, lead: "", brackets: true })
            }
            Self::Other => None,
        }
    }

    /// The value, and whether it says exactly these steps.
    fn write(self, written: &Written) -> (String, bool) {
        let Written { steps, lead, brackets } = written;
        match self {
            Self::JsonPointer | Self::Other => {
                let at = steps.iter().fold(Pointer::root(), |at, step| at.join(step));
                let fragment = *lead == "#";
                let text =
                    if fragment { format!("#{}", escaped(at.as_str())) } else { at.to_string() };
                (quoted(&text), true)
            }
            Self::Dotted => {
                let mut text = String::new();
                for step in steps {
                    let (before, after) = match (*brackets && is_index(step), text.is_empty()) {
                        (true, _) => ("[", "]"),
                        (false, true) => ("", ""),
                        (false, false) => (".", ""),
                    };
                    text.extend([before, step, after]);
                }
                let lead = match (*lead, text.is_empty()) {
                    ("$." | "$", true) => "$",
                    ("$." | "$", false) => "$.",
                    _ => "",
                };
                let exact = dotted(&text).steps == *steps;
                (quoted(&format!("{lead}{text}")), exact)
            }
            Self::Path => {
                let item = |step: &String| match step.parse::<u64>() {
                    Ok(index) if is_index(step) => Value::from(index),
                    _ => Value::from(step.as_str()),
                };
                (Value::from(steps.iter().map(item).collect::<Vec<_>>()).to_string(), true)
            }
        }
    }
}

fn is_index(step: &str) -> bool {
    !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit())
}

fn pointer(text: &str) -> Option<Written> {
    let (lead, at) = match text.strip_prefix('#') {
        Some(rest) => ("#", unescaped(rest)?),
        None => ("", text.to_owned()),
    };
    let steps = Pointer::parse(&at)?.tokens().collect();
    Some(Written { steps, lead, brackets: true })
}

fn dotted(text: &str) -> Written {
    let (lead, rest) = match text.strip_prefix("$.") {
        Some(rest) => ("$.", rest),
        None if text == "$" => ("$", ""),
        None => ("", text),
    };
    let mut steps = Vec::new();
    let mut brackets = true;
    for part in rest.split('.').filter(|_| !rest.is_empty()) {
        let (name, mut indices) = part.find('[').map_or((part, ""), |at| part.split_at(at));
        if !name.is_empty() || indices.is_empty() {
            brackets &= !is_index(name);
            steps.push(name.to_owned());
        }
        while let Some((index, more)) =
            indices.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        {
            steps.push(index.trim_matches(['"', '\'']).to_owned());
            indices = more;
        }
    }
    Written { steps, lead, brackets }
}

/// A fragment of a URI as it is meant (RFC 3986 §2.1); `None` for one that is broken.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        if *first == b'%' {
            let (digits, more) = rest.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = more;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A text as a fragment of a URI may have it (RFC 3986 §3.5).
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte);
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            // writing to a text does not fail
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Notation, Point, Syntax, Unsent, Written, escaped, unescaped};
    use crate::plan::program::{
        Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Source, Supply,
    };
    use crate::plan::transform::Transform;
    use crate::plan::transform::testing::{check, check_twin};

    /// The request: `qty` became `quantity`, and `method` was written.
    fn request() -> Arc<Program> {
        let object = ObjectNode {
            members: vec![Member {
                name: "qty".into(),
                rename: Some(("quantity".into(), NoteId(0))),
                node: NodeId(0),
                take: None,
            }],
            patterns: Vec::new(),
            other: NodeId(0),
            supplies: vec![Supply {
                name: "method".into(),
                source: Source::Literal("1".into()),
                note: NoteId(1),
                missing: Missing::Omit,
            }],
            conflict: None,
            slots: (0, 0),
            hold: false,
        };
        let note =
            |rule| Note { rule, text: String::new(), at: String::new(), loss: false, policy: None };
        Arc::new(Program {
            nodes: vec![Node::Copy, Node::Object(Box::new(object))],
            root: NodeId(1),
            notes: vec![note("L1"), note("L10")],
        })
    }

    fn notation(syntax: Syntax, prefix: &[&str]) -> Notation {
        Notation { syntax, prefix: prefix.iter().map(|one| (*one).to_owned()).collect() }
    }

    fn point(from: Notation, to: Notation, unsent: Unsent) -> Transform {
        let stages = Arc::from([request()]);
        Transform::Point(Point { from, to, unsent, newer: "2".into(), stages })
    }

    fn same(syntax: Syntax, prefix: &[&str], unsent: Unsent) -> Transform {
        point(notation(syntax, prefix), notation(syntax, prefix), unsent)
    }

    #[test]
    fn places_are_called_what_the_client_calls_them() {
        check(
            &same(Syntax::JsonPointer, &[], Unsent::Keep),
            &[
                (r#""/quantity""#, Ok((r#""/qty""#, true))),
                (r##""#/quantity/a%20b""##, Ok((r##""#/qty/a%20b""##, true))),
                (r#""/other""#, Ok((r#""/other""#, true))),
                (r#""/method""#, Ok((r#""/method""#, true))),
                (r#""quantity""#, Ok((r#""quantity""#, true))),
                ("null", Ok(("null", true))),
            ],
        );
        check(
            &same(Syntax::Dotted, &[], Unsent::Keep),
            &[
                (r#""quantity[0].a""#, Ok((r#""qty[0].a""#, true))),
                (r#""$.quantity.0""#, Ok((r#""$.qty.0""#, true))),
            ],
        );
        check(
            &same(Syntax::Path, &["body"], Unsent::Keep),
            &[
                (r#"["body", "quantity", 0]"#, Ok((r#"["body","qty",0]"#, true))),
                (r#"["query", "quantity"]"#, Ok((r#"["query", "quantity"]"#, true))),
                ("[1.5]", Ok(("[1.5]", true))),
            ],
        );
    }

    #[test]
    fn a_place_that_nobody_sent_goes_by_policy() {
        let root = same(Syntax::JsonPointer, &[], Unsent::Root);
        check(&root, &[(r#""/method""#, Ok((r#""""#, false)))]);
        let omit = same(Syntax::Dotted, &[], Unsent::Omit);
        let why = "a place that the client's version does not have";
        check(&omit, &[(r#""method""#, Err(why)), (r#""quantity""#, Ok((r#""qty""#, true)))]);
    }

    #[test]
    fn one_notation_becomes_another() {
        let to_list =
            point(notation(Syntax::Dotted, &[]), notation(Syntax::Path, &["body"]), Unsent::Keep);
        check(&to_list, &[(r#""quantity[1]""#, Ok((r#"["body","qty",1]"#, true)))]);
        let to_text = point(
            notation(Syntax::Path, &["body"]),
            notation(Syntax::JsonPointer, &[]),
            Unsent::Keep,
        );
        check(
            &to_text,
            &[
                (r#"["body","quantity",1]"#, Ok((r#""/qty/1""#, true))),
                (r#"["query","a"]"#, Ok((r#""/query/a""#, true))),
            ],
        );
    }

    #[test]
    fn the_twin_says_any_text() {
        let text = json!({"type": "string"});
        let pointers = same(Syntax::JsonPointer, &[], Unsent::Keep);
        check_twin(
            &pointers,
            json!({"enum": ["/quantity", null]}),
            &json!({"anyOf": [text, {"const": null}]}),
            true,
        );
        check_twin(&same(Syntax::Dotted, &[], Unsent::Omit), text.clone(), &text, false);
    }

    proptest! {
        /// What is written is read as the same steps, but for names that dots cannot say.
        #[test]
        fn steps_come_back(steps in prop::collection::vec("[a-c/~%#.é ]{1,3}|0|12", 0..4)) {
            for syntax in [Syntax::JsonPointer, Syntax::Dotted, Syntax::Path] {
                for lead in ["", "#", "$."] {
                    let written = Written { steps: steps.clone(), lead, brackets: true };
                    let (text, exact) = syntax.write(&written);
                    let read = syntax.read(&text).map(|one| one.steps);
                    prop_assert!(!exact || read.as_ref() == Some(&steps), "{} {:?}", text, read);
                }
            }
        }

        #[test]
        fn fragments_come_back(text in any::<String>()) {
            prop_assert_eq!(unescaped(&escaped(&text)), Some(text));
        }

        #[test]
        fn nothing_falls(text in "[a\\[\\].$#/%0'\"]{0,12}") {
            let value = Value::from(text).to_string();
            for syntax in [Syntax::JsonPointer, Syntax::Dotted] {
                let _ = same(syntax, &[], Unsent::Root).apply(&value);
            }
        }
    }
}
