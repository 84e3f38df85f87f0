//! A small model of an api's schemas: what is generated, edited from version to version, and written as OpenAPI.

use evergate_schemas::sample::Random;
use serde_json::{Map, Value, json};

/// Values that closed lists of texts are made of.
pub(crate) const CHOICES: [&str; 6] = ["open", "shut", "sold", "lost", "new", "old"];

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Text,
    Choice(Vec<String>),
    Whole(i64, i64),
    Number,
    Flag,
    Record(Record),
    List(Box<Node>),
    /// A map: its keys are data.
    Map(Box<Node>),
    /// The component `Item`.
    Item,
}

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
        format!(
            "m{}{}",
            self.count,
            if self.count % 9 == 8 { odd[self.count as usize % odd.len()] } else { "" }
        )
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
        match random.index(if depth == Depth::Member { 12 } else { 7 }) {
            0 | 1 => Self::Text,
            2 | 3 => choice(random),
            4 => Self::Whole(0, 9),
            5 => Self::Flag,
            6 => Self::Number,
            7 | 8 => Self::Record(Record::some(random, names, Depth::Inner)),
            9 => Self::List(Box::new(Node::plain(if random.once_in(2) {
                Self::Item
            } else {
                Self::some(random, names, Depth::Inner)
            }))),
            10 => Self::Map(Box::new(Node::plain(Self::some(random, names, Depth::Inner)))),
            _ => Self::Item,
        }
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
            Self::Record(_) | Self::Map(_) | Self::Item => json!({}),
            Self::List(_) => json!([]),
        }
    }

    /// Whether [`Kind::value`] is surely one.
    pub(crate) const fn is_plain(&self) -> bool {
        !matches!(self, Self::Record(_) | Self::Item)
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
            Kind::List(items) => json!({"type": "array", "items": items.schema(), "maxItems": 3}),
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
