//! The strip of tabs above the canvas, one a workflow.

use std::f32::consts::TAU;

use egui::{
    Align2, FontSelection, Id, Rect, Response, Role, ScrollArea, Sense, Shape, Stroke, TextStyle, TextWrapMode, Ui,
    Vec2, WidgetInfo, WidgetText, pos2, scroll_area::ScrollBarVisibility, vec2,
};

use crate::{
    editor::{
        Command, TabRequest,
        icons::{self, Icon, icon_button},
        theme,
    },
    session::SessionId,
};

/// The height of a tab, in points.
const HEIGHT: f32 = 28.0;
/// The most room for a name.
const MAX_NAME: f32 = 180.0;
/// The side of what stands beside the name: a sign, a dot, the button that closes.
const SIDE: f32 = 16.0;
/// The room between them.
const GAP: f32 = 6.0;

/// What a tab says of the run of its workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TabSign {
    /// Nothing to say.
    None,
    Running {
        n_executed: usize,
        n_to_execute: usize,
    },
    Paused,
    /// It ended well while another tab was in front.
    Done,
    Failed,
    Stopped,
}

impl TabSign {
    fn in_words(self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Running { n_executed, n_to_execute } => Some(format!("running, {n_executed} of {n_to_execute}")),
            Self::Paused => Some("paused".to_owned()),
            Self::Done => Some("the run is done".to_owned()),
            Self::Failed => Some("the run failed".to_owned()),
            Self::Stopped => Some("the run was stopped".to_owned()),
        }
    }
}

/// What is shown of a tab.
pub(crate) struct TabFace {
    pub(crate) session: SessionId,
    pub(crate) name: String,
    /// The whole path, or that there is none.
    pub(crate) place: String,
    pub(crate) is_unsaved: bool,
    pub(crate) sign: TabSign,
    pub(crate) is_front: bool,
}

impl TabFace {
    /// Returns what a screen reader says.
    fn in_words(&self) -> String {
        let unsaved = self.is_unsaved.then(|| "unsaved changes".to_owned());
        let parts = [Some(format!("Tab {}", self.name)), unsaved, self.sign.in_words()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// What the strip remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct TabStrip {
    /// The tab in the hand.
    dragged: Option<SessionId>,
    /// The tab that was brought into view last.
    shown: Option<SessionId>,
}

/// Shows the tabs; returns the one that the pointer is over.
pub(crate) fn tabs_ui(
    ui: &mut Ui,
    faces: &[TabFace],
    strip: &mut TabStrip,
    commands: &mut Vec<Command>,
) -> Option<SessionId> {
    let mut over = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        if icon_button(ui, Icon::Home, "Welcome").on_hover_text("Show the welcome screen; the tabs stay").clicked() {
            commands.push(Command::Welcome);
        }
        let room = ui.available_width() - HEIGHT - GAP;
        ui.style_mut().always_scroll_the_only_direction = true;
        let scroll = ScrollArea::horizontal().id_salt("tabs").max_width(room.max(0.0));
        scroll.scroll_bar_visibility(ScrollBarVisibility::AlwaysHidden).show(ui, |ui| {
            ui.horizontal(|ui| {
                let tabs: Vec<Response> = faces.iter().map(|face| tab_ui(ui, face, commands)).collect();
                over = faces.iter().zip(&tabs).find(|(_, tab)| tab.contains_pointer()).map(|(face, _)| face.session);
                reorder(ui, faces, &tabs, strip, commands);
                let front = faces.iter().zip(&tabs).find(|(face, _)| face.is_front);
                let session = front.map(|(face, _)| face.session);
                if strip.shown != session {
                    strip.shown = session;
                    if let Some((_, tab)) = front {
                        tab.scroll_to_me(None);
                    }
                }
            });
        });
        if icon_button(ui, Icon::Plus, "New tab").on_hover_text("Start a new workflow in a tab of its own").clicked() {
            commands.push(Command::New);
        }
    });
    over
}

fn tab_ui(ui: &mut Ui, face: &TabFace, commands: &mut Vec<Command>) -> Response {
    let tokens = theme::tokens(ui);
    let color = if face.is_front { tokens.text } else { tokens.text_muted };
    let name = WidgetText::from(theme::readable(&face.name).into_owned());
    let name = name.into_galley(ui, Some(TextWrapMode::Truncate), MAX_NAME, FontSelection::Style(TextStyle::Button));
    let n_sides = 1 + usize::from(face.sign != TabSign::None) + usize::from(face.is_unsaved);
    let width = name.size().x + 2.0 * GAP + n_sides as f32 * (SIDE + GAP);
    let (_, rect) = ui.allocate_space(vec2(width, HEIGHT));
    let id = ui.make_persistent_id(("tab", face.session));
    let response = ui.interact(rect, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), face.is_front, face.in_words()));
    let close = close_button(ui, rect, id, face);
    if ui.is_rect_visible(rect) {
        paint_tab(ui, rect, face, &response);
        paint_close(ui, face, &close);
        let mut left = rect.left() + GAP;
        if face.sign != TabSign::None {
            paint_sign(ui, Rect::from_min_size(pos2(left, rect.center().y - SIDE * 0.5), Vec2::splat(SIDE)), face.sign);
            left += SIDE + GAP;
        }
        let at = Align2::LEFT_CENTER.anchor_size(pos2(left, rect.center().y), name.size()).min;
        left += name.size().x + GAP;
        ui.painter().galley(at, name, color);
        if face.is_unsaved {
            ui.painter().circle_filled(pos2(left + SIDE * 0.5, rect.center().y), 4.0, tokens.stale);
        }
    }
    let response = response.on_hover_ui(|ui| {
        ui.label(theme::readable(&face.place).as_ref());
        let said = [face.is_unsaved.then(|| "unsaved changes".to_owned()), face.sign.in_words()];
        for said in said.into_iter().flatten() {
            ui.weak(said);
        }
    });
    if close.clicked() || response.middle_clicked() {
        commands.push(Command::Tabs(TabRequest::Close(face.session)));
    } else if response.clicked() {
        commands.push(Command::Tabs(TabRequest::Show(face.session)));
    }
    response
}

fn close_button(ui: &Ui, tab: Rect, id: Id, face: &TabFace) -> Response {
    let place = Rect::from_center_size(pos2(tab.right() - GAP - SIDE * 0.5, tab.center().y), Vec2::splat(SIDE));
    let response = ui.interact(place, id.with("close"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), format!("Close {}", face.name)));
    response
}

fn paint_close(ui: &Ui, face: &TabFace, response: &Response) {
    let tokens = theme::tokens(ui);
    let is_lit = response.hovered() || response.has_focus();
    if is_lit {
        ui.painter().rect_filled(response.rect, 4.0, tokens.button_hovered);
    }
    let color = if is_lit || face.is_front { tokens.text } else { tokens.text_muted };
    icons::paint(ui.painter(), response.rect.shrink(2.0), Icon::Close, color);
}

fn paint_tab(ui: &Ui, rect: Rect, face: &TabFace, response: &Response) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter();
    if face.is_front {
        painter.rect_filled(rect, 5.0, tokens.selected);
        let line = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 2.0), rect.max);
        painter.rect_filled(line, 1.0, tokens.accent);
    } else if response.hovered() || response.contains_pointer() {
        painter.rect_filled(rect, 5.0, tokens.button_hovered);
    }
    if response.has_focus() {
        painter.rect_stroke(rect, 5.0, Stroke::new(1.5, tokens.accent), egui::StrokeKind::Inside);
    }
}

fn paint_sign(ui: &Ui, rect: Rect, sign: TabSign) {
    let tokens = theme::tokens(ui);
    match sign {
        TabSign::None => {}
        TabSign::Running { n_executed, n_to_execute } => {
            let (center, radius) = (rect.center(), 5.5);
            ui.painter().circle_stroke(center, radius, Stroke::new(2.0, tokens.line));
            let share = (n_executed as f32 / n_to_execute.max(1) as f32).clamp(0.08, 1.0);
            let n_points = 24_u8;
            let angle = |step: u8| TAU * (share * f32::from(step) / f32::from(n_points) - 0.25);
            let arc = (0..=n_points).map(|step| center + radius * Vec2::angled(angle(step))).collect();
            ui.painter().add(Shape::line(arc, Stroke::new(2.0, tokens.running)));
        }
        TabSign::Paused => icons::paint(ui.painter(), rect, Icon::Pause, tokens.stale),
        TabSign::Done => icons::paint(ui.painter(), rect, Icon::Check, tokens.done),
        TabSign::Failed => icons::paint(ui.painter(), rect, Icon::Error, tokens.failed),
        TabSign::Stopped => icons::paint(ui.painter(), rect, Icon::Stop, tokens.stale),
    }
}

/// Moves the tab in the hand to where the pointer is.
fn reorder(ui: &Ui, faces: &[TabFace], tabs: &[Response], strip: &mut TabStrip, commands: &mut Vec<Command>) {
    for (face, tab) in faces.iter().zip(tabs) {
        if tab.drag_started_by(egui::PointerButton::Primary) {
            strip.dragged = Some(face.session);
            commands.push(Command::Tabs(TabRequest::Show(face.session)));
        }
    }
    if !ui.input(|input| input.pointer.primary_down()) {
        strip.dragged = None;
    }
    let (Some(dragged), Some(pointer)) = (strip.dragged, ui.input(|input| input.pointer.latest_pos())) else { return };
    let place = faces.iter().position(|face| face.session == dragged);
    let is_left = |(face, tab): &(&TabFace, &Response)| face.session != dragged && tab.rect.center().x < pointer.x;
    let wanted = faces.iter().zip(tabs).filter(is_left).count();
    if place.is_some_and(|place| place != wanted) {
        commands.push(Command::Tabs(TabRequest::Put(dragged, wanted)));
    }
}
