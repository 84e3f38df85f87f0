//! The verbs that are functions of one member: `list`, `unlist`, `cast`, `scale`, `time`, `embed`, `keyed`, `group`,
//! `sort`, `filter`. Each is read once, old to new, and gives both ways.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::plan::transform::{
    Basic, Cast, Duplicate, Embed, Filter, Form, Group, Keyed, KeyedWay, List, Moment, OnPrecision,
    Pick, Rounding, Scale, Select, SortKey, Time, Transform,
};
use crate::pointer::Pointer;

use super::model::{Direction, Loses, OnUnfit, Rules, TransformRule, Way};
use super::nearest::remedy;
use super::read::Reader;
use super::target::Sides;

/// The verbs that are read here.
pub(super) const VERBS: [&str; 10] =
    ["list", "unlist", "cast", "scale", "time", "embed", "keyed", "group", "sort", "filter"];

/// Digits after the point that a scaled number has where nothing is said.
const PLACES: u32 = 12;

/// A member with the options that stand for it, and where they stand.
pub(super) struct Said<'a> {
    pub(super) name: &'a str,
    pub(super) options: &'a Map<String, Value>,
    pub(super) at: Pointer,
}

impl<'a> Reader<'a> {
    /// Reads one of [`VERBS`] into the rules.
    pub(super) fn function(
        &mut self,
        verb: &str,
        value: &'a Value,
        (sides, at): (&Sides, &Pointer),
        rules: &mut Rules,
    ) {
        if matches!(verb, "list" | "unlist") {
            self.lists(verb, value, (sides, at), rules);
            return;
        }
        for (name, value) in self.members(value, at).into_iter().flatten() {
            let at = at.join(name);
            self.either_has(sides, name, &at);
            let Some(options) = self.members(value, &at) else { continue };
            let said = Said { name, options, at };
            let rule = match verb {
                "cast" => self.cast(&said, sides),
                "scale" => self.scale(&said, sides),
                "time" => self.time(&said),
                "embed" => self.embed(&said),
                "keyed" => self.keyed(&said),
                "group" => self.group(&said),
                _ => Some(self.selected(verb, &said)),
            };
            rules.transforms.extend(rule);
        }
    }

    /// One of a few words; reports another.
    pub(super) fn word<T: Copy>(
        &mut self,
        value: &'a Value,
        at: &Pointer,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(value, at)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known = words.iter().map(|(word, _)| *word);
            self.wrong(at, format!("`{text}` is not known here"), remedy(text, known));
        }
        found.map(|(_, meant)| *meant)
    }

    /// An option that is one of a few words; reports it when it is missing.
    fn needed<T: Copy>(&mut self, said: &Said<'a>, key: &str, words: &[(&str, T)]) -> Option<T> {
        let Some(value) = said.options.get(key) else {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let what = format!("`{}` has no `{key}`", said.name);
            self.wrong(&said.at, what, format!("write `{key}:` and one of {}", all.join(", ")));
            return None;
        };
        self.word(value, &said.at.join(key), words)
    }

    fn optional<T: Copy>(&mut self, said: &Said<'a>, key: &str, words: &[(&str, T)]) -> Option<T> {
        let value = said.options.get(key)?;
        self.word(value, &said.at.join(key), words)
    }

    /// `on_fail`: what becomes of values that the function does not take, up and down.
    fn on_fail(&mut self, said: &Said<'a>) -> [Option<OnUnfit>; 2] {
        let Some(value) = said.options.get("on_fail") else { return [None, None] };
        let at = said.at.join("on_fail");
        let split = value.as_object().is_some_and(|one| !one.contains_key("default"));
        if !split {
            let both = self.unfit(value, &at);
            return [both.clone(), both];
        }
        let mut found = [None, None];
        for (direction, value, at) in self.directions(value, &at) {
            let place = usize::from(direction == Direction::Down);
            if let Some(way) = found.get_mut(place) {
                *way = self.unfit(value, &at);
            }
        }
        found
    }

    fn unfit(&mut self, value: &'a Value, at: &Pointer) -> Option<OnUnfit> {
        Some(match (value.as_str(), value.get("default")) {
            (Some("error"), _) => OnUnfit::Error,
            (Some("keep"), _) => OnUnfit::Keep,
            (Some("omit"), _) => OnUnfit::Omit,
            (Some("null"), _) => OnUnfit::Default("null".into()),
            (_, Some(value)) => OnUnfit::Default(value.to_string().into()),
            _ => {
                let remedy = "write error, keep, omit, null or `{ default: … }`";
                self.wrong(
                    at,
                    format!("`{value}` is no answer to a value that does not fit"),
                    remedy,
                );
                return None;
            }
        })
    }

    /// A function and the one that undoes it.
    fn both(
        &mut self,
        said: &Said<'a>,
        rule: &'static str,
        (up, down): ((String, Transform), (String, Transform)),
    ) -> TransformRule {
        let [up_fails, down_fails] = self.on_fail(said);
        let way = |(text, transform): (String, Transform), otherwise| Way {
            loses: Loses::Sometimes,
            otherwise,
            ..Way::new(rule, text, transform)
        };
        TransformRule::member(said.name, Some(way(up, up_fails)), Some(way(down, down_fails)))
    }

    fn lists(
        &mut self,
        verb: &str,
        value: &'a Value,
        (sides, at): (&Sides, &Pointer),
        rules: &mut Rules,
    ) {
        for (name, value) in self.members(value, at).into_iter().flatten() {
            let at = at.join(name);
            let empty = Map::new();
            let (new, pick, null) = if let Value::String(new) = value {
                (new.as_str(), Pick::First, true)
            } else {
                let Some(options) = self.members(value, &at) else { continue };
                self.known_keys(options, &at, &["to", "pick", "empty", "on_fail"]);
                let said = Said { name, options, at: at.clone() };
                let new = options.get("to").and_then(|to| self.text(to, &at.join("to")));
                let picks = [("first", Pick::First), ("last", Pick::Last), ("only", Pick::Only)];
                let pick = self.optional(&said, "pick", &picks).unwrap_or(Pick::First);
                let null = self.optional(&said, "empty", &[("null", true), ("error", false)]);
                (new.unwrap_or(name), pick, null.unwrap_or(true))
            };
            self.must_have(&sides.old, std::slice::from_ref(name), &at);
            self.must_have(&sides.new, &[new.to_owned()], &at);
            if new != name {
                rules.renames.push((name.clone(), new.to_owned()));
            }
            let options = value.as_object().unwrap_or(&empty);
            let [up_fails, down_fails] = if options.contains_key("on_fail") {
                match value.as_object() {
                    Some(options) => self.on_fail(&Said { name, options, at }),
                    None => [None, None],
                }
            } else {
                [None, None]
            };
            let of = |otherwise| Way {
                loses: Loses::Sometimes,
                otherwise,
                takes_null: null,
                ..Way::new(
                    "L4",
                    format!("make a list of `{name}`"),
                    Transform::List(List::Of { null_is_empty: null }),
                )
            };
            let which = match pick {
                Pick::First => "first",
                Pick::Last => "last",
                Pick::Only => "only",
            };
            let one = |otherwise| Way {
                loses: Loses::Sometimes,
                otherwise,
                ..Way::new(
                    "L4",
                    format!("take the {which} of `{new}`"),
                    Transform::List(List::One { pick, null_is_empty: null }),
                )
            };
            let (up, down) = if verb == "list" {
                (of(up_fails), one(down_fails))
            } else {
                (one(up_fails), of(down_fails))
            };
            rules.transforms.push(TransformRule::member(name, Some(up), Some(down)));
        }
    }

    fn cast(&mut self, said: &Said<'a>, sides: &Sides) -> Option<TransformRule> {
        self.known_keys(said.options, &said.at, &["from", "to", "on_fail"]);
        let words = [
            ("string", Basic::String),
            ("number", Basic::Number),
            ("boolean", Basic::Boolean),
            ("integer", Basic::Number),
        ];
        let from = self.needed(said, "from", &words);
        let to = self.needed(said, "to", &words);
        let (from, to) = (from?, to?);
        let path = [said.name.to_owned()];
        let says = |key: &str| said.options.get(key).is_some_and(|word| word == "integer");
        let whole = says("from")
            || says("to")
            || (from == Basic::Number && sides.old.is_integer(&path))
            || (to == Basic::Number && sides.new.is_integer(&path));
        let name = said.name;
        let text = |basic: Basic| match basic {
            Basic::String => format!("write `{name}` as a string"),
            Basic::Number => format!("write `{name}` as a number"),
            Basic::Boolean => format!("write `{name}` as a boolean"),
        };
        let cast = |from, to| (text(to), Transform::Cast(Cast { from, to, whole }));
        Some(self.both(said, "L7", (cast(from, to), cast(to, from))))
    }

    fn scale(&mut self, said: &Said<'a>, sides: &Sides) -> Option<TransformRule> {
        self.known_keys(said.options, &said.at, &["by", "on_precision", "places", "on_fail"]);
        let Some(by) = said.options.get("by") else {
            let what = format!("`{}` has no `by`", said.name);
            self.wrong(&said.at, what, "write `by: 100` or `by: 1/100`");
            return None;
        };
        let Some((times, over)) = fraction(by) else {
            let what = format!("`{by}` is no fraction");
            self.wrong(
                &said.at.join("by"),
                what,
                "write a positive number or two of them, as `\"1/100\"`",
            );
            return None;
        };
        let words = [
            ("half-even", OnPrecision::Round(Rounding::HalfEven)),
            ("half-up", OnPrecision::Round(Rounding::HalfUp)),
            ("down", OnPrecision::Round(Rounding::Down)),
            ("up", OnPrecision::Round(Rounding::Up)),
            ("floor", OnPrecision::Round(Rounding::Floor)),
            ("ceiling", OnPrecision::Round(Rounding::Ceiling)),
            ("error", OnPrecision::Error),
        ];
        let on_precision = self
            .optional(said, "on_precision", &words)
            .unwrap_or(OnPrecision::Round(Rounding::HalfEven));
        let path = [said.name.to_owned()];
        let unsaid = |whole: bool| if whole { 0 } else { PLACES };
        let mut places = [unsaid(sides.new.is_integer(&path)), unsaid(sides.old.is_integer(&path))];
        if let Some(value) = said.options.get("places") {
            let at = said.at.join("places");
            for (direction, value, at) in self.directions(value, &at) {
                let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
                let Some(count) = count.filter(|count| *count <= 100) else {
                    self.wrong(&at, format!("`{value}` is no number of digits"), "write 0 to 100");
                    continue;
                };
                if let Some(place) = places.get_mut(usize::from(direction == Direction::Down)) {
                    *place = count;
                }
            }
        }
        let [up, down] = places;
        let name = said.name;
        let scale = |times, over, places| {
            let text = if over == 1 { format!("{times}") } else { format!("{times}/{over}") };
            (
                format!("multiply `{name}` by {text}"),
                Transform::Scale(Scale { times, over, places, on_precision }),
            )
        };
        Some(self.both(said, "L8", (scale(times, over, up), scale(over, times, down))))
    }

    fn time(&mut self, said: &Said<'a>) -> Option<TransformRule> {
        self.known_keys(said.options, &said.at, &["from", "to", "zone", "digits", "on_fail"]);
        let mut offset = 0;
        if let Some(value) = said.options.get("zone") {
            let at = said.at.join("zone");
            let text = self.text(value, &at)?;
            let Some(found) = Moment::offset(text) else {
                let remedy = "write Z, or hours and minutes as `+02:00`; names of zones need a table that changes";
                self.wrong(&at, format!("`{text}` is no offset"), remedy);
                return None;
            };
            offset = found;
        }
        let digits = match said.options.get("digits") {
            None => None,
            Some(value) => {
                let count = value.as_u64().and_then(|count| u8::try_from(count).ok());
                if count.is_none_or(|count| count > 9) {
                    let at = said.at.join("digits");
                    self.wrong(&at, format!("`{value}` is no number of digits"), "write 0 to 9");
                    return None;
                }
                count
            }
        };
        let words = [
            ("epoch-s", Moment::Epoch { power: 0 }),
            ("epoch-ms", Moment::Epoch { power: 3 }),
            ("epoch-us", Moment::Epoch { power: 6 }),
            ("epoch-ns", Moment::Epoch { power: 9 }),
            ("date-time", Moment::DateTime { offset, digits }),
            ("date", Moment::Date { offset }),
        ];
        let from = self.needed(said, "from", &words);
        let to = self.needed(said, "to", &words);
        let (from, to) = (from?, to?);
        let name = said.name;
        let word = |key: &str| said.options.get(key).and_then(Value::as_str).unwrap_or_default();
        let (old, new) = (word("from"), word("to"));
        let time = |from, to, word: &str| {
            (format!("write `{name}` as {word}"), Transform::Time(Time { from, to }))
        };
        Some(self.both(said, "L9", (time(from, to, new), time(to, from, old))))
    }

    fn embed(&mut self, said: &Said<'a>) -> Option<TransformRule> {
        self.known_keys(said.options, &said.at, &["from", "to", "on_fail"]);
        let words = [
            ("json", Form::Json),
            ("text", Form::Text),
            ("base64", Form::Base64),
            ("base64url", Form::Base64Url),
        ];
        let from = self.needed(said, "from", &words);
        let to = self.needed(said, "to", &words);
        let (from, to) = (from?, to?);
        let name = said.name;
        let word = |key: &str| said.options.get(key).and_then(Value::as_str).unwrap_or_default();
        let (old, new) = (word("from"), word("to"));
        let embed = |from, to, word: &str| {
            (format!("write `{name}` as {word}"), Transform::Embed(Embed { from, to }))
        };
        Some(self.both(said, "L24", (embed(from, to, new), embed(to, from, old))))
    }

    fn by(&mut self, said: &Said<'a>) -> Option<Arc<str>> {
        let Some(by) = said.options.get("by") else {
            let what = format!("`{}` has no `by`", said.name);
            self.wrong(&said.at, what, "write `by:` and the member that is the key");
            return None;
        };
        self.text(by, &said.at.join("by")).map(Arc::from)
    }

    fn keyed(&mut self, said: &Said<'a>) -> Option<TransformRule> {
        self.known_keys(
            said.options,
            &said.at,
            &["from", "by", "value", "on_duplicate", "on_fail"],
        );
        let from_list = self.needed(said, "from", &[("list", true), ("map", false)]);
        let key = self.by(said);
        let value = match said.options.get("value") {
            Some(value) => Some(Arc::from(self.text(value, &said.at.join("value"))?)),
            None => None,
        };
        let words =
            [("error", Duplicate::Error), ("first", Duplicate::First), ("last", Duplicate::Last)];
        let duplicate = self.optional(said, "on_duplicate", &words).unwrap_or(Duplicate::Error);
        let (from_list, key) = (from_list?, key?);
        let name = said.name;
        let map =
            Keyed { key: Arc::clone(&key), value: value.clone(), way: KeyedWay::Map(duplicate) };
        let map = (format!("make a map of `{name}` by `{key}`"), Transform::Keyed(map));
        let list = (
            format!("make a list of `{name}` with `{key}`"),
            Transform::Keyed(Keyed { key, value, way: KeyedWay::List }),
        );
        Some(self.both(said, "L12", if from_list { (map, list) } else { (list, map) }))
    }

    fn group(&mut self, said: &Said<'a>) -> Option<TransformRule> {
        self.known_keys(said.options, &said.at, &["from", "by", "on_fail"]);
        let from_list = self.needed(said, "from", &[("list", true), ("groups", false)]);
        let by = self.by(said);
        let (from_list, by) = (from_list?, by?);
        let name = said.name;
        let flat = Group { by: Arc::clone(&by), into_groups: false };
        let flat = (format!("put the groups of `{name}` into one list"), Transform::Group(flat));
        let groups = (
            format!("group `{name}` by `{by}`"),
            Transform::Group(Group { by, into_groups: true }),
        );
        Some(self.both(said, "L13", if from_list { (groups, flat) } else { (flat, groups) }))
    }

    /// `sort` and `filter`: said for each direction, as none follows from the other.
    fn selected(&mut self, verb: &str, said: &Said<'a>) -> TransformRule {
        self.known_keys(said.options, &said.at, &["up", "down"]);
        let mut ways = [None, None];
        for (key, place) in [("up", 0), ("down", 1)] {
            let Some(value) = said.options.get(key) else { continue };
            let at = said.at.join(key);
            let select =
                if verb == "sort" { self.sort(value, &at) } else { self.filter(value, &at) };
            let text = if verb == "sort" {
                format!("sort `{}`", said.name)
            } else {
                format!("leave out items of `{}`", said.name)
            };
            if let (Some(way), Some(select)) = (ways.get_mut(place), select) {
                let loses = Loses::Sometimes;
                *way = Some(Way { loses, ..Way::new("L13", text, Transform::Select(select)) });
            }
        }
        let [up, down] = ways;
        TransformRule::member(said.name, up, down)
    }

    fn sort(&mut self, value: &'a Value, at: &Pointer) -> Option<Select> {
        let texts: Vec<&Value> =
            value.as_array().map_or_else(|| vec![value], |all| all.iter().collect());
        let mut keys = Vec::new();
        for text in texts {
            let text = self.text(text, at)?;
            let path = text.strip_prefix('-').unwrap_or(text);
            keys.push(SortKey { path: names(path), descending: text.starts_with('-') });
        }
        Some(Select::Sort(keys))
    }

    fn filter(&mut self, value: &'a Value, at: &Pointer) -> Option<Select> {
        let options = self.members(value, at)?;
        self.known_keys(options, at, &["member", "keep", "drop"]);
        let path = match options.get("member") {
            Some(member) => names(self.text(member, &at.join("member"))?),
            None => Vec::new(),
        };
        let lists = [("keep", true), ("drop", false)];
        let mut found = lists.iter().filter_map(|(key, keep)| Some((options.get(*key)?, *keep)));
        let (Some((values, keep)), None) = (found.next(), found.next()) else {
            let what = "a filter needs either `keep` or `drop`".to_owned();
            self.wrong(at, what, "write one of them with a list of values");
            return None;
        };
        let values = values.as_array().cloned().unwrap_or_else(|| vec![values.clone()]);
        if values.iter().any(|value| value.is_object() || value.is_array()) {
            self.wrong(at, "items are compared with scalars only".to_owned(), "");
            return None;
        }
        Some(Select::Filter(Filter { path, values, keep }))
    }
}

fn names(path: &str) -> Vec<Arc<str>> {
    path.split('/').filter(|name| !name.is_empty()).map(Arc::from).collect()
}

/// `100`, `0.01` or `"5/9"` as two integers without a common divisor.
fn fraction(value: &Value) -> Option<(u64, u64)> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (times, over) = text.split_once('/').unwrap_or((&text, "1"));
    let ((a, b), (c, d)) = (decimal(times.trim())?, decimal(over.trim())?);
    let (times, over) = (a.checked_mul(d)?, b.checked_mul(c)?);
    let common = divisor(times, over);
    (times > 0 && over > 0).then(|| (times / common, over / common))
}

fn decimal(text: &str) -> Option<(u64, u64)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let sound = !whole.is_empty() && digits(whole) && digits(fraction) && fraction.len() < 19;
    let power = u32::try_from(fraction.len()).ok()?;
    sound.then(|| Some((format!("{whole}{fraction}").parse().ok()?, 10_u64.checked_pow(power)?)))?
}

const fn divisor(left: u64, right: u64) -> u64 {
    if right == 0 { left } else { divisor(right, left % right) }
}
