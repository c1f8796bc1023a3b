//! The faulty line with a caret underneath, as HAProxy puts it after messages about words and conditions.

/// `\n  LINE\n  ^` with the caret under the 1-based `column` of `line`, whose indentation is not shown. Whatever a
/// terminal would not show as one column becomes a blank or a question mark.
pub fn snippet(line: &[u8], column: usize) -> String {
    let text = line.trim_ascii_start();
    let column = column.saturating_sub(line.len() - text.len()).max(1);
    let shown: String = text.iter().map(|byte| printable(*byte)).collect();
    format!("\n  {shown}\n  {:>column$}", '^')
}

fn printable(byte: u8) -> char {
    match byte {
        b' '..=b'~' => char::from(byte),
        b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => ' ',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_caret_stands_under_the_column() {
        assert_eq!(super::snippet(b"\tdaemon \"a\tb\xff", 9), "\n  daemon \"a b?\n         ^");
    }
}
