//! `clitcpka-*` and `srvtcpka-*`: TCP keep-alive probes (manual 4.2).

use weir_plan::settings::Keepalive;
use weir_syntax::Line;
use weir_syntax::time::{self, Unit};

use super::limits::strict;
use super::scope::Half;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

use crate::value::clamp_u32;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("clitcpka-cnt", "<count>", "Probes before a client is dead (4.2).", count).listed(),
    Keyword::new("clitcpka-idle", "<time>", "Idle time before the first probe (4.2).", idle).listed(),
    Keyword::new("clitcpka-intvl", "<time>", "Time between probes (4.2).", interval).listed(),
    Keyword::new("srvtcpka-cnt", "<count>", "Probes before a server is dead (4.2).", count).listed(),
    Keyword::new("srvtcpka-idle", "<time>", "Idle time before the first probe (4.2).", idle).listed(),
    Keyword::new("srvtcpka-intvl", "<time>", "Time between probes (4.2).", interval).listed(),
];

fn half(line: &Line<'_>) -> Half {
    if line.keyword().starts_with("cli") { Half::Frontend } else { Half::Backend }
}

/// The side the keyword is about; warns where the section lacks it.
fn side<'p>(parser: &'p mut Parser<'_>, line: &Line<'_>) -> &'p mut Keepalive {
    let half = half(line);
    parser.warn_ignored(half, line, line.keyword());
    match half {
        Half::Frontend => &mut parser.settings().client_keepalive,
        Half::Backend => &mut parser.settings().server_keepalive,
    }
}

fn count(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let value = strict(line, 1, line.keyword(), "expects an integer value")?;
    side(parser, line).count = Some(clamp_u32(value));
    Ok(())
}

fn idle(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let value = duration(line)?;
    side(parser, line).idle_s = Some(value);
    Ok(())
}

fn interval(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let value = duration(line)?;
    side(parser, line).interval_s = Some(value);
    Ok(())
}

fn duration(line: &Line<'_>) -> Outcome<u32> {
    let keyword = line.keyword();
    let text = line.word(1);
    if text.is_empty() {
        return line.fail(0, format!("'{keyword}' expects an integer value"));
    }
    seconds(text, keyword).or_else(|text| line.fail(1, text))
}

/// A time in seconds, in the wording of the older keywords.
pub(super) fn seconds(text: &str, keyword: &str) -> Result<u32, String> {
    let place = format!("argument to <{keyword}>.");
    time::parse(text, Unit::Second).map_err(|fault| fault.bracketed(text, keyword, Unit::Second, place))
}
