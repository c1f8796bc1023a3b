//! `set-var` with its conditions (manual 4.4 "set-var").

use weir_sample::{OwnedValue, Scope, SetCondition, Stream, Value, Variable};

use crate::view::View;

/// Stores the value if all conditions hold.
pub fn store(view: &View<'_>, variable: &Variable, value: OwnedValue, conditions: &[SetCondition]) {
    if conditions.iter().all(|condition| holds(view, variable, &value, *condition)) {
        view.set_variable(variable, value);
    }
}

fn holds(view: &View<'_>, variable: &Variable, value: &OwnedValue, condition: SetCondition) -> bool {
    let old = || view.variable(variable);
    let is_empty = || matches!(value, Value::Str(text) | Value::Bin(text) if text.is_empty());
    let compared = |order: std::cmp::Ordering| match (old(), value) {
        (Some(Value::Int(old)), Value::Int(new)) => old.cmp(new) == order,
        // Without two integers the check holds.
        _ => true,
    };
    match condition {
        // Variables of the process exist from the start, set or not.
        SetCondition::IfExists if variable.scope == Scope::Process => true,
        SetCondition::IfNotExists if variable.scope == Scope::Process => false,
        SetCondition::IfExists | SetCondition::IfSet => old().is_some(),
        SetCondition::IfNotExists | SetCondition::IfNotSet => old().is_none(),
        SetCondition::IfEmpty => is_empty(),
        SetCondition::IfNotEmpty => !is_empty(),
        SetCondition::IfGreater => compared(std::cmp::Ordering::Greater),
        SetCondition::IfLess => compared(std::cmp::Ordering::Less),
    }
}
