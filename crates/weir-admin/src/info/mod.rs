//! `show info`: the process as a whole.

mod fields;
mod source;

use std::fmt::Write;

pub use fields::{INFO_FIELDS, values};

use crate::value::{json_string, json_tags};
use crate::{Value, View};

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct InfoField {
    /// Its number in `typed`; numbers of fields that this build lacks stay free.
    pub place: u32,
    pub name: &'static str,
    pub tags: &'static str,
    pub text: &'static str,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InfoForm {
    #[default]
    Plain,
    Typed,
    Json,
}

/// The reply without the empty line that ends it.
pub fn info(view: &View<'_>, form: InfoForm, described: bool) -> String {
    let values = values(view);
    let fields = INFO_FIELDS.iter().zip(values).filter_map(|(field, value)| Some((field, value?)));
    if form == InfoForm::Json {
        let items: Vec<String> = fields.map(|(field, value)| json(field, &value)).collect();
        return format!("[{}]\n", items.join(","));
    }
    let mut text = String::new();
    for (field, value) in fields {
        let InfoField { place, name, tags, .. } = field;
        let _ = match form {
            InfoForm::Typed => write!(text, "{place}.{name}.1:{tags}:{}:{value}", value.kind()),
            _ => write!(text, "{name}: {value}"),
        };
        if described {
            let _ = write!(text, ":\"{}\"", field.text);
        }
        text.push('\n');
    }
    text
}

fn json(field: &InfoField, value: &Value) -> String {
    format!(
        r#"{{"field":{{"pos":{},"name":{}}},"processNum":1,"tags":{},"value":{}}}"#,
        field.place,
        json_string(field.name),
        json_tags(field.tags),
        value.json()
    )
}
