//! `wait`: for a time, or for a condition.

use crate::View;
use crate::cli::commands::dynamic_servers::{self, Removable};
use crate::cli::reply::Reply;
use crate::cli::session::{Condition, Context, Control};

const USAGE: &str = "Usage: wait {-h|<duration>} [condition [args...]]
  - '-h' displays this help
  - <duration> is the maximum wait time, optionally suffixed by the unit among
    'us', 'ms', 's', 'm', 'h', and 'd'. ; the default unit is milliseconds.
Supported conditions:
  - srv-removable <proxy>/<server> : wait for this server to become removable
When the specified condition becomes true, waiting stops. When it is known that
it will never be, an error is reported.";

pub fn wait(context: &mut Context<'_>) -> Reply {
    let arguments = context.arguments;
    if arguments.iter().take(2).any(|word| word == "-h") {
        return Reply::info(USAGE);
    }
    let Some(ms) = duration(context.argument(0)) else { return Reply::error("Invalid duration.") };
    let condition: Option<Condition> = match context.argument(1) {
        "" => None,
        "srv-removable" => {
            let path = context.argument(2).to_owned();
            if path.is_empty() {
                return Reply::error("Missing server name (<backend>/<server>).");
            }
            Some(Box::new(move |control: &dyn Control| removable(&control.view(), &path)))
        }
        _ => return Reply::error(USAGE),
    };
    context.wait(ms, condition, |outcome, _| match outcome {
        Ok(()) => Reply::info("Done."),
        Err(text) if text.is_empty() => Reply::error("Wait delay expired."),
        Err(text) => Reply::error(format!("Failed. {text}")),
    })
}

/// Whether `del server` would have its way; `None`: not yet.
fn removable(view: &View<'_>, path: &str) -> Option<Result<(), String>> {
    let refused = |text: &str| Some(Err(text.to_owned()));
    let Some((backend, server)) = path.split_once('/') else { return refused("Require 'backend/server'.") };
    let Some(proxy) = view.find_backend(backend) else { return refused("No such backend.") };
    let Some(id) = view.find_server(proxy, server) else { return refused("No such server.") };
    match dynamic_servers::removable(view, id) {
        Removable::Yes => Some(Ok(())),
        Removable::NotYet(_) => None,
        Removable::Never(text) => refused(text),
    }
}

/// A time of manual 2.5 whose default unit is the millisecond.
pub(super) fn duration(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    match &text[digits..] {
        "us" => Some(number.div_ceil(1000)),
        "" | "ms" => Some(number),
        "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        "d" => number.checked_mul(86_400_000),
        _ => None,
    }
}
