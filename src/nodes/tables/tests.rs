//! Tests of work on tables.

use super::*;
use crate::nodes::testing::Trial;

fn penguins() -> Table {
    Table::from_rows(
        &["Species".into(), "body mass".into(), "sex".into(), "id".into()],
        &[
            vec![Value::text("Gentoo"), Value::Int(5000), Value::text("male"), Value::Int(1)],
            vec![Value::text("Adelie"), Value::Int(3750), Value::text("male"), Value::Int(2)],
            vec![Value::text("Adelie"), Value::Int(3800), Value::Null, Value::Int(3)],
            vec![Value::text("Gentoo"), Value::Null, Value::text("female"), Value::Int(4)],
            vec![Value::text("Adelie"), Value::Int(3250), Value::text("female"), Value::Int(5)],
        ],
    )
}

fn on_penguins(kind: &'static str) -> Trial {
    Trial::of(kind).input("table", penguins())
}

fn sql(query: &str) -> Trial {
    Trial::of("sql").input("t1", penguins()).set("query", query)
}

#[test]
fn filter_keeps_the_rows_for_which_the_condition_holds_in_their_order() {
    let filter = |condition: &str| on_penguins("filter").set("condition", condition).csv();
    assert_eq!(
        filter("Species = 'Adelie' AND \"body mass\" > 3500"),
        "Species,body mass,sex,id\nAdelie,3750,male,2\nAdelie,3800,,3\n"
    );
    assert_eq!(filter("sex IS NULL"), "Species,body mass,sex,id\nAdelie,3800,,3\n");
    assert_eq!(filter("id > 99"), "Species,body mass,sex,id\n");
    assert_eq!(on_penguins("filter").set("condition", " ").output("table"), Value::Table(penguins()));
}

#[test]
fn a_bad_condition_says_what_is_wrong_in_one_line() {
    let error = |condition: &str| on_penguins("filter").set("condition", condition).error();
    assert_eq!(error("bodymass > 1"), "there is no column bodymass; there are Species, body mass, sex, id");
    assert_eq!(
        error("species = 'Adelie'"),
        "there is no column species (did you mean Species?); there are Species, body mass, sex, id"
    );
    assert!(error("id >").starts_with("the SQL cannot be read: "), "{}", error("id >"));
    assert!(error("id > 1; DROP TABLE table").starts_with("the SQL cannot be read: "));
    for bad in ["id", "nosuchfunction(id) > 1", "id + sex", "sum(id) > 1", "'x", "id > 1 )"] {
        let message = error(bad);
        assert!(!message.contains('\n') && !message.contains("internal") && message.len() < 600, "{bad}: {message}");
    }
}

#[test]
fn select_names_renames_and_computes() {
    let trial =
        on_penguins("select").lines("columns", &["body mass", "id * 2", "Species AS kind", "upper(sex) AS SEX", ""]);
    assert!(trial.csv().starts_with("body mass,id * 2,kind,SEX\n5000,2,Gentoo,MALE\n3750,4,"), "{}", trial.csv());
    let all = on_penguins("select").lines("columns", &["*", "id + 1 AS next"]);
    assert!(all.csv().starts_with("Species,body mass,sex,id,next\nGentoo,5000,male,1,2\n"));
    assert!(on_penguins("select").lines("columns", &[]).error().contains("no column is named"));
    assert!(on_penguins("select").lines("columns", &["speices"]).error().contains("no column speices"));
}

#[test]
fn sort_puts_empty_cells_last_and_keeps_equal_rows_in_order() {
    let ids = |by: &[&str]| -> Vec<String> {
        let csv = on_penguins("sort").lines("by", by).csv();
        csv.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&["Species"]), ["2", "3", "5", "1", "4"]);
    assert_eq!(ids(&["body mass desc"]), ["1", "3", "2", "5", "4"]);
    assert_eq!(ids(&["Species DESC", "\"body mass\" asc"]), ["1", "4", "5", "2", "3"]);
    assert_eq!(ids(&[]), ["1", "2", "3", "4", "5"]);
    let error = on_penguins("sort").lines("by", &["mass"]).error();
    assert_eq!(error, "there is no column mass; there are Species, body mass, sex, id");
}

#[test]
fn group_gives_a_row_for_each_group_in_the_order_of_first_rows() {
    let trial = on_penguins("group")
        .lines("by", &["Species"])
        .lines("aggregates", &["count(*) AS n", "avg(\"body mass\") AS mean", "max(id)"]);
    assert_eq!(trial.csv(), "Species,n,mean,max(id)\nGentoo,2,5000.0,4\nAdelie,3,3600.0,5\n");
    let all = on_penguins("group").lines("aggregates", &["sum(id) AS total"]);
    assert_eq!(all.csv(), "total\n15\n");
    let distinct = on_penguins("group").lines("by", &["Species", "sex"]).lines("aggregates", &[]);
    assert_eq!(distinct.csv(), "Species,sex\nGentoo,male\nAdelie,male\nAdelie,\nGentoo,female\nAdelie,female\n");
    assert!(on_penguins("group").lines("aggregates", &[]).error().contains("name the columns to group by"));
}

fn names() -> Table {
    Table::from_rows(
        &["species".into(), "common".into(), "id".into()],
        &[
            vec![Value::text("Adelie"), Value::text("Adélie penguin"), Value::Int(70)],
            vec![Value::text("Emperor"), Value::text("Emperor penguin"), Value::Int(71)],
        ],
    )
}

fn joined(how: &str) -> String {
    Trial::of("join")
        .input("left", penguins())
        .input("right", names())
        .lines("on", &["Species = species"])
        .set("how", how)
        .csv()
}

#[test]
fn join_keeps_the_rows_it_is_told_to_in_the_order_of_left() {
    assert_eq!(
        joined("inner"),
        "Species,body mass,sex,id,common,id_right\nAdelie,3750,male,2,Adélie penguin,70\n\
         Adelie,3800,,3,Adélie penguin,70\nAdelie,3250,female,5,Adélie penguin,70\n"
    );
    assert!(joined("left").contains("\nGentoo,5000,male,1,,\nAdelie,3750,"), "{}", joined("left"));
    assert!(joined("right").ends_with("\nEmperor,,,,Emperor penguin,71\n"), "{}", joined("right"));
    assert_eq!(joined("full").lines().count(), 1 + 6);
}

#[test]
fn a_join_on_a_column_that_is_not_there_says_which() {
    let on =
        |lines: &[&str]| Trial::of("join").input("left", penguins()).input("right", names()).lines("on", lines).error();
    assert_eq!(on(&["sex"]), "the right table has no column sex; it has species, common, id");
    assert_eq!(on(&["x = species"]), "the left table has no column x; it has Species, body mass, sex, id");
    assert!(on(&[]).contains("no column is named"));
}

#[test]
fn sql_queries_the_connected_tables_by_their_ports() {
    let trial = Trial::of("sql")
        .input("t1", penguins())
        .input("t2", names())
        .set("query", "SELECT t2.common, COUNT(*) AS n FROM t1 JOIN t2 ON t1.Species = t2.species GROUP BY t2.common");
    assert_eq!(trial.csv(), "common,n\nAdélie penguin,3\n");
    assert_eq!(Trial::of("sql").set("query", "SELECT 1 AS one").csv(), "one\n1\n");
    assert_eq!(sql("SELECT id FROM t1 WHERE id > 100").csv(), "id\n");
}

#[test]
fn columns_of_one_name_in_a_result_are_told_apart() {
    let trial = Trial::of("sql")
        .input("t1", penguins())
        .input("t2", names())
        .set("query", "SELECT t1.id, t2.id FROM t1 JOIN t2 ON t1.Species = t2.species ORDER BY t1.id LIMIT 1");
    assert_eq!(trial.csv(), "id,id_2\n2,70\n");
    assert_eq!(trial.host.logs().len(), 1);
}

#[test]
fn errors_of_a_query_name_the_columns_and_tables_there_are() {
    assert_eq!(sql("SELECT mass FROM t1").error(), "there is no column mass; there are Species, body mass, sex, id");
    assert_eq!(sql("SELECT * FROM t2").error(), "there is no table t2; there are t1");
    assert!(sql("SELEC * FROM t1").error().starts_with("the SQL cannot be read: "));
    assert!(sql("").error().starts_with("there is no query"));
    assert!(
        sql("SELECT 1; SELECT 2").error().contains("single SQL statement"),
        "{}",
        sql("SELECT 1; SELECT 2").error()
    );
    let ambiguous = Trial::of("sql")
        .input("t1", penguins())
        .input("t2", names())
        .set("query", "SELECT id FROM t1 JOIN t2 ON t1.Species = t2.species");
    assert!(ambiguous.error().contains("more than one table has a column id"), "{}", ambiguous.error());
    assert!(sql("SELECT 1 / 0 FROM t1").error().to_lowercase().contains("divide by zero"));
}

#[test]
fn only_queries_are_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out.csv");
    for refused in [
        "CREATE TABLE x AS SELECT 1".to_owned(),
        "DROP TABLE t1".to_owned(),
        "INSERT INTO t1 SELECT * FROM t1".to_owned(),
        "DELETE FROM t1".to_owned(),
        format!("COPY t1 TO '{}' STORED AS CSV", target.display()),
        format!("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '{}'", target.display()),
        "SET datafusion.execution.batch_size = 1".to_owned(),
    ] {
        let error = sql(&refused).error();
        assert!(error.starts_with("only queries are allowed here"), "{refused}: {error}");
    }
    assert!(!target.exists());
    assert!(sql("SELECT * FROM '/etc/passwd'").error().contains("there is no table"));
}

#[test]
fn the_same_table_cut_otherwise_gives_the_same_sum_to_the_last_bit() {
    let column: Vec<f64> = (0..30_000).map(|number| f64::from(number).sin() * 1e10).collect();
    let whole = Table::from_records(
        &column.iter().map(|value| crate::value::Record::from_iter([("x", Value::Float(*value))])).collect::<Vec<_>>(),
    );
    let batch = whole.to_batch().unwrap();
    let cut: Vec<_> = (0..300).map(|part| batch.slice(part * 100, 100)).collect();
    let cut = Table::new(whole.schema(), &cut).unwrap();
    let sum = |table: &Table| {
        Trial::of("sql")
            .input("t1", table.clone())
            .set("query", "SELECT sum(x) AS s, avg(x) AS a FROM t1")
            .output("table")
    };
    assert_eq!(sum(&whole), sum(&cut));
}

#[test]
fn results_of_a_clock_or_of_chance_are_not_kept() {
    assert_eq!(sql("SELECT NOW() AS t").cacheability(), Cacheability::Never);
    assert_eq!(sql("SELECT *, random() AS r FROM t1").cacheability(), Cacheability::Never);
    assert_eq!(sql("SELECT nowhere FROM t1").cacheability(), Cacheability::Always);
    assert_eq!(on_penguins("select").lines("columns", &["uuid() AS id"]).cacheability(), Cacheability::Never);
}

#[test]
fn a_cancelled_query_stops_soon() {
    let numbers = Table::from_records(
        &(0..3000).map(|n| crate::value::Record::from_iter([("n", Value::Int(n))])).collect::<Vec<_>>(),
    );
    let endless = Trial::of("sql")
        .input("t1", numbers)
        .set("query", "SELECT count(*) FROM t1 a, t1 b, t1 c, t1 d WHERE a.n + b.n + c.n + d.n = 7")
        .cancelled_after(1);
    assert_eq!(endless.run().unwrap_err(), NodeError::Cancelled);
}

#[test]
fn brackets_without_end_are_an_error() {
    let deep = format!("SELECT {}1{}", "(".repeat(50_000), ")".repeat(50_000));
    assert!(sql(&deep).error().starts_with("the SQL cannot be read"), "{}", sql(&deep).error());
}
