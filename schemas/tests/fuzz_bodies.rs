//! The bodies of the fuzz targets on seeded bytes, so that a stable toolchain runs them too.
//!
//! `EVERGATE_CASES` is the number of inputs for each body (1,500 if unset), `EVERGATE_SEED` where they begin.
//! `EVERGATE_SEEDS` names a folder that gets a first corpus for `cargo fuzz`, one folder for each target.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test may fall, and the bodies are a crate of their own elsewhere"
)]

#[path = "../fuzz/src/changes.rs"]
mod changes;
#[path = "../fuzz/src/converter.rs"]
mod converter;
#[path = "../fuzz/src/description.rs"]
mod description;
#[path = "../fuzz/src/document.rs"]
mod document;
#[path = "../fuzz/src/names.rs"]
mod names;
#[path = "../fuzz/src/parts.rs"]
mod parts;
#[path = "../fuzz/src/program.rs"]
mod program;
#[path = "../fuzz/src/records.rs"]
mod records;

use evergate_schemas::sample::Random;

const BODIES: [&str; 10] = [
    r#"{"a":1,"b":{"id":"x","c":[1.50,null,{"a":{}}]},"é":"\ud83d\ude00"}"#,
    r#"[ {"id":"1","a":true} , {"id":"2" ,"a":[{"b":-0.0e1}]}, "a", null ]"#,
    r#"{"c":[{"id":"k","value":1},{"id":"l","value":2}],"":"","b":"{\"a\":1}"}"#,
    r#"{"\u0061":"a","id":{"a":{"b":{"c":{}}}},"b":[[],[[]]]}"#,
    "{\"a\":1}\n{\"b\":2}\r\n\n[1]\n",
    "\u{1e}{\"a\":1}\n\u{1e}null\n",
    "event: a\ndata: {\"a\":\ndata: 1}\n\n: note\nid: 1\ndata: 5\n\n",
    "\"text\"",
    "-12.5e-3",
    " [1, 2,3 ] \n",
];
const PARTS: [&str; 6] = [
    "a=1&b=x%20y&c=1,2&id=1&id=2&value=%7B%22a%22%3A1%7D",
    "b[a][]=1&b[a][]=2&c[0]=1&c[1]=2&a[b][c]=%5D&a[]=",
    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n{\"a\":1.50,\"b\":[]}\r\n--b\r\nContent-Disposition: form-data; name=\"c\"; filename=x\r\nContent-Type: image/png\r\n\r\n\r\n--\r\n-b\r\n--b--\r\n",
    "--b \r\ncontent-disposition: form-data; name=id\r\nContent-Length: 1\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=id\r\n\r\ntrue\r\n--b\r\nContent-Disposition: form-data; name=other; filename*=UTF-8''x\r\n\r\n\r\n--b--",
    "lead\r\n--b\r\nContent-Disposition: form-data; name=value\r\nContent-Type: application/json\r\n\r\n[{\"a\":1},null]\r\n--b--\r\ntail --b",
    "--b--",
];
const CHANGES: [&str; 6] = [
    "changes:\n  - say: s\n    at: A\n    rename: { a: a2, b: b2 }\n",
    "changes:\n  - say: s\n    at: [A, \"POST /a request\"]\n    move: { c/d: d }\n    map: { member: b, values: { x: X, y: y } }\n",
    "changes:\n  - say: s\n    at: A\n    add: { a2: { constant: 1 } }\n    remove: { a: { default: x } }\n    supply: { up: { a2: { member: c/e } } }\n",
    "changes:\n  - say: s\n    at: A#/c\n    on_null: { e: { down: omit } }\n    on_unknown: { b: { down: { fallback: x } } }\n",
    "changes:\n  - say: s\n    at: POST /a\n    parameter: { rename: { q: p }, add: { r: { in: query, default: 1 } } }\n",
    "changes:\n  - say: s\n    at: A\n    cast: { c/d: { from: number, to: string } }\n    scale: { c/d: { times: 100 } }\n",
];
const OPENAPI: [&str; 3] = [
    "openapi: 3.1.0\ninfo: { title: a, version: '1' }\npaths:\n  /a/{id}:\n    post:\n      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]\n      requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/A' } } } }\n      responses: { '200': { description: ok } }\ncomponents:\n  schemas:\n    A: { type: object, properties: { a: { $ref: '#/components/schemas/A' }, b: { oneOf: [{ type: string, pattern: '^a+$' }, { type: integer }] } }, additionalProperties: false }\n",
    "swagger: '2.0'\ninfo: { title: a, version: '1' }\npaths:\n  /a:\n    post:\n      parameters: [{ name: b, in: body, schema: { type: object, required: [x], properties: { x: { type: integer, minimum: 1 } } } }]\n      responses: { '200': { description: ok, schema: { type: array, items: { type: string } } } }\n",
    "openapi: 3.0.3\ninfo: { title: a, version: '1' }\npaths:\n  /a:\n    post:\n      requestBody: { content: { application/json: { schema: { nullable: true, type: object, discriminator: { propertyName: k }, allOf: [{ properties: { k: { enum: [1] } } }], not: { required: [z] } } } } }\n      responses: { default: { description: ok } }\n",
];

const NAMES: [&str; 8] = [
    "[a][c][gte]5",
    "a,a.c,-b,+c:desc,e asc,items.id",
    "a(c,b),items/id,c",
    "a.c,items.0.id,*",
    "a.c = \"x\" AND (b > 1 OR NOT e != 'a')",
    "e eq 'a' and items/any(x: x.id eq 1)",
    "é.anything[0],d",
    "[items][0][id]x",
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.replace('_', "").parse().unwrap())
}

/// Some bytes of a text changed, taken out, put in or repeated.
fn damaged(text: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..random.index(4) {
        let at = random.index(bytes.len().max(1)).min(bytes.len());
        match random.index(4) {
            0 if at < bytes.len() => bytes[at] = random.next().to_le_bytes()[0],
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"\"\\{}[],:0e-. \n"[random.index(14)]),
            _ => {
                let end = (at + random.index(20)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

/// What chooses a program, and a body.
fn chosen(random: &mut Random) -> Vec<u8> {
    let length = random.index(200);
    let mut bytes = vec![u8::try_from(length).unwrap()];
    bytes.extend((0..length).map(|_| random.next().to_le_bytes()[0]));
    let head = 2 + random.index(6);
    bytes.extend((0..head).map(|_| random.next().to_le_bytes()[0] % 16));
    bytes.extend(damaged(BODIES[random.index(BODIES.len())], random));
    bytes
}

/// What chooses a program and how it is written, and a body.
fn chosen_parts(random: &mut Random) -> Vec<u8> {
    let length = random.index(200);
    let mut bytes = vec![u8::try_from(length).unwrap()];
    bytes.extend((0..length).map(|_| random.next().to_le_bytes()[0]));
    // one for the kind, then for each of five fields on both sides what it is, then the limit and the cutting
    bytes.extend((0..23).map(|_| random.next().to_le_bytes()[0]));
    bytes.extend(damaged(PARTS[random.index(PARTS.len())], random));
    bytes
}

/// A body of a fuzz target, and what makes bytes for it.
type Target = (&'static str, fn(&[u8]), fn(&mut Random) -> Vec<u8>);

const TARGETS: [Target; 7] = [
    ("converter", converter::check, chosen),
    ("records", records::check, chosen),
    ("parts", parts::check, chosen_parts),
    ("document", document::check, |random| {
        let all: Vec<&str> = BODIES.into_iter().chain(CHANGES).chain(OPENAPI).collect();
        damaged(all[random.index(all.len())], random)
    }),
    ("description", description::check, |random| damaged(OPENAPI[random.index(3)], random)),
    ("names", names::check, |random| {
        let mut bytes: Vec<u8> = (0..3).map(|_| random.next().to_le_bytes()[0] % 32).collect();
        bytes.extend(damaged(NAMES[random.index(NAMES.len())], random));
        bytes
    }),
    ("changes", changes::check, |random| damaged(CHANGES[random.index(CHANGES.len())], random)),
];

#[track_caller]
fn check(name: &str) {
    let (_, body, make) = TARGETS.into_iter().find(|target| target.0 == name).unwrap();
    let (first, cases) = (number("EVERGATE_SEED", 0), number("EVERGATE_CASES", 1500));
    for seed in first..first + cases {
        let bytes = make(&mut Random::new(seed));
        let fell = std::panic::catch_unwind(|| body(&bytes)).is_err();
        assert!(!fell, "EVERGATE_SEED={seed}: {:?}", String::from_utf8_lossy(&bytes));
    }
    println!("{name}: {cases} inputs");
}

#[test]
fn converter_holds_its_laws() {
    check("converter");
}

#[test]
fn records_hold_their_laws() {
    check("records");
}

#[test]
fn parts_hold_their_laws() {
    check("parts");
}

#[test]
fn names_are_rewritten_or_refused() {
    check("names");
}

#[test]
fn documents_are_read_or_refused() {
    check("document");
}

#[test]
fn descriptions_are_read_or_refused() {
    check("description");
}

#[test]
fn changes_are_read_or_refused() {
    check("changes");
}

#[test]
fn a_first_corpus_is_written_where_asked() {
    let Some(folder) = std::env::var_os("EVERGATE_SEEDS") else { return };
    for (name, _, make) in TARGETS {
        let folder = std::path::Path::new(&folder).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for seed in 0..200 {
            std::fs::write(folder.join(format!("seed-{seed}")), make(&mut Random::new(seed)))
                .unwrap();
        }
    }
}
