//! The commands that documents tell readers to run, taken from their code blocks.

/// Every subcommand of `evergate` in the code blocks of a Markdown text, with its line.
pub fn subcommands(text: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.extend(subcommand(line).map(|name| (number + 1, name.to_owned())));
        }
    }
    found
}

/// The subcommand of a line that calls the program, by name, by path or through cargo.
fn subcommand(line: &str) -> Option<&str> {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let mut words = line.split_whitespace().skip_while(|word| word.contains('='));
    let program = words.next()?;
    if program == "cargo" {
        if words.next() != Some("run") {
            return None;
        }
        words.find(|word| *word == "--")?;
    } else if program != "evergate" && !program.ends_with("/evergate") {
        return None;
    }
    let name = words.next()?;
    let is_name = name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
    (is_name && !name.starts_with('-')).then_some(name)
}

/// The subcommands that the program's help lists.
pub fn known(help: &str) -> Vec<&str> {
    let listed = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let listed = listed.take_while(|line| !line.trim().is_empty());
    // A description that goes on in the next line is indented deeper.
    let names =
        listed.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    names.filter_map(|rest| rest.split_whitespace().next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_code_blocks_only() {
        let text = "evergate prose\n```sh\n$ evergate check --x\ncargo run --release -- demo\nA=1 ./target/release/evergate \
                    run\nevergate --help\ncargo test -- names\n# evergate comment\n```\nevergate prose\n";
        let names: Vec<_> = subcommands(text).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["check", "demo", "run"]);
    }

    #[test]
    fn help_is_read() {
        let help = "About\n\nUsage: evergate <COMMAND>\n\nCommands:\n  run    serves\n         for long\n  check  \
                    judges\n\nOptions:\n  -h\n";
        assert_eq!(known(help), ["run", "check"]);
    }
}
