//! `cache` sections (manual 6.2.1). What is stored in them is the engine's affair.

use std::sync::LazyLock;

use weir_syntax::Line;
use weir_types::{Diagnostic, Form, Level};

use crate::keyword::{Index, Keyword};
use crate::model::Cache;
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};
use crate::value::{atol, clamp_u32, prefix};

pub static SECTION: SectionKind =
    SectionKind { keyword: "cache", begin, index, unknown: Unknown::As("cache"), end };

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("total-max-size", "<megabytes>", "Memory of the cache (6.2.1).", total_max_size),
    Keyword::new("max-object-size", "<bytes>", "The largest object that is kept (6.2.1).", max_object_size),
    Keyword::new("max-age", "<seconds>", "How long an object is kept (6.2.1).", max_age),
    Keyword::new("process-vary", "<on/off>", "Answers with a Vary header are kept (6.2.1).", process_vary),
    Keyword::new("max-secondary-entries", "<number>", "Variants of one object (6.2.1).", max_secondary),
];

/// Megabytes.
const TOTAL_MAXIMUM: i64 = 4095;

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, "'cache' expects a <name> argument");
    }
    parser.at_most(line, 2)?;
    let name = parser.intern(line.word(1));
    if parser.config.caches.iter().any(|other| other.name == name) {
        return line.fail_tight(1, format!("Duplicate cache name '{name}'."));
    }
    parser.config.caches.push(Cache {
        name,
        max_age: 60,
        max_secondary_entries: 10,
        span: line.span(),
        ..Cache::default()
    });
    Ok(())
}

fn section<'p>(parser: &'p mut Parser<'_>) -> &'p mut Cache {
    parser.config.caches.last_mut().expect("a section has begun")
}

fn total_max_size(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let (size, rest) = prefix(line.word(1));
    if !rest.is_empty() || line.word(1).is_empty() || size < 0 {
        return line.fail_tight(1, format!("total-max-size wrong value '{}'", line.word(1)));
    }
    if size > TOTAL_MAXIMUM {
        let text = format!("\"total-max-size\" ({size}) must not be greater than {TOTAL_MAXIMUM}");
        return line.fail_tight(1, text);
    }
    section(parser).total_max_size = clamp_u32(size);
    Ok(())
}

fn max_object_size(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let (size, rest) = prefix(line.word(1));
    if !rest.is_empty() || line.word(1).is_empty() || size < 0 {
        return line.fail_tight(1, format!("max-object-size wrong value '{}'", line.word(1)));
    }
    section(parser).max_object_size = clamp_u32(size);
    Ok(())
}

fn max_age(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    if line.word(1).is_empty() {
        let text = "'max-age' expects an age parameter in seconds.";
        parser.push(line.warning(0, text).with_form(Form::ParsingTight));
    }
    section(parser).max_age = clamp_u32(atol(line.word(1)));
    Ok(())
}

fn process_vary(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    match line.word(1) {
        "on" => section(parser).process_vary = true,
        "off" => section(parser).process_vary = false,
        _ => {
            let text = "'process-vary' expects \"on\" or \"off\" (enable or disable vary processing).";
            parser.push(line.warning(1, text).with_form(Form::ParsingTight));
        }
    }
    Ok(())
}

fn max_secondary(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let (count, rest) = prefix(line.word(1));
    if !rest.is_empty() || count <= 0 {
        return line.fail_tight(1, format!("max-secondary-entries wrong value '{}'", line.word(1)));
    }
    section(parser).max_secondary_entries = clamp_u32(count);
    Ok(())
}

/// HAProxy looks at the whole only when its lines were understood.
fn end(parser: &mut Parser<'_>) {
    if parser.diagnostics.has_alert() {
        return;
    }
    let cache = section(parser);
    let half = (u64::from(cache.total_max_size) << 20) / 2;
    let text = if cache.total_max_size == 0 {
        format!("Size not specified for cache '{}'", cache.name)
    } else if u64::from(cache.max_object_size) > half {
        format!("\"max-object-size\" is limited to an half of \"total-max-size\" => {half}")
    } else {
        return;
    };
    let span = cache.span;
    parser.push(Diagnostic::new(Level::Alert, Form::Config, Some(span), text));
}
