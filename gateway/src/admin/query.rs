//! What stands behind `?`, by name, or what is wrong with it.

use std::collections::BTreeMap;

/// The parameters of a call.
pub(super) type Asked = BTreeMap<&'static str, String>;

/// Reads parameters of which all are known and none comes twice.
pub(super) fn read(query: &str, known: &[&'static str]) -> Result<Asked, String> {
    let mut asked = Asked::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (text(name)?, text(value)?);
        let Some(own) = known.iter().find(|one| **one == name) else {
            let near = known.iter().find(|one| is_near(one, &name));
            let remedy = near.map_or_else(
                || format!("there are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(format!("`{}` is not asked for here; {remedy}", name.escape_debug()));
        };
        if asked.insert(own, value).is_some() {
            return Err(format!("`{own}` is said twice; say it once"));
        }
    }
    Ok(asked)
}

/// Whether a switch is on, which is so where it is said without a value or with `true`.
pub(super) fn switch(asked: &Asked, name: &str) -> Result<bool, String> {
    match asked.get(name).map(String::as_str) {
        None | Some("false") => Ok(false),
        Some("" | "true") => Ok(true),
        Some(_) => Err(format!("`{name}` is neither true nor false; write `?{name}=true`")),
    }
}

/// Whether one letter is another, missing or too much.
fn is_near(one: &str, other: &str) -> bool {
    let same = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let front = same(one, other);
    let (left, right) = (one.len().abs_diff(other.len()), one.len().max(other.len()));
    let back = one.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
    left <= 1 && front + back + 1 >= right
}

/// A part with its escapes taken off; `+` is a blank.
fn text(part: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut left = part.bytes();
    while let Some(byte) = left.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(left.next()?).to_digit(16);
                let pair = digit().zip(digit());
                let octet = pair.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                octet.ok_or_else(|| format!("`{part}` has an escape that is none"))?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| format!("`{part}` is not text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn parameters_are_read_once_each() {
        let asked = read("api=a+b&since=%33d", &["api", "since"]).unwrap();
        assert_eq!((asked["api"].as_str(), asked["since"].as_str()), ("a b", "3d"));
        assert!(read("", &["api"]).unwrap().is_empty());
        for (query, said) in [
            ("api=1&api=2", "said twice"),
            ("apy=1", "did you mean `api`?"),
            ("ap=1", "did you mean `api`?"),
            ("x=1", "there are api"),
            ("api=%f", "escape"),
            ("api=%ff", "not text"),
        ] {
            assert!(read(query, &["api"]).unwrap_err().contains(said), "{query}");
        }
    }
}
