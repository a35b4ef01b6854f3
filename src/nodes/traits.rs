//! What runs make of nodes of a kind, in words for people.

use super::{Cacheability, Kind, ParameterSchema, ResolvedParameters, Role};
use crate::workflow::{Node, Position};

/// Something that sets a kind apart from one that only computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// Its results are never kept.
    NotCacheable,
    /// Its results are kept, unless some parameters are set so that they are not.
    MayBeNotCacheable,
    /// Its results are kept as long as what it read is unchanged.
    ReadsSource,
    /// It changes something outside.
    SideEffect,
    /// It does with some parameters.
    MayHaveSideEffect,
    /// What it gives is secret.
    GivesSecrets,
    /// A loop begins at it.
    LoopHead,
    /// A loop ends at it.
    LoopEnd,
}

impl Trait {
    /// Returns what it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotCacheable => "Not cacheable",
            Self::MayBeNotCacheable => "Not always cacheable",
            Self::ReadsSource => "Reads from outside",
            Self::SideEffect => "Side effect",
            Self::MayHaveSideEffect => "May have a side effect",
            Self::GivesSecrets => "Sensitive",
            Self::LoopHead => "Begins a loop",
            Self::LoopEnd => "Ends a loop",
        }
    }

    /// Returns what it means for runs.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::NotCacheable => "Executes in every run, also in a resumed one, unless it is pinned.",
            Self::MayBeNotCacheable => {
                "Depending on its parameters it executes in every run, also in a resumed one, unless it is pinned."
            }
            Self::ReadsSource => "A resumed run executes it again when what it read has changed.",
            Self::SideEffect => "Changes something outside. While it is pinned or reused, that does not take place.",
            Self::MayHaveSideEffect => {
                "Depending on its parameters it changes something outside. While it is pinned or reused, that does not take place."
            }
            Self::GivesSecrets => "What it gives stays in memory and is shown only when you click on it.",
            Self::LoopHead => "What is behind it executes once for each iteration, up to the node that ends the loop.",
            Self::LoopEnd => "What is behind it is outside of the loop.",
        }
    }
}

/// Returns nodes of which each parameter in turn has each of the values that stand for all, the others their defaults.
fn settings(schema: &[ParameterSchema]) -> Vec<Node> {
    let plain = || Node::new("any", Position::default());
    let each = schema.iter().flat_map(|schema| {
        let values = schema.parameter_type.settings();
        values.into_iter().map(move |value| {
            let mut node = plain();
            node.parameters.insert(schema.id.clone(), value);
            node
        })
    });
    std::iter::once(plain()).chain(each).collect()
}

impl Kind {
    /// Returns what sets it apart.
    pub fn traits(&self) -> Vec<Trait> {
        let nodes = settings(&self.parameters);
        let resolved = || nodes.iter().map(|node| ResolvedParameters::new(&self.parameters, node));
        let n_all = nodes.len();
        let n_uncacheable = resolved().filter(|with| (self.cacheability)(with) == Cacheability::Never).count();
        let reads = resolved().any(|with| (self.cacheability)(&with) == Cacheability::WhileSourceUnchanged);
        let n_effects = resolved().filter(|with| (self.side_effect)(with)).count();
        let some_or_all = |n: usize, some, all| (n > 0).then_some(if n == n_all { all } else { some });
        [
            some_or_all(n_uncacheable, Trait::MayBeNotCacheable, Trait::NotCacheable),
            reads.then_some(Trait::ReadsSource),
            some_or_all(n_effects, Trait::MayHaveSideEffect, Trait::SideEffect),
            self.gives_secrets.then_some(Trait::GivesSecrets),
            matches!(self.role, Role::ForEach | Role::Repeat).then_some(Trait::LoopHead),
            matches!(self.role, Role::Collect | Role::Next).then_some(Trait::LoopEnd),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::Catalogue;

    #[track_caller]
    fn check(kind: &str, expected: &[Trait]) {
        let catalogue = Catalogue::standard();
        assert_eq!(catalogue.get(&kind.parse().unwrap()).unwrap().traits(), expected, "{kind}");
    }

    #[test]
    fn kinds_are_told_by_what_runs_make_of_them() {
        check("template", &[]);
        check("now", &[Trait::NotCacheable]);
        check("random", &[Trait::MayBeNotCacheable]);
        check("read_csv", &[Trait::ReadsSource]);
        check("write_csv", &[Trait::SideEffect]);
        check("http_request", &[Trait::MayHaveSideEffect]);
        check("for_each", &[Trait::LoopHead]);
        check("collect", &[Trait::LoopEnd]);
        check("environment", &[Trait::NotCacheable, Trait::GivesSecrets]);
    }
}
