//! `pinflow data`: what nodes remember from run to run.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{Outcome, complain, home::Home, load, marking::find, print};
use crate::{
    store::{PinnedData, PinnedDataInfo, Store, StoreError, age_in_words, counted},
    value::{Value, to_json},
    workflow::{NodeId, Span, Workflow, WorkflowId},
};

/// Arguments of `pinflow data`.
#[derive(Debug, Args)]
pub(super) struct DataArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List which nodes have pinned data, of a workflow or of all
    List(Listing),
    /// Show the pinned data of a workflow's nodes
    Show(Listing),
    /// Clear pinned data: of nodes, of a workflow, or all there is
    Clear(Clearing),
    /// Write pinned data as JSON
    Export(Exporting),
}

/// Whose pinned data.
#[derive(Debug, Args)]
struct Which {
    /// The workflow
    file: Option<PathBuf>,
    /// The workflow by its id, as `list` gives it: for one whose file is gone
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    workflow: Option<WorkflowId>,
    /// Only this node; can be given several times
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
}

#[derive(Debug, Args)]
struct Listing {
    #[command(flatten)]
    which: Which,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Clearing {
    #[command(flatten)]
    which: Which,
    /// Clear the pinned data of all workflows
    #[arg(long, conflicts_with_all = ["file", "workflow", "node"])]
    all: bool,
}

#[derive(Debug, Args)]
struct Exporting {
    #[command(flatten)]
    which: Which,
    /// Write to this file, not to standard output
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Carries out `pinflow data`.
pub(super) fn data(arguments: &DataArguments, home: &Home) -> anyhow::Result<Outcome> {
    let store = home.store()?;
    match &arguments.action {
        Action::List(Listing { which, json }) => {
            let rows = which.rows(&store)?;
            let titles = Titles::new(&store, &rows, which)?;
            print(&if *json { list_as_json(&rows, &titles) } else { list_as_text(&store, &rows, &titles) })?;
        }
        Action::Show(Listing { which, json }) => {
            which.names_a_workflow()?;
            let rows = which.rows(&store)?;
            let titles = Titles::new(&store, &rows, which)?;
            let values = values(&store, rows)?;
            print(&if *json { values_as_json(&values, &titles) } else { values_as_text(&values, &titles) })?;
        }
        Action::Clear(clearing) => clear(&store, clearing)?,
        Action::Export(Exporting { which, to }) => {
            let rows = which.rows(&store)?;
            let titles = Titles::new(&store, &rows, which)?;
            let values = values(&store, rows)?;
            let text = values_as_json(&values, &titles);
            match to {
                None => print(&text)?,
                Some(path) => {
                    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
                    complain(&format!(
                        "wrote the pinned data of {} to {}",
                        counted(values.len(), "node"),
                        path.display()
                    ));
                }
            }
        }
    }
    Ok(Outcome::Success)
}

impl Which {
    fn names_a_workflow(&self) -> anyhow::Result<()> {
        if self.file.is_none() && self.workflow.is_none() {
            bail!("name a workflow: its file, or its id with --workflow");
        }
        Ok(())
    }

    /// Returns the workflow of the file that was named, and the id that was.
    fn workflow(&self) -> anyhow::Result<(Option<Workflow>, Option<WorkflowId>)> {
        let in_file = self.file.as_deref().map(load).transpose()?;
        let id = in_file.as_ref().map(Workflow::id).or(self.workflow);
        if id.is_none() && !self.node.is_empty() {
            bail!("name the workflow of the node: its file, or its id with --workflow");
        }
        Ok((in_file, id))
    }

    /// Returns what there is of what was asked for. A node that has no pinned data is one that there is nothing of, but it has
    /// to be a node.
    fn rows(&self, store: &Store) -> anyhow::Result<Vec<PinnedDataInfo>> {
        let (in_file, id) = self.workflow()?;
        let mut rows = store.list_pinned_data(id)?;
        if !self.node.is_empty() {
            let nodes: BTreeSet<NodeId> =
                self.node.iter().map(|name| node(name, in_file.as_ref(), &rows)).collect::<anyhow::Result<_>>()?;
            rows.retain(|row| nodes.contains(&row.node));
        }
        Ok(rows)
    }
}

/// Returns the node of a name: one that has pinned data, though it is in no file any more, or one of the file.
fn node(name: &str, in_file: Option<&Workflow>, rows: &[PinnedDataInfo]) -> anyhow::Result<NodeId> {
    if let Some(row) = rows.iter().find(|row| row.node.as_str() == name) {
        return Ok(row.node.clone());
    }
    if let Some(workflow) = in_file {
        return find(workflow, name);
    }
    let known: Vec<&str> = rows.iter().map(|row| row.node.as_str()).collect();
    bail!("no node {name:?} has pinned data; there is {}", known.join(", "))
}

fn clear(store: &Store, Clearing { which, all }: &Clearing) -> anyhow::Result<()> {
    let n_cleared = if *all {
        store.clear_all_pinned_data(None)?
    } else {
        which.names_a_workflow()?;
        let mut of_workflow: BTreeMap<WorkflowId, Vec<NodeId>> = BTreeMap::new();
        for row in which.rows(store)? {
            of_workflow.entry(row.workflow).or_default().push(row.node);
        }
        let cleared = of_workflow.iter().map(|(workflow, nodes)| store.clear_pinned_data(*workflow, nodes));
        cleared.sum::<Result<usize, StoreError>>()?
    };
    print(&format!("cleared the pinned data of {}\n", counted(n_cleared, "node")))
}

/// What workflows and nodes are called.
struct Titles(BTreeMap<WorkflowId, (Option<PathBuf>, std::sync::Arc<Workflow>)>);

impl Titles {
    /// Looks names up in the file that was named, else in the newest run of each workflow.
    fn new(store: &Store, rows: &[PinnedDataInfo], which: &Which) -> anyhow::Result<Self> {
        let mut titles = BTreeMap::new();
        if let (Some(workflow), _) = which.workflow()? {
            titles.insert(workflow.id(), (which.file.clone(), workflow.into()));
        }
        for row in rows {
            if !titles.contains_key(&row.workflow)
                && let Some(run) = store.runs(row.workflow, 1)?.pop()
            {
                titles.insert(row.workflow, (run.path, run.workflow));
            }
        }
        Ok(Self(titles))
    }

    fn path(&self, workflow: WorkflowId) -> Option<String> {
        Some(self.0.get(&workflow)?.0.as_ref()?.display().to_string())
    }

    fn name(&self, workflow: WorkflowId) -> &str {
        self.0.get(&workflow).map_or("", |(_, workflow)| workflow.name())
    }

    /// Returns a node's title, or its kind without one; nothing for a node that is gone.
    fn node(&self, row: &PinnedDataInfo) -> Option<String> {
        let node = self.0.get(&row.workflow)?.1.node(&row.node)?;
        Some(if node.title.is_empty() { node.kind.to_string() } else { node.title.clone() })
    }
}

fn values(store: &Store, rows: Vec<PinnedDataInfo>) -> anyhow::Result<Vec<(PinnedDataInfo, PinnedData)>> {
    let mut values = Vec::with_capacity(rows.len());
    for row in rows {
        // What has expired since it was listed is not there any more.
        if let Some(data) = store.pinned_data(row.workflow, &row.node)? {
            values.push((row, data));
        }
    }
    Ok(values)
}

/// Returns how old data is and how long it lasts.
fn times(row: &PinnedDataInfo) -> String {
    let now = Timestamp::now();
    let left = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
    let lasts = row.expires_at.map(|at| {
        let secs = left(at).as_secs();
        let rounded = if secs < 3600 { secs } else { secs - secs % 60 };
        format!(", expires in {}", Span(Duration::from_secs(rounded)).in_words())
    });
    age_in_words(row.updated_at, now) + &lasts.unwrap_or_default()
}

/// Returns the line that stands above the nodes of a workflow.
fn heading(workflow: WorkflowId, titles: &Titles) -> String {
    let path = titles.path(workflow).map(|path| format!(", {path}")).unwrap_or_default();
    match titles.name(workflow) {
        "" => format!("workflow {workflow}{path}\n"),
        name => format!("{name} ({workflow}{path})\n"),
    }
}

fn list_as_text(store: &Store, rows: &[PinnedDataInfo], titles: &Titles) -> String {
    if rows.is_empty() {
        return "no pinned data\n".to_owned();
    }
    let mut text = String::new();
    let mut of = None;
    for row in rows {
        if of.replace(row.workflow) != Some(row.workflow) {
            text += &heading(row.workflow, titles);
        }
        let value = match store.pinned_data(row.workflow, &row.node) {
            Ok(Some(data)) => data.value.preview(),
            Ok(None) => continue,
            Err(error) => error.to_string(),
        };
        let title = titles.node(row).unwrap_or_else(|| "not in the workflow".to_owned());
        // Writing to a string cannot fail, here and below.
        writeln!(text, "  {:<20} {title:<16} {value}  [{} bytes, {}]", row.node.as_str(), row.n_bytes, times(row))
            .unwrap_or_default();
    }
    text
}

fn row_as_json(row: &PinnedDataInfo, titles: &Titles) -> Json {
    json!({
        "workflow": row.workflow.to_string(),
        "name": titles.name(row.workflow),
        "path": titles.path(row.workflow),
        "node": row.node.as_str(),
        "title": titles.node(row),
        "bytes": row.n_bytes,
        "created_at": row.created_at.to_string(),
        "updated_at": row.updated_at.to_string(),
        "expires_at": row.expires_at.map(|at| at.to_string()),
    })
}

fn list_as_json(rows: &[PinnedDataInfo], titles: &Titles) -> String {
    let list: Vec<Json> = rows.iter().map(|row| row_as_json(row, titles)).collect();
    format!("{:#}\n", Json::Array(list))
}

fn values_as_text(values: &[(PinnedDataInfo, PinnedData)], titles: &Titles) -> String {
    if values.is_empty() {
        return "no pinned data\n".to_owned();
    }
    let mut text = String::new();
    for (row, data) in values {
        let title = titles.node(row).map(|title| format!(" ({title})")).unwrap_or_default();
        let shown = match &data.value {
            Value::List(_) | Value::Record(_) => format!("{:#}", to_json(&data.value)),
            Value::Table(table) => table.to_csv().unwrap_or_else(|_not_csv| data.value.preview()),
            value => value.display_text(),
        };
        writeln!(text, "{}{title}: {}\n{}\n", row.node, times(row), shown.trim_end()).unwrap_or_default();
    }
    text
}

fn values_as_json(values: &[(PinnedDataInfo, PinnedData)], titles: &Titles) -> String {
    let list = values.iter().map(|(row, data)| {
        let mut entry = row_as_json(row, titles);
        entry["type"] = data.value.value_type().to_string().into();
        entry["value"] = exported(&data.value);
        entry
    });
    format!("{:#}\n", Json::Array(list.collect()))
}

/// Returns a value as JSON, with bytes, which JSON has no word for, as `{"hex": "…"}`.
fn exported(value: &Value) -> Json {
    match value {
        Value::Bytes(bytes) => {
            let mut hex = String::with_capacity(2 * bytes.len());
            bytes.iter().for_each(|byte| write!(hex, "{byte:02x}").unwrap_or_default());
            json!({ "hex": hex })
        }
        Value::List(items) => items.iter().map(exported).collect(),
        Value::Record(record) => {
            Json::Object(record.iter().map(|(name, value)| (name.to_string(), exported(value))).collect())
        }
        other => to_json(other),
    }
}
