//! The fields of a message, in the order in which they came.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Room for so many that the gateway adds.
const ROOM: usize = 7;

/// Fields in order. A message has few, so that a look at each costs less than a table of them; and most questions are
/// about names that are not there, which a word of bits answers without a look.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    list: Vec<(HeaderName, HeaderValue)>,
    /// The bit of each name that was ever put here.
    bits: u64,
}

/// Fields in order, each by reference.
#[derive(Clone, Debug)]
pub struct Iter<'a>(std::slice::Iter<'a, (HeaderName, HeaderValue)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a HeaderName, &'a HeaderValue);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name, value))
    }
}

/// One of 64 bits for a name: those of most well-known names differ.
#[inline]
const fn bit(name: &[u8]) -> u64 {
    match name {
        [first, .., last] => {
            // letters in either case
            let (first, last) = (*first as usize & 31, *last as usize & 31);
            let mixed = name.len().wrapping_mul(7) ^ first ^ last << 2;
            1 << (mixed & 63)
        }
        _ => 1,
    }
}

/// What a field may be asked for by: its name, in any case where it is a text.
pub trait Named {
    /// One of 64 bits; names that differ may share one.
    fn bit(&self) -> u64;

    /// Whether this is the name.
    fn names(&self, own: &HeaderName) -> bool;
}

impl Named for HeaderName {
    #[inline]
    fn bit(&self) -> u64 {
        bit(self.as_str().as_bytes())
    }

    #[inline]
    fn names(&self, own: &HeaderName) -> bool {
        self == own
    }
}

impl Named for str {
    fn bit(&self) -> u64 {
        bit(self.as_bytes())
    }

    fn names(&self, own: &HeaderName) -> bool {
        own.as_str().eq_ignore_ascii_case(self)
    }
}

impl Named for String {
    fn bit(&self) -> u64 {
        bit(self.as_bytes())
    }

    fn names(&self, own: &HeaderName) -> bool {
        self.as_str().names(own)
    }
}

impl<N: Named + ?Sized> Named for &N {
    #[inline]
    fn bit(&self) -> u64 {
        (**self).bit()
    }

    #[inline]
    fn names(&self, own: &HeaderName) -> bool {
        (**self).names(own)
    }
}

impl Fields {
    /// No fields.
    pub const fn new() -> Self {
        Self { list: Vec::new(), bits: 0 }
    }

    /// No fields, with room for so many.
    pub fn with_capacity(fields: usize) -> Self {
        Self { list: Vec::with_capacity(fields), bits: 0 }
    }

    /// How many there are; one that came twice counts twice.
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    #[inline]
    fn may_have(&self, name: &impl Named) -> bool {
        self.bits & name.bit() != 0
    }

    /// Whether there is one of this name.
    #[inline]
    pub fn has(&self, name: impl Named) -> bool {
        self.may_have(&name) && self.list.iter().any(|(own, _)| name.names(own))
    }

    /// The first value of this name.
    #[inline]
    pub fn get(&self, name: impl Named) -> Option<&HeaderValue> {
        if !self.may_have(&name) {
            return None;
        }
        self.list.iter().find(|(own, _)| name.names(own)).map(|(_, value)| value)
    }

    /// All values of this name.
    pub fn get_all<N>(&self, name: N) -> impl Iterator<Item = &HeaderValue> + Clone + use<'_, N>
    where
        N: Named + Clone,
    {
        let list = if self.may_have(&name) { self.list.as_slice() } else { &[] };
        list.iter().filter(move |(own, _)| name.names(own)).map(|(_, value)| value)
    }

    /// All values of this name, to be written anew.
    pub fn get_all_mut<'a>(
        &'a mut self,
        name: &'a HeaderName,
    ) -> impl Iterator<Item = &'a mut HeaderValue> {
        let list = if self.may_have(&name) { self.list.as_mut_slice() } else { &mut [] };
        list.iter_mut().filter(move |(own, _)| name.names(own)).map(|(_, value)| value)
    }

    /// Puts a field behind the others.
    #[inline]
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.bits |= bit(name.as_str().as_bytes());
        self.list.push((name, value));
    }

    /// Puts a field right behind the last of its name, or behind all others.
    pub fn append_beside(&mut self, name: HeaderName, value: HeaderValue) {
        let last = if self.may_have(&name) {
            self.list.iter().rposition(|(own, _)| *own == name)
        } else {
            None
        };
        match last {
            Some(at) => self.list.insert(at + 1, (name, value)),
            None => self.append(name, value),
        }
    }

    /// Makes this the only field of its name, where the first of that name stood, or behind the others.
    #[inline]
    pub fn insert(&mut self, name: HeaderName, value: HeaderValue) {
        if self.may_have(&name) {
            self.replace(name, value);
        } else {
            self.append(name, value);
        }
    }

    fn replace(&mut self, name: HeaderName, value: HeaderValue) {
        let Some(at) = self.list.iter().position(|(own, _)| *own == name) else {
            return self.append(name, value);
        };
        let mut place = 0;
        self.list.retain(|(own, _)| {
            place += 1;
            place <= at + 1 || *own != name
        });
        if let Some(slot) = self.list.get_mut(at) {
            slot.1 = value;
        }
    }

    /// Puts a field where there is none of its name.
    pub fn insert_new(&mut self, name: HeaderName, value: impl FnOnce() -> HeaderValue) {
        if !self.has(&name) {
            self.append(name, value());
        }
    }

    /// Takes all fields of this name out; the first value.
    pub fn remove(&mut self, name: impl Named) -> Option<HeaderValue> {
        if !self.may_have(&name) {
            return None;
        }
        let at = self.list.iter().position(|(own, _)| name.names(own))?;
        let (_, value) = self.list.remove(at);
        self.list.retain(|(own, _)| !name.names(own));
        Some(value)
    }

    /// Keeps the fields of such names.
    pub fn retain(&mut self, mut keep: impl FnMut(&HeaderName) -> bool) {
        self.list.retain(|(name, _)| keep(name));
    }

    /// Each field.
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        self.into_iter()
    }

    /// The name of each field.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.list.iter().map(|(name, _)| name)
    }

    /// The value of each field.
    pub fn values(&self) -> impl Iterator<Item = &HeaderValue> {
        self.list.iter().map(|(_, value)| value)
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = (&'a HeaderName, &'a HeaderValue);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        Iter(self.list.iter())
    }
}

impl Extend<(HeaderName, HeaderValue)> for Fields {
    fn extend<T: IntoIterator<Item = (HeaderName, HeaderValue)>>(&mut self, fields: T) {
        fields.into_iter().for_each(|(name, value)| self.append(name, value));
    }
}

impl FromIterator<(HeaderName, HeaderValue)> for Fields {
    fn from_iter<T: IntoIterator<Item = (HeaderName, HeaderValue)>>(fields: T) -> Self {
        let mut made = Self::new();
        made.extend(fields);
        made
    }
}

impl From<HeaderMap> for Fields {
    /// Fields of one name stand together then.
    fn from(map: HeaderMap) -> Self {
        let mut fields = Self::with_capacity(map.len() + ROOM);
        let mut last = None;
        for (name, value) in map {
            last = name.or(last);
            if let Some(name) = &last {
                fields.append(name.clone(), value);
            }
        }
        fields
    }
}

impl From<Fields> for HeaderMap {
    fn from(fields: Fields) -> Self {
        let mut map = Self::with_capacity(fields.len());
        for (name, value) in fields.list {
            map.append(name, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, DATE, HOST, HeaderMap, HeaderName, HeaderValue, VIA};
    use proptest::prelude::*;

    use super::Fields;

    fn value(text: &str) -> HeaderValue {
        HeaderValue::from_str(text).unwrap()
    }

    fn told(fields: &Fields) -> Vec<(String, String)> {
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        fields.iter().map(|(name, one)| (name.to_string(), text(one))).collect()
    }

    #[test]
    fn fields_keep_their_order() {
        let mut fields = Fields::new();
        for (name, text) in [(VIA, "1"), (HOST, "2"), (VIA, "3"), (ACCEPT, "4")] {
            fields.append(name, value(text));
        }
        fields.insert(VIA, value("5"));
        fields.append_beside(VIA, value("6"));
        fields.append_beside(DATE, value("7"));
        let expected = [("via", "5"), ("via", "6"), ("host", "2"), ("accept", "4"), ("date", "7")];
        assert_eq!(told(&fields), expected.map(|(name, one)| (name.to_owned(), one.to_owned())));
    }

    proptest! {
        /// Whatever is done to them, each name has the values that a map of them has.
        #[test]
        fn a_map_says_the_same(steps in proptest::collection::vec((0..4_u8, 0..6_usize, 0..9_u8), 0..30)) {
            let names = ["host", "via", "x-a", "x-b", "accept", "accept-encoding"]
                .map(HeaderName::from_static);
            let (mut fields, mut map) = (Fields::new(), HeaderMap::new());
            for (step, at, number) in steps {
                let (name, one) = (names[at].clone(), HeaderValue::from(u16::from(number)));
                match step {
                    0 => { map.append(name.clone(), one.clone()); fields.append(name, one); }
                    1 => { map.insert(name.clone(), one.clone()); fields.insert(name, one); }
                    2 => {
                        map.entry(name.clone()).or_insert_with(|| one.clone());
                        fields.insert_new(name, || one);
                    }
                    _ => prop_assert_eq!(fields.remove(&name), map.remove(&name)),
                }
            }
            for name in &names {
                let all: Vec<_> = fields.get_all(name).collect();
                prop_assert_eq!(&all, &map.get_all(name).iter().collect::<Vec<_>>());
                prop_assert_eq!((fields.get(name), fields.has(name)), (map.get(name), map.contains_key(name)));
            }
            prop_assert_eq!(HeaderMap::from(fields.clone()), map.clone());
            prop_assert_eq!(fields.len(), map.len());
            prop_assert_eq!(HeaderMap::from(Fields::from(map.clone())), map);
        }
    }
}
