//! Addresses and packet headers (manual 7.3.1).

use super::row::*;
use crate::arg::Arg;
use crate::cast::mapped;
use crate::stage::Resolved;
use crate::stream::Stream;
use crate::value::Value;
use std::net::{Ipv4Addr, Ipv6Addr};

pub(super) const ROWS: &[Converter] = &[
    Converter::new("eth.data", NONE, Bin, Bin, "payload of an Ethernet frame (7.3.1)"),
    Converter::new("eth.dst", NONE, Bin, Bin, "destination of an Ethernet frame (7.3.1)"),
    Converter::new("eth.hdr", NONE, Bin, Bin, "header of an Ethernet frame (7.3.1)"),
    Converter::new("eth.proto", NONE, Bin, Sint, "protocol of an Ethernet frame (7.3.1)"),
    Converter::new("eth.src", NONE, Bin, Bin, "source of an Ethernet frame (7.3.1)"),
    Converter::new("eth.vlan", NONE, Bin, Sint, "VLAN of an Ethernet frame (7.3.1)"),
    Converter::new("ip.data", NONE, Bin, Bin, "payload of an IP packet (7.3.1)"),
    Converter::new("ip.df", NONE, Bin, Sint, "don't-fragment bit of an IP packet (7.3.1)"),
    Converter::new("ip.dst", NONE, Bin, Addr, "destination of an IP packet (7.3.1)"),
    Converter::new("ip.fp", sig(0, &[Int]), Bin, Bin, "fingerprint of an IP and TCP header (7.3.1)"),
    Converter::new("ip.hdr", NONE, Bin, Bin, "header of an IP packet (7.3.1)"),
    Converter::new("ip.proto", NONE, Bin, Sint, "protocol of an IP packet (7.3.1)"),
    Converter::new("ip.src", NONE, Bin, Addr, "source of an IP packet (7.3.1)"),
    Converter::new("ip.tos", NONE, Bin, Sint, "type of service of an IP packet (7.3.1)"),
    Converter::new("ip.ttl", NONE, Bin, Sint, "time to live of an IP packet (7.3.1)"),
    Converter::new("ip.ver", NONE, Bin, Sint, "version of an IP packet (7.3.1)"),
    Converter::new("ipmask", sig(1, &[Mask4, Mask6]), Addr, Addr, "address under a mask (7.3.1)")
        .runs(ipmask),
    Converter::new("tcp.dst", NONE, Bin, Sint, "destination port of a TCP header (7.3.1)"),
    Converter::new("tcp.flags", NONE, Bin, Sint, "flags of a TCP header (7.3.1)"),
    Converter::new("tcp.options.mss", NONE, Bin, Sint, "maximum segment size option (7.3.1)"),
    Converter::new("tcp.options.sack", NONE, Bin, Sint, "whether SACK is permitted (7.3.1)"),
    Converter::new("tcp.options.tsopt", NONE, Bin, Sint, "whether the timestamp option is there (7.3.1)"),
    Converter::new("tcp.options.tsval", NONE, Bin, Sint, "timestamp value (7.3.1)"),
    Converter::new("tcp.options.wscale", NONE, Bin, Sint, "window scale (7.3.1)"),
    Converter::new("tcp.options.wsopt", NONE, Bin, Sint, "whether the window scale option is there (7.3.1)"),
    Converter::new("tcp.options_list", NONE, Bin, Bin, "kinds of the TCP options (7.3.1)"),
    Converter::new("tcp.seq", NONE, Bin, Sint, "sequence number of a TCP header (7.3.1)"),
    Converter::new("tcp.src", NONE, Bin, Sint, "source port of a TCP header (7.3.1)"),
    Converter::new("tcp.win", NONE, Bin, Sint, "window of a TCP header (7.3.1)"),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// The second mask is for IPv6 addresses that hold no IPv4 one; without it they have no masked form.
fn ipmask<'a>(args: ArgsOf<'a>, value: Value<'a>, _: &'a dyn Stream) -> Option<Value<'a>> {
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
