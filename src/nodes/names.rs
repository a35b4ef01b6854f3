//! Names of columns that are unique.

/// Returns the names in order, a repeated one with a number after it, and what was renamed, as `(before, after)`.
pub(super) fn unique_names(names: impl Iterator<Item = String>) -> (Vec<String>, Vec<(String, String)>) {
    let given: Vec<String> = names.collect();
    let mut unique: Vec<String> = Vec::with_capacity(given.len());
    let mut renamed = Vec::new();
    for (at, name) in given.iter().enumerate() {
        if !unique.contains(name) {
            unique.push(name.clone());
            continue;
        }
        let other = (2..=given.len() + 1)
            .map(|number| format!("{name}_{number}"))
            .find(|other| !unique.contains(other) && !given[at..].contains(other))
            .expect("fewer names are taken than there are columns");
        renamed.push((name.clone(), other.clone()));
        unique.push(other);
    }
    (unique, renamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_name_gets_a_number_that_no_other_name_has() {
        let (unique, renamed) = unique_names(["a", "b", "a", "a_2", "a"].map(str::to_owned).into_iter());
        assert_eq!(unique, ["a", "b", "a_3", "a_2", "a_4"]);
        assert_eq!(renamed.len(), 2);
    }
}
