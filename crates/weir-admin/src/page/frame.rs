//! The page around the tables: head, process information, legend, links.

use std::fmt::Write;

use weir_engine::StatsRequest;

use super::cell::escape;
use super::options::Options;
use super::proxy;
use crate::View;
use crate::info;
use crate::stats::{Row, at};

const STYLE: &str = include_str!("style.css");

const LEGEND: &str = r#"<table class="lgd"><tr>
<td class="active_up">&nbsp;</td><td class="noborder">active UP </td><td class="backup_up">&nbsp;</td><td class="noborder">backup UP </td></tr><tr>
<td class="active_going_down"></td><td class="noborder">active UP, going down </td><td class="backup_going_down"></td><td class="noborder">backup UP, going down </td></tr><tr>
<td class="active_going_up"></td><td class="noborder">active DOWN, going up </td><td class="backup_going_up"></td><td class="noborder">backup DOWN, going up </td></tr><tr>
<td class="active_down"></td><td class="noborder">active or backup DOWN &nbsp;</td><td class="active_no_check"></td><td class="noborder">not checked </td></tr><tr>
<td class="maintain"></td><td class="noborder" colspan="3">active or backup DOWN for maintenance (MAINT) &nbsp;</td></tr><tr>
<td class="active_draining"></td><td class="noborder" colspan="3">active or backup SOFT STOPPED for maintenance &nbsp;</td></tr></table>
Note: "NOLB"/"DRAIN" = UP with load-balancing disabled."#;

/// The whole page. `rows` are in the order of `show stat`.
pub fn page(view: &View<'_>, request: &StatsRequest<'_>, options: &Options, rows: &[Row]) -> String {
    let mut page = String::with_capacity(8192 + rows.len() * 2048);
    head(&mut page, view, request);
    process_table(&mut page, view, request, options);
    if let Some(status) = &options.status {
        message(&mut page, request, options, status);
    }
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|row| row.word(at::PXNAME) == first.word(at::PXNAME)).count();
        proxy::table(&mut page, view, request, &rest[..count]);
        rest = &rest[count..];
    }
    page.push_str("</body></html>\n");
    page
}

fn head(page: &mut String, view: &View<'_>, request: &StatsRequest<'_>) {
    let node = match &request.page.show_node {
        Some(node) if !node.is_empty() => format!(" on {}", escape(node)),
        Some(_) => format!(" on {}", escape(&view.process.node)),
        None => String::new(),
    };
    let (version, released) = (escape(&view.process.version), escape(&view.process.release_date));
    let (title, product) = match request.page.hide_version {
        true => (String::new(), "HAProxy".to_owned()),
        false => (node.clone(), format!("HAProxy version {version}, released {released}")),
    };
    let description = match &request.page.show_desc {
        Some(text) if !text.is_empty() => format!(": {}", escape(text)),
        Some(_) => {
            view.plan.global.description.as_ref().map_or(String::new(), |text| format!(": {}", escape(text)))
        }
        None => String::new(),
    };
    let _ = write!(
        page,
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\"\n\
         \"http://www.w3.org/TR/html4/loose.dtd\">\n\
         <html><head><title>Statistics Report for HAProxy{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <meta http-equiv=\"content-type\" content=\"text/html; charset=iso-8859-1\">\n\
         <style type=\"text/css\"><!--\n{STYLE}-->\n</style>\n</head>\n\
         <body><h1><a href=\"http://www.haproxy.org/\" style=\"text-decoration: none;\">{product}</a></h1>\n\
         <h2>Statistics Report for pid {}{node}{description}</h2>\n\
         <hr width=\"100%\" class=\"hr\">\n\
         <h3>&gt; General process information</h3>\n",
        view.pid()
    );
}

fn process_table(page: &mut String, view: &View<'_>, request: &StatsRequest<'_>, options: &Options) {
    let figure = |name: &str| {
        let values = info::values(view);
        let place = info::INFO_FIELDS.iter().position(|field| field.name == name);
        place
            .and_then(|place| values[place].as_ref())
            .map_or_else(String::new, |value| escape(&value.to_string()))
    };
    let memmax = match view.process.memmax_mb {
        0 => "unlimited".into(),
        limit => format!("{limit} MB"),
    };
    let _ = write!(
        page,
        "<table border=0><tr><td align=\"left\" nowrap width=\"1%\">\n\
         <p><b>pid = </b> {} (process #1, nbproc = 1, nbthread = {})<br>\n\
         <b>uptime = </b> {}; warnings = {}<br>\n\
         <b>system limits:</b> memmax = {memmax}; ulimit-n = {}<br>\n\
         <b>maxsock = </b> {}; <b>maxconn = </b> {}; <b>reached = </b> {}; <b>maxpipes = </b> {}<br>\n\
         current conns = {}; current pipes = {}/{}; conn rate = {}/sec; bit rate = {}<br>\n\
         Running tasks: {}/{}; idle = {} %<br>\n\
         </td><td align=\"center\" nowrap>\n{LEGEND}</td>",
        figure("Pid"),
        figure("Nbthread"),
        figure("Uptime"),
        figure("TotalWarnings"),
        figure("Ulimit-n"),
        figure("Maxsock"),
        figure("Maxconn"),
        figure("MaxconnReached"),
        figure("Maxpipes"),
        figure("CurrConns"),
        figure("PipesUsed"),
        figure("PipesFree"),
        figure("ConnRate"),
        bit_rate(figure("BytesOutRate").parse().unwrap_or(0)),
        figure("Run_queue"),
        figure("Tasks"),
        figure("Idle_pct"),
    );
    links(page, request, options);
}

/// `1.650 Mbps`
fn bit_rate(bytes_per_second: u64) -> String {
    let bits = bytes_per_second * 8;
    let (divisor, unit) = match bits {
        bits if bits >= 1_000_000_000 => (1_000_000, "Gbps"),
        bits if bits >= 1_000_000 => (1000, "Mbps"),
        bits => return format!("{}.{:03} kbps", bits / 1000, bits % 1000),
    };
    let thousandths = bits / divisor;
    format!("{}.{:03} {unit}", thousandths / 1000, thousandths % 1000)
}

fn links(page: &mut String, request: &StatsRequest<'_>, options: &Options) {
    let uri = escape(&request.page.uri);
    let scope = options.scope_query();
    let refreshes = request.page.refresh_s > 0;
    let up = |on: bool| if on { ";up" } else { "" };
    let norefresh = |on: bool| if on { ";norefresh" } else { "" };
    page.push_str("<td align=\"left\" valign=\"top\" nowrap width=\"1%\"><b>Display option:</b><ul style=\"margin-top: 0.25em;\">");
    let _ = writeln!(
        page,
        "<li><form method=\"GET\">Scope : <input value=\"{}\" name=\"scope\" size=\"8\" maxlength=\"20\" tabindex=\"1\"/></form>",
        options.scope.as_deref().unwrap_or("")
    );
    let mut link = |words: &str, text: &str| {
        let _ = writeln!(page, "<li><a href=\"{uri}{words}{scope}\">{text}</a><br>");
    };
    let paused = norefresh(!options.refresh);
    match options.up {
        true => link(paused, "Show all servers"),
        false => link(&format!(";up{paused}"), "Hide 'DOWN' servers"),
    }
    if refreshes {
        match options.refresh {
            true => link(&format!("{};norefresh", up(options.up)), "Disable refresh"),
            false => link(up(options.up), "Enable refresh"),
        }
    }
    link(&format!("{}{paused}", up(options.up)), "Refresh now");
    let norefresh = norefresh(refreshes);
    link(&format!(";csv{norefresh}"), "CSV export");
    let _ = write!(
        page,
        "<li><a href=\"{uri};json{norefresh}{scope}\">JSON export</a> (<a href=\"{uri};json-schema\">schema</a>)<br>\n\
         </ul></td><td align=\"left\" valign=\"top\" nowrap width=\"1%\"><b>External resources:</b>\
         <ul style=\"margin-top: 0.25em;\">\n\
         <li><a href=\"http://www.haproxy.org/\">Primary site</a><br>\n\
         <li><a href=\"http://www.haproxy.org/#docs\">Online manual</a><br>\n\
         </ul></td></tr></table>\n"
    );
}

/// What the form that led here has done.
fn message(page: &mut String, request: &StatsRequest<'_>, options: &Options, status: &str) {
    let (class, text) = match status {
        "DONE" => ("active_up", "Action processed successfully."),
        "NONE" => ("active_going_down", "Nothing has changed."),
        "PART" => (
            "active_going_down",
            "Action partially processed.<br>Some server names are probably unknown or ambiguous (duplicated names in the \
             backend).",
        ),
        "ERRP" => (
            "active_down",
            "Action not processed because of invalid parameters.<ul><li>The action is maybe unknown.</li><li>Invalid key \
             parameter (empty or too long).</li><li>The backend name is probably unknown or ambiguous (duplicated \
             names).</li><li>Some server names are probably unknown or ambiguous (duplicated names in the \
             backend).</li></ul>",
        ),
        "EXCD" => (
            "active_down",
            "<b>Action not processed : the buffer couldn't store all the data.<br>You should retry with less servers at a \
             time.</b>",
        ),
        "DENY" => ("active_down", "<b>Action denied.</b>"),
        "IVAL" => ("active_down", "<b>Invalid requests (unsupported method or chunked encoded request).</b>"),
        _ => ("active_no_check", "Unexpected result."),
    };
    let _ = write!(
        page,
        "<p><div class={class}><a class=lfsb href=\"{}{}\" title=\"Remove this message\">[X]</a> {text}</div>\n<p>\n",
        escape(&request.page.uri),
        options.scope_query()
    );
}
