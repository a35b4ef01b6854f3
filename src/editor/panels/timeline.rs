//! The Timeline tab: when each node of the last run, or of the one that is looked at, executed, and what was waited for.

mod bars;
mod spans;

use std::{collections::BTreeMap, sync::Arc};

use egui::{
    Align, Align2, Color32, FontId, Key, Label, Layout, Painter, Rect, RichText, Role, ScrollArea, Sense, Stroke,
    TextStyle, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

pub(crate) use self::spans::SpansDone;
pub use self::spans::SpansWork;
use self::{
    bars::{Bar, Bars, step},
    spans::{Spans, SpansKey, Went, key_of},
};
use super::fresh_rows::{Due, MadeOf, shown_run};
use crate::{
    editor::{
        Command, LookRequest, View,
        theme::{self, Tokens},
        words,
    },
    nodes::Load,
    store::{RunId, with_commas},
};

/// The width of the column with the names, in points.
const NAMES: f32 = 150.0;
/// The bars, and what part of the time is in view.
#[derive(Default)]
pub(crate) struct TimelineState {
    made_of: MadeOf,
    bars: Bars,
    /// Of loops when their iterations were made; nothing while that is being read.
    spans: BTreeMap<SpansKey, Option<Result<Arc<Spans>, String>>>,
    /// From when to when, in seconds; all of it if nothing.
    range: Option<(f64, f64)>,
}

impl TimelineState {
    /// Takes what was read.
    pub(crate) fn take(&mut self, done: SpansDone) {
        if let Some(spans) = self.spans.get_mut(&done.key) {
            *spans = Some(done.spans);
        }
    }

    /// Returns the iterations of a bar's loop; asks for them if nobody has.
    fn spans(&mut self, run: RunId, place: usize, commands: &mut Vec<Command>) -> Option<Arc<Spans>> {
        let bar = &self.bars.list[place];
        let of = bar.of.as_ref()?;
        let first = self.bars.first;
        let key = key_of(run, of, first);
        if let Some(spans) = self.spans.get(&key) {
            return spans.as_ref()?.as_ref().ok().map(Arc::clone);
        }
        if self.spans.values().filter(|spans| spans.is_none()).count() < MAX_READING {
            commands.push(Command::ReadSpans(SpansWork::new(run, of, first, bar.start)));
            self.spans.insert(key, None);
        }
        None
    }
}

/// How many loops' iterations are read at once: each takes a thread.
const MAX_READING: usize = 2;

/// How times become places.
#[derive(Clone, Copy)]
struct Scale {
    from: f64,
    to: f64,
    left: f32,
    width: f32,
}

impl Scale {
    #[expect(clippy::cast_possible_truncation, reason = "a place on the screen needs no more")]
    fn x(self, time: f64) -> f32 {
        self.left + self.width * ((time - self.from) / (self.to - self.from)) as f32
    }

    fn time(self, x: f32) -> f64 {
        self.from + (self.to - self.from) * f64::from((x - self.left) / self.width.max(1.0))
    }
}

/// Shows when each node executed.
pub(super) fn timeline_ui(ui: &mut Ui, view: View<'_>, state: &mut TimelineState, commands: &mut Vec<Command>) {
    let Some(run) = shown_run(view) else {
        ui.weak("No run yet. When each node executed, and what it waited for, is shown here.");
        return;
    };
    let due = state.made_of.due(ui, view, Some(run));
    if due == Due::Anew {
        state.range = None;
        state.spans.clear();
    }
    if due != Due::No {
        let first = state.bars.first;
        state.bars = Bars::of(view, run);
        if state.bars.first != first {
            // Iterations are drawn by how long after the first node they began.
            state.spans.clear();
        }
    }
    if state.bars.list.is_empty() {
        ui.weak("Nothing executed in this run: all was reused or pinned.");
        return;
    }
    let room = ui.available_rect_before_wrap();
    summary_ui(ui, state, run, commands);
    let total = state.bars.total.max(1e-6);
    let (from, to) = state.range.unwrap_or((0.0, total * 1.02));
    let row_height = ui.spacing().interact_size.y;
    let left = room.left() + NAMES + 8.0;
    let scale = Scale { from, to, left, width: (room.right() - left - 16.0).max(40.0) };
    let axis = scale_ui(ui, scale);
    let shown = ScrollArea::vertical().id_salt("timeline").auto_shrink([false, false]).show_rows(
        ui,
        row_height,
        state.bars.list.len(),
        |ui, in_sight| {
            for place in in_sight {
                let spans = state.spans(run, place, commands);
                bar_ui(ui, (&state.bars.list[place], spans.as_deref()), scale, row_height, commands);
            }
        },
    );
    let area = Rect::from_min_max(pos2(left, axis.top()), shown.inner_rect.right_bottom());
    if let Some(range) = zoomed(ui, area, scale) {
        state.range = (range.1 - range.0 < total * 1.02).then_some(range);
    }
    if ui.rect_contains_pointer(area)
        && ui.input(|input| {
            input.pointer.button_double_clicked(egui::PointerButton::Primary) || input.key_pressed(Key::Home)
        })
    {
        state.range = None;
    }
}

fn summary_ui(ui: &mut Ui, state: &mut TimelineState, run: RunId, commands: &mut Vec<Command>) {
    let longest = longest(state, run, commands);
    let bars = &state.bars;
    ui.horizontal_wrapped(|ui| {
        let tokens = theme::tokens(ui);
        for load in [Load::Waits, Load::Computes, Load::Instant] {
            let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
            ui.painter().rect_filled(rect, 2.0, color_of(load, tokens));
            ui.weak(match load {
                Load::Waits => "waits",
                Load::Computes => "computes",
                Load::Instant => "at once",
            });
        }
        ui.separator();
        let said = format!(
            "{} in {}. The end hung on {}:",
            words::count(bars.list.len(), "node"),
            in_words(bars.total),
            in_words(bars.of_chain())
        );
        ui.label(said).on_hover_text(
            "Making another node faster would not have ended the run earlier. Ctrl+wheel zooms, Shift+wheel moves, a \
             double-click shows all.",
        );
        for &place in bars.chain.iter().rev().take(4).rev() {
            let bar = &bars.list[place];
            if ui.link(theme::readable(&bar.title).as_ref()).clicked() {
                commands.push(Command::Look(LookRequest::Reveal(bar.node.clone())));
            }
        }
        let errors = state.spans.values().filter_map(|spans| spans.as_ref()?.as_ref().err());
        for error in errors {
            ui.separator();
            let said = format!("Iterations cannot be read: {error}");
            ui.add(Label::new(RichText::new(theme::readable(&said)).color(theme::tokens(ui).failed)).wrap());
        }
        if let Some((place, index, took)) = longest {
            let bar = &bars.list[place];
            ui.separator();
            ui.label(format!("Longest iteration: {} of", with_commas(u64::from(index) + 1)));
            if ui.link(theme::readable(&bar.title).as_ref()).clicked() {
                commands.push(Command::Look(LookRequest::Reveal(bar.node.clone())));
            }
            ui.label(format!("({})", in_words(took)));
        }
    });
}

/// Returns the iteration that took longest: the place of its loop's bar, its index and its time.
fn longest(state: &mut TimelineState, run: RunId, commands: &mut Vec<Command>) -> Option<(usize, u32, f64)> {
    let places = 0..state.bars.list.len();
    let of_loops = places.filter_map(|place| {
        let (index, took) = state.spans(run, place, commands)?.longest?;
        Some((place, index, took))
    });
    of_loops.max_by(|one, other| one.2.total_cmp(&other.2))
}

/// Draws the scale; returns where it is.
fn scale_ui(ui: &mut Ui, scale: Scale) -> Rect {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let tokens = theme::tokens(ui);
    let step = step(scale.to - scale.from, f64::from(scale.width) / 80.0);
    let font = FontId::proportional(TextStyle::Small.resolve(ui.style()).size);
    let below = ui.available_rect_before_wrap().bottom();
    let mut number = (scale.from / step).ceil();
    while number * step <= scale.to {
        let (time, x) = (number * step, scale.x(number * step));
        ui.painter().vline(x, rect.bottom()..=below, Stroke::new(1.0, tokens.line));
        ui.painter().text(
            pos2(x, rect.center().y),
            Align2::CENTER_CENTER,
            in_words(time),
            font.clone(),
            tokens.text_muted,
        );
        number += 1.0;
    }
    rect
}

fn bar_ui(
    ui: &mut Ui,
    (bar, spans): (&Bar, Option<&Spans>),
    scale: Scale,
    row_height: f32,
    commands: &mut Vec<Command>,
) {
    let tokens = *theme::tokens(ui);
    let (row, response) = ui.allocate_exact_size(vec2(ui.available_width(), row_height), Sense::click());
    let took = in_words(bar.end - bar.start);
    let waited = bar.start - bar.ready;
    let said = format!("{}: {took} from {}", bar.title, in_words(bar.start));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Time of {said}")));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(row, 3.0, tokens.raised);
    }
    let name = Rect::from_min_size(row.min, vec2(NAMES, row_height));
    let text = RichText::new(theme::readable(&bar.title).as_ref());
    let text = if bar.is_on_chain { text.strong() } else { text };
    ui.scope_builder(UiBuilder::new().max_rect(name).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.add(Label::new(text).truncate().selectable(false));
    });
    let room = Rect::from_x_y_ranges(scale.left..=scale.left + scale.width + 8.0, row.y_range());
    let painter = ui.painter().with_clip_rect(room.intersect(ui.clip_rect()));
    let (ready, start, end) = (scale.x(bar.ready), scale.x(bar.start), scale.x(bar.end).max(scale.x(bar.start) + 2.0));
    painter.hline(ready..=start, row.center().y, Stroke::new(1.0, tokens.text_muted));
    let body = Rect::from_x_y_ranges(start..=end, row.shrink2(vec2(0.0, 6.0)).y_range());
    let iterations = spans.filter(|spans| !spans.lanes.is_empty());
    match iterations {
        Some(spans) => spans_ui(&painter, body, (spans, scale), color_of(bar.load, &tokens), &tokens),
        None => {
            painter.rect_filled(body, 3.0, if bar.failed { tokens.failed } else { color_of(bar.load, &tokens) });
        }
    }
    if bar.is_on_chain {
        painter.rect_stroke(body.expand(1.5), 4.0, Stroke::new(1.5, tokens.text), egui::StrokeKind::Outside);
    }
    if response.clicked() {
        commands.push(Command::Look(LookRequest::Reveal(bar.node.clone())));
    }
    response.on_hover_ui_at_pointer(|ui| {
        ui.strong(theme::readable(&said).as_ref());
        if bar.failed {
            ui.label("It failed.");
        }
        ui.label(match bar.load {
            Load::Waits => "It waits for the network, a program or the clock.",
            Load::Computes => "It computes.",
            Load::Instant => "It runs at once, in place.",
        });
        if waited > 0.001 {
            ui.label(format!("What feeds it was there {} before it began.", in_words(waited)));
        }
        if bar.is_on_chain {
            ui.label("The end of the run hung on it.");
        }
        if let Some(said) = iterations.and_then(|spans| iteration_at(ui, body, spans, scale)) {
            ui.separator();
            ui.label(said);
        }
    });
}

/// Draws the iterations of a loop inside of its bar, those that went on at once one below the other.
fn spans_ui(painter: &Painter, body: Rect, (spans, scale): (&Spans, Scale), color: Color32, tokens: &Tokens) {
    painter.rect_filled(body, 3.0, color.gamma_multiply(0.25));
    let height = body.height() / spans.lanes.len() as f32;
    let range = (scale.from.max(scale.time(body.left())), scale.to.min(scale.time(body.right())));
    let secs_per_point = (scale.to - scale.from) / f64::from(scale.width);
    for (lane, top) in spans.lanes.iter().zip((0_u8..).map(|lane| height.mul_add(f32::from(lane), body.top()))) {
        lane.pieces(range, secs_per_point, |piece| {
            let (left, right) = (scale.x(piece.from), scale.x(piece.to));
            // A gap, where there is room, so that neighbours are seen as two.
            let right = if right - left > 4.0 { right - 1.0 } else { right.max(left + 1.0) };
            let color = match piece.went {
                Went::Executed => color,
                Went::Reused => tokens.pinned,
                Went::Failed => tokens.failed,
            };
            painter.rect_filled(Rect::from_x_y_ranges(left..=right, top..=top + height), 0.0, color);
        });
    }
}

/// Returns what to say of the iteration under the pointer.
fn iteration_at(ui: &Ui, body: Rect, spans: &Spans, scale: Scale) -> Option<String> {
    let at = ui.input(|input| input.pointer.hover_pos())?;
    let lane = ((at.y - body.top()) / body.height() * spans.lanes.len() as f32).max(0.0) as usize;
    let nearly = (scale.to - scale.from) / f64::from(scale.width);
    let (index, took, went) = spans.at(lane.min(spans.lanes.len() - 1), scale.time(at.x), nearly)?;
    let went = match went {
        Went::Executed => "",
        Went::Reused => ", reused",
        Went::Failed => ", failed",
    };
    Some(format!("Iteration {}{went}: {}", with_commas(u64::from(index) + 1), in_words(took)))
}

const fn color_of(load: Load, tokens: &Tokens) -> Color32 {
    match load {
        Load::Waits => tokens.running,
        Load::Computes => tokens.accent,
        Load::Instant => tokens.done,
    }
}

/// Returns what is in view after the wheel was turned over the bars: with Ctrl zoomed to the pointer, with Shift moved.
fn zoomed(ui: &Ui, area: Rect, scale: Scale) -> Option<(f64, f64)> {
    let at = ui.input(|input| input.pointer.hover_pos()).filter(|at| area.contains(*at))?;
    let (zoom, moved) = ui.input(|input| (f64::from(input.zoom_delta()), input.smooth_scroll_delta().x));
    let (mut from, mut to) = (scale.from, scale.to);
    if (zoom - 1.0).abs() > 1e-6 {
        let center = scale.time(at.x);
        let least = (to - from).min(1e-4);
        let range = ((to - from) / zoom).max(least);
        from = center - (center - from) / (to - from) * range;
        to = from + range;
    }
    if moved.abs() > 0.0 {
        let by = f64::from(moved / scale.width) * (to - from);
        (from, to) = (from - by, to - by);
    }
    let from_least = from.max(0.0);
    ((from, to) != (scale.from, scale.to)).then_some((from_least, to + from_least - from))
}

fn in_words(secs: f64) -> String {
    words::duration(std::time::Duration::from_secs_f64(secs.max(0.0)))
}
