use super::*;

fn sizes_of(asked: &[f32], flexible: Option<usize>, total: f32) -> Vec<u32> {
    sizes(asked, flexible, total).into_iter().map(in_points).collect()
}

#[test]
fn panels_keep_their_size_and_the_canvas_takes_what_is_left() {
    assert_eq!(sizes_of(&[210.0, 760.0, 310.0], Some(1), 1280.0), [210, 760, 310]);
    assert_eq!(sizes_of(&[210.0, 760.0, 310.0], Some(1), 3840.0), [210, 3320, 310]);
    assert_eq!(sizes_of(&[760.0, 310.0], Some(0), 1280.0), [970, 310]);
}

#[test]
fn panels_leave_the_canvas_its_part_and_what_is_put_somewhere_gets_room() {
    assert_eq!(sizes_of(&[400.0, 100.0, 400.0], Some(1), 800.0), [240, 320, 240]);
    assert_eq!(sizes_of(&[1.0, 760.0], Some(1), 1000.0), [260, 740]);
    assert_eq!(sizes_of(&[100.0, 300.0], None, 800.0), [200, 600], "without the canvas they share it");
}

#[test]
fn an_arrangement_reads_as_it_was_written() {
    let area = Area::Column(vec![
        (400, Area::Row(vec![(300, Area::Tabs(vec![Pane::Inspector, Pane::Library], 1)), (700, canvas())])),
        (200, Area::Tabs(Tab::ALL.map(Pane::Tab).into(), 2)),
    ]);
    assert_eq!(Layout::of(&area).area(), area);
    let text = ron::to_string(&area).unwrap();
    assert_eq!(ron::from_str::<Area>(&text).unwrap(), area);
}

#[test]
fn panes_of_another_version_are_left_out() {
    let text = r#"Tabs(["Canvas", "Crystal ball", "Log"], 0)"#;
    assert_eq!(ron::from_str::<Area>(text).unwrap(), Area::Tabs(vec![Pane::Canvas, Pane::Tab(Tab::Log)], 0));
}

#[test]
fn panels_get_their_size_back_after_the_window_was_small() {
    let mut layout = Layout::default();
    let before = layout.area();
    for width in [1280.0, 600.0, 1280.0] {
        layout.fit(Vec2::new(width, 700.0), |_| true);
    }
    let Area::Row(parts) = layout.area() else { panic!("it is still a row") };
    let Area::Row(first) = before else { panic!("it was a row") };
    assert_eq!((parts[0].0, parts[2].0), (first[0].0, first[2].0));
}

#[test]
fn what_an_arrangement_lacks_stands_beside_the_results() {
    let area = Area::Row(vec![(700, canvas()), (300, Area::Tabs(vec![Pane::Tab(Tab::Log)], 0))]);
    let Area::Row(parts) = Layout::of(&area).area() else { panic!("it is still a row") };
    let Area::Tabs(panes, 0) = &parts[1].1 else { panic!("they are still tabs") };
    assert_eq!(panes.len(), Pane::all().count() - 1);
    assert_eq!(panes[0], Pane::Tab(Tab::Log));
}

#[test]
fn an_arrangement_that_makes_no_sense_is_the_first_one() {
    let twice = Area::Row(vec![(700, canvas()), (300, canvas())]);
    let without_canvas = Area::Tabs(vec![Pane::Library], 0);
    for area in [twice, without_canvas, Area::Row(Vec::new()), canvas()] {
        assert_eq!(Layout::of(&area).area(), Area::default(), "{area:?}");
    }
}

fn canvas() -> Area {
    Area::Tabs(vec![Pane::Canvas], 0)
}
