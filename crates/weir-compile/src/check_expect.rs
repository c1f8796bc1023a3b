//! `http-check expect` and `tcp-check expect`: names resolved.

use weir_check::{CheckStatus, Expect, HeaderPattern, Pattern, StepKind, TextMatch, TextSource};
use weir_config::model::{CheckStep, ExpectMatch, HeaderPart};

use crate::resolver::Resolver;

pub fn expectation(step: &CheckStep, resolver: &mut Resolver<'_, '_>) -> Option<StepKind> {
    let CheckStep::Expect { negated, matching, min_recv, report, span, .. } = step else { return None };
    let mut optional = |format: &Option<weir_sample::Format<weir_sample::Named>>| match format {
        None => Some(None),
        Some(format) => resolver.format(format).map(Some),
    };
    let (on_success, on_error) = (optional(&report.on_success)?, optional(&report.on_error)?);
    let status_code = match &report.status_code {
        None => None,
        Some(expr) => Some(resolver.expr(expr, *span)?),
    };
    Some(StepKind::Expect(Box::new(Expect {
        negated: *negated,
        pattern: pattern(matching, resolver)?,
        min_recv: *min_recv,
        ok_status: report.ok_status.unwrap_or(CheckStatus::L7Ok),
        error_status: report.error_status,
        timeout_status: report.timeout_status.unwrap_or(CheckStatus::L7Timeout),
        on_success,
        on_error,
        status_code,
    })))
}

fn pattern(matching: &ExpectMatch, resolver: &mut Resolver<'_, '_>) -> Option<Pattern> {
    Some(match matching {
        ExpectMatch::Status(ranges) => Pattern::Status(ranges.clone()),
        ExpectMatch::StatusRegex(regex) => Pattern::StatusRegex(regex.clone()),
        ExpectMatch::Body(text) => Pattern::Text(text.to_vec()),
        ExpectMatch::BodyRegex(regex) => Pattern::Regex(regex.clone()),
        ExpectMatch::Binary(bytes) => Pattern::Binary(bytes.to_vec()),
        ExpectMatch::BinaryRegex(regex) => Pattern::BinaryRegex(regex.clone()),
        ExpectMatch::BodyFormat(format) => Pattern::Format(resolver.format(format)?),
        ExpectMatch::BinaryFormat(format) => Pattern::BinaryFormat(resolver.format(format)?),
        ExpectMatch::Header { full, name, value } => Pattern::Header(HeaderPattern {
            full: *full,
            name: part(name, resolver)?,
            value: match value {
                None => None,
                Some(value) => Some(part(value, resolver)?),
            },
        }),
    })
}

fn part(part: &HeaderPart, resolver: &mut Resolver<'_, '_>) -> Option<TextMatch> {
    Some(match part {
        HeaderPart::Regex(regex) => TextMatch::Regex(regex.clone()),
        HeaderPart::Text(method, text) => {
            TextMatch::Text { method: *method, text: TextSource::Fixed(text.as_bytes().into()) }
        }
        HeaderPart::Format(method, format) => {
            TextMatch::Text { method: *method, text: TextSource::Format(resolver.format(format)?) }
        }
    })
}
