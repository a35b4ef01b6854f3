//! What it takes to open and to scroll large values: the first frame, what is done off the interface thread until all is
//! there, a frame while scrolling, and the memory that the viewer adds to that of the value. Each beside the same value made
//! small, in the same run: a viewer should not mind how large its value is.
//!
//! `cargo bench --bench viewers`. A window of 1280 × 800 points, run and tessellated, no graphics card. Without `--bench`, which
//! cargo passes to a bench and not to a test, the values are small.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on panics")]

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{
    array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use egui::{
    CentralPanel, Context, Event, MouseWheelSource, MouseWheelUnit, Pos2, RawInput, Rect, TouchPhase, pos2, vec2,
};
use pinflow::{
    editor::ValueViewer,
    value::{Table, Value},
};

// The program's own allocator, so that the figures are the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many frames are scrolled.
const N_FRAMES: usize = 200;

/// The rows of a batch of a table.
const BATCH: usize = 1 << 16;

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let scale = if is_bench { 1 } else { 1_000 };
    println!("{:<28} {:>12} {:>14} {:>12} {:>12}", "", "first frame", "work, beside", "scrolling", "memory");
    for (name, value, small) in [
        ("table of 10,000,000 rows", table(10_000_000 / scale), table(100)),
        ("text of 100 MB", text(100_000_000 / scale), text(10_000)),
        ("list of 1,000,000 records", list(1_000_000 / scale), list(100)),
        ("100 MB of bytes", bytes(100_000_000 / scale), bytes(1_000)),
    ] {
        let small = measure(&small());
        let large = measure(&value());
        println!(
            "{name:<28} {:>9.2} ms {:>11.1} ms {:>9.2} ms {:>9.1} MB",
            millis(large.first),
            millis(large.work),
            millis(large.scrolling),
            large.memory as f64 / 1e6
        );
        println!(
            "{:<28} {:>11.1}x {:>14} {:>11.1}x",
            "  of the small one",
            ratio(large.first, small.first),
            "",
            ratio(large.scrolling, small.scrolling)
        );
    }
}

struct Measured {
    first: Duration,
    work: Duration,
    scrolling: Duration,
    memory: u64,
}

fn measure(value: &Value) -> Measured {
    let ctx = Context::default();
    let mut viewer = ValueViewer::default();
    // Fonts are laid out once, whatever is shown.
    frame(
        &ctx,
        &mut ValueViewer::default(),
        &Value::text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123"),
        vec![],
    );
    let before = resident();
    let first = frame(&ctx, &mut viewer, value, Vec::new());
    let mut work = Duration::ZERO;
    loop {
        let begin = Instant::now();
        if !viewer.work(&ctx) {
            break;
        }
        work += begin.elapsed();
        frame(&ctx, &mut viewer, value, Vec::new());
    }
    let memory = resident().saturating_sub(before);
    let mut times: Vec<Duration> = (0..N_FRAMES).map(|_| frame(&ctx, &mut viewer, value, wheel())).collect();
    times.sort_unstable();
    Measured { first, work, scrolling: times[N_FRAMES / 2], memory }
}

fn wheel() -> Vec<Event> {
    let delta = vec2(0.0, -240.0);
    vec![
        Event::PointerMoved(pos2(500.0, 400.0)),
        Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta,
            phase: TouchPhase::Move,
            modifiers: egui::Modifiers::NONE,
            source: MouseWheelSource::Unknown,
        },
    ]
}

/// Shows one frame; returns what it took.
fn frame(ctx: &Context, viewer: &mut ValueViewer, value: &Value, events: Vec<Event>) -> Duration {
    let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0)));
    let input = RawInput { screen_rect, events, ..RawInput::default() };
    let begin = Instant::now();
    let mut output = ctx.run_ui(input, |ui| {
        CentralPanel::default().show(ui, |ui| viewer.ui(ui, value));
    });
    // There is no graphics card to give them to.
    output.textures_delta.clear();
    let primitives = ctx.tessellate(output.shapes, output.pixels_per_point);
    assert!(!primitives.is_empty(), "it shows something");
    begin.elapsed()
}

fn table(n_rows: usize) -> Box<dyn Fn() -> Value> {
    Box::new(move || {
        let fields = [("id", DataType::Int64), ("share", DataType::Float64), ("name", DataType::Utf8)];
        let schema = Arc::new(Schema::new(fields.map(|(name, of)| Field::new(name, of, true)).to_vec()));
        let batch = |from: usize| {
            let rows = from..n_rows.min(from + BATCH);
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from_iter_values(rows.clone().map(usize::cast_signed).map(|row| row as i64))),
                Arc::new(Float64Array::from_iter_values(rows.clone().map(|row| (row % 1_000) as f64 / 7.0))),
                Arc::new(StringArray::from_iter_values(rows.map(|row| format!("name {}", row % 5_000)))),
            ];
            RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
        };
        let batches: Vec<RecordBatch> = (0..n_rows).step_by(BATCH).map(batch).collect();
        Value::Table(Table::new(&schema, &batches).unwrap())
    })
}

fn text(n_bytes: usize) -> Box<dyn Fn() -> Value> {
    Box::new(move || {
        let mut text = String::with_capacity(n_bytes + 80);
        let mut line = 0;
        while text.len() < n_bytes {
            line += 1;
            writeln!(text, "line {line} of a log that somebody has to read to its very end").unwrap();
        }
        Value::text(text)
    })
}

fn list(n_records: usize) -> Box<dyn Fn() -> Value> {
    Box::new(move || {
        let record = |number: usize| {
            let tags = Value::list([Value::text("a tag"), Value::Int(number.cast_signed() as i64)]);
            Value::record([("name", Value::from(format!("Person {number}"))), ("tags", tags)])
        };
        Value::list((0..n_records).map(record))
    })
}

fn bytes(n_bytes: usize) -> Box<dyn Fn() -> Value> {
    Box::new(move || Value::Bytes((0..n_bytes).map(|index| (index % 251) as u8).collect()))
}

/// Returns how many bytes of memory the program holds, where the system says so.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()));
    pages.unwrap_or(0) * 4_096
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
