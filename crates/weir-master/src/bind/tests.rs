use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use weir_plan::settings::BindSettings;
use weir_types::{Address, SocketKind};

use super::*;
use crate::blueprint::Taker;

fn spec(family: AddressFamily, port: PortSpec) -> ListenerSpec {
    ListenerSpec {
        name: "f/l".into(),
        taker: Taker::Workers,
        address: Address { family, port, kind: SocketKind::Stream, quic: false, mptcp: false, only: None },
        settings: BindSettings::default(),
        backlog: 0,
        owner: "frontend f".into(),
        place: "a.cfg:9".into(),
    }
}

#[test]
fn a_taken_address_is_told_as_haproxy_tells_it() {
    let settings = ProcessSettings { noreuseport: true, ..ProcessSettings::default() };
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let spec = spec(AddressFamily::Ip("127.0.0.1".parse().unwrap()), PortSpec::Fixed(port));
    let error = Binder::default().bind(&spec, &settings, None).unwrap_err();
    assert!(error.is_taken());
    let text = format!(
        "Binding [a.cfg:9] for frontend f: cannot bind socket (Address already in use) for [127.0.0.1:{port}]"
    );
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_unix_socket_replaces_the_one_before_without_a_gap() {
    let directory = std::env::temp_dir().join(format!("weir-bind-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("s.sock");
    let mut spec = spec(AddressFamily::Unix(path.to_str().unwrap().into()), PortSpec::None);
    spec.settings.mode = Some(0o600);
    let settings = ProcessSettings::default();
    let first = Binder::default().bind(&spec, &settings, None).unwrap();
    UnixStream::connect(&path).unwrap();
    let _second = Binder::default().bind(&spec, &settings, None).unwrap();
    UnixStream::connect(&path).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let copy = first.as_fd().try_clone_to_owned().unwrap();
    let mut heir = Binder::with_inherited(vec![copy]);
    heir.bind(&spec, &settings, None).unwrap();
    assert!(heir.inherited.is_empty());
    std::fs::remove_dir_all(directory).unwrap();
}
