//! Whether a value is valid for a schema in the arena: yes, no, or not for this form to say.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jsonschema::PatternOptions;
use serde_json::{Map, Number, Value, json};

use super::around::Around;
use super::node::{Arena, Arrays, Id, Keywords, Limit, Numbers, Objects, Types};

/// How deep a value is looked at in one question; recursion without descent ends here too.
pub(super) const DEPTH: u32 = 100;

/// Regular expressions as the validator reads them, compiled once.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    known: HashMap<Arc<str>, Option<jsonschema::Validator>>,
    /// What the linear-time engine does not take.
    around: HashMap<Arc<str>, Around>,
    answers: HashMap<(Arc<str>, Arc<str>), Option<bool>>,
}

/// How many answers about names are kept.
const ANSWERS: usize = 65_536;

impl Patterns {
    /// Whether a text matches; `None` where nobody can tell.
    pub(crate) fn matches(&mut self, pattern: &Arc<str>, text: &str) -> Option<bool> {
        let compiled = self.known.entry(Arc::clone(pattern)).or_insert_with(|| {
            let schema = json!({"pattern": &**pattern});
            catch_unwind(AssertUnwindSafe(|| {
                jsonschema::options()
                    .with_draft(jsonschema::Draft::Draft202012)
                    .with_pattern_options(PatternOptions::regex())
                    .build(&schema)
                    .ok()
            }))
            .ok()
            .flatten()
        });
        if let Some(validator) = compiled {
            return Some(validator.is_valid(&Value::String(text.to_owned())));
        }
        let around = self.around.entry(Arc::clone(pattern));
        around.or_insert_with(|| Around::new(pattern)).matches(text)
    }

    /// The same for a member name, remembered.
    pub(crate) fn name_matches(&mut self, pattern: &Arc<str>, name: &Arc<str>) -> Option<bool> {
        let key = (Arc::clone(pattern), Arc::clone(name));
        if let Some(answer) = self.answers.get(&key) {
            return *answer;
        }
        let answer = self.matches(pattern, name);
        if self.answers.len() < ANSWERS {
            self.answers.insert(key, answer);
        }
        answer
    }
}

/// Exact order of two JSON numbers, whatever their representation.
pub(crate) fn compare(left: &Number, right: &Number) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(left), None) => compare_mixed(left, right.as_f64().unwrap_or(f64::NAN)),
        (None, Some(right)) => compare_mixed(right, left.as_f64().unwrap_or(f64::NAN)).reverse(),
        (None, None) => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// A number as an integer, when it is one that fits.
pub(crate) fn integer(number: &Number) -> Option<i128> {
    if let Some(small) = number.as_i64() {
        return Some(i128::from(small));
    }
    if let Some(big) = number.as_u64() {
        return Some(i128::from(big));
    }
    let float = number.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "integral and within 2^120, so exact")]
    (float.fract() == 0.0 && float.abs() < 2f64.powi(120)).then_some(float as i128)
}

fn compare_mixed(whole: i128, float: f64) -> Ordering {
    let floor = float.floor();
    if floor >= 2f64.powi(120) {
        return Ordering::Less;
    }
    if floor <= -(2f64.powi(120)) {
        return Ordering::Greater;
    }
    #[expect(clippy::cast_possible_truncation, reason = "an integral float within 2^120 is exact")]
    let below = floor as i128;
    match whole.cmp(&below) {
        Ordering::Equal if float > floor => Ordering::Less,
        order => order,
    }
}

/// Equality of JSON values, numbers by value.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare(left, right) == Ordering::Equal,
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, value)| right.get(name).is_some_and(|other| equal(value, other)))
        }
        _ => left == right,
    }
}

impl Limit {
    /// Whether a number is not below this lower limit.
    pub(crate) fn under(&self, number: &Number) -> bool {
        match compare(&self.value, number) {
            Ordering::Less => true,
            Ordering::Equal => !self.exclusive,
            Ordering::Greater => false,
        }
    }

    /// Whether a number is not above this upper limit.
    pub(crate) fn over(&self, number: &Number) -> bool {
        match compare(&self.value, number) {
            Ordering::Greater => true,
            Ordering::Equal => !self.exclusive,
            Ordering::Less => false,
        }
    }
}

impl Numbers {
    /// Takes over a lower limit if it is the stricter one.
    pub(crate) fn raise(&mut self, limit: Limit) {
        let stricter =
            self.least.as_ref().is_none_or(|had| match compare(&limit.value, &had.value) {
                Ordering::Greater => true,
                Ordering::Equal => limit.exclusive,
                Ordering::Less => false,
            });
        if stricter {
            self.least = Some(limit);
        }
    }

    /// Takes over an upper limit if it is the stricter one.
    pub(crate) fn lower(&mut self, limit: Limit) {
        let stricter =
            self.most.as_ref().is_none_or(|had| match compare(&limit.value, &had.value) {
                Ordering::Less => true,
                Ordering::Equal => limit.exclusive,
                Ordering::Greater => false,
            });
        if stricter {
            self.most = Some(limit);
        }
    }

    fn admit(&self, number: &Number) -> Option<bool> {
        if self.least.as_ref().is_some_and(|limit| !limit.under(number))
            || self.most.as_ref().is_some_and(|limit| !limit.over(number))
        {
            return Some(false);
        }
        let mut sure = true;
        for divisor in &self.multiples {
            match (integer(number), integer(divisor)) {
                (Some(number), Some(divisor)) if divisor != 0 => {
                    if number % divisor != 0 {
                        return Some(false);
                    }
                }
                // Large integers are rounded before they are divided by a fraction, which is the validator's to do.
                _ => match divides(divisor, number) {
                    Some(true) => {}
                    Some(false) => return Some(false),
                    None => sure = false,
                },
            }
        }
        sure.then_some(true)
    }
}

/// Decimal places beyond which a number is left to the validator.
const PLACES: u32 = 15;
/// Absolute values beyond which a number is left to the validator.
pub(crate) const LARGEST: i128 = 1 << 90;

/// A number as an integer in units of ten to the minus some places; `None` where that takes too many digits.
pub(crate) fn decimal(number: &Number) -> Option<(i128, u32)> {
    if let Some(whole) = number.as_i64() {
        return Some((i128::from(whole), 0));
    }
    if let Some(whole) = number.as_u64() {
        return Some((i128::from(whole), 0));
    }
    let text = number.to_string();
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text.as_str(), 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut units: i128 = format!("{whole}{fraction}").parse().ok()?;
    let mut places = i32::try_from(fraction.len()).ok()? - exponent;
    while places < 0 {
        units = units.checked_mul(10).filter(|units| units.abs() < LARGEST)?;
        places += 1;
    }
    while places > 0 && units % 10 == 0 {
        units /= 10;
        places -= 1;
    }
    let places = u32::try_from(places).ok().filter(|places| *places <= PLACES)?;
    (units.abs() < LARGEST).then_some((units, places))
}

/// Whether a divisor divides a number, by their decimal digits; `None` for digits too many or integers too large.
fn divides(divisor: &Number, number: &Number) -> Option<bool> {
    let ((by, by_places), (of, of_places)) = (decimal(divisor)?, decimal(number)?);
    if by == 0 || of.abs() > 1 << 53 {
        return None;
    }
    let scale = |units: i128, places: u32, other: u32| {
        units.checked_mul(10i128.checked_pow(other.saturating_sub(places))?)
    };
    Some(scale(of, of_places, by_places)? % scale(by, by_places, of_places)? == 0)
}

/// Three-valued conjunction.
pub(super) fn and(left: Option<bool>, right: impl FnOnce() -> Option<bool>) -> Option<bool> {
    match left {
        Some(false) => Some(false),
        Some(true) => right(),
        None => {
            if right() == Some(false) {
                Some(false)
            } else {
                None
            }
        }
    }
}

/// Whether the kind and the listed values allow a value.
fn own(arena: &Arena, (schema, node): (Id, &Keywords), value: &Value) -> bool {
    let listed = node.values.as_ref().is_none_or(|values| {
        let long = arena.lists(schema, value);
        long.unwrap_or_else(|| values.iter().any(|one| equal(one, value)))
    });
    listed && node.types.meets(Types::of(value))
}

/// Looks at values through an arena.
pub(crate) struct Judge<'a> {
    pub(crate) arena: &'a Arena,
    pub(crate) patterns: &'a mut Patterns,
    /// Schemas that may still be looked at: branches inside branches are looked at again and again.
    pub(crate) left: u32,
}

impl Judge<'_> {
    /// How many schemas one question may look at.
    pub(crate) const LOOKS: u32 = 30_000;

    /// Whether the value is valid for the schema.
    pub(crate) fn accepts(&mut self, schema: Id, value: &Value) -> Option<bool> {
        self.look(schema, value, 0)
    }

    pub(super) fn look(&mut self, schema: Id, value: &Value, depth: u32) -> Option<bool> {
        if depth > DEPTH || self.left == 0 {
            return None;
        }
        self.left -= 1;
        let node = self.arena.node(schema);
        if !own(self.arena, (schema, &node), value) {
            return Some(false);
        }
        let parts = self.family(&node, value, depth);
        if parts == Some(false) {
            return parts;
        }
        let composed = and(parts, || self.composed(&node, value, depth));
        if node.odd.is_some() && composed == Some(true) {
            return None;
        }
        // What is left over is known only where all else is.
        match composed {
            Some(true) => self.left_over(&node, value, depth),
            other => other,
        }
    }

    fn family(&mut self, node: &Keywords, value: &Value, depth: u32) -> Option<bool> {
        match value {
            Value::Number(number) => node.numbers.admit(number),
            Value::String(text) => {
                let length = text.chars().count() as u64;
                if length < node.texts.least || node.texts.most.is_some_and(|most| length > most) {
                    return Some(false);
                }
                let mut answer = Some(true);
                for pattern in &node.texts.patterns {
                    answer = and(answer, || self.patterns.matches(pattern, text));
                }
                answer
            }
            Value::Array(items) => self.array(&node.arrays, items, depth),
            Value::Object(members) => self.object(&node.objects, members, depth),
            Value::Null | Value::Bool(_) => Some(true),
        }
    }

    fn array(&mut self, arrays: &Arrays, items: &[Value], depth: u32) -> Option<bool> {
        let count = items.len() as u64;
        if count < arrays.least || arrays.most.is_some_and(|most| count > most) {
            return Some(false);
        }
        if arrays.unique && has_twins(items) {
            return Some(false);
        }
        let mut answer = Some(true);
        if let Some(row) = &arrays.row {
            for (index, item) in items.iter().enumerate() {
                let Some(schema) = row.first.get(index).copied().or(row.rest) else { continue };
                answer = and(answer, || self.look(schema, item, depth + 1));
                if answer == Some(false) {
                    return answer;
                }
            }
        }
        let Some(contains) = &arrays.contains else { return answer };
        let (mut sure, mut maybe) = (0, 0);
        for item in items {
            match self.look(contains.schema, item, depth + 1) {
                Some(true) => sure += 1,
                Some(false) => {}
                None => maybe += 1,
            }
        }
        if sure + maybe < contains.least || contains.most.is_some_and(|most| sure > most) {
            return Some(false);
        }
        let decided =
            sure >= contains.least && contains.most.is_none_or(|most| sure + maybe <= most);
        and(answer, || decided.then_some(true))
    }

    fn object(
        &mut self,
        objects: &Objects,
        members: &Map<String, Value>,
        depth: u32,
    ) -> Option<bool> {
        let count = members.len() as u64;
        if count < objects.least
            || objects.most.is_some_and(|most| count > most)
            || objects.required.iter().any(|name| !members.contains_key(&**name))
        {
            return Some(false);
        }
        let mut answer = Some(true);
        for (name, value) in members {
            answer = and(answer, || self.member(objects, (name, value), depth));
            if answer == Some(false) {
                return answer;
            }
        }
        answer
    }

    fn member(
        &mut self,
        objects: &Objects,
        (name, value): (&str, &Value),
        depth: u32,
    ) -> Option<bool> {
        let mut answer = Some(true);
        if let Some(names) = objects.names {
            answer = self.look(names, &Value::String(name.to_owned()), depth + 1);
        }
        let Some(layer) = &objects.layer else { return answer };
        let mut declared = Some(false);
        if let Some(&schema) = layer.named.get(name) {
            declared = Some(true);
            answer = and(answer, || self.look(schema, value, depth + 1));
        }
        for (pattern, schema) in &layer.patterned {
            match self.patterns.matches(pattern, name) {
                Some(true) => {
                    declared = Some(true);
                    answer = and(answer, || self.look(*schema, value, depth + 1));
                }
                Some(false) => {}
                None => {
                    declared = if declared == Some(true) { declared } else { None };
                    answer = and(answer, || None);
                }
            }
        }
        match (declared, layer.rest) {
            (Some(false), Some(rest)) => and(answer, || self.look(rest, value, depth + 1)),
            (None, Some(_)) => and(answer, || None),
            _ => answer,
        }
    }

    fn composed(&mut self, node: &Keywords, value: &Value, depth: u32) -> Option<bool> {
        let mut answer = Some(true);
        for &part in &node.all {
            answer = and(answer, || self.look(part, value, depth + 1));
        }
        if let Some(branches) = &node.any {
            answer = and(answer, || {
                let (sure, maybe) = self.count(branches, value, depth);
                if sure > 0 {
                    Some(true)
                } else if maybe > 0 {
                    None
                } else {
                    Some(false)
                }
            });
        }
        if let Some(branches) = &node.one {
            answer = and(answer, || {
                let (sure, maybe) = self.count(branches, value, depth);
                match (sure, maybe) {
                    (1, 0) => Some(true),
                    (0, 0) | (2.., _) => Some(false),
                    _ => None,
                }
            });
        }
        for &barred in &node.not {
            answer = and(answer, || self.look(barred, value, depth + 1).map(|valid| !valid));
        }
        if let Some(conditional) = &node.conditional {
            answer = and(answer, || match self.look(conditional.when, value, depth + 1) {
                Some(true) => self.look(conditional.then, value, depth + 1),
                Some(false) => self.look(conditional.otherwise, value, depth + 1),
                None => None,
            });
        }
        if let Value::Object(members) = value {
            for (name, demand) in &node.dependent {
                if members.contains_key(&**name) {
                    answer = and(answer, || self.look(*demand, value, depth + 1));
                }
            }
        }
        answer
    }

    fn count(&mut self, branches: &[Id], value: &Value, depth: u32) -> (u32, u32) {
        let (mut sure, mut maybe) = (0, 0);
        for &branch in branches {
            match self.look(branch, value, depth + 1) {
                Some(true) => sure += 1,
                Some(false) => {}
                None => maybe += 1,
            }
        }
        (sure, maybe)
    }
}

/// A text that two values share just if they are equal.
pub(crate) fn text_of(value: &Value) -> String {
    let mut text = String::new();
    write_text(value, &mut text);
    text
}

fn write_text(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => match integer(number) {
            Some(whole) => text.push_str(&whole.to_string()),
            None => text.push_str(&number.to_string()),
        },
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_text(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (name, inner) in members {
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                write_text(inner, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}

/// Whether two items are equal.
pub(crate) fn has_twins(items: &[Value]) -> bool {
    items
        .iter()
        .enumerate()
        .any(|(index, item)| items.iter().skip(index + 1).any(|other| equal(item, other)))
}
