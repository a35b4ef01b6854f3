//! Colours: a swatch that opens a picker, and the same as text beside it.

use egui::{
    Button, Color32, Mesh, Popup, PopupCloseBehavior, Pos2, Rangef, Rect, Response, Sense, Stroke, StrokeKind,
    TextEdit, Ui, Vec2,
    ecolor::{Hsva, HsvaGamma},
    remap_clamp, vec2,
};

use super::{
    drafts::Drafts,
    fields::{Field, MIXED},
    push_draft,
};
use crate::{
    editor::{Command, theme},
    nodes::{color_as_text, color_of_text},
};

/// The room to choose how light and strong a colour is, in points.
const FIELD: Vec2 = vec2(220.0, 150.0);

/// Shows a colour: what is chosen in the picker becomes one edit when that is closed.
pub(super) fn color_ui(ui: &mut Ui, field: Field<'_>, drafts: &mut Drafts, commands: &mut Vec<Command>) {
    let shown = field.value.as_text().filter(|_| !field.is_mixed).unwrap_or_default().to_owned();
    let target = field.target();
    let name = field.schema.label.as_ref();
    ui.horizontal(|ui| {
        let picked = drafts.picked(&target, &shown, |text| swatch_ui(ui, name, text));
        push_draft(field.view, drafts, picked, commands);
        let hint = match (field.is_mixed, field.schema.default.as_text()) {
            (true, _) => MIXED,
            (false, Some(_)) => "#rrggbb",
            (false, None) => "by itself",
        };
        let typed = drafts.text(ui, &target, &shown, |ui, text| {
            let edit = TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY);
            ui.add(edit.char_limit(64)).accessible_name(name)
        });
        push_draft(field.view, drafts, typed, commands);
    });
}

/// Shows a swatch; returns it with whether its picker is open.
fn swatch_ui(ui: &mut Ui, name: &str, text: &mut String) -> (Response, bool) {
    let height = ui.spacing().interact_size.y;
    let known = color_of_text(text);
    let mut button = ui
        .add(Button::new("").min_size(vec2(height * 1.6, height)).sense(Sense::click()))
        .on_hover_text("Choose a colour")
        .accessible_name(format!("Pick {name}"));
    let inside = button.rect.shrink(4.0);
    let tokens = theme::tokens(ui);
    match known {
        Some(color) => {
            ui.painter().rect_filled(inside, 2.0, theme::of_data(color));
        }
        None => {
            // None is set: a line across.
            ui.painter().line_segment([inside.left_bottom(), inside.right_top()], Stroke::new(1.0, tokens.text_muted));
        }
    }
    ui.painter().rect_stroke(inside, 2.0, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    let popup = Popup::from_toggle_button_response(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let open = popup.show(|ui| picker_ui(ui, name, known.unwrap_or([0x2f, 0x7f, 0xd1])));
    if let Some(color) = open.as_ref().and_then(|open| open.inner) {
        *text = color_as_text(color);
        button.mark_changed();
    }
    (button, open.is_some())
}

/// Lets a person choose how light and strong a colour is, and below that its hue; returns what was chosen.
fn picker_ui(ui: &mut Ui, name: &str, color: [u8; 3]) -> Option<[u8; 3]> {
    let id = ui.scope_id().with("chosen");
    // Grey has no hue and black no strength: what was chosen before stays.
    let before = ui.data(|data| data.get_temp::<([u8; 3], HsvaGamma)>(id)).filter(|(known, _)| *known == color);
    let mut chosen = before.map_or_else(|| HsvaGamma::from(Hsva::from_srgb(color)), |(_, chosen)| chosen);
    let opaque = |h: f32, s: f32, v: f32| Color32::from(HsvaGamma { h, s, v, a: 1.0 });
    let (field, in_field) = ui.allocate_exact_size(FIELD, Sense::click_and_drag());
    let (bar, in_bar) = ui.allocate_exact_size(vec2(FIELD.x, 18.0), Sense::click_and_drag());
    let in_field = in_field.accessible_name(format!("Colours for {name}"));
    let in_bar = in_bar.accessible_name(format!("Hues for {name}"));
    let mut is_chosen = false;
    if let Some(at) = in_field.interact_pointer_pos() {
        chosen.s = remap_clamp(at.x, field.x_range(), Rangef::new(0.0, 1.0));
        chosen.v = remap_clamp(at.y, field.y_range(), Rangef::new(1.0, 0.0));
        is_chosen = true;
    }
    if let Some(at) = in_bar.interact_pointer_pos() {
        // The end of the bar has the hue of its beginning.
        chosen.h = remap_clamp(at.x, bar.x_range(), Rangef::new(0.0, 0.999));
        is_chosen = true;
    }
    let hue = chosen.h;
    ui.painter().add(shades(field, (16, 16), |x, y| opaque(hue, x, 1.0 - y)));
    ui.painter().add(shades(bar, (36, 1), |x, _| opaque(x, 1.0, 1.0)));
    let now = Hsva::from(chosen).to_srgb();
    let ring = |at: Pos2, color: Color32| {
        ui.painter().circle(at, 6.0, color, Stroke::new(3.0, Color32::BLACK));
        ui.painter().circle_stroke(at, 6.0, Stroke::new(1.5, Color32::WHITE));
    };
    ring(field.lerp_inside(vec2(chosen.s, 1.0 - chosen.v)), theme::of_data(now));
    ring(bar.lerp_inside(vec2(hue, 0.5)), opaque(hue, 1.0, 1.0));
    if is_chosen {
        ui.data_mut(|data| data.insert_temp(id, (now, chosen)));
    }
    is_chosen.then_some(now)
}

/// Returns an area with a colour for each of its places, given from 0 to 1 along both sides and interpolated between so many.
fn shades(area: Rect, (n_columns, n_rows): (u32, u32), color: impl Fn(f32, f32) -> Color32) -> Mesh {
    let mut mesh = Mesh::default();
    for row in 0..=n_rows {
        for column in 0..=n_columns {
            let at = vec2(column as f32 / n_columns as f32, row as f32 / n_rows as f32);
            mesh.colored_vertex(area.lerp_inside(at), color(at.x, at.y));
            if row > 0 && column > 0 {
                let last = row * (n_columns + 1) + column;
                let above = last - n_columns - 1;
                mesh.add_triangle(above - 1, above, last);
                mesh.add_triangle(above - 1, last, last - 1);
            }
        }
    }
    mesh
}
