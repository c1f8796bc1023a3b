//! The nearest known name to a mistyped one.

/// The candidate closest to `word` by edit distance, if it is close enough to be worth proposing: at most a third of
/// the longer name's letters differ.
pub fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|name| (distance(word.as_bytes(), name.as_bytes()), name))
        .filter(|(distance, name)| *distance * 3 <= word.len().max(name.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    let mut current = vec![0; right.len() + 1];
    for (row, a) in left.iter().enumerate() {
        current[0] = row + 1;
        for (column, b) in right.iter().enumerate() {
            let replaced = previous[column] + usize::from(a != b);
            current[column + 1] = replaced.min(previous[column + 1] + 1).min(current[column] + 1);
        }
        std::mem::swap(&mut previous, &mut current);
    }
    previous[right.len()]
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn proposes_a_slip_and_not_a_stranger() {
        let names = ["default_backend", "use_backend", "balance"];
        assert_eq!(near("defualt_backend", names), Some("default_backend"));
        assert_eq!(near("balnce", names), Some("balance"));
        assert_eq!(near("zzz", names), None);
    }
}
