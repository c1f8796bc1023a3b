//! One connection: bytes in, bytes out.

use std::collections::VecDeque;

use weir_check::report::Line;
use weir_engine::Edited;
use weir_engine::census::Person;
use weir_engine::ocsp::Board;
use weir_engine::peers::SectionView;
use weir_plan::Edit;
use weir_plan::settings::SeverityOutput;
use weir_types::{ProxyId, ServerId};

use super::reply::Reply;
use super::table::{self, Command, Level};
use super::{suggest, words};
use crate::View;

/// What a command may ask of the controller. All of it is done at once; what takes a while is an edit, which a command
/// leaves behind with what to say when it is done ([`Context::edit`]).
pub trait Control {
    /// The plan in force and the state of now.
    fn view(&self) -> View<'_>;

    /// A line for the logs of a backend.
    fn log(&self, backend: ProxyId, line: Line);

    /// A server's state, weight, limit or address changed: workers whose streams wait for a server look again.
    fn servers_changed(&self);

    /// `clear counters all`: every process clears the totals that it alone writes.
    fn clear_totals(&self);

    /// `shutdown sessions server`: every worker closes its sessions on this server.
    fn shutdown_sessions(&self, server: ServerId);

    /// The peers of all sections.
    fn peers(&self) -> Vec<SectionView>;

    /// Hands an edit in; the outcome comes when it is in force in every worker or in none.
    fn submit(&self, edit: Edit) -> Edited;

    /// Updates of OCSP responses.
    fn ocsp(&self) -> &Board;

    /// Asks all workers. The answers come in the order of workers; one that does not answer is left out.
    fn ask(&self, question: Question) -> Answers;
}

/// `prompt`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The connection closes after one line.
    #[default]
    Single,
    Interactive,
    Prompt,
}

/// What commands can change of their own session.
#[derive(Clone, Debug)]
pub struct State {
    pub level: Level,
    pub mode: Mode,
    pub timed: bool,
    pub severity: SeverityOutput,
    pub expert: bool,
    pub experimental: bool,
    /// `set timeout cli`, milliseconds; `None`: as the socket is configured.
    pub timeout_ms: Option<u64>,
}

#[derive(Debug)]
pub struct Session {
    state: State,
    input: Vec<u8>,
    output: Vec<u8>,
    payload: Option<Payload>,
    /// What the lines read so far still ask for.
    steps: VecDeque<Step>,
    /// Where the session stands still until an edit is in force.
    later: Option<Later>,
    closing: bool,
    /// Accepts `@1 command` as on the master's socket.
    relayed: bool,
}

#[derive(Debug)]
enum Step {
    Run {
        words: Vec<String>,
        payload: Option<String>,
    },
    /// The lines that follow are the payload of a command.
    Collect(Payload),
    Prompt,
}

type Then = Box<dyn FnOnce(Worked, &dyn Control) -> Reply>;

/// What a command asks for that takes its time, and how it answers then.
pub struct Later {
    work: Option<Work>,
    then: Then,
}

/// Says when a wait is over before its time: `Err` that it never will be well.
pub type Condition = Box<dyn Fn(&dyn Control) -> Option<Result<(), String>>>;

/// What a session stands still for.
pub enum Work {
    Edit(Edit),
    /// `wait`: so many milliseconds, or until the condition speaks.
    Wait {
        ms: u64,
        condition: Option<Condition>,
    },
    Ask(Question),
}

/// What only workers know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Their streams.
    Streams,
    /// End this stream; who did is told.
    Shut(u64),
    /// One of them ends by a panic.
    Panic,
}

pub type Answers = std::pin::Pin<Box<dyn Future<Output = Vec<Person>>>>;

/// What came of the work.
pub enum Worked {
    Done(Result<(), String>),
    Answers(Vec<Person>),
}

impl std::fmt::Debug for Later {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Later").finish_non_exhaustive()
    }
}

impl Worked {
    fn done(self) -> Result<(), String> {
        match self {
            Worked::Done(outcome) => outcome,
            Worked::Answers(_) => Ok(()),
        }
    }
}

#[derive(Debug)]
struct Payload {
    words: Vec<String>,
    end: String,
    text: String,
}

/// `tune.bufsize`: a line longer than this ends the session. The limit of a payload is `tune.cli.max-payload-size`.
const LONGEST_INPUT: usize = 16384;

impl Session {
    pub fn new(level: Level, severity: SeverityOutput) -> Self {
        let state = State {
            level,
            mode: Mode::Single,
            timed: false,
            severity,
            expert: false,
            experimental: false,
            timeout_ms: None,
        };
        Self {
            state,
            input: Vec::new(),
            output: Vec::new(),
            payload: None,
            steps: VecDeque::new(),
            later: None,
            closing: false,
            relayed: false,
        }
    }

    /// A session that came by the master's socket: `@1`, `@!PID` before a command are taken off.
    pub fn relayed(level: Level, severity: SeverityOutput) -> Self {
        Self { relayed: true, ..Self::new(level, severity) }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// Takes what came; runs every line that is complete.
    pub fn receive(&mut self, bytes: &[u8], control: &dyn Control) {
        self.input.extend_from_slice(bytes);
        self.advance(control);
    }

    /// What the session waits for, once.
    pub fn take_work(&mut self) -> Option<Work> {
        self.later.as_mut()?.work.take()
    }

    /// The work is done, or could not be: the command answers, and the session goes on.
    pub fn worked(&mut self, outcome: Worked, control: &dyn Control) {
        if let Some(later) = self.later.take() {
            let reply = (later.then)(outcome, control);
            self.say(&reply);
            self.advance(control);
        }
    }

    fn advance(&mut self, control: &dyn Control) {
        while !self.closing && self.later.is_none() {
            if let Some(step) = self.steps.pop_front() {
                self.step(step, control);
                continue;
            }
            let Some(end) = self.input.iter().position(|byte| *byte == b'\n') else { break };
            let line: Vec<u8> = self.input.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]).trim_end_matches('\r').to_owned();
            self.line(&line);
        }
        let payload = self.payload.as_ref().map_or(0, |payload| payload.text.len());
        let longest_payload = control.view().plan.global.tune.cli_max_payload_size as usize;
        let longest_line = if self.payload.is_some() { longest_payload } else { LONGEST_INPUT };
        if self.later.is_none() && (self.input.len() > longest_line || payload > longest_payload) {
            self.closing = true;
        } else if self.input.is_empty() && self.payload.is_none() && self.state.mode == Mode::Single {
            self.closing |= self.later.is_none() && !self.output.is_empty();
        }
    }

    /// What is to be written.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Close once the output is written.
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    fn line(&mut self, line: &str) {
        if self.payload.is_some() {
            self.payload_line(line);
            return;
        }
        let commands = words::commands(line);
        let last = commands.len() - 1;
        for (index, command) in commands.into_iter().enumerate() {
            let parsed = words::parse(command);
            if let (Some(end), true) = (parsed.payload_end, index == last) {
                let payload = Payload { words: parsed.words, end, text: String::new() };
                self.steps.push_back(Step::Collect(payload));
                return;
            }
            // `a;;b`: nothing stands between.
            if parsed.words.is_empty() && last > 0 {
                continue;
            }
            self.steps.push_back(Step::Run { words: parsed.words, payload: None });
        }
        self.steps.push_back(Step::Prompt);
    }

    fn payload_line(&mut self, line: &str) {
        let Some(payload) = &mut self.payload else { return };
        if line != payload.end {
            payload.text.push_str(line);
            payload.text.push('\n');
            self.prompt_payload();
            return;
        }
        if let Some(Payload { words, text, .. }) = self.payload.take() {
            self.steps.push_back(Step::Run { words, payload: Some(text) });
        }
        self.steps.push_back(Step::Prompt);
    }

    fn step(&mut self, step: Step, control: &dyn Control) {
        match step {
            Step::Run { words, payload } => self.run(&words, payload.as_deref(), control),
            Step::Collect(payload) => {
                self.payload = Some(payload);
                self.prompt_payload();
            }
            Step::Prompt => self.prompt(control),
        }
    }

    fn run(&mut self, words: &[String], payload: Option<&str>, control: &dyn Control) {
        let words = match words.first() {
            Some(first) if self.relayed && first.starts_with('@') => &words[1..],
            _ => words,
        };
        let reply = match words.is_empty() {
            true => Reply::Empty,
            false => self.execute(words, payload, control),
        };
        if self.later.is_none() {
            self.say(&reply);
        }
    }

    fn say(&mut self, reply: &Reply) {
        self.closing |= *reply == Reply::Quit;
        self.output.extend_from_slice(reply.render(self.state.severity).as_bytes());
    }

    fn execute(&mut self, words: &[String], payload: Option<&str>, control: &dyn Control) -> Reply {
        let Some((command, arguments)) = table::find(words) else {
            return Reply::error(suggest::unknown(words, &self.state));
        };
        if let Some(refusal) = self.refuses(command) {
            return Reply::error(refusal);
        }
        let mut context =
            Context { arguments, payload, state: &mut self.state, control, later: &mut self.later };
        match command.run {
            Some(run) => run(&mut context),
            None => Reply::error(format!("'{}' is not implemented by weir yet.", command.name)),
        }
    }

    fn refuses(&self, command: &Command) -> Option<&'static str> {
        if self.state.level < command.level {
            Some("Permission denied")
        } else if command.expert && !self.state.expert {
            Some("This command is restricted to expert mode only.")
        } else if command.experimental && !self.state.experimental {
            Some("This command is restricted to experimental mode only.")
        } else {
            None
        }
    }

    fn prompt(&mut self, control: &dyn Control) {
        if self.state.mode != Mode::Prompt || self.closing {
            return;
        }
        let prompt = match self.state.timed {
            true => {
                let view = control.view();
                let seconds = view.seconds_since(view.shm.process().state.start_ms.value());
                let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
                format!("[{days}:{hours:02}:{:02}:{:02}]> ", seconds / 60 % 60, seconds % 60)
            }
            false => "> ".into(),
        };
        self.output.extend_from_slice(prompt.as_bytes());
    }

    fn prompt_payload(&mut self) {
        if self.state.mode == Mode::Prompt {
            self.output.extend_from_slice(b"+ ");
        }
    }
}

/// What a command is given.
pub struct Context<'a> {
    /// The words behind the command's own.
    pub arguments: &'a [String],
    pub payload: Option<&'a str>,
    pub state: &'a mut State,
    pub control: &'a dyn Control,
    later: &'a mut Option<Later>,
}

impl<'a> Context<'a> {
    /// Asks for an edit; the session says what `then` returns when all workers have it, or none has.
    pub fn edit(
        &mut self,
        edit: Edit,
        then: impl FnOnce(Result<(), String>, &dyn Control) -> Reply + 'static,
    ) -> Reply {
        self.later(Work::Edit(edit), |worked, control| then(worked.done(), control))
    }

    fn later(&mut self, work: Work, then: impl FnOnce(Worked, &dyn Control) -> Reply + 'static) -> Reply {
        *self.later = Some(Later { work: Some(work), then: Box::new(then) });
        Reply::Empty
    }

    /// Asks all workers.
    pub fn ask(
        &mut self,
        question: Question,
        then: impl FnOnce(Vec<Person>, &dyn Control) -> Reply + 'static,
    ) -> Reply {
        self.later(Work::Ask(question), |worked, control| match worked {
            Worked::Answers(people) => then(people, control),
            Worked::Done(_) => then(Vec::new(), control),
        })
    }

    /// Lets the session stand still for a time, or until the condition speaks.
    pub fn wait(
        &mut self,
        ms: u64,
        condition: Option<Condition>,
        then: impl FnOnce(Result<(), String>, &dyn Control) -> Reply + 'static,
    ) -> Reply {
        self.later(Work::Wait { ms, condition }, |worked, control| then(worked.done(), control))
    }

    pub fn view(&self) -> View<'a> {
        self.control.view()
    }

    /// The `n`-th argument; empty when absent.
    pub fn argument(&self, n: usize) -> &'a str {
        self.arguments.get(n).map_or("", String::as_str)
    }

    /// Ends an order to servers or limits: tells the logs and those who wait.
    pub fn done(&self, lines: Vec<(ProxyId, Line)>) -> Reply {
        lines.into_iter().for_each(|(backend, line)| self.control.log(backend, line));
        self.control.servers_changed();
        Reply::Empty
    }
}
