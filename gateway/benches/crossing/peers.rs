//! The other processes: a backend that answers each request with one page, and clients that ask for it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _, stdin};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

#[path = "../../../schemas/benches/convert/page.rs"]
#[expect(dead_code, reason = "only the payload is of use here")]
mod page;

/// Connections that are kept busy, if the environment does not say how many.
const CONNECTIONS: usize = 32;
/// How a backend that sends no length cuts its page.
const CHUNK: usize = 8 << 10;
const ROLE: &str = "EVERGATE_BENCH_ROLE";
const ARGUMENTS: &str = "EVERGATE_BENCH_ARGUMENTS";

/// A process that ends with this value.
pub(crate) struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        // it may be gone
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Plays the part that the environment names, if it names one.
pub(crate) fn is_one() -> bool {
    let arguments = std::env::var(ARGUMENTS).unwrap_or_default();
    match std::env::var(ROLE).as_deref() {
        Ok("backend") => {
            let (size, framing) = arguments.split_once(' ').expect("two arguments");
            serve(size.parse().expect("a size"), framing);
        }
        Ok("load") => ask(&arguments),
        _ => return false,
    }
    true
}

fn start(role: &str, arguments: &str) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .env(ROLE, role)
        .env(ARGUMENTS, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts again")
}

/// A backend with a page of so many octets, with its `length` or `chunked`, and its address.
pub(crate) fn backend(size: u32, framing: &str) -> (Peer, String) {
    let mut child = start("backend", &format!("{size} {framing}"));
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    (Peer(child), line.trim().to_owned())
}

/// Clients with connections that stay open.
pub(crate) struct Load {
    orders: ChildStdin,
    reports: BufReader<ChildStdout>,
    _peer: Peer,
}

impl Load {
    /// Clients of a gateway at an address.
    pub(crate) fn new(address: &str) -> Self {
        let mut child = start("load", address);
        let orders = child.stdin.take().expect("its input");
        let reports = BufReader::new(child.stdout.take().expect("its output"));
        Self { orders, reports, _peer: Peer(child) }
    }

    /// Sends so many requests and waits for all answers.
    pub(crate) fn ask(&mut self, target: &str, requests: u32) {
        writeln!(self.orders, "{target} {requests}").expect("it listens");
        let mut line = String::new();
        self.reports.read_line(&mut line).expect("a line");
        assert_eq!(line, "done\n", "not every request was answered");
    }
}

fn serve(size: usize, framing: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let body = page::document(size);
    let (field, body) = if framing == "chunked" {
        let chunk =
            |part: &[u8]| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
        let chunks: Vec<u8> = body.as_bytes().chunks(CHUNK).flat_map(chunk).collect();
        ("transfer-encoding: chunked".to_owned(), [&*chunks, b"0\r\n\r\n"].concat())
    } else {
        (format!("content-length: {}", body.len()), body.into_bytes())
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{field}\r\n\r\n");
    let answer: &'static [u8] = Vec::leak([head.as_bytes(), &body].concat());
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || answer_all(stream, answer));
    }
}

fn answer_all(mut stream: TcpStream, answer: &[u8]) {
    let _ = stream.set_nodelay(true);
    let mut buffer = [0; 16 << 10];
    let mut length = 0;
    loop {
        let Ok(read @ 1..) = stream.read(&mut buffer[length..]) else { return };
        length += read;
        if buffer[..length].ends_with(b"\r\n\r\n") {
            length = 0;
            if stream.write_all(answer).is_err() {
                return;
            }
        }
    }
}

/// Does what each line of its input says: `TARGET REQUESTS`.
fn ask(address: &str) {
    let connections = crate::number("CONNECTIONS").unwrap_or(CONNECTIONS).max(1);
    let connect = || {
        let stream = TcpStream::connect(address).expect("a connection");
        let _ = stream.set_nodelay(true);
        stream
    };
    let mut streams: Vec<TcpStream> = (0..connections).map(|_| connect()).collect();
    for line in stdin().lines() {
        let line = line.expect("a line");
        let (target, requests) = line.split_once(' ').expect("two words");
        let each = requests.parse::<usize>().expect("a number").div_ceil(connections);
        std::thread::scope(|scope| {
            for stream in &mut streams {
                scope.spawn(|| ask_one(stream, target, each));
            }
        });
        println!("done");
    }
}

fn ask_one(stream: &mut TcpStream, target: &str, requests: usize) {
    let request = format!("GET {target} HTTP/1.1\r\nhost: bench\r\naccept: */*\r\n\r\n");
    let mut buffer = vec![0; 64 << 10];
    for _ in 0..requests {
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut length = stream.read(&mut buffer).expect("an answer");
        let head = loop {
            if let Some(at) = buffer[..length].windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            let read = stream.read(&mut buffer[length..]).expect("an answer");
            assert!(read > 0, "the answer breaks off");
            length += read;
        };
        let text = std::str::from_utf8(&buffer[..head]).expect("a head").to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let Some((_, rest)) = text.split_once("content-length: ") else {
            chunked(stream, &mut buffer, (head, length));
            continue;
        };
        let digits = rest.split("\r\n").next().expect("a length");
        let mut left = head + digits.parse::<usize>().expect("a number") - length;
        while left > 0 {
            let read = stream.read(&mut buffer).expect("a body");
            assert!(read > 0, "the body breaks off");
            left -= read;
        }
    }
}

/// Reads until the last chunk: the page never holds what ends one.
fn chunked(stream: &mut TcpStream, buffer: &mut [u8], part: (usize, usize)) {
    let mut tail = buffer[part.0..part.1].to_vec();
    while !tail.ends_with(b"\r\n0\r\n\r\n") {
        let read = stream.read(buffer).expect("a body");
        assert!(read > 0, "the body breaks off");
        let keep = tail.len().saturating_sub(8);
        tail.drain(..keep);
        tail.extend_from_slice(&buffer[read.saturating_sub(64)..read]);
    }
}
