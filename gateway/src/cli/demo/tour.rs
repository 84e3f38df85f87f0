//! The tour: starts everything, plays the scenes, reloads under load, and says what to try.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use bytes::Bytes;
use evergate_schemas::plan::outside::Values;
use http::Method;

use crate::cli::exit::{Failure, Outcome};
use crate::cli::run::start_failure;
use crate::server::{Gateway, RunOptions};

use super::assets::{Example, Folder, VERSIONS, examples};
use super::backend::Backend;
use super::client::{Client, Seen};
use super::judge::{Bodies, Judge};
use super::load::Load;
use super::scene::{AFTER, BEFORE, Expected, Scene};
use super::show::{Pane, heading, indented, pair};

/// How long the reload may take before the tour calls it failed.
const RELOAD_DEADLINE: Duration = Duration::from_secs(20);
/// How many requests the load sends before and after the reload, at the least.
const LOAD_ROUNDS: usize = 400;

/// What a 1.0 client may ask for.
const QUOTE: &str = r#"{"receiver":"https://wallet.example/incoming-payments/1","sendAmount":{"value":"2500","assetCode":"USD","assetScale":2}}"#;

/// What `evergate demo` is told on the command line.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct DemoOptions {
    /// Ends after the tour.
    pub(in crate::cli) once: bool,
}

/// Plays the tour: it holds when every expectation did.
pub(in crate::cli) fn run(options: DemoOptions) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    let failed = runtime.block_on(play(options))?;
    Ok(if failed == 0 { Outcome::Holds } else { Outcome::Findings })
}

async fn play(options: DemoOptions) -> Result<u32, Failure> {
    let mut out = anstream::stdout();
    let examples = examples().map_err(Failure::said)?;
    let folder = Folder::unpack()?;
    let judge =
        Judge::load(&folder.path().join("open-payments"), values()).map_err(Failure::said)?;
    let mut backends =
        vec![Backend::start("1.2", &examples).await?, Backend::start("1.4", &examples).await?];
    let config = folder.path().join("gateway.yaml");
    write_config(&config, &backends)?;
    let options_of_run = RunOptions { config: config.clone(), ..RunOptions::default() };
    let gateway = Gateway::start(&options_of_run).await.map_err(start_failure)?;
    let address =
        *gateway.listen().first().ok_or_else(|| Failure::said("nothing listens".to_owned()))?;
    introduce(&mut out, address, &backends)?;
    let mut stage = Stage { judge, examples, client: Client::new(address), failed: 0 };
    for scene in &BEFORE {
        stage.play(&mut out, scene, &backends).await?;
    }
    backends.push(Backend::start("1.3", &stage.examples).await?);
    let admin = gateway
        .admin()
        .tcp()
        .ok_or_else(|| Failure::said("the demo's administrator has an address"))?;
    let token = std::fs::read_to_string(gateway.token_file())?.trim().to_owned();
    let operator = Client::new(admin).with_token(token);
    stage.reload(&mut out, &config, &backends, &operator).await?;
    for scene in &AFTER {
        stage.play(&mut out, scene, &backends).await?;
    }
    conclude(&mut out, stage.failed)?;
    if !options.once {
        invite(&mut out, address, (admin, gateway.token_file()), &config)?;
        gateway.until_stopped().await;
    }
    Ok(stage.failed)
}

/// What the configuration gives under `values`, for reading along.
fn values() -> Values {
    let written = [
        ("wallet-address", "\"https://openpayments.guide/alice/\""),
        ("auth-server", "\"https://openpayments.guide/auth\""),
    ];
    let configuration = written.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    Values { configuration, ..Values::default() }
}

/// Written whole under another name and moved, as editors and config maps do.
fn write_config(path: &Path, backends: &[Backend]) -> io::Result<()> {
    let lines = backends.iter().map(|backend| {
        let (version, address) = (backend.version, backend.address);
        format!("      - {{ version: \"{version}\", endpoints: [\"http://{address}\"] }}\n")
    });
    let head = include_str!("../../../../examples/open-payments/demo.yaml").to_owned();
    let text: String = std::iter::once(head).chain(lines).collect();
    let beside: PathBuf = path.with_extension("yaml.new");
    std::fs::write(&beside, text)?;
    std::fs::rename(beside, path)
}

struct Stage {
    judge: Judge,
    examples: Vec<Example>,
    client: Client,
    failed: u32,
}

impl Stage {
    async fn play(
        &mut self,
        out: &mut impl Write,
        scene: &Scene,
        backends: &[Backend],
    ) -> Result<(), Failure> {
        heading(out, scene.title)?;
        let sent =
            scene.payload(&self.examples).map(|example| Bytes::from(indented(example.body.get())));
        if scene.example.is_some() && sent.is_none() {
            return Err(Failure::said(format!(
                "no example payload for {} {}",
                scene.method, scene.path
            )));
        }
        let method = Method::from_bytes(scene.method.as_bytes())
            .map_err(|error| Failure::said(error.to_string()))?;
        let target = scene.target();
        let seen = self.client.send(&method, &target, sent.clone()).await.map_err(Failure::said)?;
        let answered =
            backends.iter().find_map(|one| one.take_last().map(|last| (one.version, last)));
        let sent = sent.unwrap_or_default();
        let title = format!("client {} sent {} {target}", scene.client, scene.method);
        let left = Pane { title, body: &sent };
        let mut complaints = Vec::new();
        if let Some((version, (got, answer))) = &answered {
            let right =
                Pane { title: format!("backend {version} got {}", got.line), body: &got.body };
            pair(out, &left, &right)?;
            let left = Pane { title: format!("backend {version} answered"), body: answer };
            let title = format!("client {} saw {}", scene.client, seen.status);
            pair(out, &left, &Pane { title, body: &seen.body })?;
            let bodies = Bodies { sent: &sent, answer, status: seen.status.as_u16() };
            Self::fired(out, &self.judge.fired(scene, version, &bodies))?;
            complaints.extend(self.judge.complaints(scene, version, &got.body, &seen));
            if matches!(scene.expected, Expected::Untouched(_)) {
                complaints.extend(changed("request", &sent, &got.body));
                complaints.extend(changed("response", answer, &seen.body));
            }
        } else {
            let title = format!("client {} saw {}", scene.client, seen.status);
            pair(out, &left, &Pane { title, body: &seen.body })?;
        }
        complaints.extend(unexpected(scene, answered.as_ref().map(|(version, _)| *version), &seen));
        self.verdict(out, &complaints)
    }

    fn fired(out: &mut impl Write, steps: &[String]) -> io::Result<()> {
        let faint = Style::new().dimmed();
        if steps.is_empty() {
            writeln!(out, "{faint}   no rule fired: the bytes passed as they came{faint:#}")?;
        }
        for step in steps {
            writeln!(out, "{faint}   {step}{faint:#}")?;
        }
        Ok(())
    }

    fn verdict(&mut self, out: &mut impl Write, complaints: &[String]) -> Result<(), Failure> {
        let (good, bad) = (colour(AnsiColor::Green), colour(AnsiColor::Red));
        if complaints.is_empty() {
            writeln!(out, "   {good}as expected{good:#}")?;
        }
        for complaint in complaints {
            self.failed += 1;
            writeln!(out, "   {bad}expectation failed:{bad:#} {complaint}")?;
        }
        Ok(())
    }

    async fn reload(
        &mut self,
        out: &mut impl Write,
        config: &Path,
        backends: &[Backend],
        operator: &Client,
    ) -> Result<(), Failure> {
        heading(out, "under load, the configuration brings in a backend of version 1.3")?;
        let target = "/v1.3/outgoing-payments/1";
        let load = Load::start(&self.client, target);
        self.pass_time(target).await?;
        write_config(config, backends)?;
        let reloaded =
            tokio::time::timeout(RELOAD_DEADLINE, self.until_served_by(target, "1.3")).await;
        self.pass_time(target).await?;
        let counted = load.stop().await;
        for (version, count) in &counted.by_backend {
            writeln!(out, "   {count:>6} answers to the 1.3 client came from backend {version}")?;
        }
        writeln!(out, "   {:>6} failed", counted.failed)?;
        let mut complaints = Vec::new();
        if reloaded.is_err() {
            complaints.push("the new configuration was not taken up in time".to_owned());
        }
        if let Some(first) = counted.first_failure {
            complaints.push(format!("{} requests failed, the first with {first}", counted.failed));
        }
        let ready = operator.send(&Method::GET, "/readyz", None).await.map_err(Failure::said)?;
        if !ready.status.is_success() {
            complaints.push(format!("the gateway is not ready: {}", ready.status));
        }
        for backend in backends {
            let _ = backend.take_last();
        }
        self.verdict(out, &complaints)
    }

    /// Some requests of our own beside the load, so that it has something to show on both sides of the reload.
    async fn pass_time(&self, target: &str) -> Result<(), Failure> {
        for _ in 0..LOAD_ROUNDS {
            self.client.send(&Method::GET, target, None).await.map_err(Failure::said)?;
        }
        Ok(())
    }

    async fn until_served_by(&self, target: &str, version: &str) {
        loop {
            if let Ok(seen) = self.client.send(&Method::GET, target, None).await
                && seen.header("api-backend-version") == version
            {
                return;
            }
        }
    }
}

fn changed(what: &str, before: &[u8], after: &[u8]) -> Option<String> {
    (before != after).then(|| format!("the {what} should have passed byte for byte"))
}

fn unexpected(scene: &Scene, backend: Option<&str>, seen: &Seen) -> Option<String> {
    let (status, code) = match scene.expected {
        Expected::Converted(wanted) | Expected::Untouched(wanted) => {
            return match backend {
                Some(version) if version == wanted && seen.status.is_success() => None,
                Some(version) => {
                    Some(format!("backend {version} answered {}, wanted {wanted}", seen.status))
                }
                None => Some(format!("no backend was asked, wanted {wanted}: {}", seen.status)),
            };
        }
        Expected::Refused(status, code) => (status, code),
    };
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let refused = body.get("code").and_then(serde_json::Value::as_str).unwrap_or_default();
    (backend.is_some() || seen.status.as_u16() != status || refused != code)
        .then(|| format!("wanted a refusal {status} {code}, saw {} {refused}", seen.status))
}

fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into())).bold()
}

fn introduce(
    out: &mut impl Write,
    address: std::net::SocketAddr,
    backends: &[Backend],
) -> io::Result<()> {
    writeln!(out, "Open Payments, a real payment API, in versions {}.", VERSIONS.join(", "))?;
    for backend in backends {
        writeln!(out, "  backend {} at http://{}", backend.version, backend.address)?;
    }
    writeln!(out, "  gateway at http://{address}")
}

fn conclude(out: &mut impl Write, failed: u32) -> io::Result<()> {
    heading(out, "the tour is over")?;
    match failed {
        0 => writeln!(out, "every expectation held"),
        one => writeln!(out, "{one} expectations failed"),
    }
}

fn invite(
    out: &mut impl Write,
    address: std::net::SocketAddr,
    (admin, token_file): (std::net::SocketAddr, &Path),
    config: &Path,
) -> io::Result<()> {
    writeln!(out, "\nEverything is still up; try:")?;
    writeln!(out, "  curl -i http://{address}/v1.0/quotes/1")?;
    writeln!(out, "  curl -i http://{address}/v1.3/outgoing-payments/1")?;
    writeln!(
        out,
        "  curl -i http://{address}/v1.0/quotes -H 'content-type: application/json' -d '{QUOTE}'"
    )?;
    let token_file = token_file.display();
    writeln!(
        out,
        "  curl -H \"authorization: Bearer $(cat {token_file})\" http://{admin}/metrics"
    )?;
    writeln!(
        out,
        "  $EDITOR {}    # saved changes take effect at once, or are refused whole",
        config.display()
    )?;
    writeln!(out, "Ctrl-C ends it.")
}
