//! Text of others, cut to a bound and without what could be taken for the end of a line or a command to a terminal.

/// At most `most` octets of a text, cut at a character; control characters become spaces.
pub(super) fn bounded(text: &str, most: usize) -> String {
    let mut kept = String::with_capacity(text.len().min(most));
    for letter in text.chars() {
        let letter = if is_shown(letter) { letter } else { ' ' };
        if kept.len() + letter.len_utf8() > most.saturating_sub('…'.len_utf8()) {
            kept.push('…');
            break;
        }
        kept.push(letter);
    }
    kept
}

/// Whether a letter stands for itself: no control character, no other line end, nothing that turns the direction of writing.
fn is_shown(letter: char) -> bool {
    let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !(letter.is_control() || turns || matches!(letter, '\u{2028}' | '\u{2029}'))
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn what_is_kept_is_short_and_harmless() {
        assert_eq!(bounded("as it is", 80), "as it is");
        assert_eq!(bounded("a\r\nb\u{1b}[31m\u{202e}c\u{2028}", 80), "a  b [31m c ");
        assert_eq!(bounded(&"ä".repeat(50), 20), format!("{}…", "ä".repeat(8)));
    }
}
