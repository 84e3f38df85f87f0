//! Objects told apart by their members.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::convert::code::OpId;
use crate::convert::scalar::Rows;
use crate::plan::program::Test;

/// See [`crate::plan::program::Choose`].
#[derive(Debug)]
pub(super) struct ChooseOp {
    pub(super) cases: Vec<(TestOp, OpId)>,
    pub(super) otherwise: OpId,
}

/// What is asked of an object.
#[derive(Debug)]
pub(super) enum TestOp {
    Equals(Vec<Arc<str>>, Rows),
    Present([Arc<str>; 1]),
}

impl TestOp {
    pub(super) fn new(test: &Test) -> Self {
        match test {
            Test::Equals(path, literal) => {
                Self::Equals(path.clone(), Rows::new(std::iter::once((literal, 0))))
            }
            Test::Present(name) => Self::Present([Arc::clone(name)]),
        }
    }

    fn path(&self) -> &[Arc<str>] {
        match self {
            Self::Equals(path, _) => path,
            Self::Present(path) => path,
        }
    }

    fn holds(&self, found: Option<&str>) -> bool {
        match (self, found) {
            (Self::Present(_), found) => found.is_some(),
            (Self::Equals(_, rows), Some(token)) => {
                !token.starts_with(['{', '[']) && rows.find(token.as_bytes()).is_some()
            }
            (Self::Equals(..), None) => false,
        }
    }
}

impl ChooseOp {
    /// The operation for a well-formed value.
    pub(super) fn decide(&self, text: &str) -> OpId {
        if !text.starts_with('{') {
            return self.otherwise;
        }
        // Tests mostly ask for one and the same member.
        let mut last: Option<(&[Arc<str>], Option<&str>)> = None;
        for (test, op) in &self.cases {
            let path = test.path();
            let found = match last {
                Some((known, found)) if known == path => found,
                _ => find(text, path),
            };
            last = Some((path, found));
            if test.holds(found) {
                return *op;
            }
        }
        self.otherwise
    }
}

/// The text at the end of a path through the objects of a well-formed value.
fn find<'t>(text: &'t str, path: &[Arc<str>]) -> Option<&'t str> {
    path.iter().try_fold(text, |text, name| {
        if !text.starts_with('{') {
            return None;
        }
        serde_json::Deserializer::from_str(text).deserialize_map(Wanted(name)).ok()?
    })
}

/// Looks for one member of an object.
struct Wanted<'n>(&'n str);

impl<'t> Visitor<'t> for Wanted<'_> {
    type Value = Option<&'t str>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key::<Name<'t>>()? {
            let value: &'t RawValue = members.next_value()?;
            if name.0 == self.0 {
                found = Some(value.get());
            }
        }
        Ok(found)
    }
}

/// A member name, borrowed where it has no escapes.
struct Name<'t>(Cow<'t, str>);

impl<'t> serde::Deserialize<'t> for Name<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'t> Visitor<'t> for Text {
            type Value = Cow<'t, str>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'t str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Name)
    }
}
