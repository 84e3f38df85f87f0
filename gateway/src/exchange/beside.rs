//! Parameters that go into the body of a request, and members of it that go out as parameters (L19).

use std::collections::BTreeMap;

use evergate_schemas::convert::PreparedBody;
use evergate_schemas::plan::style::{Carried, Odd, Reading};
use evergate_schemas::plan::wire::Beside;
use evergate_schemas::pointer::Pointer;

use super::parameters::Place;
use super::style;
use crate::refusal::Refusal;

/// What came out of a body and is written elsewhere.
#[derive(Debug, Default)]
pub(super) struct Outward<'a>(Vec<(&'a Beside, &'a PreparedBody, Carried)>);

/// Takes the parameters that go into the body out of their places, as JSON texts by their keys.
pub(super) fn taken(
    inward: &[Beside],
    place: &mut Place<'_>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut found = BTreeMap::new();
    for one in inward {
        let members: Vec<String> = one.members.keys().cloned().collect();
        let reading = Reading { form: one.form, members: &members, bare: one.bare };
        let value = style::read(&one.wired, &reading, place)
            .and_then(|value| value.map(|value| one.json(&value)).transpose())
            .map_err(|odd| unfit(one, odd.0))?;
        found.extend(value.map(|json| (one.key.to_string(), json)));
    }
    Ok(found)
}

/// A refusal of what was made of body and parameters, which names the parameter that it is about.
pub(super) fn refused(
    inward: &[Beside],
    refusal: Refusal,
    there: &BTreeMap<String, String>,
) -> Refusal {
    let Refusal::RequestUnconvertible { pointer, .. } = &refusal else { return refusal };
    let first = Pointer::parse(pointer).and_then(|pointer| pointer.tokens().next());
    match inward.iter().find(|one| first.as_deref() == Some(&*one.key)) {
        Some(one) if there.contains_key(&*one.key) => {
            unfit(one, "has a value that the body has no place for")
        }
        Some(one) => Refusal::ParameterMissing(one.wired.name.clone()),
        None => refusal,
    }
}

impl<'a> Outward<'a> {
    /// The values that came out of a body, by their keys.
    pub(super) fn new(
        prepared: &'a PreparedBody,
        outward: &'a [Beside],
        values: &[(std::sync::Arc<str>, String)],
    ) -> Result<Self, Refusal> {
        let mut found = Vec::new();
        for one in outward {
            let Some((_, json)) = values.iter().find(|(key, _)| *key == one.key) else { continue };
            let value = one.carried(json).map_err(|odd| unwritten(prepared, one, odd))?;
            found.push((one, prepared, value));
        }
        Ok(Self(found))
    }

    /// Writes them.
    pub(super) fn put(&self, place: &mut Place<'_>) -> Result<(), Refusal> {
        for (one, prepared, value) in &self.0 {
            style::written(&one.wired, value, place)
                .map_err(|odd| unwritten(prepared, one, odd))?;
        }
        Ok(())
    }
}

fn unfit(one: &Beside, why: &'static str) -> Refusal {
    Refusal::ParameterUnfit { name: one.wired.name.clone(), why }
}

/// A value of the body that cannot be written as the parameter.
fn unwritten(prepared: &PreparedBody, one: &Beside, odd: Odd) -> Refusal {
    let pointer = prepared.origin(&Pointer::root().join(&one.key)).as_str().to_owned();
    let place = one.wired.location.word();
    let why = format!("it goes into the {place} there, and {}", odd.0);
    Refusal::RequestUnconvertible { pointer, why }
}
