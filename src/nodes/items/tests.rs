//! Opening sequences at their start and in their middle.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::nodes::{
    Cacheability,
    testing::{Trial, around},
};

fn never() -> Stop {
    Arc::new(|| false)
}

/// Says stop from the asking number `n_asked` on.
fn stop_after(n_asked: usize) -> Stop {
    let asked = AtomicUsize::new(0);
    Arc::new(move || asked.fetch_add(1, Ordering::Relaxed) >= n_asked)
}

fn all(value: &Value, from: Option<&Value>, folder: &Path) -> Vec<Item> {
    open(value, from, around(folder), never()).unwrap().collect::<Result<_, _>>().unwrap()
}

fn values(items: &[Item]) -> Vec<Value> {
    items.iter().map(|item| item.value.clone()).collect()
}

/// Checks that a sequence opened behind any of its items gives what comes after that one.
fn check_goes_on(value: &Value, folder: &Path) {
    let items = all(value, None, folder);
    for (index, item) in items.iter().enumerate() {
        assert!(item.next.is_plain(), "{:?}", item.next);
        assert_eq!(all(value, Some(&item.next), folder), items[index + 1..], "behind item {index}");
    }
}

fn open_error(value: &Value, from: Option<&Value>) -> String {
    open(value, from, around(Path::new("/nowhere")), never()).unwrap_err().to_string()
}

/// A folder with a file, and the stream that Read Lines gives of it.
fn lines_of(content: &[u8]) -> (TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), content).unwrap();
    let stream = Trial::of("read_lines").set("path", "a.txt").in_folder(folder.path()).output("lines");
    (folder, stream)
}

fn lines_error(folder: &TempDir, stream: &Value) -> String {
    match open(stream, None, around(folder.path()), never()) {
        Ok(items) => items.collect::<Result<Vec<_>, _>>().unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_list_gives_its_items() {
    let list = Value::list([Value::Int(1), Value::text("x"), Value::Null]);
    assert_eq!(open(&list, None, around(Path::new("")), never()).unwrap().total, Some(3));
    assert_eq!(values(&all(&list, None, Path::new(""))), [Value::Int(1), Value::text("x"), Value::Null]);
    check_goes_on(&list, Path::new(""));
    assert_eq!(all(&Value::list([]), None, Path::new("")), []);
    assert_eq!(all(&list, Some(&Value::Int(99)), Path::new("")), []);
}

#[test]
fn a_table_gives_its_rows_as_records() {
    let names: [Arc<str>; 2] = ["a".into(), "b".into()];
    let rows: Vec<Vec<Value>> = (0..5).map(|row| vec![Value::Int(row), Value::text(row.to_string())]).collect();
    let table = Value::Table(Table::from_rows(&names, &rows));
    assert_eq!(open(&table, Some(&Value::Int(4)), around(Path::new("")), never()).unwrap().total, Some(5));
    let items = all(&table, None, Path::new(""));
    assert_eq!(items.len(), 5);
    assert_eq!(items[3].value, Value::record([("a", Value::Int(3)), ("b", Value::text("3"))]));
    check_goes_on(&table, Path::new(""));
}

#[test]
fn what_is_no_sequence_is_refused_saying_what_is() {
    let record = Value::record([("a", Value::Int(1))]);
    assert_eq!(
        open_error(&record, None),
        "For Each takes a list, a table or a stream, not Record {a}: connect one of its fields, or make a list of it"
    );
    assert_eq!(open_error(&Value::text("abc"), None), "For Each takes a list, a table or a stream, not Text \"abc\"");
    assert_eq!(open_error(&Value::stream::<&str>([]), None), "this program cannot read a stream of nothing it names");
    let error = open_error(&Value::list([]), Some(&Value::text("somewhere")));
    assert!(error.contains("cannot go on from Text \"somewhere\""), "{error}");
    assert!(open_error(&Value::list([]), Some(&Value::Int(-1))).contains("cannot go on from Int -1"));
}

#[test]
fn a_stop_comes_before_the_next_item_and_ends_the_sequence() {
    let list = Value::list((0..9).map(Value::Int));
    let mut items = open(&list, None, around(Path::new("")), stop_after(2)).unwrap();
    assert_eq!(items.next().unwrap().unwrap().value, Value::Int(0));
    assert_eq!(items.next().unwrap().unwrap().value, Value::Int(1));
    assert_eq!(items.next().unwrap(), Err(NodeError::Cancelled));
    assert!(items.next().is_none() && items.next().is_none());
}

#[test]
fn lines_end_in_any_way_and_the_mark_at_the_start_is_none_of_them() {
    let (folder, stream) = lines_of("\u{feff}one\r\ntwo\n\nfour\rfünf\r\r\nlast".as_bytes());
    let lines = values(&all(&stream, None, folder.path()));
    assert_eq!(lines, ["one", "two", "", "four", "fünf", "", "last"].map(Value::text));
    check_goes_on(&stream, folder.path());
    let (folder, empty) = lines_of(b"");
    assert_eq!(all(&empty, None, folder.path()), []);
    let (folder, one) = lines_of(b"\n");
    assert_eq!(values(&all(&one, None, folder.path())), [Value::text("")]);
}

#[test]
fn ends_and_letters_may_lie_across_the_parts_that_are_read() {
    // The parts are 64 KiB.
    for length in (64 << 10) - 3..(64 << 10) + 2 {
        let content = format!("{}ü\r\nnext\r", "x".repeat(length));
        let (folder, stream) = lines_of(content.as_bytes());
        let lines = values(&all(&stream, None, folder.path()));
        assert_eq!(lines, [Value::from(format!("{}ü", "x".repeat(length))), Value::text("next")]);
    }
}

#[test]
fn a_line_that_is_not_utf_8_is_named_with_its_byte() {
    let (folder, stream) = lines_of(b"good\nb\xFFd\nmore");
    let mut items = open(&stream, None, around(folder.path()), never()).unwrap();
    assert_eq!(items.next().unwrap().unwrap().value, Value::text("good"));
    let error = items.next().unwrap().unwrap_err().to_string();
    assert!(error.contains("line 2 is not UTF-8 text at its byte 2 (byte 7 of the file)"), "{error}");
    assert!(items.next().is_none());
    let (folder, utf_16) = lines_of(&[0xFF, 0xFE, b'a', 0]);
    assert!(lines_error(&folder, &utf_16).contains("UTF-16"));
}

#[test]
fn a_file_that_has_changed_is_refused() {
    let (folder, stream) = lines_of(b"one\ntwo\n");
    let path = folder.path().join("a.txt");
    let second = all(&stream, None, folder.path())[0].next.clone();
    fs::write(&path, b"one\ntwo\nthree\n").unwrap();
    let error = lines_error(&folder, &stream);
    assert!(error.contains("has changed") && error.contains("it had 8 bytes and has 14"), "{error}");
    assert!(open(&stream, Some(&second), around(folder.path()), never()).is_err());
    fs::write(&path, b"one\nTWO\n").unwrap();
    let later = fs::metadata(&path).unwrap().modified().unwrap() + std::time::Duration::from_secs(5);
    fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    assert!(lines_error(&folder, &stream).contains("written again"));
    fs::remove_file(&path).unwrap();
    assert!(lines_error(&folder, &stream).contains("cannot read the file"));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused_at_its_end() {
    let (folder, stream) = lines_of(b"one\ntwo\n");
    let mut items = open(&stream, None, around(folder.path()), never()).unwrap();
    assert!(items.next().unwrap().is_ok() && items.next().unwrap().is_ok());
    fs::File::options().append(true).open(folder.path().join("a.txt")).unwrap().set_len(3).unwrap();
    assert!(items.next().unwrap().unwrap_err().to_string().contains("has changed"));
}

#[test]
fn a_stop_is_heard_within_a_long_line() {
    let (folder, stream) = lines_of(&vec![b'x'; 1 << 20]);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let stop: Stop = Arc::new(move || counted.fetch_add(1, Ordering::Relaxed) >= 3);
    let mut items = open(&stream, None, around(folder.path()), stop).unwrap();
    assert_eq!(items.next().unwrap(), Err(NodeError::Cancelled));
    // Before the line, and after each part until it was heard.
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

#[test]
fn a_line_without_an_end_does_not_fill_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    // A hole in the file: its zeros take no room on the disk.
    fs::File::create(folder.path().join("a.txt")).unwrap().set_len(65 << 20).unwrap();
    let stream = Trial::of("read_lines").set("path", "a.txt").in_folder(folder.path()).output("lines");
    assert!(lines_error(&folder, &stream).contains("line 1 is longer than 64 MiB"));
}

#[test]
fn read_lines_describes_the_file_and_notes_it() {
    let (folder, _) = lines_of(b"one\n");
    let trial = Trial::of("read_lines").input("path", "a.txt").in_folder(folder.path());
    let stream = trial.output("lines");
    assert_eq!(stream.preview(), "Stream of lines of a.txt");
    assert_eq!(trial.host.sources()[0].path, folder.path().join("a.txt"));
    assert_eq!(trial.cacheability(), Cacheability::WhileSourceUnchanged);
    assert!(!stream.is_plain());
    let missing = Trial::of("read_lines").set("path", "b.txt").in_folder(folder.path());
    assert!(missing.error().contains("cannot read the file"));
    assert!(missing.host.sources()[0].state.is_none());
    assert!(Trial::of("read_lines").set("path", "").error().contains("no file is named"));
    assert!(Trial::of("read_lines").set("path", ".").in_folder(folder.path()).error().contains("not a file"));
}

#[test]
fn a_place_of_another_sort_is_refused() {
    let (folder, stream) = lines_of(b"one\n");
    for place in [Value::Int(1), Value::record([("byte", Value::Int(-1)), ("line", Value::Int(1))])] {
        let error = open(&stream, Some(&place), around(folder.path()), never()).unwrap_err().to_string();
        assert!(error.contains("cannot go on from"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_cut_into_its_lines(text in "[ab\u{e9}\r\n]{0,40}") {
        let (folder, stream) = lines_of(text.as_bytes());
        let plain = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut expected: Vec<Value> = plain.split('\n').map(Value::text).collect();
        if plain.is_empty() || plain.ends_with('\n') {
            expected.pop();
        }
        prop_assert_eq!(values(&all(&stream, None, folder.path())), expected);
        check_goes_on(&stream, folder.path());
    }
}
