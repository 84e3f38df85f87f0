//! Law 19: a query in the client's names, rewritten, finds the rows that the same query finds on a backend of the
//! client's own version.
//!
//! The backend is a reference that sorts, filters and selects. Versions differ by any choice of six changes.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use evergate_schemas::describe::{Limits, load_api};
use evergate_schemas::plan::bridge::{OperationBridge, ParameterStep};
use evergate_schemas::plan::names::{Names, Rewritten, apply as edited};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::Program;
use evergate_schemas::plan::{Bridges, Pairs, apply, declared};
use evergate_schemas::relate::Prover;
use evergate_schemas::sample::Random;
use serde_json::{Map, Value, json};

use crate::run::number;

/// Which of the changes lie between the two versions.
#[derive(Clone, Copy)]
struct Choice(u32);

const RENAMED: Choice = Choice(1);
const MAPPED: Choice = Choice(2);
const SCALED: Choice = Choice(4);
const MOVED: Choice = Choice(8);
const SPLIT: Choice = Choice(16);
const WRAPPED: Choice = Choice(32);

impl Choice {
    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What both versions say of orders, and how: an older one says what no choice changes.
fn members(choice: Choice) -> Value {
    let text = || json!({"type": "string"});
    let mut all = Map::new();
    all.insert("id".to_owned(), text());
    let item = if choice.has(RENAMED) { "unit" } else { "sku" };
    all.insert(if choice.has(RENAMED) { "created_at" } else { "made" }.to_owned(), text());
    all.insert(
        "lines".to_owned(),
        json!({"type": "array", "items": {"type": "object", "properties": {item: text()}, "additionalProperties": false}}),
    );
    let states = if choice.has(MAPPED) {
        json!(["OPEN", "CLOSED", "ENDED"])
    } else {
        json!(["open", "shut"])
    };
    all.insert("state".to_owned(), json!({ "enum": states }));
    all.insert("price".to_owned(), json!({"type": "integer"}));
    let place = |name: &str| json!({"type": "object", "properties": {name: text(), "code": text()}, "additionalProperties": false});
    if choice.has(MOVED) {
        all.insert("address".to_owned(), place("city"));
    } else {
        all.insert("town".to_owned(), text());
        all.insert("address".to_owned(), json!({"type": "object", "properties": {"code": text()}, "additionalProperties": false}));
    }
    if choice.has(SPLIT) {
        all.insert("first".to_owned(), text());
        all.insert("last".to_owned(), text());
    } else {
        all.insert("name".to_owned(), text());
    }
    Value::Object(all)
}

fn document(choice: Choice) -> Value {
    let order = json!({"type": "object", "properties": members(choice), "required": ["id"], "additionalProperties": false});
    let list = json!({"type": "array", "items": {"$ref": "#/components/schemas/Order"}});
    let answer = if choice.has(WRAPPED) {
        json!({"type": "object", "properties": {"data": list}, "required": ["data"], "additionalProperties": false})
    } else {
        list
    };
    let query = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
    json!({
        "openapi": "3.1.0", "info": {"title": "orders", "version": "1"},
        "paths": {"/orders": {"get": {
            "parameters": [query("fields"), query("sort"), query("filter")],
            "responses": {"200": {"description": "all", "content": {"application/json": {"schema": answer}}}},
        }}},
        "components": {"schemas": {"Order": order}},
    })
}

fn changes(choice: Choice) -> Value {
    let mut all = vec![json!({
        "say": "Names.", "at": "GET /orders", "names": {
            "fields": {"grammar": "list", "of": of(choice), "selects": true},
            "sort": {"grammar": "sort", "of": of(choice)},
            "filter": {"grammar": "filter", "of": of(choice)},
        }
    })];
    let mut order = |verb: &str, value: Value| {
        all.push(json!({"say": verb, "at": "Order", verb: value}));
    };
    if choice.has(RENAMED) {
        order("rename", json!({"made": "created_at"}));
    }
    if choice.has(MAPPED) {
        order(
            "map",
            json!({"member": "state", "values": {"open": "OPEN", "shut": "CLOSED"}, "down": {"OPEN": "open", "CLOSED": "shut", "ENDED": "shut"}}),
        );
    }
    if choice.has(SCALED) {
        order("scale", json!({"price": {"by": 100}}));
    }
    if choice.has(MOVED) {
        order("move", json!({"town": "address/city"}));
    }
    if choice.has(SPLIT) {
        order(
            "split",
            json!({"name": {"into": ["first", "last"], "pattern": "(?<first>\\S+) (?<last>.+)", "template": "{first} {last}", "on_fail": {"up": "omit", "down": "omit"}}}),
        );
    }
    if choice.has(RENAMED) {
        all.push(json!({"say": "sku", "at": "Order#/lines/*", "rename": {"sku": "unit"}}));
    }
    if choice.has(WRAPPED) {
        all.push(json!({"say": "wrapped", "at": "GET /orders response 200", "envelope": {"member": "data"}}));
    }
    json!({ "changes": all })
}

const fn of(choice: Choice) -> &'static str {
    if choice.has(WRAPPED) { "response 200#/data/*" } else { "response 200#/*" }
}

/// An order as a version with this choice says it.
fn row(choice: Choice, random: &mut Random) -> Value {
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
    let mut pick = |words: &[&str]| json!(words[random.index(words.len())]);
    put("id", pick(&["a", "b", "c", "d", "e", "f"]));
    put(if choice.has(RENAMED) { "created_at" } else { "made" }, pick(&["2020", "2021", "2022"]));
    put(
        "state",
        if choice.has(MAPPED) {
            pick(&["OPEN", "CLOSED", "ENDED"])
        } else {
            pick(&["open", "shut"])
        },
    );
    let (town, code) = (pick(&["Rome", "Oslo", "Bern"]), pick(&["1", "2"]));
    let item = if choice.has(RENAMED) { "unit" } else { "sku" };
    put("lines", json!([{item: pick(&["x", "y"])}, {item: pick(&["x", "y"])}]));
    let (first, last) = (pick(&["Ann", "Bob"]), pick(&["Orr", "Lee"]));
    if choice.has(SPLIT) {
        put("first", first);
        put("last", last);
    } else {
        put("name", json!(format!("{} {}", first.as_str().unwrap(), last.as_str().unwrap())));
    }
    if choice.has(MOVED) {
        put("address", json!({"city": town, "code": code}));
    } else {
        put("town", town);
        put("address", json!({ "code": code }));
    }
    // a newer version counts in hundredths, all of which an older one can say
    let price = i64::try_from(random.index(5)).unwrap();
    put("price", json!(if choice.has(SCALED) { price * 100 } else { price }));
    Value::Object(all)
}

/// The value at a path of names, if it is there.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

fn compare(one: Option<&Value>, other: Option<&Value>) -> Ordering {
    match (one, other) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => {
            one.as_f64().partial_cmp(&other.as_f64()).unwrap()
        }
        (Some(Value::String(one)), Some(Value::String(other))) => one.cmp(other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}

/// The rows in the order of `-a.b,c`.
fn sorted(rows: &mut [Value], sort: &str) {
    for key in sort.split(',').rev() {
        let path = key.trim_start_matches('-');
        rows.sort_by(|one, other| {
            let order = compare(at(one, path), at(other, path));
            if key.starts_with('-') { order.reverse() } else { order }
        });
    }
}

/// Whether a row fulfils comparisons joined by `AND`, some of which are several in parentheses.
fn holds(row: &Value, filter: &str) -> bool {
    filter.split(" AND ").collect::<Vec<_>>().iter().all(|part| {
        let inner = part.trim_start_matches('(').trim_end_matches(')');
        inner.split(" OR ").any(|one| {
            let mut words = one.split(' ');
            let (path, sign, value) =
                (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            let there = at(row, path);
            let value: Value = serde_json::from_str(value).unwrap();
            let order = compare(there, Some(&value));
            there.is_some()
                && match sign {
                    "=" => order == Ordering::Equal,
                    "!=" => order != Ordering::Equal,
                    "<" => order == Ordering::Less,
                    _ => order == Ordering::Greater,
                }
        })
    })
}

/// A row with the members of `a,b.c` only.
fn select(row: &Value, paths: &[&[&str]]) -> Value {
    let Value::Object(members) = row else { return row.clone() };
    let mut out = Map::new();
    for (name, value) in members {
        let below: Vec<&[&str]> = paths
            .iter()
            .filter(|path| path.first() == Some(&name.as_str()))
            .map(|path| &path[1..])
            .collect();
        if below.is_empty() {
            continue;
        }
        let whole = below.iter().any(|rest| rest.is_empty());
        let kept = match value {
            _ if whole => value.clone(),
            Value::Array(items) => items.iter().map(|item| select(item, &below)).collect(),
            _ => select(value, &below),
        };
        out.insert(name.clone(), kept);
    }
    Value::Object(out)
}

fn selected(rows: &[Value], fields: &str) -> Vec<Value> {
    let paths: Vec<Vec<&str>> = fields.split(',').map(|path| path.split('.').collect()).collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    rows.iter().map(|row| select(row, &paths)).collect()
}

/// A row without objects that have nothing in them: a parent whose members moved stays, empty.
fn bare(row: &Value) -> Value {
    let Value::Object(members) = row else { return row.clone() };
    let kept = members.iter().map(|(name, value)| (name.clone(), bare(value)));
    Value::Object(kept.filter(|(_, value)| *value != json!({})).collect())
}

/// Whether one value has all that another one says.
fn within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, own)| whole.get(name).is_some_and(|other| within(own, other)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len()
                && part.iter().zip(whole).all(|(own, other)| within(own, other))
        }
        _ => part == whole,
    }
}

/// A query as it is written: by parameter.
type Query = BTreeMap<&'static str, String>;

/// The rows that a backend answers a query with.
fn answer(rows: &[Value], query: &Query) -> Vec<Value> {
    let mut found: Vec<Value> = rows.to_vec();
    if let Some(filter) = query.get("filter") {
        found.retain(|row| holds(row, filter));
    }
    if let Some(sort) = query.get("sort") {
        sorted(&mut found, sort);
    }
    match query.get("fields") {
        Some(fields) => selected(&found, fields),
        None => found,
    }
}

/// All paths of names in a version.
fn paths(choice: Choice) -> Vec<String> {
    let mut all = Vec::new();
    for (name, schema) in members(choice).as_object().unwrap() {
        all.push(name.clone());
        let inner = schema.get("properties").or_else(|| schema["items"].get("properties"));
        all.extend(
            inner
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(own, _)| format!("{name}.{own}")),
        );
    }
    all
}

fn query(choice: Choice, random: &mut Random) -> Query {
    let all = paths(choice);
    let scalars: Vec<&String> =
        all.iter().filter(|path| !path.starts_with("lines") && *path != "address").collect();
    let mut written = Query::new();
    if random.index(2) == 0 {
        let mut sort = String::new();
        for _ in 0..=random.index(2) {
            let sign = ["", "-"][random.index(2)];
            let _ = write!(
                sort,
                "{}{sign}{}",
                if sort.is_empty() { "" } else { "," },
                scalars[random.index(scalars.len())]
            );
        }
        written.insert("sort", sort);
    }
    if random.index(2) == 0 {
        let mut parts = Vec::new();
        for _ in 0..=random.index(2) {
            let path = scalars[random.index(scalars.len())];
            let sign = ["=", "!=", "<", ">"][random.index(4)];
            let value = match path.as_str() {
                "price" => {
                    format!("{}", random.index(5) * if choice.has(SCALED) { 100 } else { 1 })
                }
                "state" if choice.has(MAPPED) => {
                    ["\"OPEN\"", "\"CLOSED\"", "\"ENDED\""][random.index(3)].to_owned()
                }
                "state" => ["\"open\"", "\"shut\""][random.index(2)].to_owned(),
                "made" | "created_at" => ["\"2020\"", "\"2021\""][random.index(2)].to_owned(),
                "id" => ["\"a\"", "\"c\""][random.index(2)].to_owned(),
                _ => ["\"1\"", "\"Oslo\"", "\"Bob\""][random.index(3)].to_owned(),
            };
            parts.push(format!("{path} {sign} {value}"));
        }
        written.insert("filter", parts.join(" AND "));
    }
    if random.index(2) == 0 {
        let count = 1 + random.index(3);
        let names: Vec<&str> = (0..count).map(|_| all[random.index(all.len())].as_str()).collect();
        written.insert("fields", names.join(","));
    }
    written
}

fn compiled(choice: Choice) -> Bridges {
    let directory = tempfile::tempdir().unwrap();
    for (version, own) in [("1", Choice(0)), ("2", choice)] {
        let path = directory.path().join(version);
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("openapi.json"), document(own).to_string()).unwrap();
    }
    std::fs::write(directory.path().join("2/changes.yaml"), changes(choice).to_string()).unwrap();
    let api = load_api(directory.path(), &Limits::default()).unwrap();
    let (changes, problems) = declared(&api);
    assert!(problems.is_empty() && api.problems.is_empty(), "{problems:#?} {:#?}", api.problems);
    Bridges::compile(&api, &changes, Pairs::Adjacent, &mut Prover::default())
}

/// What becomes of rows on their way to the client.
fn shown(
    stages: &[Arc<Program>],
    (choice, rows): (Choice, &[Value]),
    client: Choice,
) -> Vec<Value> {
    let whole = if choice.has(WRAPPED) { json!({ "data": rows }) } else { json!(rows) };
    let out = stages.iter().fold(whole, |value, program| {
        apply(program, &value, &Values::default())
            .map_err(|rejected| format!("{rejected:?}: {value}"))
            .unwrap()
    });
    let list = if client.has(WRAPPED) { &out["data"] } else { &out };
    list.as_array().unwrap().clone()
}

fn names<'b>(bridge: &'b OperationBridge, parameter: &str) -> Option<&'b Names> {
    bridge.request.parameters.iter().find_map(|step| match step {
        ParameterStep::Names(_, name, names, _) if name == parameter => Some(&**names),
        _ => None,
    })
}

/// The query as the backend gets it; `None` for one that is refused.
fn rewritten(bridge: &OperationBridge, query: &Query) -> Option<Query> {
    let mut out = Query::new();
    for (parameter, text) in query {
        match names(bridge, parameter).map(|names| names.rewrite(text)) {
            None => drop(out.insert(parameter, text.clone())),
            Some(Ok(Rewritten::Edits(edits))) => drop(out.insert(parameter, edited(text, &edits))),
            Some(Ok(Rewritten::Remove)) => {}
            Some(Err(_)) => return None,
        }
    }
    Some(out)
}

/// Holds the law between two versions; gives how many queries were asked and how many cannot be.
fn holds_for(choice: Choice, up: bool, seed: u64) -> [u64; 3] {
    let bridges = compiled(choice);
    let (client, backend) = if up { (Choice(0), choice) } else { (choice, Choice(0)) };
    let at = if up { (0, 1) } else { (1, 0) };
    let bridge = &bridges.operation(at.0, at.1)[0];
    let message = &bridge.responses[0];
    let whole = &message.bodies[0].plan.stages;
    let part = message.selected.first().map_or(whole, |body| &body.plan.stages);
    let (mut tried, mut exact, mut refused) = (0, 0, 0);
    for case in 0..number("EVERGATE_CASES", 240).div_ceil(100).max(30) {
        let mut random = Random::new(seed * 1_000_003 + case);
        let rows: Vec<Value> = (0..8).map(|_| row(backend, &mut random)).collect();
        let query = query(client, &mut random);
        let Some(asked) = rewritten(bridge, &query) else {
            refused += 1;
            continue;
        };
        tried += 1;
        let found = answer(&rows, &asked);
        let stages = if asked.contains_key("fields") { part } else { whole };
        let seen = shown(stages, (backend, &found), client);
        let mut native = query.clone();
        if !asked.contains_key("fields") {
            native.remove("fields");
        }
        let wanted = answer(&shown(whole, (backend, &rows), client), &native);
        let said = || format!("choice {} up {up}: {query:?} as {asked:?}", choice.0);
        native.remove("fields");
        let rows = answer(&shown(whole, (backend, &rows), client), &native);
        assert_eq!((seen.len(), wanted.len()), (rows.len(), rows.len()), "{}", said());
        for ((seen, wanted), row) in seen.iter().zip(&wanted).zip(&rows) {
            assert!(within(wanted, seen), "{}: {wanted} is not in {seen}", said());
            assert!(within(&bare(seen), row), "{}: {seen} is not in {row}", said());
        }
        exact += u64::from(seen.iter().map(bare).eq(wanted.iter().map(bare)));
    }
    [tried, exact, refused]
}

#[test]
fn law_19_queries_give_the_same_rows() {
    let mut counts = [0; 3];
    for choice in 0..64 {
        for up in [true, false] {
            let own = holds_for(Choice(choice), up, u64::from(choice) * 2 + u64::from(up));
            counts.iter_mut().zip(own).for_each(|(all, one)| *all += one);
        }
    }
    let [tried, exact, refused] = counts;
    println!(
        "law 19: {tried} queries, {exact} with exactly what was asked for, and {refused} that cannot be said"
    );
    assert!(tried > refused && exact * 10 > tried * 8, "{counts:?}");
}
