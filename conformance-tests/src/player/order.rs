//! `order`: many short requests one after the other, and which server answered each.

use super::Player;
use crate::message;
use crate::step::{Step, Target};

impl Player {
    pub(super) fn order(&mut self, step: &Step) -> Result<(), String> {
        let (target, count) = match step {
            Step::Order { target, count, .. } | Step::OrderTcp { target, count, .. } => (target, *count),
            _ => return Err("not an order".into()),
        };
        let mut answers = Vec::new();
        for number in 1..=count {
            let answer = match step {
                Step::Order { path, from, header, .. } => {
                    let fill = |text: &str| text.replace("{i}", &number.to_string());
                    let from = from.as_deref().map(fill);
                    let header = header.as_deref().map(fill);
                    self.one_request(target, &fill(path), from.as_deref(), header.as_deref())?
                }
                Step::OrderTcp { from, .. } => {
                    let from = from.as_deref().map(|f| f.replace("{i}", &number.to_string()));
                    self.one_line(target, from.as_deref())?
                }
                _ => String::new(),
            };
            answers.push(answer);
        }
        self.say(&format!("order {target}: {}", answers.join(" ")));
        Ok(())
    }

    /// One request on a connection of its own; the origin's name, or the status if none answered.
    fn one_request(
        &mut self,
        target: &str,
        path: &str,
        from: Option<&str>,
        header: Option<&str>,
    ) -> Result<String, String> {
        let mut connection = self.open(&Target::Port(target.to_string()), from, "order")?;
        let header = header.map(|h| format!("{h}\r\n")).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\n{header}Connection: close\r\n\r\n");
        connection.send(request.as_bytes()).map_err(|e| e.to_string())?;
        let answer = match connection.take_until(message::message_length) {
            Ok(answer) => String::from_utf8_lossy(&answer).into_owned(),
            Err((stop, _)) => return Ok(format!("({stop:?})")),
        };
        let origin = answer.lines().find_map(|l| l.strip_prefix("x-origin: "));
        let status = answer.split(' ').nth(1).unwrap_or("?");
        // The end of the connection is awaited so that the next request finds the counters settled.
        let _ = connection.take_until(|b, ended| ended.then_some(b.len()));
        Ok(origin.unwrap_or(status).to_string())
    }

    fn one_line(&mut self, target: &str, from: Option<&str>) -> Result<String, String> {
        let mut connection = self.open(&Target::Port(target.to_string()), from, "order")?;
        let line = connection.take_until(|b, ended| {
            b.iter().position(|c| *c == b'\n').map(|n| n + 1).or(ended.then_some(b.len()))
        });
        connection.shut();
        let _ = connection.take_until(|b, ended| ended.then_some(b.len()));
        match line {
            Ok(line) if line.is_empty() => Ok("(closed)".into()),
            Ok(line) => Ok(String::from_utf8_lossy(&line).trim_end().to_string()),
            Err((stop, _)) => Ok(format!("({stop:?})")),
        }
    }
}
