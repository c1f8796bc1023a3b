//! `show sess`, `shutdown session`: the streams of all workers.

use std::fmt::Write;

use weir_engine::census::Person;

use crate::cli::reply::Reply;
use crate::cli::session::{Context, Question};

const USAGE: &str = "Usage: show sess [<id> | all | help] [<options>*]
Dumps active streams (formerly called 'sessions'). Available selectors:
   <id>         dump only this stream identifier (0x...)
   all          dump all matching streams in large format
   help         show this message
   susp         report streams considered suspicious
Available options: 
   show-uri     also display the transaction URI, if available
   older <age>  only display streams older than <age> seconds
   server <b/s> only show streams attached to this backend+server
   backend <b>  only show streams attached to this backend
   frontend <f> only show streams attached to this frontend
Without any argument, all streams are dumped in a shorter format.
";

#[derive(Clone, Debug, Default)]
struct Selection {
    id: Option<u64>,
    large: bool,
    /// Seconds a stream must have been there.
    older: u64,
    uri: bool,
    server: Option<String>,
    backend: Option<String>,
    frontend: Option<String>,
}

pub fn show(context: &mut Context<'_>) -> Reply {
    let mut selection = Selection::default();
    let mut words = context.arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_default().to_owned();
        match word {
            "help" => return Reply::text(USAGE),
            "all" => selection.large = true,
            // Streams that nothing moves any more, as far as can be told here.
            "susp" => (selection.large, selection.older) = (true, selection.older.max(60)),
            "show-uri" => selection.uri = true,
            "older" => match value().trim_end_matches('s').parse() {
                Ok(seconds) => selection.older = seconds,
                Err(_) => return Reply::error("Invalid age."),
            },
            "server" => selection.server = Some(value()),
            "backend" => selection.backend = Some(value()),
            "frontend" => selection.frontend = Some(value()),
            id => match number(id) {
                Some(id) => (selection.id, selection.large) = (Some(id), true),
                None => return Reply::error(USAGE.trim_end()),
            },
        }
    }
    context.ask(Question::Streams, move |people, _| {
        let found: Vec<&Person> = people.iter().filter(|person| selection.takes(person)).collect();
        if selection.id.is_some() && found.is_empty() {
            return Reply::error("Session not found.");
        }
        let mut text = String::new();
        for person in found {
            match selection.large {
                true => large(person, &mut text),
                false => short(person, selection.uri, &mut text),
            }
        }
        Reply::text(text)
    })
}

/// `debug dev panic`: under HAProxy the end of its only worker, here of one of them.
pub fn panic(context: &mut Context<'_>) -> Reply {
    context.ask(Question::Panic, |_, _| Reply::text(String::new()))
}

/// `0x5633c6c5c0c0`, or the figure alone.
fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}

impl Selection {
    fn takes(&self, person: &Person) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| *wanted == found);
        self.id.is_none_or(|id| id == person.id)
            && person.age_ms >= self.older * 1000
            && is(&self.backend, &person.backend)
            && is(&self.frontend, &person.frontend)
            && is(&self.server, &format!("{}/{}", person.backend, person.server))
    }
}

/// `5s`, `2m10s`, as HAProxy writes spans of time.
pub(super) fn span(ms: u64) -> String {
    match ms / 1000 {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m{}s", seconds / 60, seconds % 60),
        seconds @ 3600..86_400 => format!("{}h{}m", seconds / 3600, seconds / 60 % 60),
        seconds => format!("{}d{}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

fn expiry(person: &Person) -> String {
    person.expires_ms.map_or(String::new(), span)
}

fn short(person: &Person, uri: bool, text: &mut String) {
    let Person { id, protocol, source, frontend, backend, server, .. } = person;
    let _ = write!(
        text,
        "0x{id:x}: proto={protocol} src={source} fe={frontend} be={backend} srv={server} ts=00 epoch=0 age={} calls={} \
         rate=0 cpu=0 lat=0 rq[f=0h,i=0,an=00h,ax=] rp[f=0h,i=0,an=00h,ax=] scf=[8,0h,fd=-1,rex=,wex=] \
         scb=[8,0h,fd=-1,rex=,wex=] exp={} rc={} c_exp=",
        span(person.age_ms),
        person.requests,
        expiry(person),
        person.retries
    );
    if uri && !person.uri.is_empty() {
        let _ = write!(text, " uri=\"{}\"", person.uri);
    }
    text.push('\n');
}

fn large(person: &Person, text: &mut String) {
    let Person { id, protocol, source, frontend, backend, server, .. } = person;
    let expiry = expiry(person);
    let never = if expiry.is_empty() { "<NEVER>" } else { &expiry };
    let _ = writeln!(
        text,
        "0x{id:x}: id={} proto={protocol} source={source}\n  conn_retries={} age={} exp={never}\n  \
         frontend={frontend}\n  backend={backend}\n  server={server}\n  req={} uri={}\n  bytes_in={} bytes_out={}",
        id & ((1 << 40) - 1),
        person.retries,
        span(person.age_ms),
        person.requests,
        person.uri,
        person.bytes[0],
        person.bytes[1],
    );
}

pub fn shut(context: &mut Context<'_>) -> Reply {
    let refusal = "No such session (use 'show sess').";
    let word = context.argument(0);
    if word.is_empty() {
        return Reply::error("Session pointer expected (use 'show sess').");
    }
    let Some(id) = number(word) else { return Reply::error(refusal) };
    context.ask(Question::Shut(id), move |found, _| match found.is_empty() {
        true => Reply::error(refusal),
        false => Reply::Empty,
    })
}
