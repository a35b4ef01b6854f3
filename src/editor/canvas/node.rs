//! Painting one node: the same layout, standing, looks, colours and zoom give the same picture, so it can be kept.

use std::{
    hash::{Hash, Hasher},
    mem::discriminant,
};

use egui::{Align2, Color32, Pos2, Rect, Stroke, pos2, vec2};

use super::{
    badges, border,
    brush::Brush,
    geometry::{HEADER, NodeLayout, PORT_RADIUS, PortLayout},
    port_sign,
    standing::{Activity, MarkLook, PinHold, Standing, decision_sign},
    thumbnails::{self, Sign},
};
use crate::{
    editor::{icons::Icon, theme::Tokens},
    nodes::Kind,
    session::PinPolicy,
    workflow::{Problem, Severity},
};

/// The radius of a node's corners.
const RADIUS: f32 = 8.0;
/// The size of the title's letters.
const TITLE_SIZE: f32 = 13.5;
/// The size of other letters.
const SMALL_SIZE: f32 = 11.5;

/// How a node is seen apart from how it stands.
#[derive(Clone, Copy)]
pub(super) struct Looks<'a> {
    /// Whether it is selected, or will be.
    pub(super) selected: bool,
    /// What of it the pointer is over.
    pub(super) hover: Hover,
    /// Whether its title is being typed.
    pub(super) renaming: bool,
    /// Its first problem.
    pub(super) problem: Option<&'a Problem>,
    /// What stands in the place of its thumbnail.
    pub(super) thumbnail: Sign,
}

/// Of the problem only how bad it is is painted.
impl Hash for Looks<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { selected, hover, renaming, problem, thumbnail } = self;
        (selected, hover, renaming, thumbnail, problem.map(|problem| discriminant(&problem.severity))).hash(state);
    }
}

/// What of a node the pointer is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Hover {
    /// Nothing.
    Nowhere,
    /// The node.
    Node,
    /// Its pin icon.
    Pin,
}

/// How a port is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PortLook {
    /// As usual.
    Plain,
    /// The pointer is over it.
    Hovered,
    /// The wire in the hand fits.
    Fits,
    /// The wire in the hand does not fit.
    Refuses,
    /// Its node is disabled.
    Off,
}

/// Returns where the sign of what a run would do is painted.
pub(super) fn plan_badge(position: Pos2) -> Rect {
    Rect::from_center_size(position + vec2(2.0, 2.0), vec2(19.0, 19.0))
}

/// Returns where the sign of a node is painted that is seen from afar.
pub(super) fn far_sign(rect: Rect) -> Rect {
    Rect::from_center_size(pos2(rect.right() - 28.0, rect.center().y), vec2(26.0, 26.0))
}

/// Returns where the icon of the node's family is painted.
pub(super) fn kind_icon(position: Pos2) -> Rect {
    Rect::from_center_size(position + vec2(20.0, HEADER * 0.5), vec2(20.0, 20.0))
}

/// Returns where the sign of a problem is painted.
pub(super) fn problem_sign(layout: &NodeLayout, position: Pos2) -> Rect {
    let footer = layout.footer(position);
    if layout.node.collapsed {
        return Rect::from_center_size(footer.right_bottom(), vec2(16.0, 16.0));
    }
    Rect::from_center_size(pos2(footer.right() - 16.0, footer.center().y), vec2(16.0, 16.0))
}

/// Paints a node in all detail.
pub(super) fn paint(brush: &Brush, layout: &NodeLayout, position: Pos2, standing: &Standing<'_>, looks: Looks<'_>) {
    let rect = layout.rect(position);
    brush.shadow(rect, RADIUS);
    if looks.selected {
        brush.outline(rect.expand(3.5), RADIUS + 3.5, Stroke::new(2.0, brush.tokens.selection_ring));
    }
    let body = body_brush(brush, standing);
    body.fill(rect, RADIUS, body.tokens.node);
    paint_header(&body, layout, position, standing, looks);
    paint_parameters(&body, layout, position);
    if let Some(rect) = layout.thumbnail(position) {
        thumbnails::paint_ground(&body, rect, looks.thumbnail);
    }
    paint_footer(&body, layout, position, standing, looks);
    border::paint(brush, rect, RADIUS, standing, looks.hover != Hover::Nowhere);
    paint_plan(brush, position, standing);
    paint_breakpoint(brush, rect, 17.0, standing);
}

/// Returns what all of a node but its frame and its marks is painted with.
fn body_brush(brush: &Brush, standing: &Standing<'_>) -> Brush {
    if standing.mark == MarkLook::Disabled { brush.with_tokens(brush.tokens.when_off()) } else { brush.clone() }
}

/// Returns the ground with a tint of what a run would do with a node, where that is shown.
fn planned_ground(tokens: &Tokens, standing: &Standing<'_>) -> Option<Color32> {
    let plan = standing.plan?;
    Some(tokens.tinted_header(decision_sign(&plan.decision, tokens).1))
}

/// Paints a node as a block with its title.
pub(super) fn paint_block(
    brush: &Brush,
    layout: &NodeLayout,
    position: Pos2,
    standing: &Standing<'_>,
    looks: Looks<'_>,
) {
    let rect = layout.rect(position);
    if looks.selected {
        brush.outline(rect.expand(6.0), RADIUS + 6.0, Stroke::new(2.0, brush.tokens.selection_ring));
    }
    let body = body_brush(brush, standing);
    body.fill(rect, RADIUS, planned_ground(body.tokens, standing).unwrap_or(body.tokens.node));
    let strip = Rect::from_min_size(rect.min, vec2(12.0, rect.height()));
    body.fill(strip, RADIUS, family_color(&body, layout.kind.as_deref()));
    let at = pos2(rect.left() + 22.0, rect.center().y);
    body.text(at, Align2::LEFT_CENTER, &layout.title, 22.0, rect.width() - 68.0, body.tokens.text);
    if let Some((icon, color)) = sign_from_afar(brush, standing) {
        let sign = far_sign(rect);
        brush.icon(sign.center(), sign.width(), icon, color);
    }
    border::paint(brush, rect, RADIUS, standing, looks.hover != Hover::Nowhere);
    paint_breakpoint(brush, rect, 28.0, standing);
}

/// Paints the sign of a breakpoint at the lower left corner: an octagon, as no other sign is.
fn paint_breakpoint(brush: &Brush, rect: Rect, size: f32, standing: &Standing<'_>) {
    if standing.breakpoint {
        let at = rect.left_bottom() + vec2(1.0, -1.0);
        brush.icon(at, size + 4.0, Icon::Breakpoint, brush.tokens.node);
        brush.icon(at, size, Icon::Breakpoint, brush.tokens.failed);
    }
}

/// Returns the one sign that a node shows from afar.
fn sign_from_afar(brush: &Brush, standing: &Standing<'_>) -> Option<(Icon, Color32)> {
    let tokens = brush.tokens;
    match (&standing.activity, standing.mark) {
        (Activity::Held, _) => Some((Icon::Pause, tokens.stale)),
        (Activity::Running(_) | Activity::Waiting, _) => Some((Icon::Clock, tokens.running)),
        (_, MarkLook::Pinned { .. } | MarkLook::Armed(_)) => pin_sign(standing.mark, tokens),
        (_, MarkLook::Disabled) => Some((Icon::Disable, tokens.disabled)),
        _ if standing.failed => Some((Icon::Error, tokens.failed)),
        (_, MarkLook::Forced) => Some((Icon::Force, tokens.forced)),
        (_, MarkLook::Plain) => standing.plan.map(|plan| decision_sign(&plan.decision, tokens)),
    }
}

fn family_color(brush: &Brush, kind: Option<&Kind>) -> Color32 {
    kind.map_or(brush.tokens.failed, |kind| brush.tokens.of_family(kind.family))
}

fn paint_header(brush: &Brush, layout: &NodeLayout, position: Pos2, standing: &Standing<'_>, looks: Looks<'_>) {
    let tokens = brush.tokens;
    let header = layout.header(position);
    let ground = planned_ground(tokens, standing).unwrap_or(tokens.node_header);
    let family = family_color(brush, layout.kind.as_deref());
    if layout.node.collapsed {
        brush.fill(layout.rect(position), RADIUS, ground);
    } else {
        brush.fill_upper(header, RADIUS, ground);
        brush.line(header.left_bottom(), header.right_bottom(), Stroke::new((1.5 * brush.zoom()).max(1.0), family));
    }
    let chip = kind_icon(position);
    brush.fill(chip, 5.0, tokens.field);
    let icon = layout.kind.as_deref().map_or(Icon::Question, |kind| Icon::of_family(kind.family));
    brush.icon(chip.center(), 13.0, icon, family);

    let mut right = layout.pin(position).left() + 1.0;
    let middle = header.center().y;
    for (icon, color) in header_signs(brush, layout, standing) {
        brush.icon(pos2(right - 8.0, middle), 13.0, icon, color);
        right -= 18.0;
    }
    if !looks.renaming {
        let left = chip.right() + 7.0;
        let room = right - left - 2.0;
        brush.text(pos2(left, middle), Align2::LEFT_CENTER, &layout.title, TITLE_SIZE, room, tokens.text);
    }
    paint_pin(brush, layout.pin(position), standing.mark, looks);
}

/// Returns the signs left of the pin icon, from right to left.
fn header_signs(brush: &Brush, layout: &NodeLayout, standing: &Standing<'_>) -> impl Iterator<Item = (Icon, Color32)> {
    let tokens = brush.tokens;
    let mark = match standing.mark {
        MarkLook::Pinned { policy, hold } => {
            Some((policy_icon(policy), if hold == PinHold::Stale { tokens.stale } else { tokens.pinned }))
        }
        MarkLook::Armed(policy) => Some((policy_icon(policy), tokens.pinned)),
        MarkLook::Forced => Some((Icon::Force, tokens.forced)),
        MarkLook::Disabled => Some((Icon::Disable, tokens.disabled)),
        MarkLook::Plain => None,
    };
    let state = standing.footer.icon.filter(|_| layout.node.collapsed && mark.is_none());
    mark.into_iter()
        .chain(state.map(|icon| (icon, standing.footer.tone.color(tokens))))
        .chain(layout.side_effect.then_some((Icon::SideEffect, tokens.text_muted)))
}

const fn policy_icon(policy: PinPolicy) -> Icon {
    match policy {
        PinPolicy::Hold => Icon::Lock,
        PinPolicy::Follow => Icon::Follow,
    }
}

/// Returns the sign of a pin, if there is one.
const fn pin_sign(mark: MarkLook, tokens: &Tokens) -> Option<(Icon, Color32)> {
    match mark {
        MarkLook::Pinned { hold: PinHold::Firm, .. } => Some((Icon::PinFilled, tokens.pinned)),
        MarkLook::Pinned { hold: PinHold::Stale, .. } => Some((Icon::PinStale, tokens.stale)),
        MarkLook::Pinned { hold: PinHold::Released, .. } => Some((Icon::PinReleased, tokens.pinned)),
        MarkLook::Armed(_) => Some((Icon::Pin, tokens.pinned)),
        MarkLook::Plain | MarkLook::Forced | MarkLook::Disabled => None,
    }
}

fn paint_pin(brush: &Brush, rect: Rect, mark: MarkLook, looks: Looks<'_>) {
    let tokens = brush.tokens;
    let at_rest = match looks.hover {
        Hover::Pin => tokens.text,
        Hover::Node => tokens.text_muted,
        Hover::Nowhere if looks.selected => tokens.text_muted,
        Hover::Nowhere => tokens.disabled,
    };
    let (icon, color) = pin_sign(mark, tokens).unwrap_or((Icon::Pin, at_rest));
    if looks.hover == Hover::Pin {
        brush.fill(rect, 5.0, tokens.button_hovered);
    }
    brush.icon(rect.center(), 15.0, icon, color);
}

fn paint_parameters(brush: &Brush, layout: &NodeLayout, position: Pos2) {
    for (index, parameter) in layout.parameters.iter().enumerate() {
        paint_parameter(brush, layout.parameter(position, index), (&parameter.label, &parameter.value));
    }
}

/// Paints the row of a parameter: what it is called, and its value.
pub(super) fn paint_parameter(brush: &Brush, rect: Rect, (label, value): (&str, &str)) {
    let tokens = brush.tokens;
    brush.fill(rect, 4.0, tokens.parameter_ground());
    let middle = rect.center().y;
    let at = pos2(rect.left() + 7.0, middle);
    let width = brush.text(at, Align2::LEFT_CENTER, label, SMALL_SIZE, 80.0, tokens.text_muted);
    let at = pos2(rect.right() - 7.0, middle);
    let room = rect.width() - 22.0 - width;
    brush.text(at, Align2::RIGHT_CENTER, value, SMALL_SIZE, room, tokens.text);
}

fn paint_footer(brush: &Brush, layout: &NodeLayout, position: Pos2, standing: &Standing<'_>, looks: Looks<'_>) {
    let tokens = brush.tokens;
    let rect = layout.footer(position);
    if let Activity::Running(fraction) = standing.activity {
        paint_progress(brush, rect, fraction);
    }
    if layout.node.collapsed {
        if let Some(problem) = looks.problem {
            let (icon, color) = severity_sign(brush, problem);
            brush.icon(problem_sign(layout, position).center(), 13.0, icon, color);
        }
        return;
    }
    let line = Stroke::new(1.0, tokens.node_frame.gamma_multiply(0.6));
    brush.line(rect.left_top() + vec2(1.0, 0.0), rect.right_top() - vec2(1.0, 0.0), line);
    let color = standing.footer.tone.color(tokens);
    let mut left = rect.left() + 10.0;
    let middle = rect.center().y;
    if let Some(icon) = standing.footer.icon {
        brush.icon(pos2(left + 6.0, middle), 12.5, icon, color);
        left += 17.0;
    }
    let mut right = rect.right() - 10.0;
    if let Some(problem) = looks.problem {
        let sign = problem_sign(layout, position);
        let (icon, color) = severity_sign(brush, problem);
        brush.icon(sign.center(), 13.0, icon, color);
        right = sign.left() - 2.0;
    }
    if let Some(badges) = badges::paint(brush, layout, position, looks.problem, standing.is_uncacheable()) {
        right = badges - 4.0;
    }
    brush.text(pos2(left, middle), Align2::LEFT_CENTER, &standing.footer.text, SMALL_SIZE, right - left, color);
}

const fn severity_sign(brush: &Brush, problem: &Problem) -> (Icon, Color32) {
    match problem.severity {
        Severity::Error => (Icon::Error, brush.tokens.failed),
        Severity::Warning => (Icon::Warning, brush.tokens.stale),
    }
}

fn paint_progress(brush: &Brush, footer: Rect, fraction: Option<f32>) {
    let track = Rect::from_min_max(pos2(footer.left() + 8.0, footer.bottom() - 4.5), footer.max - vec2(8.0, 2.0));
    brush.fill(track, 1.2, brush.tokens.node_frame);
    if let Some(fraction) = fraction {
        let width = track.width() * fraction.clamp(0.02, 1.0);
        brush.fill(Rect::from_min_size(track.min, vec2(width, track.height())), 1.2, brush.tokens.running);
    }
}

fn paint_plan(brush: &Brush, position: Pos2, standing: &Standing<'_>) {
    let Some(plan) = standing.plan else { return };
    let (icon, color) = decision_sign(&plan.decision, brush.tokens);
    let badge = plan_badge(position);
    let center = brush.projection.screen_from_scene(badge.center());
    let radius = badge.width() * 0.5 * brush.zoom();
    brush.painter.circle(center, radius, brush.tokens.node, Stroke::new(1.5 * brush.zoom().clamp(0.7, 1.5), color));
    brush.icon(badge.center(), 10.5, icon, color);
}

/// Returns how much room the name of a port has beside those across.
pub(super) fn name_room(layout: &NodeLayout) -> f32 {
    if layout.inputs.is_empty() || layout.outputs.is_empty() { 170.0 } else { 84.0 }
}

/// Paints a port of a block at this place, and what it is called if there is room.
pub(super) fn paint_port(brush: &Brush, position: Pos2, port: &PortLayout, look: PortLook, room: Option<f32>) {
    let center = position + port.offset;
    let brush = &match look {
        PortLook::Refuses => {
            // What lies below does not shine through.
            let blank = PortLayout { connected: true, ..port.clone() };
            port_sign::paint(brush, center, PORT_RADIUS, &blank, brush.tokens.node);
            brush.dimmed(0.3)
        }
        PortLook::Off => brush.with_tokens(brush.tokens.when_off()),
        PortLook::Plain | PortLook::Hovered | PortLook::Fits => brush.clone(),
    };
    let tokens = brush.tokens;
    let color = tokens.of_type(port.value_type);
    let grown = matches!(look, PortLook::Hovered | PortLook::Fits);
    if grown {
        let at = brush.projection.screen_from_scene(center);
        brush.painter.circle_filled(at, (PORT_RADIUS + 5.0) * brush.zoom(), color.gamma_multiply(0.3));
    }
    let radius = PORT_RADIUS + if look == PortLook::Hovered { 1.0 } else { 0.0 };
    port_sign::paint(brush, center, radius, port, color);

    let Some(room) = room.or_else(|| grown.then_some(84.0)) else { return };
    let text = if grown { tokens.text } else { tokens.text_muted };
    let is_input = port.offset.x == 0.0;
    let (align, inset) = if is_input { (Align2::LEFT_CENTER, 12.0) } else { (Align2::RIGHT_CENTER, -12.0) };
    brush.text(center + vec2(inset, 0.0), align, port.id.as_str(), SMALL_SIZE, room, text);
}
