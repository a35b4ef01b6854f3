//! The arrangement of the panels as it is kept in the settings.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Pane;
use crate::editor::Tab;

/// A part of the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Area {
    /// Side by side, each with its width in points.
    Row(Vec<(u32, Self)>),
    /// One below the other, each with its height in points.
    Column(Vec<(u32, Self)>),
    /// One in front of the others, with the number of the one in front.
    Tabs(#[serde(serialize_with = "by_name", deserialize_with = "known")] Vec<Pane>, usize),
}

/// Writes panes by their names, so that a program that does not know one can read the others.
fn by_name<S: Serializer>(panes: &[Pane], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(panes.iter().map(|pane| pane.name()))
}

/// Reads the panes that are known.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pane>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    Ok(names.iter().filter_map(|name| Pane::all().find(|pane| pane.name() == name)).collect())
}

impl Default for Area {
    fn default() -> Self {
        let alone = |pane| Self::Tabs(vec![pane], 0);
        let results = Self::Tabs(Tab::ALL.map(Pane::Tab).into(), 0);
        Self::Row(vec![
            (210, alone(Pane::Library)),
            (760, Self::Column(vec![(500, alone(Pane::Canvas)), (230, results)])),
            (310, alone(Pane::Inspector)),
        ])
    }
}

impl Area {
    /// Returns the arrangement with every pane in it once; what it lacked stands beside the results. Of one that holds a pane
    /// twice, or nowhere has a place for more, nothing is left.
    pub(super) fn made_whole(mut self) -> Self {
        let mut panes = Vec::new();
        self.for_each_tabs(&mut |known, _| panes.extend(known.iter().copied()));
        let n_known = panes.len();
        panes.sort_unstable();
        panes.dedup();
        if panes.len() < n_known {
            return Self::default();
        }
        let mut lacking: Vec<Pane> = Pane::all().filter(|pane| !panes.contains(pane)).collect();
        if lacking.contains(&Pane::Canvas) {
            return Self::default();
        }
        self.for_each_tabs(&mut |known, _| {
            if known.iter().any(|pane| matches!(pane, Pane::Tab(_))) {
                known.append(&mut lacking);
            }
        });
        if lacking.is_empty() { self } else { Self::default() }
    }

    fn for_each_tabs(&mut self, look: &mut impl FnMut(&mut Vec<Pane>, usize)) {
        match self {
            Self::Row(parts) | Self::Column(parts) => parts.iter_mut().for_each(|(_, part)| part.for_each_tabs(look)),
            Self::Tabs(panes, front) => look(panes, *front),
        }
    }
}
