//! An explanation for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::exchange::explain::Explanation;

/// Columns of a step's name.
const NAMES: usize = 11;

/// Writes each decision with what it rests on.
pub(super) fn write(to: &mut dyn Write, told: &Explanation) -> io::Result<()> {
    let dim = Style::new().dimmed();
    let bold = Style::new().bold();
    for step in &told.steps {
        let style = if step.step == "refusal" { red() } else { bold };
        write!(to, "{bold}{:<NAMES$}{bold:#} {style}{}{style:#}", step.step, clean(&step.says))?;
        source(to, step.source.as_deref(), dim)?;
        for note in &step.notes {
            write!(to, "{:NAMES$}   {}", "", clean(&note.says))?;
            source(to, note.source.as_deref(), dim)?;
        }
    }
    let (style, verdict) = match told.outcome.as_str() {
        "refused" => (red(), "refused: nothing is sent to a backend"),
        "answered" => (Style::new(), "the gateway answers it by itself"),
        _ => (AnsiColor::Green.on_default(), "sent to a backend"),
    };
    write!(to, "{style}{verdict}{style:#}")?;
    let offline = "; read from the files alone: endpoints are taken to be well";
    writeln!(to, "{}", if told.live { "" } else { offline })
}

fn source(to: &mut dyn Write, source: Option<&str>, dim: Style) -> io::Result<()> {
    match source {
        Some(source) => writeln!(to, "  {dim}{}{dim:#}", clean(source)),
        None => writeln!(to),
    }
}

const fn red() -> Style {
    AnsiColor::Red.on_default().bold()
}

/// Control characters of what strangers wrote are written out.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        if one.is_control() { out.extend(one.escape_default()) } else { out.push(one) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::exchange::explain::{Explanation, Note, Step};

    #[test]
    fn decisions_stand_in_columns_with_their_lines() {
        let note = |says: &str, source: Option<&str>| Note {
            says: says.into(),
            source: source.map(str::to_owned),
        };
        let step = |step: &str, says: &str, notes| Step {
            step: step.into(),
            says: says.into(),
            source: None,
            notes,
        };
        let told = Explanation {
            outcome: "refused".into(),
            live: true,
            steps: vec![
                step("version", "v1", vec![note("header a: \u{1b}[31m1", Some("gateway.yaml:9"))]),
                step("refusal", "404 no-api", vec![note("nothing here", None)]),
            ],
            ..Explanation::default()
        };
        let mut text = Vec::new();
        write(&mut anstream::StripStream::new(&mut text), &told).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r"
        version     v1
                      header a: \u{1b}[31m1  gateway.yaml:9
        refusal     404 no-api
                      nothing here
        refused: nothing is sent to a backend
        ");
    }
}
