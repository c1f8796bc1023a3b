//! `-cc`: 0 true, 1 false, 2 no such condition.

use weir_syntax::condition::evaluate_command_line;
use weir_syntax::{Capabilities, Environment};

use crate::usage;

pub fn evaluate(text: &str, capabilities: &Capabilities) -> i32 {
    let environment = Environment::from_process(std::env::vars_os());
    match evaluate_command_line(text, &environment, capabilities) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            usage::alert(&format!("config : {error}"));
            2
        }
    }
}
