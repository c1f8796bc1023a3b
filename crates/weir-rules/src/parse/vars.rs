//! `set-var`, `set-var-fmt`, `unset-var` (manual 2.8, 4.4).

use weir_sample::{Named, SetCondition, Variable};

use super::cursor::{Cursor, Fault};
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::Action;
use crate::ruleset::RuleSet;

const ALL: Sets = Sets::of(&[
    RuleSet::TcpRequestConnection,
    RuleSet::TcpRequestSession,
    RuleSet::TcpRequestContent,
    RuleSet::TcpResponseContent,
    RuleSet::HttpRequest,
    RuleSet::HttpResponse,
    RuleSet::HttpAfterResponse,
]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new(
        "set-var",
        ALL,
        "(<name>[,<cond>...]) <expr>",
        "A variable from an expression (4.4).",
        set_var,
    )
    .prefix(),
    ActionRow::new(
        "set-var-fmt",
        ALL,
        "(<name>[,<cond>...]) <fmt>",
        "A variable from a format (4.4).",
        set_var_fmt,
    )
    .prefix(),
    ActionRow::new("unset-var", ALL, "(<name>)", "Forgets a variable (4.4).", unset_var).prefix(),
];

const EXPECTS: &str = "Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'";

/// The variable and its conditions between the parentheses of the action's word. Also of `http-check set-var(...)`.
pub fn variable(name: &str, word: usize) -> Result<(Variable, Vec<SetCondition>), Fault> {
    let Some((_, inside)) = name.split_once('(') else {
        return Err(Fault::new(word, format!("invalid or incomplete action '{name}'. {EXPECTS}")));
    };
    let Some((inside, rest)) = inside.split_once(')') else {
        return Err(Fault::new(word, format!("incomplete argument after action '{name}'. {EXPECTS}")));
    };
    if !rest.is_empty() {
        return Err(Fault::new(word, format!("invalid or incomplete action '{name}'. {EXPECTS}")));
    }
    let mut parts = inside.split(',');
    let variable = Variable::parse(parts.next().unwrap_or("")).map_err(|text| Fault::new(word, text))?;
    let mut conditions = Vec::new();
    for part in parts {
        match SetCondition::parse(part) {
            Some(condition) => conditions.push(condition),
            None => return Err(Fault::new(word, format!("unknown condition \"{part}\""))),
        }
    }
    Ok((variable, conditions))
}

fn set_var(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (variable, conditions) = variable(cursor.name(), cursor.at - 1)?;
    let start = cursor.at;
    if cursor.peek().is_empty() {
        return cursor.fault("missing fetch method");
    }
    let expr = weir_sample::Expr::parse(cursor.words, &mut cursor.at, cx.expressions)?;
    // HAProxy names the rule's own word here.
    expr.check_phase(cx.phases, cursor.words[start - 1]).map_err(|text| Fault::new(start, text))?;
    Ok(Action::SetVar { variable, expr, conditions: conditions.into() })
}

fn set_var_fmt(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (variable, conditions) = variable(cursor.name(), cursor.at - 1)?;
    Ok(Action::SetVarFormat { variable, value: cx.plain_format(cursor)?, conditions: conditions.into() })
}

fn unset_var(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (variable, _) = variable(cursor.name(), cursor.at - 1)?;
    Ok(Action::UnsetVar { variable })
}
