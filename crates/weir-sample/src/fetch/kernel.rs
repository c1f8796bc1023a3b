//! What the kernel knows of a TCP connection (`fc_rtt` and its kin), and what a PROXY header said beside addresses.

use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::{Named, Resolved};
use crate::stream::{Side, Stream, TcpFigures};
use crate::value::{Got, Value};

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn figure(stream: &dyn Stream, side: Side, read: fn(TcpFigures) -> u32) -> Got<'static> {
    stream.tcp_figures(side).map(|figures| Value::Int(read(figures).into())).into()
}

fn time(args: ArgsOf<'_>, stream: &dyn Stream, side: Side, read: fn(TcpFigures) -> u32) -> Got<'static> {
    let scale = if args[0].str() == "us" { 1 } else { 1000 };
    stream.tcp_figures(side).map(|figures| Value::Int(i64::from(read(figures)) / scale)).into()
}

macro_rules! figures {
    ($($name:ident $side:ident $field:ident;)*) => {$(
        pub(super) fn $name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            figure(stream, Side::$side, |figures| figures.$field)
        }
    )*};
}

macro_rules! times {
    ($($name:ident $side:ident $field:ident;)*) => {$(
        pub(super) fn $name<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            time(args, stream, Side::$side, |figures| figures.$field)
        }
    )*};
}

figures! {
    fc_fackets Client fackets;
    fc_lost Client lost;
    fc_reordering Client reordering;
    fc_retrans Client retransmits;
    fc_sacked Client sacked;
    fc_unacked Client unacked;
}

times! {
    bc_rtt Server rtt_us;
    bc_rttvar Server rttvar_us;
    fc_rtt Client rtt_us;
    fc_rttvar Client rttvar_us;
}

/// The types of `proxy-protocol.txt` that have a name.
const TYPES: [(&str, u8); 12] = [
    ("ALPN", 0x01),
    ("AUTHORITY", AUTHORITY),
    ("CRC32C", 0x03),
    ("NOOP", 0x04),
    ("UNIQUE_ID", UNIQUE_ID),
    ("SSL", 0x20),
    ("SSL_VERSION", 0x21),
    ("SSL_CN", 0x22),
    ("SSL_CIPHER", 0x23),
    ("SSL_SIG_ALG", 0x24),
    ("SSL_KEY_ALG", 0x25),
    ("NETNS", 0x30),
];
const AUTHORITY: u8 = 0x02;
const UNIQUE_ID: u8 = 0x05;

/// The manual calls one of them by another name than the specification.
fn named(word: &str) -> Option<u8> {
    let word = if word.eq_ignore_ascii_case("CRC32") { "CRC32C" } else { word };
    TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind)
}

/// Decimal, or hexadecimal behind `0x` as in the manual's examples.
pub fn tlv_number(word: &str) -> Option<u8> {
    match word.strip_prefix("0x").or(word.strip_prefix("0X")) {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

pub(super) fn check_tlv(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    let word = args[0].str();
    let kind = named(word).or_else(|| tlv_number(word));
    let kind = kind.ok_or_else(|| format!("unable to parse the TLV ID '{word}'"))?;
    args[0] = Arg::Int(kind.into());
    Ok(())
}

fn tlv(stream: &dyn Stream, kind: u8) -> Got<'_> {
    stream.proxy_tlv(kind).map(Value::text).into()
}

pub(super) fn fc_pp_tlv<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match args[0].int().and_then(|kind| u8::try_from(kind).ok()) {
        Some(kind) => tlv(stream, kind),
        None => Got::Nothing,
    }
}

pub(super) fn fc_pp_authority<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    tlv(stream, AUTHORITY)
}

pub(super) fn fc_pp_unique_id<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    tlv(stream, UNIQUE_ID)
}

/// The kernel gives it away once.
pub(super) fn fc_saved_syn<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.saved_syn().map(|packet| Value::Bin(packet.into())).into()
}
