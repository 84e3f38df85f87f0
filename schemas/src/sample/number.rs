//! Numbers within bounds that divide as asked.

use serde_json::Number;

use super::evaluate::integer;
use super::flat::Flat;
use super::node::{Limit, Types};
use super::random::Random;

/// How far random integers stray from the bound or from zero.
const SPREAD: u64 = 100;
/// Beyond this an integer step between two bounds is not walked.
const FAR: i128 = 1 << 100;

/// A number of that kind: near zero or the lower bound without chance, a little off with it.
pub(crate) fn number(
    flat: &Flat,
    kind: Types,
    mut random: Option<&mut Random>,
    redrawn: u32,
) -> Option<Number> {
    let whole_first = random.as_deref_mut().is_none_or(|random| !random.once_in(3));
    if kind.meets(Types::INTEGER)
        && (whole_first || !kind.meets(Types::FRACTION))
        && let Some(whole) = whole(flat, random.as_deref_mut(), redrawn)
    {
        return Some(whole);
    }
    if kind.meets(Types::FRACTION)
        && let Some(fraction) = fraction(flat, random.as_deref_mut(), redrawn)
    {
        return Some(fraction);
    }
    if kind.meets(Types::INTEGER) { whole(flat, random, redrawn) } else { None }
}

/// The smallest integer that a lower limit allows.
pub(crate) fn lowest(limit: &Limit) -> Option<i128> {
    if let Some(whole) = integer(&limit.value) {
        return Some(whole + i128::from(limit.exclusive));
    }
    let float = limit.value.as_f64()?.floor();
    float_integer(float).map(|floor| floor + 1)
}

/// The greatest integer that an upper limit allows.
pub(crate) fn highest(limit: &Limit) -> Option<i128> {
    if let Some(whole) = integer(&limit.value) {
        return Some(whole - i128::from(limit.exclusive));
    }
    float_integer(limit.value.as_f64()?.floor())
}

fn float_integer(float: f64) -> Option<i128> {
    #[expect(clippy::cast_possible_truncation, reason = "integral and within 2^120, so exact")]
    (float.abs() < 2f64.powi(120)).then_some(float as i128)
}

/// An integer as a JSON number, if it fits one exactly.
pub(crate) fn from_integer(whole: i128) -> Option<Number> {
    i64::try_from(whole).map(Number::from).or_else(|_| u64::try_from(whole).map(Number::from)).ok()
}

fn whole(flat: &Flat, random: Option<&mut Random>, redrawn: u32) -> Option<Number> {
    let low = flat.numbers.least.as_ref().and_then(lowest);
    let high = flat.numbers.most.as_ref().and_then(highest);
    let step = step(flat)?;
    let mut at = match (low, high) {
        (Some(low), _) if low > 0 => low,
        (_, Some(high)) if high < 0 => high,
        _ => 0,
    };
    let off = random.map_or(u64::from(redrawn), |random| random.below(SPREAD));
    let room = match (low, high) {
        (Some(low), Some(high)) if high >= low && high - low < FAR => (high - low) / step + 1,
        _ => FAR,
    };
    let off = i128::from(off) % room;
    let up = at.rem_euclid(step);
    if high.is_some_and(|high| high < 0) && at < 0 {
        at -= up;
        at -= off * step;
    } else {
        at += if up == 0 { 0 } else { step - up };
        at += off * step;
    }
    let outside = |at: i128| high.is_some_and(|high| at > high) || low.is_some_and(|low| at < low);
    if outside(at) {
        at = low.map_or(at, |low| low + (step - low.rem_euclid(step)) % step);
    }
    if outside(at) { None } else { from_integer(at) }
}

/// The step that keeps every divisor; `None` when a divisor's multiples cannot be walked in integers.
fn step(flat: &Flat) -> Option<i128> {
    flat.numbers.multiples.iter().try_fold(1i128, |step, divisor| {
        let divisor = match integer(divisor) {
            Some(divisor) => divisor,
            None => decimal_step(divisor.as_f64()?)?,
        };
        let common = gcd(step, divisor);
        step.checked_div(common)?.checked_mul(divisor).filter(|step| *step < FAR)
    })
}

/// The smallest integer multiple of a decimal fraction such as 0.01 or 2.5.
fn decimal_step(divisor: f64) -> Option<i128> {
    (1..=10_000i32).find_map(|times| {
        let product = divisor * f64::from(times);
        ((product - product.round()).abs() < 1e-9 && product.round() >= 1.0)
            .then(|| float_integer(product.round()))
            .flatten()
    })
}

fn gcd(left: i128, right: i128) -> i128 {
    let (mut left, mut right) = (left.abs(), right.abs());
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left.max(1)
}

fn fraction(flat: &Flat, random: Option<&mut Random>, redrawn: u32) -> Option<Number> {
    let low = flat.numbers.least.as_ref().and_then(|limit| limit.value.as_f64());
    let high = flat.numbers.most.as_ref().and_then(|limit| limit.value.as_f64());
    if let Some(divisor) = flat.numbers.multiples.first().and_then(Number::as_f64) {
        let start = low.map_or(0.0, |low| (low / divisor).ceil());
        let off = random.map_or(f64::from(redrawn), |random| {
            u32::try_from(random.below(SPREAD)).map_or(0.0, f64::from)
        });
        return Number::from_f64(divisor * (start + 1.0 + off));
    }
    let share = random.map_or(0.5, |random| {
        (u32::try_from(random.below(98)).map_or(0.0, f64::from) + 1.0) / 100.0
    });
    let made = match (low, high) {
        (Some(low), Some(high)) => low + (high - low) * share,
        (Some(low), None) => low + share + f64::from(redrawn),
        (None, Some(high)) => high - share - f64::from(redrawn),
        (None, None) => share + f64::from(redrawn),
    };
    Number::from_f64(made)
}
