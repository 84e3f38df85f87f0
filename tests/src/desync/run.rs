//! Runs cases against a proxy and judges what came of each.

use std::net::SocketAddr;

use super::case::{Case, Check, Level, Step};
use super::client::Client;
use super::message::Message;
use super::recorder::{Connection, Recorder, SENTINEL};
use crate::wire::Ending;

/// A target that only a smuggled request has.
pub const SMUGGLED: &str = "/smuggled";

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The case.
    pub name: &'static str,
    /// Its section.
    pub section: &'static str,
    /// Its level.
    pub level: Level,
    /// Why it failed, with what was seen; `None` for a pass.
    pub failed: Option<String>,
}

/// All that was seen of one case.
struct Seen {
    client: Client,
    /// What the client saw before it sent the sentinel.
    before: Vec<u8>,
    /// Final answers before the sentinel.
    answers: Vec<Message>,
    kept: bool,
    /// Requests of the case, whole ones.
    requests: Vec<(Message, Vec<u8>)>,
    /// Octets of the case, whole requests and others.
    octets: Vec<u8>,
    /// Octets beyond whole requests.
    rest: bool,
    faults: Vec<String>,
}

/// Runs one case after the other.
pub fn run(proxy: SocketAddr, backend: &Recorder, cases: &[Case]) -> Vec<Verdict> {
    let one = |(number, case): (usize, &Case)| {
        let failed = match watch(proxy, backend, case, number) {
            Ok(seen) => judge(case, &seen).err(),
            Err(error) => Some(format!("the proxy takes no connection: {error}")),
        };
        Verdict { name: case.name, section: case.section, level: case.level, failed }
    };
    cases.iter().enumerate().map(one).collect()
}

/// Plays a case, with sentinels after it.
fn watch(
    proxy: SocketAddr,
    backend: &Recorder,
    case: &Case,
    number: usize,
) -> std::io::Result<Seen> {
    backend.begin(Some(case.script.clone()));
    let mut client = Client::connect(proxy, case.head)?;
    let mut faults = Vec::new();
    let mut open = true;
    for (at, step) in case.steps.iter().enumerate() {
        match step {
            Step::Send(bytes) => client.send(bytes),
            Step::Interim => {
                client.answer();
            }
            Step::Answer => {
                client.final_answer();
            }
            Step::Late => backend.say_late(),
            Step::Elsewhere => faults.extend(elsewhere(proxy, &format!("{number}-{at}"))),
            Step::HalfClose => {
                client.half_close();
                open = false;
            }
        }
    }
    if !open {
        client.rest();
    }
    let (before, answers) = (client.raw.clone(), client.finals.clone());
    let kept = open && !client.ended && !client.hung && client.fault.is_none();
    let kept = kept && sentinel(&mut client, number, &mut faults);
    // Whatever was on its way has arrived when another request has gone the same way and the backend has ended.
    faults.extend(elsewhere(proxy, &format!("{number}")));
    if let Some(why) = &client.fault {
        faults.push(format!("the client was sent no HTTP: {why}"));
    }
    Ok(recorded(
        Seen {
            client,
            before,
            answers,
            kept,
            requests: Vec::new(),
            octets: Vec::new(),
            rest: false,
            faults,
        },
        backend.settle(),
    ))
}

/// Asks for the sentinel on the client's own connection; whether it was answered, and with its own answer.
fn sentinel(client: &mut Client, number: usize, faults: &mut Vec<String>) -> bool {
    let target = format!("{SENTINEL}{number}-same");
    let before = client.finals.len();
    client.send(ask(&target).as_bytes());
    client.rest();
    let mut after = client.finals.iter().skip(before);
    let Some(own) = after.next() else { return false };
    if own.status() < 400 && own.body != format!("echo:GET {target}").as_bytes() {
        faults.push(format!("the next request on the connection got {:?}", shown(own)));
    }
    faults.extend(after.next().map(|more| format!("an answer too many: {:?}", shown(more))));
    own.status() == 200
}

/// The same on a connection of its own; what came that is another's.
pub(crate) fn elsewhere(proxy: SocketAddr, mark: &str) -> Option<String> {
    let target = format!("{SENTINEL}{mark}-other");
    let mut client = Client::connect(proxy, false).ok()?;
    client.send(ask(&target).as_bytes());
    client.rest();
    let own = client.finals.first();
    let sound = own.is_some_and(|own| own.body == format!("echo:GET {target}").as_bytes());
    (!sound).then(|| format!("a request on another connection got {:?}", own.map(shown)))
}

fn ask(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: wire.test\r\nConnection: close\r\n\r\n")
}

fn shown(message: &Message) -> String {
    format!("{}{}", message.head, String::from_utf8_lossy(&message.body))
}

/// Adds what the backend saw, and what no proxy may ever let it see.
fn recorded(mut seen: Seen, connections: Vec<Connection>) -> Seen {
    for connection in connections {
        seen.faults.extend(connection.fault.map(|why| format!("the backend was sent {why}")));
        for (message, octets) in connection.requests {
            if message.second().starts_with(SENTINEL) {
                continue;
            }
            if message.second().contains(SMUGGLED) {
                seen.faults.push(format!("a smuggled request: {}", message.head));
            }
            seen.octets.extend_from_slice(&octets);
            seen.requests.push((message, octets));
        }
        seen.rest |= !connection.rest.is_empty();
        seen.octets.extend_from_slice(&connection.rest);
    }
    seen
}

/// The first outcome's failures when no outcome holds.
fn judge(case: &Case, seen: &Seen) -> Result<(), String> {
    let mut failures = seen.faults.clone();
    if failures.is_empty() {
        let misses = |checks: &Vec<Check>| -> Vec<String> {
            let failing = checks.iter().filter(|check| !holds(check, seen));
            failing.map(|check| format!("{check:?}")).collect()
        };
        let all: Vec<Vec<String>> = case.outcomes.iter().map(misses).collect();
        if all.iter().any(Vec::is_empty) {
            return Ok(());
        }
        failures.extend(all.into_iter().next().unwrap_or_default());
    }
    Err(format!(
        "{} | client saw {:?}{}{} | backend saw {:?}",
        failures.join("; "),
        cut(&seen.client.raw),
        if seen.client.hung { ", then nothing for long" } else { "" },
        if seen.client.ended { ", then the end" } else { "" },
        cut(&seen.octets),
    ))
}

fn cut(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut short: String = text.chars().take(400).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn holds(check: &Check, seen: &Seen) -> bool {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let first = seen.answers.first();
    let status = first.map_or(0, Message::status);
    match check {
        Check::Nothing => seen.octets.is_empty(),
        Check::Unfinished => seen.requests.is_empty(),
        Check::Requests(count) => seen.requests.len() == *count && !seen.rest,
        Check::Has(part) => text(&seen.octets).contains(part),
        Check::Exactly(part) => String::from_utf8_lossy(&seen.octets).contains(part),
        Check::Lacks(part) => !text(&seen.octets).contains(part),
        Check::Body(body) => {
            seen.requests.first().is_some_and(|(message, _)| message.body == body.as_bytes())
        }
        Check::Status(any) => any.contains(&status),
        Check::Refused(any) => any.contains(&status) || (first.is_none() && seen.client.ended),
        Check::Tells(part) => text(&seen.before).contains(part),
        Check::Hides(part) => !text(&seen.before).contains(part),
        Check::Answer(body) => {
            first.is_some_and(|own| own.body == body.as_bytes() && ends(own, seen))
        }
        Check::Cut => match first {
            None => seen.client.ended,
            Some(own) => (500..600).contains(&own.status()) || own.ending == Some(Ending::Cut),
        },
        Check::Answers(count) => seen.answers.len() == *count,
        Check::Interim(status) => seen.client.interims.contains(status),
        Check::NoInterim => seen.client.interims.is_empty(),
        Check::Closed => !seen.kept && !seen.client.hung,
        Check::Kept => seen.kept,
    }
}

/// Whether an answer is as whole as its framing can say.
fn ends(answer: &Message, seen: &Seen) -> bool {
    answer.is_whole() || (answer.ending == Some(Ending::Unknown) && seen.client.ended)
}
