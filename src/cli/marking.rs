//! The arguments that `run` and `plan` share: which nodes, which marks, which session.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;

use super::{
    catalogue, complain, folder_of,
    history::load_run,
    home::{Home, open_store},
    load,
    part::PartArguments,
};
use crate::{
    engine::{Engine, RunRequest},
    nodes::{Catalogue, ParameterType},
    session::{Baseline, Capture, Folders, Mark, Marks, PinPolicy, ProfileError, Session, headless_session},
    store::{RunId, RunKind, RunRecord, RunSummary, SessionId, Store, StoreError},
    value::{Value, from_json},
    workflow::{Edit, NodeId, ParameterId, Workflow},
};

/// What to run and how.
#[derive(Debug, Args)]
pub(super) struct Marking {
    /// The workflow
    pub(super) file: PathBuf,
    /// Execute only what must: reuse the results of the last run
    #[arg(long)]
    pub(super) resume: bool,
    /// Run only this node and what it needs; can be given several times
    #[arg(long, value_name = "NODE")]
    to: Vec<String>,
    #[command(flatten)]
    part: PartArguments,
    /// Pin a node to its results of the last run, or to what it gives in this one
    #[arg(long, value_name = "NODE")]
    pin: Vec<String>,
    /// Pin a node to what it gave in an earlier run, by the number or id that `pinflow history list` gives; can be given several times, each with a run of its own
    #[arg(long, value_name = "NODE=RUN")]
    pin_from: Vec<String>,
    /// Resume from this earlier run: reuse its results in place of those of the last run
    #[arg(long, value_name = "RUN")]
    resume_from: Option<String>,
    /// Execute a node whatever happened before
    #[arg(long, value_name = "NODE")]
    force: Vec<String>,
    /// Leave a node out
    #[arg(long, value_name = "NODE")]
    disable: Vec<String>,
    /// Set a parameter for this run; the file stays as it is
    #[arg(long, value_name = "NODE.PARAMETER=VALUE")]
    set: Vec<String>,
    /// Use and keep the marks and results of the session with this name
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
}

/// Everything a run needs, made from the arguments.
pub(super) struct Prepared {
    pub(super) engine: Engine,
    pub(super) request: RunRequest,
    pub(super) session: Option<Session>,
    /// The earlier run to resume from.
    pub(super) resumes: Option<RunId>,
}

impl Marking {
    /// Loads the workflow, opens the store and the session, and sets the marks.
    pub(super) fn prepare(&self, home: &Home) -> anyhow::Result<Prepared> {
        let catalogue = catalogue();
        let mut workflow = load(&self.file)?;
        for assignment in &self.set {
            set_parameter(&mut workflow, &catalogue, assignment)?;
        }
        let folders = home.folders()?;
        let store = open_or_go_without(&folders)?;
        let (session, id) = self.open_session(&folders, &workflow, store.as_ref())?;
        let (baseline, resumes) = self.baseline(store.as_ref(), id, &workflow)?;
        let mut marks = session.as_ref().map(|session| session.marks.clone()).unwrap_or_default();
        self.set_marks(&workflow, &baseline, &mut marks)?;
        self.pin_from(store.as_ref(), &workflow, &mut marks)?;
        let kind = if self.resume || resumes.is_some() { RunKind::Resumed } else { RunKind::Standard };
        let options = self.part.options(kind, &self.to, &workflow)?;
        let request = RunRequest {
            path: Some(self.file.clone()),
            folder: folder_of(&self.file)?,
            session: id,
            marks,
            baseline: Arc::new(baseline),
            ..RunRequest::new(workflow, options)
        };
        Ok(Prepared { engine: Engine::new(catalogue, store), request, session, resumes })
    }

    /// Returns what Resume starts from, and the earlier run that this is, if it is one that was asked for.
    fn baseline(
        &self,
        store: Option<&Store>,
        session: SessionId,
        workflow: &Workflow,
    ) -> anyhow::Result<(Baseline, Option<RunId>)> {
        match (store, &self.resume_from) {
            (Some(store), Some(name)) => {
                let (_, run) = run_of(store, name, workflow)?;
                Ok((store.baseline_of_run(run.header.id)?.into_iter().collect(), Some(run.header.id)))
            }
            (Some(store), None) => {
                let records = store.baseline(session).context("cannot read the results of the last run")?;
                Ok((records.into_iter().collect(), None))
            }
            (None, Some(_)) => bail!("without the store there is no earlier run to resume from"),
            (None, None) => Ok((Baseline::default(), None)),
        }
    }

    /// Pins nodes to what they gave in earlier runs.
    fn pin_from(&self, store: Option<&Store>, workflow: &Workflow, marks: &mut Marks) -> anyhow::Result<()> {
        for assignment in &self.pin_from {
            let (node, name) =
                assignment.rsplit_once('=').ok_or_else(|| anyhow!("expected NODE=RUN, got {assignment:?}"))?;
            let id = find(workflow, node)?;
            let store = store.ok_or_else(|| anyhow!("without the store there is no earlier run to pin from"))?;
            let (summary, run) = run_of(store, name, workflow)?;
            let capture = run.node(&id).and_then(|record| Capture::of(&record));
            let capture = capture.ok_or_else(|| anyhow!("{id} gave no results in the run #{}", summary.number))?;
            marks.set(id, Mark::captured(PinPolicy::Hold, capture));
        }
        Ok(())
    }

    fn open_session(
        &self,
        folders: &Folders,
        workflow: &Workflow,
        store: Option<&Store>,
    ) -> anyhow::Result<(Option<Session>, SessionId)> {
        let Some(name) = &self.session else {
            return Ok((None, headless_session(workflow.id())));
        };
        let path = std::path::absolute(&self.file).unwrap_or_else(|_| self.file.clone());
        let session = Session::named(folders, store, workflow.id(), Some(&path), name)
            .with_context(|| format!("cannot open the session {name:?}"))?;
        let id = session.id;
        Ok((Some(session), id))
    }

    fn set_marks(&self, workflow: &Workflow, baseline: &Baseline, marks: &mut Marks) -> anyhow::Result<()> {
        for node in &self.pin {
            let id = find(workflow, node)?;
            if marks.get(&id).capture().is_none() {
                let mark = Mark::pin(PinPolicy::Hold, baseline.get(&id).map(|record| &**record));
                marks.set(id, mark);
            }
        }
        for node in &self.force {
            marks.set(find(workflow, node)?, Mark::Forced);
        }
        for node in &self.disable {
            marks.set(find(workflow, node)?, Mark::Disabled);
        }
        Ok(())
    }
}

/// Returns the earlier run of a workflow that a person named.
fn run_of(store: &Store, name: &str, workflow: &Workflow) -> anyhow::Result<(RunSummary, RunRecord)> {
    let (summary, run) = load_run(store, name)?;
    if summary.workflow_id != workflow.id() {
        bail!("the run #{} is of another workflow", summary.number);
    }
    Ok((summary, run))
}

/// Opens the store; without one the run goes on in memory. A store whose passphrase is not given is an error: it is there.
fn open_or_go_without(folders: &Folders) -> anyhow::Result<Option<Store>> {
    match open_store(folders) {
        Ok(store) => Ok(Some(store)),
        Err(ProfileError::Store(
            error @ (StoreError::PassphraseNeeded { .. } | StoreError::WrongPassphrase { .. }),
        )) => Err(error).context("set PINFLOW_PASSPHRASE, or answer in a terminal"),
        Err(error) => {
            complain(&unkept(&error));
            Ok(None)
        }
    }
}

fn unkept(error: &impl std::fmt::Display) -> String {
    format!("warning: {error}; the results of this run will not be kept")
}

/// Returns the node with this id, or with this title if it is the only one.
pub(super) fn find(workflow: &Workflow, name: &str) -> anyhow::Result<NodeId> {
    if let Some((id, _)) = workflow.nodes().find(|(id, _)| id.as_str() == name) {
        return Ok(id.clone());
    }
    let mut titled = workflow.nodes().filter(|(_, node)| node.title == name);
    match (titled.next(), titled.next()) {
        (Some((id, _)), None) => Ok(id.clone()),
        (Some(_), Some(_)) => bail!("several nodes are called {name:?}: use the id"),
        _ => {
            let known: Vec<&str> = workflow.nodes().map(|(id, _)| id.as_str()).take(30).collect();
            bail!("there is no node {name:?}; there are {}", known.join(", "))
        }
    }
}

fn set_parameter(workflow: &mut Workflow, catalogue: &Catalogue, assignment: &str) -> anyhow::Result<()> {
    let (target, text) =
        assignment.split_once('=').ok_or_else(|| anyhow!("expected NODE.PARAMETER=VALUE, got {assignment:?}"))?;
    let (node, parameter) =
        target.rsplit_once('.').ok_or_else(|| anyhow!("expected NODE.PARAMETER before the `=`, got {target:?}"))?;
    let id = find(workflow, node)?;
    let parameter: ParameterId = parameter.parse()?;
    let kind = workflow.node(&id).and_then(|node| catalogue.get(&node.kind));
    let kind = kind.ok_or_else(|| anyhow!("the kind of {id} is unknown, so its parameters cannot be set"))?;
    let schema = kind.parameters.iter().find(|schema| schema.id == parameter).ok_or_else(|| {
        let known: Vec<&str> = kind.parameters.iter().map(|schema| schema.id.as_str()).collect();
        anyhow!("{id} ({}) has no parameter {parameter}; it has {}", kind.title, known.join(", "))
    })?;
    let value = parse_value(&schema.parameter_type, text);
    if let Some(problem) = schema.problem_with(&value) {
        bail!("{id}: {problem}");
    }
    workflow.apply(Edit::SetParameter(id, parameter, Some(value)))?;
    Ok(())
}

/// Returns a value from the command line: text where the parameter holds text, JSON elsewhere.
fn parse_value(parameter_type: &ParameterType, text: &str) -> Value {
    match parameter_type {
        ParameterType::Line { .. }
        | ParameterType::Program { .. }
        | ParameterType::Secret { .. }
        | ParameterType::Text { .. }
        | ParameterType::Choice(_)
        | ParameterType::Node
        | ParameterType::Color
        | ParameterType::FileToRead { .. }
        | ParameterType::FileToWrite { .. } => Value::text(text),
        ParameterType::Lines if !text.trim_start().starts_with('[') => Value::list(text.lines().map(Value::text)),
        _ => serde_json::from_str(text).map_or_else(|_| Value::text(text), |json: serde_json::Value| from_json(&json)),
    }
}

/// Names a workflow for people.
pub(super) fn name_of(path: &Path, workflow: &Workflow) -> String {
    if workflow.name().is_empty() { path.display().to_string() } else { workflow.name().to_owned() }
}
