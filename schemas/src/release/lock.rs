//! The lock file: which versions are released, and the digests by which an edited one is known.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::content::{Content, Edit, is_digest, is_part_digest, split};
use crate::document::{Document, DocumentLimits};
use crate::pointer::Pointer;
use crate::problem::{Place, Problem, Severity};
use crate::version::Version;

/// The name of the file, beside the directories of an api's versions.
pub const LOCK_FILE: &str = "evergate.lock";

/// What the member `format` says.
const FORMAT: &str = "evergate-lock/1";
const HEAD: &str = "\
# Released versions and the digests of their documents. Entries are added by `evergate release`, never changed:
# keep this file in version control, and on a merge conflict keep both sides.
";

/// All releases of an api.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    releases: Vec<Release>,
}

/// One version as it was frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// What was frozen.
    pub content: Content,
    /// Where the lock file has it.
    pub place: Place,
}

/// Why a version is not released.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is released already, with other content.
    #[error("the version {0} is released, and its documents were edited since")]
    Edited(Version, Vec<Edit>),
    /// A newer version is released.
    #[error("the version {0} is older than the released version {1}")]
    Older(Version, Version),
}

impl Release {
    /// What of a version's present content is not as it was frozen. `None` when all of it is.
    pub fn edits(&self, now: &Content) -> Option<Vec<Edit>> {
        (now.digest != self.content.digest).then(|| now.edits(&self.content.parts))
    }
}

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// All faults, each with its place. A lock file is read whole or not at all: what it lacks would not be guarded.
    pub fn parse(name: &str, text: &[u8]) -> Result<Self, Vec<Problem>> {
        let document = Document::parse(name, text, &DocumentLimits::strict())?;
        let mut reader = Reader { document: &document, problems: Vec::new() };
        let lock = reader.lock();
        if reader.problems.is_empty() { Ok(lock) } else { Err(reader.problems) }
    }

    /// The releases, in the order of the file.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// The release of a version.
    pub fn release(&self, version: &Version) -> Option<&Release> {
        self.releases.iter().find(|release| release.version == *version)
    }

    /// The newest released version of those in `order`, which is oldest first.
    pub fn last<'o>(&self, order: &'o [Version]) -> Option<&'o Version> {
        order.iter().rev().find(|version| self.release(version).is_some())
    }

    /// Freezes a version; `order` is that of the api's versions, oldest first. Nothing is done when it is frozen
    /// already with the same content; says whether something was.
    ///
    /// # Errors
    /// When it is frozen with other content, and when a newer one is frozen unless `older` says that is wanted.
    pub fn insert(
        &mut self,
        version: &Version,
        content: Content,
        order: &[Version],
        older: Older,
    ) -> Result<bool, Refused> {
        if let Some(known) = self.release(version) {
            return match known.edits(&content) {
                None => Ok(false),
                Some(edits) => Err(Refused::Edited(version.clone(), edits)),
            };
        }
        let rank = |version: &Version| order.iter().position(|one| one == version);
        if let Some(last) = self.last(order)
            && rank(version) < rank(last)
            && older == Older::Refused
        {
            return Err(Refused::Older(version.clone(), last.clone()));
        }
        let place =
            Place { file: Arc::from(LOCK_FILE), line: 0, column: 0, pointer: Pointer::root() };
        self.releases.push(Release { version: version.clone(), content, place });
        // Releases of versions that are gone keep their place before all others.
        self.releases.sort_by_key(|release| rank(&release.version));
        Ok(true)
    }

    /// The text of the file. What it says is what [`Lock::parse`] reads.
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}format: {FORMAT}\nreleases:");
        if self.releases.is_empty() {
            text.push_str(" {}");
        }
        text.push('\n');
        for Release { version, content, .. } in &self.releases {
            let _ = writeln!(text, "\n  {}:", quoted(version.as_str()));
            let _ = writeln!(text, "    digest: {}", quoted(&content.digest));
            let _ = writeln!(text, "    parts:");
            for (part, digest) in &content.parts {
                let _ = writeln!(text, "      {}: {}", quoted(part), quoted(digest));
            }
        }
        text
    }
}

/// Whether a version may be released after a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// A newer version stands released, so it is refused.
    Refused,
    /// It is wanted.
    Allowed,
}

// A text of JSON is one of YAML, but for what YAML does not print.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for letter in Value::from(text).to_string().chars() {
        if letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        {
            let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
        } else {
            quoted.push(letter);
        }
    }
    quoted
}

struct Reader<'d> {
    document: &'d Document,
    problems: Vec<Problem>,
}

impl<'d> Reader<'d> {
    fn fault(&mut self, at: &Pointer, what: String, remedy: &str) {
        let place = self.document.place(at);
        let remedy = remedy.to_owned();
        self.problems.push(Problem { place, severity: Severity::Error, what, remedy });
    }

    fn lock(&mut self) -> Lock {
        let root = Pointer::root();
        let Some(members) = self.members(&self.document.value, &root) else {
            return Lock::default();
        };
        match members.get("format") {
            Some(Value::String(format)) if format == FORMAT => {}
            Some(Value::String(format)) => {
                let what = format!("the format `{format}` is not `{FORMAT}`");
                self.fault(&root.join("format"), what, "use the evergate that wrote the file");
            }
            _ => self.fault(&root, format!("there is no `format: {FORMAT}`"), RESTORE),
        }
        self.unknown(members, &root, &["format", "releases"]);
        let at = root.join("releases");
        let Some(releases) = members.get("releases") else {
            self.fault(&root, "there is no `releases`".to_owned(), RESTORE);
            return Lock::default();
        };
        let entries = self.members(releases, &at).into_iter().flatten();
        let found =
            entries.filter_map(|(version, entry)| self.release(version, entry, &at.join(version)));
        let mut releases: Vec<Release> = found.collect();
        releases.sort_by_key(|release| (release.place.line, release.place.column));
        Lock { releases }
    }

    fn release(&mut self, version: &str, entry: &'d Value, at: &Pointer) -> Option<Release> {
        let members = self.members(entry, at)?;
        self.unknown(members, at, &["digest", "parts"]);
        let digest = match members.get("digest").and_then(Value::as_str) {
            Some(digest) if is_digest(digest) => digest.to_owned(),
            _ => {
                let what = format!("the release `{version}` has no digest `sha256:…`");
                self.fault(&at.join("digest"), what, RESTORE);
                return None;
            }
        };
        let at_parts = at.join("parts");
        let mut parts = BTreeMap::new();
        let listed = members.get("parts").and_then(|parts| self.members(parts, &at_parts));
        for (part, digest) in listed.into_iter().flatten() {
            match digest.as_str() {
                Some(digest) if is_part_digest(digest) && split(part).is_some() => {
                    parts.insert(part.clone(), digest.to_owned());
                }
                _ => {
                    let what = format!("`{part}` is not `DOCUMENT#POINTER` with a digest");
                    self.fault(&at_parts.join(part), what, RESTORE);
                }
            }
        }
        let content = Content { digest, parts };
        Some(Release { version: Version::new(version), content, place: self.document.place(at) })
    }

    fn members(&mut self, value: &'d Value, at: &Pointer) -> Option<&'d Map<String, Value>> {
        let members = value.as_object();
        if members.is_none() {
            self.fault(at, "expected a mapping".to_owned(), RESTORE);
        }
        members
    }

    fn unknown(&mut self, members: &Map<String, Value>, at: &Pointer, known: &[&str]) {
        for key in members.keys().filter(|key| !known.contains(&key.as_str())) {
            self.fault(&at.join(key), format!("`{key}` means nothing here"), RESTORE);
        }
    }
}

const RESTORE: &str = "restore the file from version control";
