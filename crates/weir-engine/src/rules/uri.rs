//! Actions on the request line.

use weir_http::Request;
use weir_rules::UriPart;
use weir_sample::Regex;

use super::headers::substitute;

/// `set-path`, `set-pathq`, `set-query`, `set-uri`.
pub fn set(request: &mut Request, part: UriPart, value: &[u8]) {
    let outcome = match part {
        UriPart::Path => request.set_path(value),
        UriPart::PathQuery => request.set_path_and_query(value),
        UriPart::Query => request.set_query(value.strip_prefix(b"?").unwrap_or(value)),
        UriPart::Uri => request.set_target(value),
    };
    // A head without room keeps its line.
    let _ = outcome;
}

/// `replace-path`, `replace-pathq`, `replace-uri`.
pub fn replace(request: &mut Request, part: UriPart, pattern: &Regex, template: &[u8]) {
    let parts = request.uri();
    let text = match part {
        UriPart::Path => parts.path,
        UriPart::PathQuery => &request.target()[parts.path_start()..],
        UriPart::Query => parts.query.unwrap_or_default(),
        UriPart::Uri => request.target(),
    };
    if let Some(value) = substitute(text, pattern, template) {
        set(request, part, &value);
    }
}
