//! Pieces of source documents with a mark under the place that is meant.

use std::collections::HashMap;
use std::ops::Range;

use super::model::Spot;

/// Characters of a line that are shown; a longer line is cut around the place.
const LINE_BOUND: usize = 110;
/// Characters that are marked at most.
const MARK_BOUND: usize = 40;

/// The text of files, read once, as lines where a place needs them.
#[derive(Debug, Default)]
pub(super) struct Sources {
    files: HashMap<String, Option<String>>,
}

/// One line of a file and what is marked in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The file, and the column too where the line is cut and columns of the excerpt mean nothing.
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) mark: Range<usize>,
}

impl Sources {
    /// The line of a place; `None` when the place has no line or the file cannot be read any more.
    pub(super) fn excerpt(&mut self, spot: &Spot) -> Option<Excerpt> {
        let text = self
            .files
            .entry(spot.file.clone())
            .or_insert_with(|| std::fs::read_to_string(&spot.file).ok())
            .as_ref()?;
        let number = usize::try_from(spot.line).ok()?;
        let line = text.lines().nth(number.checked_sub(1)?)?;
        let column = usize::try_from(spot.column).ok()?.saturating_sub(1);
        let (text, mark) = cut(line, column);
        let file = if text.len() == line.len() {
            spot.file.clone()
        } else {
            format!("{} (column {})", spot.file, spot.column)
        };
        Some(Excerpt { file, line: number, text, mark })
    }
}

/// The part of a line around a column, and the byte range of what stands there.
fn cut(line: &str, column: usize) -> (String, Range<usize>) {
    let length = line.chars().count();
    let first = if length <= LINE_BOUND { 0 } else { column.saturating_sub(LINE_BOUND / 3) };
    let text: String = line.chars().skip(first).take(LINE_BOUND).collect();
    let start = byte_of(&text, column.saturating_sub(first));
    let rest = text.get(start..).unwrap_or_default();
    let word = rest.trim_end().char_indices().take(MARK_BOUND).last();
    let end = word.map_or(start, |(index, letter)| start + index + letter.len_utf8());
    (text, start..end.max(start))
}

fn byte_of(text: &str, column: usize) -> usize {
    text.char_indices().nth(column).map_or(text.len(), |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::{LINE_BOUND, cut};

    #[test]
    fn a_short_line_is_whole_and_marked_to_its_end() {
        let (text, mark) = cut("  größe: 1  ", 2);
        assert_eq!(text, "  größe: 1  ");
        assert_eq!(&text[mark], "größe: 1");
    }

    #[test]
    fn a_line_of_a_minified_document_is_cut_around_the_place() {
        let line = format!("{}HERE{}", "x".repeat(5000), "y".repeat(5000));
        let (text, mark) = cut(&line, 5000);
        assert_eq!(text.chars().count(), LINE_BOUND);
        assert!(text[mark].starts_with("HERE"));
    }

    #[test]
    fn a_column_behind_the_line_marks_nothing() {
        let (text, mark) = cut("ab", 9);
        assert_eq!(&text[mark], "");
    }
}
