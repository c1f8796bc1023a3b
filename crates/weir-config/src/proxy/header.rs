//! The header lines of proxies and `defaults`, inheritance, and the keywords about the section itself: `mode`, `id`,
//! `disabled`, `description`, `guid`.

use std::sync::Arc;

use weir_syntax::Line;
use weir_types::{Diagnostic, Form, Level, Mode, ProxyKind};

use super::inherit::{check_inherited_rules, implied, referenced};
use crate::keyword::Keyword;
use crate::model::{Defaults, Name, Proxy, Settings};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};
use crate::value::atol;

pub static DEFAULTS: SectionKind =
    section("defaults", |parser, line| begin(parser, line, ProxyKind::Defaults));
pub static FRONTEND: SectionKind =
    section("frontend", |parser, line| begin(parser, line, ProxyKind::Frontend));
pub static BACKEND: SectionKind = section("backend", |parser, line| begin(parser, line, ProxyKind::Backend));
pub static LISTEN: SectionKind = section("listen", |parser, line| begin(parser, line, ProxyKind::Listen));

const fn section(keyword: &'static str, begin: fn(&mut Parser<'_>, &Line<'_>) -> Outcome) -> SectionKind {
    SectionKind { keyword, begin, index: super::index, unknown: Unknown::Quoted, end }
}

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("mode", "{ tcp | http | log | spop }", "What the proxy speaks (4.2).", mode),
    Keyword::new("id", "<value>", "The proxy's numeric identifier (4.2).", id),
    Keyword::new("disabled", "", "The proxy is neither started nor listening (4.2).", disabled),
    Keyword::new("enabled", "", "Undoes an inherited `disabled` (4.2).", enabled),
    Keyword::new("description", "<string>", "Free text shown on the statistics page (4.2).", description),
    Keyword::new("guid", "<string>", "A name that stays over renames (4.2).", guid).listed(),
];

fn begin(parser: &mut Parser<'_>, line: &Line<'_>, kind: ProxyKind) -> Outcome {
    let mut name_word = line.word(1);
    let mut from = (line.word(2) == "from").then_some(3);
    if kind == ProxyKind::Defaults && name_word == "from" {
        (name_word, from) = ("", Some(2));
    }
    check_name(parser, line, kind, name_word)?;
    let name = parser.intern(name_word);
    if kind != ProxyKind::Defaults {
        check_duplicate(parser, line, kind, &name);
    }
    if kind.has_frontend() && line.len() > 2 && from.is_none() {
        return line.fail(2, "please use the 'bind' keyword for listening addresses.");
    }
    let parent = match from.filter(|word| *word < line.len()) {
        Some(word) => Some(referenced(parser, line, word, kind, &name)?),
        None if kind == ProxyKind::Defaults => None,
        None => implied(parser, line),
    };
    if let Some(parent) = &parent {
        check_inherited_rules(parser, line, kind, parent)?;
    }
    let settings = parent.as_ref().map_or_else(Arc::<Settings>::default, |parent| parent.settings.clone());
    parser.proxy = Some(Box::new(Proxy {
        name,
        kind,
        span: line.span(),
        mode: settings.mode,
        disabled: settings.disabled,
        id: None,
        guid: None,
        defaults: parent,
        settings,
        acls: Vec::new(),
        rules: None,
        frontend: None,
        backend: None,
        stick_table: None,
        filters: Vec::new(),
        description: None,
    }));
    Ok(())
}

fn check_name(parser: &mut Parser<'_>, line: &Line<'_>, kind: ProxyKind, name: &str) -> Outcome {
    if kind == ProxyKind::Defaults {
        return Ok(());
    }
    let keyword = line.keyword();
    if name.is_empty() {
        parser.stopped = true;
        return line.fail(0, format!("'{keyword}' expects an <id> argument"));
    }
    match invalid_character(name) {
        Some(wrong) => {
            line.fail(1, format!("character '{wrong}' is not permitted in '{keyword}' name '{name}'."))
        }
        None => Ok(()),
    }
}

/// Letters, digits, `-`, `_`, `.` and `:` make names (manual 4).
pub(crate) fn invalid_character(name: &str) -> Option<char> {
    name.chars().find(|character| !character.is_ascii_alphanumeric() && !"-_.:".contains(*character))
}

/// No two proxies share a name; until 3.3 a frontend and a backend could.
fn check_duplicate(parser: &mut Parser<'_>, line: &Line<'_>, kind: ProxyKind, name: &Arc<str>) {
    let index = parser.config.proxies.len();
    let mut same_half = None;
    let mut other_half = None;
    for (half, here) in
        [(&mut parser.frontends, kind.has_frontend()), (&mut parser.backends, kind.has_backend())]
    {
        let earlier = half.get(name).copied();
        if here {
            half.insert(name.clone(), index);
            same_half = same_half.or(earlier);
        } else {
            other_half = other_half.or(earlier);
        }
    }
    let Some(other) = same_half.or(other_half).and_then(|index| parser.config.proxies.get(index)) else {
        return;
    };
    let place = parser.place_of(other.span);
    let (noun, other_noun, other_name) = (kind.noun(), other.kind.noun(), &other.name);
    let mut text =
        format!("{noun} '{name}' has the same name as {other_noun} '{other_name}' declared at {place}.");
    if same_half.is_none() {
        text.push_str(" This is no longer supported as of 3.3. Please rename one or the other.");
    }
    let at = line.word_span(1);
    parser.push(Diagnostic::new(Level::Alert, Form::ParsingCapital, Some(at), text));
}

/// Moves the finished section to where it belongs.
fn end(parser: &mut Parser<'_>) {
    let Some(mut proxy) = parser.proxy.take() else { return };
    let certificates = std::mem::take(&mut parser.certificates);
    for bind in proxy.frontend.iter_mut().flat_map(|frontend| &mut frontend.binds) {
        certificates.add_to(&mut bind.options);
    }
    parser.diagnostics.list.extend(certificates.settle());
    if proxy.kind != ProxyKind::Defaults {
        proxy.mode = proxy.settings.mode;
        proxy.disabled = proxy.settings.disabled;
        super::whole::section(parser, &mut proxy);
        parser.config.proxies.push(*proxy);
        return;
    }
    let defaults = Arc::new(Defaults {
        name: proxy.name.clone(),
        span: proxy.span,
        settings: proxy.settings,
        acls: proxy.acls,
        rules: proxy.rules.map(|rules| *rules).unwrap_or_default(),
    });
    if !defaults.name.is_empty() {
        parser.named_defaults.insert(defaults.name.clone(), defaults.clone());
    }
    parser.config.defaults.push(defaults.clone());
    parser.last_defaults = Some(defaults);
}

fn mode(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let mode = match line.word(1) {
        "http" => Mode::Http,
        "tcp" => Mode::Tcp,
        "log" => Mode::Syslog,
        "spop" => Mode::Spop,
        "health" => {
            return line.fail(
                1,
                "'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.",
            );
        }
        other => return line.fail(1, format!("unknown proxy mode '{other}'.")),
    };
    parser.at_most(line, 2)?;
    let kind = parser.kind();
    if mode == Mode::Syslog && kind.has_frontend() {
        return line.fail(1, "mode 'log' is only supported in backend and defaults sections.");
    }
    parser.settings().mode = mode;
    match mode {
        Mode::Http | Mode::Tcp => Ok(()),
        _ => line.not_yet(0, &format!("mode {}", mode.as_str())),
    }
}

fn id(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.in_defaults() {
        return line.fail_tight(0, "'id' not allowed in 'defaults' section.");
    }
    parser.at_most(line, 2)?;
    if line.len() < 2 {
        return line.fail_tight(0, "'id' expects an integer argument.");
    }
    let value = u32::try_from(atol(line.word(1))).unwrap_or(0);
    if value == 0 {
        return line.fail_tight(1, "custom id has to be > 0.");
    }
    let own = parser.config.proxies.len();
    if let Some(other) = parser.ids.insert(value, own).filter(|other| *other != own) {
        let other = &parser.config.proxies[other];
        let text = format!(
            "{} {} reuses same custom id as {} {} (declared at {}).",
            parser.proxy.as_ref().map_or("", |proxy| proxy.kind.noun()),
            parser.proxy.as_ref().map_or("", |proxy| &proxy.name),
            other.kind.noun(),
            other.name,
            parser.place_of(other.span),
        );
        return line.fail_tight(1, text);
    }
    parser.proxy().id = Some((value, line.word_span(1)));
    Ok(())
}

fn disabled(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 1)?;
    parser.settings().disabled = true;
    Ok(())
}

fn enabled(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 1)?;
    parser.settings().disabled = false;
    Ok(())
}

fn description(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.in_defaults() {
        return line.fail_tight(0, "'description' not allowed in 'defaults' section.");
    }
    if line.len() < 2 {
        return line.fail_tight(0, "'description' expects a string argument.");
    }
    let words: Vec<&str> = line.from(1).collect();
    parser.proxy().description = Some(words.join(" ").into());
    Ok(())
}

fn guid(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.not_in_defaults(line, "guid")?;
    if line.len() < 2 {
        return line.fail(0, "'guid' : expects an argument");
    }
    let name = Name::new(parser.intern(line.word(1)), line.word_span(1));
    parser.proxy().guid = Some(name);
    Ok(())
}
