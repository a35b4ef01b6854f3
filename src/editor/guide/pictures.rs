//! The guide's pictures, which are part of the program, for egui.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use egui::{
    ColorImage, Context,
    load::{ImageLoadResult, ImageLoader, ImagePoll, LoadError, SizeHint},
};

use super::pages::PICTURES;

/// What the pictures' addresses begin with.
pub(super) const SCHEME: &str = "guide://";

/// Decodes pictures once each.
#[derive(Default)]
pub(super) struct Pictures(Mutex<BTreeMap<String, Arc<ColorImage>>>);

/// Returns a picture by its name, as pages write it; nothing if there is none.
pub(super) fn decode(name: &str) -> Option<ColorImage> {
    let (_, bytes) = PICTURES.iter().find(|(known, _)| *known == name)?;
    let pixels = image::load_from_memory(bytes).ok()?.to_rgba8();
    let size = [pixels.width() as usize, pixels.height() as usize];
    Some(ColorImage::from_rgba_unmultiplied(size, &pixels))
}

impl ImageLoader for Pictures {
    fn id(&self) -> &'static str {
        concat!(module_path!(), "::Pictures")
    }

    fn load(&self, _ctx: &Context, uri: &str, _size: SizeHint) -> ImageLoadResult {
        let name = uri.strip_prefix(SCHEME).ok_or(LoadError::NotSupported)?;
        let mut decoded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = decoded.get(name) {
            return Ok(ImagePoll::Ready { image: Arc::clone(image) });
        }
        let picture = decode(name).ok_or_else(|| LoadError::Loading(format!("there is no picture {name}")))?;
        let image = Arc::new(picture);
        decoded.insert(name.to_owned(), Arc::clone(&image));
        Ok(ImagePoll::Ready { image })
    }

    fn forget(&self, uri: &str) {
        let mut decoded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        decoded.remove(uri.strip_prefix(SCHEME).unwrap_or(uri));
    }

    fn forget_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn byte_size(&self) -> usize {
        let decoded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        decoded.values().map(|image| image.pixels.len() * 4).sum()
    }
}
