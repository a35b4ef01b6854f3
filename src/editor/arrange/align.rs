//! Lining blocks up, and spreading them with equal gaps.

use egui::{Pos2, Rect, pos2};

use super::Block;

/// What is brought onto one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// The left edges, at the leftmost.
    Left,
    /// The right edges, at the rightmost.
    Right,
    /// The top edges, at the topmost.
    Top,
    /// The bottom edges, at the lowest.
    Bottom,
    /// The middles, in a row: their heights are equal then.
    Row,
    /// The middles, one below the other.
    Column,
}

/// A direction of the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// From left to right.
    Horizontal,
    /// From top to bottom.
    Vertical,
}

/// Returns where blocks stand once they are lined up.
pub(crate) fn align(blocks: &[Block], align: Align) -> Vec<Pos2> {
    let Some(bounds) = blocks.iter().map(Block::rect).reduce(Rect::union) else { return Vec::new() };
    let place = |block: &Block| {
        let (at, size) = (block.position, block.size);
        match align {
            Align::Left => pos2(bounds.left(), at.y),
            Align::Right => pos2(bounds.right() - size.x, at.y),
            Align::Top => pos2(at.x, bounds.top()),
            Align::Bottom => pos2(at.x, bounds.bottom() - size.y),
            Align::Row => pos2(at.x, bounds.center().y - size.y * 0.5),
            Align::Column => pos2(bounds.center().x - size.x * 0.5, at.y),
        }
    };
    blocks.iter().map(place).collect()
}

/// Returns where blocks stand once the gaps between them are equal. The outermost stay; blocks that have no room between
/// them overlap equally.
pub(crate) fn spread(blocks: &[Block], axis: Axis) -> Vec<Pos2> {
    let mut places: Vec<Pos2> = blocks.iter().map(|block| block.position).collect();
    let start = |index: usize| along(blocks[index].position.to_vec2(), axis);
    let length = |index: usize| along(blocks[index].size, axis);
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by(|&a, &b| start(a).total_cmp(&start(b)).then(a.cmp(&b)));
    let (Some(&first), Some(&last)) = (order.first(), order.last()) else { return places };
    let room = start(last) + length(last) - start(first) - order.iter().map(|&index| length(index)).sum::<f32>();
    let gap = room / (order.len() - 1).max(1) as f32;
    let mut at = start(first);
    for &index in &order[..order.len() - 1] {
        match axis {
            Axis::Horizontal => places[index].x = at,
            Axis::Vertical => places[index].y = at,
        }
        at += length(index) + gap;
    }
    places
}

fn along(vec: egui::Vec2, axis: Axis) -> f32 {
    match axis {
        Axis::Horizontal => vec.x,
        Axis::Vertical => vec.y,
    }
}

#[cfg(test)]
mod tests {
    use egui::vec2;
    use proptest::prelude::*;

    use super::*;

    fn any_blocks() -> impl Strategy<Value = Vec<Block>> {
        let block = ((-50_i16..50, -50_i16..50), (1_u8..9, 1_u8..9)).prop_map(|((x, y), (width, height))| Block {
            position: pos2(f32::from(x) * 10.0, f32::from(y) * 10.0),
            size: vec2(f32::from(width) * 10.0, f32::from(height) * 10.0),
            frame: None,
        });
        proptest::collection::vec(block, 1..12)
    }

    fn moved(blocks: &[Block], places: &[Pos2]) -> Vec<Block> {
        blocks.iter().zip(places).map(|(block, place)| Block { position: *place, ..*block }).collect()
    }

    proptest! {
        #[test]
        fn what_is_aligned_lies_on_one_line_within_the_old_bounds(blocks in any_blocks()) {
            let bounds = blocks.iter().map(Block::rect).reduce(Rect::union).unwrap();
            for (how, line) in [
                (Align::Left, (|rect: Rect| rect.left()) as fn(Rect) -> f32),
                (Align::Right, |rect| rect.right()),
                (Align::Top, |rect| rect.top()),
                (Align::Bottom, |rect| rect.bottom()),
                (Align::Row, |rect| rect.center().y),
                (Align::Column, |rect| rect.center().x),
            ] {
                let after = moved(&blocks, &align(&blocks, how));
                prop_assert!(after.iter().all(|block| line(block.rect()) == line(after[0].rect())), "{how:?}");
                prop_assert!(after.iter().all(|block| bounds.expand(0.01).contains_rect(block.rect())));
                prop_assert_eq!(align(&after, how), after.iter().map(|block| block.position).collect::<Vec<_>>());
            }
        }

        #[test]
        fn what_is_spread_has_equal_gaps_and_keeps_its_order(blocks in any_blocks()) {
            let mut after = moved(&blocks, &spread(&blocks, Axis::Horizontal));
            prop_assert!(after.iter().zip(&blocks).all(|(after, before)| after.position.y == before.position.y));
            let mut order: Vec<usize> = (0..blocks.len()).collect();
            order.sort_by(|&a, &b| blocks[a].position.x.total_cmp(&blocks[b].position.x).then(a.cmp(&b)));
            after = order.iter().map(|&index| after[index]).collect();
            let gaps: Vec<f32> =
                after.windows(2).map(|pair| pair[1].rect().left() - pair[0].rect().right()).collect();
            prop_assert!(gaps.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.1), "{gaps:?}");
            prop_assert_eq!(after[0].position, blocks[order[0]].position);
            let last = order.len() - 1;
            prop_assert_eq!(after[last].position, blocks[order[last]].position);
        }
    }
}
