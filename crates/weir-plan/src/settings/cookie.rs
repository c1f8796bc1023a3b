//! `cookie` of a backend (manual 4.2).

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CookieMode {
    /// Neither rewrite, insert nor prefix: learn from what servers set.
    #[default]
    Passive,
    Rewrite,
    Insert,
    Prefix,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookie {
    pub name: Box<str>,
    pub mode: CookieMode,
    pub indirect: bool,
    pub nocache: bool,
    pub postonly: bool,
    pub preserve: bool,
    pub httponly: bool,
    pub secure: bool,
    pub dynamic: bool,
    pub dynamic_key: Option<Box<str>>,
    /// Each with its leading dot, in order.
    pub domains: Vec<Box<str>>,
    pub attributes: Vec<Box<str>>,
    /// Seconds.
    pub max_idle: Option<u32>,
    pub max_life: Option<u32>,
}
