//! The card of the tour, beside what it speaks of.

use egui::{
    Area, Context, Frame, Id, Label, LayerId, Margin, Order, Pos2, Rect, RichText, Stroke, StrokeKind, Ui, Vec2, vec2,
};

use crate::editor::{
    Command, TourRequest,
    icons::{Icon, icon_button},
    theme::{self, Tokens},
};

/// The width of the text, in points.
const WIDTH: f32 = 280.0;
/// The room between the card and what it speaks of.
const APART: f32 = 26.0;
/// The room between the card and the edge of the window.
const EDGE: f32 = 8.0;

/// What the card says.
pub(crate) struct TourCard {
    /// The number of the step, from 1, and how many there are.
    pub(crate) place: (usize, usize),
    pub(crate) title: &'static str,
    pub(crate) text: String,
    /// Where on the screen is what it speaks of, if it is in sight.
    pub(crate) target: Option<Rect>,
    /// Where it may stand.
    pub(crate) room: Rect,
    /// What it had better not cover.
    pub(crate) nodes: Rect,
}

/// Shows the card, and a ring round what it speaks of.
pub(crate) fn tour_ui(ui: &Ui, card: &TourCard, commands: &mut Vec<Command>) {
    let (ctx, tokens) = (ui.ctx(), theme::tokens(ui));
    let id = Id::unique("tour");
    let known = ctx.memory(|memory| memory.area_rect(id)).map(|rect| rect.size());
    let size = known.unwrap_or(vec2(WIDTH + 30.0, 190.0));
    let room = card.room.shrink(EDGE);
    let at = place(room, size, card.target, card.nodes);
    if let Some(target) = card.target {
        point_at(ctx, target, Rect::from_min_size(at, size), tokens);
    }
    let frame = Frame::new()
        .fill(tokens.popup)
        .stroke(Stroke::new(1.5, tokens.accent))
        .corner_radius(10)
        .inner_margin(Margin::same(14))
        .shadow(ui.visuals().popup_shadow);
    Area::new(id).order(Order::Middle).fixed_pos(at).constrain_to(room).show(ctx, |ui| {
        frame.show(ui, |ui| {
            ui.set_width(WIDTH);
            card_ui(ui, card, commands);
        });
    });
}

fn card_ui(ui: &mut Ui, card: &TourCard, commands: &mut Vec<Command>) {
    let (step, n_steps) = card.place;
    let tokens = theme::tokens(ui);
    egui::Sides::new().show(
        ui,
        |ui| ui.label(RichText::new(format!("Step {step} of {n_steps}")).small().color(tokens.text_muted)),
        |ui| {
            if icon_button(ui, Icon::Close, "Leave the tour").on_hover_text("Leave the tour (Esc)").clicked() {
                commands.push(Command::Tour(TourRequest::Leave));
            }
        },
    );
    ui.label(RichText::new(card.title).size(16.0).strong());
    ui.add_space(4.0);
    ui.add(Label::new(theme::readable(&card.text).as_ref()).wrap());
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        if ui.add_enabled(step > 1, egui::Button::new("Back")).clicked() {
            commands.push(Command::Tour(TourRequest::Back));
        }
        if step < n_steps {
            if ui.button("Skip").on_hover_text("Go on without doing this").clicked() {
                commands.push(Command::Tour(TourRequest::Skip));
            }
        } else if ui.button("Finish").clicked() {
            commands.push(Command::Tour(TourRequest::Leave));
        }
    });
}

/// Returns where the card stands: below, right, left or above what it speaks of, wherever it covers least of the nodes.
fn place(room: Rect, size: Vec2, target: Option<Rect>, nodes: Rect) -> Pos2 {
    let lowest = room.center_bottom() - vec2(size.x * 0.5, size.y);
    let Some(target) = target else { return lowest };
    let middle = target.center() - size * 0.5;
    let corners = [
        Pos2::new(middle.x, target.bottom() + APART),
        Pos2::new(target.right() + APART, middle.y),
        Pos2::new(target.left() - APART - size.x, middle.y),
        Pos2::new(middle.x, target.top() - APART - size.y),
    ];
    let within = |corner: Pos2| corner.clamp(room.min, (room.max - size).max(room.min));
    let card = |corner: &Pos2| Rect::from_min_size(*corner, size);
    let is_free = |corner: &Pos2| !card(corner).intersects(target.expand(APART * 0.5));
    let covers = |corner: &Pos2| {
        let covered = card(corner).intersect(nodes);
        if covered.is_positive() { covered.area() } else { 0.0 }
    };
    let free = corners.into_iter().map(within).filter(is_free);
    free.min_by(|one, other| covers(one).total_cmp(&covers(other))).unwrap_or(lowest)
}

/// Draws a ring round what the card speaks of, and an arrow there.
fn point_at(ctx: &Context, target: Rect, card: Rect, tokens: &Tokens) {
    let painter = ctx.layer_painter(LayerId::new(Order::Middle, Id::unique("ring of the tour")));
    let ring = target.expand(5.0);
    painter.rect_stroke(ring, 8.0, Stroke::new(6.0, tokens.accent.gamma_multiply(0.25)), StrokeKind::Outside);
    painter.rect_stroke(ring, 8.0, Stroke::new(2.5, tokens.accent), StrokeKind::Outside);
    let to = card.center().clamp(ring.min, ring.max);
    let from = to.clamp(card.min, card.max);
    painter.arrow(from, to - from, Stroke::new(2.5, tokens.accent));
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn the_card_covers_as_few_nodes_as_it_can() {
        let room = Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0));
        let pin = Rect::from_center_size(pos2(887.0, 131.0), vec2(24.0, 24.0));
        let nodes = Rect::from_min_max(pos2(280.0, 110.0), pos2(905.0, 530.0));
        let card = Rect::from_min_size(place(room, vec2(310.0, 190.0), Some(pin), nodes), vec2(310.0, 190.0));
        assert!(!card.intersects(nodes), "{card:?}");
    }

    #[test]
    fn the_card_stands_in_the_window_and_beside_what_it_speaks_of() {
        let size = vec2(310.0, 190.0);
        for window in [vec2(1280.0, 800.0), vec2(1024.0, 700.0), vec2(760.0, 520.0)] {
            let window = Rect::from_min_size(Pos2::ZERO, window).shrink(EDGE);
            for (x, y) in [(0.02, 0.02), (0.5, 0.02), (0.98, 0.5), (0.5, 0.5), (0.02, 0.97), (0.97, 0.97)] {
                let target = Rect::from_center_size(window.lerp_inside(vec2(x, y)), vec2(24.0, 24.0));
                let card = Rect::from_min_size(place(window, size, Some(target), Rect::NOTHING), size);
                assert!(window.contains_rect(card), "{window:?} {target:?} {card:?}");
                assert!(!card.intersects(target), "{window:?} {target:?} {card:?}");
            }
            let all = Rect::from_min_size(pos2(-500.0, -500.0), vec2(4000.0, 4000.0));
            for target in [None, Some(all)] {
                assert!(window.contains_rect(Rect::from_min_size(place(window, size, target, Rect::NOTHING), size)));
            }
        }
    }
}
