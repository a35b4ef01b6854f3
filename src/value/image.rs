//! A picture: 8-bit RGBA, rows from the top.

use std::sync::{Arc, OnceLock};

use super::{Fingerprint, FingerprintBuilder};

/// A shared picture.
#[derive(Clone, Debug)]
pub struct Image(Arc<ImageData>);

#[derive(Debug)]
struct ImageData {
    width: u32,
    height: u32,
    /// Invariant: `width × height × 4` bytes.
    pixels: Vec<u8>,
    fingerprint: OnceLock<Fingerprint>,
}

/// Pixels that do not fill the picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a picture of {width} × {height} needs {expected} bytes of RGBA, got {got}")]
pub struct ImageError {
    width: u32,
    height: u32,
    expected: usize,
    got: usize,
}

impl Image {
    /// Returns a picture of `width × height` pixels, 4 bytes each (red, green, blue, alpha), rows from the top.
    pub fn from_rgba(width: u32, height: u32, pixels: Vec<u8>) -> Result<Self, ImageError> {
        let expected = width as usize * height as usize * 4;
        if pixels.len() != expected {
            return Err(ImageError { width, height, expected, got: pixels.len() });
        }
        Ok(Self(Arc::new(ImageData { width, height, pixels, fingerprint: OnceLock::new() })))
    }

    /// Returns the width in pixels.
    pub fn width(&self) -> u32 {
        self.0.width
    }

    /// Returns the height in pixels.
    pub fn height(&self) -> u32 {
        self.0.height
    }

    /// Returns the pixels: `width × height × 4` bytes of RGBA, rows from the top.
    pub fn pixels(&self) -> &[u8] {
        &self.0.pixels
    }

    /// Returns the data fingerprint, computed once.
    pub fn fingerprint(&self) -> Fingerprint {
        *self.0.fingerprint.get_or_init(|| {
            let mut builder = FingerprintBuilder::new("image");
            builder.number(u64::from(self.0.width)).number(u64::from(self.0.height)).bytes(&self.0.pixels).finish()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_that_do_not_fill_the_picture_are_refused() {
        let error = Image::from_rgba(2, 2, vec![0; 15]).unwrap_err();
        assert_eq!(error.to_string(), "a picture of 2 × 2 needs 16 bytes of RGBA, got 15");
    }

    #[test]
    fn the_shape_counts_as_data() {
        let wide = Image::from_rgba(2, 1, vec![7; 8]).unwrap();
        let tall = Image::from_rgba(1, 2, vec![7; 8]).unwrap();
        assert_ne!(wide.fingerprint(), tall.fingerprint());
    }
}
