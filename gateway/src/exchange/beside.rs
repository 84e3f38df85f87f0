//! Parameters that go into the body of a request, and members of it that go out as parameters (L19).

use std::collections::BTreeMap;
use std::sync::Arc;

use evergate_schemas::convert::{BodyConverter, BodyOptions, PreparedBody};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::style::{Carried, Odd, Reading};
use evergate_schemas::plan::wire::Beside;
use evergate_schemas::pointer::Pointer;

use super::parameters::Place;
use super::style;
use crate::refusal::Refusal;
use crate::snapshot::loss::Lost;
use crate::snapshot::{ConversionLimits, CrossingMessage};

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
            unfit(one, "has a value that is not taken there")
        }
        Some(one) => Refusal::ParameterMissing(one.wired.name.clone()),
        None => refusal,
    }
}

/// Takes the parameters that go by a policy; gives what becomes of them, and what is lost.
pub(super) fn settled<'a>(
    message: &'a CrossingMessage,
    (place, values): (&mut Place<'_>, &Values),
    limits: ConversionLimits,
) -> Result<(Outward<'a>, Lost), Refusal> {
    let (mut outward, mut lost) = (Outward::default(), Lost::default());
    for conversion in message.beside.iter().filter_map(|one| one.conversion.as_ref()) {
        let Some((inward, out)) = conversion.prepared.beside() else { continue };
        let there = taken(inward, place)?;
        let values = Arc::new(Values { beside: there, ..values.clone() });
        let limits = limits.of_conversion();
        let options = BodyOptions { limits, values: Arc::clone(&values), ..BodyOptions::default() };
        let mut converter = BodyConverter::start(&conversion.prepared, &options);
        let report = converter.finish(&mut Vec::new()).map_err(|odd| {
            let (pointer, why) = (odd.pointer.as_str().to_owned(), odd.cause.to_string());
            refused(inward, Refusal::RequestUnconvertible { pointer, why }, &values.beside)
        })?;
        lost.merge(&Lost::fired(&conversion.losses, &report.fired));
        outward.add(&conversion.prepared, out, &converter.take_beside())?;
    }
    Ok((outward, lost))
}

impl<'a> Outward<'a> {
    /// Adds values that came out of an object, by their keys.
    pub(super) fn add(
        &mut self,
        prepared: &'a PreparedBody,
        outward: &'a [Beside],
        values: &[(Arc<str>, String)],
    ) -> Result<(), Refusal> {
        for one in outward {
            let Some((_, json)) = values.iter().find(|(key, _)| *key == one.key) else { continue };
            let value = one.carried(json).map_err(|odd| unwritten(prepared, one, odd))?;
            self.0.push((one, prepared, value));
        }
        Ok(())
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

/// A value that cannot be written as the parameter.
fn unwritten(prepared: &PreparedBody, one: &Beside, odd: Odd) -> Refusal {
    let origin = prepared.origin(&Pointer::root().join(&one.key));
    let first = origin.tokens().next();
    let inward = prepared.beside().map_or(&[][..], |(inward, _)| inward);
    if let Some(sent) = inward.iter().find(|sent| first.as_deref() == Some(&*sent.key)) {
        return unfit(sent, odd.0);
    }
    let pointer = origin.as_str().to_owned();
    let place = one.wired.location.word();
    let why = format!("it goes into the {place} there, and {}", odd.0);
    Refusal::RequestUnconvertible { pointer, why }
}
