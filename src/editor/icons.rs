//! Icons, painted as shapes so that they look the same with any font.
//!
//! Each is drawn in a square of 16 × 16 units with lines 1.5 units wide.

mod pen;

use egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Response, Role, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2,
};

use self::pen::Pen;
use super::theme;
use crate::nodes::Family;

/// A picture that stands for a command or a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Icon {
    /// Not pinned.
    Pin,
    /// Pinned.
    PinFilled,
    /// A pin whose results are no longer what the node would give.
    PinStale,
    /// A pin that lets go.
    PinReleased,
    /// Forced: a bolt.
    Force,
    /// Disabled: a crossed circle.
    Disable,
    /// Run.
    Run,
    /// Resume: a bar and a triangle.
    Resume,
    /// Stop.
    Stop,
    /// Pause: two bars.
    Pause,
    /// One step: a triangle and a dot.
    Step,
    /// A breakpoint: a filled octagon.
    Breakpoint,
    /// Take back.
    Undo,
    /// Do again.
    Redo,
    /// Save.
    Save,
    /// Open a file.
    Open,
    /// A new document.
    New,
    /// A warning.
    Warning,
    /// An error.
    Error,
    /// Done.
    Check,
    /// Time, waiting.
    Clock,
    /// It changes something outside.
    SideEffect,
    /// Search.
    Search,
    /// The light theme.
    Sun,
    /// The dark theme.
    Moon,
    /// Closed, or onwards.
    ChevronRight,
    /// Open.
    ChevronDown,
    /// Close.
    Close,
    /// Add.
    Plus,
    /// Kept results are used again.
    Reuse,
    /// A pin that holds.
    Lock,
    /// A pin that follows.
    Follow,
    /// Left out.
    Skip,
    /// Values typed in.
    Pencil,
    /// A file.
    File,
    /// A table.
    Table,
    /// Text.
    Text,
    /// A picture.
    Picture,
    /// The network.
    Globe,
    /// A branch.
    Branch,
    /// A loop: a circle of two arrows.
    Loop,
    /// A drawer: what lasts.
    Drawer,
    /// Made anew each time: a drawer that is crossed out.
    Fresh,
    /// The machine.
    Gear,
    /// Unknown.
    Question,
    /// A frame round nodes.
    Frame,
    /// A note.
    Note,
    /// Nodes in layers.
    Tidy,
    /// Upwards.
    ChevronUp,
    /// Where everything starts: a house.
    Home,
    /// A window of its own.
    Window,
}

impl Icon {
    /// Returns the icon of a family of kinds.
    pub const fn of_family(family: Family) -> Self {
        match family {
            Family::Input => Self::Pencil,
            Family::Files => Self::File,
            Family::Tables => Self::Table,
            Family::Text => Self::Text,
            Family::Images => Self::Picture,
            Family::Network => Self::Globe,
            Family::Flow => Self::Branch,
            Family::Loops => Self::Loop,
            Family::Memory => Self::Drawer,
            Family::System => Self::Gear,
        }
    }
}

/// Paints an icon into the middle of a rectangle.
pub fn paint(painter: &Painter, rect: Rect, icon: Icon, color: Color32) {
    let pen = Pen::new(painter, rect, color);
    match icon {
        Icon::Pin => pen.pin(false),
        Icon::PinFilled => pen.pin(true),
        Icon::PinStale => pen.stale_pin(),
        Icon::PinReleased => {
            pen.pin(false);
            pen.line(&[(2.2, 13.4), (13.8, 1.8)]);
        }
        Icon::Force => pen.area(&[(9.5, 1.5), (3.5, 9.0), (7.4, 9.0), (6.3, 14.5), (12.5, 6.8), (8.6, 6.8)]),
        Icon::Disable => {
            pen.circle(8.0, 8.0, 5.8);
            pen.line(&[(4.0, 4.0), (12.0, 12.0)]);
        }
        Icon::Run => pen.area(&[(4.5, 2.8), (13.0, 8.0), (4.5, 13.2)]),
        Icon::Resume => pen.resume(),
        Icon::Stop => pen.area(&[(3.8, 3.8), (12.2, 3.8), (12.2, 12.2), (3.8, 12.2)]),
        Icon::Pause => pen.pause(),
        Icon::Step => pen.step(),
        Icon::Breakpoint => pen.octagon(),
        Icon::Undo => pen.turn_back(false),
        Icon::Redo => pen.turn_back(true),
        Icon::Save => pen.disk(),
        Icon::Open => pen.folder(),
        Icon::New => pen.new_page(),
        Icon::Warning => pen.warning(),
        Icon::Error => pen.error(),
        Icon::Check => pen.line(&[(3.0, 8.6), (6.4, 12.0), (13.0, 4.6)]),
        Icon::Clock => pen.clock(),
        Icon::SideEffect => pen.side_effect(),
        Icon::Search => pen.search(),
        Icon::Sun => pen.sun(),
        Icon::Moon => pen.moon(),
        Icon::ChevronRight => pen.line(&[(6.0, 3.6), (10.4, 8.0), (6.0, 12.4)]),
        Icon::ChevronDown => pen.line(&[(3.6, 6.0), (8.0, 10.4), (12.4, 6.0)]),
        Icon::Close => {
            pen.line(&[(4.0, 4.0), (12.0, 12.0)]);
            pen.line(&[(12.0, 4.0), (4.0, 12.0)]);
        }
        Icon::Plus => {
            pen.line(&[(8.0, 3.0), (8.0, 13.0)]);
            pen.line(&[(3.0, 8.0), (13.0, 8.0)]);
        }
        Icon::Reuse => pen.reuse(),
        Icon::Lock => pen.lock(),
        Icon::Follow => pen.follow(),
        Icon::Skip => pen.skip(),
        Icon::Pencil => pen.pencil(),
        Icon::File => pen.file(),
        Icon::Table => pen.table(),
        Icon::Text => pen.text(),
        Icon::Picture => pen.picture(),
        Icon::Globe => pen.globe(),
        Icon::Branch => pen.branch(),
        Icon::Loop => pen.cycle(),
        Icon::Drawer => pen.drawer(),
        Icon::Fresh => {
            pen.drawer();
            pen.line(&[(1.6, 14.4), (14.4, 1.6)]);
        }
        Icon::Gear => pen.gear(),
        Icon::Question => pen.question(),
        Icon::Frame => pen.frame(),
        Icon::Note => pen.note(),
        Icon::Tidy => pen.tidy(),
        Icon::ChevronUp => pen.line(&[(3.6, 10.4), (8.0, 6.0), (12.4, 10.4)]),
        Icon::Home => {
            pen.line(&[(2.2, 8.2), (8.0, 3.0), (13.8, 8.2)]);
            pen.line(&[(4.0, 7.2), (4.0, 13.2), (12.0, 13.2), (12.0, 7.2)]);
        }
        Icon::Window => {
            pen.line(&[(7.0, 3.4), (2.4, 3.4), (2.4, 13.4), (12.4, 13.4), (12.4, 9.0)]);
            pen.line(&[(9.6, 2.6), (13.6, 2.6), (13.6, 6.6)]);
            pen.line(&[(13.6, 2.6), (7.6, 8.6)]);
        }
    }
}

/// Shows a button with an icon only. `name` is what screen readers and tests call it; add a tooltip with
/// [`Response::on_hover_text`].
pub fn icon_button(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    let side = ui.spacing().interact_size.y + 4.0;
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
    name_button(ui, &response, name);
    if ui.is_rect_visible(rect) {
        let text = paint_button(ui, rect, &response, false);
        paint(ui.painter(), Rect::from_center_size(rect.center(), vec2(16.0, 16.0)), icon, text);
    }
    response
}

/// Shows a button with an icon and its name.
pub fn icon_text_button(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    let font = TextStyle::Button.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(name.to_owned(), font, Color32::PLACEHOLDER);
    let height = ui.spacing().interact_size.y + 4.0;
    let padding = ui.spacing().button_padding.x;
    let size = vec2(padding + 16.0 + 6.0 + galley.size().x + padding + 2.0, height);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    name_button(ui, &response, name);
    if ui.is_rect_visible(rect) {
        let text = paint_button(ui, rect, &response, true);
        let middle = pos2(rect.left() + padding + 8.0, rect.center().y);
        paint(ui.painter(), Rect::from_center_size(middle, vec2(16.0, 16.0)), icon, text);
        let at = pos2(rect.left() + padding + 22.0, rect.center().y - galley.size().y * 0.5);
        ui.painter().galley(at, galley, text);
    }
    response
}

fn name_button(ui: &Ui, response: &Response, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
}

/// Paints the background of a button and returns the colour of what stands on it.
fn paint_button(ui: &Ui, rect: Rect, response: &Response, framed_at_rest: bool) -> Color32 {
    let look = ui.style().interact(response);
    let at_rest = !(response.hovered() || response.has_focus() || response.is_pointer_button_down_on());
    if framed_at_rest || !at_rest {
        ui.painter().rect(rect, look.corner_radius, look.weak_bg_fill, look.bg_stroke, egui::StrokeKind::Inside);
    }
    if ui.is_enabled() { look.text_color() } else { theme::tokens(ui).disabled }
}

/// Paints an icon and a short text after it; returns where it ends.
pub fn paint_with_text(painter: &Painter, at: Pos2, icon: Icon, text: &str, font: FontId, color: Color32) -> f32 {
    let side = font.size * 1.1;
    paint(painter, Rect::from_center_size(pos2(at.x + side * 0.5, at.y), vec2(side, side)), icon, color);
    painter.text(pos2(at.x + side * 1.35, at.y), Align2::LEFT_CENTER, text, font, color).right()
}

#[cfg(test)]
mod tests {
    use egui::{Shape, accesskit::Role as AccessRole};
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    const ALL: [Icon; 51] = [
        Icon::Pin,
        Icon::PinFilled,
        Icon::PinStale,
        Icon::PinReleased,
        Icon::Force,
        Icon::Disable,
        Icon::Run,
        Icon::Resume,
        Icon::Stop,
        Icon::Pause,
        Icon::Step,
        Icon::Breakpoint,
        Icon::Undo,
        Icon::Redo,
        Icon::Save,
        Icon::Open,
        Icon::New,
        Icon::Warning,
        Icon::Error,
        Icon::Check,
        Icon::Clock,
        Icon::SideEffect,
        Icon::Search,
        Icon::Sun,
        Icon::Moon,
        Icon::ChevronRight,
        Icon::ChevronDown,
        Icon::Close,
        Icon::Plus,
        Icon::Reuse,
        Icon::Lock,
        Icon::Follow,
        Icon::Skip,
        Icon::Pencil,
        Icon::File,
        Icon::Table,
        Icon::Text,
        Icon::Picture,
        Icon::Globe,
        Icon::Branch,
        Icon::Loop,
        Icon::Drawer,
        Icon::Fresh,
        Icon::Gear,
        Icon::Question,
        Icon::Frame,
        Icon::Note,
        Icon::Tidy,
        Icon::ChevronUp,
        Icon::Home,
        Icon::Window,
    ];

    #[test]
    fn every_icon_paints_inside_its_square() {
        let mut harness = Harness::builder().with_size(vec2(100.0, 100.0)).build_ui(|ui| {
            let square = Rect::from_min_size(pos2(40.0, 40.0), vec2(16.0, 16.0));
            for icon in ALL {
                let mut n_shapes = 0;
                let first = ui.painter().add(Shape::Noop);
                paint(ui.painter(), square, icon, theme::tokens(ui).text);
                ui.painter().for_each_shape(|clipped| {
                    n_shapes += 1;
                    let bounds = clipped.shape.visual_bounding_rect();
                    let is_icon = bounds.is_finite() && bounds.width() < 30.0;
                    assert!(!is_icon || square.expand(1.5).contains_rect(bounds), "{icon:?} {bounds:?}");
                });
                assert!(n_shapes > first.0 + 1, "{icon:?} paints nothing");
            }
        });
        harness.run();
    }

    #[test]
    fn buttons_are_found_by_name_and_can_be_clicked() {
        let app = |ui: &mut Ui, n_clicks: &mut (u32, u32)| {
            n_clicks.0 += u32::from(icon_button(ui, Icon::Undo, "Undo").clicked());
            n_clicks.1 += u32::from(icon_text_button(ui, Icon::Run, "Run").clicked());
        };
        let mut harness = Harness::builder().with_context_setup(theme::install).build_ui_state(app, (0, 0));
        harness.get_by_role_and_label(AccessRole::Button, "Undo").click();
        harness.run();
        harness.get_by_role_and_label(AccessRole::Button, "Run").click();
        harness.run();
        assert_eq!(*harness.state(), (1, 1));
    }
}
