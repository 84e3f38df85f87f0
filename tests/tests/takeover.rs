//! A new process takes the listeners of a running one over, and no client hears of it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fall, and says its figures"
)]

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use evergate_tests::backend::Backend;
use evergate_tests::client::{Answer, Client, Request};
use evergate_tests::corpus;
use evergate_tests::gate::Gate;
use evergate_tests::load::{Load, Plan};
use evergate_tests::orders;

/// Where the processes meet, beside the config.
const SOCKET: &str = "takeover.sock";

fn config(backend: &Backend, workers: usize) -> String {
    let api = orders::config(&[("v1", &backend.endpoint())], &[]);
    format!(
        "takeover: {{ socket: {SOCKET} }}\nworkers: {workers}\ntimeouts: {{ drain_idle: 3s }}\n{api}"
    )
}

fn order() -> Request {
    Request::get("/orders/1").field("api-version", "v1")
}

fn check(_: usize, answer: &Answer) -> Result<(), String> {
    if answer.status == 200 { Ok(()) } else { Err(format!("status {}", answer.status)) }
}

/// Connections that are kept, and ones that carry a single request each.
fn loads(gate: &Gate) -> [Load; 2] {
    let once = order().field("connection", "close");
    [vec![order()], vec![once]].map(|requests| {
        let plan = Plan { address: gate.address(), connections: 3, requests, most: usize::MAX };
        let load = Load::start(&plan, check);
        load.wait_for(10);
        load
    })
}

fn go_on(loads: &[Load; 2]) {
    for load in loads {
        load.wait_for(load.sent() + 30);
    }
}

#[track_caller]
fn unharmed(loads: [Load; 2]) {
    for load in loads {
        let tally = load.stop();
        println!("{} requests, {} failed", tally.ok + tally.failed, tally.failed);
        assert_eq!(tally.failed, 0, "of {}: {:#?}", tally.ok, tally.failures);
    }
}

#[test]
fn nobody_hears_of_a_takeover_whatever_the_numbers_of_workers() {
    let backend = orders::backend("v1");
    let mut gate = Gate::start(&config(&backend, 2));
    let (address, admin) = (gate.address(), gate.admin());
    let loads = loads(&gate);
    let rounds = if corpus::long() { 15 } else { 3 };
    for workers in [3, 1, 2].into_iter().cycle().take(rounds) {
        // one that has sent nothing, and one that waits
        let mut fresh = Client::connect(address).unwrap();
        let mut kept = Client::connect(address).unwrap();
        assert_eq!(kept.ask(&order()).unwrap().status, 200);
        gate.rewrite(&config(&backend, workers));
        let next = gate.successor().unwrap_or_else(|refused| panic!("{}", refused.printed));
        assert_eq!((next.address(), next.admin()), (address, admin));
        for client in [&mut fresh, &mut kept] {
            assert_eq!(client.ask(&order()).unwrap().status, 200);
        }
        go_on(&loads);
        let status = gate.ended();
        assert!(status.success(), "{status}:\n{}", gate.log());
        assert!(gate.log().contains("another process has taken the listeners over"));
        // the administrator finds the new one
        assert_eq!(next.ask_admin(&Request::get("/readyz")).status, 200);
        gate = next;
    }
    unharmed(loads);
}

#[test]
fn one_that_does_not_get_ready_leaves_the_running_one_as_it_was() {
    let backend = orders::backend("v1");
    let good = config(&backend, 2);
    let mut gate = Gate::start(&good);
    let loads = loads(&gate);

    gate.rewrite(&good.replace("workers: 2", "workers: none"));
    let refused = gate.successor().unwrap_err();
    assert_eq!(refused.status.code(), Some(64), "{}", refused.printed);
    // what is right in the file, and cannot be had
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let more = format!("listen: [{{ address: \"{}\" }}, ", taken.local_addr().unwrap());
    gate.rewrite(&good.replace("listen: [", &more));
    let refused = gate.successor().unwrap_err();
    assert!(refused.printed.contains("cannot be bound"), "{}", refused.printed);
    gate.rewrite(&good);

    // one that asks and goes, one that talks nonsense, and one that comes while another gets ready
    let path = gate.folder().join(SOCKET);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (mut first, listing) = asks(&path, b"evergate takeover 1\n");
    assert!(listing.contains("\"admin\""), "{listing}");
    let refused = gate.successor().unwrap_err();
    assert!(refused.printed.contains("another process is just taking over"), "{}", refused.printed);
    first.write_all(b"r").unwrap();
    drop(first);
    let (_, said) = asks(&path, b"evergate takeover 9\n");
    assert!(said.contains("another protocol"), "{said}");

    go_on(&loads);
    let next = gate.successor().unwrap_or_else(|refused| panic!("{}", refused.printed));
    go_on(&loads);
    assert!(gate.ended().success());
    unharmed(loads);
    assert_eq!(next.ask(&order()).status, 200);
}

/// Greets and reads the listing.
fn asks(path: &std::path::Path, greeting: &[u8]) -> (UnixStream, String) {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(greeting).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut text = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut text).unwrap();
    (stream, String::from_utf8(text).unwrap())
}

#[test]
fn a_file_that_was_left_behind_is_in_nobodys_way_and_one_of_another_kind_stays() {
    let backend = orders::backend("v1");
    let mut gate = Gate::start(&config(&backend, 1));
    let path = gate.folder().join(SOCKET);
    let killed =
        std::process::Command::new("kill").args(["-KILL", &gate.id().to_string()]).status();
    assert!(killed.unwrap().success());
    assert!(!gate.ended().success());
    assert!(path.exists());
    let mut next = gate.successor().unwrap();
    assert_eq!(next.ask(&order()).status, 200);
    next.terminate();
    assert!(next.ended().success());
    assert!(!path.exists(), "it goes with the process");
    std::fs::write(&path, "mine").unwrap();
    let refused = gate.successor().unwrap_err();
    assert!(refused.printed.contains("something else than a socket"), "{}", refused.printed);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}
