//! Loops in a tiny text form: `for f`, `repeat r < a`, `a < f.item b`, `c collect < a`.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::workflow::{Connection, Edit, Node, NodeId, PortRef, Position, Workflow};

/// A graph read from text, with its loops.
struct Found {
    graph: Graph,
    loops: Loops,
    faults: Vec<(usize, String)>,
}

impl Found {
    /// Reads one node a line: `NAME`, `NAME KIND` or `KIND NAME`, then ` < ` and what feeds its inputs.
    fn in_text(text: &'static str) -> Self {
        let mut workflow = Workflow::new("loops");
        let mut roles = BTreeMap::new();
        let mut wires = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (node, feeds) = line.split_once('<').unwrap_or((line, ""));
            let mut role = Role::Plain;
            let mut name = "";
            for word in node.split_whitespace() {
                match word {
                    "for" => role = Role::ForEach,
                    "repeat" => role = Role::Repeat,
                    "collect" => role = Role::Collect,
                    "next" => role = Role::Next,
                    _ => name = word,
                }
            }
            let id = NodeId::from(name);
            workflow.apply(Edit::AddNode(id.clone(), Node::new("k", Position::default()).into())).unwrap();
            for (number, feed) in feeds.split_whitespace().enumerate() {
                let (from, port) = feed.split_once('.').unwrap_or((feed, "out"));
                let to = PortRef::new(name, crate::workflow::PortId::numbered("in", number));
                wires.push(Connection { from: PortRef::new(from, port), to });
            }
            roles.insert(id, role);
        }
        for wire in wires {
            workflow.apply(Edit::Connect(wire)).unwrap();
        }
        let graph = Graph::new(&workflow);
        let (loops, faults) = Loops::new(&graph, |node| roles[&graph.ids[node]]);
        Self { graph, loops, faults }
    }

    fn index(&self, name: &'static str) -> usize {
        self.graph.index(&name.into()).unwrap()
    }

    fn names(&self, nodes: &[usize]) -> String {
        nodes.iter().map(|&node| self.graph.ids[node].as_str()).collect::<Vec<_>>().join(" ")
    }

    /// One line a loop: head, the head around it, members, closers, reads.
    fn in_words(&self) -> String {
        let mut lines = String::new();
        for known in &self.loops.loops {
            let name = |node: usize| self.graph.ids[node].as_str();
            lines.push_str(name(known.head));
            if let Some(parent) = known.parent {
                lines.push_str(&format!(" in {}", name(self.loops.loops[parent].head)));
            }
            let lists = [&known.members, &known.closers, &known.reads].map(|nodes| self.names(nodes));
            lines.push_str(format!(": {}", lists.join(" | ")).trim_end());
            lines.push('\n');
        }
        lines
    }

    fn said(&self) -> Vec<String> {
        self.faults.iter().map(|(node, said)| format!("{}: {said}", self.graph.ids[*node])).collect()
    }
}

/// Checks well-formed loops against their description.
fn check(text: &'static str, expected: &str) {
    let found = Found::in_text(text);
    assert_eq!(found.said(), Vec::<String>::new(), "{text}");
    let expected: String = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .fold(String::new(), |lines, line| lines + line + "\n");
    assert_eq!(found.in_words(), expected, "{text}");
}

/// Checks what is said about ill-formed loops; each line is the beginning of one.
fn check_faults(text: &'static str, expected: &[&str]) {
    let said = Found::in_text(text).said();
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}\nexpected {expected}");
    }
}

#[test]
fn without_heads_and_closers_there_is_nothing_to_find() {
    let found = Found::in_text("a\nb < a");
    assert!(found.loops.is_empty() && found.faults.is_empty());
    assert_eq!(found.loops.of_node, [None, None]);
}

#[test]
fn a_body_reaches_up_to_its_collect() {
    check(
        "l
         for f < l
         a < f.item
         b < a f.index
         c collect < b
         z < c.items",
        "f: a b c | c |",
    );
}

#[test]
fn a_body_node_reads_from_outside_and_from_loops_around() {
    check(
        "l
         k
         for f < l
         a < f.item k
         for g < a
         b < g.item a k f.index
         d collect < b
         e < d.items
         c collect < e",
        "f: a g e c | c | k
         g in f: b d | d | f k a",
    );
}

#[test]
fn done_is_outside() {
    let found = Found::in_text("for f\na < f.item\nc collect < a\nz < f.done");
    assert_eq!(found.in_words(), "f: a c | c |\n");
    assert_eq!(found.loops.of_node[found.index("z")], None);
    check("for f\nfor g < f.item\nz < g.done\nb < g.item", "f: g z |  |\ng in f: b |  |");
}

#[test]
fn a_loop_may_have_several_collects_and_a_body_that_gives_nothing() {
    check("for f\nc collect < f.item\na < f.item\nd collect < a\nb < f.index", "f: a b c d | c d |");
}

#[test]
fn a_repeat_has_one_next_and_may_collect_too() {
    check(
        "s
         repeat r < s
         a < r.state
         n next < a
         c collect < a
         z < n.result c.items",
        "r: a c n | c n |",
    );
}

#[test]
fn what_one_loop_collected_feeds_the_next() {
    check("for f\nc collect < f.item\nfor g < c.items\nd collect < g.item", "f: c | c |\ng: d | d |");
}

#[test]
fn an_inner_loop_waits_for_what_its_body_reads() {
    // b is far down the graph, but g cannot begin before it is there.
    check(
        "for f
         for g < f.item
         m < f.item
         n < m
         b < n
         y < g.item b
         c collect < y
         z < c.items
         e < f.item
         d collect < z e",
        "f: e m n b g z d | d |
         g in f: y c | c | b",
    );
}

#[test]
fn sibling_loops_are_refused() {
    check_faults(
        "for f\nfor g\na < f.item g.item\nb < a",
        &["a: it is fed by two sibling loops, f and g: put a Collect behind one of them"],
    );
    check_faults(
        "for f\nfor g < f.item\nfor h < g.item\nfor i < f.item\na < h.item\nb < i.item a",
        &["b: it is fed by two sibling loops, i and g:"],
    );
    // One's item and what the other has collected do not clash.
    assert!(Found::in_text("for f\nfor g\nc collect < g.item\na < f.item c.items").faults.is_empty());
}

#[test]
fn a_closer_outside_all_loops_is_named() {
    check_faults("a\nc collect < a\nn next", &["n: it is not inside a loop", "c: it is not inside a loop"]);
    check_faults("for f\nc collect < f.item\nd collect < c.items", &["d: it is not inside a loop"]);
    check_faults("for f\nc collect < f.done", &["c: it is not inside a loop"]);
}

#[test]
fn a_next_belongs_to_a_repeat_and_a_repeat_has_one() {
    check_faults("for f\nn next < f.item", &["n: it is in the loop of f, a For Each"]);
    check_faults("repeat r\na < r.state", &["r: this Repeat has no Next"]);
    check_faults("repeat r\nn next < r.state\nm next < r.index", &["r: this Repeat has two Nexts, m and n"]);
    // The Next of an inner loop is not that of the outer one.
    check_faults("repeat r\nrepeat q < r.state\nn next < q.state", &["r: this Repeat has no Next"]);
}

#[test]
fn a_loop_cannot_need_its_own_end() {
    check_faults(
        "for f\na < f.item\nc collect < a\nb < f.item c.items",
        &["b: it is in the loop of f and takes from c what is there only once that loop has ended"],
    );
    check_faults("for f\na < f.item f.done", &["a: it is in the loop of f and takes from f"]);
    check_faults(
        "for f\nc collect < f.item\nx < c.items\ny < x\nb < f.item y",
        &["b: it is in the loop of f and takes something from y, which waits for the end of that loop"],
    );
    // From deep inside as well.
    check_faults(
        "for f\nc collect < f.item\nfor g < f.index\nb < g.item c.items",
        &["b: it is in the loop of f and takes from c"],
    );
}

#[test]
fn a_loop_cannot_need_its_own_end_through_others() {
    check_faults(
        "for f
         c collect < f.item
         for g < c.items
         d collect < g.item
         b < f.item d.items",
        &["b: it is in the loop of f and takes something from d"],
    );
    // No wire leads from one end of f to the other, but f waits for g, g for h and h for f.
    check_faults(
        "for f
         for g
         for h
         fc collect < f.item
         gc collect < g.item
         hc collect < h.item
         x < f.item gc.items
         y < g.item hc.items
         z < h.item fc.items",
        &["x: it is in the loop of f", "y: it is in the loop of g", "z: it is in the loop of h"],
    );
    // The same three in a row are well.
    assert!(
        Found::in_text(
            "for f
             for g
             for h
             fc collect < f.item
             gc collect < g.item
             x < f.item gc.items
             y < h.item fc.items",
        )
        .faults
        .is_empty()
    );
}
