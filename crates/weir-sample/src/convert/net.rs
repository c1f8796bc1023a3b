//! Addresses and packet headers (manual 7.3.1).

use super::row::*;
use crate::arg::Arg;
use crate::cast::mapped;
use crate::stage::Resolved;
use crate::value::Value;
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use packet::{Ip, Tcp, ethernet};

mod packet;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("eth.data", NONE, Bin, Bin, "payload of an Ethernet frame (7.3.1)").computes(eth_data),
    Converter::new("eth.dst", NONE, Bin, Bin, "destination of an Ethernet frame (7.3.1)").computes(eth_dst),
    Converter::new("eth.hdr", NONE, Bin, Bin, "header of an Ethernet frame (7.3.1)").computes(eth_hdr),
    Converter::new("eth.proto", NONE, Bin, Sint, "protocol of an Ethernet frame (7.3.1)").computes(eth_proto),
    Converter::new("eth.src", NONE, Bin, Bin, "source of an Ethernet frame (7.3.1)").computes(eth_src),
    Converter::new("eth.vlan", NONE, Bin, Sint, "VLAN of an Ethernet frame (7.3.1)").computes(eth_vlan),
    Converter::new("ip.data", NONE, Bin, Bin, "payload of an IP packet (7.3.1)").computes(ip_data),
    Converter::new("ip.df", NONE, Bin, Sint, "don't-fragment bit of an IP packet (7.3.1)").computes(ip_df),
    Converter::new("ip.dst", NONE, Bin, Addr, "destination of an IP packet (7.3.1)").computes(ip_dst),
    Converter::new("ip.fp", sig(0, &[Int]), Bin, Bin, "fingerprint of an IP and TCP header (7.3.1)")
        .computes(ip_fp),
    Converter::new("ip.hdr", NONE, Bin, Bin, "header of an IP packet (7.3.1)").computes(ip_hdr),
    Converter::new("ip.proto", NONE, Bin, Sint, "protocol of an IP packet (7.3.1)").computes(ip_proto),
    Converter::new("ip.src", NONE, Bin, Addr, "source of an IP packet (7.3.1)").computes(ip_src),
    Converter::new("ip.tos", NONE, Bin, Sint, "type of service of an IP packet (7.3.1)").computes(ip_tos),
    Converter::new("ip.ttl", NONE, Bin, Sint, "time to live of an IP packet (7.3.1)").computes(ip_ttl),
    Converter::new("ip.ver", NONE, Bin, Sint, "version of an IP packet (7.3.1)").computes(ip_ver),
    Converter::new("ipmask", sig(1, &[Mask4, Mask6]), Addr, Addr, "address under a mask (7.3.1)")
        .computes(ipmask),
    Converter::new("tcp.dst", NONE, Bin, Sint, "destination port of a TCP header (7.3.1)").computes(tcp_dst),
    Converter::new("tcp.flags", NONE, Bin, Sint, "flags of a TCP header (7.3.1)").computes(tcp_flags),
    Converter::new("tcp.options.mss", NONE, Bin, Sint, "maximum segment size option (7.3.1)")
        .computes(tcp_mss),
    Converter::new("tcp.options.sack", NONE, Bin, Sint, "whether SACK is permitted (7.3.1)")
        .computes(tcp_sack),
    Converter::new("tcp.options.tsopt", NONE, Bin, Sint, "whether the timestamp option is there (7.3.1)")
        .computes(tcp_tsopt),
    Converter::new("tcp.options.tsval", NONE, Bin, Sint, "timestamp value (7.3.1)").computes(tcp_tsval),
    Converter::new("tcp.options.wscale", NONE, Bin, Sint, "window scale (7.3.1)").computes(tcp_wscale),
    Converter::new("tcp.options.wsopt", NONE, Bin, Sint, "whether the window scale option is there (7.3.1)")
        .computes(tcp_wsopt),
    Converter::new("tcp.options_list", NONE, Bin, Bin, "kinds of the TCP options (7.3.1)")
        .computes(tcp_options_list),
    Converter::new("tcp.seq", NONE, Bin, Sint, "sequence number of a TCP header (7.3.1)").computes(tcp_seq),
    Converter::new("tcp.src", NONE, Bin, Sint, "source port of a TCP header (7.3.1)").computes(tcp_src),
    Converter::new("tcp.win", NONE, Bin, Sint, "window of a TCP header (7.3.1)").computes(tcp_win),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// The second mask is for IPv6 addresses that hold no IPv4 one; without it they have no masked form.
fn ipmask<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let value = match value {
        Value::Ip6(address) => mapped(address).map_or(Value::Ip6(address), Value::Ip4),
        value => value,
    };
    match (value, &args[0], &args[1]) {
        (Value::Ip4(address), Arg::Ip4(mask), _) => {
            Some(Value::Ip4(Ipv4Addr::from(u32::from(address) & u32::from(*mask))))
        }
        (Value::Ip6(address), _, Arg::Ip6(mask)) => {
            Some(Value::Ip6(Ipv6Addr::from(u128::from(address) & u128::from(*mask))))
        }
        _ => None,
    }
}

/// A piece of a block: borrowed if the block is.
fn piece(block: Cow<'_, [u8]>, range: Range<usize>) -> Option<Value<'_>> {
    Some(Value::Bin(match block {
        Cow::Borrowed(block) => block.get(range)?.into(),
        Cow::Owned(block) => block.get(range)?.to_vec().into(),
    }))
}

macro_rules! frames {
    ($($name:ident($block:ident) $body:expr;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
            let Value::Bin($block) = value else { return None };
            $body
        }
    )*};
}

fn number<'a>(value: impl Into<i64>) -> Option<Value<'a>> {
    Some(Value::Int(value.into()))
}

frames! {
    eth_dst(frame) piece(frame, 0..6);
    eth_src(frame) piece(frame, 6..12);
    eth_hdr(frame) { let end = ethernet(&frame)?.0; piece(frame, 0..end) };
    eth_data(frame) { let range = ethernet(&frame)?.0..frame.len(); piece(frame, range) };
    eth_proto(frame) {
        let end = ethernet(&frame)?.0;
        number(u16::from_be_bytes([frame[end - 2], frame[end - 1]]))
    };
    eth_vlan(frame) Some(Value::Int(ethernet(&frame)?.1? as i64));
    ip_ver(packet) number(Ip::new(&packet).version()?);
    ip_tos(packet) number(Ip::new(&packet).tos()?);
    ip_ttl(packet) number(Ip::new(&packet).ttl()?);
    ip_proto(packet) number(Ip::new(&packet).protocol()?);
    ip_df(packet) number(Ip::new(&packet).dont_fragment()?);
    ip_src(packet) Ip::new(&packet).source().map(Value::ip);
    ip_dst(packet) Ip::new(&packet).destination().map(Value::ip);
    ip_hdr(packet) { let end = Ip::new(&packet).header()?.len(); piece(packet, 0..end) };
    ip_data(packet) {
        let range = packet.len() - Ip::new(&packet).data()?.len()..packet.len();
        piece(packet, range)
    };
    tcp_src(header) number(Tcp::new(&header)?.field(0, 2));
    tcp_dst(header) number(Tcp::new(&header)?.field(2, 2));
    tcp_seq(header) number(Tcp::new(&header)?.field(4, 4));
    tcp_flags(header) number(Tcp::new(&header)?.flags());
    tcp_win(header) number(Tcp::new(&header)?.window());
    tcp_options_list(header) Some(Value::Bin(Tcp::new(&header)?.kinds()?.into()));
    tcp_mss(header) number(Tcp::new(&header).filter(Tcp::is_whole)?.number_option(2, 2));
    tcp_wscale(header) number(Tcp::new(&header).filter(Tcp::is_whole)?.number_option(3, 1));
    tcp_wsopt(header) number(Tcp::new(&header).filter(Tcp::is_whole)?.has_option(3));
    tcp_sack(header) number(Tcp::new(&header).filter(Tcp::is_whole)?.has_option(4));
    tcp_tsopt(header) number(Tcp::new(&header).filter(Tcp::is_whole)?.has_option(8));
    tcp_tsval(header) number(Tcp::new(&header).filter(Tcp::is_whole)?.number_option(8, 4));
}

fn ip_fp<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bin(packet) = value else { return None };
    Some(Value::Bin(Ip::new(&packet).fingerprint(args[0].int().unwrap_or(0))?.into()))
}
