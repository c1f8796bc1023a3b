//! System calls: processes, descriptors, sockets, signals, limits. No policy.

mod accept;
pub mod clock;
pub mod descriptor;
pub mod futex;
pub mod limit;
pub mod listen;
mod local_time;
pub mod memory;
pub mod notify;
pub mod ocsp;
mod password;
pub mod privilege;
pub mod process;
pub mod providers;
pub mod tcp;
pub mod tls;

mod random;

pub use accept::accept;
pub use local_time::{LocalTime, local_time};
pub use password::password_fits;
pub use random::random;
