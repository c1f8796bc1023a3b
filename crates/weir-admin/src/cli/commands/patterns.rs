//! `show`, `get`, `add`, `set`, `del`, `clear`, `prepare`, `commit` for ACLs and maps (management manual 9.3).

use std::sync::Arc;

use weir_plan::{Edit, EditKind, Plan};
use weir_sample::pattern::{Operation, Pattern, Target};
use weir_sample::{PatternEdit, Reference, Value};

use crate::cli::reply::Reply;
use crate::cli::session::Context;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Acl,
    Map,
}

impl Kind {
    /// As sentences say it.
    const fn noun(self) -> &'static str {
        if self as u8 == Kind::Map as u8 { "map" } else { "ACL" }
    }

    fn unknown(self) -> Reply {
        Reply::error(format!("Unknown {} identifier. Please use #<id> or <file>.", self.noun()))
    }

    fn missing(self) -> Reply {
        Reply::error(format!("Missing {} identifier.", self.noun()))
    }

    fn uses(self, reference: &Reference) -> bool {
        reference.is_used_by(self == Kind::Map)
    }
}

/// A reference by `#id` or name, whoever uses it.
fn find<'a>(context: &Context<'a>, word: &str) -> Option<&'a Arc<Reference>> {
    let patterns = &context.view().plan.patterns;
    match word.strip_prefix('#') {
        Some(id) => patterns.by_id(id.parse().ok()?),
        None if word.is_empty() => None,
        None => patterns.named(word),
    }
}

/// As [`find`], for commands that know only the references of their kind.
fn find_of<'a>(context: &Context<'a>, kind: Kind, word: &str) -> Result<&'a Arc<Reference>, Reply> {
    find(context, word).filter(|reference| kind.uses(reference)).ok_or_else(|| kind.unknown())
}

/// `@VER` before the arguments; what is no number counts as 0.
fn version<'a>(context: &Context<'a>) -> (Option<u32>, &'a [String]) {
    match context.arguments.split_first() {
        Some((first, rest)) if first.starts_with('@') => (Some(first[1..].parse().unwrap_or(0)), rest),
        _ => (None, context.arguments),
    }
}

fn word(words: &[String], at: usize) -> &str {
    words.get(at).map_or("", String::as_str)
}

/// A key, or `#0x...` of a listing.
fn target(reference: &Reference, word: &str) -> Target {
    let listed = word.strip_prefix("#0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    match listed.or_else(|| u64::from_str_radix(word.strip_prefix('#')?, 16).ok()) {
        Some(shown) if shown >> 32 == address(reference, 0) >> 32 => Target::Name(shown as u32),
        Some(_) if word.starts_with("#0x") => Target::Name(u32::MAX),
        _ => Target::Key(word.as_bytes().into()),
    }
}

/// What a listing shows an entry by: HAProxy shows where it stands in memory, which here is a number of the reference
/// and one of the entry, the same in every process.
fn address(reference: &Reference, name: u32) -> u64 {
    u64::from(reference.id().wrapping_add(0x1000)) << 32 | u64::from(name)
}

fn submit(context: &mut Context<'_>, reference: &Reference, operation: Operation, done: Reply) -> Reply {
    let edit = PatternEdit { reference: reference.id(), operation };
    context.edit(Edit::new(EditKind::Patterns, edit.encode()), move |outcome, _| match outcome {
        Ok(()) => done,
        Err(reason) => Reply::error(reason),
    })
}

pub fn show_acl(context: &mut Context<'_>) -> Reply {
    show(context, Kind::Acl)
}

pub fn show_map(context: &mut Context<'_>) -> Reply {
    show(context, Kind::Map)
}

fn show(context: &Context<'_>, kind: Kind) -> Reply {
    let (version, words) = version(context);
    let Some(name) = words.first() else {
        return match version {
            Some(_) => kind.unknown(),
            None => list(context.view().plan, kind),
        };
    };
    let reference = match find_of(context, kind, name) {
        Ok(reference) => reference,
        Err(reply) => return reply,
    };
    let mut text = String::new();
    reference.each(version, |name, key, value| {
        let key = String::from_utf8_lossy(key);
        text.push_str(&format!("0x{:x} {key}", address(reference, name)));
        // An ACL's pattern may have a value too: `add map` gives it one.
        if reference.two_columns || !value.is_empty() {
            text.push(' ');
            text.push_str(&String::from_utf8_lossy(value));
        }
        text.push('\n');
    });
    Reply::text(text)
}

fn list(plan: &Plan, kind: Kind) -> Reply {
    let mut text = "# id (file) description\n".to_owned();
    for reference in plan.patterns.iter().filter(|reference| kind.uses(reference)) {
        let (current, next) = reference.versions();
        text.push_str(&format!(
            "{} ({}) {}. curr_ver={current} next_ver={next} entry_cnt={}\n",
            reference.id(),
            reference.name,
            description(plan, reference),
            reference.count(),
        ));
    }
    Reply::text(text)
}

fn description(plan: &Plan, reference: &Reference) -> String {
    let uses = reference.uses();
    if reference.name.is_empty() {
        return uses.first().map_or_else(String::new, |used| {
            format!("acl '{}' file '{}' line {}", used.keyword, plan.file(used.span), used.span.line)
        });
    }
    let by: Vec<String> = uses
        .iter()
        .map(|used| {
            let kind = if used.map { "map" } else { "acl" };
            format!("by {kind} at file '{}' line {}", plan.file(used.span), used.span.line)
        })
        .collect();
    format!("pattern loaded from file '{}' used {}", reference.name, by.join(", "))
}

pub fn get_acl(context: &mut Context<'_>) -> Reply {
    get(context, Kind::Acl)
}

pub fn get_map(context: &mut Context<'_>) -> Reply {
    get(context, Kind::Map)
}

fn get(context: &Context<'_>, kind: Kind) -> Reply {
    if context.argument(0).is_empty() || context.argument(1).is_empty() {
        return Reply::error(format!("Missing {} identifier and/or key.", kind.noun()));
    }
    let Some(reference) = find(context, context.argument(0)) else { return kind.unknown() };
    let mut text = String::new();
    for expression in reference.expressions() {
        let scheme = expression.scheme();
        let case = if scheme.ignore_case { "insensitive" } else { "sensitive" };
        text.push_str(&format!("type={}, case={case}", scheme.method.as_str()));
        let output = expression.output;
        let pattern = Pattern { reference: reference.clone(), expression };
        let value = Value::text(context.argument(1).as_bytes()).cast(scheme.method.compares());
        let found = value.and_then(|value| pattern.entry(&value));
        let word = if kind == Kind::Map { "found" } else { "match" };
        let Some((key, value)) = found else {
            text.push_str(&format!(", {word}=no\n"));
            continue;
        };
        let index = if scheme.is_tree() { "tree" } else { "list" };
        let (key, value) = (String::from_utf8_lossy(&key), String::from_utf8_lossy(&value));
        let noun = if kind == Kind::Map { "key" } else { "pattern" };
        text.push_str(&format!(", {word}=yes, idx={index}, {noun}=\"{key}\""));
        match output {
            Some(output) if kind == Kind::Map => {
                let shown = output.type_of(value.as_bytes());
                text.push_str(&format!(", value=\"{value}\", type=\"{}\"", shown.as_str()));
            }
            None if kind == Kind::Map => text.push_str(", value=none"),
            _ => {}
        }
        text.push('\n');
    }
    Reply::text(text)
}

pub fn add_acl(context: &mut Context<'_>) -> Reply {
    let (version, words) = version(context);
    if word(words, 0).is_empty() || word(words, 1).is_empty() {
        return Reply::error("'add acl' expects two parameters: ACL identifier and pattern.");
    }
    let Some(reference) = find(context, word(words, 0)) else { return Kind::Acl.unknown() };
    if Kind::Map.uses(reference) {
        return Reply::error(
            "This ACL is shared with a map containing samples. You must use the command 'add map' to add values.",
        );
    }
    let pairs = vec![(word(words, 1).as_bytes().into(), Box::default())];
    submit(context, reference, Operation::Add { version, pairs }, Reply::Empty)
}

pub fn add_map(context: &mut Context<'_>) -> Reply {
    const EXPECTS: &str = "'add map' expects three parameters (map identifier, key and value) or one parameter (map \
                           identifier) and a payload";
    let (version, words) = version(context);
    let mut pairs = Vec::new();
    match context.payload {
        _ if word(words, 0).is_empty() => return Reply::error(EXPECTS),
        Some(payload) => {
            for line in payload.lines() {
                let Some((key, value)) = line.split_once([' ', '\t']) else {
                    return Reply::error(format!("Missing value for key '{line}'."));
                };
                pairs.push((key.as_bytes().into(), value.as_bytes().into()));
            }
        }
        None if word(words, 1).is_empty() || word(words, 2).is_empty() => return Reply::error(EXPECTS),
        None => pairs.push((word(words, 1).as_bytes().into(), word(words, 2).as_bytes().into())),
    }
    let Some(reference) = find(context, word(words, 0)) else { return Kind::Map.unknown() };
    submit(context, reference, Operation::Add { version, pairs }, Reply::Empty)
}

pub fn set_map(context: &mut Context<'_>) -> Reply {
    if (0..3).any(|at| context.argument(at).is_empty()) {
        return Reply::error("'set map' expects three parameters: map identifier, key and value.");
    }
    let reference = match find_of(context, Kind::Map, context.argument(0)) {
        Ok(reference) => reference,
        Err(reply) => return reply,
    };
    let target = target(reference, context.argument(1));
    let value = context.argument(2).as_bytes().into();
    submit(context, reference, Operation::Set { target, value }, Reply::Empty)
}

pub fn del_acl(context: &mut Context<'_>) -> Reply {
    delete(context, Kind::Acl)
}

pub fn del_map(context: &mut Context<'_>) -> Reply {
    delete(context, Kind::Map)
}

fn delete(context: &mut Context<'_>, kind: Kind) -> Reply {
    if context.argument(0).is_empty() || context.argument(1).is_empty() {
        let noun = kind.noun();
        return Reply::error(format!("This command expects two parameters: {noun} identifier and key."));
    }
    let reference = match find_of(context, kind, context.argument(0)) {
        Ok(reference) => reference,
        Err(reply) => return reply,
    };
    let target = target(reference, context.argument(1));
    submit(context, reference, Operation::Delete { target }, Reply::Empty)
}

pub fn clear_acl(context: &mut Context<'_>) -> Reply {
    clear(context, Kind::Acl)
}

pub fn clear_map(context: &mut Context<'_>) -> Reply {
    clear(context, Kind::Map)
}

fn clear(context: &mut Context<'_>, kind: Kind) -> Reply {
    let (version, words) = version(context);
    if word(words, 0).is_empty() {
        return kind.missing();
    }
    match find_of(context, kind, word(words, 0)) {
        Ok(reference) => submit(context, reference, Operation::Clear { version }, Reply::Empty),
        Err(reply) => reply,
    }
}

pub fn prepare_acl(context: &mut Context<'_>) -> Reply {
    prepare(context, Kind::Acl)
}

pub fn prepare_map(context: &mut Context<'_>) -> Reply {
    prepare(context, Kind::Map)
}

fn prepare(context: &mut Context<'_>, kind: Kind) -> Reply {
    let reference = match find_of(context, kind, context.argument(0)) {
        Ok(reference) => reference,
        Err(reply) => return reply,
    };
    let version = reference.promise();
    let done = Reply::info(format!("New version created: {version}"));
    submit(context, reference, Operation::Prepare { version }, done)
}

pub fn commit_acl(context: &mut Context<'_>) -> Reply {
    commit(context, Kind::Acl)
}

pub fn commit_map(context: &mut Context<'_>) -> Reply {
    commit(context, Kind::Map)
}

fn commit(context: &mut Context<'_>, kind: Kind) -> Reply {
    let (Some(version), words) = version(context) else { return Reply::error("Missing version number.") };
    if word(words, 0).is_empty() {
        return kind.missing();
    }
    match find_of(context, kind, word(words, 0)) {
        Ok(reference) => submit(context, reference, Operation::Commit { version }, Reply::Empty),
        Err(reply) => reply,
    }
}
