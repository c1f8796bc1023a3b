//! `log`, `log-tag`, `log-format`, `log-format-sd`, `error-log-format` (manual 4.2). `log` lines of `global` and of
//! `log-forward` are read here too.

use std::sync::Arc;

use weir_plan::settings::LogFormatName;
use weir_sample::{FormatMode, Phase, PhaseSet};
use weir_syntax::Line;
use weir_syntax::address::AddressUse;
use weir_types::{Address, AddressFamily, Form, Level, ProxyKind, SocketKind};

use crate::expression;
use crate::keyword::Keyword;
use crate::model::{LogFormat, LogLine, LogSetup, LogWhere, Name, Ring, RingServer};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Prefix};
use crate::value::{atol, prefix};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new(
        "log",
        "{ global | <target> [len <l>] [format <f>] [sample <r>:<s>] <facility> [<level>] }",
        "Where log lines go (4.2).",
        log,
    ),
    Keyword::new("log-tag", "<string>", "The program's name in syslog (4.2).", log_tag),
    Keyword::new("log-format", "<fmt>", "The line of each stream (4.2).", log_format),
    Keyword::new("log-format-sd", "<fmt>", "Its RFC 5424 structured data (4.2).", log_format_sd),
    Keyword::new("error-log-format", "<fmt>", "The line of connections that fail (4.2).", error_log_format),
];

const FACILITIES: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp",
    "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];

const LEVELS: &[&str] = &["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// 0 (emerg) to 7 (debug).
pub(crate) fn severity(name: &str) -> Option<u8> {
    LEVELS.iter().position(|level| *level == name).and_then(|place| u8::try_from(place).ok())
}

fn facility(name: &str) -> Option<u8> {
    FACILITIES.iter().position(|facility| *facility == name).and_then(|place| u8::try_from(place).ok())
}

fn setup<'p>(parser: &'p mut Parser<'_>) -> &'p mut LogSetup {
    Arc::make_mut(&mut parser.settings().log)
}

fn log(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.prefix == Prefix::No {
        if line.len() > 1 {
            return line.fail(1, "log : 'no log' does not expect arguments");
        }
        setup(parser).targets.clear();
        return Ok(());
    }
    let target = log_line(parser, line)?;
    setup(parser).targets.push(target);
    Ok(())
}

/// One `log` line of any section.
pub(crate) fn log_line(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<LogLine> {
    let mut target = LogLine {
        to: LogWhere::Global,
        len: 1024,
        format: None,
        sample: None,
        profile: None,
        facility: 0,
        level: 7,
        min_level: 0,
        global_targets: u32::try_from(parser.config.global.logs.len()).unwrap_or(u32::MAX),
        span: line.span(),
    };
    if line.word(1) == "global" {
        if line.len() > 2 {
            return line.fail(2, format!("log : unknown log facility '{}'", line.word(2)));
        }
        return Ok(target);
    }
    if line.len() < 3 {
        return line.fail(0, "log : expects <address> and <facility> or global as arguments");
    }
    let mut at = 2;
    while let Some(taken) = log_option(parser, line, at, &mut target)? {
        at += taken;
    }
    target.facility = match facility(line.word(at)) {
        Some(facility) => facility,
        None => return line.fail(at, format!("log : unknown log facility '{}'", line.word(at))),
    };
    levels(line, at + 1, &mut target)?;
    if line.len() > at + 3 {
        return line.fail(at + 3, format!("log : cannot handle unexpected argument '{}'", line.word(at + 3)));
    }
    let address = crate::host::parse(parser.files, line.word(1), AddressUse::Log)
        .or_else(|fault| line.fail(1, format!("log : {fault}")))?;
    served(line, &address)?;
    let address = through_ring(parser, line, address, target.format);
    target.to = LogWhere::Address(address);
    Ok(target)
}

/// Lines go to datagram sockets and descriptors; what else HAProxy can send them to is not there yet.
fn served(line: &Line<'_>, address: &Address) -> Outcome {
    let stream = address.kind == SocketKind::Stream;
    match &address.family {
        AddressFamily::Backend(_) => line.not_yet(1, &format!("log {}", line.word(1))),
        AddressFamily::Name(_) | AddressFamily::Unix(_) if stream => {
            line.not_yet(1, &format!("log {}", line.word(1)))
        }
        _ => Ok(()),
    }
}

/// Lines to a stream address go through a ring of their own, as HAProxy makes one.
fn through_ring(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    address: Address,
    format: Option<LogFormatName>,
) -> Address {
    if address.kind != SocketKind::Stream || !matches!(address.family, AddressFamily::Ip(_)) {
        return address;
    }
    let number = 1 + parser.config.rings.iter().filter(|ring| ring.name.starts_with("ring#")).count();
    let name = parser.intern(&format!("ring#{number}"));
    let place = parser.place(line);
    let (file, at) = place.rsplit_once(':').unwrap_or((&place, ""));
    let description = format!("created from logserver declared into '{file}' at line {at}");
    let server =
        RingServer { name: name.clone(), address: address.clone(), octet_count: false, span: line.span() };
    parser.config.rings.push(Ring {
        name: name.clone(),
        description: Some(description.into()),
        format: Some(format.unwrap_or_default()),
        servers: vec![server],
        span: line.span(),
        ..Ring::default()
    });
    Address { family: AddressFamily::Ring((&*name).into()), ..address }
}

/// Reads the option at `at`; how many words it took, `None` at the facility.
fn log_option(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    at: usize,
    target: &mut LogLine,
) -> Outcome<Option<usize>> {
    let value = line.word(at + 1);
    match line.word(at) {
        "len" => match u32::try_from(atol(value)) {
            Ok(len @ 80..=65535) => target.len = len,
            _ => {
                return line.fail(
                    at + 1,
                    format!("log : invalid log length '{value}', must be between 80 and 65535"),
                );
            }
        },
        "format" => match format_name(value) {
            Some(format) => target.format = Some(format),
            None => return line.fail(at + 1, format!("log : unknown log format '{value}'")),
        },
        "sample" => target.sample = Some(sample(line, at + 1)?),
        "profile" => {
            if value.is_empty() {
                return line.fail(at, "log : expected string after 'profile'");
            }
            target.profile = Some(Name::new(parser.intern(value), line.word_span(at + 1)));
        }
        _ => return Ok(None),
    }
    Ok(Some(2))
}

pub(crate) fn format_name(name: &str) -> Option<LogFormatName> {
    Some(match name {
        "rfc3164" => LogFormatName::Rfc3164,
        "rfc5424" => LogFormatName::Rfc5424,
        "local" => LogFormatName::Local,
        "priority" => LogFormatName::Priority,
        "short" => LogFormatName::Short,
        "timed" => LogFormatName::Timed,
        "iso" => LogFormatName::Iso,
        "raw" => LogFormatName::Raw,
        _ => return None,
    })
}

/// `RANGES:SIZE`, ranges counted from 1 and separated by commas.
fn sample(line: &Line<'_>, at: usize) -> Outcome<(Vec<(u32, u32)>, u32)> {
    let Some((list, size)) = line.word(at).split_once(':').filter(|(_, size)| !size.is_empty()) else {
        return line.fail(at, "log : Missing sample size");
    };
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for part in list.split(',') {
        let (low, rest) = prefix(part);
        let high = rest.strip_prefix('-').map_or(low, |high| prefix(high).0);
        match (u32::try_from(low), u32::try_from(high)) {
            (Ok(low), Ok(high)) if low > 0 && high >= low => {
                if ranges.iter().any(|(first, last)| low <= *last && high >= *first) {
                    return line.fail(at, format!("log : sample ranges are overlapping near '{part}'"));
                }
                ranges.push((low, high));
            }
            _ => return line.fail(at, format!("log : invalid sample range '{part}'")),
        }
    }
    let most = ranges.iter().map(|(_, high)| *high).max().unwrap_or(0);
    let size = u32::try_from(atol(size)).unwrap_or(0);
    if size < most {
        let text = "should be greater or equal to";
        return line.fail(
            at,
            format!("log : sample size {size} {text} {most} the maximum of the high ranges limits"),
        );
    }
    Ok((ranges, size))
}

fn levels(line: &Line<'_>, at: usize, target: &mut LogLine) -> Outcome {
    for (word, what) in [(at, "level"), (at + 1, "minimum log level")] {
        let name = line.word(word);
        if name.is_empty() {
            break;
        }
        let Some(level) = severity(name) else {
            let what = if what == "level" { "log level" } else { what };
            return line.fail(word, format!("log : unknown optional {what} '{name}'"));
        };
        *(if word == at { &mut target.level } else { &mut target.min_level }) = level;
    }
    Ok(())
}

fn log_tag(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, "'log-tag' expects a tag for use in syslog.");
    }
    let tag = parser.intern(line.word(1));
    setup(parser).tag = Some(tag);
    Ok(())
}

fn log_format(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    one_word(parser, line)?;
    if parser.kind() == ProxyKind::Backend {
        let title = parser.title();
        parser.push(line.warning(0, format!("{title} : 'log-format' directive is ignored in backends.")));
        return Ok(());
    }
    let format = parsed(parser, line, FormatMode::Log)?;
    replace_format(parser, line, LogFormat::Custom(format));
    Ok(())
}

fn log_format_sd(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    one_word(parser, line)?;
    if parser.kind() == ProxyKind::Backend {
        let title = parser.title();
        parser.push(line.warning(0, format!("{title} : 'log-format-sd' directive is ignored in backends.")));
        return Ok(());
    }
    let format = parsed(parser, line, FormatMode::StructuredData)?;
    setup(parser).format_sd = Some(format);
    Ok(())
}

fn error_log_format(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    one_word(parser, line)?;
    if parser.kind() == ProxyKind::Backend {
        let title = parser.title();
        parser
            .push(line.warning(0, format!("{title} : 'error-log-format' directive is ignored in backends.")));
        return Ok(());
    }
    let format = parsed(parser, line, FormatMode::Log)?;
    setup(parser).error_format = Some(format);
    Ok(())
}

fn one_word(_: &Parser<'_>, line: &Line<'_>) -> Outcome {
    let keyword = line.keyword();
    match line.len() {
        1 => line.fail(0, format!("{keyword} expects an argument.")),
        2 => Ok(()),
        _ => line.fail(2, format!("{keyword} expects only one argument, don't forget to escape spaces!")),
    }
}

fn parsed(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    mode: FormatMode,
) -> Outcome<Arc<weir_sample::Format<weir_sample::Named>>> {
    let format = expression::format(parser, line, 1, mode)
        .and_then(|format| match format.check_phase(AT_THE_END) {
            Ok(()) => Ok(format),
            Err(text) => Err(text.into()),
        })
        .or_else(|text| line.fail(1, format!("failed to parse {} : {text}.", line.keyword())))?;
    Ok(Arc::new(format))
}

/// Lines are written when the stream is over.
const AT_THE_END: PhaseSet = PhaseSet::of(&[Phase::Log]);

/// What each format is called in the warning about its being replaced.
fn name(format: &LogFormat) -> Option<&'static str> {
    Some(match format {
        LogFormat::Default => return None,
        LogFormat::Tcp(_) => "option tcplog",
        LogFormat::TcpClf(_) => "option tcplog clf",
        LogFormat::Http(_) => "option httplog",
        LogFormat::Https(_) => "option httpslog",
        LogFormat::Clf(_) => "option httplog clf",
        LogFormat::Custom(_) => "log-format",
    })
}

/// The later line wins; inside one `defaults` section HAProxy says so.
pub(super) fn replace_format(parser: &mut Parser<'_>, line: &Line<'_>, format: LogFormat) {
    let new = name(&format);
    let old = name(&setup(parser).format);
    if let (Some(old), Some(new), true) = (old, new, parser.in_defaults()) {
        let text = format!("'{new}' overrides previous '{old}' in 'defaults' section.");
        let mut diagnostic = line.warning(0, text).with_form(Form::ParsingTight);
        diagnostic.level = Level::Warning;
        parser.push(diagnostic);
    }
    setup(parser).format = format;
}
