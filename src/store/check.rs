//! Whether all of a store is whole: the database's pages, what its rows refer to, and every byte that was kept.

use std::{collections::BTreeSet, fmt, path::PathBuf};

use rusqlite::{
    Connection, Row, params, params_from_iter,
    types::{Value as Cell, ValueRef},
};

use super::{
    RunId, Store, StoreError, counted,
    crypt::Place,
    database::{Reader, Shared},
    kept_for::Cells,
    pinned_data,
    runs::{self, Wrong},
    values,
};
use crate::value::Fingerprint;

/// How many lines of what the database says of itself are taken.
const MAX_LINES: i64 = 100;

/// What came of going through a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many runs there are.
    pub n_runs: usize,
    /// How many values are kept.
    pub n_values: usize,
    /// How many bytes the values that are whole have, before they were encrypted.
    pub n_bytes: u64,
    /// How many rows there are besides: records, iterations, workflows, pinned data.
    pub n_rows: usize,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Something that is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The database's file is: what the database says of it.
    Database(String),
    /// Rows refer to others that are not there.
    Dangling {
        /// Their table.
        table: String,
        /// How many.
        n_rows: usize,
    },
    /// A kept value is gone or not what was written.
    Value(String),
    /// So is a row.
    Row(String),
    /// A file that nothing refers to: it takes up room, no more.
    UnknownFile(PathBuf),
}

impl Finding {
    /// Returns whether anything that was kept is lost.
    pub const fn is_damage(&self) -> bool {
        !matches!(self, Self::UnknownFile(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(line) => write!(f, "the database is damaged: {line}"),
            Self::Dangling { table, n_rows: 1 } => write!(f, "a row of {table} refers to one that is not there"),
            Self::Dangling { table, n_rows } => {
                write!(f, "{n_rows} rows of {table} refer to others that are not there")
            }
            Self::Value(why) | Self::Row(why) => f.write_str(why),
            Self::UnknownFile(path) => write!(f, "nothing refers to the file {}", path.display()),
        }
    }
}

/// A finding, and what takes the damage out of the store.
pub(super) struct Bad {
    pub(super) finding: Finding,
    /// A statement, and its parameters.
    pub(super) cure: Option<(&'static str, Vec<Cell>)>,
}

impl Bad {
    const fn without_cure(finding: Finding) -> Self {
        Self { finding, cure: None }
    }
}

impl Store {
    /// Goes through all that is kept and compares it with what was written. Takes as long as reading everything; others may
    /// go on using the store.
    pub fn check(&self) -> Result<Checked, StoreError> {
        self.flush()?;
        let shared = &self.reader().0;
        let connection = super::connection::connect(&shared.database, super::connection::Purpose::Read)?;
        let sqlite = |error| StoreError::sqlite(error, &shared.database);
        // All rows are seen as they stand now; files that are written meanwhile are not looked at.
        let transaction = connection.unchecked_transaction().map_err(sqlite)?;
        let (mut checked, bad) = go_through(&transaction, self.reader())?;
        checked.findings = bad.into_iter().map(|bad| bad.finding).collect();
        if shared.is_alone() {
            let unknown = values::unknown_files(&transaction, &shared.folder.join("blobs")).map_err(sqlite)?;
            checked.findings.extend(unknown.into_iter().map(Finding::UnknownFile));
        }
        Ok(checked)
    }
}

impl Shared {
    /// Returns whether no other program has the store open.
    fn is_alone(&self) -> bool {
        self.living.others_are_gone(&self.instance)
    }
}

/// Returns what the database says is wrong with its own file.
pub(super) fn integrity(connection: &Connection) -> rusqlite::Result<Vec<Finding>> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({MAX_LINES})"))?;
    let mut rows = statement.query(params![])?;
    let mut findings = Vec::new();
    // A page that cannot be read at all ends it.
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let line: String = row.get(0)?;
                findings.extend((line != "ok").then_some(Finding::Database(line)));
            }
            Ok(None) => break,
            Err(error) => {
                findings.push(Finding::Database(error.to_string()));
                return Ok(findings);
            }
        }
    }
    if findings.is_empty() {
        findings.extend(strange_rows(connection)?);
    }
    Ok(findings)
}

/// Returns what the database does not mind and nobody can have written: texts that are none, cells of another type.
fn strange_rows(connection: &Connection) -> rusqlite::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (table, _) in tables(connection)? {
        let columns = columns(connection, &table)?;
        let mut select = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let mut rows = select.query(params![])?;
        let mut n_strange = 0;
        while let Some(row) = rows.next()? {
            n_strange += usize::from(!is_as_declared(row, &columns)?);
        }
        if n_strange > 0 {
            let rows = counted(n_strange, "row");
            findings.push(Finding::Database(format!("{rows} of {table} cannot have been written like that")));
        }
    }
    Ok(findings)
}

/// Returns the tables of a database, and what they were made by.
pub(super) fn tables(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_sequence'")?
        .query_map(params![], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Returns the declared types of a table's columns.
pub(super) fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT type FROM pragma_table_info(?1) ORDER BY cid")?
        .query_map(params![table], |row| row.get(0))?
        .collect()
}

/// Returns whether a row's cells are what their columns are declared to hold.
pub(super) fn is_as_declared(row: &Row<'_>, columns: &[String]) -> rusqlite::Result<bool> {
    for (index, declared) in columns.iter().enumerate() {
        let is_right = match row.get_ref(index)? {
            ValueRef::Null => true,
            ValueRef::Integer(_) => declared != "BLOB" && declared != "TEXT",
            ValueRef::Real(_) => false,
            ValueRef::Text(text) => declared != "INTEGER" && std::str::from_utf8(text).is_ok(),
            // What is sealed are bytes also where a text stood before.
            ValueRef::Blob(_) => declared != "INTEGER",
        };
        if !is_right {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Goes through everything.
pub(super) fn go_through(connection: &Connection, reader: &Reader) -> Result<(Checked, Vec<Bad>), StoreError> {
    let sqlite = |error| reader.sqlite(error);
    let mut of = GoingThrough { connection, reader, checked: Checked::default(), bad: Vec::new() };
    of.bad.extend(integrity(connection).map_err(sqlite)?.into_iter().map(Bad::without_cure));
    if of.bad.is_empty() {
        // Of a database whose pages are wrong, nothing else that is said of it is worth much.
        of.references().map_err(sqlite)?;
        of.values()?;
        of.rows().map_err(sqlite)?;
        of.runs()?;
    }
    Ok((of.checked, of.bad))
}

struct GoingThrough<'a> {
    connection: &'a Connection,
    reader: &'a Reader,
    checked: Checked,
    bad: Vec<Bad>,
}

impl GoingThrough<'_> {
    fn references(&mut self) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare("PRAGMA foreign_key_check")?;
        let tables = statement
            .query_map(params![], |row| row.get::<_, String>(0))?
            .collect::<rusqlite::Result<Vec<String>>>()?;
        for table in tables.iter().collect::<BTreeSet<_>>() {
            let n_rows = tables.iter().filter(|known| *known == table).count();
            self.bad.push(Bad::without_cure(Finding::Dangling { table: table.clone(), n_rows }));
        }
        // Records are numbered by their runs, which the database does not know to be a reference.
        let of_no_run = "FROM node_records WHERE (id >> 32) NOT IN (SELECT number FROM runs)";
        let n_rows: i64 =
            self.connection.query_one(&format!("SELECT count(*) {of_no_run}"), params![], |row| row.get(0))?;
        if n_rows > 0 {
            let finding = Finding::Dangling { table: "node_records".to_owned(), n_rows: n_rows as usize };
            let cure = "DELETE FROM node_records WHERE (id >> 32) NOT IN (SELECT number FROM runs)";
            self.bad.push(Bad { finding, cure: Some((cure, Vec::new())) });
        }
        Ok(())
    }

    fn values(&mut self) -> Result<(), StoreError> {
        let ids: Vec<i64> = self
            .connection
            .prepare("SELECT rowid FROM kept_values")
            .and_then(|mut statement| statement.query_map(params![], |row| row.get(0))?.collect())
            .map_err(|error| self.reader.sqlite(error))?;
        let Shared { database, blobs, .. } = &*self.reader.0;
        for id in ids {
            self.checked.n_values += 1;
            match values::verify(self.connection, database, blobs, id) {
                Ok(n_bytes) => self.checked.n_bytes += n_bytes,
                Err(error @ (StoreError::Lost(_) | StoreError::Damaged { .. } | StoreError::Io { .. })) => {
                    if self.is_swept_or_whole(id)? {
                        continue;
                    }
                    let cure = Some(("DELETE FROM kept_values WHERE rowid = ?1", vec![Cell::Integer(id)]));
                    self.bad.push(Bad { finding: Finding::Value(error.to_string()), cure });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Looks again at a value that is wrong: another program may have swept it since, row first, or written it again.
    fn is_swept_or_whole(&self, id: i64) -> Result<bool, StoreError> {
        let Shared { database, blobs, .. } = &*self.reader.0;
        self.reader.with_connection(|connection| match values::verify(connection, database, blobs, id) {
            Ok(_) | Err(StoreError::Sqlite { source: rusqlite::Error::QueryReturnedNoRows, .. }) => Ok(true),
            Err(StoreError::Lost(_) | StoreError::Damaged { .. } | StoreError::Io { .. }) => Ok(false),
            Err(error) => Err(error),
        })
    }

    /// Goes through the rows that are sealed, each in its place.
    fn rows(&mut self) -> rusqlite::Result<()> {
        let crypt = self.reader.crypt().clone();
        self.each(
            "SELECT loop, idx, run, bytes FROM iterations",
            |row| {
                let place = Place::Iteration(int(row, 0)?, int(row, 1)?, int(row, 2)?);
                crypt.open(place, row.get_ref(3)?.as_blob()?).map_or_else(bad, |_| GOOD)
            },
            |row| {
                let what = format!("iteration {} of a loop of run number {}", int(row, 1)?, int(row, 2)?);
                Ok((vec![row.get(0)?, row.get(1)?, row.get(2)?], what))
            },
            "DELETE FROM iterations WHERE loop = ?1 AND idx = ?2 AND run = ?3",
        )?;
        self.each(
            "SELECT loop, run, about FROM loops",
            |row| {
                let place = Place::Loop(int(row, 0)?, int(row, 1)?);
                crypt.open(place, row.get_ref(2)?.as_blob()?).map_or_else(bad, |_| GOOD)
            },
            |row| {
                Ok((vec![row.get(0)?, row.get(1)?], format!("what is noted of a loop of run number {}", int(row, 1)?)))
            },
            "DELETE FROM loops WHERE loop = ?1 AND run = ?2",
        )?;
        self.each(
            "SELECT tenant, workflow_id, node_id, value FROM node_pinned_data",
            |row| {
                let owner: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
                pinned_data::verify(&crypt, (&owner[0], &owner[1], &owner[2]), row.get_ref(3)?.as_blob()?)
                    .map_or_else(bad, |()| GOOD)
            },
            |row| {
                let node: String = row.get(2)?;
                Ok((vec![row.get(0)?, row.get(1)?, row.get(2)?], format!("the pinned data of {node}")))
            },
            "DELETE FROM node_pinned_data WHERE tenant = ?1 AND workflow_id = ?2 AND node_id = ?3",
        )?;
        self.each(
            "SELECT key, ports, sources FROM kept_for",
            |row| {
                let name = Fingerprint::from_bytes(row.get(0)?);
                Cells::open(&crypt, &name, (row.get(1)?, row.get(2)?)).map_or_else(bad, |_| GOOD)
            },
            |row| Ok((vec![row.get(0)?], "results that are kept for a time".to_owned())),
            "DELETE FROM kept_for WHERE key = ?1",
        )?;
        self.each(
            "SELECT workflow, node, config FROM timings",
            |row| {
                let (workflow, node) = (row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_str()?);
                crypt.open(Place::Timing(workflow, node), row.get_ref(2)?.as_blob()?).map_or_else(bad, |_| GOOD)
            },
            |row| {
                let node: String = row.get(1)?;
                Ok((vec![row.get(0)?, row.get(1)?], format!("how long {node} takes")))
            },
            "DELETE FROM timings WHERE workflow = ?1 AND node = ?2",
        )
    }

    /// Looks at each row of a query. `what` gives the parameters of the cure, and what the row is.
    fn each(
        &mut self,
        select: &str,
        mut look: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<String>>,
        what: impl Fn(&Row<'_>) -> rusqlite::Result<(Vec<Cell>, String)>,
        cure: &'static str,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(select)?;
        let mut rows = statement.query(params![])?;
        while let Some(row) = rows.next()? {
            self.checked.n_rows += 1;
            if let Some(why) = look(row)? {
                let (parameters, what) = what(row)?;
                let finding = Finding::Row(format!("{what} cannot be read: {why}"));
                self.bad.push(Bad { finding, cure: Some((cure, parameters)) });
            }
        }
        Ok(())
    }

    /// Reads every run as a person would: its workflow, its records and what it reused.
    fn runs(&mut self) -> Result<(), StoreError> {
        let sqlite = |error| self.reader.sqlite(error);
        let ids: Vec<String> = self
            .connection
            .prepare("SELECT id FROM runs")
            .and_then(|mut statement| statement.query_map(params![], |row| row.get(0))?.collect())
            .map_err(sqlite)?;
        for id in ids {
            self.checked.n_runs += 1;
            let wrong = match id.parse::<RunId>() {
                Ok(run) => runs::verify(self.connection, self.reader, run).map_err(sqlite)?,
                Err(error) => vec![Wrong::Run(format!("the run {id:?} cannot be read: {error}"))],
            };
            self.bad.extend(wrong.into_iter().map(|wrong| {
                let (why, cure, parameter) = match wrong {
                    Wrong::Run(why) => (why, "DELETE FROM runs WHERE id = ?1", Cell::Text(id.clone())),
                    Wrong::Record(record, why) => {
                        (why, "DELETE FROM node_records WHERE id = ?1", Cell::Integer(record))
                    }
                    Wrong::Reused(why) => (why, "UPDATE runs SET reused = NULL WHERE id = ?1", Cell::Text(id.clone())),
                };
                Bad { finding: Finding::Row(why), cure: Some((cure, vec![parameter])) }
            }));
        }
        Ok(())
    }
}

/// A row that is whole.
const GOOD: rusqlite::Result<Option<String>> = Ok(None);

#[expect(clippy::unnecessary_wraps, reason = "it stands where rows are read, which may fail")]
fn bad<E: fmt::Display>(why: E) -> rusqlite::Result<Option<String>> {
    Ok(Some(why.to_string()))
}

fn int(row: &Row<'_>, column: usize) -> rusqlite::Result<i64> {
    row.get(column)
}

/// Takes the damage out of a store; returns how many rows are gone.
pub(super) fn cure(connection: &Connection, bad: &[Bad]) -> rusqlite::Result<usize> {
    let mut n_gone = 0;
    for (statement, parameters) in bad.iter().filter_map(|bad| bad.cure.as_ref()) {
        n_gone += connection.prepare_cached(statement)?.execute(params_from_iter(parameters))?;
    }
    Ok(n_gone)
}
