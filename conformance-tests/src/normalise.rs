//! Replaces what must differ between two runs: ports, dates, process ids, unique ids, timers. Everything else stays.

use crate::ports::PortNames;
use regex::{Captures, Regex};
use std::path::Path;

/// The replacements of one run.
pub struct Normaliser {
    names: PortNames,
    dir: String,
    timer_floor_ms: Option<i64>,
    patterns: Patterns,
}

struct Patterns {
    address: Regex,
    port: Regex,
    http_date: Regex,
    age: Regex,
    log_date: Regex,
    syslog_date: Regex,
    iso_date: Regex,
    pid: Regex,
    notice_pid: Regex,
    rfc5424_pid: Regex,
    timers: Regex,
    named_timer: Regex,
    clf: Regex,
    counts: Regex,
    check_duration: Regex,
    entry: Regex,
    table_entry: Regex,
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|e| panic!("pattern {text}: {e}"))
}

impl Normaliser {
    pub fn new(names: PortNames, dir: &Path, timer_floor_ms: Option<i64>) -> Normaliser {
        let patterns = Patterns {
            address: pattern(r"(127\.0\.0\.\d+|::1\]?|localhost):(\d{4,5})\b"),
            port: pattern(r"\b[3-6]\d{4}\b"),
            http_date: pattern(
                r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT",
            ),
            age: pattern(r"\bage: (\d*)\d\b"),
            log_date: pattern(r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2}(\.\d{3}| [+-]\d{4})?"),
            syslog_date: pattern(r"[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}"),
            iso_date: pattern(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?([+-]\d{2}:\d{2}|Z)"),
            pid: pattern(r"\b([a-z]+)\[\d+\]: "),
            notice_pid: pattern(r"^(\[[A-Z]+\] +\()\d+(\) : )"),
            rfc5424_pid: pattern(r" haproxy \d+ "),
            timers: pattern(r" (\+?-?\d+(?:/\+?-?\d+){2,4}) "),
            named_timer: pattern(r#"(\bT[A-Za-z]*=|"ms_[a-z]+":)(-?\d+)"#),
            clf: pattern(r#"(<[a-z0-9]+\.port>) \d+ ("\S+" "\S+" "\S+") (-?\d+ -?\d+ -?\d+ -?\d+ -?\d+) "#),
            counts: pattern(r" \d+/\d+/\d+/\d+/(\+?\d+) "),
            check_duration: pattern(r"check duration: \d+ms"),
            entry: pattern(r"^0x[0-9a-f]+ "),
            table_entry: pattern(r"(?m)^0x[0-9a-f]+: (key=.*) exp=(0|[1-9]\d*)( shard=0)?"),
        };
        Normaliser { names, dir: dir.to_string_lossy().into_owned(), timer_floor_ms, patterns }
    }

    /// For bytes on a connection and CLI replies.
    pub fn text(&self, text: &str) -> String {
        let text = text.replace(&self.dir, "<dir>");
        let text = self.patterns.address.replace_all(&text, |c: &Captures| {
            let port: u16 = c[2].parse().unwrap_or(0);
            let name = self.names.name(port).unwrap_or_else(|| "other".to_string());
            format!("{}:<{name}>", &c[1])
        });
        let text = self.patterns.port.replace_all(&text, |c: &Captures| {
            match c[0].parse().ok().and_then(|port| self.names.name(port)) {
                Some(name) => format!("<{name}.port>"),
                None => c[0].to_string(),
            }
        });
        // What `show map` names an entry by.
        let text = self.patterns.entry.replace(&text, "0x... ");
        let text = self.patterns.http_date.replace_all(&text, "<date>");
        let text = self.patterns.iso_date.replace_all(&text, "<date>");
        let text = self.patterns.age.replace_all(&text, "age: $1<n>");
        // 2.6 knows no shards of a table's entries.
        let entry =
            |c: &Captures| format!("<entry>: {} exp={}", &c[1], if &c[2] == "0" { "0" } else { "<t>" });
        self.patterns.table_entry.replace_all(&text, entry).into_owned()
    }

    /// For a log line: also its dates, process id and timers.
    pub fn log(&self, line: &str) -> String {
        let line = self.text(line);
        let p = &self.patterns;
        let line = p.log_date.replace_all(&line, "<date>");
        let line = p.iso_date.replace_all(&line, "<date>");
        let line = p.syslog_date.replace(&line, "<date>");
        let line = p.pid.replace(&line, "$1[<pid>]: ");
        let line = p.notice_pid.replace(&line, "$1<pid>$2");
        let line = p.rfc5424_pid.replace(&line, " haproxy <pid> ");
        // 3.4 names the error before its text, where 2.6 and 2.8 have the text alone.
        let line = line.replace("ECONNREFUSED returned by OS (Connection refused)", "Connection refused");
        let line = p.check_duration.replace(&line, "check duration: <t>ms");
        let line = p.clf.replace(&line, |c: &Captures| {
            let classes: Vec<String> = c[3].split(' ').map(|t| self.timer(t)).collect();
            format!("{} <ms> {} {} ", &c[1], &c[2], classes.join(" "))
        });
        let line = p.named_timer.replace_all(&line, |c: &Captures| format!("{}{}", &c[1], self.timer(&c[2])));
        let line = p.timers.replace(&line, |c: &Captures| {
            let classes: Vec<String> = c[1].split('/').map(|t| self.timer(t)).collect();
            format!(" {} ", classes.join("/"))
        });
        // Connections of `order` follow one another so closely that the last one may still be counted.
        let line = match line.contains(":<order>") {
            true => p.counts.replace(&line, " n/n/n/n/$1 ").into_owned(),
            false => line.into_owned(),
        };
        line.trim_end_matches(['\n', '\0']).to_string()
    }

    /// The class of one timer: `-1` stays, `t` is any other, `t>=N` is one above the scenario's floor.
    fn timer(&self, text: &str) -> String {
        let (plus, digits) = match text.strip_prefix('+') {
            Some(digits) => ("+", digits),
            None => ("", text),
        };
        match (digits.parse::<i64>(), self.timer_floor_ms) {
            (Ok(-1), _) => format!("{plus}-1"),
            (Ok(value), Some(floor)) if value >= floor => format!("{plus}t>={floor}"),
            _ => format!("{plus}t"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normaliser(floor: Option<i64>) -> Normaliser {
        let names = PortNames::default();
        names.insert(40001, "c1");
        Normaliser::new(names, Path::new("/tmp/run1"), floor)
    }

    #[test]
    fn a_log_line_keeps_all_but_ports_dates_and_timers() {
        let line = "<134>Nov  2 03:04:05 haproxy[77]: 127.0.0.1:40001 [02/Nov/2026:03:04:05.678] fe be/s1 \
                    0/0/1/250/251 200 97 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"";
        assert_eq!(
            normaliser(Some(200)).log(line),
            "<134><date> haproxy[<pid>]: 127.0.0.1:<c1> [<date>] fe be/s1 t/t/t/t>=200/t>=200 200 97 - - ---- \
             1/1/0/0/0 0/0 \"GET / HTTP/1.1\""
        );
    }

    #[test]
    fn aborted_timers_stay_visible() {
        assert_eq!(
            normaliser(None).log("fe be/<NOSRV> 0/-1/-1/-1/+3 503 x"),
            "fe be/<NOSRV> t/-1/-1/-1/+t 503 x"
        );
        assert_eq!(normaliser(None).log("Tr=-1 Ta=5"), "Tr=-1 Ta=t");
    }

    #[test]
    fn an_entry_of_a_table_keeps_all_but_its_address_and_time() {
        assert_eq!(
            normaliser(None).text("0x55d0: key=a\\ b use=1 exp=59999 shard=0 gpc0=5"),
            "<entry>: key=a\\ b use=1 exp=<t> gpc0=5"
        );
        assert_eq!(
            normaliser(None).text("0x1: key=a use=0 exp=0 gpc0=5"),
            "<entry>: key=a use=0 exp=0 gpc0=5"
        );
    }

    #[test]
    fn only_known_ports_and_loopback_addresses_are_replaced() {
        let n = normaliser(None);
        assert_eq!(
            n.text("a 127.0.0.1:40002 127.0.0.1:40001 40001 40003"),
            "a 127.0.0.1:<other> 127.0.0.1:<c1> <c1.port> 40003"
        );
        assert_eq!(n.text("/tmp/run1/x Sun, 22 Nov 2026 10:11:12 GMT"), "<dir>/x <date>");
    }
}
