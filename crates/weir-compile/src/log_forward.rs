//! `log-forward` sections and their listeners.

use weir_config::model::Config;
use weir_plan::{Listener, ListenerOwner, LogForward, LogForwardOptions, SenderHost};
use weir_types::Diagnostics;

use crate::slots::Slots;
use crate::{frontend, settings};

/// Connections at a time where the section does not say.
const MAXCONN: u32 = 10;

pub fn compile(
    config: &Config,
    listeners: &mut Vec<Listener>,
    slots: &mut dyn Slots,
    diagnostics: &mut Diagnostics,
) -> Vec<LogForward> {
    let mut sections = Vec::with_capacity(config.log_forwards.len());
    for (index, written) in config.log_forwards.iter().enumerate() {
        let first = listeners.len();
        for bind in written.binds.iter().chain(&written.datagram_binds) {
            let owner = ListenerOwner::LogForward(index as u32);
            frontend::listen(owner, &written.name, first, bind, None, listeners, slots);
        }
        sections.push(LogForward {
            name: written.name.clone(),
            logs: settings::targets(config, &written.logs, &written.name, diagnostics),
            maxconn: written.maxconn.unwrap_or(MAXCONN),
            backlog: written.backlog,
            timeout_client: written.timeout_client,
            options: options(&written.options),
        });
    }
    sections
}

fn options(written: &[Box<str>]) -> LogForwardOptions {
    let mut options = LogForwardOptions::default();
    for text in written {
        match &**text {
            "dont-parse-log" => options.unparsed = true,
            "assume-rfc6587-ntf" => options.lines_only = true,
            "host replace" => options.host = SenderHost::Replace,
            "host fill" => options.host = SenderHost::Fill,
            "host keep" => options.host = SenderHost::Keep,
            "host append" => options.host = SenderHost::Append,
            _ => {}
        }
    }
    options
}
