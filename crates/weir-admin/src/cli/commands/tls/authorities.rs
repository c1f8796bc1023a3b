//! `ca-file` and `crl-file` at run time: one command each for two kinds of file.

use std::fmt::Write;

use weir_plan::{AuthorityUse, Edit, EditKind};
use weir_tls::facts;
use weir_tls::pem::Authorities;
use weir_tls::update::Update;

use super::{Desk, FileDesk, describe, desk, indexed};
use crate::cli::reply::Reply;
use crate::cli::session::Context;

/// What the two kinds of file are called, in each place as HAProxy calls them.
struct Kind {
    used_as: AuthorityUse,
    /// `ca-file`
    keyword: &'static str,
    /// `CA`
    short: &'static str,
    payload: &'static str,
    desk: fn(&mut Desk) -> &mut FileDesk,
}

const AUTHORITIES: Kind = Kind {
    used_as: AuthorityUse::Certificates,
    keyword: "ca-file",
    short: "CA",
    payload: "CAs",
    desk: |desk| &mut desk.authorities,
};

const REVOCATIONS: Kind = Kind {
    used_as: AuthorityUse::Revocations,
    keyword: "crl-file",
    short: "CRL",
    payload: "CRLs",
    desk: |desk| &mut desk.revocations,
};

pub fn show_ca(context: &mut Context<'_>) -> Reply {
    AUTHORITIES.show(context)
}

pub fn new_ca(context: &mut Context<'_>) -> Reply {
    AUTHORITIES.new_file(context)
}

pub fn set_ca(context: &mut Context<'_>) -> Reply {
    AUTHORITIES.set(context, false)
}

pub fn add_ca(context: &mut Context<'_>) -> Reply {
    AUTHORITIES.set(context, true)
}

pub fn commit_ca(context: &mut Context<'_>) -> Reply {
    AUTHORITIES.commit(context)
}

pub fn abort_ca(context: &mut Context<'_>) -> Reply {
    AUTHORITIES.abort(context)
}

pub fn del_ca(context: &mut Context<'_>) -> Reply {
    AUTHORITIES.del(context)
}

pub fn show_crl(context: &mut Context<'_>) -> Reply {
    REVOCATIONS.show(context)
}

pub fn new_crl(context: &mut Context<'_>) -> Reply {
    REVOCATIONS.new_file(context)
}

pub fn set_crl(context: &mut Context<'_>) -> Reply {
    REVOCATIONS.set(context, false)
}

pub fn commit_crl(context: &mut Context<'_>) -> Reply {
    REVOCATIONS.commit(context)
}

pub fn abort_crl(context: &mut Context<'_>) -> Reply {
    REVOCATIONS.abort(context)
}

pub fn del_crl(context: &mut Context<'_>) -> Reply {
    REVOCATIONS.del(context)
}

impl Kind {
    fn show(&self, context: &mut Context<'_>) -> Reply {
        let known = context.view().plan.authorities(self.used_as);
        let mut desk = desk();
        let files = (self.desk)(&mut desk);
        let name = context.argument(0);
        if name.is_empty() {
            return self.list(files, known.iter().map(|(name, (file, _))| (&**name, &**file)));
        }
        let (name, index) = match indexed(name, self.short) {
            Ok(parts) => parts,
            Err(text) => return Reply::error(text),
        };
        let missing = || Reply::error(format!("Can't display the {} file : Not found!", self.short));
        let read = |pem: &[u8]| Authorities::read(pem).unwrap_or_default();
        if let Some(of_transaction) = name.strip_prefix('*') {
            return match &files.transaction {
                Some((name_, pem)) if name_ == of_transaction => {
                    self.detail(name, "Unused", &read(pem), index)
                }
                _ => missing(),
            };
        }
        let name = name.strip_prefix('\\').filter(|name| name.starts_with('*')).unwrap_or(name);
        match (known.get(name), files.unused.get(name)) {
            (Some((file, _)), _) => self.detail(name, "Used", file, index),
            (None, Some(pem)) if pem.is_empty() => match self.used_as {
                AuthorityUse::Certificates => Reply::text(""),
                AuthorityUse::Revocations => self.detail(name, "Empty", &Authorities::default(), index),
            },
            (None, Some(pem)) => self.detail(name, "Unused", &read(pem), index),
            (None, None) => missing(),
        }
    }

    fn list<'p>(&self, files: &FileDesk, known: impl Iterator<Item = (&'p str, &'p Authorities)>) -> Reply {
        let line = |name: &str, count: usize| match self.used_as {
            AuthorityUse::Certificates => format!("{name} - {count} certificate(s)\n"),
            AuthorityUse::Revocations => format!("{name}\n"),
        };
        let count = |pem: &[u8]| Authorities::read(pem).map_or(0, |file| file.certificates.len());
        let mut text = String::new();
        if let Some((name, pem)) = &files.transaction {
            let _ = write!(text, "# transaction\n*{}", line(name, count(pem)));
        }
        text.push_str("# filename\n");
        let mut lines: Vec<(String, usize)> =
            known.map(|(name, file)| (name.to_owned(), file.certificates.len())).collect();
        lines.extend(files.unused.iter().map(|(name, pem)| (name.clone(), count(pem))));
        lines.sort_unstable();
        lines.iter().for_each(|(name, count)| text.push_str(&line(name, *count)));
        Reply::text(text)
    }

    /// Everything in a file, or one of it. Of an index that is too large nothing is shown.
    fn detail(&self, name: &str, status: &str, file: &Authorities, index: Option<usize>) -> Reply {
        let mut text = format!("Filename: {name}\nStatus: {status}\n");
        let wanted = |at: usize| index.is_none_or(|index| index == at + 1);
        match self.used_as {
            AuthorityUse::Certificates => {
                if index.is_some_and(|index| index > file.certificates.len()) {
                    return Reply::text("");
                }
                for (at, certificate) in file.certificates.iter().enumerate().filter(|(at, _)| wanted(*at)) {
                    let _ = writeln!(text, " \nCertificate #{}:", at + 1);
                    describe(&mut text, certificate);
                }
            }
            AuthorityUse::Revocations => {
                for (at, list) in file.revocations.iter().enumerate().filter(|(at, _)| wanted(*at)) {
                    let _ = writeln!(text, " \nCertificate Revocation List #{}:", at + 1);
                    text.push_str(&facts::revocations(list));
                }
            }
        }
        Reply::text(text)
    }

    fn is_known(&self, context: &Context<'_>, files: &FileDesk, name: &str) -> bool {
        context.view().plan.authorities(self.used_as).contains_key(name) || files.unused.contains_key(name)
    }

    fn new_file(&self, context: &mut Context<'_>) -> Reply {
        let name = context.argument(0);
        if name.is_empty() {
            return Reply::error(format!("'new ssl {}' expects a filename", self.keyword));
        }
        let mut desk = desk();
        let files = (self.desk)(&mut desk);
        if self.is_known(context, files, name) {
            return Reply::error(format!("{} file '{name}' already exists!", self.short));
        }
        files.unused.insert(name.to_owned(), Vec::new());
        Reply::text(format!("New {} file created '{name}'!\n", self.short))
    }

    /// `add` keeps what the transaction, or the file in force, holds already.
    fn set(&self, context: &mut Context<'_>, add: bool) -> Reply {
        let name = context.argument(0);
        let Some(payload) = context.payload.filter(|_| !name.is_empty()) else {
            let (keyword, payload) = (self.keyword, self.payload);
            return Reply::error(format!("'set ssl {keyword} expects a filename and {payload} as a payload"));
        };
        let refused = |text: String| Reply::error(format!("{text}\nCan't update {name}!"));
        let mut desk = desk();
        let files = (self.desk)(&mut desk);
        if let Some((other, _)) = files.transaction.as_ref().filter(|(other, _)| other != name) {
            return refused(ongoing(other, "set", name));
        }
        if !self.is_known(context, files, name) {
            let article = if self.short == "CA" { "a CA file" } else { "a CRL file" };
            return refused(format!("Can't replace {article} which is not referenced by the configuration!"));
        }
        let mut pem = payload.as_bytes().to_vec();
        if Authorities::read(&pem).is_none() {
            return refused("Invalid payload".into());
        }
        if add {
            let before = match &files.transaction {
                Some((_, pem)) => pem.clone(),
                None => self.in_force(context, files, name),
            };
            pem = merged(before, pem);
        }
        let verb = if files.transaction.is_none() { "created" } else { "updated" };
        files.transaction = Some((name.to_owned(), pem));
        Reply::text(format!("transaction {verb} for {} {name}!\n", self.short))
    }

    fn in_force(&self, context: &Context<'_>, files: &FileDesk, name: &str) -> Vec<u8> {
        let known = context.view().plan.authorities(self.used_as);
        match known.get(name) {
            Some((file, _)) => file.to_pem(),
            None => files.unused.get(name).cloned().unwrap_or_default(),
        }
    }

    fn commit(&self, context: &mut Context<'_>) -> Reply {
        let name = context.argument(0).to_owned();
        if name.is_empty() {
            return Reply::error("'commit ssl ca-file expects a filename");
        }
        let refused = |text: String| Reply::error(format!("{text}\nCan't commit {name}!"));
        let known = context.view().plan.authorities(self.used_as);
        let pem = {
            let mut desk = desk();
            let files = (self.desk)(&mut desk);
            match files.transaction.clone() {
                None => return refused("No ongoing transaction! !".into()),
                Some((other, _)) if other != name => return refused(ongoing(&other, "set", &name)),
                Some((_, pem)) if !known.contains_key(&*name) => {
                    files.unused.insert(name.clone(), pem);
                    files.transaction = None;
                    return Reply::text(format!("Committing {name}\nSuccess!\n"));
                }
                Some((_, pem)) => pem,
            }
        };
        let dots = ".".repeat(known.get(&*name).map_or(0, |(_, uses)| *uses));
        let update = Update::Authorities { name: name.clone(), pem };
        let files_of = self.desk;
        context.edit(Edit::new(EditKind::Certificates, update.encode()), move |outcome, _| match outcome {
            Ok(()) => {
                files_of(&mut desk()).transaction = None;
                Reply::text(format!("Committing {name}{dots}\nSuccess!\n"))
            }
            Err(reason) => Reply::error(format!("{reason}\nCan't commit {name}!")),
        })
    }

    fn abort(&self, context: &mut Context<'_>) -> Reply {
        let name = context.argument(0);
        if name.is_empty() {
            return Reply::error(format!("'abort ssl {}' expects a filename", self.keyword));
        }
        let mut desk = desk();
        let files = (self.desk)(&mut desk);
        match &files.transaction {
            None => Reply::error("No ongoing transaction!"),
            Some((other, _)) if other != name => {
                Reply::error(ongoing(other, "abort a transaction for", name))
            }
            Some(_) => {
                files.transaction = None;
                Reply::text(format!("Transaction aborted for certificate '{name}'!\n"))
            }
        }
    }

    fn del(&self, context: &mut Context<'_>) -> Reply {
        let (name, short) = (context.argument(0), self.short);
        if name.is_empty() {
            return Reply::error(format!("'del ssl {}' expects a {short} file name", self.keyword));
        }
        let cannot = format!("Can't remove the {short} file: {short} file '{name}'");
        if context.view().plan.authorities(self.used_as).contains_key(name) {
            return Reply::error(format!("{cannot} in use, can't be deleted!"));
        }
        match (self.desk)(&mut desk()).unused.remove(name) {
            Some(_) => Reply::text(format!("{short} file '{name}' deleted!\n")),
            None => Reply::error(format!("{cannot} doesn't exist!")),
        }
    }
}

fn ongoing(other: &str, verb: &str, name: &str) -> String {
    format!("The ongoing transaction is about '{other}' but you are trying to {verb} '{name}'")
}

/// What is added and known already is there once.
fn merged(mut pem: Vec<u8>, added: Vec<u8>) -> Vec<u8> {
    let known = Authorities::read(&pem).unwrap_or_default();
    if !pem.is_empty() && !pem.ends_with(b"\n") {
        pem.push(b'\n');
    }
    pem.extend(Authorities::read(&added).unwrap_or_default().without(&known).to_pem());
    pem
}
