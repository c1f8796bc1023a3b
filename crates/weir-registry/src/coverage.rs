//! The coverage table: what of a family of keywords works, made from its rows.

use std::fmt::Write;

use crate::Status;

/// One row: its name, its status, what it is for.
pub type Row = (String, Status, &'static str);

/// A family as Markdown: its figures, what is not there yet, what is accepted without effect and why.
pub fn family(title: &str, rows: impl IntoIterator<Item = Row>) -> String {
    let mut rows: Vec<Row> = rows.into_iter().collect();
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    rows.dedup_by(|one, other| one.0 == other.0);
    let count = |wanted: fn(Status) -> bool| rows.iter().filter(|row| wanted(row.1)).count();
    let works = count(|status| status == Status::Works);
    let idle = count(|status| matches!(status, Status::NoEffect(_)));
    let mut out = format!(
        "## {title}\n\n{works} of {} work, {idle} are accepted without effect, {} are refused as not there yet.\n",
        rows.len(),
        rows.len() - works - idle
    );
    let missing: Vec<String> = rows
        .iter()
        .filter(|row| row.1 == Status::NotYet)
        .map(|row| format!("`{}`", row.0.replace('|', "\\|")))
        .collect();
    // Writing to a string cannot fail.
    if !missing.is_empty() {
        let _ = write!(out, "\nNot yet: {}.\n", missing.join(", "));
    }
    if idle > 0 {
        out.push_str("\n| accepted without effect | because |\n| --- | --- |\n");
    }
    for (name, status, _) in &rows {
        if let Status::NoEffect(reason) = status {
            let _ = writeln!(out, "| `{}` | {reason} |", name.replace('|', "\\|"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::family;
    use crate::Status;

    #[test]
    fn counts_and_names() {
        let rows = [
            ("b".to_owned(), Status::NotYet, ""),
            ("a".to_owned(), Status::Works, ""),
            ("c".to_owned(), Status::NoEffect("nothing to tune"), ""),
        ];
        let text = family("Letters", rows);
        assert!(text.contains("1 of 3 work, 1 are accepted without effect, 1 are refused"), "{text}");
        assert!(text.contains("Not yet: `b`."), "{text}");
        assert!(text.contains("| `c` | nothing to tune |"), "{text}");
    }
}
