//! `set weight`, `set server ... weight`.

use weir_balance::WEIGHT_SCALE;
use weir_plan::settings::Algorithm;
use weir_plan::settings::HashMethod;
use weir_types::ServerId;

use super::transition::{apply, state_of};
use crate::View;

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
pub fn weight(view: &View<'_>, id: ServerId, text: &str) -> Result<(), WeightError> {
    let state = state_of(view, id);
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
    if is_static(view, id) && weight != 0 && weight != state.initial_weight.value() {
        return Err(WeightError::Static);
    }
    apply(
        view,
        id,
        |state| {
            state.user_weight.set(weight);
            state.effective_weight.set(weight * WEIGHT_SCALE);
        },
        None,
    );
    Ok(())
}

/// Whether the algorithm lays its order out beforehand.
pub(crate) fn is_static(view: &View<'_>, id: ServerId) -> bool {
    let Some(half) = &view.backend_of(id).backend else { return false };
    match half.balance.algorithm {
        Algorithm::StaticRoundRobin => true,
        Algorithm::RoundRobin | Algorithm::LeastConn | Algorithm::First | Algorithm::Random(_) => false,
        _ => half.balance.method == HashMethod::MapBased,
    }
}
