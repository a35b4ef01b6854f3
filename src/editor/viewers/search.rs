//! Searching a value: what is wanted, the search that goes on off the interface thread, and the places it has found.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use egui::{Key, TextEdit, Ui};

use crate::{
    editor::icons::{Icon, icon_button},
    store::with_commas,
};

/// The most places that are found.
pub(super) const MAX_FOUND: usize = 100_000;

/// A search, and what it has found.
pub(super) struct Search<P> {
    wanted: String,
    sought: String,
    /// What is being searched for, with the sign to stop.
    seeking: Option<(String, Arc<AtomicBool>)>,
    found: Arc<[P]>,
    /// The place that was gone to last.
    at: Option<usize>,
}

impl<P> Default for Search<P> {
    fn default() -> Self {
        Self::of(String::new())
    }
}

impl<P> Search<P> {
    fn of(wanted: String) -> Self {
        Self { wanted, sought: String::new(), seeking: None, found: Arc::new([]), at: None }
    }

    /// Returns a search for the same in another value.
    pub(super) fn elsewhere(&mut self) -> Self {
        Self::of(std::mem::take(&mut self.wanted))
    }

    /// Returns what `found` is of.
    pub(super) fn sought(&self) -> &str {
        &self.sought
    }

    /// Returns the places, in order.
    pub(super) fn found(&self) -> &[P] {
        &self.found
    }

    /// Returns the place that was gone to last.
    pub(super) fn at(&self) -> Option<&P> {
        self.at.map(|at| &self.found[at])
    }

    /// Returns what is to be searched for now, with the sign to stop, if it is not known and not being searched for. What is
    /// not wanted any more is called off.
    pub(super) fn ask(&mut self) -> Option<(String, Arc<AtomicBool>)> {
        let newest = self.seeking.as_ref().map_or(&self.sought, |(sought, _)| sought);
        if *newest == self.wanted {
            return None;
        }
        if let Some((_, cancelled)) = self.seeking.take() {
            cancelled.store(true, Ordering::Relaxed);
        }
        if self.wanted.is_empty() {
            *self = Self::default();
            return None;
        }
        let asked = (self.wanted.clone(), Arc::<AtomicBool>::default());
        self.seeking = Some(asked.clone());
        Some(asked)
    }

    /// Takes what was found, if that is still awaited.
    pub(super) fn take(&mut self, sought: String, found: Option<Arc<[P]>>) {
        let is_awaited = self.seeking.as_ref().is_some_and(|(awaited, _)| *awaited == sought);
        if let Some(found) = found.filter(|_| is_awaited) {
            (self.seeking, self.sought, self.found, self.at) = (None, sought, found, None);
        }
    }

    /// Goes to the next place, or the one before, all round.
    pub(super) fn step(&mut self, back: bool) -> Option<&P> {
        let last = self.found.len().checked_sub(1)?;
        let next = match (self.at, back) {
            (None, false) => 0,
            (None | Some(0), true) => last,
            (Some(at), true) => at - 1,
            (Some(at), false) if at == last => 0,
            (Some(at), false) => at + 1,
        };
        self.at = Some(next);
        self.at()
    }

    /// Shows the field and how many places there are; returns whether to go to the next (`false`) or the one before (`true`).
    pub(super) fn ui(&mut self, ui: &mut Ui, name: &str, hint: &str) -> Option<bool> {
        let mut step = None;
        let field = TextEdit::singleline(&mut self.wanted).hint_text(hint).desired_width(160.0);
        let field = ui.add(field).accessible_name(name);
        if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
            step = Some(ui.input(|input| input.modifiers.shift));
            field.request_focus();
        }
        if self.wanted.is_empty() {
            return step;
        }
        if icon_button(ui, Icon::ChevronUp, "Previous place").on_hover_text("Previous place (Shift+Enter)").clicked() {
            step = Some(true);
        }
        if icon_button(ui, Icon::ChevronDown, "Next place").on_hover_text("Next place (Enter)").clicked() {
            step = Some(false);
        }
        if self.seeking.is_some() {
            ui.spinner();
        } else {
            ui.weak(self.in_words());
        }
        step
    }

    fn in_words(&self) -> String {
        let more = if self.found.len() == MAX_FOUND { " or more" } else { "" };
        let n_found = with_commas(self.found.len() as u64);
        match self.at {
            _ if self.found.is_empty() => "nothing found".to_owned(),
            Some(at) => format!("{} of {n_found}{more}", at + 1),
            None => format!("{n_found}{more} found"),
        }
    }
}
