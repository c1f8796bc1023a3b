//! `balance source` as recorded.

use std::net::IpAddr;

use super::backend::Backend;
use crate::{Algorithm, Choice, Request, Table, hash};

#[test]
fn source_addresses_go_where_they_go_in_haproxy() {
    let mut lines = include_str!("data/source.tsv").lines().filter(|line| !line.starts_with('#'));
    let parse = |word: &str| word.parse::<IpAddr>().expect("an address");
    let addresses: Vec<IpAddr> = lines.next().expect("addresses").split(' ').map(parse).collect();
    let mut choices = 0;
    for line in lines {
        let columns: Vec<Vec<u32>> = line
            .split('\t')
            .map(|column| column.split(' ').map(|word| word.parse().expect("a number")).collect())
            .collect();
        let backend = Backend::with_weights(Algorithm::MapBased, &columns[0]);
        if let Some(down) = columns[1][0].checked_sub(1) {
            backend.change(down as usize, |server| server.down = true);
        }
        let mut table = Table::default();
        for (address, expected) in addresses.iter().zip(&columns[2]) {
            let chosen =
                table.choose(&backend.settings, &backend, hash::source(*address), &Request::default());
            assert_eq!(chosen, Choice::Server(*expected as usize - 1), "{address} in {line}");
            choices += 1;
        }
    }
    assert!(choices > 1000, "{choices} choices");
}
