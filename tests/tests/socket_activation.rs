//! Sockets that are passed as systemd passes them, and what the service manager is told.

#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use evergate_tests::backend::Backend;
use evergate_tests::client::{Client, PATIENCE, Request};
use evergate_tests::gate::{Gate, Refused};
use evergate_tests::orders;
use evergate_tests::scratch::Scratch;

fn config(backend: &Backend, listen: SocketAddr, admin: SocketAddr) -> String {
    let api = orders::config(&[("v1", &backend.endpoint())], &[]);
    let api = api.replacen("127.0.0.1:0", &listen.to_string(), 1);
    format!("workers: 3\n{}", api.replacen("127.0.0.1:0", &admin.to_string(), 1))
}

/// Starts the program with two sockets, the first of which also comes when `count` is one.
fn start(
    config: &str,
    passed: [&TcpListener; 2],
    more: &[(&str, OsString)],
) -> Result<Gate, Refused> {
    let [one, two] = passed.map(|socket| OwnedFd::from(socket.try_clone().unwrap()));
    let more = more.to_vec();
    Gate::try_start_by(config, move |program| {
        // the numbers and the process id of the contract, which only the process itself can know
        let script = "export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:admin; exec \"$@\" 3<&0 4<&1 0</dev/null 1>&2";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(program.get_program()).args(program.get_args());
        command.envs(more);
        command.stdin(Stdio::from(one)).stdout(Stdio::from(two)).stderr(Stdio::piped());
        command
    })
}

fn socket() -> (TcpListener, SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[test]
fn connections_wait_in_a_passed_socket_until_there_is_somebody_to_serve_them() {
    let backend = orders::backend("v1");
    let ((web, address), (admin, admin_address)) = (socket(), socket());
    let config = config(&backend, address, admin_address);
    let order = Request::get("/orders/1").field("api-version", "v1");
    for _ in 0..2 {
        let mut early: Vec<_> = (0..8).map(|_| Client::connect(address).unwrap()).collect();
        for client in &mut early {
            client.send(&order.bytes()).unwrap();
        }
        let mut gate = start(&config, [&web, &admin], &[]).unwrap();
        assert_eq!((gate.address(), gate.admin()), (address, admin_address));
        for client in &mut early {
            assert_eq!(client.answer("GET").unwrap().status, 200);
        }
        assert_eq!(gate.ask(&order).status, 200);
        assert_eq!(gate.ask_admin(&Request::get("/readyz")).status, 200);
        drop(early);
        gate.terminate();
        assert!(gate.ended().success(), "{}", gate.log());
    }
}

#[test]
fn a_passed_socket_that_the_config_does_not_have_is_refused() {
    let backend = orders::backend("v1");
    let ((web, address), (other, other_address)) = (socket(), socket());
    let any = "127.0.0.1:0".parse().unwrap();
    let refused = start(&config(&backend, address, any), [&web, &other], &[]).unwrap_err();
    let remedy = format!("write `{other_address}` under `listen`");
    assert!(refused.printed.contains(&remedy), "{}", refused.printed);
    assert!(!refused.status.success());
}

#[test]
fn the_service_manager_is_told_of_both_ends() {
    let backend = orders::backend("v1");
    let ((web, address), (admin, admin_address)) = (socket(), socket());
    let scratch = Scratch::new();
    let path = scratch.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut word = [0; 64];
        let length = manager.recv(&mut word).unwrap();
        String::from_utf8_lossy(&word[..length]).into_owned()
    };
    let config = config(&backend, address, admin_address);
    let environment = [("NOTIFY_SOCKET", path.into_os_string())];
    let mut gate = start(&config, [&web, &admin], &environment).unwrap();
    assert_eq!(hear(), "READY=1");
    gate.terminate();
    assert_eq!(hear(), "STOPPING=1");
    assert!(gate.ended().success());
}
