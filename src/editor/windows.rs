//! Values in windows of their own. Where the desktop has none for us they stand inside of the main window.

use std::{collections::BTreeMap, sync::Arc};

use egui::{
    CentralPanel, Context, Frame, Id, Key, Label, Margin, Modifiers, Popup, RichText, Sense, Ui, UiBuilder, Vec2,
    ViewportBuilder, ViewportId, vec2,
};

use super::{
    Command, View,
    iterations::{IterationsState, of},
    theme,
    viewers::{Place, Room, Viewers, results_ui, value_ui, wants_to_see_ui},
    words,
};
use crate::{
    session::SessionId,
    store::{LoopRecord, NodeRecord, RunId, with_commas},
    workflow::{NodeId, PortId},
};

/// The size of a window that was never open, in points, and the least that one can have.
const SIZE: Vec2 = vec2(720.0, 520.0);
const LEAST_SIZE: Vec2 = vec2(260.0, 160.0);

/// Names a window as long as the program runs.
pub(crate) type WindowId = u64;

/// What a window shows.
#[derive(Clone, Debug)]
pub struct WindowOf {
    /// The node.
    pub node: NodeId,
    /// The output; without one all of them.
    pub port: Option<PortId>,
    /// The iteration of its loop; without one what it gave last.
    pub iteration: Option<WindowIteration>,
}

/// An iteration that a window shows.
#[derive(Clone, Debug)]
pub struct WindowIteration {
    /// The loop.
    pub of: Arc<LoopRecord>,
    /// The run that the loop's record is of.
    pub run: RunId,
    /// Where the node stands in the loop's rows; nothing for the head.
    pub member: Option<usize>,
    /// Which one, from 0.
    pub index: u64,
    /// Its loop is inside of another one's iteration, so that there is no newest to turn to.
    pub is_inside: bool,
}

impl WindowOf {
    /// Returns whether what is shown stays, whatever a run gives.
    fn stays(&self) -> bool {
        self.iteration.as_ref().is_some_and(|iteration| iteration.is_inside)
    }

    fn is_same(&self, other: &Self) -> bool {
        let key = |of: &Self| of.iteration.as_ref().map(|iteration| (iteration.of.about.id, iteration.index));
        self.node == other.node && self.port == other.port && key(self) == key(other)
    }
}

/// A value in a window of its own.
struct ValueWindow {
    id: WindowId,
    session: SessionId,
    of: WindowOf,
    /// The earlier run that it shows, which stays; by its name.
    past: Option<String>,
    /// What it shows although there may be something newer.
    held: Option<Arc<NodeRecord>>,
    /// What it showed last.
    last: Option<Arc<NodeRecord>>,
    viewers: Viewers,
    iterations: IterationsState,
    /// Its size when it was opened, and when it was drawn last.
    size: Vec2,
    size_now: Vec2,
    /// It is to come to the front.
    comes_up: bool,
    /// Somebody typed in it when it was drawn last.
    is_typed_in: bool,
}

/// The windows that are open.
#[derive(Default)]
pub(crate) struct Windows {
    list: Vec<ValueWindow>,
    n_opened: WindowId,
    /// How large windows were that are closed, by what they showed.
    sizes: BTreeMap<(NodeId, Option<PortId>), Vec2>,
    /// The one inside of the main window that has its keys.
    with_keys: Option<WindowId>,
}

impl Windows {
    /// Opens a window; one that is open already and holds nothing comes to the front. One of an earlier run, which has a name,
    /// holds what the node gave in it.
    pub(crate) fn open(
        &mut self,
        session: SessionId,
        of: WindowOf,
        record: Option<Arc<NodeRecord>>,
        past: Option<String>,
    ) {
        let is_same = |window: &&mut ValueWindow| {
            window.session == session
                && window.past == past
                && window.of.is_same(&of)
                && (past.is_some() || of.stays() || window.held.is_none())
        };
        if let Some(window) = self.list.iter_mut().find(is_same) {
            window.comes_up = true;
            self.with_keys = Some(window.id);
            return;
        }
        self.n_opened += 1;
        let open = self.list.iter().rev().find(|window| window.of.node == of.node && window.of.port == of.port);
        let closed = || self.sizes.get(&(of.node.clone(), of.port.clone())).copied();
        let size = open.map(|window| window.size_now).or_else(closed).unwrap_or(SIZE);
        self.list.push(ValueWindow {
            id: self.n_opened,
            session,
            held: record.clone().filter(|_| past.is_some() || of.stays()),
            last: record,
            of,
            past,
            viewers: Viewers::default(),
            iterations: IterationsState::default(),
            size,
            size_now: size,
            comes_up: true,
            is_typed_in: false,
        });
        self.with_keys = Some(self.n_opened);
    }

    /// Returns the windows with the sessions they are of.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = (WindowId, SessionId)> {
        self.list.iter().map(|window| (window.id, window.session))
    }

    /// Closes a window.
    pub(crate) fn close(&mut self, id: WindowId) {
        let closed: Vec<ValueWindow> = self.list.extract_if(.., |window| window.id == id).collect();
        self.sizes.extend(closed.into_iter().map(|window| ((window.of.node, window.of.port), window.size_now)));
        self.with_keys = self.with_keys.filter(|with_keys| *with_keys != id);
    }

    /// Returns the viewers of a window, and the iterations it has read.
    pub(crate) fn parts(&mut self, id: WindowId) -> Option<(&mut Viewers, &mut IterationsState)> {
        let window = self.list.iter_mut().find(|window| window.id == id)?;
        Some((&mut window.viewers, &mut window.iterations))
    }

    /// Forgets what could not be read, so that it is tried again.
    pub(crate) fn forget_failures(&mut self) {
        self.list.iter_mut().for_each(|window| window.viewers.loads.forget_failures());
    }

    /// Takes the keys of a window inside of the main one, before anybody else does; returns whether there is such a window.
    pub(crate) fn take_keys(&mut self, ctx: &Context) -> bool {
        let Some(id) = self.with_keys.filter(|_| ctx.embed_viewports()) else { return false };
        let is_typed_in = self.list.iter().any(|window| window.id == id && window.is_typed_in);
        if closes(ctx, is_typed_in) {
            self.close(id);
        }
        true
    }

    /// Shows a window of a workflow that is open; returns whether it stays open.
    pub(crate) fn window_ui(
        &mut self,
        ctx: &Context,
        id: WindowId,
        view: View<'_>,
        commands: &mut Vec<Command>,
    ) -> bool {
        let Some(window) = self.list.iter_mut().find(|window| window.id == id) else { return false };
        window.follow(view);
        let shown = if ctx.embed_viewports() {
            window.inside_ui(ctx, view, commands)
        } else {
            window.native_ui(ctx, view, commands)
        };
        window.size_now = shown.size;
        match shown.pressed {
            Some(true) => self.with_keys = Some(id),
            Some(false) => self.with_keys = self.with_keys.filter(|with_keys| *with_keys != id),
            None => {}
        }
        shown.stays
    }
}

/// How a window was shown.
struct Shown {
    stays: bool,
    size: Vec2,
    /// Whether the pointer was pressed in it, or elsewhere.
    pressed: Option<bool>,
}

/// Returns whether keys close the window whose keys these are.
fn closes(ctx: &Context, is_typed_in: bool) -> bool {
    let by_escape = !is_typed_in && !Popup::is_any_open(ctx);
    ctx.input_mut(|input| {
        input.consume_key(Modifiers::COMMAND, Key::W) || (by_escape && input.consume_key(Modifiers::NONE, Key::Escape))
    })
}

impl ValueWindow {
    /// Turns to what is the newest, unless it holds something.
    fn follow(&mut self, view: View<'_>) {
        if self.held.is_some() || view.workflow.node(&self.of.node).is_none() {
            return;
        }
        self.last = view.record(&self.of.node);
        let Some(iteration) = &mut self.of.iteration else { return };
        if let Some((record, newest)) = of(view, &self.of.node)
            && newest.member == iteration.member
            && newest.of.about.head == iteration.of.about.head
        {
            (iteration.of, iteration.run) = (Arc::clone(&newest.of), record.run);
        }
    }

    fn title(&self, view: View<'_>) -> String {
        let title = words::title(view.workflow, view.catalogue, &self.of.node);
        let port = self.of.port.as_ref().map(ToString::to_string);
        let iteration = self.of.iteration.as_ref().map(|of| format!("iteration {}", with_commas(of.index + 1)));
        let held = self.held.as_ref().map(|held| self.run_of(view, held).unwrap_or_else(|| "held".to_owned()));
        [Some(title), port, iteration, held].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// Returns what to call the run of a record.
    fn run_of(&self, view: View<'_>, record: &NodeRecord) -> Option<String> {
        self.past.clone().or_else(|| Some(format!("run #{}", view.numbers.get(record.run)?)))
    }

    /// Shows the window as one of the desktop.
    fn native_ui(&mut self, ctx: &Context, view: View<'_>, commands: &mut Vec<Command>) -> Shown {
        let builder = ViewportBuilder::default()
            .with_title(self.title(view))
            .with_inner_size(self.size)
            .with_min_inner_size(LEAST_SIZE);
        let viewport = ViewportId(Id::unique(("value window", self.id)));
        if std::mem::take(&mut self.comes_up) {
            ctx.send_viewport_cmd_to(viewport, egui::ViewportCommand::Focus);
        }
        let size = self.size;
        ctx.show_viewport_immediate(viewport, builder, |ui, _class| {
            let frame = Frame::new().fill(theme::tokens(ui).panel).inner_margin(Margin::same(8));
            let stays = !closes(ui.ctx(), self.is_typed_in);
            CentralPanel::default().frame(frame).show(ui, |ui| self.content_ui(ui, view, commands));
            let (asked, size) = ui.input(|input| {
                let info = input.viewport();
                (info.close_requested(), info.inner_rect.map_or(size, |rect| rect.size()))
            });
            Shown { stays: stays && !asked, size, pressed: None }
        })
    }

    /// Shows the window inside of the main one.
    fn inside_ui(&mut self, ctx: &Context, view: View<'_>, commands: &mut Vec<Command>) -> Shown {
        let room = ctx.content_rect();
        let mut stays = true;
        let step = 24.0 * (self.id % 6) as f32;
        let id = Id::unique(("value window", self.id));
        let shown = egui::Window::new(theme::readable(&self.title(view)).into_owned())
            .id(id)
            .open(&mut stays)
            .default_size(self.size.min(room.size() - vec2(60.0, 100.0)))
            .default_pos(room.left_top() + vec2(120.0 + step, 70.0 + step))
            .min_size(LEAST_SIZE)
            .constrain_to(room)
            .collapsible(false)
            .show(ctx, |ui| self.content_ui(ui, view, commands));
        let Some(shown) = shown else { return Shown { stays, size: self.size, pressed: None } };
        if std::mem::take(&mut self.comes_up) {
            ctx.move_to_top(shown.response.layer_id);
        }
        let size = shown.inner.unwrap_or(self.size);
        let pressed = ctx.input(|input| input.pointer.any_pressed().then(|| input.pointer.interact_pos()).flatten());
        let layer = pressed.and_then(|at| ctx.layer_id_at(at));
        // A menu of the window is no other place.
        let pressed =
            layer.filter(|layer| layer.order <= egui::Order::Middle).map(|layer| layer == shown.response.layer_id);
        Shown { stays, size, pressed }
    }

    /// Shows what is in the window; returns how much room it has.
    fn content_ui(&mut self, ui: &mut Ui, view: View<'_>, commands: &mut Vec<Command>) -> Vec2 {
        // What is shown has the room there is and takes no more, so that the window keeps its size.
        let room = ui.available_rect_before_wrap();
        let mut inside = ui.new_child(UiBuilder::new().id_salt(("value window", self.id)).max_rect(room));
        inside.set_clip_rect(room.intersect(ui.clip_rect()));
        self.bar_ui(&mut inside, view);
        inside.separator();
        match (&self.of.iteration, &self.last) {
            (Some(_), _) => self.iteration_ui(&mut inside, view, commands),
            (None, Some(record)) => {
                let place = Place::Window(Room::Large, self.of.port.as_ref());
                results_ui(&mut inside, view, record, place, &mut self.viewers, commands);
            }
            (None, None) => {
                inside.weak("No results yet: run the workflow.");
            }
        }
        ui.allocate_rect(room, Sense::hover());
        self.is_typed_in = ui.ctx().text_edit_focused();
        room.size()
    }

    /// Shows what is above the value: which run it is of, and whether it is held.
    fn bar_ui(&mut self, ui: &mut Ui, view: View<'_>) {
        ui.horizontal_wrapped(|ui| {
            let mut is_held = self.held.is_some();
            let can = self.past.is_none() && self.last.is_some() && !self.of.stays();
            let help = "Keep showing this, whatever the next run gives; open another window to see both";
            let toggle = ui.add_enabled_ui(can, |ui| ui.toggle_value(&mut is_held, "Hold this result")).inner;
            if toggle.on_hover_text(help).clicked() {
                self.held = self.last.clone().filter(|_| is_held);
            }
            let of_run = self.last.as_ref().map(|record| self.said_of(view, record));
            if let Some(said) = of_run {
                ui.add(Label::new(RichText::new(said).weak()).wrap());
            }
        });
        if view.workflow.node(&self.of.node).is_none() {
            let said = "The node is no longer in the workflow. What it gave last is shown until this window is closed.";
            ui.add(Label::new(RichText::new(said).color(theme::tokens(ui).stale)).wrap());
        }
    }

    /// Returns when and in which run a record was made.
    fn said_of(&self, view: View<'_>, record: &NodeRecord) -> String {
        let run = self.run_of(view, record);
        let at = record.started.map(|started| started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
        let took = record.took.map(|took| format!("took {}", words::duration(took)));
        [run, at, took].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    fn iteration_ui(&mut self, ui: &mut Ui, view: View<'_>, commands: &mut Vec<Command>) {
        let Some(WindowIteration { of, run, member, index, .. }) = self.of.iteration.clone() else { return };
        if view.is_sensitive(&self.of.node) && !wants_to_see_ui(ui, (of.about.id, &self.of.node, index)) {
            return;
        }
        let read = match self.iterations.get(&(of.about.id, run, index)) {
            None => {
                commands.push(Command::LoadIteration(of, run, index));
                ui.spinner();
                return;
            }
            Some(Err(error)) => {
                ui.colored_label(theme::tokens(ui).failed, theme::readable(error));
                return;
            }
            Some(Ok(read)) => read,
        };
        let Some(row) = &read.row else {
            ui.weak("This iteration has not been made.");
            return;
        };
        let Some(member) = member else {
            match &read.item {
                Some(item) => value_ui(ui, item, Room::Large, &mut self.viewers, commands),
                None => {
                    ui.weak("The item is not kept.");
                }
            }
            return;
        };
        let cell = row.cells.get(member);
        if let Some(error) = cell.and_then(|cell| cell.error.as_deref()) {
            let error = RichText::new(theme::readable(error)).color(theme::tokens(ui).failed);
            ui.add(Label::new(error).wrap());
        }
        let outputs = cell.and_then(|cell| cell.outputs.clone());
        let value = outputs.as_ref().and_then(|outputs| match &self.of.port {
            Some(port) => outputs.get(port),
            None => outputs.iter().next().map(|(_, value)| value),
        });
        match value {
            Some(value) => value_ui(ui, value, Room::Large, &mut self.viewers, commands),
            None => {
                ui.weak("It gave no value in this iteration.");
            }
        }
    }
}
