//! How the values of `show info` are worked out.

use weir_plan::ListenerOwner;

use crate::{Value, View};

pub fn text(value: &str) -> Option<Value> {
    Some(Value::Text(value.to_owned()))
}

/// A line that is absent when it has nothing to say (`description`).
pub fn optional(value: Option<&str>) -> Option<Value> {
    value.and_then(text)
}

pub fn small(value: impl TryInto<u32>) -> Option<Value> {
    Some(Value::U32(value.try_into().unwrap_or(u32::MAX)))
}

pub fn large(value: u64) -> Option<Value> {
    Some(Value::U64(value))
}

/// `0d 0h00m52s`
pub fn uptime(seconds: u32) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    format!("{days}d {hours}h{:02}m{:02}s", seconds / 60 % 60, seconds % 60)
}

/// `set maxconn global`, else as configured.
pub fn maxconn(view: &View<'_>) -> u32 {
    match view.shm.process().state.maxconn.value() {
        0 => view.process.maxconn,
        maxconn => maxconn,
    }
}

/// The mean over the workers that run.
pub fn idle(view: &View<'_>) -> u64 {
    view.shm.idle_percent()
}

/// Open listeners, those of the runtime commands included.
pub fn listeners(view: &View<'_>) -> usize {
    let is_open = |listener: &&weir_plan::Listener| match listener.owner {
        ListenerOwner::Proxy(proxy) => {
            !view.proxy(proxy).disabled && view.frontend_state(view.proxy(proxy)).state.admin.value() == 0
        }
        ListenerOwner::Cli | ListenerOwner::LogForward(_) | ListenerOwner::Peers => true,
    };
    view.plan.listeners.iter().filter(is_open).count()
}

/// `0`, or the flags in hexadecimal.
pub fn tainted(flags: u32) -> String {
    match flags {
        0 => "0".into(),
        flags => format!("{flags:#x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::uptime;

    #[test]
    fn uptime_as_shown() {
        assert_eq!(uptime(52), "0d 0h00m52s");
        assert_eq!(uptime(86_400 + 3 * 3600 + 61), "1d 3h01m01s");
    }
}
