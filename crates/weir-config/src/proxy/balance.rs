//! `balance`, `hash-type`, `hash-balance-factor` (manual 4.2).

use std::sync::Arc;

use weir_plan::settings::{Affinity, Algorithm, Balance, HashFunction, HashMethod};
use weir_syntax::Line;
use weir_types::ProxyKind;

use super::scope::Half;
use crate::expression;
use crate::keyword::Keyword;
use crate::model::BalanceKey;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{atol, clamp_u32, prefix};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("balance", "<algorithm> [ <arguments> ]", "How a server is chosen (4.2).", balance),
    Keyword::new(
        "hash-type",
        "<method> <function> <modifier>",
        "How hashes map to servers (4.2).",
        hash_type,
    ),
    Keyword::new("hash-balance-factor", "<factor>", "Bound of consistent hashing's load (4.2).", factor),
    Keyword::new(
        "hash-preserve-affinity",
        "{ always | maxconn | maxqueue }",
        "When a key goes to another server than its own (4.2).",
        affinity,
    )
    .listed(),
];

const SUPPORTED: &str = "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', \
                         'hash', 'hdr(name)', 'rdp-cookie(name)', 'log-hash' and 'log-sticky' options.";

fn balance(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "balance") {
        return Ok(());
    }
    let mut key = None;
    let algorithm = match line.word(1) {
        // HAProxy takes a lone `balance` for the default.
        "" | "roundrobin" => Algorithm::RoundRobin,
        "static-rr" => Algorithm::StaticRoundRobin,
        "first" => Algorithm::First,
        "leastconn" => Algorithm::LeastConn,
        "source" => Algorithm::Source,
        "sticky" | "log-sticky" => Algorithm::Sticky,
        "uri" => uri(line)?,
        "url_param" => url_param(line)?,
        "hash" => {
            key = Some(Arc::new(hash_key(parser, line)?));
            Algorithm::Hash
        }
        "log-hash" => {
            key = Some(Arc::new(hash_key(parser, line)?));
            Algorithm::LogHash
        }
        word => match word {
            _ if word.starts_with("random") => random(line)?,
            _ if word.starts_with("hdr") => header(line)?,
            _ if word.starts_with("rdp-cookie") => rdp_cookie(line)?,
            _ => return line.fail(1, SUPPORTED),
        },
    };
    let settings = parser.settings();
    settings.balance_key = key;
    change(&mut settings.balance, |balance| {
        balance.algorithm = algorithm;
        balance.chosen = true;
    });
    Ok(())
}

/// Changes a shared value only where it differs, so that equal proxies go on sharing it.
fn change(shared: &mut Arc<Balance>, set: impl FnOnce(&mut Balance)) {
    let mut changed = (**shared).clone();
    set(&mut changed);
    if changed != **shared {
        *shared = Arc::new(changed);
    }
}

fn hash_key(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<BalanceKey> {
    if line.word(2).is_empty() {
        return line.fail(1, format!("balance {} requires a sample expression.", line.word(1)));
    }
    let (expr, _) = expression::whole(parser, line, 2, expression::BACKEND_SET_UP).or_else(|text| {
        line.fail(2, format!("{} : {text}.", "balance hash").replace("balance hash : ", ""))
    })?;
    Ok(BalanceKey { expr, span: line.word_span(2) })
}

fn uri(line: &Line<'_>) -> Outcome<Algorithm> {
    let (mut length, mut depth, mut whole, mut path_only) = (0, 0, false, false);
    let mut at = 2;
    while at < line.len() {
        match line.word(at) {
            name @ ("len" | "depth") => {
                let text = line.word(at + 1);
                let value = u32::try_from(atol(text)).unwrap_or(0);
                if value == 0 {
                    let text = format!("balance uri : '{name}' expects a positive integer (got '{text}').");
                    return line.fail(at + 1, text);
                }
                *(if name == "len" { &mut length } else { &mut depth }) = value;
                at += 2;
            }
            "whole" => (whole, at) = (true, at + 1),
            "path-only" => (path_only, at) = (true, at + 1),
            other => {
                let text = "balance uri only accepts parameters 'len', 'depth', 'path-only', and 'whole'";
                return line.fail(at, format!("{text} (got '{other}')."));
            }
        }
    }
    Ok(Algorithm::Uri { length, depth, whole, path_only })
}

fn url_param(line: &Line<'_>) -> Outcome<Algorithm> {
    if line.word(2).is_empty() {
        return line.fail(1, "balance url_param requires an URL parameter name.");
    }
    let check_post = match line.word(3) {
        "" => None,
        // The number is a relic: any body is looked at.
        "check_post" => Some(clamp_u32(prefix(line.word(4)).0)),
        other => {
            return line
                .fail(3, format!("balance url_param only accepts 'check_post' modifier (got '{other}')."));
        }
    };
    Ok(Algorithm::UrlParam { name: line.word(2).into(), check_post })
}

fn header(line: &Line<'_>) -> Outcome<Algorithm> {
    let word = line.word(1);
    let name = word.strip_prefix("hdr(").and_then(|rest| rest.split_once(')')).map_or("", |(name, _)| name);
    if !word.starts_with("hdr(") {
        return line.fail(
            1,
            if word == "hdr" { "balance hdr requires an http header field name." } else { SUPPORTED },
        );
    }
    if name.is_empty() {
        return line.fail(1, "balance hdr requires an http header field name.");
    }
    let use_domain_only = match line.word(2) {
        "" => false,
        "use_domain_only" => true,
        other => {
            let text =
                format!("balance hdr({name}) only accepts 'use_domain_only' modifier (got '{other}').");
            return line.fail(2, text);
        }
    };
    Ok(Algorithm::Header { name: name.into(), use_domain_only })
}

fn rdp_cookie(line: &Line<'_>) -> Outcome<Algorithm> {
    let rest = line.word(1).trim_start_matches("rdp-cookie");
    if rest.is_empty() {
        return Ok(Algorithm::RdpCookie { name: "mstshash".into() });
    }
    match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((name, _)) if !name.is_empty() => Ok(Algorithm::RdpCookie { name: name.into() }),
        _ => line.fail(1, "balance rdp-cookie : missing cookie name."),
    }
}

fn random(line: &Line<'_>) -> Outcome<Algorithm> {
    let rest = line.word(1).trim_start_matches("random");
    let Some(inside) = rest.strip_prefix('(') else { return Ok(Algorithm::Random(2)) };
    let (draws, tail) = prefix(inside);
    match tail.chars().next() {
        Some(')') => {}
        Some(wrong) => {
            return line.fail(1, format!("balance random : unexpected character '{wrong}' after argument."));
        }
        None => return line.fail(1, "balance random : missing closing parenthesis."),
    }
    match u32::try_from(draws) {
        Ok(draws) if draws > 0 => Ok(Algorithm::Random(draws)),
        _ => line.fail(1, "balance random : number of draws must be at least 1."),
    }
}

fn hash_type(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "hash-type") {
        return Ok(());
    }
    let method = match line.word(1) {
        "consistent" => HashMethod::Consistent,
        "map-based" => HashMethod::MapBased,
        "avalanche" => {
            return line.fail(
                1,
                "experimental feature 'hash-type avalanche' is not supported anymore, please use \
                'hash-type map-based sdbm avalanche' instead.",
            );
        }
        _ => return line.fail(1, "'hash-type' only supports 'consistent' and 'map-based'."),
    };
    // Consistent hashing without a function always mixes its keys well.
    let consistent = method == HashMethod::Consistent;
    let (function, avalanche) = match line.word(2) {
        "" => (HashFunction::Sdbm, consistent),
        "sdbm" => (HashFunction::Sdbm, modifier(line)?),
        "djb2" => (HashFunction::Djb2, modifier(line)?),
        "wt6" => (HashFunction::Wt6, modifier(line)?),
        "crc32" => (HashFunction::Crc32, modifier(line)?),
        "none" => (HashFunction::None, modifier(line)?),
        _ => {
            let text = "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.";
            return line.fail(2, text);
        }
    };
    let balance = &mut parser.settings().balance;
    change(balance, |balance| {
        (balance.method, balance.function, balance.avalanche) = (method, function, avalanche)
    });
    match line.word(2) {
        // Its definition stands in HAProxy's source alone.
        "wt6" => line.not_yet(2, "hash-type ... wt6"),
        _ => Ok(()),
    }
}

fn modifier(line: &Line<'_>) -> Outcome<bool> {
    match line.word(3) {
        "" => Ok(false),
        "avalanche" => Ok(true),
        _ => line.fail(3, "'hash-type' only supports 'avalanche' as a modifier for hash functions."),
    }
}

fn factor(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "hash-balance-factor") {
        return Ok(());
    }
    if line.word(1).is_empty() {
        return line.fail(0, "'hash-balance-factor' expects an integer argument.");
    }
    let value = clamp_u32(atol(line.word(1)));
    if value != 0 && value <= 100 {
        return line.fail(1, "'hash-balance-factor' must be 0 or greater than 100.");
    }
    parser.at_most(line, 2)?;
    change(&mut parser.settings().balance, |balance| balance.balance_factor = value);
    Ok(())
}

fn affinity(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let frontend = parser.kind() == ProxyKind::Frontend;
    let affinity = match line.word(1) {
        "" => {
            let text = "'hash-preserve-affinity' needs a keyword to specify when to preserve hash affinity";
            return line.fail(0, text);
        }
        _ if frontend => {
            return line.fail(0, "'hash-preserve-affinity' only available in backend or listen section");
        }
        "always" => Affinity::Always,
        "maxconn" => Affinity::Maxconn,
        "maxqueue" => Affinity::Maxqueue,
        other => return line.fail(1, format!("'hash-preserve-affinity': unknown keyword '{other}'")),
    };
    change(&mut parser.settings().balance, |balance| balance.affinity = affinity);
    Ok(())
}
