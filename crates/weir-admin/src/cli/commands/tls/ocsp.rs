//! OCSP responses at run time.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use weir_plan::{Edit, EditKind, Plan};
use weir_sample::calendar::Date;
use weir_tls::update::Update;
use weir_tls::{Certificate, ocsp};

use crate::cli::reply::Reply;
use crate::cli::session::{Context, Control};

/// How long a responder's answer is waited for: it is given up before.
const PATIENCE_MS: u64 = 15_000;

fn hex(bytes: &[u8], upper: bool) -> String {
    let digit = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
    bytes.iter().map(digit).collect()
}

/// Whether responses are served for a certificate, or will be.
fn takes_part(plan: &Plan, certificate: &Certificate) -> bool {
    certificate.parts().ocsp.is_some() || plan.global.tls.ocsp.certificates.contains(&certificate.name)
}

/// The certificates that take part, by identifier; of several with one identifier the first.
fn known(plan: &Plan) -> BTreeMap<Vec<u8>, Vec<Arc<Certificate>>> {
    let mut known: BTreeMap<Vec<u8>, Vec<Arc<Certificate>>> = BTreeMap::new();
    for (certificate, _) in plan.certificates().into_values().filter(|(one, _)| takes_part(plan, one)) {
        if let Some(id) = certificate.parts().ocsp_id() {
            known.entry(id).or_default().push(certificate);
        }
    }
    known
}

/// `OCSP Response Key` of a certificate.
pub(super) fn key(plan: &Plan, certificate: &Certificate) -> String {
    let id = if takes_part(plan, certificate) { certificate.parts().ocsp_id() } else { None };
    hex(&id.unwrap_or_default(), false)
}

/// A response as text; an empty line would end the answer.
pub(super) fn text(der: &[u8]) -> Reply {
    let text = ocsp::text(der).unwrap_or_default();
    let lines = text.lines().map(|line| if line.is_empty() { " \n".into() } else { format!("{line}\n") });
    Reply::text(lines.collect::<String>())
}

pub fn show(context: &mut Context<'_>) -> Reply {
    let plan = context.view().plan;
    let (first, second) = (context.argument(0), context.argument(1));
    if first.is_empty() {
        return Reply::text(list(plan));
    }
    let format = matches!(first, "text" | "base64");
    let wanted = if format { second } else { first };
    if wanted.is_empty() {
        return Reply::error("'show ssl ocsp-response [text|base64]' expects a valid certid.");
    }
    let by_name = plan.certificates().remove(wanted).map(|(certificate, _)| certificate);
    let by_id = || known(plan).into_iter().find(|(id, _)| hex(id, false) == wanted.to_ascii_lowercase());
    let found = by_name.filter(|one| takes_part(plan, one)).or_else(|| by_id()?.1.into_iter().next());
    let Some(certificate) = found else {
        return Reply::error("'show ssl ocsp-response' expects a valid certid or certificate path.");
    };
    let der = certificate.parts().ocsp.clone().unwrap_or_default();
    match first {
        "base64" => Reply::text(openssl::base64::encode_block(&der)),
        _ => text(&der),
    }
}

fn list(plan: &Plan) -> String {
    let mut out = String::new();
    for (id, certificates) in known(plan) {
        if out.is_empty() {
            out.push_str("# Certificate IDs\n");
        }
        let [name, key, serial] = ocsp::id_parts(&id).unwrap_or_default();
        // A leading zero tells that the number is positive.
        let serial = serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(serial);
        let path = certificates.first().map_or("", |certificate| &*certificate.name);
        let _ = write!(
            out,
            "Certificate ID key : {}\nCertificate path : {path}\n Certificate ID:\n   Issuer Name Hash: {}\n   \
             Issuer Key Hash: {}\n   Serial Number: {}\n",
            hex(&id, false),
            hex(name, true),
            hex(key, true),
            hex(serial, true)
        );
    }
    out
}

pub fn set(context: &mut Context<'_>) -> Reply {
    let written = context.payload.unwrap_or_else(|| context.argument(0));
    if written.is_empty() {
        return Reply::error("'set ssl ocsp-response' expects response in base64 encoding.");
    }
    let text: String = written.chars().filter(|letter| !letter.is_whitespace()).collect();
    let Ok(der) = openssl::base64::decode_block(&text) else {
        return Reply::error("'set ssl ocsp-response' received invalid base64 encoded response.");
    };
    let response = match ocsp::read(&der, ocsp::now_s()) {
        Ok(response) => response,
        Err(fault) => return Reply::error(format!("{}.", fault.worded())),
    };
    let Some(certificates) = known(context.view().plan).remove(&response.id) else {
        return Reply::error(format!("{}.", ocsp::Fault::NoCertificate.worded()));
    };
    let names = certificates.iter().map(|certificate| certificate.name.to_string()).collect();
    let update = Update::Response { names, der };
    context.edit(Edit::new(EditKind::Certificates, update.encode()), |outcome, _| match outcome {
        Ok(()) => Reply::info("OCSP Response updated!"),
        Err(reason) => Reply::error(reason),
    })
}

pub fn update(context: &mut Context<'_>) -> Reply {
    let name = context.argument(0).to_owned();
    if name.is_empty() {
        return Reply::error("'update ssl ocsp-response' expects a filename");
    }
    let cannot = |text: &str| Reply::error(format!("{text}\nCan't send ocsp request for {name}!"));
    let plan = context.view().plan;
    let Some((certificate, _)) = plan.certificates().remove(&*name) else {
        return cannot(
            "Unknown certificate! 'update ssl ocsp-response' expects an already known certificate file name.",
        );
    };
    let id = certificate.parts().ocsp_id().filter(|_| takes_part(plan, &certificate));
    let Some(id) = id else {
        return cannot(
            "'update ssl ocsp-response' only works on certificates that already have a known OCSP response.",
        );
    };
    let board = context.control.ocsp();
    let ended = board.find(&id).map_or(0, |kept| kept.ended);
    board.ask(&id, &certificate.name);
    let done = {
        let id = id.clone();
        move |control: &dyn Control| {
            let kept = control.ocsp().find(&id)?;
            (kept.ended > ended).then_some(Ok(()))
        }
    };
    context.wait(PATIENCE_MS, Some(Box::new(done)), move |_, control| {
        let outcome = control.ocsp().find(&id).map(|kept| kept.outcome);
        let now = control.view().plan.certificates().remove(&*name);
        match (outcome, now.and_then(|(certificate, _)| certificate.parts().ocsp.clone())) {
            (Some(weir_engine::ocsp::Outcome::Updated), Some(der)) => text(&der),
            (Some(outcome), _) => Reply::error(format!("{}.", outcome.text())),
            (None, _) => Reply::Empty,
        }
    })
}

pub fn show_updates(context: &mut Context<'_>) -> Reply {
    let mut out = String::from(
        "OCSP Certid | Path | Next Update | Last Update | Successes | Failures | Last Update Status | Last Update Status \
         (str)\n",
    );
    let mut all: Vec<_> = context.control.ocsp().all();
    all.retain(|(_, kept)| kept.next_s.is_some());
    all.sort_by_key(|(_, kept)| kept.next_s);
    for (id, kept) in all {
        let _ = writeln!(
            out,
            "{} | {} | {} | {} | {} | {} | {} | {}",
            hex(&id, false),
            kept.name,
            date(kept.next_s),
            date(kept.last_s),
            kept.successes,
            kept.failures,
            kept.outcome.code(),
            kept.outcome.text()
        );
    }
    Reply::text(out)
}

fn date(seconds: Option<i64>) -> String {
    let Some(seconds) = seconds else { return "-".into() };
    let date = Date::of(seconds);
    format!(
        "{:02}/{}/{}:{:02}:{:02}:{:02} +0000",
        date.day,
        date.month_name(),
        date.year,
        date.hour,
        date.minute,
        date.second
    )
}
