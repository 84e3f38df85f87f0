//! The matrix of an api: what a client of one version gets from a backend of another.

use super::super::model::{ApiReport, Counts, PairReport};
use super::super::words::counted;
use super::escape::text;

/// The verdicts, the worst first: their words, and the letters that tell them apart without colour.
pub(super) const VERDICTS: [(&str, &str); 5] =
    [("broken", "X"), ("undecided", "U"), ("lossy", "L"), ("bridged", "B"), ("native", "N")];

/// The letter of a verdict.
pub(in super::super) fn letter(word: &str) -> &'static str {
    VERDICTS.iter().find(|(verdict, _)| *verdict == word).map_or("!", |(_, letter)| letter)
}

/// The count of each verdict, the worst first.
pub(super) const fn counts(counts: Counts) -> [usize; 5] {
    let Counts { native, bridged, lossy, undecided, broken } = counts;
    [broken, undecided, lossy, bridged, native]
}

/// Where a pair's section is.
pub(super) fn anchor(api: usize, report: &ApiReport, pair: &PairReport) -> String {
    let index = |version: &str| report.versions.iter().position(|one| one == version);
    let (client, backend) = (index(&pair.client), index(&pair.backend));
    format!("pair-{api}-{}-{}", client.unwrap_or_default(), backend.unwrap_or_default())
}

/// The table; nothing when there is no second version.
pub(super) fn table(api: usize, report: &ApiReport) -> String {
    if report.versions.len() < 2 {
        return String::new();
    }
    let mut rows = vec![head(report)];
    for client in &report.versions {
        let cells: Vec<String> =
            report.versions.iter().map(|backend| cell(api, report, client, backend)).collect();
        let name = text(client);
        rows.push(format!("<tr><th scope=\"row\">{name}</th>{}</tr>", cells.concat()));
    }
    let caption = "<caption>client versions down, backend versions across</caption>";
    let table = format!("<table class=\"matrix\">{caption}{}</table>", rows.concat());
    let framed = if report.pairs.iter().all(|pair| pair.asked) {
        ""
    } else {
        "<p class=\"hint\">Framed pairs were asked about; what is found between the others makes no run fail.</p>"
    };
    let judged = report.pairs.len();
    let all = report.versions.len() * (report.versions.len() - 1);
    let rest = match all.saturating_sub(judged) {
        0 => String::new(),
        left => format!(
            "<p class=\"hint\">{left} of {all} pairs were not asked about; <code>--matrix</code> judges them too.</p>"
        ),
    };
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"matrix\">{table}</div>{framed}{rest}"
    )
}

fn head(report: &ApiReport) -> String {
    let each = report.versions.iter().map(|one| format!("<th scope=\"col\">{}</th>", text(one)));
    let corner = "<td class=\"corner\"><span>client</span> <span>backend</span></td>";
    format!("<tr>{corner}{}</tr>", each.collect::<String>())
}

fn cell(api: usize, report: &ApiReport, client: &str, backend: &str) -> String {
    if client == backend {
        return "<td class=\"same\"><span aria-label=\"the same version\">=</span></td>".to_owned();
    }
    let pair = report.pairs.iter().find(|pair| pair.client == client && pair.backend == backend);
    let Some(pair) = pair else {
        return "<td class=\"none\"><span aria-label=\"not judged\">–</span></td>".to_owned();
    };
    let counts = counts(pair.verdicts);
    let all: usize = counts.iter().sum();
    let worst = VERDICTS.iter().zip(counts).find(|(_, count)| *count > 0);
    let Some(((word, letter), count)) = worst else {
        return "<td class=\"none\"><span aria-label=\"no message in common\">0</span></td>"
            .to_owned();
    };
    let told = summary(pair.verdicts);
    let asked = if pair.asked { "asked" } else { "unasked" };
    let label =
        format!("client {client}, backend {backend}: {told} of {}", counted(all, "message"));
    let anchor = anchor(api, report, pair);
    format!(
        "<td class=\"v {word} {asked}\"><a href=\"#{anchor}\" aria-label=\"{}\" title=\"{}\"><b>{letter}</b> <span class=\"word\">{word}</span><br/><span class=\"count\">{count} of {all}</span></a></td>",
        text(&label),
        text(&label)
    )
}

/// The verdicts that occur, with their numbers.
pub(super) fn summary(of: Counts) -> String {
    let each = VERDICTS.iter().zip(counts(of)).filter(|(_, count)| *count > 0);
    let texts: Vec<String> = each.map(|((word, _), count)| format!("{count} {word}")).collect();
    if texts.is_empty() { "0 messages".to_owned() } else { texts.join(", ") }
}
