//! A list whose clones share what they have in common. Finding an item is two looks, which is a tenth of what a balanced tree
//! takes, and planning does little else.

use std::{ops::Index, sync::Arc};

/// How many items lie side by side: setting one copies as many.
const N_IN_CHUNK: usize = 64;

/// A list. Cloned in constant time; the first change after that costs a chunk, and a pointer for every other.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Chunks<T> {
    /// All but the last are full.
    chunks: Arc<Vec<Arc<Vec<T>>>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { chunks: Arc::default() }
    }
}

impl<T> Chunks<T> {
    pub(super) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * N_IN_CHUNK + last.len())
    }

    /// Returns whether both are the same list, without looking into them.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks)
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / N_IN_CHUNK)?.get(index % N_IN_CHUNK)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        (0..self.len()).map(|index| &self[index])
    }
}

impl<T: Clone> Chunks<T> {
    pub(super) fn set(&mut self, index: usize, item: T) {
        Arc::make_mut(&mut Arc::make_mut(&mut self.chunks)[index / N_IN_CHUNK])[index % N_IN_CHUNK] = item;
    }

    pub(super) fn push(&mut self, item: T) {
        let chunks = Arc::make_mut(&mut self.chunks);
        match chunks.last_mut() {
            Some(last) if last.len() < N_IN_CHUNK => Arc::make_mut(last).push(item),
            _ => chunks.push(Arc::new(vec![item])),
        }
    }
}

impl<T> Index<usize> for Chunks<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.chunks[index / N_IN_CHUNK][index % N_IN_CHUNK]
    }
}

impl<T> FromIterator<T> for Chunks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        let mut chunks = Vec::with_capacity(items.size_hint().0.div_ceil(N_IN_CHUNK));
        loop {
            let chunk: Vec<T> = items.by_ref().take(N_IN_CHUNK).collect();
            if chunk.is_empty() {
                return Self { chunks: Arc::new(chunks) };
            }
            chunks.push(Arc::new(chunk));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chunks_are_a_list_and_a_clone_keeps_what_it_had(
            n_first in 0_usize..200,
            n_pushed in 0_usize..200,
            set in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>()), 0..20),
        ) {
            let mut list: Vec<u32> = (0..n_first as u32).collect();
            let before: Chunks<u32> = list.iter().copied().collect();
            let (mut now, first) = (before.clone(), list.clone());
            for item in 0..n_pushed as u32 {
                list.push(item);
                now.push(item);
            }
            let set = if list.is_empty() { Vec::new() } else { set };
            for (index, item) in set {
                let index = index.index(list.len());
                list[index] = item;
                now.set(index, item);
            }
            prop_assert_eq!(before.iter().copied().collect::<Vec<_>>(), first);
            prop_assert_eq!((now.len(), now.get(list.len())), (list.len(), None));
            prop_assert_eq!(now.iter().copied().collect::<Vec<_>>(), list);
        }
    }
}
