//! What follows `stats uri` in the address: `;csv;norefresh`, `/;csv`, `?scope=x`.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Html,
    Csv,
    Typed,
    Json,
    JsonSchema,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub form: Form,
    /// False after `norefresh`.
    pub refresh: bool,
    /// Without servers that are down.
    pub up: bool,
    pub no_maint: bool,
    /// What a form did: `DONE`, `NONE`...
    pub status: Option<String>,
    /// A part of the proxies' names.
    pub scope: Option<String>,
}

/// Longer scopes are cut, as the field of the page is.
const SCOPE_LENGTH: usize = 20;

impl Options {
    pub fn parse(rest: &str) -> Self {
        let mut options =
            Self { form: Form::Html, refresh: true, up: false, no_maint: false, status: None, scope: None };
        for word in rest.split([';', '?', '&', '/']) {
            match word {
                "csv" => options.form = Form::Csv,
                "typed" => options.form = Form::Typed,
                "json" => options.form = Form::Json,
                "json-schema" => options.form = Form::JsonSchema,
                "norefresh" => options.refresh = false,
                "up" => options.up = true,
                "no-maint" => options.no_maint = true,
                word => options.parse_pair(word),
            }
        }
        options
    }

    fn parse_pair(&mut self, word: &str) {
        match word.split_once('=') {
            Some(("st", status)) if !status.is_empty() => self.status = Some(status.to_owned()),
            Some(("scope", scope)) if !scope.is_empty() => {
                let allowed = |letter: &char| letter.is_ascii_alphanumeric() || "_-.:".contains(*letter);
                self.scope = Some(scope.chars().filter(allowed).take(SCOPE_LENGTH).collect());
            }
            _ => {}
        }
    }

    /// `?scope=x`, or nothing.
    pub fn scope_query(&self) -> String {
        self.scope.as_ref().map_or(String::new(), |scope| format!("?scope={scope}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_as_clients_write_them() {
        for rest in [";csv", "/;csv", ";csv;norefresh", "?;csv", ";csv;norefresh?scope=be"] {
            assert_eq!(Options::parse(rest).form, Form::Csv, "{rest}");
        }
        let options = Options::parse(";up;norefresh?scope=be");
        assert!(options.up && !options.refresh);
        assert_eq!(options.scope_query(), "?scope=be");
        assert_eq!(Options::parse("?scope=<script>").scope_query(), "?scope=script");
        assert_eq!(Options::parse(";st=DONE").status.as_deref(), Some("DONE"));
    }
}
