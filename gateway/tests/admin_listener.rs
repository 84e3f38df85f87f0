//! Where administrators are served: under TLS, by certificate, and at a socket in the file system; and the commands that call.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/secure.rs"]
mod secure;
#[path = "support/house.rs"]
mod support;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use certificates::Authority;
use evergate_gateway::server::{Gateway, RunOptions};
use secure::Client;
use support::{Backend, House, PATIENCE, Reply, text};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

async fn house(directory: TempDir, admin: &str) -> House {
    let whole = written(admin).await;
    House::of_text(directory, &whole).await
}

async fn written(admin: &str) -> String {
    let backend = Backend::json("1").await;
    let api = format!("  a:\n    backends: [{{ endpoints: [\"http://{}\"] }}]", backend.address);
    text(&api, "").replace("admin: { address: 127.0.0.1:0, rate: 1000000 }", admin)
}

async fn at_socket(path: &std::path::Path, request: &str) -> Reply {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut seen)).await.expect("no answer in time").unwrap();
    Reply::read(&seen)
}

/// The command, with its two streams.
async fn evergate(args: Vec<String>) -> (bool, String) {
    let ran = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_evergate")).args(args).output().unwrap()
    });
    let output = ran.await.unwrap();
    let both = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&both).into_owned())
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_in_the_file_system_lets_its_user_in() {
    let house =
        house(tempfile::tempdir().unwrap(), "admin: { address: \"unix:admin.sock\" }").await;
    let path = house.directory.path().join("admin.sock");
    assert_eq!(house.gateway.admin().to_string(), format!("unix:{}", path.display()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let ask = |fields: &str| {
        format!("GET /session HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{fields}\r\n")
    };
    let who = at_socket(&path, &ask("")).await.json();
    assert_eq!((who["by"].as_str(), who["role"].as_str()), (Some("user"), Some("administer")));
    // who says a token means that one
    assert_eq!(at_socket(&path, &ask("authorization: Bearer evg_x\r\n")).await.status, 401);
    let change = "POST /reload HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(at_socket(&path, change).await.status, 403, "a change is deliberate here too");
    let config = house.config().display().to_string();
    let (good, told) = evergate(words(&format!("admin whoami --config {config}"))).await;
    assert!(good && told.contains("role administer"), "{told}");

    // a second gateway does not take the place of one that runs
    let again =
        Gateway::start(&RunOptions { config: house.config(), ..RunOptions::default() }).await;
    assert!(format!("{:?}", again.unwrap_err()).contains("AddrInUse"));
    at_socket(&path, &ask("")).await;
    house.gateway.stop().await;
    assert!(!path.exists(), "the socket is left behind");
    let (good, told) = evergate(words(&format!("admin whoami --config {config}"))).await;
    assert!(!good && told.contains("nobody listens at unix:"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_takes_over_moves_its_socket_to_the_place_of_the_old_one() {
    let admin = "admin: { address: \"unix:admin.sock\" }\ntakeover: { socket: t.sock }";
    let house = house(tempfile::tempdir().unwrap(), admin).await;
    let path = house.directory.path().join("admin.sock");
    let options = RunOptions { config: house.config(), ..RunOptions::default() };
    let next = Gateway::start(&options).await.unwrap();
    house.gateway.stop().await;
    let ask = "GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert_eq!(at_socket(&path, ask).await.status, 200);
    next.stop().await;
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn under_tls_a_certificate_is_a_credential_and_a_reload_takes_it_away() {
    let (server, people) = (Authority::new("servers"), Authority::new("people"));
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path();
    server.issue(&["localhost"]).write(folder, "admin");
    let (alice, mallory) = (people.issue(&["alice"]), people.issue(&["mallory"]));
    alice.write(folder, "alice");
    std::fs::write(folder.join("people.pem"), people.pem()).unwrap();
    std::fs::write(folder.join("servers.pem"), server.pem()).unwrap();
    let admin = "admin:\n  address: 127.0.0.1:0\n  hosts: [gate.example.com]\n  tls: { certificates: [{ certificate: admin.pem, key: admin.key }], \
                 client: { ca: people.pem, require: false } }\n  certificates: [{ name: alice, role: read, san: alice }]";
    let house = house(directory, admin).await;
    let address = house.admin_address();
    let versions = [&rustls::version::TLS13];
    let ask = async |identity, target: &str, host: &str| {
        let client = Client::with(&server, identity, &versions);
        let mut stream = client.connect(address, "localhost").await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        // a peer that closes without a word has said all that it had to
        let _ = timeout(PATIENCE, stream.read_to_end(&mut seen)).await.expect("no answer in time");
        Reply::read(&String::from_utf8_lossy(&seen))
    };
    let who = ask(Some(&alice), "/session", "gate.example.com").await;
    assert_eq!((who.status, who.json()["name"].as_str().unwrap()), (200, "alice"));
    assert_eq!(who.json()["by"], "certificate");
    assert_eq!(ask(Some(&mallory), "/session", "localhost").await.status, 401);
    assert_eq!(ask(None, "/session", "localhost").await.status, 401);
    assert_eq!(ask(Some(&alice), "/config", "localhost").await.status, 403, "beyond the role");
    assert_eq!(ask(Some(&alice), "/session", "evil.example").await.status, 403);
    // cleartext finds nobody
    let plain = house.stranger("GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_ne!(plain.status, 200);

    let folder = house.directory.path().display().to_string();
    let base = format!(
        "admin whoami --config {folder}/gateway.yaml --admin https://localhost:{}",
        address.port()
    );
    let (good, told) = evergate(words(&base)).await;
    assert!(!good && told.contains("--admin-ca"), "{told}");
    let base = format!("{base} --admin-ca {folder}/servers.pem");
    let (good, told) = evergate(words(&base)).await;
    assert!(!good && told.contains("does not know the caller"), "{told}");
    let (good, told) = evergate(words(&format!(
        "{base} --admin-certificate {folder}/alice.pem --admin-key {folder}/alice.key"
    )))
    .await;
    assert!(good && told.contains("alice, role read, by certificate"), "{told}");

    let without =
        std::fs::read_to_string(house.config()).unwrap().replace("san: alice", "san: bob");
    std::fs::write(house.config(), without).unwrap();
    let gone = async { while ask(Some(&alice), "/session", "localhost").await.status != 401 {} };
    timeout(PATIENCE, gone).await.expect("the certificate counts still");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawn_token_is_let_in_by_the_line_that_comes_with_it() {
    let (good, told) =
        evergate(words("admin token --name alice --role operate --expires 2999-01-01")).await;
    assert!(good, "{told}");
    let token = told.lines().next().unwrap().to_owned();
    let lines: Vec<&str> = told.lines().skip_while(|line| *line != "admin:").collect();
    let admin = lines.join("\n").replace("admin:\n", "admin:\n  address: 127.0.0.1:0\n");
    let house = house(tempfile::tempdir().unwrap(), &admin).await;
    std::fs::write(house.directory.path().join("token"), &token).unwrap();
    let folder = house.directory.path().display().to_string();
    let base =
        format!("admin whoami --config {folder}/gateway.yaml --admin {}", house.admin_address());
    let (good, told) = evergate(words(&format!("{base} --token-file {folder}/token"))).await;
    assert!(good && told.starts_with("alice, role operate, by token from 127.0.0.1:"), "{told}");
    let (good, told) = evergate(words(&base)).await;
    assert!(!good && told.contains("evergate admin token") && !told.contains(&token), "{told}");
    let (good, told) = evergate(words(&format!("{base} --token-file {folder}/none"))).await;
    assert!(!good && told.contains("cannot be read"), "{told}");
}
