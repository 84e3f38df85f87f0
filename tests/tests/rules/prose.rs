//! Rules on what a text names: no place of one machine, no registry, no dead link.

/// Absolute places and hosts that no file names; put together here so that this file holds none of them.
fn needles() -> Vec<String> {
    let folders = ["work", "root", "home"].map(|folder| format!("/{folder}/"));
    let hosts = [
        ["static.crates", ".io"],
        ["index.crates", ".io"],
        ["//crates", ".io"],
        ["registry.npmjs", ".org"],
        ["registry.yarnpkg", ".com"],
        ["files.pythonhosted", ".org"],
        ["pypi", ".org"],
        ["proxy.golang", ".org"],
        ["sum.golang", ".org"],
        ["rubygems", ".org"],
        ["repo.maven", ".apache.org"],
        ["registry-1.docker", ".io"],
        ["deb.debian", ".org"],
        ["static.rust-lang", ".org"],
    ];
    folders.into_iter().chain(hosts.map(|parts| parts.concat())).collect()
}

/// Lines that name an absolute place of one machine or a package registry.
pub(crate) fn places(_path: &str, text: &str) -> Vec<String> {
    let needles = needles();
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for needle in &needles {
            let outside = |at: usize| {
                let before = line.get(..at).and_then(|head| head.chars().next_back());
                !needle.starts_with('/')
                    || needle.starts_with("//")
                    || !before
                        .is_some_and(|letter| letter.is_alphanumeric() || "._-}".contains(letter))
            };
            if line.match_indices(needle.as_str()).any(|(at, _)| outside(at)) {
                faults.push(format!("line {}: names `{needle}`", number + 1));
            }
        }
    }
    faults
}

/// Relative links of a Markdown text whose target `exists` denies.
pub(crate) fn dead_links(text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in links(line) {
            let away =
                ["http:", "https:", "mailto:", "#"].iter().any(|way| target.starts_with(way));
            let file = target.split(['#', '?']).next().unwrap_or_default();
            if !away && !exists(file) {
                faults.push(format!("line {}: `{target}` leads nowhere", number + 1));
            }
        }
    }
    faults
}

/// The targets of `[text](target)` and `[name]: target` in a line, code spans left out.
fn links(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for prose in line.split('`').step_by(2) {
        let targets = prose.split("](").skip(1);
        found.extend(targets.filter_map(|rest| rest.split([')', ' ']).next()));
    }
    if let Some((_, target)) = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
        found.extend(target.split_whitespace().next());
    }
    found.retain(|target| !target.is_empty());
    found
}

#[test]
fn places_fires() {
    for needle in needles() {
        let planted = format!("see {needle}x for it");
        assert_eq!(places("README.md", &planted).len(), 1, "{needle}");
    }
    let home = ["see ", "/home", "/", "x"].concat();
    assert_eq!(places("README.md", &home).len(), 1);
    let inner = ["a path", "/work", "/x inside an api"].concat();
    assert_eq!(places("README.md", &inner), Vec::<String>::new());
}

#[test]
fn dead_links_fires() {
    let only = |target: &str| target == "docs/a.md";
    assert_eq!(dead_links("see [b](docs/b.md)", only).len(), 1);
    assert_eq!(dead_links("[b]: docs/b.md", only).len(), 1);
    let clean = "see [a](docs/a.md#part), [w](https://x.test), `[b](c)`\n```\n[b](c)\n```\n";
    assert_eq!(dead_links(clean, only), Vec::<String>::new());
}
