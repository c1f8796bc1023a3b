//! `get var`, `set var`: variables of the process scope (management manual 9.3).

use weir_plan::{Edit, EditKind};
use weir_sample::acl::NoNames;
use weir_sample::{
    Expr, Format, FormatMode, NoFiles, OwnedValue, ParseContext, Phase, PhaseSet, ProcessVariables,
    References, Scope, Stream, Type, Value, Variable, VariableEdit,
};
use weir_types::Span;

use crate::cli::reply::Reply;
use crate::cli::session::Context;

/// Where expressions of this command run: nowhere near a connection.
const HERE: PhaseSet = PhaseSet::of(&[Phase::CliParser]);

/// What an expression sees here: the process's variables, and nothing else.
struct Process<'a>(&'a ProcessVariables);

impl Stream for Process<'_> {
    fn variable(&self, variable: &Variable) -> Option<OwnedValue> {
        (variable.scope == Scope::Process).then(|| self.0.find(&variable.name))?
    }
}

pub fn get(context: &mut Context<'_>) -> Reply {
    if context.argument(0).is_empty() {
        return Reply::error("Missing process-wide variable identifier.");
    }
    let name = context.argument(0);
    let found = name.strip_prefix("proc.").and_then(|name| context.view().plan.variables.find(name));
    let Some(value) = found else { return Reply::error("Variable not found.") };
    let text = match value.borrowed() {
        // Up to a zero byte, as a string of C ends there.
        Value::Bin(bytes) => {
            String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or(&[])).into_owned()
        }
        Value::Bool(truth) => u8::from(truth).to_string(),
        other => match other.cast(Type::Str) {
            Some(Value::Str(text)) => String::from_utf8_lossy(&text).into_owned(),
            _ => String::new(),
        },
    };
    Reply::text(format!("{name}: type={} value=<{text}>\n", value.kind().as_str()))
}

pub fn set(context: &mut Context<'_>) -> Reply {
    match new_value(context) {
        Err(text) => Reply::error(text),
        // An expression that finds nothing sets nothing.
        Ok((_, None)) => Reply::Empty,
        Ok((variable, value)) => {
            let edit = VariableEdit { name: variable.name, value };
            if !context.view().plan.variables.has_room(&edit) {
                return Reply::Empty;
            }
            context.edit(Edit::new(EditKind::Variables, edit.encode()), |outcome, _| match outcome {
                Ok(()) => Reply::Empty,
                Err(reason) => Reply::error(reason),
            })
        }
    }
}

fn new_value(context: &Context<'_>) -> Result<(Variable, Option<OwnedValue>), String> {
    let words: Vec<&str> = context.arguments.iter().map(String::as_str).collect();
    let Some(name) = words.first() else { return Err("Missing process-wide variable identifier.".into()) };
    let variable = Variable::parse(name)?;
    if variable.scope != Scope::Process {
        return Err(format!("'set var': cannot set variable '{name}', only scope 'proc' is permitted here."));
    }
    let references = References::default();
    let cx = ParseContext::new(Span::default(), &NoFiles, &references);
    let stream = Process(&context.view().plan.variables);
    match words.as_slice() {
        [] | [_] => Err("Missing either 'expr', 'fmt' or expression.".into()),
        [_, "fmt", format] => {
            let format =
                Format::parse(format, FormatMode::Tcp, &cx).map_err(|error| error.message.to_string())?;
            let format = format.resolve(&mut NoNames).map_err(|error| error.message.to_string())?;
            let mut text = Vec::new();
            format.write(&stream, &mut text);
            Ok((variable, Some(Value::Str(text.into()))))
        }
        [_, "expr", expression] | [_, expression] => {
            let expr = Expr::parse(&[*expression], &mut 0, &cx).map_err(|error| error.message.to_string())?;
            expr.check_phase(HERE, &format!("set-var({name})")).map_err(String::from)?;
            let expr = expr.resolve(&mut NoNames).map_err(|error| error.message.to_string())?;
            Ok((variable, expr.eval(&stream).value().map(Value::into_owned)))
        }
        [_, kind, ..] => Err(format!("'set var': arg type must be either 'expr' or 'fmt' but got '{kind}'.")),
    }
}
