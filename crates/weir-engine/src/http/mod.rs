//! The HTTP side of the phases.

mod answer;
mod body;
mod finish;
mod limits;
mod reply;
mod request;
mod response;
mod size;

pub use body::first_chunk;
