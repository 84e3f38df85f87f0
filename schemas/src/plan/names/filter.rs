//! Comparisons with a name on their left: `status = "open" AND total > 10` (AIP-160), `status eq 'open'` (`OData` 4.01
//! part 2, section 5.1.1). Everything that is neither a name there nor a value beside one stays.

use std::ops::Range;

use super::path::words;
use super::rewrite::{Edit, Fault, Names, OnUnknownName, OnValue, Why};
use super::table::Place;

/// How deep parentheses go.
const DEPTH: usize = 64;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    In,
    Between,
    Other,
}

const SIGNS: [(&str, Operator); 13] = [
    ("<=", Operator::Other),
    (">=", Operator::Other),
    ("!=", Operator::Unequal),
    ("<>", Operator::Unequal),
    ("==", Operator::Equal),
    ("=~", Operator::Other),
    ("!~", Operator::Other),
    ("!:", Operator::Other),
    ("=", Operator::Equal),
    ("<", Operator::Other),
    (">", Operator::Other),
    (":", Operator::Other),
    ("~", Operator::Other),
];

const WORDS: [(&str, Operator); 11] = [
    ("eq", Operator::Equal),
    ("ne", Operator::Unequal),
    ("gt", Operator::Other),
    ("ge", Operator::Other),
    ("lt", Operator::Other),
    ("le", Operator::Other),
    ("in", Operator::In),
    ("like", Operator::Other),
    ("ilike", Operator::Other),
    ("has", Operator::Other),
    ("between", Operator::Between),
];

/// A value as it stands in the text: what is inside its quotes.
struct Literal<'t> {
    text: &'t str,
    at: Range<usize>,
    quoted: bool,
}

/// The text, how far it was read, and what changes.
struct Reader<'t, 'n> {
    names: &'n Names,
    text: &'t str,
    at: usize,
    edits: Vec<Edit>,
    /// Open parentheses.
    open: usize,
}

impl Names {
    pub(super) fn filter(&self, text: &str) -> Result<Vec<Edit>, Fault> {
        let mut reader = Reader { names: self, text, at: 0, edits: Vec::new(), open: 0 };
        while reader.operand()? {}
        if reader.open > 0 {
            return Err(reader.fault("a parenthesis is not closed"));
        }
        Ok(reader.edits)
    }
}

impl<'t, 'n> Reader<'t, 'n> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn fault(&self, what: &'static str) -> Fault {
        Fault { name: self.rest().chars().take(20).collect(), why: Why::Malformed(what) }
    }

    /// Reads one operand with what is compared with it, or one sign between operands; no, at the end.
    fn operand(&mut self) -> Result<bool, Fault> {
        self.blanks();
        let Some(first) = self.rest().chars().next() else { return Ok(false) };
        match first {
            '(' => {
                self.open += 1;
                if self.open > DEPTH {
                    return Err(self.fault("parentheses are too deep"));
                }
                self.at += 1;
            }
            ')' if self.open > 0 => {
                self.open -= 1;
                self.at += 1;
            }
            ')' => return Err(self.fault("a parenthesis is closed that was not opened")),
            '-' | '!' | ',' | '*' => self.at += first.len_utf8(),
            '"' | '\'' | '0'..='9' => {
                self.literal()?;
            }
            _ if begins(first) => self.word()?,
            _ => return Err(self.fault("this is not understood")),
        }
        Ok(true)
    }

    /// A word at the place of an operand: a word between operands, a function, or a name.
    fn word(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let length = self.path_length();
        let path = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        if matches!(path, "AND" | "OR" | "NOT" | "and" | "or" | "not") {
            return Ok(());
        }
        if self.rest().starts_with('(') {
            // a function; what it is called on may be a list, whose items it would name by a variable
            return if path.contains(self.names.separator.as_str()) {
                self.at = start;
                Err(self.fault("a function of a member is not understood"))
            } else {
                Ok(())
            };
        }
        let after = self.at;
        self.blanks();
        let Some(operator) = self.operator() else {
            self.at = after;
            return self.named(path, start).map(|_| ());
        };
        let sign = self.text.get(after..self.at).unwrap_or_default().trim();
        let place = self.named(path, start)?;
        let edit = self.edits.len();
        let mut values = Vec::new();
        self.compared(operator, &mut values)?;
        let Some(place) = place else { return Ok(()) };
        if self.names.on_value == OnValue::Keep || place.values.is_empty() {
            return Ok(());
        }
        self.edits.truncate(edit);
        let fault = || Fault { name: path.to_owned(), why: Why::Value };
        if !matches!(operator, Operator::Equal | Operator::Unequal | Operator::In) {
            return Err(fault());
        }
        for value in &values {
            let before = place.back(value.text).ok_or_else(fault)?;
            match before.as_slice() {
                [] => return Err(fault()),
                [only] if only == value.text => {}
                [only] => self.edits.push(Edit { at: value.at.clone(), text: only.clone() }),
                all if operator == Operator::In => {
                    let quote = value.quote(self.text);
                    let text = all.join(&format!("{quote}, {quote}"));
                    self.edits.push(Edit { at: value.at.clone(), text });
                }
                all => self.spread((start, sign), operator, value, all),
            }
        }
        Ok(())
    }

    /// One comparison becomes several.
    fn spread(
        &mut self,
        (start, sign): (usize, &str),
        operator: Operator,
        value: &Literal<'_>,
        all: &[String],
    ) {
        let quote = value.quote(self.text);
        let is_word = sign.starts_with(|letter: char| letter.is_ascii_lowercase());
        let joint = match (operator, is_word) {
            (Operator::Unequal, true) => " and ",
            (Operator::Unequal, false) => " AND ",
            (_, true) => " or ",
            (_, false) => " OR ",
        };
        let mut name = self.text.get(start..value.at.start).unwrap_or_default().to_owned();
        while self.edits.last().is_some_and(|edit| edit.at.start >= start) {
            let Some(edit) = self.edits.pop() else { break };
            name.replace_range(edit.at.start - start..edit.at.end - start, &edit.text);
        }
        let one = |value: &String| format!("{name}{value}{quote}");
        let text = all.iter().map(one).collect::<Vec<_>>().join(joint);
        let end = value.at.end + quote.len();
        self.edits.push(Edit { at: start..end, text: format!("({text})") });
    }

    /// Renames a name; gives what becomes of its values, `None` for one that is not known and stays.
    fn named(&mut self, path: &str, start: usize) -> Result<Option<&'n Place>, Fault> {
        let fault = |why| Fault { name: path.to_owned(), why };
        let names: &'n Names = self.names;
        match names.find(&words(path, start, &names.separator)) {
            Ok(found) if !found.star => {
                self.edits.extend(names.one(&found, path)?);
                Ok(Some(found.place))
            }
            _ if names.on_unknown == OnUnknownName::Keep => Ok(None),
            _ => Err(fault(Why::Unknown)),
        }
    }

    /// Reads an operator, if there is one.
    fn operator(&mut self) -> Option<Operator> {
        let rest = self.rest();
        if let Some((sign, operator)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            self.at += sign.len();
            return Some(*operator);
        }
        let length = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let found = WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
        found.map(|(_, operator)| {
            self.at += length;
            *operator
        })
    }

    /// Reads what stands right of an operator.
    fn compared(&mut self, operator: Operator, values: &mut Vec<Literal<'t>>) -> Result<(), Fault> {
        self.blanks();
        if operator == Operator::In || self.rest().starts_with(['(', '[']) {
            return self.listed(values);
        }
        values.extend(self.value()?);
        if operator == Operator::Between {
            self.blanks();
            let word = self.rest().get(..3).unwrap_or_default();
            if !word.eq_ignore_ascii_case("and") {
                return Err(self.fault("`between` has no `and`"));
            }
            self.at += 3;
            self.blanks();
            values.extend(self.value()?);
        }
        Ok(())
    }

    /// Values in parentheses or square brackets.
    fn listed(&mut self, values: &mut Vec<Literal<'t>>) -> Result<(), Fault> {
        if !self.rest().starts_with(['(', '[']) {
            return Err(self.fault("a list of values is missing"));
        }
        self.at += 1;
        loop {
            self.blanks();
            match self.rest().chars().next() {
                Some(')' | ']') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(',') => self.at += 1,
                Some('(' | '[') | None => return Err(self.fault("a list of values is not closed")),
                Some(letter) if letter.is_ascii_uppercase() && self.joint() => {}
                Some(_) => values.extend(self.value()?),
            }
        }
    }

    /// Passes a word between values.
    fn joint(&mut self) -> bool {
        let rest = self.rest();
        let word = ["AND", "OR", "NOT"].into_iter().find(|word| {
            rest.strip_prefix(word).is_some_and(|after| after.starts_with(char::is_whitespace))
        });
        self.at += word.map_or(0, str::len);
        word.is_some()
    }

    /// A value: `None` for a function of values, which stays.
    fn value(&mut self) -> Result<Option<Literal<'t>>, Fault> {
        let literal = self.literal()?;
        if !self.rest().starts_with('(') {
            let path = words(literal.text, 0, &self.names.separator);
            if !literal.quoted
                && literal.text.starts_with(begins)
                && !matches!(literal.text, "true" | "false" | "null")
                && let Ok(found) = self.names.find(&path)
                && !found.goes_on()
            {
                return Err(Fault { name: literal.text.to_owned(), why: Why::Ambiguous });
            }
            return Ok(Some(literal));
        }
        let mut depth = 0_usize;
        loop {
            self.blanks();
            match self.rest().chars().next() {
                Some('(') => depth += 1,
                Some(')') if depth <= 1 => {
                    self.at += 1;
                    return Ok(None);
                }
                Some(')') => depth -= 1,
                Some('"' | '\'') => {
                    self.literal()?;
                    continue;
                }
                Some(letter) => {
                    self.at += letter.len_utf8();
                    continue;
                }
                None => return Err(self.fault("a parenthesis is not closed")),
            }
            self.at += 1;
        }
    }

    /// A text in quotes, or everything up to a blank, a comma or a parenthesis.
    fn literal(&mut self) -> Result<Literal<'t>, Fault> {
        let rest = self.rest();
        let Some(quote) = rest.chars().next().filter(|one| matches!(one, '"' | '\'')) else {
            let ends =
                |letter: char| letter.is_whitespace() || matches!(letter, ')' | '(' | ',' | ']');
            let length = rest.find(ends).unwrap_or(rest.len());
            if length == 0 {
                return Err(self.fault("a value is missing"));
            }
            let at = self.at..self.at + length;
            self.at += length;
            return Ok(Literal { text: rest.get(..length).unwrap_or_default(), at, quoted: false });
        };
        let mut letters = rest.char_indices().skip(1).peekable();
        while let Some((at, letter)) = letters.next() {
            if letter == '\\' {
                letters.next();
            } else if letter == quote {
                if letters.peek().is_some_and(|(_, next)| *next == quote) {
                    letters.next();
                    continue;
                }
                let inside = self.at + 1..self.at + at;
                self.at += at + 1;
                let text = self.text.get(inside.clone()).unwrap_or_default();
                return Ok(Literal { text, at: inside, quoted: true });
            }
        }
        Err(self.fault("a quote is not closed"))
    }

    /// How long the path is that begins here.
    fn path_length(&self) -> usize {
        let rest = self.rest();
        let separator = self.names.separator.as_str();
        let mut length = 0;
        loop {
            let here = rest.get(length..).unwrap_or_default();
            let word = here.find(|letter: char| !goes_on(letter)).unwrap_or(here.len());
            length += word;
            let here = rest.get(length..).unwrap_or_default();
            let next = here.strip_prefix(separator);
            if word == 0 || !next.is_some_and(|next| next.starts_with(goes_on)) {
                return length;
            }
            length += separator.len();
        }
    }
}

impl Literal<'_> {
    /// What stands around it.
    fn quote<'t>(&self, text: &'t str) -> &'t str {
        let before = self.at.start.saturating_sub(1)..self.at.start;
        if self.quoted { text.get(before).unwrap_or_default() } else { "" }
    }
}

fn begins(letter: char) -> bool {
    letter.is_alphabetic() || matches!(letter, '_' | '$' | '@')
}

fn goes_on(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$' | '@')
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, table};
    use super::super::{Grammar, OnUnknownName};

    #[test]
    fn names_left_of_operators_are_renamed() {
        let names = table(Grammar::Filter);
        check(&names, "old.x > 10 AND  id=\"old\"", Ok("new.y > 10 AND  id=\"old\""));
        check(&names, "NOT (deep.up:* OR old.x=5)", Ok("NOT (upper:* OR new.y=5)"));
        check(&names, "id eq 'it''s' and old.x le 3", Ok("id eq 'it''s' and new.y le 3"));
        check(&names, "contains(old.x,'x') or -id:a", Ok("contains(new.y,'x') or -id:a"));
        check(&names, "old.x between 1 and 2", Ok("new.y between 1 and 2"));
        check(
            &names,
            "id > timestamp(\"old.x)\") AND old.x<1",
            Ok("id > timestamp(\"old.x)\") AND new.y<1"),
        );
    }

    #[test]
    fn values_are_those_that_become_it() {
        let names = table(Grammar::Filter);
        check(&names, "state = \"open\"", Ok("state = \"OPEN\""));
        check(&names, "state=open", Ok("state=OPEN"));
        check(&names, "state = \"shut\"", Ok("(state = \"CLOSED\" OR state = \"ENDED\")"));
        check(&names, "state ne 'shut'", Ok("(state ne 'CLOSED' and state ne 'ENDED')"));
        check(&names, "state in ('shut', 'open')", Ok("state in ('CLOSED', 'ENDED', 'OPEN')"));
        check(&names, "kind = 'a' OR id = 1", Ok("(sort = 'A' OR sort = 'AA') OR id = 1"));
        let refused = "the values of `state` are others in the version that is running, and this comparison cannot be said with them";
        check(&names, "state > \"open\"", Err(refused));
        check(&names, "state = \"gone\"", Err(refused));
    }

    #[test]
    fn what_may_be_two_things_is_refused() {
        let mut names = table(Grammar::Filter);
        check(&names, "id = id", Err("`id` may be a name or a value; write the value in quotes"));
        check(&names, "zz = 1", Err("`zz` is not a member that this version declares"));
        check(&names, "full = 1", Err("`full` is no single member in the version that is running"));
        check(&names, "(id = 1", Err("a parenthesis is not closed at ``"));
        check(&names, "id = \"a", Err("a quote is not closed at `\"a`"));
        check(
            &names,
            "old.any(x:x=1)",
            Err("a function of a member is not understood at `old.any(x:x=1)`"),
        );
        names.on_unknown = OnUnknownName::Keep;
        check(&names, "zz = 1 AND old.x=1", Ok("zz = 1 AND new.y=1"));
    }
}
