//! Commands about the session itself.

use weir_plan::settings::SeverityOutput;

use crate::cli::reply::Reply;
use crate::cli::session::{Context, Mode};
use crate::cli::suggest;
use crate::cli::table::Level;

pub fn help(context: &mut Context<'_>) -> Reply {
    Reply::text(suggest::help(context.arguments, context.state))
}

pub fn prompt(context: &mut Context<'_>) -> Reply {
    for (index, word) in context.arguments.iter().enumerate() {
        match word.as_str() {
            "n" => context.state.mode = Mode::Single,
            "i" => context.state.mode = Mode::Interactive,
            "p" => context.state.mode = Mode::Prompt,
            "timed" => {
                context.state.timed = !context.state.timed;
                if index == 0 {
                    context.state.mode = Mode::Prompt;
                }
            }
            _ => return Reply::info(PROMPT_USAGE),
        }
    }
    if context.arguments.is_empty() {
        context.state.mode = match context.state.mode {
            Mode::Prompt => Mode::Single,
            Mode::Single | Mode::Interactive => Mode::Prompt,
        };
    }
    Reply::Empty
}

const PROMPT_USAGE: &str = "Usage: prompt [help | n | i | p | timed]*
Changes the default prompt and interactive mode. Available options:
   help     display this help
   n        set to non-interactive mode (no prompt, single command)
   i        set to interactive mode only (no prompt, multiple commands)
   p        set to prompt+interactive mode (prompt + multiple commands)
   timed    toggle displaying the current date in the prompt
Without any argument, toggles between n/i/p.";

pub fn quit(_: &mut Context<'_>) -> Reply {
    Reply::Quit
}

pub fn user(context: &mut Context<'_>) -> Reply {
    context.state.level = Level::User;
    Reply::Empty
}

pub fn operator(context: &mut Context<'_>) -> Reply {
    context.state.level = context.state.level.min(Level::Operator);
    Reply::Empty
}

pub fn expert_mode(context: &mut Context<'_>) -> Reply {
    switch(context.argument(0), "expert-mode", &mut context.state.expert)
}

pub fn experimental_mode(context: &mut Context<'_>) -> Reply {
    switch(context.argument(0), "experimental-mode", &mut context.state.experimental)
}

fn switch(word: &str, name: &str, flag: &mut bool) -> Reply {
    match word {
        "" => return Reply::info(format!("{name} is {}", if *flag { "ON" } else { "OFF" })),
        "on" => *flag = true,
        "off" => *flag = false,
        _ => return Reply::Empty,
    }
    Reply::Empty
}

pub fn echo(context: &mut Context<'_>) -> Reply {
    let mut text = context.arguments.join(" ");
    if let Some(payload) = context.payload {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(payload.trim_end_matches('\n'));
    }
    Reply::info(text)
}

pub fn level(context: &mut Context<'_>) -> Reply {
    Reply::text(format!("{}\n", context.state.level.word()))
}

pub fn severity_output(context: &mut Context<'_>) -> Reply {
    context.state.severity = match context.argument(0) {
        "none" => SeverityOutput::None,
        "number" => SeverityOutput::Number,
        "string" => SeverityOutput::String,
        _ => return Reply::error("one of 'none', 'number', 'string' is a required argument"),
    };
    Reply::Empty
}

pub fn timeout(context: &mut Context<'_>) -> Reply {
    if context.argument(0) != "cli" {
        return Reply::error("'set timeout' only supports 'cli'.");
    }
    match seconds_to_ms(context.argument(1)) {
        Some(timeout) => {
            context.state.timeout_ms = Some(timeout);
            Reply::Empty
        }
        None => Reply::error("Invalid timeout value."),
    }
}

/// A time of manual 2.5 whose default unit is the second. At least one millisecond.
fn seconds_to_ms(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let ms = match &text[digits..] {
        "us" => number.div_ceil(1000),
        "ms" => number,
        "" | "s" => number.checked_mul(1000)?,
        "m" => number.checked_mul(60_000)?,
        "h" => number.checked_mul(3_600_000)?,
        "d" => number.checked_mul(86_400_000)?,
        _ => return None,
    };
    (ms > 0).then_some(ms)
}
