//! Expressions, conditions and formats inside lines: `weir-sample` reads them, their errors become texts for the
//! keyword's own message.

use weir_registry::Status;
use weir_rules::parse::{self, ActionRow, Cursor, Fault, RuleContext};
use weir_rules::{Action, Redirect, Reply, RuleSet};
use weir_sample::expr::ExprError;
use weir_sample::phase::PHASES;
use weir_sample::{
    Acl, Condition, Expr, Format, FormatMode, Incompatible, Named, ParseContext, Phase, PhaseSet, Term,
};
use weir_syntax::Line;
use weir_types::Diagnostic;

use crate::outcome::Report;
use crate::parser::Parser;

/// Where a server is chosen: the whole request is known.
pub(crate) const BACKEND_SET_UP: PhaseSet = PhaseSet::of(&[Phase::BeUseServer]);

/// Where `stick store-response` learns: the head of the response is known.
pub(crate) const STICK_STORE: PhaseSet = PhaseSet::of(&[Phase::BeStickStore]);

/// Runs `read` with what `weir-sample` needs; its warnings are kept.
pub(crate) fn within<T>(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    read: impl FnOnce(&ParseContext<'_>) -> T,
) -> T {
    let cx = ParseContext::new(line.span(), parser.options.files, &parser.references);
    let value = read(&cx);
    let warnings: Vec<Diagnostic> = cx.warnings.into_inner();
    let certificates = cx.certificates.into_inner();
    parser.diagnostics.list.extend(warnings);
    for name in certificates {
        if let Err(text) = crate::tls::load_for_tokens(parser, &name) {
            parser.diagnostics.list.push(line.alert(0, text));
        }
    }
    value
}

fn text(error: ExprError) -> String {
    error.message.into()
}

/// A keyword inside an expression that weir knows and does not evaluate yet. The line's fault is then weir's own.
fn refuse(parser: &mut Parser<'_>, name: Option<&'static str>) -> Result<(), String> {
    parser.refused_expression |= name.is_some();
    match name {
        Some(name) => Err(format!("'{name}' is not supported by weir yet")),
        None => Ok(()),
    }
}

/// `if`/`unless` at `word` and what follows, to the end of the line.
pub(crate) fn condition_of(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    word: usize,
) -> Result<Condition<Named>, String> {
    let words: Vec<&str> = line.words().collect();
    let mut at = word;
    let condition = within(parser, line, |cx| Condition::parse(&words, &mut at, cx)).map_err(text)?;
    known(parser, &condition)?;
    Ok(condition)
}

/// Every ACL a condition names stands before it in the same section, or is one of the program's own.
fn known(parser: &mut Parser<'_>, condition: &Condition<Named>) -> Result<(), String> {
    refuse(parser, condition.not_yet())?;
    let acls = &parser.proxy().acls;
    let missing = condition
        .named()
        .find(|name| !acls.iter().any(|acl| *acl.name == **name) && weir_sample::predefined(name).is_none());
    let Some(name) = missing else { return Ok(()) };
    parser.missing_acl = Some(name.into());
    Err(format!("no such ACL : '{name}'"))
}

/// The format in one word.
pub(crate) fn format(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    word: usize,
    mode: FormatMode,
) -> Result<Format<Named>, String> {
    let format = within(parser, line, |cx| Format::parse(line.word(word), mode, cx)).map_err(text)?;
    refuse(parser, format.not_yet())?;
    Ok(format)
}

/// The expression that begins at `word`, available in one of `phases`, and the word behind it.
pub(crate) fn whole(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    word: usize,
    phases: PhaseSet,
) -> Result<(Expr<Named>, usize), String> {
    let words: Vec<&str> = line.words().collect();
    let mut at = word;
    let expr = within(parser, line, |cx| Expr::parse(&words, &mut at, cx)).map_err(text)?;
    expr.check_phase(phases, line.word(word)).map_err(String::from)?;
    refuse(parser, expr.not_yet())?;
    Ok((expr, at))
}

/// The same where the expression is one word.
pub(crate) fn word(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    word: usize,
    phases: PhaseSet,
) -> Result<Expr<Named>, String> {
    let words = [line.word(word)];
    let expr = within(parser, line, |cx| Expr::parse(&words, &mut 0, cx)).map_err(text)?;
    expr.check_phase(phases, line.word(word)).map_err(String::from)?;
    refuse(parser, expr.not_yet())?;
    Ok(expr)
}

/// Keeps the test of an `acl` line and refuses it if weir cannot evaluate it yet: conditions may name it all the same.
pub(crate) fn keep_acl(parser: &mut Parser<'_>, acl: Acl<Named>) -> Result<(), String> {
    let refused = refuse(parser, acl.not_yet());
    parser.proxy().acls.push(acl);
    refused
}

/// The `acl` line's test.
pub(crate) fn acl(parser: &mut Parser<'_>, line: &Line<'_>) -> Result<Acl<Named>, String> {
    let words: Vec<&str> = line.from(1).collect();
    within(parser, line, |cx| Acl::parse(&words, cx)).map_err(text)
}

/// The phases in which the rules of a list run in this section.
fn phases(set: RuleSet, frontend: bool, backend: bool) -> PhaseSet {
    let (front, back): (&[Phase], &[Phase]) = match set {
        RuleSet::QuicInitial | RuleSet::TcpRequestConnection => (&[Phase::FeTcpConnection], &[]),
        RuleSet::TcpRequestSession => (&[Phase::FeTcpSession], &[]),
        RuleSet::TcpRequestContent => (&[Phase::FeTcpContent], &[Phase::BeTcpContent]),
        RuleSet::TcpResponseContent => (&[], &[Phase::BeTcpResponse]),
        RuleSet::HttpRequest => (&[Phase::FeHttpHeader], &[Phase::BeHttpHeader]),
        RuleSet::HttpResponse | RuleSet::HttpAfterResponse => {
            (&[Phase::FeHttpResponseHeader], &[Phase::BeHttpResponseHeader])
        }
    };
    let front = if frontend { PhaseSet::of(front).0 } else { 0 };
    let back = if backend { PhaseSet::of(back).0 } else { 0 };
    PhaseSet(front | back)
}

/// Runs `read` with everything an action's parser may ask for.
fn with_rule<T>(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    set: RuleSet,
    read: impl FnOnce(&RuleContext<'_>) -> T,
) -> T {
    let (title, place) = (parser.title(), parser.place(line));
    let defaults = parser.in_defaults();
    let kind = parser.kind();
    let (frontend, backend) = (defaults || kind.has_frontend(), defaults || kind.has_backend());
    let slots = parser
        .proxy()
        .frontend
        .as_ref()
        .map_or((0, 0), |parts| (parts.capture_request.len(), parts.capture_response.len()));
    let (experimental, stick_counters) = (parser.experimental, parser.config.global.tune.stick_counters);
    within(parser, line, |expressions| {
        read(&RuleContext {
            set,
            expressions,
            phases: phases(set, frontend, backend),
            frontend,
            backend,
            defaults,
            title: &title,
            place: &place,
            experimental,
            stick_counters,
            request_slots: u32::try_from(slots.0).unwrap_or(u32::MAX),
            response_slots: u32::try_from(slots.1).unwrap_or(u32::MAX),
        })
    })
}

/// The action of `row`, whose word stands at `word`; then the word behind it.
pub(crate) fn action(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    set: RuleSet,
    row: &'static ActionRow,
    word: usize,
) -> Result<(Action<Named>, usize), Fault> {
    let words: Vec<&str> = line.words().collect();
    let mut cursor = Cursor::new(&words, word);
    let action = with_rule(parser, line, set, |cx| parse::action(row, &mut cursor, cx))?;
    Ok((action, cursor.at))
}

/// The words of a `redirect` line.
pub(crate) fn redirect(parser: &mut Parser<'_>, line: &Line<'_>) -> Result<(Redirect<Named>, usize), Fault> {
    let words: Vec<&str> = line.words().collect();
    let mut cursor = Cursor::new(&words, 1);
    let redirect = with_rule(parser, line, RuleSet::HttpRequest, |cx| parse::redirect(&mut cursor, cx))?;
    Ok((redirect, cursor.at))
}

/// The arguments of an `http-error` line; then the word behind them.
pub(crate) fn reply(parser: &mut Parser<'_>, line: &Line<'_>) -> Result<(Reply<Named>, usize), Fault> {
    let words: Vec<&str> = line.words().collect();
    let mut cursor = Cursor::new(&words, 1);
    let reply = with_rule(parser, line, RuleSet::HttpRequest, |cx| parse::reply(&mut cursor, cx, None))?;
    Ok((reply, cursor.at))
}

/// Warns of ACLs that can never match where this list's rules run.
pub(crate) fn warn_incompatible(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    condition: &Condition<Named>,
    set: RuleSet,
) {
    if parser.in_defaults() {
        return;
    }
    let kind = parser.kind();
    let phases = phases(set, kind.has_frontend(), kind.has_backend());
    let place = PHASES.into_iter().find(|phase| phases.contains(*phase)).map_or("", Phase::as_str);
    let rule = set.keyword();
    let rule = rule.starts_with("tcp-").then_some(rule);
    let mut texts = Vec::new();
    for term in condition.any.iter().flatten() {
        let text = match term {
            Term::Anonymous { acl, .. } => acl.incompatible(phases).map(|found| found.message(rule, place)),
            Term::Named { acl: name, .. } => {
                let lines: Vec<_> = parser.proxy().acls.iter().filter(|acl| acl.name == *name).collect();
                let bad: Vec<_> = lines.iter().filter_map(|acl| acl.incompatible(phases)).collect();
                let all = bad.len() == lines.len();
                bad.first().map(|first| Incompatible { all, ..*first }.message(rule, place))
            }
        };
        texts.extend(text);
    }
    for text in texts {
        parser.push(line.warning(0, text));
    }
}

/// Whether weir runs the row; the reason where it does not.
pub(crate) fn is_not_yet(row: &ActionRow) -> bool {
    row.status == Status::NotYet
}
