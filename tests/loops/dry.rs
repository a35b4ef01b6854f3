//! Dry runs of loops, and what is said of effects inside of them.

use pinflow::store::Effect;

use super::*;

/// Returns a world in which a Repeat hears from a node with an effect whether it goes on.
fn asking() -> World {
    let mut world = World::new(
        &["s integer value=1", "r repeat times=1000", "a add by=3", "w send", "n next"],
        &["s.number > r.state", "r.state > a.in1", "a.out > n.state", "a.out > w.in", "w.goes_on > n.go_on"],
    );
    let mut kinds = catalogue(&world.outside);
    let outside = Arc::clone(&world.outside);
    let send = Kind::new("send", "Send", Family::System, move |ctx| {
        let number = int(ctx.required("in")?);
        outside.executed.lock().unwrap().push((ctx.node().to_string(), number));
        if number >= 100 {
            return Err(NodeError::new("it is full"));
        }
        Ok(Success::one("goes_on", number < 10))
    });
    let send = send.input("in", ValueType::Int, Arity::Required).output("goes_on", ValueType::Bool);
    kinds.register(send.side_effect(|_| true).load(Load::Instant));
    let store = world.engine.store().unwrap().clone();
    world.engine = Engine::new(Arc::new(kinds), Some(store));
    world
}

#[test]
fn a_dry_run_does_not_go_round_where_what_is_held_back_would_end_it() {
    let mut world = asking();
    let mut request = world.request(RunKind::Standard);
    request.options.dry_run = true;
    world.outside.take();
    let dry = world.engine.run(request, |_| ());
    world.baseline.absorb(&dry);
    assert_eq!(world.outside.numbers("w"), Vec::<i64>::new());
    assert_eq!(world.outside.numbers("a"), [1], "nobody knows how often it would go on\n{}", short(&dry));
    let run = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("w"), [4, 7, 10], "{}", short(&run));
    assert_eq!(run.node(&"w".into()).unwrap().effect, Effect::Performed);
}

#[test]
fn an_effect_that_only_failed_is_not_said_to_have_taken_place() {
    let mut world = asking();
    world.set("s", "value", 200_i64);
    let run = world.run(RunKind::Standard);
    assert!(matches!(status(&run, "w"), Status::Failed(_)), "{}", short(&run));
    assert_eq!(run.node(&"w".into()).unwrap().effect, Effect::None);
}
