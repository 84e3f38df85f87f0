//! Verdicts on single payloads, each with the evidence it needs.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::plan::bridge::{Judgement, Policy};
use crate::plan::image::Known;
use crate::plan::program::{
    Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Outside, Program, Source, Supply,
    Table,
};
use crate::pointer::Pointer;
use crate::relate::verdict::Verdict;
use crate::relate::{Budget, Prover};
use crate::schema::Schema;

use super::{JudgeLimits, Question, Senders, judge};

fn program(nodes: Vec<Node>, loss: bool) -> Arc<Program> {
    let note =
        Note { rule: "A3", text: "a step".to_owned(), at: "/b".to_owned(), loss, policy: None };
    let nodes = std::iter::once(Node::Copy).chain(nodes).collect();
    Arc::new(Program { nodes, root: NodeId(1), notes: vec![note] })
}

fn supplying(source: Source, missing: Missing) -> Arc<Program> {
    let node = ObjectNode {
        members: Vec::new(),
        patterns: Vec::new(),
        other: NodeId(0),
        supplies: vec![Supply { name: "b".into(), source, note: NoteId(0), missing }],
        conflict: None,
        slots: (0, 0),
        hold: false,
    };
    program(vec![Node::Object(Box::new(node))], false)
}

#[track_caller]
fn check(sender: &Value, reader: &Value, chain: &[Arc<Program>], expected: Verdict) -> Judgement {
    let (sender, reader) =
        (Schema::from_document(sender.clone()), Schema::from_document(reader.clone()));
    let known = Known::default();
    let question = Question {
        sender: &sender,
        reader: &reader,
        chain,
        known: &known,
        limits: JudgeLimits::default(),
    };
    let plan = judge(&question, &mut Prover::default());
    assert_eq!(plan.judgement.verdict, expected, "{:?}", plan.judgement);
    plan.judgement
}

fn sender() -> Value {
    json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]})
}

fn reader() -> Value {
    json!({"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]})
}

#[test]
fn a_literal_that_fits_bridges_and_one_that_does_not_breaks() {
    let fits = supplying(Source::Literal("1".into()), Missing::Omit);
    let judgement = check(&sender(), &reader(), &[fits], Verdict::Bridged);
    assert!(judgement.total && judgement.witness.is_none() && judgement.steps.len() == 1);
    let unfit = supplying(Source::Literal("\"x\"".into()), Missing::Omit);
    let witness = check(&sender(), &reader(), &[unfit], Verdict::Broken).witness.unwrap();
    assert_eq!(witness.payload, json!({"a": ""}));
    assert_eq!(witness.received, Some(json!({"a": "", "b": "x"})));
    assert_eq!((witness.at.as_str(), witness.keyword.as_str()), ("/b", "type"));
}

#[test]
fn a_refusal_that_can_be_met_breaks_with_the_step_that_refuses() {
    let needs = supplying(Source::Nothing, Missing::Refuse(NoteId(0)));
    let judgement = check(&sender(), &reader(), std::slice::from_ref(&needs), Verdict::Broken);
    let witness = judgement.witness.unwrap();
    assert!(!judgement.total && !judgement.hopeless && witness.received.is_none());
    assert_eq!((witness.at.as_str(), witness.keyword.as_str()), ("/b", "A3"));
    let always =
        json!({"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]});
    assert!(check(&always, &reader(), &[needs], Verdict::Bridged).total);
    let never = json!({"type": "object", "properties": {"a": {}}});
    let needs = supplying(Source::Nothing, Missing::Refuse(NoteId(0)));
    assert!(check(&never, &reader(), &[needs], Verdict::Broken).hopeless);
}

#[test]
fn a_replaced_value_is_a_loss() {
    let table = Table { entries: vec![("\"new\"".into(), NodeId(2))], otherwise: NodeId(0) };
    let nodes = vec![Node::Table(Box::new(table)), Node::Replace("\"open\"".into(), NoteId(0))];
    let (sender, reader) = (json!({"enum": ["new", "open"]}), json!({"enum": ["open", "closed"]}));
    check(&sender, &reader, &[program(nodes.clone(), true)], Verdict::Lossy);
    // The sender of the second cannot send what is replaced: nothing is lost.
    check(&json!({"enum": ["open"]}), &reader, &[program(nodes, true)], Verdict::Bridged);
}

#[test]
fn a_configuration_value_is_taken_to_fit_and_the_report_says_so() {
    let source = Source::Outside(Outside::Configuration("rate".into()));
    let chain = [supplying(source, Missing::Refuse(NoteId(0)))];
    let judgement = check(&sender(), &reader(), &chain, Verdict::Bridged);
    assert!(judgement.policies.contains(&Policy::ConfigurationFits));
}

#[test]
fn a_header_that_may_be_absent_is_a_refusal() {
    let source = Source::Outside(Outside::Header("x-b".into()));
    let text =
        json!({"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]});
    let open = json!({"type": "object", "properties": {"b": {"type": "string"}}});
    check(&open, &text, &[supplying(source, Missing::Refuse(NoteId(0)))], Verdict::Broken);
}

#[test]
fn a_native_verdict_shows_what_rests_on_closed_senders() {
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let judgement = check(&open, &sender_with_optional(), &[], Verdict::Native);
    assert_eq!(judgement.policies, [Policy::SenderClosed]);
    assert_eq!(judgement.strict_witness.unwrap().at.as_str(), "/b");
}

#[test]
fn senders_as_written_break_what_only_closing_held() {
    let open =
        Schema::from_document(json!({"type": "object", "properties": {"a": {"type": "string"}}}));
    let reader = Schema::from_document(sender_with_optional());
    let limits = JudgeLimits { senders: Senders::AsWritten, ..JudgeLimits::default() };
    let known = Known::default();
    let question = Question { sender: &open, reader: &reader, chain: &[], known: &known, limits };
    let judgement = judge(&question, &mut Prover::new(Budget::default())).judgement;
    assert_eq!(judgement.verdict, Verdict::Broken);
    assert_eq!(judgement.witness.unwrap().at.as_str(), "/b");
    assert!(judgement.policies.is_empty());
}

fn sender_with_optional() -> Value {
    json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}})
}

#[test]
fn a_rename_bridges() {
    let renamed = Member {
        name: "a".into(),
        rename: Some(("c".into(), NoteId(0))),
        node: NodeId(0),
        take: None,
    };
    let node = ObjectNode {
        members: vec![renamed],
        patterns: Vec::new(),
        other: NodeId(0),
        supplies: Vec::new(),
        conflict: Some(NoteId(0)),
        slots: (0, 0),
        hold: false,
    };
    let reader =
        json!({"type": "object", "properties": {"c": {"type": "string"}}, "required": ["c"]});
    check(
        &sender(),
        &reader,
        &[program(vec![Node::Object(Box::new(node))], false)],
        Verdict::Bridged,
    );
}

#[test]
fn what_a_step_keeps_is_borne_under_the_name_that_a_later_step_gives_it() {
    let kept = Note {
        rule: "A8",
        text: "keep `b` though its reader does not list it".to_owned(),
        at: "/b".to_owned(),
        loss: false,
        policy: Some("on_unknown: keep"),
    };
    let keeping = Arc::new(Program { notes: vec![kept.clone()], ..Program::identity() });
    let renaming = ObjectNode {
        members: vec![Member {
            name: "b".into(),
            rename: Some(("c".into(), NoteId(0))),
            node: NodeId(0),
            take: None,
        }],
        patterns: Vec::new(),
        other: NodeId(0),
        supplies: Vec::new(),
        conflict: None,
        slots: (0, 0),
        hold: false,
    };
    let renaming = program(vec![Node::Object(Box::new(renaming))], false);
    let judgement = Judgement {
        steps: vec![kept],
        keepers: vec![vec![keeping, renaming]],
        ..Judgement::of(Verdict::Bridged)
    };
    let bears = |at: &str| judgement.bears(&Pointer::parse(at).unwrap());
    assert!(bears("/c"));
    assert!(!bears("/b"));
    assert!(!bears("/a"));
}
