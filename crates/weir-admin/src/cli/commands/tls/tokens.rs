//! Certificates that converters may verify and open tokens with, at run time: `show`, `add`, `del ssl jwt`.

use weir_plan::{Edit, EditKind};
use weir_tls::certificate::Parts;
use weir_tls::update::{Named, Update};

use super::desk;
use crate::cli::reply::Reply;
use crate::cli::session::Context;

pub fn show(context: &mut Context<'_>) -> Reply {
    let mut text = String::from("#filename\n");
    for certificate in context.view().plan.token_certificates.certificates() {
        text.push_str(&format!("{}\n", certificate.name));
    }
    Reply::text(text)
}

pub fn add(context: &mut Context<'_>) -> Reply {
    let name = context.argument(0).to_owned();
    if name.is_empty() {
        return Reply::error("'add ssl jwt' expects a filename");
    }
    let refused = |reason: &str| Reply::error(format!("Can't add '{name}': {reason}"));
    let parts = match parts_of(context, &name) {
        Ok(parts) => parts,
        Err(reason) => return refused(reason),
    };
    let update = Update::Tokens { certificate: Named { name: name.clone(), parts }, usable: true };
    context.edit(Edit::new(EditKind::Certificates, update.encode()), move |outcome, _| match outcome {
        Ok(()) => {
            desk().unused.remove(&name);
            Reply::text(format!("Certificate '{name}' can be used for JWT validation!\n"))
        }
        Err(reason) => Reply::error(format!("Can't add '{name}': {reason}")),
    })
}

/// What a certificate that is loaded consists of, whether anything uses it or not.
fn parts_of(context: &Context<'_>, name: &str) -> Result<Parts, &'static str> {
    if let Some((certificate, _)) = context.view().plan.certificates().get(name) {
        return Ok(certificate.parts().clone());
    }
    match desk().unused.get(name) {
        Some(Some(parts)) => Ok(parts.clone()),
        Some(None) => Err("the certificate is empty!"),
        None => Err("the certificate does not exist!"),
    }
}

pub fn del(context: &mut Context<'_>) -> Reply {
    let name = context.argument(0).to_owned();
    if name.is_empty() {
        return Reply::error("'del ssl jwt' expects a filename");
    }
    let usable = context.view().plan.token_certificates.certificates();
    let Some(certificate) = usable.into_iter().find(|certificate| *certificate.name == *name) else {
        return Reply::error(format!("Can't remove '{name}': it is not used for JWT validation!"));
    };
    let parts = certificate.parts().clone();
    let update =
        Update::Tokens { certificate: Named { name: name.clone(), parts: parts.clone() }, usable: false };
    context.edit(Edit::new(EditKind::Certificates, update.encode()), move |outcome, control| match outcome {
        Ok(()) => {
            // What nothing uses any more can be added again, or deleted.
            if !control.view().plan.certificates().contains_key(&*name) {
                desk().unused.insert(name.clone(), Some(parts));
            }
            Reply::text(format!("Certificate '{name}' is no longer used for JWT validation!\n"))
        }
        Err(reason) => Reply::error(format!("Can't remove '{name}': {reason}")),
    })
}
