//! `compression` (manual 4.2).

use std::sync::Arc;

use weir_plan::settings::{Compression, CompressionAlgorithm as Algorithm};
use weir_syntax::{Line, size};

use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] =
    &[Keyword::new("compression", "<parameter> ...", "Compression of bodies (4.2).", compression).listed()];

fn compression(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match line.word(1) {
        "algo" if line.word(2).is_empty() => {
            let place = parser.place(line);
            line.fail(1, format!("parsing [{place}] : 'compression' expects <algorithm>."))
        }
        "algo" => responses(parser, line, line.len()),
        // One algorithm only; the last line counts.
        "algo-req" => {
            own(parser).request = Some(algorithm(line, 2)?);
            Ok(())
        }
        "algo-res" => responses(parser, line, line.len().max(3)),
        "type" | "type-req" | "type-res" if line.word(2).is_empty() => {
            line.fail(1, "'compression' expects <type>.")
        }
        "type-req" => {
            own(parser).request_types.extend(types(line));
            Ok(())
        }
        "type" | "type-res" => {
            own(parser).response_types.extend(types(line));
            Ok(())
        }
        "offload" if parser.in_defaults() => {
            parser.push(line.warning(1, "'compression' : 'offload' ignored in 'defaults' section."));
            Ok(())
        }
        "offload" => {
            own(parser).offload = true;
            Ok(())
        }
        "direction" => {
            let (requests, responses) = match line.word(2) {
                "request" => (true, false),
                "response" => (false, true),
                "both" => (true, true),
                _ => return line.fail(2, "'compression' expects 'request', 'response', or 'both'."),
            };
            let compression = own(parser);
            (compression.requests, compression.responses) = (requests, responses);
            Ok(())
        }
        name @ ("minsize-req" | "minsize-res") => {
            let minimum = minimum(line, name)?;
            let compression = own(parser);
            match name {
                "minsize-req" => compression.request_minimum = minimum,
                _ => compression.response_minimum = minimum,
            }
            Ok(())
        }
        _ => line.fail(
            1,
            "'compression' expects 'algo', 'type', 'direction', 'offload', 'minsize-req' or 'minsize-res'.",
        ),
    }
}

/// The section's settings, begun with those of its `defaults`.
fn own<'p>(parser: &'p mut Parser<'_>) -> &'p mut Compression {
    Arc::make_mut(parser.settings().compression.get_or_insert_default())
}

fn responses(parser: &mut Parser<'_>, line: &Line<'_>, stop: usize) -> Outcome {
    let algorithms = (2..stop).map(|word| algorithm(line, word)).collect::<Outcome<Vec<_>>>()?;
    let known = &mut own(parser).response;
    algorithms.into_iter().for_each(|algorithm| known.insert(0, algorithm));
    Ok(())
}

fn algorithm(line: &Line<'_>, word: usize) -> Outcome<Algorithm> {
    let name = line.word(word);
    match Algorithm::ALL.into_iter().find(|algorithm| algorithm.keyword() == name) {
        Some(algorithm) => Ok(algorithm),
        None => line.fail(word, format!("'compression' : '{name}' is not a supported algorithm.")),
    }
}

fn types<'l>(line: &'l Line<'_>) -> impl Iterator<Item = Box<str>> + 'l {
    (2..line.len()).map(|word| line.word(word).to_ascii_lowercase().into())
}

fn minimum(line: &Line<'_>, name: &str) -> Outcome<u32> {
    let text = line.word(2);
    if text.is_empty() {
        return line.fail(1, format!("'compression {name}' expects an integer."));
    }
    size::parse(text).or_else(|_| line.fail(2, format!("'{name}' : unexpected size '{text}'.")))
}
