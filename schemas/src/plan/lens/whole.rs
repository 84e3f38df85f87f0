//! The verbs that make members of an object out of others: `split`, `merge`, `compute`.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::transform::{
    Compute, Computed, Merge, OnFail, Pattern, Split, Template, Transform,
};
use crate::pointer::Pointer;

use super::model::{Direction, For, Loses, OnExtra, Rules, TransformRule, Way};
use super::read::Reader;
use super::target::Sides;
use super::value::Said;

/// The verbs that are read here.
pub(super) const VERBS: [&str; 3] = ["split", "merge", "compute"];

impl<'a> Reader<'a> {
    /// Reads one of [`VERBS`] into the rules.
    pub(super) fn made(
        &mut self,
        verb: &str,
        value: &'a Value,
        (sides, at): (&Sides, &Pointer),
        rules: &mut Rules,
    ) {
        for (name, value) in self.members(value, at).into_iter().flatten() {
            let at = at.join(name);
            let Some(options) = self.members(value, &at) else { continue };
            let said = Said { name, options, at };
            match verb {
                "compute" => self.compute(&said, sides, rules),
                _ => rules.transforms.extend(self.parted(verb == "split", &said, sides)),
            }
        }
    }

    /// One member on one side, several on the other: `split` has the one on the old side.
    fn parted(&mut self, split: bool, said: &Said<'a>, sides: &Sides) -> Option<TransformRule> {
        let key = if split { "into" } else { "from" };
        self.known_keys(said.options, &said.at, &[key, "pattern", "template", "on_fail"]);
        let (one, several) =
            if split { (&sides.old, &sides.new) } else { (&sides.new, &sides.old) };
        self.must_have(one, &[said.name.to_owned()], &said.at);
        let mut parts: Vec<Arc<str>> = Vec::new();
        let list = said.options.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for part in list {
            let at = said.at.join(key);
            let text = self.text(part, &at)?;
            self.must_have(several, &[text.to_owned()], &at);
            parts.push(text.into());
        }
        let text = |reader: &mut Self, key: &str| {
            let value = said.options.get(key)?;
            reader.text(value, &said.at.join(key))
        };
        let (pattern, template) = (text(self, "pattern"), text(self, "template"));
        let (Some(pattern), Some(template), false) = (pattern, template, parts.is_empty()) else {
            let what = format!("`{}` needs `{key}`, `pattern` and `template`", said.name);
            self.wrong(&said.at, what, "neither way follows from the other");
            return None;
        };
        let pattern = Pattern::parse(pattern).map_err(|what| {
            self.wrong(
                &said.at.join("pattern"),
                what,
                "look-around and back-references are not supported",
            );
        });
        let template = Template::parse(template).map_err(|what| {
            self.wrong(&said.at.join("template"), what, "");
        });
        let (pattern, template) = (pattern.ok()?, template.ok()?);
        for part in &parts {
            let grouped = pattern.groups().iter().any(|group| **group == **part);
            if !grouped || !template.names().contains(&&**part) {
                let what = format!("`{part}` is not in both `pattern` and `template`");
                let remedy = format!("write `(?<{part}>…)` and `{{{part}}}`");
                self.wrong(&said.at, what, remedy);
            }
        }
        let named = template.names().into_iter().map(str::to_owned).chain(pattern.groups());
        for other in named.filter(|name| !parts.iter().any(|part| **part == **name)) {
            self.wrong(&said.at, format!("`{other}` is not one of `{key}`"), "");
        }
        let [up_fails, down_fails] = self.on_fail_of(said, &parts, split);
        let (split_fails, merge_fails) =
            if split { (up_fails, down_fails) } else { (down_fails, up_fails) };
        let one: Arc<str> = said.name.into();
        let names = parts.iter().map(|part| format!("`{part}`")).collect::<Vec<_>>().join(", ");
        let apart = Split {
            from: Arc::clone(&one),
            into: parts.clone(),
            pattern: pattern.clone(),
            template: template.clone(),
            on_fail: split_fails,
        };
        let merge = Merge { from: parts, into: one, template, pattern, on_fail: merge_fails };
        let way = |text: String, transform| {
            Some(Way { loses: Loses::Sometimes, ..Way::new("L5", text, transform) })
        };
        let apart = way(format!("split `{}` into {names}", said.name), Transform::Split(apart));
        let merge = way(format!("make `{}` of {names}", said.name), Transform::Merge(merge));
        Some(if split {
            TransformRule::whole(apart, merge)
        } else {
            TransformRule::whole(merge, apart)
        })
    }

    /// What stands for members that could not be made, up and down.
    fn on_fail_of(&mut self, said: &Said<'a>, parts: &[Arc<str>], split: bool) -> [OnFail; 2] {
        let mut found = [OnFail::Error, OnFail::Error];
        let Some(value) = said.options.get("on_fail") else { return found };
        let at = said.at.join("on_fail");
        for (direction, value, at) in self.directions(value, &at) {
            let several = (direction == Direction::Up) == split;
            let one = [Arc::from(said.name)];
            let made = if several { parts } else { &one };
            let on_fail = match (value.as_str(), value.get("default").and_then(Value::as_object)) {
                (Some("error"), _) => OnFail::Error,
                (Some("omit"), _) => OnFail::Omit,
                (_, Some(values)) => {
                    for name in
                        values.keys().filter(|name| !made.iter().any(|one| **one == ***name))
                    {
                        let what = format!("`{name}` is not made here");
                        self.wrong(&at.join("default").join(name), what, "");
                    }
                    let each = values.iter().map(|(name, value)| {
                        (Arc::from(name.as_str()), Arc::from(value.to_string()))
                    });
                    OnFail::Default(each.collect())
                }
                _ => {
                    let remedy = "write error, omit or `{ default: { member: … } }`";
                    self.wrong(
                        &at,
                        format!("`{value}` is no answer to a text that does not fit"),
                        remedy,
                    );
                    continue;
                }
            };
            if let Some(way) = found.get_mut(usize::from(direction == Direction::Down)) {
                *way = on_fail;
            }
        }
        found
    }

    /// L11: the version that declares the member gets it made of the other's members.
    fn compute(&mut self, said: &Said<'a>, sides: &Sides, rules: &mut Rules) {
        self.known_keys(said.options, &said.at, &["template", "first_of"]);
        let path = [said.name.to_owned()];
        let up = sides.new.declares(&path) || !sides.old.declares(&path);
        let (has, sent) = if up { (&sides.new, &sides.old) } else { (&sides.old, &sides.new) };
        self.must_have(has, &path, &said.at);
        let source = match (said.options.get("template"), said.options.get("first_of")) {
            (Some(text), None) => {
                let at = said.at.join("template");
                let Some(text) = self.text(text, &at) else { return };
                match Template::parse(text) {
                    Ok(template) => {
                        for name in template.names() {
                            self.must_have(sent, &[name.to_owned()], &at);
                        }
                        Computed::Template(template)
                    }
                    Err(what) => {
                        self.wrong(&at, what, "");
                        return;
                    }
                }
            }
            (None, Some(Value::Array(names))) => {
                let at = said.at.join("first_of");
                let mut found = Vec::new();
                for name in names {
                    let Some(name) = self.text(name, &at) else { return };
                    self.must_have(sent, &[name.to_owned()], &at);
                    found.push(Arc::from(name));
                }
                Computed::FirstOf(found)
            }
            _ => {
                let what = format!("`{}` needs either `template` or `first_of`", said.name);
                self.wrong(
                    &said.at,
                    what,
                    "write `template: \"{first} {last}\"` or `first_of: [a, b]`",
                );
                return;
            }
        };
        let name: Arc<str> = said.name.into();
        let text = format!("compute `{name}`");
        let way = Some(Way::new("L11", text, Transform::Compute(Compute { name, source })));
        let (rule, back) = if up {
            (TransformRule::whole(way, None), Direction::Down)
        } else {
            (TransformRule::whole(None, way), Direction::Up)
        };
        rules.transforms.push(rule);
        let member = said.name.to_owned();
        rules.on_extra.push(For { direction: back, side: None, member, policy: OnExtra::Drop });
    }
}
