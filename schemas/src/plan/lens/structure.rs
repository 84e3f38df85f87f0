//! The verbs that give an object another build: `wrap`, `unwrap`, `envelope`, `tag_union`, `case`.

use serde_json::Value;

use crate::plan::program::Literal;
use crate::plan::transform::{Envelope, Gathered, Retag, TagForm, Transform};
use crate::pointer::Pointer;

use super::case::Case;
use super::model::{CaseRule, Loses, Rules, TransformRule, Way};
use super::read::Reader;
use super::target::{Places, Sides};

/// The verbs that are read here.
pub(super) const VERBS: [&str; 5] = ["wrap", "unwrap", "envelope", "tag_union", "case"];

impl<'a> Reader<'a> {
    /// Reads one of [`VERBS`] into the rules.
    pub(super) fn structure(
        &mut self,
        verb: &str,
        value: &'a Value,
        (sides, at): (&Sides, &Pointer),
        rules: &mut Rules,
    ) {
        match verb {
            "wrap" | "unwrap" => self.wraps(verb == "wrap", value, (sides, at), rules),
            "envelope" => rules.transforms.extend(self.envelope(value, sides, at)),
            "tag_union" => rules.transforms.extend(self.tag_union(value, at)),
            _ => rules.cases.extend(self.case(value, sides, at)),
        }
    }

    /// L3: `{ whole: [part, …] }`, or `{ whole: { parts: …, null: parts | absent } }`.
    fn wraps(
        &mut self,
        wrap: bool,
        value: &'a Value,
        (sides, at): (&Sides, &Pointer),
        rules: &mut Rules,
    ) {
        let (outer, inner) = if wrap { (&sides.old, &sides.new) } else { (&sides.new, &sides.old) };
        for (whole, value) in self.members(value, at).into_iter().flatten() {
            let at = at.join(whole);
            let (parts, at_parts, nulls) = match value.as_object() {
                Some(options) if options.contains_key("parts") => {
                    self.known_keys(options, &at, &["parts", "null"]);
                    let words = [("parts", true), ("absent", false)];
                    let nulls = options
                        .get("null")
                        .and_then(|value| self.word(value, &at.join("null"), &words));
                    (
                        options.get("parts").unwrap_or(value),
                        at.join("parts"),
                        nulls.unwrap_or(false),
                    )
                }
                _ => (value, at.clone(), false),
            };
            let parts = self.parts(parts, wrap, &at_parts);
            if parts.is_empty() {
                self.wrong(&at, format!("`{whole}` has no parts"), "write `[a, b]`");
            }
            for (outside, inside) in &parts {
                self.must_have(outer, std::slice::from_ref(outside), &at_parts);
                self.must_have(inner, &[whole.clone(), inside.clone()], &at_parts);
            }
            let names = parts.iter().map(|(outside, _)| format!("`{outside}`"));
            let names = names.collect::<Vec<_>>().join(", ");
            let rule = Gathered { whole: whole.clone(), parts, nulls };
            let gather = Way::new(
                "L3",
                format!("put {names} into `{whole}`"),
                Transform::Gather(rule.clone()),
            );
            let mut scatter =
                Way::new("L3", format!("take {names} out of `{whole}`"), Transform::Scatter(rule));
            scatter.loses = Loses::Sometimes;
            let (up, down) = if wrap { (gather, scatter) } else { (scatter, gather) };
            rules.transforms.push(TransformRule::whole(Some(up), Some(down)));
        }
    }

    /// Names outside and inside: a list where they are the same, else `{ old: new }`.
    fn parts(&mut self, value: &'a Value, wrap: bool, at: &Pointer) -> Vec<(String, String)> {
        if let Value::Array(names) = value {
            let mut parts = Vec::new();
            for (index, name) in names.iter().enumerate() {
                let name = self.text(name, &at.join(&index.to_string()));
                parts.extend(name.map(|name| (name.to_owned(), name.to_owned())));
            }
            return parts;
        }
        let pairs = self.pairs(value, at).into_iter();
        pairs
            .map(|(old, new, _)| {
                let (old, new) = (old.to_owned(), new.to_owned());
                if wrap { (old, new) } else { (new, old) }
            })
            .collect()
    }

    /// L16: `data`, or `{ member: data, with: { … }, link: { relation: member }, in: new | old }`.
    fn envelope(&mut self, value: &'a Value, sides: &Sides, at: &Pointer) -> Option<TransformRule> {
        let (member, options, newer) = if let Some(member) = value.as_str() {
            (member, None, true)
        } else {
            let options = self.members(value, at)?;
            self.known_keys(options, at, &["member", "with", "link", "in"]);
            let Some(member) = options.get("member") else {
                self.wrong(at, "an envelope needs `member`".to_owned(), "write the member's name");
                return None;
            };
            let member = self.text(member, &at.join("member"))?;
            let words = [("new", true), ("old", false)];
            let newer = match options.get("in") {
                Some(value) => self.word(value, &at.join("in"), &words)?,
                None => true,
            };
            (member, Some(options), newer)
        };
        let has = if newer { &sides.new } else { &sides.old };
        self.must_have(has, &[member.to_owned()], at);
        let mut beside: Vec<(String, Literal)> = Vec::new();
        if let Some(with) = options.and_then(|options| options.get("with")) {
            let at = at.join("with");
            for (name, value) in self.members(with, &at).into_iter().flatten() {
                self.must_have(has, std::slice::from_ref(name), &at.join(name));
                beside.push((name.clone(), value.to_string().into()));
            }
        }
        let mut links: Vec<(String, String)> = Vec::new();
        if let Some(link) = options.and_then(|options| options.get("link")) {
            for (relation, name, at) in self.pairs(link, &at.join("link")) {
                self.must_have(has, &[name.to_owned()], &at);
                links.push((relation.to_ascii_lowercase(), name.to_owned()));
            }
        }
        let rule = Envelope { member: member.to_owned(), beside, links };
        let text = format!("put the value into `{member}`");
        let mut put = Way::new("L16", text, Transform::Envelop(rule.clone()));
        put.takes_null = true;
        let text = format!("take the value out of `{member}`");
        let mut take = Way::new("L16", text, Transform::Open(rule));
        take.loses = Loses::Sometimes;
        let (up, down) = if newer { (put, take) } else { (take, put) };
        Some(TransformRule::whole(Some(up), Some(down)))
    }

    /// L14: `{ tag, variants, old, new, keep }`.
    fn tag_union(&mut self, value: &'a Value, at: &Pointer) -> Option<TransformRule> {
        let options = self.members(value, at)?;
        self.known_keys(options, at, &["tag", "variants", "old", "new", "keep"]);
        let words =
            [("presence", TagForm::Presence), ("nested", TagForm::Nested), ("flat", TagForm::Flat)];
        let form = |reader: &mut Self, key: &str| {
            if let Some(value) = options.get(key) {
                reader.word(value, &at.join(key), &words)
            } else {
                let remedy = format!("write `{key}:` and presence, nested or flat");
                reader.wrong(at, format!("a tag union needs `{key}`"), remedy);
                None
            }
        };
        let (old, new) = (form(self, "old"), form(self, "new"));
        let tag = if let Some(tag) = options.get("tag") {
            self.text(tag, &at.join("tag"))
        } else {
            self.wrong(at, "a tag union needs `tag`".to_owned(), "write the tag's name");
            None
        };
        let variants = match options.get("variants") {
            Some(value) => self.parts(value, true, &at.join("variants")),
            None => Vec::new(),
        };
        if variants.is_empty() {
            let remedy = "write `[card, bank]`, or `{ tag value: member }`";
            self.wrong(at, "a tag union needs `variants`".to_owned(), remedy);
        }
        for (index, (value, member)) in variants.iter().enumerate() {
            let same = |(other, name): &(String, String)| other == value || name == member;
            if variants.iter().take(index).any(same) {
                self.wrong(&at.join("variants"), format!("`{value}` is there twice"), "");
            }
        }
        let keep = match options.get("keep") {
            Some(value) => self.parts(value, true, &at.join("keep")),
            None => Vec::new(),
        };
        let (old, new, tag) = (old?, new?, tag?.to_owned());
        let keep: Vec<String> = keep.into_iter().map(|(name, _)| name).collect();
        let way = |from, to| {
            let (tag, variants, keep) = (tag.clone(), variants.clone(), keep.clone());
            let text = format!("tell variants apart {}", words_for(to, &tag));
            let rule = Retag { from, to, tag, variants, keep };
            let mut way = Way::new("L14", text, Transform::Retag(rule));
            way.loses = Loses::Sometimes;
            Some(way)
        };
        Some(TransformRule::whole(way(old, new), way(new, old)))
    }

    /// L23: `{ from: snake, to: camel }`: members that are declared below the target in the old version.
    fn case(&mut self, value: &'a Value, sides: &Sides, at: &Pointer) -> Option<CaseRule> {
        let options = self.members(value, at)?;
        self.known_keys(options, at, &["from", "to"]);
        let case = |reader: &mut Self, key: &str| {
            if let Some(value) = options.get(key) {
                reader.word(value, &at.join(key), &Case::WORDS)
            } else {
                reader.wrong(
                    at,
                    format!("a change of case needs `{key}`"),
                    "write snake, camel, …",
                );
                None
            }
        };
        let (from, to) = (case(self, "from"), case(self, "to"));
        let (from, to) = (from?, to?);
        let mut pairs: Vec<(String, String)> = Vec::new();
        for names in sides.old.all_names() {
            let spelled: Vec<(&String, String)> =
                names.iter().map(|name| (name, from.convert(name, to))).collect();
            for (index, (name, new)) in spelled.iter().enumerate() {
                let twin = spelled.iter().take(index).find(|(_, other)| other == new);
                if let Some((other, _)) = twin {
                    let what = format!("`{other}` and `{name}` both become `{new}`");
                    self.wrong(at, what, "rename one of them in an entry of its own");
                }
                let pair = ((*name).clone(), new.clone());
                if *name != new && !pairs.contains(&pair) {
                    pairs.push(pair);
                }
            }
        }
        self.some_new(&pairs, &sides.new, at);
        Some(CaseRule { pairs })
    }

    fn some_new(&mut self, pairs: &[(String, String)], new: &Places, at: &Pointer) {
        let known: Vec<String> = new.all_names().into_iter().flatten().collect();
        if !known.is_empty() && !pairs.iter().any(|(_, name)| known.contains(name)) {
            let what = format!("no member has another name in {} by this", new.version);
            self.wrong(at, what, "look at `from`, `to` and the place");
        }
    }
}

fn words_for(form: TagForm, tag: &str) -> String {
    match form {
        TagForm::Presence => "by the member that is there".to_owned(),
        TagForm::Nested => format!("by `{tag}`, beside a member for each"),
        TagForm::Flat => format!("by `{tag}`, with its members beside it"),
    }
}
