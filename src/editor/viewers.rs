//! Values made visible: one viewer for each type. Nothing is read from the store on the interface thread: a viewer asks
//! for what is not in memory by a [`Command`] and shows it when it is there.

mod alone;
mod bytes;
mod failed;
mod gathered;
mod markdown;
mod of_record;
mod picture;
mod plot;
mod scroll;
mod search;
mod table;
mod text;
mod tree;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use egui::{AsIdSalt, Label, RichText, Ui};

pub use self::{alone::ValueViewer, bytes::BytesWork, table::TableWork, text::TextWork, tree::TreeWork};
pub(crate) use self::{
    bytes::BytesDone,
    failed::{attempts_ui, input_ui},
    markdown::markdown_ui,
    of_record::{Place, results_ui},
    picture::{PictureKey, prepare},
    scroll::{BAR, Extent, RowScroll},
    table::TableDone,
    text::TextDone,
    tree::{TreeDone, leaf as line_of},
    work::ViewerDone,
};
use super::{
    Command, View, WindowOf,
    icons::{Icon, icon_button},
    theme, words,
};
use crate::{
    nodes::{HIDDEN, formats},
    store::{Kept, RunId},
    value::{Fingerprint, Record, Value},
    workflow::{NodeId, PortId},
};

/// What viewers remember between frames.
#[derive(Default)]
pub(crate) struct Viewers {
    pub(crate) pictures: picture::Pictures,
    pub(crate) plots: plot::Plots,
    pub(crate) loads: Loads,
    pub(crate) texts: text::Texts,
    pub(crate) trees: tree::Trees,
    pub(crate) dumps: bytes::Dumps,
    /// The sensitive results that a person asked to see, by what is on their ports.
    revealed: BTreeSet<Vec<Fingerprint>>,
    pub(crate) tables: table::Tables,
}

/// What is being read from the store, or could not be.
#[derive(Default)]
pub(crate) struct Loads {
    results: BTreeMap<(NodeId, RunId), Load>,
    values: BTreeMap<Fingerprint, Load>,
}

/// How reading something from the store stands.
#[derive(Clone, Debug)]
pub(crate) enum Load {
    /// It goes on.
    Waiting,
    /// It is there.
    Here(Value),
    /// It could not be read, and why.
    Failed(String),
}

/// The most values read by fingerprint that are kept in memory.
const MAX_VALUES: usize = 64;

impl Loads {
    /// Notes that results are being read; returns whether that is news.
    pub(crate) fn begin_results(&mut self, node: &NodeId, run: RunId) -> bool {
        self.results.insert((node.clone(), run), Load::Waiting).is_none()
    }

    /// Notes that results were read, or why not.
    pub(crate) fn end_results(&mut self, node: NodeId, run: RunId, error: Option<String>) {
        match error {
            Some(error) => self.results.insert((node, run), Load::Failed(error)),
            None => self.results.remove(&(node, run)),
        };
    }

    /// Notes that a value is being read; returns whether that is news.
    pub(crate) fn begin_value(&mut self, fingerprint: Fingerprint) -> bool {
        if self.values.len() >= MAX_VALUES {
            self.values.retain(|_, load| matches!(load, Load::Waiting));
        }
        self.values.insert(fingerprint, Load::Waiting).is_none()
    }

    /// Notes that a value was read, or why not.
    pub(crate) fn end_value(&mut self, fingerprint: Fingerprint, value: Result<Value, String>) {
        self.values.insert(fingerprint, value.map_or_else(Load::Failed, Load::Here));
    }

    /// Forgets what could not be read, so that it is tried again.
    pub(crate) fn forget_failures(&mut self) {
        self.results.retain(|_, load| !matches!(load, Load::Failed(_)));
        self.values.retain(|_, load| !matches!(load, Load::Failed(_)));
    }
}

/// How much room a viewer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// A part of the inspector.
    Small,
    /// All there is.
    Large,
}

impl Room {
    /// Returns the height a viewer may take, in points.
    fn height(self, ui: &Ui) -> f32 {
        match self {
            Self::Small => 240.0,
            Self::Large => ui.available_height().max(24.0),
        }
    }
}

/// Shows that there are sensitive results, with a button that shows them; returns whether a person asked to see them.
fn hidden_ui(ui: &mut Ui, kept: &Kept, viewers: &mut Viewers) -> bool {
    let which = || kept.ports().iter().map(|port| port.fingerprint).collect::<Vec<_>>();
    if viewers.revealed.contains(&which()) {
        return true;
    }
    for port in kept.ports() {
        ui.label(RichText::new(format!("{} · {HIDDEN}", port.port)).strong());
    }
    ui.weak("Sensitive: it stays in memory and is not written.");
    if ui.button("Show what is hidden").clicked() {
        viewers.revealed.insert(which());
    }
    false
}

/// Offers to show what is hidden; returns whether a person wants to see it.
pub(crate) fn wants_to_see_ui(ui: &mut Ui, of: impl AsIdSalt) -> bool {
    let id = ui.make_persistent_id(("shows what is hidden", of));
    let mut shows = ui.data(|data| data.get_temp(id).unwrap_or(false));
    if !shows && ui.button("Show what is hidden").clicked() {
        shows = true;
        ui.data_mut(|data| data.insert_temp(id, shows));
    }
    shows
}

/// Shows that something is being read from the store.
fn waiting_ui(ui: &mut Ui) {
    ui.horizontal(|ui| {
        ui.spinner();
        ui.weak("Reading kept results…");
    });
}

/// Shows what stands above a value, with the ways to save it to a file and to open it in a window of its own.
fn heading_ui(
    ui: &mut Ui,
    (node, port): (&NodeId, &PortId),
    value: &Value,
    of: Option<WindowOf>,
    commands: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        let formats = formats(value);
        if let Some(usual) = formats.first() {
            let hint = format!("Save to a file: .{}", formats.join(", ."));
            if icon_button(ui, Icon::Save, &format!("Save {port}")).on_hover_text(hint).clicked() {
                commands.push(Command::SaveValue(value.clone(), format!("{node} {port}.{usual}")));
            }
        }
        if let Some(of) = of {
            open_ui(ui, of, commands);
        }
        ui.add(Label::new(RichText::new(format!("{port} · {}", heading(value))).strong()).truncate());
    });
}

/// Offers to open what is shown in a window of its own.
pub(crate) fn open_ui(ui: &mut Ui, of: WindowOf, commands: &mut Vec<Command>) {
    let port = of.port.as_ref().map_or("all", |port| port.as_str());
    let button = icon_button(ui, Icon::Window, &format!("Open {port} in a window"));
    let hint = "Open in a window of its own, which follows the newest result or holds this one";
    if button.on_hover_text(hint).clicked() {
        commands.push(Command::OpenWindow(of));
    }
}

/// Returns what stands above a value: its type and extent, not the value itself.
fn heading(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {
            value.value_type().to_string()
        }
        larger => larger.preview(),
    }
}

/// Shows the value on one port of kept results, such as what reached an input.
pub(crate) fn port_ui(ui: &mut Ui, kept: &Kept, port: &PortId, viewers: &mut Viewers, commands: &mut Vec<Command>) {
    if kept.is_sensitive() && !hidden_ui(ui, kept, viewers) {
        return;
    }
    match kept.loaded() {
        Some(outputs) => match outputs.get(port) {
            Some(value) => value_ui(ui, value, Room::Small, viewers, commands),
            None => {
                ui.weak("No value");
            }
        },
        None => match kept.fingerprint(port) {
            Some(fingerprint) => stored_ui(ui, fingerprint, Room::Small, viewers, commands),
            None => {
                ui.weak("No value");
            }
        },
    }
}

/// Shows a value that lies in the store.
pub(crate) fn stored_ui(
    ui: &mut Ui,
    fingerprint: Fingerprint,
    room: Room,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    match viewers.loads.values.get(&fingerprint).cloned() {
        None => commands.push(Command::LoadValue(fingerprint)),
        Some(Load::Waiting) => waiting_ui(ui),
        Some(Load::Failed(error)) => {
            ui.colored_label(theme::tokens(ui).failed, theme::readable(&error));
        }
        Some(Load::Here(value)) => value_ui(ui, &value, room, viewers, commands),
    }
}

/// Shows a value.
pub(crate) fn value_ui(ui: &mut Ui, value: &Value, room: Room, viewers: &mut Viewers, commands: &mut Vec<Command>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            let text = if matches!(value, Value::Null) { "null".to_owned() } else { value.display_text() };
            ui.add(Label::new(RichText::new(text).monospace()).wrap());
        }
        Value::Text(text) => text::text_ui(ui, text, room, &mut viewers.texts, commands),
        Value::Bytes(bytes) => bytes::bytes_ui(ui, bytes, room, &mut viewers.dumps, commands),
        Value::Record(record) if let Some(plot) = viewers.plots.of(ui.ctx(), record) => plot::plot_ui(ui, &plot, room),
        Value::List(_) | Value::Record(_) => tree::tree_ui(ui, value, room, &mut viewers.trees, commands),
        Value::Table(table) => table::table_ui(ui, table, room, &mut viewers.tables, commands),
        Value::Image(image) => picture::picture_ui(ui, image, room, &mut viewers.pictures, commands),
        Value::Stream(description) => stream_ui(ui, description),
    }
}

/// Shows where a stream comes from. Nothing of it is read, and request headers, which may hold keys, stay hidden.
fn stream_ui(ui: &mut Ui, description: &Record) {
    ui.weak("Read one at a time by a For Each");
    for (name, value) in description.iter() {
        let hidden = match value {
            Value::Record(headers) if **name == *"headers" => Some(headers.len()),
            Value::List(lines) if **name == *"headers" => Some(lines.len()),
            _ => None,
        };
        let said = hidden
            .map_or_else(|| tree::leaf(value), |n_headers| format!("{}, not shown", words::count(n_headers, "header")));
        ui.horizontal(|ui| {
            ui.weak(&**name);
            ui.add(Label::new(RichText::new(theme::readable(&said)).monospace()).wrap());
        });
    }
}

/// Returns one line about kept results, without computing or reading anything.
pub(crate) fn preview(view: View<'_>, node: &NodeId, kept: &Kept) -> String {
    if view.is_sensitive(node) { HIDDEN.to_owned() } else { preview_of(kept) }
}

fn preview_of(kept: &Kept) -> String {
    let previews: Vec<String> = match kept.shown() {
        Some(outputs) => outputs.iter().map(|(_, value)| value.preview()).collect(),
        None => kept.ports().iter().map(|port| port.preview.clone()).collect(),
    };
    if previews.is_empty() { "no value".to_owned() } else { previews.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;
    use crate::nodes::Outputs;

    #[test]
    fn a_stream_shows_where_it_comes_from_and_no_headers() {
        let stream = Value::stream([
            ("stream", Value::text("pages")),
            ("url", Value::text("http://x.org")),
            ("headers", Value::record([("Authorization", Value::text("secret"))])),
        ]);
        let mut viewers = Viewers::default();
        let harness = Harness::builder()
            .with_context_setup(theme::install)
            .build_ui(move |ui| value_ui(ui, &stream, Room::Small, &mut viewers, &mut Vec::new()));
        assert!(harness.query_by_label_contains("one at a time by a For Each").is_some());
        assert!(harness.query_by_label_contains("http://x.org").is_some());
        assert!(harness.query_by_label_contains("1 header, not shown").is_some());
        assert!(harness.query_by_label_contains("secret").is_none());
    }

    #[test]
    fn sensitive_results_are_hidden_until_they_are_clicked_on() {
        let outputs = Arc::new(Outputs::one("out", "canary"));
        let kept = Kept::at_hand(outputs, crate::store::Provenance::Run(RunId::generate()), true);
        assert_eq!(preview_of(&kept), HIDDEN);
        let mut viewers = Viewers::default();
        let mut harness = Harness::builder()
            .with_context_setup(theme::install)
            .build_ui(move |ui| port_ui(ui, &kept, &"out".into(), &mut viewers, &mut Vec::new()));
        let shows = |harness: &Harness<'_>| {
            let labels = harness.query_all_by_label_contains("canary").count();
            labels + harness.query_all_by_value("canary").count() > 0
        };
        assert!(!shows(&harness));
        harness.get_by_label("Show what is hidden").click();
        harness.run();
        assert!(shows(&harness) && harness.query_by_label("Show what is hidden").is_none());
    }

    #[test]
    fn results_are_read_once_until_they_fail_and_are_tried_again() {
        let mut loads = Loads::default();
        let run = RunId::generate();
        assert!(loads.begin_results(&"a".into(), run));
        assert!(!loads.begin_results(&"a".into(), run));
        loads.end_results("a".into(), run, Some("gone".to_owned()));
        assert!(!loads.begin_results(&"a".into(), run));
        loads.end_results("a".into(), run, Some("gone".to_owned()));
        loads.forget_failures();
        assert!(loads.begin_results(&"a".into(), run));
    }

    #[test]
    fn values_in_memory_are_bounded() {
        let mut loads = Loads::default();
        for number in 0..200_u8 {
            let fingerprint = Fingerprint::of_bytes(&[number]);
            loads.begin_value(fingerprint);
            loads.end_value(fingerprint, Ok(Value::Int(i64::from(number))));
        }
        assert!(loads.values.len() <= MAX_VALUES);
    }
}
