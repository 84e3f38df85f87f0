//! The administrators' listener as an attacker finds it: security requirements 36, 37 and 40, and what is tried beside them.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/house.rs"]
mod support;

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use support::{Backend, House, PATIENCE, Reply, read_reply, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Digests of `evg_read`, `evg_operate` and `evg_administer`, by `printf evg_read | sha256sum`.
const TOKENS: [(&str, &str); 3] = [
    ("read", "a94b64862886878a06bf5fee881f363dadd33ef9c3c0890285feca2ced04852d"),
    ("operate", "5b90ec6d0c0b938a28637279478b65fc4299c6bb2b8d9f5da235d742f2b34ca1"),
    ("administer", "fa94ad9f49fc3413312795a070c141d69b639ed84b68b259efbb83323b22d29c"),
];

fn api(backend: &Backend) -> String {
    format!("  a:\n    backends: [{{ endpoints: [\"http://{}\"] }}]", backend.address)
}

/// With these keys under `admin` besides an address and a token of each role, as `evg_read`.
async fn house(more: &str) -> House {
    let backend = Backend::json("1").await;
    let directory = tempfile::tempdir().unwrap();
    let mut tokens = String::new();
    for (role, sha256) in TOKENS {
        tokens.extend([format!("    - {{ name: {role}, role: {role}, sha256: {sha256} }}\n")]);
    }
    let admin = format!("admin:\n  address: 127.0.0.1:0\n{more}  tokens:\n{tokens}");
    let whole = text(&api(&backend), "")
        .replace("admin: { address: 127.0.0.1:0, rate: 1000000 }\n", &admin);
    House::of_text(directory, &whole).await
}

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n")
}

fn post(path: &str, fields: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n{fields}\r\n")
}

const READ: &str = "authorization: Bearer evg_read\r\n";
const OPERATE: &str = "authorization: Bearer evg_operate\r\n";
const DELIBERATE: &str = "x-evergate-reload: 1\r\n";

/// What an administrator may ask for, reads and changes, and some that there are not.
const ROWS: [(&str, &str); 9] = [
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/losses"),
    ("GET", "/endpoints"),
    ("GET", "/session"),
    ("POST", "/reload"),
    ("GET", "/nothing"),
    ("POST", "/session"),
];

#[tokio::test]
async fn security_36_every_call_needs_a_credential_reads_included() {
    let house = house("").await;
    assert!(house.admin_address().ip().is_loopback());
    for (method, path) in ROWS {
        let bare = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n{DELIBERATE}\r\n"
        );
        let reply = house.stranger(&bare).await;
        assert_eq!(reply.status, 401, "{method} {path}: {reply:?}");
        assert!(reply.field("www-authenticate").starts_with("Bearer"), "{reply:?}");
        assert!(reply.json()["detail"].as_str().unwrap().contains("evergate admin token"));
    }
    for bad in [
        "authorization: Bearer evg_nobody\r\n",
        "authorization: Bearer \r\n",
        "authorization: Basic ZXZnX3JlYWQ6\r\n",
        "authorization: evg_read\r\n",
        "authorization: Bearer evg_read\r\nauthorization: Bearer evg_read\r\n",
        "cookie: evergate_session=evg_read\r\n",
        "x-authorization: Bearer evg_read\r\n",
    ] {
        assert_eq!(house.stranger(&get("/livez", bad)).await.status, 401, "{bad}");
    }
    assert_eq!(house.stranger(&get("/livez?access_token=evg_read", "")).await.status, 401);
    assert_eq!(house.stranger(&get("/livez", READ)).await.status, 200);
    let metrics = house.stranger(&get("/metrics", READ)).await.body;
    assert!(
        metrics.contains("evergate_admin_refused_total{reason=\"no-credentials\"} 11"),
        "{metrics}"
    );
    assert!(metrics.contains("evergate_admin_refused_total{reason=\"credentials\"}"), "{metrics}");
}

#[tokio::test]
async fn a_role_may_what_it_may_and_no_more() {
    let house = house("").await;
    let reload = |token: &str| {
        post("/reload", &format!("authorization: bearer evg_{token}\r\n{DELIBERATE}"))
    };
    let refused = house.stranger(&reload("read")).await;
    assert_eq!(refused.status, 403);
    let said = refused.json();
    assert_eq!(said["code"], "role");
    assert!(said["detail"].as_str().unwrap().contains("role `operate`"), "{said}");
    for token in ["operate", "administer"] {
        assert_eq!(house.stranger(&reload(token)).await.status, 200, "{token}");
    }
    let who = house.stranger(&get("/session", OPERATE)).await.json();
    assert_eq!(
        (&who["name"], &who["role"], &who["by"]),
        (&json!("operate"), &json!("operate"), &json!("token"))
    );
    assert!(who["from"].as_str().unwrap().starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn a_removed_token_is_refused_also_on_a_connection_that_is_open() {
    let house = house("").await;
    let mut open = TcpStream::connect(house.admin_address()).await.unwrap();
    let ask = async |open: &mut TcpStream| {
        open.write_all(get("/livez", READ).as_bytes()).await.unwrap();
        Reply::read(&read_reply(open, false).await).status
    };
    assert_eq!(ask(&mut open).await, 200);
    let begun = house.stranger(&post("/session", &format!("{READ}{DELIBERATE}"))).await;
    let cookie = begun.field("set-cookie");
    let cookie = format!("cookie: {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(house.stranger(&get("/livez", &cookie)).await.status, 200);
    let without = std::fs::read_to_string(house.config()).unwrap();
    let without: Vec<&str> = without.lines().filter(|line| !line.contains("name: read")).collect();
    std::fs::write(house.config(), without.join("\n")).unwrap();
    let reload = house.stranger(&post("/reload", &format!("{OPERATE}{DELIBERATE}"))).await;
    assert_eq!(reload.status, 200, "{reload:?}");
    assert_eq!(ask(&mut open).await, 401);
    assert_eq!(
        house.stranger(&get("/livez", &cookie)).await.status,
        401,
        "a session outlives its token"
    );
}

#[tokio::test]
async fn where_no_credential_is_configured_one_is_drawn_for_the_owner_of_the_state() {
    let house = House::start(&api(&Backend::json("1").await)).await;
    let file = house.gateway.token_file().to_owned();
    assert_eq!(file, house.directory.path().join(".evergate/admin.token"));
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    assert_eq!(house.stranger(&get("/livez", "")).await.status, 401);
    let who = house.admin(&get("/session", "")).await.json();
    assert_eq!((&who["name"], &who["role"]), (&json!("drawn"), &json!("administer")));
    // a token that is configured takes its place
    let drawn = house.token().unwrap();
    let admin = "admin: { address: 127.0.0.1:0, tokens: [{ name: a, role: read, sha256: READ }] }"
        .replace("READ", TOKENS[0].1);
    let with = std::fs::read_to_string(house.config()).unwrap();
    std::fs::write(
        house.config(),
        with.replace("admin: { address: 127.0.0.1:0, rate: 1000000 }", &admin),
    )
    .unwrap();
    assert_eq!(house.reload().await.status, 200);
    assert_eq!(
        house.stranger(&get("/livez", &format!("authorization: Bearer {drawn}\r\n"))).await.status,
        401
    );
    assert_eq!(house.stranger(&get("/livez", READ)).await.status, 200);
}

#[tokio::test]
async fn what_is_open_is_read_without_a_credential_and_nothing_else() {
    let house = house("  open: [livez, metrics]\n").await;
    for (path, status) in
        [("/livez", 200), ("/metrics", 200), ("/readyz", 401), ("/livez/", 401), ("//livez", 401)]
    {
        assert_eq!(house.stranger(&get(path, "")).await.status, status, "{path}");
    }
    assert_eq!(house.stranger(&post("/livez", DELIBERATE)).await.status, 401);
    assert_eq!(
        house.stranger("GET /livez HTTP/1.1\r\nhost: evil.example\r\n\r\n").await.status,
        403
    );
}

#[tokio::test]
async fn who_guesses_tokens_has_to_wait_and_who_has_one_has_not() {
    let house = house("").await;
    let guess = get("/livez", "authorization: Bearer evg_guess\r\n");
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(house.stranger(&guess).await.status);
    }
    assert_eq!(statuses, [[401; 10].as_slice(), &[429, 429]].concat());
    let told = house.stranger(&guess).await;
    let wait: u64 = told.field("retry-after").parse().unwrap();
    assert!((1..=61).contains(&wait), "{told:?}");
    // nobody shuts administrators out by guessing from their machine
    assert_eq!(house.stranger(&get("/livez", READ)).await.status, 200);
}

#[tokio::test]
async fn a_credential_is_held_to_its_rate() {
    let house = house("  rate: 3\n").await;
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(house.stranger(&get("/livez", READ)).await.status);
    }
    assert!(statuses.starts_with(&[200; 6]) && statuses.contains(&429), "{statuses:?}");
    assert_eq!(house.stranger(&get("/livez", OPERATE)).await.status, 200);
}

#[tokio::test]
async fn security_37_changes_are_deliberate_come_from_here_and_get_changes_nothing() {
    let house = house("").await;
    let reload = async |fields: &str| {
        house.stranger(&post("/reload", &format!("{OPERATE}{fields}"))).await.status
    };
    for (fields, status) in [
        ("", 403),
        ("content-type: text/plain\r\n", 403),
        ("content-type: application/x-www-form-urlencoded\r\n", 403),
        ("content-type: multipart/form-data; boundary=application/json\r\n", 403),
        ("x-evergate-reload: 0\r\n", 403),
        ("x-evergate-csrf: 1\r\n", 403),
        ("content-type: application/json\r\ncontent-type: text/plain\r\n", 403),
        ("x-evergate-reload: 1\r\norigin: http://evil.example\r\n", 403),
        ("x-evergate-reload: 1\r\norigin: null\r\n", 403),
        ("x-evergate-reload: 1\r\norigin: https://localhost\r\n", 403),
        ("x-evergate-reload: 1\r\norigin: http://localhost:1\r\n", 403),
        ("x-evergate-reload: 1\r\nsec-fetch-site: cross-site\r\n", 403),
        ("x-evergate-reload: 1\r\nsec-fetch-site: same-site\r\n", 403),
        ("x-evergate-reload: 1\r\norigin: http://localhost\r\n", 200),
        ("x-evergate-reload: 1\r\n", 200),
        ("content-type: application/json\r\n", 200),
        ("content-type: application/yaml\r\n", 200),
    ] {
        assert_eq!(reload(fields).await, status, "{fields}");
    }
    for host in [
        "host: evil.example",
        "host: localhost\r\nhost: localhost",
        "host: localhost.evil.example",
        "x: y",
    ] {
        let request = format!(
            "POST /reload HTTP/1.1\r\n{host}\r\ncontent-length: 0\r\n{OPERATE}{DELIBERATE}\r\n"
        );
        let status = house.stranger(&request).await.status;
        assert!(status == 403 || status == 400, "{host}: {status}");
    }
    let foreign = get("/livez", &format!("{READ}origin: http://evil.example\r\n"));
    assert_eq!(house.stranger(&foreign).await.status, 403);
}

#[tokio::test]
async fn a_page_has_a_session_that_no_other_page_can_use() {
    let house = house("").await;
    let begun = house.stranger(&post("/session", &format!("{OPERATE}{DELIBERATE}"))).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let cookie = begun.field("set-cookie");
    for flag in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    let csrf = begun.json()["csrf"].as_str().unwrap().to_owned();
    let cookie = format!("cookie: x=y; {}\r\n", cookie.split(';').next().unwrap());
    let who = house.stranger(&get("/session", &cookie)).await.json();
    assert_eq!(
        (&who["by"], &who["csrf"], &who["name"]),
        (&json!("session"), &json!(csrf), &json!("operate"))
    );
    // what a browser sends by itself changes nothing, whatever else comes with it
    for fields in ["", DELIBERATE, "content-type: application/json\r\n", "x-evergate-csrf: 1\r\n"] {
        assert_eq!(
            house.stranger(&post("/reload", &format!("{cookie}{fields}"))).await.status,
            403,
            "{fields}"
        );
    }
    let told = format!("{cookie}x-evergate-csrf: {csrf}\r\n");
    assert_eq!(house.stranger(&post("/reload", &told)).await.status, 200);
    let foreign = format!("{told}origin: http://evil.example\r\n");
    assert_eq!(house.stranger(&post("/reload", &foreign)).await.status, 403);
    // a session begets none
    assert_eq!(house.stranger(&post("/session", &told)).await.status, 403);
    let end = format!("DELETE /session HTTP/1.1\r\nhost: localhost\r\n{told}\r\n");
    assert_eq!(house.stranger(&end).await.json()["ended"], true);
    assert_eq!(house.stranger(&get("/livez", &cookie)).await.status, 401);
}

#[tokio::test]
async fn ways_around_the_table_lead_nowhere() {
    let house = house("").await;
    for path in [
        "/livez/../reload",
        "/livez/%2e%2e/reload",
        "/%72eload",
        "//reload",
        "/reload/",
        "/reload;x",
        "/reload%00",
        "/RELOAD",
        "/.",
        "/",
        "*",
    ] {
        let request = post(path, &format!("{OPERATE}{DELIBERATE}"));
        let status = house.stranger(&request).await.status;
        // a browser is led from `/` to the page, by GET
        let expected: &[u16] = if path == "/" { &[405] } else { &[404, 400] };
        assert!(expected.contains(&status), "{path}: {status}");
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "REPORT", "HEAD"] {
        let request =
            format!("{method} /reload HTTP/1.1\r\nhost: localhost\r\n{OPERATE}{DELIBERATE}\r\n");
        let reply = house.stranger(&request).await;
        assert_eq!((reply.status, reply.field("allow").as_str()), (405, "POST"), "{method}");
    }
    // what some servers take for another method
    for field in ["x-http-method-override: POST", "x-method-override: POST", "x-http-method: POST"]
    {
        let request = get("/reload?_method=POST", &format!("{OPERATE}{DELIBERATE}{field}\r\n"));
        assert_eq!(house.stranger(&request).await.status, 405, "{field}");
    }
    let absolute = |authority: &str| {
        format!(
            "POST http://{authority}/reload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n{OPERATE}{DELIBERATE}\r\n"
        )
    };
    assert_eq!(house.stranger(&absolute("evil.example")).await.status, 403);
    assert_eq!(house.stranger(&absolute("localhost")).await.status, 200);
    let connect = format!("CONNECT evil.example:1 HTTP/1.1\r\nhost: localhost\r\n{OPERATE}\r\n");
    assert!(house.stranger(&connect).await.status >= 400);
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let house = house("").await;
    let large = get("/livez", &format!("{READ}x: {}\r\n", "y".repeat(20_000)));
    assert_eq!(house.stranger(&large).await.status, 431);
    let body = format!(
        "POST /reload HTTP/1.1\r\nhost: localhost\r\n{OPERATE}{DELIBERATE}content-length: 999999999\r\n\r\n"
    );
    assert_eq!(house.stranger(&body).await.status, 413);
    let chunks = "10000\r\n".to_owned() + &"x".repeat(0x10000) + "\r\n";
    let request = format!(
        "POST /reload HTTP/1.1\r\nhost: localhost\r\n{OPERATE}{DELIBERATE}transfer-encoding: chunked\r\n\r\n{}",
        chunks.repeat(66)
    );
    assert_eq!(house.stranger(&request).await.status, 411);
    let both = format!(
        "POST /reload HTTP/1.1\r\nhost: localhost\r\n{OPERATE}{DELIBERATE}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    let reply = house.stranger(&both).await;
    assert_eq!((reply.status, reply.field("connection").as_str()), (411, "close"));
    assert_eq!(house.stranger(&get("/livez", READ)).await.status, 200);
}

/// Reads until the gateway closes, and says how long that took.
async fn until_closed(stream: &mut TcpStream) -> std::time::Duration {
    let began = std::time::Instant::now();
    let mut seen = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut seen))
        .await
        .expect("not closed in time")
        .unwrap_or(0);
    began.elapsed()
}

#[tokio::test]
async fn who_is_slow_is_cut_off_and_others_are_served_meanwhile() {
    let house = house("").await;
    let mut silent = TcpStream::connect(house.admin_address()).await.unwrap();
    let mut halfway = TcpStream::connect(house.admin_address()).await.unwrap();
    halfway.write_all(b"GET /livez HTTP/1.1\r\nhost: loc").await.unwrap();
    assert_eq!(house.stranger(&get("/livez", READ)).await.status, 200);
    let (one, two) = tokio::join!(until_closed(&mut silent), until_closed(&mut halfway));
    assert!(one.as_secs() < 15 && two.as_secs() < 15, "{one:?} {two:?}");
}

#[tokio::test]
async fn a_flood_of_connections_is_told_to_come_again() {
    let house = house("").await;
    let mut held = Vec::new();
    let mut refused = None;
    for _ in 0..200 {
        let mut stream = TcpStream::connect(house.admin_address()).await.unwrap();
        // a call on each, so that the connection is known to be taken up
        stream.write_all(get("/livez", OPERATE).as_bytes()).await.unwrap_or_default();
        let reply = Reply::read(&read_reply(&mut stream, false).await);
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
        held.push(stream);
    }
    let refused = refused.expect("there is a bound");
    assert_eq!(
        (held.len(), refused.status, refused.field("retry-after").as_str()),
        (128, 503, "1")
    );
    held.truncate(1);
    let again = async { while house.stranger(&get("/livez", READ)).await.status != 200 {} };
    timeout(PATIENCE, again).await.expect("there is room again");
}

#[tokio::test]
async fn each_of_several_requests_in_one_write_is_held_to_its_own_credential() {
    let house = house("").await;
    let mut stream = TcpStream::connect(house.admin_address()).await.unwrap();
    let all = [get("/livez", READ), post("/reload", DELIBERATE), get("/livez", READ)].concat();
    stream.write_all(all.as_bytes()).await.unwrap();
    for status in [200, 401, 200] {
        assert_eq!(next(&mut stream).await.status, status);
    }
}

/// The next answer, to its last octet and no further.
async fn next(stream: &mut TcpStream) -> Reply {
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).unwrap();
            let length: String = length.chars().take_while(char::is_ascii_digit).collect();
            if body.len() == length.parse::<usize>().unwrap() {
                return Reply::read(&text);
            }
        }
        let octet = timeout(PATIENCE, stream.read_u8()).await.expect("no answer in time").unwrap();
        seen.push(octet);
    }
}

#[tokio::test]
async fn every_answer_is_sealed() {
    let house = house("").await;
    for request in
        [get("/livez", READ), get("/livez", ""), get("/nothing", READ), get("/metrics", READ)]
    {
        let reply = house.stranger(&request).await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(reply.field(name), value, "{request}");
        }
        assert!(reply.field("content-security-policy").starts_with("default-src 'none'"));
    }
}

/// What every file of a folder holds, and below it.
fn contents(folder: &std::path::Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &contents(&path);
        } else {
            all += &String::from_utf8_lossy(&std::fs::read(&path).unwrap());
        }
    }
    all
}

#[tokio::test]
async fn security_37_nothing_that_is_read_changes_anything() {
    let house = house("").await;
    let administer = "authorization: Bearer evg_administer\r\n";
    let described = house.stranger(&get("/openapi.json", READ)).await.json();
    let state = async || {
        let ready = house.stranger(&get("/readyz", READ)).await.body;
        let history = house.stranger(&get("/history", administer)).await.body;
        let file = std::fs::read_to_string(house.config()).unwrap();
        (ready, history, file)
    };
    let before = state().await;
    let mut reads = 0;
    for (path, operations) in described["paths"].as_object().unwrap() {
        for method in ["GET", "HEAD"] {
            let target = path.replace("{number}", "1");
            let has = operations.get("get").is_some();
            let request = format!(
                "{method} {target}?x=1 HTTP/1.1\r\nhost: localhost\r\n{administer}{DELIBERATE}\r\n"
            );
            let reply = house.stranger(&request).await;
            assert_eq!(reply.status == 405, !has, "{method} {target}: {reply:?}");
            assert!(reply.status < 500, "{reply:?}");
            reads += 1;
        }
    }
    assert!(reads > 20, "{reads}");
    assert_eq!(state().await, before);
}

#[tokio::test]
async fn security_40_secrets_are_in_no_answer_log_metric_or_file() {
    const CANARY: &str = "CANARY-8d1f";
    let house = house("").await;
    let secrets = [
        format!("authorization: Bearer evg_{CANARY}\r\n"),
        format!("authorization: Basic {CANARY}\r\n"),
        format!("cookie: evergate_session={CANARY}\r\n"),
        format!("{READ}x-evergate-csrf: {CANARY}\r\ncookie: other={CANARY}\r\n"),
    ];
    let mut answers = String::new();
    for secret in &secrets {
        for path in ["/livez", "/session", "/status", "/nothing"] {
            answers.extend([format!("{:?}", house.stranger(&get(path, secret)).await)]);
        }
        answers.extend([format!("{:?}", house.stranger(&post("/reload", secret)).await)]);
    }
    // a client's secrets, on the way to a backend
    let fields =
        format!("authorization: Bearer {CANARY}\r\ncookie: a={CANARY}\r\nx-api-key: {CANARY}\r\n");
    assert_eq!(house.get("/", &fields).await.status, 200);
    for path in
        ["/metrics", "/status", "/history", "/endpoints", "/usage", "/openapi.json", "/readyz"]
    {
        answers.extend([format!("{:?}", house.stranger(&get(path, OPERATE)).await)]);
    }
    assert!(!answers.contains(CANARY), "{answers}");
    // the config that administrators read has digests, and no token
    let config =
        house.stranger(&get("/config", "authorization: Bearer evg_administer\r\n")).await.body;
    assert!(config.contains(TOKENS[0].1));
    assert!(!answers.contains(TOKENS[0].1), "a digest is for those who may read the file");
    let state = contents(&house.directory.path().join(".evergate"));
    assert!(!state.contains(CANARY) && !state.contains("evg_operate"));
}
