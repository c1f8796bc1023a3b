//! The examples of RFC 7541 appendix C, and that encoding is undone by decoding.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |byte: u8| (byte as char).to_digit(16).expect("a digit") as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn decoded(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<(String, String)>, DecodeError> {
    let mut fields = Fields::default();
    decoder.decode(block, 16384, &mut fields)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(fields.iter().map(|(name, value)| (text(name), text(value))).collect())
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[test]
fn requests_with_huffman_coding() {
    // C.4
    let mut decoder = Decoder::new(4096);
    let first = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")];
    let block = hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff");
    assert_eq!(decoded(&mut decoder, &block), Ok(pairs(&first)));
    let mut second = first.to_vec();
    second.push(("cache-control", "no-cache"));
    assert_eq!(decoded(&mut decoder, &hex("8286 84be 5886 a8eb 1064 9cbf")), Ok(pairs(&second)));
    let third = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ];
    let block = hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf");
    assert_eq!(decoded(&mut decoder, &block), Ok(pairs(&third)));
}

#[test]
fn responses_with_eviction() {
    // C.5, with a table of 256 bytes
    let mut decoder = Decoder::new(256);
    let mut expected = [
        (":status", "302"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("location", "https://www.example.com"),
    ];
    let block = hex(
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    );
    assert_eq!(decoded(&mut decoder, &block), Ok(pairs(&expected)));
    expected[0].1 = "307";
    assert_eq!(decoded(&mut decoder, &hex("4803 3330 37c1 c0bf")), Ok(pairs(&expected)));
}

#[test]
fn what_must_be_refused() {
    let refused = |block: &str| decoded(&mut Decoder::new(4096), &hex(block)).unwrap_err();
    assert_eq!(refused("80"), DecodeError::Index);
    assert_eq!(refused("be"), DecodeError::Index);
    assert_eq!(refused("8220"), DecodeError::TableSize);
    assert_eq!(refused("3fe21f"), DecodeError::TableSize);
    assert_eq!(refused("0005 6162"), DecodeError::Truncated);
    assert_eq!(refused("00 00 0161"), DecodeError::NoName);
    assert_eq!(refused("7fffffffffff01"), DecodeError::Truncated);
    // Padding of a byte, of zeros, and an end-of-string symbol.
    assert_eq!(refused("00 85f2b24a84ff 84 49509fff"), DecodeError::Huffman);
    assert_eq!(refused("00 85f2b24a84ff 83 49509e"), DecodeError::Huffman);
    assert_eq!(refused("00 85f2b24a84ff 84 ffffffff"), DecodeError::Huffman);
}

#[test]
fn a_repeated_large_entry_is_cut_off() {
    let mut block = vec![0x40, 1, b'a', 0x7f, 0xa1, 0x1e];
    block.extend_from_slice(&[b'z'; 4000]);
    block.extend_from_slice(&[0xbe; 3000]);
    assert_eq!(decoded(&mut Decoder::new(4096), &block), Err(DecodeError::TooLarge));
}

#[test]
fn every_static_pair_and_any_other_comes_back() {
    let long = "v".repeat(300);
    let mut given: Vec<(String, String)> = table::STATIC
        .iter()
        .map(|(name, value)| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (text(name), text(value))
        })
        .collect();
    given.extend(pairs(&[(":status", "418"), ("x-a", ""), ("accept", "text/html"), ("zzz", &long)]));
    let mut block = Vec::new();
    given.iter().for_each(|(name, value)| encode_field(name.as_bytes(), value.as_bytes(), &mut block));
    assert_eq!(decoded(&mut Decoder::new(4096), &block), Ok(given));
}
