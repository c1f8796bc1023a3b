//! Reads each table of recorded answers and asks the same questions.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use weir_sample::{
    Condition, Expr, Files, Named, ParseContext, Phase, PhaseSet, References, Resolved, Value, Verdict,
};
use weir_types::Span;

use crate::stream::{Names, Parsed, Recorded, parse};

/// How many answers agree, and which expressions have others.
#[derive(Default)]
pub struct Tally {
    pub agree: usize,
    pub total: usize,
    pub misses: BTreeMap<String, usize>,
    shown: Vec<String>,
}

impl Tally {
    fn count(&mut self, expression: &str, agrees: bool, detail: impl FnOnce() -> String) {
        self.total += 1;
        if agrees {
            self.agree += 1;
            return;
        }
        *self.misses.entry(expression.to_owned()).or_default() += 1;
        if std::env::var_os("WEIR_SHOW").is_some() {
            eprintln!("{}", detail());
        } else if self.shown.len() < 20 {
            self.shown.push(detail());
        }
    }

    pub fn sample(&self) -> String {
        self.shown.join("\n")
    }
}

/// The map files beside the tables.
struct Maps<'a>(&'a Path);

impl Files for Maps<'_> {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.0.join("maps").join(name)).ok()
    }
}

fn rows(oracle: &Path, table: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(oracle.join(table)).expect("a readable table");
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn expression(oracle: &Path, references: &References, text: &str) -> Result<Expr<Resolved>, String> {
    let files = Maps(oracle);
    let cx = ParseContext::new(Span::default(), &files, references);
    let expr = Expr::<Named>::parse(&[text], &mut 0, &cx).map_err(|error| error.to_string())?;
    match expr.not_yet() {
        Some(name) => Err(format!("not yet: {name}")),
        None => expr.resolve(&mut Names).map_err(|error| error.message.to_string()),
    }
}

/// What `http-request set-var` followed by `,hex` prints: integers as eight bytes.
fn hex(value: Option<Value<'_>>) -> String {
    match value {
        None => "UNDEF".into(),
        Some(value) => value.into_bytes().iter().map(|byte| format!("{byte:02X}")).collect(),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits =
        |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("digits");
    text.as_bytes().chunks(2).map(digits).collect()
}

pub fn converters(oracle: &Path) -> Tally {
    let mut tally = Tally::default();
    let mut inputs = HashMap::new();
    for row in rows(oracle, "converter-inputs.tsv") {
        let value = row.get(2).map_or("", String::as_str);
        let bytes = if row[1] == "hex" { unhex(value) } else { value.as_bytes().to_vec() };
        inputs.insert(row[0].clone(), bytes);
    }
    let references = References::default();
    let mut parsed: HashMap<String, Result<Expr<Resolved>, String>> = HashMap::new();
    for row in rows(oracle, "converters.tsv") {
        let (text, input, wanted) = (&row[0], &row[1], row.get(2).map_or("", String::as_str));
        let expr = parsed.entry(text.clone()).or_insert_with(|| expression(oracle, &references, text));
        let bytes = &inputs[input];
        let header = if text.starts_with("req.hdr(x-in),b64dec") { base64(bytes) } else { bytes.clone() };
        let got = match expr {
            Err(error) => error.clone(),
            Ok(expr) => hex(expr.eval(&with_header(&header)).value()),
        };
        tally.count(text, got == wanted, || format!("{text} on {input}: wanted {wanted}, got {got}"));
    }
    tally
}

/// A request with the header `x-in`.
fn with_header(value: &[u8]) -> Recorded {
    let Parsed::Stream(stream) = parse("GET / HTTP/1.1\\r\\nHost: h\\r\\n", "0") else {
        panic!("a well-formed request");
    };
    let mut stream = *stream;
    let request = stream.request.as_mut().expect("a request");
    request.headers.add(b"x-in", value).expect("room");
    stream
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*b"+/").collect();
    let mut out = Vec::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0u32, |bits, (place, byte)| bits | u32::from(*byte) << (16 - 8 * place));
        for place in 0..4 {
            out.push(if place <= chunk.len() {
                alphabet[(bits >> (18 - 6 * place)) as usize & 63]
            } else {
                b'='
            });
        }
    }
    out
}

/// Request 7 (`OPTIONS *`) is left out: its answers are `UNDEF` even for `always_true`, so the recorder did not see
/// them. `FOUND` stands for an answer to HEAD, whose value the recorder could not see.
pub fn fetches(oracle: &Path) -> Tally {
    let mut tally = Tally::default();
    let requests: Vec<_> = rows(oracle, "requests.tsv").into_iter().map(|row| row[1].clone()).collect();
    let references = References::default();
    let mut parsed: Vec<(String, Result<Expr<Resolved>, String>)> = Vec::new();
    for row in rows(oracle, "fetches.tsv") {
        let (text, request, wanted) = (&row[0], &row[1], row.get(2).map_or("", String::as_str));
        let place = parsed.iter().position(|(known, _)| known == text).unwrap_or_else(|| {
            parsed.push((text.clone(), expression(oracle, &references, text)));
            parsed.len() - 1
        });
        if request == "7" {
            continue;
        }
        // The recorder numbered its expressions in this order and sent the number along.
        let line = &requests[request.parse::<usize>().expect("a number")];
        let got = match (&parsed[place].1, parse(line, &place.to_string())) {
            (Err(error), _) => error.clone(),
            (_, Parsed::BadRequest) => "STATUS400".into(),
            (Ok(expr), Parsed::Stream(stream)) => hex(expr.eval(&*stream).value()),
        };
        let agrees = got == wanted || (wanted == "FOUND" && got.bytes().all(|byte| byte.is_ascii_hexdigit()));
        tally.count(text, agrees, || format!("{text} on {request}: wanted {wanted}, got {got}"));
    }
    tally
}

/// Lists that the conditions name but that were not recorded are made here from the conditions' names.
struct Lists<'a>(&'a Path);

impl Files for Lists<'_> {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        Maps(self.0).read(name)
    }
}

/// Conditions that name a list whose contents were not recorded cannot be asked.
pub fn acls(oracle: &Path) -> Tally {
    let mut tally = Tally::default();
    let requests: Vec<_> = rows(oracle, "requests.tsv").into_iter().map(|row| row[1].clone()).collect();
    let references = References::default();
    let mut parsed: Vec<(String, Result<Condition<Resolved>, String>)> = Vec::new();
    for row in rows(oracle, "acls.tsv") {
        let (text, request, wanted) = (&row[0], &row[1], &row[2]);
        if request == "7"
            || [" -f pats.txt", " -f nets.txt", " -f hosts.txt"].iter().any(|list| text.contains(list))
        {
            continue;
        }
        let place = parsed.iter().position(|(known, _)| known == text).unwrap_or_else(|| {
            parsed.push((text.clone(), condition(oracle, &references, text)));
            parsed.len() - 1
        });
        let line = &requests[request.parse::<usize>().expect("a number")];
        let got = match (&parsed[place].1, parse(line, &place.to_string())) {
            (Err(error), _) => error.clone(),
            (_, Parsed::BadRequest) => "STATUS400".into(),
            (Ok(condition), Parsed::Stream(stream)) => {
                (condition.eval(&*stream) == Verdict::Pass).to_string()
            }
        };
        tally.count(text, got == *wanted, || format!("{text} on {request}: wanted {wanted}, got {got}"));
    }
    tally
}

/// A predefined name, or an expression with its patterns.
fn condition(oracle: &Path, references: &References, text: &str) -> Result<Condition<Resolved>, String> {
    let files = Lists(oracle);
    let cx = ParseContext::new(Span::default(), &files, references);
    let named = text.starts_with(|letter: char| letter.is_ascii_uppercase());
    let line = if named { format!("if {text}") } else { format!("if {{ {text} }}") };
    let words: Vec<&str> = line.split(' ').collect();
    let condition = Condition::<Named>::parse(&words, &mut 0, &cx).map_err(|error| error.to_string())?;
    match condition.not_yet() {
        Some(name) => Err(format!("not yet: {name}")),
        None => condition.resolve(&mut Names).map_err(|error| error.message.to_string()),
    }
}

/// Expressions that HAProxy refuses in `http-request set-var` of a frontend: the same message.
pub fn refused(oracle: &Path) -> Tally {
    let mut tally = Tally::default();
    let references = References::default();
    let phases = PhaseSet::of(&[Phase::FeHttpHeader, Phase::FeHttpBody]);
    for row in rows(oracle, "expressions-refused.tsv") {
        let (text, wanted) = (&row[0], &row[1]);
        let files = Maps(oracle);
        let cx = ParseContext::new(Span::default(), &files, &references);
        let got = match text.split_once(' ') {
            Some(_) => {
                let words: Vec<&str> = ["{"].into_iter().chain(text.split(' ')).chain(["}"]).collect();
                let prefix = "error detected while parsing an 'http-request set-var(txn.r)' condition : ";
                let result = Condition::<Named>::parse_terms(&words, &mut 0, false, &cx);
                format!("{prefix}{}.", result.map_or_else(|error| error.to_string(), |_| "accepted".into()))
            }
            None => {
                let prefix =
                    "error detected in frontend 'fe' while parsing 'http-request set-var(txn.r)' rule : ";
                let result = Expr::<Named>::parse(&[text], &mut 0, &cx)
                    .map_err(|error| error.to_string())
                    .and_then(|expr| expr.check_phase(phases, "set-var(txn.r)").map_err(String::from));
                format!("{prefix}{}.", result.map_or_else(|error| error, |()| "accepted".into()))
            }
        };
        tally.count(text, got == *wanted, || format!("{text}: wanted {wanted}, got {got}"));
    }
    tally
}
