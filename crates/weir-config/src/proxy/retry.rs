//! `retry-on` (manual 4.2).

use weir_syntax::Line;

use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] =
    &[Keyword::new("retry-on", "<keyword>...", "What a request is sent again for (4.2).", retry_on).listed()];

/// The bits of `Settings::retry_on`.
pub const CONN_FAILURE: u32 = 1;
pub const EMPTY_RESPONSE: u32 = 1 << 1;
pub const JUNK_RESPONSE: u32 = 1 << 2;
pub const RESPONSE_TIMEOUT: u32 = 1 << 3;
pub const REJECTED_0RTT: u32 = 1 << 4;
/// Statuses from here on, in the order of [`STATUSES`].
pub const FIRST_STATUS: u32 = 5;
pub const STATUSES: &[u16] = &[401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504];

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

fn status(code: u16) -> Option<u32> {
    let place = STATUSES.iter().position(|status| *status == code)?;
    Some(1 << (FIRST_STATUS + u32::try_from(place).ok()?))
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
    if bits != CONN_FAILURE {
        return line.not_yet(0, "retry-on");
    }
    Ok(())
}
