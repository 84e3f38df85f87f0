//! TLS towards clients, over real sockets: names, protocols, client certificates, rotation.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/secure.rs"]
mod secure;
#[path = "support/house.rs"]
mod support;

use std::path::Path;
use std::time::{Duration, SystemTime};

use certificates::Authority;
use rustls::version::{TLS12, TLS13};
use secure::{Client, get, is_resumed, shown};
use support::{Backend, House, PATIENCE};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A config with these listeners and more lines.
fn config(listen: &str, backend: &Backend, more: &str) -> String {
    let address = backend.address;
    format!(
        "listen: [{listen}]\nadmin: {{ address: 127.0.0.1:0, rate: 1000000 }}\n{more}\napis:\n  a:\n    backends: [{{ endpoints: [\"http://{address}\"] }}]\n"
    )
}

/// A listener with this in its `tls`, beside the certificate `a`.
fn listener(more: &str) -> String {
    format!(
        "{{ address: \"127.0.0.1:0\", tls: {{ certificates: [{{ certificate: a.pem, key: a.key }}]{more} }} }}"
    )
}

async fn start(directory: TempDir, listen: &str) -> (House, Backend) {
    let backend = Backend::json("1").await;
    let text = config(listen, &backend, "");
    (House::of_text(directory, &text).await, backend)
}

#[tokio::test]
async fn the_certificate_is_that_of_the_name_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("ca");
    let (one, other) = (authority.issue(&["a.test"]), authority.issue(&["b.test", "*.b.test"]));
    let third = authority.issue(&["c.test"]);
    one.write(directory.path(), "a");
    other.write(directory.path(), "b");
    third.write(directory.path(), "c");
    let listen = "{ address: \"127.0.0.1:0\", tls: { certificates: [{ certificate: a.pem, key: a.key }, { certificate: b.pem, key: b.key }, \
                  { certificate: c.pem, key: c.key, hosts: [x.b.test] }] } }";
    let (house, _backend) = start(directory, listen).await;
    let client = Client::new(&authority);
    for (name, issued) in
        [("a.test", &one), ("b.test", &other), ("B.Test", &other), ("y.b.test", &other)]
    {
        let stream = client.connect(house.address(), name).await.unwrap();
        assert_eq!(shown(&stream), issued.der, "{name}");
    }
    // a client judges what it gets: a name that `hosts` adds, one that nobody has, a label too many
    for name in ["x.b.test", "other.test", "x.y.b.test"] {
        let refused = client.connect(house.address(), name).await.unwrap_err();
        assert!(refused.contains("not valid for name"), "{name}: {refused}");
    }
    assert!(client.connect(house.address(), "127.0.0.1").await.is_err(), "no name, the first");
}

#[tokio::test]
async fn the_protocol_is_agreed_on() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("ca");
    authority.issue(&["a.test"]).write(directory.path(), "a");
    let (house, backend) = start(directory, &listener("")).await;
    let client = Client::new(&authority);
    let reply = client.get(house.address(), "a.test", "").await.unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (200, "1"));
    let one = client.clone().offering(&["http/1.1"]);
    assert_eq!(one.get(house.address(), "a.test", "").await.unwrap().status, 200);
    let both = client.clone().offering(&["h2", "http/1.1"]);
    let stream = both.connect(house.address(), "a.test").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut send, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://a.test/").body(()).unwrap();
    let (answer, _) = send.send_request(request, true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);
    for seen in backend.seen() {
        assert!(seen.contains("x-forwarded-proto: https\r\n"), "{seen}");
        assert!(seen.contains("forwarded: for=127.0.0.1;proto=https\r\n"), "{seen}");
    }
    assert_eq!(backend.seen().len(), 3);
    let none = client.offering(&["spdy/3"]).connect(house.address(), "a.test").await;
    assert!(none.unwrap_err().contains("NoApplicationProtocol"));
}

#[tokio::test]
async fn who_agreed_on_http_1_speaks_no_http_2() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("ca");
    authority.issue(&["a.test"]).write(directory.path(), "a");
    let (house, backend) = start(directory, &listener("")).await;
    let stream = Client::new(&authority).connect(house.address(), "a.test").await.unwrap();
    let (send, connection) = h2::client::handshake(stream).await.unwrap();
    let request = http::Request::get("https://a.test/").body(()).unwrap();
    let (answer, _) = send.clone().send_request(request, true).unwrap();
    let ended = timeout(PATIENCE, connection).await.unwrap();
    assert!(ended.is_err() || answer.await.is_err());
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn a_least_version_is_held() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("ca");
    authority.issue(&["a.test"]).write(directory.path(), "a");
    let listen = format!("{}, {}", listener(", min_version: \"1.3\""), listener(""));
    let (house, _backend) = start(directory, &listen).await;
    let (strict, usual) = (house.gateway.listen()[0], house.gateway.listen()[1]);
    let old = Client::with(&authority, None, &[&TLS12]);
    assert!(old.get(strict, "a.test", "").await.is_err());
    assert_eq!(old.get(usual, "a.test", "").await.unwrap().status, 200);
    let new = Client::with(&authority, None, &[&TLS13]);
    assert_eq!(new.get(strict, "a.test", "").await.unwrap().status, 200);
}

#[tokio::test]
async fn client_certificates_are_required_or_not_and_told_to_backends() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let (authority, clients, strangers) =
        (Authority::new("ca"), Authority::new("clients"), Authority::new("strangers"));
    authority.issue(&["a.test"]).write(at, "a");
    std::fs::write(at.join("clients.pem"), clients.pem()).unwrap();
    let told = "forward: { subject: x-client-subject, fingerprint: x-client-print, certificate: client-cert }";
    let listen = format!(
        "{}, {}, {{ address: \"127.0.0.1:0\" }}",
        listener(&format!(", client: {{ ca: clients.pem, {told} }}")),
        listener(&format!(", client: {{ ca: clients.pem, require: false, {told} }}")),
    );
    let (house, backend) = start(directory, &listen).await;
    let [required, optional, plain] = house.gateway.listen() else { panic!() };
    let known = clients.issue(&["alice"]);
    let stranger = strangers.issue(&["eve"]);
    let expired = clients.issue_until(&["bob"], SystemTime::now() - Duration::from_mins(1));
    for version in [&TLS12, &TLS13] {
        let with = |issued| Client::with(&authority, issued, &[version]);
        for address in [required, optional] {
            assert!(with(Some(&stranger)).get(*address, "a.test", "").await.is_err());
            assert!(with(Some(&expired)).get(*address, "a.test", "").await.is_err());
            let spoof = "x-client-subject: CN=root\r\nX_Client_Print: 0\r\nclient-cert: :AA==:\r\n";
            let reply = with(Some(&known)).get(*address, "a.test", spoof).await.unwrap();
            assert_eq!(reply.status, 200);
            let seen = backend.seen().pop().unwrap();
            assert!(seen.contains("x-client-subject: CN=alice\r\n"), "{seen}");
            assert!(seen.contains("client-cert: :MII"), "{seen}");
            assert!(
                !seen.contains("root") && !seen.contains(":AA==:") && !seen.contains("print: 0"),
                "{seen}"
            );
        }
        assert!(with(None).get(*required, "a.test", "").await.is_err());
        assert_eq!(
            with(None)
                .get(*optional, "a.test", "x-client-subject: CN=root\r\n")
                .await
                .unwrap()
                .status,
            200
        );
        assert!(!backend.seen().pop().unwrap().contains("x-client-"));
    }
    // at a listener in cleartext nobody may say it either
    let request =
        b"GET / HTTP/1.1\r\nhost: x\r\nx-client-subject: CN=root\r\nclient-cert: :AA==:\r\n\r\n";
    support::exchange(*plain, request).await;
    let seen = backend.seen().pop().unwrap();
    assert!(!seen.contains("client"), "{seen}");
    assert!(
        house.metrics().await.contains("evergate_connections_refused_total{reason=\"handshake\"}")
    );
}

/// A directory as a mounted secret has it: files are links through `..data`, which is swapped.
fn mount(
    directory: &Path,
    generation: &str,
    authority: &Authority,
    names: &[&str],
) -> certificates::Issued {
    let inner = directory.join(format!("..{generation}"));
    std::fs::create_dir(&inner).unwrap();
    let issued = authority.issue(names);
    issued.write(&inner, "a");
    let draft = directory.join("..draft");
    std::os::unix::fs::symlink(format!("..{generation}"), &draft).unwrap();
    std::fs::rename(&draft, directory.join("..data")).unwrap();
    for name in ["a.pem", "a.key"] {
        let _ = std::os::unix::fs::symlink(Path::new("..data").join(name), directory.join(name));
    }
    issued
}

#[tokio::test]
async fn a_new_certificate_is_taken_up_under_open_connections() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::create_dir(&secret).unwrap();
    let authority = Authority::new("ca");
    let first = mount(&secret, "1", &authority, &["a.test"]);
    let listen = listener("").replace("a.pem", "secret/a.pem").replace("a.key", "secret/a.key");
    let (house, backend) = start(directory, &listen).await;
    let client = Client::new(&authority);
    let mut open = client.connect(house.address(), "a.test").await.unwrap();
    assert_eq!(shown(&open), first.der);
    assert_eq!(get(&mut open, "").await.unwrap().status, 200);
    let second = mount(&secret, "2", &authority, &["a.test"]);
    let noticed = async {
        // each with a memory of its own, as a resumed session shows no new certificate
        while shown(&Client::new(&authority).connect(house.address(), "a.test").await.unwrap())
            != second.der
        {}
    };
    timeout(PATIENCE, noticed).await.expect("the new certificate was not noticed");
    assert_eq!(get(&mut open, "").await.unwrap().status, 200, "an open connection goes on");
    assert_eq!(backend.seen().len(), 2, "nothing was done twice");
    // what was agreed on before the new certificate can be taken up again
    assert!(is_resumed(&client.connect(house.address(), "a.test").await.unwrap()));
}

#[tokio::test]
async fn a_broken_certificate_never_takes_effect() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().to_owned();
    let authority = Authority::new("ca");
    let first = authority.issue(&["a.test"]);
    first.write(&at, "a");
    let (house, _backend) = start(directory, &listener("")).await;
    let other = authority.issue(&["a.test"]);
    let expired = authority.issue_until(&["a.test"], SystemTime::now() - Duration::from_mins(1));
    let cases = [
        (other.certificate_pem(), first.key_pem(), "is not that of the certificate"),
        ("nonsense".to_owned(), first.key_pem(), "has no certificate"),
        (expired.certificate_pem(), expired.key_pem(), "expired on"),
    ];
    for (certificate, key, what) in cases {
        std::fs::write(at.join("a.pem"), certificate).unwrap();
        std::fs::write(at.join("a.key"), key).unwrap();
        let reply = house.reload().await;
        assert_eq!(reply.status, 422, "{reply:?}");
        let problem = &reply.json()["problems"][0];
        assert!(problem["what"].as_str().unwrap().contains(what), "{problem}");
        assert_eq!(problem["pointer"], "/listen/0/tls/certificates/0/certificate");
        assert_eq!(problem["line"], 1);
        let stream = Client::new(&authority).connect(house.address(), "a.test").await.unwrap();
        assert_eq!(shown(&stream), first.der);
    }
    assert!(house.metrics().await.contains("a.pem\"} 4000000000\n"));
    other.write(&at, "a");
    assert_eq!(house.reload().await.status, 200);
    let stream = Client::new(&authority).connect(house.address(), "a.test").await.unwrap();
    assert_eq!(shown(&stream), other.der);
}

#[tokio::test]
async fn a_session_is_not_resumed_under_other_demands() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().to_owned();
    let (authority, clients) = (Authority::new("ca"), Authority::new("clients"));
    authority.issue(&["a.test"]).write(&at, "a");
    std::fs::write(at.join("clients.pem"), clients.pem()).unwrap();
    let backend = Backend::json("1").await;
    let before = config(&listener(", client: { ca: clients.pem }"), &backend, "");
    let house = House::of_text(directory, &before).await;
    let alice = clients.issue(&["alice"]);
    for version in [&TLS12, &TLS13] {
        std::fs::write(at.join("clients.pem"), clients.pem()).unwrap();
        assert_eq!(house.reload().await.status, 200);
        let client = Client::with(&authority, Some(&alice), &[version]);
        assert_eq!(client.get(house.address(), "a.test", "").await.unwrap().status, 200);
        let mut again = client.connect(house.address(), "a.test").await.unwrap();
        assert!(is_resumed(&again), "{version:?}");
        assert_eq!(get(&mut again, "").await.unwrap().status, 200);
        std::fs::write(at.join("clients.pem"), Authority::new("others").pem()).unwrap();
        assert_eq!(house.reload().await.status, 200);
        assert!(client.get(house.address(), "a.test", "").await.is_err(), "{version:?}");
    }
}

#[tokio::test]
async fn who_does_not_finish_a_handshake_is_cut() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("ca");
    authority.issue(&["a.test"]).write(directory.path(), "a");
    let backend = Backend::json("1").await;
    let text = config(&listener(""), &backend, "timeouts: { header: 100ms }");
    let house = House::of_text(directory, &text).await;
    let mut silent = TcpStream::connect(house.address()).await.unwrap();
    let mut idle = [0; 1];
    assert_eq!(timeout(PATIENCE, silent.read(&mut idle)).await.unwrap().unwrap_or(0), 0);
    let mut plain = TcpStream::connect(house.address()).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut seen = Vec::new();
    // what is answered, if anything, is an alert
    let _ = timeout(PATIENCE, plain.read_to_end(&mut seen)).await.unwrap();
    assert!(!seen.starts_with(b"HTTP"), "cleartext is not served here");
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn who_says_nothing_takes_no_turn_from_others() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("ca");
    authority.issue(&["a.test"]).write(directory.path(), "a");
    let backend = Backend::json("1").await;
    let more = "timeouts: { header: 60s }\nlimits: { handshakes: 1 }";
    let house = House::of_text(directory, &config(&listener(""), &backend, more)).await;
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(TcpStream::connect(house.address()).await.unwrap());
    }
    for _ in 0..4 {
        let reply = Client::new(&authority).get(house.address(), "a.test", "").await.unwrap();
        assert_eq!(reply.status, 200);
    }
}
