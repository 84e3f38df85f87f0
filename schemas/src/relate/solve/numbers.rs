//! Numbers: exact decimal arithmetic on bounds, divisors, and divisors that must not divide.

use serde_json::{Number, Value};

use crate::sample::evaluate::{LARGEST, decimal};
use crate::sample::node::{Limit, Types};

use super::super::argument::FREE;
use super::case::Case;
use super::solver::{Answer, Solver};

/// How many multiples are looked through.
const WALKED: i128 = 20_000;

/// Everything in units of ten to the minus `places`.
struct Scaled {
    unit: i128,
    low: Option<i128>,
    high: Option<i128>,
    /// Whether the bounds themselves are left out.
    open: (bool, bool),
    divisors: Vec<i128>,
    off: Vec<i128>,
}

impl Scaled {
    fn of(case: &Case) -> Option<Self> {
        let (least, most) = (case.numbers.least.as_ref(), case.numbers.most.as_ref());
        let bounds = least.into_iter().chain(most).map(|limit| &limit.value);
        let all: Option<Vec<(i128, u32)>> =
            bounds.chain(&case.numbers.multiples).chain(&case.off).map(decimal).collect();
        let places = all?.iter().map(|(_, places)| *places).max().unwrap_or(0);
        let scale = |number: &Number| {
            let (units, own) = decimal(number)?;
            units
                .checked_mul(10i128.checked_pow(places - own)?)
                .filter(|units| units.abs() < LARGEST)
        };
        let bound = |limit: Option<&Limit>| {
            limit.map(|limit| scale(&limit.value)).map_or(Some(None), |scaled| scaled.map(Some))
        };
        Some(Self {
            unit: 10i128.checked_pow(places)?,
            low: bound(least)?,
            high: bound(most)?,
            open: (
                least.is_some_and(|limit| limit.exclusive),
                most.is_some_and(|limit| limit.exclusive),
            ),
            divisors: case.numbers.multiples.iter().map(scale).collect::<Option<_>>()?,
            off: case.off.iter().map(scale).collect::<Option<_>>()?,
        })
    }

    fn value(&self, units: i128) -> Option<Value> {
        if units % self.unit == 0 {
            return crate::sample::number::from_integer(units / self.unit).map(Value::Number);
        }
        let places = self.unit.to_string().len() - 1;
        let (whole, fraction) = ((units / self.unit).abs(), (units % self.unit).abs());
        let sign = if units < 0 { "-" } else { "" };
        let float: f64 = format!("{sign}{whole}.{fraction:0places$}").parse().ok()?;
        Number::from_f64(float).map(Value::Number)
    }

    fn fits(&self, units: i128, types: Types) -> bool {
        let kind = if units % self.unit == 0 { Types::INTEGER } else { Types::FRACTION };
        types.meets(kind) && self.off.iter().all(|off| *off == 0 || units % off != 0)
    }

    /// Whether validators may see it another way: they divide large integers by fractions only after rounding them to
    /// a double, so that 9007199254740993, a multiple of 3, is for them none of 0.3.
    fn is_risky(&self, first: Option<i128>, last: Option<i128>, step: i128) -> bool {
        let fractional =
            self.off.iter().any(|off| *off != 0 && off % self.unit != 0 && self.unit % off != 0);
        let bounded = [first, last].into_iter().all(|end| {
            let units = end.and_then(|end| end.checked_mul(step));
            units.is_some_and(|units| (units / self.unit).abs() < 1 << 53)
        });
        fractional && step % self.unit == 0 && !bounded
    }

    /// The first and the last multiple of a step within the bounds.
    fn range(&self, step: i128) -> (Option<i128>, Option<i128>) {
        let first = self.low.map(|low| {
            let up = low.div_euclid(step) + i128::from(low.rem_euclid(step) != 0);
            if self.open.0 && up * step == low { up + 1 } else { up }
        });
        let last = self.high.map(|high| {
            let down = high.div_euclid(step);
            if self.open.1 && down * step == high { down - 1 } else { down }
        });
        (first, last)
    }
}

impl Solver<'_> {
    /// A number for a case without choices.
    pub(super) fn number(&mut self, case: &Case) -> Answer {
        let Some(scaled) = Scaled::of(case) else {
            return self.give_up("a bound on numbers of many digits");
        };
        let dense = scaled.divisors.is_empty() && case.types.meets(Types::FRACTION);
        if !dense || case.types.meets(Types::INTEGER) {
            let divisors = scaled.divisors.iter().copied();
            let whole = dense || !case.types.meets(Types::FRACTION);
            let Some(step) = common(divisors.chain(whole.then_some(scaled.unit))) else {
                return self.give_up("`multipleOf`");
            };
            let found = self.walk(case, &scaled, step);
            if !dense || matches!(found, Answer::Value(_)) {
                return found;
            }
        }
        self.between(case, &scaled)
    }

    /// Looks through the multiples of a step, those near zero first. What is allowed repeats after a period, but for
    /// the values that are barred one by one.
    fn walk(&mut self, case: &Case, scaled: &Scaled, step: i128) -> Answer {
        let (first, last) = scaled.range(step);
        if let (Some(first), Some(last)) = (first, last)
            && first > last
        {
            return Answer::Nothing(FREE);
        }
        let periods = scaled.off.iter().chain([&scaled.unit]);
        let periods = periods.map(|off| if *off == 0 { 1 } else { off.abs() / gcd(*off, step) });
        let barred: usize =
            case.barred.iter().filter_map(|node| node.values.as_ref()).map(Vec::len).sum();
        let Some(period) = common(periods) else { return self.give_up("`multipleOf`") };
        let enough =
            period.checked_mul(i128::try_from(barred).unwrap_or(WALKED) + 1).unwrap_or(WALKED + 1);
        let start = match (first, last) {
            (Some(first), _) if first > 0 => first,
            (_, Some(last)) if last < 0 => last,
            _ => 0,
        };
        let inside =
            |at: i128| first.is_none_or(|first| at >= first) && last.is_none_or(|last| at <= last);
        let mut unsure = scaled.is_risky(first, last, step);
        for off in 0..=enough.min(WALKED) {
            let below = (off != 0).then_some(start - off);
            let near: Vec<i128> =
                [Some(start + off), below].into_iter().flatten().filter(|&at| inside(at)).collect();
            if near.is_empty() {
                return if unsure { self.give_up("`multipleOf`") } else { Answer::Nothing(FREE) };
            }
            self.spend(1);
            for at in near {
                let Some(units) = at.checked_mul(step) else { return self.give_up("`multipleOf`") };
                if !scaled.fits(units, case.types) {
                    continue;
                }
                match scaled.value(units) {
                    Some(value) if case.bars(&value) => {}
                    // In a case without choices the claims say no more than this; how the validator divides decimals
                    // is for it to say.
                    Some(value) if self.judge(&case.goal, &value) != Some(false) => {
                        return Answer::Value(value);
                    }
                    _ => unsure = true,
                }
            }
            if self.is_over() {
                return Answer::Unknown;
            }
        }
        if unsure || enough > WALKED { self.give_up("`multipleOf`") } else { Answer::Nothing(FREE) }
    }

    /// A fraction anywhere between the bounds.
    fn between(&mut self, case: &Case, scaled: &Scaled) -> Answer {
        let (low, high) = (scaled.low, scaled.high);
        if let (Some(low), Some(high)) = (low, high)
            && low >= high
        {
            let alone =
                low == high && scaled.open == (false, false) && scaled.fits(low, case.types);
            let value = alone.then(|| scaled.value(low)).flatten();
            return match value.filter(|value| !case.bars(value)) {
                Some(value) => Answer::Value(value),
                None => Answer::Nothing(FREE),
            };
        }
        let float = |limit: Option<&Limit>| limit.and_then(|limit| limit.value.as_f64());
        let bounds = (float(case.numbers.least.as_ref()), float(case.numbers.most.as_ref()));
        let tries = 24 + case.barred.len() + case.off.len();
        for turn in 1..=tries {
            let share = halving(turn);
            let far = f64::from(u32::try_from(turn / 8).unwrap_or(0)) + share;
            let made = match bounds {
                (Some(low), Some(high)) => low + (high - low) * share,
                (Some(low), None) => low + far,
                (None, Some(high)) => high - far,
                (None, None) => far,
            };
            let Some(number) = Number::from_f64(made) else { continue };
            let value = Value::Number(number);
            if case.types.meets(Types::of(&value)) && self.judge(&case.goal, &value) != Some(false)
            {
                return Answer::Value(value);
            }
        }
        self.give_up("a bound on numbers")
    }
}

/// One half, a quarter, three quarters, an eighth, and so on: van der Corput's sequence.
fn halving(turn: usize) -> f64 {
    let (mut turn, mut share, mut half) = (turn, 0.0, 0.5);
    while turn > 0 {
        if turn % 2 == 1 {
            share += half;
        }
        half /= 2.0;
        turn /= 2;
    }
    share
}

fn gcd(left: i128, right: i128) -> i128 {
    let (mut left, mut right) = (left.abs(), right.abs());
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left.max(1)
}

/// The least common multiple.
fn common(all: impl Iterator<Item = i128>) -> Option<i128> {
    let mut all = all;
    all.try_fold(1i128, |had, one| {
        let one = one.abs().max(1);
        (had / gcd(had, one)).checked_mul(one).filter(|common| *common < LARGEST)
    })
}
