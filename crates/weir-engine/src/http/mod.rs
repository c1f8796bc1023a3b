//! The HTTP side of the phases.

mod answer;
mod base64;
mod body;
mod capture;
mod case;
mod checkcache;
mod compression;
mod cookie;
mod dynamic_cookie;
mod finish;
mod forwarded;
mod limits;
mod reply;
mod request;
mod response;
mod size;

pub use base64::decode as decode_base64;
pub use body::{Joined, is_complete};
pub use compression::Coding;
pub use limits::{of_requests as request_limits, of_responses as response_limits};
pub use reply::location_reply;
pub use size::{of_response as size_of_response, of_text as size_of_interim};
