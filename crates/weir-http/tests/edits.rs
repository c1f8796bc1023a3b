//! Edits of a parsed request against a plain list of lines: whatever is edited in whatever order, what is written is
//! what the list says.

use proptest::prelude::*;
use weir_http::{Limits, NoRoom, Request, WriteOptions, parse_request, write_request};

#[derive(Clone, Debug)]
enum Edit {
    Add(usize, String),
    Set(usize, String),
    Remove(usize),
    RemoveAt(prop::sample::Index),
    ReplaceAt(prop::sample::Index, String),
    Path(String),
    Method(String),
}

const NAMES: [&str; 5] = ["host", "x-a", "x-b", "cookie", "accept"];

fn edit() -> impl Strategy<Value = Edit> {
    let (name, value) = (0..NAMES.len(), "[a-z ,]{0,30}");
    prop_oneof![
        (name.clone(), value).prop_map(|(name, value)| Edit::Add(name, value)),
        (name.clone(), value).prop_map(|(name, value)| Edit::Set(name, value)),
        name.prop_map(Edit::Remove),
        any::<prop::sample::Index>().prop_map(Edit::RemoveAt),
        (any::<prop::sample::Index>(), value).prop_map(|(index, value)| Edit::ReplaceAt(index, value)),
        "/[a-z]{0,20}".prop_map(Edit::Path),
        "[A-Z]{1,8}".prop_map(Edit::Method),
    ]
}

/// The request as plain text.
struct Model {
    method: String,
    path: String,
    lines: Vec<(String, String)>,
}

impl Model {
    fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Add(name, value) => self.lines.push((NAMES[*name].into(), value.clone())),
            Edit::Set(name, value) => {
                self.lines.retain(|(line, _)| line != NAMES[*name]);
                self.lines.push((NAMES[*name].into(), value.clone()));
            }
            Edit::Remove(name) => self.lines.retain(|(line, _)| line != NAMES[*name]),
            Edit::RemoveAt(index) if !self.lines.is_empty() => {
                self.lines.remove(index.index(self.lines.len()));
            }
            Edit::ReplaceAt(index, value) if !self.lines.is_empty() => {
                let index = index.index(self.lines.len());
                self.lines[index].1 = value.clone();
            }
            Edit::RemoveAt(_) | Edit::ReplaceAt(..) => {}
            Edit::Path(path) => self.path = path.clone(),
            Edit::Method(method) => self.method = method.clone(),
        }
    }

    fn written(&self) -> String {
        let lines: String = self.lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{} {}?q HTTP/1.1\r\n{lines}\r\n", self.method, self.path)
    }
}

fn apply(request: &mut Request, edit: &Edit) -> Result<(), NoRoom> {
    let count = request.headers.len();
    match edit {
        Edit::Add(name, value) => request.headers.add(NAMES[*name].as_bytes(), value.as_bytes()),
        Edit::Set(name, value) => request.headers.set(NAMES[*name].as_bytes(), value.as_bytes()),
        Edit::Remove(name) => {
            request.headers.remove(NAMES[*name].as_bytes());
            Ok(())
        }
        Edit::RemoveAt(index) if count > 0 => {
            request.headers.remove_at(index.index(count));
            Ok(())
        }
        Edit::ReplaceAt(index, value) if count > 0 => {
            request.headers.replace_at(index.index(count), value.as_bytes())
        }
        Edit::RemoveAt(_) | Edit::ReplaceAt(..) => Ok(()),
        Edit::Path(path) => request.set_path(path.as_bytes()),
        Edit::Method(method) => request.set_method(method.as_bytes()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A small buffer makes the arena be rebuilt on the way; an edit that does not fit changes nothing.
    #[test]
    fn edits_do_what_they_say(edits in prop::collection::vec(edit(), 0..200), bufsize in 100u32..1000) {
        let limits = Limits { bufsize, maxrewrite: 10, ..Limits::default() };
        let head = "GET /a?q HTTP/1.1\r\nHost: h\r\nX-A:1\r\nx-b: 2\r\n\r\n";
        let mut request = Request::new();
        parse_request(head.as_bytes(), &limits, &mut request).expect("valid");
        let lines = [("host", "h"), ("x-a", "1"), ("x-b", "2")];
        let lines = lines.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let mut model = Model { method: "GET".into(), path: "/a".into(), lines };
        for edit in &edits {
            if apply(&mut request, edit).is_ok() {
                model.apply(edit);
            }
        }
        let mut out = Vec::new();
        write_request(&request, &WriteOptions::default(), &mut out);
        prop_assert_eq!(String::from_utf8(out).expect("text"), model.written());
        prop_assert_eq!(request.wire_len(), model.written().len());
    }
}
