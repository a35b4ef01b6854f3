//! What is ready to be written as rows.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::params;

use super::{
    RunId, RunStatus, SessionId,
    crypt::Place,
    history::{self, Counted},
    iterations::{self, IterationRow},
    known::{Known, Statements},
    pinned_data,
    queue::BeginLoop,
    runs::{self, BeginRow, record_id},
    timings::{self, TimingRow},
    values::{self, ValueRow},
};
use crate::workflow::NodeId;

/// Something that is ready to be written as rows.
pub(super) enum Ready {
    Begin(Box<BeginRow>),
    Value(ValueRow),
    Record(RecordRow),
    Timing(Box<TimingRow>),
    Loop(Box<BeginLoop>),
    Iteration(IterationRow),
    Finish(RunId, RunStatus, Duration),
}

/// A node's record, ready to be written.
#[derive(Debug)]
pub(super) struct RecordRow {
    pub(super) session: SessionId,
    pub(super) run: RunId,
    pub(super) node: NodeId,
    pub(super) bytes: Box<[u8]>,
    /// Whether the baseline takes it in.
    pub(super) in_baseline: bool,
    /// What it counts as in the history.
    pub(super) counted: Counted,
}

impl Ready {
    /// Returns the value, if it is one.
    pub(super) const fn as_value(&self) -> Option<&ValueRow> {
        if let Self::Value(row) = self { Some(row) } else { None }
    }

    /// Writes the rows. What is known of the database is kept up; after an error it is to be forgotten.
    pub(super) fn write(
        &self,
        statements: &mut Statements<'_>,
        known: &mut Known,
        instance: &str,
    ) -> rusqlite::Result<()> {
        let connection = statements.connection;
        match self {
            Self::Begin(row) => {
                let session = known.session(connection, row.session())?;
                let number = row.write(connection, statements.crypt, instance, session)?;
                known.run_begins(row, number);
                Ok(())
            }
            Self::Value(row) => row.write(statements, known),
            Self::Record(row) => row.write(statements, known),
            Self::Timing(row) => timings::add(connection, statements.crypt, row),
            Self::Loop(row) => {
                let run = known.run(connection, row.run)?.number;
                iterations::begin(connection, statements.crypt, row, run)
            }
            Self::Iteration(row) => {
                let run = known.run(connection, row.run)?.number;
                if known.is_first_of(row.of, run) {
                    iterations::note_run(connection, row.of, run)?;
                }
                let index = row.index.cast_signed();
                let cell = statements.crypt.seal(Place::Iteration(row.of.0, index, run), &row.bytes);
                statements.iteration.execute(params![row.of.0, index, run, &cell[..]])?;
                Ok(())
            }
            Self::Finish(run, status, took) => {
                let ended = known.run_ends(*run);
                pinned_data::sweep(connection, Timestamp::now())?;
                let all_settled = ended.is_some_and(|(_, all_settled)| all_settled);
                runs::finish(connection, *run, (*status, *took), all_settled)?;
                match ended {
                    Some((counts, _)) => history::write_counts(connection, *run, &counts),
                    None => Ok(()),
                }
            }
        }
    }
}

impl ValueRow {
    /// Notes the value in the database, unless it is known to be there.
    pub(super) fn write(&self, statements: &mut Statements<'_>, known: &mut Known) -> rusqlite::Result<()> {
        if known.is_kept(self) {
            return Ok(());
        }
        values::insert_by(&mut statements.value, statements.crypt, self)?;
        known.note_kept(self);
        Ok(())
    }
}

impl RecordRow {
    /// Writes the record, and that the session's baseline is this one now.
    fn write(&self, statements: &mut Statements<'_>, known: &mut Known) -> rusqlite::Result<()> {
        let run = known.run(statements.connection, self.run)?;
        run.last_place += 1;
        run.settled(&self.node, self.counted);
        let id = record_id(run.number, run.last_place);
        let cell = statements.crypt.seal(Place::Record(id), &self.bytes);
        statements.record.execute(params![id, &cell[..]])?;
        if self.in_baseline {
            run.unsettled.remove(&self.node);
            let session = known.session(statements.connection, self.session)?;
            statements.baseline.execute(params![session, self.node.as_str(), id])?;
        }
        Ok(())
    }
}
