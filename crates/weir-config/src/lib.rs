//! Words to a typed [`Config`](model::Config) with all diagnostics: a file per section, a table per family of
//! keywords. No file is opened but those a keyword names, no name of another section is looked up.
//!
//! A keyword is a [`keyword::Keyword`] row beside the function that reads its line. The tables make the listing of
//! `-dKcfg`, the near-name hints and the coverage report.

pub mod bind;
pub mod files;
pub mod global;
pub mod keyword;
pub mod listing;
pub mod model;
pub mod outcome;
pub mod parser;
pub mod proxy;
pub mod sections;
pub mod server;
mod states;

mod expression;
mod host;
mod lost;
mod tls;
mod value;

pub use lost::Lost;
pub use model::Config;
pub use parser::is_summary;
pub use parser::{AddedServer, ParseOptions, added_server, parse};
pub use tls::{ListedLine, crt_list_line};
