//! Sizes and times as people write them.

use std::time::Duration;

use serde_json::Value;

/// A time: `10s`, `500ms`, `2m`, `1d`, or a number of seconds.
pub(super) fn duration(value: &Value) -> Option<Duration> {
    if let Some(seconds) = value.as_u64() {
        return Some(Duration::from_secs(seconds));
    }
    let (number, unit) = split(value.as_str()?)?;
    let millis = match unit {
        "ms" => number,
        "s" => number.checked_mul(1000)?,
        "m" | "min" => number.checked_mul(60_000)?,
        "h" => number.checked_mul(3_600_000)?,
        "d" => number.checked_mul(86_400_000)?,
        _ => return None,
    };
    Some(Duration::from_millis(millis))
}

/// A size: `64KiB`, `10MiB`, `1GiB`, or a number of octets.
pub(super) fn size(value: &Value) -> Option<usize> {
    if let Some(octets) = value.as_u64() {
        return usize::try_from(octets).ok();
    }
    let (number, unit) = split(value.as_str()?)?;
    let scale: u64 = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    usize::try_from(number.checked_mul(scale)?).ok()
}

fn split(text: &str) -> Option<(u64, &str)> {
    let at = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(at)?;
    Some((number.parse().ok()?, unit.trim()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{duration, size};

    #[test]
    fn units_are_read() {
        assert_eq!(duration(&json!("500ms")), Some(Duration::from_millis(500)));
        assert_eq!(duration(&json!(3)), Some(Duration::from_secs(3)));
        assert_eq!(duration(&json!("2 m")), Some(Duration::from_mins(2)));
        assert_eq!(duration(&json!("90d")), Some(Duration::from_hours(2160)));
        assert_eq!(duration(&json!("3 parsecs")), None);
        assert_eq!(size(&json!("64KiB")), Some(65_536));
        assert_eq!(size(&json!(7)), Some(7));
        assert_eq!(size(&json!("18446744073709551615GiB")), None);
        assert_eq!(size(&json!("64kb")), None);
    }
}
