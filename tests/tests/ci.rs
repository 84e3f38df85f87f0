//! Checking against commits, releases, and every command of the CI guide, with a real git.

#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::path::Path;
use std::process::{Command, Output};

use evergate_tests::corpus::root;
use evergate_tests::{binary, scratch::Scratch};

fn description(version: &str, properties: &str) -> String {
    format!(
        "openapi: 3.1.0
info: {{ title: Orders, version: {version} }}
paths:
  /orders:
    get:
      responses:
        '200':
          description: all
          content:
            application/json:
              schema:
                $ref: 'schemas/order.yaml'
components:
  schemas:
    Extra: {{ type: object, properties: {{ {properties} }} }}
"
    )
}

const ORDER: &str = "type: object\nrequired: [id]\nproperties: { id: { type: integer } }\n";
const BROKEN: &str = "type: object\nrequired: [id]\nproperties: { id: { type: string } }\n";
const MORE: &str =
    "type: object\nrequired: [id]\nproperties: { id: { type: integer }, note: { type: string } }\n";

/// A repository with one file at the top and an api of two versions.
struct House(Scratch);

impl House {
    fn new() -> Self {
        let house = Self(Scratch::new());
        house.version("", "1.4.0", ORDER);
        house.version("apis/orders/1.4.0/", "1.4.0", ORDER);
        house.version("apis/orders/1.5.0/", "1.5.0", MORE);
        house.git(&["init", "-q", "-b", "main"]);
        house.commit();
        house
    }

    fn version(&self, folder: &str, version: &str, order: &str) {
        self.0.write(&format!("{folder}openapi.yaml"), &description(version, ""));
        self.0.write(&format!("{folder}schemas/order.yaml"), order);
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.path()).args(["-c", "user.name=n", "-c", "user.email=n@x.test"]);
        text(&told(command.args(arguments), 0))
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "state"]);
    }

    /// Runs evergate here, expects an exit code and texts, and gives all it said.
    #[track_caller]
    fn says(&self, line: &str, code: i32, wanted: &[&str]) -> String {
        let mut command = Command::new(binary::path());
        command.current_dir(self.path()).args(line.split(' '));
        let said = text(&told(&mut command, code));
        for wanted in wanted {
            assert!(said.contains(wanted), "`{line}` lacks `{wanted}`:\n{said}");
        }
        said
    }
}

#[track_caller]
fn told(command: &mut Command, code: i32) -> Output {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{}", text(&output));
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

#[test]
fn a_file_is_compared_with_what_it_was_at_a_commit() {
    let house = House::new();
    let line = "check openapi.yaml --against git:main";
    house.says(line, 0, &["2 native", "required bump: none"]);
    house.0.write("schemas/order.yaml", BROKEN);
    house.says(
        line,
        1,
        &[
            "git:main",
            "is broken",
            "required bump: major (1.4.0 -> 2.0.0); declared 1.4.0: not sufficient",
        ],
    );
    house.0.write("schemas/order.yaml", MORE);
    house.says(line, 0, &["required bump: minor (1.4.0 -> 1.5.0); declared 1.4.0: not sufficient"]);
    let require = format!("{line} --bump require");
    house.says(
        &require,
        1,
        &["version-bump-insufficient", "required bump: minor (1.4.0 -> 1.5.0)"],
    );
    house.0.write("openapi.yaml", &description("1.4.1", ""));
    house.says(line, 1, &["version-bump-insufficient", "declared 1.4.1: not sufficient"]);
    house.says(&format!("{line} --bump tell"), 0, &["not sufficient"]);
    house.says(&format!("{line} --bump off"), 0, &["holds"]);
    house.0.write("openapi.yaml", &description("1.5.0", ""));
    house.says(line, 0, &["required bump: minor (1.4.0 -> 1.5.0); declared 1.5.0: sufficient"]);
    let json = house.says(&format!("{line} --format json"), 0, &[]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let bump = &report["apis"][0]["bump"];
    assert_eq!(
        (bump["required"].as_str(), bump["sufficient"].as_bool()),
        (Some("minor"), Some(true))
    );
}

#[test]
fn what_others_merged_since_is_no_finding() {
    let house = House::new();
    house.git(&["checkout", "-q", "-b", "mine"]);
    house.git(&["checkout", "-q", "main"]);
    house.version("", "1.5.0", MORE);
    house.0.write("other.yaml", &description("1.0.0", ""));
    house.commit();
    house.git(&["checkout", "-q", "mine"]);
    house.says("check openapi.yaml --against git:main", 1, &["version-bump-insufficient"]);
    house.says("check openapi.yaml --against git:main...", 0, &["required bump: none"]);
}

#[test]
fn a_commit_that_is_not_there_is_told_with_a_remedy() {
    let house = House::new();
    let against = "check openapi.yaml --against";
    house.says(&format!("{against} git:nowhere"), 2, &["git knows no commit `nowhere` here"]);
    house.says(&format!("{against} git:--output=x"), 2, &["names no commit"]);
    house.says(&format!("{against} git:main:gone.yaml"), 2, &["git:main has no `gone.yaml`"]);
    house.says(&format!("{against} nothing"), 2, &["a commit is written `git:nothing`"]);
    house.says("check openapi.yaml", 2, &["say what to compare it with"]);
    house.0.write("new.yaml", &description("1.0.0", ""));
    house.says("check new.yaml --against git:main", 0, &["it is new"]);
    house.commit();
    let far = Scratch::new();
    let from = format!("file://{}", house.path().display());
    told(
        Command::new("git")
            .current_dir(far.path())
            .args(["clone", "-q", "--depth", "1", &from, "c"]),
        0,
    );
    let mut command = Command::new(binary::path());
    command.current_dir(far.path().join("c")).args([
        "check",
        "openapi.yaml",
        "--against",
        "git:main~1",
    ]);
    assert!(text(&told(&mut command, 2)).contains("fetch-depth: 0"));
    let outside = Scratch::new();
    outside.write("openapi.yaml", &description("1.0.0", ""));
    let mut command = Command::new(binary::path());
    command.current_dir(outside.path()).args(["check", "openapi.yaml", "--against", "git:main"]);
    command.env("GIT_CEILING_DIRECTORIES", outside.path().parent().unwrap());
    assert!(text(&told(&mut command, 2)).contains("is in no git repository"));
}

#[test]
fn an_api_is_compared_with_all_it_was() {
    let house = House::new();
    let line = "check apis --against git:main";
    house.says(line, 0, &["holds"]);
    house.version("apis/orders/1.4.0/", "1.4.0", BROKEN);
    house.says(line, 1, &["client 1.4.0 (git:main), backend 1.4.0", "is broken"]);
    house.version("apis/orders/1.4.0/", "1.4.0", ORDER);
    house.version("apis/orders/2.0.0/", "2.0.0", BROKEN);
    house.says(
        line,
        1,
        &[
            "client 1.5.0 (git:main), backend 2.0.0",
            "required bump: major (1.5.0 -> 2.0.0); declared 2.0.0: sufficient",
        ],
    );
    house.says("check apis/orders --against apis/orders/1.4.0", 1, &["backend 2.0.0"]);
    house.says("check apis/orders --against openapi.yaml", 1, &["(openapi.yaml)"]);
}

#[test]
fn links_and_submodules_of_a_commit_are_followed_as_far_as_they_lead() {
    let house = House::new();
    if cfg!(unix) {
        std::fs::create_dir(house.path().join("linked")).unwrap();
        let link = |to: &str, at: &str| {
            told(Command::new("ln").current_dir(house.path()).args(["-s", to, at]), 0);
        };
        link("../openapi.yaml", "linked/openapi.yaml");
        link("../schemas", "linked/schemas");
        house.commit();
        house.says("diff git:main:linked/openapi.yaml git:main:openapi.yaml", 0, &["2 native"]);
    }
}

#[test]
fn a_release_is_frozen_and_an_edit_of_it_is_named() {
    let house = House::new();
    house.says("release apis/orders 1.4.0 --check", 1, &["1.4.0 would be released"]);
    house.says("release apis/orders 1.4.0", 0, &["1.4.0 released: sha256:"]);
    house.says("release apis/orders 1.4.0", 0, &["is released already"]);
    house.says("check apis/orders", 0, &["holds"]);
    house.says(
        "check apis/orders --against release",
        0,
        &["required bump: minor (1.4.0 -> 1.5.0)"],
    );
    house.commit();
    let lock = std::fs::read_to_string(house.path().join("apis/orders/evergate.lock")).unwrap();
    house.version("apis/orders/1.4.0/", "1.4.0", MORE);
    house.says(
        "check apis/orders",
        1,
        &["release-edited", "properties/note of schemas/order was added"],
    );
    house.says("check apis/orders --format sarif", 1, &["release-edited"]);
    house.says("release apis/orders 1.5.0", 1, &["refused", "release-edited"]);
    // an entry that is edited with its documents is found against the commit
    std::fs::remove_file(house.path().join("apis/orders/evergate.lock")).unwrap();
    house.says("release apis/orders --all", 0, &["1.4.0 released", "1.5.0 released"]);
    house.says("check apis/orders", 0, &["holds"]);
    house.says(
        "check apis/orders --against git:main",
        1,
        &["release-edited", "another digest", "git:main"],
    );
    house.0.write("apis/orders/evergate.lock", &lock);
    house.version("apis/orders/1.4.0/", "1.4.0", ORDER);
    std::fs::rename(house.path().join("apis/orders/1.4.0"), house.path().join("apis/orders/1.4.1"))
        .unwrap();
    house.says("check apis/orders", 1, &["release-removed", "1.4.0"]);
}

#[test]
fn what_may_not_be_released_leaves_the_lock_file_as_it_was() {
    let house = House::new();
    house.says("release apis/orders 1.5.0", 0, &["released"]);
    let before = std::fs::read(house.path().join("apis/orders/evergate.lock")).unwrap();
    house.says(
        "release apis/orders 1.4.0",
        1,
        &["older than the released version 1.5.0", "--allow-older"],
    );
    house.version("apis/orders/1.6.0/", "1.6.0", BROKEN);
    house.says(
        "release apis/orders --all --allow-older",
        1,
        &["do not get through", "--allow-breaking"],
    );
    house.says("release apis/orders 3", 2, &["there is no version `3` here"]);
    house.0.write("apis/orders/evergate.lock.new", "");
    house.says("release apis/orders 1.6.0", 2, &["another `evergate release` is at work"]);
    std::fs::remove_file(house.path().join("apis/orders/evergate.lock.new")).unwrap();
    assert_eq!(std::fs::read(house.path().join("apis/orders/evergate.lock")).unwrap(), before);
    house.says("release apis/orders 1.6.0 --allow-breaking", 0, &["1.6.0 released"]);
    house.version("apis/orders/2.0.0/", "2.0.0", ORDER);
    house.says("release apis/orders 2.0.0", 0, &["2.0.0 released"]);
    house.0.write("apis/orders/evergate.lock", "format: evergate-lock/9\nreleases: {}\n");
    house.says("check apis/orders", 2, &["evergate-lock/9"]);
}

/// The lines of the guide's blocks of shell commands.
fn commands(guide: &str) -> Vec<String> {
    let blocks = guide.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines);
    lines.map(str::to_owned).filter(|line| !line.trim().is_empty()).collect()
}

#[test]
fn every_command_of_the_guide_runs() {
    let house = House::new();
    house.says("release apis/orders --all", 0, &[]);
    house.0.write("schemas/order.yaml", MORE);
    house.0.write("openapi.yaml", &description("1.5.0", "a: {}"));
    let guide = std::fs::read_to_string(root().join("docs/ci.md")).unwrap();
    let found = binary::path().parent().unwrap().to_owned();
    let paths = std::env::var_os("PATH").unwrap();
    let paths = std::iter::once(found).chain(std::env::split_paths(&paths));
    let paths = std::env::join_paths(paths).unwrap();
    let commands = commands(&guide);
    assert!(commands.len() > 10, "{commands:?}");
    let mut said = String::new();
    for line in commands {
        let mut command = Command::new("sh");
        command.current_dir(house.path()).env("PATH", &paths).args(["-c", &line]);
        said.push_str(&text(&told(&mut command, 0)));
    }
    assert!(said.contains("evergate diff a/openapi.yaml b/openapi.yaml"), "{said}");
    assert!(said.contains("property-added"), "{said}");
}
