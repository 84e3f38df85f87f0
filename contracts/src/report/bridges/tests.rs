//! The matrix in every format: what it says is pinned, and no document's text acts.

use anstream::StripStream;

use super::super::human::Extent;
use super::super::samples;
use super::super::{Format, write_bridges};
use super::{BridgesReport, bridges_of};
use crate::policy::{Compat, FailOn, Settings};

fn report(settings: Settings) -> BridgesReport {
    let apis = samples::report(false).apis.into_iter();
    BridgesReport::new(apis.map(|api| bridges_of(api, settings.compat)).collect(), settings)
}

fn written(report: &BridgesReport, format: Format) -> String {
    let mut stream = StripStream::new(Vec::new());
    let extent = Extent { most: 5, verbose: false, width: 80, waivable: false };
    assert!(write_bridges(&mut stream, report, format, extent).unwrap());
    String::from_utf8(stream.into_inner()).unwrap()
}

#[test]
fn people_read_a_matrix_and_two_lists() {
    insta::assert_snapshot!(written(&report(Settings::default()), Format::Human));
    insta::assert_snapshot!(written(&report(Settings::default()), Format::Markdown));
}

#[test]
fn programs_read_what_the_schema_says() {
    let report = report(Settings::new(Compat::Full));
    let value: serde_json::Value = serde_json::from_str(&written(&report, Format::Json)).unwrap();
    let schema = jsonschema::validator_for(&BridgesReport::json_schema()).unwrap();
    assert!(schema.is_valid(&value), "{value:#}");
    insta::assert_json_snapshot!(value);
}

#[test]
fn a_page_lets_no_text_of_a_document_act() {
    let apis = samples::hostile().apis.into_iter().map(|api| bridges_of(api, Compat::Full));
    let report = BridgesReport::new(apis.collect(), Settings::default());
    for format in [Format::Human, Format::Markdown, Format::Html] {
        let text = written(&report, format);
        assert!(!text.contains(|one: char| one.is_control() && one != '\n'), "{text}");
        assert!(!text.contains("<script>alert") || format != Format::Html, "{text}");
    }
}

#[test]
fn formats_without_a_place_for_a_matrix_are_refused() {
    let extent = Extent { most: 5, verbose: false, width: 80, waivable: false };
    let mut out = Vec::new();
    assert!(!write_bridges(&mut out, &report(Settings::default()), Format::Junit, extent).unwrap());
    assert!(out.is_empty());
}

#[test]
fn only_the_asked_direction_makes_a_run_fail() {
    let outcome = |compat, fail_on| report(Settings::new(compat).fail_on(fail_on)).outcome().word();
    assert_eq!(outcome(Compat::Backward, FailOn::Broken), "findings");
    assert_eq!(outcome(Compat::Forward, FailOn::Broken), "holds");
    assert_eq!(outcome(Compat::Full, FailOn::Never), "holds");
}
