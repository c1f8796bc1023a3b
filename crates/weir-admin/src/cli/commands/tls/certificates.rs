//! `show`, `new`, `set`, `commit`, `abort`, `del`, `dump ssl cert` and what else shows TLS (management manual 9.3).
//! A change is prepared here, in one transaction at a time, and goes to all processes when it is committed.

use std::fmt::Write;

use weir_plan::{Edit, EditKind, ListenerOwner};
use weir_tls::certificate::Parts;
use weir_tls::update::{Named, Update};
use weir_tls::{Certificate, KeyKind, facts, ocsp, pem};

use super::{bind_name, describe, desk};
use crate::cli::reply::Reply;
use crate::cli::session::Context;

/// Files beside a certificate that `set ssl cert` takes by their own names.
const PARTS: [&str; 4] = ["key", "ocsp", "issuer", "sctl"];

pub fn show(context: &mut Context<'_>) -> Reply {
    let known = context.view().plan.certificates();
    let desk = desk();
    let name = context.argument(0);
    if name.is_empty() {
        let mut text = String::new();
        if let Some(transaction) = &desk.transaction {
            let _ = writeln!(text, "# transaction\n*{}", transaction.name);
        }
        text.push_str("# filename\n");
        let mut names: Vec<&str> = known.keys().map(|name| &**name).collect();
        names.extend(desk.unused.keys().map(String::as_str));
        names.sort_unstable();
        names.iter().for_each(|name| text.push_str(&format!("{name}\n")));
        return Reply::text(text);
    }
    let missing = || Reply::error("Can't display the certificate: Not found or the certificate is a bundle!");
    if let Some(of_transaction) = name.strip_prefix('*') {
        return match &desk.transaction {
            Some(update) if update.name == of_transaction => {
                detail(name, Some(&update.parts), "Unused", Uses::default(), "")
            }
            _ => missing(),
        };
    }
    let response_of = name.strip_suffix(".ocsp").filter(|_| !known.contains_key(name));
    if let Some((certificate, _)) = response_of.and_then(|name| known.get(name)) {
        return super::ocsp::text(certificate.parts().ocsp.as_deref().unwrap_or_default());
    }
    match (known.get(name), desk.unused.get(name)) {
        (Some((certificate, _)), _) => {
            let plan = context.view().plan;
            let uses = Uses {
                updated: plan.global.tls.ocsp.certificates.contains(&certificate.name),
                tokens: plan.token_certificates.certificates().iter().any(|one| one.name == certificate.name),
            };
            let key = super::ocsp::key(plan, certificate);
            detail(name, Some(certificate.parts()), "Used", uses, &key)
        }
        (None, Some(Some(parts))) => detail(name, Some(parts), "Unused", Uses::default(), ""),
        (None, Some(None)) => detail(name, None, "Empty", Uses::default(), ""),
        (None, None) => missing(),
    }
}

/// `ocsp-update` and `jwt` of a certificate.
#[derive(Default)]
struct Uses {
    updated: bool,
    tokens: bool,
}

fn detail(name: &str, parts: Option<&Parts>, status: &str, uses: Uses, ocsp_key: &str) -> Reply {
    let mut text = format!("Filename: {name}\n");
    let chain = parts.and_then(|parts| pem::chain(&parts.pem).ok()).unwrap_or_default();
    if let (Some(parts), false) = (parts, name.starts_with('*')) {
        let key = if parts.key.is_some() { format!("{name}.key") } else { name.to_owned() };
        let _ = writeln!(
            text,
            "Crt filename: {name}\nKey filename: {key}\nOCSP filename: {name}.ocsp\nSCTL filename: {name}.sctl"
        );
    }
    let [updated, tokens] = [uses.updated, uses.tokens].map(|used| if used { "on" } else { "off" });
    let _ = writeln!(text, "Option: ocsp-update {updated}\nOption: jwt {tokens}");
    let _ = writeln!(text, "Status: {status}");
    if let Some(leaf) = chain.first() {
        describe(&mut text, leaf);
        for link in &chain[1..] {
            let _ = writeln!(text, "Chain Subject: {}", facts::whole_name(link.subject_name(), false));
            let _ = writeln!(text, "Chain Issuer: {}", facts::whole_name(link.issuer_name(), false));
        }
    }
    let _ = writeln!(text, "OCSP Response Key: {ocsp_key}");
    Reply::text(text)
}

pub fn new(context: &mut Context<'_>) -> Reply {
    let name = context.argument(0);
    if name.is_empty() {
        return Reply::error("'new ssl cert' expects a filename");
    }
    let mut desk = desk();
    if context.view().plan.certificates().contains_key(name) || desk.unused.contains_key(name) {
        return Reply::error(format!("Certificate '{name}' already exists!"));
    }
    desk.unused.insert(name.to_owned(), None);
    Reply::text(format!("New empty certificate store '{name}'!\n"))
}

pub fn del(context: &mut Context<'_>) -> Reply {
    let name = context.argument(0);
    if name.is_empty() {
        return Reply::error("'del ssl cert' expects a certificate name");
    }
    if context.view().plan.certificates().contains_key(name) {
        let text = format!("Can't remove the certificate: certificate '{name}' in use, can't be deleted!");
        return Reply::error(text);
    }
    match desk().unused.remove(name) {
        Some(_) => Reply::text(format!("Certificate '{name}' deleted!\n")),
        None => Reply::error(format!("Can't remove the certificate: certificate '{name}' doesn't exist!")),
    }
}

pub fn set(context: &mut Context<'_>) -> Reply {
    let name = context.argument(0);
    let Some(payload) = context.payload.filter(|_| !name.is_empty()) else {
        return Reply::error("'set ssl cert expects a filename and a certificate as a payload");
    };
    let refused = |text: String| Reply::error(format!("{text}\nCan't update {name}!"));
    let known = context.view().plan.certificates();
    let mut desk = desk();
    let exists = |name: &str| known.contains_key(name) || desk.unused.contains_key(name);
    // `site.pem.key` is the key of `site.pem` where no certificate has the longer name.
    let (store, part) = match name.rsplit_once('.') {
        Some((stem, part)) if !exists(name) && PARTS.contains(&part) => (stem, Some(part)),
        _ => (name, None),
    };
    if let Some(other) = desk.transaction.as_ref().filter(|transaction| transaction.name != store) {
        let text =
            format!("The ongoing transaction is about '{}' but you are trying to set '{name}'", other.name);
        return refused(text);
    }
    if !exists(store) {
        return refused("Can't replace a certificate which is not referenced by the configuration!".into());
    }
    let fresh = desk.transaction.is_none();
    let in_force = || known.get(store).map(|(certificate, _)| certificate.parts().clone());
    let kept = || desk.unused.get(store).cloned().flatten();
    let before = desk.transaction.as_ref().map(|transaction| transaction.parts.clone());
    let mut parts = before.or_else(in_force).or_else(kept).unwrap_or_default();
    if let Err(text) = apply(&mut parts, part, payload.as_bytes(), store) {
        return refused(format!("{text}\nCan't load the payload"));
    }
    desk.transaction = Some(Named { name: store.to_owned(), parts });
    let verb = if fresh { "created" } else { "updated" };
    Reply::text(format!("Transaction {verb} for certificate {store}!\n"))
}

/// Takes one file into the transaction.
fn apply(parts: &mut Parts, part: Option<&str>, payload: &[u8], store: &str) -> Result<(), String> {
    let bytes = payload.to_vec();
    match part {
        Some("key") => {
            pem::key(&bytes).map_err(|fault| fault.worded(store))?;
            parts.key = Some(bytes);
        }
        Some("ocsp") => {
            let text: String =
                payload.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|byte| *byte as char).collect();
            let der = openssl::base64::decode_block(&text)
                .map_err(|_| "'set ssl cert' received invalid base64 encoded response.".to_owned())?;
            parts.ocsp = Some(der);
        }
        Some("issuer") => parts.issuer = Some(bytes),
        Some("sctl") => parts.sctl = Some(bytes),
        _ => {
            pem::chain(&bytes).map_err(|fault| fault.worded(store))?;
            // Without a key in it, the one that is known stays.
            match pem::key(&bytes) {
                Ok(_) => parts.key = None,
                Err(_) if parts.key.is_none() => parts.key = Some(std::mem::take(&mut parts.pem)),
                Err(_) => {}
            }
            parts.pem = bytes;
        }
    }
    Ok(())
}

pub fn commit(context: &mut Context<'_>) -> Reply {
    let name = context.argument(0).to_owned();
    if name.is_empty() {
        return Reply::error("'commit ssl cert expects a filename");
    }
    let refused = |text: String| Reply::error(format!("{text}\nCan't commit {name}!"));
    let (update, known) = (desk().transaction.clone(), context.view().plan.certificates());
    let update = match update {
        None => return refused("No ongoing transaction! !".into()),
        Some(update) if update.name != name => {
            let text = format!(
                "The ongoing transaction is about '{}' but you are trying to set '{name}'",
                update.name
            );
            return refused(text);
        }
        Some(update) => update,
    };
    let mut update = update;
    without_stale_response(&mut update.parts);
    let uses = known.get(name.as_str()).map_or(0, |(_, uses)| *uses);
    if uses == 0 {
        if let Err(fault) = Certificate::load(&name, update.parts.clone(), true) {
            return refused(fault.worded(&name));
        }
        let mut desk = desk();
        desk.unused.insert(name.clone(), Some(update.parts));
        desk.transaction = None;
        return Reply::text(format!("Committing {name}\nSuccess!\n"));
    }
    let dots = ".".repeat(uses);
    context.edit(
        Edit::new(EditKind::Certificates, Update::Certificate(update).encode()),
        move |outcome, _| match outcome {
            Ok(()) => {
                desk().transaction = None;
                Reply::text(format!("Committing {name}{dots}\nSuccess!\n"))
            }
            Err(reason) => Reply::error(format!("{reason}\nCan't commit {name}!")),
        },
    )
}

/// A response about the certificate that was there before is not served with the new one.
fn without_stale_response(parts: &mut Parts) {
    let id = parts.ocsp_id();
    if let Some(response) = parts.ocsp.as_mut().filter(|response| !response.is_empty())
        && id.is_none_or(|id| ocsp::read_for(response, &id, ocsp::now_s()) == Err(ocsp::Fault::Mismatch))
    {
        response.clear();
    }
}

pub fn abort(context: &mut Context<'_>) -> Reply {
    let name = context.argument(0);
    if name.is_empty() {
        return Reply::error("'abort ssl cert' expects a filename");
    }
    let mut desk = desk();
    match &desk.transaction {
        None => Reply::error("No ongoing transaction!"),
        Some(update) if update.name != name => Reply::error(format!(
            "The ongoing transaction is about '{}' but you are trying to abort a transaction for '{name}'",
            update.name
        )),
        Some(_) => {
            desk.transaction = None;
            Reply::text(format!("Transaction aborted for certificate '{name}'!\n"))
        }
    }
}

/// PEM as OpenSSL writes it: key, certificate, chain.
pub fn dump(context: &mut Context<'_>) -> Reply {
    let name = context.argument(0);
    if name.is_empty() {
        return Reply::error("'dump ssl cert' expects a filename");
    }
    let known = context.view().plan.certificates();
    let Some(parsed) = known.get(name).and_then(|(certificate, _)| certificate.parsed()) else {
        return Reply::error("Can't dump the certificate: Not found or the certificate is a bundle!");
    };
    let mut text = parsed.key.private_key_to_pem_pkcs8().unwrap_or_default();
    for certificate in std::iter::once(&parsed.leaf).chain(&parsed.chain) {
        text.extend(certificate.to_pem().unwrap_or_default());
    }
    Reply::text(String::from_utf8_lossy(&text).into_owned())
}

pub fn show_sni(context: &mut Context<'_>) -> Reply {
    let plan = context.view().plan;
    let (mut wanted, mut expired, mut ahead) = (None, false, "0");
    let mut words = context.arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-f" => wanted = words.next(),
            "-A" => expired = true,
            "-t" => ahead = words.next().map_or("0", String::as_str),
            _ => {}
        }
    }
    // Without a unit the offset is in seconds.
    let unit = if ahead.ends_with(|last: char| last.is_ascii_digit()) { "s" } else { "" };
    let ahead_ms = super::super::wait::duration(&format!("{ahead}{unit}")).unwrap_or(0);
    let limit = openssl::asn1::Asn1Time::from_unix(ocsp::now_s() + (ahead_ms / 1000) as i64).ok();
    let mut text =
        String::from("# Frontend/Bind\tSNI\tNegative Filter\tType\tFilename\tNotAfter\tNotBefore\n");
    for listener in &plan.listeners {
        let (Some(tls), ListenerOwner::Proxy(proxy)) = (&listener.tls, listener.owner) else { continue };
        let proxy = plan.proxy(proxy);
        if wanted.is_some_and(|wanted| *wanted != *proxy.name) {
            continue;
        }
        for (name, entry) in tls.listed() {
            let certificate = entry.certificate();
            let Ok(leaf) = pem::leaf(&certificate.parts().pem) else { continue };
            if expired && limit.as_ref().is_some_and(|limit| leaf.not_after() >= limit) {
                continue;
            }
            let kind = match certificate.kind {
                KeyKind::Rsa => "rsa",
                KeyKind::Ecdsa => "ecdsa",
                KeyKind::Other => "dsa",
            };
            let except: Vec<String> = entry.filters.except.iter().map(|name| format!("!{name}")).collect();
            let except =
                if except.is_empty() || !name.starts_with('*') { "-".into() } else { except.join(" ") };
            let bind = bind_name(plan, listener);
            let _ = writeln!(
                text,
                "{}/{bind}\t{name}\t{except}\t{kind}\t{}\t{}\t{}",
                proxy.name,
                certificate.name,
                leaf.not_after(),
                leaf.not_before()
            );
        }
    }
    Reply::text(text)
}

pub fn show_providers(_: &mut Context<'_>) -> Reply {
    let mut text = String::from("Loaded providers : \n");
    weir_tls::providers::loaded().iter().for_each(|name| text.push_str(&format!("\t- {name}\n")));
    Reply::text(text)
}
