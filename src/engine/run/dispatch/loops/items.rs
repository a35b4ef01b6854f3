//! Where the items of a loop come from.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    engine::run::dispatch::{Dispatcher, Message},
    nodes::{
        Load, NodeError,
        items::{Item, Items},
    },
    value::Value,
};

/// How many items of a stream are read ahead at once, at most.
const AHEAD: usize = 256;

/// For how long a stream is read ahead at once, at most.
const AHEAD_FOR: Duration = Duration::from_millis(5);

/// Where the items of a loop come from.
pub(super) enum ItemSource {
    /// What lies in memory.
    AtHand(Items),
    /// A stream, read on a thread that may wait.
    Stream(Stream),
    /// A Repeat: so many times.
    Times(u64),
    /// The head's pin: once.
    Once,
}

/// A stream and what was read ahead of it.
#[derive(Default)]
pub(super) struct Stream {
    /// `None` while it is being read.
    items: Option<Items>,
    ahead: VecDeque<Item>,
    is_reading: bool,
    end: Option<Result<(), NodeError>>,
}

impl Stream {
    pub(super) fn new(items: Items) -> Self {
        Self { items: Some(items), ..Self::default() }
    }
}

/// What was read of a stream.
pub(in crate::engine::run) struct Fetched {
    pub(in crate::engine::run::dispatch) loop_run: usize,
    items: Items,
    ahead: VecDeque<Item>,
    end: Option<Result<(), NodeError>>,
}

/// What comes next.
pub(super) enum Next {
    Item(Item),
    End,
    /// It is being read.
    Later,
    Broken(String),
}

impl Dispatcher<'_> {
    /// Returns the next item of a loop. Items that an earlier run has kept are taken from there.
    pub(super) fn next_item(&mut self, number: usize) -> Next {
        let run = self.loops.run(number);
        if let Some(earlier) = &run.earlier
            && run.next_index >= earlier.record.about.n_finished
        {
            return Next::End;
        }
        if let Some(item) = run.kept_item() {
            return item;
        }
        let index = run.next_index;
        let next = match &mut run.items {
            ItemSource::AtHand(items) => next_of(items.next()),
            ItemSource::Times(times) if index < *times && run.goes_on => {
                Next::Item(Item { value: Value::Null, next: Value::Null })
            }
            ItemSource::Once if index == 0 => Next::Item(Item { value: Value::Null, next: Value::Null }),
            ItemSource::Times(_) | ItemSource::Once => Next::End,
            ItemSource::Stream(stream) => match (stream.ahead.pop_front(), &stream.end) {
                (Some(item), _) => Next::Item(item),
                (None, Some(Ok(()))) => Next::End,
                (None, Some(Err(error))) => next_of(Some(Err(error.clone()))),
                (None, None) => Next::Later,
            },
        };
        self.read_ahead(number);
        match next {
            Next::Broken(_) if self.shared.cancel.is_cancelled() => Next::End,
            next => next,
        }
    }

    /// Has a stream read ahead, if little is left of what was.
    fn read_ahead(&mut self, number: usize) {
        let ItemSource::Stream(stream) = &mut self.loops.run(number).items else { return };
        if stream.is_reading || stream.end.is_some() || stream.ahead.len() > AHEAD / 2 {
            return;
        }
        let Some(mut items) = stream.items.take() else { return };
        stream.is_reading = true;
        let sender = self.sender.clone();
        self.engine.pools.spawn(Load::Waits, move || {
            let began = Instant::now();
            let (mut ahead, mut end) = (VecDeque::new(), None);
            while ahead.len() < AHEAD && (ahead.is_empty() || began.elapsed() < AHEAD_FOR) {
                match items.next() {
                    Some(Ok(item)) => ahead.push_back(item),
                    Some(Err(error)) => {
                        end = Some(Err(error));
                        break;
                    }
                    None => {
                        end = Some(Ok(()));
                        break;
                    }
                }
            }
            let fetched = Fetched { loop_run: number, items, ahead, end };
            // Only a dispatcher that is gone does not take it, and then nobody asks.
            sender.send(Message::Fetched(Box::new(fetched))).unwrap_or_default();
        });
    }

    /// Takes in what was read of a stream.
    pub(in crate::engine::run::dispatch) fn fetched(&mut self, fetched: Fetched) {
        let number = fetched.loop_run;
        let Some(run) = self.loops.runs[number].as_mut() else { return };
        if let ItemSource::Stream(stream) = &mut run.items {
            stream.items = Some(fetched.items);
            stream.ahead.extend(fetched.ahead);
            stream.end = fetched.end;
            stream.is_reading = false;
        }
        self.pump(number);
    }

    /// Returns whether a stream is being read: the loop cannot end before that has.
    pub(super) fn stop_of_reads(&self) -> crate::nodes::items::Stop {
        let shared = Arc::clone(&self.shared);
        Arc::new(move || shared.cancel.is_cancelled())
    }
}

fn next_of(item: Option<Result<Item, NodeError>>) -> Next {
    match item {
        Some(Ok(item)) => Next::Item(item),
        Some(Err(NodeError::Cancelled)) => Next::Broken("it was cancelled".to_owned()),
        Some(Err(NodeError::Failed(error))) => Next::Broken(error),
        None => Next::End,
    }
}
