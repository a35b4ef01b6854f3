//! What can be wrong with a loop.

use crate::workflow::Graph;

/// Why a node keeps a loop from running. Nodes are named by their index in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::nodes) enum Fault {
    /// It takes something from within two loops neither of which lies in the other.
    Siblings {
        /// The head of one.
        first: usize,
        /// The head of the other.
        second: usize,
    },
    /// It is in a loop and needs that loop to have ended.
    IntoItself {
        /// The loop's head.
        head: usize,
        /// What it takes that is there only once the loop has ended.
        source: usize,
        /// Whether the source is what the loop itself has collected, or its `done`.
        direct: bool,
    },
    /// A Next whose loop carries no state.
    NextInForEach {
        /// The loop's head.
        head: usize,
    },
    /// A Collect or Next outside all loops.
    ClosesNothing,
    /// A Repeat without a Next.
    NoNext,
    /// A Repeat with several.
    TwoNexts {
        /// One of them.
        first: usize,
        /// Another.
        second: usize,
    },
}

impl Fault {
    /// Returns whether adding wires cannot mend it, so that the wire that makes it is refused. The others are what a
    /// workflow goes through while it is built.
    pub(in crate::nodes) const fn refuses_a_wire(self) -> bool {
        match self {
            Self::Siblings { .. } | Self::IntoItself { .. } | Self::NextInForEach { .. } => true,
            Self::ClosesNothing | Self::NoNext | Self::TwoNexts { .. } => false,
        }
    }

    /// Returns what is wrong and what to do, for a person.
    pub(in crate::nodes) fn in_words(self, graph: &Graph) -> String {
        let name = |node: usize| &graph.ids[node];
        match self {
            Self::Siblings { first, second } => format!(
                "it is fed by two sibling loops, {} and {}: put a Collect behind one of them",
                name(first),
                name(second)
            ),
            Self::IntoItself { head, source, direct: true } => format!(
                "it is in the loop of {head} and takes from {source} what is there only once that loop has ended: a loop \
                 cannot be wired into itself",
                head = name(head),
                source = name(source)
            ),
            Self::IntoItself { head, source, direct: false } => format!(
                "it is in the loop of {head} and takes something from {source}, which waits for the end of that loop: a \
                 loop cannot be wired into itself",
                head = name(head),
                source = name(source)
            ),
            Self::NextInForEach { head } => format!(
                "it is in the loop of {}, a For Each, which carries no state: use a Collect here, or a Repeat there",
                name(head)
            ),
            Self::ClosesNothing => {
                "it is not inside a loop: connect it to something downstream of what a For Each or Repeat gives for each \
                 iteration"
                    .to_owned()
            }
            Self::NoNext => {
                "this Repeat has no Next: connect the state for the next iteration to the state of a Next".to_owned()
            }
            Self::TwoNexts { first, second } => {
                format!("this Repeat has two Nexts, {} and {}: remove one", name(first), name(second))
            }
        }
    }
}
