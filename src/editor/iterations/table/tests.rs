use super::*;
use crate::{
    store::{IterationCell, IterationLog, IterationRow, IterationTimes, LoopFailure, LoopPart},
    value::{Fingerprint, Value},
    workflow::PortId,
};

/// A loop of so many iterations with one node. Each took the longer the later it was; every tenth failed, every third was
/// reused. The first half was made by another run.
fn loop_of(n_iterations: u64) -> Arc<LoopRecord> {
    let log = IterationLog::new(LoopId::generate(), None);
    let run = RunId::generate();
    let ports = vec![PortId::from("out")];
    for index in 0..n_iterations {
        let (status, error) = match index {
            index if index % 10 == 0 => (IterationStatus::Failed, Some("it broke\nbadly".to_owned())),
            index if index % 3 == 0 => (IterationStatus::Reused, None),
            _ => (IterationStatus::Executed, None),
        };
        let outputs = error.is_none().then(|| Arc::new(Outputs::one("out", Value::text(format!("gave {index}")))));
        let cell = IterationCell { status, took_nanos: index, outputs, error, inner: None };
        // Two at once, the second of each pair first.
        let times = Some(IterationTimes { from_micros: (index ^ 1).cast_signed() * 1_000, took_micros: 2_000 });
        let row = IterationRow { is_finished: true, times, item: None, next: Value::Null, cells: vec![cell] };
        log.append(None, run, index, &row, &ports);
    }
    let body = Fingerprint::of_bytes(b"");
    let part = |from, to, run| LoopPart { from, to, body, run };
    let failure = |index| LoopFailure { index, node: "work".into(), error: "it broke".to_owned() };
    let about = LoopAbout {
        id: LoopId::generate(),
        head: "each".into(),
        members: vec!["work".into()],
        ports,
        config: body,
        input: None,
        parts: vec![
            part(0, n_iterations / 2, RunId::generate()),
            part(n_iterations / 2, n_iterations, RunId::generate()),
        ],
        total: Some(n_iterations),
        n_finished: n_iterations,
        is_complete: true,
        failures: (0..n_iterations).filter(|index| index % 10 == 0).map(failure).collect(),
    };
    Arc::new(LoopRecord { about, log })
}

/// A table with what it asked for, done at once.
struct Fixture {
    of: Arc<LoopRecord>,
    table: TableState,
    n_asked: usize,
}

impl Fixture {
    fn new(n_iterations: u64) -> Self {
        let of = loop_of(n_iterations);
        let mut table = TableState::default();
        table.look(&of, RunId::generate(), Some(0));
        Self { of, table, n_asked: 0 }
    }

    fn work(&mut self, commands: Vec<Command>) {
        for command in commands {
            let Command::WorkOnIterations(work) = command else { panic!("nothing else is asked for") };
            self.n_asked += 1;
            self.table.take(work.done(None));
        }
    }

    fn rows(&mut self, only: Only, sort: SortBy, descending: bool) -> Vec<u64> {
        self.table.wanted = Wanted { only, sort, descending };
        let mut commands = Vec::new();
        self.table.rows(&self.of, false, &mut commands);
        self.work(commands);
        let order = self.table.rows(&self.of, false, &mut Vec::new());
        (0..order.len()).filter_map(|row| order.at(row)).collect()
    }
}

#[test]
fn rows_are_left_out_and_sorted_and_nothing_is_read_that_is_known() {
    let mut fixture = Fixture::new(20);
    assert_eq!(fixture.rows(Only::All, SortBy::Index, false), (0..20).collect::<Vec<_>>());
    assert_eq!(fixture.rows(Only::All, SortBy::Index, true)[..2], [19, 18]);
    assert_eq!(fixture.rows(Only::Failed, SortBy::Index, true), [10, 0]);
    assert_eq!(fixture.rows(Only::Earlier, SortBy::Index, false), (0..10).collect::<Vec<_>>());
    assert_eq!(fixture.n_asked, 0, "the loop's record says all of this");
    assert_eq!(fixture.rows(Only::Executed, SortBy::Index, false)[..5], [0, 1, 2, 4, 5]);
    assert_eq!(fixture.rows(Only::All, SortBy::Took, true)[..3], [19, 18, 17]);
    assert_eq!(fixture.rows(Only::All, SortBy::Start, false)[..4], [1, 0, 3, 2]);
    assert_eq!(fixture.rows(Only::Earlier, SortBy::Status, false)[6..], [0, 3, 6, 9], "executed, failed, reused");
}

#[test]
fn every_row_is_found_again() {
    let listed = Order::Listed([5, 3, 8].into());
    for (order, n_rows) in [(Order::All(4), 4), (Order::Backwards(4), 4), (listed, 3)] {
        assert_eq!(order.len(), n_rows);
        for row in 0..n_rows {
            assert_eq!(order.row_of(order.at(row).unwrap()), Some(row), "{order:?}");
        }
        assert_eq!((order.at(n_rows), order.row_of(9)), (None, None), "{order:?}");
    }
}

#[test]
fn only_the_lines_in_sight_are_read_and_each_once() {
    let mut fixture = Fixture::new(100_000);
    let mut commands = Vec::new();
    let of = Arc::clone(&fixture.of);
    fixture.table.want_lines(&of, [90_001, 7, 8].into_iter(), None, &mut commands);
    fixture.table.want_lines(&of, [1].into_iter(), None, &mut commands);
    assert_eq!(commands.len(), 1, "one after the other");
    fixture.work(commands);
    assert_eq!(fixture.table.lines.keys().copied().collect::<Vec<_>>(), [7, 8, 90_001]);
    assert_eq!(fixture.table.line(7).unwrap().says, "\"gave 7\"");
    let mut commands = Vec::new();
    fixture.table.want_lines(&of, [7, 20, 200_000].into_iter(), None, &mut commands);
    fixture.work(commands);
    let failed = fixture.table.line(20).unwrap();
    assert_eq!((failed.says.as_str(), failed.failed.as_ref()), ("it broke", Some(&NodeId::from("work"))));
    assert!(fixture.table.line(200_000).unwrap().outcome.is_none(), "it was not made");
}

#[test]
fn another_loop_is_another_table_sorted_alike() {
    let mut fixture = Fixture::new(20);
    fixture.rows(Only::Executed, SortBy::Took, false);
    let other = loop_of(30);
    fixture.table.look(&other, RunId::generate(), Some(0));
    assert_eq!(fixture.table.wanted.only, Only::Executed);
    let mut commands = Vec::new();
    assert_eq!(fixture.table.rows(&other, false, &mut commands).len(), 0, "nothing of the loop before");
    assert_eq!(commands.len(), 1);
    let [Command::WorkOnIterations(work)] = &commands[..] else { panic!("it reads how they went") };
    let Task::Arrange(_, _, cancelled) = &work.task else { panic!("it arranges") };
    let cancelled = Arc::clone(cancelled);
    fixture.table.wanted = Wanted::default();
    fixture.table.rows(&other, false, &mut Vec::new());
    assert!(cancelled.load(Ordering::Relaxed), "what is no longer wanted stops");
}

#[test]
fn a_loop_that_goes_on_grows_and_what_was_read_stands_until_it_has_been_read_again() {
    let run = RunId::generate();
    let all = loop_of(100);
    let so_far = |n_finished| {
        let about = LoopAbout { n_finished, failures: Vec::new(), is_complete: false, ..all.about.clone() };
        Arc::new(LoopRecord { about, log: all.log.clone() })
    };
    let mut fixture = Fixture { of: so_far(10), table: TableState::default(), n_asked: 0 };
    fixture.table.wanted = Wanted { sort: SortBy::Took, ..Wanted::default() };
    fixture.table.look(&fixture.of, run, Some(0));
    assert_eq!(fixture.table.rows(&fixture.of, true, &mut Vec::new()), Order::All(10), "in order while it goes on");
    let mut commands = Vec::new();
    let of = Arc::clone(&fixture.of);
    fixture.table.want_lines(&of, [3, 150].into_iter(), None, &mut commands);
    fixture.work(commands);
    fixture.table.scroll.top = 7.0;
    fixture.of = so_far(60);
    fixture.table.look(&fixture.of, run, Some(0));
    assert_eq!(fixture.table.rows(&fixture.of, true, &mut Vec::new()), Order::All(60));
    assert_eq!(fixture.table.scroll.top, 7.0);
    assert_eq!(fixture.table.line(3).unwrap().says, "\"gave 3\"");
    assert!(fixture.table.line(150).unwrap().outcome.is_none());
    let mut commands = Vec::new();
    fixture.table.want_lines(&fixture.of, [3, 150].into_iter(), None, &mut commands);
    fixture.work(commands);
    assert_eq!(fixture.table.lines.keys().copied().collect::<Vec<_>>(), [3, 150], "both are read again");
    let sorted = fixture.rows(Only::All, SortBy::Took, true);
    assert_eq!((sorted.len(), sorted[0]), (60, 59), "once it has ended");
}

#[test]
fn an_iteration_that_is_made_again_is_shown_as_it_came_out_now() {
    let run = RunId::generate();
    let before = loop_of(20);
    let mut fixture = Fixture { of: Arc::clone(&before), table: TableState::default(), n_asked: 0 };
    let see = |fixture: &mut Fixture, of: &Arc<LoopRecord>| {
        fixture.table.look(of, run, Some(0));
        let mut commands = Vec::new();
        fixture.table.want_lines(of, [10].into_iter(), None, &mut commands);
        fixture.work(commands);
        fixture.table.line(10).and_then(|line| Some(line.outcome.as_ref()?.status))
    };
    assert_eq!(see(&mut fixture, &before), Some(IterationStatus::Failed));
    let cell =
        IterationCell { status: IterationStatus::Executed, took_nanos: 1, outputs: None, error: None, inner: None };
    let row = IterationRow { is_finished: true, times: None, item: None, next: Value::Null, cells: vec![cell] };
    before.log.append(None, run, 10, &row, &before.about.ports);
    // As many iterations as before, and a failure less.
    let failures = before.about.failures[..1].to_vec();
    let now = LoopRecord { about: LoopAbout { failures, ..before.about.clone() }, log: before.log.clone() };
    assert_eq!(see(&mut fixture, &Arc::new(now)), Some(IterationStatus::Executed));
}
