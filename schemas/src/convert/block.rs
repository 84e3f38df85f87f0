//! Whole tokens sixteen bytes at a time, for the quick way; whatever is odd is left to the slow one.

use wide::u8x16;

/// Bytes looked at together.
const WIDTH: usize = 16;

#[inline]
fn load(bytes: &[u8], at: usize) -> Option<[u8; WIDTH]> {
    bytes.get(at..)?.first_chunk::<WIDTH>().copied()
}

/// A bit for each `"`, `\` and control character.
#[inline]
fn ends(block: [u8; WIDTH]) -> u32 {
    let block = u8x16::new(block);
    let quote = block.simd_eq(u8x16::splat(b'"'));
    let slash = block.simd_eq(u8x16::splat(b'\\'));
    let control = block.simd_eq(block.min(u8x16::splat(0x1F)));
    (quote | slash | control).to_bitmask()
}

/// Bytes until the first `"`, `\` or control character, or all of them.
#[inline]
pub(super) fn plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(block) = load(bytes, at) {
        let found = ends(block);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += WIDTH;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)
        .unwrap_or(rest.len())
}

/// Where the closing quote of the string is whose text begins at `at`; none when it is not in the chunk, or near its
/// end, or something is wrong with the string.
#[inline]
pub(super) fn string_end(chunk: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let found = ends(load(chunk, at)?);
        if found == 0 {
            at += WIDTH;
            continue;
        }
        at += found.trailing_zeros() as usize;
        match chunk.get(at)? {
            b'"' => return Some(at),
            b'\\' => at = escape_end(chunk, at + 1)?,
            _ => return None,
        }
    }
}

/// The place after the escape whose letter is at `at`.
#[inline]
fn escape_end(chunk: &[u8], at: usize) -> Option<usize> {
    match chunk.get(at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 1),
        b'u' => code_end(chunk, at),
        _ => None,
    }
}

/// The place after the code whose `u` is at `at`: of one unit, or of a surrogate pair.
fn code_end(chunk: &[u8], at: usize) -> Option<usize> {
    match unit(chunk, at + 1)? {
        0xD800..=0xDBFF => {
            let low = chunk.get(at + 5) == Some(&b'\\') && chunk.get(at + 6) == Some(&b'u');
            let low = low && matches!(unit(chunk, at + 7)?, 0xDC00..=0xDFFF);
            low.then_some(at + 11)
        }
        0xDC00..=0xDFFF => None,
        _ => Some(at + 5),
    }
}

/// Four hexadecimal digits.
#[inline]
fn unit(chunk: &[u8], at: usize) -> Option<u16> {
    let digits = chunk.get(at..)?.first_chunk::<4>()?;
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

/// The place after the number that begins at `at`; none when it is not in the chunk, or near its end, or long, or has
/// an exponent, or something is wrong with it.
#[inline]
pub(super) fn number_end(chunk: &[u8], at: usize) -> Option<usize> {
    let block = load(chunk, at)?;
    number_length(digits(block), &block)
        .or_else(|| long_number_length(chunk, at))
        .map(|length| at + length)
}

#[cold]
#[inline(never)]
fn long_number_length(chunk: &[u8], at: usize) -> Option<usize> {
    let block = chunk.get(at..)?.first_chunk::<32>()?;
    let bits = digits(load(block, 0)?) | digits(load(block, WIDTH)?) << WIDTH;
    number_length(bits, block)
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

/// The place after `true`, `false` or `null`, which begins at `at`.
#[inline]
pub(super) fn literal_end(chunk: &[u8], at: usize) -> Option<usize> {
    let rest = chunk.get(at..)?;
    match rest.first_chunk::<4>()? {
        b"true" | b"null" => Some(at + 4),
        b"fals" if rest.get(4) == Some(&b'e') => Some(at + 5),
        _ => None,
    }
}

/// The first place from `at` on that is no whitespace, or the end.
#[inline]
pub(super) fn blank_end(chunk: &[u8], at: usize) -> usize {
    match chunk.get(at) {
        Some(0..=b' ') => long_blank_end(chunk, at),
        _ => at,
    }
}

fn long_blank_end(chunk: &[u8], at: usize) -> usize {
    let mut at = at;
    while let Some(block) = load(chunk, at) {
        let block = u8x16::new(block);
        let blank = block.simd_eq(u8x16::splat(b' '))
            | block.simd_eq(u8x16::splat(b'\n'))
            | block.simd_eq(u8x16::splat(b'\r'))
            | block.simd_eq(u8x16::splat(b'\t'));
        let run = blank.to_bitmask().trailing_ones() as usize;
        at += run;
        if run < WIDTH {
            return at;
        }
    }
    let rest = chunk.get(at..).unwrap_or_default();
    let blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    at + rest.iter().position(|byte| !blank(byte)).unwrap_or(rest.len())
}

/// A bit for each of the 32 bytes in which the two are equal.
#[inline]
pub(super) fn same(left: &[u8; 32], right: &[u8; 32]) -> u32 {
    let half = |from: usize| {
        let (left, right) = (load(left, from), load(right, from));
        let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        u8x16::new(left).simd_eq(u8x16::new(right)).to_bitmask()
    };
    half(0) | half(WIDTH) << WIDTH
}

/// A bit for each of the 64 bytes that is `byte`.
#[inline]
pub(super) fn places(bytes: &[u8; 64], byte: u8) -> u64 {
    let quarter = |from: usize| {
        let block = load(bytes, from).unwrap_or_default();
        u64::from(u8x16::new(block).simd_eq(u8x16::splat(byte)).to_bitmask()) << from
    };
    quarter(0) | quarter(WIDTH) | quarter(2 * WIDTH) | quarter(3 * WIDTH)
}
