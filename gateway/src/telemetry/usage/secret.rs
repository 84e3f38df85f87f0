//! The key that consumers' names are hashed with, so that what is written down tells no credential.

use ring::hmac;

/// A key of 32 octets.
#[derive(Clone, Debug)]
pub struct Secret(hmac::Key);

/// Octets of the hash that are written down.
const OCTETS: usize = 16;

impl Secret {
    /// Octets of a key.
    pub const LENGTH: usize = 32;

    /// The key of these octets.
    pub fn new(octets: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, octets))
    }

    /// What stands for a name: HMAC-SHA-256, in hex. Equal names of two sources have different ones.
    pub fn hash(&self, source: &str, name: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(source.as_bytes());
        context.update(&[0]);
        context.update(name);
        let tag = context.sign();
        let digits = tag.as_ref().iter().take(OCTETS).flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_name_is_hashed_by_key_and_source() {
        let (one, other) = (Secret::new(&[1; 32]), Secret::new(&[2; 32]));
        let hash = one.hash("x-api-key", b"k");
        assert_eq!((hash.len(), &hash), (32, &one.hash("x-api-key", b"k")));
        assert_ne!(hash, other.hash("x-api-key", b"k"));
        assert_ne!(hash, one.hash("x-client", b"k"));
    }
}
