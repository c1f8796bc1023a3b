//! Where edits are handed in, by runtime commands in the controller and by rules in a worker. What becomes of them is
//! the supervisor's business: it puts them in order and answers once every child has taken them.

use tokio::sync::{mpsc, oneshot};
use weir_plan::{Edit, Plan};

/// An edit on its way to the supervisor.
#[derive(Debug)]
pub struct Submission {
    pub edit: Edit,
    /// The plan that it was made for; an edit for another plan than the one in force is refused.
    pub generation: u64,
    pub answer: oneshot::Sender<Result<(), String>>,
}

/// A handle to hand edits in with.
#[derive(Clone, Debug)]
pub struct Editor {
    submissions: mpsc::UnboundedSender<Submission>,
}

impl Editor {
    /// And the end that takes submissions. Each submitter waits for its answer, so there are never more of them than
    /// there are streams and commands.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Submission>) {
        let (submissions, taken) = mpsc::unbounded_channel();
        (Self { submissions }, taken)
    }

    /// The answer comes once the edit is in force everywhere, or says why it is in force nowhere. The edit goes its way
    /// even if nobody waits for the answer.
    pub fn submit(&self, plan: &Plan, edit: Edit) -> Edited {
        let (answer, answered) = oneshot::channel();
        let submission = Submission { edit, generation: plan.generation, answer };
        // A receiver that is gone drops the submission, and `Edited` sees that.
        let _ = self.submissions.send(submission);
        Edited(answered)
    }
}

impl Default for Editor {
    /// Nobody takes the edits: all are refused.
    fn default() -> Self {
        Self::new().0
    }
}

/// An edit's outcome to come.
#[derive(Debug)]
pub struct Edited(oneshot::Receiver<Result<(), String>>);

impl std::future::Future for Edited {
    type Output = Result<(), String>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        let answered = std::pin::Pin::new(&mut self.0).poll(cx);
        answered.map(|answer| answer.unwrap_or_else(|_| Err("changes are not possible any more".into())))
    }
}
