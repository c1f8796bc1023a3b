//! Map lookups (manual 7.3.1).

use super::row::*;
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::pattern::{Map, MapOutput, Method, Use, line_number};
use crate::stage::{Named, Resolved};
use crate::value::Value;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("map", sig(1, &[Text, Text]), Str, Str, "map by exact string, answers the value (7.3.1)")
        .computes(map)
        .checked(check_str),
    Converter::new("map_beg", sig(1, &[Text, Text]), Str, Str, "map by prefix, answers the value (7.3.1)")
        .computes(map)
        .checked(check_beg),
    Converter::new(
        "map_beg_int",
        sig(1, &[Text, Int]),
        Str,
        Sint,
        "map by prefix, answers an integer (7.3.1)",
    )
    .computes(map)
    .checked(check_beg_int),
    Converter::new(
        "map_beg_ip",
        sig(1, &[Text, Text]),
        Str,
        Addr,
        "map by prefix, answers an address (7.3.1)",
    )
    .computes(map)
    .checked(check_beg_ip),
    Converter::new("map_beg_key", sig(1, &[Text]), Str, Str, "map by prefix, answers the key itself (7.3.1)")
        .computes(map)
        .checked(check_beg_key),
    Converter::new("map_dir", sig(1, &[Text, Text]), Str, Str, "map by path part, answers the value (7.3.1)")
        .computes(map)
        .checked(check_dir),
    Converter::new(
        "map_dir_int",
        sig(1, &[Text, Int]),
        Str,
        Sint,
        "map by path part, answers an integer (7.3.1)",
    )
    .computes(map)
    .checked(check_dir_int),
    Converter::new(
        "map_dir_ip",
        sig(1, &[Text, Text]),
        Str,
        Addr,
        "map by path part, answers an address (7.3.1)",
    )
    .computes(map)
    .checked(check_dir_ip),
    Converter::new(
        "map_dir_key",
        sig(1, &[Text]),
        Str,
        Str,
        "map by path part, answers the key itself (7.3.1)",
    )
    .computes(map)
    .checked(check_dir_key),
    Converter::new(
        "map_dom",
        sig(1, &[Text, Text]),
        Str,
        Str,
        "map by domain part, answers the value (7.3.1)",
    )
    .computes(map)
    .checked(check_dom),
    Converter::new(
        "map_dom_int",
        sig(1, &[Text, Int]),
        Str,
        Sint,
        "map by domain part, answers an integer (7.3.1)",
    )
    .computes(map)
    .checked(check_dom_int),
    Converter::new(
        "map_dom_ip",
        sig(1, &[Text, Text]),
        Str,
        Addr,
        "map by domain part, answers an address (7.3.1)",
    )
    .computes(map)
    .checked(check_dom_ip),
    Converter::new(
        "map_dom_key",
        sig(1, &[Text]),
        Str,
        Str,
        "map by domain part, answers the key itself (7.3.1)",
    )
    .computes(map)
    .checked(check_dom_key),
    Converter::new("map_end", sig(1, &[Text, Text]), Str, Str, "map by suffix, answers the value (7.3.1)")
        .computes(map)
        .checked(check_end),
    Converter::new(
        "map_end_int",
        sig(1, &[Text, Int]),
        Str,
        Sint,
        "map by suffix, answers an integer (7.3.1)",
    )
    .computes(map)
    .checked(check_end_int),
    Converter::new(
        "map_end_ip",
        sig(1, &[Text, Text]),
        Str,
        Addr,
        "map by suffix, answers an address (7.3.1)",
    )
    .computes(map)
    .checked(check_end_ip),
    Converter::new("map_end_key", sig(1, &[Text]), Str, Str, "map by suffix, answers the key itself (7.3.1)")
        .computes(map)
        .checked(check_end_key),
    Converter::new(
        "map_int",
        sig(1, &[Text, Text]),
        Sint,
        Str,
        "map by integer or range, answers the value (7.3.1)",
    )
    .computes(map)
    .checked(check_int),
    Converter::new(
        "map_int_int",
        sig(1, &[Text, Int]),
        Sint,
        Sint,
        "map by integer or range, answers an integer (7.3.1)",
    )
    .computes(map)
    .checked(check_int_int),
    Converter::new(
        "map_int_ip",
        sig(1, &[Text, Text]),
        Sint,
        Addr,
        "map by integer or range, answers an address (7.3.1)",
    )
    .computes(map)
    .checked(check_int_ip),
    Converter::new(
        "map_int_key",
        sig(1, &[Text]),
        Sint,
        Str,
        "map by integer or range, answers the key itself (7.3.1)",
    )
    .computes(map)
    .checked(check_int_key),
    Converter::new("map_ip", sig(1, &[Text, Text]), Addr, Str, "map by address, answers the value (7.3.1)")
        .computes(map)
        .checked(check_ip),
    Converter::new(
        "map_ip_int",
        sig(1, &[Text, Int]),
        Addr,
        Sint,
        "map by address, answers an integer (7.3.1)",
    )
    .computes(map)
    .checked(check_ip_int),
    Converter::new(
        "map_ip_ip",
        sig(1, &[Text, Text]),
        Addr,
        Addr,
        "map by address, answers an address (7.3.1)",
    )
    .computes(map)
    .checked(check_ip_ip),
    Converter::new(
        "map_ip_key",
        sig(1, &[Text]),
        Addr,
        Str,
        "map by address, answers the key itself (7.3.1)",
    )
    .computes(map)
    .checked(check_ip_key),
    Converter::new("map_reg", sig(1, &[Text, Text]), Str, Str, "map by regex, answers the value (7.3.1)")
        .computes(map)
        .checked(check_reg),
    Converter::new(
        "map_reg_int",
        sig(1, &[Text, Int]),
        Str,
        Sint,
        "map by regex, answers an integer (7.3.1)",
    )
    .computes(map)
    .checked(check_reg_int),
    Converter::new(
        "map_reg_ip",
        sig(1, &[Text, Text]),
        Str,
        Addr,
        "map by regex, answers an address (7.3.1)",
    )
    .computes(map)
    .checked(check_reg_ip),
    Converter::new("map_reg_key", sig(1, &[Text]), Str, Str, "map by regex, answers the key itself (7.3.1)")
        .computes(map)
        .checked(check_reg_key),
    Converter::new(
        "map_regm",
        sig(1, &[Text, Text]),
        Str,
        Str,
        "looks the string up in a map of regexes with back references (7.3.1)",
    )
    .computes(map_regm)
    .checked(check_reg),
    Converter::new(
        "map_str",
        sig(1, &[Text, Text]),
        Str,
        Str,
        "map by exact string, answers the value (7.3.1)",
    )
    .computes(map)
    .checked(check_str),
    Converter::new(
        "map_str_int",
        sig(1, &[Text, Int]),
        Str,
        Sint,
        "map by exact string, answers an integer (7.3.1)",
    )
    .computes(map)
    .checked(check_str_int),
    Converter::new(
        "map_str_ip",
        sig(1, &[Text, Text]),
        Str,
        Addr,
        "map by exact string, answers an address (7.3.1)",
    )
    .computes(map)
    .checked(check_str_ip),
    Converter::new(
        "map_str_key",
        sig(1, &[Text]),
        Str,
        Str,
        "map by exact string, answers the key itself (7.3.1)",
    )
    .computes(map)
    .checked(check_str_key),
    Converter::new("map_sub", sig(1, &[Text, Text]), Str, Str, "map by substring, answers the value (7.3.1)")
        .computes(map)
        .checked(check_sub),
    Converter::new(
        "map_sub_int",
        sig(1, &[Text, Int]),
        Str,
        Sint,
        "map by substring, answers an integer (7.3.1)",
    )
    .computes(map)
    .checked(check_sub_int),
    Converter::new(
        "map_sub_ip",
        sig(1, &[Text, Text]),
        Str,
        Addr,
        "map by substring, answers an address (7.3.1)",
    )
    .computes(map)
    .checked(check_sub_ip),
    Converter::new(
        "map_sub_key",
        sig(1, &[Text]),
        Str,
        Str,
        "map by substring, answers the key itself (7.3.1)",
    )
    .computes(map)
    .checked(check_sub_key),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// Loads the file for one method and output; the second argument is the default.
fn load(
    args: &mut [Arg<Named>],
    cx: &ParseContext<'_>,
    method: Method,
    output: MapOutput,
) -> Result<(), String> {
    let file = cx.references.open(cx.files, args[0].str(), true)?;
    let default = match args.get(1) {
        Some(Arg::Str(text)) => Some(text.to_string()),
        Some(Arg::Int(value)) => Some(value.to_string()),
        _ => None,
    };
    file.used(Use { span: cx.span, map: true, keyword: "".into() });
    let map = Map::new(&file, method, output, default.as_deref()).map_err(|(entry, error)| {
        let Some(entry) = entry else { return error };
        let line = line_number(cx.files, &file.name, true, entry);
        match error.starts_with("cannot parse") {
            true => format!("unable to load map file '{}': {error} at line {line}", file.name),
            false => format!("{error} at line {line} of file '{}'", file.name),
        }
    })?;
    args[0] = Arg::Map(map.into());
    Ok(())
}

macro_rules! checks {
    ($($name:ident $method:ident $output:ident;)*) => {$(
        fn $name(args: &mut [Arg<Named>], cx: &ParseContext<'_>) -> Result<(), String> {
            load(args, cx, Method::$method, MapOutput::$output)
        }
    )*};
}

checks! {
    check_beg Beg Str;
    check_beg_int Beg Int;
    check_beg_ip Beg Ip;
    check_beg_key Beg Key;
    check_dir Dir Str;
    check_dir_int Dir Int;
    check_dir_ip Dir Ip;
    check_dir_key Dir Key;
    check_dom Dom Str;
    check_dom_int Dom Int;
    check_dom_ip Dom Ip;
    check_dom_key Dom Key;
    check_end End Str;
    check_end_int End Int;
    check_end_ip End Ip;
    check_end_key End Key;
    check_int Int Str;
    check_int_int Int Int;
    check_int_ip Int Ip;
    check_int_key Int Key;
    check_ip Ip Str;
    check_ip_int Ip Int;
    check_ip_ip Ip Ip;
    check_ip_key Ip Key;
    check_reg Reg Str;
    check_reg_int Reg Int;
    check_reg_ip Reg Ip;
    check_reg_key Reg Key;
    check_str Str Str;
    check_str_int Str Int;
    check_str_ip Str Ip;
    check_str_key Str Key;
    check_sub Sub Str;
    check_sub_int Sub Int;
    check_sub_ip Sub Ip;
    check_sub_key Sub Key;
}

fn map<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Arg::Map(map) = &args[0] else { return None };
    map.find(&value)
}

fn map_regm<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Arg::Map(map) = &args[0] else { return None };
    map.find_expanded(&value)
}
