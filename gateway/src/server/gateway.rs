//! A running gateway: started from a config file, stopped by a signal or by its owner.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use evergate_schemas::problem::Problem;
use serde_json::json;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{error, info, warn};

use super::connection::Rules;
use super::inherit::Inherited;
use super::listen::Door;
use super::local::{Local, LocalFile};
use super::notify::{self, notify};
use super::sockets::{Administrators, Found, Sockets, deal};
use super::takeover::{Handed, Station, Taken, give, take};
use super::transport::Gates;
use super::worker::{self, Bound, Place};
use crate::admin::{self, Access};
use crate::config::{AdminAddress, Config, state_of};
use crate::control::usage::Books;
use crate::control::{
    Apply, AtFault, Beginning, Begun, Records, Reloader, State, Stops, begin, watch,
};
use crate::exchange::{Held, House};
use crate::snapshot::{Listener, Now, Shared};
use crate::telemetry::Metrics;
use crate::telemetry::usage::Ledger;
use crate::upstream::Client;

/// How long the end waits for the last lines of the access log.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The name of the file in the state directory that has the token which was drawn because none is configured.
const TOKEN_FILE: &str = "admin.token";

/// What `evergate run` is told on the command line.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The config file.
    pub config: PathBuf,
    /// Where the bound addresses are written as JSON once the gateway accepts connections:
    /// `{"listen": ["127.0.0.1:8080"], "admin": "127.0.0.1:9901"}`.
    pub ready_file: Option<PathBuf>,
    /// The directory of what outlives the process, before what the config says.
    pub state: Option<PathBuf>,
    /// What is done with a configuration that is wrong.
    pub at_fault: AtFault,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFailure {
    /// The config or something it names cannot be used: all problems.
    #[error("the configuration has {} problems", .0.len())]
    Problems(Vec<Problem>),
    /// Sockets that were passed cannot be used: what is wrong with each, and what to do.
    #[error("{}", .0.join("; "))]
    Sockets(Vec<String>),
    /// An address cannot be bound, the ready file cannot be written, or the gateway that runs cannot be taken over.
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
    office: Office,
    stops: Stops,
    /// Ends when the last connection has.
    over: mpsc::Receiver<()>,
    /// Until idle connections close, and until all do.
    drain: (Duration, Duration),
    books: Arc<Books>,
    warnings: Vec<Problem>,
    shared: Arc<Shared>,
}

/// Where administrators are served.
#[derive(Debug)]
struct Office {
    address: AdminAddress,
    /// The socket in the file system, removed with the gateway.
    local: Option<LocalFile>,
    /// Where the token is that was drawn, if one was.
    token_file: PathBuf,
}

impl Gateway {
    /// Reads the config, assembles the first snapshot, takes over or binds all listeners and starts to serve. Must be
    /// called on a tokio runtime with time and I/O.
    pub async fn start(options: &RunOptions) -> Result<Self, StartFailure> {
        Self::start_with(options, Inherited::default()).await
    }

    /// As [`Gateway::start`], by another clock than the system's: what is deprecated, away or gone is so by this one.
    pub async fn start_at(options: &RunOptions, now: Now) -> Result<Self, StartFailure> {
        Self::begin(options, Inherited::default(), now).await
    }

    /// As [`Gateway::start`], with sockets that were passed by whoever started the program.
    pub async fn start_with(
        options: &RunOptions,
        inherited: Inherited,
    ) -> Result<Self, StartFailure> {
        Self::begin(options, inherited, Now::default()).await
    }

    async fn begin(
        options: &RunOptions,
        inherited: Inherited,
        now: Now,
    ) -> Result<Self, StartFailure> {
        let metrics = Arc::new(Metrics::default());
        let (begun, records) = read(options, &metrics).await?;
        let (snapshot, warnings, beginning) = Beginning::of(begun);
        let config = beginning.config().clone();
        for problem in &warnings {
            warn!(problem = %problem, "the configuration is odd");
        }
        metrics.generation.set(snapshot.generation);
        let Opened { sockets, taken, station } = open(&config, inherited).await?;
        // who runs has the last good configuration already: nothing would be won, and the mistake not be noticed
        if let Some(problems) = beginning.instead_of().filter(|_| taken.is_some()) {
            return Err(StartFailure::Problems(problems.to_vec()));
        }
        let estate = station.is_some().then(|| sockets.copies()).transpose();
        let estate = estate.map_err(|source| failed("a listener cannot be copied", source))?;
        let (office, listener) = office(sockets.admin, &config, records.state())?;
        let access = Arc::new(Access::new(&config.admin, office.token_file.clone()));
        let stops = Stops::default();
        let (alive, over) = mpsc::channel(1);
        let places = snapshot.listeners.clone();
        let shared = Arc::new(ArcSwap::from_pointee(snapshot));
        let rules = Arc::new(ArcSwap::from_pointee(Rules::new(&config)));
        let listen = sockets.traffic.iter().map(|one| one.address).collect();
        let books = Books::open(
            records.state(),
            &config.usage,
            (Arc::clone(&shared), Arc::clone(&metrics)),
            now.clone(),
        );
        let common = Common {
            shared: Arc::clone(&shared),
            rules: Arc::clone(&rules),
            now,
            ledger: Arc::clone(books.ledger()),
            alive,
        };
        let begin = workers(&config, (sockets.traffic, &places), (&stops, &metrics), &common)?;
        drop(common);
        let drain = (config.timeouts.drain_idle, config.timeouts.drain);
        let (kept, known) = (Arc::clone(&books), Arc::clone(&access));
        let apply = move |config: &Config| {
            rules.store(Arc::new(Rules::new(config)));
            kept.set(&config.usage);
            known.apply(&config.admin);
        };
        let apply = Apply(Box::new(apply));
        let with = (metrics, beginning);
        let reloader = Reloader::new(&options.config, records, Arc::clone(&shared), apply, with);
        let reloader = Arc::new(reloader.with_books(Arc::clone(&books)));
        reloader.keep().await;
        reloader.record_start().await;
        tokio::spawn(Arc::clone(&books).keep(stops.abort.clone()));
        let gateway = Self { listen, office, stops, over, drain, books, warnings, shared };
        let ready = gateway.draft_ready(options)?;
        // from here on connections are accepted, so nothing should fail any more
        for (index, (places, door)) in begin.into_iter().enumerate() {
            worker::start(index, places, door)
                .map_err(|source| failed("a worker cannot be started", source))?;
        }
        gateway.serve_administrators(listener, &reloader, access)?;
        tokio::spawn(watch(reloader, gateway.stops.drain.clone()));
        let gateway = gateway.succeed(taken, station.zip(estate)).await?;
        if let Some((draft, path)) = ready
            && let Err(error) = std::fs::rename(draft, path)
        {
            error!(%error, path = %path.display(), "the ready file cannot be put in its place");
        }
        Ok(gateway)
    }

    fn serve_administrators(
        &self,
        listener: admin::Listener,
        reloader: &Arc<Reloader>,
        access: Arc<Access>,
    ) -> Result<(), StartFailure> {
        let address = &self.office.address;
        if let Some(file) = &self.office.local {
            let what = format!("{address} cannot be put in its place");
            file.open().map_err(|source| failed(&what, source))?;
        }
        info!(%address, "listening for administrators");
        tokio::spawn(admin::admin(listener, Arc::clone(reloader), access, self.stops.clone()));
        Ok(())
    }

    /// Becomes the one that is taken over next; the gateway before lets go.
    async fn succeed(
        self,
        taken: Option<Taken>,
        estate: Option<(Station, Vec<Handed>)>,
    ) -> Result<Self, StartFailure> {
        if let Some(taken) = taken
            && let Err(source) = taken.ready().await
        {
            self.stop().await;
            return Err(failed("the running gateway does not let go of its listeners", source));
        }
        if let Some((station, estate)) = estate {
            match station.open() {
                Ok(()) => drop(tokio::spawn(give(station, estate, self.stops.clone()))),
                Err(error) => error!(%error, "no process will be able to take over from this one"),
            }
        }
        Ok(self)
    }

    /// The addresses that are bound for traffic, in the order of the config.
    pub fn listen(&self) -> &[SocketAddr] {
        &self.listen
    }

    /// Where administrators are served, as it was bound.
    pub fn admin(&self) -> &AdminAddress {
        &self.office.address
    }

    /// Where the administrators' token is, where none is configured.
    pub fn token_file(&self) -> &Path {
        &self.office.token_file
    }

    /// What was odd in the configuration it started with.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Serves until SIGTERM or SIGINT, or until another process has taken over, then drains within the configured time.
    /// The service manager is told of both ends, where `NOTIFY_SOCKET` names one.
    pub async fn until_stopped(self) {
        notify(notify::READY);
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
            () = self.stops.handed.cancelled() => {}
        }
        notify(notify::STOPPING);
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
        self.last_lines().await;
        self.books.flush().await;
        finished
    }

    /// Has what was said of the last exchanges written.
    async fn last_lines(&self) {
        let Some(access) = self.shared.load().access.clone() else { return };
        let _ = tokio::task::spawn_blocking(move || access.pen().flush(LAST_LINES)).await;
    }

    /// Writes the ready file under another name, so that a reader never sees a part of it. Where it is, and where it has
    /// to go.
    fn draft_ready<'o>(
        &self,
        options: &'o RunOptions,
    ) -> Result<Option<(PathBuf, &'o Path)>, StartFailure> {
        let Some(path) = &options.ready_file else { return Ok(None) };
        let text = json!({
            "listen": self.listen.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "admin": self.office.address.to_string(),
        });
        let draft = path.with_extension("tmp");
        let written = if path.is_dir() {
            Err(io::ErrorKind::IsADirectory.into())
        } else {
            std::fs::write(&draft, text.to_string())
        };
        written
            .map_err(|source| failed(&format!("{} cannot be written", path.display()), source))?;
        Ok(Some((draft, path)))
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
    now: Now,
    ledger: Arc<Ledger>,
    alive: mpsc::Sender<()>,
}

/// What each worker begins with.
fn workers(
    config: &Config,
    (bound, places): (Vec<Bound>, &[Arc<Listener>]),
    (stops, metrics): (&Stops, &Arc<Metrics>),
    common: &Common,
) -> Result<Vec<(Vec<Place>, Door)>, StartFailure> {
    let permits = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    let seats = permits(config.limits.connections);
    let handshakes = permits(config.limits.handshakes);
    let gates = Gates { handshakes, crowd: Arc::default() };
    let (held, workers) = (Arc::new(Held::default()), config.workers.get());
    let mut hands: Vec<Vec<Place>> = (0..workers).map(|_| Vec::new()).collect();
    for (index, (one, place)) in bound.into_iter().zip(places).enumerate() {
        info!(address = %one.address, tls = place.tls.is_some(), workers, "listening");
        let dealt = deal(one.listeners, workers)
            .map_err(|source| failed("a listener cannot be shared by workers", source))?;
        for (hand, listeners) in hands.iter_mut().zip(dealt) {
            hand.extend(listeners.into_iter().map(|listener| {
                let settings = Arc::clone(place);
                Place { listener, settings, index }
            }));
        }
    }
    let one = |places| {
        let client = Client::new(workers);
        let house = House::new(Arc::clone(&common.shared), client, (Arc::clone(&held), mark()));
        let house = house.timed(common.now.clone()).counting(common.ledger.table());
        let door = Door {
            house: Arc::new(house),
            rules: Arc::clone(&common.rules),
            stops: stops.of_worker(),
            seats: Arc::clone(&seats),
            gates: gates.clone(),
            metrics: Arc::clone(metrics),
            _alive: common.alive.clone(),
        };
        (places, door)
    };
    Ok(hands.into_iter().map(one).collect())
}

/// What a start has before it serves.
struct Opened {
    sockets: Sockets,
    taken: Option<Taken>,
    station: Option<Station>,
}

/// Gets the listeners: from the gateway that runs, from whoever started the program, or new.
async fn open(config: &Config, inherited: Inherited) -> Result<Opened, StartFailure> {
    let (mut taken, mut handed, mut station) = (None, Vec::new(), None);
    if let Some(path) = &config.takeover {
        let asked = take(path).await.map_err(|source| {
            let what = format!(
                "the gateway that runs cannot be taken over at {}; stop it, or mend what is said",
                path.display()
            );
            failed(&what, source)
        })?;
        (taken, handed) = asked.map_or((None, Vec::new()), |(taken, all)| (Some(taken), all));
        let made = Station::new(path).map_err(|source| {
            failed(&format!("the socket {} cannot be made", path.display()), source)
        })?;
        station = Some(made);
    }
    let sockets = Found::new(handed, inherited)?.open(config)?;
    Ok(Opened { sockets, taken, station })
}

/// Opens the records, reads the config and makes the first snapshot, beside the runtime.
async fn read(
    options: &RunOptions,
    metrics: &Arc<Metrics>,
) -> Result<(Begun, Arc<Records>), StartFailure> {
    let (options, counts) = (options.clone(), Arc::clone(metrics));
    let begun = tokio::task::spawn_blocking(move || {
        let path = &options.config;
        let state = State::of_file(path, options.state.as_deref());
        let records = Records::open(state, &state_of(path), Arc::clone(&counts));
        let begun = begin(path, &counts, &records, options.at_fault)?;
        Ok((begun, Arc::new(records)))
    });
    begun
        .await
        .map_err(|gone| {
            let source = io::Error::other(gone);
            failed("reading the configuration failed inside the program", source)
        })?
        .map_err(StartFailure::Problems)
}

/// What administrators connect to, on the runtime. Of several sockets of an address the first, as they are one.
fn office(
    admin: Administrators,
    config: &Config,
    state: &State,
) -> Result<(Office, admin::Listener), StartFailure> {
    let token_file = state.path(TOKEN_FILE);
    let made = match admin {
        Administrators::Tcp(bound) => {
            let address = AdminAddress::Tcp(bound.address);
            let first = bound.listeners.into_iter().next();
            let listener = first.ok_or_else(|| io::ErrorKind::NotFound.into());
            let listener = listener.and_then(TcpListener::from_std).map(admin::Listener::Tcp);
            listener.map(|listener| (Office { address, local: None, token_file }, listener))
        }
        Administrators::Unix(Local { listener, file: local }) => {
            let address = config.admin.address.clone();
            let listener = UnixListener::from_std(listener).map(admin::Listener::Unix);
            listener.map(|listener| (Office { address, local, token_file }, listener))
        }
    };
    made.map_err(|source| failed("administrators cannot be listened to", source))
}

fn failed(what: &str, source: io::Error) -> StartFailure {
    StartFailure::Io { what: what.to_owned(), source }
}

/// A number that another process is unlikely to have: the seed that the standard library draws for its maps.
fn mark() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    let drawn = std::hash::RandomState::new().build_hasher().finish();
    u32::try_from(drawn & 0xffff_ffff).unwrap_or(0)
}
