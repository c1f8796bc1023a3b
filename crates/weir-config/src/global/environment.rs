//! `setenv` and its kin, `set-var`, `set-var-fmt` in `global` (manual 3.1).

use weir_sample::{
    Acl, FormatMode, Missing, OwnedValue, Phase, PhaseSet, Resolve, Resolved, Scope, Stream, Type, Value,
    Variable,
};
use weir_syntax::Line;
use weir_types::{ProxyId, ServerId, TableId};

use super::argument::refuse;
use crate::expression;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("setenv", "<name> <value>", "Sets an environment variable (3.1).", |parser, line| {
        let (name, value) = pair(parser, line)?;
        parser.environment.set(name, value);
        Ok(())
    })
    .listed(),
    Keyword::new("presetenv", "<name> <value>", "Sets it unless it is set (3.1).", |parser, line| {
        let (name, value) = pair(parser, line)?;
        parser.environment.preset(name, value);
        Ok(())
    })
    .listed(),
    Keyword::new("unsetenv", "<name>...", "Removes environment variables (3.1).", |parser, line| {
        if line.len() < 2 {
            return refuse(line, "expects at least one variable name.");
        }
        line.from(1).for_each(|name| parser.environment.unset(name));
        Ok(())
    })
    .listed(),
    Keyword::new("resetenv", "[<name>...]", "Removes all but these (3.1).", |parser, line| {
        parser.environment.reset(line.from(1));
        Ok(())
    })
    .listed(),
    Keyword::new("set-var", "<var> <expr>", "Sets a process-wide variable (3.1).", set_var).listed(),
    Keyword::new("set-var-fmt", "<var> <fmt>", "The same with a format (3.1).", set_var_format).listed(),
];

fn pair<'l>(parser: &Parser<'_>, line: &Line<'l>) -> Outcome<(&'l str, &'l str)> {
    parser.at_most(line, 3)?;
    match line.len() {
        1 => refuse(line, "expects environment variable name."),
        2 => refuse(line, &format!("expects environment variable value for '{}'.", line.word(1))),
        _ => Ok((line.word(1), line.word(2))),
    }
}

const HERE: PhaseSet = PhaseSet::of(&[Phase::ConfigParser]);

fn variable(line: &Line<'_>, what: &str) -> Outcome<Variable> {
    if line.len() < 3 {
        return refuse(line, &format!("requires a process-wide variable name ('proc.<name>') and {what}."));
    }
    let name = line.word(1);
    let variable = Variable::parse(name).or_else(|text| line.fail(1, text))?;
    if variable.scope != Scope::Process {
        let only = "only scope 'proc' is permitted in the global section.";
        return line.fail(1, format!("'{}': cannot set variable '{name}', {only}", line.keyword()));
    }
    Ok(variable)
}

fn set_var(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let variable = variable(line, "a sample expression")?;
    let (expression, _) = expression::whole(parser, line, 2, HERE).or_else(|text| line.fail(2, text))?;
    let expression = expression.resolve(&mut NoNames).or_else(|missing| line.fail(2, missing.message))?;
    if let Some(value) = expression.eval_as(&Set(parser), Type::Any).map(Value::into_owned) {
        keep(parser, line, variable, value);
    }
    Ok(())
}

fn set_var_format(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let variable = variable(line, "a format string")?;
    let format = expression::format(parser, line, 2, FormatMode::Tcp).or_else(|text| line.fail(2, text))?;
    let format = format.resolve(&mut NoNames).or_else(|missing| line.fail(2, missing.message))?;
    let mut bytes = Vec::new();
    format.write(&Set(parser), &mut bytes);
    keep(parser, line, variable, Value::Str(bytes.into()));
    Ok(())
}

fn keep(parser: &mut Parser<'_>, line: &Line<'_>, variable: Variable, value: OwnedValue) {
    parser.config.global.variables.push((variable, value, line.span()));
}

/// What an expression of `global` sees: what lines before it have set.
struct Set<'a>(&'a Parser<'a>);

impl Stream for Set<'_> {
    fn environment(&self, name: &str) -> Option<&[u8]> {
        self.0.environment.value(name).map(str::as_bytes)
    }

    fn variable(&self, variable: &Variable) -> Option<OwnedValue> {
        let same = |(known, ..): &&(Variable, OwnedValue, weir_types::Span)| known == variable;
        self.0.config.global.variables.iter().rev().find(same).map(|(_, value, _)| value.clone())
    }
}

/// Nothing of the configuration is known while `global` is read.
struct NoNames;

impl Resolve for NoNames {
    fn frontend(&mut self, _: &str) -> Result<ProxyId, Missing> {
        Err(Missing::Unknown)
    }

    fn backend(&mut self, _: &str) -> Result<ProxyId, Missing> {
        Err(Missing::Unknown)
    }

    fn server(&mut self, _: &str) -> Result<ServerId, Missing> {
        Err(Missing::Unknown)
    }

    fn table(&mut self, _: &str) -> Result<TableId, Missing> {
        Err(Missing::Unknown)
    }

    fn userlist(&mut self, _: &str) -> Result<u32, Missing> {
        Err(Missing::Unknown)
    }

    fn acl(&mut self, _: &str) -> Result<std::sync::Arc<Acl<Resolved>>, Missing> {
        Err(Missing::Unknown)
    }

    fn proxy_name(&self) -> &str {
        "<CFG>"
    }
}
