//! Names that a Lua script would have registered. Scripts are refused for now; lines that use them are not unknown.

use weir_types::Diagnostic;

use super::Parser;

/// What HAProxy says before the name of something it does not know.
const UNKNOWN: &[&str] =
    &["unknown fetch method '", "unknown converter '", "but got '", "(got '", "rule : '"];

impl Parser<'_> {
    /// Where a script was named, a refusal of `lua.NAME` as unknown becomes what it is.
    pub(super) fn scripted(&self, mut refused: Diagnostic) -> Diagnostic {
        if self.global.lua
            && let Some(name) = UNKNOWN.iter().find_map(|before| name_behind(&refused.text, before))
        {
            refused.text = format!("'{name}' is not supported by weir yet").into();
            refused.hint = None;
            refused.unsupported = true;
        }
        refused
    }
}

fn name_behind(text: &str, before: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    let (name, _) = rest.split_once('\'')?;
    name.starts_with("lua.").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::name_behind;

    #[test]
    fn only_names_of_scripts() {
        let text = "'http-request' expects 'allow', but got 'lua.check'.";
        assert_eq!(name_behind(text, "but got '").as_deref(), Some("lua.check"));
        assert_eq!(name_behind("'http-request' expects 'allow', but got 'alow'.", "but got '"), None);
    }
}
