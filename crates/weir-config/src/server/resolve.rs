//! How a server's name becomes an address.

use weir_syntax::address::{self, AddressUse};
use weir_types::AddressFamily;

use super::option::ServerOption;
use super::place::{Draft, Place};
use crate::model::{InitAddress, Name};
use crate::outcome::Outcome;
use crate::parser::Parser;

pub const OPTIONS: &[ServerOption] = &[
    ServerOption::valued("init-addr", "Its address at the start (5.2).", init_addr),
    ServerOption::valued("resolvers", "The section that asks the DNS (5.2).", |parser, place, draft| {
        let name = place.expected("a resolvers section name as argument")?;
        draft.options.resolvers = Some(Name::new(parser.intern(name), place.span()));
        Ok(1)
    }),
    ServerOption::valued("resolve-prefer", "Which family first (5.2).", |_, place, _| match place.value() {
        "ipv4" | "ipv6" => Ok(1),
        _ => place.fail("'resolve-prefer' expects either ipv4 or ipv6 as argument."),
    })
    .no_effect("only with resolvers"),
    ServerOption::valued("resolve-net", "Which networks first (5.2).", |_, place, _| {
        let list = place.expected("a list of networks.")?;
        match list.split(',').find(|text| crate::proxy::network(text).is_none()) {
            Some(wrong) => place.fail(&format!("'resolve-net' invalid network '{wrong}'.")),
            None => Ok(1),
        }
    })
    .no_effect("only with resolvers"),
    ServerOption::valued("resolve-opts", "Which answers count (5.2).", |_, place, _| {
        let known = ["allow-dup-ip", "ignore-weight", "prevent-dup-ip", ""];
        match place.value().split(',').find(|name| !known.contains(name)) {
            Some(name) => place.wrong(&format!(
                "unknown resolve-opts option '{name}', supported methods are 'allow-dup-ip', 'ignore-weight', and \
                 'prevent-dup-ip'."
            )),
            None => Ok(1),
        }
    })
    .no_effect("only with resolvers"),
];

fn init_addr(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let mut methods = Vec::new();
    for word in place.value().split(',').filter(|word| !word.is_empty()) {
        methods.push(match word {
            "libc" => InitAddress::Libc,
            "last" => InitAddress::Last,
            "none" => InitAddress::None,
            text => match address::parse(text, AddressUse::Check).map(|address| address.family) {
                Ok(AddressFamily::Ip(ip)) if text.contains(['.', ':']) => InitAddress::Ip(ip),
                _ => {
                    return place.wrong(&format!(
                        "unknown init-addr method '{text}', supported methods are 'libc', 'last', 'none'."
                    ));
                }
            },
        });
    }
    draft.options.init_address = (!methods.is_empty()).then(|| methods.into());
    Ok(1)
}
