//! A small model of an api's schemas: what is generated, edited from version to version, and written as OpenAPI.

use evergate_schemas::sample::Random;
use serde_json::{Map, Value, json};

/// Values that closed lists of texts are made of.
pub(crate) const CHOICES: [&str; 6] = ["open", "shut", "sold", "lost", "new", "old"];

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Text,
    /// Of so many characters at most.
    Short(usize),
    Shaped(Shaped),
    Choice(Vec<String>),
    Whole(i64, i64),
    Number,
    Flag,
    Record(Record),
    /// With so many items at least and at most.
    List(Box<Node>, usize, usize),
    /// A map: its keys are data.
    Map(Box<Node>),
    /// The component `Item`.
    Item,
    /// A union of records by name, and how they are told apart.
    Variants(Form, Vec<(String, Record)>),
}

/// Texts that a function can read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shaped {
    Word,
    /// Two words.
    Words,
    Digits,
    Stamp,
    /// `true` or `false`
    Truth,
}

/// How the variants of a union are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Presence,
    Nested,
    Flat,
}

/// The tag of all unions.
pub(crate) const TAG: &str = "kind";

/// A value with what may be said of any.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) null: bool,
    pub(crate) default: Option<Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) node: Node,
    pub(crate) required: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) members: Vec<Member>,
    /// `additionalProperties`, where it is said.
    pub(crate) open: Option<bool>,
}

/// One version: the components `Order`, which is sent both ways, and `Item`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) order: Record,
    pub(crate) item: Record,
}

/// Where a kind may stand.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Depth {
    Member,
    Inner,
}

/// Names no other member has.
#[derive(Debug)]
pub(crate) struct Names {
    count: u32,
    /// All records of the api are closed.
    pub(crate) closed: bool,
}

impl Names {
    pub(crate) const fn new(closed: bool) -> Self {
        Self { count: 0, closed }
    }

    pub(crate) fn fresh(&mut self) -> String {
        self.count += 1;
        let odd = ["", "_x", " y", "é", "~/"];
        let end = match self.count % 9 {
            8 => odd[self.count as usize % odd.len()],
            2 | 5 => "_of",
            _ => "",
        };
        format!("m{}{end}", self.count)
    }

    /// One that may stand in a path and in a pattern.
    pub(crate) fn plain(&mut self) -> String {
        loop {
            let name = self.fresh();
            if name.bytes().all(|one| one.is_ascii_alphanumeric()) {
                return name;
            }
        }
    }
}

impl Kind {
    pub(crate) fn some(random: &mut Random, names: &mut Names, depth: Depth) -> Self {
        let choice = |random: &mut Random| {
            let from = random.index(4);
            Self::Choice(
                CHOICES[from..from + 2 + random.index(2)]
                    .iter()
                    .map(|one| (*one).to_owned())
                    .collect(),
            )
        };
        match random.index(if depth == Depth::Member { 19 } else { 10 }) {
            0 | 1 => Self::Text,
            2 | 3 => choice(random),
            4 => Self::Whole(0, 9),
            5 => Self::Flag,
            6 => Self::Number,
            7 => Self::Short(5),
            8 | 9 => Self::Shaped(Shaped::some(random)),
            10 | 11 => Self::Record(Record::some(random, names, Depth::Inner)),
            12 => {
                let items = if random.once_in(2) {
                    Self::Item
                } else {
                    Self::some(random, names, Depth::Inner)
                };
                Self::List(Box::new(Node::plain(items)), random.index(2), 3)
            }
            13 => Self::Map(Box::new(Node::plain(Self::some(random, names, Depth::Inner)))),
            14 | 15 => Self::rows(random, names),
            16 | 17 => {
                let many = 2 + random.index(2);
                let each = (0..many).map(|_| {
                    let name = names.plain();
                    (name, Record::some(random, names, Depth::Inner))
                });
                let each = each.collect();
                Self::Variants(Form::some(random), each)
            }
            _ => Self::Item,
        }
    }

    /// A list of records with a key of their own.
    fn rows(random: &mut Random, names: &mut Names) -> Self {
        let mut row = Record::some(random, names, Depth::Inner);
        let key = Node::plain(Self::Shaped(Shaped::Word));
        row.members.insert(0, Member { name: names.fresh(), node: key, required: true });
        Self::List(Box::new(Node::plain(Self::Record(row))), 0, 3)
    }

    /// A value of the kind.
    pub(crate) fn value(&self, random: &mut Random) -> Value {
        match self {
            Self::Text => json!(["", "x", "some text"][random.index(3)]),
            Self::Choice(values) => json!(values[random.index(values.len())]),
            Self::Whole(least, most) => json!(
                least
                    + i64::try_from(random.index(usize::try_from(most - least).unwrap() + 1))
                        .unwrap()
            ),
            Self::Number => json!(0.5),
            Self::Flag => json!(random.once_in(2)),
            Self::Short(most) => {
                json!(["", "x", "yz"][random.index(if *most > 1 { 3 } else { 2 })])
            }
            Self::Shaped(shaped) => json!(shaped.value()),
            Self::Record(_) | Self::Map(_) | Self::Item | Self::Variants(..) => json!({}),
            Self::List(items, least, _) => vec![items.kind.value(random); *least].into(),
        }
    }

    /// Whether [`Kind::value`] is surely one.
    pub(crate) fn is_plain(&self) -> bool {
        match self {
            Self::Record(_) | Self::Item | Self::Variants(..) => false,
            Self::List(items, least, _) => *least == 0 || items.kind.is_plain(),
            _ => true,
        }
    }

    /// Whether it is no object and no list.
    pub(crate) const fn is_scalar(&self) -> bool {
        !matches!(
            self,
            Self::Record(_) | Self::Item | Self::Variants(..) | Self::Map(_) | Self::List(..)
        )
    }

    /// All records in it.
    pub(crate) fn records(&mut self) -> Vec<&mut Record> {
        match self {
            Self::Record(record) => vec![record],
            Self::List(inner, ..) | Self::Map(inner) => inner.kind.records(),
            Self::Variants(_, all) => all.iter_mut().map(|(_, record)| record).collect(),
            _ => Vec::new(),
        }
    }
}

impl Shaped {
    fn some(random: &mut Random) -> Self {
        [Self::Word, Self::Word, Self::Words, Self::Words, Self::Digits, Self::Stamp, Self::Truth]
            [random.index(7)]
    }

    const fn value(self) -> &'static str {
        match self {
            Self::Word => "ab",
            Self::Words => "ab cd",
            Self::Digits => "12",
            Self::Stamp => "2020-02-29T12:00:00Z",
            Self::Truth => "true",
        }
    }

    fn schema(self) -> Value {
        let pattern = |pattern: &str| json!({"type": "string", "pattern": pattern});
        match self {
            Self::Word => pattern("^[a-z]{1,4}$"),
            Self::Words => pattern("^[a-z]{1,4} [a-z]{1,4}$"),
            Self::Digits => pattern("^(0|[1-9][0-9]{0,5})$"),
            Self::Stamp => json!({"type": "string", "format": "date-time"}),
            Self::Truth => json!({"type": "string", "enum": ["true", "false"]}),
        }
    }
}

impl Form {
    pub(crate) fn some(random: &mut Random) -> Self {
        [Self::Presence, Self::Nested, Self::Flat, Self::Flat, Self::Flat][random.index(5)]
    }

    /// The word of `changes.yaml`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Nested => "nested",
            Self::Flat => "flat",
        }
    }

    /// The schema of one variant.
    fn schema(self, name: &str, record: &Record) -> Value {
        let tag = || Member {
            name: TAG.to_owned(),
            node: Node::plain(Kind::Choice(vec![name.to_owned()])),
            required: true,
        };
        let whole = || Member {
            name: name.to_owned(),
            node: Node::plain(Kind::Record(record.clone())),
            required: true,
        };
        let members = match self {
            Self::Presence => vec![whole()],
            Self::Nested => vec![tag(), whole()],
            Self::Flat => [tag()].into_iter().chain(record.members.iter().cloned()).collect(),
        };
        Record { members, open: record.open }.schema()
    }
}

impl Node {
    pub(crate) const fn plain(kind: Kind) -> Self {
        Self { kind, null: false, default: None }
    }

    fn schema(&self) -> Value {
        let mut schema = match &self.kind {
            Kind::Text => json!({"type": "string"}),
            Kind::Choice(values) => json!({"type": "string", "enum": values}),
            Kind::Whole(least, most) => {
                json!({"type": "integer", "minimum": least, "maximum": most})
            }
            Kind::Number => json!({"type": "number"}),
            Kind::Flag => json!({"type": "boolean"}),
            Kind::Record(record) => record.schema(),
            Kind::Short(most) => json!({"type": "string", "maxLength": most}),
            Kind::Shaped(shaped) => shaped.schema(),
            Kind::List(items, least, most) => {
                json!({"type": "array", "items": items.schema(), "minItems": least, "maxItems": most})
            }
            Kind::Variants(form, all) => {
                let each = all.iter().map(|(name, record)| form.schema(name, record));
                json!({"oneOf": each.collect::<Vec<_>>()})
            }
            Kind::Map(values) => {
                json!({"type": "object", "additionalProperties": values.schema(), "maxProperties": 3})
            }
            Kind::Item => json!({"$ref": "#/components/schemas/Item"}),
        };
        if self.null {
            match (&self.kind, schema.get("type").cloned()) {
                (Kind::Item, _) | (_, None) => {
                    schema = json!({"anyOf": [schema, {"type": "null"}]});
                }
                (_, Some(kind)) => schema["type"] = json!([kind, "null"]),
            }
            if let Some(Value::Array(values)) = schema.get_mut("enum") {
                values.push(Value::Null);
            }
        }
        if let Some(default) = &self.default {
            schema["default"] = default.clone();
        }
        schema
    }
}

impl Record {
    pub(crate) fn some(random: &mut Random, names: &mut Names, depth: Depth) -> Self {
        let members = (0..random.up_to(if depth == Depth::Member { 5 } else { 3 }))
            .map(|_| Member::some(random, names, depth))
            .collect();
        let open = [None, None, Some(false), Some(true)][random.index(4)];
        Self { members, open: if names.closed { Some(false) } else { open } }
    }

    fn schema(&self) -> Value {
        let mut properties = Map::new();
        for member in &self.members {
            properties.insert(member.name.clone(), member.node.schema());
        }
        let required: Vec<&str> =
            self.members.iter().filter(|one| one.required).map(|one| one.name.as_str()).collect();
        let mut schema = json!({"type": "object", "properties": properties, "required": required});
        if let Some(open) = self.open {
            schema["additionalProperties"] = json!(open);
        }
        schema
    }
}

impl Member {
    pub(crate) fn some(random: &mut Random, names: &mut Names, depth: Depth) -> Self {
        let mut node = Node::plain(Kind::some(random, names, depth));
        node.null = random.once_in(5);
        let required = random.once_in(2) && node.kind != Kind::Item;
        if !required && random.once_in(4) && node.kind.is_plain() {
            node.default = Some(node.kind.value(random));
        }
        Self { name: names.fresh(), node, required }
    }
}

impl Model {
    pub(crate) fn some(random: &mut Random, names: &mut Names) -> Self {
        let order = Record::some(random, names, Depth::Member);
        let mut item = Record::some(random, names, Depth::Inner);
        if random.once_in(3) {
            // A component that holds itself.
            let node = Node::plain(Kind::Item);
            item.members.push(Member { name: names.fresh(), node, required: false });
        }
        Self { order, item }
    }

    /// The version as a document.
    pub(crate) fn document(&self) -> Value {
        let content =
            json!({"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}});
        json!({
            "openapi": "3.1.0",
            "info": {"title": "orders", "version": "1"},
            "paths": {"/orders": {"post": {
                "requestBody": {"required": true, "content": content},
                "responses": {"200": {"description": "done", "content": content}}
            }}},
            "components": {"schemas": {"Order": self.order.schema(), "Item": self.item.schema()}}
        })
    }
}
