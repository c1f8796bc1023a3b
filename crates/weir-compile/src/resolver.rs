//! Names inside one proxy's expressions and conditions. Collects what could not be resolved with the place of the
//! rule, so that one run reports everything.

use std::collections::HashMap;
use std::sync::Arc;

use weir_config::model::Proxy;
use weir_sample::acl::predefined;
use weir_sample::stage::Missing;
use weir_sample::{Acl, Condition, Expr, Format, Named, Resolve, Resolved, UnresolvedName};
use weir_types::{Diagnostic, Diagnostics, Form, Level, ProxyId, ServerId, Span, TableId};

use crate::names::Names;
use crate::ring;

/// Resolves for one section: a proxy, or the `defaults` section whose rules a proxy runs first.
pub struct Resolver<'r, 'c> {
    pub names: &'r Names<'c>,
    pub proxy: &'c Proxy,
    pub id: ProxyId,
    /// ACL lines by name; lines of one name are or-ed.
    lines: HashMap<&'c str, Vec<&'c Acl<Named>>>,
    done: HashMap<Box<str>, Arc<Acl<Resolved>>>,
    place: &'static str,
    pub diagnostics: &'r mut Diagnostics,
    /// Set once a name was left out and the proxy stood for it: such a result belongs to this proxy alone.
    pub used_current: bool,
}

impl<'r, 'c> Resolver<'r, 'c> {
    pub fn new(
        names: &'r Names<'c>,
        id: ProxyId,
        acls: &'c [Acl<Named>],
        diagnostics: &'r mut Diagnostics,
    ) -> Self {
        let mut lines: HashMap<&str, Vec<&Acl<Named>>> = HashMap::new();
        for acl in acls {
            lines.entry(&*acl.name).or_default().push(acl);
        }
        let proxy = &names.config.proxies[id.index()];
        Self { names, proxy, id, lines, done: HashMap::new(), place: "", diagnostics, used_current: false }
    }

    /// Names where the next expressions stand, in HAProxy's words.
    pub fn at(&mut self, place: &'static str) -> &mut Self {
        self.place = place;
        self
    }

    pub fn expr(&mut self, expr: &Expr<Named>, span: Span) -> Option<Expr<Resolved>> {
        let result = expr.resolve(self);
        self.keep(result, span)
    }

    pub fn format(&mut self, format: &Format<Named>) -> Option<Format<Resolved>> {
        let result = format.resolve(self);
        self.keep(result, format.span)
    }

    pub fn condition(&mut self, condition: &Condition<Named>) -> Option<Condition<Resolved>> {
        let place = std::mem::take(&mut self.place);
        let result = condition.resolve(self);
        self.place = place;
        self.keep(result, condition.span)
    }

    /// An optional condition: `Err` when it stands there and could not be resolved.
    pub fn optional(
        &mut self,
        condition: Option<&Condition<Named>>,
    ) -> Result<Option<Condition<Resolved>>, ()> {
        match condition {
            None => Ok(None),
            Some(condition) => self.condition(condition).map(Some).ok_or(()),
        }
    }

    pub fn keep<T>(&mut self, result: Result<T, UnresolvedName>, span: Span) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(unresolved) => {
                let form = if unresolved.acl { Form::Parsing } else { Form::ParsingTight };
                let alert = Diagnostic::new(Level::Alert, form, Some(span), unresolved.message);
                self.diagnostics.push(alert.wanting(&unresolved.name));
                None
            }
        }
    }

    /// `Proxy 'f': ...`: HAProxy's wording of references that fail after all files were read.
    pub fn alert(&mut self, span: Span, text: String) {
        self.diagnostics.push(Diagnostic::new(Level::Alert, Form::Bare, Some(span), text));
    }

    /// The same of a name that nothing bears.
    pub fn missing(&mut self, span: Span, text: String, name: &str) {
        self.diagnostics.push(Diagnostic::new(Level::Alert, Form::Bare, Some(span), text).wanting(name));
    }

    /// The same, with the nearest name of a backend as a hint.
    pub fn missing_backend(&mut self, span: Span, text: String, name: &str) {
        let backends = self.names.config.proxies.iter().filter(|proxy| proxy.kind.has_backend());
        let near = weir_registry::near(name, backends.map(|proxy| &*proxy.name));
        let mut diagnostic = Diagnostic::new(Level::Alert, Form::Bare, Some(span), text).wanting(name);
        diagnostic.hint = near.map(|near| format!("did you mean '{near}'?").into());
        self.diagnostics.push(diagnostic);
    }

    fn proxy_called(&mut self, name: &str) -> Result<(ProxyId, &'c Proxy), Missing> {
        if name.is_empty() {
            self.used_current = true;
            return Ok((self.id, self.proxy));
        }
        self.names.proxy(name).ok_or(Missing::Unknown)
    }
}

impl Resolve for Resolver<'_, '_> {
    fn frontend(&mut self, name: &str) -> Result<ProxyId, Missing> {
        let (id, proxy) = self.proxy_called(name)?;
        match (proxy.kind.has_frontend(), name.is_empty()) {
            (true, _) => Ok(id),
            (false, true) => Err(Missing::NoCapability),
            (false, false) => Err(Missing::Unknown),
        }
    }

    fn backend(&mut self, name: &str) -> Result<ProxyId, Missing> {
        let (id, proxy) = self.proxy_called(name)?;
        match (proxy.kind.has_backend(), name.is_empty()) {
            (true, _) => Ok(id),
            (false, true) => Err(Missing::NoCapability),
            (false, false) => Err(Missing::Unknown),
        }
    }

    fn server(&mut self, name: &str) -> Result<ServerId, Missing> {
        let (proxy, server) = match name.split_once('/') {
            Some((proxy, server)) => (self.names.backend(proxy).ok_or(Missing::UnknownProxy)?, server),
            None => {
                self.used_current = true;
                (self.id, name)
            }
        };
        if server.is_empty() {
            return Err(Missing::NotNamed);
        }
        self.names.referenced_server(proxy, server).ok_or(Missing::Unknown)
    }

    fn table(&mut self, name: &str) -> Result<TableId, Missing> {
        if name.is_empty() {
            self.used_current = true;
            return self.names.table(&self.proxy.name).ok_or(Missing::Unknown);
        }
        self.names.table(name).ok_or(Missing::Unknown)
    }

    fn cache(&mut self, name: &str) -> Result<u32, Missing> {
        let caches = &self.names.config.caches;
        caches.iter().position(|cache| &*cache.name == name).map(|at| at as u32).ok_or(Missing::Unknown)
    }

    fn sink(&mut self, name: &str) -> Result<(), Missing> {
        if ring::is_buffer(name) {
            self.names.writes_to_buffer.set(true);
        }
        if ring::is_known(self.names.config, name) { Ok(()) } else { Err(Missing::Unknown) }
    }

    fn userlist(&mut self, name: &str) -> Result<u32, Missing> {
        if name.is_empty() {
            return Err(Missing::NotNamed);
        }
        self.names.userlist(name).ok_or(Missing::Unknown)
    }

    fn acl(&mut self, name: &str) -> Result<Arc<Acl<Resolved>>, Missing> {
        if let Some(acl) = self.done.get(name) {
            return Ok(acl.clone());
        }
        let Some(lines) = self.lines.get(name).cloned() else {
            return predefined(name).ok_or(Missing::Unknown);
        };
        let mut joined: Option<Acl<Resolved>> = None;
        for line in lines {
            let result = line.resolve(self);
            // A line that failed has been reported; the others keep the name known.
            let Some(acl) = self.keep(result, line.span) else { continue };
            match &mut joined {
                None => joined = Some(acl),
                Some(first) => first.tests.extend(acl.tests),
            }
        }
        let acl = Arc::new(joined.ok_or(Missing::Unknown)?);
        self.done.insert(name.into(), acl.clone());
        Ok(acl)
    }

    fn proxy_name(&self) -> &str {
        &self.proxy.name
    }

    fn place(&self) -> &str {
        self.place
    }
}
