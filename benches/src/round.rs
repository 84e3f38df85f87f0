//! Runs a scenario: all peers by turns, round by round, in an order that is drawn anew for each round.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::calm::{Watch, Weather};
use crate::fault::{Fault, Outcome};
use crate::load::{Asked, Client, Way, client_config, once};
use crate::page;
use crate::peer::{Certificate, Kind, Setup, Started, free_port};
use crate::process::{cpu, family, peak_memory};
use crate::scenario::{RATE, Scenario, Travel};

/// Rounds that are run at most, for each that is wanted: disturbed ones are made up for.
const TRIES: usize = 2;
/// Fewer undisturbed rounds than this are no ground for a median; then all rounds count.
const ENOUGH: usize = 3;

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// How long each peer is under load in a round.
    pub(crate) slice: Duration,
    pub(crate) seed: u64,
}

/// What a comparison works with.
pub(crate) struct Field<'a> {
    pub(crate) programs: &'a [(Kind, PathBuf)],
    pub(crate) origin: std::net::SocketAddr,
    pub(crate) certificate: &'a Certificate,
    pub(crate) folder: &'a Path,
    pub(crate) effort: Effort,
    /// The least round trip of a cache line so far.
    pub(crate) least_trip: f64,
}

/// Figures of one peer in one round.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Slice {
    /// Requests answered.
    pub(crate) requests: u64,
    /// Requests a second.
    pub(crate) rate: f64,
    /// Microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    /// CPU seconds for 10,000 requests.
    pub(crate) cpu: f64,
    /// Most MiB resident so far.
    pub(crate) memory: f64,
}

/// One round: a slice for each peer, in the order of [`Rounds::peers`], and the machine meanwhile.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Round {
    pub(crate) slices: Vec<Slice>,
    /// The same load without any proxy, where times are what matters.
    pub(crate) straight: Option<Slice>,
    pub(crate) weather: Weather,
    pub(crate) disturbance: Option<String>,
}

/// All rounds of a scenario.
#[derive(Debug)]
pub(crate) struct Rounds {
    pub(crate) scenario: Scenario,
    pub(crate) peers: Vec<Kind>,
    /// Peers that have no part, and why.
    pub(crate) absent: Vec<(Kind, String)>,
    pub(crate) every: Vec<Round>,
    /// Whether disturbed rounds count, as there are not enough others.
    pub(crate) all_count: bool,
}

impl Rounds {
    /// The rounds that count.
    pub(crate) fn counted(&self) -> impl Iterator<Item = &Round> {
        self.every.iter().filter(|round| self.all_count || round.disturbance.is_none())
    }
}

/// A peer that stands ready, and what is asked of it.
struct Ready {
    kind: Kind,
    started: Started,
    asked: Asked,
}

/// Runs one scenario. `told` hears what a person may want to hear meanwhile.
pub(crate) fn run(scenario: Scenario, field: &mut Field<'_>, told: &dyn Fn(&str)) -> Rounds {
    let mut absent = Vec::new();
    let mut ready = Vec::new();
    for (kind, program) in field.programs {
        match prepare(*kind, program, scenario, field) {
            Ok(peer) => ready.push(peer),
            Err(fault) => absent.push((*kind, fault.0)),
        }
    }
    let mut dice = field.effort.seed ^ scenario.name.len() as u64;
    let mut rounds: Vec<Round> = Vec::new();
    let calm = |rounds: &[Round]| rounds.iter().filter(|round| round.disturbance.is_none()).count();
    while !ready.is_empty()
        && calm(&rounds) < field.effort.rounds
        && rounds.len() < field.effort.rounds * TRIES
    {
        match round(&ready, field, &mut dice) {
            Ok(round) => {
                let words =
                    round.disturbance.as_ref().map_or(String::new(), |why| format!(": {why}"));
                told(&format!("{}, round {}{words}", scenario.title, rounds.len() + 1));
                rounds.push(round);
            }
            // a peer that fails once has no figures that are worth anything
            Err((kind, fault)) => {
                let Some(place) = ready.iter().position(|peer| peer.kind == kind) else { break };
                ready.remove(place);
                for round in &mut rounds {
                    round.slices.remove(place);
                }
                absent.push((kind, fault.0));
            }
        }
    }
    for round in &mut rounds {
        round.disturbance = round.weather.disturbance(field.least_trip);
    }
    let all_count = calm(&rounds) < ENOUGH.min(field.effort.rounds);
    let peers = ready.iter().map(|peer| peer.kind).collect();
    Rounds { scenario, peers, absent, every: rounds, all_count }
}

/// Starts a peer and looks at its first answer.
fn prepare(kind: Kind, program: &PathBuf, scenario: Scenario, field: &Field<'_>) -> Outcome<Ready> {
    if let Some(why) = kind.cannot(scenario.converts) {
        return Err(Fault::said(why));
    }
    let folder = field.folder.join(scenario.name).join(kind.name());
    let setup = Setup {
        folder: &folder,
        port: free_port()?,
        origin: field.origin,
        edge: scenario.edge(),
        converts: scenario.converts,
        certificate: field.certificate,
    };
    let started = Started::new(kind, program, &setup)?;
    let (status, body) = scenario.answer();
    let mut asked = Asked {
        address: started.address,
        path: scenario.path(),
        posted: scenario.posted(),
        way: match scenario.travel {
            Travel::Kept => Way::Kept,
            Travel::Fresh => Way::Fresh,
            Travel::Rate => Way::Rate(RATE),
            Travel::Http2 => Way::Http2,
            Travel::Tls => Way::Tls(client_config(field.certificate.authority.clone())?),
        },
        status,
        body: body.as_bytes().into(),
        ordered: !scenario.converts,
    };
    asked.body = check(&asked, scenario, &body)?;
    Ok(Ready { kind, started, asked })
}

/// The body of a peer's first answer, which has to be the right one: the very octets where they pass, the same JSON
/// where they are converted.
fn check(asked: &Asked, scenario: Scenario, wanted: &str) -> Outcome<Arc<[u8]>> {
    let (status, body) = once(asked)?;
    let right = if scenario.converts {
        let made: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
        made.is_some() && made == page::converted(wanted).ok()
    } else {
        body == wanted.as_bytes()
    };
    if right && status == asked.status {
        return Ok(body.into());
    }
    let shown: String = String::from_utf8_lossy(&body).chars().take(200).collect();
    Err(Fault(format!("the first answer is wrong: {status}, {} octets: {shown}", body.len())))
}

/// One slice for each peer, in an order drawn by dice.
fn round(ready: &[Ready], field: &mut Field<'_>, dice: &mut u64) -> Result<Round, (Kind, Fault)> {
    let watch = Watch::begin();
    let mut order: Vec<usize> = (0..ready.len()).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, draw(dice, last + 1));
    }
    let mut slices: Vec<Option<Slice>> = vec![None; ready.len()];
    for place in order {
        if let (Some(peer), Some(slice)) = (ready.get(place), slices.get_mut(place)) {
            *slice = Some(
                measure(&peer.asked, Some(peer.started.running.id()), field.effort.slice)
                    .map_err(|fault| (peer.kind, fault))?,
            );
        }
    }
    let straight = ready.first().filter(|peer| matches!(peer.asked.way, Way::Rate(_)));
    let straight = straight.map(|peer| {
        let asked = Asked { address: field.origin, ..peer.asked.clone() };
        measure(&asked, None, field.effort.slice).map_err(|fault| (peer.kind, fault))
    });
    let straight = straight.transpose()?;
    let weather = watch.end();
    field.least_trip = field.least_trip.min(weather.trip.unwrap_or(f64::INFINITY));
    let disturbance = weather.disturbance(field.least_trip);
    Ok(Round { slices: slices.into_iter().flatten().collect(), straight, weather, disturbance })
}

/// A number below a bound (splitmix64).
fn draw(dice: &mut u64, below: usize) -> usize {
    *dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *dice;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap_or(0)
}

/// One peer under load, with its process if it has one: connections are opened and warmed before anything is counted.
fn measure(asked: &Asked, process: Option<u32>, during: Duration) -> Outcome<Slice> {
    let mut client = Client::open(asked)?;
    client.ask(during / 5)?;
    let processes = process.map(family).unwrap_or_default();
    let before = cpu(&processes);
    let taken = client.ask(during)?;
    let spent = cpu(&processes) - before;
    if taken.answers == 0 {
        return Err(Fault::said("no request was answered"));
    }
    let requests = taken.answers as f64;
    Ok(Slice {
        requests: taken.answers,
        rate: requests / taken.elapsed.as_secs_f64(),
        p50: taken.times.quantile(0.5),
        p99: taken.times.quantile(0.99),
        p999: taken.times.quantile(0.999),
        cpu: spent * 1e4 / requests,
        memory: peak_memory(&processes),
    })
}
