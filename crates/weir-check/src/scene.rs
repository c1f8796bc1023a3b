//! What the expressions of a check see: the proxy and the server through whoever runs the check, and what the check
//! itself has gathered.

use std::cell::RefCell;
use std::net::SocketAddr;

use weir_http::Response;
use weir_sample::stream::{BackendFigure, Body, FrontendFigure, ServerFigure, TimeoutName};
use weir_sample::{Format, OwnedValue, Resolved, Scope, Stream, Variable, Variables};
use weir_types::{ProxyId, ServerId};

use crate::http::Reading;

/// Variables of the scopes `check` and `sess`: both live as long as the check.
#[derive(Debug, Default)]
pub(crate) struct CheckVariables(RefCell<[Variables; 2]>);

impl CheckVariables {
    fn place(scope: Scope) -> Option<usize> {
        match scope {
            Scope::Check => Some(0),
            Scope::Session => Some(1),
            _ => None,
        }
    }
}

pub(crate) struct Scene<'a> {
    /// The proxy, the server, the process.
    pub about: &'a dyn Stream,
    pub variables: &'a CheckVariables,
    pub received: &'a [u8],
    pub reading: Option<&'a Reading>,
}

impl Scene<'_> {
    pub fn write(&self, format: &Format<Resolved>) -> Vec<u8> {
        let mut out = Vec::new();
        format.write(self, &mut out);
        out
    }

    fn answer(&self) -> Option<&crate::http::Answer> {
        match self.reading {
            Some(Reading::Head(answer)) => Some(answer),
            _ => None,
        }
    }
}

impl Stream for Scene<'_> {
    fn response(&self) -> Option<&Response> {
        self.answer().map(|answer| &answer.response)
    }

    fn response_body(&self) -> Option<Body<'_>> {
        let answer = self.answer()?;
        Some(Body { data: &answer.body, complete: answer.complete, announced: None })
    }

    fn response_bytes(&self) -> Option<&[u8]> {
        Some(self.received)
    }

    fn status(&self) -> u16 {
        self.answer().map_or(0, |answer| answer.status)
    }

    fn server_status(&self) -> Option<u16> {
        self.answer().map(|answer| answer.status)
    }

    fn variable(&self, variable: &Variable) -> Option<OwnedValue> {
        match CheckVariables::place(variable.scope) {
            Some(place) => self.variables.0.borrow()[place].find(&variable.name).cloned(),
            None => self.about.variable(variable),
        }
    }

    fn set_variable(&self, variable: &Variable, value: OwnedValue) -> bool {
        match CheckVariables::place(variable.scope) {
            Some(place) => self.variables.0.borrow_mut()[place].set(&variable.name, value),
            None => return self.about.set_variable(variable, value),
        }
        true
    }

    fn unset_variable(&self, variable: &Variable) {
        match CheckVariables::place(variable.scope) {
            Some(place) => drop(self.variables.0.borrow_mut()[place].unset(&variable.name)),
            None => self.about.unset_variable(variable),
        }
    }

    fn server_source(&self) -> Option<SocketAddr> {
        self.about.server_source()
    }

    fn server_destination(&self) -> Option<SocketAddr> {
        self.about.server_destination()
    }

    fn backend_name(&self) -> Option<&str> {
        self.about.backend_name()
    }

    fn backend_id(&self) -> Option<i64> {
        self.about.backend_id()
    }

    fn server_name(&self) -> Option<&str> {
        self.about.server_name()
    }

    fn server_id(&self) -> Option<i64> {
        self.about.server_id()
    }

    fn frontend_figure(&self, proxy: ProxyId, figure: FrontendFigure) -> i64 {
        self.about.frontend_figure(proxy, figure)
    }

    fn backend_figure(&self, proxy: ProxyId, figure: BackendFigure) -> i64 {
        self.about.backend_figure(proxy, figure)
    }

    fn server_figure(&self, server: ServerId, figure: ServerFigure) -> i64 {
        self.about.server_figure(server, figure)
    }

    fn find_backend(&self, name: &[u8]) -> Option<ProxyId> {
        self.about.find_backend(name)
    }

    fn find_frontend(&self, name: &[u8]) -> Option<ProxyId> {
        self.about.find_frontend(name)
    }

    fn find_server(&self, name: &[u8]) -> Option<ServerId> {
        self.about.find_server(name)
    }

    fn timeout(&self, name: TimeoutName) -> Option<i64> {
        self.about.timeout(name)
    }

    fn clock(&self) -> i64 {
        self.about.clock()
    }

    fn uptime(&self) -> i64 {
        self.about.uptime()
    }

    fn hostname(&self) -> &str {
        self.about.hostname()
    }

    fn environment(&self, name: &str) -> Option<&[u8]> {
        self.about.environment(name)
    }

    fn process_id(&self) -> u32 {
        self.about.process_id()
    }

    fn process_connections(&self) -> i64 {
        self.about.process_connections()
    }

    fn stopping(&self) -> bool {
        self.about.stopping()
    }

    fn utc_offset(&self, time: i64) -> i64 {
        self.about.utc_offset(time)
    }
}
