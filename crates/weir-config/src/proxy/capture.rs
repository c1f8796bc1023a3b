//! `capture ...` and `declare capture` (manual 4.2): slots of a frontend.

use weir_syntax::Line;

use super::scope::Half;
use crate::keyword::Keyword;
use crate::model::Capture;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::{atol, clamp_u32, integer};

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new(
        "capture",
        "{ cookie | request header | response header } <name> len <n>",
        "Kept for the log (4.2).",
        capture,
    ),
    Keyword::new("declare", "capture { request | response } len <length>", "A capture slot (4.2).", declare)
        .listed(),
];

/// The longest cookie value that `tune.http.cookielen` leaves room for.
fn capture(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Frontend, line, "capture") {
        return Ok(());
    }
    match line.word(1) {
        "cookie" => cookie(parser, line),
        "request" if line.word(2) == "header" => header(parser, line, "request"),
        "response" if line.word(2) == "header" => header(parser, line, "response"),
        _ => line.fail(1, "'capture' expects 'cookie' or 'request header' or 'response header'."),
    }
}

fn cookie(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.not_in_defaults(line, "capture cookie")?;
    parser.at_most_named(line, 5, "capture cookie")?;
    let len = clamp_u32(atol(line.word(4)));
    if line.word(2).is_empty() || line.word(3) != "len" || line.word(4).is_empty() {
        return line.fail(2, "'capture' expects 'cookie' <cookie_name> 'len' <len>.");
    }
    let most = parser.config.global.tune.http_cookielen;
    let len = match len > most {
        true => {
            let text = format!("truncating capture length to {most} bytes.");
            parser.push(line.warning(4, text));
            most
        }
        false => len,
    };
    parser.frontend().capture_cookie = Some(Capture { name: line.word(2).into(), len });
    Ok(())
}

fn header(parser: &mut Parser<'_>, line: &Line<'_>, side: &str) -> Outcome {
    parser.not_in_defaults(line, &format!("capture {side} header"))?;
    if line.word(3).is_empty() || line.word(4) != "len" || line.word(5).is_empty() {
        return line.fail(2, format!("'capture {side}' expects 'header' <header_name> 'len' <len>."));
    }
    parser.at_most_named(line, 6, &format!("capture {side}"))?;
    let capture = Capture { name: line.word(3).into(), len: clamp_u32(atol(line.word(5))) };
    push(parser, side, capture);
    Ok(())
}

fn push(parser: &mut Parser<'_>, side: &str, capture: Capture) {
    let frontend = parser.frontend();
    match side {
        "request" => frontend.capture_request.push(capture),
        _ => frontend.capture_response.push(capture),
    }
}

fn declare(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.in_defaults() {
        return line.fail(0, "'declare' not available in default section");
    }
    if !parser.kind().has_frontend() {
        return line.fail(0, "'declare' only available in frontend or listen section");
    }
    match line.word(1) {
        "capture" => declare_capture(parser, line),
        "" => {
            line.fail(0, "'declare' needs a second keyword that specify the type of declaration ('capture')")
        }
        other => line.fail(1, format!("unknown declaration type '{other}' (supports 'capture')")),
    }
}

fn declare_capture(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let side = line.word(2);
    if side != "request" && side != "response" {
        return line.fail(2, "'declare capture' requires a direction ('request' or 'response')");
    }
    if line.word(3) != "len" {
        return line.fail(3, "'declare capture' requires a capture length ('len')");
    }
    let text = line.word(4);
    if text.is_empty() {
        return line
            .fail(3, "'declare capture': 'len' requires a numeric value that represents the capture length");
    }
    let len = match integer(text) {
        Ok(len) if len > 0 => clamp_u32(len),
        Ok(_) => return line.fail(4, format!("length '{text}' must be > 0")),
        Err(_) => return line.fail(4, format!("'declare capture': cannot parse the length '{text}'.")),
    };
    push(parser, side, Capture { name: "".into(), len });
    Ok(())
}
