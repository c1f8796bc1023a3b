//! Who the children run as (manual 3.1): `user`, `group`, `uid`, `gid`, `setcap`.

use weir_syntax::Line;

use super::argument::{already, refuse, word};
use crate::bind::{group_id, user_id};
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{atol, clamp_u32, integer};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("user", "<user>", "The user that the children run as (3.1).", user),
    Keyword::new("group", "<group>", "The group that the children run as (3.1).", group),
    Keyword::new("uid", "<number>", "The same by number (3.1).", uid),
    Keyword::new("gid", "<number>", "The same by number (3.1).", gid),
    Keyword::new("setcap", "<name>[,<name>...]", "Rights kept when the user changes (3.1).", setcap).listed(),
];

/// HAProxy keeps the first of `user` and `uid` and goes on.
fn user(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let known = parser.config.global.user.is_some() || parser.config.global.uid.is_some();
    if already(parser, line, known, "user/uid") {
        return Ok(());
    }
    let name = line.word(1);
    if user_id(parser.options.files, name).is_none() {
        return line.fail(1, format!("cannot find user id for '{name}' (0:Success)"));
    }
    parser.config.global.user = Some(name.into());
    Ok(())
}

fn group(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let known = parser.config.global.group.is_some() || parser.config.global.gid.is_some();
    if already(parser, line, known, "gid/group") {
        return Ok(());
    }
    let name = line.word(1);
    if group_id(parser.options.files, name).is_none() {
        return line.fail(1, format!("cannot find group id for '{name}' (0:Success)"));
    }
    parser.config.global.group = Some(name.into());
    Ok(())
}

fn uid(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let known = parser.config.global.user.is_some() || parser.config.global.uid.is_some();
    if let Some(id) = id(parser, line, known, "user/uid", "user")? {
        parser.config.global.uid = Some(id);
    }
    Ok(())
}

fn gid(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let known = parser.config.global.group.is_some() || parser.config.global.gid.is_some();
    if let Some(id) = id(parser, line, known, "gid/group", "group")? {
        parser.config.global.gid = Some(id);
    }
    Ok(())
}

fn id(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    known: bool,
    both: &str,
    other: &str,
) -> Outcome<Option<u32>> {
    parser.at_most(line, 2)?;
    if already(parser, line, known, both) {
        return Ok(None);
    }
    let (keyword, text) = (line.keyword(), word(parser, line, "expects an integer argument.")?);
    if integer(text).is_err() {
        parser.push(line.warning(
            1,
            format!(
                " {keyword}: string '{text}' is not a number.\n   | You might want to use the '{other}' parameter to \
                 use a system {other} name."
            ),
        ));
    }
    Ok(Some(clamp_u32(atol(text))))
}

/// In the order of HAProxy's message.
const CAPABILITIES: &[&str] = &["cap_net_raw", "cap_net_admin", "cap_net_bind_service", "cap_sys_admin"];

fn setcap(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let supported = "Supported ones are: cap_net_raw, cap_net_admin, cap_net_bind_service and cap_sys_admin.";
    let list = line.word(1);
    if list.is_empty() {
        return refuse(line, &format!(": missing capability name(s).  {supported}"));
    }
    if let Some(wrong) = list.split(',').find(|name| !CAPABILITIES.contains(name)) {
        return refuse(line, &format!(": unsupported capability '{wrong}'.  {supported}"));
    }
    parser.config.global.capabilities.extend(list.split(',').map(Into::into));
    Ok(())
}
