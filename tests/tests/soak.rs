//! Everything at once for a while: nothing grows, nothing falls, and every 5xx is one that was provoked.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use evergate_tests::backend::{Backend, Reply, Seen};
use evergate_tests::client::{Answer, Client, Request};
use evergate_tests::corpus;
use evergate_tests::frames::frame::{
    self, ACK, BOTH, END_STREAM, PREFACE, block, frame, kind, settings,
};
use evergate_tests::gate::Gate;
use evergate_tests::load::{Ends, pause};
use evergate_tests::orders;
use evergate_tests::wire::Ending;
use serde_json::json;
use socket2::SockRef;

/// Between two turns of one client: the load is meant to last, and not to be as much as there is.
const PAUSE: Duration = Duration::from_millis(5);
/// The large answer.
const LARGE: usize = 512 << 10;
/// A key of WebSocket and the answer to it (RFC 6455 §1.3).
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// Failures that are told in words.
const TOLD: usize = 10;

/// What came, by kind of traffic, status and code of refusal.
type Came = BTreeMap<(&'static str, u16, String), usize>;

/// What one client does until it is over.
type Kind = fn(&Shared);

/// What all clients share.
struct Shared {
    address: SocketAddr,
    over: AtomicBool,
    came: Mutex<Came>,
    failed: Mutex<Vec<String>>,
}

impl Shared {
    fn came(&self, kind: &'static str, status: u16, code: &str) {
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        *came.entry((kind, status, code.to_owned())).or_default() += 1;
    }

    fn fail(&self, why: String) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.len() < TOLD {
            failed.push(why);
        }
    }

    fn check(&self, holds: bool, why: impl FnOnce() -> String) {
        if !holds {
            self.fail(why());
        }
    }

    /// Counts an answer; one that is not among these is a failure.
    fn expect(&self, kind: &'static str, answer: &Answer, any: &[(u16, &str)]) {
        let problem = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
        let code = problem.as_ref().and_then(|problem| problem.get("code")?.as_str());
        let code = code.unwrap_or_default();
        self.came(kind, answer.status, code);
        let is_one = any.contains(&(answer.status, code));
        self.check(is_one, || format!("{kind}: {} {}", answer.status, answer.text()));
    }

    /// Takes turns until it is over; a turn that fails is told.
    fn turns(&self, kind: &'static str, mut turn: impl FnMut(usize) -> std::io::Result<()>) {
        for number in 0.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            if let Err(why) = turn(number) {
                self.fail(format!("{kind}: {why}"));
            }
            pause(PAUSE);
        }
    }
}

/// One request on a kept connection, which is made anew where its server has announced its end.
fn ask(
    kept: &mut Option<Client>,
    address: SocketAddr,
    request: &Request,
) -> std::io::Result<Answer> {
    let mut client = kept.take().map_or_else(|| Client::connect(address), Ok)?;
    let answer = client.ask(request)?;
    if !answer.head.closes() {
        *kept = Some(client);
    }
    Ok(answer)
}

/// Requests that pass as they are, on a kept connection.
fn passed(shared: &Shared) {
    let mut kept = None;
    shared.turns("passed", |number| {
        let request = match number % 3 {
            0 => Request::get("/plain/a"),
            1 => Request::new("POST", "/plain/a").body(vec![b'a'; 4_000]),
            _ => Request::new("PUT", "/plain/a").body(vec![b'b'; number * 7_919 % 100_000]),
        };
        let answer = ask(&mut kept, shared.address, &request)?;
        shared.expect("passed", &answer, &[(200, "")]);
        Ok(())
    });
}

/// Clients of one version before backends of another.
fn converted(shared: &Shared) {
    let mut kept = None;
    shared.turns("converted", |number| {
        let version = if number % 2 == 0 { "v1" } else { "v2" };
        let member = if version == "v1" { "qty" } else { "quantity" };
        let (request, status) = match number % 4 {
            0 | 1 => (Request::get("/orders/1"), 200),
            _ => (Request::post("/orders", &json!({ "item": "tea", member: 2 })), 201),
        };
        let answer = ask(&mut kept, shared.address, &request.field("api-version", version))?;
        shared.expect("converted", &answer, &[(status, "")]);
        let is_own = answer.json().get(member) == Some(&json!(2));
        shared.check(is_own, || format!("converted: {version} {}", answer.text()));
        Ok(())
    });
}

/// A head that comes in pieces, and a large answer that is read slowly.
fn slow(shared: &Shared) {
    shared.turns("slow", |_| {
        let mut client = Client::connect(shared.address)?;
        for piece in
            ["GET /plain/", "large HTTP/1.1\r\nHo", "st: a\r\nConnection: close\r", "\n\r", "\n"]
        {
            client.send(piece.as_bytes())?;
            pause(PAUSE);
        }
        let mut read = 0;
        while client.until(b"xxxx") {
            read += 4;
            if read % (64 << 10) == 0 {
                pause(PAUSE);
            }
        }
        shared.came("slow", 200, "");
        shared.check(read == LARGE, || format!("slow: {read} of {LARGE} octets"));
        Ok(())
    });
}

/// Clients that go in the middle of a request or of an answer.
fn rude(shared: &Shared) {
    shared.turns("rude", |number| {
        let mut stream = TcpStream::connect(shared.address)?;
        let request = match number % 4 {
            0 => "GET /plain/large HTTP/1.1\r\nHost: a\r\n\r\n",
            1 => "POST /plain/a HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nhalf",
            2 => "PUT /plain/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            _ => "GET /plain/a HTT",
        };
        stream.write_all(request.as_bytes())?;
        if number % 4 == 0 {
            // At least the head has come.
            stream.read_exact(&mut [0; 4])?;
        }
        if number % 8 < 4 {
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        }
        shared.came("rude", 0, "");
        Ok(())
    });
}

/// Messages beyond every bound.
fn oversize(shared: &Shared) {
    shared.turns("oversize", |number| {
        let mut client = Client::connect(shared.address)?;
        let (request, any): (_, &[_]) = match number % 3 {
            0 => {
                let request = Request::get("/plain/a").field("x-a", &"a".repeat(70_000));
                (request, &[(431, "head-too-large")])
            }
            1 => {
                let long = format!("/{}", "a".repeat(9_000));
                (Request::get(&long), &[(414, "target-too-long")])
            }
            _ => {
                let order = json!({ "item": "a".repeat(40_000), "qty": 1 });
                let request = Request::post("/orders", &order).field("api-version", "v1");
                // While there is a backend of its own version it passes as it is.
                (request, &[(413, "body-too-large"), (201, "")])
            }
        };
        // It may be refused before all of it was taken.
        let _ = client.send(&request.bytes());
        let answer = client.answer(request.method())?;
        shared.expect("oversize", &answer, any);
        Ok(())
    });
}

/// A backend that is ill in every way: what its clients see is provoked, and told by a code.
fn trouble(shared: &Shared) {
    shared.turns("trouble", |number| {
        let mut client = Client::connect(shared.address)?;
        let ways = ["busy", "head", "body", "gone"];
        let way = ways.get(number % ways.len()).copied().unwrap_or_default();
        let method = if number % 8 < 4 { "GET" } else { "POST" };
        let answer = client.ask(&Request::new(method, &format!("/ill/{way}")))?;
        let any: &[(u16, &str)] = match way {
            "busy" => &[(503, "")],
            "body" => &[(200, "")],
            _ => &[(502, "backend-broken")],
        };
        shared.expect("trouble", &answer, any);
        let ending = answer.ending;
        shared.check(way != "body" || ending == Ending::Cut, || format!("trouble: {ending:?}"));
        Ok(())
    });
}

/// Another protocol behind a 101: lines there and back.
fn tunnel(shared: &Shared) {
    shared.turns("tunnel", |_| {
        let mut client = Client::connect(shared.address)?;
        let request = Request::get("/chat/a").field("connection", "Upgrade");
        let request = request.field("upgrade", "websocket").field("sec-websocket-version", "13");
        let answer = client.ask(&request.field("sec-websocket-key", KEY))?;
        shared.expect("tunnel", &answer, &[(101, "")]);
        for _ in 0..20 {
            client.send(b"ping\r\n\r\n")?;
            if !client.until(b"pong") {
                shared.fail("tunnel: no answer in it".to_owned());
                return Ok(());
            }
        }
        Ok(())
    });
}

/// Streams of HTTP/2, some of them reset, on a connection that carries a few rounds.
fn streams(shared: &Shared) {
    shared.turns("streams", |_| {
        let stream = TcpStream::connect(shared.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut connection = Connection { stream, buffer: Vec::new() };
        connection.stream.write_all(&[PREFACE, &settings(&[(1, 0)])].concat())?;
        (0..5).try_for_each(|round| connection.round(shared, round))
    });
}

/// A connection of HTTP/2, with what was read of it and not taken yet.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Four streams at once, of which the last is reset in the first round.
    fn round(&mut self, shared: &Shared, round: u32) -> std::io::Result<()> {
        let ids = [0, 1, 2, 3].map(|one| 1 + 2 * (4 * round + one));
        let fields =
            [(":method", "GET"), (":scheme", "http"), (":path", "/plain/a"), (":authority", "a")];
        let head = |id: &u32| frame(kind::HEADERS, BOTH, *id, &block(&fields));
        let mut octets: Vec<u8> = ids.iter().flat_map(head).collect();
        let mut open = ids.to_vec();
        let reset = if round == 0 { open.pop() } else { None };
        if let Some(id) = reset {
            octets.extend(frame(kind::RST_STREAM, 0, id, &8_u32.to_be_bytes()));
        }
        self.stream.write_all(&octets)?;
        while !open.is_empty() {
            let frame = self.next()?;
            if frame.kind == kind::SETTINGS && frame.flags & ACK == 0 {
                self.stream.write_all(&frame::frame(kind::SETTINGS, ACK, 0, &[]))?;
            }
            let breaks = matches!(frame.kind, kind::GOAWAY | kind::RST_STREAM);
            if breaks && (frame.stream == 0 || open.contains(&frame.stream)) {
                return Err(std::io::Error::other(format!("{frame:?}")));
            }
            if !open.contains(&frame.stream) {
                continue;
            }
            if frame.kind == kind::HEADERS {
                let status = frame::status(&frame.payload).unwrap_or_default();
                shared.came("streams", status, "");
                shared.check(status == 200, || format!("streams: {status}"));
            }
            if frame.flags & END_STREAM != 0 {
                open.retain(|id| *id != frame.stream);
            }
        }
        Ok(())
    }

    /// The next frame.
    fn next(&mut self) -> std::io::Result<frame::Frame> {
        let mut piece = [0; 4096];
        loop {
            if let Some((frame, length)) = frame::read(&self.buffer) {
                self.buffer.drain(..length);
                return Ok(frame);
            }
            match self.stream.read(&mut piece)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => self.buffer.extend_from_slice(piece.get(..read).unwrap_or_default()),
            }
        }
    }
}

/// What the plain backend answers.
fn plain(seen: &Seen) -> Reply {
    if seen.target == "/plain/large" {
        return Reply::whole(200, &[], &vec![b'x'; LARGE]);
    }
    Reply::whole(200, &[], seen.body.get(..1_000).unwrap_or(b"ok"))
}

/// What the ill one does.
fn ill(seen: &Seen) -> Reply {
    match seen.target.as_str() {
        "/ill/busy" => Reply::whole(503, &[], b"busy"),
        "/ill/head" => Reply::new().bytes("HTTP/1.1 200 OK\r\nContent-Le").reset(),
        "/ill/body" => {
            Reply::new().bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").reset()
        }
        _ => Reply::new().close(),
    }
}

/// Greets in another protocol and answers each of its lines.
fn chat(seen: &Seen) -> Reply {
    match seen.method.as_str() {
        "ping" => Reply::new().bytes("pong"),
        _ => Reply::new().bytes(format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
        )),
    }
}

/// The backends, and the configs that are good: old backends of `orders`, new ones, both.
struct World {
    _all: Vec<Backend>,
    configs: Vec<String>,
}

fn world() -> World {
    let backends = [Backend::start(plain), Backend::start(ill), Backend::start(chat)];
    let [plain, ill, chat] = backends.each_ref().map(Backend::endpoint);
    let (old, new) = (orders::backend("v1"), orders::backend("v2"));
    let fleets =
        [vec![("v2", new.endpoint())], vec![("v1", old.endpoint()), ("v2", new.endpoint())]];
    let configs = fleets.map(|fleet| {
        let fleet: Vec<_> = fleet.iter().map(|(version, one)| (*version, one.as_str())).collect();
        let more = format!(
            "  plain: {{ match: {{ path: /plain }}, backends: [{{ endpoints: [\"{plain}\"] }}] }}\n  \
             ill: {{ match: {{ path: /ill }}, backends: [{{ endpoints: [\"{ill}\"], retries: {{ attempts: 2 }} }}] }}\n  \
             chat: {{ match: {{ path: /chat }}, upgrades: [websocket], backends: [{{ endpoints: [\"{chat}\"] }}] }}\n\
             limits: {{ body: 16KiB }}\n"
        );
        orders::config(&fleet, &[]) + &more
    });
    let mut all = Vec::from(backends);
    all.extend([old, new]);
    World { _all: all, configs: configs.into() }
}

/// Resident memory in KiB and open descriptors of a process.
fn size(id: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its size");
    let memory = line.split_whitespace().nth(1).and_then(|number| number.parse().ok());
    let open = std::fs::read_dir(format!("/proc/{id}/fd")).expect("it runs").count();
    (memory.expect("a number"), open as u64)
}

/// Sizes that were measured, each with its time since the begin.
type Sizes = Vec<(Duration, (u64, u64))>;

/// The means of the sizes in the twenty seconds before this time.
#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn means(sizes: &Sizes, end: Duration) -> (f64, f64) {
    let begin = end.saturating_sub(Duration::from_secs(20));
    let own: Vec<_> =
        sizes.iter().filter(|(at, _)| (begin..=end).contains(at)).map(|(_, size)| *size).collect();
    let mean = |one: fn(&(u64, u64)) -> u64| {
        own.iter().map(one).sum::<u64>() as f64 / own.len().max(1) as f64
    };
    (mean(|size| size.0), mean(|size| size.1))
}

/// Tells how far it is, to somebody who watches.
fn progress(sizes: &Sizes) {
    let mut terminal = std::io::stderr();
    if let Some((at, (memory, open))) = sizes.last().filter(|_| terminal.is_terminal()) {
        // Whether anybody reads it is of no matter.
        let _ = write!(terminal, "\r{:>4} s  {memory} KiB  {open} descriptors ", at.as_secs());
    }
}

/// Reloads, good and bad by turns, and measures, until the time is over.
fn watch(gate: &Gate, shared: &Shared, configs: &[String], long: Duration) -> (Sizes, usize) {
    let (began, mut sizes, mut reloads) = (Instant::now(), Sizes::new(), 0);
    let reload = Request::post("/reload", &json!({}));
    for (turn, config) in configs.iter().cycle().enumerate() {
        if began.elapsed() >= long {
            break;
        }
        let is_good = turn % 5 != 4;
        let bad = config.replace("apis:", "apis: [");
        gate.rewrite(if is_good { config } else { &bad });
        let status = gate.ask_admin(&reload).status;
        reloads += 1;
        if (status == 200) != is_good {
            shared.fail(format!("reload {turn}: {status}"));
        }
        for _ in 0..8 {
            pause(Duration::from_millis(125));
            let size = size(gate.id());
            sizes.push((began.elapsed(), size));
        }
        progress(&sizes);
    }
    (sizes, reloads)
}

#[test]
fn nothing_grows_and_nothing_falls() {
    let long = Duration::from_secs(if corpus::long() { 600 } else { 6 });
    let world = world();
    let gate = Gate::quiet(world.configs.first().expect("a config"));
    let shared = Shared {
        address: gate.address(),
        over: AtomicBool::new(false),
        came: Mutex::default(),
        failed: Mutex::default(),
    };
    let kinds: [(Kind, usize); 8] = [
        (passed, 3),
        (converted, 3),
        (slow, 2),
        (rude, 2),
        (oversize, 1),
        (trouble, 1),
        (tunnel, 1),
        (streams, 2),
    ];
    let (sizes, reloads) = std::thread::scope(|scope| {
        let shared = &shared;
        for (kind, count) in kinds {
            (0..count).for_each(|_| drop(scope.spawn(move || kind(shared))));
        }
        let _ends = Ends(&shared.over);
        watch(&gate, shared, &world.configs, long)
    });
    let came = shared.came.into_inner().unwrap_or_else(PoisonError::into_inner);
    let failed = shared.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (early, late) = (means(&sizes, Duration::from_mins(2).min(long)), means(&sizes, long));
    let minutes: Vec<String> = (1..=u64::from(corpus::long()) * 10)
        .map(|minute| format!("{:.0}", means(&sizes, Duration::from_mins(minute)).0))
        .collect();
    println!(
        "{} requests in {long:?}, {reloads} reloads; KiB by minute {minutes:?}; {:.0} KiB and {:.1} descriptors at first, {:.0} KiB and {:.1} at last; {came:?}",
        came.values().sum::<usize>(),
        early.0,
        early.1,
        late.0,
        late.1
    );
    let log = gate.log();
    assert!(!log.contains("panicked"), "{log}");
    assert!(failed.is_empty(), "{failed:#?}\n{log}");
    for kind in ["passed", "converted", "slow", "rude", "oversize", "trouble", "tunnel", "streams"]
    {
        assert!(came.keys().any(|(own, ..)| *own == kind), "no {kind} came to its end");
    }
    if corpus::long() {
        assert!(late.0 < early.0 * 1.05, "{early:?} KiB and descriptors became {late:?}");
        assert!(late.1 < early.1 * 1.05, "{early:?} KiB and descriptors became {late:?}");
    }
}
