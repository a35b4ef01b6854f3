//! The search for a node to add: a field at the pointer, found kinds below it.

use egui::{Area, Frame, Key, Modifiers, Order, Pos2, Rect, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2};

use super::{
    fuzzy::{self, Fitting},
    geometry::{GRID, HEADER, ROW, WIDTH, snapped},
};
use crate::{
    editor::{
        Command, View, WireEnd,
        icons::{self, Icon},
        theme,
    },
    nodes::Kind,
    workflow::{KindId, Position},
};

/// The width of the popup.
const POPUP_WIDTH: f32 = 320.0;
/// The height of a found kind.
const RESULT_HEIGHT: f32 = 34.0;
/// The most height of all found kinds.
const MAX_RESULTS_HEIGHT: f32 = 340.0;

/// A search for a node to add.
pub(super) struct Search {
    /// Where the popup is on the screen.
    at: Pos2,
    /// Where the node will be put.
    place: Pos2,
    /// The wire that was dropped.
    fitting: Option<Fitting>,
    text: String,
    chosen: usize,
    /// What `text` finds; `None` if it must be looked for.
    found: Option<Vec<KindId>>,
    is_new: bool,
}

impl Search {
    /// Opens at a place on the screen, for a node at a place in the scene.
    pub(super) const fn new(at: Pos2, place: Pos2, fitting: Option<Fitting>) -> Self {
        Self { at, place, fitting, text: String::new(), chosen: 0, found: None, is_new: true }
    }

    /// Returns the wire that was dropped and where.
    pub(super) fn wire(&self) -> Option<(&WireEnd, Pos2)> {
        self.fitting.as_ref().map(|fitting| (&fitting.end, self.place))
    }

    fn add(&self, kind: &KindId) -> Command {
        let first_port = vec2(0.0, HEADER + ROW);
        let corner = match self.fitting.as_ref().map(|fitting| &fitting.end) {
            None => self.place - vec2(GRID, GRID),
            Some(WireEnd::Output(_)) => self.place - first_port,
            Some(WireEnd::Input(_)) => self.place - first_port - vec2(WIDTH, 0.0),
        };
        let corner = snapped(corner);
        Command::AddNode {
            kind: kind.clone(),
            position: Position(corner.x, corner.y),
            connect: self.fitting.as_ref().map(|fitting| fitting.end.clone()),
        }
    }
}

/// Shows the popup; returns whether it stays open.
pub(super) fn search_ui(ui: &Ui, view: View<'_>, search: &mut Search, commands: &mut Vec<Command>) -> bool {
    let area = Area::new(ui.make_persistent_id("add node"))
        .order(Order::Foreground)
        .fixed_pos(search.at)
        .constrain_to(ui.ctx().content_rect().shrink(8.0))
        .accessible_name("Add node")
        .show(ui.ctx(), |ui| Frame::popup(ui.style()).show(ui, |ui| popup_ui(ui, view, search)).inner);
    let pressed_elsewhere = ui.input(|input| {
        input.pointer.any_pressed() && input.pointer.interact_pos().is_some_and(|pos| !area.response.rect.contains(pos))
    });
    let was_new = std::mem::take(&mut search.is_new);
    match area.inner {
        Outcome::Open => was_new || !pressed_elsewhere,
        Outcome::Close => false,
        Outcome::Add(kind) => {
            commands.push(search.add(&kind));
            false
        }
    }
}

enum Outcome {
    Open,
    Close,
    Add(KindId),
}

fn popup_ui(ui: &mut Ui, view: View<'_>, search: &mut Search) -> Outcome {
    ui.set_width(POPUP_WIDTH);
    let pressed = |ui: &Ui, key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let escape = pressed(ui, Key::Escape);
    let enter = pressed(ui, Key::Enter);
    let down = pressed(ui, Key::ArrowDown);
    let up = pressed(ui, Key::ArrowUp);

    let field = TextEdit::singleline(&mut search.text)
        .id_salt("search nodes")
        .hint_text(hint(search.fitting.as_ref()))
        .desired_width(f32::INFINITY)
        .margin(vec2(8.0, 6.0));
    let response = ui.add(field).accessible_name("Search nodes");
    if search.is_new || !response.has_focus() {
        response.request_focus();
    }
    if response.changed() {
        search.found = None;
        search.chosen = 0;
    }
    let found = search.found.get_or_insert_with(|| fuzzy::find(view.catalogue, &search.text, search.fitting.as_ref()));
    let n_found = found.len();
    if n_found > 0 {
        search.chosen = (search.chosen + usize::from(down) + if up { n_found - 1 } else { 0 }) % n_found;
    }
    let clicked = results_ui(ui, view, found, search.chosen, up || down);
    match (escape, clicked, enter.then(|| found.get(search.chosen)).flatten()) {
        (true, _, _) => Outcome::Close,
        (_, Some(kind), _) | (_, None, Some(kind)) => Outcome::Add(kind.clone()),
        _ => Outcome::Open,
    }
}

fn hint(fitting: Option<&Fitting>) -> String {
    match fitting {
        None => "Search nodes".to_owned(),
        Some(Fitting { end: WireEnd::Output(_), value_type }) => format!("Nodes that take {value_type}"),
        Some(Fitting { end: WireEnd::Input(_), value_type }) => format!("Nodes that give {value_type}"),
    }
}

fn results_ui<'a>(ui: &mut Ui, view: View<'_>, found: &'a [KindId], chosen: usize, moved: bool) -> Option<&'a KindId> {
    if found.is_empty() {
        ui.add_space(4.0);
        ui.weak("No node fits.");
        return None;
    }
    let mut clicked = None;
    ui.spacing_mut().item_spacing.y = 1.0;
    ScrollArea::vertical().max_height(MAX_RESULTS_HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
        for (index, id) in found.iter().enumerate() {
            let Some(kind) = view.catalogue.get(id) else { continue };
            let response = result_ui(ui, kind, index == chosen);
            if moved && index == chosen {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                clicked = Some(id);
            }
        }
    });
    clicked
}

fn result_ui(ui: &mut Ui, kind: &Kind, chosen: bool) -> egui::Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), RESULT_HEIGHT), Sense::click());
    response
        .widget_info(|| WidgetInfo::selected(egui::Role::ListBoxOption, true, chosen, format!("Add {}", kind.title)));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let fill = match (chosen, response.hovered()) {
        (true, _) => Some(tokens.selected),
        (false, true) => Some(tokens.button_hovered),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, 6.0, fill);
    }
    let family = tokens.of_family(kind.family);
    let chip = Rect::from_center_size(pos2(rect.left() + 18.0, rect.center().y), vec2(22.0, 22.0));
    ui.painter().rect_filled(chip, 5.0, tokens.field);
    icons::paint(ui.painter(), chip.shrink(4.0), Icon::of_family(kind.family), family);
    let left = chip.right() + 8.0;
    let family_width = line(ui, pos2(rect.right() - 8.0, rect.center().y), kind.family.name(), 11.0, 80.0, true);
    let room = rect.right() - 16.0 - family_width - left;
    line(ui, pos2(left, rect.center().y - 7.5), &kind.title, 13.5, room, false);
    line(ui, pos2(left, rect.center().y + 8.5), &kind.summary, 11.0, room, false);
    response
}

/// Writes one line, shortened to a width; small text is muted. Returns the width it took.
fn line(ui: &Ui, at: Pos2, text: &str, size: f32, max_width: f32, to_the_left: bool) -> f32 {
    let tokens = theme::tokens(ui);
    let color = if size < 12.0 { tokens.text_muted } else { tokens.text };
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), egui::FontId::proportional(size), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(max_width.max(1.0));
    let galley = ui.painter().layout_job(job);
    let width = galley.size().x;
    let left = if to_the_left { at.x - width } else { at.x };
    ui.painter().galley(pos2(left, at.y - galley.size().y * 0.5), galley, color);
    width
}
