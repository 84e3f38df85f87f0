//! What a row takes and gives, as types: the description of the admin api is made of them.

use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Makes the schema of a type.
pub(super) type Maker = fn(&mut SchemaGenerator) -> Schema;

/// Statuses that a row may have besides those of all rows.
const MOST: usize = 8;

/// What stands in a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    pub(super) media: &'static str,
    /// `None` for what is no JSON.
    pub(super) schema: Option<Maker>,
}

/// One answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gives {
    pub(super) status: u16,
    /// When it is given, in a few words.
    pub(super) about: &'static str,
    pub(super) content: Content,
}

/// What a row takes and gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// A struct whose members are the parameters behind `?`.
    pub(super) query: Option<Maker>,
    /// The bodies that are taken, by media type; none where a body is not looked at.
    pub(super) bodies: [Option<Content>; 3],
    /// The answer when all is well is the first.
    pub(super) gives: [Option<Gives>; MOST],
}

const fn json_of<T: JsonSchema>(media: &'static str) -> Content {
    Content { media, schema: Some(SchemaGenerator::subschema_for::<T>) }
}

impl Shape {
    /// 200 with JSON of this type.
    pub(super) const fn json<T: JsonSchema>() -> Self {
        Self::first("done", json_of::<T>("application/json"))
    }

    /// 200 with something else than JSON.
    pub(super) const fn text(media: &'static str) -> Self {
        Self::first("done", Content { media, schema: None })
    }

    const fn first(about: &'static str, content: Content) -> Self {
        let first = Gives { status: 200, about, content };
        let gives = [Some(first), None, None, None, None, None, None, None];
        Self { query: None, bodies: [None; 3], gives }
    }

    /// With the parameters behind `?` that are the members of this struct.
    #[must_use]
    pub(super) const fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// With a JSON body of this type, under this media type.
    #[must_use]
    pub(super) const fn body<T: JsonSchema>(self, media: &'static str) -> Self {
        self.with_body(json_of::<T>(media))
    }

    /// With a body that is no JSON.
    #[must_use]
    pub(super) const fn text_body(self, media: &'static str) -> Self {
        self.with_body(Content { media, schema: None })
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "in a constant, so that one too many stops the compiler"
    )]
    const fn with_body(mut self, content: Content) -> Self {
        let mut index = 0;
        while self.bodies[index].is_some() {
            index += 1;
        }
        self.bodies[index] = Some(content);
        self
    }

    /// With another status that has JSON of this type; a problem from 400 on.
    #[must_use]
    pub(super) const fn gives<T: JsonSchema>(self, status: u16, about: &'static str) -> Self {
        let media = if status < 400 { "application/json" } else { "application/problem+json" };
        self.with(Gives { status, about, content: json_of::<T>(media) })
    }

    /// With another status that has JSON of this type, and is no problem.
    #[must_use]
    pub(super) const fn also<T: JsonSchema>(self, status: u16, about: &'static str) -> Self {
        self.with(Gives { status, about, content: json_of::<T>("application/json") })
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "in a constant, so that one too many stops the compiler"
    )]
    const fn with(mut self, gives: Gives) -> Self {
        let mut index = 0;
        while self.gives[index].is_some() {
            index += 1;
        }
        self.gives[index] = Some(gives);
        self
    }
}
