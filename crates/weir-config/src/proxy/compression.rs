//! `compression` (manual 4.2). Checked; compressing is not there yet.

use weir_syntax::Line;

use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::integer;

pub const KEYWORDS: &[Keyword] =
    &[Keyword::new("compression", "<parameter> ...", "Compression of bodies (4.2).", compression)
        .listed()
        .not_yet()];

/// The program names them when it was built without a compression library too.
const ALGORITHMS: &[&str] = &["identity", "gzip", "deflate", "raw-deflate"];

fn compression(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match line.word(1) {
        "algo" if line.word(2).is_empty() => {
            let place = parser.place(line);
            line.fail(1, format!("parsing [{place}] : 'compression' expects <algorithm>."))
        }
        "algo" => (2..line.len()).try_for_each(|word| algorithm(line, word)),
        // One algorithm only.
        "algo-req" => algorithm(line, 2),
        "algo-res" => (2..line.len().max(3)).try_for_each(|word| algorithm(line, word)),
        "type" | "type-req" | "type-res" if line.word(2).is_empty() => {
            line.fail(1, "'compression' expects <type>.")
        }
        "type" | "type-req" | "type-res" => Ok(()),
        "offload" => Ok(()),
        "direction" => match line.word(2) {
            "request" | "response" | "both" => Ok(()),
            _ => line.fail(2, "'compression' expects 'request', 'response', or 'both'."),
        },
        name @ ("minsize-req" | "minsize-res") => {
            match integer(line.word(2).trim_end_matches(['k', 'm', 'g'])) {
                _ if line.word(2).is_empty() => {
                    line.fail(1, format!("'compression {name}' expects an integer."))
                }
                Ok(_) => Ok(()),
                Err(_) => line.fail(2, format!("'{name}' : unexpected size '{}'.", line.word(2))),
            }
        }
        _ => line.fail(
            1,
            "'compression' expects 'algo', 'type', 'direction', 'offload', 'minsize-req' or 'minsize-res'.",
        ),
    }
}

fn algorithm(line: &Line<'_>, word: usize) -> Outcome {
    let name = line.word(word);
    if ALGORITHMS.contains(&name) {
        return Ok(());
    }
    line.fail(word, format!("'compression' : '{name}' is not a supported algorithm."))
}
