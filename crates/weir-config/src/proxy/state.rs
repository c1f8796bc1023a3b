//! Where server states come from at start: `load-server-state-from-file`, `server-state-file-name` (manual 4.2).

use weir_syntax::Line;

use super::scope::Half;
use crate::keyword::Keyword;
use crate::model::ServerStateFrom;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("load-server-state-from-file", "{ global | local | none }", "Which file (4.2).", load),
    Keyword::new("server-state-file-name", "[ { use-backend-name | <file> } ]", "Its name (4.2).", name),
];

fn load(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "load-server-state-from-file") {
        return Ok(());
    }
    let from = match line.word(1) {
        "none" => ServerStateFrom::None,
        "local" => ServerStateFrom::Local,
        "global" => ServerStateFrom::Global,
        other => {
            let text = "'load-server-state-from-file' expects 'global', 'local' or 'none'.";
            return line.fail(1, format!("{text} Got '{other}'"));
        }
    };
    parser.settings().server_state_from = Some(from);
    Ok(())
}

fn name(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "server-state-file-name") {
        return Ok(());
    }
    parser.at_most(line, 2)?;
    let name = match line.word(1) {
        "" | "use-backend-name" => parser.proxy().name.clone(),
        name => parser.intern(name),
    };
    parser.settings().server_state_file = Some(name);
    Ok(())
}
