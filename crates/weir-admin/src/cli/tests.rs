//! Replies as HAProxy gave them.

mod oracle;
mod sessions;
