//! What holds of everything that is tidy.

use egui::vec2;
use proptest::prelude::*;

use super::*;

fn block(x: f32, y: f32) -> Block {
    Block { position: pos2(x, y), size: vec2(200.0, 96.0), frame: None }
}

fn link(from: usize, to: usize) -> Link {
    Link { from: (from, 48.0), to: (to, 48.0) }
}

fn moved(blocks: &[Block], places: &[Pos2]) -> Vec<Block> {
    blocks.iter().zip(places).map(|(block, place)| Block { position: *place, ..*block }).collect()
}

fn tidied(blocks: &[Block], links: &[Link], parents: &[Option<usize>]) -> Vec<Block> {
    moved(blocks, &tidy(blocks, links, parents))
}

/// A graph of up to 24 blocks of different sizes, wired forwards, some of them in frames, one of these in another.
fn any_graph() -> impl Strategy<Value = (Vec<Block>, Vec<Link>, Vec<Option<usize>>)> {
    let frame = prop_oneof![4 => Just(None), 1 => Just(Some(0_usize)), 1 => Just(Some(1)), 1 => Just(Some(2))];
    let block =
        ((-90_i16..90, -90_i16..90), (10_u8..30, 3_u8..40), frame).prop_map(|((x, y), (width, height), frame)| {
            let position = pos2(f32::from(x) * 11.0, f32::from(y) * 7.0);
            Block { position, size: vec2(f32::from(width) * 10.0, f32::from(height) * 7.0), frame }
        });
    (1_usize..24).prop_flat_map(move |n| {
        let wire = (0..n, 1..n.max(2), 0.0..1.0_f32, 0.0..1.0_f32);
        (proptest::collection::vec(block.clone(), n), proptest::collection::vec(wire, 0..2 * n)).prop_map(
            move |(blocks, wires)| {
                let ends = |(from, ahead, leaves, arrives): (usize, usize, f32, f32)| {
                    let to = from + ahead;
                    (to < blocks.len()).then(|| Link {
                        from: (from, leaves * blocks[from].size.y),
                        to: (to, arrives * blocks[to].size.y),
                    })
                };
                let links = wires.into_iter().filter_map(ends).collect();
                (blocks, links, vec![None, None, Some(1)])
            },
        )
    })
}

/// Returns the frame and all frames it is in.
fn frames_of(block: &Block, parents: &[Option<usize>]) -> Vec<usize> {
    std::iter::successors(block.frame, |&frame| parents[frame]).collect()
}

#[test]
fn a_chain_stands_in_a_row() {
    let blocks = [block(500.0, 300.0), block(0.0, 0.0), block(100.0, 900.0)];
    let after = tidied(&blocks, &[link(0, 1), link(1, 2)], &[]);
    assert!(after.windows(2).all(|pair| pair[0].position.y == pair[1].position.y));
    assert!(after.windows(2).all(|pair| pair[1].rect().left() - pair[0].rect().right() == 80.0));
}

#[test]
fn what_stood_above_stays_above() {
    let blocks = [block(0.0, 500.0), block(0.0, 0.0), block(400.0, 500.0), block(400.0, 0.0), block(800.0, 0.0)];
    let after = tidied(&blocks, &[link(0, 2), link(1, 3), link(2, 4), link(3, 4)], &[]);
    assert!(after[1].position.y < after[0].position.y && after[3].position.y < after[2].position.y);
}

#[test]
fn parts_fill_rows_in_reading_order() {
    let blocks: Vec<Block> =
        (0..30_u8).map(|index| block(f32::from(index % 2), f32::from(index / 2) * 900.0)).collect();
    let after = tidied(&blocks, &[], &[]);
    let bounds = after.iter().map(Block::rect).reduce(Rect::union).unwrap();
    assert!((0.8..3.0).contains(&bounds.aspect_ratio()), "{bounds:?}");
    assert!(after.windows(2).all(|pair| {
        let (one, next) = (pair[0].position, pair[1].position);
        next.y > one.y || (next.y == one.y && next.x > one.x)
    }));
}

#[test]
fn a_new_node_at_the_end_moves_none_of_the_others() {
    let blocks = [block(0.0, 0.0), block(280.0, 0.0), block(560.0, 0.0)];
    let mut after = tidied(&blocks, &[link(0, 1), link(1, 2)], &[]);
    after.push(block(999.0, 123.0));
    let again = tidied(&after, &[link(0, 1), link(1, 2), link(2, 3)], &[]);
    assert_eq!(again[..3], after[..3]);
}

#[test]
fn a_large_graph_is_laid_out_without_overlaps() {
    let n = 3000;
    let blocks: Vec<Block> =
        (0..n).map(|index| block((index * 37 % 5000) as f32, (index * 91 % 7000) as f32)).collect();
    let links: Vec<Link> = (30..n).flat_map(|to| [link(to - 30, to), link(to - 30 - to % 30, to)]).collect();
    let after = tidied(&blocks, &links, &[]);
    let mut seen: Vec<(i64, i64)> =
        after.iter().map(|block| (block.position.x as i64, block.position.y as i64)).collect();
    seen.sort_unstable();
    assert!(seen.windows(2).all(|pair| pair[0].0 != pair[1].0 || pair[1].1 - pair[0].1 >= 96));
    assert_eq!(tidied(&after, &links, &[]), after);
}

proptest! {
    #[test]
    fn tidying_twice_changes_nothing((blocks, links, parents) in any_graph()) {
        let after = tidied(&blocks, &links, &parents);
        prop_assert_eq!(tidied(&after, &links, &parents), after);
    }

    #[test]
    fn no_two_blocks_overlap_and_all_stand_on_the_grid((blocks, links, parents) in any_graph()) {
        let after = tidied(&blocks, &links, &parents);
        for (index, one) in after.iter().enumerate() {
            prop_assert!(one.position.x % STEP == 0.0 && one.position.y % STEP == 0.0);
            for other in &after[index + 1..] {
                prop_assert!(!one.rect().expand(STEP).intersects(other.rect()), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_frame_holds_its_own_and_nothing_else((blocks, links, parents) in any_graph()) {
        let after = tidied(&blocks, &links, &parents);
        for frame in 0..parents.len() {
            let is_in = |block: &&Block| frames_of(block, &parents).contains(&frame);
            let Some(bounds) = after.iter().filter(is_in).map(Block::rect).reduce(Rect::union) else { continue };
            let framed = frame_round(bounds);
            for other in after.iter().filter(|block| !is_in(block)) {
                prop_assert!(!framed.intersects(other.rect()), "{other:?} in {framed:?}");
            }
        }
    }

    #[test]
    fn without_frames_wires_lead_to_the_right((mut blocks, links, _) in any_graph()) {
        for block in &mut blocks {
            block.frame = None;
        }
        let after = tidied(&blocks, &links, &[]);
        prop_assert!(links.iter().all(|link| after[link.from.0].rect().right() < after[link.to.0].rect().left()));
    }
}

/// Returns a graph of columns of five blocks, each fed by one or two of the column before, as `numbers` has it.
fn in_columns(n_columns: usize, numbers: &mut impl FnMut(usize) -> usize) -> (Vec<Block>, Vec<Link>) {
    let n = n_columns * 5;
    let blocks = (0..n).map(|_| block(numbers(2000) as f32, numbers(2000) as f32)).collect();
    let mut links = Vec::new();
    for to in 5..n {
        for _ in 0..=numbers(2) {
            links.push(link(to - to % 5 - 5 + numbers(5), to));
        }
    }
    (blocks, links)
}

#[test]
fn a_new_node_moves_few_of_the_others() {
    let mut seed = 7_u64;
    let mut numbers = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let (mut n_blocks, mut n_near, mut n_pairs, mut n_kept) = (0, 0, 0, 0);
    for _ in 0..40 {
        let (blocks, mut links) = in_columns(6, &mut numbers);
        let mut before = tidied(&blocks, &links, &[]);
        let anchor = numbers(before.len());
        links.push(link(anchor, before.len()));
        before.push(Block { position: before[anchor].position + vec2(280.0, 60.0), ..block(0.0, 0.0) });
        let after = tidied(&before, &links, &[]);
        for one in 0..blocks.len() {
            n_blocks += 1;
            n_near += usize::from(before[one].position.distance(after[one].position) <= 140.0);
            for other in 0..one {
                if before[one].position.x == before[other].position.x {
                    let above = |blocks: &[Block]| blocks[one].position.y < blocks[other].position.y;
                    n_pairs += 1;
                    n_kept += usize::from(above(&before) == above(&after));
                }
            }
        }
    }
    assert!(n_near * 10 >= n_blocks * 9, "{n_near} of {n_blocks} stay near where they were");
    assert!(n_kept * 100 >= n_pairs * 97, "{n_kept} of {n_pairs} pairs keep their order");
}
