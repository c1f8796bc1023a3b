//! Words to a typed [`Config`](model::Config) with all diagnostics: a file per section, a table per family of
//! keywords. No file is opened but those a keyword names, no name of another section is looked up.

pub mod model;
