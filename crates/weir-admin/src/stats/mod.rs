//! `show stat`: one row for each listener, frontend, server and backend, and the forms they are printed in.

mod backend;
mod fields;
mod frontend;
mod print;
mod row;
mod select;
mod server;

pub use backend::Usable;
pub use fields::{CORE_FIELDS, FIELDS, Field, at};
pub use print::{SCHEMA_JSON, csv, csv_header, json, typed};
pub use row::{Object, Row};
pub use select::{Selection, rows};
pub use server::{address, algorithm_name, configured_port, is_usable, status};

#[cfg(test)]
mod tests;
