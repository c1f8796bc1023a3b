//! `http-request normalize-uri`: one step each of making a request target canonical (RFC 3986 section 6.2.2). Each
//! function returns the new text, or `None` where nothing changes.

/// A `%` that no two hexadecimal digits follow, where `strict` asks for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

/// `fragment-encode`.
pub fn fragment_encode(path_and_query: &[u8]) -> Option<Vec<u8>> {
    if !path_and_query.contains(&b'#') {
        return None;
    }
    let mut out = Vec::with_capacity(path_and_query.len() + 8);
    for &byte in path_and_query {
        match byte {
            b'#' => out.extend_from_slice(b"%23"),
            byte => out.push(byte),
        }
    }
    Some(out)
}

/// `fragment-strip`.
pub fn fragment_strip(path_and_query: &[u8]) -> Option<Vec<u8>> {
    let end = path_and_query.iter().position(|&byte| byte == b'#')?;
    Some(path_and_query[..end].to_vec())
}

/// `path-merge-slashes`.
pub fn merge_slashes(path: &[u8]) -> Option<Vec<u8>> {
    if !path.windows(2).any(|pair| pair == b"//") {
        return None;
    }
    let mut out = path.to_vec();
    out.dedup_by(|one, other| *one == b'/' && *other == b'/');
    Some(out)
}

/// `path-strip-dot`.
pub fn strip_dot(path: &[u8]) -> Option<Vec<u8>> {
    rebuild(path, |segments, segment| match segment {
        b"." => true,
        _ => {
            segments.push(segment);
            false
        }
    })
}

/// `path-strip-dotdot`; `full` takes away what would lead above the root as well.
pub fn strip_dotdot(path: &[u8], full: bool) -> Option<Vec<u8>> {
    rebuild(path, |segments, segment| {
        if segment != b".." {
            segments.push(segment);
            return false;
        }
        match segments.last() {
            Some(&last) if last != b".." => drop(segments.pop()),
            _ if full => {}
            _ => segments.push(segment),
        }
        true
    })
}

/// Passes the segments of an absolute path on; a last one that was consumed leaves the slash before it.
fn rebuild<'p>(
    path: &'p [u8],
    mut take: impl FnMut(&mut Vec<&'p [u8]>, &'p [u8]) -> bool,
) -> Option<Vec<u8>> {
    let rest = path.strip_prefix(b"/")?;
    let mut segments: Vec<&[u8]> = Vec::new();
    let mut pieces = rest.split(|&byte| byte == b'/').peekable();
    while let Some(segment) = pieces.next() {
        let last = pieces.peek().is_none();
        if take(&mut segments, segment) && last {
            segments.push(b"");
        }
    }
    let mut out = Vec::with_capacity(path.len());
    for segment in segments {
        out.push(b'/');
        out.extend_from_slice(segment);
    }
    (out != path).then_some(out)
}

/// The byte that two hexadecimal digits behind a `%` stand for.
fn decoded(behind: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    Some((digit(behind.first()?)? * 16 + digit(behind.get(1)?)?) as u8)
}

/// `percent-decode-unreserved`.
pub fn decode_unreserved(path_and_query: &[u8], strict: bool) -> Result<Option<Vec<u8>>, Invalid> {
    percent(path_and_query, strict, |byte, digits, out| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => out.push(byte),
        _ => {
            out.push(b'%');
            out.extend_from_slice(digits);
        }
    })
}

/// `percent-to-uppercase`.
pub fn percent_uppercase(path_and_query: &[u8], strict: bool) -> Result<Option<Vec<u8>>, Invalid> {
    percent(path_and_query, strict, |_, digits, out| {
        out.push(b'%');
        out.extend(digits.iter().map(u8::to_ascii_uppercase));
    })
}

fn percent(
    text: &[u8],
    strict: bool,
    write: impl Fn(u8, &[u8], &mut Vec<u8>),
) -> Result<Option<Vec<u8>>, Invalid> {
    if !text.contains(&b'%') {
        return Ok(None);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match decoded(&text[at..]) {
            _ if byte != b'%' => out.push(byte),
            Some(value) => {
                write(value, &text[at..at + 2], &mut out);
                at += 2;
            }
            None if strict => return Err(Invalid),
            None => out.push(byte),
        }
    }
    Ok((out != text).then_some(out))
}

/// `query-sort-by-name`: parameters of one name keep their order.
pub fn sort_query(query: &[u8]) -> Option<Vec<u8>> {
    if !query.contains(&b'&') {
        return None;
    }
    let mut parameters: Vec<&[u8]> = query.split(|&byte| byte == b'&').collect();
    let name = |parameter: &&[u8]| -> usize {
        parameter.iter().position(|&byte| byte == b'=').unwrap_or(parameter.len())
    };
    parameters.sort_by(|one, other| one[..name(one)].cmp(&other[..name(other)]));
    let out = parameters.join(&b'&');
    (out != query).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(outcome: Option<Vec<u8>>, before: &str) -> String {
        outcome.map_or(before.to_owned(), |bytes| String::from_utf8(bytes).expect("text"))
    }

    // Expected values: HAProxy 2.8, and the examples of manual 4.4 "normalize-uri".

    #[test]
    fn dots() {
        for (before, after) in [
            ("/..", "/../"),
            ("/../a", "/../a"),
            ("/a/../b", "/b"),
            ("/a/b/../../c", "/c"),
            ("/a/..", "/"),
            ("/a/../../b", "/../b"),
            ("//../a", "/a"),
            ("/a//../b", "/a/b"),
            ("/bar/../../", "/../"),
            ("/foo/bar/../../..", "/../"),
            ("/../a/../..", "/../../"),
            ("/a/b/c/../../../../x", "/../x"),
            ("/foo/%2E%2E/", "/foo/%2E%2E/"),
            ("/a/..b", "/a/..b"),
            ("", ""),
        ] {
            assert_eq!(text(strip_dotdot(before.as_bytes(), false), before), after);
        }
        for (before, after) in [
            ("/..", "/"),
            ("/../a", "/a"),
            ("/../../a", "/a"),
            ("/a/b/..", "/a/"),
            ("/foo/../../bar/", "/bar/"),
            ("/foo/bar/../../..", "/"),
        ] {
            assert_eq!(text(strip_dotdot(before.as_bytes(), true), before), after);
        }
        for (before, after) in [
            ("/./a/./b/.", "/a/b/"),
            ("/.", "/"),
            ("/a/..", "/a/.."),
            ("/.a", "/.a"),
            ("/a./b", "/a./b"),
            ("//./a", "//a"),
        ] {
            assert_eq!(text(strip_dot(before.as_bytes()), before), after);
        }
    }

    #[test]
    fn slashes_and_fragments() {
        assert_eq!(text(merge_slashes(b"//a///b//"), ""), "/a/b/");
        assert_eq!(text(fragment_encode(b"/a#b#c"), ""), "/a%23b%23c");
        assert_eq!(text(fragment_strip(b"/a?x#y"), ""), "/a?x");
    }

    #[test]
    fn percents() {
        for (before, after) in [
            ("/%61%62", "/ab"),
            ("/%zz%61", "/%zza"),
            ("/%6", "/%6"),
            ("/%%36%36", "/%66"),
            ("/a?%61=%20", "/a?a=%20"),
            ("/%41%5A%30%2d%2e%5f%7e", "/AZ0-._~"),
        ] {
            assert_eq!(text(decode_unreserved(before.as_bytes(), false).unwrap(), before), after);
        }
        for (before, after) in [("/%aa%Bb", "/%AA%BB"), ("/%zz%aa", "/%zz%AA"), ("/%", "/%")] {
            assert_eq!(text(percent_uppercase(before.as_bytes(), false).unwrap(), before), after);
        }
        assert_eq!(decode_unreserved(b"/%%36%36", true), Err(Invalid));
        assert_eq!(percent_uppercase(b"/%a", true), Err(Invalid));
    }

    #[test]
    fn parameters() {
        for (before, after) in [
            ("c=3&b=2&a=1", "a=1&b=2&c=3"),
            ("b=1&a=3&b=0", "a=3&b=1&b=0"),
            ("&&a", "&&a"),
            ("aa=1&a=2&b", "a=2&aa=1&b"),
            ("a=1&ab=0&a-=3", "a=1&a-=3&ab=0"),
            ("z&y=1&&x#f", "&x#f&y=1&z"),
        ] {
            assert_eq!(text(sort_query(before.as_bytes()), before), after);
        }
    }
}
