//! A strict reader of the text form of `OpenMetrics` 1.0: what a scraper would refuse is an error here.

use std::collections::{BTreeMap, BTreeSet};

/// Names and values.
pub type Labels = Vec<(String, String)>;

/// One family of metrics.
#[derive(Clone, Debug, Default)]
pub struct Metric {
    /// `counter`, `gauge`, `histogram`, `info`.
    pub kind: String,
    /// As the text has it; empty for none.
    pub unit: String,
    /// By the sample's own name.
    pub samples: Vec<Sample>,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Sample {
    /// With its suffix.
    pub name: String,
    /// In the order of the text.
    pub labels: Labels,
    /// The number.
    pub value: f64,
    /// Labels and value of an exemplar.
    pub exemplar: Option<(Labels, f64)>,
}

/// All families by name.
///
/// # Errors
/// The first line that is not as the text form has it, with what is wrong.
pub fn read(text: &str) -> Result<BTreeMap<String, Metric>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("the text does not end with `# EOF`")?;
    let mut all: BTreeMap<String, Metric> = BTreeMap::new();
    let mut current = String::new();
    let mut series = BTreeSet::new();
    for line in body.lines() {
        let wrong = |why: &str| format!("{why}: {line}");
        if let Some(rest) = line.strip_prefix("# ") {
            let (what, rest) = rest.split_once(' ').ok_or_else(|| wrong("no such comment"))?;
            let (name, told) = rest.split_once(' ').ok_or_else(|| wrong("nothing is told"))?;
            if !is_name(name) {
                return Err(wrong("this is no name"));
            }
            if name != current {
                if all.contains_key(name) {
                    return Err(wrong("the family is there twice"));
                }
                name.clone_into(&mut current);
            }
            let metric = all.entry(name.to_owned()).or_default();
            match what {
                "HELP" => {}
                "TYPE" if metric.kind.is_empty() && metric.samples.is_empty() => {
                    told.clone_into(&mut metric.kind);
                }
                "UNIT" if name.ends_with(&format!("_{told}")) && metric.samples.is_empty() => {
                    told.clone_into(&mut metric.unit);
                }
                _ => return Err(wrong("this may not stand here")),
            }
            continue;
        }
        let sample = sample(line).map_err(|why| wrong(&why))?;
        let metric = all.get_mut(&current).ok_or_else(|| wrong("no family is begun"))?;
        let suffix = sample.name.strip_prefix(&current).ok_or_else(|| wrong("another family"))?;
        let allowed: &[&str] = match metric.kind.as_str() {
            "counter" => &["_total", "_created"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_count", "_sum", "_created"],
            "info" => &["_info"],
            _ => return Err(wrong("no such type")),
        };
        if !allowed.contains(&suffix) {
            return Err(wrong("this type has no such sample"));
        }
        if !series.insert((sample.name.clone(), sorted(&sample.labels))) {
            return Err(wrong("the series is there twice"));
        }
        if sample.exemplar.is_some() && !matches!(suffix, "_bucket" | "_total") {
            return Err(wrong("this takes no exemplar"));
        }
        if metric.kind == "counter" && sample.value < 0.0 {
            return Err(wrong("a counter is not negative"));
        }
        metric.samples.push(sample);
    }
    for (name, metric) in all.iter().filter(|(_, metric)| metric.kind == "histogram") {
        histogram(metric).map_err(|why| format!("{name}: {why}"))?;
    }
    Ok(all)
}

/// Whether the buckets of each series rise, end with all, and hold their exemplars.
fn histogram(metric: &Metric) -> Result<(), String> {
    let mut seen: BTreeMap<Labels, (f64, f64)> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for sample in &metric.samples {
        let bound = sample.labels.iter().find(|(name, _)| name == "le").map(|(_, bound)| bound);
        let others = sample.labels.iter().filter(|(name, _)| name != "le").cloned().collect();
        let Some(bound) = bound else {
            if sample.name.ends_with("_count") {
                counts.insert(others, sample.value);
            }
            continue;
        };
        let bound: f64 = number(bound).ok_or("`le` is no number")?;
        let (before, count) = seen.get(&others).copied().unwrap_or((f64::NEG_INFINITY, 0.0));
        if bound <= before || sample.value < count {
            return Err(format!("buckets do not rise at {bound}"));
        }
        if let Some((_, value)) = &sample.exemplar
            && (*value > bound || *value <= before)
        {
            return Err(format!("an exemplar of {value} is not in the bucket of {bound}"));
        }
        seen.insert(others, (bound, sample.value));
    }
    for (labels, (bound, count)) in &seen {
        let whole = counts.get(labels).is_some_and(|all| all.to_bits() == count.to_bits());
        if !bound.is_infinite() || !whole {
            return Err(format!("the last bucket of {labels:?} does not have all"));
        }
    }
    Ok(())
}

fn sample(line: &str) -> Result<Sample, String> {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let (name, rest) = line.split_at(end);
    if !is_name(name) {
        return Err("this is no name".to_owned());
    }
    let (labels, rest) = if rest.starts_with('{') { labels(rest)? } else { (Vec::new(), rest) };
    let rest = rest.strip_prefix(' ').ok_or("one blank stands before the value")?;
    let (value, exemplar) = match rest.split_once(" # ") {
        None => (rest, None),
        Some((value, exemplar)) => {
            let (labels, rest) = labels_of_exemplar(exemplar)?;
            let mut parts = rest.split(' ');
            let own = parts.next().and_then(number).ok_or("an exemplar without a value")?;
            let time = parts.next().map(number);
            if time == Some(None) || parts.next().is_some() {
                return Err("an exemplar's time is no number".to_owned());
            }
            (value, Some((labels, own)))
        }
    };
    let value = number(value).ok_or("the value is no number")?;
    Ok(Sample { name: name.to_owned(), labels, value, exemplar })
}

fn labels_of_exemplar(text: &str) -> Result<(Labels, &str), String> {
    let (labels, rest) = labels(text)?;
    let long: usize = labels.iter().map(|(name, value)| name.len() + value.chars().count()).sum();
    if long > 128 {
        return Err("an exemplar has more than 128 characters of labels".to_owned());
    }
    Ok((labels, rest.strip_prefix(' ').ok_or("no value behind an exemplar")?))
}

/// Labels between braces, and what stands behind them.
fn labels(text: &str) -> Result<(Labels, &str), String> {
    let mut rest = text.strip_prefix('{').ok_or("no labels")?;
    let mut found = Labels::new();
    loop {
        if let Some(behind) = rest.strip_prefix('}') {
            return Ok((found, behind));
        }
        if !found.is_empty() {
            rest = rest.strip_prefix(',').ok_or("no comma between labels")?;
        }
        let (name, behind) = rest.split_once("=\"").ok_or("a label without a value")?;
        if !is_name(name) || name.contains(':') || found.iter().any(|(own, _)| own == name) {
            return Err(format!("`{name}` is no label, or there twice"));
        }
        let (mut value, mut letters) = (String::new(), behind.char_indices());
        let end = loop {
            match letters.next().ok_or("a label's value has no end")? {
                (at, '"') => break at,
                (_, '\\') => match letters.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, own @ ('"' | '\\'))) => value.push(own),
                    _ => return Err("no such escape".to_owned()),
                },
                (_, letter) => value.push(letter),
            }
        };
        found.push((name.to_owned(), value));
        rest = behind.get(end + 1..).unwrap_or_default();
    }
}

fn number(text: &str) -> Option<f64> {
    if text == "+Inf" { Some(f64::INFINITY) } else { text.parse().ok() }
}

fn is_name(text: &str) -> bool {
    let letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':');
    !text.is_empty()
        && text.chars().all(letter)
        && !text.starts_with(|one: char| one.is_ascii_digit())
}

fn sorted(labels: &[(String, String)]) -> Labels {
    let mut labels = labels.to_vec();
    labels.sort();
    labels
}

#[cfg(test)]
mod tests {
    use super::read;

    const GOOD: &str = "# HELP a What.\n# TYPE a counter\na_total{b=\"c\\\"\"} 1\n# TYPE h_seconds histogram\n# UNIT h_seconds seconds\nh_seconds_bucket{le=\"0.5\"} 1 # {trace_id=\"x\"} 0.4 1.5\nh_seconds_bucket{le=\"+Inf\"} 2\nh_seconds_count 2\nh_seconds_sum 3.5\n# EOF\n";

    #[test]
    fn what_is_right_is_read() {
        let all = read(GOOD).unwrap();
        assert_eq!((all["a"].kind.as_str(), all["h_seconds"].samples.len()), ("counter", 4));
    }

    #[test]
    fn what_a_scraper_refuses_is_refused() {
        for (from, to) in [
            ("# EOF\n", ""),
            ("a_total", "a"),
            ("# UNIT h_seconds seconds", "# UNIT h_seconds bytes"),
            ("h_seconds_count 2", "h_seconds_count 3"),
            ("} 0.4", "} 0.6"),
            ("c\\\"", "c\\x"),
            ("a_total{b=\"c\\\"\"} 1\n", "a_total{b=\"c\"} 1\na_total{b=\"c\"} 1\n"),
            ("le=\"0.5\"} 1", "le=\"0.5\"} 3"),
            ("} 1\n", "} one\n"),
            ("h_seconds_sum 3.5\n", "h_seconds_sum 3.5\n# TYPE a counter\n"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let bad = GOOD.replacen(from, to, 1);
            assert!(read(&bad).is_err(), "{from} → {to}");
        }
    }
}
