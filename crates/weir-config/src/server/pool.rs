//! Idle connections kept to a server.

use weir_syntax::time::{self, TimeError, Unit};

use super::option::ServerOption;
use crate::value::{atol, clamp_u32};

pub const OPTIONS: &[ServerOption] = &[
    ServerOption::valued("pool-max-conn", "How many may be idle (5.2).", |_, place, draft| {
        let value = atol(place.expected("<value> as argument")?);
        // -1 is no limit, which is the default too.
        if value < -1 {
            return place.fail("'pool-max-conn' must be >= -1.");
        }
        draft.options.settings.pool_max_conn = u32::try_from(value).ok();
        Ok(1)
    }),
    ServerOption::valued(
        "pool-low-conn",
        "How many a thread leaves to the others (5.2).",
        |_, place, draft| {
            let value = atol(place.expected("<value> as argument")?);
            if value < 0 {
                return place.fail("'pool-low-conn' must be >= 0.");
            }
            draft.options.settings.pool_low_conn = clamp_u32(value);
            Ok(1)
        },
    )
    .no_effect("idle connections stay with the worker that made them"),
    ServerOption::valued("pool-purge-delay", "How long they stay (5.2).", |_, place, draft| {
        let text = place.expected("<value> as argument")?;
        match time::parse(text, Unit::Millisecond) {
            Ok(value) => draft.options.settings.pool_purge_delay = value,
            Err(TimeError::Overflow) => {
                let most = "maximum value is 2147483647 ms (~24.8 days)";
                let text = format!("timer overflow in argument <{text}> to <{}>, {most}.", place.name());
                return place.fail(&text);
            }
            Err(TimeError::Unexpected(fault)) => {
                return place.fail(&format!("{fault} in argument to <{}>.", place.name()));
            }
        }
        Ok(1)
    }),
    ServerOption::valued("max-reuse", "Requests on one connection (5.2).", |_, place, draft| {
        let value = atol(place.expected("<value> as argument")?);
        if value < -1 {
            return place.fail("'max-reuse' must be >= -1.");
        }
        draft.options.settings.max_reuse = u32::try_from(value).ok();
        Ok(1)
    }),
    ServerOption::valued("pool-conn-name", "What keeps connections apart (5.2).", super::tls::sni).not_yet(),
    ServerOption::valued("idle-ping", "Liveness of idle HTTP/2 connections (5.2).", |_, place, draft| {
        let text = place.value();
        match time::parse(text, Unit::Millisecond) {
            Ok(delay) => {
                draft.options.settings.idle_ping = Some(delay).filter(|delay| *delay > 0);
                Ok(1)
            }
            Err(TimeError::Overflow) => place.fail("timer overflow in 'idle-ping' argument of server."),
            Err(TimeError::Unexpected(fault)) => {
                place.fail(&format!("{fault} in 'idle-ping' argument of server {}.", place.server))
            }
        }
    }),
];
