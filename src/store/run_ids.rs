//! What names a run and a session, which way a run goes and how it ended.

use std::fmt;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

macro_rules! ulid_id {
    ($name:ident, $what:literal) => {
        #[doc = $what]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            // A `u128` would have every record aligned to 16 bytes, and larger for it.
            high: u64,
            low: u64,
        }

        impl $name {
            /// Returns a new id; ids made later sort later.
            pub fn generate() -> Self {
                Ulid::generate().into()
            }

            /// Returns the id as the number it is.
            pub const fn ulid(self) -> Ulid {
                Ulid((self.high as u128) << 64 | self.low as u128)
            }
        }

        impl From<Ulid> for $name {
            fn from(Ulid(id): Ulid) -> Self {
                Self { high: (id >> 64) as u64, low: id as u64 }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.ulid().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.ulid().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ulid::DecodeError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Ulid::into)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.ulid())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

ulid_id!(RunId, "One execution of a workflow.");
ulid_id!(SessionId, "One sitting at one workflow.");

/// Which of the two ways to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RunKind {
    /// Everything that has no mark executes.
    Standard,
    /// Only what must executes; the rest reuses its results.
    Resumed,
}

impl RunKind {
    /// Returns the name under which it is kept.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Resumed => "Resumed",
        }
    }

    /// Returns the kind of this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Standard, Self::Resumed].into_iter().find(|kind| kind.name() == name)
    }
}

/// How a run stands or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// No node failed.
    Succeeded,
    /// Only nodes failed that are set to continue on error.
    SucceededWithErrors,
    /// A node failed.
    Failed,
    /// It was stopped.
    Cancelled,
    /// The program ended in the middle of it.
    Interrupted,
}

impl RunStatus {
    /// Returns the name under which it is kept.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::SucceededWithErrors => "SucceededWithErrors",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Interrupted => "Interrupted",
        }
    }

    /// Returns the status of this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Running,
            Self::Succeeded,
            Self::SucceededWithErrors,
            Self::Failed,
            Self::Cancelled,
            Self::Interrupted,
        ];
        all.into_iter().find(|status| status.name() == name)
    }
}
