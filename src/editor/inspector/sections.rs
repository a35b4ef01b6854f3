//! Sections that can be closed. Which are open is remembered, for all nodes and over restarts.

use std::{collections::BTreeMap, path::PathBuf};

use egui::{Align, CollapsingHeader, RichText, Ui};
use serde::{Deserialize, Serialize};

use crate::{editor::Section, workflow::NodeId};

/// What the inspector remembers over restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct InspectorMemory {
    pub(super) sections: Sections,
    /// Parameters at their defaults are left out.
    pub(super) only_changed: bool,
    /// The files and folders that parameters were set to by choosing them, the newest first.
    pub(crate) recent_paths: Vec<PathBuf>,
}

/// Which sections were opened or closed by hand, by their titles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sections(BTreeMap<String, bool>);

impl Section {
    const fn title(self) -> &'static str {
        match self {
            Self::Results => "Output Data",
            Self::Iterations | Self::AllIterations => "Iterations",
            Self::Timing => "Timing",
            Self::Why => "Why",
        }
    }
}

impl Sections {
    fn is_open(&self, title: &str, default: bool) -> bool {
        self.0.get(title).copied().unwrap_or(default)
    }

    /// Shows a section whose widgets are a node's own. One that is asked for is opened and scrolled to.
    pub(super) fn section(
        &mut self,
        ui: &mut Ui,
        go_to: &mut Option<Section>,
        (title, default): (&str, bool),
        node: &NodeId,
        body: impl FnOnce(&mut Ui),
    ) {
        ui.separator();
        let wanted = go_to.is_some_and(|section| section.title() == title);
        if wanted {
            self.0.insert(title.to_owned(), true);
        }
        let is_open = self.is_open(title, default);
        let shown = CollapsingHeader::new(RichText::new(title).strong())
            .id_salt(("section", title))
            .default_open(is_open)
            .open(Some(is_open))
            .show_unindented(ui, |ui| ui.push_id(node.as_str(), body));
        if shown.header_response.clicked() {
            self.0.insert(title.to_owned(), !is_open);
            ui.ctx().request_repaint();
        }
        if wanted {
            shown.header_response.scroll_to_me(Some(Align::TOP));
            if shown.openness >= 1.0 {
                *go_to = None;
            }
        }
    }
}
