//! `http-check`, `tcp-check` and `external-check` lines (manual 4.2). The steps stand in `check_steps`.

use std::sync::Arc;

use weir_syntax::Line;

use super::check_steps;
use super::scope::Half;
use crate::keyword::Keyword;
use crate::model::{CheckPlan, CheckStep};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("http-check", "<step> ...", "Steps of an HTTP health check (4.2).", http_check).listed(),
    Keyword::new("tcp-check", "<step> ...", "Steps of a TCP health check (4.2).", tcp_check).listed(),
    Keyword::new(
        "external-check",
        "{ command | path } <value>",
        "A program as health check (4.2).",
        external,
    )
    .listed(),
];

fn plan<'p>(parser: &'p mut Parser<'_>) -> &'p mut CheckPlan {
    Arc::make_mut(&mut parser.settings().check)
}

fn push(parser: &mut Parser<'_>, step: CheckStep) {
    plan(parser).steps.push(step);
}

/// A frontend only ignores a line whose step is known.
fn ignored(parser: &mut Parser<'_>, line: &Line<'_>) -> bool {
    let step = line.word(1);
    let unknown = ![
        "disable-on-404",
        "send-state",
        "comment",
        "connect",
        "send",
        "send-lf",
        "send-binary",
        "send-binary-lf",
        "expect",
    ]
    .contains(&step)
        && !step.starts_with("set-var")
        && !step.starts_with("unset-var");
    if unknown {
        return false;
    }
    parser.lacks(Half::Backend, line, line.keyword())
}

pub(crate) fn http_check(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if ignored(parser, line) {
        return Ok(());
    }
    match line.word(1) {
        "disable-on-404" => {
            parser.at_most(line, 2)?;
            plan(parser).disable_on_404 = true;
        }
        "send-state" => {
            parser.at_most(line, 2)?;
            plan(parser).send_state = true;
        }
        _ => {
            let step = check_steps::http(parser, line)?;
            push(parser, step);
        }
    }
    Ok(())
}

pub(crate) fn tcp_check(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if ignored(parser, line) {
        return Ok(());
    }
    let step = check_steps::tcp(parser, line)?;
    push(parser, step);
    Ok(())
}

fn external(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let what = line.word(1);
    if what.is_empty() {
        return line.fail(0, "missing argument after 'external-check'.");
    }
    if what != "command" && what != "path" {
        return line
            .fail(1, format!("'external-check' only supports 'command' and 'path'. but got '{what}'."));
    }
    parser.at_most(line, 3)?;
    let value = line.word(2);
    if value.is_empty() {
        return line.fail(1, format!("missing argument after '{what}'."));
    }
    let plan = plan(parser);
    *(if what == "command" { &mut plan.external_command } else { &mut plan.external_path }) =
        Some(value.into());
    Ok(())
}
