//! `add server`, `del server` (management manual 9.3): edits of the plan, and what becomes of shared memory with them.

use weir_engine::servers::raise_epochs_of;
use weir_engine::settle;
use weir_plan::servers::refuses_servers;
use weir_plan::{Edit, EditKind, ServerEdit};
use weir_shm::{AdminFlags, Shm};
use weir_types::{ServerId, Slot};

use crate::View;
use crate::cli::reply::Reply;
use crate::cli::session::{Context, Control};

const REQUIRED: &str = "Require 'backend/server'.";

/// The two names of the first argument.
fn names<'a>(context: &Context<'a>) -> Option<(&'a str, &'a str)> {
    let (backend, server) = context.argument(0).split_once('/')?;
    (!backend.is_empty() && !server.is_empty()).then_some((backend, server))
}

pub fn add(context: &mut Context<'_>) -> Reply {
    if context.arguments == ["help"] {
        return Reply::text(help());
    }
    let Some((backend, server)) = names(context) else { return Reply::error(REQUIRED) };
    let view = context.view();
    let Some(proxy) = view.find_backend(backend) else { return Reply::error("No such backend.") };
    if let Some(reason) = refuses_servers(proxy) {
        return Reply::error(reason);
    }
    let backend = proxy.name.to_string();
    let edit = ServerEdit::Add {
        backend: backend.clone(),
        server: server.to_owned(),
        id: view.plan.free_server_id(proxy.index),
        words: context.arguments[1..].to_vec(),
    };
    let server = server.to_owned();
    context.edit(Edit::new(EditKind::Servers, edit.encode()), move |outcome, control| match outcome {
        Ok(()) => {
            registered(control, &backend, &server);
            Reply::info("New server registered.")
        }
        Err(reason) => Reply::error(reason),
    })
}

fn registered(control: &dyn Control, backend: &str, server: &str) {
    let view = control.view();
    let Some(proxy) = view.find_backend(backend) else { return };
    let Some(id) = view.find_server(proxy, server) else { return };
    let server = view.plan.server(id);
    forget_turns(view.shm, proxy.backend_slot, server.slot);
    settle::renew(server, view.shm, weir_sys::clock::monotonic_ms());
    raise_epochs_of(view.shm, proxy.backend_slot);
    control.servers_changed();
}

/// What the balancing noted of the server of that name that was there before.
fn forget_turns(shm: Shm, backend: Slot, server: Slot) {
    let balance = shm.backend(backend).balance(shm.controller());
    balance.server_words(server).iter().for_each(|word| word.set(0));
}

/// The options that `add server` takes, as the tables have them.
fn help() -> String {
    let mut text = String::from("List of keywords supported for dynamic servers:\n");
    for name in weir_config::server::dynamic_options() {
        text.push_str(name);
        text.push('\n');
    }
    text
}

pub fn delete(context: &mut Context<'_>) -> Reply {
    let Some((backend, server)) = names(context) else { return Reply::error(REQUIRED) };
    let view = context.view();
    let Some(proxy) = view.find_backend(backend) else { return Reply::error("No such backend.") };
    let Some(id) = view.find_server(proxy, server) else { return Reply::error("No such server.") };
    match removable(&view, id) {
        Removable::Yes => {}
        Removable::Never(text) | Removable::NotYet(text) => return Reply::error(text),
    }
    let (slot, backend_slot) = (view.plan.server(id).slot, proxy.backend_slot);
    let server = view.plan.server(id).name.to_string();
    let edit = ServerEdit::Delete { backend: proxy.name.to_string(), server };
    context.edit(Edit::new(EditKind::Servers, edit.encode()), move |outcome, control| match outcome {
        Ok(()) => {
            let shm = control.view().shm;
            let state = shm.server(slot).state;
            state.reset();
            forget_turns(shm, backend_slot, slot);
            state.revision.fetch_add(1);
            raise_epochs_of(shm, backend_slot);
            control.servers_changed();
            Reply::info("Server deleted.")
        }
        Err(reason) => Reply::error(reason),
    })
}

/// Whether a server can be deleted.
pub enum Removable {
    Yes,
    NotYet(&'static str),
    Never(&'static str),
}

pub fn removable(view: &View<'_>, id: ServerId) -> Removable {
    if view.plan.is_referred_to(id) {
        let text =
            "This server cannot be removed at runtime due to other configuration elements pointing to it.";
        return Removable::Never(text);
    }
    let shared = view.server_state(view.plan.server(id));
    if !shared.state.admin().intersects(AdminFlags::MAINT) {
        return Removable::Never("Only servers in maintenance mode can be deleted.");
    }
    let busy = |it: &weir_shm::ServerCounters| {
        it.scur.value() + it.qcur.value() + it.srv_icur.value() + it.used_conn_cur.value()
    };
    match shared.sum(busy) {
        0 => Removable::Yes,
        _ => Removable::NotYet("Server still has connections attached to it, cannot remove it."),
    }
}
