//! Processes: supervisor, controller, workers; reload and socket hand-over.
