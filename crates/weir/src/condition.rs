//! `-cc`: 0 true, 1 false, 2 no such condition.

use weir_syntax::condition::evaluate_command_line;
use weir_syntax::{Capabilities, Environment};

use crate::usage;

pub fn evaluate(text: &str) -> i32 {
    let environment = Environment::from_process(std::env::vars_os());
    match evaluate_command_line(text, &environment, &Capabilities::default()) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            usage::alert(&format!("config : Failed to evaluate condition: {error}"));
            2
        }
    }
}
