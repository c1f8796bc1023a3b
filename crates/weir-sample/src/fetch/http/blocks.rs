//! `internal.htx*` (manual 7.3.7): the message as the list of blocks that HAProxy would hold it in. Developer fetches:
//! weir holds no such list, and makes one up when it is asked for it.

use std::borrow::Cow;

use crate::arg::Arg;
use crate::stage::Resolved;
use crate::stream::{Body, Stream};
use crate::value::{Got, Value};

use super::message::missing;

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// What stands in a buffer beside the blocks.
const HEAD_BYTES: usize = 48;
/// What stands in it for each block.
const BLOCK_BYTES: usize = 8;
/// What a start line has before its three texts.
const START_LINE_BYTES: usize = 20;

enum Block<'a> {
    /// Whether of a request, and its three texts.
    Start(bool, [Cow<'a, [u8]>; 3]),
    Header(&'a [u8], &'a [u8]),
    EndOfHeaders,
    Data(&'a [u8]),
    EndOfTrailers,
}

impl Block<'_> {
    fn size(&self) -> usize {
        match self {
            Block::Start(_, texts) => START_LINE_BYTES + texts.iter().map(|text| text.len()).sum::<usize>(),
            Block::Header(name, value) => name.len() + value.len(),
            Block::EndOfHeaders | Block::EndOfTrailers => 1,
            Block::Data(data) => data.len(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Block::Start(true, _) => "HTX_BLK_REQ_SL",
            Block::Start(false, _) => "HTX_BLK_RES_SL",
            Block::Header(..) => "HTX_BLK_HDR",
            Block::EndOfHeaders => "HTX_BLK_EOH",
            Block::Data(_) => "HTX_BLK_DATA",
            Block::EndOfTrailers => "HTX_BLK_EOT",
        }
    }
}

struct Blocks<'a> {
    list: Vec<Block<'a>>,
    complete: bool,
    buffer: usize,
}

/// Of the response once there is one.
fn blocks<'a>(stream: &'a dyn Stream) -> Option<Blocks<'a>> {
    let (start, headers, body) = if let Some(response) = stream.response() {
        let status = response.status().to_string().into_bytes();
        let texts =
            [response.version().to_string().into_bytes().into(), status.into(), response.reason().into()];
        (Block::Start(false, texts), &response.headers, stream.response_body())
    } else {
        let request = stream.request()?;
        let version = request.version().to_string().into_bytes().into();
        let texts = [request.method_bytes().into(), request.target().into(), version];
        (Block::Start(true, texts), &request.headers, stream.request_body())
    };
    let mut list = vec![start];
    list.extend(headers.iter().map(|header| Block::Header(header.name, header.value)));
    list.push(Block::EndOfHeaders);
    let Body { data, complete, announced } = body.unwrap_or_default();
    if !data.is_empty() {
        list.push(Block::Data(data));
    }
    if complete && announced.is_none() && !data.is_empty() {
        list.push(Block::EndOfTrailers);
    }
    Some(Blocks { list, complete, buffer: stream.buffer_bytes().saturating_sub(HEAD_BYTES) })
}

impl Blocks<'_> {
    fn data(&self) -> usize {
        self.list.iter().map(Block::size).sum()
    }

    fn used(&self) -> usize {
        self.data() + BLOCK_BYTES * self.list.len()
    }

    fn free(&self) -> usize {
        self.buffer.saturating_sub(self.used())
    }
}

fn figure<'a>(stream: &'a dyn Stream, of: impl Fn(&Blocks<'_>) -> usize) -> Got<'a> {
    match blocks(stream) {
        Some(blocks) => Got::Unstable(Value::Int(of(&blocks) as i64)),
        None => missing(stream),
    }
}

pub(in crate::fetch) fn size<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    figure(stream, |blocks| blocks.buffer)
}

pub(in crate::fetch) fn data<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    figure(stream, |blocks| blocks.data())
}

pub(in crate::fetch) fn used<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    figure(stream, |blocks| blocks.used())
}

pub(in crate::fetch) fn free<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    figure(stream, |blocks| blocks.free())
}

/// One more block would need its own place.
pub(in crate::fetch) fn free_data<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    figure(stream, |blocks| blocks.free().saturating_sub(BLOCK_BYTES))
}

pub(in crate::fetch) fn count<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    figure(stream, |blocks| blocks.list.len())
}

pub(in crate::fetch) fn has_end<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match blocks(stream) {
        Some(blocks) => Got::Unstable(Value::Bool(blocks.complete)),
        None => missing(stream),
    }
}

/// The block that the argument names: a number, `head`, `tail` or `first`.
fn one<'a>(
    args: ArgsOf<'a>,
    stream: &'a dyn Stream,
    show: impl FnOnce(Option<Block<'a>>) -> Value<'a>,
) -> Got<'a> {
    let Some(mut blocks) = blocks(stream) else { return missing(stream) };
    let place = match args[0].int() {
        Some(place) => usize::try_from(place).unwrap_or(usize::MAX),
        None if args[0].str() == "tail" => blocks.list.len() - 1,
        None => 0,
    };
    Got::Unstable(show((place < blocks.list.len()).then(|| blocks.list.swap_remove(place))))
}

pub(in crate::fetch) fn block_size<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    one(args, stream, |block| Value::Int(block.map_or(0, |block| block.size()) as i64))
}

pub(in crate::fetch) fn block_type<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    one(args, stream, |block| Value::text(block.map_or("HTX_BLK_UNUSED", |block| block.kind()).as_bytes()))
}

pub(in crate::fetch) fn block_data<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    one(args, stream, |block| match block {
        Some(Block::Data(data)) => Value::bytes(data),
        _ => Value::bytes(b""),
    })
}

pub(in crate::fetch) fn header_name<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    one(args, stream, |block| match block {
        Some(Block::Header(name, _)) => Value::text(name),
        _ => Value::text(b""),
    })
}

pub(in crate::fetch) fn header_value<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    one(args, stream, |block| match block {
        Some(Block::Header(_, value)) => Value::text(value),
        _ => Value::text(b""),
    })
}

pub(in crate::fetch) fn start_line<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    one(args, stream, |block| match block {
        Some(Block::Start(_, texts)) => Value::Str(texts.join(&b' ').into()),
        _ => Value::text(b""),
    })
}
