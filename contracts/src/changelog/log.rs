//! What changed from version to version, for the people who write clients: what the authors say of it, and what the
//! documents say.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use evergate_schemas::describe::model::{Api, Description};

use crate::check::{Steps, judge};
use crate::policy::Settings;
use crate::report::model::{ApiReport, ChangeRow, Counts};
use crate::report::words::counted;

/// What the `format` member says; changes when a member is renamed or removed.
pub const FORMAT: &str = "evergate-changelog/1";

/// The changes of an api, the newest version first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "evergate changelog")]
pub struct Changelog {
    /// Always `evergate-changelog/1`; another number means another shape.
    pub format: &'static str,
    /// The api's name.
    pub api: String,
    /// One for each version but the oldest.
    pub versions: Vec<VersionLog>,
}

/// What one version changed.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct VersionLog {
    /// The version.
    pub version: String,
    /// The one before.
    pub since: String,
    /// What `changes.yaml` says, in the order written.
    pub declared: Vec<Declared>,
    /// What the documents say, what breaks clients first. The level is what is left of it when the gateway converts.
    pub derived: Vec<ChangeRow>,
    /// Messages of clients of the version before at backends of this one, by verdict.
    pub old_clients: Counts,
}

/// A declared change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Declared {
    /// The sentence.
    pub say: String,
    /// Where it holds, as written.
    pub at: Vec<String>,
}

/// How a changelog is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people, in a terminal.
    Human,
    /// For a page.
    Markdown,
    /// For programs: one JSON object.
    Json,
}

impl Changelog {
    /// The changelog of an api, of one of its versions alone if that is named.
    pub fn of(api: &Api, only: Option<&str>) -> Self {
        let report = judge(api, Steps::Adjacent, Settings::default());
        let pairs = api.versions.iter().zip(api.versions.iter().skip(1));
        let wanted = pairs.filter(|(_, new)| only.is_none_or(|only| new.version.as_str() == only));
        let mut versions: Vec<VersionLog> =
            wanted.map(|(old, new)| version(old, new, &report)).collect();
        versions.reverse();
        Self { format: FORMAT, api: api.name.clone(), versions }
    }

    /// Writes it; colours are in the text and fall away where the stream is no terminal.
    pub fn write(&self, to: &mut dyn Write, format: LogFormat) -> io::Result<()> {
        match format {
            LogFormat::Human => human(to, self),
            LogFormat::Markdown => markdown(to, self),
            LogFormat::Json => {
                serde_json::to_writer_pretty(&mut *to, self)?;
                writeln!(to)
            }
        }
    }

    /// The JSON Schema of what this serializes to.
    pub fn json_schema() -> Value {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<Self>().to_value()
    }
}

fn version(old: &Description, new: &Description, report: &ApiReport) -> VersionLog {
    let (since, version) = (old.version.to_string(), new.version.to_string());
    let of_step = |row: &&ChangeRow| row.from == since && row.to == version;
    let mut derived: Vec<ChangeRow> = report.changes.iter().filter(of_step).cloned().collect();
    derived.sort_by_key(|row| LEVELS.iter().position(|(level, _)| *level == row.level));
    let of_pair = report.pairs.iter().find(|one| one.client == since && one.backend == version);
    VersionLog {
        declared: declared(new),
        derived,
        old_clients: of_pair.map(|one| one.verdicts).unwrap_or_default(),
        version,
        since,
    }
}

fn declared(new: &Description) -> Vec<Declared> {
    let entries =
        new.changes.as_ref().and_then(|document| document.value.get("changes")?.as_array());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let one = |entry: &Value| {
        let at = match entry.get("at") {
            Some(Value::Array(several)) => several.iter().filter_map(text).collect(),
            Some(only) => text(only).into_iter().collect(),
            None => Vec::new(),
        };
        Some(Declared { say: text(entry.get("say")?)?, at })
    };
    entries.into_iter().flatten().filter_map(one).collect()
}

/// The levels in the order in which they matter to a client, and their titles.
const LEVELS: [(&str, &str); 3] = [
    ("breaking", "May break clients"),
    ("risky", "Worth a look"),
    ("safe", "Additions and details"),
];

/// What becomes of clients of the version before.
fn standing(log: &VersionLog) -> String {
    let Counts { native, bridged, lossy, undecided, broken } = log.old_clients;
    let mut parts = vec![format!("{} as they are", counted(native, "message"))];
    for (count, what) in [
        (bridged, "converted"),
        (lossy, "converted at a loss"),
        (undecided, "not known to get through"),
        (broken, "not served"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    format!("clients of {}: {}", log.since, parts.join(", "))
}

/// Texts of documents without what would act on a terminal.
fn clean(text: &str) -> String {
    let acts = |one: char| {
        one.is_control() || matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|one| if acts(one) { ' ' } else { one }).collect()
}

fn human(to: &mut dyn Write, log: &Changelog) -> io::Result<()> {
    let bold = Style::new().bold();
    for version in &log.versions {
        let (name, since) = (clean(&version.version), clean(&version.since));
        writeln!(to, "{bold}{} {name}{bold:#} (since {since})", clean(&log.api))?;
        for one in &version.declared {
            writeln!(to, "  {}", clean(&one.say))?;
        }
        for row in &version.derived {
            let style = match row.level {
                "breaking" => AnsiColor::Red.on_default(),
                "risky" => AnsiColor::Yellow.on_default(),
                _ => Style::new().dimmed(),
            };
            let level = row.level;
            writeln!(to, "  {style}{level:<9}{style:#}{}", clean(&sentence(row)))?;
        }
        writeln!(to, "  {}\n", standing(version))?;
    }
    Ok(())
}

fn sentence(row: &ChangeRow) -> String {
    let at = if row.pointer.is_empty() { String::new() } else { format!(" at {}", row.pointer) };
    format!("{}{at}: {}", row.subject, row.message)
}

fn markdown(to: &mut dyn Write, log: &Changelog) -> io::Result<()> {
    use crate::report::sentence_cell as safe;
    writeln!(to, "# Changes of {}\n", safe(&log.api))?;
    for version in &log.versions {
        writeln!(to, "## {}\n", safe(&version.version))?;
        writeln!(to, "Since {}; {}.\n", safe(&version.since), standing(version))?;
        for one in &version.declared {
            writeln!(to, "- {}", safe(&one.say))?;
        }
        if !version.declared.is_empty() {
            writeln!(to)?;
        }
        for (level, title) in LEVELS {
            let rows: Vec<&ChangeRow> =
                version.derived.iter().filter(|row| row.level == level).collect();
            if rows.is_empty() {
                continue;
            }
            writeln!(to, "### {title}\n")?;
            for row in rows {
                writeln!(to, "- {}", safe(&sentence(row)))?;
            }
            writeln!(to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use anstream::StripStream;
    use evergate_schemas::describe::{Limits, load_api};

    use super::{Changelog, LogFormat};

    fn written(only: Option<&str>, format: LogFormat) -> String {
        let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apis/orders");
        let api = load_api(&home, &Limits::default()).unwrap();
        let mut stream = StripStream::new(Vec::new());
        Changelog::of(&api, only).write(&mut stream, format).unwrap();
        String::from_utf8(stream.into_inner()).unwrap()
    }

    #[test]
    fn clients_are_told_what_authors_and_documents_say() {
        insta::assert_snapshot!(written(None, LogFormat::Human));
        insta::assert_snapshot!(written(Some("v2"), LogFormat::Markdown));
    }

    #[test]
    fn programs_read_what_the_schema_says() {
        let value: serde_json::Value =
            serde_json::from_str(&written(None, LogFormat::Json)).unwrap();
        assert!(jsonschema::is_valid(&Changelog::json_schema(), &value), "{value:#}");
        assert!(written(Some("v9"), LogFormat::Human).is_empty());
    }
}
