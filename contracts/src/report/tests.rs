//! Every format: what it says is pinned, and a reader of somebody else's finds it well formed.

use anstream::StripStream;
use serde_json::{Value, json};

use super::finding::Finding;
use super::human::Extent;
use super::model::{CheckReport, Judged, Outcome, Reach};
use super::{Format, samples, write};
use crate::policy::{FailOn, Policy, Settings};

const EXTENT: Extent = Extent { most: 5, verbose: false, width: 80, waivable: true };

fn written(report: &CheckReport, format: Format) -> String {
    let mut stream = StripStream::new(Vec::new());
    write(&mut stream, report, format, EXTENT).unwrap();
    String::from_utf8(stream.into_inner()).unwrap()
}

/// What no terminal, page or log may get from a document.
#[track_caller]
fn harmless(text: &str) {
    let control = |one: char| one.is_control() && one != '\n';
    assert!(!text.contains(control), "a control character in:\n{text}");
    assert!(!text.contains('\u{202e}'), "text is turned around in:\n{text}");
}

fn samples() -> Vec<CheckReport> {
    let lossy = Settings::default().fail_on(FailOn::Lossy);
    vec![
        samples::report(false),
        samples::report(true),
        samples::waived(Settings::default()),
        samples::waived(lossy),
        samples::hostile(),
        CheckReport::new(Vec::new(), Settings::default()),
    ]
}

#[track_caller]
fn valid(schema: &Value, value: &Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn sarif_is_what_its_schema_says() {
    let schema = include_str!("../../tests/data/sarif-schema-2.1.0.json");
    // as published this pattern has a bracket too many, and is no pattern
    let (odd, even) = ("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    let schema: Value = serde_json::from_str(&schema.replace(odd, even)).unwrap();
    for report in samples() {
        let text = written(&report, Format::Sarif);
        harmless(&text);
        let log: Value = serde_json::from_str(&text).unwrap();
        valid(&schema, &log);
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(result["message"]["text"].as_str().unwrap().chars().count() <= 4_001);
        }
    }
    // the schema is a schema: something that is no log is refused
    assert!(!jsonschema::is_valid(&schema, &json!({ "version": "2.1.0" })));
    insta::assert_snapshot!(written(&samples::waived(Settings::default()), Format::Sarif));
}

#[test]
fn gitlab_is_what_its_manual_says() {
    let schema = include_str!("../../tests/data/gitlab-code-quality.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    for report in samples() {
        let text = written(&report, Format::Gitlab);
        harmless(&text);
        let issues: Value = serde_json::from_str(&text).unwrap();
        valid(&schema, &issues);
        let issues = issues.as_array().unwrap();
        let mut fingerprints: Vec<&Value> = issues.iter().map(|one| &one["fingerprint"]).collect();
        fingerprints.sort_by_key(ToString::to_string);
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), report.findings.len());
    }
    insta::assert_snapshot!(written(&samples::waived(Settings::default()), Format::Gitlab));
}

#[test]
fn json_is_what_its_own_schema_says() {
    for report in samples() {
        let text = written(&report, Format::Json);
        valid(&CheckReport::json_schema(), &serde_json::from_str(&text).unwrap());
    }
    insta::assert_snapshot!(written(&samples::waived(Settings::default()), Format::Json));
}

#[test]
fn junit_is_what_jenkins_takes() {
    let schema = uppsala::parse(include_str!("../../tests/data/junit-10.xsd")).unwrap();
    let schema = uppsala::XsdValidator::from_schema(&schema).unwrap();
    let faults = |text: &str| -> Vec<String> {
        let document = uppsala::parse(text).unwrap();
        schema.validate(&document).iter().map(ToString::to_string).collect()
    };
    for report in samples() {
        let text = written(&report, Format::Junit);
        harmless(&text);
        assert_eq!(faults(&text), [""; 0], "{text}");
        assert_eq!(text.contains("<failure"), report.outcome() != Outcome::Holds);
    }
    // the schema is a schema: something that is no report is refused
    assert_ne!(faults("<testsuites><testsuite/></testsuites>"), [""; 0]);
    insta::assert_snapshot!(written(&samples::waived(Settings::default()), Format::Junit));
}

/// What `CommonMark` with GitHub's tables makes of a text: the tags in it, and its links and pictures.
fn read_markdown(text: &str) -> (Vec<String>, Vec<String>) {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let (mut tags, mut links) = (Vec::new(), Vec::new());
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Html(tag) | Event::InlineHtml(tag) => tags.push(tag.into_string()),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push(dest_url.into_string());
            }
            Event::InlineMath(math) | Event::DisplayMath(math) => links.push(math.into_string()),
            _ => {}
        }
    }
    (tags, links)
}

#[test]
fn a_comment_has_no_tag_and_no_link_but_its_own() {
    for report in samples() {
        let text = written(&report, Format::Markdown);
        harmless(&text);
        let (tags, links) = read_markdown(&text);
        assert_eq!(links, [""; 0], "{text}");
        let own = [
            "<!-- evergate",
            "<details",
            "</details",
            "<summary",
            "</summary",
            "<b",
            "</b",
            "<code",
            "</code",
        ];
        for tag in tags.concat().match_indices('<').map(|(at, _)| at).collect::<Vec<_>>() {
            let rest = &tags.concat()[tag..];
            assert!(own.iter().any(|one| rest.starts_with(one)), "{rest}");
        }
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }
    insta::assert_snapshot!(written(&samples::waived(Settings::default()), Format::Markdown));
    insta::assert_snapshot!("hostile", written(&samples::hostile(), Format::Markdown));
}

#[test]
fn a_comment_is_never_longer_than_github_takes() {
    let mut report = samples::waived(Settings::default());
    let (open, waived) = (report.findings[0].clone(), report.findings.last().unwrap().clone());
    report.findings = vec![open; 300];
    report.findings.extend(vec![waived; 300]);
    let judged = report.apis[0].judged[0].clone();
    report.apis[0].judged = (0..5000)
        .map(|index| Judged {
            operation: format!("GET /{index}/{}", "x".repeat(300)),
            ..judged.clone()
        })
        .collect();
    let text = written(&report, Format::Markdown);
    assert!(text.chars().count() <= 65_536, "{}", text.chars().count());
    assert!(text.contains("which do not fit into a comment"));
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

/// The elements and the attributes of a page, as an XML reader sees them.
fn elements(page: &str) -> (Vec<String>, Vec<(String, String)>) {
    let mut reader = uppsala::PullParser::new(page);
    let (mut names, mut all) = (Vec::new(), Vec::new());
    while let Some(event) = reader.next_event().unwrap() {
        if let uppsala::PullEvent::StartElement { name, attributes, .. } = event {
            names.push(name.local_name.to_string());
            let pairs = attributes
                .iter()
                .map(|one| (one.name.local_name.to_string(), one.value.to_string()));
            all.extend(pairs);
        }
    }
    (names, all)
}

#[test]
fn a_page_is_well_formed_and_needs_nothing_from_outside() {
    let own = [
        "a",
        "b",
        "body",
        "br",
        "caption",
        "code",
        "details",
        "div",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "head",
        "header",
        "html",
        "input",
        "label",
        "li",
        "main",
        "mark",
        "meta",
        "nav",
        "p",
        "pre",
        "script",
        "section",
        "span",
        "style",
        "summary",
        "table",
        "td",
        "th",
        "title",
        "tr",
        "ul",
    ];
    let asking = ["src", "style", "srcset", "action", "background", "data", "poster"];
    for report in samples() {
        let text = written(&report, Format::Html);
        harmless(&text);
        let (names, attributes) = elements(&text);
        let foreign: Vec<&String> =
            names.iter().filter(|name| !own.contains(&name.as_str())).collect();
        assert_eq!(foreign, [""; 0]);
        assert_eq!(names.iter().filter(|name| *name == "script").count(), 1);
        for (name, value) in &attributes {
            assert!(!asking.contains(&name.as_str()) && !name.starts_with("on"), "{name}");
            assert!(name != "href" || value.starts_with('#'), "{value}");
        }
        let ids: Vec<&String> =
            attributes.iter().filter(|(name, _)| name == "id").map(|(_, id)| id).collect();
        for (_, target) in attributes.iter().filter(|(name, _)| name == "href") {
            assert!(ids.iter().any(|id| format!("#{id}") == *target), "{target} leads nowhere");
        }
    }
    let page = written(&samples::waived(Settings::default()), Format::Html);
    let (_, after) = page.split_once("</style>").unwrap();
    insta::assert_snapshot!(after.split_once("<script>").unwrap().0);
}

/// A command's name, properties and text.
type Command = (String, Vec<(String, String)>, String);

/// As the runner reads a command: `::name properties::data`, with percent-encoding undone.
fn command(line: &str) -> Option<Command> {
    let line = line.trim();
    let (head, data) = line.strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let decoded = |text: &str| {
        text.replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%25", "%")
    };
    let pairs = properties.split(',').filter_map(|one| one.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect();
    Some((name.to_owned(), pairs, decoded(data)))
}

#[test]
fn github_commands_are_read_back_as_they_were_meant() {
    for report in samples() {
        let text = written(&report, Format::Github);
        harmless(&text);
        let commands: Vec<_> = text.lines().filter_map(command).collect();
        assert_eq!(commands.len(), report.findings.len(), "{text}");
        let others = text.lines().filter(|line| line.starts_with("evergate "));
        assert_eq!(text.lines().count(), commands.len() + others.count());
        for ((name, properties, _), finding) in commands.iter().zip(&report.findings) {
            let expected = match finding.level.word() {
                "note" => "notice",
                other => other,
            };
            assert_eq!(name, expected);
            let of = |key: &str| {
                properties.iter().find(|(name, _)| name == key).map(|(_, text)| text.as_str())
            };
            assert_eq!(of("file"), Some(finding.places[0].spot.file.as_str()));
            assert!(
                of("title")
                    .unwrap()
                    .starts_with(&finding.title.chars().take(20).collect::<String>())
            );
        }
    }
    insta::assert_snapshot!(written(&samples::waived(Settings::default()), Format::Github));
}

#[test]
fn more_annotations_than_github_shows_are_told_in_one() {
    let mut report = samples::report(false);
    let one = report.findings[0].clone();
    report.findings = vec![one; 25];
    let text = written(&report, Format::Github);
    assert_eq!(text.lines().filter_map(command).count(), 10);
    assert!(text.contains("16 findings more"), "{text}");
}

#[test]
fn a_terminal_is_told_nothing_that_acts_on_it() {
    let mut raw = Vec::new();
    write(&mut raw, &samples::hostile(), Format::Human, EXTENT).unwrap();
    let text = String::from_utf8(raw).unwrap();
    // colours are ours; nothing else may be there
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let end = after.find('m').unwrap();
        assert!(after[..end].chars().all(|one| one.is_ascii_digit() || one == ';'), "{text:?}");
        rest = &after[end + 1..];
    }
    plain.push_str(rest);
    harmless(&plain);
}

#[test]
fn waived_findings_stay_to_be_seen_and_do_not_fail() {
    let report = samples::waived(Settings::default());
    insta::assert_snapshot!(written(&report, Format::Human));
    let waived: Vec<_> = report.findings.iter().filter(|one| one.waived.is_some()).collect();
    assert_eq!(waived.len(), 1);
    assert!(!waived[0].fails());
    assert_eq!(report.outcome(), Outcome::Findings);
    let states: Vec<&str> = report.waivers.iter().map(|one| one.state).collect();
    assert_eq!(states, ["used", "expired", "unused"]);
}

/// Which classes fail and which are told, by policy and threshold.
#[track_caller]
fn check(settings: Settings, failing: &[&str], told: &[&str], outcome: Outcome) {
    let report = samples::waived(settings);
    let words = |fails: bool| -> Vec<&str> {
        let of = report.findings.iter().filter(|one| one.waived.is_none() && one.fails() == fails);
        of.map(|one| one.class.word()).collect()
    };
    assert_eq!((words(true).as_slice(), words(false).as_slice()), (failing, told), "{settings:?}");
    assert_eq!(report.outcome(), outcome);
}

#[test]
fn what_fails_is_what_the_policy_says() {
    let on = |fail_on| Settings::default().fail_on(fail_on);
    let (both, waivers) = (["broken", "undecided"], ["warning", "warning"]);
    check(Settings::default(), &both, &waivers, Outcome::Findings);
    check(Settings::default().policy(Policy::Lenient), &both, &waivers, Outcome::Findings);
    check(on(FailOn::Broken), &both, &waivers, Outcome::Findings);
    check(on(FailOn::Lossy), &["broken", "undecided", "lossy"], &waivers, Outcome::Findings);
    let all = ["broken", "undecided", "lossy", "warning", "warning"];
    check(on(FailOn::Warning), &all, &[], Outcome::Findings);
    check(on(FailOn::Never), &[], &["broken", "undecided", "warning", "warning"], Outcome::Holds);
}

/// Messages that share a cause share a finding, and each has a case of its own all the same.
#[test]
fn every_message_of_a_cause_is_a_case_that_fails() {
    let mut report = samples::report(false);
    let judged = report.apis[0].judged.iter().find(|one| one.verdict == "broken").unwrap().clone();
    let other = Judged { operation: "PUT /orders".to_owned(), ..judged };
    let before = written(&report, Format::Junit).matches("<failure").count();
    report.apis[0].judged.push(other.clone());
    let reach = Reach {
        operation: other.operation,
        side: other.side,
        status: other.status,
        part: "whole".to_owned(),
    };
    let of_message = |one: &&mut Finding| one.about == "message" && one.fails();
    report.findings.iter_mut().find(of_message).unwrap().reached.push(reach);
    assert_eq!(written(&report, Format::Junit).matches("<failure").count(), before + 1);
}
