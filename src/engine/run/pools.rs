//! The two pools.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::nodes::Load;

/// How many nodes may wait at once. Their threads sleep, so they cost little but address space.
const N_WAITING: usize = 256;

/// A pool for nodes that compute and one for nodes that wait, so that neither holds up the other. Each starts when it is
/// first needed.
#[derive(Debug, Default)]
pub(super) struct Pools {
    computing: OnceLock<Option<ThreadPool>>,
    waiting: OnceLock<Option<ThreadPool>>,
}

impl Pools {
    /// Hands work to the pool for its load; does it here if it is quick, or if the system grants no threads.
    pub(super) fn spawn(&self, load: Load, work: impl FnOnce() + Send + 'static) {
        let pool = match load {
            Load::Instant => None,
            Load::Computes => self.computing.get_or_init(|| build("compute", 0)).as_ref(),
            Load::Waits => self.waiting.get_or_init(|| build("wait", N_WAITING)).as_ref(),
        };
        match pool {
            Some(pool) => pool.spawn(work),
            None => work(),
        }
    }
}

/// Returns a pool of named threads, as many as there are cores for 0.
fn build(name: &'static str, n_threads: usize) -> Option<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .thread_name(move |index| format!("pinflow-{name}-{index}"))
        .build()
        .inspect_err(|error| tracing::error!("no threads for the {name} pool: {error}"))
        .ok()
}
