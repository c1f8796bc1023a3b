//! Reads ACLs: the expression, flags, operators and patterns (manual 7.1).

use weir_types::{Diagnostic, Form, Level};

use super::{Acl, AclTest};
use crate::expr::{ExprError, ParseContext, parse_acl};
use crate::pattern::{Entries, Method, Operator, Pattern, Reference, Scheme, Use, line_number, path_of};
use crate::stage::Named;

impl Acl<Named> {
    /// What HAProxy says of a name that an `acl` line may not have.
    pub fn check_name(name: &str) -> Result<(), ExprError> {
        if name.eq_ignore_ascii_case("or") {
            return Err(ExprError::new(
                0,
                format!(
                    "acl name '{name}' will never match. 'or' is used to express a logical disjunction within a \
                     condition"
                ),
            ));
        }
        let allowed = |letter: &char| letter.is_ascii_alphanumeric() || "-_.:".contains(*letter);
        match name.chars().find(|letter| !allowed(letter)) {
            Some(bad) => {
                Err(ExprError::new(0, format!("character '{bad}' is not permitted in acl name '{name}'")))
            }
            None => Ok(()),
        }
    }

    /// Reads `NAME EXPR FLAGS PATTERNS`: what follows the word `acl`. The name is checked by [`Acl::check_name`].
    pub fn parse(words: &[&str], cx: &ParseContext<'_>) -> Result<Self, ExprError> {
        let name = words.first().copied().unwrap_or("");
        Self::parse_test(name, words, 1, words.len(), cx)
    }

    /// Reads `EXPR FLAGS PATTERNS` from `words[start..end]`.
    pub(super) fn parse_test(
        name: &str,
        words: &[&str],
        start: usize,
        end: usize,
        cx: &ParseContext<'_>,
    ) -> Result<Self, ExprError> {
        let test = Test::parse(&words[..end], start, cx)?;
        Ok(Acl { name: name.into(), span: cx.span, tests: vec![test] })
    }
}

/// The flags that hold for the patterns that follow them.
struct Test<'a, 'c> {
    words: &'a [&'a str],
    at: usize,
    cx: &'c ParseContext<'c>,
    method: Option<Method>,
    ignore_case: bool,
    as_map: bool,
    patterns: Vec<Pattern>,
    /// `-u`
    id: Option<u32>,
}

impl<'a, 'c> Test<'a, 'c> {
    fn parse(
        words: &'a [&'a str],
        start: usize,
        cx: &'c ParseContext<'c>,
    ) -> Result<AclTest<Named>, ExprError> {
        let word = words.get(start).copied().unwrap_or("");
        let (expr, keyword) = parse_acl(word, start, cx)?;
        let named = keyword.filter(|_| expr.conversions.is_empty()).map(|keyword| keyword.method);
        let method = named.or(Method::implied(expr.output()));
        let mut test = Test {
            words,
            at: start + 1,
            cx,
            method,
            ignore_case: false,
            as_map: false,
            patterns: Vec::new(),
            id: None,
        };
        if test.at == words.len() {
            test.warn_of_no_pattern(word);
        }
        test.flags(expr.fetch.name, &expr)?;
        let method = test.need_method(expr.fetch.name)?;
        let grouped =
            expr.fetch.name == "http_auth_group" && expr.conversions.is_empty() && method == Method::Str;
        let groups = if grouped {
            test.words[test.at..].iter().map(|word| (*word).into()).collect()
        } else {
            Box::default()
        };
        test.words(method, word, !grouped)?;
        Ok(AclTest { expr, method, patterns: test.patterns.into(), groups })
    }

    fn error(&self, message: String) -> ExprError {
        ExprError::new(self.at, message)
    }

    fn need_method(&self, fetch: &str) -> Result<Method, ExprError> {
        self.method.ok_or_else(|| {
            self.error(format!(
                "matching method must be specified first (using '-m') when using a sample fetch of this type \
                 ('{fetch}')"
            ))
        })
    }

    /// Patterns are missing altogether, and the method needs some.
    fn warn_of_no_pattern(&self, text: &str) {
        if matches!(self.method, None | Some(Method::Found | Method::Bool)) {
            return;
        }
        let text = format!(
            "parsing acl keyword '{text}' :\n  no pattern to match against were provided, so this ACL will never \
             match.\n  If this is what you intended, please add '--' to get rid of this warning.\n  If you intended \
             to match only for existence, please use '-m found'.\n  If you wanted to force an int to match as a \
             bool, please use '-m bool'.\n"
        );
        self.cx.warnings.borrow_mut().push(Diagnostic::new(
            Level::Warning,
            Form::Config,
            Some(self.cx.span),
            text,
        ));
    }

    fn flags(&mut self, fetch: &str, expr: &crate::expr::Expr<Named>) -> Result<(), ExprError> {
        while let Some(word) = self.words.get(self.at).copied() {
            match word {
                "--" => {
                    self.at += 1;
                    return Ok(());
                }
                "-i" => self.ignore_case = true,
                "-n" => {}
                "-M" => self.as_map = true,
                "-u" => {
                    self.at += 1;
                    self.id = self.words.get(self.at).and_then(|word| word.parse().ok());
                }
                "-m" => {
                    self.at += 1;
                    self.choose_method(fetch, expr)?;
                }
                "-f" => {
                    self.at += 1;
                    let method = self.need_method(fetch)?;
                    self.load(method, fetch)?;
                }
                _ if word.starts_with('-') => {
                    return Err(self.error(format!(
                        "'{word}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'"
                    )));
                }
                _ => return Ok(()),
            }
            self.at += 1;
        }
        Ok(())
    }

    fn choose_method(&mut self, fetch: &str, expr: &crate::expr::Expr<Named>) -> Result<(), ExprError> {
        if !self.patterns.is_empty() {
            return Err(self.error(
                "'-m' must only be specified before patterns and files in parsing ACL expression".into(),
            ));
        }
        let word = self.words.get(self.at).copied().unwrap_or("");
        let method = Method::parse(word).ok_or_else(|| {
            self.error(format!("unknown matching method '{word}' when parsing ACL expression"))
        })?;
        if !method.accepts(expr.output()) {
            return Err(
                self.error(format!("matching method '{word}' cannot be used with fetch keyword '{fetch}'"))
            );
        }
        self.method = Some(method);
        Ok(())
    }

    fn load(&mut self, method: Method, fetch: &str) -> Result<(), ExprError> {
        let name = self.words.get(self.at).copied().unwrap_or("");
        let file = self
            .cx
            .references
            .open(self.cx.files, name, self.as_map)
            .map_err(|message| self.error(message))?;
        file.used(Use { span: self.cx.span, map: self.as_map, keyword: fetch.into() });
        let (files, as_map) = (self.cx.files, self.as_map);
        self.compare_with(method, &file, |number, message| {
            let line = line_number(files, name, as_map, number);
            (None, format!("{message} at line {line} of file '{}'", path_of(name)))
        })
    }

    /// The patterns that the line itself holds. HAProxy has a reference for them even if there are none.
    fn words(&mut self, method: Method, word: &str, compared: bool) -> Result<(), ExprError> {
        let mut entries = Entries::default();
        let mut operator = None;
        let mut places = Vec::new();
        while let Some(word) = self.words.get(self.at).copied().filter(|_| compared) {
            let name = entries.len() as u32;
            places.push(self.at);
            match (Operator::parse(word).filter(|_| method.is_numeric()), operator) {
                (Some(found), _) => {
                    operator = Some(found);
                    places.pop();
                }
                (None, None) => drop(entries.push(name, word.as_bytes(), b"")),
                (None, Some(operator)) => {
                    let text = operator.rewrite(word).map_err(|message| self.error(message))?;
                    entries.push(name, text.as_bytes(), b"");
                }
            }
            self.at += 1;
        }
        let reference = self.cx.references.inline(entries);
        let keyword = word.split(['(', ',']).next().unwrap_or("");
        reference.used(Use { span: self.cx.span, map: false, keyword: keyword.into() });
        if let Some(id) = self.id
            && !self.cx.references.choose_id(&reference, id)
        {
            return Err(self.error("the value is already used".into()));
        }
        self.compare_with(method, &reference, |number, message| {
            (places.get(number as usize).copied(), message)
        })
    }

    fn compare_with(
        &mut self,
        method: Method,
        reference: &std::sync::Arc<Reference>,
        place: impl FnOnce(u32, String) -> (Option<usize>, String),
    ) -> Result<(), ExprError> {
        let scheme = Scheme { method, ignore_case: self.ignore_case };
        let expression = reference.expression(scheme, None).map_err(|(number, message)| {
            let (at, message) = place(number, message);
            ExprError::new(at.unwrap_or(self.at), message)
        })?;
        self.patterns.push(Pattern { reference: reference.clone(), expression });
        Ok(())
    }
}
