//! The example workflows: well-formed, without problems, and giving what they promise.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fs, path::PathBuf, sync::Arc};

use pinflow::{
    engine::{Engine, PlanOptions, RunRequest},
    nodes::{self, Catalogue},
    store::{RunKind, RunRecord, Status},
    value::Value,
    workflow::{self, Edit, NodeId, Workflow},
};
use tiny_http::{Header, Response, Server};

const EXAMPLES: [&str; 5] = ["http_json", "images", "penguins", "plots", "rows"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/examples")
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(format!("{name}.flow.ron"))).unwrap()
}

fn example(name: &str) -> Workflow {
    workflow::parse(&text(name)).unwrap()
}

#[test]
fn every_file_in_the_folder_is_tested_here() {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str().unwrap().strip_suffix(".flow.ron").map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names, EXAMPLES);
}

#[test]
fn examples_have_no_problems() {
    for name in EXAMPLES {
        let problems = nodes::check(&example(name), &Catalogue::standard());
        assert!(problems.is_empty(), "{name}: {problems:?}");
    }
}

#[test]
fn examples_are_written_as_the_program_writes_them() {
    for name in EXAMPLES {
        assert_eq!(workflow::to_text(&example(name)), text(name), "{name}");
    }
}

#[test]
fn examples_have_ids_of_their_own() {
    let mut ids: Vec<String> = EXAMPLES.iter().map(|name| example(name).id().to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), EXAMPLES.len());
}

#[test]
fn the_files_that_examples_read_come_with_them() {
    for name in EXAMPLES {
        for (id, node) in example(name).nodes() {
            if let Some(path) = node.parameters.get("path").and_then(Value::as_text) {
                assert!(folder().join(path).is_file(), "{name}.{id} reads {path}");
            }
        }
    }
}

fn set(workflow: &mut Workflow, node: &'static str, parameter: &'static str, value: Value) {
    workflow.apply(Edit::SetParameter(node.into(), parameter.into(), Some(value))).unwrap();
}

/// Runs an example without a window; every node must execute.
fn run(workflow: Workflow) -> Arc<RunRecord> {
    let request = RunRequest { folder: folder(), ..RunRequest::new(workflow, PlanOptions::of(RunKind::Standard)) };
    let record = Engine::new(Arc::new(Catalogue::standard()), None).run(request, |_| ());
    for node in record.nodes() {
        assert_eq!(node.status, Status::Executed, "{}", node.node);
    }
    record
}

fn output(record: &RunRecord, node: &'static str, port: &'static str) -> Value {
    let results = record.node(&NodeId::from(node)).unwrap().results.clone().unwrap();
    results.load().unwrap().get(&port.into()).unwrap().clone()
}

fn report(record: &RunRecord) -> String {
    output(record, "report", "text").as_text().unwrap().to_owned()
}

#[test]
fn penguins_are_told_of_in_a_report() {
    let mut workflow = example("penguins");
    set(&mut workflow, "slow", "secs", Value::Float(0.0));
    let report = report(&run(workflow));
    for line in [
        "Adélie penguin (Pygoscelis adeliae) on Torgersen: 47 birds, 3709 g, flippers of 191.5 mm",
        "Chinstrap penguin (Pygoscelis antarcticus) on Dream: 68 birds, 3733 g, flippers of 195.8 mm",
        "Gentoo penguin (Pygoscelis papua) on Biscoe: 119 birds, 5092 g, flippers of 217.2 mm",
    ] {
        assert!(report.contains(line), "{report}");
    }
}

#[test]
fn penguins_are_drawn_in_four_ways() {
    let record = run(example("plots"));
    for (node, kind) in [("scatter", "scatter"), ("histogram", "histogram"), ("box", "box"), ("heat", "heat map")] {
        assert_eq!(output(&record, node, "plot").preview(), format!("Plot {kind}"));
    }
    let Value::Image(image) = output(&record, "drawn", "image") else { panic!("no picture") };
    assert_eq!((image.width(), image.height()), (1600, 1000));
    let svg = output(&record, "drawn", "svg");
    assert!(svg.as_text().unwrap().contains("Males are heavier in every species"));
}

#[test]
fn a_picture_made_small_is_compared_with_the_large_one() {
    let record = run(example("images"));
    for (node, width, height) in [("read", 640, 427), ("large", 320, 214), ("small", 64, 43)] {
        let Value::Image(image) = output(&record, node, "image") else { panic!("{node} gives no picture") };
        assert_eq!((image.width(), image.height()), (width, height), "{node}");
    }
    let Value::Float(difference) = output(&record, "compared", "difference") else { panic!("no number") };
    assert!(difference > 0.0 && difference < 0.1, "{difference}");
    assert!(report(&record).contains("% on average"));
}

#[test]
fn each_of_the_heaviest_penguins_gets_a_line_of_its_own() {
    let record = run(example("rows"));
    let about = record.node(&NodeId::from("line")).unwrap().iterations.clone().unwrap().of.about.clone();
    let lines = output(&record, "lines", "items");
    let expected = [(2007, 6300), (2007, 6050), (2008, 6000), (2008, 5950), (2009, 5950), (2009, 6000)]
        .map(|(year, grams)| format!("Gentoo on Biscoe in {year}: {grams} g"));
    assert_eq!(lines, Value::list(expected.clone().map(Value::text)));
    assert_eq!((about.n_finished, about.total, about.is_complete), (6, Some(6), true));
    let report = report(&record);
    for line in ["# The heaviest penguins".to_owned()].iter().chain(&expected) {
        assert!(report.contains(line), "{report}");
    }
}

#[test]
fn json_from_a_server_is_told_in_a_report() {
    let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
    let address = format!("http://{}/repos/rust-lang/rust", server.server_addr());
    let answering = std::thread::Builder::new().spawn(move || {
        let request = server.recv().unwrap();
        assert_eq!(request.url(), "/repos/rust-lang/rust");
        let json = r#"{"full_name": "a/b", "description": "A tool", "stargazers_count": 7, "open_issues_count": 2}"#;
        let header = Header::from_bytes("Content-Type", "application/json; charset=utf-8").unwrap();
        request.respond(Response::from_string(json).with_header(header)).unwrap();
    });
    let mut workflow = example("http_json");
    set(&mut workflow, "base_url", "text", Value::text(address));
    let record = run(workflow);
    answering.unwrap().join().unwrap();
    assert_eq!(report(&record), "a/b: A tool\n7 stars, 2 open issues\n");
}
