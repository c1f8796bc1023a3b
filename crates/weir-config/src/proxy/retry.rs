//! `retry-on` (manual 4.2).

use weir_plan::settings::retry::{
    CONN_FAILURE, EMPTY_RESPONSE, JUNK_RESPONSE, REJECTED_0RTT, RESPONSE_TIMEOUT, status,
};
use weir_syntax::Line;

use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] =
    &[Keyword::new("retry-on", "<keyword>...", "What a request is sent again for (4.2).", retry_on).listed()];

fn bit(word: &str) -> Option<u32> {
    Some(match word {
        "conn-failure" => CONN_FAILURE,
        "empty-response" => EMPTY_RESPONSE,
        "junk-response" => JUNK_RESPONSE,
        "response-timeout" => RESPONSE_TIMEOUT,
        "0rtt-rejected" => REJECTED_0RTT,
        "all-retryable-errors" => {
            let statuses =
                [500, 502, 503, 504].into_iter().filter_map(status).fold(0, |bits, bit| bits | bit);
            CONN_FAILURE | EMPTY_RESPONSE | JUNK_RESPONSE | RESPONSE_TIMEOUT | REJECTED_0RTT | statuses
        }
        code => status(code.parse().ok()?)?,
    })
}

fn retry_on(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, "'retry-on' needs at least one keyword to specify when to retry");
    }
    if parser.kind() == weir_types::ProxyKind::Frontend {
        return line.fail(0, "'retry-on' only available in backend or listen section");
    }
    if line.word(1) == "none" {
        if line.len() > 2 {
            return line.fail(2, "'retry-on' 'none' keyword only usable alone");
        }
        parser.settings().retry_on = Some(0);
        return Ok(());
    }
    let mut bits = 0;
    for (index, word) in line.from(1).enumerate() {
        let Some(bit) = bit(word) else {
            return line.fail(index + 1, format!("'retry-on': unknown keyword '{word}'"));
        };
        bits |= bit;
    }
    parser.settings().retry_on = Some(bits);
    Ok(())
}
