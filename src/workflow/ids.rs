//! Names of things in a document.

use std::{
    borrow::Borrow,
    cell::RefCell,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

/// A text that cannot be an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be an id: use letters, digits, `_` and `-`, and start with a letter or `_`")]
pub struct IdError(pub String);

fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if text.bytes().all(is_plain) {
        return text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    }
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|char| char.is_alphanumeric() || char == '_' || char == '-')
}

/// Text that lies in the program or is shared; equal, ordered and hashed as text. Making one from the program's text costs
/// nothing, which matters to executors that name their ports each time.
#[derive(Clone)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Text {
    fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.as_str(), other.as_str());
        // Ids are mostly copies of each other, and then one look at the address is enough.
        std::ptr::eq(ours, theirs) || ours == theirs
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        let (ours, theirs) = (self.as_str(), other.as_str());
        if std::ptr::eq(ours, theirs) { Ordering::Equal } else { ours.cmp(theirs) }
    }
}

/// Returns an id's text.
fn own(text: &str) -> Option<Arc<str>> {
    is_id(text).then(|| text.into())
}

/// Returns an id's text, the same one as before if this thread has met it lately: ports, kinds and parameters have few
/// different ids, which then take little room and are compared at once.
fn shared(text: &str) -> Option<Arc<str>> {
    const N_MET: usize = 64;
    thread_local! {
        static MET: RefCell<[Option<Arc<str>>; N_MET]> = const { RefCell::new([const { None }; N_MET]) };
    }
    let ends = text.as_bytes().first().zip(text.as_bytes().last());
    let (first, last) = ends.map_or((0, 0), |(first, last)| (usize::from(*first), usize::from(*last)));
    let place = (first * 7 + last * 3 + text.len()) % N_MET;
    MET.with_borrow_mut(|met| match &met[place] {
        Some(known) if **known == *text => Some(Arc::clone(known)),
        _ => {
            met[place] = Some(own(text)?);
            met[place].clone()
        }
    })
}

macro_rules! text_id {
    ($name:ident, $text:ident, $what:literal) => {
        #[doc = $what]
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Text);

        impl $name {
            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                $text(text).map(|text| Self(Text::Shared(text))).ok_or_else(|| IdError(text.to_owned()))
            }
        }

        /// For ids written in the program.
        ///
        /// # Panics
        /// In debug builds, if the text cannot be an id.
        impl From<&'static str> for $name {
            fn from(text: &'static str) -> Self {
                debug_assert!(is_id(text), "{}", IdError(text.to_owned()));
                Self(Text::Static(text))
            }
        }

        impl From<&Self> for $name {
            fn from(id: &Self) -> Self {
                id.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an id in quotes")
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

text_id!(NodeId, own, "A node's id: stable, never used again in its workflow, untouched by renaming.");
text_id!(FrameId, own, "A frame's id.");
text_id!(KindId, shared, "The id of what a node does.");
text_id!(PortId, shared, "The id of an input or output port, unique among its node's inputs or outputs.");
text_id!(ParameterId, shared, "The id of a parameter of a kind.");

impl NodeId {
    /// Returns `stem_number`.
    pub(super) fn numbered(stem: &str, number: u64) -> Self {
        Self(Text::Shared(format!("{stem}_{number}").into()))
    }

    /// Returns a bound that sorts before every node; not a node itself.
    pub(super) fn lowest() -> Self {
        Self(Text::Static(""))
    }
}

impl FrameId {
    /// Returns `stem_number`.
    pub(super) fn numbered(stem: &str, number: u64) -> Self {
        Self(Text::Shared(format!("{stem}_{number}").into()))
    }
}

impl PortId {
    /// Returns the port of a row of them: `t1`, `t2`, …
    pub fn numbered(stem: &str, number: usize) -> Self {
        Self(Text::Shared(format!("{stem}{number}").into()))
    }

    /// Returns a bound that sorts before every port; not a port itself.
    pub(super) fn lowest() -> Self {
        Self(Text::Static(""))
    }
}

/// Returns the number at the end of an id such as `filter_12`.
pub(super) fn trailing_number(id: &str) -> Option<u64> {
    id.rsplit_once('_').and_then(|(_, digits)| digits.parse().ok())
}

/// A workflow's id: stays when the file is renamed or moved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkflowId(pub Ulid);

impl WorkflowId {
    /// Returns a new id.
    pub fn generate() -> Self {
        Self(Ulid::generate())
    }
}

impl FromStr for WorkflowId {
    type Err = ulid::DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for WorkflowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for WorkflowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for WorkflowId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WorkflowId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_not_a_ulid| {
            de::Error::custom(format!("{text:?} is not a workflow id: expected the 26 characters of a ULID"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_words() {
        assert!("read_csv-2".parse::<NodeId>().is_ok());
        assert!("données".parse::<NodeId>().is_ok());
        for bad in ["", "2nd", "a.b", "a b", "a->b"] {
            assert_eq!(bad.parse::<NodeId>(), Err(IdError(bad.to_owned())));
        }
    }

    #[test]
    fn the_number_at_the_end_is_found() {
        assert_eq!(trailing_number("filter_12"), Some(12));
        assert_eq!(trailing_number("filter"), None);
        assert_eq!(trailing_number("a_b"), None);
    }
}
