//! How large a node is and where its ports are: pure arithmetic in scene units.

use std::sync::Arc;

use egui::{Pos2, Rect, Vec2, pos2, vec2};

use crate::{
    nodes::{Arity, Catalogue, Kind, OutputPort, ParameterType, ResolvedParameters, plot::gives_plots},
    value::{Value, ValueType},
    workflow::{Node, ParameterId, PortId},
};

/// The step that moved nodes snap to.
pub(crate) const GRID: f32 = 10.0;
/// The width of a node.
pub(super) const WIDTH: f32 = 200.0;
/// The height of a node's header.
pub(super) const HEADER: f32 = 30.0;
/// The height of a row of ports or of a parameter.
pub(super) const ROW: f32 = 20.0;
/// The height of the line that says how the node stands.
pub(super) const FOOTER: f32 = 24.0;
/// The height of a thumbnail.
const THUMBNAIL: f32 = 96.0;
/// The free height above and below the ports.
const PADDING: f32 = 8.0;
/// How far apart the ports of a collapsed node are.
const COLLAPSED_ROW: f32 = 13.0;
/// How far from the node's right edge the middle of its pin icon is.
const PIN_INSET: f32 = 16.0;
/// The radius of a port's sign.
pub(super) const PORT_RADIUS: f32 = 5.0;
/// The most parameters a node shows.
const MAX_PARAMETERS: usize = 2;
/// The most characters of a parameter that a node keeps at hand.
const MAX_PARAMETER_CHARS: usize = 60;

/// One end on the edge of a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PortLayout {
    /// The port.
    pub(super) id: PortId,
    /// What it takes or gives.
    pub(super) value_type: ValueType,
    /// Its middle, from the node's top left corner.
    pub(super) offset: Vec2,
    /// Whether a wire ends here.
    pub(super) connected: bool,
    /// Whether the node does not run without it.
    pub(super) required: bool,
}

/// A parameter shown on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParameterLine {
    /// The parameter.
    pub(super) id: ParameterId,
    /// What it is called.
    pub(super) label: String,
    /// Its value in one line.
    pub(super) value: String,
}

/// What a node shows and where, from its top left corner.
#[derive(Clone, Debug)]
pub(super) struct NodeLayout {
    /// The document's node this was made from.
    pub(super) node: Arc<Node>,
    /// Its kind, if the program knows it.
    pub(super) kind: Option<Arc<Kind>>,
    /// What it is called.
    pub(super) title: String,
    /// Width and height.
    pub(super) size: Vec2,
    /// Inputs in order.
    pub(super) inputs: Vec<PortLayout>,
    /// Outputs in order.
    pub(super) outputs: Vec<PortLayout>,
    /// Key parameters.
    pub(super) parameters: Vec<ParameterLine>,
    /// The output whose last value is shown as a thumbnail: the first that gives pictures or plots.
    pub(super) picture: Option<PortId>,
    /// Whether executing it changes something outside.
    pub(super) side_effect: bool,
}

/// Which ports of a node have wires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wired {
    /// Inputs, sorted.
    pub(super) inputs: Vec<PortId>,
    /// Outputs, sorted, each once.
    pub(super) outputs: Vec<PortId>,
}

impl NodeLayout {
    /// Lays out a node.
    pub(super) fn new(node: &Arc<Node>, catalogue: &Catalogue, wired: &Wired) -> Self {
        let kind = catalogue.get(&node.kind).cloned();
        let (inputs, outputs) = match &kind {
            Some(kind) => known_ports(kind, node, wired),
            None => (unknown_ports(&wired.inputs), unknown_ports(&wired.outputs)),
        };
        let resolved = kind.as_ref().map(|kind| ResolvedParameters::new(&kind.parameters, node));
        let side_effect = kind.as_ref().zip(resolved).is_some_and(|(kind, resolved)| (kind.side_effect)(&resolved));
        let resolved = resolved.filter(|_| !node.collapsed);
        let parameters = resolved.map(|resolved| parameter_lines(&resolved)).unwrap_or_default();
        let n_rows = inputs.len().max(outputs.len());
        let shown = kind.as_ref().filter(|_| !node.collapsed);
        let picture = shown.and_then(|kind| picture_output(kind, node));
        let height = if node.collapsed {
            HEADER.max(COLLAPSED_ROW * n_rows as f32 + 4.0)
        } else if parameters.is_empty() {
            HEADER + 2.0 * PADDING + ROW * n_rows as f32 + FOOTER
        } else {
            HEADER + 2.5 * PADDING + ROW * (n_rows + parameters.len()) as f32 + FOOTER
        };
        let height = if picture.is_some() { height + THUMBNAIL + PADDING } else { height };
        let placed = |ports, x| if node.collapsed { placed_close(ports, x, height) } else { placed(ports, x) };
        Self {
            title: title_of(node, kind.as_deref()),
            node: Arc::clone(node),
            kind,
            size: vec2(WIDTH, height),
            inputs: placed(inputs, 0.0),
            outputs: placed(outputs, WIDTH),
            parameters,
            picture,
            side_effect,
        }
    }

    /// Returns where the node is when its top left corner is at `position`.
    pub(super) fn rect(&self, position: Pos2) -> Rect {
        Rect::from_min_size(position, self.size)
    }

    /// Returns where the header is.
    pub(super) fn header(&self, position: Pos2) -> Rect {
        Rect::from_min_size(position, vec2(self.size.x, HEADER))
    }

    /// Returns where the footer is; a collapsed node has its header only.
    pub(super) fn footer(&self, position: Pos2) -> Rect {
        let rect = self.rect(position);
        if self.node.collapsed {
            return rect;
        }
        Rect::from_min_max(pos2(rect.left(), rect.bottom() - FOOTER), rect.max)
    }

    /// Returns where the pin icon is.
    pub(super) fn pin(&self, position: Pos2) -> Rect {
        let center = position + vec2(self.size.x - PIN_INSET, HEADER * 0.5);
        Rect::from_center_size(center, vec2(22.0, 22.0))
    }

    /// Returns where the row of a parameter is.
    pub(super) fn parameter(&self, position: Pos2, index: usize) -> Rect {
        let n_below = self.parameters.len() - index;
        let end = self.thumbnail(position).map_or(position.y + self.size.y - FOOTER, |thumbnail| thumbnail.top());
        let top = end - PADDING - ROW * n_below as f32;
        Rect::from_min_size(pos2(position.x + 10.0, top + 1.0), vec2(self.size.x - 20.0, ROW - 2.0))
    }

    /// Returns where the thumbnail is, if there is room for one.
    pub(super) fn thumbnail(&self, position: Pos2) -> Option<Rect> {
        let end = position + vec2(self.size.x - 10.0, self.size.y - FOOTER - PADDING);
        self.picture.as_ref().map(|_| Rect::from_min_max(pos2(position.x + 10.0, end.y - THUMBNAIL), end))
    }

    /// Returns the input with this id.
    pub(super) fn input(&self, port: &PortId) -> Option<&PortLayout> {
        self.inputs.iter().find(|known| known.id == *port)
    }

    /// Returns the output with this id.
    pub(super) fn output(&self, port: &PortId) -> Option<&PortLayout> {
        self.outputs.iter().find(|known| known.id == *port)
    }

    /// Returns whether this was made from the same node with the same wires.
    pub(super) fn is_of(&self, node: &Arc<Node>, wired: &Wired) -> bool {
        let same = |ports: &[PortLayout], wired: &[PortId]| {
            let mut connected: Vec<&PortId> = ports.iter().filter(|port| port.connected).map(|port| &port.id).collect();
            connected.sort_unstable();
            connected.into_iter().eq(wired)
        };
        Arc::ptr_eq(&self.node, node) && same(&self.inputs, &wired.inputs) && same(&self.outputs, &wired.outputs)
    }
}

fn title_of(node: &Node, kind: Option<&Kind>) -> String {
    match kind {
        _ if !node.title.is_empty() => node.title.clone(),
        Some(kind) => kind.title.clone().into_owned(),
        None => node.kind.to_string(),
    }
}

/// Returns the first output that gives pictures or plots. What a node gave has no part in it: a node is as high before it has run.
fn picture_output(kind: &Kind, node: &Node) -> Option<PortId> {
    let is_seen = |output: &&OutputPort| output.value_type == ValueType::Image || gives_plots(output);
    kind.outputs_of(node).find(is_seen).map(|output| output.id.clone())
}

fn known_ports(kind: &Kind, node: &Node, wired: &Wired) -> (Vec<PortLayout>, Vec<PortLayout>) {
    let shown = kind.shown_inputs(|port| wired.inputs.contains(port));
    let mut inputs: Vec<PortLayout> = shown
        .into_iter()
        .map(|(id, input)| PortLayout {
            connected: wired.inputs.contains(&id),
            required: input.arity == Arity::Required,
            ..port(id, input.value_type)
        })
        .collect();
    let mut outputs: Vec<PortLayout> = kind
        .outputs_of(node)
        .map(|output| PortLayout {
            connected: wired.outputs.contains(&output.id),
            ..port(output.id.clone(), output.value_type)
        })
        .collect();
    // Wires to ports the kind does not have are kept and shown, so that they can be seen and removed.
    append_missing(&mut inputs, &wired.inputs);
    append_missing(&mut outputs, &wired.outputs);
    (inputs, outputs)
}

fn append_missing(ports: &mut Vec<PortLayout>, wired: &[PortId]) {
    let missing: Vec<PortId> = wired.iter().filter(|id| !ports.iter().any(|known| known.id == **id)).cloned().collect();
    ports.extend(unknown_ports(&missing));
}

fn unknown_ports(wired: &[PortId]) -> Vec<PortLayout> {
    wired.iter().map(|id| PortLayout { connected: true, ..port(id.clone(), ValueType::Any) }).collect()
}

const fn port(id: PortId, value_type: ValueType) -> PortLayout {
    PortLayout { id, value_type, offset: Vec2::ZERO, connected: false, required: false }
}

fn placed(mut ports: Vec<PortLayout>, x: f32) -> Vec<PortLayout> {
    let offsets = placed_ports(ports.len(), x);
    for (port, offset) in ports.iter_mut().zip(offsets) {
        port.offset = offset;
    }
    ports
}

/// Puts ports round the middle of a collapsed node's edge.
fn placed_close(mut ports: Vec<PortLayout>, x: f32, height: f32) -> Vec<PortLayout> {
    let first = 0.5 * (height - COLLAPSED_ROW * (ports.len().max(1) - 1) as f32);
    for (row, port) in ports.iter_mut().enumerate() {
        port.offset = vec2(x, first + COLLAPSED_ROW * row as f32);
    }
    ports
}

/// Returns the size of the block of a group with so many ports on each side.
pub(super) fn group_size(n_inputs: usize, n_outputs: usize) -> Vec2 {
    vec2(WIDTH, HEADER + 2.0 * PADDING + ROW * n_inputs.max(n_outputs).max(1) as f32 + FOOTER)
}

/// Returns where so many ports are on an edge, from the top left corner.
pub(super) fn placed_ports(n_ports: usize, x: f32) -> impl Iterator<Item = Vec2> {
    (0..n_ports).map(move |row| vec2(x, HEADER + PADDING + ROW * (row as f32 + 0.5)))
}

fn parameter_lines(resolved: &ResolvedParameters<'_>) -> Vec<ParameterLine> {
    resolved
        .iter()
        .filter(|(schema, _)| schema.shown_on_node)
        .take(MAX_PARAMETERS)
        .map(|(schema, value)| ParameterLine {
            id: schema.id.clone(),
            label: schema.label.clone().into_owned(),
            value: in_one_line(&schema.parameter_type, value),
        })
        .collect()
}

/// Returns what a parameter's value looks like on a node.
pub(super) fn in_one_line(parameter_type: &ParameterType, value: &Value) -> String {
    let with_unit = |number: String, unit: &str| if unit.is_empty() { number } else { format!("{number} {unit}") };
    match (parameter_type, value) {
        (_, Value::Null) => "–".to_owned(),
        (ParameterType::Choice(choices), Value::Text(text)) => choices
            .iter()
            .find(|choice| *choice.id == **text)
            .map_or_else(|| first_line(text), |choice| choice.label.to_owned()),
        (ParameterType::FileToRead { .. } | ParameterType::FileToWrite { .. }, Value::Text(path)) => {
            first_line(path.rsplit(['/', '\\']).next().unwrap_or(path))
        }
        (ParameterType::Int { unit, .. } | ParameterType::Float { unit, .. }, Value::Int(number)) => {
            with_unit(number.to_string(), unit)
        }
        (ParameterType::Float { unit, .. }, Value::Float(number)) => with_unit(number.to_string(), unit),
        (_, Value::Bool(true)) => "yes".to_owned(),
        (_, Value::Bool(false)) => "no".to_owned(),
        (_, Value::Int(number)) => number.to_string(),
        (_, Value::Float(number)) => number.to_string(),
        (_, Value::Text(text)) => first_line(text),
        (_, Value::List(items)) if items.is_empty() => "–".to_owned(),
        (_, Value::List(items)) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_text).take(8).collect();
            if texts.is_empty() { value.preview() } else { first_line(&texts.join(", ")) }
        }
        _ => value.preview(),
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim();
    if line.is_empty() { "–".to_owned() } else { line.chars().take(MAX_PARAMETER_CHARS).collect() }
}

/// Returns the nearest grid point.
pub(super) fn snapped(point: Pos2) -> Pos2 {
    pos2((point.x / GRID).round() * GRID, (point.y / GRID).round() * GRID)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nodes::{Choice, Family, ParameterSchema, Success},
        workflow::Position,
    };

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::empty();
        catalogue.register(
            Kind::new("join", "Join", Family::Tables, |_| Ok(Success::new(crate::nodes::Outputs::none())))
                .input("left", ValueType::Table, Arity::Required)
                .input("t", ValueType::Table, Arity::Many { min: 1 })
                .output("out", ValueType::Table)
                .parameter(
                    ParameterSchema::new(
                        "how",
                        "How",
                        ParameterType::Choice(&[Choice { id: "inner", label: "Inner join" }]),
                        "inner",
                        "",
                    )
                    .on_node(),
                )
                .parameter(ParameterSchema::new("hidden", "Hidden", ParameterType::Bool, true, ""))
                .side_effect(|parameters| parameters.bool("hidden")),
        );
        catalogue
    }

    fn node(kind: &'static str) -> Arc<Node> {
        Arc::new(Node::new(kind, Position(0.0, 0.0)))
    }

    #[test]
    fn a_node_is_as_high_as_what_it_shows() {
        let layout = NodeLayout::new(&node("join"), &catalogue(), &Wired::default());
        assert_eq!(layout.inputs.iter().map(|port| port.id.as_str()).collect::<Vec<_>>(), ["left", "t1"]);
        assert_eq!(layout.size, vec2(WIDTH, HEADER + 2.0 * PADDING + 2.0 * ROW + ROW + 0.5 * PADDING + FOOTER));
        assert_eq!(
            layout.parameters,
            [ParameterLine { id: "how".into(), label: "How".to_owned(), value: "Inner join".to_owned() }]
        );
        assert!(layout.side_effect);
        let rect = layout.rect(pos2(5.0, 6.0));
        assert!(rect.contains_rect(layout.parameter(pos2(5.0, 6.0), 0)));
        assert!(!layout.parameter(pos2(5.0, 6.0), 0).intersects(layout.footer(pos2(5.0, 6.0))));
        assert!(layout.header(pos2(5.0, 6.0)).contains_rect(layout.pin(pos2(5.0, 6.0))));
    }

    #[test]
    fn a_node_that_gives_pictures_has_room_for_one_below_its_parameters() {
        let mut catalogue = catalogue();
        let kind = Kind::new("plot", "Plot", Family::Images, |_| Ok(Success::new(crate::nodes::Outputs::none())));
        let hint = ParameterSchema::new("x", "X", ParameterType::Line { hint: "" }, "", "").on_node();
        catalogue.register(kind.output("image", ValueType::Image).parameter(hint));
        let layout = NodeLayout::new(&node("plot"), &catalogue, &Wired::default());
        let (at, thumbnail) = (pos2(3.0, 4.0), layout.thumbnail(pos2(3.0, 4.0)).unwrap());
        assert_eq!(thumbnail.height(), THUMBNAIL);
        assert!(layout.rect(at).contains_rect(thumbnail) && !thumbnail.intersects(layout.footer(at)));
        assert!(layout.parameter(at, 0).bottom() < thumbnail.top());
        assert!(layout.parameter(at, 0).top() > at.y + layout.outputs[0].offset.y);
        let mut small = Node::new("plot", Position(0.0, 0.0));
        small.collapsed = true;
        let layout = NodeLayout::new(&Arc::new(small), &catalogue, &Wired::default());
        assert!(layout.thumbnail(at).is_none() && layout.size.y == HEADER);
    }

    #[test]
    fn a_collapsed_node_is_its_header_with_all_ports_on_it() {
        let mut join = Node::new("join", Position(0.0, 0.0));
        join.collapsed = true;
        let layout = NodeLayout::new(&Arc::new(join), &catalogue(), &Wired::default());
        assert_eq!((layout.size, layout.parameters.len()), (vec2(WIDTH, HEADER), 0));
        assert_eq!((layout.inputs.len(), layout.outputs[0].offset), (2, vec2(WIDTH, HEADER * 0.5)));
        assert!(layout.inputs.iter().all(|port| (0.0..HEADER).contains(&port.offset.y)));
        assert!(layout.inputs[0].offset.y < layout.inputs[1].offset.y);
    }

    #[test]
    fn ports_stand_on_the_edges_below_each_other() {
        let layout = NodeLayout::new(&node("join"), &catalogue(), &Wired::default());
        assert!(layout.inputs.iter().all(|port| port.offset.x == 0.0));
        assert!(layout.outputs.iter().all(|port| port.offset.x == WIDTH));
        assert_eq!(layout.inputs[1].offset.y - layout.inputs[0].offset.y, ROW);
        assert_eq!(layout.inputs[0].offset.y, layout.outputs[0].offset.y);
    }

    #[test]
    fn a_row_of_inputs_offers_one_more_than_is_connected() {
        let wired = Wired { inputs: vec!["t1".into(), "t2".into()], outputs: vec![] };
        let layout = NodeLayout::new(&node("join"), &catalogue(), &wired);
        let shown: Vec<_> = layout.inputs.iter().map(|port| (port.id.as_str(), port.connected)).collect();
        assert_eq!(shown, [("left", false), ("t1", true), ("t2", true), ("t3", false)]);
    }

    #[test]
    fn an_unknown_kind_keeps_its_connected_ports() {
        let wired = Wired { inputs: vec!["in".into()], outputs: vec!["a".into(), "b".into()] };
        let layout = NodeLayout::new(&node("from_the_future"), &catalogue(), &wired);
        assert_eq!(layout.title, "from_the_future");
        assert!(layout.input(&"in".into()).is_some());
        assert_eq!(layout.outputs.len(), 2);
        assert!(layout.is_of(&layout.node, &wired));
        assert!(!layout.is_of(&layout.node, &Wired::default()));
    }

    #[test]
    fn wires_to_ports_a_kind_does_not_have_are_shown() {
        let wired = Wired { inputs: vec!["gone".into()], outputs: vec![] };
        let layout = NodeLayout::new(&node("join"), &catalogue(), &wired);
        assert!(layout.input(&"gone".into()).is_some_and(|port| port.connected));
    }

    #[test]
    fn snapping_goes_to_the_nearest_grid_point() {
        assert_eq!(snapped(pos2(14.9, -15.1)), pos2(10.0, -20.0));
    }

    #[test]
    fn a_path_is_shown_by_its_file_name() {
        let path = ParameterType::FileToRead { extensions: &[] };
        assert_eq!(in_one_line(&path, &Value::text("data/birds.csv")), "birds.csv");
        assert_eq!(in_one_line(&ParameterType::Int { min: 0, max: 9, unit: "px" }, &Value::Int(3)), "3 px");
        assert_eq!(in_one_line(&ParameterType::Lines, &Value::list([])), "–");
        assert_eq!(in_one_line(&ParameterType::Lines, &Value::list(["a".into(), "b".into()])), "a, b");
        assert_eq!(in_one_line(&ParameterType::Text { language: "" }, &Value::text("\n  a\nb")), "a");
    }
}
