//! What a style is, and what it carries.

use crate::describe::model::Location;

/// `style` and `explode` of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub(super) kind: Kind,
    pub(super) explode: bool,
}

/// The styles there are (OpenAPI 3.2 §4.12.3; `tabDelimited` is Swagger 2.0's `tsv`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Form,
    Space,
    Pipe,
    Tab,
    Simple,
    Label,
    Matrix,
    Deep,
}

impl Style {
    /// Reads [`crate::describe::model::Parameter::style`]; `None` for a `content` parameter and for the style `cookie` of
    /// OpenAPI 3.2, which escapes nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, explode) = text.split_once(',').unwrap_or((text, ""));
        let kind = match name {
            "form" => Kind::Form,
            "spaceDelimited" => Kind::Space,
            "pipeDelimited" => Kind::Pipe,
            "tabDelimited" => Kind::Tab,
            "simple" => Kind::Simple,
            "label" => Kind::Label,
            "matrix" => Kind::Matrix,
            "deepObject" => Kind::Deep,
            _ => return None,
        };
        Some(Self { kind, explode: explode == "explode" })
    }

    /// The character between the items of a value that is one text.
    pub(super) const fn delimiter(self) -> char {
        match (self.kind, self.explode) {
            (Kind::Space, _) => ' ',
            (Kind::Pipe, _) => '|',
            (Kind::Tab, _) => '\t',
            (Kind::Label, true) => '.',
            (Kind::Matrix, true) => ';',
            _ => ',',
        }
    }

    /// Whether each item or member is a pair of its own, so that nothing delimits.
    pub(crate) const fn is_in_pairs(self) -> bool {
        match self.kind {
            Kind::Form | Kind::Space | Kind::Pipe | Kind::Tab => self.explode,
            Kind::Deep => true,
            Kind::Simple | Kind::Label | Kind::Matrix => false,
        }
    }

    /// Whether a delimiter inside an item looks like one between items, percent-encoded or not.
    pub(super) const fn cannot_escape(self) -> bool {
        matches!(
            (self.kind, self.explode),
            (Kind::Space | Kind::Pipe | Kind::Tab, false) | (Kind::Label, true)
        )
    }
}

/// What a value is, as far as styles tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A string, number or boolean.
    One,
    /// An array of these.
    List,
    /// An object of these.
    Members,
}

/// A value as texts; what is a number or a boolean is told by no style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// A scalar.
    One(String),
    /// The items of an array.
    List(Vec<String>),
    /// The members of an object, in the order in which they came.
    Members(Vec<(String, String)>),
}

/// Where a parameter stands, and how its value is written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wired {
    /// Where.
    pub location: Location,
    /// Its name; lower case for headers.
    pub name: String,
    /// How.
    pub style: Style,
}

/// Why a text is no value of its style, or a value cannot be written in one: a sentence fragment about the parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Odd(pub &'static str);
