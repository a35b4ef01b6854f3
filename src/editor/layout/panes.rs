//! Draws the panels where they stand.

use egui::{
    Align2, CursorIcon, Frame, Id, Label, Margin, NumExt as _, Rect, Response, RichText, Role, Sense, Stroke, Style,
    TextStyle, Ui, Visuals, WidgetInfo, WidgetText, vec2,
};
use egui_tiles::{
    Behavior, EditAction, ResizeState, SimplificationOptions, TabState, Tabs, Tile, TileId, Tiles, UiResponse,
};

use super::{Layout, Pane};
use crate::editor::{
    Panel,
    icons::{Icon, icon_button},
    theme::{self, Tokens},
};

/// The height of a row of tabs, in points.
const TAB_BAR: f32 = 30.0;

/// What stands in the row of a pane's tab.
pub(crate) struct PaneTitle {
    /// Its name with what it counts.
    pub(crate) name: String,
    /// What it shows, if that is not said in it.
    pub(crate) of: Option<String>,
}

/// Draws all panes that are shown: `draw` draws one of them. Returns the panel that a person wants no longer, if any.
pub(crate) fn panes_ui(
    ui: &mut Ui,
    layout: &mut Layout,
    is_shown: impl Fn(Pane) -> bool,
    title: &dyn Fn(Pane) -> PaneTitle,
    draw: &mut dyn FnMut(Pane, &mut Ui),
) -> Option<Panel> {
    let room = ui.available_rect_before_wrap();
    ui.painter().rect_filled(room, 0.0, theme::tokens(ui).panel);
    layout.fit(room.size(), is_shown);
    let canvas = layout.tree.tiles.find_pane(&Pane::Canvas);
    let mut panes =
        Panes { title, draw, canvas, tokens: *theme::tokens(ui), is_edited: false, is_sized: false, hides: None };
    layout.tree.ui(&mut panes, ui);
    if panes.is_sized {
        // From here on panels want what they have.
        layout.wanted.clear();
    }
    layout.is_edited |= panes.is_edited;
    panes.hides
}

struct Panes<'a> {
    title: &'a dyn Fn(Pane) -> PaneTitle,
    draw: &'a mut dyn FnMut(Pane, &mut Ui),
    canvas: Option<TileId>,
    tokens: Tokens,
    is_edited: bool,
    is_sized: bool,
    hides: Option<Panel>,
}

impl Behavior<Pane> for Panes<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _id: TileId, pane: &mut Pane) -> UiResponse {
        let frame = match pane {
            Pane::Canvas => Frame::NONE,
            _ => Frame::new().fill(self.tokens.panel).inner_margin(Margin { left: 8, right: 8, top: 4, bottom: 4 }),
        };
        frame.show(ui, |ui| {
            ui.set_min_size(ui.available_size());
            (self.draw)(*pane, ui);
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        (self.title)(*pane).name.into()
    }

    fn tab_ui(&mut self, tiles: &mut Tiles<Pane>, ui: &mut Ui, id: Id, tile_id: TileId, state: &TabState) -> Response {
        let text = self.tab_title_for_tile(tiles, tile_id);
        let name = tiles.get_pane(&tile_id).map_or("Panels", |pane| pane.name());
        let galley = text.into_galley(
            ui,
            Some(egui::TextWrapMode::Extend),
            f32::INFINITY,
            TextStyle::Button.resolve(ui.style()),
        );
        let size = vec2(galley.size().x + 20.0, ui.available_height().at_least(TAB_BAR));
        let (_, rect) = ui.allocate_space(size);
        let can_move = self.is_tile_draggable(tiles, tile_id);
        let sense = if can_move { Sense::click_and_drag() } else { Sense::click() };
        let response = ui.interact(rect, id, sense);
        response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), state.active, name));
        let is_lit = response.hovered() || response.has_focus();
        let color = if state.active || is_lit { self.tokens.text } else { self.tokens.text_muted };
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
        if response.has_focus() {
            let ring = Stroke::new(1.0, self.tokens.accent);
            ui.painter().rect_stroke(rect.shrink(3.0), 4.0, ring, egui::StrokeKind::Inside);
        }
        ui.painter().galley_with_override_text_color(at, galley, color);
        if state.active {
            let under = Rect::from_x_y_ranges(rect.x_range().shrink(6.0), rect.bottom() - 2.0..=rect.bottom());
            ui.painter().rect_filled(under, 1.0, self.tokens.accent);
        }
        if can_move {
            return response.on_hover_cursor(CursorIcon::Grab);
        }
        response
    }

    fn top_bar_right_ui(&mut self, tiles: &Tiles<Pane>, ui: &mut Ui, _id: TileId, tabs: &Tabs, _offset: &mut f32) {
        let Some(pane) = tabs.active.and_then(|id| tiles.get_pane(&id)) else { return };
        let Some(panel) = pane.panel() else { return };
        ui.add_space(4.0);
        if icon_button(ui, Icon::Close, &format!("Hide {}", pane.name())).clicked() {
            self.hides = Some(panel);
        }
        if let Some(of) = (self.title)(*pane).of {
            ui.add(Label::new(RichText::new(of).strong()).truncate());
        }
    }

    fn is_tile_draggable(&self, tiles: &Tiles<Pane>, id: TileId) -> bool {
        match tiles.get(id) {
            Some(Tile::Container(container)) => !container.children().any(|child| Some(*child) == self.canvas),
            _ => Some(id) != self.canvas,
        }
    }

    // The canvas alone needs no name.
    fn is_tab_bar_visible(&self, _id: TileId, tabs: &Tabs) -> bool {
        self.canvas.is_none_or(|canvas| tabs.children != [canvas])
    }

    fn tab_bar_height(&self, _style: &Style) -> f32 {
        TAB_BAR
    }

    fn tab_bar_color(&self, _visuals: &Visuals) -> egui::Color32 {
        self.tokens.panel
    }

    fn tab_bar_hline_stroke(&self, _visuals: &Visuals) -> Stroke {
        Stroke::new(1.0, self.tokens.line)
    }

    fn resize_stroke(&self, _style: &Style, state: ResizeState) -> Stroke {
        match state {
            ResizeState::Idle => Stroke::new(1.0, self.tokens.line),
            ResizeState::Hovering | ResizeState::Dragging => Stroke::new(2.0, self.tokens.accent),
        }
    }

    fn drag_preview_stroke(&self, _visuals: &Visuals) -> Stroke {
        Stroke::new(1.0, self.tokens.accent)
    }

    fn drag_preview_color(&self, _visuals: &Visuals) -> egui::Color32 {
        self.tokens.accent.gamma_multiply(0.25)
    }

    fn min_size(&self) -> f32 {
        super::LEAST
    }

    fn cycle_tabs_with_keyboard(&self) -> bool {
        false
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions {
            all_panes_must_have_tabs: true,
            flatten_tabs_in_tabs: true,
            ..SimplificationOptions::default()
        }
    }

    fn on_edit(&mut self, edit: EditAction) {
        self.is_edited = true;
        self.is_sized |= matches!(edit, EditAction::TileResized | EditAction::TileDropped);
    }
}
