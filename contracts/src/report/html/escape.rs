//! What texts of strangers become in a page.

use super::super::words::clean;

/// Text for an element or a quoted attribute.
pub(in super::super) fn text(of: &str) -> String {
    let mut safe = String::with_capacity(of.len());
    for one in clean(of).chars() {
        match one {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            one => safe.push(one),
        }
    }
    safe
}

/// Several lines, whose ends stay.
pub(super) fn lines(of: &str) -> String {
    of.split('\n').map(text).collect::<Vec<_>>().join("\n")
}

/// A sentence in which what stands between backticks is code.
pub(in super::super) fn sentence(of: &str) -> String {
    let pieces: Vec<&str> = of.split('`').collect();
    let last = pieces.len().saturating_sub(1);
    let each = pieces.iter().enumerate().map(|(index, piece)| match index % 2 {
        1 if index < last => format!("<code>{}</code>", text(piece)),
        _ => text(piece),
    });
    each.collect()
}

/// Bytes in base64 (RFC 4648, section 4), as a content security policy writes digests.
pub(in super::super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |word, byte| (word << 8) | u32::from(*byte));
        let word = word << (8 * (3 - three.len()));
        for place in 0..4 {
            let index = usize::try_from((word >> (18 - 6 * place)) & 63).unwrap_or_default();
            let letter = LETTERS.get(index).copied().filter(|_| place <= three.len());
            text.push(char::from(letter.unwrap_or(b'=')));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{base64, sentence, text};

    #[test]
    fn base64_is_that_of_the_rfc() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, expected) in cases {
            assert_eq!(base64(plain.as_bytes()), expected);
        }
    }

    #[test]
    fn nothing_in_a_text_is_a_tag() {
        assert_eq!(text("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(sentence("a `<b>` c ` d"), "a <code>&lt;b&gt;</code> c  d");
    }
}
