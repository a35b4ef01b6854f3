//! The guide: its pages are part of the program and are shown in a window of their own. Nothing is fetched for them.

mod page;
mod pages;
mod pictures;

use std::sync::Arc;

use egui::{
    Align, Button, Context, Id, Key, Label, LayerId, Modifiers, Order, Popup, RichText, ScrollArea, TextEdit, Ui,
    Window, vec2,
};
use egui_commonmark::CommonMarkCache;

pub(crate) use self::page::target_of_kind;
use self::{
    page::{Page, Place, all, find, resolve, search},
    pictures::Pictures,
};
use super::{theme, viewers::markdown_ui};

/// The most places that a search lists.
const MAX_FOUND: usize = 60;

/// The guide, as it is read.
pub(crate) struct Guide {
    is_open: bool,
    place: Place,
    /// Places that were read before, the last one at the end; and those that were gone back from.
    before: Vec<Place>,
    after: Vec<Place>,
    /// The section that is to be scrolled to.
    go_to: Option<usize>,
    wanted: String,
    cache: CommonMarkCache,
    /// How high each section of the page is, at a width.
    heights: (f32, Vec<Option<f32>>),
    knows_pictures: bool,
}

impl Default for Guide {
    fn default() -> Self {
        Self {
            is_open: false,
            place: Place::default(),
            before: Vec::new(),
            after: Vec::new(),
            go_to: None,
            wanted: String::new(),
            cache: CommonMarkCache::default(),
            heights: (0.0, Vec::new()),
            knows_pictures: false,
        }
    }
}

impl Guide {
    /// Opens the guide at a page, or a heading of one, as links name them: `loops.md#for-each-item`; at its beginning if there is
    /// no such page.
    pub(crate) fn open(&mut self, target: &str) {
        let is_first = !std::mem::replace(&mut self.is_open, true) && self.before.is_empty() && target.is_empty();
        self.wanted.clear();
        if !is_first && !target.is_empty() {
            self.go(resolve(target, self.place).unwrap_or_default());
        }
    }

    fn go(&mut self, place: Place) {
        if place != self.place {
            self.before.push(self.place);
            self.after.clear();
        }
        self.show(place);
    }

    fn show(&mut self, place: Place) {
        self.place = place;
        self.go_to = Some(place.section);
        self.heights = (0.0, Vec::new());
        let page = find(place.page);
        self.cache.link_hooks_clear();
        for link in &page.links {
            self.cache.add_link_hook(*link);
        }
    }

    fn back(&mut self) {
        if let Some(place) = self.before.pop() {
            self.after.push(self.place);
            self.show(place);
        }
    }

    fn forward(&mut self) {
        if let Some(place) = self.after.pop() {
            self.before.push(self.place);
            self.show(place);
        }
    }
}

/// Closes the guide on Escape, if it is the topmost window and nothing is being typed.
pub(crate) fn close_on_escape(ctx: &Context, guide: &mut Guide) {
    let is_on_top = || {
        let layer = LayerId::new(Order::Middle, Id::unique("guide"));
        ctx.memory(|memory| memory.focused().is_none() && memory.areas().top_layer_id(Order::Middle) == Some(layer))
    };
    if guide.is_open && is_on_top() && !Popup::is_any_open(ctx) {
        guide.is_open = !ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    }
}

/// Shows the guide, if it is open.
pub(crate) fn guide_ui(ctx: &Context, guide: &mut Guide) {
    if !guide.is_open {
        return;
    }
    if !std::mem::replace(&mut guide.knows_pictures, true) {
        ctx.add_image_loader(Arc::new(Pictures::default()));
        guide.show(guide.place);
    }
    let room = ctx.content_rect();
    let mut is_open = true;
    Window::new("Guide")
        .id(Id::unique("guide"))
        .open(&mut is_open)
        .default_size(vec2(860.0, 620.0).min(room.size() - vec2(80.0, 100.0)))
        .default_pos(room.center() - vec2(430.0, 310.0).min(room.size() / 2.0 - vec2(40.0, 50.0)))
        .min_size(vec2(360.0, 240.0))
        .constrain_to(room)
        .collapsible(false)
        .show(ctx, |ui| {
            bar_ui(ui, guide);
            ui.separator();
            let is_wide = ui.available_width() > 560.0;
            ui.horizontal_top(|ui| {
                if is_wide {
                    let size = vec2(190.0, ui.available_height());
                    ui.allocate_ui_with_layout(size, egui::Layout::top_down(Align::Min), |ui| contents_ui(ui, guide));
                    ui.separator();
                }
                ui.vertical(|ui| if guide.wanted.trim().is_empty() { page_ui(ui, guide) } else { found_ui(ui, guide) });
            });
        });
    guide.is_open = is_open;
}

fn bar_ui(ui: &mut Ui, guide: &mut Guide) {
    ui.horizontal(|ui| {
        if ui.add_enabled(!guide.before.is_empty(), Button::new("Back")).clicked() {
            guide.back();
        }
        if ui.add_enabled(!guide.after.is_empty(), Button::new("Forward")).clicked() {
            guide.forward();
        }
        if ui.add_enabled(guide.place != Place::default(), Button::new("Contents")).clicked() {
            guide.wanted.clear();
            guide.go(Place::default());
        }
        let field = TextEdit::singleline(&mut guide.wanted).hint_text("Search the guide").desired_width(f32::INFINITY);
        ui.add(field).accessible_name("Search the guide");
    });
}

fn contents_ui(ui: &mut Ui, guide: &mut Guide) {
    let mut go = None;
    ScrollArea::vertical().id_salt("contents").auto_shrink([false, false]).show(ui, |ui| {
        for (index, page) in all().iter().enumerate() {
            let is_shown = index == guide.place.page && guide.wanted.trim().is_empty();
            ui.horizontal(|ui| {
                ui.add_space(if page.is_part { 14.0 } else { 0.0 });
                let entry = ui.add(Button::selectable(is_shown, page.title).truncate());
                if entry.accessible_name(format!("Page {}", page.title)).clicked() {
                    go = Some(Place { page: index, section: 0 });
                }
            });
        }
    });
    if let Some(place) = go {
        guide.wanted.clear();
        guide.go(place);
    }
}

fn page_ui(ui: &mut Ui, guide: &mut Guide) {
    let page = find(guide.place.page);
    let go_to = guide.go_to.take();
    let mut clicked = None;
    ScrollArea::vertical().id_salt(("page", guide.place.page)).auto_shrink([false, false]).show(ui, |ui| {
        ui.set_max_width((ui.available_width() - 14.0).min(760.0));
        let width = ui.available_width();
        if guide.heights.0 != width || guide.heights.1.len() != page.sections.len() {
            guide.heights = (width, vec![None; page.sections.len()]);
        }
        for index in 0..page.sections.len() {
            let link = section_ui(ui, guide, page, index);
            clicked = clicked.take().or(link);
            if go_to == Some(index) {
                let top = ui.cursor().top() - guide.heights.1[index].unwrap_or_default();
                let rect = egui::Rect::from_min_size(egui::pos2(ui.min_rect().left(), top), vec2(width, 40.0));
                ui.scroll_to_rect(rect, Some(Align::TOP));
            }
        }
    });
    if let Some(place) = clicked.and_then(|link| resolve(&link, guide.place)) {
        guide.go(place);
    }
}

/// Shows a section, or leaves its room free where it is known and out of sight. Returns the link that was clicked.
fn section_ui(ui: &mut Ui, guide: &mut Guide, page: &Page, index: usize) -> Option<String> {
    let top = ui.cursor().top();
    let clip = ui.clip_rect();
    if let Some(height) = guide.heights.1[index]
        && (top > clip.bottom() || top + height < clip.top())
    {
        ui.add_space(height);
        return None;
    }
    let shown = ui.push_id(("section", index), |ui| {
        markdown_ui(ui, &mut guide.cache, Some(pictures::SCHEME), page.sections[index].text)
    });
    guide.heights.1[index] = Some(ui.cursor().top() - top);
    shown.inner
}

fn found_ui(ui: &mut Ui, guide: &mut Guide) {
    let found = search(&guide.wanted, MAX_FOUND);
    let mut go = None;
    ScrollArea::vertical().id_salt("found").auto_shrink([false, false]).show(ui, |ui| {
        if found.is_empty() {
            ui.weak("Nothing found.");
        }
        for (place, excerpt) in found {
            let page = find(place.page);
            let heading = page.sections[place.section].heading;
            let name = if place.section == 0 { page.title.to_owned() } else { format!("{}: {heading}", page.title) };
            if ui.link(RichText::new(name).strong()).clicked() {
                go = Some(place);
            }
            ui.add(Label::new(RichText::new(theme::readable(&excerpt)).color(theme::tokens(ui).text_muted)).wrap());
            ui.add_space(4.0);
        }
    });
    if let Some(place) = go {
        guide.wanted.clear();
        guide.go(place);
    }
}
