//! `set weight`, `set server ... weight`.

use weir_plan::settings::Algorithm;
use weir_plan::settings::HashMethod;
use weir_types::ServerId;

use super::transition::apply;
use super::{Servers, Told, ramp};

/// Why a weight was refused; displays as HAProxy's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightError {
    Empty,
    TrailingGarbage,
    OutOfRange,
    Static,
}

impl std::fmt::Display for WeightError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            WeightError::Empty => "Empty weight string empty or preceded by garbage",
            WeightError::TrailingGarbage => "Trailing garbage in weight string",
            WeightError::OutOfRange => "Absolute weight can only be between 0 and 256 inclusive.",
            WeightError::Static => {
                "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'."
            }
        })
    }
}

impl std::error::Error for WeightError {}

/// Sets the weight to an absolute figure or a percentage of the initial one.
pub fn weight(servers: &Servers<'_>, id: ServerId, text: &str) -> Result<Vec<Told>, WeightError> {
    let state = servers.state(id);
    let digits = text.trim_start_matches(['-', '+']).bytes().take_while(u8::is_ascii_digit).count();
    let sign = text.len() - text.trim_start_matches(['-', '+']).len();
    let number: i64 = text[..sign + digits].parse().map_err(|_| WeightError::Empty)?;
    let weight = match &text[sign + digits..] {
        "" if !(0..=256).contains(&number) => return Err(WeightError::OutOfRange),
        "" => number,
        "%" if number < 0 => return Err(WeightError::OutOfRange),
        "%" => (i64::from(state.initial_weight.value()) * number / 100).min(256),
        _ => return Err(WeightError::TrailingGarbage),
    };
    let weight = u32::try_from(weight).map_err(|_| WeightError::OutOfRange)?;
    if is_static(servers, id) && weight != 0 && weight != state.initial_weight.value() {
        return Err(WeightError::Static);
    }
    let lines = apply(
        servers,
        id,
        |state| {
            state.user_weight.set(weight);
            ramp::settle_weight(servers, id);
        },
        None,
    );
    Ok(lines)
}

/// Whether the algorithm lays its order out beforehand.
pub fn is_static(servers: &Servers<'_>, id: ServerId) -> bool {
    let Some(half) = &servers.backend_of(id).backend else { return false };
    match half.balance.algorithm {
        Algorithm::StaticRoundRobin => true,
        Algorithm::RoundRobin | Algorithm::LeastConn | Algorithm::First | Algorithm::Random(_) => false,
        _ => half.balance.method == HashMethod::MapBased,
    }
}

/// `maxconn` of `set maxconn server` and of agents. Displays as HAProxy's reply.
pub fn parse_limit(text: &str) -> Result<u32, &'static str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match (text[..digits].parse::<u32>(), digits == text.len()) {
        (Ok(value), true) => Ok(value),
        (Ok(_), false) => Err("Trailing garbage in maxconn string"),
        (Err(_), _) => Err("maxconn string empty or preceded by garbage"),
    }
}
