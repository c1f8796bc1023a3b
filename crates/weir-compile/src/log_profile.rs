//! `log-profile` sections, and the names by which `log` lines and `do-log` rules call them.

use weir_config::model::Config;
use weir_plan::{LogProfile, LogStep};
use weir_types::{Diagnostics, ProxyId};

use crate::names::Names;
use crate::resolver::Resolver;

/// Formats that mean the proxy itself mean the first one: HAProxy checks them outside of any as well.
pub fn compile(config: &Config, names: &Names<'_>, diagnostics: &mut Diagnostics) -> Vec<LogProfile> {
    if config.proxies.is_empty() {
        return Vec::new();
    }
    let mut resolver = Resolver::new(names, ProxyId(0), &[], diagnostics);
    resolver.at("in log-format expression");
    let profiles = config.log_profiles.iter().map(|written| LogProfile {
        name: written.name.clone(),
        tag: written.tag.clone(),
        steps: written
            .steps
            .iter()
            .map(|step| LogStep {
                name: step.name.clone(),
                drop: step.drop,
                format: step.format.as_ref().and_then(|format| resolver.format(format)),
                structured: step.structured.as_ref().and_then(|format| resolver.format(format)),
            })
            .collect(),
    });
    profiles.collect()
}
