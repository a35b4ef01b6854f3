//! Markdown: as its library draws it, but for blocks of code, whose sign to copy them no font has.

use egui::{Frame, Label, Margin, RichText, TextStyle, Ui};
use egui_commonmark::{CommonMarkCache, CommonMarkViewer};

use crate::editor::theme;

/// Shows a text as Markdown. Pictures are looked for where `scheme` says; nothing is fetched. Returns which of the links that the
/// cache has hooks for was clicked.
pub(crate) fn markdown_ui(
    ui: &mut Ui,
    cache: &mut CommonMarkCache,
    scheme: Option<&str>,
    text: &str,
) -> Option<String> {
    style(ui);
    let mut clicked = None;
    for (index, piece) in pieces(text).into_iter().enumerate() {
        ui.push_id(("piece", index), |ui| match piece {
            Piece::Code(code) => code_ui(ui, code),
            Piece::Text(text) => {
                let mut viewer = CommonMarkViewer::new();
                if let Some(scheme) = scheme {
                    let width = ui.available_width() as usize;
                    viewer = viewer.default_implicit_uri_scheme(scheme).max_image_width(Some(width));
                }
                viewer.show(ui, cache, text);
                // The next piece that is shown forgets it.
                let hooks = cache.link_hooks().iter();
                clicked = clicked.take().or_else(|| hooks.filter(|(_, is)| **is).map(|(link, _)| link.clone()).min());
            }
        });
    }
    clicked
}

/// Lets bold text and headings stand out: there is no bold font, so all other text is a little fainter.
fn style(ui: &mut Ui) {
    let tokens = theme::tokens(ui);
    // Links stand on the line of the text round them.
    ui.spacing_mut().interact_size.y = ui.text_style_height(&TextStyle::Body);
    let widgets = &mut ui.visuals_mut().widgets;
    widgets.noninteractive.fg_stroke.color = tokens.text_softer();
    widgets.active.fg_stroke.color = tokens.text_bold;
}

fn code_ui(ui: &mut Ui, code: &str) {
    let tokens = theme::tokens(ui);
    Frame::new().fill(tokens.field).corner_radius(6).inner_margin(Margin::same(8)).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        egui::Sides::new().shrink_left().show(
            ui,
            |ui| ui.add(Label::new(RichText::new(code).monospace().color(tokens.text)).wrap()),
            |ui| {
                if ui.small_button("Copy").on_hover_text("Copy the code").clicked() {
                    ui.copy_text(code.to_owned());
                }
            },
        );
    });
    ui.add_space(6.0);
}

/// A part of a Markdown text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    /// What stands between two fences, without them.
    Code(&'a str),
}

/// Returns a text cut at its fenced blocks of code; those set in belong to what is round them.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut from, mut at, mut is_code) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        if line.starts_with("```") {
            let piece = &text[from..at];
            if is_code {
                pieces.push(Piece::Code(piece.trim_end_matches('\n')));
            } else if !piece.trim().is_empty() {
                pieces.push(Piece::Text(piece));
            }
            is_code = !is_code;
            from = at + line.len();
        }
        at += line.len();
    }
    let rest = &text[from.min(text.len())..];
    if is_code {
        pieces.push(Piece::Code(rest.trim_end_matches('\n')));
    } else if !rest.trim().is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_blocks_of_code() {
        let text = "# A\n```sh\none\ntwo\n```\n\nb\n```\nopen";
        assert_eq!(
            pieces(text),
            [Piece::Text("# A\n"), Piece::Code("one\ntwo"), Piece::Text("\nb\n"), Piece::Code("open")]
        );
        assert!(pieces("\n").is_empty());
    }
}
