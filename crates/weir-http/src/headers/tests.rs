use super::*;

fn headers(lines: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in lines {
        headers.add(name.as_bytes(), value.as_bytes()).expect("room");
    }
    headers
}

fn written(headers: &Headers) -> String {
    let mut out = Vec::new();
    crate::write_trailers(headers, None, &mut out);
    assert_eq!(out.len(), headers.wire_len() + 2, "wire_len is what is written");
    String::from_utf8(out).expect("text")
}

#[test]
fn set_removes_every_line_and_appends_one() {
    // GET with x-c twice under `set-header x-c 1` on HAProxy.
    let mut headers = headers(&[("x-c", "a, b"), ("y", "1"), ("x-c", "c")]);
    headers.set(b"x-c", b"1").expect("room");
    assert_eq!(written(&headers), "y: 1\r\nx-c: 1\r\n\r\n");
}

#[test]
fn replacing_keeps_the_place() {
    let mut headers = headers(&[("x-c", "a, b"), ("y", "1"), ("x-c", "c")]);
    headers.replace_at(0, b"qa, b").expect("room");
    headers.replace_at(2, b"qc").expect("room");
    assert_eq!(written(&headers), "x-c: qa, b\r\ny: 1\r\nx-c: qc\r\n\r\n");
}

#[test]
fn removal_by_name_identity_and_test() {
    let mut headers = headers(&[("host", "h"), ("x-a", "1"), ("x-b", "2"), ("cookie", "c"), ("x-a", "3")]);
    assert_eq!(headers.remove(b"x-a"), 2);
    assert_eq!(headers.remove_known(Known::Cookie), 1);
    assert_eq!(headers.find_known(Known::Cookie), None);
    headers.retain(|name, _| !name.starts_with(b"x-"));
    assert_eq!(written(&headers), "host: h\r\n\r\n");
}

#[test]
fn no_edit_can_begin_another_line() {
    let mut headers = headers(&[]);
    headers.add(b"X-A\r\nb: c", b"d\r\ne: f\0").expect("room");
    assert_eq!(written(&headers), "x-a__b__c: d  e: f \r\n\r\n");
}

#[test]
fn edits_stop_at_the_limit_and_change_nothing() {
    let mut headers = headers(&[("a", "1")]);
    headers.set_limit(20);
    assert_eq!(headers.add(b"b", &[b'x'; 10]), Err(NoRoom));
    assert_eq!(headers.replace_at(0, &[b'x'; 20]), Err(NoRoom));
    assert_eq!(headers.set(b"a", &[b'x'; 20]), Err(NoRoom));
    assert_eq!(written(&headers), "a: 1\r\n\r\n");
    headers.add(b"b", b"23456789").expect("room");
    assert_eq!(headers.wire_len(), 19);
}

#[test]
fn editing_over_and_over_takes_no_more_room() {
    let mut headers = headers(&[("a", "1"), ("b", "2")]);
    headers.set_limit(100);
    for round in 0..1000 {
        let value = format!("value {round}");
        headers.replace_at(0, value.as_bytes()).expect("room");
        headers.set_text_piece(REASON, value.as_bytes()).expect("room");
        assert_eq!(written(&headers), format!("a: {value}\r\nb: 2\r\n\r\n"));
        assert_eq!(headers.piece(REASON), value.as_bytes());
        assert!(headers.arena.len() <= 400);
    }
}

#[test]
fn elements_are_split_at_commas_outside_quotes() {
    // Requests 12 to 14 of oracle/requests.tsv with req.hdr(x-list,N) and req.hdr_cnt(x-list).
    let three = headers(&[("x-list", "a"), ("x-list", "b,c"), ("x-list", "")]);
    assert_eq!(three.elements(b"x-list").count(), 4);
    assert_eq!(three.nth_element(b"x-list", 1), Some(&b"a"[..]));
    assert_eq!(three.nth_element(b"x-list", -1), Some(&b""[..]));
    assert_eq!(three.nth_element(b"x-list", -2), Some(&b"c"[..]));
    assert_eq!(three.nth_element(b"x-list", 99), None);
    assert_eq!(three.nth_value(b"x-list", -2), Some(&b"b,c"[..]));
    let quoted = headers(&[("x-list", "\"a,b\", c")]);
    assert_eq!(quoted.nth_element(b"x-list", 1), Some(&b"\"a,b\""[..]));
    assert_eq!(quoted.nth_element(b"x-list", -1), Some(&b"c"[..]));
    assert_eq!(quoted.nth_value(b"x-list", -1), Some(&b"\"a,b\", c"[..]));
}
