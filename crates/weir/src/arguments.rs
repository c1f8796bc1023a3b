//! The command line (management manual 3). HAProxy's options are one dash and one or more letters, several of them with
//! a value of their own after them, so they are taken word by word; values are read with `lexopt`'s rules for numbers.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::ValueExt;
use log::LevelFilter;
use weir_engine::trace::{LEVELS, SOURCES, VERBOSITIES};
use weir_master::Options;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    Run(Box<Options>, Switches),
    /// `-v`
    Version,
    /// `-vv`
    BuildOptions,
    /// No or unknown options: version, then usage.
    Usage,
    /// `-cc`
    Condition(String),
    /// Refused with this text.
    Refuse(String),
}

/// Options of this program alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// Run-time features switched off (`-de`, `-dS`...), by the names that `enabled()` knows.
    pub disabled: Vec<&'static str>,
    /// `-dc`
    pub show_cpus: bool,
    /// `-dL`
    pub list_objects: bool,
    /// `-dt`: sources and the least level of what they tell.
    pub traces: Vec<(&'static str, LevelFilter)>,
    /// `-dA`
    pub archive: Option<PathBuf>,
    /// `-dC[key]`
    pub echo: Option<u32>,
}

/// HAProxy's answer to an option whose value is missing.
const NO_VALUE: &str = "failed to copy argv.";

struct Words {
    rest: std::vec::IntoIter<OsString>,
    peeked: Option<OsString>,
}

/// Err: a text for the user.
pub fn parse(words: Vec<OsString>) -> Result<Action, String> {
    let mut words = Words { rest: words.into_iter(), peeked: None };
    let (mut options, mut switches) = (Options::default(), Switches::default());
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        let Some(option) = text.strip_prefix('-') else { return Ok(Action::Usage) };
        match option {
            "v" => return Ok(Action::Version),
            "vv" => return Ok(Action::BuildOptions),
            "cc" => return Ok(Action::Condition(words.text()?)),
            "c" => options.check = true,
            "D" => options.daemon = true,
            "W" => options.master_worker = true,
            "Ws" => {
                options.master_worker = true;
                options.notify_systemd = true;
            }
            "q" => options.quiet = true,
            "V" => {
                options.verbose = true;
                options.quiet = false;
            }
            "f" => options.configurations.push(words.value()?.into()),
            "C" => options.directory = Some(words.value()?.into()),
            "p" => options.pidfile = Some(words.value()?.into()),
            "n" => options.maxconn = Some(words.number()?),
            "N" => options.proxy_maxconn = Some(words.number()?),
            "m" => options.memory_mb = Some(u64::from(words.number()?)),
            "L" => options.local_peer = Some(words.text()?),
            "S" => options.master_socket = Some(words.text()?),
            "x" => {
                let path =
                    words.value().map_err(|_| "Unix socket path expected with the -x flag\n".to_string())?;
                options.inherit_from = Some(path.into());
            }
            "sf" | "st" => {
                let Some(pids) = words.pids(option)? else { return Ok(Action::Usage) };
                let list = if option == "sf" { &mut options.finish } else { &mut options.terminate };
                list.extend(pids);
            }
            "-" => options.configurations.extend(words.rest.by_ref().map(PathBuf::from)),
            "4" => {}
            other => match other.strip_prefix('d') {
                Some(letters) => debug(letters, &mut words, &mut options, &mut switches)?,
                None => return Ok(Action::Usage),
            },
        }
    }
    if options.configurations.is_empty() && options.list_keywords.is_empty() {
        return Ok(Action::Usage);
    }
    Ok(Action::Run(Box::new(options), switches))
}

/// What follows `-d`.
fn debug(
    letters: &str,
    words: &mut Words,
    options: &mut Options,
    switches: &mut Switches,
) -> Result<(), String> {
    match letters {
        "" => {
            options.debug = true;
            options.foreground = true;
        }
        "b" => options.foreground = true,
        "D" => options.diagnose = true,
        "W" => options.zero_warning = true,
        "R" => {
            options.no_reuse_port = true;
            switches.disabled.push("REUSEPORT");
        }
        "V" => options.no_server_verify = true,
        "r" => options.ignore_unresolved = true,
        "L" => switches.list_objects = true,
        "e" => switches.disabled.push("EPOLL"),
        "p" => switches.disabled.push("POLL"),
        "S" => switches.disabled.push("SPLICE"),
        "G" => switches.disabled.push("GETADDRINFO"),
        "F" => switches.disabled.push("FASTFWD"),
        "c" => switches.show_cpus = true,
        // Tuning of HAProxy's own allocator, pollers and TLS offload: nothing here answers to them.
        "I" | "T" | "Z" | "k" | "v" => {}
        other => match other.as_bytes().first() {
            Some(b'K') => options.list_keywords.extend(other[1..].split(',').map(str::to_string)),
            Some(b'M') => {}
            // As HAProxy reads it: what is no number is 0, which hides nothing.
            Some(b'C') => switches.echo = Some(key(weir_syntax::number::leading(&other[1..]))),
            Some(b'A') if other.len() > 1 => switches.archive = Some(other[1..].into()),
            Some(b'A') => return Err("'-dA' expects the name of a file directly behind it".into()),
            Some(b't') => {
                switches.traces = traces(match &other[1..] {
                    "" => words.unless_option().unwrap_or_default(),
                    described => described.to_string(),
                })?
            }
            _ => return Err(NO_VALUE.to_string()),
        },
    }
    Ok(())
}

/// `[<source>[:<level>[:<verbosity>]]][,...]`; all sources at the level of errors without a word (management manual 3).
fn traces(text: String) -> Result<Vec<(&'static str, LevelFilter)>, String> {
    let mut traces = Vec::new();
    for described in text.split(',') {
        let mut parts = described.split(':');
        let (source, level, verbosity) =
            (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let names = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>().join(", ");
        let sources: Vec<&str> = match source {
            "" | "all" => SOURCES.to_vec(),
            _ => SOURCES.iter().filter(|known| **known == source).copied().collect(),
        };
        if sources.is_empty() {
            let known = names(&mut std::iter::once("all").chain(SOURCES.iter().copied()));
            return Err(format!("-dt: no such trace source '{source}', expected one of: {known}"));
        }
        let named = if level.is_empty() { "error" } else { level };
        let Some((_, filter)) = LEVELS.iter().find(|(name, _)| *name == named) else {
            let known = names(&mut LEVELS.iter().map(|(name, _)| *name));
            return Err(format!("-dt: no such trace level '{level}', expected one of: {known}"));
        };
        if !verbosity.is_empty() && !VERBOSITIES.contains(&verbosity) {
            let known = names(&mut VERBOSITIES.iter().copied());
            return Err(format!("-dt: no such trace verbosity '{verbosity}', expected one of: {known}"));
        }
        traces.extend(sources.into_iter().map(|source| (source, *filter)));
    }
    Ok(traces)
}

/// The 32 bits that HAProxy keeps of a key.
fn key(number: i64) -> u32 {
    u32::try_from(number & i64::from(u32::MAX)).expect("32 bits")
}

impl Words {
    fn next(&mut self) -> Option<OsString> {
        self.peeked.take().or_else(|| self.rest.next())
    }

    /// The next word, if it is a value.
    fn unless_option(&mut self) -> Option<String> {
        let word = self.next()?;
        if word.to_string_lossy().starts_with('-') {
            self.peeked = Some(word);
            return None;
        }
        Some(word.to_string_lossy().into_owned())
    }

    fn value(&mut self) -> Result<OsString, String> {
        self.next().ok_or_else(|| NO_VALUE.to_string())
    }

    fn text(&mut self) -> Result<String, String> {
        Ok(self.value()?.to_string_lossy().into_owned())
    }

    /// Text that is no number counts as 0, which means: not set.
    fn number(&mut self) -> Result<u32, String> {
        Ok(self.value()?.parse().unwrap_or(0))
    }

    /// Words up to the next option; none if one of them is no process's number.
    fn pids(&mut self, option: &str) -> Result<Option<Vec<u32>>, String> {
        let mut pids = Vec::new();
        while let Some(word) = self.next() {
            let text = word.to_string_lossy();
            if text.starts_with('-') {
                self.peeked = Some(word);
                break;
            }
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            if end < text.len() {
                return Err(format!(
                    "-{option} option: some bytes unconsumed in PID list {{{}}}",
                    &text[end..]
                ));
            }
            match text.parse() {
                Ok(0) | Err(_) => return Ok(None),
                Ok(pid) => pids.push(pid),
            }
        }
        Ok(Some(pids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Options {
        match parse(line.split(' ').map(OsString::from).collect()) {
            Ok(Action::Run(options, _)) => *options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lines_from_production() {
        let systemd =
            options("-Ws -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid -S /run/haproxy-master.sock");
        assert!(systemd.master_worker && systemd.notify_systemd);
        assert_eq!(systemd.master_socket.as_deref(), Some("/run/haproxy-master.sock"));
        let router = options("-f C -p P -x SOCK -sf 12 34");
        assert_eq!((router.finish, router.inherit_from), (vec![12, 34], Some("SOCK".into())));
        let init = options("-D -sf -f a.cfg -- b.cfg -c");
        assert!(init.daemon && init.finish.is_empty() && !init.check);
        assert_eq!(init.configurations, [PathBuf::from("a.cfg"), "b.cfg".into(), "-c".into()]);
        let refused = |line: &str| parse(line.split(' ').map(OsString::from).collect());
        // As 2.8 says it.
        let unconsumed = |text: &str| Err(format!("-{text}"));
        assert_eq!(
            refused("-sf 12 abc -f a"),
            unconsumed("sf option: some bytes unconsumed in PID list {abc}")
        );
        assert_eq!(refused("-f a -st 12x"), unconsumed("st option: some bytes unconsumed in PID list {x}"));
        assert_eq!(refused("-f a -sf 0"), Ok(Action::Usage));
        assert_eq!(refused("-f a -sf -1"), Ok(Action::Usage));
        let docker = options("-W -db -m 512 -f a.cfg");
        assert!(docker.foreground && docker.memory_mb == Some(512));
        assert_eq!(options("-dKall -q -c -f a").list_keywords, ["all"]);
    }

    fn switches(line: &str) -> Result<Switches, String> {
        match parse(line.split(' ').map(OsString::from).collect())? {
            Action::Run(_, switches) => Ok(switches),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn traces_are_described_in_one_word() {
        let traces = |line: &str| switches(line).map(|switches| switches.traces);
        let all: Vec<_> = SOURCES.iter().map(|source| (*source, LevelFilter::Info)).collect();
        assert_eq!(traces("-dt -f a").as_ref(), Ok(&all));
        assert_eq!(traces("-f a -dt").as_ref(), Ok(&all));
        let two = [("h1", LevelFilter::Trace), ("ssl", LevelFilter::Info)];
        assert_eq!(traces("-dt h1:developer:complete,ssl -f a"), Ok(two.to_vec()));
        assert_eq!(traces("-dth1:data,ssl::clean -f a"), Ok(two.to_vec()));
        // The manual: an invalid name is answered with those that exist.
        for (word, known) in
            [("help", "all, h1, h2"), ("h2:help", "error, user"), ("h2:error:help", "quiet, clean")]
        {
            let refused = traces(&format!("-dt {word} -f a")).unwrap_err();
            assert!(refused.contains(known), "{refused}");
        }
    }

    #[test]
    fn keys_are_read_as_haproxy_reads_them() {
        for (word, key) in [("-dC", 0), ("-dC5", 5), ("-dC5abc", 5), ("-dCabc", 0), ("-dC-1", u32::MAX)] {
            assert_eq!(switches(&format!("{word} -f a")).unwrap().echo, Some(key), "{word}");
        }
    }

    #[test]
    fn what_haproxy_answers_with_its_usage() {
        for line in ["", "-c", "a.cfg", "-Z", "-h"] {
            let words = line.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect();
            assert_eq!(parse(words), Ok(Action::Usage), "{line}");
        }
        assert_eq!(parse(vec!["-f".into()]), Err("failed to copy argv.".to_string()));
    }
}
