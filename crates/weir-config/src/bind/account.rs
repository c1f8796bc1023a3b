//! User and group names to numbers, from the account files as the configuration's other files are read.

use weir_sample::Files;

/// The uid of a user name.
pub(crate) fn user_id(files: &dyn Files, name: &str) -> Option<u32> {
    find(&files.read("/etc/passwd")?, name)
}

/// The gid of a group name.
pub(crate) fn group_id(files: &dyn Files, name: &str) -> Option<u32> {
    find(&files.read("/etc/group")?, name)
}

/// Both files have the name first and the number third.
fn find(text: &[u8], name: &str) -> Option<u32> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines().map(|line| line.split(':'));
    let mut fields = lines.find(|fields| fields.clone().next() == Some(name))?;
    fields.nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn third_field_of_the_named_line() {
        let text = b"root:x:0:0:root:/root:/bin/sh\nhaproxy:x:107:113::/var/lib/haproxy:/usr/sbin/nologin\n";
        assert_eq!(find(text, "haproxy"), Some(107));
        assert_eq!(find(text, "hap"), None);
    }
}
