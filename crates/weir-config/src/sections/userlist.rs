//! `userlist` sections (manual 12.2): users with their passwords, and groups of users. Passwords are kept as written;
//! comparing them is the engine's.

use std::sync::{Arc, LazyLock};

use weir_plan::settings::userlist::{Password, User, Userlist};
use weir_syntax::{Line, name};
use weir_types::{Diagnostic, Diagnostics, Form, Level, Span};

use super::header;
use crate::keyword::{Index, Keyword};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};

pub static SECTION: SectionKind =
    SectionKind { keyword: "userlist", begin, index, unknown: Unknown::QuotedTight, end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("group", "<groupname> [users <user>,...]", "A group and its members (12.2).", group)
        .listed(),
    Keyword::new(
        "user",
        "<username> [password|insecure-password <password>] [groups <group>,...]",
        "A user, its password and groups (12.2).",
        user,
    )
    .listed(),
];

/// Who belongs to what, by name: groups and users may be written in any order.
#[derive(Debug, Default)]
pub(crate) struct Memberships {
    /// Per list (its index in the configuration): group, its members, the line.
    groups: Vec<(usize, u32, Box<str>, Span)>,
    /// Per list: user, its groups, the line.
    users: Vec<(usize, usize, Box<str>, Span)>,
}

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail_tight(0, "'userlist' expects <name> as arguments.");
    }
    parser.at_most(line, 2)?;
    let name = header::named(parser, line).map_err(tight)?;
    if parser.config.userlists.iter().any(|list| list.name == name) {
        // As in HAProxy, the lines that follow go to the list that was begun last.
        let text = format!("ignoring duplicated userlist '{name}'.");
        parser.push(line.warning(1, text).with_form(Form::ParsingTight));
        return Ok(());
    }
    parser.config.userlists.push(Userlist { name, ..Userlist::default() });
    Ok(())
}

fn tight(mut diagnostic: Box<Diagnostic>) -> Box<Diagnostic> {
    diagnostic.form = Form::ParsingTight;
    diagnostic
}

/// The name at word 1, checked.
fn name_of(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<Arc<str>> {
    let (keyword, name) = (line.keyword(), line.word(1));
    if name.is_empty() {
        return line.fail_tight(0, format!("'{keyword}' expects <name> as arguments."));
    }
    // A user may be called anything.
    if let Err(wrong) = name::check(name)
        && keyword != "user"
    {
        return line.fail_tight(1, wrong.within(format_args!("'{keyword}'"), name));
    }
    Ok(parser.intern(name))
}

/// True, with HAProxy's warning, where the list has the name already.
fn duplicated(parser: &mut Parser<'_>, line: &Line<'_>, known: bool) -> bool {
    if known {
        let (keyword, name) = (line.keyword(), line.word(1));
        let list = parser.config.userlists.last().map(|list| list.name.clone()).unwrap_or_default();
        let text = format!("ignoring duplicated {keyword} '{name}' in userlist '{list}'.");
        parser.push(line.warning(1, text).with_form(Form::ParsingTight));
    }
    known
}

fn group(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = name_of(parser, line)?;
    let Some(list) = parser.config.userlists.last() else { return Ok(()) };
    let known = list.groups.contains(&name);
    if duplicated(parser, line, known) {
        return Ok(());
    }
    let mut members: Option<&str> = None;
    for at in (2..line.len()).step_by(2) {
        if line.word(at) != "users" {
            return line.fail_tight(at, "'group' only supports 'users' option.");
        }
        if members.replace(line.word(at + 1)).is_some() {
            return line.fail_tight(at, format!("'users' option already defined in 'group' name '{name}'."));
        }
    }
    let list = parser.config.userlists.len() - 1;
    let groups = &mut parser.config.userlists[list].groups;
    groups.push(name);
    let group = groups.len() as u32 - 1;
    if let Some(members) = members.filter(|members| !members.is_empty()) {
        parser.memberships.groups.push((list, group, members.into(), line.word_span(3)));
    }
    Ok(())
}

fn user(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = name_of(parser, line)?;
    let Some(list) = parser.config.userlists.last() else { return Ok(()) };
    let known = list.users.iter().any(|user| *user.name == *name);
    if duplicated(parser, line, known) {
        return Ok(());
    }
    // Without a password nobody can be that user: an empty hash matches nothing.
    let mut user = User { name: (*name).into(), password: Password::Crypt("".into()), groups: Vec::new() };
    let mut groups = None;
    for at in (2..line.len()).step_by(2) {
        let value = line.word(at + 1);
        match line.word(at) {
            "password" => user.password = Password::Crypt(value.into()),
            "insecure-password" => user.password = Password::Plain(value.into()),
            "groups" => groups = Some((value, at + 1)),
            _ => {
                let text = "'user' only supports 'password', 'insecure-password' and 'groups' options.";
                return line.fail_tight(at, text);
            }
        }
    }
    let list = parser.config.userlists.len() - 1;
    let users = &mut parser.config.userlists[list].users;
    users.push(user);
    let user = users.len() - 1;
    if let Some((names, at)) = groups.filter(|(names, _)| !names.is_empty()) {
        parser.memberships.users.push((list, user, names.into(), line.word_span(at)));
    }
    Ok(())
}

/// After the last line: users join their groups.
pub(crate) fn join(memberships: &Memberships, lists: &mut [Userlist], diagnostics: &mut Diagnostics) {
    let mut missing = |list: &str, at: Span, text: String| {
        let text = format!("userlist '{list}': no such {text}");
        diagnostics.push(Diagnostic::new(Level::Alert, Form::Config, Some(at), text));
    };
    for (list, group, members, at) in &memberships.groups {
        let Userlist { name, users, groups } = &mut lists[*list];
        for member in members.split(',').filter(|member| !member.is_empty()) {
            match users.iter_mut().find(|user| *user.name == *member) {
                Some(user) if user.groups.contains(group) => {}
                Some(user) => user.groups.push(*group),
                None => {
                    let group = &groups[*group as usize];
                    missing(name, *at, format!("user '{member}' specified in group '{group}'"));
                }
            }
        }
    }
    for (list, user, names, at) in &memberships.users {
        let Userlist { name, users, groups } = &mut lists[*list];
        let user = &mut users[*user];
        for wanted in names.split(',').filter(|name| !name.is_empty()) {
            match groups.iter().position(|group| **group == *wanted).map(|place| place as u32) {
                Some(group) if user.groups.contains(&group) => {}
                Some(group) => user.groups.push(group),
                None => missing(name, *at, format!("group '{wanted}' specified in user '{}'", user.name)),
            }
        }
    }
}
