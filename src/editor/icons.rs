//! Icons, painted as shapes so that they look the same with any font.
//!
//! Each is drawn in a square of 16 × 16 units with lines 1.5 units wide.

use egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, TextStyle, Ui, WidgetInfo,
    pos2, vec2,
};

use super::theme;
use crate::nodes::Family;

/// A picture that stands for a command or a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Icon {
    /// Not pinned.
    Pin,
    /// Pinned.
    PinFilled,
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
    /// The machine.
    Gear,
    /// Unknown.
    Question,
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
        Icon::Force => pen.area(&[(9.5, 1.5), (3.5, 9.0), (7.4, 9.0), (6.3, 14.5), (12.5, 6.8), (8.6, 6.8)]),
        Icon::Disable => {
            pen.circle(8.0, 8.0, 5.8);
            pen.line(&[(4.0, 4.0), (12.0, 12.0)]);
        }
        Icon::Run => pen.area(&[(4.5, 2.8), (13.0, 8.0), (4.5, 13.2)]),
        Icon::Resume => {
            pen.area(&[(6.5, 3.0), (14.0, 8.0), (6.5, 13.0)]);
            pen.line(&[(3.2, 3.2), (3.2, 12.8)]);
        }
        Icon::Stop => pen.area(&[(3.8, 3.8), (12.2, 3.8), (12.2, 12.2), (3.8, 12.2)]),
        Icon::Undo => pen.turn_back(false),
        Icon::Redo => pen.turn_back(true),
        Icon::Save => pen.disk(),
        Icon::Open => pen.folder(),
        Icon::New => {
            pen.page();
            pen.line(&[(8.0, 7.0), (8.0, 12.0)]);
            pen.line(&[(5.5, 9.5), (10.5, 9.5)]);
        }
        Icon::Warning => {
            pen.closed(&[(8.0, 2.2), (14.5, 13.5), (1.5, 13.5)]);
            pen.line(&[(8.0, 6.4), (8.0, 9.6)]);
            pen.dot(8.0, 11.6, 0.9);
        }
        Icon::Error => {
            pen.circle(8.0, 8.0, 6.0);
            pen.line(&[(8.0, 4.6), (8.0, 8.8)]);
            pen.dot(8.0, 11.2, 0.95);
        }
        Icon::Check => pen.line(&[(3.0, 8.6), (6.4, 12.0), (13.0, 4.6)]),
        Icon::Clock => {
            pen.circle(8.0, 8.0, 6.0);
            pen.line(&[(8.0, 4.6), (8.0, 8.2), (10.6, 9.8)]);
        }
        Icon::SideEffect => {
            pen.line(&[(7.0, 3.5), (3.0, 3.5), (3.0, 13.0), (12.5, 13.0), (12.5, 9.0)]);
            pen.line(&[(7.4, 8.6), (13.2, 2.8)]);
            pen.line(&[(9.4, 2.6), (13.4, 2.6), (13.4, 6.6)]);
        }
        Icon::Search => {
            pen.circle(6.8, 6.8, 4.3);
            pen.line(&[(10.0, 10.0), (14.0, 14.0)]);
        }
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
        Icon::Skip => {
            pen.dashes(8.0, 8.0, 5.8);
            pen.line(&[(5.2, 8.0), (10.8, 8.0)]);
        }
        Icon::Pencil => {
            pen.closed(&[(2.8, 13.2), (3.6, 9.8), (10.6, 2.8), (13.2, 5.4), (6.2, 12.4)]);
            pen.line(&[(8.8, 4.6), (11.4, 7.2)]);
        }
        Icon::File => {
            pen.page();
            pen.line(&[(6.0, 8.4), (10.2, 8.4)]);
            pen.line(&[(6.0, 11.0), (10.2, 11.0)]);
        }
        Icon::Table => {
            pen.closed(&[(2.2, 3.2), (13.8, 3.2), (13.8, 12.8), (2.2, 12.8)]);
            pen.line(&[(2.2, 6.6), (13.8, 6.6)]);
            pen.line(&[(2.2, 9.7), (13.8, 9.7)]);
            pen.line(&[(6.6, 6.6), (6.6, 12.8)]);
        }
        Icon::Text => {
            pen.line(&[(3.0, 5.2), (3.0, 3.2), (13.0, 3.2), (13.0, 5.2)]);
            pen.line(&[(8.0, 3.2), (8.0, 13.0)]);
            pen.line(&[(6.0, 13.0), (10.0, 13.0)]);
        }
        Icon::Picture => {
            pen.closed(&[(2.2, 3.0), (13.8, 3.0), (13.8, 13.0), (2.2, 13.0)]);
            pen.line(&[(2.6, 11.6), (6.2, 7.6), (9.0, 10.6), (10.6, 9.0), (13.4, 11.8)]);
            pen.dot(10.6, 5.8, 1.1);
        }
        Icon::Globe => {
            pen.circle(8.0, 8.0, 6.0);
            pen.line(&[(2.0, 8.0), (14.0, 8.0)]);
            pen.ellipse(8.0, 8.0, 2.8, 6.0);
        }
        Icon::Branch => {
            pen.line(&[(2.0, 8.0), (5.5, 8.0), (9.0, 4.0), (13.5, 4.0)]);
            pen.line(&[(5.5, 8.0), (9.0, 12.0), (13.5, 12.0)]);
            pen.dot(13.0, 4.0, 1.6);
            pen.dot(13.0, 12.0, 1.6);
        }
        Icon::Gear => pen.gear(),
        Icon::Question => {
            pen.line(&[
                (5.2, 5.6),
                (6.0, 3.8),
                (8.0, 3.0),
                (10.0, 3.8),
                (10.7, 5.5),
                (9.8, 7.2),
                (8.1, 8.4),
                (8.0, 10.0),
            ]);
            pen.dot(8.0, 12.8, 1.0);
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

/// Draws in units of a 16 × 16 square.
struct Pen<'a> {
    painter: &'a Painter,
    origin: Pos2,
    unit: f32,
    stroke: Stroke,
}

impl<'a> Pen<'a> {
    fn new(painter: &'a Painter, rect: Rect, color: Color32) -> Self {
        let side = rect.width().min(rect.height());
        let unit = side / 16.0;
        let origin = rect.center() - vec2(side, side) * 0.5;
        Self { painter, origin, unit, stroke: Stroke::new((1.5 * unit).max(1.0), color) }
    }

    fn at(&self, (x, y): (f32, f32)) -> Pos2 {
        self.origin + vec2(x, y) * self.unit
    }

    fn points(&self, points: &[(f32, f32)]) -> Vec<Pos2> {
        points.iter().map(|&point| self.at(point)).collect()
    }

    fn line(&self, points: &[(f32, f32)]) {
        self.painter.add(Shape::line(self.points(points), self.stroke));
    }

    fn closed(&self, points: &[(f32, f32)]) {
        self.painter.add(Shape::closed_line(self.points(points), self.stroke));
    }

    fn area(&self, points: &[(f32, f32)]) {
        let path = egui::epaint::PathShape {
            points: self.points(points),
            closed: true,
            fill: self.stroke.color,
            stroke: Stroke::new(0.6 * self.unit, self.stroke.color).into(),
        };
        self.painter.add(path);
    }

    fn circle(&self, x: f32, y: f32, radius: f32) {
        self.painter.circle_stroke(self.at((x, y)), radius * self.unit, self.stroke);
    }

    fn dot(&self, x: f32, y: f32, radius: f32) {
        self.painter.circle_filled(self.at((x, y)), radius * self.unit, self.stroke.color);
    }

    fn ellipse(&self, x: f32, y: f32, rx: f32, ry: f32) {
        let size = vec2(rx, ry) * self.unit;
        self.painter.add(egui::epaint::EllipseShape::stroke(self.at((x, y)), size, self.stroke));
    }

    /// Draws part of a circle; angles in turns, clockwise from the right.
    fn arc(&self, (x, y): (f32, f32), radius: f32, from: f32, to: f32) {
        let points: Vec<(f32, f32)> = (0..=12)
            .map(|step| {
                let angle = (from + (to - from) * step as f32 / 12.0) * std::f32::consts::TAU;
                (x + radius * angle.cos(), y + radius * angle.sin())
            })
            .collect();
        self.line(&points);
    }

    fn dashes(&self, x: f32, y: f32, radius: f32) {
        for step in 0..8 {
            let from = step as f32 / 8.0;
            self.arc((x, y), radius, from, from + 0.07);
        }
    }

    fn pin(&self, filled: bool) {
        let head = [(5.2, 2.0), (10.8, 2.0), (10.0, 7.0), (12.4, 9.6), (3.6, 9.6), (6.0, 7.0)];
        if filled {
            self.area(&[(5.2, 2.0), (10.8, 2.0), (10.0, 7.2), (6.0, 7.2)]);
            self.area(&[(6.0, 7.0), (10.0, 7.0), (12.4, 9.8), (3.6, 9.8)]);
        } else {
            self.closed(&head);
        }
        self.line(&[(8.0, 9.8), (8.0, 14.4)]);
    }

    fn turn_back(&self, mirrored: bool) {
        let side = |x: f32| if mirrored { 16.0 - x } else { x };
        self.line(&[(side(6.0), 2.6), (side(2.6), 6.0), (side(6.0), 9.4)]);
        self.line(&[
            (side(2.8), 6.0),
            (side(9.6), 6.0),
            (side(12.0), 6.8),
            (side(13.2), 9.0),
            (side(12.4), 11.4),
            (side(10.0), 12.8),
            (side(5.4), 12.8),
        ]);
    }

    fn disk(&self) {
        self.closed(&[(2.6, 2.6), (11.0, 2.6), (13.4, 5.0), (13.4, 13.4), (2.6, 13.4)]);
        self.line(&[(5.0, 13.2), (5.0, 9.0), (11.0, 9.0), (11.0, 13.2)]);
        self.line(&[(5.4, 2.8), (5.4, 5.6), (9.6, 5.6), (9.6, 2.8)]);
    }

    fn folder(&self) {
        self.closed(&[(2.0, 3.4), (6.2, 3.4), (7.6, 5.2), (14.0, 5.2), (14.0, 12.8), (2.0, 12.8)]);
    }

    fn page(&self) {
        self.closed(&[(3.6, 1.8), (9.6, 1.8), (12.6, 4.8), (12.6, 14.2), (3.6, 14.2)]);
        self.line(&[(9.4, 2.0), (9.4, 5.0), (12.4, 5.0)]);
    }

    fn sun(&self) {
        self.circle(8.0, 8.0, 2.8);
        for step in 0..8 {
            let angle = step as f32 / 8.0 * std::f32::consts::TAU;
            let (sin, cos) = angle.sin_cos();
            self.line(&[(8.0 + 5.0 * cos, 8.0 + 5.0 * sin), (8.0 + 6.6 * cos, 8.0 + 6.6 * sin)]);
        }
    }

    fn moon(&self) {
        let on = |x: f32, y: f32, radius: f32, turn: f32| {
            let angle = turn * std::f32::consts::TAU;
            (x + radius * angle.cos(), y + radius * angle.sin())
        };
        let outer = (0..=16).map(|step| on(8.0, 8.0, 5.8, 0.02 + 0.71 * step as f32 / 16.0));
        let inner = (0..=10).map(|step| on(11.2, 4.8, 4.9, 0.66 - 0.57 * step as f32 / 10.0));
        self.closed(&outer.chain(inner).collect::<Vec<_>>());
    }

    fn reuse(&self) {
        self.arc((8.0, 8.0), 5.2, 0.56, 0.93);
        self.arc((8.0, 8.0), 5.2, 0.06, 0.43);
        self.line(&[(13.6, 3.2), (13.0, 6.6), (9.8, 5.6)]);
        self.line(&[(2.4, 12.8), (3.0, 9.4), (6.2, 10.4)]);
    }

    fn lock(&self) {
        self.area(&[(3.4, 7.2), (12.6, 7.2), (12.6, 13.8), (3.4, 13.8)]);
        self.line(&[(5.2, 7.0), (5.2, 5.0), (6.2, 3.0), (8.0, 2.2), (9.8, 3.0), (10.8, 5.0), (10.8, 7.0)]);
    }

    /// An eye: it watches what its results come from.
    fn follow(&self) {
        let lid = |sign: f32| {
            (0..=10_u8).map(move |step| {
                let along = f32::from(step) / 10.0;
                (1.4 + 13.2 * along, 8.0 + sign * 5.0 * (along * std::f32::consts::PI).sin())
            })
        };
        self.closed(&lid(-1.0).chain(lid(1.0).rev()).collect::<Vec<_>>());
        self.dot(8.0, 8.0, 2.2);
    }

    fn gear(&self) {
        self.circle(8.0, 8.0, 4.2);
        self.dot(8.0, 8.0, 1.2);
        for step in 0..8 {
            let angle = step as f32 / 8.0 * std::f32::consts::TAU;
            let (sin, cos) = angle.sin_cos();
            self.line(&[(8.0 + 4.4 * cos, 8.0 + 4.4 * sin), (8.0 + 6.4 * cos, 8.0 + 6.4 * sin)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use egui::accesskit::Role as AccessRole;
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    const ALL: [Icon; 37] = [
        Icon::Pin,
        Icon::PinFilled,
        Icon::Force,
        Icon::Disable,
        Icon::Run,
        Icon::Resume,
        Icon::Stop,
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
        Icon::Gear,
        Icon::Question,
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
