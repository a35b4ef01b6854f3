//! Carries out the steps of a scenario on the real engine and the real store.

use std::{collections::BTreeMap, fs, sync::Arc};

use pinflow::{
    engine::{Decision, Engine, EventKind, Plan, PlanOptions, RunRequest, plan, probe},
    nodes::Catalogue,
    session::{Folders, Mark, Marks, PinPolicy, PinState, Session, marks_after},
    store::{
        IterationStatus, KeyOptions, KeyPlace, Missing, NodeRecord, NotRun, Part, Reason, RunRecord, Status, Store,
        StoreOptions,
    },
    value::Value,
    workflow::{Edit, NodeId, Position, Span, Workflow},
};
use tempfile::TempDir;

use crate::format::{Expectations, Expected, Output, ReasonName, Scenario, Step, Why};

pub(crate) struct World {
    folder: TempDir,
    store: Store,
    engine: Engine,
    folders: Folders,
    /// Holds marks, pins and baseline. `None` only while the program is between two lives.
    session: Option<Session>,
    workflow: Workflow,
    undo: Vec<Edit>,
}

impl World {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in &scenario.files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let mut workflow = Workflow::new("scenario");
        let nodes = scenario.nodes.iter().map(|(id, node)| Edit::AddNode(id.clone(), Arc::new(node.clone())));
        let connections = scenario.connections.iter().cloned().map(Edit::Connect);
        workflow.apply(Edit::Group(nodes.chain(connections).collect())).unwrap();
        workflow.apply(Edit::SetWorkflowSettings(scenario.settings.clone())).unwrap();
        let folders = Folders::under(&folder.path().join("home"));
        // Not sealed: scenarios take away results by what the database calls them.
        let plain = StoreOptions { key: KeyOptions::new(Some(KeyPlace::Off)), ..StoreOptions::default() };
        let store = Store::open_with(&folders.store().unwrap(), &plain).unwrap();
        let session = Session::create(&folders, Some(&store), workflow.id(), None).unwrap();
        Self {
            engine: Engine::new(Arc::new(Catalogue::standard()), Some(store.clone())),
            folder,
            store,
            folders,
            session: Some(session),
            workflow,
            undo: Vec::new(),
        }
    }

    fn session(&self) -> &Session {
        self.session.as_ref().unwrap()
    }

    fn marks(&mut self) -> &mut Marks {
        &mut self.session.as_mut().unwrap().marks
    }

    /// Carries out a step; says what came out wrong.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::AddNode(id, node) => self.edit(Edit::AddNode(id.clone(), Arc::new(Node::clone(node)))),
            Step::RemoveNode(id) => self.edit(Edit::RemoveNode(id.clone())),
            Step::Connect(connection) => self.edit(Edit::Connect(connection.clone())),
            Step::Disconnect(input) => self.edit(Edit::Disconnect(input.clone())),
            Step::SetParameter(id, parameter, value) => {
                self.edit(Edit::SetParameter(id.clone(), parameter.clone(), Some(value.clone())))
            }
            Step::ResetParameter(id, parameter) => self.edit(Edit::SetParameter(id.clone(), parameter.clone(), None)),
            Step::SetTitle(id, title) => self.edit(Edit::SetTitle(id.clone(), title.clone())),
            Step::SetComment(id, comment) => self.edit(Edit::SetComment(id.clone(), comment.clone())),
            Step::Move(id, x, y) => self.edit(Edit::MoveNodes(vec![(id.clone(), Position(*x, *y))])),
            Step::SetSettings(id, settings) => self.edit(Edit::SetNodeSettings(id.clone(), settings.clone())),
            Step::Undo => {
                let inverse = self.undo.pop().ok_or("there is nothing to undo")?;
                self.workflow.apply(inverse).map(drop).map_err(|error| error.to_string())
            }
            Step::Pin(id) => self.pin(id, PinPolicy::Hold),
            Step::PinFollow(id) => self.pin(id, PinPolicy::Follow),
            Step::Unpin(id) | Step::ClearMark(id) => self.mark(id, Mark::Default),
            Step::Force(id) => self.mark(id, Mark::Forced),
            Step::Disable(id) => self.mark(id, Mark::Disabled),
            Step::WriteFile(name, content) => {
                fs::write(self.folder.path().join(name), content).map_err(|error| error.to_string())
            }
            Step::RemoveFile(name) => fs::remove_file(self.folder.path().join(name)).map_err(|error| error.to_string()),
            Step::LoseResults(id) => self.lose_results(id),
            Step::AgeKept(time) => self.age_kept(*time),
            Step::AgePinnedData(time) => self.age_pinned_data(*time),
            Step::ClearPinnedData(id) => self.clear_pinned_data(id),
            Step::SetWorkflowSettings(settings) => self.edit(Edit::SetWorkflowSettings(settings.clone())),
            Step::Restart => self.restart(),
            Step::Plan(expectations) => self.check_plan(expectations),
            Step::Run(expectations) => self.run(expectations),
        }
    }

    fn edit(&mut self, edit: Edit) -> Result<(), String> {
        self.undo.push(self.workflow.apply(edit).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn mark(&mut self, id: &NodeId, mark: Mark) -> Result<(), String> {
        self.workflow.node(id).ok_or_else(|| format!("there is no node {id}"))?;
        self.marks().set(id.clone(), mark);
        Ok(())
    }

    fn pin(&mut self, id: &NodeId, policy: PinPolicy) -> Result<(), String> {
        let mark = Mark::pin(policy, self.session().baseline.get(id).map(|record| &**record));
        self.mark(id, mark)
    }

    /// Ends the program and starts it again: everything comes from the disk.
    fn restart(&mut self) -> Result<(), String> {
        let session = self.session.take().unwrap();
        let id = session.id;
        session.save().map_err(|error| error.to_string())?;
        drop(session);
        self.store.flush().map_err(|error| error.to_string())?;
        self.store = Store::open(self.store.folder()).map_err(|error| error.to_string())?;
        self.engine = Engine::new(Arc::clone(self.engine.catalogue()), Some(self.store.clone()));
        self.session = Some(Session::open(&self.folders, Some(&self.store), id).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn lose_results(&mut self, id: &NodeId) -> Result<(), String> {
        let results =
            self.session().baseline.get(id).and_then(|record| record.results.clone()).ok_or("it has no results")?;
        self.store.flush().map_err(|error| error.to_string())?;
        let database = rusqlite::Connection::open(self.store.folder().join("store.sqlite")).unwrap();
        for port in results.ports() {
            let lost = [port.fingerprint.as_bytes().as_slice()];
            database.execute("DELETE FROM kept_values WHERE fingerprint = ?1", lost).unwrap();
        }
        self.restart()
    }

    /// Makes all results that settings keep older.
    fn age_kept(&self, time: Span) -> Result<(), String> {
        self.store.flush().map_err(|error| error.to_string())?;
        let database = rusqlite::Connection::open(self.store.folder().join("store.sqlite")).unwrap();
        let nanos = i64::try_from(time.0.as_nanos()).map_err(|error| error.to_string())?;
        let n_rows = database.execute("UPDATE kept_for SET made = made - ?1, expires = expires - ?1", [nanos]).unwrap();
        if n_rows == 0 { Err("there are no kept results".to_owned()) } else { Ok(()) }
    }

    /// Makes all pinned data older.
    fn age_pinned_data(&self, time: Span) -> Result<(), String> {
        let database = rusqlite::Connection::open(self.store.folder().join("store.sqlite")).unwrap();
        let nanos = i64::try_from(time.0.as_nanos()).map_err(|error| error.to_string())?;
        let older = "UPDATE node_pinned_data SET created_at = created_at - ?1, updated_at = updated_at - ?1,
            expires_at = expires_at - ?1";
        let n_rows = database.execute(older, [nanos]).unwrap();
        if n_rows == 0 { Err("there is no pinned data".to_owned()) } else { Ok(()) }
    }

    fn clear_pinned_data(&self, id: &NodeId) -> Result<(), String> {
        match self.store.clear_pinned_data(self.workflow.id(), std::slice::from_ref(id)) {
            Ok(0) => Err(format!("{id} has no pinned data")),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn check_pinned_data(&self, record: &RunRecord, expectations: &Expectations) -> Result<(), String> {
        for (id, expected) in &expectations.pinned_data {
            let data = self.store.pinned_data(self.workflow.id(), id).map_err(|error| error.to_string())?;
            let got = data.map(|data| data.value);
            if !is_as_expected(expected, got.as_ref()) {
                return Err(format!("the pinned data of {id}: expected {expected:?}, got {got:?}"));
            }
        }
        match &expectations.stored {
            Some(expected) => {
                let stored = |id: &NodeId| record.node(id).is_some_and(|node| node.pinned_data.is_some());
                check_list("stored", &self.workflow, expected, stored)
            }
            None => Ok(()),
        }
    }

    fn options(expectations: &Expectations) -> PlanOptions {
        let Expectations { kind, to, only, from, stop_at_equal_data, skip_what_only_feeds_pins, dry_run, .. } =
            expectations;
        let part = match (&to[..], &only[..], &from[..]) {
            ([], [], []) => Part::All,
            (targets, [], []) => Part::To(targets.to_vec()),
            ([], nodes, []) => Part::Only(nodes.to_vec()),
            ([], [], starts) => Part::From(starts.to_vec()),
            _ => panic!("a run is of one part: `to`, `only` or `from`"),
        };
        PlanOptions {
            kind: *kind,
            part,
            stop_at_equal_data: *stop_at_equal_data,
            skip_what_only_feeds_pins: *skip_what_only_feeds_pins,
            dry_run: *dry_run,
        }
    }

    fn plan(&self, expectations: &Expectations) -> Plan {
        let probes = probe(&self.session().baseline, &self.session().marks, Some(&self.store));
        let options = Self::options(expectations);
        let Session { marks, baseline, .. } = self.session();
        plan(&self.workflow, self.engine.catalogue(), marks, baseline, &probes, &options).0
    }

    fn check_plan(&self, expectations: &Expectations) -> Result<(), String> {
        let plan = self.plan(expectations);
        let got = |id: &NodeId| plan.get(id).map(|node| (planned(node), texts(&node.reasons)));
        check_nodes(&self.workflow, expectations, got)?;
        let released = |id: &NodeId| plan.get(id).is_some_and(|node| node.released.is_some());
        check_list("released", &self.workflow, &expectations.released, released)?;
        let stale = |id: &NodeId| plan.get(id).is_some_and(|node| node.stale.is_some());
        check_list("stale", &self.workflow, &expectations.stale, stale)?;
        check_list("armed", &self.workflow, &expectations.armed, |id| self.is_armed(id))?;
        check_texts("warning", &expectations.warnings, |id| plan.get(id).map(|node| node.warnings.join("\n")))
    }

    fn is_armed(&self, id: &NodeId) -> bool {
        self.session().marks.get(id).as_pin().is_some_and(|pin| matches!(pin.state, PinState::Armed))
    }

    fn run(&mut self, expectations: &Expectations) -> Result<(), String> {
        let stale = self.plan(expectations);
        let record = self.execute(expectations);
        Arc::make_mut(&mut self.session.as_mut().unwrap().baseline).absorb(&record);
        let pinned = marks_after(&self.session().marks, &record);
        self.marks().apply(pinned);
        let got = |id: &NodeId| record.node(id).map(|node| (happened(&node), texts(&node.reasons)));
        check_nodes(&self.workflow, expectations, got)?;
        if let Some(status) = expectations.status
            && record.header.status != status
        {
            return Err(format!("the run: expected {status:?}, got {:?}", record.header.status));
        }
        let released = |id: &NodeId| record.node(id).is_some_and(|node| node.released.is_some());
        check_list("released", &self.workflow, &expectations.released, released)?;
        let stale = |id: &NodeId| stale.get(id).is_some_and(|node| node.stale.is_some());
        check_list("stale", &self.workflow, &expectations.stale, stale)?;
        check_list("armed", &self.workflow, &expectations.armed, |id| self.is_armed(id))?;
        check_texts("warning", &expectations.warnings, |id| record.node(id).map(|node| node.warnings.join("\n")))?;
        check_failures(&record, expectations)?;
        self.check_pinned_data(&record, expectations)?;
        expectations.outputs.iter().try_for_each(|(port, expected)| {
            let node = record.node(&port.node).ok_or_else(|| format!("there is no node {}", port.node))?;
            check_output(&node, port, expected)
        })
    }

    fn execute(&self, expectations: &Expectations) -> Arc<RunRecord> {
        let request = RunRequest {
            folder: self.folder.path().to_owned(),
            session: self.session().id,
            marks: self.session().marks.clone(),
            baseline: Arc::clone(&self.session().baseline),
            ..RunRequest::new(self.workflow.clone(), Self::options(expectations))
        };
        let (started, waiting) = std::sync::mpsc::channel();
        let handle = self.engine.start(request, move |event| {
            if let EventKind::NodeStarted { node } = event.kind {
                // Nobody waits for it in a run that is not to be cancelled.
                started.send(node).unwrap_or_default();
            }
        });
        if let Some(node) = &expectations.cancel_when_started {
            while waiting.recv().is_ok_and(|started| started != *node) {}
            handle.cancel();
        }
        handle.wait()
    }
}

use pinflow::workflow::{Node, PortRef};

fn texts(reasons: &[Reason]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Checks that every node of the workflow came out as expected, and that none was forgotten.
fn check_nodes(
    workflow: &Workflow,
    expectations: &Expectations,
    got: impl Fn(&NodeId) -> Option<(Expected, String)>,
) -> Result<(), String> {
    for id in expectations.expect.keys() {
        workflow.node(id).ok_or_else(|| format!("{id} is expected, but there is no such node"))?;
    }
    for (id, _) in workflow.nodes() {
        let expected = expectations.expect.get(id).ok_or_else(|| format!("it does not say what to expect of {id}"))?;
        let (got, details) = got(id).ok_or_else(|| format!("{id} was left out"))?;
        let expected = sorted(expected);
        if expected != got {
            return Err(format!("{id}: expected {expected:?}, got {got:?}: {details}"));
        }
        if let Some(part) = expectations.details.get(id).filter(|part| !details.contains(*part)) {
            return Err(format!("{id}: expected the details to say {part:?}, got {details:?}"));
        }
    }
    Ok(())
}

fn sorted(expected: &Expected) -> Expected {
    let sort = |reasons: &[ReasonName]| {
        let mut reasons = reasons.to_vec();
        reasons.sort();
        reasons
    };
    match expected {
        Expected::Executed(reasons) => Expected::Executed(sort(reasons)),
        Expected::Failed(reasons) => Expected::Failed(sort(reasons)),
        other => other.clone(),
    }
}

/// Checks errors, the number of attempts that failed, and effects.
fn check_failures(record: &RunRecord, expectations: &Expectations) -> Result<(), String> {
    check_texts("error", &expectations.errors, |id| match &record.node(id)?.status {
        Status::Failed(error) => Some(error.clone()),
        _ => None,
    })?;
    for (id, expected) in &expectations.attempts {
        let got = record.node(id).map(|node| node.attempts.len());
        if got != Some(*expected) {
            return Err(format!("{id}: expected {expected} attempts that failed, got {got:?}"));
        }
    }
    for (id, expected) in &expectations.iterations {
        let got = n_iterations(record, id).ok_or_else(|| format!("{id} is in no loop"))?;
        if got != *expected {
            return Err(format!("{id}: expected it to execute in {expected} iterations, got {got}"));
        }
    }
    for (id, expected) in &expectations.effects {
        let got = record.node(id).map(|node| node.effect);
        if got != Some(*expected) {
            return Err(format!("{id}: expected the effect {expected:?}, got {got:?}"));
        }
    }
    Ok(())
}

/// Returns in how many of the iterations that finished in this run a node of a loop's body executed.
fn n_iterations(record: &RunRecord, id: &NodeId) -> Option<usize> {
    let iterations = record.node(id)?.iterations.clone()?;
    let about = &iterations.of.about;
    let is_of_this_run = |index: &u64| {
        about.parts.iter().any(|part| part.run == record.header.id && (part.from..part.to).contains(index))
    };
    let has_executed = |status| matches!(status, IterationStatus::Executed | IterationStatus::Failed);
    let rows = iterations.of.log.rows(0..u64::MAX, &about.ports).unwrap();
    let member = iterations.member?;
    Some(rows.iter().filter(|(index, row)| is_of_this_run(index) && has_executed(row.cells[member].status)).count())
}

fn check_list(
    what: &str,
    workflow: &Workflow,
    expected: &[NodeId],
    is: impl Fn(&NodeId) -> bool,
) -> Result<(), String> {
    let got: Vec<&NodeId> = workflow.nodes().map(|(id, _)| id).filter(|id| is(id)).collect();
    let mut expected: Vec<&NodeId> = expected.iter().collect();
    expected.sort();
    if got == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {got:?}")) }
}

fn check_texts(
    what: &str,
    expected: &BTreeMap<NodeId, String>,
    got: impl Fn(&NodeId) -> Option<String>,
) -> Result<(), String> {
    expected.iter().try_for_each(|(id, part)| match got(id) {
        Some(text) if text.contains(part) => Ok(()),
        other => Err(format!("{id}: expected a {what} that says {part:?}, got {:?}", other.unwrap_or_default())),
    })
}

fn check_output(node: &NodeRecord, port: &PortRef, expected: &Output) -> Result<(), String> {
    let outputs = match &node.results {
        Some(results) => Some(results.load().map_err(|error| error.to_string())?),
        None => None,
    };
    let got = outputs.as_ref().and_then(|outputs| outputs.get(&port.port));
    let shown = got.map_or_else(|| "no value".to_owned(), |value| format!("{} ({value:?})", value.preview()));
    if is_as_expected(expected, got) { Ok(()) } else { Err(format!("{port}: expected {expected:?}, got {shown}")) }
}

fn is_as_expected(expected: &Output, got: Option<&Value>) -> bool {
    match (expected, got) {
        (Output::Is(expected), Some(got)) => expected == got,
        (Output::Preview(expected), Some(got)) => *expected == got.preview(),
        (Output::NoValue, None) => true,
        _ => false,
    }
}

fn names(reasons: &[Reason]) -> Vec<ReasonName> {
    let mut names: Vec<ReasonName> = reasons.iter().map(|reason| ron::from_str(reason.name()).unwrap()).collect();
    names.sort();
    names
}

fn why(not_run: &NotRun) -> Why {
    match not_run {
        NotRun::NotNeeded => Why::NotNeeded,
        NotRun::OnlyFeedsPins => Why::OnlyFeedsPins,
        NotRun::StoppedByError(_) => Why::StoppedByError,
        NotRun::NoIteration => Why::NoIteration,
        NotRun::HeldBack => Why::HeldBack,
        NotRun::InputMissing { why, .. } => match why {
            Missing::NotConnected => Why::NotConnected,
            Missing::UpstreamDisabled(_) => Why::UpstreamDisabled,
            Missing::UpstreamFailed(_) => Why::UpstreamFailed,
            Missing::BranchNotTaken(_) => Why::BranchNotTaken,
            Missing::UpstreamDidNotRun(_) => Why::UpstreamDidNotRun,
            Missing::UpstreamHeldBack(_) => Why::UpstreamHeldBack,
        },
    }
}

fn planned(node: &pinflow::engine::NodePlan) -> Expected {
    match &node.decision {
        Decision::Execute => Expected::Executed(names(&node.reasons)),
        Decision::Reuse { .. } => Expected::Reused,
        Decision::Pinned { policy, .. } => Expected::Pinned(*policy),
        Decision::Disabled => Expected::Disabled,
        Decision::NotRun(not_run) => Expected::NotRun(why(not_run)),
        Decision::CannotRun(_) => Expected::Failed(Vec::new()),
    }
}

fn happened(node: &NodeRecord) -> Expected {
    match &node.status {
        Status::Executed => Expected::Executed(names(&node.reasons)),
        Status::Reused { .. } => Expected::Reused,
        Status::Kept { .. } => Expected::Kept,
        Status::Pinned { policy, .. } => Expected::Pinned(*policy),
        Status::Disabled => Expected::Disabled,
        Status::NotRun(not_run) => Expected::NotRun(why(not_run)),
        Status::Failed(_) => Expected::Failed(names(&node.reasons)),
        Status::Cancelled | Status::Interrupted => Expected::Cancelled,
    }
}
