//! What we want, and whether this run reaches it.

use std::time::Duration;

use crate::{
    clock::in_words,
    shapes::{Changed, Shape},
    table::{Row, Table, What, exponent, shared_by_all},
};

/// Times that grow with no higher power of n than this are called constant: half as much more at ten times the nodes is noise.
const CONSTANT: f64 = 0.2;
/// Times that grow with no higher power of n than this are called linear: larger graphs fit the caches less well.
const LINEAR: f64 = 1.25;

/// Prints each target with what was measured.
pub(crate) fn print(table: &Table) {
    println!("\ntargets, of the layered graph if nothing else is said");
    for n_nodes in [10_000, 100_000] {
        for what in [What::FullFirst, What::FullAgain] {
            let row = table.find(Shape::Layered, n_nodes, what);
            let name = format!("{n_nodes}: {}", what.in_words());
            show(&name, "<= 300 ns a node", row.map(|row| at_most(row.nanos_a_node(), 300.0, "ns a node")));
            let to_bound = row.and_then(|row| table.to_bound(row));
            show(&name, "<= 4 x rayon", to_bound.map(|ratio| at_most(ratio, 4.0, "x rayon")));
            let to_peer = row.and_then(|row| table.to_peer(row));
            show(&name, "<= 1.3 x salsa", to_peer.map(|ratio| at_most(ratio, 1.3, "x salsa")));
        }
    }
    let untouched = exponent(&table.of(Shape::Layered, What::Untouched));
    show(&What::Untouched.in_words(), "O(1)", untouched.map(|exponent| at_most(exponent, CONSTANT, "as exponent")));
    for (n_nodes, what, millis) in [
        (10_000, What::Title, 1),
        (10_000, What::OneChanged(Changed::Leaf), 1),
        (10_000, What::Cold, 10),
        (100_000, What::Cold, 100),
        (10_000, What::OneChanged(Changed::Middle), 2),
    ] {
        let row = table.find(Shape::Layered, n_nodes, what);
        show_time(&format!("{n_nodes}: {}", what.in_words()), Duration::from_millis(millis), row);
    }
    for changed in Changed::ALL {
        for row in table.of(Shape::Layered, What::OneChanged(changed)) {
            if (2..=16).contains(&row.n_sharing) {
                let name = format!("{}: {} ({} execute)", row.n_nodes, row.what.in_words(), row.n_sharing);
                show_time(&name, Duration::from_micros(50), Some(row));
            }
        }
    }
    let stored = table.find(Shape::Layered, 100_000, What::Stored);
    let name = format!("100000: {}", What::Stored.in_words());
    show(&name, "<= 10 µs a node", stored.map(|row| at_most(row.nanos_a_node() / 1e3, 10.0, "µs a node")));
    show_growth(table);
}

/// Shows what of the engine's grows fastest in any shape, among what is work on all nodes.
fn show_growth(table: &Table) {
    let kinds = table.kinds();
    let ours = kinds.iter().filter(|rows| rows[0].what.is_ours() && shared_by_all(rows));
    let fastest = ours
        .filter_map(|rows| Some((exponent(rows)?, rows[0])))
        .max_by(|(exponent, _), (other, _)| exponent.total_cmp(other));
    let name = match fastest {
        Some((_, row)) => format!("all shapes, grows fastest: {}: {}", row.shape, row.what.in_words()),
        None => "all shapes: what grows fastest".to_owned(),
    };
    show(&name, "linear", fastest.map(|(exponent, _)| at_most(exponent, LINEAR, "as exponent")));
}

/// What was measured, in words, and whether that is enough.
type Outcome = (String, bool);

fn at_most(measured: f64, wanted: f64, unit: &str) -> Outcome {
    (format!("{measured:.2} {unit}"), measured <= wanted)
}

fn show_time(name: &str, wanted: Duration, row: Option<&Row>) {
    show(
        name,
        &format!("<= {}", in_words(wanted)),
        row.map(|row| (in_words(row.times.median), row.times.median <= wanted)),
    );
}

fn show(name: &str, wanted: &str, outcome: Option<Outcome>) {
    let (measured, verdict) = match outcome {
        Some((measured, true)) => (measured, "reached"),
        Some((measured, false)) => (measured, "NOT reached"),
        None => (String::new(), "not measured in this run"),
    };
    println!("{name:<72}{wanted:<18}{measured:>20}  {verdict}");
}
