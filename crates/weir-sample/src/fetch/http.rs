//! HTTP messages (manual 7.3.6).

use super::row::*;
use auth::*;
use cookie::*;
use headers::*;
use kept::*;
use message::{Either, Req, Res};
use param::*;
use uri::*;

mod auth;
pub(super) mod blocks;
mod cookie;
mod headers;
mod kept;
mod message;
mod param;
mod uri;

pub(super) const ROWS: &[Fetch] = &[
    Fetch::new("base", NONE, Str, Reads::RequestHead, "host and path, without the query (7.3.6)").runs(base),
    Fetch::new("base32", NONE, Sint, Reads::RequestHead, "32-bit hash of `base` (7.3.6)").runs(base32),
    Fetch::new(
        "base32+src",
        NONE,
        Bin,
        Reads::RequestHead,
        "`base32` followed by the client's address (7.3.6)",
    )
    .runs(base32_src),
    Fetch::new("baseq", NONE, Str, Reads::RequestHead, "host, path and query (7.3.6)").runs(baseq),
    Fetch::new(
        "capture.req.hdr",
        sig(1, &[Int]),
        Str,
        Reads::RequestMeta,
        "captured request header by its place (7.3.6)",
    )
    .runs(request_capture),
    Fetch::new(
        "capture.req.method",
        NONE,
        Str,
        Reads::RequestMeta,
        "the request's method, kept until the log (7.3.6)",
    )
    .runs(capture_method),
    Fetch::new(
        "capture.req.uri",
        NONE,
        Str,
        Reads::RequestMeta,
        "the request's URI, kept until the log (7.3.6)",
    )
    .runs(capture_uri),
    Fetch::new(
        "capture.req.ver",
        NONE,
        Str,
        Reads::RequestMeta,
        "the request's version, kept until the log (7.3.6)",
    )
    .runs(capture_version),
    Fetch::new(
        "capture.res.hdr",
        sig(1, &[Int]),
        Str,
        Reads::ResponseMeta,
        "captured response header by its place (7.3.6)",
    )
    .runs(response_capture),
    Fetch::new(
        "capture.res.ver",
        NONE,
        Str,
        Reads::RequestMeta,
        "the response's version, kept until the log (7.3.6)",
    )
    .runs(capture_response_version),
    Fetch::new(
        "cook",
        sig(0, &[Text]),
        Str,
        Reads::RequestHead,
        "value of a request cookie (7.3.6, deprecated for `req.cook`)",
    )
    .runs(cook::<Req>)
    .each(each_cook::<Req>),
    Fetch::new(
        "cook_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::RequestHead,
        "number of request cookies of a name (7.3.6, deprecated)",
    )
    .runs(cook_cnt::<Req>),
    Fetch::new(
        "cook_val",
        sig(0, &[Text]),
        Sint,
        Reads::RequestHead,
        "integer in a request cookie (7.3.6, deprecated)",
    )
    .runs(cook_val::<Req>)
    .each(each_cook_val::<Req>),
    Fetch::new(
        "cookie",
        sig(0, &[Text]),
        Str,
        Reads::AnyHead,
        "cookie of the request, or of the response behind it (7.3.6)",
    )
    .runs(either_cook)
    .each(each_either_cook),
    Fetch::new("fcgi.docroot", NONE, Str, Reads::RequestHead, "document root for FastCGI (10.1)"),
    Fetch::new("fcgi.index", NONE, Str, Reads::RequestHead, "index name for FastCGI (10.1)"),
    Fetch::new(
        "hdr",
        sig(0, &[Text, Int]),
        Str,
        Reads::AnyHead,
        "header of the request, or of the response behind it (7.3.6)",
    )
    .runs(hdr::<Either>)
    .each(each_hdr::<Either>)
    .checked(check_name),
    Fetch::new(
        "hdr_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::RequestHead,
        "number of request header values (7.3.6, deprecated)",
    )
    .runs(hdr_cnt::<Req>)
    .checked(check_name),
    Fetch::new(
        "hdr_ip",
        sig(0, &[Text, Int]),
        Addr,
        Reads::RequestHead,
        "address in a request header (7.3.6, deprecated)",
    )
    .runs(hdr_ip::<Req>)
    .each(each_hdr_ip::<Req>)
    .checked(check_name),
    Fetch::new(
        "hdr_val",
        sig(0, &[Text, Int]),
        Sint,
        Reads::RequestHead,
        "integer in a request header (7.3.6, deprecated)",
    )
    .runs(hdr_val::<Req>)
    .each(each_hdr_val::<Req>)
    .checked(check_name),
    Fetch::new(
        "http_auth",
        sig(1, &[Userlist]),
        Bool,
        Reads::RequestHead,
        "whether Basic credentials are in a userlist (7.3.6)",
    )
    .runs(http_auth),
    Fetch::new(
        "http_auth_bearer",
        sig(0, &[Text]),
        Str,
        Reads::RequestHead,
        "token of a Bearer authorization (7.3.6)",
    )
    .runs(http_auth_bearer)
    .checked(check_bearer),
    Fetch::new(
        "http_auth_group",
        sig(1, &[Userlist]),
        Str,
        Reads::RequestHead,
        "authenticated user's name, matched by group (7.3.6)",
    )
    .runs(http_auth_group),
    Fetch::new("http_auth_pass", NONE, Str, Reads::RequestHead, "password of a Basic authorization (7.3.6)")
        .runs(http_auth_pass),
    Fetch::new("http_auth_type", NONE, Str, Reads::RequestHead, "scheme of the authorization (7.3.6)")
        .runs(http_auth_type),
    Fetch::new("http_auth_user", NONE, Str, Reads::RequestHead, "user name of a Basic authorization (7.3.6)")
        .runs(http_auth_user),
    Fetch::new(
        "http_first_req",
        NONE,
        Bool,
        Reads::RequestMeta,
        "whether the request is its connection's first (7.3.6)",
    )
    .runs(http_first_req),
    Fetch::new("method", NONE, Meth, Reads::RequestMeta, "the request's method (7.3.6)").runs(method),
    Fetch::new("path", NONE, Str, Reads::RequestHead, "the URI's path, without the query (7.3.6)").runs(path),
    Fetch::new("pathq", NONE, Str, Reads::RequestHead, "the URI's path and query (7.3.6)").runs(pathq),
    Fetch::new("query", sig(0, &[Text]), Str, Reads::RequestHead, "the URI's query (7.3.6)").runs(query),
    Fetch::new(
        "req.body",
        NONE,
        Bin,
        Reads::RequestHead,
        "body of the request as far as it is buffered (7.3.6)",
    )
    .runs(body::<Req>),
    Fetch::new("req.body_len", NONE, Sint, Reads::RequestHead, "bytes of the body buffered (7.3.6)")
        .runs(body_len::<Req>),
    Fetch::new(
        "req.body_param",
        sig(0, &[Text, Text]),
        Bin,
        Reads::RequestHead,
        "parameter of a url-encoded body (7.3.6)",
    )
    .runs(body_param),
    Fetch::new("req.body_size", NONE, Sint, Reads::RequestHead, "announced size of the body (7.3.6)")
        .runs(body_size::<Req>),
    Fetch::new("req.cook", sig(0, &[Text]), Str, Reads::RequestHead, "value of a request cookie (7.3.6)")
        .runs(cook::<Req>)
        .each(each_cook::<Req>),
    Fetch::new(
        "req.cook_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::RequestHead,
        "number of request cookies of a name (7.3.6)",
    )
    .runs(cook_cnt::<Req>),
    Fetch::new(
        "req.cook_names",
        sig(0, &[Text]),
        Str,
        Reads::RequestHead,
        "names of the request's cookies (7.3.6)",
    )
    .runs(cook_names::<Req>),
    Fetch::new(
        "req.cook_val",
        sig(0, &[Text]),
        Sint,
        Reads::RequestHead,
        "integer in a request cookie (7.3.6)",
    )
    .runs(cook_val::<Req>)
    .each(each_cook_val::<Req>),
    Fetch::new(
        "req.fhdr",
        sig(0, &[Text, Int]),
        Str,
        Reads::RequestHead,
        "whole value of a request header (7.3.6)",
    )
    .runs(fhdr::<Req>)
    .each(each_fhdr::<Req>)
    .checked(check_name),
    Fetch::new(
        "req.fhdr_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::RequestHead,
        "number of request header lines (7.3.6)",
    )
    .runs(fhdr_cnt::<Req>)
    .checked(check_name),
    Fetch::new(
        "req.hdr",
        sig(0, &[Text, Int]),
        Str,
        Reads::RequestHead,
        "one comma-separated value of a request header (7.3.6)",
    )
    .runs(hdr::<Req>)
    .each(each_hdr::<Req>)
    .checked(check_name),
    Fetch::new(
        "req.hdr_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::RequestHead,
        "number of comma-separated request header values (7.3.6)",
    )
    .runs(hdr_cnt::<Req>)
    .checked(check_name),
    Fetch::new(
        "req.hdr_ip",
        sig(0, &[Text, Int]),
        Addr,
        Reads::RequestHead,
        "address in a request header (7.3.6)",
    )
    .runs(hdr_ip::<Req>)
    .each(each_hdr_ip::<Req>)
    .checked(check_name),
    Fetch::new(
        "req.hdr_names",
        sig(0, &[Text]),
        Str,
        Reads::RequestHead,
        "names of the request's headers (7.3.6)",
    )
    .runs(hdr_names::<Req>),
    Fetch::new(
        "req.hdr_val",
        sig(0, &[Text, Int]),
        Sint,
        Reads::RequestHead,
        "integer in a request header (7.3.6)",
    )
    .runs(hdr_val::<Req>)
    .each(each_hdr_val::<Req>)
    .checked(check_name),
    Fetch::new("req.hdrs", NONE, Bin, Reads::RequestHead, "the request's header block as text (7.3.6)")
        .runs(hdrs::<Req>),
    Fetch::new(
        "req.hdrs_bin",
        NONE,
        Bin,
        Reads::RequestHead,
        "the request's header block in binary form (7.3.6)",
    )
    .runs(hdrs_bin::<Req>),
    Fetch::new(
        "req.proto_http",
        NONE,
        Bool,
        Reads::RequestMeta,
        "whether the bytes received are an HTTP request (7.3.5)",
    )
    .runs(proto_http),
    Fetch::new("req.ver", NONE, Str, Reads::RequestMeta, "the request's version, `1.1` (7.3.6)")
        .runs(req_ver),
    Fetch::new(
        "req_proto_http",
        NONE,
        Bool,
        Reads::RequestMeta,
        "whether the bytes received are an HTTP request (7.3.5, deprecated)",
    )
    .runs(proto_http),
    Fetch::new("req_ver", NONE, Str, Reads::RequestMeta, "the request's version (7.3.6, deprecated)")
        .runs(req_ver),
    Fetch::new(
        "request_date",
        sig(0, &[Text]),
        Sint,
        Reads::RequestMeta,
        "when the request began, in seconds or the given unit (7.3.6)",
    )
    .runs(request_date)
    .checked(check_date),
    Fetch::new(
        "res.body",
        NONE,
        Bin,
        Reads::ResponseHead,
        "body of the response as far as it is buffered (7.3.6)",
    )
    .runs(body::<Res>),
    Fetch::new("res.body_len", NONE, Sint, Reads::ResponseHead, "bytes of the body buffered (7.3.6)")
        .runs(body_len::<Res>),
    Fetch::new("res.body_size", NONE, Sint, Reads::ResponseHead, "announced size of the body (7.3.6)")
        .runs(body_size::<Res>),
    Fetch::new(
        "res.cache_hit",
        NONE,
        Bool,
        Reads::Server,
        "whether the response comes from the cache (7.3.6)",
    )
    .runs(res_cache_hit),
    Fetch::new("res.cache_name", NONE, Str, Reads::Server, "name of the cache it comes from (7.3.6)")
        .runs(res_cache_name),
    Fetch::new(
        "res.comp",
        NONE,
        Bool,
        Reads::ResponseMeta,
        "whether the response was compressed here (7.3.6)",
    )
    .runs(res_comp),
    Fetch::new(
        "res.comp_algo",
        NONE,
        Str,
        Reads::ResponseMeta,
        "the algorithm it was compressed with (7.3.6)",
    )
    .runs(res_comp_algo),
    Fetch::new("res.cook", sig(0, &[Text]), Str, Reads::ResponseHead, "value of a response cookie (7.3.6)")
        .runs(cook::<Res>)
        .each(each_cook::<Res>),
    Fetch::new(
        "res.cook_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::ResponseHead,
        "number of response cookies of a name (7.3.6)",
    )
    .runs(cook_cnt::<Res>),
    Fetch::new(
        "res.cook_names",
        sig(0, &[Text]),
        Str,
        Reads::ResponseHead,
        "names of the response's cookies (7.3.6)",
    )
    .runs(cook_names::<Res>),
    Fetch::new(
        "res.cook_val",
        sig(0, &[Text]),
        Sint,
        Reads::ResponseHead,
        "integer in a response cookie (7.3.6)",
    )
    .runs(cook_val::<Res>)
    .each(each_cook_val::<Res>),
    Fetch::new(
        "res.fhdr",
        sig(0, &[Text, Int]),
        Str,
        Reads::ResponseHead,
        "whole value of a response header (7.3.6)",
    )
    .runs(fhdr::<Res>)
    .each(each_fhdr::<Res>)
    .checked(check_name),
    Fetch::new(
        "res.fhdr_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::ResponseHead,
        "number of response header lines (7.3.6)",
    )
    .runs(fhdr_cnt::<Res>)
    .checked(check_name),
    Fetch::new(
        "res.hdr",
        sig(0, &[Text, Int]),
        Str,
        Reads::ResponseHead,
        "one comma-separated value of a response header (7.3.6)",
    )
    .runs(hdr::<Res>)
    .each(each_hdr::<Res>)
    .checked(check_name),
    Fetch::new(
        "res.hdr_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::ResponseHead,
        "number of comma-separated response header values (7.3.6)",
    )
    .runs(hdr_cnt::<Res>)
    .checked(check_name),
    Fetch::new(
        "res.hdr_ip",
        sig(0, &[Text, Int]),
        Addr,
        Reads::ResponseHead,
        "address in a response header (7.3.6)",
    )
    .runs(hdr_ip::<Res>)
    .each(each_hdr_ip::<Res>)
    .checked(check_name),
    Fetch::new(
        "res.hdr_names",
        sig(0, &[Text]),
        Str,
        Reads::ResponseHead,
        "names of the response's headers (7.3.6)",
    )
    .runs(hdr_names::<Res>),
    Fetch::new(
        "res.hdr_val",
        sig(0, &[Text, Int]),
        Sint,
        Reads::ResponseHead,
        "integer in a response header (7.3.6)",
    )
    .runs(hdr_val::<Res>)
    .each(each_hdr_val::<Res>)
    .checked(check_name),
    Fetch::new("res.hdrs", NONE, Bin, Reads::ResponseHead, "the response's header block as text (7.3.6)")
        .runs(hdrs::<Res>),
    Fetch::new(
        "res.hdrs_bin",
        NONE,
        Bin,
        Reads::ResponseHead,
        "the response's header block in binary form (7.3.6)",
    )
    .runs(hdrs_bin::<Res>),
    Fetch::new("res.ver", NONE, Str, Reads::ResponseMeta, "the response's version (7.3.6)").runs(res_ver),
    Fetch::new("resp_ver", NONE, Str, Reads::ResponseMeta, "the response's version (7.3.6, deprecated)")
        .runs(res_ver),
    Fetch::new(
        "scook",
        sig(0, &[Text]),
        Str,
        Reads::ResponseHead,
        "value of a response cookie (7.3.6, deprecated)",
    )
    .runs(cook::<Res>)
    .each(each_cook::<Res>),
    Fetch::new(
        "scook_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::ResponseHead,
        "number of response cookies of a name (7.3.6, deprecated)",
    )
    .runs(cook_cnt::<Res>),
    Fetch::new(
        "scook_val",
        sig(0, &[Text]),
        Sint,
        Reads::ResponseHead,
        "integer in a response cookie (7.3.6, deprecated)",
    )
    .runs(cook_val::<Res>)
    .each(each_cook_val::<Res>),
    Fetch::new(
        "server_status",
        NONE,
        Sint,
        Reads::ResponseMeta,
        "status that the server answered with (7.3.6)",
    )
    .runs(server_status),
    Fetch::new(
        "shdr",
        sig(0, &[Text, Int]),
        Str,
        Reads::ResponseHead,
        "one value of a response header (7.3.6, deprecated)",
    )
    .runs(hdr::<Res>)
    .each(each_hdr::<Res>)
    .checked(check_name),
    Fetch::new(
        "shdr_cnt",
        sig(0, &[Text]),
        Sint,
        Reads::ResponseHead,
        "number of response header values (7.3.6, deprecated)",
    )
    .runs(hdr_cnt::<Res>)
    .checked(check_name),
    Fetch::new(
        "shdr_ip",
        sig(0, &[Text, Int]),
        Addr,
        Reads::ResponseHead,
        "address in a response header (7.3.6, deprecated)",
    )
    .runs(hdr_ip::<Res>)
    .each(each_hdr_ip::<Res>)
    .checked(check_name),
    Fetch::new(
        "shdr_val",
        sig(0, &[Text, Int]),
        Sint,
        Reads::ResponseHead,
        "integer in a response header (7.3.6, deprecated)",
    )
    .runs(hdr_val::<Res>)
    .each(each_hdr_val::<Res>)
    .checked(check_name),
    Fetch::new("status", NONE, Sint, Reads::ResponseMeta, "status of the response (7.3.6)").runs(status),
    Fetch::new("txn.status", NONE, Sint, Reads::ResponseMeta, "status sent to the client (7.3.6)")
        .runs(txn_status),
    Fetch::new("unique-id", NONE, Str, Reads::Constant, "the stream's unique id (7.3.6)").runs(unique_id),
    Fetch::new("url", NONE, Str, Reads::RequestHead, "the request's URI as it was sent (7.3.6)").runs(url),
    Fetch::new("url32", NONE, Sint, Reads::RequestHead, "32-bit hash of the host and URI (7.3.6)")
        .runs(url32),
    Fetch::new(
        "url32+src",
        NONE,
        Bin,
        Reads::RequestHead,
        "`url32` followed by the client's address (7.3.6)",
    )
    .runs(url32_src),
    Fetch::new("url_ip", NONE, Ipv4, Reads::RequestHead, "address in an absolute URI (7.3.6)").runs(url_ip),
    Fetch::new(
        "url_param",
        sig(0, &[Text, Text, Text]),
        Str,
        Reads::RequestHead,
        "parameter of the query (7.3.6)",
    )
    .runs(url_param)
    .each(each_url_param),
    Fetch::new("url_port", NONE, Sint, Reads::RequestHead, "port in an absolute URI (7.3.6)").runs(url_port),
    Fetch::new(
        "urlp",
        sig(0, &[Text, Text, Text]),
        Str,
        Reads::RequestHead,
        "parameter of the query (7.3.6, `url_param`)",
    )
    .runs(url_param)
    .each(each_url_param),
    Fetch::new(
        "urlp_val",
        sig(0, &[Text, Text, Text]),
        Sint,
        Reads::RequestHead,
        "integer in a parameter of the query (7.3.6)",
    )
    .runs(url_param_val)
    .each(each_url_param),
];
