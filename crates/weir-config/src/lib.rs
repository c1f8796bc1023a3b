//! Words to a typed Config and all diagnostics, a file per section.
