//! Options of a `bind` line that switch or name something: how the socket is made, who owns it, what it speaks.

use weir_plan::settings::{CliLevel, MuxProtocol, SeverityOutput};

use super::option::{BindOption, is_mux_protocol};
use super::words::Place;
use super::{group_id, user_id};
use crate::model::BindOptions;
use crate::outcome::Outcome;
use crate::parser::Parser;
use crate::value::{atol, clamp_u32};

pub const OPTIONS: &[BindOption] = &[
    BindOption::switch("accept-proxy", "A PROXY header comes first (5.1).", |_, _, options| {
        options.settings.accept_proxy = true;
        Ok(())
    }),
    BindOption::valued("cc", "Congestion control (5.1).", |_, place, options| {
        let name = place.required("TCP congestion control algorithm")?;
        options.settings.congestion_control = Some(name.into());
        Ok(())
    }),
    BindOption::switch("defer-accept", "Accepted when data are there (5.1).", |_, _, options| {
        options.settings.defer_accept = true;
        Ok(())
    }),
    BindOption::valued("expose-fd", "Listeners handed over by `-x` (5.1).", |_, place, options| match place
        .value()
    {
        "" => place.wrong("missing fd type"),
        "listeners" => {
            options.settings.expose_fd_listeners = true;
            Ok(())
        }
        other => place.fail(&format!("'expose-fd' only supports 'listeners' (got '{other}')")),
    }),
    BindOption::valued("gid", "The socket's group (5.1).", |_, place, options| {
        options.settings.gid = Some(clamp_u32(atol(place.required("value")?)));
        Ok(())
    }),
    BindOption::valued("group", "The same by name (5.1).", group),
    BindOption::valued("guid-prefix", "Names that stay over renames (5.1).", |_, place, options| {
        options.guid_prefix = Some(place.required("value")?.into());
        Ok(())
    }),
    BindOption::valued("interface", "The network interface (5.1).", |_, place, options| {
        options.settings.interface = Some(place.required("interface name")?.into());
        Ok(())
    }),
    BindOption::valued("label", "A free label (5.1).", |_, place, _| place.required("label").map(|_| ()))
        .no_effect("nothing asks for labels yet"),
    BindOption::valued("level", "What commands may do (5.1).", level),
    BindOption::valued("mode", "The socket's permissions, octal (5.1).", mode),
    BindOption::valued("name", "The listener's name (5.1).", |parser, place, options| {
        options.name = Some(parser.intern(place.required("name")?));
        Ok(())
    }),
    BindOption::valued("namespace", "The network namespace (5.1).", |_, place, _| {
        let name = place.required("namespace id")?;
        Err(Box::new(weir_types::Diagnostic::new(
            weir_types::Level::Alert,
            weir_types::Form::Config,
            Some(place.line.word_span(place.at + 1)),
            format!("Cannot open namespace '{name}'."),
        )))
    })
    .not_yet(),
    BindOption::valued("proto", "The multiplexer (5.1).", proto),
    BindOption::valued("quic-cc-algo", "QUIC's congestion control (5.1).", |_, place, _| {
        let name = place.required("control congestion algorithm")?;
        let known = ["cubic", "newreno", "bbr", "nocc"].into_iter().any(|known| name.starts_with(known));
        if known { Ok(()) } else { place.fail(&format!("'{name}' : unknown control congestion algorithm")) }
    })
    .no_effect("QUIC is not served"),
    BindOption::switch("quic-force-retry", "QUIC's address validation (5.1).", |_, _, _| Ok(()))
        .no_effect("QUIC is not served"),
    BindOption::valued("quic-socket", "QUIC's sockets (5.1).", |_, place, _| match place.value() {
        "" => place.wrong("missing argument, use either connection or listener."),
        "connection" | "listener" => Ok(()),
        _ => place.wrong("unknown argument, use either connection or listener."),
    })
    .no_effect("QUIC is not served"),
    BindOption::valued("severity-output", "How commands' replies are marked (5.1).", severity),
    BindOption::valued("tcp-md5sig", "RFC 2385 signatures (5.1).", |_, place, options| {
        options.settings.md5_password = Some(place.required("password")?.into());
        Ok(())
    }),
    BindOption::switch("tfo", "TCP Fast Open (5.1).", |_, _, options| {
        options.settings.tfo = true;
        Ok(())
    }),
    BindOption::switch("transparent", "Foreign addresses (5.1).", |_, _, options| {
        options.settings.transparent = true;
        Ok(())
    }),
    BindOption::valued("uid", "The socket's owner (5.1).", |_, place, options| {
        options.settings.uid = Some(clamp_u32(atol(place.required("value")?)));
        Ok(())
    }),
    BindOption::valued("user", "The same by name (5.1).", user),
    BindOption::switch("v4v6", "Both families (5.1).", |_, _, options| {
        options.settings.v4v6 = true;
        Ok(())
    }),
    BindOption::switch("v6only", "IPv6 alone (5.1).", |_, _, options| {
        options.settings.v6only = true;
        Ok(())
    }),
];

fn group(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let name = place.required("group name")?;
    match group_id(parser.options.files, name) {
        Some(gid) => options.settings.gid = Some(gid),
        None => return place.wrong(&format!("unknown group name '{name}'")),
    }
    Ok(())
}

fn user(parser: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let name = place.required("user name")?;
    match user_id(parser.options.files, name) {
        Some(uid) => options.settings.uid = Some(uid),
        None => return place.wrong(&format!("unknown user name '{name}'")),
    }
    Ok(())
}

fn level(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    options.settings.level = match place.value() {
        "" => return place.wrong("missing level"),
        "user" => CliLevel::User,
        "operator" => CliLevel::Operator,
        "admin" => CliLevel::Admin,
        other => {
            return place
                .fail(&format!("'level' only supports 'user', 'operator', and 'admin' (got '{other}')"));
        }
    };
    Ok(())
}

fn mode(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    match u32::from_str_radix(place.value(), 8) {
        Ok(mode) => options.settings.mode = Some(mode),
        Err(_) => {
            let text = format!("missing or invalid mode '{}' (octal integer expected)", place.value());
            return place.wrong(&text);
        }
    }
    Ok(())
}

fn proto(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    let name = place.required("value")?;
    if !is_mux_protocol(name) {
        return place.wrong(&format!(" unknown MUX protocol '{name}'"));
    }
    options.settings.protocol = match name {
        "h1" => Some(MuxProtocol::H1),
        "h2" => Some(MuxProtocol::H2),
        _ => None,
    };
    if !matches!(name, "h1" | "h2" | "none") {
        return crate::outcome::Report::not_yet(place.line, place.at + 1, &format!("proto {name}"));
    }
    options.protocol = Some(name.into());
    Ok(())
}

fn severity(_: &mut Parser<'_>, place: &Place<'_, '_>, options: &mut BindOptions) -> Outcome {
    options.settings.severity_output = match place.value() {
        "" => return place.wrong("missing severity format"),
        "none" => SeverityOutput::None,
        "number" => SeverityOutput::Number,
        "string" => SeverityOutput::String,
        other => {
            let text = "'severity-output' only supports 'none', 'number', and 'string'";
            return place.fail(&format!("{text} (got '{other}')"));
        }
    };
    Ok(())
}
