//! The commands that look at a configuration of the past and change the one in use, against a gateway that runs.

use std::process::Output;

use evergate_tests::binary;
use evergate_tests::client::Request;
use evergate_tests::gate::Gate;
use evergate_tests::orders;
use evergate_tests::scratch::Scratch;

/// Runs a command for the gateway of this folder.
fn run(gate: &Gate, arguments: &[&str], live: bool) -> Output {
    let config = gate.folder().join("gateway.yaml").display().to_string();
    let mut command = binary::command(arguments);
    command.args(["--config", &config]);
    if live {
        command.args(["--admin", &gate.admin().to_string()]);
    }
    command.env_remove("EVERGATE_TOKEN").output().expect("the program runs")
}

/// What a command prints that ends with this code.
#[track_caller]
fn said(output: &Output, code: i32) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    out + &err
}

#[test]
fn a_configuration_is_put_listed_shown_taken_back_and_verified() {
    let backend = orders::backend("v1");
    let good = orders::config(&[("v1", &backend.endpoint())], &[]);
    let mut gate = Gate::quiet(&good);
    let scratch = Scratch::new();
    let other = scratch.write("other.yaml", &format!("# another\n{good}")).display().to_string();
    let wrong = good.replacen("match: {", "mach: {", 1);
    let wrong = scratch.write("wrong.yaml", &wrong).display().to_string();

    let told = said(&run(&gate, &["config", "put", &other, "--dry-run"], true), 0);
    assert!(told.contains("it can be used, and differs"), "{told}");
    let told = said(&run(&gate, &["config", "put", &wrong], true), 2);
    assert!(told.contains("`mach` is not a key here; did you mean `match`?"), "{told}");
    let told = said(&run(&gate, &["config", "put", &other, "--if-match", "00"], true), 2);
    assert!(told.contains("412") && told.contains("make it anew"), "{told}");
    let told = said(&run(&gate, &["config", "put", &other, "--why", "a word more"], true), 0);
    assert!(told.contains("generation 2 is in use"), "{told}");
    let told = said(&run(&gate, &["config", "put", &other], true), 0);
    assert!(told.contains("nothing changed"), "{told}");

    // from the state directory and from the gateway alike
    let lists = [false, true].map(|live| said(&run(&gate, &["config", "history"], live), 0));
    assert_eq!(lists[0], lists[1]);
    let rows: Vec<&str> = lists[0].lines().filter(|line| !line.starts_with("        ")).collect();
    assert_eq!(rows.len(), 5, "{rows:#?}");
    assert!(rows[0].contains("applied") && rows[0].contains("put"), "{rows:#?}");
    assert!(rows[1].contains("begun") && rows[1].contains("“a word more”"), "{rows:#?}");
    let shown = [false, true].map(|live| said(&run(&gate, &["config", "show", "1"], live), 0));
    assert_eq!(shown[0], shown[1]);
    assert!(shown[0].starts_with("# ") && shown[0].ends_with(&good), "{}", shown[0]);
    said(&run(&gate, &["config", "show", "99"], false), 2);

    let told = said(&run(&gate, &["config", "rollback", "1", "--why", "enough"], true), 0);
    assert!(told.contains("generation 3 is in use"), "{told}");
    let file = gate.folder().join("gateway.yaml");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), good);
    let told = said(&run(&gate, &["status"], true), 0);
    assert!(told.contains("generation     3") && told.contains("applied by rollback"), "{told}");
    assert_eq!(gate.ask(&Request::get("/orders/1").field("api-version", "v1")).status, 200);

    // a file that was written and refused is replaced only by who says so
    gate.rewrite("no: [");
    let told = said(&run(&gate, &["config", "rollback", "1"], true), 2);
    assert!(told.contains("holds what is not in use"), "{told}");
    said(&run(&gate, &["config", "rollback", "1", "--replace-file"], true), 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), good);

    gate.kill();
    let told = said(&run(&gate, &["config", "verify"], false), 0);
    let head = told.split("its head is ").nth(1).unwrap().trim().to_owned();
    said(&run(&gate, &["config", "verify", "--head", &head], false), 0);
    said(&run(&gate, &["config", "verify", "--head", "none"], false), 2);
    let journal = gate.folder().join(".evergate/journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    std::fs::write(&journal, lines[..lines.len() - 1].concat()).unwrap();
    said(&run(&gate, &["config", "verify"], false), 0);
    let told = said(&run(&gate, &["config", "verify", "--head", &head], false), 1);
    assert!(told.contains("its end was cut off"), "{told}");
    std::fs::write(&journal, text.replacen("start", "spart", 1)).unwrap();
    let told = said(&run(&gate, &["config", "verify"], false), 1);
    assert!(told.contains("journal.jsonl:1:"), "{told}");
    std::fs::remove_file(&journal).unwrap();
    said(&run(&gate, &["config", "verify"], false), 2);
}
