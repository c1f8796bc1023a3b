//! What a `.scn` file says: configuration, origin servers and script. Reads text only; nothing is opened here.

use crate::step::Step;
use crate::tls::{CertificateSpec, OriginTls};
use std::collections::BTreeMap;
use std::path::Path;

/// A parsed scenario file.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// `family/name`, from the path below `scenarios/`.
    pub name: String,
    /// The comment lines at the top.
    pub title: String,
    /// Configuration texts by name; the one the program starts with is called `""`.
    pub configs: BTreeMap<String, String>,
    /// Extra files written beside the configuration: name and contents.
    pub files: Vec<(String, String)>,
    /// The same, written in base64.
    pub binary_files: Vec<(String, Vec<u8>)>,
    /// Origin servers: name and what they do.
    pub origins: Vec<(String, OriginKind)>,
    /// Those that speak TLS.
    pub origin_tls: BTreeMap<String, OriginTls>,
    /// Certificates made for the run, authorities before those they issue.
    pub certificates: Vec<CertificateSpec>,
    /// Steps with their line numbers.
    pub steps: Vec<(usize, Step)>,
    /// Timers of this many milliseconds or more are told apart from smaller ones in log lines.
    pub timer_floor_ms: Option<i64>,
    /// Set when the scenario only makes sense with one thread; the reason.
    pub one_thread: Option<String>,
    /// Set when HAProxy 2.6 is known to differ; the reason.
    pub not_in_26: Option<String>,
    /// Set when HAProxy 2.8 differs from both 2.6 and the manual of 3.4; the transcript is then recorded on 2.6.
    pub not_in_28: Option<String>,
    /// Arguments given to the program besides `-f FILE`.
    pub arguments: Vec<String>,
}

/// What an origin server does with connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginKind {
    /// Listens; each connection is accepted and driven by the script.
    Scripted,
    /// Answers each HTTP request with this status and its own name.
    Hello { status: u16 },
    /// As `Hello`, with `x-connection` and `x-request` counters showing connection reuse.
    Counted,
    /// Answers each HTTP request with what it received as the body.
    Echo,
    /// TCP: sends its name and a line feed, then closes.
    Name,
    /// TCP: sends back every byte.
    Mirror,
    /// Answers an upgrade with 101, then sends back every byte.
    Upgrades,
    /// The port is reserved but nobody listens: connections are refused.
    Refused,
    /// Accepts and closes at once.
    Closes,
}

impl OriginKind {
    /// Reads the words after `origin NAME`.
    pub fn parse(words: &[&str]) -> Result<OriginKind, String> {
        Ok(match words {
            [] | ["scripted"] => OriginKind::Scripted,
            ["hello"] => OriginKind::Hello { status: 200 },
            ["hello", status] => {
                OriginKind::Hello { status: status.parse().map_err(|_| format!("bad status {status}"))? }
            }
            ["counted"] => OriginKind::Counted,
            ["echo"] => OriginKind::Echo,
            ["name"] => OriginKind::Name,
            ["mirror"] => OriginKind::Mirror,
            ["upgrades"] => OriginKind::Upgrades,
            ["refused"] => OriginKind::Refused,
            ["closes"] => OriginKind::Closes,
            other => return Err(format!("unknown origin kind {other:?}")),
        })
    }
}

/// Sections that `use http` and `use tcp` put before the configuration.
fn preamble(mode: &str) -> String {
    let format = if mode == "http" { "httplog" } else { "tcplog" };
    format!(
        "global\n    log <log> local0\n    stats socket <dir>/cli.sock level admin\n\ndefaults\n    mode {mode}\n    \
         log global\n    option {format}\n    timeout connect 8s\n    timeout client 8s\n    timeout server 8s\n\n"
    )
}

impl Scenario {
    /// Reads the file at `path`, which is below `root`.
    pub fn load(root: &Path, path: &Path) -> Result<Scenario, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = path.strip_prefix(root).unwrap_or(path).with_extension("");
        Scenario::parse(&name.to_string_lossy(), &text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Reads the text of a scenario.
    pub fn parse(name: &str, text: &str) -> Result<Scenario, String> {
        let mut scenario = Scenario {
            name: name.to_string(),
            title: String::new(),
            configs: BTreeMap::new(),
            files: Vec::new(),
            binary_files: Vec::new(),
            origins: Vec::new(),
            origin_tls: BTreeMap::new(),
            certificates: Vec::new(),
            steps: Vec::new(),
            timer_floor_ms: None,
            one_thread: None,
            not_in_26: None,
            not_in_28: None,
            arguments: Vec::new(),
        };
        let lines: Vec<&str> = text.lines().collect();
        let mut at = 0;
        while at < lines.len() {
            let line = lines[at];
            let number = at + 1;
            at += 1;
            if line.trim().is_empty() {
                continue;
            }
            if let Some(comment) = line.strip_prefix('#') {
                scenario.title.push_str(comment.trim());
                scenario.title.push('\n');
                continue;
            }
            let block_end = lines[at..]
                .iter()
                .position(|l| !l.is_empty() && !l.starts_with(' '))
                .map_or(lines.len(), |n| at + n);
            let block = &lines[at..block_end];
            at = block_end;
            scenario.declaration(line, block, number).map_err(|e| format!("line {number}: {e}"))?;
        }
        if scenario.title.is_empty() {
            return Err("a scenario begins with a comment that says what it shows".into());
        }
        if scenario.configs.is_empty() || scenario.steps.is_empty() {
            return Err("a scenario needs a config and a script".into());
        }
        Ok(scenario)
    }

    fn declaration(&mut self, line: &str, block: &[&str], number: usize) -> Result<(), String> {
        let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        match (keyword, words.as_slice()) {
            ("config", name) => {
                let text = configuration(block)?;
                self.configs.insert(name.first().unwrap_or(&"").to_string(), text);
            }
            ("config-file", [file, ports @ ..]) => {
                self.configs.insert(String::new(), shipped(file, ports)?);
            }
            ("file", [name]) => self.files.push((name.to_string(), dedent(block).join("\n") + "\n")),
            ("file", [name, "crlf"]) => {
                self.files.push((name.to_string(), dedent(block).join("\r\n") + "\r\n"));
            }
            ("file", [name, "base64"]) => {
                let bytes = openssl::base64::decode_block(&dedent(block).concat());
                self.binary_files.push((name.to_string(), bytes.map_err(|_| "no base64")?));
            }
            ("certificate", words) => self.certificates.push(CertificateSpec::parse(words)?),
            ("origin", [name, kind @ .., "tls", certificate]) => {
                let tls = OriginTls { certificate: certificate.to_string(), authority: None };
                self.origin_tls.insert(name.to_string(), tls);
                self.origins.push((name.to_string(), OriginKind::parse(kind)?));
            }
            ("origin", [name, kind @ .., "tls", certificate, "ca", authority]) => {
                let (certificate, authority) = (certificate.to_string(), Some(authority.to_string()));
                self.origin_tls.insert(name.to_string(), OriginTls { certificate, authority });
                self.origins.push((name.to_string(), OriginKind::parse(kind)?));
            }
            ("origin", [name, kind @ ..]) => {
                self.origins.push((name.to_string(), OriginKind::parse(kind)?));
            }
            ("arguments", words) => self.arguments = words.iter().map(|w| w.to_string()).collect(),
            ("timers", [floor]) => {
                self.timer_floor_ms = Some(floor.parse().map_err(|_| "timers takes milliseconds")?);
            }
            ("one-thread:", _) => self.one_thread = Some(rest.to_string()),
            ("not-in-2.6:", _) => self.not_in_26 = Some(rest.to_string()),
            ("not-in-2.8:", _) => self.not_in_28 = Some(rest.to_string()),
            ("script", []) => {
                for (offset, text) in block.iter().enumerate() {
                    let text = text.strip_prefix("    ").unwrap_or(text);
                    if text.trim().is_empty() || text.trim_start().starts_with('#') {
                        continue;
                    }
                    let step = Step::parse(text)
                        .map_err(|e| format!("line {}: {e}: {text}", number + 1 + offset))?;
                    self.steps.push((number + 1 + offset, step));
                }
            }
            _ => return Err(format!("unknown declaration {line:?}")),
        }
        Ok(())
    }
}

/// Takes the indentation of the block's first line off every line; trailing empty lines go.
fn dedent(block: &[&str]) -> Vec<String> {
    let indent = block.iter().find(|l| !l.trim().is_empty()).map_or(0, |l| l.len() - l.trim_start().len());
    let mut lines: Vec<String> = block.iter().map(|l| l.get(indent..).unwrap_or("").to_string()).collect();
    while lines.last().is_some_and(|l| l.is_empty()) {
        lines.pop();
    }
    // An empty line that matters, as the one that ends a head, is written so.
    lines.into_iter().map(|l| if l == "<empty>" { String::new() } else { l }).collect()
}

/// One of the project's own configurations, its fixed ports (`8080=fe`) and socket paths replaced by the run's own.
fn shipped(file: &str, ports: &[&str]) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../haproxy-configs").join(file);
    let mut text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    for pair in ports {
        let (port, name) = pair.split_once('=').ok_or(format!("{pair:?} is not PORT=NAME"))?;
        let pattern = regex::Regex::new(&format!(r"(127\.0\.0\.1)?:{port}\b")).map_err(|e| e.to_string())?;
        let (code, comments): (Vec<_>, Vec<_>) = text.lines().partition(|l| !l.trim_start().starts_with('#'));
        if !code.iter().any(|l| pattern.is_match(l)) {
            return Err(format!("{file} has no port {port} ({} comment lines)", comments.len()));
        }
        text = pattern.replace_all(&text, format!("<{name}>")).into_owned();
    }
    let sockets = regex::Regex::new(r"/tmp/weir-[a-z-]+\.sock").map_err(|e| e.to_string())?;
    let text = sockets.replace_all(&text, |c: &regex::Captures| {
        let name = c[0].trim_start_matches("/tmp/weir-").to_string();
        format!("<dir>/{name}")
    });
    Ok(text.replacen("\nglobal\n", "\nglobal\n    stats socket <dir>/cli.sock level admin\n", 1))
}

fn configuration(block: &[&str]) -> Result<String, String> {
    let mut lines = dedent(block);
    let mut text = String::new();
    match lines.first().map(String::as_str) {
        Some("use http") => text.push_str(&preamble("http")),
        Some("use tcp") => text.push_str(&preamble("tcp")),
        Some(_) => {
            text.push_str(&lines.join("\n"));
            text.push('\n');
            return Ok(text);
        }
        None => return Err("an empty config".into()),
    }
    lines.remove(0);
    text.push_str(&lines.join("\n"));
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_declaration() {
        let text = "# title\nconfig\n    use tcp\n    frontend fe\n        bind <fe>\norigin s1 hello 503\n\
                    file e.http crlf\n    HTTP/1.1 200 OK\n\none-thread: pools\ntimers 200\nscript\n    c1 connect fe\n";
        let scenario = Scenario::parse("a/b", text).unwrap();
        assert!(scenario.configs[""].contains("mode tcp"));
        assert!(scenario.configs[""].ends_with("frontend fe\n    bind <fe>\n"));
        assert_eq!(scenario.origins, [("s1".to_string(), OriginKind::Hello { status: 503 })]);
        assert_eq!(scenario.files, [("e.http".to_string(), "HTTP/1.1 200 OK\r\n".to_string())]);
        assert_eq!(scenario.one_thread.as_deref(), Some("pools"));
        assert_eq!(scenario.timer_floor_ms, Some(200));
        assert_eq!(scenario.steps[0].0, 12 + 1);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let error = Scenario::parse("a", "# t\nconfig\n    x\nscript\n    c1 dances\n").unwrap_err();
        assert!(error.contains("line 5"), "{error}");
    }
}
