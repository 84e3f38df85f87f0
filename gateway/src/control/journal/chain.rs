//! How a line of the journal is chained to the one before, and told from one that somebody changed.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// What the first entry of all names as the hash before it.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What stands between an entry and its hash, and behind that.
const SEAL: (&str, &str) = (",\"hash\":\"", "\"}");

/// The newest entry, by which a journal that lost its end can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Counted from 1.
    pub(crate) sequence: u64,
    /// Its hash, in hex.
    pub(crate) hash: String,
}

/// What a line says of its place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Link {
    pub(super) sequence: u64,
    pub(super) previous: String,
    pub(super) hash: String,
}

impl Link {
    pub(super) fn head(self) -> Head {
        Head { sequence: self.sequence, hash: self.hash }
    }
}

/// The line of an entry that is written as a JSON object, and its hash.
pub(super) fn seal(body: &str, previous: &str) -> (String, String) {
    let hash = hash(previous, body.as_bytes());
    let open = body.strip_suffix('}').unwrap_or(body);
    (format!("{open}{}{hash}{}\n", SEAL.0, SEAL.1), hash)
}

/// Looks at a line without its end; the error says what is wrong with it.
pub(super) fn unseal(line: &[u8]) -> Result<Link, &'static str> {
    let link: Link = serde_json::from_slice(line)
        .map_err(|_| "it is no entry in JSON with sequence, previous and hash")?;
    let seal = format!("{}{}{}", SEAL.0, link.hash, SEAL.1);
    let Some(open) = line.strip_suffix(seal.as_bytes()) else {
        return Err("its hash does not stand at its end");
    };
    let body = [open, b"}"].concat();
    if hash(&link.previous, &body) == link.hash {
        return Ok(link);
    }
    Err("it is not what its hash was made of")
}

/// SHA-256 over the hash before, as it is written, and the octets of the entry without its own.
fn hash(previous: &str, body: &[u8]) -> String {
    let whole = Sha256::new().chain_update(previous).chain_update(body);
    hex(&whole.finalize())
}

/// Octets in hex, lower case.
pub(crate) fn hex(octets: &[u8]) -> String {
    let nibbles = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::{GENESIS, seal, unseal};

    #[test]
    fn a_change_of_any_octet_is_found() {
        let body = format!("{{\"sequence\":1,\"who\":\"alice\",\"previous\":\"{GENESIS}\"}}");
        let (line, hash) = seal(&body, GENESIS);
        let line = line.trim_end().as_bytes();
        let link = unseal(line).unwrap();
        assert_eq!((link.sequence, link.previous.as_str(), &link.hash), (1, GENESIS, &hash));
        for at in 0..line.len() {
            for flip in [1, 2, 0x20, 0x80] {
                let mut changed = line.to_vec();
                changed[at] ^= flip;
                assert!(unseal(&changed).is_err(), "{at}: {}", String::from_utf8_lossy(&changed));
            }
            let mut cut = line.to_vec();
            cut.remove(at);
            assert!(unseal(&cut).is_err(), "{at}");
        }
    }

    #[test]
    fn a_member_that_is_said_twice_is_no_way_around_the_hash() {
        let body = format!("{{\"sequence\":1,\"previous\":\"{GENESIS}\"}}");
        let (line, _) = seal(&body, GENESIS);
        let twice = line.trim_end().replacen("\"sequence\":1", "\"sequence\":1,\"sequence\":2", 1);
        assert!(unseal(twice.as_bytes()).is_err());
    }
}
