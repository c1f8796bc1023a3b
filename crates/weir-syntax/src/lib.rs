//! Text to words, sections and conditionals of a haproxy.cfg.
