//! Expected addresses and messages are HAProxy 2.8.25's; a port followed by anything is refused as in 3.4.

use super::{AddressUse, parse};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use weir_types::{Address, AddressFamily, IpVersion, PortSpec, SocketKind};

const USES: [AddressUse; 11] = [
    AddressUse::Bind,
    AddressUse::DgramBind,
    AddressUse::Server,
    AddressUse::ServerSource,
    AddressUse::Source,
    AddressUse::Check,
    AddressUse::Log,
    AddressUse::Nameserver,
    AddressUse::Peer,
    AddressUse::Mailer,
    AddressUse::Socks4,
];

fn address(text: &str, usage: AddressUse) -> Address {
    parse(text, usage).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str, usage: AddressUse) -> String {
    parse(text, usage).expect_err(text).to_string()
}

#[test]
fn hosts_and_ports() {
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let any6 = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let local6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let four = IpAddr::V4(Ipv4Addr::new(1, 2, 3, 4));
    for (text, ip) in [
        ("1.2.3.4:80", four),
        ("[1.2.3.4]:80", four),
        (":80", any),
        ("*:80", any),
        ("0.0.0.0:80", any),
        (":::80", any6),
        ("[::]:80", any6),
        ("::1:80", local6),
        ("[::1]:80", local6),
        ("::ffff:1.2.3.4:80", "::ffff:1.2.3.4".parse().expect("an address")),
        ("ipv6@*:80", any6),
        ("ipv6@:80", any6),
        ("ipv4@:80", any),
        ("ip@::1:80", local6),
        ("tcp6@::1:80", local6),
        ("stream+ipv4@1.2.3.4:80", four),
        ("1.2.3.4:00080", four),
    ] {
        let address = address(text, AddressUse::Bind);
        assert_eq!((address.family, address.port), (AddressFamily::Ip(ip), PortSpec::Fixed(80)), "{text}");
        assert_eq!((address.kind, address.quic, address.mptcp), (SocketKind::Stream, false, false));
    }
}

#[test]
fn ports_of_each_statement() {
    use AddressUse::{Bind, Server, ServerSource, Source};
    for (text, usage, port) in [
        ("*:80-90", Bind, PortSpec::Range(80, 90)),
        ("*:80-80", Bind, PortSpec::Fixed(80)),
        ("1.2.3.4:1024-2000", ServerSource, PortSpec::Range(1024, 2000)),
        ("1.2.3.4", Server, PortSpec::None),
        ("1.2.3.4:", Server, PortSpec::None),
        ("1.2.3.4:0", Server, PortSpec::None),
        ("[::1]", Server, PortSpec::None),
        ("ipv4@", Server, PortSpec::None),
        ("1.2.3.4:+80", Server, PortSpec::Offset(80)),
        (":-80", Server, PortSpec::Offset(-80)),
        (":+0", Server, PortSpec::Offset(0)),
        ("*", Source, PortSpec::None),
        ("1.2.3.4:65535", Source, PortSpec::Fixed(65535)),
    ] {
        assert_eq!(address(text, usage).port, port, "{text}");
    }
}

#[test]
fn other_families() {
    use AddressUse::{Bind, Log, Server};
    let unix = |path: &str| AddressFamily::Unix(path.into());
    for (text, usage, family, kind) in [
        ("/tmp/x.sock", Bind, unix("/tmp/x.sock"), SocketKind::Stream),
        ("unix@x:80", Bind, unix("x:80"), SocketKind::Stream),
        ("stream+/tmp/x", Server, unix("/tmp/x"), SocketKind::Stream),
        ("/dev/log", Log, unix("/dev/log"), SocketKind::Datagram),
        ("uxst@/tmp/x", Log, unix("/tmp/x"), SocketKind::Stream),
        ("uxdg@/tmp/x", Log, unix("/tmp/x"), SocketKind::Datagram),
        ("abns@/x:80", Bind, AddressFamily::Abstract(b"/x:80".as_slice().into()), SocketKind::Stream),
        ("abnsz@x", Bind, AddressFamily::AbstractUnpadded(b"x".as_slice().into()), SocketKind::Stream),
        ("fd@3", Bind, AddressFamily::Fd(3), SocketKind::Stream),
        ("fd@00", Log, AddressFamily::Fd(0), SocketKind::Datagram),
        ("stdout", Log, AddressFamily::Fd(1), SocketKind::Datagram),
        ("stderr", Log, AddressFamily::Fd(2), SocketKind::Datagram),
        ("ring@r", Log, AddressFamily::Ring("r".into()), SocketKind::Datagram),
        ("backend@b", Log, AddressFamily::Backend("b".into()), SocketKind::Datagram),
        ("sockpair@4", Server, AddressFamily::SocketPair(4), SocketKind::Stream),
        ("rhttp@b/s", Bind, AddressFamily::Reverse("b/s".into()), SocketKind::Stream),
        ("rhttp@", Server, AddressFamily::Reverse("".into()), SocketKind::Stream),
    ] {
        let address = address(text, usage);
        assert_eq!((address.family, address.kind, address.port), (family, kind, PortSpec::None), "{text}");
    }
}

#[test]
fn protocols() {
    let quic = address("quic4@:443", AddressUse::Bind);
    assert_eq!((quic.quic, quic.kind, quic.only), (true, SocketKind::Datagram, Some(IpVersion::V4)));
    assert_eq!(address("quic+ipv4@:443", AddressUse::Bind), quic);
    assert!(address("mptcp6@::1:80", AddressUse::Server).mptcp);
    assert_eq!(address("udp@1.2.3.4:514", AddressUse::Log), address("dgram+ip@1.2.3.4:514", AddressUse::Log));
    assert_eq!(address("tcp4@1.2.3.4:1", AddressUse::Log), address("stream+ipv4@1.2.3.4:1", AddressUse::Log));
    // The protocol's own kind is the stronger one.
    assert_eq!(address("dgram+tcp4@1.2.3.4:1", AddressUse::Bind).kind, SocketKind::Stream);
}

#[test]
fn names_are_left_to_be_looked_up() {
    for (text, host, only) in [
        ("localhost:80", "localhost", None),
        ("ipv6@web-1.example.com:80", "web-1.example.com", Some(IpVersion::V6)),
        ("1.2.3:80", "1.2.3", None),
        ("999.1.1.1:80", "999.1.1.1", None),
    ] {
        let address = address(text, AddressUse::Bind);
        assert_eq!((address.family, address.only), (AddressFamily::Name(host.into()), only), "{text}");
    }
    for (text, host) in [
        ("80", "80"),
        ("::1", ":"),
        ("foo@1.2.3.4:80", "foo@1.2.3.4"),
        ("[::1:80", "[::1"),
        ("ipv4@::1:80", "::1"),
    ] {
        assert_eq!(address(text, AddressUse::Server).family, AddressFamily::Name(host.into()), "{text}");
    }
}

#[test]
fn faults_on_a_bind_line() {
    for (text, message) in [
        ("1.2.3.4", "missing port specification in '1.2.3.4'"),
        ("1.2.3.4:", "missing port specification in '1.2.3.4:'"),
        ("*", "missing port specification in '*'"),
        (":", "missing port specification in ':'"),
        ("::", "missing port specification in '::'"),
        ("[::1]", "missing port specification in '[::1]'"),
        ("ring@r", "missing port specification in 'ring@r'"),
        ("stdout", "missing port specification in 'stdout'"),
        ("tcp4@/tmp/x", "missing port specification in 'tcp4@/tmp/x'"),
        ("::1", "invalid address: ':' in '::1'"),
        ("[::1", "invalid address: '[:' in '[::1'"),
        ("::1]:80", "invalid address: '::1]' in '::1]:80'"),
        ("[*]:80", "invalid address: '[*]' in '[*]:80'"),
        ("[::1]x:80", "invalid address: '[::1]x' in '[::1]x:80'"),
        ("1.2.3.4:80:81", "invalid address: '1.2.3.4:80' in '1.2.3.4:80:81'"),
        ("fe80::1%eth0:80", "invalid address: 'fe80::1%eth0' in 'fe80::1%eth0:80'"),
        ("ipv4@::1:80", "invalid address: '::1' in 'ipv4@::1:80'"),
        ("ipv6@127.0.0.1:80", "invalid address: '127.0.0.1' in 'ipv6@127.0.0.1:80'"),
        ("IPV4@1.2.3.4:80", "invalid address: 'IPV4@1.2.3.4' in 'IPV4@1.2.3.4:80'"),
        ("@1.2.3.4:80", "invalid address: '@1.2.3.4' in '@1.2.3.4:80'"),
        ("1.2.3.4:0", "invalid port '0'"),
        ("1.2.3.4:0-5", "invalid port '0'"),
        ("1.2.3.4:65536", "invalid port '65536'"),
        ("1.2.3.4:99999999999", "invalid port '99999999999'"),
        ("1.2.3.4:80-65536", "invalid port '65536'"),
        ("1.2.3.4:80-x", "invalid port 'x'"),
        ("1.2.3.4:80-", "invalid port ''"),
        ("1.2.3.4:90-80", "invalid port range '90-80'"),
        ("1.2.3.4:+80", "port offset not permitted here in '1.2.3.4:+80'"),
        ("1.2.3.4:-80", "port offset not permitted here in '1.2.3.4:-80'"),
        ("nohost:x", "invalid character 'x' in port number 'x' in 'nohost:x'"),
        ("127.0.0.1:8443/auth", "invalid character '/' in port number '8443/auth' in '127.0.0.1:8443/auth'"),
        ("udp@1.2.3.4:80", "dgram-type address not acceptable in 'udp@1.2.3.4:80'"),
        ("dgram+unix@/tmp/x", "dgram-type address not acceptable in 'dgram+unix@/tmp/x'"),
        ("stream+udp4@1.2.3.4:80", "dgram-type address not acceptable in 'stream+udp4@1.2.3.4:80'"),
        ("fd@x", "file descriptor 'x' is not a valid integer in 'fd@x'"),
        ("fd@", "file descriptor '' is not a valid integer in 'fd@'"),
        ("fd@-1", "file descriptor '-1' is not a valid integer in 'fd@-1'"),
        ("sockpair@3x", "file descriptor '3x' is not a valid integer in 'sockpair@3x'"),
    ] {
        assert_eq!(error(text, AddressUse::Bind), message);
    }
}

#[test]
fn faults_elsewhere() {
    use AddressUse::{Check, DgramBind, Log, Mailer, Nameserver, Server, Source};
    let quic = "unsupported stream protocol for datagram family 2 address 'quic4@1.2.3.4:80'; QUIC is not compiled in \
                if this is what you were looking for.";
    for (text, usage, message) in [
        ("1.2.3.4:80-90", Server, "port range not permitted here in '1.2.3.4:80-90'"),
        ("1.2.3.4:80-", Source, "port range not permitted here in '1.2.3.4:80-'"),
        ("1.2.3.4:+80", Source, "port offset not permitted here in '1.2.3.4:+80'"),
        ("+-1", Source, "invalid address: '+-1' in '+-1'"),
        ("1.2.3.4", Nameserver, "missing port specification in '1.2.3.4'"),
        ("1.2.3.4:0", Mailer, "invalid port '0'"),
        ("fd@3", Server, "a file descriptor is not acceptable here in 'fd@3'"),
        ("fd@3", Check, "a file descriptor is not acceptable here in 'fd@3'"),
        ("tcp@1.2.3.4:80", DgramBind, "stream-type address not acceptable in 'tcp@1.2.3.4:80'"),
        ("uxst@/tmp/x", DgramBind, "stream-type address not acceptable in 'uxst@/tmp/x'"),
        ("uxdg@/tmp/x", Server, "dgram-type address not acceptable in 'uxdg@/tmp/x'"),
        ("quic4@1.2.3.4:80", Log, quic),
        ("quic4@1.2.3.4:80", Source, quic),
    ] {
        assert_eq!(error(text, usage), message);
    }
}

#[test]
fn paths_have_an_end() {
    let name = |prefix: &str, count: usize| format!("{prefix}{}", "x".repeat(count));
    for (prefix, maximum) in [("unix@", 97), ("abns@", 107)] {
        assert!(parse(&name(prefix, maximum), AddressUse::Bind).is_ok());
        let long = name(prefix, maximum + 1);
        assert_eq!(error(&long, AddressUse::Bind), format!("socket path '{long}' too long (max {maximum})"));
    }
    assert!(parse(&name("/", 96), AddressUse::Bind).is_ok());
    assert!(parse(&name("/", 97), AddressUse::Bind).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in "(stream\\+|dgram\\+)?(ipv6@|fd@|abns@|quic4@)?[\\[\\]:.*0-9a-f+/é-]{0,20}") {
        for usage in USES {
            let _ = parse(&text, usage);
        }
    }
}
