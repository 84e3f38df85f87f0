//! Takes the members of an object apart again as they come out of the machine, which writes one JSON text.

/// A value that is whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The name of the member.
    pub(super) name: String,
    /// The value, or an item of it.
    pub(super) json: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Between,
    Name,
    Colon,
    /// A value comes; inside an array whose items are told one by one or not.
    Before(bool),
    /// Inside a value.
    Value(bool),
    Done,
}

/// The splitter of one object.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    state: State,
    name: String,
    raw: Vec<u8>,
    depth: u32,
    in_string: bool,
    escaped: bool,
}

/// What was written is no object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoObject;

impl Splitter {
    /// Takes the next bytes; the items of an array for whose name `spreads` says so are told one by one.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        spreads: &dyn Fn(&str) -> bool,
        found: &mut Vec<Found>,
    ) -> Result<(), NoObject> {
        for byte in bytes {
            self.byte(*byte, spreads, found)?;
        }
        Ok(())
    }

    /// No member is begun.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, State::Start | State::Between | State::Done)
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    pub(super) fn held_back(&self) -> usize {
        self.raw.len()
    }

    fn byte(
        &mut self,
        byte: u8,
        spreads: &dyn Fn(&str) -> bool,
        found: &mut Vec<Found>,
    ) -> Result<(), NoObject> {
        let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        match self.state {
            State::Start | State::Between | State::Colon | State::Before(_) | State::Done
                if blank => {}
            State::Start if byte == b'{' => self.state = State::Between,
            State::Start | State::Done => return Err(NoObject),
            State::Between => match byte {
                b'"' => {
                    self.raw.push(byte);
                    self.state = State::Name;
                }
                b'}' => self.state = State::Done,
                _ => {}
            },
            State::Name => {
                if self.string(byte) {
                    let raw = std::mem::take(&mut self.raw);
                    self.name = serde_json::from_slice(&raw).map_err(|_| NoObject)?;
                    self.state = State::Colon;
                }
            }
            State::Colon => self.state = State::Before(false),
            State::Before(false) if byte == b'[' && spreads(&self.name) => {
                self.state = State::Before(true);
            }
            State::Before(true) if byte == b']' => self.state = State::Between,
            State::Before(true) if byte == b',' => {}
            State::Before(item) => {
                self.state = State::Value(item);
                self.value(byte, item, found);
            }
            State::Value(item) => self.value(byte, item, found),
        }
        Ok(())
    }

    /// One more byte of a string; whether it ends there.
    fn string(&mut self, byte: u8) -> bool {
        self.raw.push(byte);
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else {
            return byte == b'"';
        }
        false
    }

    fn value(&mut self, byte: u8, item: bool, found: &mut Vec<Found>) {
        if self.in_string {
            if self.string(byte) {
                self.in_string = false;
                self.end_at(item, found);
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                // behind a number or a word
                self.told(item, found);
                self.state = match (byte, item) {
                    (b'}', _) => State::Done,
                    (b']', _) | (_, false) => State::Between,
                    (_, true) => State::Before(true),
                };
                return;
            }
            b'}' | b']' => {
                self.depth -= 1;
                self.raw.push(byte);
                self.end_at(item, found);
                return;
            }
            _ => {}
        }
        self.raw.push(byte);
    }

    fn end_at(&mut self, item: bool, found: &mut Vec<Found>) {
        if self.depth == 0 {
            self.told(item, found);
            self.state = if item { State::Before(true) } else { State::Between };
        }
    }

    fn told(&mut self, item: bool, found: &mut Vec<Found>) {
        let json = std::mem::take(&mut self.raw);
        let name = if item { self.name.clone() } else { std::mem::take(&mut self.name) };
        found.push(Found { name, json });
    }
}

#[cfg(test)]
mod tests {
    use super::Splitter;

    #[track_caller]
    fn check(json: &str, wanted: &[(&str, &str)]) {
        for size in [1, 2, json.len()] {
            let (mut splitter, mut found) = (Splitter::default(), Vec::new());
            for chunk in json.as_bytes().chunks(size) {
                splitter.push(chunk, &|name| name.starts_with('s'), &mut found).unwrap();
            }
            assert!(splitter.is_done());
            let seen: Vec<_> = found
                .iter()
                .map(|one| (one.name.as_str(), std::str::from_utf8(&one.json).unwrap()))
                .collect();
            assert_eq!(seen, wanted, "{json} in pieces of {size}");
        }
    }

    #[test]
    fn members_come_out_whole_and_items_one_by_one() {
        check("{}", &[]);
        check("{\"a\":1,\"b\" : \"x\\\"}\" }", &[("a", "1"), ("b", "\"x\\\"}\"")]);
        check(
            "{ \"a\\u0062\":{\"c\":[1,\"]\"]},\"d\":null}",
            &[("ab", "{\"c\":[1,\"]\"]}"), ("d", "null")],
        );
        check(
            "{\"s\":[1,[2], {\"x\":\"}\"},\"y\" ],\"t\":[3]}",
            &[("s", "1"), ("s", "[2]"), ("s", "{\"x\":\"}\"}"), ("s", "\"y\""), ("t", "[3]")],
        );
        check("{\"s\":[],\"s2\":7}", &[("s2", "7")]);
    }
}
