//! A reload takes over the apis that would come out the same, and makes every other one anew.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/certificates.rs"]
mod certificates;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use certificates::Authority;
use evergate_gateway::assemble::{Assembled, assemble, fingerprint};
use evergate_gateway::snapshot::Snapshot;
use evergate_gateway::telemetry::Metrics;
use tempfile::TempDir;

const ORDERS: &str = r##"openapi: 3.1.0
info: { title: orders, version: "1" }
paths:
  /orders:
    get:
      responses:
        "200": { description: all, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
components:
  schemas:
    Order: { type: object, properties: { id: { type: string } } }
"##;

/// `orders` has a description, `shop` speaks TLS, `plain` is neither touched nor named by any change here.
const CONFIG: &str = r#"listen: [{ address: 127.0.0.1:0 }]
timeouts: { upstream: 20s }
apis:
  orders:
    description: ./orders
    match: { path: /orders }
    client_version: [{ header: api-version }, { default: oldest }]
    versions: { v1: { deprecated: 2026-01-01 } }
    values: { region: north }
    backends: [{ version: v2, endpoints: ["http://127.0.0.1:1"], weight: 3 }]
  shop:
    match: { path: /shop }
    backends:
      - endpoints: ["https://127.0.0.1:2"]
        tls: { ca: ca.pem, certificate: own.pem, key: own.key }
  plain:
    match: { path: /plain }
    backends: [{ endpoints: ["http://127.0.0.1:3"] }]
"#;

/// A directory with a configuration, and the snapshot in use.
struct Site {
    directory: TempDir,
    authority: Authority,
    metrics: Metrics,
    used: Snapshot,
}

impl Site {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new("one");
        let at = directory.path();
        write(at, "orders/v1/openapi.yaml", ORDERS);
        write(
            at,
            "orders/v2/openapi.yaml",
            &ORDERS.replace("id:", "count: { type: integer }, id:"),
        );
        fs::write(at.join("ca.pem"), authority.pem()).unwrap();
        authority.issue(&["gateway"]).write(at, "own");
        fs::write(at.join("gateway.yaml"), CONFIG).unwrap();
        let metrics = Metrics::default();
        let used = assemble(&at.join("gateway.yaml"), &metrics, None).unwrap().snapshot;
        Self { directory, authority, metrics, used }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn assembled(&self) -> Assembled {
        assemble(&self.path().join("gateway.yaml"), &self.metrics, Some(&self.used)).unwrap()
    }

    /// The apis that are made anew, which are in use from now on.
    fn anew(&mut self) -> Vec<String> {
        let next = self.assembled().snapshot;
        let kept = |one: &Arc<_>| self.used.apis.iter().any(|before| Arc::ptr_eq(before, one));
        let anew = next.apis.iter().filter(|one| !kept(one));
        let anew = anew.map(|one| one.name.to_string()).collect();
        self.used = next;
        anew
    }

    fn configure(&self, from: &str, to: &str) {
        assert!(CONFIG.contains(from), "{from}");
        fs::write(self.path().join("gateway.yaml"), CONFIG.replace(from, to)).unwrap();
    }
}

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn what_did_not_change_is_the_very_same() {
    let mut site = Site::new();
    assert!(site.anew().is_empty());
    // the same words at other lines, in another order, with other quotes
    site.configure("listen:", "# a remark\n\nlisten:");
    assert!(site.anew().is_empty());
    site.configure("{ path: /plain }", "\n      path: '/plain'");
    assert!(site.anew().is_empty());
    let all = "\n    values: { region: north }";
    site.configure(all, "");
    assert_eq!(site.anew(), ["orders"]);
    // and back
    site.configure(all, all);
    assert_eq!(site.anew(), ["orders"]);
}

#[test]
fn each_word_of_an_apis_own_part_counts() {
    let mut site = Site::new();
    for (from, to, anew) in [
        ("{ path: /orders }", "{ path: /orders, hosts: [a.example] }", "orders"),
        ("{ path: /orders }", "{ path: /other }", "orders"),
        ("{ header: api-version }", "{ header: x-version }", "orders"),
        ("{ default: oldest }", "{ default: newest }", "orders"),
        ("2026-01-01", "2026-01-02", "orders"),
        ("region: north", "region: south", "orders"),
        ("weight: 3", "weight: 4", "orders"),
        ("version: v2, ", "version: v1, ", "orders"),
        ("127.0.0.1:1\"", "127.0.0.1:11\"", "orders"),
        ("weight: 3", "weight: 3, slow_start: 1s", "orders"),
        ("weight: 3", "weight: 3, timeouts: { connect: 1s }", "orders"),
        ("region: north }", "region: north }\n    undeclared: refuse", "orders"),
        ("region: north }", "region: north }\n    public: https://a.example", "orders"),
        ("region: north }", "region: north }\n    conversion: { require: any }", "orders"),
        ("region: north }", "region: north }\n    writes: { default: replace }", "orders"),
        ("region: north }", "region: north }\n    upgrades: [websocket]", "orders"),
        ("region: north }", "region: north }\n    consumers: { alice: v2 }", "orders"),
        ("tls: { ca", "tls: { server_name: a.example, ca", "shop"),
        ("  plain:\n", "  simple:\n", "simple"),
    ] {
        site.configure(from, to);
        assert_eq!(site.anew(), [anew], "{to}");
        site.configure(from, from);
        assert_eq!(site.anew().len(), 1, "{to}");
    }
}

#[test]
fn what_flows_into_all_makes_all_anew_and_what_flows_into_none_makes_none() {
    let mut site = Site::new();
    site.configure("upstream: 20s", "upstream: 21s");
    assert_eq!(site.anew(), ["orders", "plain", "shop"]);
    site.configure("listen:", "listen:");
    assert_eq!(site.anew(), ["orders", "plain", "shop"]);
    for more in [
        "limits: { body: 1MiB }",
        "workers: 3",
        "admin: { address: 127.0.0.1:0, rate: 1000000 }",
        "trusted_proxies: [10.0.0.0/8]",
        "dns: { servers: [10.0.0.1] }",
        "takeover: { socket: t.sock }",
    ] {
        site.configure("listen:", &format!("{more}\nlisten:"));
        assert!(site.anew().is_empty(), "{more}");
    }
}

#[test]
fn each_file_of_a_description_counts() {
    let mut site = Site::new();
    for (name, text) in [
        ("v1/openapi.yaml", ORDERS.replace("type: string", "type: boolean")),
        ("versions.txt", "v1\nv2\n".to_owned()),
        ("v2/changes.yaml", "changes: []\n".to_owned()),
        ("examples.jsonl", "\n".to_owned()),
        ("v2/parts/more.yaml", "type: string\n".to_owned()),
        ("v2/.hidden.yaml", "type: string\n".to_owned()),
    ] {
        let name = format!("orders/{name}");
        let before = fs::read(site.path().join(&name)).ok();
        write(site.path(), &name, &text);
        assert_eq!(site.anew(), ["orders"], "{name}");
        // the same octets again are no change, however new the file is
        write(site.path(), &name, &text);
        assert!(site.anew().is_empty(), "{name}");
        match before {
            Some(before) => fs::write(site.path().join(&name), before).unwrap(),
            None => fs::remove_file(site.path().join(&name)).unwrap(),
        }
        assert_eq!(site.anew(), ["orders"], "{name}");
    }
    fs::create_dir(site.path().join("elsewhere")).unwrap();
    fs::rename(site.path().join("orders"), site.path().join("elsewhere/orders")).unwrap();
    std::os::unix::fs::symlink("elsewhere/orders", site.path().join("orders")).unwrap();
    assert!(site.anew().is_empty(), "the same files behind a link");
}

#[test]
fn links_count_by_where_they_end() {
    let mut site = Site::new();
    let (own, other) =
        (site.path().join("orders/v2/part.yaml"), site.path().join("orders/v2/a.yaml"));
    for path in [&other, &site.path().join("b.yaml")] {
        fs::write(path, "type: string\n").unwrap();
    }
    std::os::unix::fs::symlink("a.yaml", &own).unwrap();
    assert_eq!(site.anew(), ["orders"]);
    // out of the directory, where no reader follows it, to the same octets
    fs::remove_file(&own).unwrap();
    std::os::unix::fs::symlink("../../b.yaml", &own).unwrap();
    assert_eq!(site.anew(), ["orders"]);
}

#[test]
fn what_is_too_deep_to_be_known_is_made_anew_each_time() {
    let mut site = Site::new();
    write(site.path(), "orders/1/2/3/4/5/6/7/8/9/deep.yaml", "type: string\n");
    assert_eq!(site.anew(), ["orders"]);
    assert_eq!(site.anew(), ["orders"]);
}

#[test]
fn certificates_count_by_what_they_hold() {
    let mut site = Site::new();
    site.authority.issue(&["gateway"]).write(site.directory.path(), "own");
    assert_eq!(site.anew(), ["shop"]);
    let both = format!("{}{}", site.authority.pem(), Authority::new("two").pem());
    fs::write(site.path().join("ca.pem"), both).unwrap();
    assert_eq!(site.anew(), ["shop"]);
    assert!(site.anew().is_empty());
}

#[test]
fn what_is_odd_is_told_again_where_it_stands_now() {
    let mut site = Site::new();
    // a group with this policy is tested, which is told at the place of the api
    let told = |assembled: &Assembled| -> Vec<(u32, String)> {
        let all = assembled.warnings.iter();
        all.map(|one| (one.place.line, one.what.clone())).collect()
    };
    let odd = "{ version: v2, endpoints: [\"http://127.0.0.1:1\"], weight: 3 }";
    write(site.path(), "orders/v2/openapi.yaml", &ORDERS.replace("type: string", "type: integer"));
    site.configure(odd, odd);
    assert_eq!(site.anew(), ["orders"]);
    let before = site.assembled();
    let first = told(&before);
    assert!(first.iter().any(|(_, what)| what.contains("no backend can serve")), "{first:?}");
    site.configure("listen:", "# one\n# two\nlisten:");
    let after = site.assembled();
    assert!(Arc::ptr_eq(&before.snapshot.apis[0], &after.snapshot.apis[0]));
    assert_eq!(told(&after), first, "what stands in a description stays where it is");
}

#[test]
fn hidden_names_are_no_part_of_the_digest_that_replicas_share() {
    let site = Site::new();
    let path = site.path().join("gateway.yaml");
    let before = fingerprint(&path).unwrap();
    write(site.path(), "orders/.evergate/journal", "x");
    write(site.path(), "orders/v1/.swp", "x");
    assert_eq!(fingerprint(&path).unwrap(), before);
    write(site.path(), "orders/v1/note.txt", "x");
    assert_ne!(fingerprint(&path).unwrap(), before);
}

/// A description with five versions, each with a member more than the one before.
fn five(at: &Path, name: &str, extra: &str) {
    let mut members = format!("id: {{ type: string }}, {extra}: {{ type: integer }}");
    for version in 1..=5 {
        members.extend([format!(", m{version}: {{ type: string, maxLength: 40 }}")]);
        let text = ORDERS.replace("id: { type: string }", &members);
        write(at, &format!("{name}/v{version}/openapi.yaml"), &text);
    }
}

/// A configuration of many apis with five versions each; one is served by the last version alone.
fn many(at: &Path, count: usize) {
    let mut text = "listen: [{ address: 127.0.0.1:0 }]\napis:\n".to_owned();
    for number in 0..count {
        five(at, &format!("d{number}"), "n");
        text.extend([format!(
            "  a{number}:\n    description: ./d{number}\n    match: {{ path: /a{number} }}\n    client_version: [{{ header: v }}]\n    backends:\n      - {{ version: v5, endpoints: [\"http://127.0.0.1:1\"] }}\n      - {{ version: v3, endpoints: [\"http://127.0.0.1:2\"] }}\n"
        )]);
    }
    fs::write(at.join("gateway.yaml"), text).unwrap();
}

/// The most memory that the process has had, in MiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) >> 10
}

#[test]
fn of_many_apis_only_those_that_changed_are_made() {
    let count = if std::env::var_os("EVERGATE_LONG").is_some() { 500 } else { 12 };
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    many(at, count);
    let (path, metrics) = (at.join("gateway.yaml"), Metrics::default());
    let mut used: Option<Snapshot> = None;
    let mut step = |what: &str| {
        let began = std::time::Instant::now();
        let next = assemble(&path, &metrics, used.as_ref()).unwrap().snapshot;
        let before = used.iter().flat_map(|used| &used.apis);
        let kept = before.filter(|one| next.apis.iter().any(|other| Arc::ptr_eq(one, other)));
        let kept = kept.count();
        let took = began.elapsed().as_secs_f64();
        let made = next.apis.len() - kept;
        println!(
            "{what}: {made} of {count} apis made in {took:.2} s, at most {} MiB so far",
            peak()
        );
        used = Some(next);
        made
    };
    assert_eq!(step("start"), count);
    assert_eq!(step("nothing changed"), 0);
    five(at, "d3", "k");
    assert_eq!(step("one changed"), 1);
    (0..count).for_each(|number| five(at, &format!("d{number}"), "o"));
    assert_eq!(step("all changed"), count);
}
