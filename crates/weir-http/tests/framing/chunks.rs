//! Chunk boundaries carry no meaning: both sides are compared after joining consecutive chunks.

/// `bytes` with the chunks of its first chunked body joined into one. Reads only what HAProxy writes.
pub fn joined(bytes: &[u8]) -> Vec<u8> {
    let Some(body) = chunked_body(bytes) else { return bytes.to_vec() };
    let (mut payload, mut at) = (Vec::new(), body);
    while let Some((size, data)) = chunk(bytes, at) {
        payload.extend_from_slice(&bytes[data..data + size]);
        at = data + size + 2;
    }
    let mut out = bytes[..body].to_vec();
    if !payload.is_empty() {
        out.extend_from_slice(format!("{:X}\r\n", payload.len()).as_bytes());
        out.extend_from_slice(&payload);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

fn chunked_body(bytes: &[u8]) -> Option<usize> {
    let mark = b"transfer-encoding: chunked\r\n";
    let header = bytes.windows(mark.len()).position(|window| window == mark)?;
    let end = bytes[header..].windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(header + end + 4)
}

/// Size of the whole, non-empty chunk at `at`, and where its data begins.
fn chunk(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let length = bytes[at..].windows(2).position(|window| window == b"\r\n")?;
    let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..at + length]).ok()?, 16).ok()?;
    let data = at + length + 2;
    (size > 0 && bytes.len() >= data + size + 2).then_some((size, data))
}
