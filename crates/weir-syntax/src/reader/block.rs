//! Which lines count: the nesting of `.if`, `.elif`, `.else`, `.endif` (manual 2.4). Conditions are evaluated elsewhere.

/// What happened in one open block so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// This branch's lines count.
    Taken,
    /// No branch was taken yet.
    Waiting,
    /// An earlier branch was taken, or nothing of this block can be.
    Done,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    state: State,
    after_else: bool,
    /// Line of the `.if`.
    line: u32,
}

#[derive(Debug, Default)]
pub struct Blocks {
    open: Vec<Block>,
}

impl Blocks {
    /// Whether lines count at this place.
    pub fn active(&self) -> bool {
        self.open.last().is_none_or(|block| block.state == State::Taken)
    }

    /// Line of the innermost `.if` that is still open.
    pub fn unfinished(&self) -> Option<u32> {
        self.open.last().map(|block| block.line)
    }

    pub fn clear(&mut self) {
        self.open.clear();
    }

    /// `.if`: `condition` is asked only where lines count. None from it leaves the whole block out.
    pub fn begin(&mut self, line: u32, condition: impl FnOnce() -> Option<bool>) {
        let state = if self.active() { State::after(condition()) } else { State::Done };
        self.open.push(Block { state, after_else: false, line });
    }

    /// `.elif`: `condition` is asked only if no earlier branch was taken.
    pub fn otherwise_if(&mut self, condition: impl FnOnce() -> Option<bool>) -> Result<(), &'static str> {
        let block = self.open.last_mut().ok_or("lone '.elif' with no matching '.if'.")?;
        if block.after_else {
            return Err("'.elif' after '.else' is not permitted.");
        }
        block.state = match block.state {
            State::Waiting => State::after(condition()),
            _ => State::Done,
        };
        Ok(())
    }

    /// `.else`
    pub fn otherwise(&mut self) -> Result<(), &'static str> {
        let block = self.open.last_mut().ok_or("lone '.else' with no matching '.if'.")?;
        if block.after_else {
            return Err("'.else' after '.else' is not permitted.");
        }
        block.after_else = true;
        block.state = match block.state {
            State::Waiting => State::Taken,
            _ => State::Done,
        };
        Ok(())
    }

    /// `.endif`
    pub fn end(&mut self) -> Result<(), &'static str> {
        self.open.pop().map(|_| ()).ok_or("lone '.endif' with no matching '.if'.")
    }
}

impl State {
    fn after(condition: Option<bool>) -> Self {
        match condition {
            Some(true) => Self::Taken,
            Some(false) => Self::Waiting,
            None => Self::Done,
        }
    }
}
