//! Replies as HAProxy gave them.

mod lab;
mod oracle;
mod sessions;
