//! Health checks and server states in `global` (manual 3.1, 3.2): `spread-checks`, `external-check`,
//! `server-state-*`.

use weir_syntax::Line;
use weir_syntax::time::{self, Unit};

use super::argument::{once, refuse};
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Prefix};
use crate::value::{atol, clamp_u32};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("spread-checks", "<0..50, in percent>", "Randomises check intervals (3.2).", spread),
    Keyword::new("max-spread-checks", "<delay>", "Bound of the checks' start (3.2).", max_spread),
    Keyword::new("external-check", "[preserve-env]", "Allows checks by programs (3.1).", external),
    Keyword::new("insecure-fork-wanted", "", "Checks may start programs (3.1).", |parser, line| {
        parser.at_most(line, 1)?;
        parser.config.global.fork_wanted = parser.prefix == Prefix::None;
        Ok(())
    }),
    Keyword::new("server-state-base", "<dir>", "Where state files are (3.1).", |parser, line| {
        let dir = needs(line, "expects one argument: a directory path.")?;
        let known = parser.config.global.server_state_base.is_some();
        if !once(parser, line, known) {
            parser.config.global.server_state_base = Some(dir.into());
        }
        Ok(())
    }),
    Keyword::new("server-state-file", "<file>", "The state file of all servers (3.1).", |parser, line| {
        let file = needs(line, "expect one argument: a file path.")?;
        let known = parser.config.global.server_state_file.is_some();
        if !once(parser, line, known) {
            parser.config.global.server_state_file = Some(file.into());
        }
        Ok(())
    }),
];

fn needs<'l>(line: &Line<'l>, missing: &str) -> Outcome<&'l str> {
    if line.word(1).is_empty() { refuse(line, missing) } else { Ok(line.word(1)) }
}

fn spread(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    if line.len() < 2 {
        return line.fail_tight(0, "'spread-checks' expects an integer argument (0..50).");
    }
    match atol(line.word(1)) {
        value @ 0..=50 => {
            parser.config.global.spread_checks = clamp_u32(value);
            Ok(())
        }
        _ => line.fail_tight(1, "'spread-checks' needs a positive value in range 0..50."),
    }
}

fn max_spread(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let (keyword, text) = (line.keyword(), line.word(1));
    if text.is_empty() {
        return line.fail_tight(0, format!("'{keyword}' expects an integer argument (0..50)."));
    }
    let value = time::parse(text, Unit::Millisecond).or_else(|fault| match fault {
        time::TimeError::Overflow => {
            line.fail_tight(1, fault.bracketed(text, keyword, Unit::Millisecond, ""))
        }
        time::TimeError::Unexpected(wrong) => {
            let wrong = wrong.0.map(String::from).unwrap_or_default();
            let wants = "(wants an integer delay).";
            line.fail_tight(1, format!("unsupported character '{wrong}' in '{keyword}' {wants}"))
        }
    })?;
    parser.config.global.max_spread_checks = Some(value);
    Ok(())
}

fn external(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let word = line.word(1);
    if !matches!(word, "" | "preserve-env") {
        return refuse(line, &format!("only supports 'preserve-env' as an argument, found '{word}'."));
    }
    parser.at_most(line, 2)?;
    parser.config.global.external_check = true;
    parser.config.global.external_check_keeps_environment |= word == "preserve-env";
    Ok(())
}
