//! The forecast against what can be worked out by hand, and against bounds that no schedule can beat.

use proptest::prelude::*;

use super::*;
use crate::{
    engine::{
        Engine, PlanOptions,
        fixtures::{engine, kind, plan_of, request, workflow},
    },
    nodes::Success,
    session::{Mark, Marks},
    store::RunKind,
    workflow::Workflow,
};

const TWO: Workers = Workers { computing: 2, waiting: 256 };

fn kinds() -> Engine {
    let of = |id: &'static str, load: Load| kind(id, |_| Ok(Success::one("out", 1_i64))).load(load);
    engine([of("work", Load::Computes), of("wait", Load::Waits), of("quick", Load::Instant)])
}

fn plan_of_text(text: &'static str) -> Plan {
    plan_of(&kinds(), &request(&workflow(text)))
}

/// Returns timings of these nodes, in seconds, as they are configured now.
fn timings(plan: &Plan, secs: &[(&'static str, u64)]) -> Timings {
    let noted = |&(node, secs): &(&'static str, u64)| {
        let node = NodeId::from(node);
        let config = plan.get(&node).unwrap().config;
        (node, config, Duration::from_secs(secs), 1)
    };
    Timings::new(secs.iter().map(noted).collect())
}

fn secs(time: Option<Duration>) -> Option<u64> {
    time.map(|time| time.as_secs())
}

fn at_rest(_: &NodeId) -> Progress {
    Progress::Waiting
}

#[test]
fn a_chain_takes_the_sum_of_its_nodes() {
    let plan = plan_of_text("a:work b:wait c:work a>b b>c");
    let forecast = forecast(&plan, &timings(&plan, &[("a", 3), ("b", 4), ("c", 5)]), TWO, at_rest);
    assert_eq!((secs(forecast.total), secs(forecast.left)), (Some(12), Some(12)));
    assert_eq!(forecast.critical, ["a", "b", "c"].map(NodeId::from));
    assert_eq!((forecast.n_executing, forecast.n_unknown, forecast.is_rough), (3, 0, false));
}

#[test]
fn what_computes_shares_the_cores_and_what_waits_does_not() {
    let plan = plan_of_text("a:work b:work c:work d:wait e:wait f:wait");
    let nodes = [("a", 4), ("b", 4), ("c", 4), ("d", 7), ("e", 7), ("f", 7)];
    let forecast = forecast(&plan, &timings(&plan, &nodes), TWO, at_rest);
    // Two of those that compute, then the third; those that wait meanwhile.
    assert_eq!(secs(forecast.total), Some(8));
}

#[test]
fn what_is_settled_or_runs_counts_for_what_is_left_only() {
    let plan = plan_of_text("a:work b:work c:work a>b b>c");
    let timings = timings(&plan, &[("a", 3), ("b", 10), ("c", 5)]);
    let left = |ran: u64| {
        forecast(&plan, &timings, TWO, |node| match node.as_str() {
            "a" => Progress::Settled,
            "b" => Progress::Running(Duration::from_secs(ran)),
            _ => Progress::Waiting,
        })
    };
    assert_eq!((secs(left(4).total), secs(left(4).left)), (Some(18), Some(11)));
    // One that takes longer than it used to is not about to end this very moment.
    assert_eq!(secs(left(60).left), Some(6));
    let over = forecast(&plan, &timings, TWO, |_| Progress::Settled);
    assert_eq!(secs(over.left), Some(0));
}

#[test]
fn nodes_never_timed_and_timed_with_other_parameters_are_told_apart() {
    let plan = plan_of_text("a:work b:work c:quick");
    let config = Fingerprint::of_bytes(b"another");
    let rough = Timings::new(vec![("a".into(), config, Duration::from_secs(4), 1)]);
    let forecast_of = |timings: &Timings| forecast(&plan, timings, TWO, at_rest);
    assert_eq!(forecast_of(&rough).total_in_words(), "at least 4 s, 1 node never timed");
    assert!(forecast_of(&rough).is_rough);
    assert_eq!(secs(forecast_of(&Timings::default()).total), Some(0), "what is instant needs no timing");
    let two = plan_of_text("a:work b:work");
    assert_eq!(forecast(&two, &Timings::default(), TWO, at_rest).total, None);
}

#[test]
fn a_resumed_run_counts_what_executes_and_records_know_what_was_too_quick_to_note() {
    let engine = kinds();
    let flow: Workflow = workflow("a:work b:work c:work a>b b>c");
    let mut next = request(&flow);
    next.baseline = Arc::new(engine.run(request(&flow), |_| ()).nodes().collect());
    next.options = PlanOptions::of(RunKind::Resumed);
    let plan = plan_of(&engine, &next);
    assert_eq!(forecast(&plan, &Timings::default(), TWO, at_rest).total_in_words(), "nothing to do");
    let mut marks = Marks::default();
    marks.set("b".into(), Mark::Forced);
    next.marks = marks;
    let plan = plan_of(&engine, &next);
    let timings = timings(&plan, &[("a", 100), ("b", 5)]).with_baseline(&next.baseline);
    let forecast = forecast(&plan, &timings, TWO, at_rest);
    assert_eq!((secs(forecast.total), forecast.n_executing, forecast.n_unknown), (Some(5), 2, 0));
}

/// Lays tasks out by looking at every moment at which one ends, without queues or heaps.
fn simulate_by_hand(tasks: &Tasks, workers: Workers) -> Duration {
    let mut end: Vec<Option<Duration>> = vec![None; tasks.list.len()];
    let mut ready_since: Vec<Option<(Duration, usize)>> = vec![None; tasks.list.len()];
    let mut n_ready = 0;
    let mut now = Duration::ZERO;
    let mut freed: Vec<usize> = (0..tasks.list.len()).filter(|&task| tasks.list[task].upstream.is_empty()).collect();
    loop {
        for task in freed.drain(..) {
            ready_since[task] = Some((now, n_ready));
            n_ready += 1;
        }
        for (load, n_workers) in
            [(Load::Instant, 1), (Load::Computes, workers.computing), (Load::Waits, workers.waiting)]
        {
            let mut waiting: Vec<usize> = (0..tasks.list.len())
                .filter(|&task| tasks.list[task].load == load && end[task].is_none() && ready_since[task].is_some())
                .collect();
            waiting.sort_by_key(|&task| ready_since[task]);
            for task in waiting {
                let busy = (0..tasks.list.len())
                    .filter(|&other| tasks.list[other].load == load && end[other].is_some_and(|end| end > now))
                    .count();
                if busy < n_workers {
                    end[task] = Some(now + tasks.list[task].takes);
                }
            }
        }
        let Some(next) = end.iter().flatten().copied().filter(|&end| end > now).min() else { return now };
        now = next;
        let is_over = |task: usize| end[task].is_some_and(|end| end <= now);
        // In the order in which the scheduler sees them end: those that end at once by their place.
        for task in (0..tasks.list.len()).filter(|&task| end[task] == Some(now)) {
            for &below in &tasks.downstream[task] {
                let below = below as usize;
                let all_over = tasks.list[below].upstream.iter().all(|&above| is_over(above as usize));
                let last = tasks.list[below].upstream.iter().filter(|&&above| end[above as usize] == Some(now)).max();
                if all_over && last == Some(&(task as u32)) {
                    freed.push(below);
                }
            }
        }
    }
}

fn any_tasks() -> impl Strategy<Value = Tasks> {
    let node = (0..3_usize, 1..50_u64, proptest::collection::vec(0..1000_usize, 0..4));
    proptest::collection::vec(node, 1..40).prop_map(|nodes| {
        let mut list = Vec::new();
        let mut downstream = vec![Vec::new(); nodes.len()];
        for (index, (load, takes, above)) in nodes.into_iter().enumerate() {
            let mut upstream: Vec<u32> =
                above.into_iter().filter(|_| index > 0).map(|above| (above % index) as u32).collect();
            upstream.sort_unstable();
            upstream.dedup();
            for &above in &upstream {
                downstream[above as usize].push(index as u32);
            }
            list.push(Task {
                index,
                load: [Load::Instant, Load::Computes, Load::Waits][load],
                takes: Duration::from_secs(takes),
                is_known: true,
                is_rough: false,
                progress: Progress::Waiting,
                upstream,
            });
        }
        Tasks { list, downstream }
    })
}

proptest! {
    #[test]
    fn no_schedule_beats_the_longest_chain_or_the_work_of_the_cores(tasks in any_tasks(), computing in 1..5_usize) {
        let workers = Workers { computing, waiting: 256 };
        let total = tasks.simulate(workers, |task| Some(task.takes));
        let chain: Duration = tasks.critical().into_iter().map(|task| tasks.list[task].takes).sum();
        let work = |load: Load| -> Duration {
            tasks.list.iter().filter(|task| task.load == load).map(|task| task.takes).sum()
        };
        let all: Duration = tasks.list.iter().map(|task| task.takes).sum();
        prop_assert!(total >= chain);
        prop_assert!(total >= work(Load::Computes) / computing as u32);
        prop_assert!(total >= work(Load::Instant));
        prop_assert!(total <= all);
        prop_assert_eq!(total, simulate_by_hand(&tasks, workers));
    }
}
