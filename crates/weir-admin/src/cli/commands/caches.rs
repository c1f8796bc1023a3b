//! `show cache`.

use std::fmt::Write;

use crate::cli::reply::Reply;
use crate::cli::session::Context;

pub fn show(context: &mut Context<'_>) -> Reply {
    let view = context.view();
    let mut text = String::new();
    // Writing to a string cannot fail.
    for settings in &view.plan.caches {
        let cache = view.shm.cache(settings.slot, view.shm.controller());
        let (memory, address) = cache.addresses();
        let available = cache.available_blocks();
        let name = &settings.name;
        let _ = writeln!(text, "{address:#x}: {name} (shctx:{memory:#x}, available blocks:{available})");
        for object in cache.list() {
            let [codings, referer, origin] = object.facts.secondary;
            let mut vary = format!("{:08x}{:08x}", codings.swap_bytes(), referer.swap_bytes());
            if origin != 0 {
                let _ = write!(vary, "{:08x}", origin.swap_bytes());
            }
            let expires = (object.facts.expires_ms as i64 - view.now_ms as i64 + 999).div_euclid(1000);
            let _ = writeln!(
                text,
                "{:#x} hash:{} vary:0x{vary} size:{} ({} blocks), refcount:{}, expire:{expires}",
                object.address, object.hash, object.bytes, object.blocks, object.holders,
            );
        }
    }
    Reply::Text(text)
}
