//! Lua in `global` (manual 3.1 `lua-*`, 3.2 `tune.lua.*`): knobs are read without effect while no script can be loaded.

use weir_syntax::Line;
use weir_syntax::time;

use super::argument::{choice, either_on_off, refuse};
use crate::keyword::{Keyword, Parse};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::integer;

const fn row(name: &'static str, arguments: &'static str, doc: &'static str, parse: Parse) -> Keyword {
    Keyword::new(name, arguments, doc, parse).listed().no_effect("no Lua script can be loaded yet")
}

pub const KEYWORDS: &[Keyword] = &[
    row("lua-load", "<file> [<argument>...]", "Loads a script (3.1).", |parser, line| {
        load(parser, line, "expects a file name as parameter.")
    })
    .not_yet(),
    row(
        "lua-load-per-thread",
        "<file> [<argument>...]",
        "Loads a script in each thread (3.1).",
        |parser, line| load(parser, line, "expects a file as parameter."),
    )
    .not_yet(),
    row("lua-prepend-path", "<path> [path|cpath]", "Where modules are searched (3.1).", prepend_path),
    row(
        "tune.lua.bool-sample-conversion",
        "{ normal | pre-3.1-bug }",
        "Booleans in Lua (3.2).",
        |parser, line| {
            let expects = "expects either 'normal' or 'pre-3.1-bug' but got '{got}'.";
            choice(parser, line, &["normal", "pre-3.1-bug"], expects).map(drop)
        },
    ),
    row("tune.lua.burst-timeout", "<timeout>", "Time of one run without a pause (3.2).", timeout),
    row("tune.lua.forced-yield", "<number>", "Instructions between pauses (3.2).", |_, line| {
        match integer(line.word(1)) {
            Ok(_) => Ok(()),
            Err(_) => line.fail(1, format!("{}: invalid number", line.keyword())),
        }
    }),
    row("tune.lua.log.loggers", "{ on | off }", "Messages of scripts to loggers (3.2).", either_on_off),
    row(
        "tune.lua.log.stderr",
        "{ on | auto | off }",
        "Messages of scripts to stderr (3.2).",
        |parser, line| {
            let expects = "expects either 'on', 'auto', or 'off' but got '{got}'.";
            choice(parser, line, &["on", "auto", "off"], expects).map(drop)
        },
    ),
    row("tune.lua.maxmem", "<number>", "Megabytes for scripts (3.2).", maxmem),
    row("tune.lua.openlibs", "{ all | none | <lib>[,...] }", "Libraries open to scripts (3.2).", openlibs),
    row("tune.lua.service-timeout", "<timeout>", "Time of a service (3.2).", timeout),
    row("tune.lua.session-timeout", "<timeout>", "Time of an action or fetch (3.2).", timeout),
    row("tune.lua.task-timeout", "<timeout>", "Time of a task (3.2).", timeout),
];

fn load(parser: &mut Parser<'_>, line: &Line<'_>, missing: &str) -> Outcome {
    let name = line.word(1);
    if name.is_empty() {
        return refuse(line, missing);
    }
    parser.global.lua = true;
    if parser.options.files.read(name).is_none() {
        let text = format!("error in Lua file '{name}': cannot open {name}: No such file or directory");
        return line.fail(1, text);
    }
    Ok(())
}

fn prepend_path(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match (line.word(1), line.word(2)) {
        ("", _) => refuse(line, "expects to receive a <path> as argument"),
        (_, "" | "path" | "cpath") => Ok(()),
        _ => line.fail(2, format!("'{}' expects <type> to either be 'path' or 'cpath'", line.keyword())),
    }
}

fn timeout(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match time::milliseconds(line.word(1)) {
        Ok(_) => Ok(()),
        Err(_) => line.fail(1, format!("{}: invalid timeout", line.keyword())),
    }
}

fn maxmem(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let text = line.word(1);
    if text.is_empty() {
        return refuse(line, "expects an integer argument (Lua memory size in MB).");
    }
    integer(text).map(drop).or_else(|wrong| {
        let rest = text.find(wrong).map_or("", |at| &text[at..]);
        line.fail(1, format!("{}: invalid number {text} (error at '{rest}')", line.keyword()))
    })
}

const LIBRARIES: &str = "table,io,os,string,math,utf8,package,debug";

fn openlibs(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let list = line.word(1);
    if list.is_empty() {
        return refuse(
            line,
            &format!("expects 'all', 'none', or a comma-separated list of libraries: {LIBRARIES}"),
        );
    }
    let known = |name: &str| name == "all" || name == "none" || LIBRARIES.split(',').any(|one| one == name);
    match list.split(',').find(|name| !known(name)) {
        Some(wrong) => {
            let text = format!("unknown library '{wrong}', expected one of: all,none,{LIBRARIES}");
            line.fail(1, format!("'{}': {text}", line.keyword()))
        }
        None => Ok(()),
    }
}
