//! A running gateway: started from a config file, stopped by a signal or by its owner.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use evergate_schemas::problem::Problem;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{info, warn};

use super::admin::admin;
use super::connection::{Rules, Stops};
use super::listen::Door;
use super::reload::Reloader;
use super::watch::watch;
use super::worker::{self, Bound, Place};
use crate::assemble::{Assembled, assemble};
use crate::config::Config;
use crate::exchange::{Held, House};
use crate::snapshot::{Listener, Shared};
use crate::telemetry::Metrics;
use crate::upstream::Client;

/// What `evergate run` is told on the command line.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The config file.
    pub config: PathBuf,
    /// Where the bound addresses are written as JSON once the gateway accepts connections:
    /// `{"listen": ["127.0.0.1:8080"], "admin": "127.0.0.1:9901"}`.
    pub ready_file: Option<PathBuf>,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFailure {
    /// The config or something it names cannot be used: all problems.
    #[error("the configuration has {} problems", .0.len())]
    Problems(Vec<Problem>),
    /// An address cannot be bound, or the ready file cannot be written.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A running gateway. Dropping it stops it without draining.
#[derive(Debug)]
pub struct Gateway {
    listen: Vec<SocketAddr>,
    admin: SocketAddr,
    stops: Stops,
    /// Ends when the last connection has.
    over: mpsc::Receiver<()>,
    /// Until idle connections close, and until all do.
    drain: (Duration, Duration),
    warnings: Vec<Problem>,
}

impl Gateway {
    /// Reads the config, assembles the first snapshot, binds all listeners and starts to serve. Must be called on a
    /// tokio runtime with time and I/O.
    pub async fn start(options: &RunOptions) -> Result<Self, StartFailure> {
        let metrics = Arc::new(Metrics::default());
        let (path, counts) = (options.config.clone(), Arc::clone(&metrics));
        let assembled = tokio::task::spawn_blocking(move || assemble(&path, &counts, None)).await;
        let Assembled { snapshot, config, warnings, watched } = assembled
            .map_err(|gone| StartFailure::Io {
                what: "reading the configuration failed inside the program".to_owned(),
                source: io::Error::other(gone),
            })?
            .map_err(StartFailure::Problems)?;
        for problem in &warnings {
            warn!(problem = %problem, "the configuration is odd");
        }
        metrics.generation.set(snapshot.generation);
        let mut bound = Vec::new();
        for one in &config.listen {
            let listeners = worker::bind(one.address, config.workers.get());
            bound.push(listeners.map_err(|source| unbound(one.address, source))?);
        }
        let (admin_listener, admin_address) = bind(config.admin).await?;
        let stops = Stops::default();
        let (alive, over) = mpsc::channel(1);
        let places = snapshot.listeners.clone();
        let shared = Arc::new(ArcSwap::from_pointee(snapshot));
        let rules = Arc::new(ArcSwap::from_pointee(Rules::new(&config)));
        let listen = bound.iter().map(|one| one.address).collect();
        let common = Common { shared: Arc::clone(&shared), rules: Arc::clone(&rules), alive };
        let begin = workers(&config, (bound, &places), (&stops, &metrics), &common);
        drop(common);
        let drain = (config.timeouts.drain_idle, config.timeouts.drain);
        let reloader = Arc::new(Reloader::new(
            options.config.clone(),
            shared,
            rules,
            metrics,
            (config, watched),
        ));
        reloader.keep().await;
        for (index, (places, door)) in begin.into_iter().enumerate() {
            worker::start(index, places, door).map_err(|source| StartFailure::Io {
                what: "a worker cannot be started".to_owned(),
                source,
            })?;
        }
        info!(address = %admin_address, "listening for the administrator");
        tokio::spawn(admin(admin_listener, Arc::clone(&reloader), stops.clone()));
        tokio::spawn(watch(reloader, stops.drain.clone()));
        let gateway = Self { listen, admin: admin_address, stops, over, drain, warnings };
        gateway.say_ready(options)?;
        Ok(gateway)
    }

    /// The addresses that are bound for traffic, in the order of the config.
    pub fn listen(&self) -> &[SocketAddr] {
        &self.listen
    }

    /// The address of the admin listener.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// What was odd in the configuration it started with.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Serves until SIGTERM or SIGINT, then drains within the configured time.
    pub async fn until_stopped(self) {
        let mut terminate = signal(SignalKind::terminate()).ok();
        let terminated = async {
            match &mut terminate {
                Some(terminate) => terminate.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminated => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        self.stop().await;
    }

    /// Stops listening, lets exchanges finish and waiting connections bring one more request within the configured
    /// times, then closes what is left. Says whether all finished.
    pub async fn stop(mut self) -> bool {
        info!("draining");
        self.stops.drain.cancel();
        let (idle, whole) = self.drain;
        let end = Instant::now() + whole;
        let mut finished = timeout(idle.min(whole), self.over.recv()).await.is_ok();
        self.stops.idle.cancel();
        finished = finished || timeout_at(end, self.over.recv()).await.is_ok();
        if !finished {
            warn!("some exchanges did not finish in time and are cut");
        }
        self.stops.abort.cancel();
        finished
    }

    /// Written under another name first, so that a reader never sees a part of it.
    fn say_ready(&self, options: &RunOptions) -> Result<(), StartFailure> {
        let Some(path) = &options.ready_file else { return Ok(()) };
        let text = json!({
            "listen": self.listen.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "admin": self.admin.to_string(),
        });
        let draft = path.with_extension("tmp");
        std::fs::write(&draft, text.to_string())
            .and_then(|()| std::fs::rename(&draft, path))
            .map_err(|source| StartFailure::Io {
                what: format!("{} cannot be written", path.display()),
                source,
            })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stops.drain.cancel();
        self.stops.idle.cancel();
        self.stops.abort.cancel();
    }
}

/// What all workers have.
struct Common {
    shared: Arc<Shared>,
    rules: Arc<ArcSwap<Rules>>,
    alive: mpsc::Sender<()>,
}

/// What each worker begins with.
fn workers(
    config: &Config,
    (mut bound, places): (Vec<Bound>, &[Arc<Listener>]),
    (stops, metrics): (&Stops, &Arc<Metrics>),
    common: &Common,
) -> Vec<(Vec<Place>, Door)> {
    let permits = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    let (seats, handshakes) =
        (permits(config.limits.connections), permits(config.limits.handshakes));
    let (held, workers) = (Arc::new(Held::default()), config.workers.get());
    for (one, place) in bound.iter().zip(places) {
        info!(address = %one.address, tls = place.tls.is_some(), workers, "listening");
    }
    let one = |_| {
        let client = Client::new(workers);
        let house = House::new(Arc::clone(&common.shared), client, (Arc::clone(&held), mark()));
        let door = Door {
            house: Arc::new(house),
            rules: Arc::clone(&common.rules),
            stops: stops.of_worker(),
            seats: Arc::clone(&seats),
            handshakes: Arc::clone(&handshakes),
            metrics: Arc::clone(metrics),
            alive: common.alive.clone(),
        };
        let listeners = bound.iter_mut().map(|one| one.listeners.pop());
        let listeners = listeners.zip(places).enumerate().filter_map(|(index, (one, place))| {
            one.map(|listener| Place { listener, settings: Arc::clone(place), index })
        });
        (listeners.collect(), door)
    };
    (0..workers).map(one).collect()
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartFailure> {
    let failed = |source| unbound(address, source);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn unbound(address: SocketAddr, source: io::Error) -> StartFailure {
    StartFailure::Io { what: format!("{address} cannot be bound"), source }
}

/// A number that another process is unlikely to have: the seed that the standard library draws for its maps.
fn mark() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    let drawn = std::hash::RandomState::new().build_hasher().finish();
    u32::try_from(drawn & 0xffff_ffff).unwrap_or(0)
}
