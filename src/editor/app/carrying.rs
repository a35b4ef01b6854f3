//! Nodes and frames dragged from one tab to another, where they are dropped as a copy.

use std::collections::BTreeSet;

use egui::{Key, Modifiers, Rect, Ui, Vec2};

use super::App;
use crate::{
    editor::{
        Command, TabRequest,
        canvas::{InHand, pieces, rect_of_frame},
        clipboard, groups,
        panels::Tone,
        words,
    },
    session::SessionId,
    workflow::Position,
};

/// How long nodes are held over a tab until it comes to the front, in seconds.
const HOLD: f64 = 0.5;

/// Nodes on their way from one tab to another.
pub(super) struct Carried {
    /// Where they stay as they were.
    from: SessionId,
    from_name: String,
    /// The title of the frame that is carried with what stands in it.
    frame: Option<String>,
    /// A copy of them, as the clipboard has it.
    text: String,
    /// How much room they take, from the pointer, in scene units.
    boxes: Vec<Rect>,
}

impl Carried {
    /// Returns the way from the pointer to the top left corner of all nodes, in scene units.
    fn corner(&self) -> Vec2 {
        let corners = self.boxes.iter().map(|place| place.min);
        corners.reduce(|one, other| one.min(other)).unwrap_or_default().to_vec2()
    }
}

impl App {
    /// Follows nodes in the hand over the tabs: the one they are held over comes to the front, and the one they are let go
    /// over takes a copy.
    pub(super) fn carry_over_tabs(&mut self, ui: &Ui, over: Option<SessionId>, commands: &mut Vec<Command>) {
        let in_hand = || self.tabs.front().is_some_and(|tab| tab.canvas.in_hand().is_some());
        let is_other = |over: &SessionId| self.tabs.session() != Some(*over);
        let Some(over) = over.filter(is_other).filter(|_| self.carried.is_some() || in_hand()) else {
            self.held_over = None;
            return;
        };
        let now = ui.input(|input| input.time);
        let since = self.held_over.filter(|(held, _)| *held == over).map_or(now, |(_, since)| since);
        self.held_over = Some((over, since));
        let is_let_go = !ui.input(|input| input.pointer.any_down());
        if !is_let_go && now - since < HOLD {
            ui.ctx().request_repaint_after_secs((HOLD - (now - since)) as f32);
            return;
        }
        self.held_over = None;
        self.take_along();
        commands.push(Command::Tabs(TabRequest::Show(over)));
        if is_let_go {
            commands.push(Command::Tabs(TabRequest::Drop(None)));
        }
    }

    /// Takes the nodes in the hand along to another tab; here they stay where they were.
    fn take_along(&mut self) {
        let Some(tab) = self.tabs.front_mut() else { return };
        let Some(InHand { nodes, frames, origin }) = tab.canvas.in_hand() else { return };
        let workflow = tab.sitting.workflow();
        let taken: BTreeSet<_> = nodes.iter().cloned().collect();
        let frame = frames.first().and_then(|id| workflow.frame(id));
        let mut frames: BTreeSet<_> = frames.into_iter().cloned().collect();
        frames.extend(groups::whole(workflow, &taken));
        let unseen = groups::unseen_frames(workflow);
        let seen = frames.iter().filter(|id| !unseen.contains(id));
        let rects = seen.filter_map(|id| workflow.frame(id)).map(rect_of_frame);
        let nodes = pieces(workflow, &self.catalogue, &taken).into_iter().map(|piece| piece.rect);
        let boxes = rects.chain(nodes);
        self.carried = Some(Carried {
            from: tab.session(),
            from_name: tab.sitting.name(),
            frame: frame.map(|frame| frame.title.clone()),
            text: clipboard::copy(workflow, &taken, &frames),
            boxes: boxes.map(|rect| rect.translate(-origin.to_vec2())).collect(),
        });
        tab.canvas.let_go();
    }

    /// Shows nodes on their way over the canvas in front, and drops them where they are let go.
    pub(super) fn carried_ui(&mut self, ui: &Ui, view: Rect, commands: &mut Vec<Command>) {
        let (Some(carried), Some(tab)) = (&self.carried, self.tabs.front()) else { return };
        let pointer = ui.input(|input| input.pointer.latest_pos()).filter(|pointer| view.contains(*pointer));
        let gives_up = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        let is_let_go = !ui.input(|input| input.pointer.any_down());
        // Over a tab of the strip they are on their way to that one.
        let is_on_its_way = commands.iter().any(|command| matches!(command, Command::Tabs(_)));
        match pointer {
            _ if is_on_its_way => {}
            Some(pointer) if is_let_go && !gives_up => {
                let corner = pointer + carried.corner() * tab.canvas.zoom();
                commands.push(Command::Tabs(TabRequest::Drop(Some(tab.canvas.place_at(view, corner)))));
            }
            Some(pointer) if !gives_up => tab.canvas.boxes_in_hand_ui(ui, view, pointer, &carried.boxes),
            None if !is_let_go && !gives_up => {}
            _ => {
                commands.push(Command::Tabs(TabRequest::Show(carried.from)));
                self.carried = None;
            }
        }
    }

    /// Drops the nodes on their way: with their top left corner at a place, or in the middle of what is seen.
    pub(super) fn drop_carried(&mut self, at: Option<Position>) {
        let Some(carried) = self.carried.take() else { return };
        let Some(tab) = self.tabs.front_mut().filter(|tab| tab.session() != carried.from) else { return };
        if let Some(past) = tab.sitting.past() {
            let said = format!("Not copied: {} is shown, and what was done cannot be changed", past.name());
            let back = ("Back to the workflow".to_owned(), Command::CloseRun);
            self.notices.show(Tone::Info, said, vec![back]);
            return;
        }
        let size = carried.boxes.iter().copied().reduce(Rect::union).map(|all| all.size()).unwrap_or_default();
        let Position(x, y) = tab.canvas.center();
        let at = at.unwrap_or(Position(x - size.x * 0.5, y - size.y * 0.5));
        match clipboard::paste(tab.sitting.workflow(), &carried.text, Some(at), false) {
            Ok((edit, nodes)) => {
                let what = match &carried.frame {
                    Some(title) => format!("frame {title} with {}", words::count(nodes.len(), "node")),
                    None => words::count(nodes.len(), "node"),
                };
                let label = format!("Copy {what} from {}", carried.from_name);
                let result = tab.sitting.edit(label, edit);
                tab.sitting.select(nodes);
                self.say_edit_error(result);
            }
            Err(error) => {
                self.notices.show(Tone::Warning, format!("Not copied: {error}"), Vec::new());
            }
        }
    }
}
