//! The only room here with sockets: one accepted connection to the runtime commands, from its first byte to its close.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use weir_plan::settings::{BindSettings, CliLevel};

use crate::cli::{Condition, Control, Level, Session, Work, Worked};

/// `stats timeout`'s default.
pub const DEFAULT_TIMEOUT_MS: u64 = 10_000;

/// The level that a `stats socket` line gives.
pub fn level_of(settings: &BindSettings) -> Level {
    match settings.level {
        CliLevel::User => Level::User,
        CliLevel::Operator => Level::Operator,
        CliLevel::Admin => Level::Admin,
    }
}

/// Serves one connection. `timeout_ms`: `stats timeout`. `control` is asked for anew with whatever comes in, so that a
/// connection that outlives a reload sees the plan in force. Errors of the connection end it; there is nobody to tell.
pub async fn connection<C: Control>(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mut session: Session,
    timeout_ms: Option<u64>,
    control: impl Fn() -> C,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 4096];
    while !session.is_closing() {
        let timeout = session.state().timeout_ms.or(timeout_ms).unwrap_or(DEFAULT_TIMEOUT_MS);
        let read = tokio::time::timeout(Duration::from_millis(timeout), stream.read(&mut buffer));
        let Ok(length) = read.await else { break };
        match length? {
            0 => break,
            length => session.receive(&buffer[..length], &control()),
        }
        loop {
            let output = session.take_output();
            stream.write_all(&output).await?;
            let Some(work) = session.take_work() else { break };
            let outcome = match work {
                Work::Edit(edit) => Worked::Done(control().submit(edit).await),
                Work::Wait { ms, condition } => Worked::Done(wait(ms, condition, &control).await),
                Work::Ask(question) => {
                    let answers = control().ask(question);
                    Worked::Answers(answers.await)
                }
            };
            session.worked(outcome, &control());
        }
    }
    stream.shutdown().await
}

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// An error that says nothing: the time was over first.
async fn wait<C: Control>(
    ms: u64,
    condition: Option<Condition>,
    control: &impl Fn() -> C,
) -> Result<(), String> {
    let end = tokio::time::Instant::now() + Duration::from_millis(ms);
    let Some(condition) = condition else {
        tokio::time::sleep_until(end).await;
        return Ok(());
    };
    loop {
        if let Some(outcome) = condition(&control()) {
            return outcome;
        }
        if tokio::time::Instant::now() >= end {
            return Err(String::new());
        }
        tokio::time::sleep_until(end.min(tokio::time::Instant::now() + LOOK)).await;
    }
}
