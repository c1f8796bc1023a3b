//! The forms of `show stat`: CSV, `typed`, `json`.

use std::fmt::Write;

use super::fields::{CORE_FIELDS, FIELDS};
use super::row::Row;
use crate::value::{json_string, json_tags};

/// `show schema json`
pub const SCHEMA_JSON: &str = include_str!("schema.json");

/// `# pxname,svname,...,-,ssl_sess,...,`
pub fn csv_header() -> String {
    let mut line = String::from("# ");
    for (place, field) in FIELDS.iter().enumerate() {
        if place == CORE_FIELDS {
            line.push_str("-,");
        }
        line.push_str(field.name);
        line.push(',');
    }
    line.push('\n');
    line
}

pub fn csv(rows: &[Row]) -> String {
    let mut text = csv_header();
    for row in rows {
        for place in 0..FIELDS.len() {
            if place == CORE_FIELDS {
                text.push_str("-,");
            }
            if let Some(value) = row.value(place) {
                push_quoted(&mut text, &value.to_string());
            }
            text.push(',');
        }
        text.push('\n');
    }
    text
}

/// Quoted where RFC 4180 asks for it.
fn push_quoted(text: &mut String, value: &str) {
    if value.contains(['"', ',', '\r', '\n']) {
        text.push('"');
        text.push_str(&value.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(value);
    }
}

/// `F.2.0.0.pxname.1:KNSV:str:fe` a line; with `described`, the field's text behind it.
pub fn typed(rows: &[Row], described: bool) -> String {
    let mut text = String::new();
    for row in rows {
        for (place, value) in row.values() {
            let field = &FIELDS[place];
            let (letter, tags) = (row.object.letter(), field.tags[row.object as usize]);
            let _ = write!(
                text,
                "{letter}.{}.{}.{place}.{}.1:{tags}:{}:{value}",
                row.proxy_id,
                row.id,
                field.name,
                value.kind()
            );
            if described {
                let _ = write!(text, ":\"{}\"", field.text);
            }
            text.push('\n');
        }
    }
    text
}

/// One array of fields for each row, without a line feed at the end.
pub fn json(rows: &[Row]) -> String {
    let rows: Vec<String> = rows.iter().map(json_row).collect();
    format!("[{}]", rows.join(","))
}

fn json_row(row: &Row) -> String {
    let fields: Vec<String> = row
        .values()
        .map(|(place, value)| {
            let field = &FIELDS[place];
            format!(
                r#"{{"objType":"{}","proxyId":{},"id":{},"field":{{"pos":{place},"name":{}}},"processNum":1,"tags":{},"value":{}}}"#,
                row.object.json_name(),
                row.proxy_id,
                row.id,
                json_string(field.name),
                json_tags(field.tags[row.object as usize]),
                value.json()
            )
        })
        .collect();
    format!("[{}]", fields.join(","))
}
