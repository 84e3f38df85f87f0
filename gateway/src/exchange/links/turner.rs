//! Turning one link: which of its parts say a version, and what stands there in the other version's words.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use evergate_schemas::plan::outside::{Carrier, Links};

use super::cursor;
use super::reference::Reference;
use crate::exchange::query;
use crate::snapshot::Captures;
use crate::snapshot::links::{Linking, Row, Words};

/// Who reads the links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toward {
    /// They come from the backend.
    Client,
    /// They come from the client.
    Backend,
}

/// What is known of the links of one exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here<'a> {
    pub(crate) linking: &'a Arc<Linking>,
    /// The scheme by which the client reached the gateway.
    pub(crate) scheme: &'static str,
    /// The `Host` that the client asks for.
    pub(crate) authority: &'a str,
    /// The client's operation, by its label.
    pub(crate) operation: &'a Arc<str>,
}

impl Here<'_> {
    /// The one who turns the links of a message.
    pub(crate) fn turner(&self, toward: Toward) -> Arc<Turner> {
        Arc::new(Turner {
            linking: Arc::clone(self.linking),
            toward,
            scheme: self.scheme,
            authority: self.authority.to_ascii_lowercase(),
            operation: Arc::clone(self.operation),
            related: Mutex::new(Some(Vec::new())),
        })
    }
}

/// Turns the links of one message.
#[derive(Debug)]
pub(crate) struct Turner {
    linking: Arc<Linking>,
    toward: Toward,
    scheme: &'static str,
    authority: String,
    operation: Arc<str>,
    /// Links for the head, by relation; absent once the head is gone.
    related: Mutex<Option<Vec<(String, String)>>>,
}

/// Relations that are told in one head.
const RELATIONS: usize = 16;

/// The turner as the programs of a message see it.
#[derive(Debug)]
struct Carried {
    turner: Arc<Turner>,
    /// The label of the version whose words the first step reads.
    first: Option<Arc<str>>,
}

/// What programs of a message are given, with the label of the version whose words the first step reads.
pub(super) fn carrier(turner: &Arc<Turner>, first: Option<&Arc<str>>) -> Carrier {
    Carrier(Arc::new(Carried { turner: Arc::clone(turner), first: first.cloned() }))
}

impl Links for Carried {
    fn link(&self, text: &str, from: &str) -> Option<String> {
        self.turner.turn(text, self.first.as_deref() == Some(from))
    }

    fn seal(&self, token: &str, from: &str) -> Option<String> {
        let turner = &self.turner;
        if turner.toward == Toward::Backend || self.first.as_deref() != Some(from) {
            return None;
        }
        cursor::seal(turner.label(turner.from())?, token)
    }

    fn relate(&self, relation: &str, target: &str) -> bool {
        let plain = |byte: u8| (0x21..0x7f).contains(&byte) && !b"<>\"\\".contains(&byte);
        let turner = &self.turner;
        if turner.toward == Toward::Backend || !target.bytes().all(plain) {
            return false;
        }
        let turned = turner.turn(target, true).unwrap_or_else(|| target.to_owned());
        match &mut *turner.related.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(all) if all.len() < RELATIONS => {
                all.push((relation.to_owned(), turned));
                true
            }
            _ => false,
        }
    }
}

/// A way to read a path: what stands before the operation's own in the other version, the operation's own, and whether
/// a version was named.
type Reading<'a> = (String, &'a str, bool);

impl Turner {
    /// The links that were taken out of the body for the head, which is written now.
    pub(crate) fn finish(&self) -> Vec<(String, String)> {
        self.related.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// The link in the reader's words; `None` for what is no link of this api, or says another version than its
    /// sender's. A link that says no version is turned only where `own` is given: twice would be once too often.
    pub(crate) fn turn(&self, text: &str, own: bool) -> Option<String> {
        let reference = Reference::parse(text)?;
        let inside = match reference.origin {
            None => false,
            Some((_, authority)) if self.is_public(authority) => false,
            Some((_, authority)) => {
                let at_backend = self.toward == Toward::Client && self.is_endpoint(authority);
                at_backend.then_some(true)?
            }
        };
        let query = reference.query.unwrap_or_default();
        let named = self.is_named_in(query)?;
        let ((lead, rest, in_path), row) = self.read(reference.path)?;
        if row.as_ref().is_some_and(|(row, _)| self.is_left(row, query)) {
            return None;
        }
        if !(named || in_path || (own && row.is_some())) {
            return None;
        }
        let mut turned = String::with_capacity(text.len() + 32);
        if let Some((scheme, authority)) = reference.origin {
            let _ = match (inside, &self.linking.public) {
                (false, _) => write!(turned, "{scheme}://{authority}"),
                (true, Some((scheme, authority))) => write!(turned, "{scheme}://{authority}"),
                (true, None) => write!(turned, "{}://{}", self.scheme, self.authority),
            };
        }
        turned.push_str(&lead);
        match &row {
            Some((row, captures)) if !reference.path.is_empty() => {
                row.render(captures, &mut turned);
            }
            _ => turned.push_str(rest),
        }
        if reference.query.is_some() {
            turned.push('?');
            self.write_query(query, row.map(|(row, _)| row), &mut turned);
        }
        turned.push_str(reference.fragment);
        (turned != text).then_some(turned)
    }

    fn from(&self) -> usize {
        let (client, backend) = self.linking.pair;
        if self.toward == Toward::Client { backend } else { client }
    }

    fn to(&self) -> usize {
        let (client, backend) = self.linking.pair;
        if self.toward == Toward::Client { client } else { backend }
    }

    fn words(&self) -> &Words {
        if self.toward == Toward::Client { &self.linking.inward } else { &self.linking.outward }
    }

    fn label(&self, version: usize) -> Option<&str> {
        self.linking.versions.labels().get(version).map(String::as_str)
    }

    /// What the sender's version, as it stands in a link, is in the reader's words; `None` for another version, or
    /// for a spelling that would not come back.
    fn version(&self, text: &str) -> Option<String> {
        let versions = &self.linking.versions;
        let ours = versions.find(text) == Some(self.from());
        let same = ours && versions.spelled(self.from(), text) == text;
        let turned = versions.spelled(self.to(), text);
        (same && versions.spelled(self.from(), &turned) == text).then(|| turned.into_owned())
    }

    fn is_public(&self, authority: &str) -> bool {
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let listed = |one: &String| match one.strip_prefix("*.") {
            Some(parent) => host
                .len()
                .checked_sub(parent.len() + 1)
                .and_then(|at| host.get(at..))
                .and_then(|tail| tail.strip_prefix('.'))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(parent)),
            None => one.eq_ignore_ascii_case(host),
        };
        let public = self.linking.public.as_ref().map(|(_, own)| own.as_str());
        authority.eq_ignore_ascii_case(&self.authority)
            || public.is_some_and(|own| own.eq_ignore_ascii_case(authority))
            || self.linking.hosts.iter().any(listed)
    }

    fn is_endpoint(&self, authority: &str) -> bool {
        self.linking.endpoints.iter().any(|one| one.eq_ignore_ascii_case(authority))
    }

    /// Whether the query says the sender's version; `None` when it says another.
    fn is_named_in(&self, query: &str) -> Option<bool> {
        let mut named = false;
        for (name, value) in query::pairs(query) {
            if self.says_version(name) {
                self.version(value)?;
                named = true;
            }
        }
        Some(named)
    }

    fn says_version(&self, name: &str) -> bool {
        self.linking.queries.iter().any(|one| query::is_named(name, one))
    }

    /// Reads a path in the first way in which it leads to a declared operation, else in one that names the version.
    fn read<'a>(&self, path: &'a str) -> Option<(Reading<'a>, Option<(&Row, Captures<'a>)>)> {
        let words = self.words();
        if path.is_empty() {
            let row = words.of(&self.operation).map(|row| (row, Captures::new()));
            return Some(((String::new(), path, false), row));
        }
        let readings = self.readings(path)?;
        let found = readings.iter().find_map(|one| Some((one.clone(), Some(words.find(one.1)?))));
        let named = || readings.iter().find(|(_, _, named)| *named).or(readings.last());
        found.or_else(|| named().map(|one| (one.clone(), None)))
    }

    /// All ways to read a path; `None` when it is outside the api or names another version.
    fn readings<'a>(&self, path: &'a str) -> Option<Vec<Reading<'a>>> {
        let words = self.words();
        let mut readings: Vec<Reading<'a>> = Vec::with_capacity(4);
        readings.extend(based(words, path));
        let linking = &*self.linking;
        let after = under(path, &linking.prefix);
        let segment = after.and_then(|after| after.strip_prefix('/')?.split('/').next());
        if let (Some(after), Some(segment), Some(affix)) = (after, segment, &linking.segment)
            && let Some(said) = affix.capture(segment)
            && linking.versions.is_meant(said)
        {
            let own = affix.write(&self.version(said)?);
            let rest = after.strip_prefix('/')?.strip_prefix(segment)?;
            let lead = format!("{}/{own}", linking.prefix);
            let inner = based(words, rest);
            readings.extend(inner.map(|(base, rest, _)| (format!("{lead}{base}"), rest, true)));
            readings.push((lead, rest, true));
            return Some(readings);
        }
        if let Some(after) = after {
            let inner = based(words, after);
            let lead = &linking.prefix;
            if !lead.is_empty() {
                readings.extend(
                    inner.map(|(base, rest, named)| (format!("{lead}{base}"), rest, named)),
                );
            }
            readings.push((lead.clone(), after, false));
        }
        (!readings.is_empty()).then_some(readings)
    }

    /// Whether the reader's version has something of the link in another form than a link can say.
    fn is_left(&self, row: &Row, query: &str) -> bool {
        self.words().left(&row.label).any(|parameter| match parameter {
            Some(own) => query::pairs(query).any(|(name, _)| query::is_named(name, own)),
            None => true,
        })
    }

    /// The query in the reader's words: versions, names of parameters, and the paging token.
    fn write_query(&self, query: &str, row: Option<&Row>, into: &mut String) {
        for (index, pair) in query.split('&').enumerate() {
            if index > 0 {
                into.push('&');
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if self.says_version(name) {
                let turned = self.version(value);
                let _ = write!(into, "{name}={}", turned.as_deref().unwrap_or(value));
                continue;
            }
            let renames = row.map(|row| row.renames.as_slice()).unwrap_or_default();
            match renames.iter().find(|(read, _)| query::is_named(name, read)) {
                Some((_, written)) => query::encode(written, into),
                None => into.push_str(name),
            }
            if !pair.contains('=') {
                continue;
            }
            let cursor = row.and_then(|row| row.cursor.as_deref());
            let turned = cursor
                .filter(|cursor| query::is_named(name, cursor))
                .and_then(|_| self.write_token(value));
            let _ = write!(into, "={}", turned.as_deref().unwrap_or(value));
        }
    }

    /// A token in a link, as it stands there: sealed for the client, opened for the version that it belongs to.
    fn write_token(&self, raw: &str) -> Option<String> {
        if self.toward == Toward::Client {
            return cursor::seal(self.label(self.from())?, raw);
        }
        let (label, token) = cursor::open(raw)?;
        (self.linking.versions.find(&label) == Some(self.to())).then(|| token.to_owned())
    }
}

/// The rest of a path below a base, by whole segments.
fn under<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path that begins with a base of the description, and the base of the other version.
fn based<'a>(words: &Words, path: &'a str) -> Option<Reading<'a>> {
    let bases = words.bases.iter().filter(|base| !base.is_empty());
    let (base, rest) = bases
        .filter_map(|base| Some((base, under(path, base)?)))
        .max_by_key(|(base, _)| base.len())?;
    let same = words.written.contains(base);
    let written = if same { Some(base) } else { words.written.first() };
    Some((written.cloned().unwrap_or_default(), rest, !same))
}
