//! What an agent answers (manual `agent-check`): one line of words, each an order, a state or a weight.

use crate::status::{CheckStatus, Outcome};

/// What an agent wants done to its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentOrders {
    /// `drain`, `maint`, `ready`: the last of them.
    pub administrative: Option<AgentState>,
    /// `50%`, with what `set weight` takes.
    pub weight: Option<String>,
    /// `maxconn:10`: what stands behind the colon.
    pub maxconn: Option<String>,
    /// `up`, `down`, `stopped`, `fail`.
    pub health: Option<Health>,
    /// The word that gave the health, as written.
    word: String,
    /// What stands behind `#`, and otherwise a word that is none of the above.
    description: String,
    is_foreign: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    Drain,
    Maintenance,
    Ready,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Up,
    Down,
}

impl AgentOrders {
    pub fn parse(line: &str) -> Self {
        let (words, description) = match line.find('#') {
            // A `#` inside a word belongs to the word.
            Some(at) if at == 0 || is_blank(line.as_bytes()[at - 1]) => (&line[..at], Some(&line[at + 1..])),
            _ => (line, None),
        };
        let mut orders = Self::default();
        let mut foreign = None;
        for word in words.split(|letter: char| letter.is_ascii() && is_blank(letter as u8)) {
            let lower = word.to_ascii_lowercase();
            match &*lower {
                "" => {}
                "drain" => orders.administrative = Some(AgentState::Drain),
                "maint" => orders.administrative = Some(AgentState::Maintenance),
                "ready" => orders.administrative = Some(AgentState::Ready),
                "up" => orders.health_is(Health::Up, word),
                "down" | "stopped" | "fail" => orders.health_is(Health::Down, word),
                _ if lower.starts_with("maxconn:") => {
                    orders.maxconn = Some(word["maxconn:".len()..].to_owned())
                }
                _ if word.starts_with(|first: char| first.is_ascii_digit()) && word.ends_with('%') => {
                    orders.weight = Some(word.to_owned());
                }
                _ => foreign = foreign.or(Some(word)),
            }
        }
        orders.is_foreign = foreign.is_some();
        orders.description = description.or(foreign).unwrap_or_default().trim().to_owned();
        orders
    }

    fn health_is(&mut self, health: Health, word: &str) {
        self.health = Some(health);
        self.word = word.to_owned();
    }

    /// The outcome that is reported. `warning`: why the weight or `maxconn` was not accepted.
    pub fn outcome(&self, warning: Option<&str>, duration_ms: u64) -> Outcome {
        let (status, info) = match (self.health, warning) {
            (Some(health), _) => {
                let reason = match self.description.is_empty() {
                    true => String::new(),
                    false => format!(" ({})", self.description),
                };
                let status = match health {
                    Health::Up => CheckStatus::L7Ok,
                    Health::Down => CheckStatus::L7Status,
                };
                (status, format!("via agent : {}{reason}", self.word))
            }
            (None, Some(warning)) => (CheckStatus::Checked, format!("agent warns : {warning}")),
            (None, None) if self.is_foreign => {
                (CheckStatus::Checked, format!("agent reports an error : {}", self.description))
            }
            (None, None) => (CheckStatus::Checked, String::new()),
        };
        Outcome { status, code: status.has_code().then_some(0), info, duration_ms }
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> (CheckStatus, String) {
        let outcome = AgentOrders::parse(line).outcome(None, 0);
        (outcome.status, outcome.info)
    }

    /// `agent_status` and `last_agt` of HAProxy 2.8 for the same lines.
    #[test]
    fn lines_as_observed() {
        let cases = [
            ("up", CheckStatus::L7Ok, "via agent : up"),
            ("UP", CheckStatus::L7Ok, "via agent : UP"),
            ("down", CheckStatus::L7Status, "via agent : down"),
            ("fail #disk", CheckStatus::L7Status, "via agent : fail (disk)"),
            ("up #all good", CheckStatus::L7Ok, "via agent : up (all good)"),
            ("foo up", CheckStatus::L7Ok, "via agent : up (foo)"),
            ("up down", CheckStatus::L7Status, "via agent : down"),
            ("down up", CheckStatus::L7Ok, "via agent : up"),
            ("up\t20%", CheckStatus::L7Ok, "via agent : up"),
            ("ready, 33%, up", CheckStatus::L7Ok, "via agent : up"),
            ("hello", CheckStatus::Checked, "agent reports an error : hello"),
            ("50", CheckStatus::Checked, "agent reports an error : 50"),
            ("-5%", CheckStatus::Checked, "agent reports an error : -5%"),
            ("stopped#reason here", CheckStatus::Checked, "agent reports an error : stopped#reason"),
            ("75%", CheckStatus::Checked, ""),
            ("", CheckStatus::Checked, ""),
        ];
        for (line, status, info) in cases {
            assert_eq!(told(line), (status, info.to_owned()), "{line}");
        }
    }

    #[test]
    fn orders_beside_the_health() {
        let orders = AgentOrders::parse("up 50% maxconn:3 ready");
        assert_eq!(orders.administrative, Some(AgentState::Ready));
        assert_eq!(orders.weight.as_deref(), Some("50%"));
        assert_eq!(orders.maxconn.as_deref(), Some("3"));
        assert_eq!(orders.health, Some(Health::Up));
    }
}
