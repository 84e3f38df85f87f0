//! One finding, which opens on a click: evidence, source, remedy, and how it is waived.

use super::super::excerpt::{Excerpt, Sources};
use super::super::finding::{Finding, Labelled};
use super::super::model::Row;
use super::super::words::{at, counted, message, pretty};
use super::escape::{lines, sentence, text};
use super::matrix::letter;
use crate::policy::WAIVERS_NAME;

/// The finding as a closed piece; `counts` says whether it was asked about.
pub(super) fn finding(finding: &Finding, counts: bool, sources: &mut Sources) -> String {
    let word = finding.class.word();
    let shown = if finding.waived.is_some() { "waived" } else { word };
    let badge = format!("<span class=\"badge {word}\"><b>{}</b> {word}</span>", letter(word));
    let mut marks = String::new();
    if finding.waived.is_some() {
        marks.push_str("<span class=\"badge waived\">waived</span>");
    } else if counts && !finding.fails() {
        marks.push_str("<span class=\"badge told\">does not count</span>");
    }
    let title = sentence(&finding.title);
    let rule = text(&finding.rule);
    let body = body(finding, counts, sources);
    format!(
        "<details class=\"finding\" data-class=\"{shown}\"><summary>{badge}{marks} <span class=\"title\">{title}</span> <code class=\"rule\">{rule}</code></summary><div class=\"body\">{body}</div></details>\n"
    )
}

fn body(finding: &Finding, counts: bool, sources: &mut Sources) -> String {
    let mut parts = Vec::new();
    if let Some(waived) = &finding.waived {
        let reason = text(&waived.reason);
        let (expires, place) = (text(&waived.expires), text(&at(&waived.place)));
        parts.push(format!(
            "<p class=\"reason\">Waived until {expires}: {reason} <code>{place}</code></p>"
        ));
    }
    if !finding.said.is_empty() && !finding.title.ends_with(&finding.said) {
        parts.push(format!("<p class=\"said\">{}</p>", sentence(&finding.said)));
    }
    let (sender, reader) = finding.roles();
    if let Some(witness) = &finding.witness {
        let payload = lines(&pretty(&witness.payload));
        let mut pair = figure(&format!("valid in {}", text(sender)), &payload);
        if let Some(received) = &witness.received {
            let received = lines(&pretty(received));
            pair.push_str(&figure(&format!("converted to {}", text(reader)), &received));
        }
        parts.push(format!("<div class=\"payloads\">{pair}</div>"));
    }
    parts.extend(finding.notes.iter().map(|note| format!("<p>{}</p>", sentence(note))));
    parts.extend(finding.places.iter().map(|place| source(place, sources)));
    if !finding.remedy.is_empty() {
        let remedy = sentence(&finding.remedy);
        parts.push(format!("<p class=\"remedy\"><b>To mend it:</b> {remedy}</p>"));
    }
    if let Some(snippet) = &finding.snippet {
        let caption = "a lens for <code>changes.yaml</code>, with values to look over";
        parts.push(figure(caption, &lines(snippet)));
    }
    let rule = text(&finding.rule);
    parts.push(format!(
        "<p class=\"more\"><code>evergate rules {rule}</code> tells what the rule means.</p>"
    ));
    if counts && finding.about != "waiver" && finding.waived.is_none() {
        let waiver = lines(&finding.waiver());
        parts.push(format!(
            "<details class=\"waive\"><summary>How to waive it</summary><p>Below <code>waivers:</code> in <code>{WAIVERS_NAME}</code>:</p><pre><code>{waiver}</code></pre></details>"
        ));
    }
    parts.concat()
}

fn figure(caption: &str, code: &str) -> String {
    format!("<figure><figcaption>{caption}</figcaption><pre><code>{code}</code></pre></figure>")
}

fn source(place: &Labelled, sources: &mut Sources) -> String {
    let caption = format!("{} <code>{}</code>", text(&place.label), text(&at(&place.spot)));
    let Some(Excerpt { line, text: source, mark, .. }) = sources.excerpt(&place.spot) else {
        return format!("<p class=\"place\">{caption}</p>");
    };
    let before = source.get(..mark.start).unwrap_or_default();
    let marked = source.get(mark.clone()).unwrap_or_default();
    let after = source.get(mark.end..).unwrap_or_default();
    let code = format!(
        "<span class=\"line\">{line}</span>{}<mark>{}</mark>{}",
        text(before),
        text(marked),
        text(after)
    );
    figure(&caption, &code)
}

/// Messages that hold by a conversion, with their steps and losses.
pub(super) fn conversions(rows: &[&Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let items: String = rows.iter().map(|row| conversion(row)).collect();
    let count = counted(rows.len(), "conversion");
    format!(
        "<details class=\"conversions\"><summary>{count} that hold</summary><ul>{items}</ul></details>\n"
    )
}

fn conversion(row: &Row) -> String {
    let steps = row.steps.iter().map(|step| ("step", step));
    let losses = row.losses.iter().map(|step| ("loss", step));
    let each = steps.chain(losses).map(|(kind, step)| {
        let (rule, said) = (text(step.rule), sentence(&step.text));
        format!("<li>{kind} {rule}: {said} <code>{}</code></li>", text(&step.at))
    });
    let items = each.collect::<Vec<_>>().concat();
    let list = if items.is_empty() { String::new() } else { format!("<ul>{items}</ul>") };
    let (word, title) = (row.verdict, sentence(&message(row)));
    format!(
        "<li><span class=\"badge {word}\"><b>{}</b> {word}</span> {title}{list}</li>",
        letter(word)
    )
}
