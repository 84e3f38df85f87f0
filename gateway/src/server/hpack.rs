//! Header blocks of HTTP/2, followed as far as their compression goes (RFC 7541): whether they can be decoded, and whether a
//! pseudo-header field is among them. No text is made; the dynamic table is kept as lengths.

use std::collections::VecDeque;

/// `SETTINGS_HEADER_TABLE_SIZE`, which is never told another one (RFC 9113 §6.5.2).
const TABLE: usize = 4096;
/// What an entry counts beside its octets (RFC 7541 §4.1).
const OVERHEAD: usize = 32;

/// What cannot be decoded: nothing behind it on the connection can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Undecodable;

/// The decoder of one connection.
#[derive(Debug)]
pub(super) struct FieldTable {
    /// The newest first.
    entries: VecDeque<Entry>,
    /// Octets that the entries count.
    size: usize,
    /// Octets that they may count.
    most: usize,
}

/// A field in the dynamic table, or a name alone.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Octets of its name.
    name: usize,
    /// Octets that it counts.
    size: usize,
    pseudo: bool,
}

impl Default for FieldTable {
    fn default() -> Self {
        Self { entries: VecDeque::new(), size: 0, most: TABLE }
    }
}

impl FieldTable {
    /// Follows the next block, all of it; the answer says whether it has a pseudo-header field.
    ///
    /// # Errors
    /// When it cannot be decoded.
    pub(super) fn block(&mut self, octets: &[u8]) -> Result<bool, Undecodable> {
        self.fields(octets).ok_or(Undecodable)
    }

    fn fields(&mut self, mut octets: &[u8]) -> Option<bool> {
        let (mut pseudo, mut begins) = (false, true);
        while let Some(first) = octets.first() {
            pseudo |= match first {
                // RFC 7541 §6.1: an indexed field
                0x80.. => {
                    let index = number(&mut octets, 7)?;
                    self.entry(index)?.pseudo
                }
                // §6.2.1: a literal that is kept
                0x40..0x80 => {
                    let entry = self.literal(&mut octets, 6)?;
                    self.keep(entry);
                    entry.pseudo
                }
                // §6.3: another size of the table, which stands first (§4.2)
                0x20..0x40 if begins => {
                    self.most = number(&mut octets, 5).filter(|most| *most <= TABLE)?;
                    self.evict(self.most);
                    continue;
                }
                0x20..0x40 => return None,
                // §6.2.2, §6.2.3: a literal that is not kept
                _ => self.literal(&mut octets, 4)?.pseudo,
            };
            begins = false;
        }
        Some(pseudo)
    }

    fn literal(&self, octets: &mut &[u8], prefix: u32) -> Option<Entry> {
        let index = number(octets, prefix)?;
        let (name, pseudo) = if index == 0 {
            text(octets)?
        } else {
            let entry = self.entry(index)?;
            (entry.name, entry.pseudo)
        };
        let (value, _) = text(octets)?;
        Some(Entry { name, size: name + value + OVERHEAD, pseudo })
    }

    /// What an index stands for (§2.3.3).
    fn entry(&self, index: usize) -> Option<Entry> {
        let index = index.checked_sub(1)?;
        match STATIC.get(index) {
            Some(name) => {
                let pseudo = name.starts_with(':');
                Some(Entry { name: name.len(), size: 0, pseudo })
            }
            None => self.entries.get(index - STATIC.len()).copied(),
        }
    }

    /// §4.4: what has no room leaves an empty table.
    fn keep(&mut self, entry: Entry) {
        self.evict(self.most.saturating_sub(entry.size));
        if entry.size <= self.most {
            self.size += entry.size;
            self.entries.push_front(entry);
        }
    }

    fn evict(&mut self, most: usize) {
        while self.size > most
            && let Some(oldest) = self.entries.pop_back()
        {
            self.size -= oldest.size;
        }
    }
}

/// An integer behind a prefix of so many bits (§5.1), of no more octets than any length needs.
fn number(octets: &mut &[u8], prefix: u32) -> Option<usize> {
    let (first, mut rest) = octets.split_first()?;
    let full = (1 << prefix) - 1;
    let mut value = usize::from(*first) & full;
    let mut goes_on = value == full;
    for shift in [0, 7, 14, 21] {
        if !goes_on {
            break;
        }
        let (next, behind) = rest.split_first()?;
        value += usize::from(next & 0x7f) << shift;
        (goes_on, rest) = (next & 0x80 != 0, behind);
    }
    *octets = rest;
    (!goes_on).then_some(value)
}

/// Octets of a string (§5.2), and whether a colon stands first.
fn text(octets: &mut &[u8]) -> Option<(usize, bool)> {
    let packed = octets.first()? & 0x80 != 0;
    let length = number(octets, 7)?;
    let (own, rest) = octets.split_at_checked(length)?;
    *octets = rest;
    if packed {
        Some((unpacked(own)?, own.first().is_some_and(|first| first >> 1 == COLON)))
    } else {
        Some((own.len(), own.first() == Some(&b':')))
    }
}

/// The code of a colon, of seven bits (RFC 7541 appendix B).
const COLON: u8 = 0x5c;

/// For each length of a code of more than eight bits but the last: the first code that is longer, with zeros behind it (RFC
/// 7541 appendix B). The code is canonical: its length tells nothing of the symbol, which nobody asks for.
const BOUNDS: [(u32, u32); 16] = [
    (10, 0xff40_0000),
    (11, 0xffa0_0000),
    (12, 0xffc0_0000),
    (13, 0xfff0_0000),
    (14, 0xfff8_0000),
    (15, 0xfffe_0000),
    (19, 0xfffe_6000),
    (20, 0xfffe_e000),
    (21, 0xffff_4800),
    (22, 0xffff_b000),
    (23, 0xffff_ea00),
    (24, 0xffff_f600),
    (25, 0xffff_f800),
    (26, 0xffff_fbc0),
    (27, 0xffff_fe20),
    (28, 0xffff_fff0),
];

/// Octets of a string in the Huffman code; `None` where its end is no sound padding, or the end of string stands in it.
fn unpacked(octets: &[u8]) -> Option<usize> {
    let (mut held, mut bits, mut symbols) = (0_u64, 0_u32, 0);
    let mut rest = octets.iter();
    loop {
        while bits <= 56
            && let Some(next) = rest.next()
        {
            held |= u64::from(*next) << (56 - bits);
            bits += 8;
        }
        let code = code(held);
        if code > bits {
            // §5.2: what is left is less than an octet, and ones only
            let ones = held.leading_ones() >= bits;
            return (bits < 8 && ones).then_some(symbols);
        }
        if held >> 34 == 0x3fff_ffff {
            return None;
        }
        held <<= code;
        bits -= code;
        symbols += 1;
    }
}

/// The bits of the code that stands first.
fn code(held: u64) -> u32 {
    let [first, ..] = held.to_be_bytes();
    match first {
        ..0x50 => 5,
        0x50..0xb8 => 6,
        0xb8..0xf8 => 7,
        0xf8..0xfe => 8,
        0xfe.. => {
            let window = u32::try_from(held >> 32).unwrap_or(u32::MAX);
            BOUNDS.iter().find(|(_, bound)| window < *bound).map_or(30, |(bits, _)| *bits)
        }
    }
}

/// Names of the static table (RFC 7541 appendix A).
const STATIC: [&str; 61] = [
    ":authority",
    ":method",
    ":method",
    ":path",
    ":path",
    ":scheme",
    ":scheme",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "accept",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FieldTable, TABLE, Undecodable, code, unpacked};

    fn octets(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    /// Blocks of one connection, and what the table counts after each.
    #[track_caller]
    fn check(most: usize, blocks: &[(&str, usize)]) {
        let mut table = FieldTable { most, ..FieldTable::default() };
        for (block, size) in blocks {
            assert_eq!(table.block(&octets(block)), Ok(true), "{block}");
            assert_eq!(table.size, *size, "{block}");
            assert_eq!(table.entries.iter().map(|one| one.size).sum::<usize>(), table.size);
        }
    }

    #[test]
    fn the_examples_of_the_rfc_fill_the_table_as_it_says() {
        // RFC 7541 appendices C.3, C.4, C.6
        check(
            TABLE,
            &[
                ("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", 57),
                ("8286 84be 5808 6e6f 2d63 6163 6865", 110),
                ("8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", 164),
            ],
        );
        check(
            TABLE,
            &[
                ("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", 57),
                ("8286 84be 5886 a8eb 1064 9cbf", 110),
                ("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", 164),
            ],
        );
        check(
            256,
            &[
                (
                    "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b \
                     ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
                    222,
                ),
                ("4883 640e ffc1 c0bf", 222),
                (
                    "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad \
                     94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed \
                     4ee5 b106 3d50 07",
                    215,
                ),
            ],
        );
    }

    /// How many codes have so many bits (RFC 7541 appendix B).
    const CODES: [(u32, u64); 21] = [
        (5, 10),
        (6, 26),
        (7, 32),
        (8, 6),
        (10, 5),
        (11, 3),
        (12, 2),
        (13, 6),
        (14, 2),
        (15, 3),
        (19, 3),
        (20, 8),
        (21, 13),
        (22, 26),
        (23, 29),
        (24, 12),
        (25, 4),
        (26, 15),
        (27, 19),
        (28, 29),
        (30, 4),
    ];

    #[test]
    fn each_code_has_its_length() {
        assert_eq!(CODES.iter().map(|(_, count)| count).sum::<u64>(), 257);
        let mut next = 0;
        for (bits, count) in CODES {
            for _ in 0..count {
                assert_eq!(code(next << 32), bits, "{next:x}");
                next += 1 << (32 - bits);
                assert_eq!(code((next << 32).wrapping_sub(1)), bits, "{next:x}");
            }
        }
        assert_eq!(next, 1 << 32, "the code is complete");
    }

    #[test]
    fn what_cannot_be_decoded_is_told() {
        for block in [
            "80",                 // index 0
            "be",                 // beyond the tables
            "ff8001",             // far beyond them
            "3fe2ff7f",           // a table larger than was offered
            "8220",               // its size behind a field
            "ffffffffffffffffff", // a number without end
            "000578",             // a literal that is cut
            "000178",             // its value is missing
            "0001788100",         // padding of zeros
            "00017884ffffffff",   // the end of string
            "00017881",           // a packed value that is cut
            "00017882f8ff",       // padding of an octet
            "0001",               // a name that is missing
            "7f",                 // an index that is cut
        ] {
            let mut table = FieldTable::default();
            assert_eq!(table.block(&octets(block)), Err(Undecodable), "{block}");
        }
    }

    #[test]
    fn pseudo_fields_are_seen_however_they_are_written() {
        for (block, expected) in [
            ("", false),
            ("84", true),                     // indexed
            ("0401 2f", true),                // by the index of its name
            ("0005 3a70 6174 6801 2f", true), // in letters
            ("0084 b958 d33f 0161", true),    // packed
            ("0f2e 0161", false),
            ("0001 7801 3a", false), // a colon in a value
            ("203f e11f 90", false), // sizes of the table first
        ] {
            let mut table = FieldTable::default();
            assert_eq!(table.block(&octets(block)), Ok(expected), "{block}");
        }
        let mut table = FieldTable::default();
        assert_eq!(table.block(&octets("4005 3a70 6174 6801 2f")), Ok(true));
        assert_eq!(table.block(&octets("be")), Ok(true), "by the dynamic table");
        assert_eq!(table.block(&octets("20")), Ok(false));
        assert_eq!(table.block(&octets("be")), Err(Undecodable), "an emptied table");
    }

    proptest! {
        #[test]
        fn no_octets_bring_it_down_or_make_it_grow(
            blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..20)
        ) {
            let mut table = FieldTable::default();
            for block in blocks {
                let _ = table.block(&block);
                let size: usize = table.entries.iter().map(|one| one.size).sum();
                prop_assert!(table.size == size && size <= TABLE);
            }
        }

        #[test]
        fn a_packed_text_has_as_many_octets_as_eight_bits_of_code_allow(
            octets in prop::collection::vec(any::<u8>(), 0..400)
        ) {
            if let Some(symbols) = unpacked(&octets) {
                prop_assert!(symbols * 5 <= octets.len() * 8 && octets.len() * 8 < symbols * 30 + 8);
            }
        }
    }
}
