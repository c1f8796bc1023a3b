//! Lists of certificates at run time: files of `crt-list`, and directories, whose files are lines without a number.

use std::fmt::Write;
use std::sync::Arc;

use weir_plan::{Edit, EditKind, ListenerOwner, Plan};
use weir_tls::ListenerEntry;
use weir_tls::update::{Line, Named, Update};

use super::desk;
use crate::cli::reply::Reply;
use crate::cli::session::Context;

/// The lines of a list, as any of the listeners that have it holds them.
fn lines(plan: &Plan, list: &str) -> Option<Vec<Arc<ListenerEntry>>> {
    let listener = plan.listeners_of_list(list).next()?;
    let entries = listener.entries();
    let of_list =
        |entry: &&Arc<ListenerEntry>| entry.origin.as_ref().is_some_and(|origin| *origin.list == *list);
    Some(entries.list.iter().filter(of_list).cloned().collect())
}

fn number(entry: &ListenerEntry) -> u32 {
    entry.origin.as_ref().map_or(0, |origin| origin.number)
}

pub fn show(context: &mut Context<'_>) -> Reply {
    let plan = context.view().plan;
    let numbered = context.argument(0) == "-n";
    let name = context.argument(usize::from(numbered));
    if name.is_empty() {
        if numbered {
            return Reply::error("'show ssl crt-list -n' expects a filename or a directory");
        }
        let lists = plan.tls_listeners().flat_map(|listener| listener.settings.lists.iter());
        let mut lists: Vec<&str> = lists.map(|list| &*list.name).collect();
        lists.sort_unstable();
        lists.dedup();
        return Reply::text(lists.iter().map(|name| format!("{name}\n")).collect::<String>());
    }
    let name = name.trim_end_matches('/');
    let Some(lines) = lines(plan, name) else {
        return Reply::error("didn't find the specified filename");
    };
    let mut text = format!("# {name}\n");
    for entry in lines {
        text.push_str(&entry.certificate().name);
        let Some(origin) = &entry.origin else { continue };
        if numbered {
            let _ = write!(text, ":{}", origin.number);
        }
        if let Some(options) = &origin.options {
            let _ = write!(text, " [{options}]");
        }
        if let Some(filters) = &origin.filters {
            let _ = write!(text, " {filters}");
        }
        text.push('\n');
    }
    Reply::text(text)
}

pub fn add(context: &mut Context<'_>) -> Reply {
    let list = context.argument(0).trim_end_matches('/').to_owned();
    let written = match context.payload {
        Some(payload) => payload.trim_end_matches('\n'),
        None => context.argument(1),
    };
    if list.is_empty() || written.is_empty() {
        return Reply::error("'add ssl crtlist' expects a filename and a certificate name");
    }
    let refused = |text: String| Reply::error(format!("Can't edit the crt-list: {text}"));
    let plan = context.view().plan;
    let Some(lines) = lines(plan, &list) else {
        return refused(format!("crt-list '{list}' does not exist!"));
    };
    if written.contains('\n') {
        return refused("only one line of payload is supported!".into());
    }
    let word = written.split(|c: char| c.is_whitespace() || c == '[').next().unwrap_or_default();
    let name = match &plan.global.tls.crt_base {
        Some(base) if !word.starts_with(['/', '@']) => format!("{base}/{word}"),
        _ => word.to_owned(),
    };
    let mut lists = plan.tls_listeners().flat_map(|listener| &listener.settings.lists);
    let directory = lists.any(|of| *of.name == *list && of.directory);
    if directory && !name.starts_with(&format!("{list}/")) {
        return refused(format!(
            "'{list}' is a directory, certificate path '{name}' must contain the directory path"
        ));
    }
    let desk = desk();
    let parts = match (plan.certificates().get(&*name), desk.unused.get(&name)) {
        (Some((certificate, _)), _) => certificate.parts().clone(),
        (None, Some(Some(parts))) => parts.clone(),
        (None, Some(None)) => return refused(format!("certificate '{name}' is empty!")),
        (None, None) => return refused(format!("certificate '{name}' does not exist!")),
    };
    // Files that nothing uses yet are known here alone.
    let unused = desk.authorities.unused.iter().chain(&desk.revocations.unused);
    let named =
        |file: &str| written.split(|c: char| c.is_whitespace() || "[]".contains(c)).any(|word| word == file);
    let authorities =
        unused.filter(|(file, _)| named(file)).map(|(file, pem)| (file.clone(), pem.clone())).collect();
    let number = if directory { 0 } else { lines.iter().map(|entry| number(entry)).max().unwrap_or(0) + 1 };
    let line = Line {
        list: list.clone(),
        number,
        text: written.to_owned(),
        certificate: Named { name: name.clone(), parts },
        authorities,
    };
    drop(desk);
    let dots = ".".repeat(plan.listeners_of_list(&list).count());
    let update = Update::Add(Box::new(line));
    context.edit(Edit::new(EditKind::Certificates, update.encode()), move |outcome, _| match outcome {
        Ok(()) => {
            super::desk().unused.remove(&name);
            Reply::text(format!("Inserting certificate '{name}' in crt-list '{list}'{dots}\nSuccess!\n"))
        }
        Err(reason) => Reply::error(format!("Can't edit the crt-list: {reason}")),
    })
}

pub fn del(context: &mut Context<'_>) -> Reply {
    let (list, written) = (context.argument(0).trim_end_matches('/').to_owned(), context.argument(1));
    if list.is_empty() || written.is_empty() {
        return Reply::error("'del ssl crtlist' expects a filename and a certificate name");
    }
    let refused = |text: String| Reply::error(format!("Can't delete the entry: {text}"));
    let plan = context.view().plan;
    let Some(lines) = lines(plan, &list) else {
        return refused(format!("crt-list '{list}' does not exist!"));
    };
    let (name, wanted) = match written.rsplit_once(':') {
        Some((name, number)) if number.parse::<u32>().is_ok() => (name, number.parse::<u32>().ok()),
        _ => (written, None),
    };
    if !plan.certificates().contains_key(name) && !desk().unused.contains_key(name) {
        return refused(format!("certificate '{name}' does not exist!"));
    }
    let found: Vec<&Arc<ListenerEntry>> = lines.iter().filter(|entry| entry.is_of(&list, name)).collect();
    let numbers = found.iter().map(|entry| number(entry).to_string()).collect::<Vec<_>>().join(", ");
    let entry = match (found.as_slice(), wanted) {
        ([], _) => {
            return refused(format!("certificate '{name}' can't be found in crt-list '{list}'!"));
        }
        ([entry], None) => entry,
        (_, None) => {
            return refused(format!(
                "found the certificate '{name}' in several entries, please specify a line number preceded by colons \
                 ({numbers})!"
            ));
        }
        (entries, Some(wanted)) => match entries.iter().find(|entry| number(entry) == wanted) {
            Some(entry) => entry,
            None => {
                return refused(format!(
                    "found a certificate '{name}' but the line number is incorrect, please specify a correct line \
                     number preceded by colons ({numbers})!"
                ));
            }
        },
    };
    let defaults = default_of(plan, &list, name, number(entry));
    if !defaults.is_empty() {
        return refused(format!(
            "certificate '{name}' cannot be deleted, it is used as default certificate by the following frontends:\n\
             {defaults}"
        ));
    }
    let certificate = entry.certificate();
    let update = Update::Remove { list: list.clone(), certificate: name.to_owned(), number: number(entry) };
    let name = name.to_owned();
    context.edit(Edit::new(EditKind::Certificates, update.encode()), move |outcome, control| match outcome {
        Ok(()) => {
            // What nothing serves any more can be added again.
            if !control.view().plan.certificates().contains_key(&*name) {
                desk().unused.insert(name.clone(), Some(certificate.parts().clone()));
            }
            Reply::text(format!("Entry '{name}' deleted in crtlist '{list}'!\n"))
        }
        Err(reason) => Reply::error(format!("Can't delete the entry: {reason}")),
    })
}

/// Where the line serves whom no name fits, a line for each.
fn default_of(plan: &Plan, list: &str, name: &str, line: u32) -> String {
    let mut text = String::new();
    let mut seen = Vec::new();
    for listener in &plan.listeners {
        let (Some(tls), ListenerOwner::Proxy(_)) = (&listener.tls, listener.owner) else { continue };
        if seen.contains(&Arc::as_ptr(tls)) {
            continue;
        }
        seen.push(Arc::as_ptr(tls));
        let entries = tls.entries();
        let wanted = |entry: &&Arc<ListenerEntry>| entry.is_of(list, name) && number(entry) == line;
        if entries.list.iter().filter(wanted).any(|entry| entries.is_default(entry)) {
            let _ = writeln!(text, "\t- {}", super::bind_name(plan, listener));
        }
    }
    text
}
