//! Keywords that HAProxy dropped and still names in its message, with what replaces them.

use weir_syntax::Line;

use super::timeouts;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("clitimeout", "", "Removed: `timeout client`.", |_, line| timeout(line, "client")).listed(),
    Keyword::new("srvtimeout", "", "Removed: `timeout server`.", |_, line| timeout(line, "server")).listed(),
    Keyword::new("contimeout", "", "Removed: `timeout connect`.", |_, line| timeout(line, "connect"))
        .listed(),
    Keyword::new("grace", "", "Removed from proxies.", |_, line| {
        line.fail_tight(0, "the 'grace' keyword is not supported any more since HAProxy version 2.5.")
    }),
    Keyword::new("bind-process", "", "Removed with nbproc: `bind ... thread`.", |_, line| {
        line.fail_tight(0, "'bind-process' is not supported anymore.")
    }),
    Keyword::new("redisp", "", "Removed: `option redispatch`.", |_, line| redispatch(line)),
    Keyword::new("redispatch", "", "Removed: `option redispatch`.", |_, line| redispatch(line)),
    Keyword::new("block", "", "Removed: `http-request deny`.", |_, line| {
        line.fail(0, "The 'block' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' which uses the exact same syntax.")
    }),
    Keyword::new("appsession", "", "Removed: `stick on`.", |_, line| {
        line.fail(0, "'appsession' is not supported anymore since HAProxy 1.6.")
    }),
    Keyword::new("monitor-net", "", "Removed: `http-request return`.", |_, line| {
        line.fail(0, format!("'monitor-net' doesn't exist anymore. Please use 'http-request return status 200 if {{ src {} }}' instead.", line.word(1)))
    }),
    Keyword::new("reqadd", "", "Removed: `http-request add-header`.", |_, line| {
        instead(line, "directive ", "http-request add-header")
    }),
    Keyword::new("reqallow", "", "Removed: `http-request allow`.", |_, line| {
        instead(line, "directive ", "http-request allow")
    }),
    Keyword::new("reqiallow", "", "Removed: `http-request allow`.", |_, line| {
        instead(line, "directive ", "http-request allow")
    }),
    Keyword::new("reqdel", "", "Removed: `http-request del-header`.", |_, line| {
        instead(line, "directive ", "http-request del-header")
    }),
    Keyword::new("reqidel", "", "Removed: `http-request del-header`.", |_, line| {
        instead(line, "directive ", "http-request del-header")
    }),
    Keyword::new("reqirep", "", "Removed: `http-request replace-header`.", |_, line| {
        instead(line, "directive ", "http-request replace-header")
    }),
    Keyword::new("reqtarpit", "", "Removed: `http-request tarpit`.", |_, line| {
        instead(line, "directive ", "http-request tarpit")
    }),
    Keyword::new("reqitarpit", "", "Removed: `http-request tarpit`.", |_, line| {
        instead(line, "directive ", "http-request tarpit")
    }),
    Keyword::new("rspadd", "", "Removed: `http-response add-header`.", |_, line| {
        instead(line, "directive ", "http-response add-header")
    }),
    Keyword::new("rspdeny", "", "Removed: `http-response deny`.", |_, line| {
        instead(line, "directive ", "http-response deny")
    }),
    Keyword::new("rspideny", "", "Removed: `http-response deny`.", |_, line| {
        instead(line, "directive ", "http-response deny")
    }),
    Keyword::new("rsprep", "", "Removed: `http-response replace-header`.", |_, line| {
        instead(line, "directive ", "http-response replace-header")
    }),
    Keyword::new("rspirep", "", "Removed: `http-response replace-header`.", |_, line| {
        instead(line, "directive ", "http-response replace-header")
    }),
    Keyword::new("reqdeny", "", "Removed: `http-request deny`.", |_, line| {
        instead(line, "", "http-request deny")
    }),
    Keyword::new("reqideny", "", "Removed: `http-request deny`.", |_, line| {
        instead(line, "", "http-request deny")
    }),
    Keyword::new("reqpass", "", "Removed.", |_, line| {
        line.fail(0, "The 'reqpass' not supported anymore since HAProxy 2.1.")
    }),
    Keyword::new("reqipass", "", "Removed.", |_, line| {
        line.fail(0, "The 'reqipass' not supported anymore since HAProxy 2.1.")
    }),
    Keyword::new("rspdel", "", "Removed: `http-response del-header`.", |_, line| {
        line.fail(0, "The 'rspdel' directive is not supported anymore since HAProxy 2.1. Use 'http-response del-header' .")
    }),
    Keyword::new("rspidel", "", "Removed: `http-response del-header`.", |_, line| {
        line.fail(0, "The 'rspidel' directive is not supported anymore since HAProxy 2.1. Use 'http-response del-header' instead.")
    }),
    Keyword::new("reqrep", "", "Removed: `http-request replace-path`.", |_, line| {
        line.fail(0, "The 'reqrep' directive is not supported anymore since HAProxy 2.1. Use 'http-request replace-path', 'http-request replace-uri' or 'http-request replace-header' instead.")
    }),
];

fn timeout(line: &Line<'_>, new: &str) -> Outcome {
    line.fail(0, timeouts::removed(line.keyword(), new))
}

fn redispatch(line: &Line<'_>) -> Outcome {
    let keyword = line.keyword();
    line.fail(
        0,
        format!("keyword '{keyword}' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'."),
    )
}

fn instead(line: &Line<'_>, noun: &str, new: &str) -> Outcome {
    let keyword = line.keyword();
    let verb = if noun.is_empty() { "" } else { "is " };
    line.fail(
        0,
        format!("The '{keyword}' {noun}{verb}not supported anymore since HAProxy 2.1. Use '{new}' instead."),
    )
}
