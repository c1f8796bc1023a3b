//! What the processes are (manual 3.1): where they run, how they start and stop, what they are called.

use weir_sample::TokenAlgorithms;
use weir_syntax::Line;
use weir_syntax::time::Unit;
use weir_types::Form;

use super::argument::{none, number, once, one_of, refuse, time, word};
use crate::keyword::{Keyword, Parse};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Prefix};
use crate::value::clamp_u32;

const fn listed(name: &'static str, arguments: &'static str, doc: &'static str, parse: Parse) -> Keyword {
    Keyword::new(name, arguments, doc, parse).listed()
}

pub const KEYWORDS: &[Keyword] = &[
    listed("daemon", "", "Goes to the background (3.1).", |parser, line| {
        none(parser, line)?;
        parser.config.global.daemon = true;
        Ok(())
    }),
    listed("master-worker", "[no-exit-on-failure]", "A master before the workers (3.1).", master_worker),
    listed("mworker-max-reloads", "<number>", "Reloads that an old worker survives (3.1).", max_reloads)
        .no_effect("a reload leaves no old worker behind"),
    listed("chroot", "<dir>", "The root directory of the children (3.1).", |parser, line| {
        let dir = word(parser, line, "expects a directory as an argument.")?;
        let known = parser.config.global.chroot.is_some();
        if !once(parser, line, known) {
            parser.config.global.chroot = Some(dir.into());
        }
        Ok(())
    }),
    listed("pidfile", "<file>", "Where the process id is written (3.1).", |parser, line| {
        let file = word(parser, line, "expects a file name as an argument.")?;
        let known = parser.config.global.pidfile.is_some();
        if !once(parser, line, known) {
            parser.config.global.pidfile = Some(file.into());
        }
        Ok(())
    }),
    listed("hard-stop-after", "<time>", "Longest soft stop (3.1).", |parser, line| {
        let value = time(line, Unit::Millisecond, "expects <time> as argument.")?;
        parser.config.global.hard_stop_after = Some(value);
        Ok(())
    }),
    listed("grace", "<time>", "Time to serve after a soft stop (3.1).", |parser, line| {
        parser.config.global.grace = time(line, Unit::Millisecond, "expects <time> as argument.")?;
        Ok(())
    }),
    listed(
        "close-spread-time",
        "<time>",
        "Time over which idle connections are closed (3.1).",
        |parser, line| {
            parser.config.global.close_spread_time = match line.word(1) {
                "infinite" => None,
                _ => Some(time(line, Unit::Millisecond, "expects <time> as argument.")?),
            };
            Ok(())
        },
    )
    .no_effect("a soft stop closes idle connections at once"),
    listed("quiet", "", "No messages at start (3.3).", |parser, line| {
        none(parser, line)?;
        parser.config.global.quiet = true;
        Ok(())
    }),
    listed("zero-warning", "", "A warning is an error (3.3).", |parser, line| {
        none(parser, line)?;
        parser.config.global.zero_warning = true;
        Ok(())
    }),
    listed("localpeer", "<name>", "This process's name among peers (3.1).", |parser, line| {
        let name = word(parser, line, "expects a name as an argument.")?;
        parser.config.global.localpeer = Some(name.into());
        parser.environment.set("HAPROXY_LOCALPEER", name);
        Ok(())
    }),
    Keyword::new("node", "<name>", "A name shown on the statistics page (3.1).", node),
    Keyword::new("description", "<text>", "A text shown on the statistics page (3.1).", description),
    Keyword::new("set-dumpable", "", "Core dumps in spite of the user's change (3.1).", |parser, line| {
        none(parser, line)?;
        parser.config.global.set_dumpable = parser.prefix != Prefix::No;
        Ok(())
    }),
    listed(
        "harden.reject-privileged-ports.tcp",
        "{ on | off }",
        "Clients below port 1024 (3.1).",
        |parser, line| {
            let on = one_of(line, &["on", "off"], "expects either 'on' or 'off'.")? == "on";
            parser.config.global.reject_privileged_ports = on;
            Ok(())
        },
    ),
    listed("harden.reject-privileged-ports.quic", "{ on | off }", "The same over QUIC (3.1).", |_, line| {
        one_of(line, &["on", "off"], "expects either 'on' or 'off'.").map(drop)
    })
    .no_effect("no QUIC listener can be configured yet"),
    listed(
        "pp2-never-send-local",
        "",
        "PROXY headers of checks name no LOCAL command (3.1).",
        |parser, line| {
            none(parser, line)?;
            parser.config.global.never_send_local = true;
            Ok(())
        },
    ),
    listed(
        "default-path",
        "{ current | config | parent | origin <path> }",
        "Relative file names (3.1).",
        super::path::default_path,
    ),
    listed("expose-experimental-directives", "", "Allows what may change (3.1).", |parser, line| {
        none(parser, line)?;
        parser.experimental = true;
        Ok(())
    }),
    listed("expose-deprecated-directives", "", "Allows what will go away (3.1).", |parser, line| {
        none(parser, line)?;
        parser.deprecated = true;
        Ok(())
    }),
    listed("force-cfg-parser-pause", "<time>", "Slows reading down, for tests (3.3).", |parser, line| {
        parser.experimental(line, 0, "directive ")?;
        let pause = time(line, Unit::Millisecond, "requires a pause value in milliseconds")?;
        // Whoever reads what was read before has no reason to wait.
        if !parser.options.checked {
            std::thread::sleep(std::time::Duration::from_millis(pause.into()));
        }
        Ok(())
    }),
    Keyword::new("anonkey", "<key>", "Key of the dumps' anonymisation (3.1).", |_, line| {
        match line.word(1) {
            "" => line.fail_tight(0, "a key is expected after 'anonkey'."),
            _ => Ok(()),
        }
    })
    .no_effect("no dump is anonymised yet"),
    Keyword::new("cluster-secret", "<secret>", "Derives QUIC's keys (3.1).", |parser, line| {
        parser.at_most(line, 2)?;
        match line.word(1) {
            "" => line.fail(0, "expects an ASCII string argument."),
            _ => Ok(()),
        }
    })
    .no_effect("no QUIC listener can be configured yet"),
    listed("nbproc", "", "Removed: threads took its place (3.1).", |_, line| {
        line.fail(
            0,
            "nbproc is not supported any more since HAProxy 2.5. Threads will automatically be used on \
             multi-processor machines if available.",
        )
    }),
    listed(
        "jwt.decrypt_alg_list",
        "<list>",
        "Algorithms of jwt_decrypt converters (3.1).",
        |parser, line| algorithms(parser, line, TokenAlgorithms::limit_management),
    ),
    listed("jwt.decrypt_enc_list", "<list>", "Encodings of jwt_decrypt converters (3.1).", |parser, line| {
        algorithms(parser, line, TokenAlgorithms::limit_content)
    }),
];

fn master_worker(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match line.word(1) {
        "" | "no-exit-on-failure" => parser.at_most(line, 2)?,
        _ => return refuse(line, "only supports 'no-exit-on-failure' option"),
    }
    let text = "The 'master-worker' keyword is deprecated in 3.3 and will be removed in 3.5. Use -W or -Ws in the \
                startup script instead.";
    parser.push(line.warning(0, text).with_form(Form::Config));
    parser.config.global.master_worker = true;
    Ok(())
}

fn max_reloads(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let value = number(parser, line, "expects an integer argument.")?;
    parser.config.global.mworker_max_reloads = Some(clamp_u32(value));
    Ok(())
}

fn node(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 2)?;
    let name = line.word(1);
    let allowed = |byte: char| byte.is_ascii_alphanumeric() || matches!(byte, '.' | '-' | '_');
    if name.is_empty() || !name.chars().all(allowed) {
        return line.fail_tight(
            1,
            "'node' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), \
             hyphen(-) or underscode(_).",
        );
    }
    parser.config.global.node = Some(name.into());
    Ok(())
}

fn description(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.len() < 2 {
        return line.fail_tight(0, "'description' expects a string argument.");
    }
    let words: Vec<&str> = line.from(1).collect();
    parser.config.global.description = Some(words.join(" ").into());
    Ok(())
}

/// The list of `jwt.decrypt_alg_list` or `jwt.decrypt_enc_list`.
fn algorithms(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    limit: for<'t> fn(&mut TokenAlgorithms, &'t str) -> Result<(), &'t str>,
) -> Outcome {
    limit(&mut parser.config.global.token_algorithms, line.word(1))
        .or_else(|wrong| line.fail(1, format!("Unknown algorithm/encoding {wrong}")))
}
