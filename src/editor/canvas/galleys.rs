//! Texts laid out, kept for as long as the letters they point to.

use std::{collections::HashMap, sync::Arc};

use egui::{
    Color32, Context, FontId, Galley,
    epaint::util::hash,
    text::{LayoutJob, TextWrapping},
};

use crate::editor::theme::readable;

/// More texts than this are not kept.
const MAX_KEPT: usize = 16_384;

/// Texts laid out, by text, size and width.
#[derive(Default)]
pub(super) struct Galleys {
    kept: HashMap<u64, (Box<str>, Arc<Galley>)>,
    /// Laid out by egui in every frame: it is another one when egui has thrown all letters away.
    sentinel: Option<Arc<Galley>>,
}

impl Galleys {
    /// Looks whether egui still has the letters that kept texts point to; if not, forgets all texts and returns true.
    pub(super) fn are_outdated(&mut self, ctx: &Context) -> bool {
        let job = LayoutJob::simple_singleline("0".to_owned(), FontId::proportional(10.0), Color32::PLACEHOLDER);
        let sentinel = ctx.fonts_mut(|fonts| fonts.layout_job(job));
        if self.sentinel.as_ref().is_some_and(|known| Arc::ptr_eq(known, &sentinel)) {
            return false;
        }
        self.sentinel = Some(sentinel);
        self.kept.clear();
        true
    }

    /// Returns a text of one letter, for what needs any text to begin with.
    pub(super) const fn sentinel(&self) -> Option<&Arc<Galley>> {
        self.sentinel.as_ref()
    }

    /// Returns one line of text, shortened to a width; sizes and widths are in points.
    pub(super) fn line(&mut self, ctx: &Context, text: &str, size: f32, width: f32) -> Arc<Galley> {
        let key = hash((text, size.to_bits(), width.to_bits()));
        if let Some((known, galley)) = self.kept.get(&key)
            && **known == *text
        {
            return Arc::clone(galley);
        }
        let mut job =
            LayoutJob::simple_singleline(readable(text).into_owned(), FontId::proportional(size), Color32::PLACEHOLDER);
        job.wrap = TextWrapping::truncate_at_width(width);
        let galley = ctx.fonts_mut(|fonts| fonts.layout_job(job));
        if self.kept.len() >= MAX_KEPT {
            self.kept.clear();
        }
        self.kept.insert(key, (text.into(), Arc::clone(&galley)));
        galley
    }
}
