//! SVG to pixels.

use std::sync::{Arc, LazyLock};

use epaint_default_fonts::{HACK_REGULAR, UBUNTU_LIGHT};
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree, fontdb},
};

use crate::value::Image;

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for bytes in [UBUNTU_LIGHT, HACK_REGULAR] {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(bytes)));
    }
    let name = fonts.faces().next().and_then(|face| Some(face.families.first()?.0.clone()));
    fonts.set_sans_serif_family(name.unwrap_or_default());
    Arc::new(fonts)
});

/// Returns the picture of an SVG text, each of its units this many pixels wide.
///
/// # Errors
///
/// If the text is no SVG, or the picture would be too large.
pub(crate) fn picture(svg: &str, scale: f64) -> Result<Image, String> {
    let options = Options { fontdb: Arc::clone(&FONTS), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| format!("the drawing cannot be read: {error}"))?;
    let side = |side: f32| (f64::from(side) * scale).round().clamp(1.0, 16_384.0) as u32;
    let (width, height) = (side(tree.size().width()), side(tree.size().height()));
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| format!("{width} × {height} pixels are too many"))?;
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut pixels.as_mut());
    Image::from_rgba(width, height, pixels.take_demultiplied()).map_err(|error| error.to_string())
}
