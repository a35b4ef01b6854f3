//! Scrolling that is counted in rows, not in points: at twenty points a row, ten million rows are more than the 32 bit floats of
//! a scroll area tell apart.

use egui::{EventFilter, Id, Key, Modifiers, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::editor::theme;

/// How thick the scroll bars are, in points.
pub(crate) const BAR: f32 = 10.0;

/// How far an arrow key moves to the side, in points.
const SIDEWAYS: f32 = 110.0;

/// Where the rows stand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RowScroll {
    /// The row at the top, with the part of it that is above.
    pub(crate) top: f64,
    /// How far all is moved to the left, in points.
    pub(crate) left: f32,
}

/// How much there is, and how much of it is in sight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) n_rows: usize,
    pub(crate) row_height: f32,
    /// How wide all is, in points.
    pub(crate) width: f32,
    /// Where the rows are on the screen. The bars are below it and to its right.
    pub(crate) rows: Rect,
}

impl Extent {
    /// Returns how many rows are in sight, at least one.
    pub(crate) fn n_in_sight(&self) -> f64 {
        f64::from((self.rows.height() / self.row_height).max(1.0))
    }
}

impl RowScroll {
    /// Returns the rows in sight, also those of which only a part is.
    pub(crate) fn in_sight(&self, extent: &Extent) -> std::ops::Range<usize> {
        let first = self.top as usize;
        first..extent.n_rows.min(first + extent.n_in_sight().ceil() as usize + 1)
    }

    /// Returns where a row begins on the screen.
    pub(crate) fn y(&self, row: usize, extent: &Extent) -> f32 {
        extent.rows.top() + ((row as f64 - self.top) * f64::from(extent.row_height)) as f32
    }

    /// Brings a row into sight, with some rows above it.
    pub(crate) fn show(&mut self, row: usize, extent: &Extent) {
        let row = row as f64;
        if row < self.top || row + 1.0 > self.top + extent.n_in_sight() {
            self.top = row - extent.n_in_sight() / 3.0;
        }
        self.clamp(extent);
    }

    /// Moves by the wheel as far as there is anything to move to, what is left over moves what is around; and by keys, if what
    /// is shown has the focus.
    pub(crate) fn follow(&mut self, ui: &Ui, response: &Response, extent: &Extent) {
        if response.contains_pointer() {
            self.wheel(ui, extent);
        }
        if response.has_focus() {
            self.keys(ui, response, extent);
        }
        self.clamp(extent);
    }

    fn clamp(&mut self, extent: &Extent) {
        self.top = self.top.clamp(0.0, (extent.n_rows as f64 - extent.n_in_sight()).max(0.0));
        self.left = self.left.clamp(0.0, (extent.width - extent.rows.width()).max(0.0));
    }

    fn wheel(&mut self, ui: &Ui, extent: &Extent) {
        let delta = ui.input(|input| input.smooth_scroll_delta);
        let before = *self;
        self.top -= f64::from(delta.y / extent.row_height);
        self.left -= delta.x;
        self.clamp(extent);
        ui.input_mut(|input| {
            if before.top != self.top {
                input.smooth_scroll_delta.y = 0.0;
            }
            if before.left != self.left {
                input.smooth_scroll_delta.x = 0.0;
            }
        });
    }

    fn keys(&mut self, ui: &Ui, response: &Response, extent: &Extent) {
        let keeps = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keeps));
        let n_times = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
        let page = (extent.n_in_sight() - 1.0).max(1.0);
        let all = extent.n_rows as f64;
        for (key, moved) in [
            (Key::ArrowUp, -1.0),
            (Key::ArrowDown, 1.0),
            (Key::PageUp, -page),
            (Key::PageDown, page),
            (Key::Home, -all),
            (Key::End, all),
        ] {
            self.top += moved * n_times(key) as f64;
        }
        for (key, moved) in [(Key::ArrowLeft, -SIDEWAYS), (Key::ArrowRight, SIDEWAYS)] {
            self.left += moved * n_times(key) as f32;
        }
    }

    /// Shows the bars, where not all is in sight.
    pub(crate) fn bars_ui(&mut self, ui: &Ui, id: Id, extent: &Extent) {
        let rows = extent.rows;
        let track = Rect::from_min_max(rows.right_top(), pos2(rows.right() + BAR, rows.bottom()));
        let (whole, in_sight) = (extent.n_rows as f64, extent.n_in_sight());
        let bar = ScrollBar { name: "Scroll the rows", is_vertical: true, track, whole, in_sight };
        if let Some(top) = bar.ui(ui, id, self.top) {
            self.top = top;
        }
        let track = Rect::from_min_max(rows.left_bottom(), pos2(rows.right(), rows.bottom() + BAR));
        let (whole, in_sight) = (f64::from(extent.width), f64::from(rows.width()));
        let bar = ScrollBar { name: "Scroll to the side", is_vertical: false, track, whole, in_sight };
        if let Some(left) = bar.ui(ui, id, f64::from(self.left)) {
            self.left = left as f32;
        }
    }
}

/// A scroll bar over something of which a part is in sight, both in the same unit.
struct ScrollBar {
    name: &'static str,
    is_vertical: bool,
    track: Rect,
    whole: f64,
    in_sight: f64,
}

impl ScrollBar {
    /// Shows the bar; returns where it was dragged or clicked to.
    fn ui(&self, ui: &Ui, id: Id, at: f64) -> Option<f64> {
        let room = self.whole - self.in_sight;
        if room <= 0.0 {
            return None;
        }
        let tokens = theme::tokens(ui);
        let handle = self.handle(at);
        let response = ui.interact(self.track, id.with(self.name), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, self.name));
        let is_held = response.is_pointer_button_down_on();
        let color = if is_held || response.hovered() { tokens.text_muted } else { tokens.button_pressed };
        ui.painter().rect_filled(handle.shrink(2.0), 3.0, color);
        let along = |pos: Pos2| if self.is_vertical { pos.y } else { pos.x };
        let pointer = response.interact_pointer_pos()?;
        let length = along(self.track.max) - along(self.track.min);
        let free = f64::from(length - (along(handle.max) - along(handle.min))).max(1.0);
        let to = if response.dragged() {
            at + f64::from(along(response.drag_delta().to_pos2())) / free * room
        } else if response.clicked() && !handle.contains(pointer) {
            f64::from((along(pointer) - along(self.track.min)) / length) * self.whole - self.in_sight / 2.0
        } else {
            return None;
        };
        Some(to.clamp(0.0, room))
    }

    /// Returns where the handle is: as long as what is in sight, but never too short to be taken.
    fn handle(&self, at: f64) -> Rect {
        let length = if self.is_vertical { self.track.height() } else { self.track.width() };
        let handle = (length * (self.in_sight / self.whole) as f32).max(24.0).min(length);
        let start = (length - handle) * (at / (self.whole - self.in_sight)).clamp(0.0, 1.0) as f32;
        if self.is_vertical {
            let min = pos2(self.track.left(), self.track.top() + start);
            Rect::from_min_size(min, vec2(self.track.width(), handle))
        } else {
            let min = pos2(self.track.left() + start, self.track.top());
            Rect::from_min_size(min, vec2(handle, self.track.height()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handle_of_a_bar_goes_from_end_to_end() {
        let track = Rect::from_min_size(Pos2::ZERO, vec2(10.0, 300.0));
        let bar = ScrollBar { name: "", is_vertical: true, track, whole: 1e7, in_sight: 20.0 };
        assert_eq!(bar.handle(0.0).top(), 0.0);
        assert_eq!(bar.handle(1e7 - 20.0).bottom(), 300.0);
        assert!(bar.handle(5e6).height() >= 24.0);
    }

    #[test]
    fn a_row_out_of_sight_is_brought_into_it_and_others_stay() {
        let rows = Rect::from_min_size(Pos2::ZERO, vec2(100.0, 200.0));
        let extent = Extent { n_rows: 1_000, row_height: 20.0, width: 50.0, rows };
        let mut scroll = RowScroll::default();
        scroll.show(9, &extent);
        assert_eq!(scroll.top, 0.0, "it is in sight");
        scroll.show(500, &extent);
        assert!(scroll.in_sight(&extent).contains(&500) && scroll.top < 500.0);
        scroll.show(999, &extent);
        assert_eq!(scroll.top, 990.0, "no further than to the end");
    }
}
