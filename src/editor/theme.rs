//! Colours, spacing and type for both themes. Raw colours stand here and nowhere else.

use std::borrow::Cow;

use egui::{
    Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Theme, Visuals,
    style::{Selection, WidgetVisuals, Widgets},
    vec2,
};

use super::inspector::Part;
use crate::{nodes::Family, value::ValueType, workflow::FrameColor};

/// The named colours of a theme. States also have icons and frames: colour is never the only sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    dark: bool,
    /// Panels, toolbar, status line.
    pub panel: Color32,
    /// Cards, headers of sections, fields that stand out from a panel.
    pub raised: Color32,
    /// Menus, popups, windows and tooltips.
    pub popup: Color32,
    /// Text fields.
    pub field: Color32,
    /// Lines between things.
    pub line: Color32,
    /// A button at rest.
    pub button: Color32,
    /// A button under the pointer.
    pub button_hovered: Color32,
    /// A button that is pressed.
    pub button_pressed: Color32,
    /// Text.
    pub text: Color32,
    /// Bold text.
    pub text_bold: Color32,
    /// Text that matters less.
    pub text_muted: Color32,
    /// What is active or chosen.
    pub accent: Color32,
    /// Text on [`Tokens::accent`].
    pub on_accent: Color32,
    /// The background of chosen rows and of selected text.
    pub selected: Color32,
    /// The shadow of popups and of nodes.
    pub shadow: Color32,
    /// The canvas.
    pub canvas: Color32,
    /// The grid's lines.
    pub grid: Color32,
    /// Every fifth line of the grid.
    pub grid_major: Color32,
    /// The body of a node.
    pub node: Color32,
    /// The header of a node.
    pub node_header: Color32,
    /// All of a disabled node.
    pub node_off: Color32,
    /// The frame of a node without a mark.
    pub node_frame: Color32,
    /// The ring round selected nodes.
    pub selection_ring: Color32,
    /// The fill of the selection box.
    pub selection_box: Color32,
    /// A wire without a known type.
    pub wire: Color32,
    /// Pinned.
    pub pinned: Color32,
    /// Forced.
    pub forced: Color32,
    /// Disabled.
    pub disabled: Color32,
    /// Failed.
    pub failed: Color32,
    /// Stale, and warnings.
    pub stale: Color32,
    /// Running.
    pub running: Color32,
    /// Done.
    pub done: Color32,
    /// A run would execute it.
    pub plan_execute: Color32,
    /// A run would reuse it.
    pub plan_reuse: Color32,
    /// A run would use its pin.
    pub plan_pinned: Color32,
    /// A run would leave it out.
    pub plan_not_run: Color32,
    /// By [`ValueType`], in its order.
    types: [Color32; 12],
    /// By [`Family`], in its order.
    families: [Color32; 10],
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Returns a colour that comes with what is shown, such as a series of a plot.
pub(crate) const fn of_data([red, green, blue]: [u8; 3]) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

/// The dark theme.
pub const DARK: Tokens = Tokens {
    dark: true,
    panel: rgb(0x1b_1e24),
    raised: rgb(0x24_2830),
    popup: rgb(0x22_262e),
    field: rgb(0x14_161b),
    line: rgb(0x33_3944),
    button: rgb(0x2b_303a),
    button_hovered: rgb(0x37_3e4b),
    button_pressed: rgb(0x43_4b5a),
    text: rgb(0xe6_e9ee),
    text_bold: rgb(0xff_ffff),
    text_muted: rgb(0xa4_adba),
    accent: rgb(0x9d_8cff),
    on_accent: rgb(0x14_1022),
    selected: rgb(0x3d_3763),
    shadow: Color32::from_black_alpha(90),
    canvas: rgb(0x14_161b),
    grid: rgb(0x1b_1e25),
    grid_major: rgb(0x22_262f),
    node: rgb(0x1f_232b),
    node_header: rgb(0x28_2c36),
    node_off: rgb(0x19_1c22),
    node_frame: rgb(0x41_4857),
    selection_ring: rgb(0xf4_f2ff),
    selection_box: Color32::from_rgba_premultiplied(24, 22, 40, 40),
    wire: rgb(0x8d_96a5),
    pinned: rgb(0x5a_aaff),
    forced: rgb(0x4f_cf83),
    disabled: rgb(0x9d_a5b4),
    failed: rgb(0xfe_7f78),
    stale: rgb(0xf2_b53c),
    running: rgb(0x56_d3e0),
    done: rgb(0x9a_c7a8),
    plan_execute: rgb(0xf0_9a5b),
    plan_reuse: rgb(0x6f_c9b4),
    plan_pinned: rgb(0x5a_aaff),
    plan_not_run: rgb(0x9e_a6b3),
    types: [
        rgb(0xb4_bcc9),
        rgb(0x8c_95a3),
        rgb(0xf2_8b9b),
        rgb(0x63_d1c0),
        rgb(0x8f_d66b),
        rgb(0xf0_c860),
        rgb(0xa8_9d8a),
        rgb(0xc9_a0f5),
        rgb(0xe5_93d6),
        rgb(0x6a_a9f7),
        rgb(0xf0_9a5b),
        rgb(0x5f_c3e4),
    ],
    families: [
        rgb(0xe8_c35a),
        rgb(0xb9_a58a),
        rgb(0x6a_a9f7),
        rgb(0xf2_8b9b),
        rgb(0xf0_9a5b),
        rgb(0x63_d1c0),
        rgb(0xb5_98f5),
        rgb(0xa9_d46a),
        rgb(0xd9_92e0),
        rgb(0x9f_aab9),
    ],
};

/// The light theme.
pub const LIGHT: Tokens = Tokens {
    dark: false,
    panel: rgb(0xf7_f8fa),
    raised: rgb(0xec_eef3),
    popup: rgb(0xff_ffff),
    field: rgb(0xff_ffff),
    line: rgb(0xd5_d9e1),
    button: rgb(0xe9_ecf1),
    button_hovered: rgb(0xdd_e1e9),
    button_pressed: rgb(0xcf_d5df),
    text: rgb(0x1b_2029),
    text_bold: rgb(0x00_0000),
    text_muted: rgb(0x55_5e6c),
    accent: rgb(0x5b_45d6),
    on_accent: rgb(0xff_ffff),
    selected: rgb(0xdd_d7fb),
    shadow: Color32::from_black_alpha(28),
    canvas: rgb(0xee_f0f4),
    grid: rgb(0xe5_e8ed),
    grid_major: rgb(0xdb_dfe6),
    node: rgb(0xff_ffff),
    node_header: rgb(0xf3_f4f8),
    node_off: rgb(0xf4_f5f8),
    node_frame: rgb(0xbf_c6d2),
    selection_ring: rgb(0x2b_2350),
    selection_box: Color32::from_rgba_premultiplied(14, 11, 34, 36),
    wire: rgb(0x7a_8494),
    pinned: rgb(0x0c_5fce),
    forced: rgb(0x02_7336),
    disabled: rgb(0x5b_6472),
    failed: rgb(0xbf_2628),
    stale: rgb(0x8c_5902),
    running: rgb(0x03_6e81),
    done: rgb(0x3a_6e4b),
    plan_execute: rgb(0xa6_4807),
    plan_reuse: rgb(0x08_715f),
    plan_pinned: rgb(0x0c_5fce),
    plan_not_run: rgb(0x5b_6472),
    types: [
        rgb(0x64_6c7b),
        rgb(0x4f_5766),
        rgb(0xbe_3c58),
        rgb(0x01_7a6a),
        rgb(0x37_7b03),
        rgb(0x8b_6602),
        rgb(0x77_6a53),
        rgb(0x85_4fcd),
        rgb(0xad_409a),
        rgb(0x26_6bc6),
        rgb(0xb0_5003),
        rgb(0x01_7595),
    ],
    families: [
        rgb(0x8b_6602),
        rgb(0x7b_694c),
        rgb(0x26_6bc6),
        rgb(0xbe_3c58),
        rgb(0xb0_5003),
        rgb(0x01_7a6a),
        rgb(0x74_4ed0),
        rgb(0x4a_7806),
        rgb(0xa0_3fae),
        rgb(0x61_6c7c),
    ],
};

/// How much of a plan's colour the header of a node takes on.
const TINT: f32 = 0.1;

static DARK_OFF: Tokens = off(DARK);
static LIGHT_OFF: Tokens = off(LIGHT);

/// Returns the colours that disabled nodes are painted with: all grey, on a ground near the canvas.
const fn off(on: Tokens) -> Tokens {
    Tokens {
        node: on.node_off,
        node_header: on.node_off,
        text: on.text_muted,
        text_muted: on.disabled,
        types: [on.disabled; 12],
        families: [on.disabled; 10],
        ..on
    }
}

impl Tokens {
    /// Returns the colours of the same theme for disabled nodes.
    pub fn when_off(&self) -> &'static Self {
        if self.dark { &DARK_OFF } else { &LIGHT_OFF }
    }

    /// Returns the colour of a type's ports and wires.
    pub const fn of_type(&self, value_type: ValueType) -> Color32 {
        self.types[value_type as usize]
    }

    /// Returns the colour of a frame's edge and title; its ground is a tint of it.
    pub const fn of_frame(&self, color: FrameColor) -> Color32 {
        match color {
            FrameColor::Grey => self.text_muted,
            FrameColor::Blue => self.pinned,
            FrameColor::Green => self.forced,
            FrameColor::Amber => self.stale,
            FrameColor::Red => self.failed,
            FrameColor::Violet => self.accent,
        }
    }

    /// Returns the header of a node with a tint of what a run would do with it.
    pub fn tinted_header(&self, decided: Color32) -> Color32 {
        self.node_header.lerp_to_gamma(decided, TINT)
    }

    /// Returns the ground of a parameter on a node.
    pub fn parameter_ground(&self) -> Color32 {
        self.node.lerp_to_gamma(self.canvas, 0.55)
    }

    /// Returns the colour of text beside bold text.
    pub(crate) fn text_softer(&self) -> Color32 {
        self.text.lerp_to_gamma(self.text_muted, 0.6)
    }

    /// Returns the colour of a part of a text in a language.
    pub(crate) const fn of_code(&self, part: Part) -> Color32 {
        match part {
            Part::Plain => self.text,
            Part::Keyword => self.accent,
            Part::Name => self.pinned,
            Part::Text => self.forced,
            Part::Number => self.plan_execute,
            Part::Comment => self.text_muted,
            Part::Mark => self.stale,
        }
    }

    /// Returns the colour of a family's nodes.
    pub const fn of_family(&self, family: Family) -> Color32 {
        self.families[family as usize]
    }
}

/// Returns the colours of the theme in force.
pub fn tokens(ui: &egui::Ui) -> &'static Tokens {
    of_mode(ui.visuals().dark_mode)
}

const fn of_mode(dark_mode: bool) -> &'static Tokens {
    if dark_mode { &DARK } else { &LIGHT }
}

/// Gives a window both themes, spacing and text sizes.
pub fn install(ctx: &egui::Context) {
    ctx.set_visuals_of(Theme::Dark, visuals(&DARK, Visuals::dark()));
    ctx.set_visuals_of(Theme::Light, visuals(&LIGHT, Visuals::light()));
    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, FontId::new(11.0, FontFamily::Proportional)),
            (TextStyle::Body, FontId::new(13.5, FontFamily::Proportional)),
            (TextStyle::Button, FontId::new(13.5, FontFamily::Proportional)),
            (TextStyle::Heading, FontId::new(19.0, FontFamily::Proportional)),
            (TextStyle::Monospace, FontId::new(12.5, FontFamily::Monospace)),
        ]
        .into();
        style.spacing.item_spacing = vec2(8.0, 6.0);
        style.spacing.button_padding = vec2(9.0, 4.0);
        style.spacing.interact_size.y = 24.0;
        style.spacing.menu_margin = Margin::same(6);
        style.spacing.window_margin = Margin::same(12);
        style.spacing.icon_width = 16.0;
        style.spacing.icon_spacing = 6.0;
        style.spacing.indent = 16.0;
        style.spacing.menu_spacing = 2.0;
        style.animation_time = 0.1;
    });
}

fn visuals(tokens: &Tokens, base: Visuals) -> Visuals {
    Visuals {
        weak_text_color: Some(tokens.text_muted),
        widgets: widgets(tokens),
        selection: Selection { bg_fill: tokens.selected, stroke: Stroke::new(1.0, tokens.text) },
        hyperlink_color: tokens.pinned,
        faint_bg_color: tokens.raised,
        extreme_bg_color: tokens.field,
        text_edit_bg_color: Some(tokens.field),
        code_bg_color: tokens.raised,
        warn_fg_color: tokens.stale,
        error_fg_color: tokens.failed,
        window_corner_radius: CornerRadius::same(10),
        window_shadow: Shadow { offset: [0, 6], blur: 24, spread: 0, color: tokens.shadow },
        window_fill: tokens.popup,
        window_stroke: Stroke::new(1.0, tokens.line),
        menu_corner_radius: CornerRadius::same(8),
        panel_fill: tokens.panel,
        popup_shadow: Shadow { offset: [0, 4], blur: 16, spread: 0, color: tokens.shadow },
        slider_trailing_fill: true,
        striped: false,
        indent_has_left_vline: false,
        ..base
    }
}

fn widgets(tokens: &Tokens) -> Widgets {
    let look = |fill, line, text| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: CornerRadius::same(6),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    Widgets {
        noninteractive: look(tokens.panel, tokens.line, tokens.text),
        inactive: look(tokens.button, tokens.button, tokens.text),
        hovered: look(tokens.button_hovered, tokens.line, tokens.text),
        active: look(tokens.button_pressed, tokens.accent, tokens.text),
        open: look(tokens.button_hovered, tokens.line, tokens.text),
    }
}

/// Returns text with what the bundled fonts cannot show put in words.
pub fn readable(text: &str) -> Cow<'_, str> {
    if text.contains('→') { Cow::Owned(text.replace('→', "to")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.1.
    fn luminance(color: Color32) -> f64 {
        let [r, g, b] = [color.r(), color.g(), color.b()].map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Contrast ratio, WCAG 2.1.
    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_stands_out_from_what_it_is_on() {
        for (name, tokens) in [("dark", &DARK), ("light", &LIGHT)] {
            let surfaces = [tokens.panel, tokens.raised, tokens.popup, tokens.field, tokens.node, tokens.node_header];
            let texts = [
                ("text", tokens.text),
                ("text_bold", tokens.text_bold),
                ("text_softer", tokens.text_softer()),
                ("text_muted", tokens.text_muted),
                ("failed", tokens.failed),
                ("stale", tokens.stale),
                ("pinned", tokens.pinned),
                ("forced", tokens.forced),
                ("running", tokens.running),
                ("done", tokens.done),
                ("accent", tokens.accent),
                ("plan_execute", tokens.plan_execute),
                ("plan_reuse", tokens.plan_reuse),
                ("plan_not_run", tokens.plan_not_run),
            ];
            for surface in surfaces {
                for (what, text) in texts {
                    let ratio = contrast(text, surface);
                    assert!(ratio >= 4.5, "{name}: {what} on {surface:?} has {ratio:.2}");
                }
            }
            for surface in [tokens.button, tokens.button_hovered, tokens.button_pressed, tokens.selected, tokens.canvas]
            {
                let ratio = contrast(tokens.text, surface);
                assert!(ratio >= 4.5, "{name}: text on {surface:?} has {ratio:.2}");
            }
            assert!(contrast(tokens.on_accent, tokens.accent) >= 4.5, "{name}: on_accent");
        }
    }

    #[test]
    fn parts_of_code_stand_out_from_fields_and_from_each_other() {
        for (name, tokens) in [("dark", &DARK), ("light", &LIGHT)] {
            for (index, part) in Part::ALL.into_iter().enumerate() {
                stands_out(name, "code", tokens.of_code(part), [tokens.field, tokens.raised, tokens.popup]);
                let before = &Part::ALL[..index];
                assert!(before.iter().all(|other| tokens.of_code(*other) != tokens.of_code(part)), "{name}: {part:?}");
            }
        }
    }

    #[test]
    fn titles_of_frames_stand_out_from_every_colour() {
        for (name, tokens) in [("dark", &DARK), ("light", &LIGHT)] {
            for color in FrameColor::ALL {
                let ground = tokens.canvas.lerp_to_gamma(tokens.of_frame(color), 0.3);
                let ratio = contrast(tokens.text, ground);
                assert!(ratio >= 4.5, "{name}: a title on {} has {ratio:.2}", color.name());
            }
        }
    }

    /// The four looks of nodes: both themes, as usual and disabled.
    fn looks() -> [(&'static str, &'static Tokens); 4] {
        [("dark", &DARK), ("light", &LIGHT), ("dark, off", DARK.when_off()), ("light, off", LIGHT.when_off())]
    }

    fn decided(tokens: &Tokens) -> [Color32; 5] {
        [tokens.plan_execute, tokens.plan_reuse, tokens.plan_pinned, tokens.plan_not_run, tokens.failed]
    }

    fn headers(tokens: &Tokens) -> impl Iterator<Item = Color32> {
        let tinted = decided(tokens).map(|decided| tokens.tinted_header(decided));
        tinted.into_iter().chain([tokens.node_header])
    }

    #[track_caller]
    fn stands_out(name: &str, what: &str, color: Color32, grounds: impl IntoIterator<Item = Color32>) {
        for ground in grounds {
            let ratio = contrast(color, ground);
            assert!(ratio >= 4.5, "{name}: {what} {color:?} on {ground:?} has {ratio:.2}");
        }
    }

    #[test]
    fn texts_on_nodes_stand_out_even_where_they_are_disabled() {
        for (name, tokens) in looks() {
            for (what, text) in [("text", tokens.text), ("text_muted", tokens.text_muted)] {
                stands_out(name, what, text, headers(tokens).chain([tokens.node, tokens.parameter_ground()]));
            }
            for tone in [tokens.done, tokens.running, tokens.pinned, tokens.stale, tokens.failed] {
                stands_out(name, "a footer", tone, headers(tokens).chain([tokens.node]));
            }
        }
    }

    #[test]
    fn signs_stand_out_from_the_canvas_and_the_node() {
        for (name, tokens) in looks() {
            let marks = [tokens.pinned, tokens.forced, tokens.disabled, tokens.failed, tokens.stale, tokens.running];
            for sign in marks.into_iter().chain(decided(tokens)).chain([tokens.text_muted]) {
                stands_out(name, "a sign", sign, headers(tokens).chain([tokens.node, tokens.canvas]));
            }
            for family in tokens.families {
                stands_out(name, "a family", family, [tokens.field, tokens.node, tokens.canvas]);
            }
            for port in tokens.types {
                stands_out(name, "a port", port, [tokens.node_header, tokens.node, tokens.canvas]);
            }
        }
    }

    #[test]
    fn every_type_and_family_has_its_own_colour() {
        for tokens in [&DARK, &LIGHT] {
            for (index, color) in tokens.types.iter().enumerate() {
                assert!(!tokens.types[..index].contains(color));
            }
            for (index, color) in tokens.families.iter().enumerate() {
                assert!(!tokens.families[..index].contains(color));
            }
        }
    }

    #[test]
    fn arrows_are_put_in_words() {
        assert_eq!(readable("width changed 512 → 640"), "width changed 512 to 640");
        assert!(matches!(readable("plain"), Cow::Borrowed("plain")));
    }
}
