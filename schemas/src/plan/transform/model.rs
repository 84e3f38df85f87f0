//! The list of transforms, and what one makes of a value.

use serde_json::Value;

use crate::plan::outside::Values;
use crate::pointer::Pointer;
use crate::schema::Schema;

use super::cast::Cast;
use super::embed::{Embed, Form};
use super::envelope::Envelope;
use super::fit::Fit;
use super::gather::Gathered;
use super::keyed::Keyed;
use super::link::Link;
use super::list::{List, Pick};
use super::members::{Compute, Merge, Split};
use super::order::{Group, Select};
use super::point::Point;
use super::raw::items;
use super::retag::Retag;
use super::scale::Scale;
use super::settle::Settle;
use super::time::{Moment, Time};
use super::wrap;

/// A function of one JSON value. It is deterministic, reads nothing but the value and, for links, what [`Values`] know of
/// them, and keeps the spelling of what it does not touch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Transform {
    /// `v` becomes `[v]` (lens L4).
    Wrap,
    /// One value and a list of them (lens L4).
    List(List),
    /// One text into several members of an object (lens L5).
    Split(Split),
    /// Several members of an object into one text (lens L5).
    Merge(Merge),
    /// Strings, numbers and booleans into each other (lens L7).
    Cast(Cast),
    /// Numbers times a fraction (lens L8).
    Scale(Scale),
    /// Points in time (lens L9).
    Time(Time),
    /// A member made of others (lens L11).
    Compute(Compute),
    /// A list of objects and a map by their key (lens L12).
    Keyed(Keyed),
    /// A list in another order, or without some items (lens L13).
    Select(Select),
    /// A list of objects in groups (lens L13).
    Group(Group),
    /// JSON in a string (lens L24).
    Embed(Embed),
    /// Values that the reader does not take (rows A8 to A11, A15).
    Fit(Fit),
    /// Members into an object of their own (lens L3).
    Gather(Gathered),
    /// Members out of an object of their own (lens L3).
    Scatter(Gathered),
    /// A value into a member of an object (lens L16).
    Envelop(Envelope),
    /// A value out of a member of an object (lens L16).
    Open(Envelope),
    /// One way to say which variant an object is into another (lens L14).
    Retag(Retag),
    /// One member that came under two names (lens L1).
    Settle(Settle),
    /// A link or a paging token as the other side says it (lenses L21, L22).
    Link(Link),
    /// A place of the request that an error names (lens L17).
    Point(Point),
    /// One after the other; the first that does not take its value decides.
    Chain(Vec<Self>),
}

/// What a transform made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// One JSON text.
    pub text: String,
    /// Nothing of what the value said was lost.
    pub exact: bool,
}

impl Made {
    /// Nothing was lost.
    pub const fn exact(text: String) -> Self {
        Self { text, exact: true }
    }

    /// Something was lost.
    pub const fn lossy(text: String) -> Self {
        Self { text, exact: false }
    }
}

/// Why a transform does not take a value: a fragment of a sentence that says nothing of the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(pub String);

impl Transform {
    /// What becomes of `text`, one well-formed JSON value without duplicate names, where nobody knows its links.
    ///
    /// # Errors
    /// When the function is not defined for this value.
    pub fn apply(&self, text: &str) -> Result<Made, Unfit> {
        self.apply_with(text, &Values::default())
    }

    /// What becomes of `text`, one well-formed JSON value without duplicate names.
    ///
    /// # Errors
    /// When the function is not defined for this value.
    pub fn apply_with(&self, text: &str, values: &Values) -> Result<Made, Unfit> {
        match self {
            Self::Wrap => Ok(wrap::apply(text)),
            Self::List(one) => one.apply(text),
            Self::Split(one) => one.apply(text),
            Self::Merge(one) => one.apply(text),
            Self::Cast(one) => one.apply(text),
            Self::Scale(one) => one.apply(text),
            Self::Time(one) => one.apply(text),
            Self::Compute(one) => Ok(one.apply(text)),
            Self::Keyed(one) => one.apply(text),
            Self::Select(one) => Ok(one.apply(text)),
            Self::Group(one) => one.apply(text),
            Self::Embed(one) => one.apply(text),
            Self::Fit(one) => one.apply(text),
            Self::Gather(one) => one.gather(text),
            Self::Scatter(one) => one.scatter(text),
            Self::Envelop(one) => Ok(one.put_in(text, values)),
            Self::Open(one) => one.take_out(text, values),
            Self::Retag(one) => one.apply(text),
            Self::Settle(one) => one.apply(text),
            Self::Link(one) => Ok(one.apply(text, values)),
            Self::Point(one) => one.apply(text),
            Self::Chain(parts) => {
                let mut made = Made::exact(text.to_owned());
                for part in parts {
                    let next = part.apply_with(&made.text, values)?;
                    made = Made { exact: made.exact && next.exact, text: next.text };
                }
                Ok(made)
            }
        }
    }

    /// A schema that has at least all outcomes of valid inputs. `sender` is a schema whose references resolve in
    /// `schema`, and so are those of the answer.
    pub fn image(&self, sender: &Value, schema: &Schema) -> Value {
        match self {
            Self::Wrap => wrap::image(sender),
            Self::List(one) => one.image(sender, schema),
            Self::Split(one) => one.image(sender, schema),
            Self::Merge(one) => one.image(sender, schema),
            Self::Cast(one) => one.image(sender, schema),
            Self::Scale(one) => one.image(sender, schema),
            Self::Time(one) => one.image(sender, schema),
            Self::Compute(one) => one.image(sender, schema),
            Self::Keyed(one) => one.image(sender, schema),
            Self::Select(one) => one.image(sender, schema),
            Self::Group(one) => one.image(sender, schema),
            Self::Embed(one) => one.image(sender, schema),
            Self::Fit(one) => one.image(sender, schema),
            Self::Gather(one) => one.gathered(sender, schema),
            Self::Scatter(one) => one.scattered(sender, schema),
            Self::Envelop(one) => one.put_in_image(sender),
            Self::Open(one) => one.taken_out_image(sender, schema),
            Self::Retag(one) => one.image(sender, schema),
            Self::Settle(one) => one.image(sender, schema),
            Self::Link(one) => one.image(sender, schema),
            Self::Point(one) => one.image(sender, schema),
            Self::Chain(parts) => {
                parts.iter().fold(sender.clone(), |sender, part| part.image(&sender, schema))
            }
        }
    }

    /// The place in `text` of a place in what [`Self::apply`] made of it; the value around it where more is not known.
    pub fn origin_in(&self, text: &str, place: &Pointer) -> Pointer {
        let below = |index: usize, rest: &mut dyn Iterator<Item = String>| {
            let item = Pointer::root().join(&index.to_string());
            rest.fold(item, |at, token| at.join(&token))
        };
        let mut tokens = place.tokens();
        match self {
            Self::List(List::One { pick, .. }) => match items(text) {
                None => place.clone(),
                Some(found) if found.is_empty() => Pointer::root(),
                Some(found) if *pick == Pick::Last => below(found.len() - 1, &mut tokens),
                Some(_) => below(0, &mut tokens),
            },
            Self::Select(one) => {
                let indices = one.indices(text).unwrap_or_default();
                let index = tokens.next().and_then(|token| token.parse::<usize>().ok());
                let found = index.and_then(|index| indices.get(index).copied());
                found.map_or_else(Pointer::root, |index| below(index, &mut tokens))
            }
            Self::Settle(one) => one.origin_in(text, place),
            Self::Scatter(one) => one.outside_in_of(text, place),
            Self::Chain(parts) => {
                let Some((first, rest)) = parts.split_first() else { return place.clone() };
                let made = first.apply(text).map_or_else(|_| text.to_owned(), |made| made.text);
                first.origin_in(text, &Self::Chain(rest.to_vec()).origin_in(&made, place))
            }
            other => other.origin(place),
        }
    }

    /// As [`Self::origin`], but one that is there whatever the input was: an empty list has no first item, a null no
    /// members.
    pub fn origin_around(&self, place: &Pointer) -> Pointer {
        match self {
            Self::List(List::One { .. }) => Pointer::root(),
            Self::Scatter(one) => one.around(place),
            other => other.origin(place),
        }
    }

    /// The place in the input of a place in what was made of it; the root where more is not known.
    pub fn origin(&self, place: &Pointer) -> Pointer {
        match self {
            Self::Wrap | Self::List(List::Of { .. }) => {
                place.tokens().skip(1).fold(Pointer::root(), |at, token| at.join(&token))
            }
            Self::List(List::One { pick: Pick::First | Pick::Only, .. }) => {
                place.tokens().fold(Pointer::root().join("0"), |at, token| at.join(&token))
            }
            Self::Split(one) => match place.tokens().next() {
                Some(first) if one.into.iter().any(|name| **name == *first) => {
                    Pointer::root().join(&one.from)
                }
                _ => place.clone(),
            },
            Self::Merge(Merge { into, .. }) | Self::Compute(Compute { name: into, .. }) => {
                match place.tokens().next() {
                    Some(first) if **into == *first => Pointer::root(),
                    _ => place.clone(),
                }
            }
            Self::Cast(_)
            | Self::Scale(_)
            | Self::Time(_)
            | Self::Fit(_)
            | Self::Link(_)
            | Self::Point(_)
            | Self::Settle(_) => place.clone(),
            // Which item or entry it came from, the place alone does not tell.
            Self::List(_) | Self::Keyed(_) | Self::Select(_) | Self::Group(_) | Self::Embed(_) => {
                Pointer::root()
            }
            Self::Gather(one) => one.inside_out(place),
            Self::Scatter(one) => one.outside_in(place),
            Self::Envelop(one) => {
                let mut tokens = place.tokens();
                let inside = tokens.next().is_some_and(|first| first == one.member);
                let rest = tokens.filter(|_| inside);
                rest.fold(Pointer::root(), |at, token| at.join(&token))
            }
            Self::Open(one) => Pointer::root().join(&one.member).concat(place),
            Self::Retag(_) => Pointer::root(),
            Self::Chain(parts) => {
                parts.iter().rev().fold(place.clone(), |place, part| part.origin(&place))
            }
        }
    }

    /// Whether information of some valid value may be lost; no only where that is proved.
    pub fn may_lose(&self, sender: &Value, schema: &Schema) -> bool {
        match self {
            Self::Wrap
            | Self::List(List::Of { .. })
            | Self::Compute(_)
            | Self::Gather(_)
            | Self::Link(_)
            | Self::Envelop(_) => false,
            Self::Scatter(one) => one.may_lose(sender, schema),
            Self::Open(one) => one.may_lose(sender, schema),
            Self::Retag(one) => one.may_lose(sender, schema),
            Self::Settle(one) => one.may_lose(sender, schema),
            Self::List(_) => List::may_lose(sender, schema),
            Self::Cast(one) => one.may_lose(sender, schema),
            Self::Scale(one) => one.may_lose(sender, schema),
            Self::Time(one) => one.may_lose(sender, schema),
            Self::Keyed(one) => one.may_lose(),
            Self::Embed(one) => one.from != Form::Json,
            Self::Fit(one) => one.may_lose(),
            Self::Point(one) => one.may_lose(),
            Self::Split(_) | Self::Merge(_) | Self::Select(_) | Self::Group(_) => true,
            Self::Chain(parts) => {
                let mut sender = sender.clone();
                parts.iter().any(|part| {
                    let loses = part.may_lose(&sender, schema);
                    sender = part.image(&sender, schema);
                    loses
                })
            }
        }
    }

    /// Whether it takes a sender at its word about what no schema makes sure: a declared `format`, `contentEncoding`
    /// or `contentMediaType`.
    pub fn believes(&self) -> bool {
        match self {
            Self::Time(one) => !matches!(one.from, Moment::Epoch { .. }),
            Self::Embed(one) => one.from != Form::Json,
            Self::Chain(parts) => parts.iter().any(Self::believes),
            _ => false,
        }
    }

    /// Whether it asks who carries the message ([`Values::links`], [`Values::relations`]).
    pub fn has_links(&self) -> bool {
        match self {
            Self::Link(_) => true,
            Self::Envelop(one) | Self::Open(one) => !one.links.is_empty(),
            Self::Chain(parts) => parts.iter().any(Self::has_links),
            _ => false,
        }
    }

    /// The labels of the versions whose words it reads in links and tokens.
    pub fn reads_words_of(&self) -> Vec<&str> {
        match self {
            Self::Link(one) => vec![&one.from],
            Self::Chain(parts) => parts.iter().flat_map(Self::reads_words_of).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the function is proved to be defined for every valid value.
    pub fn takes_all(&self, sender: &Value, schema: &Schema) -> bool {
        match self {
            Self::Wrap | Self::Compute(_) | Self::Select(_) | Self::Link(_) | Self::Envelop(_) => {
                true
            }
            Self::Gather(one) => one.gathers_all(sender, schema),
            Self::Scatter(one) => one.scatters_all(sender, schema),
            Self::Open(one) => one.takes_all(sender, schema),
            Self::Retag(one) => one.takes_all(sender, schema),
            Self::Settle(one) => one.takes_all(sender, schema),
            Self::List(one) => one.takes_all(sender, schema),
            Self::Split(one) => one.takes_all(sender, schema),
            Self::Merge(one) => one.takes_all(sender, schema),
            Self::Cast(one) => one.takes_all(sender, schema),
            Self::Scale(one) => one.takes_all(sender, schema),
            Self::Time(one) => one.takes_all(sender, schema),
            Self::Keyed(one) => one.takes_all(sender, schema),
            Self::Group(one) => one.takes_all(sender, schema),
            Self::Embed(one) => one.takes_all(sender, schema),
            Self::Fit(one) => one.takes_all(sender, schema),
            Self::Point(one) => one.takes_all(),
            Self::Chain(parts) => {
                let mut sender = sender.clone();
                parts.iter().all(|part| {
                    let takes = part.takes_all(&sender, schema);
                    sender = part.image(&sender, schema);
                    takes
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{List, Made, Pick, Select, Transform};
    use crate::plan::transform::SortKey;
    use crate::pointer::Pointer;
    use crate::schema::Schema;

    #[test]
    fn a_place_in_what_was_made_is_one_in_what_came() {
        let check = |transform: &Transform, text: &str, place: &str, wanted: &str| {
            let place = Pointer::parse(place).unwrap();
            assert_eq!(transform.origin_in(text, &place).as_str(), wanted, "{text}");
        };
        let one = |pick| Transform::List(List::One { pick, null_is_empty: true });
        check(&one(Pick::First), "[{},2]", "/a", "/0/a");
        check(&one(Pick::Last), "[1,{}]", "/a", "/1/a");
        check(&one(Pick::Only), "[]", "", "");
        check(&one(Pick::Only), "7", "", "");
        let sort = Select::Sort(vec![SortKey { path: Vec::new(), descending: false }]);
        check(&Transform::Select(sort.clone()), "[3,1,2]", "/2", "/0");
        let chain = Transform::Chain(vec![Transform::Select(sort), one(Pick::First)]);
        check(&chain, "[3,1,2]", "", "/1");
    }

    #[test]
    fn a_chain_goes_on_with_what_came_before() {
        let twice = Transform::Chain(vec![Transform::Wrap, Transform::Wrap]);
        assert_eq!(twice.apply(" 1.0"), Ok(Made::exact("[[1.0]]".to_owned())));
        let schema = Schema::from_document(json!({"type": "number"}));
        assert!(twice.takes_all(&schema.root, &schema));
        let image = twice.image(&schema.root, &schema);
        assert_eq!(image["prefixItems"][0]["prefixItems"][0], schema.root);
    }
}
