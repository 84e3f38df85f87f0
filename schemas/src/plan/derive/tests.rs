//! One case that fires and one that does not for each row, in both directions.

use serde_json::{Value, json};

use super::{Site, derive};
use crate::plan::apply::apply;
use crate::plan::lens::{
    Direction, Entry, MapRule, OnNull, OnUnknown, Rules, Scope, Target, TransformRule, ValueSource,
    VersionChanges, Way,
};
use crate::plan::outside::Values;
use crate::plan::program::{Outside, Program};
use crate::plan::transform::Transform;
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::relate::{Budget, Prover};
use crate::schema::{Schema, Side};

use Direction::{Down, Up};
use Side::{Request, Response};

/// Two versions of a schema and the lenses between them. A lens holds at component `T`.
pub(super) struct Step {
    pub(super) old: Value,
    pub(super) new: Value,
    pub(super) rules: Rules,
}

pub(super) fn step(old: Value, new: Value) -> Step {
    Step { old, new, rules: Rules::default() }
}

pub(super) fn lens(old: Value, new: Value, rules: Rules) -> Step {
    let component = |node: Value| json!({"$ref": "#/$defs/T", "$defs": {"T": node}});
    Step { old: component(old), new: component(new), rules }
}

pub(super) fn closed(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

pub(super) fn open(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required})
}

impl Step {
    pub(super) fn program(&self, direction: Direction, side: Side) -> Program {
        let place =
            Place { file: "changes.yaml".into(), line: 0, column: 0, pointer: Pointer::root() };
        let targets = vec![Target { scope: Scope::Component("T".to_owned()), within: Vec::new() }];
        let entry = Entry { say: "".into(), targets, rules: self.rules.clone(), place };
        let changes = VersionChanges { entries: vec![entry], ..VersionChanges::default() };
        let site = Site { direction, side, old: None, new: None, status: None, changes: &changes };
        let (old, new) =
            (Schema::from_document(self.old.clone()), Schema::from_document(self.new.clone()));
        let (sender, reader) = if direction == Up { (old, new) } else { (new, old) };
        derive(&sender, &reader, &site, &mut Prover::new(Budget::default()))
    }

    #[track_caller]
    pub(super) fn check(
        &self,
        way: (Direction, Side),
        input: Value,
        expected: Result<Value, &str>,
    ) -> &Self {
        let mut outside = Values::default();
        outside.configuration.insert("server".to_owned(), "\"https://a\"".to_owned());
        let program = self.program(way.0, way.1);
        let seen = apply(&program, &input, &outside);
        let seen = seen.map_err(|rejected| rejected.pointer.as_str().to_owned());
        assert_eq!(seen, expected.map_err(str::to_owned), "{way:?} {program:#?}");
        self
    }

    #[track_caller]
    pub(super) fn copies(&self, directions: &[Direction]) -> &Self {
        for direction in directions {
            for side in [Request, Response] {
                let program = self.program(*direction, side);
                assert!(program.is_identity(), "{direction:?} {side:?} {program:#?}");
            }
        }
        self
    }

    #[track_caller]
    pub(super) fn notes(&self, way: (Direction, Side), expected: &[(&str, &str, bool)]) -> &Self {
        let program = self.program(way.0, way.1);
        let seen: Vec<_> =
            program.notes.iter().map(|note| (note.rule, note.at.as_str(), note.loss)).collect();
        assert_eq!(seen, expected, "{program:#?}");
        self
    }
}

#[test]
fn a1_an_optional_member_is_left_out_only_for_a_closed_reader() {
    step(closed(json!({"a": {}}), &[]), closed(json!({"a": {}, "b": {}}), &[]))
        .copies(&[Up])
        .check((Down, Response), json!({"a": 1, "b": 2}), Ok(json!({"a": 1})))
        .notes((Down, Response), &[("A1", "/b", true)]);
    step(open(json!({"a": {}}), &[]), open(json!({"a": {}, "b": {}}), &[])).copies(&[Up, Down]);
}

#[test]
fn a2_a_member_with_a_default_is_left_out_and_never_written() {
    step(closed(json!({}), &[]), closed(json!({"b": {"default": 1}}), &[]))
        .copies(&[Up])
        .notes((Down, Request), &[("A2", "/b", true)]);
}

#[test]
fn a3_a_required_member_is_supplied_by_default_or_single_value_else_refused() {
    let new = |node: Value| closed(json!({"a": {}, "b": node}), &["b"]);
    let old = || closed(json!({"a": {}}), &[]);
    step(old(), new(json!({"default": [1]})))
        .check((Up, Request), json!({"a": 1}), Ok(json!({"a": 1, "b": [1]})))
        .check((Up, Request), json!({"b": null}), Ok(json!({"b": null})))
        .check((Down, Response), json!({"b": 1}), Ok(json!({})))
        .notes((Up, Request), &[("A3", "/b", false)])
        .notes((Down, Response), &[("A3", "/b", true)]);
    step(old(), new(json!({"enum": ["ilp"]})))
        .check((Up, Request), json!({}), Ok(json!({"b": "ilp"})))
        .notes((Down, Request), &[("A3", "/b", false)]);
    step(old(), new(json!({"type": "string"}))).check((Up, Request), json!({}), Err("/b"));
}

#[test]
fn a4_a_removed_member_is_the_mirror() {
    let all =
        step(closed(json!({"a": {}, "b": {"default": 7}}), &["b"]), closed(json!({"a": {}}), &[]));
    all.check((Up, Request), json!({"a": 1, "b": 2}), Ok(json!({"a": 1})))
        .check((Down, Response), json!({"a": 1}), Ok(json!({"a": 1, "b": 7})))
        .notes((Down, Response), &[("A4", "/b", false)])
        .notes((Up, Request), &[("A4", "/b", true)]);
    step(open(json!({"b": {}}), &["b"]), open(json!({}), &[])).copies(&[Up]).check(
        (Down, Response),
        json!({}),
        Err("/b"),
    );
}

#[test]
fn a5_an_optional_member_that_becomes_required_is_filled_when_absent() {
    step(open(json!({"b": {}}), &[]), open(json!({"b": {"default": 1}}), &["b"]))
        .check((Up, Request), json!({}), Ok(json!({"b": 1})))
        .check((Up, Request), json!({"b": 2}), Ok(json!({"b": 2})))
        .notes((Up, Request), &[("A5", "/b", false)])
        .copies(&[Down]);
}

#[test]
fn a6_a_null_is_left_out_replaced_or_refused() {
    let old = |node: Value, required: &[&str]| open(json!({"a": node}), required);
    let new = |required: &[&str]| open(json!({"a": {"type": ["string", "null"]}}), required);
    step(old(json!({"type": "string"}), &[]), new(&[]))
        .copies(&[Up])
        .check((Down, Response), json!({"a": null}), Ok(json!({})))
        .check((Down, Response), json!({"a": "x"}), Ok(json!({"a": "x"})))
        .check((Down, Request), json!({"a": null}), Err("/a"))
        .notes((Down, Response), &[("A6", "/a", true)]);
    step(old(json!({"type": "string", "default": "d"}), &["a"]), new(&["a"])).check(
        (Down, Response),
        json!({"a": null}),
        Ok(json!({"a": "d"})),
    );
    step(old(json!({"type": "string"}), &["a"]), new(&["a"])).check(
        (Down, Response),
        json!({"a": null}),
        Err("/a"),
    );
    step(open(json!({"a": {}}), &[]), open(json!({"a": {"type": "string"}}), &[]))
        .copies(&[Up, Down]);
    let rules = Rules { on_null: vec![(Down, "a".into(), OnNull::Omit)], ..Rules::default() };
    lens(old(json!({"type": "string"}), &[]), new(&[]), rules).check(
        (Down, Request),
        json!({"a": null}),
        Ok(json!({})),
    );
}

#[test]
fn a6_a_policy_for_null_is_none_for_nulls_that_the_reader_takes() {
    let list = |list: Value| open(json!({"a": list}), &[]);
    let items = json!({"type": ["string", "null"]});
    let rules = Rules {
        on_null: vec![(Down, "a".into(), OnNull::Default("[]".into()))],
        ..Rules::default()
    };
    lens(
        list(json!({"type": "array", "items": items})),
        list(json!({"type": ["array", "null"], "items": items})),
        rules,
    )
    .check((Down, Response), json!({"a": null}), Ok(json!({"a": []})))
    .check((Down, Response), json!({"a": [null]}), Ok(json!({"a": [null]})));
}

#[test]
fn a7_a_changed_default_is_written_out() {
    step(open(json!({"a": {"default": 1}}), &[]), open(json!({"a": {"default": 2}}), &[]))
        .check((Up, Request), json!({}), Ok(json!({"a": 1})))
        .check((Down, Request), json!({}), Ok(json!({"a": 2})))
        .check((Up, Response), json!({"a": 5}), Ok(json!({"a": 5})))
        .notes((Up, Request), &[("A7", "/a", false)]);
    step(open(json!({"a": {"default": 1}}), &[]), open(json!({"a": {"default": 1}}), &[]))
        .copies(&[Up, Down]);
    step(open(json!({"a": {}}), &[]), open(json!({"a": {"default": 1}}), &[])).copies(&[Up, Down]);
}

#[test]
fn a8_and_a9_an_unlisted_value_is_left_out_replaced_kept_or_refused() {
    let old = |required: &[&str]| open(json!({"s": {"enum": ["a", "b"]}}), required);
    let new = |required: &[&str]| open(json!({"s": {"enum": ["a", "b", "c", 1]}}), required);
    step(old(&[]), new(&[]))
        .copies(&[Up])
        .check((Down, Response), json!({"s": "c"}), Ok(json!({})))
        .check((Down, Response), json!({"s": "a"}), Ok(json!({"s": "a"})))
        .check((Down, Request), json!({"s": "c"}), Err("/s"))
        .notes((Down, Request), &[("A8", "/s", false)]);
    step(old(&["s"]), new(&["s"])).check((Down, Response), json!({"s": "c"}), Err("/s"));
    step(new(&[]), old(&[])).notes((Up, Request), &[("A9", "/s", false)]);
    let rules = |policy| Rules { on_unknown: vec![(Down, "s".into(), policy)], ..Rules::default() };
    lens(old(&["s"]), new(&["s"]), rules(OnUnknown::Fallback("\"b\"".into())))
        .check((Down, Request), json!({"s": "c"}), Ok(json!({"s": "b"})))
        .copies(&[Up]);
    lens(old(&["s"]), new(&["s"]), rules(OnUnknown::Keep))
        .copies(&[Up])
        .check((Down, Request), json!({"s": "c"}), Ok(json!({"s": "c"})))
        .notes((Down, Response), &[("A8", "/s", false)]);
    let extensible = json!({"enum": ["a"], "x-extensible-enum": true});
    step(open(json!({"s": extensible}), &[]), new(&[])).copies(&[Up, Down]);
}

#[test]
fn a8_an_item_is_dropped_only_when_the_file_says_so() {
    let list =
        |values: Value| open(json!({"l": {"type": "array", "items": {"enum": values}}}), &[]);
    step(list(json!(["a"])), list(json!(["a", "b"]))).check(
        (Down, Response),
        json!({"l": ["a", "b"]}),
        Err("/l/1"),
    );
    let rules =
        Rules { on_unknown: vec![(Down, "l".into(), OnUnknown::DropItem)], ..Rules::default() };
    lens(list(json!(["a"])), list(json!(["a", "b"])), rules).check(
        (Down, Response),
        json!({"l": ["a", "b", "a"]}),
        Ok(json!({"l": ["a", "a"]})),
    );
}

#[test]
fn a14_arrays_go_item_by_item() {
    let list = |item: Value| json!({"type": "array", "items": item});
    step(list(closed(json!({"a": {}}), &[])), list(closed(json!({"a": {}, "b": {}}), &[])))
        .copies(&[Up])
        .check((Down, Response), json!([{"a": 1, "b": 2}, {"b": 1}]), Ok(json!([{"a": 1}, {}])))
        .notes((Down, Response), &[("A1", "/*/b", true)]);
    let tuple = |first: Value| json!({"prefixItems": [first], "items": {"type": "string"}});
    step(tuple(closed(json!({}), &[])), tuple(closed(json!({"b": {}}), &[]))).check(
        (Down, Response),
        json!([{"b": 1}, "x"]),
        Ok(json!([{}, "x"])),
    );
}

#[test]
fn a16_maps_go_value_by_value_and_their_keys_are_data() {
    let map = |value: Value| {
        json!({"type": "object", "additionalProperties": value,
        "patternProperties": {"^x-": true}})
    };
    let rules = Rules { renames: vec![("a".into(), "b".into())], ..Rules::default() };
    let inner =
        |name: &str| json!({"$ref": "#/$defs/T", "$defs": {"T": closed(json!({name: {}}), &[])}});
    let whole = |name: &str| {
        let mut map = map(json!({"$ref": "#/$defs/T"}));
        map["$defs"] = inner(name)["$defs"].clone();
        map
    };
    Step { old: whole("a"), new: whole("b"), rules }
        .check(
            (Up, Request),
            json!({"a": {"a": 1}, "x-a": {"a": 1}}),
            Ok(json!({"a": {"b": 1}, "x-a": {"a": 1}})),
        )
        .check((Down, Response), json!({"q": {"b": 1}}), Ok(json!({"q": {"a": 1}})));
    step(map(json!({"type": "string"})), map(json!({"type": "number"}))).copies(&[Up, Down]);
}

#[test]
fn a17_a_closed_reader_gets_only_what_it_declares() {
    let said = json!({"type": "object", "properties": {"a": {}}, "additionalProperties": true});
    step(said, closed(json!({"a": {}, "b": {}}), &[]))
        .check((Up, Request), json!({"a": 1, "b": 2, "c": 3}), Ok(json!({"a": 1, "b": 2})))
        .copies(&[Down])
        .notes((Up, Request), &[("A17", "/*", true)]);
}

#[test]
fn a18_what_neither_declares_stays() {
    step(open(json!({"a": {}, "b": {}}), &[]), closed(json!({"a": {}}), &[])).check(
        (Up, Request),
        json!({"a": 1, "b": 2, "c": 3}),
        Ok(json!({"a": 1, "c": 3})),
    );
}

#[test]
fn a20_recursion_is_one_node_for_each_type() {
    let tree = |extra: Value| {
        let mut properties = json!({"kids": {"type": "array", "items": {"$ref": "#/$defs/N"}}});
        properties.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"$ref": "#/$defs/N", "$defs": {"N": closed(properties, &[])}})
    };
    let all = step(tree(json!({})), tree(json!({"b": {}})));
    all.copies(&[Up]).check(
        (Down, Response),
        json!({"b": 1, "kids": [{"b": 2, "kids": [{"b": 3}]}]}),
        Ok(json!({"kids": [{"kids": [{}]}]})),
    );
    assert!(all.program(Down, Response).nodes.len() <= 4);
    step(tree(json!({"b": {}})), tree(json!({"b": {}}))).copies(&[Up, Down]);
}

#[test]
fn types_that_differ_and_composition_that_hides_are_copied() {
    step(
        open(json!({"a": {"type": "string"}}), &["a"]),
        open(json!({"a": {"type": "number"}}), &["a"]),
    )
    .copies(&[Up, Down]);
    step(json!({"if": {}, "then": {"properties": {"a": {}}}}), closed(json!({}), &[]))
        .copies(&[Up, Down]);
}

#[test]
fn l1_a_rename_goes_both_ways_and_into_what_it_renames() {
    let rules = Rules { renames: vec![("a".into(), "b".into())], ..Rules::default() };
    let inner = |extra: Value| closed(extra, &[]);
    let old = closed(json!({"a": inner(json!({"x": {}}))}), &["a"]);
    let new = closed(json!({"b": inner(json!({"x": {}, "y": {}}))}), &["b"]);
    lens(old, new, rules.clone())
        .check((Up, Request), json!({"a": {"x": 1}}), Ok(json!({"b": {"x": 1}})))
        .check((Down, Response), json!({"b": {"x": 1, "y": 2}}), Ok(json!({"a": {"x": 1}})))
        .check((Up, Request), json!({"a": {}, "b": 1}), Err("/b"))
        .check((Up, Request), json!({}), Ok(json!({})));
    lens(open(json!({"a": {}}), &[]), open(json!({"a": {}}), &[]), rules.clone())
        .copies(&[Up, Down]);
    step(open(json!({"a": {}}), &[]), open(json!({"b": {}}), &[])).copies(&[Up, Down]);
    let union = |name: &str| json!({"oneOf": [closed(json!({"r": {}}), &["r"]), closed(json!({"r": {}, name: {}}), &["r", name])]});
    lens(union("a"), union("b"), rules)
        .check((Up, Request), json!({"r": 1, "a": 2}), Ok(json!({"r": 1, "b": 2})))
        .check((Down, Request), json!({"r": 1}), Ok(json!({"r": 1})));
}

#[test]
fn l2_a_move_makes_its_parent_and_comes_back() {
    let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let rules = Rules { moves: vec![(path("d"), path("m/d"))], ..Rules::default() };
    let meta = json!({"type": "object", "additionalProperties": true});
    let old = closed(json!({"d": {"type": "string"}, "m": meta}), &[]);
    let new = closed(json!({"m": meta}), &[]);
    lens(old, new, rules)
        .check((Up, Request), json!({"d": "x"}), Ok(json!({"m": {"d": "x"}})))
        .check(
            (Up, Request),
            json!({"m": {"e": 1}, "d": "x"}),
            Ok(json!({"m": {"e": 1, "d": "x"}})),
        )
        .check((Up, Request), json!({"m": {"e": 1}}), Ok(json!({"m": {"e": 1}})))
        .check((Up, Request), json!({}), Ok(json!({})))
        .check(
            (Down, Response),
            json!({"m": {"d": "x", "e": 1}}),
            Ok(json!({"d": "x", "m": {"e": 1}})),
        )
        .check((Down, Response), json!({"m": {"d": 5}}), Ok(json!({"m": {}})))
        .check((Down, Response), json!({"m": {"e": 1}}), Ok(json!({"m": {"e": 1}})));
    let rules = Rules { moves: vec![(path("p/a"), path("p/q/a"))], ..Rules::default() };
    let old = closed(json!({"p": closed(json!({"a": {}}), &["a"])}), &["p"]);
    let q = closed(json!({"a": {}}), &["a"]);
    let new = closed(json!({"p": closed(json!({"q": q}), &["q"])}), &["p"]);
    lens(old, new, rules)
        .check((Up, Request), json!({"p": {"a": 1}}), Ok(json!({"p": {"q": {"a": 1}}})))
        .check((Down, Request), json!({"p": {"q": {"a": 1}}}), Ok(json!({"p": {"a": 1}})))
        .notes((Down, Request), &[("A3", "/p/q", false), ("L2", "/p/q/a", false)]);
}

#[test]
fn l2_a_parent_that_may_be_empty_is_lost_with_its_members() {
    let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let rules = Rules { moves: vec![(path("a"), path("q/a"))], ..Rules::default() };
    let q = closed(json!({"a": {}}), &[]);
    lens(closed(json!({"a": {}}), &[]), closed(json!({"q": q}), &[]), rules)
        .check((Down, Request), json!({"q": {}}), Ok(json!({})))
        .notes((Down, Request), &[("A1", "/q", true), ("L2", "/q/a", false)]);
}

#[test]
fn l6_values_map_by_the_table_and_back_by_the_canonical_row() {
    let text = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect::<Vec<_>>()
    };
    let map = MapRule {
        member: "s".to_owned(),
        up: text(&[("OPEN", "open"), ("DONE", "closed"), ("FINISHED", "closed")]),
        down: text(&[("open", "OPEN"), ("closed", "DONE")]),
        otherwise_up: None,
        otherwise_down: Some(json!("OPEN")),
    };
    let rules = Rules { maps: vec![map], ..Rules::default() };
    let old = open(json!({"s": {"enum": ["OPEN", "DONE", "FINISHED"]}}), &["s"]);
    let new = open(json!({"s": {"enum": ["open", "closed", "other"]}}), &["s"]);
    lens(old, new, rules)
        .check((Up, Request), json!({"s": "FINISHED"}), Ok(json!({"s": "closed"})))
        .check((Down, Response), json!({"s": "closed"}), Ok(json!({"s": "DONE"})))
        .check((Down, Response), json!({"s": "other"}), Ok(json!({"s": "OPEN"})))
        .notes((Up, Request), &[("L6", "/s", false), ("L6", "/s", true), ("L6", "/s", false)]);
}

#[test]
fn l10_values_come_from_where_the_file_says() {
    let constant = ValueSource::Literal("\"ilp\"".into());
    let server = ValueSource::Outside(Outside::Configuration("server".into()));
    let header = ValueSource::Outside(Outside::Header("x-absent".into()));
    let created = ValueSource::Member(vec!["created".to_owned()]);
    let rules = Rules {
        adds: vec![("method".into(), constant), ("wallet".into(), server), ("h".into(), header)],
        removes: vec![("updated".into(), created)],
        ..Rules::default()
    };
    let old = closed(json!({"created": {}, "updated": {}}), &["created", "updated"]);
    let new = closed(
        json!({"created": {}, "method": {"enum": ["ilp"]}, "wallet": {}, "h": {}}),
        &["created", "method", "wallet"],
    );
    let all = lens(old, new.clone(), rules.clone());
    all.check(
        (Up, Request),
        json!({"created": 1, "updated": 2}),
        Ok(json!({"created": 1, "method": "ilp", "wallet": "https://a"})),
    )
    .check(
        (Down, Response),
        json!({"created": 1, "method": "ilp", "wallet": "w"}),
        Ok(json!({"created": 1, "updated": 1})),
    )
    .notes(
        (Down, Response),
        &[
            ("L10", "/updated", false),
            ("L10", "/h", true),
            ("L10", "/method", false),
            ("L10", "/wallet", true),
        ],
    );
    lens(new.clone(), new, rules).copies(&[Up, Down]);
}

#[test]
fn a_function_of_a_member_is_followed_by_what_the_schemas_say() {
    let item = |name: &str| closed(json!({name: {"type": "string"}}), &[name]);
    let wrap = Way::new("L4", "make a list of `a`".to_owned(), Transform::Wrap);
    let rules = Rules {
        transforms: vec![TransformRule::member("a", Some(wrap), None)],
        ..Rules::default()
    };
    let nullable = json!({"anyOf": [item("x"), {"type": "null"}]});
    let step = lens(
        closed(json!({"a": nullable}), &[]),
        closed(
            json!({"a": {"type": ["array", "null"], "items": open(json!({"x": {}, "y": {"default": 1}}), &["y"])}}),
            &[],
        ),
        rules,
    );
    step.check((Up, Request), json!({"a": {"x": "1"}}), Ok(json!({"a": [{"x": "1", "y": 1}]})))
        .check((Up, Request), json!({"a": null}), Ok(json!({"a": null})))
        .check((Up, Request), json!({}), Ok(json!({})))
        .notes((Up, Request), &[("L4", "/a", false), ("A3", "/a/0/y", false), ("L4", "/a", false)]);
}

#[test]
fn a_function_of_a_whole_value_holds_in_recursion_too() {
    let way = || Some(Way::new("L4", "make a list of it".to_owned(), Transform::Wrap));
    let rules = Rules { transforms: vec![TransformRule::whole(way(), None)], ..Rules::default() };
    let inside = json!({"$ref": "#/$defs/T"});
    let old = closed(json!({"c": inside}), &[]);
    let new = json!({"type": "array", "items": closed(json!({"c": inside}), &[])});
    lens(old, new, rules).check(
        (Up, Response),
        json!({"c": {"c": {}}}),
        Ok(json!([{"c": [{"c": [{}]}]}])),
    );
}
