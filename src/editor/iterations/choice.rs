//! Which iteration is looked at: its number, and the ways to others.

use std::sync::Arc;

use egui::{Button, DragValue, Ui};

use super::{Followed, IterationsState, Standing};
use crate::{
    editor::{View, theme, words},
    store::{LoopAbout, LoopRecord},
};

/// Shows which iterations of the loops around a node's own are looked at, with the ways to others.
pub(crate) fn around_ui(ui: &mut Ui, view: View<'_>, followed: &Followed, state: &mut IterationsState) {
    for (of, _) in &followed.around {
        let title = words::title(view.workflow, view.catalogue, &of.about.head);
        choice_ui(ui, &of.about, Some(&title), state);
    }
}

/// Returns the loop that is looked at; says why there is none.
pub(crate) fn standing_ui<'a>(ui: &mut Ui, followed: &'a Followed) -> Option<&'a Arc<LoopRecord>> {
    match &followed.of {
        Standing::Here(of) => return Some(of),
        Standing::Reading => {
            ui.spinner();
        }
        Standing::Nothing(why) => {
            ui.weak(theme::readable(why).as_ref());
        }
    }
    None
}

/// Shows the number of the iteration of a loop that is looked at, with the ways to others; of a loop around the node's own with
/// its name. Returns which one is looked at now, if there is one.
pub(crate) fn choice_ui(
    ui: &mut Ui,
    about: &LoopAbout,
    around: Option<&str>,
    state: &mut IterationsState,
) -> Option<u64> {
    let chosen = state.chosen(about)?;
    let n_seen = about.n_seen();
    let last = n_seen - 1;
    let name = |name: &str| around.map_or_else(|| name.to_owned(), |title| format!("{name} of {title}"));
    let step = |ui: &mut Ui, sign: &str, what: &str, to: Option<u64>| {
        let name = name(what);
        let response = ui.add_enabled(to.is_some(), Button::new(sign)).on_hover_text(&name).accessible_name(name);
        to.filter(|_| response.clicked())
    };
    let to = ui.horizontal_wrapped(|ui| {
        if let Some(title) = around {
            ui.label(format!("In {}", theme::readable(title)));
        }
        let first = step(ui, "«", "First iteration", (chosen > 0).then_some(0));
        let previous = step(ui, "‹", "Previous iteration", chosen.checked_sub(1));
        let mut number = chosen + 1;
        let field = DragValue::new(&mut number).range(1..=n_seen);
        let typed = ui.add(field).on_hover_text("Drag, or click and type").accessible_name(name("Iteration"));
        let typed = typed.changed().then_some(number.saturating_sub(1));
        let next = step(ui, "›", "Next iteration", (chosen < last).then_some(chosen + 1));
        let newest = step(ui, "»", "Last iteration", (chosen < last).then_some(last));
        let failed = if about.failures.is_empty() {
            None
        } else {
            step(ui, "Next failed", "Next failed", next_failed(about, chosen))
        };
        [first, previous, typed, next, newest, failed].into_iter().flatten().next()
    });
    if let Some(to) = to.inner {
        state.choose(about.id, to);
    }
    Some(to.inner.unwrap_or(chosen))
}

/// Returns the failed iteration behind this one; behind the last the first.
fn next_failed(about: &LoopAbout, index: u64) -> Option<u64> {
    let failed = || about.failures.iter().map(|failure| failure.index);
    failed().filter(|failed| *failed > index).min().or_else(|| failed().min()).filter(|failed| *failed != index)
}
