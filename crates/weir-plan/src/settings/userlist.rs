//! `userlist` sections (manual 12.2).

use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct Userlist {
    pub name: Arc<str>,
    pub users: Vec<User>,
    pub groups: Vec<Arc<str>>,
}

#[derive(Clone, Debug)]
pub struct User {
    pub name: Box<str>,
    pub password: Password,
    /// Indices into the list's groups.
    pub groups: Vec<u32>,
}

#[derive(Clone, Debug)]
pub enum Password {
    /// `insecure-password`.
    Plain(Box<str>),
    /// `password`: a crypt(3) hash.
    Crypt(Box<str>),
}
