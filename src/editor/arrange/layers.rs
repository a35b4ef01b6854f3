//! Which column each item of a graph stands in: right of all that feed it, and near what it feeds.

/// Returns the column of every item, from 0. Wires that would close a circle are taken the other way round.
pub(super) fn columns(n_items: usize, wires: &[(usize, usize)]) -> Vec<usize> {
    let wires = without_circles(n_items, wires);
    let mut next = vec![Vec::new(); n_items];
    let mut n_before = vec![0_usize; n_items];
    for &(from, to) in &wires {
        next[from].push(to);
        n_before[to] += 1;
    }
    let mut n_waiting = n_before.clone();
    let mut order: Vec<usize> = (0..n_items).filter(|&item| n_before[item] == 0).collect();
    let mut columns = vec![0; n_items];
    let mut at = 0;
    while let Some(&item) = order.get(at) {
        at += 1;
        for &after in &next[item] {
            columns[after] = columns[after].max(columns[item] + 1);
            n_waiting[after] -= 1;
            if n_waiting[after] == 0 {
                order.push(after);
            }
        }
    }
    // What feeds more than it is fed by moves right: its wires get shorter.
    for &item in order.iter().rev() {
        if next[item].len() > n_before[item]
            && let Some(nearest) = next[item].iter().map(|&after| columns[after]).min()
        {
            columns[item] = nearest - 1;
        }
    }
    columns
}

/// Returns the wires with those turned round that lead back to where one comes from.
fn without_circles(n_items: usize, wires: &[(usize, usize)]) -> Vec<(usize, usize)> {
    const UNSEEN: u8 = 0;
    const OPEN: u8 = 1;
    const DONE: u8 = 2;
    let mut next = vec![Vec::new(); n_items];
    for (index, &(from, _)) in wires.iter().enumerate() {
        next[from].push(index);
    }
    let mut state = vec![UNSEEN; n_items];
    let mut turned = wires.to_vec();
    for start in 0..n_items {
        if state[start] != UNSEEN {
            continue;
        }
        state[start] = OPEN;
        let mut path = vec![(start, 0)];
        while let Some((item, tried)) = path.last_mut() {
            let Some(&wire) = next[*item].get(*tried) else {
                state[*item] = DONE;
                path.pop();
                continue;
            };
            *tried += 1;
            let (from, to) = wires[wire];
            match state[to] {
                OPEN => turned[wire] = (to, from),
                UNSEEN => {
                    state[to] = OPEN;
                    path.push((to, 0));
                }
                _ => {}
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_source_stands_just_before_what_it_feeds() {
        // 0 → 1 → 2 ← 3
        assert_eq!(columns(4, &[(0, 1), (1, 2), (3, 2)]), [0, 1, 2, 1]);
    }

    #[test]
    fn a_circle_ends_in_columns_all_the_same() {
        assert_eq!(columns(3, &[(0, 1), (1, 2), (2, 0)]), [0, 1, 2]);
    }

    proptest! {
        #[test]
        fn every_wire_leads_to_the_right(wires in proptest::collection::vec((0_usize..20, 1_usize..20), 0..60)) {
            let wires: Vec<_> =
                wires.into_iter().map(|(from, ahead)| (from, from + ahead)).filter(|wire| wire.1 < 20).collect();
            let columns = columns(20, &wires);
            prop_assert!(wires.iter().all(|&(from, to)| columns[from] < columns[to]));
        }
    }
}
