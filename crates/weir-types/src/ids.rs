//! Indices into a plan's flat tables and into shared memory. An id is only ever made by the compiler (plan indices)
//! or by the supervisor's directory (slots), so a name that was not resolved cannot be used as one.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl $name {
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// Index into `Plan::proxies`.
    ProxyId(u32)
}
id! {
    /// Index into `Plan::servers`: one flat list over all backends.
    ServerId(u32)
}
id! {
    /// Index into `Plan::listeners`.
    ListenerId(u32)
}
id! {
    /// Index into `Plan::tables`.
    TableId(u32)
}
id! {
    /// A place in shared memory; stays the same for a name over reloads, unlike plan indices.
    Slot(u32)
}
id! {
    /// A worker's place, 0 to `nbthread - 1`; the controller counts in the place behind the last worker.
    WorkerId(u16)
}
