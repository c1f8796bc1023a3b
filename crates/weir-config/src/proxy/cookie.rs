//! `cookie` and `dynamic-cookie-key` (manual 4.2).

use std::sync::Arc;

use weir_plan::settings::{Cookie, CookieMode};
use weir_syntax::Line;

use super::keepalive::seconds;
use super::scope::Half;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new(
        "cookie",
        "<name> [ rewrite | insert | prefix ] [ <options> ]",
        "Affinity by cookie (4.2).",
        cookie,
    ),
    Keyword::new("dynamic-cookie-key", "<string>", "Secret of dynamic cookies (4.2).", dynamic_key),
];

const OPTIONS: &str = "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', \
                       'maxidle', 'dynamic', 'maxlife' and 'attr' options.";

fn cookie(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "cookie") {
        return Ok(());
    }
    if line.word(1).is_empty() {
        return line.fail(0, "'cookie' expects <cookie_name> as argument.");
    }
    let mut cookie = Cookie { name: line.word(1).into(), ..Cookie::default() };
    let mut at = 2;
    let mut modes = 0;
    while at < line.len() {
        let taken = option(parser, line, at, &mut cookie, &mut modes)?;
        at += taken;
    }
    if modes > 1 {
        return line.fail(2, "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.");
    }
    parser.settings().cookie = Some(Arc::new(cookie));
    Ok(())
}

/// Reads the option at `at`; how many words it took.
fn option(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    at: usize,
    cookie: &mut Cookie,
    modes: &mut u32,
) -> Outcome<usize> {
    let mut mode = |mode| {
        cookie.mode = mode;
        *modes += 1;
    };
    match line.word(at) {
        "rewrite" => mode(CookieMode::Rewrite),
        "insert" => mode(CookieMode::Insert),
        "prefix" => mode(CookieMode::Prefix),
        "indirect" => cookie.indirect = true,
        "nocache" => cookie.nocache = true,
        "postonly" => cookie.postonly = true,
        "preserve" => cookie.preserve = true,
        "httponly" => cookie.httponly = true,
        "secure" => cookie.secure = true,
        "dynamic" => cookie.dynamic = true,
        "domain" => {
            let domain = domain(parser, line, at + 1)?;
            cookie.domains.push(domain);
            return Ok(2);
        }
        "maxidle" => {
            cookie.max_idle = Some(time(line, at, "idletime")?);
            return Ok(2);
        }
        "maxlife" => {
            cookie.max_life = Some(time(line, at, "lifetime")?);
            return Ok(2);
        }
        "attr" => {
            cookie.attributes.push(attribute(line, at + 1)?);
            return Ok(2);
        }
        _ => return line.fail(at, OPTIONS),
    }
    Ok(1)
}

fn domain(parser: &mut Parser<'_>, line: &Line<'_>, at: usize) -> Outcome<Box<str>> {
    let domain = line.word(at);
    if domain.is_empty() {
        return line.fail_tight(at, "'domain' expects <domain> as argument.");
    }
    if !domain[1..].contains('.') {
        let text = format!(
            "domain '{domain}' contains no embedded dot, this configuration may not work properly (see \
             RFC6265#5.2.3)."
        );
        parser.push(line.warning(at, text).with_form(weir_types::Form::ParsingTight));
    }
    let wrong = domain.chars().find(|letter| !letter.is_ascii_alphanumeric() && !"-_.:".contains(*letter));
    if let Some(wrong) = wrong {
        return line
            .fail_tight(at, format!("character '{wrong}' is not permitted in domain name '{domain}'."));
    }
    Ok(domain.into())
}

fn time(line: &Line<'_>, at: usize, what: &str) -> Outcome<u32> {
    let name = line.word(at);
    let text = line.word(at + 1);
    if text.is_empty() {
        return line.fail_tight(at, format!("'{name}' expects <{what}> in seconds as argument."));
    }
    seconds(text, name).or_else(|text| line.fail_tight(at + 1, text))
}

fn attribute(line: &Line<'_>, at: usize) -> Outcome<Box<str>> {
    let value = line.word(at);
    if value.is_empty() {
        return line.fail_tight(at, "'attr' expects <value> as argument.");
    }
    match value.bytes().find(|byte| *byte == b';' || *byte < b' ' || *byte == 0x7f) {
        Some(wrong) => {
            line.fail_tight(at, format!("character '%x{wrong:02X}' is not permitted in attribute value."))
        }
        None => Ok(value.into()),
    }
}

fn dynamic_key(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "dynamic-cookie-key") {
        return Ok(());
    }
    if line.word(1).is_empty() {
        return line.fail(0, "'dynamic-cookie-key' expects <secret_key> as argument.");
    }
    let key = parser.intern(line.word(1));
    parser.settings().dynamic_cookie_key = Some(key);
    Ok(())
}
