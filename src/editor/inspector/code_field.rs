//! Fields for text in a language: coloured, and underlined where it cannot be read. What a text comes to is worked out when
//! it changes, not in each frame.

use std::{ops::Range, sync::Arc};

use egui::{
    Color32, FontId, Galley, ScrollArea, Stroke, TextBuffer, TextEdit, TextFormat, TextStyle, Ui,
    cache::{ComputerMut, FrameCache},
    text::LayoutJob,
};

use super::highlight::{Language, Part, parts};
use crate::{
    editor::theme::{self, Tokens},
    nodes::{Wrong, wrong_in},
};

/// The height above which a field scrolls.
const MAX_HEIGHT: f32 = 280.0;

/// A longer text is not coloured while it is typed, and only looked through if it is JSON, which is read quickly.
const MAX_BYTES: usize = 200_000;

/// Looks through texts.
#[derive(Default)]
struct Reader;

impl ComputerMut<(&str, &str), Option<Arc<Wrong>>> for Reader {
    fn compute(&mut self, (language, text): (&str, &str)) -> Option<Arc<Wrong>> {
        wrong_in(language, text).map(Arc::new)
    }
}

/// Returns what is wrong with a text in a language; kept as long as it is asked for in every frame.
pub(super) fn wrong_with(ui: &Ui, language: &str, text: &str) -> Option<Arc<Wrong>> {
    if text.len() > MAX_BYTES && language != "json" {
        return None;
    }
    ui.memory_mut(|memory| {
        memory.caches.cache::<FrameCache<Option<Arc<Wrong>>, Reader>>().get((language, text)).clone()
    })
}

/// What a text is coloured by: its language, where it is wrong, whether the theme is dark, the font.
type Look<'a> = (Option<Language>, Option<(usize, usize)>, bool, &'a FontId, &'a str);

/// Colours texts.
#[derive(Default)]
struct Painter;

impl ComputerMut<Look<'_>, LayoutJob> for Painter {
    fn compute(&mut self, (language, wrong, is_dark, font, text): Look<'_>) -> LayoutJob {
        let tokens = if is_dark { &theme::DARK } else { &theme::LIGHT };
        coloured(text, language, wrong.map(|(start, end)| start..end), (font, tokens))
    }
}

/// Returns a text with the colours of its parts, and a line below what is wrong.
fn coloured(
    text: &str,
    language: Option<Language>,
    wrong: Option<Range<usize>>,
    (font, tokens): (&FontId, &Tokens),
) -> LayoutJob {
    let mut job = LayoutJob::default();
    let all = language.map_or_else(|| vec![(0..text.len(), Part::Plain)], |language| parts(language, text));
    let wrong = wrong.unwrap_or(0..0);
    for (range, part) in all {
        let (start, end) = (wrong.start.clamp(range.start, range.end), wrong.end.clamp(range.start, range.end));
        for (piece, underline) in [
            (range.start..start, Stroke::NONE),
            (start..end, Stroke::new(2.0, tokens.failed)),
            (end.max(start)..range.end, Stroke::NONE),
        ] {
            if !piece.is_empty() {
                let color = tokens.of_code(part);
                let format = TextFormat { underline, ..TextFormat::simple(font.clone(), color) };
                job.append(&text[piece], 0.0, format);
            }
        }
    }
    if job.sections.is_empty() {
        job.append("", 0.0, TextFormat::simple(font.clone(), Color32::PLACEHOLDER));
    }
    job
}

/// Shows a field of several rows.
pub(super) fn code_ui(
    ui: &mut Ui,
    text: &mut String,
    language: &str,
    (rows, hint): (usize, &str),
    wrong: Option<&Wrong>,
) -> egui::Response {
    let language = Language::named(language);
    let is_code = language.is_some();
    let style = if is_code { TextStyle::Monospace } else { TextStyle::Body };
    let font = style.resolve(ui.style());
    let marked = wrong.and_then(|wrong| wrong.range.clone()).map(|range| (range.start, range.end));
    let mut layouter = |ui: &Ui, buffer: &dyn TextBuffer, wrap_width: f32| -> Arc<Galley> {
        let text = buffer.as_str();
        let language = language.filter(|_| text.len() <= MAX_BYTES);
        // While a key is taken in, what is wrong is still about the text before it.
        let marked = marked.filter(|(start, end)| text.get(*start..*end).is_some());
        let look = (language, marked, ui.visuals().dark_mode, &font, text);
        let mut job = ui.memory_mut(|memory| memory.caches.cache::<FrameCache<LayoutJob, Painter>>().get(look).clone());
        job.wrap.max_width = wrap_width;
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let area = ScrollArea::vertical().id_salt("text").max_height(MAX_HEIGHT);
    let shown = area.show(ui, |ui| {
        let edit = TextEdit::multiline(text).font(style).desired_rows(rows).desired_width(f32::INFINITY);
        ui.add(edit.hint_text(hint).lock_focus(is_code).layouter(&mut layouter))
    });
    shown.inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_underlined_across_parts() {
        let font = FontId::monospace(12.0);
        let job = coloured("SELECT 1 FRM", Some(Language::Sql), Some(7..12), (&font, &theme::DARK));
        assert_eq!(job.text, "SELECT 1 FRM");
        let lined = |job: &LayoutJob| {
            let lined = job.sections.iter().filter(|section| section.format.underline.width > 0.0);
            lined.map(|section| section.byte_range.start.0..section.byte_range.end.0).collect::<Vec<_>>()
        };
        assert_eq!(lined(&job), [7..8, 8..12]);
        assert_eq!(job.sections[0].format.color, theme::DARK.of_code(Part::Keyword));
        assert!(lined(&coloured("", Some(Language::Json), None, (&font, &theme::DARK))).is_empty());
    }
}
