//! `evergate run`: serves until it is told to stop.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::args::{Log, Run};
use super::exit::{Failure, Outcome};
use crate::config::AccessFormat;
use crate::server::{AtFault, Gateway, Inherited, RunOptions, StartFailure};

/// Starts the gateway and waits for its end.
pub(super) fn run(args: &Run) -> Result<Outcome, Failure> {
    log(args.log);
    // before there are threads that could read the environment
    let inherited = Inherited::from_environment();
    let options = RunOptions {
        config: args.config.clone(),
        ready_file: args.ready_file.clone(),
        state: args.state.clone(),
        at_fault: if args.strict_start { AtFault::Refuse } else { AtFault::LastGood },
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let gateway = Gateway::start_with(&options, inherited).await.map_err(start_failure)?;
        gateway.until_stopped().await;
        Ok(Outcome::Holds)
    })
}

/// What is logged where nothing else is wished. A library that warns of each odd frame would let a client fill the log.
const LOGGED: &str = "info,h2=error";

/// Nothing is logged when a log was begun before, which only a test does.
fn log(kind: Log) {
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let builder = tracing_subscriber::fmt().with_env_filter(wanted).with_writer(std::io::stderr);
    crate::ledger::set_usual(match kind {
        Log::Text => AccessFormat::Text,
        Log::Json => AccessFormat::Json,
    });
    let _ = match kind {
        Log::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        Log::Json => builder.json().try_init(),
    };
}

/// Why a gateway did not start, as the command line tells it.
pub(super) fn start_failure(failure: StartFailure) -> Failure {
    match failure {
        StartFailure::Problems(problems) => Failure::Configuration(problems),
        sockets @ StartFailure::Sockets(_) => Failure::said(sockets.to_string()),
        StartFailure::Io { what, source } => Failure::said(format!("{what}: {source}")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::with_default;
    use tracing::{info, warn};
    use tracing_subscriber::EnvFilter;

    use super::LOGGED;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn exchanges_are_logged_and_not_each_odd_frame_of_a_client() {
        let page = Page::default();
        let writer = page.clone();
        let log = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(LOGGED))
            .with_writer(move || writer.clone())
            .finish();
        with_default(log, || {
            warn!(target: "h2::proto::ping_pong", "recv PING ack that we never sent");
            info!(target: "evergate::exchange", "exchange");
        });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("evergate::exchange") && !text.contains("PING"), "{text}");
    }
}
