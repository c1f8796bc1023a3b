//! Cells and the little tables that open over them.

/// Text inside HTML, attributes included.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Thousands are set apart by a class, so that a copied number stays one: `<span class="rls">1</span>000`.
pub fn number(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let sign = if value < 0 { "-" } else { "" };
    let first = digits.len() - (digits.len() - 1) / 3 * 3;
    let mut text = String::from(sign);
    let mut rest = digits.as_str();
    let mut length = first;
    while rest.len() > length {
        let (head, tail) = rest.split_at(length);
        text.push_str(&head[..head.len() - 1]);
        text.push_str(&format!("<span class=\"rls\">{}</span>", &head[head.len() - 1..]));
        (rest, length) = (tail, 3);
    }
    text.push_str(rest);
    text
}

/// A limit: `-` where there is none.
pub fn limit(value: Option<i64>) -> String {
    match value {
        Some(value) if value > 0 => number(value),
        _ => "-".into(),
    }
}

/// `3s`, `2m5s`, `4h10m`, `3d2h`.
pub fn age(seconds: i64) -> String {
    match seconds {
        s if s < 60 => format!("{s}s"),
        s if s < 3600 => format!("{}m{}s", s / 60, s % 60),
        s if s < 86_400 => format!("{}h{}m", s / 3600, s / 60 % 60),
        s => format!("{}d{}h", s / 86_400, s / 3600 % 24),
    }
}

/// A percentage of nothing is 0.
pub fn percent(part: i64, whole: i64) -> i64 {
    (part * 100).checked_div(whole).unwrap_or(0)
}

/// The table that opens over a cell.
#[derive(Default)]
pub struct Details(String);

impl Details {
    pub fn line(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.0.push_str(&format!("<tr><th>{name}</th><td>{value}</td></tr>"));
        self
    }

    pub fn count(self, name: &str, value: i64) -> Self {
        self.line(name, number(value))
    }

    /// With its share of `whole` behind it.
    pub fn share(mut self, name: &str, value: i64, whole: i64) -> Self {
        let (value, share) = (number(value), percent(value, whole));
        self.0.push_str(&format!("<tr><th>{name}</th><td>{value}</td><td>({share}%)</td></tr>"));
        self
    }

    pub fn time(mut self, name: &str, most: i64, mean: i64) -> Self {
        let (most, mean) = (number(most), number(mean));
        self.0.push_str(&format!("<tr><th>{name}</th><td>{most} / {mean}</td><td>ms</td></tr>"));
        self
    }

    pub fn heading(mut self, text: &str) -> Self {
        self.0.push_str(&format!("<tr><th colspan=3>{text}</th></tr>"));
        self
    }

    /// The cell with this table over it.
    pub fn cell(self, value: &str) -> String {
        format!("<td><u>{value}<div class=tips><table class=det>{}</table></div></u></td>", self.0)
    }

    /// The same without the dotted line.
    pub fn plain_cell(self, value: &str) -> String {
        format!("<td>{value}<div class=tips><table class=det>{}</table></div></td>", self.0)
    }
}

/// A cell with a sentence over it.
pub fn noted(value: &str, note: &str) -> String {
    format!("<td><u>{value}<div class=tips>{note}</div></u></td>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_observed() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1000), "<span class=\"rls\">1</span>000");
        assert_eq!(number(12_345_678), "1<span class=\"rls\">2</span>34<span class=\"rls\">5</span>678");
    }

    #[test]
    fn ages_have_two_parts() {
        assert_eq!([2, 61, 3700, 90_000].map(age), ["2s", "1m1s", "1h1m", "1d1h"]);
    }
}
