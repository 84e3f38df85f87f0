//! Laws of links: there and back, once is enough, and never out of the api.

use std::sync::Arc;

use proptest::prelude::*;

use super::reference::Reference;
use super::turner::{Here, Toward, Turner, carrier};
use crate::snapshot::Template;
use crate::snapshot::links::{Linking, Row, Words};
use crate::snapshot::selector::{Affix, Versions};

/// An api whose orders are called purchases in version 2, with other names for the page and its length.
fn linking(prefix: &str) -> Arc<Linking> {
    let operations = [
        ("/orders", "/purchases"),
        ("/orders/{id}", "/purchases/{id}"),
        ("/orders/{id}/items/{item}", "/purchases/{order}/lines/{line}"),
        ("/shops/{shop}/of/{owner}", "/shops/{shop}/owners/{owner}"),
        ("/same/{x}", "/same/{x}"),
    ];
    let bases = (["/one".to_owned()], ["/two".to_owned()]);
    let mut inward = Words::new(&bases.1, &bases.0);
    let mut outward = Words::new(&bases.0, &bases.1);
    for (ours, theirs) in operations {
        let row = |template: &str, read: &str, written: &str| Row {
            label: format!("GET {ours}").into(),
            template: Template::parse(template),
            positions: None,
            renames: vec![(read.to_owned(), written.to_owned())],
            cursor: Some("cursor".to_owned()),
        };
        outward.insert("GET", ours, row(theirs, "limit", "size"));
        inward.insert("POST", theirs, row(ours, "size", "limit"));
    }
    inward.leave(&"GET /same/{x}".into(), Some("ids"));
    outward.leave(&"GET /same/{x}".into(), Some("ids"));
    Arc::new(Linking {
        prefix: prefix.to_owned(),
        segment: Affix::parse("v{version}"),
        queries: vec!["api-version".to_owned()],
        versions: Arc::new(Versions::new(vec!["v1".into(), "v2".into(), "v3".into()])),
        pair: (0, 1),
        hosts: vec!["*.shops.example".to_owned()],
        endpoints: vec!["10.0.0.1:8080".to_owned()],
        public: None,
        inward,
        outward,
    })
}

fn turner(prefix: &str, toward: Toward) -> Arc<Turner> {
    let here = Here {
        linking: &linking(prefix),
        scheme: "http",
        authority: "API.example:80",
        operation: &"GET /orders".into(),
    };
    here.turner(toward)
}

#[track_caller]
fn check(link: &str, expected: Option<&str>) {
    assert_eq!(turner("/shop", Toward::Client).turn(link, true).as_deref(), expected, "{link}");
}

#[test]
fn the_parts_that_name_a_version_are_turned() {
    check("/shop/v2/purchases/a%2Fb?x=1#y", Some("/shop/v1/orders/a%2Fb?x=1#y"));
    check(
        "https://api.example:80/shop/v2/purchases?size=1",
        Some("https://api.example:80/shop/v1/orders?limit=1"),
    );
    check(
        "http://10.0.0.1:8080/shop/v2/purchases/a",
        Some("http://api.example:80/shop/v1/orders/a"),
    );
    check("https://eu.shops.example/shop/v2/x", Some("https://eu.shops.example/shop/v1/x"));
    check("/shop/v2/two/purchases/a/lines/b", Some("/shop/v1/one/orders/a/items/b"));
    check("/two/purchases/a", Some("/one/orders/a"));
    check("/two/else", Some("/one/else"));
    check("/shop/shops/s/owners/o", Some("/shop/shops/s/of/o"));
    check("/shop/same/1?api-version=v2", Some("/shop/same/1?api-version=v1"));
    check(
        "/shop/same/1?api-version=2&cursor=t%20&b",
        Some("/shop/same/1?api-version=1&cursor=evg1~v2~t%20&b"),
    );
    check("?size=2&cursor=t", Some("?limit=2&cursor=evg1~v2~t"));
    check("/shop/v2/orders{?page,size}", Some("/shop/v1/orders{?page,size}"));
}

#[test]
fn what_is_no_link_of_the_sender_s_version_stays() {
    for link in [
        "/shop/v1/orders/a",
        "/shop/v3/orders/a",
        "/shop/v02/purchases",
        "/shop/V2/purchases",
        "/shopping/v2/purchases",
        "/v2/purchases",
        "/shop/v2/purchases?api-version=v1",
        "/shop/same/1?api-version=%762",
        "/shop/same/1",
        "/shop/v2/same/1?ids=1|2",
        "/shop/v2/purchases/../../x",
        "/shop/v2/%2e%2e/x",
        "/shop/v2\\purchases",
        "//10.0.0.1:8080/shop/v2/purchases",
        "http://u@10.0.0.1:8080/shop/v2/purchases",
        "http://10.0.0.1:8080@evil.example/shop/v2/purchases",
        "http://evil.example/shop/v2/purchases",
        "http://api.example:80.evil/shop/v2/purchases",
        "http://xshops.example/shop/v2/purchases",
        "http://shops.example/shop/v2/x",
        "javascript:/shop/v2/purchases",
        "ftp://api.example:80/shop/v2/purchases",
        "http://10.0.0.1:8080/metrics",
        "v2/purchases",
        "#v2",
        "",
        "/shop/v2/a b",
    ] {
        check(link, None);
    }
}

#[test]
fn only_the_first_step_turns_what_names_no_version() {
    let turner = turner("/shop", Toward::Client);
    let links = carrier(&turner, Some(&"v2".into())).0;
    assert_eq!(links.link("/shop/purchases/a", "v2").as_deref(), Some("/shop/orders/a"));
    assert_eq!(links.link("/shop/purchases/a", "v3"), None);
    assert_eq!(links.link("/shop/v2/purchases/a", "v3").as_deref(), Some("/shop/v1/orders/a"));
    assert_eq!(links.seal("t", "v2").as_deref(), Some("evg1~v2~t"));
    assert_eq!(links.seal("t", "v3"), None);
}

#[test]
fn a_head_that_is_gone_takes_no_link() {
    let turner = turner("/shop", Toward::Client);
    let links = carrier(&turner, None).0;
    assert!(links.relate("next", "/shop/v2/purchases"));
    assert!(!links.relate("next", "/shop/v2/>; rel=evil"));
    assert_eq!(turner.finish(), [("next".to_owned(), "/shop/v1/orders".to_owned())]);
    assert!(!links.relate("next", "/shop/v2/purchases"));
}

/// Links as a backend of version 2 writes them, all of one api.
fn links() -> impl Strategy<Value = String> {
    let origins = prop_oneof![
        Just(""),
        Just("http://api.example:80"),
        Just("https://a.shops.example"),
        Just("http://10.0.0.1:8080")
    ];
    let versions = prop_oneof![Just("/v2"), Just("/2"), Just("")];
    let paths = prop_oneof![
        Just("/purchases".to_owned()),
        "/purchases/[a-z0-9%]{0,3}[a-z]".prop_map(|path| path.replace('%', "%2F")),
        "/purchases/[a-c]/lines/[a-c]",
        "/shops/[a-c]/owners/[a-c]",
        "/same/[a-c]",
        "/unknown/[a-c]",
    ];
    let pairs = prop_oneof![
        "size=[0-9]{0,2}",
        "cursor=[a-z%20~]{0,6}",
        "cursor=evg1~v2~[a-z]{0,3}",
        "api-version=v?2",
        "x=[a-z/?]{0,4}",
        "",
        "flag"
    ];
    let queries = proptest::option::of(prop::collection::vec(pairs, 0..4));
    (origins, versions, paths, queries, "(#[a-z]{0,3})?").prop_map(
        |(origin, version, path, query, end)| {
            let query = query.map_or(String::new(), |pairs| format!("?{}", pairs.join("&")));
            format!("{origin}/shop{version}{path}{query}{end}")
        },
    )
}

proptest! {
    #[test]
    fn a_link_that_went_to_the_client_comes_back(link in links(), own: bool) {
        let there = turner("/shop", Toward::Client);
        let back = turner("/shop", Toward::Backend);
        if let Some(turned) = there.turn(&link, own) {
            let public = link.replace("10.0.0.1:8080", "api.example:80");
            let returned = back.turn(&turned, own).unwrap_or_else(|| turned.clone());
            prop_assert_eq!(returned, public, "{}", turned);
        }
    }

    #[test]
    fn once_is_enough(link in links(), own: bool) {
        let there = turner("/shop", Toward::Client);
        if let Some(turned) = there.turn(&link, own) {
            prop_assert_eq!(there.turn(&turned, false), None);
        }
    }

    #[test]
    fn no_link_leads_out_of_the_api(
        link in "(http:|https:|javascript:|HTTP:)?(//|/)?(10.0.0.1:8080|api.example:80|evil.example|u@|u:p@)?(/|//|\\\\|%2f|/\\.\\./|/%2e/){0,2}(shop|two|v2|purchases)?/?(v2|v1|\\.\\.)?(/purchases|/x|//y){0,2}([?#&=]|cursor=|api-version=v2|é){0,4}",
        prefix in "(/shop)?",
    ) {
        for toward in [Toward::Client, Toward::Backend] {
            let turner = turner(&prefix, toward);
            let Some(turned) = turner.turn(&link, true) else { continue };
            let (before, after) = (Reference::parse(&link).unwrap(), Reference::parse(&turned).unwrap());
            match (before.origin, after.origin) {
                (Some((_, "10.0.0.1:8080")), Some((_, host))) => prop_assert_eq!(host, "api.example:80"),
                (before, after) => prop_assert_eq!(before, after),
            }
            prop_assert_eq!(before.fragment, after.fragment);
            prop_assert_eq!(before.query.is_some(), after.query.is_some());
            if !prefix.is_empty() && before.path.starts_with("/shop/") {
                prop_assert!(after.path.starts_with("/shop/"), "{} became {}", link, turned);
            }
        }
    }

    #[test]
    fn no_text_brings_it_down(text in "\\PC{0,60}") {
        for toward in [Toward::Client, Toward::Backend] {
            let turner = turner("", toward);
            if let Some(turned) = turner.turn(&text, true) {
                prop_assert!(Reference::parse(&turned).is_some(), "{text} became {turned}");
            }
        }
    }
}
