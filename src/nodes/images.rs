//! Work on pictures.

use std::io::Cursor;

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image as Pixels, ImageRef as PixelsRef},
};
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder as _, ImageEncoder as _, ImageFormat, ImageReader,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
};

use super::{
    Arity, Choice, Context, Family, Kind, NodeError, Outputs, ParameterSchema, ParameterType, Success,
    apart::apart,
    files::{named_path, read_named, reading, write_named, writing},
};
use crate::value::{Image, Value, ValueType};

pub(super) fn kinds() -> Vec<Kind> {
    vec![read_image(), write_image(), resize_image(), compare_images()]
}

fn read_image() -> Kind {
    let kind = Kind::new("read_image", "Read Image", Family::Files, |ctx| {
        read_named(ctx, |bytes| apart(ctx, "decoder", move |_| decode(&bytes)))
            .map(|image| Success::one("image", image))
    })
    .about("Reads a picture from a file.", "load open import photo png jpeg jpg gif webp bmp file")
    .output("image", ValueType::Image);
    reading(kind, &["png", "jpg", "jpeg", "gif", "webp", "bmp"])
}

/// Returns the picture that a file's bytes stand for, turned upright as a camera noted it.
fn decode(bytes: &[u8]) -> Result<Image, NodeError> {
    let failed = |error| NodeError::new(format!("this is no picture the program can read: {error}"));
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| NodeError::new(format!("the picture cannot be read: {error}")))?;
    if reader.format().is_none() {
        return Err(NodeError::new("this is no picture: expected PNG, JPEG, GIF, WebP or BMP"));
    }
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let orientation = decoder.orientation().map_err(failed)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    picture.apply_orientation(orientation);
    let pixels = picture.into_rgba8();
    let (width, height) = pixels.dimensions();
    Image::from_rgba(width, height, pixels.into_raw()).map_err(|error| NodeError::new(error.to_string()))
}

fn write_image() -> Kind {
    let kind = Kind::new("write_image", "Write Image", Family::Files, |ctx| {
        let image = picture(ctx, "image")?.clone();
        let path = named_path(ctx)?;
        let format = ImageFormat::from_path(&path).ok();
        let quality = ctx.parameters().int("quality");
        let ground = ctx.parameters().color("ground").unwrap_or(WHITE);
        let bytes = match format {
            Some(ImageFormat::Png) => apart(ctx, "encoder", move |_| encode_png(&image)),
            Some(ImageFormat::Jpeg) => apart(ctx, "encoder", move |_| encode_jpeg(&image, quality, ground)),
            _ => Err(NodeError::new(format!("the name must end in .png, .jpg or .jpeg: {}", path.display()))),
        }?;
        write_named(ctx, &bytes)
    })
    .about("Writes a picture to a PNG or JPEG file.", "save export store photo png jpeg jpg file")
    .input("image", ValueType::Image, Arity::Required);
    writing(kind, &["png", "jpg", "jpeg"])
        .parameter(ParameterSchema::new(
            "quality",
            "JPEG quality",
            ParameterType::Int { min: 1, max: 100, unit: "" },
            90,
            "How good a JPEG looks, and how large it gets; PNG loses nothing.",
        ))
        .parameter(ParameterSchema::new(
            "ground",
            "JPEG ground",
            ParameterType::Color,
            "#ffffff",
            "What is seen in a JPEG where the picture is transparent; a PNG stays transparent.",
        ))
}

pub(super) fn encode_png(image: &Image) -> Result<Vec<u8>, NodeError> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(image.pixels(), image.width(), image.height(), ExtendedColorType::Rgba8)
        .map_err(|error| NodeError::new(format!("the picture cannot be written as PNG: {error}")))?;
    Ok(bytes)
}

/// What is behind transparent pixels, unless a person wants it otherwise.
pub(super) const WHITE: [u8; 3] = [0xff; 3];

/// JPEG has no transparency: what is transparent shows the ground.
pub(super) fn encode_jpeg(image: &Image, quality: i64, ground: [u8; 3]) -> Result<Vec<u8>, NodeError> {
    let on_ground = |color: u8, ground: u8, alpha: u8| {
        let (color, ground, alpha) = (u32::from(color), u32::from(ground), u32::from(alpha));
        ((color * alpha + ground * (255 - alpha) + 127) / 255) as u8
    };
    let rgb: Vec<u8> = image
        .pixels()
        .chunks_exact(4)
        .flat_map(|pixel| [0, 1, 2].map(|channel| on_ground(pixel[channel], ground[channel], pixel[3])))
        .collect();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100) as u8)
        .write_image(&rgb, image.width(), image.height(), ExtendedColorType::Rgb8)
        .map_err(|error| NodeError::new(format!("the picture cannot be written as JPEG: {error}")))?;
    Ok(bytes)
}

fn picture<'a>(ctx: &Context<'a>, port: &str) -> Result<&'a Image, NodeError> {
    match ctx.required(port)? {
        Value::Image(image) => Ok(image),
        other => Err(NodeError::new(format!("expected Image, got {}", other.preview()))),
    }
}

const FILTERS: &[Choice] = &[
    Choice { id: "lanczos", label: "Lanczos (sharp)" },
    Choice { id: "catmull_rom", label: "Catmull-Rom" },
    Choice { id: "bilinear", label: "Bilinear (soft)" },
    Choice { id: "nearest", label: "Nearest (hard pixels)" },
];

/// The most pixels along a side.
const MAX_SIDE: i64 = 16_384;

fn resize_image() -> Kind {
    let side = |id, label, help| {
        ParameterSchema::new(id, label, ParameterType::Int { min: 1, max: MAX_SIDE, unit: "px" }, 512, help).on_node()
    };
    Kind::new("resize_image", "Resize Image", Family::Images, |ctx| {
        let (image, parameters) = (picture(ctx, "image")?, ctx.parameters());
        let wanted = (parameters.int("width") as u32, parameters.int("height") as u32);
        let (width, height) = if parameters.bool("keep_aspect") { fit_into(image, wanted) } else { wanted };
        let algorithm = match parameters.text("filter") {
            "catmull_rom" => ResizeAlg::Convolution(FilterType::CatmullRom),
            "bilinear" => ResizeAlg::Convolution(FilterType::Bilinear),
            "nearest" => ResizeAlg::Nearest,
            _ => ResizeAlg::Convolution(FilterType::Lanczos3),
        };
        Ok(Success::one("image", resized(ctx, image, (width, height), algorithm)?))
    })
    .about("Makes a picture larger or smaller.", "scale thumbnail shrink enlarge size width height photo")
    .input("image", ValueType::Image, Arity::Required)
    .output("image", ValueType::Image)
    .parameter(side("width", "Width", "The width of the result in pixels."))
    .parameter(side("height", "Height", "The height of the result in pixels."))
    .parameter(ParameterSchema::new(
        "keep_aspect",
        "Keep the proportions",
        ParameterType::Bool,
        true,
        "The result fits into width × height instead of filling it.",
    ))
    .parameter(ParameterSchema::new(
        "filter",
        "Filter",
        ParameterType::Choice(FILTERS),
        "lanczos",
        "How pixels are mixed.",
    ))
}

/// Returns the largest size of the picture's proportions that fits.
fn fit_into(image: &Image, (width, height): (u32, u32)) -> (u32, u32) {
    let scale = (f64::from(width) / f64::from(image.width())).min(f64::from(height) / f64::from(image.height()));
    let scaled = |side: u32, limit: u32| ((f64::from(side) * scale).round() as u32).clamp(1, limit.max(1));
    (scaled(image.width(), width), scaled(image.height(), height))
}

fn resized(ctx: &Context<'_>, image: &Image, size: (u32, u32), algorithm: ResizeAlg) -> Result<Image, NodeError> {
    let image = image.clone();
    apart(ctx, "resizer", move |_| resize(&image, size, algorithm))
}

fn resize(image: &Image, (width, height): (u32, u32), algorithm: ResizeAlg) -> Result<Image, NodeError> {
    let failed = |error: String| NodeError::new(format!("cannot resize the picture to {width} × {height}: {error}"));
    if image.width() == 0 || image.height() == 0 {
        return Err(failed("it has no pixels".to_owned()));
    }
    let source = PixelsRef::new(image.width(), image.height(), image.pixels(), PixelType::U8x4)
        .map_err(|error| failed(error.to_string()))?;
    let mut target = Pixels::new(width, height, PixelType::U8x4);
    Resizer::new()
        .resize(&source, &mut target, &ResizeOptions::new().resize_alg(algorithm))
        .map_err(|error| failed(error.to_string()))?;
    Image::from_rgba(width, height, target.into_vec()).map_err(|error| failed(error.to_string()))
}

fn compare_images() -> Kind {
    Kind::new("compare_images", "Compare Images", Family::Images, |ctx| {
        let (left, right) = (picture(ctx, "left")?, picture(ctx, "right")?);
        let size = (left.width(), left.height());
        let same_size = if (right.width(), right.height()) == size {
            right.clone()
        } else {
            ctx.info(format!("right is {} × {}: scaled to left's size to compare", right.width(), right.height()));
            resized(ctx, right, size, ResizeAlg::Convolution(FilterType::Bilinear))?
        };
        let (difference, map) = difference(ctx, left, &same_size)?;
        let outputs = Outputs::one("difference", difference).with("map", map);
        Ok(Success::new(outputs.with("side_by_side", side_by_side(left, right)?)))
    })
    .about(
        "Tells how much two pictures differ, and where.",
        "difference diff error quality similarity side by side photo",
    )
    .input("left", ValueType::Image, Arity::Required)
    .input("right", ValueType::Image, Arity::Required)
    .output("difference", ValueType::Float)
    .output("map", ValueType::Image)
    .output("side_by_side", ValueType::Image)
}

/// How many pixels are compared before looking whether to stop.
const N_PIXELS_BETWEEN_LOOKS: usize = 1 << 16;

/// Returns the mean absolute difference of all channels, 0 (equal) to 1, and a picture of it: black where equal.
fn difference(ctx: &Context<'_>, left: &Image, right: &Image) -> Result<(f64, Image), NodeError> {
    let mut sum = 0_u64;
    let mut map = Vec::with_capacity(left.pixels().len());
    for (index, (left, right)) in left.pixels().chunks_exact(4).zip(right.pixels().chunks_exact(4)).enumerate() {
        if index % N_PIXELS_BETWEEN_LOOKS == 0 {
            ctx.check_cancelled()?;
        }
        let channels: [u8; 4] = std::array::from_fn(|channel| left[channel].abs_diff(right[channel]));
        sum += channels.iter().map(|channel| u64::from(*channel)).sum::<u64>();
        let [red, green, blue, alpha] = channels;
        map.extend([red.max(alpha), green.max(alpha), blue.max(alpha), 255]);
    }
    let greatest = left.pixels().len().max(1) as f64 * 255.0;
    let map = Image::from_rgba(left.width(), left.height(), map).map_err(|error| NodeError::new(error.to_string()))?;
    Ok((sum as f64 / greatest, map))
}

/// Returns both pictures in one, tops aligned; what neither covers is transparent.
fn side_by_side(left: &Image, right: &Image) -> Result<Image, NodeError> {
    let (width, height) = (left.width().saturating_add(right.width()), left.height().max(right.height()));
    let row_bytes = width as usize * 4;
    let mut pixels = vec![0; row_bytes * height as usize];
    for (image, start) in [(left, 0), (right, left.width() as usize * 4)] {
        let image_row_bytes = (image.width() as usize * 4).max(1);
        for (row, source) in pixels.chunks_exact_mut(row_bytes.max(1)).zip(image.pixels().chunks_exact(image_row_bytes))
        {
            row[start..start + source.len()].copy_from_slice(source);
        }
    }
    Image::from_rgba(width, height, pixels).map_err(|error| NodeError::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::nodes::testing::Trial;

    fn plain(width: u32, height: u32, color: [u8; 4]) -> Image {
        Image::from_rgba(width, height, color.repeat((width * height) as usize)).unwrap()
    }

    fn same(left: &Image, right: &Image) -> bool {
        left.fingerprint() == right.fingerprint()
    }

    fn image(trial: &Trial, port: &'static str) -> Image {
        let Value::Image(image) = trial.output(port) else { panic!("not a picture") };
        image
    }

    #[test]
    fn a_picture_written_as_png_is_read_back_pixel_by_pixel() {
        let folder = tempfile::tempdir().unwrap();
        let picture = Image::from_rgba(2, 1, vec![1, 2, 3, 4, 250, 251, 252, 253]).unwrap();
        let write = Trial::of("write_image").input("image", picture.clone()).set("path", "new/a.png");
        let path = write.in_folder(folder.path()).output("path");
        assert_eq!(Trial::of("read_image").input("path", path).output("image"), Value::Image(picture));
    }

    #[test]
    fn what_is_transparent_is_white_in_a_jpeg() {
        let folder = tempfile::tempdir().unwrap();
        let write = Trial::of("write_image").input("image", plain(8, 8, [0, 0, 0, 0])).set("path", "a.jpg");
        write.in_folder(folder.path()).outputs();
        let read = image(&Trial::of("read_image").set("path", "a.jpg").in_folder(folder.path()), "image");
        assert_eq!((read.width(), read.height()), (8, 8));
        assert!(read.pixels().iter().all(|channel| *channel > 250));
    }

    #[test]
    fn what_is_transparent_is_of_the_colour_asked_for_in_a_jpeg() {
        let folder = tempfile::tempdir().unwrap();
        let write = Trial::of("write_image").input("image", plain(8, 8, [0, 0, 0, 0])).set("path", "a.jpg");
        write.set("ground", "#1080f0").in_folder(folder.path()).outputs();
        let read = image(&Trial::of("read_image").set("path", "a.jpg").in_folder(folder.path()), "image");
        let near = |channel: usize, wanted: u8| read.pixels()[channel].abs_diff(wanted) < 6;
        assert!(near(0, 0x10) && near(1, 0x80) && near(2, 0xf0), "{:?}", &read.pixels()[..4]);
    }

    #[test]
    fn what_is_no_picture_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &'static str, bytes: &[u8]| {
            fs::write(folder.path().join(name), bytes).unwrap();
            Trial::of("read_image").set("path", name).in_folder(folder.path()).error()
        };
        let error = read("a.png", b"not a picture");
        assert!(error.starts_with("this is no picture: expected PNG") && error.ends_with("a.png"), "{error}");
        let cut = read("b.png", b"\x89PNG\r\n\x1a\n\0\0");
        assert!(cut.starts_with("this is no picture the program can read"), "{cut}");
        let write = Trial::of("write_image").input("image", plain(1, 1, [0; 4])).set("path", "a.tiff");
        assert!(write.error().contains("must end in .png"), "{}", write.error());
    }

    #[test]
    fn resizing_fits_into_the_size_or_fills_it() {
        let resize = |keep: bool, filter: &str| {
            let trial = Trial::of("resize_image").input("image", plain(40, 20, [9, 8, 7, 255])).set("width", 10);
            image(&trial.set("height", 10).set("keep_aspect", keep).set("filter", filter), "image")
        };
        for filter in ["lanczos", "catmull_rom", "bilinear", "nearest"] {
            assert!(same(&resize(true, filter), &plain(10, 5, [9, 8, 7, 255])), "{filter}");
            assert!(same(&resize(false, filter), &plain(10, 10, [9, 8, 7, 255])), "{filter}");
        }
        let thin = Trial::of("resize_image").input("image", plain(1000, 1, [1; 4])).set("width", 10).set("height", 10);
        assert_eq!((image(&thin, "image").width(), image(&thin, "image").height()), (10, 1));
        let empty = Trial::of("resize_image").input("image", plain(0, 0, [0; 4]));
        assert!(empty.error().contains("no pixels"), "{}", empty.error());
    }

    #[test]
    fn a_cancelled_comparison_stops_before_its_end() {
        let large = || plain(512, 512, [1, 2, 3, 255]);
        let compare = |n_times| {
            Trial::of("compare_images").input("left", large()).input("right", large()).cancelled_after(n_times).run()
        };
        assert_eq!(compare(2).unwrap_err(), NodeError::Cancelled);
        assert!(compare(1000).is_ok());
    }

    #[test]
    fn comparing_tells_how_much_and_where() {
        let compare =
            |right: Image| Trial::of("compare_images").input("left", plain(4, 2, [0, 0, 0, 255])).input("right", right);
        let equal = compare(plain(2, 3, [0, 0, 0, 255]));
        assert_eq!(equal.output("difference"), Value::Float(0.0));
        assert_eq!((image(&equal, "side_by_side").width(), image(&equal, "side_by_side").height()), (6, 3));
        assert_eq!(equal.host.logs().len(), 3, "scaling is noted, once for each time it ran here");
        let other = compare(plain(4, 2, [255, 0, 0, 255]));
        assert_eq!(other.output("difference"), Value::Float(0.25));
        assert!(same(&image(&other, "map"), &plain(4, 2, [255, 0, 0, 255])));
    }
}
