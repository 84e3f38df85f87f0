//! Lens L8: numbers times an exact fraction, as euros and cents are.

use serde_json::{Map, Value, json};

use crate::schema::Schema;

use super::decimal::{Decimal, Rounding};
use super::model::{Made, Unfit};
use super::raw::is_number;
use super::twin::{Branch, by_type, is_integer, listed, of_type};

/// What becomes of digits that have no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnPrecision {
    /// They are rounded away, which is a loss.
    Round(Rounding),
    /// The value is not taken.
    Error,
}

/// Numbers times `times / over`; every other value passes as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The numerator, not zero.
    pub times: u64,
    /// The denominator, not zero.
    pub over: u64,
    /// Digits after the point that the result may have.
    pub places: u32,
    /// What becomes of further digits.
    pub on_precision: OnPrecision,
}

impl Scale {
    pub(super) fn apply(self, text: &str) -> Result<Made, Unfit> {
        let text = text.trim();
        let Some(number) = Decimal::parse(text).filter(|_| is_number(text)) else {
            return Ok(Made::exact(text.to_owned()));
        };
        let (scaled, exact) = self.scaled(&number);
        match self.on_precision {
            OnPrecision::Error if !exact => {
                Err(Unfit(format!("a number with digits beyond {} places", self.places)))
            }
            _ if exact && scaled == number => Ok(Made::exact(text.to_owned())),
            _ => Ok(Made { text: scaled.text(), exact }),
        }
    }

    fn scaled(self, number: &Decimal) -> (Decimal, bool) {
        let rounding = match self.on_precision {
            OnPrecision::Round(rounding) => rounding,
            OnPrecision::Error => Rounding::Down,
        };
        number.times(self.times).over(self.over, self.places, rounding)
    }

    pub(super) fn image(self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| {
            (kind == "number").then(|| {
                let made = |value: &Value| self.bound(value).map(|(value, _)| value);
                match listed(part, made) {
                    // A value of more digits than a double has is a number like any other.
                    Some(values) if self.fits_all(part) => values,
                    _ => vec![Value::Object(self.bounds(part))],
                }
            })
        })
    }

    fn fits_all(self, part: &Branch) -> bool {
        let values = part.get("enum").and_then(Value::as_array);
        values
            .into_iter()
            .flatten()
            .chain(part.get("const"))
            .all(|value| self.bound(value).is_some())
    }

    // A number of a schema, scaled, and whether that is exact; `None` when no number of a schema says it exactly.
    fn bound(self, value: &Value) -> Option<(Value, bool)> {
        let (scaled, exact) = self.scaled(&Decimal::parse(&value.to_string())?);
        let value: Value = serde_json::from_str(&scaled.text()).ok()?;
        (Decimal::parse(&value.to_string()).as_ref() == Some(&scaled)).then_some((value, exact))
    }

    fn bounds(self, part: &Branch) -> Map<String, Value> {
        let step = self.step(part);
        let whole = step.as_ref().is_some_and(|(step, _)| step.is_whole());
        let kind = if self.places == 0 || whole { "integer" } else { "number" };
        let mut made = Map::from_iter([("type".to_owned(), json!(kind))]);
        // Rounding keeps the order, so a rounded bound holds for what is rounded.
        for (key, written) in [
            ("minimum", "minimum"),
            ("exclusiveMinimum", "minimum"),
            ("maximum", "maximum"),
            ("exclusiveMaximum", "maximum"),
        ] {
            if !made.contains_key(written)
                && let Some((bound, _)) = part.get(key).and_then(|value| self.bound(value))
            {
                made.insert(written.to_owned(), bound);
            }
        }
        if let Some((_, step)) = step
            && step != json!(1)
        {
            made.insert("multipleOf".to_owned(), step);
        }
        made
    }

    // What every result is a multiple of, where that is told and needs no rounding.
    fn step(self, part: &Branch) -> Option<(Decimal, Value)> {
        let declared = part.get("multipleOf").cloned();
        let step = declared.or_else(|| is_integer(part).then(|| json!(1)))?;
        let (bound, exact) = self.bound(&step)?;
        let read = Decimal::parse(&bound.to_string())?;
        (exact && read.places() <= u64::from(self.places)).then_some((read, bound))
    }

    pub(super) fn may_lose(self, sender: &Value, schema: &Schema) -> bool {
        self.on_precision != OnPrecision::Error && !self.is_exact(sender, schema)
    }

    pub(super) fn takes_all(self, sender: &Value, schema: &Schema) -> bool {
        self.on_precision != OnPrecision::Error || self.is_exact(sender, schema)
    }

    /// Whether no digit is ever rounded away.
    fn is_exact(self, sender: &Value, schema: &Schema) -> bool {
        let exact = |part: &Branch| {
            let values = listed(part, |value| {
                self.bound(value).filter(|(_, exact)| !exact).map(|(value, _)| value)
            });
            self.step(part).is_some()
                || values.is_some_and(|inexact| inexact.is_empty() && self.fits_all(part))
        };
        of_type(sender, schema, "number").iter().all(exact)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{OnPrecision, Rounding, Scale};
    use crate::plan::transform::Transform;
    use crate::plan::transform::testing::{check, check_twin, there_and_back};

    const fn scale(times: u64, over: u64, places: u32, on_precision: OnPrecision) -> Transform {
        Transform::Scale(Scale { times, over, places, on_precision })
    }

    const EVEN: OnPrecision = OnPrecision::Round(Rounding::HalfEven);

    #[test]
    fn euros_and_cents() {
        check(
            &scale(100, 1, 0, EVEN),
            &[
                ("19.99", Ok(("1999", true))),
                ("0.005", Ok(("0", false))),
                ("0.015", Ok(("2", false))),
                ("123456789012345678901.01", Ok(("12345678901234567890101", true))),
                ("1e3", Ok(("100000", true))),
                ("null", Ok(("null", true))),
                (r#""1""#, Ok((r#""1""#, true))),
            ],
        );
        check(
            &scale(1, 100, 2, EVEN),
            &[
                ("1999", Ok(("19.99", true))),
                ("-5", Ok(("-0.05", true))),
                ("0.0", Ok(("0.0", true))),
            ],
        );
        check(
            &scale(100, 1, 0, OnPrecision::Error),
            &[("0.01", Ok(("1", true))), ("0.001", Err("a number with digits beyond 0 places"))],
        );
        check(
            &scale(5, 9, 2, OnPrecision::Round(Rounding::HalfUp)),
            &[("100", Ok(("55.56", false))), ("9", Ok(("5", true)))],
        );
    }

    #[test]
    fn bounds_scale_with_their_numbers() {
        check_twin(
            &scale(100, 1, 0, EVEN),
            json!({"type": "number", "minimum": 0, "exclusiveMaximum": 10.5}),
            &json!({"type": "integer", "minimum": 0, "maximum": 1050}),
            true,
        );
        check_twin(
            &scale(1, 100, 2, OnPrecision::Error),
            json!({"type": ["integer", "boolean"], "minimum": -5}),
            &json!({"anyOf": [{"type": "boolean", "minimum": -5}, {"type": "number", "minimum": -0.05, "multipleOf": 0.01}]}),
            true,
        );
        check_twin(
            &scale(100, 1, 0, OnPrecision::Error),
            json!({"type": "number"}),
            &json!({"type": "integer"}),
            false,
        );
        check_twin(
            &scale(100, 1, 0, OnPrecision::Error),
            json!({"type": "number", "multipleOf": 0.01}),
            &json!({"type": "integer"}),
            true,
        );
        check_twin(
            &scale(60, 1, 0, EVEN),
            json!({"enum": [1, 2]}),
            &json!({"enum": [60, 120]}),
            true,
        );
    }

    proptest! {
        #[test]
        fn what_is_exact_goes_back(mantissa in any::<i64>(), places in 0_u32..6, times in 1_u64..1000, over in 1_u64..1000) {
            let text = format!("{mantissa}e-{places}");
            there_and_back(&scale(times, over, 12, EVEN), &scale(over, times, 30, EVEN), &text);
        }
    }
}
