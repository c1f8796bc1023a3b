//! One connection to the master socket.

use std::io;
use std::sync::Arc;

use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadHalf, WriteHalf, split,
};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::parse::{Command, Target, parse};
use super::{Level, commands, relay};
use crate::options::Options;
use crate::supervisor::{Event, ProcessTable, Request};

/// Longest line, and longest payload, that is read.
const MAX_BYTES: u64 = 16 << 20;

pub struct Session {
    pub(super) events: UnboundedSender<Event>,
    pub(super) options: Arc<Options>,
    pub(super) level: Level,
    /// `prompt`: the connection stays open and shows where it is.
    pub(super) prompt: bool,
    pub(super) timed: bool,
    pub(super) expert: bool,
    pub(super) experimental: bool,
    pub(super) debug: bool,
    /// Where commands without a prefix go.
    target: Target,
    reload_failed: bool,
}

/// What follows a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Continue,
    /// The rest of the line is not run.
    EndOfLine,
    Close,
}

type Input<S> = BufReader<ReadHalf<S>>;
type Output<S> = WriteHalf<S>;

impl Session {
    pub fn new(events: UnboundedSender<Event>, options: Arc<Options>, level: Level) -> Self {
        Self {
            events,
            options,
            level,
            prompt: false,
            timed: false,
            expert: false,
            experimental: false,
            debug: false,
            target: Target::Master,
            reload_failed: false,
        }
    }

    pub async fn serve(mut self, connection: impl AsyncRead + AsyncWrite + Send + 'static) {
        let (input, mut output) = split(connection);
        // A client that closed early needs no answer.
        let _ = self.converse(BufReader::new(input), &mut output).await;
        let _ = output.shutdown().await;
    }

    async fn converse<S>(&mut self, mut input: Input<S>, output: &mut Output<S>) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite,
    {
        while let Some(line) = read_line(&mut input).await? {
            let payload = match payload_mark(&line) {
                Some(mark) => read_payload(&mut input, &mark).await?,
                None => Vec::new(),
            };
            let commands = parse(&line);
            if commands.is_empty() {
                output.write_all(b"\n").await?;
            }
            for command in commands {
                match self.obey(command, &payload, &mut input, output).await? {
                    Next::Continue => {}
                    Next::EndOfLine => break,
                    Next::Close => return Ok(()),
                }
            }
            if !self.prompt {
                return Ok(());
            }
            let prompt = self.prompt_text().await;
            output.write_all(prompt.as_bytes()).await?;
        }
        Ok(())
    }

    async fn obey<S>(
        &mut self,
        command: Command,
        payload: &[u8],
        input: &mut Input<S>,
        output: &mut Output<S>,
    ) -> io::Result<Next>
    where
        S: AsyncRead + AsyncWrite,
    {
        match command {
            Command::BadTarget(word) => return self.no_target(&word, output).await,
            Command::Switch(target) => match self.known(target).await {
                true => self.target = target,
                false => return self.no_target(&shown(target), output).await,
            },
            Command::Enter { target, line } => {
                if target == Target::Master || !self.known(target).await {
                    return self.no_target(&format!("@{}", shown(target)), output).await;
                }
                let interactive = line.is_empty();
                let first =
                    if interactive && self.prompt { "prompt\n".to_string() } else { format!("{line}\n") };
                let first = if interactive && !self.prompt { String::new() } else { first };
                let controller = relay::connect(&self.events, self.level)?;
                relay::enter(controller, &[first.as_bytes(), payload].concat(), input, output).await?;
                if !self.prompt {
                    return Ok(Next::Close);
                }
            }
            Command::Run { target, text } => match target.unwrap_or(self.target) {
                Target::Master => return commands::run(self, &text, output).await,
                target if self.known(target).await => {
                    let mut line = self.modes();
                    line.push_str(&text);
                    line.push('\n');
                    let controller = relay::connect(&self.events, self.level)?;
                    relay::run(controller, &[line.as_bytes(), payload].concat(), output).await?;
                }
                target => return self.no_target(&shown(target), output).await,
            },
        }
        Ok(Next::Continue)
    }

    /// Modes of this session go before each command to the controller, since each is a session of its own there.
    fn modes(&self) -> String {
        let mut text = String::new();
        if self.expert {
            text.push_str("expert-mode on;");
        }
        if self.experimental {
            text.push_str("experimental-mode on;");
        }
        text
    }

    /// The rest of the line is not run.
    async fn no_target<S: AsyncWrite>(&self, word: &str, output: &mut Output<S>) -> io::Result<Next> {
        let text = format!("Can't find the target PID matching the prefix '{word}'\n");
        output.write_all(text.as_bytes()).await?;
        Ok(Next::EndOfLine)
    }

    async fn known(&self, target: Target) -> bool {
        let Some(table) = self.processes().await else { return false };
        match target {
            Target::Master => true,
            Target::Relative(number) => number == 1 && table.worker.is_some(),
            Target::Pid(pid) => table.processes.iter().any(|(_, known, _)| *known == pid),
        }
    }

    pub(super) async fn processes(&self) -> Option<ProcessTable> {
        let (answer, table) = oneshot::channel();
        self.events.send(Event::Asked(Request::Processes(answer))).ok()?;
        table.await.ok()
    }

    pub(super) fn set_reload_failed(&mut self, failed: bool) {
        self.reload_failed = failed;
    }

    /// `master[ReloadFailed](xed)> `, `4106(e)> `
    async fn prompt_text(&mut self) -> String {
        let table = self.processes().await;
        let name = match (self.target, &table) {
            (Target::Master, table) => {
                let failed = table.as_ref().is_some_and(|table| table.failed > 0);
                let failed = if failed || self.reload_failed { "[ReloadFailed]" } else { "" };
                format!("master{failed}")
            }
            (Target::Pid(pid), _) => pid.to_string(),
            (Target::Relative(_), table) => {
                table.as_ref().and_then(|table| table.worker).map_or(String::new(), |pid| pid.to_string())
            }
        };
        let flags = [(self.experimental, 'x'), (self.expert, 'e'), (self.debug, 'd')];
        let flags: String = flags.into_iter().filter_map(|(on, letter)| on.then_some(letter)).collect();
        let flags = if flags.is_empty() { flags } else { format!("({flags})") };
        let uptime = table.filter(|_| self.timed).map(|table| table.uptime_s);
        let uptime = uptime.map_or(String::new(), |seconds| format!("[{}] ", commands::clock(seconds)));
        format!("{uptime}{name}{flags}> ")
    }
}

fn shown(target: Target) -> String {
    match target {
        Target::Master => "@".to_string(),
        Target::Relative(number) => format!("@{number}"),
        Target::Pid(pid) => format!("@!{pid}"),
    }
}

/// One line without its line feed; `None` at the end.
async fn read_line(input: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let count = tokio::io::AsyncReadExt::take(input, MAX_BYTES).read_until(b'\n', &mut bytes).await?;
    if count == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_end_matches(['\n', '\r']).to_string()))
}

/// `<<` or `<<MARK` at the end of a line: lines up to an empty one, or to the mark, belong to it.
fn payload_mark(line: &str) -> Option<String> {
    let last = line.trim_end().rsplit([' ', '\t']).next()?;
    last.strip_prefix("<<").map(str::to_string)
}

/// The lines of a payload with the line that ends it.
async fn read_payload(input: &mut (impl AsyncBufReadExt + Unpin), mark: &str) -> io::Result<Vec<u8>> {
    let mut payload = Vec::new();
    while let Some(line) = read_line(input).await? {
        payload.extend_from_slice(line.as_bytes());
        payload.push(b'\n');
        if line == mark || payload.len() as u64 > MAX_BYTES {
            break;
        }
    }
    Ok(payload)
}
