//! What a kind is: ports, parameters, traits and an executor.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, LazyLock},
    time::Duration,
};

use super::{Context, NodeError, Outputs, ParameterSchema, ResolvedParameters};
use crate::{
    value::{Value, ValueType},
    workflow::{ERROR_PORT, KindId, Node, PortId},
};

/// The shelves of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Values typed in by hand.
    Input,
    /// Reading and writing files.
    Files,
    /// Work on tables.
    Tables,
    /// Work on text.
    Text,
    /// Work on pictures.
    Images,
    /// The network.
    Network,
    /// Branches and merges.
    Flow,
    /// Doing something for every item, or again and again.
    Loops,
    /// What lasts from run to run.
    Memory,
    /// Clock, chance, environment, waiting.
    System,
}

impl Family {
    /// All families in the order of the library.
    pub const ALL: [Self; 10] = [
        Self::Input,
        Self::Files,
        Self::Tables,
        Self::Text,
        Self::Images,
        Self::Network,
        Self::Flow,
        Self::Loops,
        Self::Memory,
        Self::System,
    ];

    /// Returns the family's name as shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "Input",
            Self::Files => "Files",
            Self::Tables => "Tables",
            Self::Text => "Text",
            Self::Images => "Images",
            Self::Network => "Network",
            Self::Flow => "Flow",
            Self::Loops => "Loops",
            Self::Memory => "Memory",
            Self::System => "System",
        }
    }
}

/// How many wires an input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// One, and the node does not run without a value.
    Required,
    /// One, and the node runs without a value too.
    Optional,
    /// A row of inputs `id1`, `id2`, … of which at least `min` must be connected, and every connected one must have a
    /// value; an empty one is always offered.
    Many {
        /// How many must be connected.
        min: usize,
    },
    /// A row of inputs like that, of which at least one must have a value.
    AnyOf,
}

impl Arity {
    /// Returns it in words: `required`, `any number, at least 1`.
    pub fn in_words(self) -> String {
        match self {
            Self::Required => "required".to_owned(),
            Self::Optional => "optional".to_owned(),
            Self::Many { min: 0 } => "any number".to_owned(),
            Self::Many { min } => format!("any number, at least {min}"),
            Self::AnyOf => "any number, at least one with a value".to_owned(),
        }
    }

    /// Returns how many wires the node needs at least.
    pub const fn n_needed(self) -> usize {
        match self {
            Self::Optional => 0,
            Self::Required | Self::AnyOf => 1,
            Self::Many { min } => min,
        }
    }
}

/// A typed input.
#[derive(Clone, Debug)]
pub struct InputPort {
    /// The port's id; for a row of inputs what the numbers are put after.
    pub id: PortId,
    /// The type the node takes.
    pub value_type: ValueType,
    /// How many wires.
    pub arity: Arity,
}

/// A typed output.
#[derive(Clone, Debug)]
pub struct OutputPort {
    /// The port's id.
    pub id: PortId,
    /// The type the node gives.
    pub value_type: ValueType,
}

/// What a node gives when it fails, if its settings ask for it.
static ERROR_OUTPUT: LazyLock<OutputPort> =
    LazyLock::new(|| OutputPort { id: PortId::from(ERROR_PORT), value_type: ValueType::Record });

/// Whether a node's results can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cacheability {
    /// As long as its config and inputs are the same.
    Always,
    /// As long as, besides, what it read from outside ([`Context::read_source`]) is unchanged.
    WhileSourceUnchanged,
    /// Not at all.
    Never,
}

/// Where a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// At once, in place: less than about 10 µs.
    Instant,
    /// On the pool the size of the machine.
    Computes,
    /// On the larger pool of those that wait for a network, a command or the clock.
    Waits,
}

/// What a node is to a loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// Nothing: it executes, in a loop's body once an iteration.
    #[default]
    Plain,
    /// The head of a loop over items.
    ForEach,
    /// The head of a loop that carries a state from one iteration to the next.
    Repeat,
    /// It gathers what each iteration gives, and closes the loop.
    Collect,
    /// It hands the state of a [`Role::Repeat`] to the next iteration, and closes the loop.
    Next,
}

impl Role {
    /// Returns whether a loop begins here.
    pub const fn is_head(self) -> bool {
        matches!(self, Self::ForEach | Self::Repeat)
    }

    /// Returns whether a loop ends here: what it gives is outside the loop.
    pub const fn is_closer(self) -> bool {
        matches!(self, Self::Collect | Self::Next)
    }
}

/// What an executor gives back when it succeeds.
#[derive(Clone, Debug)]
pub struct Success {
    /// The outputs.
    pub outputs: Outputs,
    /// What to keep as this node's pinned data, and for how long; `None` leaves what is stored as it was.
    pub pinned_data: Option<(Value, Option<Duration>)>,
}

impl Success {
    /// Returns a success with these outputs.
    pub const fn new(outputs: Outputs) -> Self {
        Self { outputs, pinned_data: None }
    }

    /// Returns a success with one output.
    pub fn one(port: impl Into<PortId>, value: impl Into<Value>) -> Self {
        Self::new(Outputs::one(port, value))
    }

    /// Returns the success with a value to keep as pinned data.
    #[must_use]
    pub fn with_pinned_data(mut self, value: Value) -> Self {
        self.pinned_data = Some((value, None));
        self
    }

    /// Returns the success with the pinned data expiring after a time.
    #[must_use]
    pub fn expires_in(mut self, time: Duration) -> Self {
        if let Some(pinned_data) = &mut self.pinned_data {
            pinned_data.1 = Some(time);
        }
        self
    }
}

/// What a node does.
pub type Executor = Arc<dyn Fn(&Context<'_>) -> Result<Success, NodeError> + Send + Sync>;

/// What a node can be.
#[derive(Clone)]
pub struct Kind {
    /// The id that stands in workflow files.
    pub id: KindId,
    /// Raised whenever the same config and inputs give other results than before.
    pub version: u32,
    /// The name shown to people.
    pub title: Cow<'static, str>,
    /// One sentence on what it does.
    pub summary: Cow<'static, str>,
    /// Further words it is found by.
    pub keywords: Cow<'static, str>,
    /// Its shelf in the library.
    pub family: Family,
    /// The inputs in order.
    pub inputs: Vec<InputPort>,
    /// The outputs in order.
    pub outputs: Vec<OutputPort>,
    /// The parameters in order.
    pub parameters: Vec<ParameterSchema>,
    /// Where it runs.
    pub load: Load,
    /// Whether results can be kept, with these parameters.
    pub cacheability: fn(&ResolvedParameters<'_>) -> Cacheability,
    /// Whether executing changes something outside, with these parameters.
    pub side_effect: fn(&ResolvedParameters<'_>) -> bool,
    /// Whether what it gives is secret: see [`crate::workflow::Sensitivity`].
    pub gives_secrets: bool,
    /// What it is to a loop.
    pub role: Role,
    /// What it does.
    pub executor: Executor,
}

impl Kind {
    /// Returns a kind without ports, parameters or effects, cacheable, that computes.
    pub fn new(
        id: &'static str,
        title: &'static str,
        family: Family,
        executor: impl Fn(&Context<'_>) -> Result<Success, NodeError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            id: id.into(),
            version: 1,
            title: title.into(),
            summary: Cow::Borrowed(""),
            keywords: Cow::Borrowed(""),
            family,
            inputs: Vec::new(),
            outputs: Vec::new(),
            parameters: Vec::new(),
            load: Load::Computes,
            cacheability: |_| Cacheability::Always,
            side_effect: |_| false,
            gives_secrets: false,
            role: Role::Plain,
            executor: Arc::new(executor),
        }
    }

    /// Sets the sentence on what it does and further words it is found by.
    #[must_use]
    pub fn about(mut self, summary: &'static str, keywords: &'static str) -> Self {
        self.summary = summary.into();
        self.keywords = keywords.into();
        self
    }

    /// Adds an input.
    #[must_use]
    pub fn input(mut self, id: &'static str, value_type: ValueType, arity: Arity) -> Self {
        self.inputs.push(InputPort { id: id.into(), value_type, arity });
        self
    }

    /// Adds an output.
    #[must_use]
    pub fn output(mut self, id: &'static str, value_type: ValueType) -> Self {
        self.outputs.push(OutputPort { id: id.into(), value_type });
        self
    }

    /// Adds a parameter.
    #[must_use]
    pub fn parameter(mut self, schema: ParameterSchema) -> Self {
        self.parameters.push(schema);
        self
    }

    /// Sets where it runs.
    #[must_use]
    pub const fn load(mut self, load: Load) -> Self {
        self.load = load;
        self
    }

    /// Sets whether results can be kept.
    #[must_use]
    pub fn cacheable(mut self, cacheability: fn(&ResolvedParameters<'_>) -> Cacheability) -> Self {
        self.cacheability = cacheability;
        self
    }

    /// Sets whether executing changes something outside.
    #[must_use]
    pub fn side_effect(mut self, side_effect: fn(&ResolvedParameters<'_>) -> bool) -> Self {
        self.side_effect = side_effect;
        self
    }

    /// Says that what it gives is secret.
    #[must_use]
    pub const fn gives_secrets(mut self) -> Self {
        self.gives_secrets = true;
        self
    }

    /// Sets what it is to a loop.
    #[must_use]
    pub const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Returns the input that a port belongs to: the port itself, or the row it is one of (`t2` of `t`).
    pub fn input_port(&self, port: &PortId) -> Option<&InputPort> {
        self.inputs.iter().find(|input| match input.arity {
            Arity::Many { .. } | Arity::AnyOf => port.as_str().strip_prefix(input.id.as_str()).is_some_and(|digits| {
                !digits.starts_with('0') && digits.parse::<usize>().is_ok_and(|number| number > 0)
            }),
            Arity::Required | Arity::Optional => input.id == *port,
        })
    }

    /// Returns the output with this id.
    pub fn output_port(&self, port: &PortId) -> Option<&OutputPort> {
        self.outputs.iter().find(|output| output.id == *port)
    }

    /// Returns the output with this id that a node has: its kind's, or one that its settings add.
    pub fn output_of<'a>(&'a self, node: &Node, port: &PortId) -> Option<&'a OutputPort> {
        self.outputs_of(node).find(|output| output.id == *port)
    }

    /// Returns all outputs that a node has, in order: its kind's, then what its settings add.
    pub fn outputs_of<'a>(&'a self, node: &Node) -> impl Iterator<Item = &'a OutputPort> + use<'a> {
        let added = node.settings.added_outputs().filter_map(|port| (port == *ERROR_PORT).then_some(&*ERROR_OUTPUT));
        self.outputs.iter().chain(added.collect::<Vec<_>>())
    }

    /// Returns the input ports to show on a node, in order: of a row those up to the last connected one and one more.
    pub fn shown_inputs(&self, is_connected: impl Fn(&PortId) -> bool) -> Vec<(PortId, &InputPort)> {
        let mut shown = Vec::new();
        for input in &self.inputs {
            match input.arity {
                Arity::Required | Arity::Optional => shown.push((input.id.clone(), input)),
                Arity::Many { .. } | Arity::AnyOf => {
                    let min = input.arity.n_needed();
                    let number = |number| PortId::numbered(input.id.as_str(), number);
                    // Ports are taken one after the other, so a gap of this many means that there are no more.
                    let last = (1..=256).rev().find(|&index| is_connected(&number(index))).unwrap_or(0);
                    shown.extend((1..=(last + 1).max(min)).map(|index| (number(index), input)));
                }
            }
        }
        shown
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({}, version {})", self.id, self.version)
    }
}
