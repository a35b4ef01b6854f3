//! Results that a node's settings keep for a time: used again for the same config and input data, in any run.
//!
//! A row says which values the results are; the values themselves are kept as all others are.

use std::{borrow::Cow, path::Path, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params, types::Value as Cell};

use super::{
    Kept, KeptPort, Provenance, RunId, Store, StoreError,
    crypt::{Crypt, Place},
    rows::{self, SourceRow},
    runs::{nanos, timestamp},
};
use crate::{
    nodes::Source,
    value::{Fingerprint, FingerprintBuilder},
    workflow::PortId,
};

/// Results found again.
#[derive(Clone, Debug)]
pub struct KeptFor {
    /// The results, read already.
    pub results: Kept,
    /// When they were made.
    pub made: Timestamp,
    /// The run they were made in.
    pub from: RunId,
    /// What the node had read from outside.
    pub sources: Vec<Source>,
}

/// Returns what results are found again by: the config, the data on every input, and the folder that relative paths in
/// the config start from.
pub fn kept_for_key<'a>(
    config: &Fingerprint,
    inputs: impl IntoIterator<Item = (&'a PortId, Fingerprint)>,
    folder: &Path,
) -> Fingerprint {
    let mut builder = FingerprintBuilder::new("kept for");
    builder.fingerprint(config).text(&folder.to_string_lossy());
    for (port, data) in inputs {
        builder.text(port.as_str()).fingerprint(&data);
    }
    builder.finish()
}

/// Returns how old results are, roughly: `less than a minute old`, `3 min old`, `2 days old`.
pub fn age_in_words(made: Timestamp, now: Timestamp) -> String {
    match now.as_second().saturating_sub(made.as_second()) {
        ..60 => "less than a minute old".to_owned(),
        secs @ 60..3600 => format!("{} min old", secs / 60),
        secs @ 3600..86_400 => format!("{} h old", secs / 3600),
        secs @ 86_400..172_800 => format!("{} day old", secs / 86_400),
        secs => format!("{} days old", secs / 86_400),
    }
}

impl Store {
    /// Keeps results under a key, in place of older ones; returns when they are on the disk.
    pub fn keep_for(
        &self,
        key: &Fingerprint,
        results: &Kept,
        sources: &[Source],
        (run, made): (RunId, Timestamp),
        time: Duration,
    ) -> Result<(), StoreError> {
        let ports = text_of(&self.keep_results(results)?)?;
        let sources = text_of(&sources.iter().map(SourceRow::from).collect::<Vec<_>>())?;
        let name = self.crypt().name(key);
        let cells = Cells { key: *key, ports, sources }.seal(self.crypt(), &name);
        let expires = nanos(made).saturating_add(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX));
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO kept_for (key, ports, sources, made, expires, run)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )
                .and_then(|mut statement| {
                    statement.execute(params![name.as_bytes(), cells.0, cells.1, nanos(made), expires, run.to_string()])
                })
                .map_err(|error| self.reader().sqlite(error))?;
            Ok(())
        })
    }

    /// Returns the results kept under a key, unless there are none, they are older than `time`, or their values are gone.
    pub fn kept_for(&self, key: &Fingerprint, time: Duration, now: Timestamp) -> Result<Option<KeptFor>, StoreError> {
        let oldest = nanos(now).saturating_sub(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX));
        let name = self.crypt().name(key);
        let Some(row) = self.reader().read(|connection| find(connection, &name, oldest))? else { return Ok(None) };
        let unreadable = |why: String| StoreError::Unreadable { what: "kept results".to_owned(), why };
        let cells = Cells::open(self.crypt(), &name, (row.ports, row.sources)).map_err(unreadable)?;
        let ports: Vec<KeptPort> = rows::from_text(&cells.ports).map_err(unreadable)?;
        let sources: Vec<SourceRow> = rows::from_text(&cells.sources).map_err(unreadable)?;
        let sources: Result<Vec<Source>, _> = sources.into_iter().map(Source::try_from).collect();
        let from: RunId = row.run.parse().map_err(|error: ulid::DecodeError| unreadable(error.to_string()))?;
        let results = Kept::read_by(ports, Provenance::Run(from), self.reader().clone());
        match results.load() {
            Err(StoreError::Lost(_) | StoreError::Damaged { .. }) => return Ok(None),
            loaded => loaded?,
        };
        Ok(Some(KeptFor {
            results,
            made: timestamp(row.made),
            from,
            sources: sources.map_err(|error| unreadable(error.to_string()))?,
        }))
    }
}

/// Returns the values that kept results are, or why that cannot be read.
pub(super) fn values(connection: &Connection, crypt: &Crypt) -> rusqlite::Result<Result<Vec<Fingerprint>, String>> {
    let mut statement = connection.prepare_cached("SELECT key, ports, sources FROM kept_for")?;
    let mut rows = statement.query(params![])?;
    let mut values = Vec::new();
    while let Some(row) = rows.next()? {
        let name = Fingerprint::from_bytes(row.get(0)?);
        let cells = Cells::open(crypt, &name, (row.get(1)?, row.get(2)?));
        match cells.and_then(|cells| rows::from_text::<Vec<KeptPort>>(&cells.ports)) {
            Ok(ports) => values.extend(ports.into_iter().map(|port| port.fingerprint)),
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(values))
}

/// What a row tells of its results.
pub(super) struct Cells {
    /// What they are found by: in a sealed store the row itself has only its name.
    pub(super) key: Fingerprint,
    ports: String,
    sources: String,
}

impl Cells {
    /// Returns the ports and sources as the database has them: as text, or sealed, the key before the ports.
    pub(super) fn seal(self, crypt: &Crypt, name: &Fingerprint) -> (Cell, Cell) {
        if !crypt.is_sealed() {
            return (Cell::Text(self.ports), Cell::Text(self.sources));
        }
        let ports = [&self.key.as_bytes()[..], self.ports.as_bytes()].concat();
        let seal = |column, content: &[u8]| Cell::Blob(crypt.seal(Place::KeptFor(name, column), content).into_owned());
        (seal("ports", &ports), seal("sources", self.sources.as_bytes()))
    }

    /// Returns what the database has under a name, or what is wrong with it.
    pub(super) fn open(crypt: &Crypt, name: &Fingerprint, cells: (Cell, Cell)) -> Result<Self, String> {
        let open = |column, cell: Cell| match cell {
            Cell::Text(text) if !crypt.is_sealed() => Ok(text.into_bytes()),
            Cell::Blob(bytes) if crypt.is_sealed() => {
                crypt.open(Place::KeptFor(name, column), &bytes).map(Cow::into_owned)
            }
            _ => Err("it is of another form than the store".to_owned()),
        };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|error| error.to_string());
        let (mut ports, sources) = (open("ports", cells.0)?, text(open("sources", cells.1)?)?);
        let key = if crypt.is_sealed() {
            let key = ports.split_first_chunk::<32>().map(|(key, _)| *key).ok_or("it is cut off")?;
            ports.drain(..key.len());
            Fingerprint::from_bytes(key)
        } else {
            *name
        };
        Ok(Self { key, ports: text(ports)?, sources })
    }
}

struct Row {
    ports: Cell,
    sources: Cell,
    made: i64,
    run: String,
}

/// Returns the row of this name that was made at this time or later.
fn find(connection: &Connection, name: &Fingerprint, oldest: i64) -> rusqlite::Result<Option<Row>> {
    connection
        .prepare_cached("SELECT ports, sources, made, run FROM kept_for WHERE key = ?1 AND made > ?2")?
        .query_row(params![name.as_bytes(), oldest], |row| {
            Ok(Row { ports: row.get(0)?, sources: row.get(1)?, made: row.get(2)?, run: row.get(3)? })
        })
        .optional()
}

/// Returns whether there is anything that has expired.
pub(super) fn has_expired(connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM kept_for WHERE expires <= ?1)";
    connection.query_one(sql, params![nanos(now)], |row| row.get(0))
}

/// Removes what has expired.
pub(super) fn sweep(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM kept_for WHERE expires <= ?1", params![nanos(now)])?;
    Ok(())
}

fn text_of<T: serde::Serialize>(structure: &T) -> Result<String, StoreError> {
    rows::to_text(structure).map_err(|why| StoreError::Unwritable { what: "kept results".to_owned(), why })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{nodes::Outputs, store::fixtures::new_store, value::Value};

    const HOUR: Duration = Duration::from_hours(1);

    fn key(text: &str) -> Fingerprint {
        Fingerprint::of_bytes(text.as_bytes())
    }

    fn results(text: &str) -> Kept {
        Kept::in_memory(Arc::new(Outputs::one("out", text)), Provenance::Run(RunId::generate()))
    }

    fn keep(store: &Store, name: &str, text: &str, made: Timestamp) -> RunId {
        let run = RunId::generate();
        let source = Source::probe(Path::new("/nowhere/at/all"));
        store.keep_for(&key(name), &results(text), &[source], (run, made), HOUR).unwrap();
        run
    }

    fn found(store: &Store, name: &str, time: Duration) -> Option<KeptFor> {
        store.kept_for(&key(name), time, Timestamp::now()).unwrap()
    }

    fn n_rows(store: &Store) -> i64 {
        store
            .reader()
            .read(|connection| connection.query_one("SELECT count(*) FROM kept_for", params![], |row| row.get(0)))
            .unwrap()
    }

    #[test]
    fn what_is_kept_is_found_with_its_age_its_run_and_its_sources_after_a_restart() {
        let (folder, store) = new_store();
        let made = Timestamp::now();
        let run = keep(&store, "a", "x", made);
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        let kept = found(&store, "a", HOUR).unwrap();
        assert_eq!((kept.made, kept.from), (made, run));
        assert_eq!(kept.results.loaded().unwrap().get(&"out".into()), Some(&Value::text("x")));
        assert_eq!(kept.sources, [Source::probe(Path::new("/nowhere/at/all"))]);
        assert!(found(&store, "b", HOUR).is_none());
    }

    #[test]
    fn newer_results_take_the_place_of_older_ones() {
        let (_folder, store) = new_store();
        keep(&store, "a", "old", Timestamp::now());
        let run = keep(&store, "a", "new", Timestamp::now());
        assert_eq!(found(&store, "a", HOUR).unwrap().from, run);
        assert_eq!(n_rows(&store), 1);
    }

    #[test]
    fn what_is_too_old_is_not_found_and_swept_when_the_store_opens() {
        let (folder, store) = new_store();
        keep(&store, "old", "x", Timestamp::now() - 2 * HOUR);
        keep(&store, "new", "x", Timestamp::now());
        assert!(found(&store, "old", HOUR).is_none());
        assert!(found(&store, "old", 3 * HOUR).is_some(), "the time asked for counts");
        assert_eq!(n_rows(&store), 2);
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(n_rows(&store), 1);
        assert!(found(&store, "new", HOUR).is_some());
    }

    #[test]
    fn results_whose_values_are_gone_are_not_found() {
        let (_folder, store) = new_store();
        keep(&store, "a", "x", Timestamp::now());
        store.write(|transaction| Ok(transaction.execute("DELETE FROM kept_values", params![]).unwrap())).unwrap();
        assert!(found(&store, "a", HOUR).is_none());
    }

    #[test]
    fn ages_are_rough() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let said = |secs: i64| age_in_words(Timestamp::from_second(1_000_000 - secs).unwrap(), now);
        assert_eq!([-5, 59].map(said), ["less than a minute old", "less than a minute old"]);
        assert_eq!([180, 7300, 90_000, 200_000].map(said), ["3 min old", "2 h old", "1 day old", "2 days old"]);
    }

    #[test]
    fn a_key_is_of_the_config_the_data_on_each_input_and_the_folder() {
        let data_of = key;
        let (one, two) = (PortId::from("in1"), PortId::from("in2"));
        let key = |config: &str, inputs: &[(&PortId, &str)], folder: &str| {
            let inputs = inputs.iter().map(|(port, data)| (*port, data_of(data)));
            kept_for_key(&data_of(config), inputs, Path::new(folder))
        };
        let base = key("c", &[(&one, "x")], "/a");
        assert_eq!(base, key("c", &[(&one, "x")], "/a"));
        for other in [
            key("d", &[(&one, "x")], "/a"),
            key("c", &[(&one, "y")], "/a"),
            key("c", &[(&two, "x")], "/a"),
            key("c", &[], "/a"),
            key("c", &[(&one, "x"), (&two, "x")], "/a"),
            key("c", &[(&one, "x")], "/b"),
        ] {
            assert_ne!(base, other);
        }
    }
}
