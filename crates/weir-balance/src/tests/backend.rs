//! A backend in plain memory.

use crate::choose::refresh;
use std::cell::{Cell, RefCell};

use crate::{
    Algorithm, BACKEND_WORDS, Choice, Request, SERVER_WORDS, Servers, Settings, Table, WEIGHT_SCALE, choose,
    released,
};

#[derive(Clone, Default)]
pub struct Server {
    pub weight: u32,
    pub down: bool,
    pub backup: bool,
    pub limit: u32,
    pub served: u32,
    /// 0: its place, counted from 1.
    pub id: u32,
}

pub struct Backend {
    pub settings: Settings,
    pub servers: RefCell<Vec<Server>>,
    generation: Cell<u64>,
    random: Cell<u64>,
    words: [Cell<u64>; BACKEND_WORDS],
    server_words: Vec<[Cell<u64>; SERVER_WORDS]>,
}

impl Backend {
    pub fn new(algorithm: Algorithm, servers: Vec<Server>) -> Self {
        Self {
            settings: Settings { algorithm, all_backups: false },
            server_words: servers.iter().map(|_| Default::default()).collect(),
            servers: RefCell::new(servers),
            generation: Cell::new(1),
            random: Cell::new(1),
            words: Default::default(),
        }
    }

    pub fn with_weights(algorithm: Algorithm, weights: &[u32]) -> Self {
        let server = |weight: &u32| Server { weight: *weight, ..Server::default() };
        Self::new(algorithm, weights.iter().map(server).collect())
    }

    pub fn change(&self, server: usize, change: impl FnOnce(&mut Server)) {
        change(&mut self.servers.borrow_mut()[server]);
        self.generation.set(self.generation.get() + 1);
    }

    pub fn seed(&self, seed: u64) {
        self.random.set(seed);
    }

    /// Lets the algorithm see a change at once, as if another worker had chosen meanwhile.
    pub fn settle(&self) {
        refresh(&self.settings, self);
    }

    /// Takes a place on the next server, counted from 1.
    pub fn take(&self) -> Option<usize> {
        self.random.set(self.random.get().wrapping_add(1));
        let request = Request { random: self.random.get(), ..Request::default() };
        match choose(&self.settings, self, &request) {
            Choice::Server(server) => {
                self.servers.borrow_mut()[server].served += 1;
                Some(server + 1)
            }
            Choice::Full | Choice::None => None,
        }
    }

    /// Takes a place on the server of a hash, counted from 1; 0 where there is none.
    pub fn take_hashed(&self, table: &mut Table, hash: u32, request: &Request) -> usize {
        match table.choose(&self.settings, self, hash, request) {
            Choice::Server(server) => {
                self.servers.borrow_mut()[server].served += 1;
                server + 1
            }
            Choice::Full | Choice::None => 0,
        }
    }

    pub fn release(&self, server: usize) {
        self.servers.borrow_mut()[server - 1].served -= 1;
        released(&self.settings, self, server - 1);
    }

    /// One request after the other: each ends before the next begins.
    pub fn sequence(&self, length: usize) -> Vec<usize> {
        (0..length)
            .map(|_| {
                let server = self.take().unwrap_or(0);
                if server > 0 {
                    self.release(server);
                }
                server
            })
            .collect()
    }
}

impl Servers for Backend {
    fn count(&self) -> usize {
        self.server_words.len()
    }
    fn generation(&self) -> u64 {
        self.generation.get()
    }
    fn weight(&self, server: usize) -> u32 {
        self.servers.borrow()[server].weight * WEIGHT_SCALE
    }
    fn is_usable(&self, server: usize) -> bool {
        !self.servers.borrow()[server].down
    }
    fn is_backup(&self, server: usize) -> bool {
        self.servers.borrow()[server].backup
    }
    fn served(&self, server: usize) -> u32 {
        self.servers.borrow()[server].served
    }
    fn queued(&self, _server: usize) -> u32 {
        0
    }
    fn limit(&self, server: usize) -> u32 {
        self.servers.borrow()[server].limit
    }
    fn id(&self, server: usize) -> u32 {
        match self.servers.borrow()[server].id {
            0 => server as u32 + 1,
            id => id,
        }
    }
    fn backend_word(&self, word: usize) -> u64 {
        self.words[word].get()
    }
    fn set_backend_word(&self, word: usize, value: u64) {
        self.words[word].set(value);
    }
    fn server_word(&self, server: usize, word: usize) -> u64 {
        self.server_words[server][word].get()
    }
    fn set_server_word(&self, server: usize, word: usize, value: u64) {
        self.server_words[server][word].set(value);
    }
}
