//! Text (manual 7.3.1).

use std::borrow::Cow;

use super::row::*;
use debug::{check as check_debug, debug};
use forwarded::*;
use parts::*;
use text::*;

use crate::arg::Arg;
use crate::stage::Resolved;

mod debug;
mod forwarded;
mod parts;
mod text;

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// A piece of a text: borrowed if the text is.
fn slice(text: Cow<'_, [u8]>, start: usize, end: usize) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            text.drain(..start);
            Cow::Owned(text)
        }
    }
}

pub(super) const ROWS: &[Converter] = &[
    Converter::new(
        "add_item",
        sig(2, &[Text, Text, Text]),
        Str,
        Str,
        "appends a delimiter, a variable and a suffix (7.3.1)",
    )
    .runs(add_item)
    .checked(check_add_item),
    Converter::new(
        "capture-req",
        sig(1, &[Int]),
        Str,
        Str,
        "stores the string in a request capture slot (7.3.1)",
    )
    .runs(capture_req),
    Converter::new(
        "capture-res",
        sig(1, &[Int]),
        Str,
        Str,
        "stores the string in a response capture slot (7.3.1)",
    )
    .runs(capture_res),
    Converter::new("concat", sig(1, &[Text, Text, Text]), Str, Str, "appends text, a variable, text (7.3.1)")
        .runs(concat)
        .checked(check_concat),
    Converter::new("cut_crlf", NONE, Str, Str, "cuts at the first carriage return or line feed (7.3.1)")
        .computes(cut_crlf),
    Converter::new(
        "debug",
        sig(0, &[Text, Text]),
        Any,
        Same,
        "prints the sample to a sink and passes it on (7.3.1)",
    )
    .runs(debug)
    .checked(check_debug),
    Converter::new("fe_exists", NONE, Str, Bool, "whether a frontend of this name exists (7.3.1)")
        .runs(fe_exists),
    Converter::new(
        "field",
        sig(2, &[Int, Text, Int]),
        Str,
        Str,
        "field by its place between separators (7.3.1)",
    )
    .computes(field)
    .checked(check_index),
    Converter::new("host_only", NONE, Str, Str, "host without the port (7.3.1)").computes(host_only),
    Converter::new(
        "language",
        sig(1, &[Text, Text]),
        Str,
        Str,
        "best of a list for an Accept-Language (7.3.1)",
    )
    .computes(language),
    Converter::new("length", NONE, Str, Sint, "length in bytes (7.3.1)").computes(length),
    Converter::new("lower", NONE, Str, Str, "lower case (7.3.1)").computes(lower),
    Converter::new("ltrim", sig(1, &[Text]), Str, Str, "removes leading characters (7.3.1)").computes(ltrim),
    Converter::new("nbsrv", NONE, Str, Sint, "usable servers of the backend of this name (7.3.1)")
        .runs(nbsrv),
    Converter::new("param", sig(1, &[Text, Text]), Str, Str, "parameter of a url-encoded list (7.3.1)")
        .computes(param),
    Converter::new("port_only", NONE, Str, Sint, "port of a host and port (7.3.1)").computes(port_only),
    Converter::new("regsub", sig(2, &[Regex, Text, Text]), Str, Str, "replaces what a regex matches (7.3.1)")
        .runs(regsub)
        .checked(check_regsub),
    Converter::new("reverse", NONE, Str, Str, "the bytes in reverse order (7.3.1)").computes(reverse),
    Converter::new("reverse_dom", NONE, Str, Str, "the domain's labels in reverse order (7.3.1)")
        .computes(reverse_dom),
    Converter::new("rfc7239_field", sig(1, &[Text]), Str, Str, "field of a Forwarded header (7.3.1)")
        .computes(rfc7239_field)
        .checked(check_field),
    Converter::new("rfc7239_is_valid", NONE, Str, Bool, "whether a Forwarded header is well formed (7.3.1)")
        .computes(rfc7239_is_valid),
    Converter::new("rfc7239_n2nn", NONE, Str, Any, "node name of a Forwarded node (7.3.1)")
        .computes(node_name),
    Converter::new("rfc7239_n2np", NONE, Str, Any, "node port of a Forwarded node (7.3.1)")
        .computes(node_port_of),
    Converter::new("rfc7239_nn", NONE, Any, Str, "node name of a Forwarded node (7.3.1)")
        .computes(written_name),
    Converter::new("rfc7239_np", NONE, Any, Str, "node port of a Forwarded node (7.3.1)")
        .computes(written_port),
    Converter::new("rtrim", sig(1, &[Text]), Str, Str, "removes trailing characters (7.3.1)").computes(rtrim),
    Converter::new(
        "secure_memcmp",
        sig(1, &[Text]),
        Bin,
        Bool,
        "compares with a variable in constant time (7.3.1)",
    )
    .runs(secure_memcmp)
    .checked(check_compared),
    Converter::new(
        "set-var",
        sig(1, &[Text, Text, Text, Text, Text]),
        Any,
        Any,
        "stores the sample in a variable and passes it on (7.3.1)",
    )
    .runs(set_var)
    .checked(check_set_var),
    Converter::new("srv_is_up", NONE, Str, Bool, "whether the server of this name is up (7.3.1)")
        .runs(srv_is_up),
    Converter::new("srv_queue", NONE, Str, Sint, "queued connections of the server of this name (7.3.1)")
        .runs(srv_queue),
    Converter::new("strcmp", sig(1, &[Text]), Str, Sint, "compares with a variable (7.3.1)")
        .runs(strcmp)
        .checked(check_compared),
    Converter::new(
        "unset-var",
        sig(1, &[Text]),
        Any,
        Any,
        "removes a variable and passes the sample on (7.3.1)",
    )
    .runs(unset_var)
    .checked(check_unset_var),
    Converter::new("upper", NONE, Str, Str, "upper case (7.3.1)").computes(upper),
    Converter::new("url_dec", sig(0, &[Int]), Str, Str, "undoes url encoding (7.3.1)").computes(url_dec),
    Converter::new("url_enc", sig(1, &[Text]), Str, Str, "url encoding (7.3.1)")
        .computes(url_enc)
        .checked(check_url_enc),
    Converter::new(
        "when",
        sig(1, &[Text, Text, Text]),
        Any,
        Any,
        "passes the sample on under a condition (7.3.1)",
    )
    .runs(when)
    .checked(check_when),
    Converter::new(
        "word",
        sig(2, &[Int, Text, Int]),
        Str,
        Str,
        "word by its place between separators, empty ones skipped (7.3.1)",
    )
    .computes(word)
    .checked(check_index),
    Converter::new("x509_v_err_str", NONE, Sint, Str, "text of a certificate verification error (7.3.1)")
        .computes(x509_v_err_str),
];
