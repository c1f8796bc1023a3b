//! Rules that change pattern references: `set-map`, `del-map`, `add-acl`, `del-acl`. The stream goes on when every
//! worker has the change, as it would in one process: what it or its client does next finds it everywhere.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use weir_plan::{Edit, EditKind, Plan};
use weir_rules::PatternChange;
use weir_sample::pattern::{Operation, Target};
use weir_sample::{Format, PatternEdit, Reference, Resolved};

use super::list::Flow;
use crate::turn::Turn;

impl Turn<'_, '_> {
    pub(super) fn edit_patterns(
        &mut self,
        plan: &Arc<Plan>,
        change: PatternChange,
        file: &str,
        key: &Format<Resolved>,
        value: Option<&Format<Resolved>>,
    ) -> Flow {
        let Some(reference) = plan.patterns.named(file) else { return Flow::Next };
        let key = self.write_format(key);
        let value = value.map(|value| self.write_format(value));
        let operation = operation(reference, change, &key, value.as_deref().unwrap_or_default());
        self.worker.buffers.reclaim_text(key);
        self.worker.buffers.reclaim_text(value.unwrap_or_default());
        let Some(operation) = operation else { return Flow::Next };
        if reference.check(&operation).is_err() {
            return Flow::Next;
        }
        let edit = PatternEdit { reference: reference.id(), operation };
        let edited = self.worker.editor.submit(plan, Edit::new(EditKind::Patterns, edit.encode()));
        self.stream.just_edited.replace(Some(edited));
        Flow::Next
    }

    /// Until the change of the rule being met is in force in all workers.
    pub(super) fn wait_for_edit(&mut self) -> Flow {
        let Some((_, edited)) = &mut self.stream.edited else { return Flow::Next };
        match Pin::new(edited).poll(self.cx) {
            Poll::Pending => Flow::Wait,
            // Refused: a pattern or value that cannot be, which HAProxy passes over too.
            Poll::Ready(_) => {
                self.stream.edited = None;
                Flow::Next
            }
        }
    }
}

/// `None`: it is so already, which spares all processes the change.
fn operation(reference: &Reference, change: PatternChange, key: &[u8], value: &[u8]) -> Option<Operation> {
    let target = || Target::Key(key.into());
    match change {
        PatternChange::Set if reference.says(key, value) => None,
        PatternChange::Set => Some(Operation::Put { name: None, key: key.into(), value: value.into() }),
        PatternChange::Add if reference.has(&target()) => None,
        PatternChange::Add => Some(Operation::AddOnce { name: None, key: key.into() }),
        PatternChange::Delete if !reference.has(&target()) => None,
        PatternChange::Delete => Some(Operation::Delete { target: target() }),
    }
}
