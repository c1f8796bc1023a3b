//! One line of the master socket to commands: `;` separates, `\` takes the meaning from the next character, `@` names
//! the process meant.

/// Whom a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Master,
    /// `@1`
    Relative(u32),
    /// `@!PID`
    Pid(u32),
}

/// One command of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Words for the current or the given target. The text is what a worker is sent.
    Run { target: Option<Target>, text: String },
    /// `@1` alone: what follows is for it.
    Switch(Target),
    /// `@@1 line`: the whole rest of the line, semicolons too; without a line, everything that follows.
    Enter { target: Target, line: String },
    /// `@2x`: no such form; the word itself.
    BadTarget(String),
}

/// The commands of a line, in order. Empty commands are left out.
pub fn parse(line: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut rest = line;
    loop {
        let start = rest.trim_start();
        if let Some(after) = start.strip_prefix("@@") {
            let (word, line) = split_word(after);
            commands.push(match target(word) {
                Some(target) => Command::Enter { target, line: line.trim().to_string() },
                None => Command::BadTarget(format!("@@{word}")),
            });
            return commands;
        }
        let (one, more) = split_command(rest);
        commands.extend(command(one.trim()));
        match more {
            Some(more) => rest = more,
            None => return commands,
        }
    }
}

/// The words of a command, `\` removed.
pub fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut inside) = (Vec::new(), String::new(), false);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                inside = true;
                word.extend(characters.next());
            }
            ' ' | '\t' if inside => {
                words.push(std::mem::take(&mut word));
                inside = false;
            }
            ' ' | '\t' => {}
            other => {
                inside = true;
                word.push(other);
            }
        }
    }
    if inside {
        words.push(word);
    }
    words
}

fn command(text: &str) -> Option<Command> {
    if text.is_empty() {
        return None;
    }
    let Some(after) = text.strip_prefix('@') else {
        return Some(Command::Run { target: None, text: text.to_string() });
    };
    let (word, rest) = split_word(after);
    let rest = rest.trim();
    Some(match target(word) {
        None => Command::BadTarget(format!("@{word}")),
        Some(target) if rest.is_empty() => Command::Switch(target),
        Some(target) => Command::Run { target: Some(target), text: rest.to_string() },
    })
}

fn target(word: &str) -> Option<Target> {
    match word {
        "" | "master" => Some(Target::Master),
        _ => match word.strip_prefix('!') {
            Some(pid) => pid.parse().ok().map(Target::Pid),
            None => word
                .parse()
                .ok()
                .map(|number| if number == 0 { Target::Master } else { Target::Relative(number) }),
        },
    }
}

fn split_word(text: &str) -> (&str, &str) {
    match text.find([' ', '\t']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    }
}

/// Up to a semicolon that is not escaped.
fn split_command(text: &str) -> (&str, Option<&str>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b';' => return (&text[..at], Some(&text[at + 1..])),
            _ => at += 1,
        }
    }
    (text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(target: Option<Target>, text: &str) -> Command {
        Command::Run { target, text: text.into() }
    }

    #[test]
    fn prefixes_and_separators() {
        assert_eq!(parse("show proc"), [run(None, "show proc")]);
        let one = Some(Target::Relative(1));
        assert_eq!(parse("@1 show version; show proc"), [run(one, "show version"), run(None, "show proc")]);
        assert_eq!(parse("@!4102 show info"), [run(Some(Target::Pid(4102)), "show info")]);
        assert_eq!(parse("@1;@"), [Command::Switch(Target::Relative(1)), Command::Switch(Target::Master)]);
        assert_eq!(parse("@x a"), [Command::BadTarget("@x".into())]);
        assert_eq!(parse(r"@1 add map m a\;b"), [run(one, r"add map m a\;b")]);
        let enter = Command::Enter { target: Target::Relative(1), line: "wait 1; show proc".into() };
        assert_eq!(parse("@@1 wait 1; show proc"), [enter]);
        assert_eq!(parse(" ; "), []);
    }

    #[test]
    fn a_backslash_keeps_a_space() {
        assert_eq!(words(r"echo a\ b  c"), ["echo", "a b", "c"]);
    }
}
