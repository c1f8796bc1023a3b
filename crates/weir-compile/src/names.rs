//! Every name that another section may call, with its index in the plan. Frontends and backends have separate
//! namespaces only in what they can be called for: since 3.3 no two proxies share a name.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use weir_config::files::Files;
use weir_config::model::{Config, Proxy, StickTable};
use weir_tls::forge::Forged;
use weir_types::{IpVersion, ProxyId, ServerId, Sources, Span, TableId};

/// One server as it will stand in the plan: a line, or one of a template's.
#[derive(Clone, Copy)]
pub struct ServerLine<'c> {
    pub line: &'c weir_config::model::Server,
    /// The number behind a template's prefix.
    pub number: Option<u32>,
}

impl ServerLine<'_> {
    pub fn name(&self) -> Arc<str> {
        match self.number {
            None => self.line.name.clone(),
            Some(number) => format!("{}{number}", self.line.name).into(),
        }
    }
}

pub struct Names<'c> {
    pub config: &'c Config,
    sources: &'c Sources,
    proxies: HashMap<&'c str, ProxyId>,
    /// Per proxy, its servers' range in the plan.
    ranges: Vec<Range<u32>>,
    tables: HashMap<&'c str, TableId>,
    /// By their numbers.
    table_lines: Vec<(&'c str, &'c StickTable)>,
    userlists: HashMap<&'c str, u32>,
    files: &'c dyn Files,
    /// Servers that expressions and `use-server` lines name.
    referenced: RefCell<HashSet<ServerId>>,
    /// Some expression writes to a ring that is there without a section.
    pub writes_to_buffer: Cell<bool>,
    /// Certificates that listeners make, all in one place.
    pub forged: Arc<Forged>,
}

impl<'c> Names<'c> {
    pub fn of(config: &'c Config, sources: &'c Sources, files: &'c dyn Files) -> Self {
        let mut proxies = HashMap::with_capacity(config.proxies.len());
        let mut ranges = Vec::with_capacity(config.proxies.len());
        let mut tables = HashMap::new();
        let mut table_lines = Vec::new();
        let mut servers = 0;
        for (index, proxy) in config.proxies.iter().enumerate() {
            proxies.entry(&*proxy.name).or_insert(ProxyId(index as u32));
            let count = server_lines(proxy).count() as u32;
            ranges.push(servers..servers + count);
            servers += count;
            if let Some(table) = &proxy.stick_table {
                table_lines.push((&*proxy.name, &**table));
            }
        }
        for peers in &config.peers {
            table_lines.extend(peers.tables.iter().map(|table| (&*table.name, &table.table)));
        }
        for (index, (name, _)) in table_lines.iter().enumerate() {
            tables.entry(*name).or_insert(TableId(index as u32));
        }
        let userlists =
            config.userlists.iter().enumerate().map(|(index, list)| (&*list.name, index as u32)).collect();
        Self {
            config,
            sources,
            proxies,
            ranges,
            tables,
            table_lines,
            userlists,
            files,
            referenced: RefCell::default(),
            writes_to_buffer: Cell::new(false),
            forged: Arc::new(Forged::new(config.global.tls.generated as usize)),
        }
    }

    pub fn proxy(&self, name: &str) -> Option<(ProxyId, &'c Proxy)> {
        let id = *self.proxies.get(name)?;
        Some((id, &self.config.proxies[id.index()]))
    }

    pub fn backend(&self, name: &str) -> Option<ProxyId> {
        self.proxy(name).filter(|(_, proxy)| proxy.kind.has_backend()).map(|(id, _)| id)
    }

    /// The servers of all proxies.
    pub fn server_count(&self) -> usize {
        self.ranges.last().map_or(0, |range| range.end as usize)
    }

    /// The range of a proxy's servers in the plan.
    pub fn servers(&self, proxy: ProxyId) -> Range<u32> {
        self.ranges[proxy.index()].clone()
    }

    /// A server that something refers to for good: it cannot be deleted at run time.
    pub fn referenced_server(&self, proxy: ProxyId, name: &str) -> Option<ServerId> {
        let id = self.server(proxy, name)?;
        self.referenced.borrow_mut().insert(id);
        Some(id)
    }

    /// Those that were referred to.
    pub fn referenced_servers(&self) -> HashSet<ServerId> {
        self.referenced.take()
    }

    pub fn server(&self, proxy: ProxyId, name: &str) -> Option<ServerId> {
        let lines = server_lines(&self.config.proxies[proxy.index()]);
        let place = lines.into_iter().position(|server| match server.number {
            None => &*server.line.name == name,
            Some(number) => {
                name.strip_prefix(&*server.line.name).and_then(|rest| rest.parse().ok()) == Some(number)
            }
        })?;
        Some(ServerId(self.ranges[proxy.index()].start + place as u32))
    }

    /// Whether the server's state is known: it is checked, by weir or by an agent, or follows one that is.
    pub fn is_checked(&self, server: ServerId) -> bool {
        let owner = self.ranges.partition_point(|range| range.end <= server.0);
        let place = (server.0 - self.ranges[owner].start) as usize;
        server_lines(&self.config.proxies[owner]).nth(place).is_some_and(|server| {
            let options = &server.line.options;
            options.settings.check.enabled
                || options.settings.agent.enabled
                || server.line.track.is_some()
                || options.track.is_some()
        })
    }

    /// `file:line`, as messages name a place.
    pub fn place(&self, span: Span) -> String {
        format!("{}:{}", self.sources.name(span.file), span.line)
    }

    /// A file that lines name for what is made of it here.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.files.read(name)
    }

    /// The first address that the system knows for a host, of one version where `only` says so.
    pub fn host(&self, name: &str, only: Option<IpVersion>) -> Option<IpAddr> {
        self.files.address(name, only)
    }

    pub fn table(&self, name: &str) -> Option<TableId> {
        self.tables.get(name).copied()
    }

    /// The same with its line.
    pub fn table_called(&self, name: &str) -> Option<(TableId, &'c StickTable)> {
        let id = self.table(name)?;
        Some((id, self.table_lines[id.index()].1))
    }

    /// Every table with its name, in the order of their numbers.
    pub fn tables(&self) -> impl Iterator<Item = (&'c str, &'c StickTable)> {
        self.table_lines.iter().copied()
    }

    pub fn userlist(&self, name: &str) -> Option<u32> {
        self.userlists.get(name).copied()
    }
}

/// A section's servers in the order of the text, templates unfolded.
pub fn server_lines(proxy: &Proxy) -> impl Iterator<Item = ServerLine<'_>> {
    let parts = proxy.backend.as_deref();
    let servers = parts.map_or(&[][..], |parts| &parts.servers);
    let templates = parts.map_or(&[][..], |parts| &parts.templates);
    let unfolded = move |before: usize| {
        templates.iter().filter(move |template| template.before as usize == before).flat_map(|template| {
            (template.first..=template.last)
                .map(|number| ServerLine { line: &template.model, number: Some(number) })
        })
    };
    servers
        .iter()
        .enumerate()
        .flat_map(move |(index, line)| unfolded(index).chain([ServerLine { line, number: None }]))
        .chain(unfolded(servers.len()))
}
