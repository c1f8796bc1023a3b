//! `show tls-keys`, `set ssl tls-key`: keys of session tickets that came from files.

use std::fmt::Write;
use std::sync::Arc;

use weir_plan::{Edit, EditKind, Plan};
use weir_tls::TicketKeys;
use weir_tls::update::Update;

use crate::cli::reply::Reply;
use crate::cli::session::Context;
use crate::cli::table::Level;

/// A file by its name or by `#` and its number.
fn find(plan: &Plan, wanted: &str) -> Option<(usize, Arc<TicketKeys>)> {
    let files = plan.ticket_keys();
    let at = match wanted.strip_prefix('#') {
        Some(number) => number.parse().ok()?,
        None => files.iter().position(|keys| *keys.file == *wanted)?,
    };
    Some((at, files.get(at)?.clone()))
}

pub fn show(context: &mut Context<'_>) -> Reply {
    let plan = context.view().plan;
    let wanted = context.argument(0);
    let files = plan.ticket_keys().into_iter().enumerate();
    if wanted.is_empty() {
        let lines = files.map(|(id, keys)| format!("{id} ({})\n", keys.file));
        return Reply::text(std::iter::once("# id (file)\n".to_owned()).chain(lines).collect::<String>());
    }
    if context.state.level < Level::Admin {
        return Reply::error("Permission denied");
    }
    let chosen: Vec<(usize, Arc<TicketKeys>)> = match wanted {
        "*" => files.collect(),
        name => match find(plan, name) {
            Some(found) => vec![found],
            None => return Reply::error("'show tls-keys' unable to locate referenced filename"),
        },
    };
    let mut text = String::from("# id secret\n");
    for (id, keys) in chosen {
        let _ = writeln!(text, "# {id} ({})", keys.file);
        for (at, key) in keys.in_use().iter().enumerate() {
            let _ = writeln!(text, "{id}.{at} {}", openssl::base64::encode_block(key));
        }
    }
    Reply::text(text)
}

pub fn set(context: &mut Context<'_>) -> Reply {
    let (wanted, key) = (context.argument(0), context.argument(1));
    if wanted.is_empty() || key.is_empty() {
        return Reply::error("'set ssl tls-key' expects a filename and the new TLS key in base64 encoding.");
    }
    let Some((_, keys)) = find(context.view().plan, wanted) else {
        return Reply::error("'set ssl tls-key' unable to locate referenced filename");
    };
    let Ok(key) = openssl::base64::decode_block(key) else {
        return Reply::error("'set ssl tls-key' received invalid base64 encoded TLS key.");
    };
    if !keys.fits(&key) {
        return Reply::error("'set ssl tls-key' received a key of wrong size.");
    }
    let update = Update::TicketKey { file: keys.file.to_string(), key };
    context.edit(Edit::new(EditKind::Certificates, update.encode()), |outcome, _| match outcome {
        Ok(()) => Reply::info("TLS ticket key updated!"),
        Err(reason) => Reply::error(reason),
    })
}
