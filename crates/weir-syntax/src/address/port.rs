//! The port behind the last colon.

use super::error::AddressErrorKind as Kind;
use super::usage::AddressUse;
use crate::number::leading_digits;
use weir_types::PortSpec;

pub(super) fn port(text: &str, usage: AddressUse) -> Result<PortSpec, Kind> {
    if text.is_empty() {
        return if usage.port_needed() { Err(Kind::PortMissing) } else { Ok(PortSpec::None) };
    }
    if let Some(digits) = text.strip_prefix(['+', '-']) {
        if !usage.offset_allowed() {
            return Err(Kind::PortOffsetNotAllowed);
        }
        let amount = i32::from(number(digits, text)?);
        return Ok(PortSpec::Offset(if text.starts_with('-') { -amount } else { amount }));
    }
    let (first, rest) = leading_digits(text);
    match rest.strip_prefix('-') {
        Some(_) if !first.is_empty() && !usage.range_allowed() => Err(Kind::PortRangeNotAllowed),
        Some(last) if !first.is_empty() => range(first, last, text, usage),
        _ => Ok(match number(text, text)? {
            0 if usage.port_needed() => return Err(Kind::Port { port: text.into() }),
            0 => PortSpec::None,
            port => PortSpec::Fixed(port),
        }),
    }
}

fn range(first: &str, last: &str, text: &str, usage: AddressUse) -> Result<PortSpec, Kind> {
    let invalid = |port: &str| Kind::Port { port: port.into() };
    let low: u16 = first.parse().map_err(|_| invalid(first))?;
    if low == 0 && usage.port_needed() {
        return Err(invalid(first));
    }
    let high: u16 = last.parse().map_err(|_| invalid(last))?;
    match low <= high {
        true if low == high => Ok(PortSpec::Fixed(low)),
        true => Ok(PortSpec::Range(low, high)),
        false => Err(Kind::PortRange { range: text.into() }),
    }
}

fn number(digits: &str, port: &str) -> Result<u16, Kind> {
    let (_, rest) = leading_digits(digits);
    match rest.chars().next() {
        Some(character) => Err(Kind::PortCharacter { character, port: port.into() }),
        None if digits.is_empty() => Ok(0),
        None => digits.parse().map_err(|_| Kind::Port { port: port.into() }),
    }
}
