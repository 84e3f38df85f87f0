//! Numbers of JSON as exact decimals: no digit is lost, no float is used.

use std::cmp::Ordering;

/// Digits that a division or a very large exponent is carried to at most.
pub(super) const DIGITS: usize = 400;

/// How digits that have no place are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Rounding {
    /// To the nearest; the middle to the even neighbour (IEEE 754 `roundTiesToEven`).
    #[default]
    HalfEven,
    /// To the nearest; the middle away from zero.
    HalfUp,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceiling,
}

/// Where exponents end: what is larger counts as this.
const POWER: i64 = 1_000_000_000_000_000_000;

fn power_of(text: &str) -> i64 {
    let huge = if text.starts_with('-') { -POWER } else { POWER };
    text.parse::<i64>().map_or(huge, |power| power.clamp(-POWER, POWER))
}

/// `digits` times ten to `exponent`; zero has no digits. No zero stands at either end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Reads a number of JSON; `None` for another text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, Some(power)),
            None => (unsigned, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let all = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let leading = whole.len() > 1 && whole.starts_with('0');
        let power = match power {
            None => 0,
            Some(text) if all(text.strip_prefix(['+', '-']).unwrap_or(text)) => power_of(text),
            Some(_) => return None,
        };
        if !all(whole) || leading || fraction.is_some_and(|text| !all(text)) {
            return None;
        }
        let fraction = fraction.unwrap_or_default();
        let digits = whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').collect();
        let exponent = power.saturating_sub(i64::try_from(fraction.len()).ok()?);
        Some(Self { negative, digits, exponent }.normal())
    }

    fn normal(mut self) -> Self {
        let leading = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..leading);
        while self.digits.last() == Some(&0) {
            self.digits.pop();
            self.exponent = self.exponent.saturating_add(1);
        }
        if self.digits.is_empty() {
            return Self { negative: false, digits: Vec::new(), exponent: 0 };
        }
        self
    }

    /// Whether it is an integer.
    pub(super) const fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// Digits after the point.
    pub(super) fn places(&self) -> u64 {
        self.exponent.min(0).unsigned_abs()
    }

    /// Times an integer.
    pub(super) fn times(&self, factor: u64) -> Self {
        let mut digits = Vec::with_capacity(self.digits.len() + 20);
        let mut carry: u128 = 0;
        for digit in self.digits.iter().rev() {
            let sum = u128::from(*digit) * u128::from(factor) + carry;
            digits.push(low(sum));
            carry = sum / 10;
        }
        while carry > 0 {
            digits.push(low(carry));
            carry /= 10;
        }
        digits.reverse();
        Self { negative: self.negative, digits, exponent: self.exponent }.normal()
    }

    /// Divided by an integer that is not zero, to at most `places` digits after the point, and whether that is
    /// exact. A quotient of more than [`DIGITS`] digits is rounded to as many.
    pub(super) fn over(&self, divisor: u64, places: u32, rounding: Rounding) -> (Self, bool) {
        let divisor = u128::from(divisor.max(1));
        let (mut digits, mut rest) = (Vec::new(), 0_u128);
        let mut exponent = self.exponent;
        let mut source = self.digits.iter();
        let last = i64::from(places).saturating_neg();
        let mut started = false;
        let mut count = 0_usize;
        loop {
            match source.next() {
                Some(digit) => rest = rest * 10 + u128::from(*digit),
                // All digits are used up: further ones are zeros after the point.
                None if rest != 0 && exponent > last && count < DIGITS => {
                    rest *= 10;
                    exponent -= 1;
                }
                None => break,
            }
            let digit = low(rest / divisor);
            rest %= divisor;
            started |= digit != 0;
            count += usize::from(started);
            digits.push(digit);
        }
        let quotient = Self { negative: self.negative, digits, exponent };
        let sticky = rest * 2;
        let left = match (rest, sticky.cmp(&divisor)) {
            (0, _) => Left::Nothing,
            (_, Ordering::Less) => Left::Less,
            (_, Ordering::Equal) => Left::Half,
            (_, Ordering::Greater) => Left::More,
        };
        quotient.cut(places, left, rounding)
    }

    /// To at most `places` digits after the point, and whether that is exact.
    pub(super) fn rounded(&self, places: u32, rounding: Rounding) -> (Self, bool) {
        self.clone().cut(places, Left::Nothing, rounding)
    }

    // Leaves out the digits beyond `places`; `left` is what follows the last digit already.
    fn cut(mut self, places: u32, left: Left, rounding: Rounding) -> (Self, bool) {
        let surplus = i64::from(places).saturating_neg().saturating_sub(self.exponent);
        let mut left = left;
        if let Ok(surplus) = usize::try_from(surplus)
            && surplus > 0
        {
            let kept = self.digits.len().saturating_sub(surplus);
            let short = surplus > self.digits.len();
            let cut = self.digits.split_off(kept);
            left = Left::of(&cut, short, left);
            self.exponent = i64::from(places).saturating_neg();
        }
        let odd = self.digits.last().is_some_and(|digit| digit % 2 == 1);
        if left.goes_up(rounding, self.negative, odd) {
            self.increment();
        }
        let exact = left == Left::Nothing;
        (self.normal(), exact)
    }

    fn increment(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
    }

    /// The number in digits, with an exponent only where plain digits would be more than [`DIGITS`].
    pub(super) fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = digits_of(&self.digits);
        let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        let limit = i64::try_from(DIGITS).unwrap_or(i64::MAX);
        let point = count.saturating_add(self.exponent);
        if digits.is_empty() {
            return "0".to_owned();
        }
        if self.exponent >= 0 && point <= limit {
            return format!("{sign}{digits}{}", zeros(self.exponent));
        }
        if self.exponent < 0 && point > 0 {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
            return format!("{sign}{whole}.{fraction}");
        }
        if self.exponent < 0 && point > -limit {
            return format!("{sign}0.{}{digits}", zeros(-point));
        }
        format!("{sign}{digits}e{}", self.exponent)
    }

    /// Whether it is an integer times `step`; no for a step of more digits than [`Self::is_short`] has.
    pub(super) fn is_multiple_of(&self, step: &Self) -> bool {
        let unit = digits_of(&step.digits).parse().ok().filter(|unit: &u64| *unit > 0);
        // No zero stands at the end of the digits, so a step of a larger power of ten does not divide them.
        let apart = u64::try_from(self.exponent.saturating_sub(step.exponent));
        match (unit, apart) {
            _ if self.digits.is_empty() => true,
            (Some(unit), Ok(zeros)) => {
                let unit = u128::from(unit);
                let rest = self
                    .digits
                    .iter()
                    .fold(0, |rest, digit| (rest * 10 + u128::from(*digit)) % unit);
                (rest * power_of_ten(zeros, unit)).is_multiple_of(unit)
            }
            _ => false,
        }
    }

    /// Whether its digits are so few that multiples of it can be told.
    pub(super) fn is_short(&self) -> bool {
        digits_of(&self.digits).parse::<u64>().is_ok_and(|unit| unit > 0)
    }

    // The integer it is, if it is one of that size.
    pub(super) fn integer(&self) -> Option<i128> {
        if !(0..=38).contains(&self.exponent) || self.digits.len() > 38 {
            return None;
        }
        self.text().parse().ok()
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let point = |one: &Self| {
            i64::try_from(one.digits.len()).unwrap_or(i64::MAX).saturating_add(one.exponent)
        };
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // Digits without zeros at their end compare as texts do once the points agree.
            (false, false) => {
                point(self).cmp(&point(other)).then_with(|| self.digits.cmp(&other.digits))
            }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

/// What stands behind the last digit that is kept, in parts of its unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Less,
    Half,
    More,
}

impl Left {
    fn of(cut: &[u8], short: bool, behind: Self) -> Self {
        let rest = cut.iter().skip(1).any(|digit| *digit != 0) || behind != Self::Nothing;
        let first = if short { 0 } else { cut.first().copied().unwrap_or(0) };
        let any = rest || cut.first().is_some_and(|digit| *digit != 0);
        match (first, rest) {
            _ if !any => Self::Nothing,
            (0..=4, _) => Self::Less,
            (5, false) => Self::Half,
            _ => Self::More,
        }
    }

    fn goes_up(self, rounding: Rounding, negative: bool, odd: bool) -> bool {
        match (self, rounding) {
            (Self::Nothing, _) | (_, Rounding::Down) => false,
            (_, Rounding::Up) => true,
            (_, Rounding::Floor) => negative,
            (_, Rounding::Ceiling) => !negative,
            (Self::Half, Rounding::HalfEven) => odd,
            (rest, Rounding::HalfEven | Rounding::HalfUp) => !matches!(rest, Self::Less),
        }
    }
}

// Ten to `exponent`, modulo `unit`, which is less than two to 64.
fn power_of_ten(mut exponent: u64, unit: u128) -> u128 {
    let (mut power, mut base) = (1 % unit, 10 % unit);
    while exponent > 0 {
        if exponent % 2 == 1 {
            power = power * base % unit;
        }
        base = base * base % unit;
        exponent /= 2;
    }
    power
}

fn digits_of(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(b'0' + digit)).collect()
}

fn low(value: u128) -> u8 {
    u8::try_from(value % 10).unwrap_or(0)
}

fn zeros(count: i64) -> String {
    "0".repeat(usize::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decimal, Rounding};

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text} is no number"))
    }

    #[test]
    fn numbers_are_read_and_written() {
        for (text, wanted) in [
            ("1.50", "1.5"),
            ("-0", "0"),
            ("1e2", "100"),
            ("0.001e-3", "0.000001"),
            ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
            ("1E999", "1e999"),
            ("-12", "-12"),
        ] {
            assert_eq!(number(text).text(), wanted);
        }
        for text in ["", "-", "01", "1.", ".5", "+1", "1e", "0x1", "NaN", "1 2"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn rounding_goes_the_way_it_is_named() {
        let modes = [
            Rounding::HalfEven,
            Rounding::HalfUp,
            Rounding::Down,
            Rounding::Up,
            Rounding::Floor,
            Rounding::Ceiling,
        ];
        for (text, wanted) in [
            ("2.5", ["2", "3", "2", "3", "2", "3"]),
            ("3.5", ["4", "4", "3", "4", "3", "4"]),
            ("-2.5", ["-2", "-3", "-2", "-3", "-3", "-2"]),
            ("2.4", ["2", "2", "2", "3", "2", "3"]),
            ("0.05", ["0", "0", "0", "1", "0", "1"]),
            ("-0.6", ["-1", "-1", "0", "-1", "-1", "0"]),
            ("9.99", ["10", "10", "9", "10", "9", "10"]),
            ("7", ["7"; 6]),
        ] {
            for (mode, wanted) in modes.iter().zip(wanted) {
                let (rounded, exact) = number(text).rounded(0, *mode);
                assert_eq!(
                    (rounded.text().as_str(), exact),
                    (wanted, text == "7"),
                    "{text} {mode:?}"
                );
            }
        }
    }

    #[test]
    fn multiples() {
        for (value, step, wanted) in [
            ("0.3", "0.1", true),
            ("0.35", "0.1", false),
            ("1e300", "7", false),
            ("7e300", "7", true),
            ("0", "3", true),
            ("10", "2.5", true),
            ("1e900", "1", true),
            ("1e900", "3", false),
            ("5", "10", false),
        ] {
            assert_eq!(number(value).is_multiple_of(&number(step)), wanted, "{value} of {step}");
        }
    }

    #[test]
    fn a_division_that_does_not_end_is_rounded() {
        let (third, exact) = number("1").over(3, 4, Rounding::HalfEven);
        assert_eq!((third.text().as_str(), exact), ("0.3333", false));
        let (far, exact) = number("1e600").over(7, 2, Rounding::HalfEven);
        assert!(!exact || far.text().len() > 100);
        assert_eq!(number("5").over(1000, 2, Rounding::HalfUp).0.text(), "0.01");
    }

    proptest! {
        #[test]
        fn times_and_over_go_back(mantissa in any::<i64>(), places in 0_u32..8, factor in 1_u64..1_000_000) {
            let text = format!("{mantissa}e-{places}");
            let there = number(&text).times(factor);
            let (back, exact) = there.over(factor, places, Rounding::Down);
            prop_assert!(exact);
            prop_assert_eq!(back, number(&text));
        }

        #[test]
        fn order_is_that_of_integers(left in any::<i64>(), right in any::<i64>(), zeros in 0_u32..4) {
            let text = format!("{right}{}e-{zeros}", "0".repeat(zeros as usize));
            prop_assert_eq!(number(&left.to_string()).cmp(&number(&text)), left.cmp(&right));
            prop_assert_eq!(number(&text).integer(), Some(i128::from(right)));
        }

        #[test]
        fn a_quotient_is_off_by_less_than_a_unit(left in 0_i64..1_000_000_000, divisor in 1_u64..10_000, places in 0_u32..6) {
            let (seen, _) = number(&left.to_string()).over(divisor, places, Rounding::Down);
            let unit = 10_i128.pow(places);
            let wanted = i128::from(left) * unit / i128::from(divisor);
            prop_assert_eq!(seen.times(u64::try_from(unit).unwrap()).integer(), Some(wanted));
        }
    }
}
