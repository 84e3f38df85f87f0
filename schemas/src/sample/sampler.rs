//! The sampler: payloads of a schema, every one checked before it is given away.

use serde_json::Value;

use crate::schema::Schema;

use super::boundary::dedup;
use super::flat::{Facts, facts};
use super::make::Maker;
use super::random::Random;
use super::read::read_schema;
use super::validate::Validator;

/// How many boundary payloads are made at most.
const BOUNDARY: usize = 256;
/// How many draws one seed is worth before the minimal payload answers for it.
const DRAWS: u32 = 12;

/// The work one call may take, in parts of schemas looked at.
const WORK: u64 = 4_000_000;

/// Makes payloads of one schema. Equal schemas and seeds give equal payloads.
#[derive(Debug)]
pub struct Sampler {
    maker: Maker,
    all: Facts,
    validator: Option<Validator>,
    /// Once asked for; null beside false where there is none.
    minimal: Option<(bool, Value)>,
}

impl Sampler {
    /// A sampler for a schema; one for a schema that no validator can be built for makes nothing.
    pub fn new(schema: &Schema) -> Self {
        let mut maker = Maker::default();
        let root = read_schema(&mut maker.space.arena, schema);
        Self { maker, all: facts([root]), validator: Validator::new(schema).ok(), minimal: None }
    }

    /// The smallest valid payload that was found; `None` when none was, be it that none exists.
    pub fn minimal(&mut self) -> Option<Value> {
        if let Some((found, known)) = &self.minimal {
            return found.then(|| known.clone());
        }
        let validator = self.validator.as_ref()?;
        self.maker.space.allow(WORK);
        let made =
            self.maker.minimal(&self.all).filter(|made| validator.is_valid(made)).or_else(|| {
                let all = &self.all;
                (0..u64::from(DRAWS)).find_map(|seed| {
                    self.maker.random(all, seed).filter(|made| validator.is_valid(made))
                })
            });
        self.minimal = Some((made.is_some(), made.clone().unwrap_or_default()));
        made
    }

    /// Payloads at the edges of the schema, at most 256, each once: enum values, bounds and just inside them, each
    /// optional member once, each branch, empty and full arrays.
    pub fn boundary(&mut self) -> Vec<Value> {
        let Some(validator) = &self.validator else { return Vec::new() };
        self.maker.space.allow(WORK);
        let mut found = self.maker.edges(&self.all, BOUNDARY);
        dedup(&mut found);
        found.retain(|payload| validator.is_valid(payload));
        found
    }

    /// Some valid payload, the same for the same seed; of at most some hundred values beyond what the schema requires.
    pub fn random(&mut self, seed: u64) -> Option<Value> {
        let validator = self.validator.as_ref()?;
        self.maker.space.allow(WORK);
        let mut seeds = Random::new(seed);
        for _ in 0..DRAWS {
            let made = self.maker.random(&self.all, seeds.next())?;
            if validator.is_valid(&made) {
                return Some(made);
            }
        }
        self.minimal()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::{Value, json};

    use super::Sampler;
    use crate::sample::Validator;
    use crate::schema::Schema;

    /// Makes payloads of every sort; all must be valid, and there must be at least `least` different ones.
    #[track_caller]
    fn check(schema: Value, minimal: Value, least: usize) {
        let schema = Schema::from_document(schema);
        let validator = Validator::new(&schema).unwrap();
        let mut sampler = Sampler::new(&schema);
        assert_eq!(sampler.minimal(), Some(minimal));
        let mut all = sampler.boundary();
        all.extend((0..100).map(|seed| sampler.random(seed).unwrap()));
        assert!(all.iter().all(|payload| validator.is_valid(payload)));
        super::dedup(&mut all);
        assert!(all.len() >= least, "{} different payloads: {all:?}", all.len());
    }

    #[test]
    fn arrays_of_unique_arrays_of_themselves_end() {
        let schema = Schema::from_document(json!({"$ref": "#/$defs/a", "$defs": {"a": {
            "type": "array", "uniqueItems": true, "items": {"type": "array", "uniqueItems": true,
                "prefixItems": [{"$ref": "#/$defs/a"}, {}], "contains": {"type": "object"},
                "items": {"uniqueItems": true}}}}}));
        let mut sampler = Sampler::new(&schema);
        let made: Vec<_> = (0..40).filter_map(|seed| sampler.random(seed)).collect();
        assert!(!made.is_empty() && !sampler.boundary().is_empty());
    }

    #[test]
    fn plain_kinds() {
        check(json!({"type": "integer", "minimum": 3, "maximum": 9, "multipleOf": 4}), json!(4), 2);
        check(
            json!({"type": "number", "exclusiveMinimum": 0.5, "maximum": 0.75}),
            json!(0.625),
            20,
        );
        check(json!({"type": "number", "multipleOf": 0.01, "minimum": 1}), json!(1), 20);
        check(json!({"enum": ["a", "b", 3], "type": "string"}), json!("a"), 2);
        check(json!({"type": "string", "minLength": 2, "maxLength": 3}), json!("aa"), 3);
        check(json!({"type": ["null", "boolean"]}), json!(null), 3);
    }

    #[test]
    fn patterns_and_formats() {
        check(
            json!({"type": "string", "pattern": "^(ab|cd)[0-9]{2,4}$", "minLength": 5}),
            json!("ab000"),
            20,
        );
        check(
            json!({"type": "string", "pattern": "^https?:\\/\\/[a-z]+\\.example$"}),
            json!("http://a.example"),
            10,
        );
        check(
            json!({"type": "string", "format": "uuid"}),
            json!("3f2b0a64-7a3e-4f6e-9d3a-2b1c0d9e8f70"),
            2,
        );
    }

    #[test]
    fn arrays() {
        check(
            json!({"type": "array", "prefixItems": [{"const": 1}], "items": {"type": "boolean"}, "minItems": 2}),
            json!([1, false]),
            5,
        );
        check(
            json!({"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": true, "minItems": 3}),
            json!([1, 2, 3]),
            2,
        );
        check(
            json!({"type": "array", "contains": {"const": "x"}, "minContains": 2}),
            json!(["x", "x"]),
            3,
        );
    }

    #[test]
    fn objects() {
        check(
            json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
                "additionalProperties": false}),
            json!({"a": ""}),
            20,
        );
        check(
            json!({"type": "object", "patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": false,
            "minProperties": 1}),
            json!({"x-": 0}),
            10,
        );
        check(
            json!({"type": "object", "propertyNames": {"pattern": "^[a-f]+$"}, "minProperties": 2,
            "additionalProperties": {"const": 1}}),
            json!({"a": 1, "f": 1}),
            5,
        );
    }

    #[test]
    fn compositions() {
        check(
            json!({"oneOf": [{"type": "object", "required": ["k"], "properties": {"k": {"const": "a"}}},
                {"type": "object", "required": ["k", "n"], "properties": {"k": {"const": "b"}, "n": {"type": "integer"}}}]}),
            json!({"k": "a"}),
            10,
        );
        check(
            json!({"allOf": [{"type": "integer"}, {"minimum": 2}], "not": {"const": 2}}),
            json!(3),
            10,
        );
        check(
            json!({"type": "object", "properties": {"k": {"enum": [1, 2]}}, "required": ["k"],
                "if": {"properties": {"k": {"const": 1}}}, "then": {"required": ["x"]}, "else": {"required": ["y"]}}),
            json!({"k": 1, "x": null}),
            5,
        );
        check(
            json!({"allOf": [{"properties": {"a": {"type": "null"}}}], "type": "object", "unevaluatedProperties": false}),
            json!({}),
            2,
        );
    }

    #[test]
    fn recursion_ends() {
        let tree = json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "required": ["kids"],
            "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/t"}}}}}});
        check(tree, json!({"kids": []}), 10);
        let list = json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "required": ["next"],
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/t"}, {"type": "null"}]}}}}});
        check(list, json!({"next": null}), 3);
        let endless = json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "object", "required": ["next"],
            "properties": {"next": {"$ref": "#/$defs/t"}}}}});
        assert_eq!(Sampler::new(&Schema::from_document(endless)).minimal(), None);
    }

    #[test]
    fn the_same_seed_gives_the_same_payload() {
        let schema = Schema::from_document(
            json!({"type": "object", "additionalProperties": {"type": "number"}}),
        );
        let (mut one, mut two) = (Sampler::new(&schema), Sampler::new(&schema));
        for seed in [5, 3, 9] {
            assert_eq!(one.random(seed), two.random(seed));
        }
    }

    #[test]
    fn many_payloads_take_little_time() {
        let schema = Schema::from_document(
            json!({"type": "object", "required": ["id", "lines"], "properties": {
            "id": {"type": "string", "format": "uuid"}, "status": {"enum": ["open", "done"]},
            "lines": {"type": "array", "items": {"type": "object", "required": ["sku"], "properties": {
                "sku": {"type": "string"}, "count": {"type": "integer", "minimum": 1}}}}}}),
        );
        let mut sampler = Sampler::new(&schema);
        let start = Instant::now();
        let made = (0..2000).filter_map(|seed| sampler.random(seed)).count();
        assert_eq!(made, 2000);
        println!("{:.0} payloads a second", 2000.0 / start.elapsed().as_secs_f64());
    }
}
