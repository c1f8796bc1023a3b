//! HAProxy's own log formats, compiled: they name nothing of the configuration.

use weir_config::model::LogFormat;
use weir_sample::format::{
    DEFAULT_LOG_HTTP, DEFAULT_LOG_TCP, HTTP_CLF_LOG, HTTP_LOG, HTTPS_LOG, TCP_CLF_LOG, TCP_LOG,
};
use weir_sample::{Format, FormatMode, NoFiles, ParseContext, References, Resolved};
use weir_types::{Mode, Span};

use crate::resolver::Resolver;

/// What the log option stands for in a proxy of this mode; `None` for a format written out.
pub fn log_format(
    written: &LogFormat,
    mode: Mode,
    resolver: &mut Resolver<'_, '_>,
) -> Option<Format<Resolved>> {
    let text = match written {
        LogFormat::Custom(_) => return None,
        LogFormat::Default if mode == Mode::Http => DEFAULT_LOG_HTTP,
        LogFormat::Default => DEFAULT_LOG_TCP,
        LogFormat::TcpClf(_) => TCP_CLF_LOG,
        LogFormat::Tcp(_) => TCP_LOG,
        // Without HTTP these fall back to the TCP format; the line itself was warned about.
        LogFormat::Http(_) | LogFormat::Https(_) | LogFormat::Clf(_) if mode != Mode::Http => TCP_LOG,
        LogFormat::Http(_) => HTTP_LOG,
        LogFormat::Https(_) => HTTPS_LOG,
        LogFormat::Clf(_) => HTTP_CLF_LOG,
    };
    let references = References::default();
    let cx = ParseContext::new(Span::default(), &NoFiles, &references);
    let named = Format::parse(text, FormatMode::Log, &cx).expect("HAProxy's own formats parse");
    Some(named.resolve(resolver).expect("HAProxy's own formats name nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_format_parses() {
        let references = References::default();
        let cx = ParseContext::new(Span::default(), &NoFiles, &references);
        for text in
            [DEFAULT_LOG_HTTP, DEFAULT_LOG_TCP, HTTP_CLF_LOG, HTTP_LOG, HTTPS_LOG, TCP_CLF_LOG, TCP_LOG]
        {
            assert!(Format::parse(text, FormatMode::Log, &cx).is_ok(), "{text}");
        }
    }
}
