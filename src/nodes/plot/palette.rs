//! Colours, dashes and markers by which series are told apart, on light and dark grounds, with and without colour.

/// The colours of series, red, green and blue: a contrast of at least 3 to white and to the darkest ground.
pub(crate) const COLORS: [[u8; 3]; 8] = [
    [0x2f, 0x7f, 0xd1],
    [0xd2, 0x62, 0x14],
    [0x11, 0x93, 0x68],
    [0xa0, 0x63, 0xd8],
    [0xcf, 0x4d, 0x86],
    [0x9a, 0x75, 0x1f],
    [0x12, 0x8d, 0xa6],
    [0x7b, 0x84, 0x92],
];

/// The colours of a heat map from the least to the greatest: ever lighter, so that they can be told apart without colour.
const HEAT: [[u8; 3]; 6] = [
    [0x44, 0x22, 0x66],
    [0x3f, 0x4f, 0x93],
    [0x2a, 0x7a, 0x93],
    [0x2a, 0xa4, 0x80],
    [0x83, 0xcb, 0x50],
    [0xf7, 0xe2, 0x40],
];

/// How a line is drawn: how long strokes and gaps are, in points; empty for one without gaps.
pub(crate) type Dash = &'static [f32];

const DASHES: [Dash; 4] = [&[], &[8.0, 4.0], &[2.0, 3.0], &[10.0, 3.0, 2.0, 3.0]];

/// What a point looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Up,
    Diamond,
    Down,
    Cross,
}

const MARKERS: [Marker; 6] = [Marker::Circle, Marker::Square, Marker::Up, Marker::Diamond, Marker::Down, Marker::Cross];

/// Returns the colour of a series by its place.
pub(crate) const fn color_of_series(index: usize) -> [u8; 3] {
    COLORS[index % COLORS.len()]
}

/// Returns how the line of a series is drawn, by its place.
pub(crate) const fn dash_of_series(index: usize) -> Dash {
    DASHES[index % DASHES.len()]
}

/// Returns what the points of a series look like, by its place.
pub(crate) const fn marker_of_series(index: usize) -> Marker {
    MARKERS[index % MARKERS.len()]
}

/// Returns the colour in a heat map of a value that lies this far, 0 to 1, between the least and the greatest.
pub(crate) fn color_of_share(share: f64) -> [u8; 3] {
    let along = share.clamp(0.0, 1.0) * (HEAT.len() - 1) as f64;
    let from = (along as usize).min(HEAT.len() - 2);
    let part = along - from as f64;
    std::array::from_fn(|channel| {
        let (one, other) = (f64::from(HEAT[from][channel]), f64::from(HEAT[from + 1][channel]));
        (other - one).mul_add(part, one).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.1.
    fn luminance(color: [u8; 3]) -> f64 {
        let [red, green, blue] = color.map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn colours_of_series_stand_out_from_light_and_dark_grounds() {
        for color in COLORS {
            let own = luminance(color) + 0.05;
            for ground in [[0xff; 3], [0x1b, 0x1e, 0x24]] {
                let ground = luminance(ground) + 0.05;
                let ratio = f64::max(own, ground) / f64::min(own, ground);
                assert!(ratio >= 3.0, "{color:x?} has {ratio:.2}");
            }
        }
    }

    #[test]
    fn two_series_of_one_colour_have_other_dashes_or_markers() {
        for index in 0..12 {
            for other in 0..index {
                let alike = |index: usize| (color_of_series(index), dash_of_series(index));
                let as_points = |index: usize| (color_of_series(index), marker_of_series(index));
                assert!(alike(index) != alike(other) || as_points(index) != as_points(other), "{index} and {other}");
            }
        }
    }

    #[test]
    fn a_greater_value_is_lighter() {
        let shades: Vec<f64> = (0..=40).map(|step| luminance(color_of_share(f64::from(step) / 40.0))).collect();
        assert!(shades.is_sorted_by(|one, other| one < other), "{shades:?}");
    }
}
