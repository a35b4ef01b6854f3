//! Raw bytes as hexadecimal digits and, beside them, as text.

use std::fmt::Write as _;

use egui::{Label, RichText, ScrollArea, TextStyle, Ui};

use super::Room;

/// How many bytes stand in a row.
const ROW: usize = 16;

/// Shows bytes.
pub(super) fn bytes_ui(ui: &mut Ui, bytes: &[u8], room: Room) {
    if bytes.is_empty() {
        ui.weak("No bytes");
        return;
    }
    let row_height = ui.text_style_height(&TextStyle::Monospace);
    ScrollArea::both().id_salt("bytes").max_height(room.height(ui)).auto_shrink([false, true]).show_rows(
        ui,
        row_height,
        bytes.len().div_ceil(ROW),
        |ui, in_sight| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for row in in_sight {
                ui.add(Label::new(RichText::new(row_text(bytes, row)).monospace()).extend());
            }
        },
    );
}

/// Returns a row: its place, the digits, the text; bytes that are no visible ASCII are dots.
fn row_text(bytes: &[u8], row: usize) -> String {
    let start = row * ROW;
    let part = &bytes[start..bytes.len().min(start + ROW)];
    let mut text = format!("{start:08x}  ");
    for index in 0..ROW {
        match part.get(index) {
            Some(byte) => write!(text, "{byte:02x} ").expect("writing to a string cannot fail"),
            None => text.push_str("   "),
        }
    }
    text.push(' ');
    text.extend(part.iter().map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' }));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_place_the_digits_and_the_text() {
        let bytes = b"PNG\r\n\x1a\n and some more";
        assert_eq!(row_text(bytes, 0), "00000000  50 4e 47 0d 0a 1a 0a 20 61 6e 64 20 73 6f 6d 65  PNG.... and some");
        assert_eq!(row_text(bytes, 1), format!("00000010  20 6d 6f 72 65 {} more", "   ".repeat(11) + " "));
    }
}
