//! Config to Plan: every cross-reference is checked here.
