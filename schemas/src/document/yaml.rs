//! YAML 1.2 with places: the parser's events, resolved by the core schema, aliases expanded within the limits.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::{Map, Value};

use super::scalar::{Plain, plain};
use super::scribe::{Mark, Scribe, narrow, shorten};
use crate::pointer::Pointer;

/// Reads a stream of one YAML document. Where a file is a template, lines of nothing but `{{…}}` are left out.
pub(super) fn read(text: &str, scribe: &mut Scribe<'_>) -> Option<Value> {
    if let Some(plain) = without_template_lines(text) {
        let what = "template lines `{{…}}` are left out".to_owned();
        scribe.warn((0, 0), what, "render the template and keep its result");
        return Reader::new(&plain, scribe).document();
    }
    Reader::new(text, scribe).document()
}

// A line of a template is no YAML value: `{{#if x}}` alone would open two mappings that nothing closes.
fn without_template_lines(text: &str) -> Option<String> {
    let is_template = |line: &str| {
        let line = line.trim();
        line.starts_with("{{") && line.ends_with("}}")
    };
    if !text.lines().any(is_template) {
        return None;
    }
    let kept = text.split_inclusive('\n').map(|line| if is_template(line) { "\n" } else { line });
    Some(kept.collect())
}

/// A value an anchor names, and what one copy of it costs.
struct Anchored {
    pointer: Pointer,
    value: Value,
    /// Where its places are; empty for a key, which has none of its own.
    spans: Range<usize>,
    nodes: usize,
    bytes: usize,
    height: usize,
}

struct Reader<'t, 'a, 'l> {
    events: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Anchored>,
    scribe: &'a mut Scribe<'l>,
}

impl<'t, 'a, 'l> Reader<'t, 'a, 'l> {
    fn new(text: &'t str, scribe: &'a mut Scribe<'l>) -> Self {
        // The parser looks ahead; its own limit is only to be met where ours would be soon.
        let nesting = scribe.limits.depth.saturating_add(1).max(255);
        // Comments are events where any crate of the build asks the parser for them; here they are none.
        let options = granit_parser::options! {
            emit_comments: false,
            flow_nesting_limit: nesting,
            block_nesting_limit: nesting,
        };
        let events = Parser::new_from_str_with_options(text, options);
        Self { events, anchors: HashMap::new(), scribe }
    }

    fn document(&mut self) -> Option<Value> {
        let mut found = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                _ if found.is_some() => {
                    let what = "the file holds more than one document".to_owned();
                    return self.scribe.stop(
                        mark(&span.start),
                        what,
                        "keep one document in a file",
                    );
                }
                event => found = Some(self.value(event, &span, 0)?),
            }
        }
        Some(found.unwrap_or_else(|| {
            self.scribe.spans.begin((1, 1));
            Value::Null
        }))
    }

    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        match self.events.next() {
            Some(Ok(found)) => Some(found),
            Some(Err(error)) => self.refuse(&error),
            None => {
                self.scribe.stop((0, 0), "the document ends early".to_owned(), "correct the YAML")
            }
        }
    }

    fn refuse<T>(&mut self, error: &ScanError) -> Option<T> {
        let what = format!("not YAML: {}", error.info());
        self.scribe.stop(mark(error.marker()), what, "correct the YAML")
    }

    fn value(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Option<Value> {
        let mark = mark(&span.start);
        self.scribe.node(mark, depth)?;
        if let Event::Alias(id) = event {
            return self.alias(id, mark, depth);
        }
        let span = self.scribe.spans.begin(mark);
        let (found, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (self.scalar(&text, style, tag.as_deref(), mark), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.sequence(depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.mapping(depth)?, anchor),
            _ => return self.scribe.stop(mark, "expected a value".to_owned(), "correct the YAML"),
        };
        let spans = self.scribe.spans.end(span);
        if anchor > 0 {
            self.remember(anchor, (&found, spans), mark, depth)?;
        }
        Some(found)
    }

    fn remember(
        &mut self,
        id: usize,
        (value, spans): (&Value, Range<usize>),
        mark: Mark,
        depth: usize,
    ) -> Option<()> {
        let (nodes, bytes, height) = weigh(value);
        self.scribe.copy(mark, depth, nodes, bytes)?;
        let value = value.clone();
        let pointer = self.scribe.pointer.clone();
        self.anchors.insert(id, Anchored { pointer, value, spans, nodes, bytes, height });
        Some(())
    }

    fn alias(&mut self, id: usize, mark: Mark, depth: usize) -> Option<Value> {
        let Some(anchored) = self.anchors.get(&id) else {
            let what = "an alias stands inside the very value its anchor names".to_owned();
            return self.scribe.stop(
                mark,
                what,
                "a document cannot contain itself; write the value out",
            );
        };
        // A merged mapping has places even for members that another one hides.
        let nodes = anchored.nodes.max(anchored.spans.len());
        self.scribe.copy(mark, depth + anchored.height, nodes, anchored.bytes)?;
        self.scribe.spans.repeat(mark, anchored.spans.clone());
        self.scribe.repeat_digits(&anchored.pointer);
        Some(anchored.value.clone())
    }

    fn sequence(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            self.scribe.pointer.push(&items.len().to_string());
            let item = self.value(event, &span, depth + 1)?;
            self.scribe.pointer.pop();
            items.push(item);
        }
        Some(Value::Array(items))
    }

    fn mapping(&mut self, depth: usize) -> Option<Value> {
        let mut members = Map::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let (key, merges, key_mark) = self.key(event, &span)?;
            self.scribe.pointer.push(&key);
            let (event, span) = self.next()?;
            if merges {
                self.scribe.spans.merges(key_mark);
            } else {
                self.scribe.spans.name(&key, key_mark);
            }
            let item = self.value(event, &span, depth + 1)?;
            self.scribe.pointer.pop();
            if merges {
                self.merged_digits(&item);
                merged.push((item, key_mark));
            } else {
                self.scribe.member(&mut members, key, key_mark, item);
            }
        }
        for (item, key_mark) in merged {
            self.merge(&mut members, item, key_mark)?;
        }
        Some(Value::Object(members))
    }

    // The members of `<<: {…}` and `<<: [{…}, …]` become those of the mapping around it.
    fn merged_digits(&mut self, merged: &Value) {
        let own = self.scribe.pointer.join("<<");
        let from = match merged {
            Value::Array(items) => {
                (0..items.len()).rev().map(|at| own.join(&at.to_string())).collect()
            }
            _ => vec![own],
        };
        for pointer in from {
            self.scribe.repeat_digits(&pointer);
        }
    }

    // The text of a key, and whether it is the merge key `<<` (https://yaml.org/type/merge.html).
    fn key(&mut self, event: Event<'t>, span: &Span) -> Option<(String, bool, Mark)> {
        let mark = mark(&span.start);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let merges = text == "<<" && matches!(style, ScalarStyle::Plain);
                let text = text.into_owned();
                if anchor > 0 {
                    let named = Value::String(text.clone());
                    self.remember(anchor, (&named, 0..0), mark, 0)?;
                }
                Some((text, merges, mark))
            }
            Event::Alias(id) => match self.anchors.get(&id).map(|anchored| &anchored.value) {
                Some(Value::String(text)) => {
                    let text = text.clone();
                    self.scribe.copy(mark, 0, 1, text.len())?;
                    Some((text, false, mark))
                }
                _ => self.no_key(mark),
            },
            _ => self.no_key(mark),
        }
    }

    fn no_key<T>(&mut self, mark: Mark) -> Option<T> {
        self.scribe.stop(
            mark,
            "a key is not text".to_owned(),
            "write a plain or quoted text as the key",
        )
    }

    // A member written out wins over a merged one, and of several merged mappings the first wins.
    fn merge(&mut self, into: &mut Map<String, Value>, item: Value, mark: Mark) -> Option<()> {
        match item {
            Value::Object(values) => {
                for (key, value) in values {
                    into.entry(key).or_insert(value);
                }
                Some(())
            }
            Value::Array(values) if values.iter().all(Value::is_object) => {
                values.into_iter().try_for_each(|each| self.merge(into, each, mark))
            }
            _ => {
                let what = "the merge key `<<` has a value that is no mapping".to_owned();
                self.scribe.stop(mark, what, "merge a mapping or a list of mappings")
            }
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, mark: Mark) -> Value {
        let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
        let is_resolved = tag.is_some_and(|tag| {
            ["int", "float", "bool", "null"].iter().any(|name| tag.is_yaml_core_schema_tag(name))
        });
        let is_plain = matches!(style, ScalarStyle::Plain) && tag.is_none();
        if is_text || !(is_plain || is_resolved) {
            return Value::String(text.to_owned());
        }
        match plain(text) {
            Plain::Value(value) => value,
            Plain::Number(number) => {
                self.scribe.digits(text.strip_prefix('+').unwrap_or(text), &number.value);
                if let Some(loss) = number.loss {
                    let what = format!("the number {} {loss}", shorten(text));
                    self.scribe.warn(mark, what, "write a smaller number");
                }
                number.value
            }
            Plain::Text(doubt) => {
                if let Some(doubt) = doubt {
                    let what = format!("`{}` is read as text: {doubt}", shorten(text));
                    self.scribe.warn(mark, what, "quote it, or write a plain number");
                }
                Value::String(text.to_owned())
            }
        }
    }
}

fn mark(marker: &Marker) -> Mark {
    (narrow(marker.line()), narrow(marker.col() + 1))
}

// Values, bytes of text, and levels below.
fn weigh(value: &Value) -> (usize, usize, usize) {
    let parts: Vec<(usize, usize, usize)> = match value {
        Value::Array(items) => items.iter().map(weigh).collect(),
        Value::Object(members) => {
            let named = |(key, value): (&String, &Value)| {
                let (nodes, bytes, height) = weigh(value);
                (nodes, bytes + key.len(), height)
            };
            members.iter().map(named).collect()
        }
        Value::String(text) => return (1, text.len(), 0),
        Value::Null | Value::Bool(_) | Value::Number(_) => return (1, 0, 0),
    };
    let height = parts.iter().map(|part| part.2 + 1).max().unwrap_or(0);
    let (nodes, bytes) = parts.iter().fold((1, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    (nodes, bytes, height)
}
