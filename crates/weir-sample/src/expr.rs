//! `fetch(args),converter(args),...`: one expression, parsed, resolved and evaluated. The rows stand in `fetch/` and
//! `convert/`.

mod eval;
mod fold;
mod parse;

use std::sync::Arc;

use weir_registry::Status;
use weir_types::{Diagnostic, Span};

use crate::arg::Args;
use crate::convert::Converter;
use crate::fetch::Fetch;
use crate::pattern::{Files, References};
use crate::phase::PhaseSet;
use crate::stage::{Named, Resolve, Resolved, Stage, UnresolvedName};
use crate::value::Type;

pub use eval::Scan;
use fold::Folded;
pub(crate) use parse::{parse_acl, parse_format};

/// A converter with its arguments.
#[derive(Clone, Debug)]
pub struct Conversion<S: Stage> {
    pub row: &'static Converter,
    pub args: Args<S>,
}

/// A fetch followed by its converters.
#[derive(Clone, Debug)]
pub struct Expr<S: Stage> {
    pub fetch: &'static Fetch,
    pub args: Args<S>,
    pub conversions: Box<[Conversion<S>]>,
    /// What of it is known already, once names are resolved.
    folded: Option<Box<Folded>>,
    /// As written, for messages and listings.
    pub text: Arc<str>,
}

/// What parsing needs besides the words.
pub struct ParseContext<'a> {
    /// The line the words stand on.
    pub span: Span,
    pub files: &'a dyn Files,
    /// Pattern and map files already read; one per configuration.
    pub references: &'a References,
    /// Warnings found on the way, in HAProxy's words; drained by the caller.
    pub warnings: std::cell::RefCell<Vec<Diagnostic>>,
    /// Names of certificates that converters verify or open tokens with; loaded by the caller.
    pub certificates: std::cell::RefCell<Vec<Box<str>>>,
}

impl<'a> ParseContext<'a> {
    pub fn new(span: Span, files: &'a dyn Files, references: &'a References) -> Self {
        Self { span, files, references, warnings: Default::default(), certificates: Default::default() }
    }
}

/// What is wrong with an expression, a condition or a format, in HAProxy's words without prefix and final full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExprError {
    pub message: Box<str>,
    /// A near name.
    pub hint: Option<Box<str>>,
    /// Index of the word at fault in the words given, for the caret.
    pub word: usize,
}

impl ExprError {
    pub fn new(word: usize, message: impl Into<Box<str>>) -> Self {
        Self { message: message.into(), hint: None, word }
    }

    pub(crate) fn with_hint(mut self, hint: Option<&str>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }
}

impl std::fmt::Display for ExprError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ExprError {}

impl<S: Stage> Expr<S> {
    /// The type the whole expression yields; `Any` where it depends on the data.
    pub fn output(&self) -> Type {
        self.conversions.iter().fold(self.fetch.output, |input, conversion| match conversion.row.output {
            Type::Same => input,
            output => output,
        })
    }

    /// The first keyword in it that is known but not implemented yet.
    pub fn not_yet(&self) -> Option<&'static str> {
        if self.fetch.status == Status::NotYet {
            return Some(self.fetch.name);
        }
        self.conversions.iter().find(|one| one.row.status == Status::NotYet).map(|one| one.row.name)
    }

    /// Whether the fetch is available in any of `phases`. The error is HAProxy's text for rules (ACLs only warn):
    /// `fetch method 'x' extracts information from 'y', none of which is available here`. HAProxy names the first
    /// word of the rule (`set-var(txn.r)`), so the caller passes the word to show.
    pub fn check_phase(&self, phases: PhaseSet, shown: &str) -> Result<(), Box<str>> {
        if self.fetch.reads.phases().meets(phases) {
            return Ok(());
        }
        let source = self.fetch.reads.as_str();
        Err(format!(
            "fetch method '{shown}' extracts information from '{source}', none of which is available here"
        )
        .into())
    }
}

impl Expr<Named> {
    /// Reads one expression at `words[*at]` and moves `at` behind it.
    pub fn parse(words: &[&str], at: &mut usize, cx: &ParseContext<'_>) -> Result<Self, ExprError> {
        parse::parse(words, at, cx)
    }

    pub fn resolve(&self, names: &mut dyn Resolve) -> Result<Expr<Resolved>, UnresolvedName> {
        self.resolve_as("sample fetch keyword", names)
    }

    pub(crate) fn resolve_as(
        &self,
        noun: &str,
        names: &mut dyn Resolve,
    ) -> Result<Expr<Resolved>, UnresolvedName> {
        let mut args = Vec::with_capacity(self.args.len());
        for (index, arg) in self.args.iter().enumerate() {
            args.push(arg.resolve(&format!("arg {} of {noun} '{}'", index + 1, self.fetch.name), names)?);
        }
        let mut conversions = Vec::with_capacity(self.conversions.len());
        for conversion in &self.conversions {
            let mut args = Vec::with_capacity(conversion.args.len());
            for (index, arg) in conversion.args.iter().enumerate() {
                let place = format!(
                    "arg {} of conversion keyword '{}' for {noun} '{}'",
                    index + 1,
                    conversion.row.name,
                    self.fetch.name
                );
                args.push(arg.resolve(&place, names)?);
            }
            conversions.push(Conversion { row: conversion.row, args: args.into() });
        }
        let text = self.text.clone();
        let (args, conversions) = (args.into(), conversions.into());
        Ok(Expr { fetch: self.fetch, args, conversions, folded: None, text }.fold())
    }
}

impl<S: Stage> Expr<S> {
    /// The fetch's name as it was written: an ACL spelling stays one.
    pub(crate) fn keyword_text(&self) -> &str {
        let end = self.text.find(['(', ',']).unwrap_or(self.text.len());
        &self.text[..end]
    }
}
