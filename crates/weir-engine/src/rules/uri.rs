//! Actions on the request line.

use weir_http::{NoRoom, Request, normalize};
use weir_rules::UriPart;
use weir_rules::action::Normalizer;
use weir_sample::Regex;

use super::headers::substitute;

/// `set-path`, `set-pathq`, `set-query`, `set-uri`.
pub fn set(request: &mut Request, part: UriPart, value: &[u8]) -> Result<(), NoRoom> {
    match part {
        UriPart::Path => request.set_path(value),
        UriPart::PathQuery => request.set_path_and_query(value),
        UriPart::Query => request.set_query(value.strip_prefix(b"?").unwrap_or(value)),
        UriPart::Uri => request.set_target(value),
    }
}

/// `replace-path`, `replace-pathq`, `replace-uri`.
pub fn replace(request: &mut Request, part: UriPart, pattern: &Regex, template: &[u8]) -> Result<(), NoRoom> {
    let parts = request.uri();
    let text = match part {
        UriPart::Path => parts.path,
        UriPart::PathQuery => &request.target()[parts.path_start()..],
        UriPart::Query => parts.query.unwrap_or_default(),
        UriPart::Uri => request.target(),
    };
    match substitute(text, pattern, template) {
        Some(value) => set(request, part, &value),
        None => Ok(()),
    }
}

/// What keeps a URI from being normalised.
pub enum Failure {
    NoRoom,
    /// A percent sequence that `strict` does not allow.
    Invalid,
}

/// `normalize-uri`. Targets without a path (`*`, an authority) stay as they are.
pub fn normalize(request: &mut Request, normalizer: Normalizer) -> Result<(), Failure> {
    let parts = request.uri();
    if parts.path.is_empty() {
        return Ok(());
    }
    let both = parts.path_and_query();
    let invalid = |_: normalize::Invalid| Failure::Invalid;
    let (part, value) = match normalizer {
        Normalizer::FragmentEncode => (UriPart::PathQuery, normalize::fragment_encode(both)),
        Normalizer::FragmentStrip => (UriPart::PathQuery, normalize::fragment_strip(both)),
        Normalizer::MergeSlashes => (UriPart::Path, normalize::merge_slashes(parts.path)),
        Normalizer::StripDot => (UriPart::Path, normalize::strip_dot(parts.path)),
        Normalizer::StripDotdot { full } => (UriPart::Path, normalize::strip_dotdot(parts.path, full)),
        Normalizer::DecodeUnreserved { strict } => {
            (UriPart::PathQuery, normalize::decode_unreserved(both, strict).map_err(invalid)?)
        }
        Normalizer::PercentUppercase { strict } => {
            (UriPart::PathQuery, normalize::percent_uppercase(both, strict).map_err(invalid)?)
        }
        Normalizer::SortQuery => (UriPart::Query, parts.query.and_then(normalize::sort_query)),
    };
    match value {
        Some(value) => set(request, part, &value).map_err(|_| Failure::NoRoom),
        None => Ok(()),
    }
}
