//! Tests of reading and writing files.

use super::*;
use crate::nodes::testing::Trial;

fn folder_with(name: &str, content: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    folder
}

fn csv(content: &str) -> (tempfile::TempDir, Trial) {
    let folder = folder_with("a.csv", content.as_bytes());
    let trial = Trial::of("read_csv").set("path", "a.csv").in_folder(folder.path());
    (folder, trial)
}

fn table(trial: &Trial) -> Table {
    let Value::Table(table) = trial.output("table") else { panic!("not a table") };
    table
}

fn column_types(table: &Table) -> Vec<String> {
    (0..table.n_columns()).map(|column| table.column_type(column)).collect()
}

#[test]
fn types_are_those_of_the_whole_file() {
    let mut content = "int,float,bool,text,late\n".to_owned();
    for row in 0..20_000 {
        content.extend([format!("{row},{row},true,{row},\n")]);
    }
    content.push_str("NA,0.5,FALSE,x,3.5\n");
    let (_folder, trial) = csv(&content);
    let table = table(&trial);
    assert_eq!(column_types(&table), ["Int", "Float", "Bool", "Text", "Float"]);
    assert_eq!(table.n_rows(), 20_001);
    assert_eq!(table.cell(20_000, 0), Value::Null);
    assert_eq!(table.cell(20_000, 4), Value::Float(3.5));
    assert_eq!(table.cell(19_999, 3), Value::text("19999"));
    assert_eq!(trial.cacheability(), Cacheability::WhileSourceUnchanged);
    assert!(!trial.has_side_effect());
}

#[test]
fn codes_and_long_ids_lose_no_digit() {
    let (_folder, trial) = csv("zip,id,name,n\n01234,12345678901234567890,Nan,NaN\n99999,1,Inf,1\n");
    let table = table(&trial);
    assert_eq!(column_types(&table), ["Text", "Text", "Text", "Float"]);
    assert_eq!(table.cell(0, 1), Value::text("12345678901234567890"));
}

#[test]
fn other_delimiters_empty_texts_and_no_header_are_settings() {
    let folder = folder_with("a.csv", b"\xEF\xBB\xBF1;-\n2;\"b;c\"\n");
    let trial = Trial::of("read_csv")
        .set("path", "a.csv")
        .set("delimiter", ";")
        .set("header", false)
        .lines("null_texts", &["-"])
        .in_folder(folder.path());
    assert_eq!(trial.csv(), "column_1,column_2\n1,\n2,b;c\n");
    let tab = folder_with("a.tsv", b"a\tb\n1\t2\n");
    let trial = Trial::of("read_csv").set("path", "a.tsv").set("delimiter", "tab").in_folder(tab.path());
    assert_eq!(trial.csv(), "a,b\n1,2\n");
    assert!(trial.set("delimiter", "ab").error().contains("one character"));
}

#[test]
fn two_columns_of_one_name_are_told_apart_and_a_warning_says_so() {
    let (_folder, trial) = csv("a,a,\n1,2,3\n");
    assert_eq!(trial.csv(), "a,a_2,column_3\n1,2,3\n");
    assert_eq!(trial.host.logs(), ["a second column is called a: it is a_2 here"]);
}

#[test]
fn a_file_with_only_a_header_is_a_table_without_rows() {
    let (_folder, trial) = csv("a,b\n");
    assert_eq!(trial.csv(), "a,b\n");
}

#[test]
fn what_is_wrong_with_a_csv_file_is_said_with_its_line_and_path() {
    let (_folder, ragged) = csv("a,b\n1,2\n1,2,3\n");
    let error = ragged.error();
    assert!(error.contains("line 3") && error.ends_with("a.csv"), "{error}");
    let (_folder, empty) = csv("");
    assert!(empty.error().contains("the file is empty"), "{}", empty.error());
    let folder = folder_with("a.csv", b"a,b\n1,caf\xE9\n");
    let latin = Trial::of("read_csv").set("path", "a.csv").in_folder(folder.path());
    assert!(latin.error().contains("line 2 is not UTF-8"), "{}", latin.error());
    let folder = folder_with("a.csv", b"\xFF\xFEa\0");
    let wide = Trial::of("read_csv").set("path", "a.csv").in_folder(folder.path());
    assert!(wide.error().contains("UTF-16"), "{}", wide.error());
}

#[test]
fn a_missing_file_is_named_and_noted_as_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let trial = Trial::of("read_csv").set("path", "none.csv").in_folder(folder.path());
    let error = trial.error();
    assert!(error.contains("cannot read the file") && error.ends_with("none.csv"), "{error}");
    assert_eq!(trial.host.sources()[0].path, folder.path().join("none.csv"));
    assert!(Trial::of("read_csv").error().contains("no file is named"));
}

#[test]
fn a_connected_path_is_used_instead_of_the_parameter() {
    let folder = folder_with("b.txt", "ü\n".as_bytes());
    let trial = Trial::of("read_text").set("path", "a.txt").input("path", "b.txt").in_folder(folder.path());
    assert_eq!(trial.output("text"), Value::text("ü\n"));
    assert_eq!(trial.host.sources().len(), 1);
    assert_eq!(trial.host.sources()[0].path, folder.path().join("b.txt"));
}

#[test]
fn json_is_read_or_the_place_of_the_mistake_said() {
    let folder = folder_with("a.json", br#"{"b": [1, 2.5, null]}"#);
    let trial = Trial::of("read_json").set("path", "a.json").in_folder(folder.path());
    let expected = Value::record([("b", Value::list([Value::Int(1), Value::Float(2.5), Value::Null]))]);
    assert_eq!(trial.output("value"), expected);
    fs::write(folder.path().join("a.json"), "{\"b\":\n 1,}").unwrap();
    assert!(trial.error().contains("line 2"), "{}", trial.error());
    fs::write(folder.path().join("a.json"), "[".repeat(100_000)).unwrap();
    assert!(trial.error().contains("this is not JSON"), "{}", trial.error());
}

fn small_table() -> Table {
    Table::from_rows(&["a".into(), "b".into()], &[vec![Value::Int(1), Value::text("x;y")], vec![Value::Int(2)]])
}

#[test]
fn what_is_written_can_be_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let write = Trial::of("write_csv")
        .input("table", small_table())
        .set("path", "new/deep/a.csv")
        .set("delimiter", ";")
        .in_folder(folder.path());
    let path = write.output("path");
    assert_eq!(path, Value::from(folder.path().join("new/deep/a.csv").to_string_lossy().into_owned()));
    assert_eq!(fs::read_to_string(folder.path().join("new/deep/a.csv")).unwrap(), "a;b\n1;\"x;y\"\n2;\n");
    assert!(write.has_side_effect());
    let file = folder.path().join("new/deep/a.csv");
    assert_eq!(write.host.deeds(), [format!("wrote {} (15 bytes)", file.display())]);
    let read = Trial::of("read_csv").input("path", path).set("delimiter", ";");
    assert_eq!(read.output("table"), Value::Table(small_table()));
}

#[test]
fn a_table_without_rows_keeps_its_header_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Table::from_rows(&["a".into(), "b".into()], &[]);
    Trial::of("write_csv").input("table", empty).set("path", "a.csv").in_folder(folder.path()).outputs();
    assert_eq!(fs::read_to_string(folder.path().join("a.csv")).unwrap(), "a,b\n");
}

#[test]
fn json_and_text_are_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let value = Value::record([("b", Value::Int(1)), ("t", Value::Table(small_table()))]);
    let trial = Trial::of("write_json").input("value", value).set("path", "a.json").set("indent", false);
    trial.in_folder(folder.path()).outputs();
    assert_eq!(
        fs::read_to_string(folder.path().join("a.json")).unwrap(),
        "{\"b\":1,\"t\":[{\"a\":1,\"b\":\"x;y\"},{\"a\":2,\"b\":null}]}\n"
    );
    let trial = Trial::of("write_text").input("text", Value::text("ä\n")).set("path", "a.txt");
    trial.in_folder(folder.path()).outputs();
    assert_eq!(fs::read_to_string(folder.path().join("a.txt")).unwrap(), "ä\n");
    let bytes = Value::list([Value::Bytes([1_u8].as_slice().into())]);
    assert!(Trial::of("write_json").input("value", bytes).error().contains("JSON has no form"));
}

#[test]
fn what_cannot_be_written_says_why_and_leaves_the_file_alone() {
    let folder = folder_with("a.txt", b"old");
    let write = |path: &'static str| {
        Trial::of("write_text").input("text", Value::text("new")).set("path", path).in_folder(folder.path())
    };
    fs::create_dir(folder.path().join("folder")).unwrap();
    assert!(write("folder").error().contains("this is a folder"));
    assert!(write("a.txt/b.txt").error().contains("cannot create the folder"), "{}", write("a.txt/b.txt").error());
    let error = write("none/b.txt").set("create_folder", false).error();
    assert!(error.contains("may not create it"), "{error}");
    assert!(!Path::exists(&folder.path().join("none")));
    let mut permissions = fs::metadata(folder.path().join("a.txt")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.path().join("a.txt"), permissions).unwrap();
    assert!(write("a.txt").error().contains("read-only"), "{}", write("a.txt").error());
    assert_eq!(fs::read(folder.path().join("a.txt")).unwrap(), b"old");
    assert!(write("").error().contains("no file is named"));
}

#[test]
fn reading_and_writing_a_table_stops_when_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), format!("a,b\n{}", "1,x\n".repeat(20_000))).unwrap();
    let read =
        |n_times| Trial::of("read_csv").set("path", "a.csv").in_folder(folder.path()).cancelled_after(n_times).run();
    for n_times in 0..8 {
        assert_eq!(read(n_times).unwrap_err(), NodeError::Cancelled, "{n_times}");
    }
    let table = read(1000).unwrap().outputs.get(&"table".into()).unwrap().clone();
    let write = |n_times| {
        let trial = Trial::of("write_csv").input("table", table.clone()).set("path", "b.csv").in_folder(folder.path());
        trial.cancelled_after(n_times).run()
    };
    for n_times in 0..2 {
        assert_eq!(write(n_times).unwrap_err(), NodeError::Cancelled, "{n_times}");
        assert!(!folder.path().join("b.csv").exists(), "nothing is written after the cancel");
    }
    assert!(write(1000).is_ok());
}
