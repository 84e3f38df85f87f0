//! Where the gateway keeps what outlives it, and how much of that.

use std::path::{Path, PathBuf};

use evergate_schemas::document::{Document, DocumentLimits};
use evergate_schemas::pointer::Pointer;
use serde_json::Value;

use super::reader::Reader;
use super::units::size;

/// `state` as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateConfig {
    /// The directory, resolved against the config file's; `None` for the default.
    pub directory: Option<PathBuf>,
    /// Most octets of the journal, its closed segments too. Default 16 MiB.
    pub journal: usize,
    /// Most octets of files that past configurations were made from. Default 64 MiB.
    pub objects: usize,
    /// Most past configurations whose files are kept. Default 200.
    pub configurations: usize,
}

impl Default for StateConfig {
    fn default() -> Self {
        Self { directory: None, journal: 16 << 20, objects: 64 << 20, configurations: 200 }
    }
}

/// Least octets of a journal: some segments with room for some entries each.
const LEAST_JOURNAL: usize = 1 << 20;

pub(super) fn state<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    directory: &Path,
) -> StateConfig {
    let mut state = StateConfig::default();
    let known = ["directory", "journal", "objects", "configurations"];
    let Some(object) = reader.object(value, at, &known) else { return state };
    if let Some(value) = object.get("directory") {
        let text = reader.text(value, &at.join("directory"));
        state.directory = text.map(|text| directory.join(text));
    }
    let mut bounds = [
        ("journal", &mut state.journal, LEAST_JOURNAL),
        ("objects", &mut state.objects, 0),
        ("configurations", &mut state.configurations, 1),
    ];
    for (name, slot, least) in &mut bounds {
        let Some(value) = object.get(*name) else { continue };
        let at = at.join(name);
        match size(value) {
            Some(number) if number >= *least => **slot = number,
            Some(_) => {
                let remedy = format!("write {least} or more");
                reader.fault(&at, format!("`{name}` is too small"), remedy);
            }
            None => {
                let remedy = "write a number or `64KiB`, `10MiB`";
                reader.fault(&at, format!("`{name}` is not a size"), remedy);
            }
        }
    }
    state
}

/// What a config file says under `state`, also one that cannot be used: the state has what it takes to go on without it.
pub fn state_of(path: &Path) -> StateConfig {
    let text = std::fs::read(path).unwrap_or_default();
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let whole = read(&text, directory);
    whole.or_else(|| read(&block(&text)?, directory)).unwrap_or_default()
}

fn read(text: &[u8], directory: &Path) -> Option<StateConfig> {
    let document = Document::parse("state.yaml", text, &DocumentLimits::default()).ok()?;
    let mut reader = Reader::new(&document);
    let value = document.value.get("state")?;
    Some(state(&mut reader, value, &Pointer::root().join("state"), directory))
}

/// The lines of the key alone, for a file that is no YAML elsewhere.
fn block(text: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines().skip_while(|line| !line.starts_with("state:"));
    let first = lines.next()?;
    let below = lines.take_while(|line| line.starts_with([' ', '\t']) || line.is_empty());
    Some(std::iter::once(first).chain(below).collect::<Vec<_>>().join("\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{StateConfig, state_of};
    use crate::config::parse;

    const API: &str = "listen: [{ address: 127.0.0.1:0 }]\napis: { a: { backends: { endpoints: [\"http://b:1\"] } } }\n";

    fn checked(more: &str) -> Result<StateConfig, Vec<String>> {
        match parse("gateway.yaml", format!("{API}{more}\n").as_bytes(), Path::new("/etc")) {
            Ok((config, _)) => Ok(config.state),
            Err(problems) => Err(problems.into_iter().map(|one| one.what).collect()),
        }
    }

    #[test]
    fn the_directory_is_beside_the_config_and_bounds_have_defaults() {
        assert_eq!(checked("").unwrap(), StateConfig::default());
        let read =
            checked("state: { directory: own, journal: 2MiB, objects: 0, configurations: 3 }");
        let directory = Some(PathBuf::from("/etc/own"));
        let expected = StateConfig { directory, journal: 2 << 20, objects: 0, configurations: 3 };
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn every_fault_is_told() {
        let told = checked("state: { directory: 7, journal: 1KiB, objects: some, kept: 1 }");
        let expected = [
            "a number stands where text belongs",
            "`journal` is too small",
            "`objects` is not a size",
            "`kept` is not a key here",
        ];
        assert_eq!(told.unwrap_err(), expected);
    }

    #[test]
    fn a_broken_file_still_says_where_the_state_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.yaml");
        let own = Some(folder.path().join("own"));
        for (text, directory) in [
            ("apis: [\nstate: { directory: own }\nlisten: {", &own),
            ("apis: [\nstate:\n  # mine\n  directory: own\n\n  oops: 1\nlisten: {", &own),
            ("state: { directory: own }\nstate: { directory: own }\napis: 3", &own),
            ("apis: [", &None),
            ("\u{0}", &None),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(state_of(&path).directory, *directory, "{text}");
        }
        assert_eq!(state_of(&folder.path().join("none")), StateConfig::default());
    }
}
