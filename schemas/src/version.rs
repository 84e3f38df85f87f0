//! Versions of an api and their order.

use std::fmt;

/// One released version of an api. Equality and text are by the label as written; the order of an api's
/// versions is that of its `versions` list, not of this type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(String);

impl Version {
    /// A version by the label its directory or list gives it.
    pub fn new(label: impl Into<String>) -> Self {
        Self(label.into())
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why labels cannot be put in order: each with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unordered(pub Vec<(String, &'static str)>);

/// Puts labels in order, oldest first, when all are of one kind: numbers (`v3`, `1.4.0`, `v2.0-rc.1`, `1-0-2`) or
/// dates (`2026-05-01`, `2026-05-01-preview`).
///
/// # Errors
/// Names the labels of no known kind, of another kind than the first, or equal to another one.
pub fn in_order(labels: impl IntoIterator<Item = String>) -> Result<Vec<Version>, Unordered> {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for label in labels {
        match Order::of(&label) {
            Some(order) => found.push((order, label)),
            None => faults.push((label, "is neither a number, a version nor a date")),
        }
    }
    found.sort();
    let dates = found.iter().filter(|(order, _)| order.is_date).count();
    if dates > 0 && dates < found.len() {
        let fewer = dates * 2 < found.len();
        let odd = found.iter().filter(|(order, _)| order.is_date == fewer);
        faults.extend(odd.map(|(_, label)| (label.clone(), "is of another kind than the others")));
    }
    for pair in found.windows(2) {
        if let [(one, _), (other, label)] = pair
            && one == other
        {
            faults.push((label.clone(), "is equal to another one"));
        }
    }
    if !faults.is_empty() {
        return Err(Unordered(faults));
    }
    Ok(found.into_iter().map(|(_, label)| Version(label)).collect())
}

/// A label as something that has an order: its numbers, then whether it is final, then its pre-release
/// (Semantic Versioning 2.0.0 §11).
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    is_date: bool,
    numbers: Vec<u64>,
    is_final: bool,
    pre: Vec<Identifier>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Text(String),
}

impl Order {
    fn of(label: &str) -> Option<Self> {
        let text = label.strip_prefix(['v', 'V']).unwrap_or(label);
        let text = text.split_once('+').map_or(text, |(text, _)| text);
        if let Some((numbers, rest)) = dashed(text) {
            let is_date = numbers.first().is_some_and(|year| (1000..=9999).contains(year));
            return Self::new(is_date, numbers, rest);
        }
        let (numbers, pre) = match text.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (text, None),
        };
        let mut numbers = numbers.split('.').map(number).collect::<Option<Vec<_>>>()?;
        while numbers.len() > 1 && numbers.last() == Some(&0) {
            numbers.pop();
        }
        Self::new(false, numbers, pre)
    }

    fn new(is_date: bool, numbers: Vec<u64>, pre: Option<&str>) -> Option<Self> {
        let identifier = |text: &str| match (number(text), text.is_empty()) {
            (_, true) => None,
            (Some(number), _) => Some(Identifier::Number(number)),
            (None, _) => Some(Identifier::Text(text.to_owned())),
        };
        let each = pre.into_iter().flat_map(|pre| pre.split('.'));
        let identifiers = each.map(identifier).collect::<Option<Vec<_>>>()?;
        Some(Self { is_date, numbers, is_final: pre.is_none(), pre: identifiers })
    }
}

// Three numbers with dashes between them, and what follows a further dash.
fn dashed(text: &str) -> Option<(Vec<u64>, Option<&str>)> {
    let mut parts = text.splitn(4, '-');
    let numbers = [number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?];
    Some((numbers.to_vec(), parts.next()))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::in_order;

    fn check(labels: &[&str], wanted: Result<&[&str], &[&str]>) {
        let found = in_order(labels.iter().map(|label| (*label).to_owned()));
        match (&found, wanted) {
            (Ok(found), Ok(wanted)) => {
                assert_eq!(found.iter().map(super::Version::as_str).collect::<Vec<_>>(), wanted);
            }
            (Err(faults), Err(wanted)) => {
                assert_eq!(
                    faults.0.iter().map(|fault| fault.0.as_str()).collect::<Vec<_>>(),
                    wanted
                );
            }
            _ => panic!("{labels:?}: {found:?}"),
        }
    }

    #[test]
    fn labels_of_one_kind_have_an_order() {
        check(&["v10", "v9", "2"], Ok(&["2", "v9", "v10"]));
        check(
            &["3.10", "3.9", "3.9.1", "3.1-RC3", "3.1"],
            Ok(&["3.1-RC3", "3.1", "3.9", "3.9.1", "3.10"]),
        );
        check(&["1.0.0-rc.2", "1.0.0-rc.11", "1.0.0"], Ok(&["1.0.0-rc.2", "1.0.0-rc.11", "1.0.0"]));
        check(
            &["2026-05-01", "2025-12-31", "2026-05-01-preview"],
            Ok(&["2025-12-31", "2026-05-01-preview", "2026-05-01"]),
        );
        check(&["1-0-2", "1-0-10", "1-0-0"], Ok(&["1-0-0", "1-0-2", "1-0-10"]));
    }

    #[test]
    fn labels_of_several_kinds_have_none() {
        check(&["v1", "next"], Err(&["next"]));
        check(&["v1", "v2", "2026-05-01"], Err(&["2026-05-01"]));
        check(&["1.0", "1.0.0"], Err(&["1.0.0"]));
        check(&["1..2"], Err(&["1..2"]));
    }
}
