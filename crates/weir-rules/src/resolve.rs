//! From names to indices: an action, reply or rule whose every name is known changes its stage.

use weir_sample::{Format, Named, Resolve, Resolved, UnresolvedName};
use weir_types::TableId;

use crate::action::{Action, IntValue, TimeoutValue};
use crate::reply::{Redirect, Reply, ReplyBody};

type Outcome<T> = Result<T, UnresolvedName>;

impl Reply<Named> {
    pub fn resolve(&self, names: &mut dyn Resolve) -> Outcome<Reply<Resolved>> {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| Ok((name.clone(), value.resolve(names)?)))
            .collect::<Outcome<_>>()?;
        let body = match &self.body {
            ReplyBody::ErrorPage => ReplyBody::ErrorPage,
            ReplyBody::Nothing => ReplyBody::Nothing,
            ReplyBody::Raw(bytes) => ReplyBody::Raw(bytes.clone()),
            ReplyBody::ErrorFiles(name) => ReplyBody::ErrorFiles(name.clone()),
            ReplyBody::DefaultErrorFiles => ReplyBody::DefaultErrorFiles,
            ReplyBody::Empty => ReplyBody::Empty,
            ReplyBody::Bytes(bytes) => ReplyBody::Bytes(bytes.clone()),
            ReplyBody::Format(format) => ReplyBody::Format(Box::new(format.resolve(names)?)),
        };
        Ok(Reply { status: self.status, content_type: self.content_type.clone(), headers, body })
    }
}

impl Redirect<Named> {
    pub fn resolve(&self, names: &mut dyn Resolve) -> Outcome<Redirect<Resolved>> {
        Ok(Redirect {
            kind: self.kind,
            target: self.target.resolve(names)?,
            code: self.code,
            drop_query: self.drop_query,
            append_slash: self.append_slash,
            ignore_empty: self.ignore_empty,
            keep_query: self.keep_query,
            set_cookie: self.set_cookie.clone(),
        })
    }
}

impl TimeoutValue<Named> {
    pub fn resolve(&self, names: &mut dyn Resolve) -> Outcome<TimeoutValue<Resolved>> {
        Ok(match self {
            TimeoutValue::Fixed(milliseconds) => TimeoutValue::Fixed(*milliseconds),
            TimeoutValue::Expr(expr) => TimeoutValue::Expr(expr.resolve(names)?),
        })
    }
}

impl IntValue<Named> {
    pub fn resolve(&self, names: &mut dyn Resolve) -> Outcome<IntValue<Resolved>> {
        Ok(match self {
            IntValue::Fixed(value) => IntValue::Fixed(*value),
            IntValue::Expr(expr) => IntValue::Expr(expr.resolve(names)?),
        })
    }
}

fn optional(format: &Option<Format<Named>>, names: &mut dyn Resolve) -> Outcome<Option<Format<Resolved>>> {
    format.as_ref().map(|format| format.resolve(names)).transpose()
}

/// The table of `track-scN`; without a name it is the proxy's own.
fn track_table(counter: u8, name: &str, names: &mut dyn Resolve) -> Outcome<TableId> {
    names.table(name).map_err(|_| {
        let shown = if name.is_empty() { names.proxy_name() } else { name };
        let message = format!("unable to find table '{shown}' referenced by track-sc{counter}.");
        UnresolvedName { message: message.into(), name: shown.into(), acl: false }
    })
}

/// That the cache is there was checked when all lines had been read.
fn cache_index(name: &str, names: &mut dyn Resolve) -> Outcome<u32> {
    names.cache(name).map_err(|_| {
        let message = format!("unable to find the cache '{name}' referenced by the filter 'cache'.");
        UnresolvedName { message: message.into(), name: name.into(), acl: false }
    })
}

impl Action<Named> {
    pub fn resolve(&self, names: &mut dyn Resolve) -> Outcome<Action<Resolved>> {
        Ok(match self {
            Action::EditPatterns { edit, file, key, value } => Action::EditPatterns {
                edit: *edit,
                file: file.clone(),
                key: key.resolve(names)?,
                value: optional(value, names)?,
            },
            Action::Allow => Action::Allow,
            Action::Reject => Action::Reject,
            Action::Close => Action::Close,
            Action::Deny(reply) => Action::Deny(Box::new(reply.resolve(names)?)),
            Action::Tarpit(reply) => Action::Tarpit(Box::new(reply.resolve(names)?)),
            Action::Return(reply) => Action::Return(Box::new(reply.resolve(names)?)),
            Action::Redirect(redirect) => Action::Redirect(Box::new(redirect.resolve(names)?)),
            Action::Auth { realm } => Action::Auth { realm: optional(realm, names)? },
            Action::SilentDrop { rst_ttl } => Action::SilentDrop { rst_ttl: *rst_ttl },
            Action::SetHeader { name, value } => {
                Action::SetHeader { name: name.clone(), value: value.resolve(names)? }
            }
            Action::AddHeader { name, value } => {
                Action::AddHeader { name: name.clone(), value: value.resolve(names)? }
            }
            Action::DelHeader(which) => Action::DelHeader(which.clone()),
            Action::ReplaceHeader { name, pattern, value } => Action::ReplaceHeader {
                name: name.clone(),
                pattern: pattern.clone(),
                value: value.resolve(names)?,
            },
            Action::ReplaceValue { name, pattern, value } => Action::ReplaceValue {
                name: name.clone(),
                pattern: pattern.clone(),
                value: value.resolve(names)?,
            },
            Action::HeadersBin { expr, prefix, replace } => {
                Action::HeadersBin { expr: expr.resolve(names)?, prefix: prefix.clone(), replace: *replace }
            }
            Action::DelHeadersBin { expr, matching } => {
                Action::DelHeadersBin { expr: expr.resolve(names)?, matching: *matching }
            }
            Action::NormalizeUri(normalizer) => Action::NormalizeUri(*normalizer),
            Action::SetRetries(value) => Action::SetRetries(value.resolve(names)?),
            Action::SetBandwidthLimit { filter, limit, period } => Action::SetBandwidthLimit {
                filter: filter.clone(),
                limit: limit.as_ref().map(|value| value.resolve(names)).transpose()?,
                period: period.as_ref().map(|value| value.resolve(names)).transpose()?,
            },
            Action::SwitchModeHttp => Action::SwitchModeHttp,
            Action::SetMethod(value) => Action::SetMethod(value.resolve(names)?),
            Action::SetUriPart { part, value } => {
                Action::SetUriPart { part: *part, value: value.resolve(names)? }
            }
            Action::ReplaceUriPart { part, pattern, value } => {
                Action::ReplaceUriPart { part: *part, pattern: pattern.clone(), value: value.resolve(names)? }
            }
            Action::SetStatus { status, reason } => {
                Action::SetStatus { status: *status, reason: reason.clone() }
            }
            Action::EarlyHint { name, value } => {
                Action::EarlyHint { name: name.clone(), value: value.resolve(names)? }
            }
            Action::SetVar { variable, expr, conditions } => Action::SetVar {
                variable: variable.clone(),
                expr: expr.resolve(names)?,
                conditions: conditions.clone(),
            },
            Action::SetVarFormat { variable, value, conditions } => Action::SetVarFormat {
                variable: variable.clone(),
                value: value.resolve(names)?,
                conditions: conditions.clone(),
            },
            Action::UnsetVar { variable } => Action::UnsetVar { variable: variable.clone() },
            Action::Capture { expr, slot, response } => {
                Action::Capture { expr: expr.resolve(names)?, slot: *slot, response: *response }
            }
            Action::SetSource(expr) => Action::SetSource(expr.resolve(names)?),
            Action::SetSourcePort(expr) => Action::SetSourcePort(expr.resolve(names)?),
            Action::SetDestination(expr) => Action::SetDestination(expr.resolve(names)?),
            Action::SetDestinationPort(expr) => Action::SetDestinationPort(expr.resolve(names)?),
            Action::SetLogLevel(level) => Action::SetLogLevel(*level),
            Action::SetNice(nice) => Action::SetNice(*nice),
            Action::SetMark { value, to_server } => {
                Action::SetMark { value: value.resolve(names)?, to_server: *to_server }
            }
            Action::SetTos { value, to_server } => {
                Action::SetTos { value: value.resolve(names)?, to_server: *to_server }
            }
            Action::SetTimeout { kind, milliseconds } => {
                Action::SetTimeout { kind: *kind, milliseconds: milliseconds.resolve(names)? }
            }
            Action::WaitForBody { milliseconds, at_least } => {
                Action::WaitForBody { milliseconds: *milliseconds, at_least: *at_least }
            }
            Action::Pause(value) => Action::Pause(value.resolve(names)?),
            Action::StrictMode(on) => Action::StrictMode(*on),
            Action::DisableL7Retry => Action::DisableL7Retry,
            Action::WaitForHandshake => Action::WaitForHandshake,
            Action::DoLog { profile } => Action::DoLog { profile: profile.clone() },
            Action::ExpectProxyLayer4 => Action::ExpectProxyLayer4,
            Action::ExpectNetscalerCip => Action::ExpectNetscalerCip,
            Action::UseService(name) => Action::UseService(name.clone()),
            Action::TrackStickCounter { counter, key, table } => Action::TrackStickCounter {
                counter: *counter,
                key: key.resolve(names)?,
                table: track_table(*counter, table, names)?,
            },
            Action::CountStickCounter { counter, element, amount } => Action::CountStickCounter {
                counter: *counter,
                element: *element,
                amount: amount.resolve(names)?,
            },
            Action::TagStickCounter { counter, element, value } => {
                Action::TagStickCounter { counter: *counter, element: *element, value: value.resolve(names)? }
            }
            Action::SetPriorityClass(expr) => Action::SetPriorityClass(expr.resolve(names)?),
            Action::SetPriorityOffset(expr) => Action::SetPriorityOffset(expr.resolve(names)?),
            Action::CacheUse { name, .. } => {
                Action::CacheUse { name: name.clone(), index: cache_index(name, names)? }
            }
            Action::CacheStore { name, .. } => {
                Action::CacheStore { name: name.clone(), index: cache_index(name, names)? }
            }
            Action::NotYet { name } => Action::NotYet { name },
        })
    }
}
