//! `pinflow history`: earlier runs, what came of their nodes, and what differs between two of them.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{
    Outcome, catalogue,
    effects::effects,
    home::{Home, open_store},
    load,
    marking::find,
    print,
    report::{node_line, readable_time, run_as_json, status_words, summary},
    why::Names,
};
use crate::{
    store::{
        ConfigChange, HistoryFilter, MarkUsed, NodeComparison, OutputComparison, Part, PinPolicy, RunComparison,
        RunHeader, RunKind, RunRecord, RunStatus, RunSummary, Side, Store,
    },
    value::difference::{Difference, RowDifference, TableDifference, TextDifference},
    workflow::{NodeId, Span, WorkflowId},
};

/// Arguments of `pinflow history`.
#[derive(Debug, Args)]
pub(super) struct HistoryArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List runs, newest first: of a workflow or of all
    List(Listing),
    /// Show what a run did: its marks and options, and what came of every node
    Show(Showing),
    /// Show what a run did to the world outside, and what was held back
    Effects(Showing),
    /// Compare two runs: which nodes decided otherwise, which parameters and outputs differ
    Compare(Comparing),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StatusArgument {
    Running,
    Succeeded,
    SucceededWithErrors,
    Failed,
    Cancelled,
    Interrupted,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindArgument {
    Standard,
    Resumed,
}

#[derive(Debug, Args)]
struct Listing {
    /// The workflow; without one the runs of all
    file: Option<PathBuf>,
    /// The workflow by its id: for one whose file is gone
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    workflow: Option<WorkflowId>,
    /// Only runs that ended like this; can be given several times
    #[arg(long, value_name = "STATUS")]
    status: Vec<StatusArgument>,
    /// Only runs of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<KindArgument>,
    /// Only runs that started since: a time such as 2026-11-21T09:00:00Z, or how long ago, such as 2h or 7d
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// Only runs that started before: a time, or how long ago
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// At most so many, the newest
    #[arg(long, short = 'n', value_name = "N")]
    limit: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Showing {
    /// The run: its number as `list` gives it, or its id
    run: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Comparing {
    /// The first run: its number or its id
    before: String,
    /// The second run
    after: String,
    /// Only this node; can be given several times
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Returns the time that a text names.
fn time(text: &str) -> Result<Timestamp, String> {
    if let Ok(ago) = text.parse::<Span>() {
        return Timestamp::now().checked_sub(ago.0).map_err(|error| error.to_string());
    }
    text.parse::<Timestamp>().map_err(|error| {
        format!("{text:?} is neither a time such as 2026-11-21T09:00:00Z nor how long ago, such as 2h or 7d: {error}")
    })
}

/// Carries out `pinflow history`.
pub(super) fn history(arguments: &HistoryArguments, home: &Home) -> anyhow::Result<Outcome> {
    let store = open_store(&home.folders()?)?;
    match &arguments.action {
        Action::List(listing) => list(&store, listing)?,
        Action::Show(Showing { run, json }) => show(&store, run, *json)?,
        Action::Effects(Showing { run, json }) => effects(&store, run, *json)?,
        Action::Compare(comparing) => compare(&store, comparing)?,
    }
    Ok(Outcome::Success)
}

/// Returns the run that a person named.
pub(super) fn find_run(store: &Store, name: &str) -> anyhow::Result<RunSummary> {
    store.find_run(name)?.ok_or_else(|| anyhow!("there is no run {name:?}: `pinflow history list` names them"))
}

/// Returns the whole account of the run that a person named.
pub(super) fn load_run(store: &Store, name: &str) -> anyhow::Result<(RunSummary, RunRecord)> {
    let summary = find_run(store, name)?;
    let record = store.run(summary.id)?.ok_or_else(|| anyhow!("the run {name:?} is gone"))?;
    Ok((summary, record))
}

fn list(store: &Store, listing: &Listing) -> anyhow::Result<()> {
    let workflow = match &listing.file {
        Some(file) => Some(load(file)?.id()),
        None => listing.workflow,
    };
    let filter = HistoryFilter {
        workflow,
        statuses: listing.status.iter().copied().map(RunStatus::from).collect(),
        kind: listing.kind.map(RunKind::from),
        from: listing.since,
        until: listing.until,
        limit: listing.limit,
    };
    let runs = store.history(&filter)?;
    print(&if listing.json {
        format!("{:#}\n", Json::Array(runs.iter().map(summary_as_json).collect()))
    } else {
        list_as_text(&runs, workflow.is_none())
    })
}

fn list_as_text(runs: &[RunSummary], of_all: bool) -> String {
    if runs.is_empty() {
        return "no runs\n".to_owned();
    }
    let mut text = String::new();
    for run in runs {
        let name = run.path.as_deref().filter(|_| of_all).and_then(|path| path.file_name());
        let name = name.map(|name| format!("  {}", name.to_string_lossy())).unwrap_or_default();
        let took = run.took.map(readable_time).unwrap_or_default();
        let marks = match run.n_marks {
            0 => String::new(),
            1 => "  (1 mark)".to_owned(),
            number => format!("  ({number} marks)"),
        };
        // Writing to a string cannot fail, here and below.
        writeln!(
            text,
            "#{:<5} {}  {:<8} {:<21} {took:>12}  {}{marks}{name}",
            run.number,
            run.started.strftime("%Y-%m-%d %H:%M:%S"),
            kind_word(run.kind),
            status_words(run.status),
            run.counts.map(|counts| counts.to_string()).unwrap_or_default(),
        )
        .unwrap_or_default();
    }
    text
}

const fn kind_word(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Standard => "standard",
        RunKind::Resumed => "resumed",
    }
}

fn summary_as_json(run: &RunSummary) -> Json {
    let counts: Option<serde_json::Map<_, _>> = run.counts.map(|counts| {
        counts.named().map(|(name, number)| (name.replace(' ', "_"), number.into())).into_iter().collect()
    });
    json!({
        "number": run.number,
        "run": run.id.to_string(),
        "session": run.session.to_string(),
        "workflow": run.workflow_id.to_string(),
        "path": run.path.as_ref().map(|path| path.display().to_string()),
        "kind": kind_word(run.kind),
        "part": part_as_json(&run.part),
        "options": run.options.in_words().collect::<Vec<_>>(),
        "status": status_words(run.status),
        "started": run.started.to_string(),
        "took_ms": run.took.map(|took| took.as_secs_f64() * 1000.0),
        "marks": run.n_marks,
        "counts": counts,
    })
}

fn part_as_json(part: &Part) -> Json {
    let (what, nodes) = part_words(part);
    json!({ "what": what, "nodes": nodes.iter().map(ToString::to_string).collect::<Vec<_>>() })
}

const fn part_words(part: &Part) -> (&'static str, &[NodeId]) {
    match part {
        Part::All => ("all", &[]),
        Part::To(nodes) => ("to", nodes.as_slice()),
        Part::Only(nodes) => ("only", nodes.as_slice()),
        Part::From(nodes) => ("from", nodes.as_slice()),
    }
}

fn show(store: &Store, name: &str, as_json: bool) -> anyhow::Result<()> {
    let (run, record) = load_run(store, name)?;
    let names = Names::of_workflow(&record.header.workflow, &catalogue());
    if as_json {
        let mut json = run_as_json(&record, &names);
        json["number"] = run.number.into();
        json["path"] = summary_as_json(&run)["path"].take();
        json["part"] = part_as_json(&run.part);
        json["options"] = run.options.in_words().collect();
        return print(&format!("{json:#}\n"));
    }
    let mut text = heading(&run, &record.header, &names);
    for node in record.nodes() {
        writeln!(text, "{}", node_line(&node, &names)).unwrap_or_default();
    }
    print(&format!("{text}{}\n", summary(&record)))
}

/// Returns what stands above the nodes of a run.
fn heading(run: &RunSummary, header: &RunHeader, names: &Names) -> String {
    let mut text = format!(
        "run #{} ({}), {}, started {}\n",
        run.number,
        run.id,
        kind_word(run.kind),
        run.started.strftime("%Y-%m-%d %H:%M:%S UTC")
    );
    let path = run.path.as_ref().map(|path| format!(", {}", path.display())).unwrap_or_default();
    writeln!(text, "workflow {}{path}", header.workflow.name()).unwrap_or_default();
    let (what, nodes) = part_words(&run.part);
    if run.part != Part::All {
        let nodes: Vec<String> = nodes.iter().map(|node| names.of(node)).collect();
        writeln!(text, "part: {what} {}", nodes.join(", ")).unwrap_or_default();
    }
    let options: Vec<&str> = run.options.in_words().collect();
    if !options.is_empty() {
        writeln!(text, "options: {}", options.join(", ")).unwrap_or_default();
    }
    if !header.marks.is_empty() {
        let marks: Vec<String> =
            header.marks.iter().map(|(node, mark)| format!("{} {}", names.of(node), mark_words(*mark))).collect();
        writeln!(text, "marks: {}", marks.join(", ")).unwrap_or_default();
    }
    text
}

const fn mark_words(mark: MarkUsed) -> &'static str {
    match mark {
        MarkUsed::Disabled => "disabled",
        MarkUsed::Forced => "forced",
        MarkUsed::Pinned(PinPolicy::Hold) => "pinned",
        MarkUsed::Pinned(PinPolicy::Follow) => "pinned until something changes",
        MarkUsed::Armed(_) => "to be pinned",
    }
}

fn compare(store: &Store, comparing: &Comparing) -> anyhow::Result<()> {
    let (first, before) = load_run(store, &comparing.before)?;
    let (second, after) = load_run(store, &comparing.after)?;
    if first.workflow_id != second.workflow_id {
        bail!(
            "#{} and #{} are runs of two workflows: only runs of the same can be compared",
            first.number,
            second.number
        );
    }
    let comparison = RunComparison::between(&before, &after);
    let nodes: Vec<&NodeComparison> = if comparing.node.is_empty() {
        comparison.different().collect()
    } else {
        let known = |name: &String| {
            let id = find(&after.header.workflow, name).or_else(|_| find(&before.header.workflow, name))?;
            comparison.node(&id).ok_or_else(|| anyhow!("there is no node {name:?} in either run"))
        };
        comparing.node.iter().map(known).collect::<anyhow::Result<_>>()?
    };
    if comparing.json {
        let nodes: serde_json::Map<_, _> =
            nodes.iter().map(|node| (node.node.to_string(), node_as_json(node))).collect();
        let json = json!({
            "before": summary_as_json(&first),
            "after": summary_as_json(&second),
            "summary": comparison.in_words(),
            "nodes": nodes,
        });
        return print(&format!("{json:#}\n"));
    }
    let names = Names::of_workflow(&after.header.workflow, &catalogue());
    let mut text = format!("#{} -> #{}: {}\n", first.number, second.number, comparison.in_words());
    for node in nodes {
        text += &node_as_text(node, &names, !comparing.node.is_empty());
    }
    print(&text)
}

fn side_words(side: Option<&Side>) -> String {
    match side.map(|side| &side.status) {
        None => "not in the workflow".to_owned(),
        Some(None) => "cut off".to_owned(),
        Some(Some(status)) => status.name().to_owned(),
    }
}

fn node_as_text(node: &NodeComparison, names: &Names, is_whole: bool) -> String {
    let (before, after) = (side_words(node.before.as_ref()), side_words(node.after.as_ref()));
    let decided = if before == after { before } else { format!("{before} -> {after}") };
    let mut text = format!("\n{}  {decided}\n", names.of(&node.node));
    for ConfigChange { what, before, after } in &node.config {
        writeln!(text, "  {what}: {before} -> {after}").unwrap_or_default();
    }
    for output in &node.outputs {
        let same = if output.is_different() { "" } else { "  the same" };
        writeln!(text, "  .{}  {}{same}", output.port, previews(output)).unwrap_or_default();
        if output.is_different() {
            match node.difference(&output.port) {
                Ok(difference) if is_whole => text += &difference_as_text(&difference),
                Ok(difference) => text += &shortened(&difference_as_text(&difference)),
                Err(error) => writeln!(text, "    {error}").unwrap_or_default(),
            }
        }
    }
    text
}

fn previews(output: &OutputComparison) -> String {
    let preview =
        |port: &Option<crate::store::KeptPort>| port.as_ref().map_or("no value", |port| &port.preview).to_owned();
    let (before, after) = (preview(&output.before), preview(&output.after));
    if before == after { before } else { format!("{before} -> {after}") }
}

fn difference_as_text(difference: &Difference) -> String {
    match difference {
        Difference::None | Difference::Words(_) => String::new(),
        Difference::Text(text) => text_difference(text),
        Difference::Table(table) => table_difference(table),
    }
}

/// Returns the beginning of a text, and how many lines follow.
fn shortened(text: &str) -> String {
    const MAX_LINES: usize = 24;
    let n_lines = text.lines().count();
    if n_lines <= MAX_LINES {
        return text.to_owned();
    }
    let first: String = text.split_inclusive('\n').take(MAX_LINES).collect();
    format!("{first}    and {} more lines: --node shows all\n", n_lines - MAX_LINES)
}

fn text_difference(difference: &TextDifference) -> String {
    let mut text = format!("    {} lines removed, {} added\n", difference.n_removed, difference.n_added);
    for hunk in &difference.hunks {
        writeln!(text, "    @@ line {} -> line {} @@", hunk.before, hunk.after).unwrap_or_default();
        for line in &hunk.lines {
            writeln!(text, "    {}{}", line.change.sign(), line.text).unwrap_or_default();
        }
    }
    if difference.is_cut {
        text += "    …\n";
    }
    text
}

fn table_difference(table: &TableDifference) -> String {
    let mut text = format!(
        "    {} rows -> {} rows: {} removed, {} added, {} changed\n",
        table.n_rows.0, table.n_rows.1, table.n_removed, table.n_added, table.n_changed
    );
    for (what, columns) in [("removed", &table.columns_removed), ("added", &table.columns_added)] {
        if !columns.is_empty() {
            writeln!(text, "    columns {what}: {}", columns.join(", ")).unwrap_or_default();
        }
    }
    for (column, before, after) in &table.columns_changed {
        writeln!(text, "    column {column}: {before} -> {after}").unwrap_or_default();
    }
    for row in &table.rows {
        match row {
            RowDifference::Removed(row, cells) => writeln!(text, "    -{row}: {}", cells.join(", ")),
            RowDifference::Added(row, cells) => writeln!(text, "    +{row}: {}", cells.join(", ")),
            RowDifference::Changed(_, row, cells) => {
                let cells: Vec<String> =
                    cells.iter().map(|cell| format!("{} {} -> {}", cell.column, cell.before, cell.after)).collect();
                writeln!(text, "    ~{row}: {}", cells.join(", "))
            }
        }
        .unwrap_or_default();
    }
    if table.is_cut {
        text += "    …\n";
    }
    text
}

fn node_as_json(node: &NodeComparison) -> Json {
    let outputs: serde_json::Map<_, _> =
        node.outputs.iter().map(|output| (output.port.to_string(), output_as_json(node, output))).collect();
    json!({
        "before": side_words(node.before.as_ref()),
        "after": side_words(node.after.as_ref()),
        "decided_otherwise": node.decided_otherwise,
        "config": node.config.iter().map(|change| json!({ "what": change.what, "before": change.before, "after": change.after })).collect::<Vec<_>>(),
        "outputs": outputs,
    })
}

fn output_as_json(node: &NodeComparison, output: &OutputComparison) -> Json {
    let preview = |port: &Option<crate::store::KeptPort>| port.as_ref().map(|port| port.preview.clone());
    let difference = output.is_different().then(|| match node.difference(&output.port) {
        Ok(Difference::Text(text)) => json!({
            "lines_removed": text.n_removed,
            "lines_added": text.n_added,
            "text": text_difference(&text).lines().map(str::trim_start).collect::<Vec<_>>(),
        }),
        Ok(Difference::Table(table)) => json!({
            "rows_removed": table.n_removed,
            "rows_added": table.n_added,
            "rows_changed": table.n_changed,
            "columns_removed": table.columns_removed,
            "columns_added": table.columns_added,
            "columns_changed": table.columns_changed.iter().map(|(column, _, _)| column).collect::<Vec<_>>(),
        }),
        Ok(Difference::Words(words)) => json!({ "words": words }),
        Ok(Difference::None) => Json::Null,
        Err(error) => json!({ "error": error.to_string() }),
    });
    json!({
        "before": preview(&output.before),
        "after": preview(&output.after),
        "same": !output.is_different(),
        "difference": difference,
    })
}

impl From<StatusArgument> for RunStatus {
    fn from(status: StatusArgument) -> Self {
        match status {
            StatusArgument::Running => Self::Running,
            StatusArgument::Succeeded => Self::Succeeded,
            StatusArgument::SucceededWithErrors => Self::SucceededWithErrors,
            StatusArgument::Failed => Self::Failed,
            StatusArgument::Cancelled => Self::Cancelled,
            StatusArgument::Interrupted => Self::Interrupted,
        }
    }
}

impl From<KindArgument> for RunKind {
    fn from(kind: KindArgument) -> Self {
        match kind {
            KindArgument::Standard => Self::Standard,
            KindArgument::Resumed => Self::Resumed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_by_the_clock_or_as_how_long_ago() {
        assert_eq!(time("2026-11-21T09:00:00Z"), Ok("2026-11-21T09:00:00Z".parse().unwrap()));
        let ago = Timestamp::now().duration_since(time("2h").unwrap());
        assert!((ago.as_secs() - 7_200).abs() < 60, "{ago:?}");
        assert!(time("yesterday").unwrap_err().contains("how long ago"));
    }
}
