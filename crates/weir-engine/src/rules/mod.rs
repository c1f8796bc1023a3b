//! `RequestRules` and the rules of responses: the lists in the order in which a stream meets them (manual 4.3, and 1.4
//! for HTTP), the choice of the backend, and what options add when all rules were met.

mod action;
mod connection;
mod headers;
mod list;
mod patterns;
mod request;
mod response;
mod rewrite;
mod switching;
mod uri;
mod variable;

use crate::turn::Turn;
use crate::view::View;

pub use connection::{Admission, of_connection, of_session};
pub use headers::lower;
pub use request::RequestStage;
pub use response::ResponseStage;

/// A list of rules, by which a resumed evaluation finds it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    Connection,
    Session,
    Content,
    Http,
    Redirect,
    StatsPage,
    ResponseContent,
    Response,
    AfterResponse,
}

impl Turn<'_, '_> {
    pub fn view(&self, finished: bool) -> View<'_> {
        View { worker: self.worker, client: self.client, stream: self.stream, finished, early: false }
    }
}
