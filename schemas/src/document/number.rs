//! Numbers in one spelling, all their digits kept.

/// How long an exponent may be before it is kept as written: `i64` holds eighteen digits of it.
const EXPONENT_DIGITS: usize = 18;

/// The number in the spelling of RFC 8785 §3.2.2.3 (that of `ECMAScript`), but with the digits of the number as
/// written and not those of the nearest double: `1.50` and `15e-1` give `1.5`, `9007199254740993` stays. Two texts
/// give the same one exactly when they mean the same number. The text is a number of JSON.
pub(crate) fn canonical(text: &str) -> String {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (mantissa, power) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    let leading = digits.len() - significant.len();
    let significant = significant.trim_end_matches('0');
    if significant.is_empty() {
        return "0".to_owned();
    }
    let Some(power) = exponent(power) else {
        return text.to_ascii_lowercase();
    };
    // The value is 0.SIGNIFICANT times ten to this.
    let point = power.saturating_add(wide(whole.len())).saturating_sub(wide(leading));
    format!("{sign}{}", laid_out(significant, point))
}

fn exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.trim_start_matches('0');
    if digits.len() > EXPONENT_DIGITS {
        return None;
    }
    let value = if digits.is_empty() { 0 } else { digits.parse::<i64>().ok()? };
    Some(if negative { -value } else { value })
}

fn wide(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

// ECMA-262 `Number::toString`, steps 6 to 10; `point` is its n.
fn laid_out(digits: &str, point: i64) -> String {
    let count = wide(digits.len());
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
    if (count..=21).contains(&point) {
        return format!("{digits}{}", zeros(point - count));
    }
    if (1..=21).contains(&point) {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        return format!("{whole}.{fraction}");
    }
    if (-5..=0).contains(&point) {
        return format!("0.{}{digits}", zeros(-point));
    }
    let power = point.saturating_sub(1);
    let sign = if power < 0 { '-' } else { '+' };
    let (first, rest) = digits.split_at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    format!("{first}{dot}{rest}e{sign}{}", power.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::canonical;

    fn check(texts: &[&str], wanted: &str) {
        for text in texts {
            assert_eq!(canonical(text), wanted, "{text}");
        }
    }

    #[test]
    fn one_number_has_one_spelling() {
        check(&["1.5", "1.50", "15e-1", "0.15E+1", "1.5e000"], "1.5");
        check(&["0", "-0", "0.0", "0e5", "-0.000"], "0");
        check(&["100", "1e2", "1E+2", "100.0"], "100");
        check(&["-1e-7", "-0.0000001"], "-1e-7");
        check(&["0.000001", "1e-6"], "0.000001");
        check(&["1e21", "1000000000000000000000"], "1e+21");
        check(&["1e20"], "100000000000000000000");
    }

    #[test]
    fn digits_beyond_a_double_stay() {
        check(&["9007199254740993", "9007199254740993.0"], "9007199254740993");
        check(&["123456789012345678901234567890"], "1.2345678901234567890123456789e+29");
        check(&["0.1000000000000000000001"], "0.1000000000000000000001");
        check(&["1e999"], "1e+999");
        check(&["1E99999999999999999999"], "1e99999999999999999999");
    }

    proptest! {
        // RFC 8785 is the oracle wherever a double holds the number.
        #[test]
        fn a_double_is_written_as_rfc_8785_does(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let wanted = serde_jcs::to_string(&number).unwrap();
            prop_assert_eq!(canonical(&wanted), &*wanted);
            // Where two shortest spellings are equally near, another printer may choose the other digits.
            let own = canonical(&format!("{number:e}"));
            prop_assert_eq!(canonical(&format!("{number}")), &*own);
            prop_assert!(own == wanted || own.len() == wanted.len(), "{} {}", own, wanted);
        }

        #[test]
        fn zeros_and_the_point_do_not_matter(digits in "[1-9][0-9]{0,30}", zeros in 0_usize..5, power in -40_i64..40) {
            let plain = canonical(&format!("{digits}e{power}"));
            let padded = format!("{digits}{}e{}", "0".repeat(zeros), power - i64::try_from(zeros).unwrap());
            prop_assert_eq!(&canonical(&padded), &plain);
            let pointed = format!("0.{digits}E{}", power + i64::try_from(digits.len()).unwrap());
            prop_assert_eq!(&canonical(&pointed), &plain);
            prop_assert_eq!(canonical(&plain), plain);
        }
    }
}
