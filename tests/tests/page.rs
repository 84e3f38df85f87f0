//! The administrators' page in a real Chromium, before a real gateway with real traffic.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::path::PathBuf;

use evergate_tests::backend::Backend;
use evergate_tests::browser::Browser;
use evergate_tests::client::Request;
use evergate_tests::corpus::root;
use evergate_tests::gate::Gate;
use evergate_tests::orders;
use serde_json::json;

/// A gateway before two versions, of which the first version's clients know one only.
struct House {
    gate: Gate,
    _backend: Backend,
}

impl House {
    fn start() -> Self {
        let backend = orders::backend("v2");
        let endpoint = format!("http://{}", backend.address());
        let gate = Gate::start(&orders::config(&[("v2", &endpoint)], &[]));
        Self { gate, _backend: backend }
    }

    fn order(&self, version: &str) {
        let body = match version {
            "v1" => json!({"item": "tea", "qty": 2}),
            _ => json!({"item": "tea", "quantity": 2, "channel": "web"}),
        };
        let answer = self.gate.ask(&Request::post("/orders", &body).field("api-version", version));
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.gate.admin())
    }

    /// A browser that has signed in and is at a page.
    fn open(&self, path: &str) -> Browser {
        let mut browser = Browser::start();
        browser.go(&self.at(path));
        self.sign_in(&mut browser);
        browser
    }

    fn sign_in(&self, browser: &mut Browser) {
        assert_eq!(browser.text("h1"), "Sign in");
        browser.write(&self.gate.token().unwrap());
        browser.led(|browser| browser.press("Enter"));
    }
}

#[track_caller]
fn sound(browser: &Browser) {
    let faults = browser.faults();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_token_opens_the_page_and_a_wrong_one_does_not() {
    let house = House::start();
    let mut browser = Browser::start();
    browser.go(&house.at("/ui/apis/orders"));
    assert_eq!(browser.text("h1"), "Sign in");
    browser.write("evg_nobody");
    browser.led(|browser| browser.press("Enter"));
    assert!(browser.text("[role=alert]").contains("nobody's"), "{}", browser.text("body"));
    browser.tab_to("#token");
    house.sign_in(&mut browser);
    assert_eq!(browser.text("h1"), "orders");
    assert!(browser.eval("document.cookie") == "", "no script reads the session");
    browser.led(|browser| {
        browser.eval("document.querySelector('form[action=\"/ui/logout\"] button').click()");
    });
    assert_eq!(browser.text("h1"), "Sign in");
    browser.go(&house.at("/ui"));
    assert_eq!(browser.text("h1"), "Sign in");
}

#[test]
fn numbers_are_those_of_the_traffic_and_come_without_loading_again() {
    let house = House::start();
    (0..3).for_each(|_| house.order("v1"));
    house.order("v2");
    let mut browser = house.open("/ui/apis/orders");
    let cells = "[...document.querySelectorAll('.matrix tbody tr')].map((row) => row.innerText.replace(/\\s+/g, ' '))";
    let seen = browser.eval(cells);
    let (old, new) = (seen[0].as_str().unwrap(), seen[1].as_str().unwrap());
    assert!(
        old.starts_with("v1 ⇄ bridged 3 requests") || old.starts_with("v1 ▽ lossy 3 requests"),
        "{old}"
    );
    assert!(new.starts_with("v2 = native 1 requests"), "{new}");
    browser.until("document.getElementById('live').textContent === '● live'");
    browser.eval("window.same = true");
    (0..2).for_each(|_| house.order("v1"));
    browser.until("document.querySelector('[data-k=\"c:0:0:n\"]').textContent === '5'");
    browser.until("document.querySelector('[data-k=\"g:n\"]').textContent === '6'");
    assert_eq!(browser.eval("window.same"), true, "the page was not loaded again");
    sound(&browser);
}

#[test]
fn a_payload_is_converted_or_refused_on_trial() {
    let house = House::start();
    let mut browser =
        house.open("/ui/apis/orders/plan?client=v1&backend=v2&operation=POST%20%2Forders");
    assert!(browser.text("#plan").contains("qty"), "{}", browser.text("#plan"));
    let convert = |browser: &mut Browser, payload: &str| {
        let fill = format!(
            "{{ const box = document.querySelector('#request-0'); box.closest('details').open = true; box.value = {}; }}",
            json!(payload)
        );
        browser.eval(&fill);
        browser.led(|browser| {
            browser.eval("document.querySelector('#request-0').form.requestSubmit()");
        });
    };
    convert(&mut browser, r#"{"item":"<script>alert(1)</script>","qty":2}"#);
    let result = browser.text(".tried pre");
    let result: serde_json::Value = serde_json::from_str(&result).unwrap();
    assert_eq!(result["quantity"], 2);
    assert_eq!(result["channel"], "web");
    assert_eq!(result["item"], "<script>alert(1)</script>");
    convert(&mut browser, r#"{"item":"tea","qty":2"#);
    assert!(browser.text(".tried").contains("Refused"), "{}", browser.text("#plan"));
    sound(&browser);
}

#[test]
fn everything_is_reached_by_keys_alone() {
    let house = House::start();
    let mut browser = house.open("/ui");
    browser.press("Tab");
    assert_eq!(browser.eval("document.activeElement.className"), "skip");
    let outline = "getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(browser.eval(outline), "solid", "the focus is seen");
    for (link, title) in [
        ("/ui/backends", "Backends"),
        ("/ui/versions", "Versions"),
        ("/ui/history", "History"),
        ("/ui/problems", "Problems"),
    ] {
        browser.tab_to(&format!("a[href=\"{link}\"]"));
        browser.led(|browser| browser.press("Enter"));
        assert_eq!(browser.text("h1"), title);
    }
    browser.tab_to("form[action=\"/ui/reload\"] button");
    browser.led(|browser| browser.press("Enter"));
    assert!(browser.text("[role=status].notice.good").contains("Nothing has changed"));
    browser.tab_to("a[href=\"/ui\"]");
    browser.led(|browser| browser.press("Enter"));
    browser.tab_to("a[href=\"/ui/apis/orders\"]");
    browser.led(|browser| browser.press("Enter"));
    assert_eq!(browser.text("h1"), "orders");
    sound(&browser);
}

const PAGES: [&str; 7] = [
    "/ui",
    "/ui/apis/orders",
    "/ui/apis/orders/plan?client=v1&backend=v2&operation=POST%20%2Forders",
    "/ui/backends",
    "/ui/versions?all=1",
    "/ui/history",
    "/ui/problems",
];

#[test]
fn a_phone_shows_every_page_without_moving_it_sideways() {
    let house = House::start();
    house.order("v1");
    let mut browser = house.open("/ui");
    browser.size(360, 740);
    for page in PAGES {
        browser.go(&house.at(page));
        let width = browser.eval("document.documentElement.scrollWidth");
        assert!(width.as_u64().unwrap() <= 360, "{page}: {width}");
    }
    sound(&browser);
}

/// Contrast by WCAG 2.2 (1.4.3) of every text that stands on the page, against the first ground behind it that is not clear.
const CONTRAST: &str = "(() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const ground = (at) => { for (; at; at = at.parentElement) { const c = parts(getComputedStyle(at).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const faint = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !at.checkVisibility()) continue;
    const [a, b] = [light(parts(getComputedStyle(at).color)), light(ground(at))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${at.className || at.tagName} ${walk.currentNode.textContent.trim()}: ${ratio.toFixed(2)}`);
  }
  return faint;
})()";

#[test]
fn texts_can_be_read_in_light_and_dark_and_tables_have_headings() {
    let house = House::start();
    house.order("v1");
    let mut browser = house.open("/ui");
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        for page in PAGES {
            browser.go(&house.at(page));
            assert_eq!(browser.eval(CONTRAST), json!([]), "{scheme} {page}");
        }
    }
    for page in PAGES {
        browser.go(&house.at(page));
        assert_eq!(browser.eval("document.querySelectorAll('h1').length"), 1, "{page}");
        assert_eq!(
            browser.eval("document.querySelectorAll('th:not([scope])').length"),
            0,
            "{page}"
        );
        let unnamed = "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')].filter((one) => !one.labels.length).length";
        assert_eq!(browser.eval(unnamed), 0, "{page}");
        assert_eq!(browser.eval("document.querySelectorAll('header, main').length"), 2, "{page}");
    }
    sound(&browser);
}

#[test]
fn without_scripts_forms_and_links_do_all_of_it() {
    let house = House::start();
    house.order("v1");
    let mut browser = Browser::start();
    browser.without_scripts();
    browser.go(&house.at("/ui/apis/orders"));
    house.sign_in(&mut browser);
    assert_eq!(browser.text("h1"), "orders");
    assert!(browser.text(".matrix").contains("1 requests"));
    browser.tab_to("a[href=\"/ui/problems\"]");
    browser.led(|browser| browser.press("Enter"));
    browser.tab_to("form[action=\"/ui/reload\"] button");
    browser.led(|browser| browser.press("Enter"));
    assert!(browser.text("main").contains("Nothing has changed"));
    sound(&browser);
}

#[test]
fn a_past_configuration_is_brought_back_with_a_reason() {
    let house = House::start();
    let first = std::fs::read_to_string(house.gate.folder().join("gateway.yaml")).unwrap();
    let second = first.replace("apis:\n", "# <script>alert(1)</script>\napis:\n");
    house.gate.rewrite(&second);
    let mut browser = house.open("/ui/problems");
    browser.led(|browser| {
        browser.eval("document.querySelector('form[action=\"/ui/reload\"] button').click()");
    });
    browser.go(&house.at("/ui/history"));
    let entries = browser.eval(
        "[...document.querySelectorAll('tbody th a')].map((one) => one.getAttribute('href'))",
    );
    let entries: Vec<String> = serde_json::from_value(entries).unwrap();
    assert!(entries.len() >= 2, "{entries:?}");
    browser.go(&house.at(entries.first().unwrap()));
    assert!(
        browser.text(".diff").contains("+# <script>alert(1)</script>"),
        "{}",
        browser.text("main")
    );
    browser.go(&house.at(entries.last().unwrap()));
    browser.tab_to("#why");
    browser.write("the comment is not wanted");
    browser.tab_to("[name=sure]");
    browser.press("Space");
    browser.tab_to("button.danger");
    browser.led(|browser| browser.press("Enter"));
    assert_eq!(browser.text("h1"), "History", "{}", browser.text("main"));
    assert!(browser.text("tbody").contains("the comment is not wanted"));
    let now = std::fs::read_to_string(house.gate.folder().join("gateway.yaml")).unwrap();
    assert_eq!(now, first);
    sound(&browser);
}

/// `EVERGATE_PICTURES=1` makes the pictures of the documentation anew.
#[test]
fn pictures_for_the_documentation() {
    if std::env::var_os("EVERGATE_PICTURES").is_none() {
        return;
    }
    let house = House::start();
    (0..42).for_each(|_| house.order("v1"));
    (0..17).for_each(|_| house.order("v2"));
    let mut browser = house.open("/ui/apis/orders");
    let mut take = |name: &str, (path, scheme): (&str, &str), (width, height): (u32, u32)| {
        browser.scheme(scheme);
        browser.size(width, height);
        browser.go(&house.at(path));
        browser.eval("document.querySelector('details')?.setAttribute('open', '')");
        let to: PathBuf = root().join("docs/images").join(name);
        std::fs::write(to, browser.picture()).unwrap();
    };
    take("page-api.png", (PAGES[1], "light"), (1200, 800));
    take("page-api-dark.png", (PAGES[1], "dark"), (1200, 800));
    take("page-plan.png", (PAGES[2], "light"), (1200, 1000));
    take("page-phone.png", (PAGES[1], "light"), (360, 740));
    take("page-traffic.png", (PAGES[0], "light"), (1200, 520));
}
