//! Whole tokens sixteen bytes at a time, for the quick way; whatever is odd is left to the slow one.
//!
//! Each function takes the rest of a chunk and gives what follows the token. None means that the token does not lie in
//! the chunk whole, or too near to its end, or is spelled oddly, or is wrong.

use wide::u8x16;

/// Bytes looked at together.
const WIDTH: usize = 16;

/// A bit for each `"`, `\` and control character.
#[inline]
fn ends(block: [u8; WIDTH]) -> u32 {
    let block = u8x16::new(block);
    let slash = block.simd_eq(u8x16::splat(b'\\'));
    // with that bit turned over, `"` comes directly after the control characters
    let turned = block ^ u8x16::splat(b'"' ^ 0x20);
    let low = turned.simd_eq(turned.min(u8x16::splat(0x20)));
    (slash | low).to_bitmask()
}

/// Bytes until the first `"`, `\` or control character, or all of them.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk() {
        let found = ends(*block);
        if found != 0 {
            return bytes.len() - rest.len() + found.trailing_zeros() as usize;
        }
        rest = after;
    }
    let end = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    bytes.len() - rest.len() + rest.iter().position(end).unwrap_or(rest.len())
}

/// What follows the string whose text `rest` begins with.
#[inline]
pub(super) fn after_string(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = rest;
    let mut found;
    loop {
        let (block, after) = rest.split_first_chunk()?;
        found = ends(*block);
        if found != 0 {
            break;
        }
        rest = after;
    }
    let (end, after) = rest.get(found.trailing_zeros() as usize..)?.split_first()?;
    if *end == b'"' { Some(after) } else { after_odd_string(*end, after) }
}

/// The same, after a byte that does not simply belong to the string.
#[inline(never)]
fn after_odd_string(odd: u8, after: &[u8]) -> Option<&[u8]> {
    let (mut odd, mut rest) = (odd, after);
    loop {
        rest = match odd {
            b'"' => return Some(rest),
            b'\\' => after_escape(rest)?,
            _ => return None,
        };
        rest = rest.get(plain(rest)..)?;
        (odd, rest) = rest.split_first().map(|(odd, after)| (*odd, after))?;
    }
}

/// What follows the escape whose letter `rest` begins with.
#[inline]
fn after_escape(rest: &[u8]) -> Option<&[u8]> {
    let (letter, after) = rest.split_first()?;
    match letter {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(after),
        b'u' => after_code(after),
        _ => None,
    }
}

/// What follows the four digits that `rest` begins with, or the two halves of a surrogate pair.
fn after_code(rest: &[u8]) -> Option<&[u8]> {
    let (digits, after) = rest.split_first_chunk()?;
    match unit(*digits)? {
        0xD800..=0xDBFF => {
            let (digits, after) = after.strip_prefix(b"\\u")?.split_first_chunk()?;
            matches!(unit(*digits)?, 0xDC00..=0xDFFF).then_some(after)
        }
        0xDC00..=0xDFFF => None,
        _ => Some(after),
    }
}

/// Four hexadecimal digits.
#[inline]
fn unit(digits: [u8; 4]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |value, &digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        Some((value << 4) | u16::from(digit))
    })
}

/// What follows the number that `rest` begins with. None too when it is long or has an exponent.
#[inline]
pub(super) fn after_number(rest: &[u8]) -> Option<&[u8]> {
    let block = rest.first_chunk()?;
    match number_length(digits(*block), block) {
        Some(length) => rest.get(length..),
        None => after_long_number(rest),
    }
}

#[cold]
#[inline(never)]
fn after_long_number(rest: &[u8]) -> Option<&[u8]> {
    let block = rest.first_chunk::<32>()?;
    let (low, high) = block.split_first_chunk()?;
    let bits = digits(*low) | digits(*high.first_chunk()?) << WIDTH;
    rest.get(number_length(bits, block)?..)
}

/// A bit for each digit.
#[inline]
fn digits(block: [u8; WIDTH]) -> u32 {
    let value = u8x16::new(block) - u8x16::splat(b'0');
    value.simd_eq(value.min(u8x16::splat(9))).to_bitmask()
}

/// The length of the number that `block` begins with, if a byte after it is in the block too.
#[inline]
fn number_length(digits: u32, block: &[u8]) -> Option<usize> {
    let run = |from: u32| digits.unbounded_shr(from).trailing_ones();
    let at = |place: u32| block.get(place as usize);
    let first = u32::from(at(0) == Some(&b'-'));
    let whole = run(first);
    if whole == 0 || (whole > 1 && at(first) == Some(&b'0')) {
        return None;
    }
    let mut end = first + whole;
    if at(end)? == &b'.' {
        let fraction = run(end + 1);
        if fraction == 0 {
            return None;
        }
        end += 1 + fraction;
    }
    match at(end)? {
        b'e' | b'E' => None,
        _ => Some(end as usize),
    }
}

/// What follows the `true`, `false` or `null` that `rest` begins with.
#[inline]
fn after_literal(rest: &[u8]) -> Option<&[u8]> {
    const TRUE: u32 = u32::from_le_bytes(*b"true");
    const NULL: u32 = u32::from_le_bytes(*b"null");
    const FALS: u32 = u32::from_le_bytes(*b"fals");
    let (word, after) = rest.split_first_chunk()?;
    match u32::from_le_bytes(*word) {
        TRUE | NULL => Some(after),
        FALS => after.strip_prefix(b"e"),
        _ => None,
    }
}

/// What follows the scalar that `rest` begins with.
#[inline]
pub(super) fn after_scalar(rest: &[u8]) -> Option<&[u8]> {
    match rest.first()? {
        b'"' => after_string(rest.get(1..)?),
        b'-' | b'0'..=b'9' => after_number(rest),
        _ => after_literal(rest),
    }
}

/// What follows the blanks that `rest` begins with, if any.
#[inline]
pub(super) fn after_blank(rest: &[u8]) -> &[u8] {
    match rest.first() {
        Some(0..=b' ') => after_blanks(rest),
        _ => rest,
    }
}

fn after_blanks(rest: &[u8]) -> &[u8] {
    let mut rest = rest;
    while let Some((block, after)) = rest.split_first_chunk::<WIDTH>() {
        let block = u8x16::new(*block);
        let blank = block.simd_eq(u8x16::splat(b' '))
            | block.simd_eq(u8x16::splat(b'\n'))
            | block.simd_eq(u8x16::splat(b'\r'))
            | block.simd_eq(u8x16::splat(b'\t'));
        let run = blank.to_bitmask().trailing_ones() as usize;
        if run < WIDTH {
            return rest.get(run..).unwrap_or_default();
        }
        rest = after;
    }
    while let [b' ' | b'\n' | b'\r' | b'\t', after @ ..] = rest {
        rest = after;
    }
    rest
}

/// A bit for each of the 32 bytes in which the two are equal.
#[inline]
pub(super) fn same(left: &[u8; 32], right: &[u8; 32]) -> u32 {
    let half = |left: &[u8], right: &[u8]| {
        let (left, right) = (left.first_chunk().copied(), right.first_chunk().copied());
        let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        u8x16::new(left).simd_eq(u8x16::new(right)).to_bitmask()
    };
    let ((low, high), (other_low, other_high)) = (left.split_at(WIDTH), right.split_at(WIDTH));
    half(low, other_low) | half(high, other_high) << WIDTH
}

/// A bit for each of the 64 bytes that is `byte`.
#[inline]
pub(super) fn places(bytes: &[u8; 64], byte: u8) -> u64 {
    let quarters = bytes.as_chunks::<WIDTH>().0;
    let quarters = quarters
        .iter()
        .map(|quarter| u64::from(u8x16::new(*quarter).simd_eq(u8x16::splat(byte)).to_bitmask()));
    quarters.rev().fold(0, |all, quarter| all << WIDTH | quarter)
}
