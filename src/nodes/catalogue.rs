//! All kinds by id.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Kind, chat, command, files, flow, http, images, input, items, iterate, memory, plot, system, tables, text,
};
use crate::workflow::KindId;

/// All kinds by id. A program that embeds the engine adds its own with [`Catalogue::register`].
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    kinds: BTreeMap<KindId, Arc<Kind>>,
}

impl Catalogue {
    /// Returns a catalogue without kinds.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Returns the catalogue of the kinds that come with the program.
    pub fn standard() -> Self {
        let families = [
            input::kinds(),
            files::kinds(),
            items::kinds(),
            tables::kinds(),
            plot::kinds(),
            text::kinds(),
            images::kinds(),
            http::kinds(),
            chat::kinds(),
            flow::kinds(),
            iterate::kinds(),
            memory::kinds(),
            system::kinds(),
            command::kinds(),
        ];
        let mut catalogue = Self::empty();
        families.into_iter().flatten().for_each(|kind| catalogue.register(kind));
        catalogue
    }

    /// Adds a kind, in place of one with the same id.
    pub fn register(&mut self, kind: Kind) {
        self.kinds.insert(kind.id.clone(), Arc::new(kind));
    }

    /// Returns a kind.
    pub fn get(&self, id: &KindId) -> Option<&Arc<Kind>> {
        self.kinds.get(id)
    }

    /// Returns all kinds, sorted by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Kind>> {
        self.kinds.values()
    }
}
