//! `help` and the answer to an unknown command.

use super::session::State;
use super::table::{COMMANDS, Command, Scope};

/// How many near names an unknown command is answered with.
const PROPOSALS: usize = 16;

/// The usage lines at the end of both.
const ALWAYS: [&str; 3] = ["help", "prompt", "quit"];

/// `help [words]`: the commands that begin with these words, else those that are near, else all.
pub fn help(words: &[String], state: &State) -> String {
    let mut text = String::from("The following commands are valid at this level:\n");
    let commands: Vec<&Command> = match words {
        [] => visible(state).collect(),
        words => matching(words, state),
    };
    push_usage(&mut text, &commands);
    text
}

pub fn unknown(words: &[String], state: &State) -> String {
    let mut text =
        format!("Unknown command: '{}', but maybe one of the following ones is a better match:\n", words[0]);
    push_usage(&mut text, &matching(words, state));
    // The reply's own line feed follows.
    text.pop();
    text
}

fn push_usage(text: &mut String, commands: &[&Command]) {
    let always = COMMANDS.iter().filter(|command| ALWAYS.contains(&command.name));
    for command in commands.iter().copied().filter(|command| !ALWAYS.contains(&command.name)).chain(always) {
        text.push_str("  ");
        text.push_str(command.usage);
        text.push('\n');
    }
}

fn visible(state: &State) -> impl Iterator<Item = &'static Command> {
    let (level, expert, experimental) = (state.level, state.expert, state.experimental);
    COMMANDS.iter().filter(move |command| {
        command.scope != Scope::Master
            && !command.usage.is_empty()
            && command.level <= level
            && (!command.expert || expert)
            && (!command.experimental || experimental)
    })
}

fn matching(words: &[String], state: &State) -> Vec<&'static Command> {
    let asked = words.join(" ");
    let first = &words[0];
    let begins: Vec<&Command> = visible(state).filter(|command| command.name.starts_with(&asked)).collect();
    if !begins.is_empty() {
        return begins;
    }
    let longest = (1..words.len()).rev().find_map(|count| {
        let begin = words[..count].join(" ");
        let found: Vec<&Command> = visible(state)
            .filter(|command| command.name == begin || command.name.starts_with(&format!("{begin} ")))
            .collect();
        (!found.is_empty()).then_some(found)
    });
    let mut found = longest.unwrap_or_else(|| visible(state).collect());
    found.sort_by_key(|command| distance(&asked, command.name).min(distance(first, command.name) + 1));
    found.truncate(PROPOSALS.min(5));
    found.sort_by_key(|command| command.name);
    found
}

/// How many letters must be changed, added or removed.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in to.iter().enumerate() {
            let kept = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = kept.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
