//! A run that pauses on the command line: what waits, the values that reach it, and a line from a person.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::{self, BufRead as _, Write as _},
    sync::{Arc, mpsc},
};

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::{complain, marking::find};
use crate::{
    engine::{Engine, Event, EventKind, PausedInside, RunHandle, RunRequest},
    nodes::HIDDEN,
    session::Baseline,
    store::{Kept, RunRecord},
    value::{Value, from_json, to_json},
    workflow::{NodeId, PortId, PortRef, Workflow},
};

/// Where to pause.
#[derive(Debug, Args)]
pub(super) struct PauseArguments {
    /// Pause before this node executes; can be given several times. At a pause: Enter or `s` executes one node, `c` goes on, `q` cancels, `v NODE.PORT` shows a value, `set NODE.PORT JSON` changes it for this run; the end of the input goes on
    #[arg(long = "break", value_name = "NODE")]
    breaks: Vec<String>,
    /// Pause before every node
    #[arg(long)]
    step: bool,
}

/// What a person may say at a pause.
const HELP: &str = "Enter or s: execute one node · c: go on · q: cancel · v NODE.PORT: show a value · \
                    set NODE.PORT JSON: change it for this run";

impl PauseArguments {
    /// Returns the nodes before which to pause.
    pub(super) fn breakpoints(&self, workflow: &Workflow) -> anyhow::Result<BTreeSet<NodeId>> {
        self.breaks.iter().map(|name| find(workflow, name)).collect()
    }

    /// Makes a run, asking at every pause what to do. `on_event` is told of all events.
    pub(super) fn run(
        &self,
        engine: &Engine,
        request: RunRequest,
        on_event: impl Fn(Event) + Send + Sync + 'static,
    ) -> anyhow::Result<Arc<RunRecord>> {
        let (sender, events) = mpsc::channel();
        let mut seen = Seen {
            baseline: request.baseline.as_ref().clone(),
            request: request.clone(),
            changed: BTreeMap::new(),
            events,
            input_ended: false,
        };
        let forward = move |event: Event| {
            let kept = match &event.kind {
                EventKind::NodeSettled(_) | EventKind::Paused { .. } | EventKind::Finished(_) => {
                    Some(event.kind.clone())
                }
                _ => None,
            };
            on_event(event);
            // Nobody listens any more when this thread has given up.
            if let Some(kind) = kept {
                sender.send(kind).unwrap_or_default();
            }
        };
        let handle = if self.step { engine.start_paused(request, forward) } else { engine.start(request, forward) };
        loop {
            match seen.events.recv().context("the run ended without saying so")? {
                EventKind::NodeSettled(record) => seen.baseline.settle(record),
                EventKind::Paused { waiting, inside, .. } if !waiting.is_empty() => {
                    seen.at_pause(&handle, &waiting, inside.as_deref())?;
                }
                EventKind::Finished(record) => return Ok(record),
                _ => {}
            }
        }
    }
}

/// What is known of the run so far.
struct Seen {
    request: RunRequest,
    /// The newest record of every node.
    baseline: Baseline,
    /// The values that were changed.
    changed: BTreeMap<PortRef, Value>,
    events: mpsc::Receiver<EventKind>,
    input_ended: bool,
}

impl Seen {
    /// Shows what waits and does what the person says, until the run goes on.
    fn at_pause(
        &mut self,
        handle: &RunHandle,
        waiting: &[NodeId],
        inside: Option<&PausedInside>,
    ) -> anyhow::Result<()> {
        if self.input_ended {
            handle.go_on();
            return Ok(());
        }
        let records = inside.iter().flat_map(|inside| &inside.records);
        for record in records {
            // What was changed of it in another iteration counts no more.
            let is_other = |results: &Kept| record.results.as_ref().is_none_or(|now| !now.is_same(results));
            if self.baseline.get(&record.node).and_then(|known| known.results.as_ref()).is_none_or(is_other) {
                self.changed.retain(|at, _| at.node != record.node);
            }
            self.baseline.settle(Arc::clone(record));
        }
        ask(&self.described(waiting, inside));
        loop {
            ask("> ");
            let mut line = String::new();
            if io::stdin().lock().read_line(&mut line).context("cannot read what to do")? == 0 {
                self.input_ended = true;
                complain("\nthe input has ended: the run goes on to its end");
                handle.set_breakpoints(BTreeSet::new());
                handle.go_on();
                return Ok(());
            }
            match self.answer(handle, line.trim()) {
                Ok(Answer::Done) => return Ok(()),
                Ok(Answer::Said(text)) => complain(&text),
                Err(error) => complain(&format!("{error:#}")),
            }
        }
    }

    /// Takes in what running nodes did while the person was thinking.
    fn catch_up(&mut self) {
        for event in self.events.try_iter() {
            if let EventKind::NodeSettled(record) = event {
                self.baseline.settle(record);
            }
        }
    }

    fn described(&self, waiting: &[NodeId], inside: Option<&PausedInside>) -> String {
        let mut text = String::new();
        let names: Vec<&str> = waiting.iter().map(NodeId::as_str).collect();
        // Writing to a string cannot fail, here and below.
        let place = inside.map_or_else(String::new, |inside| format!(" in iteration {}", inside.index + 1));
        writeln!(text, "paused before {}{place}", names.join(", ")).unwrap_or_default();
        for node in waiting {
            for (to, from) in self.request.workflow.connections().filter(|(to, _)| to.node == *node) {
                let value = match self.value(from) {
                    Ok(_) if self.hides(from) => HIDDEN.to_owned(),
                    Ok(value) => value.preview(),
                    Err(_) => "no value".to_owned(),
                };
                writeln!(text, "  {to} <- {from}: {value}").unwrap_or_default();
            }
        }
        text
    }

    fn answer(&mut self, handle: &RunHandle, line: &str) -> anyhow::Result<Answer> {
        self.catch_up();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "" | "s" => handle.step(),
            "c" => handle.go_on(),
            "q" => handle.cancel(),
            "v" => {
                let value = self.value(&self.port(rest.trim())?)?;
                return Ok(Answer::Said(if value.is_plain() {
                    format!("{:#}", to_json(&value))
                } else {
                    value.preview()
                }));
            }
            "set" => {
                let (target, json) = rest
                    .trim()
                    .split_once(char::is_whitespace)
                    .ok_or_else(|| anyhow!("expected set NODE.PORT JSON"))?;
                let at = self.port(target)?;
                let json: serde_json::Value =
                    serde_json::from_str(json).context("this is not JSON (a text stands in quotes)")?;
                let value = from_json(&json);
                handle.replace_output(&at.node, &at.port, &value)?;
                let said = format!("{at} is {} for what executes from now on", value.preview());
                self.changed.insert(at, value);
                return Ok(Answer::Said(said));
            }
            _ => return Ok(Answer::Said(HELP.to_owned())),
        }
        Ok(Answer::Done)
    }

    fn port(&self, name: &str) -> anyhow::Result<PortRef> {
        let (node, port) = name.rsplit_once('.').ok_or_else(|| anyhow!("expected NODE.PORT, got {name:?}"))?;
        Ok(PortRef { node: find(&self.request.workflow, node)?, port: port.parse::<PortId>()? })
    }

    /// Returns what a node gave.
    /// Returns whether a sensitive node gave what is on a port: it is shown only when asked for.
    fn hides(&self, at: &PortRef) -> bool {
        let results = self.baseline.get(&at.node).and_then(|record| record.results.as_ref());
        !self.changed.contains_key(at) && results.is_some_and(Kept::is_sensitive)
    }

    fn value(&self, at: &PortRef) -> anyhow::Result<Value> {
        if let Some(changed) = self.changed.get(at) {
            return Ok(changed.clone());
        }
        let pinned = self.request.marks.get(&at.node).capture().map(|capture| &capture.results);
        let record = self.baseline.get(&at.node);
        let results = record.and_then(|record| record.results.as_ref()).or(pinned);
        let results = results.ok_or_else(|| anyhow!("{} has no results", at.node))?;
        let outputs = results.load()?;
        outputs.get(&at.port).cloned().ok_or_else(|| anyhow!("there is no value on {at}"))
    }
}

/// Writes to standard error without ending the line: standard output is for results.
fn ask(text: &str) {
    // Nobody is left to ask when standard error is gone.
    let mut out = io::stderr().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).unwrap_or_default();
}

enum Answer {
    /// The run goes on.
    Done,
    /// To be shown; the person is asked again.
    Said(String),
}
