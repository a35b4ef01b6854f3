//! Loops in a tiny text form: `for f`, `repeat r < a`, `a < f.item b`, `c collect < a`.

use std::{collections::BTreeMap, fmt::Write as _};

use proptest::prelude::*;

use super::*;
use crate::workflow::{Connection, Edit, Node, NodeId, PortId, PortRef, Position, Workflow};

/// A graph read from text, with its loops.
struct Found {
    graph: Graph,
    loops: Loops,
    faults: Vec<(usize, String)>,
}

impl Found {
    /// Reads one node a line: `NAME`, `NAME KIND` or `KIND NAME`, then ` < ` and what feeds its inputs.
    fn in_text(text: &str) -> Self {
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
            let id: NodeId = name.parse().unwrap();
            workflow.apply(Edit::AddNode(id.clone(), Node::new("k", Position::default()).into())).unwrap();
            for (number, feed) in feeds.split_whitespace().enumerate() {
                let (from, port) = feed.split_once('.').unwrap_or((feed, "out"));
                let from = PortRef::new(from.parse::<NodeId>().unwrap(), port.parse::<PortId>().unwrap());
                wires.push(Connection { from, to: PortRef::new(&id, PortId::numbered("in", number)) });
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

    fn index(&self, name: &str) -> usize {
        self.graph.index(&name.parse().unwrap()).unwrap()
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
                lines.extend([" in ", name(self.loops.loops[parent].head)]);
            }
            let lists = [&known.members, &known.closers, &known.reads].map(|nodes| self.names(nodes));
            lines.extend([format!(": {}", lists.join(" | ")).trim_end(), "\n"]);
        }
        lines
    }

    fn said(&self) -> Vec<String> {
        self.faults.iter().map(|(node, said)| format!("{}: {said}", self.graph.ids[*node])).collect()
    }
}

/// Checks well-formed loops against their description.
fn check(text: &str, expected: &str) {
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
fn check_faults(text: &str, expected: &[&str]) {
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
         g in f: b d | d | k f a",
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
        &["z: it is in the loop of h", "x: it is in the loop of f", "y: it is in the loop of g"],
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

/// Writes well-formed nests, one node after the other, and what must be found in them.
#[derive(Default)]
struct Writer {
    text: String,
    n_nodes: usize,
    /// What can be taken, and the number of open loops it is inside.
    values: Vec<(String, usize)>,
    /// Heads of the loops that are open, and what they have collected so far.
    open: Vec<(String, bool, Vec<String>)>,
    /// The head of each node's loop.
    expected: BTreeMap<String, Option<String>>,
}

impl Writer {
    fn write(steps: &[(u8, usize, usize, usize)]) -> Self {
        let mut writer = Self::default();
        for &(step, first, second, third) in steps {
            match step % 8 {
                0 | 1 => writer.begin(first, second, step % 2 == 0),
                2 => writer.end(first),
                3 if !writer.open.is_empty() => {
                    let collect = writer.close("collect", first, "items");
                    writer.open.last_mut().unwrap().2.push(collect);
                }
                _ => {
                    let (name, depth) = writer.node("", &[first, second, third][..=first % 3]);
                    writer.values.push((format!("{name}.out"), depth));
                }
            }
        }
        while !writer.open.is_empty() {
            writer.end(0);
        }
        writer
    }

    /// Writes a node fed by the values picked; returns its name and the depth of its loop.
    fn node(&mut self, role: &str, picks: &[usize]) -> (String, usize) {
        // Names in no order, so that the order of work is not that of writing.
        let name = format!("n{:03}", self.n_nodes * 389 % 997);
        self.n_nodes += 1;
        let feeds: Vec<&(String, usize)> = picks
            .iter()
            .filter(|_| !self.values.is_empty())
            .map(|pick| &self.values[pick % self.values.len()])
            .collect();
        let depth = feeds.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
        let feeds: Vec<&str> = feeds.iter().map(|(feed, _)| feed.as_str()).collect();
        self.text.extend([role, " ", &name, " < ", &feeds.join(" "), "\n"]);
        let around = depth.checked_sub(1).map(|depth| self.open[depth].0.clone());
        self.expected.insert(name.clone(), around);
        (name, depth)
    }

    fn begin(&mut self, first: usize, second: usize, repeats: bool) {
        let (name, depth) = self.node(if repeats { "repeat" } else { "for" }, &[first, second]);
        // A loop that begins further out cannot see what is inside those that are open.
        while self.open.len() > depth {
            self.end(second);
        }
        self.values.push((format!("{name}.{}", if repeats { "state" } else { "item" }), depth + 1));
        self.values.push((format!("{name}.index"), depth + 1));
        self.open.push((name, repeats, vec![]));
    }

    /// Writes a Collect or Next of the innermost loop; returns what it gives.
    fn close(&mut self, role: &str, pick: usize, output: &str) -> String {
        let depth = self.open.len();
        let inside: Vec<usize> = (0..self.values.len()).filter(|&value| self.values[value].1 == depth).collect();
        let (name, _) = self.node(role, &[inside[pick % inside.len()]]);
        format!("{name}.{output}")
    }

    fn end(&mut self, pick: usize) {
        let Some((head, repeats, _)) = self.open.last().cloned() else { return };
        let mut given = if repeats { vec![self.close("next", pick, "result")] } else { vec![] };
        given.push(format!("{head}.done"));
        let (_, _, collected) = self.open.pop().unwrap();
        let depth = self.open.len();
        self.values.retain(|(_, known)| *known <= depth);
        self.values.extend(given.into_iter().chain(collected).map(|value| (value, depth)));
    }
}

/// Returns whether a loop is `outer` or lies in it.
fn lies_in(loops: &Loops, inner: Option<usize>, outer: usize) -> bool {
    inner.is_some_and(|inner| inner == outer || lies_in(loops, loops.loops[inner].parent, outer))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn well_formed_nests_are_found_as_they_were_written(
        steps in proptest::collection::vec((any::<u8>(), 0_usize..50, 0_usize..50, 0_usize..50), 1..60)
    ) {
        let writer = Writer::write(&steps);
        let found = Found::in_text(&writer.text);
        let Found { graph, loops, .. } = &found;
        prop_assert_eq!(found.said(), Vec::<String>::new(), "{}", writer.text);
        prop_assert_eq!(loops.of_node.len(), graph.n_nodes());
        for (name, head) in &writer.expected {
            let of_node = loops.of_node[found.index(name)];
            let found_head = of_node.map(|known| graph.ids[loops.loops[known].head].to_string());
            prop_assert_eq!(&found_head, head, "{} in\n{}", name, writer.text);
        }
        for (number, known) in loops.loops.iter().enumerate() {
            prop_assert_eq!(known.parent, loops.of_node[known.head]);
            prop_assert!(known.parent.is_none_or(|parent| parent < number));
            let mut members = known.members.clone();
            members.sort_unstable();
            let expected: Vec<usize> = (0..graph.n_nodes()).filter(|&node| loops.of_node[node] == Some(number)).collect();
            prop_assert_eq!(members, expected);

            let mut reads = BTreeSet::new();
            for node in (0..graph.n_nodes()).filter(|&node| lies_in(loops, loops.of_node[node], number)) {
                let outside = |from: &usize| *from != known.head && !lies_in(loops, loops.of_node[*from], number);
                reads.extend(graph.inputs[node].iter().map(|feed| feed.from).filter(outside));
            }
            prop_assert_eq!(&known.reads, &reads.into_iter().collect::<Vec<_>>());

            // Before a member come all that feed it and, for a head, all that its loop reads.
            for (place, &member) in known.members.iter().enumerate() {
                let begun = loops.loops.iter().find(|inner| inner.head == member);
                let feeds = graph.inputs[member].iter().map(|feed| feed.from);
                for feed in feeds.chain(begun.into_iter().flat_map(|begun| begun.reads.iter().copied())) {
                    let closed = loops.loops.iter().find(|inner| inner.closers.contains(&feed) && inner.parent == Some(number));
                    let piece = closed.map_or(feed, |closed| closed.head);
                    if loops.of_node[piece] == Some(number) {
                        prop_assert!(known.members[..place].contains(&piece), "{} in\n{}", graph.ids[member], writer.text);
                    }
                }
            }
        }
    }

    #[test]
    fn any_wires_whatever_can_be_worked_through_or_are_named(text in any_wires()) {
        let found = Found::in_text(&text);
        for (node, said) in &found.faults {
            prop_assert!(*node < found.graph.n_nodes() && !said.is_empty());
        }
        let n_members: usize = found.loops.loops.iter().map(|known| known.members.len()).sum();
        prop_assert_eq!(n_members, found.loops.of_node.iter().flatten().count());
        let said = found.said();
        if !said.iter().any(|said| said.contains("sibling")) {
            let is_named = said.iter().any(|said| said.contains("wired into itself"));
            prop_assert_eq!(found.gets_stuck(), is_named, "{:#?} in\n{}", said, text);
        }
    }
}

/// Returns nodes of any role with wires from any of those before.
fn any_wires() -> impl Strategy<Value = String> {
    let feeds = proptest::collection::vec((0_usize..100, 0_usize..8), 0..4);
    proptest::collection::vec((0_usize..8, feeds), 1..16).prop_map(|lines| {
        let mut text = String::new();
        for (number, (role, feeds)) in lines.iter().enumerate() {
            write!(text, "{} n{number} <", ["", "", "", "for", "for", "repeat", "collect", "next"][*role]).unwrap();
            for (from, port) in feeds.iter().filter(|_| number > 0) {
                let port = ["item", "item", "item", "state", "index", "done", "items", "out"][*port];
                write!(text, " n{}.{port}", from % number).unwrap();
            }
            text.push('\n');
        }
        text
    })
}

impl Found {
    /// Works through the graph by the plainest rules: a node is done once its loop has begun and its feeds are there; a
    /// loop begins once its head is done and all is there that is taken from outside, and ends once its members are
    /// done. Returns whether something never is.
    fn gets_stuck(&self) -> bool {
        let Self { graph, loops, .. } = self;
        let n_loops = loops.loops.len();
        let (mut done, mut begun, mut ended) =
            (vec![false; graph.n_nodes()], vec![false; n_loops], vec![false; n_loops]);
        let begun_by = |node: usize| (0..n_loops).find(|&known| loops.loops[known].head == node);
        let closed_by = |node: usize| (0..n_loops).find(|&known| loops.loops[known].closers.contains(&node));
        // The level a value is in.
        let level_of = |feed: &Feed| match (begun_by(feed.from), closed_by(feed.from)) {
            (Some(own), _)
                if feed.source.port != "done" && feed.source.port != "items" && feed.source.port != "out" =>
            {
                Some(own)
            }
            (_, Some(closed)) => loops.loops[closed].parent,
            _ => loops.of_node[feed.from],
        };
        loop {
            let before = (done.clone(), begun.clone(), ended.clone());
            let is_there = |feed: &Feed| match (begun_by(feed.from), closed_by(feed.from)) {
                (Some(own), _) if level_of(feed) == Some(own) => before.1[own],
                (Some(own), _) => before.2[own],
                (_, Some(closed)) => before.2[closed],
                _ => before.0[feed.from],
            };
            for (node, done) in done.iter_mut().enumerate() {
                let has_begun = loops.of_node[node].is_none_or(|known| before.1[known]);
                *done = has_begun && graph.inputs[node].iter().all(is_there);
            }
            for (number, known) in loops.loops.iter().enumerate() {
                let inside = (0..graph.n_nodes()).filter(|&node| lies_in(loops, loops.of_node[node], number));
                let mut taken = inside.flat_map(|node| &graph.inputs[node]);
                begun[number] =
                    before.0[known.head] && taken.all(|feed| lies_in(loops, level_of(feed), number) || is_there(feed));
                ended[number] = before.1[number]
                    && known
                        .members
                        .iter()
                        .all(|&member| before.0[member] && begun_by(member).is_none_or(|inner| before.2[inner]));
            }
            if before == (done.clone(), begun.clone(), ended.clone()) {
                return !(done.iter().all(|done| *done) && ended.iter().all(|ended| *ended));
            }
        }
    }
}
