//! The table of one proxy: frontend, listeners, servers, backend, and the form for orders.

use std::fmt::Write;

use weir_engine::StatsRequest;

use super::cell::{Details, age, escape, limit, noted, number};
use crate::View;
use crate::stats::{Object, Row, at};

const COLUMNS: &str = "<th colspan=3>Queue</th><th colspan=3>Session rate</th><th colspan=6>Sessions</th>\
    <th colspan=2>Bytes</th><th colspan=2>Denied</th><th colspan=3>Errors</th><th colspan=2>Warnings</th>\
    <th colspan=9>Server</th></tr>\n<tr class=\"titre\"><th>Cur</th><th>Max</th><th>Limit</th><th>Cur</th><th>Max</th>\
    <th>Limit</th><th>Cur</th><th>Max</th><th>Limit</th><th>Total</th><th>LbTot</th><th>Last</th><th>In</th>\
    <th>Out</th><th>Req</th><th>Resp</th><th>Req</th><th>Conn</th><th>Resp</th><th>Retr</th><th>Redis</th>\
    <th>Status</th><th>LastChk</th><th>Wght</th><th>Act</th><th>Bck</th><th>Chk</th><th>Dwn</th><th>Dwntme</th>\
    <th>Thrtle</th>\n</tr>";

const ACTIONS: &str = "Choose the action to perform on the checked servers : <select name=action>\
    <option value=\"\"></option><option value=\"ready\">Set state to READY</option>\
    <option value=\"drain\">Set state to DRAIN</option><option value=\"maint\">Set state to MAINT</option>\
    <option value=\"dhlth\">Health: disable checks</option><option value=\"ehlth\">Health: enable checks</option>\
    <option value=\"hrunn\">Health: force UP</option><option value=\"hnolb\">Health: force NOLB</option>\
    <option value=\"hdown\">Health: force DOWN</option>\
    <option value=\"dagent\">Agent: disable checks</option><option value=\"eagent\">Agent: enable checks</option>\
    <option value=\"arunn\">Agent: force UP</option><option value=\"adown\">Agent: force DOWN</option>\
    <option value=\"shutdown\">Kill Sessions</option></select>";

/// `rows`: those of one proxy.
pub fn table(page: &mut String, view: &View<'_>, request: &StatsRequest<'_>, rows: &[Row]) {
    let Some(first) = rows.first() else { return };
    let name = escape(first.word(at::PXNAME));
    let has_servers = rows.iter().any(|row| row.object == Object::Server);
    let form = request.admin && has_servers;
    if form {
        page.push_str("<form method=\"post\">");
    }
    title(page, view, request, first, &name);
    // The column for choosing servers: there is none where nobody may.
    let all = match (form, request.admin) {
        (true, _) => format!(
            "<th rowspan=2 width=1><input type=\"checkbox\" onclick=\"for(c in document.getElementsByClassName('{name}-checkbox')) \
             document.getElementsByClassName('{name}-checkbox').item(c).checked = this.checked\"></th>"
        ),
        (false, true) => "<th rowspan=2></th>".into(),
        (false, false) => String::new(),
    };
    let _ = write!(
        page,
        "<table class=\"tbl\" width=\"100%\">\n<tr class=\"titre\">{all}<th rowspan=2></th>{COLUMNS}"
    );
    for row in rows {
        let line = match row.object {
            Object::Frontend => frontend(request, row, &name),
            Object::Listener => listener(request, row, &name),
            Object::Server => server(view, request, row, &name, form),
            Object::Backend => backend(request, row, &name),
        };
        page.push_str(&line);
    }
    page.push_str("</table>");
    if form {
        let _ = write!(
            page,
            "{ACTIONS}<input type=\"hidden\" name=\"b\" value=\"#{}\">&nbsp;<input type=\"submit\" value=\"Apply\"></form>",
            first.proxy_id
        );
    }
    page.push_str("<p>\n");
}

fn title(page: &mut String, view: &View<'_>, request: &StatsRequest<'_>, row: &Row, name: &str) {
    let proxy = view.proxies().find(|proxy| proxy.id == row.proxy_id);
    let kind = match proxy.map(|proxy| (proxy.frontend.is_some(), proxy.backend.is_some())) {
        Some((true, true)) => "proxy",
        Some((true, false)) => "frontend",
        _ => "backend",
    };
    let link = format!("<a class=px href=\"#{name}\">{name}</a>");
    let link = match request.page.show_legends {
        true => format!(
            "<u>{link}<div class=tips>cap: {kind}, mode: {}, id: {}</div></u>",
            row.word(at::MODE),
            row.proxy_id
        ),
        false => link,
    };
    let description = proxy.and_then(|proxy| proxy.settings.description.as_deref());
    let description = match (&request.page.show_desc, description) {
        (Some(_), Some(text)) => format!("<th class=\"desc\" width=\"90%\">{}</th>", escape(text)),
        _ => "<th class=\"empty\" width=\"90%\"></th>".into(),
    };
    let _ = write!(
        page,
        "<table class=\"tbl\" width=\"100%\">\n<tr class=\"titre\"><th class=\"pxname\" width=\"10%\">\
         <a name=\"{name}\"></a>{link}</th>{description}</tr>\n</table>\n"
    );
}

fn cell(row: &Row, place: usize) -> String {
    format!("<td>{}</td>", number(row.number(place)))
}

fn rate(row: &Row, what: &str, places: [usize; 3]) -> String {
    let value = |place: usize| format!("{}/s", number(row.number(place)));
    Details::default()
        .line(&format!("{what} connection rate:"), value(places[0]))
        .line(&format!("{what} session rate:"), value(places[1]))
        .line(&format!("{what} request rate:"), value(places[2]))
        .cell(&number(row.number(places[1])))
}

/// The cell of a row that nobody chooses, where there is a column for choosing.
fn not_chosen(request: &StatsRequest<'_>) -> &'static str {
    if request.admin { "<td></td>" } else { "" }
}

fn frontend(request: &StatsRequest<'_>, row: &Row, name: &str) -> String {
    let http = row.word(at::MODE) == "http";
    let rates = match http {
        true => format!(
            "{}{}",
            rate(row, "Current", [at::CONN_RATE, at::RATE, at::REQ_RATE]),
            rate(row, "Max", [at::CONN_RATE_MAX, at::RATE_MAX, at::REQ_RATE_MAX])
        ),
        false => format!("{}{}", cell(row, at::RATE), cell(row, at::RATE_MAX)),
    };
    let sessions = Details::default()
        .count("Cum. connections:", row.number(at::CONN_TOT))
        .count("Cum. sessions:", row.number(at::STOT));
    let sessions = match http {
        true => responses(frontend_requests(sessions, row), row, false)
            .count("Intercepted requests:", row.number(at::INTERCEPTED))
            .count("Cache lookups:", row.number(at::CACHE_LOOKUPS))
            .share("Cache hits:", row.number(at::CACHE_HITS), row.number(at::CACHE_LOOKUPS))
            .count("Failed hdr rewrites:", row.number(at::WREW))
            .count("Internal errors:", row.number(at::EINT)),
        false => sessions,
    };
    format!(
        "<tr class=\"frontend\">{}<td class=ac><a name=\"{name}/Frontend\"></a>\
         <a class=lfsb href=\"#{name}/Frontend\">Frontend</a></td><td colspan=3></td>{rates}<td>{}</td>{}{}{}{}\
         <td></td><td></td>{}{}{}{}{}<td></td><td></td><td></td><td></td><td class=ac>{}</td>\
         <td class=ac colspan=8></td></tr>",
        not_chosen(request),
        limit(Some(row.number(at::RATE_LIM))),
        cell(row, at::SCUR),
        cell(row, at::SMAX),
        cell(row, at::SLIM),
        sessions.cell(&number(row.number(at::STOT))),
        cell(row, at::BIN),
        bytes_out(row),
        cell(row, at::DREQ),
        cell(row, at::DRESP),
        cell(row, at::EREQ),
        row.word(at::STATUS),
    )
}

fn frontend_requests(details: Details, row: &Row) -> Details {
    details
        .count("- HTTP/1 sessions:", row.number(at::H1SESS))
        .count("- HTTP/2 sessions:", row.number(at::H2SESS))
        .count("- HTTP/3 sessions:", row.number(at::H3SESS))
        .count("- other sessions:", row.number(at::SESS_OTHER))
        .count("Cum. HTTP requests:", row.number(at::REQ_TOT))
        .count("- HTTP/1 requests:", row.number(at::H1REQ))
        .count("- HTTP/2 requests:", row.number(at::H2REQ))
        .count("- HTTP/3 requests:", row.number(at::H3REQ))
        .count("- other requests:", row.number(at::REQ_OTHER))
}

/// Responses by class; servers show shares, the others what was compressed.
fn responses(details: Details, row: &Row, shares: bool) -> Details {
    let classes = [
        ("- HTTP 1xx responses:", at::HRSP_1XX),
        ("- HTTP 2xx responses:", at::HRSP_2XX),
        ("- HTTP 3xx responses:", at::HRSP_3XX),
        ("- HTTP 4xx responses:", at::HRSP_4XX),
        ("- HTTP 5xx responses:", at::HRSP_5XX),
        ("- other responses:", at::HRSP_OTHER),
    ];
    let whole = row.number(at::REQ_TOT);
    classes.into_iter().fold(details, |details, (name, place)| {
        let value = row.number(place);
        let details = if shares { details.share(name, value, whole) } else { details.count(name, value) };
        match (place, shares) {
            (at::HRSP_2XX, false) => {
                details.share("&nbsp;&nbsp;Compressed 2xx:", row.number(at::COMP_RSP), value)
            }
            _ => details,
        }
    })
}

fn bytes_out(row: &Row) -> String {
    let (all, compressed) = (row.number(at::BOUT), row.number(at::COMP_IN));
    Details::default()
        .count("Response bytes in:", all)
        .count("Compression in:", compressed)
        .share("Compression out:", row.number(at::COMP_OUT), compressed)
        .count("Compression bypass:", row.number(at::COMP_BYP))
        .share("Total bytes saved:", compressed - row.number(at::COMP_OUT), all)
        .plain_cell(&number(all))
}

fn listener(request: &StatsRequest<'_>, row: &Row, name: &str) -> String {
    let own = escape(row.word(at::SVNAME));
    let link = format!("<a class=lfsb href=\"#{name}/+{own}\">{own}</a>");
    let link = match row.word(at::ADDR) {
        "" => link,
        address => format!(
            "<u>{link}<div class=tips>{}, proto={}, id: {}</div></u>",
            family(address),
            row.word(at::PROTO),
            row.id
        ),
    };
    format!(
        "<tr class=socket>{}<td class=ac><a name=\"{name}/+{own}\"></a>{link}</td><td colspan=3></td>\
         <td colspan=3>&nbsp;</td>{}{}{}{}<td>&nbsp;</td><td>&nbsp;</td>{}{}{}{}{}<td></td><td></td><td></td><td></td>\
         <td class=ac>{}</td><td class=ac colspan=8></td></tr>",
        not_chosen(request),
        cell(row, at::SCUR),
        cell(row, at::SMAX),
        cell(row, at::SLIM),
        cell(row, at::STOT),
        cell(row, at::BIN),
        cell(row, at::BOUT),
        cell(row, at::DREQ),
        cell(row, at::DRESP),
        cell(row, at::EREQ),
        row.word(at::STATUS),
    )
}

/// `IPv4: 127.0.0.1:80`
fn family(address: &str) -> String {
    let family = match address {
        address if address.starts_with('[') => "IPv6: ",
        address if address.starts_with(|letter: char| letter.is_ascii_digit()) => "IPv4: ",
        _ => "",
    };
    format!("{family}{}", escape(address))
}

/// The colour: the class of HAProxy's page.
fn class(row: &Row) -> String {
    let status = row.word(at::STATUS);
    let kind = if row.number(at::BCK) > 0 { "backup" } else { "active" };
    let state = match status {
        status if status.starts_with("MAINT") => return "maintain".into(),
        "UP" => "up",
        "DRAIN" => "draining",
        "no check" => "no_check",
        status if status.starts_with("NOLB") => "nolb",
        status if status.starts_with("UP") => "going_down",
        status if status.starts_with("DOWN ") => "going_up",
        _ => "down",
    };
    format!("{kind}_{state}")
}

fn server(view: &View<'_>, request: &StatsRequest<'_>, row: &Row, name: &str, form: bool) -> String {
    let own = escape(row.word(at::SVNAME));
    let check = match form {
        true => {
            format!("<td><input class='{name}-checkbox' type=\"checkbox\" name=\"s\" value=\"{own}\"></td>")
        }
        false => not_chosen(request).into(),
    };
    let mut link = format!("<a class=lfsb href=\"#{name}/{own}\">{own}</a>");
    if request.page.show_legends {
        let cookie = match row.word(at::COOKIE) {
            "" => String::new(),
            cookie => format!(", cookie: '{}'", escape(cookie)),
        };
        link = format!(
            "<u>{link}<div class=tips>{}, id: {}, rid: {}{cookie}</div></u>",
            family(row.word(at::ADDR)),
            row.id,
            row.number(at::SRID)
        );
    }
    if let Some(prefix) = redirect_prefix(view, row) {
        link = format!("<a href=\"{}\">{link}</a>", escape(&prefix));
    }
    let http = row.word(at::MODE) == "http";
    format!(
        "<tr class=\"{}\">{check}<td class=ac><a name=\"{name}/{own}\"></a>{link}</td>{}{}<td>{}</td>{}{}\
         <td></td>{}{}<td>{}</td>{}{}<td>{}</td>{}{}<td></td>{}<td></td>{}{}{}{}{}{}</tr>\n",
        class(row),
        cell(row, at::QCUR),
        cell(row, at::QMAX),
        limit(row.value(at::QLIMIT).map(|_| row.number(at::QLIMIT))),
        cell(row, at::RATE),
        cell(row, at::RATE_MAX),
        connections(row),
        cell(row, at::SMAX),
        limit(row.value(at::SLIM).map(|_| row.number(at::SLIM))),
        server_sessions(row, http).cell(&number(row.number(at::STOT))),
        cell(row, at::LBTOT),
        last(row),
        cell(row, at::BIN),
        cell(row, at::BOUT),
        cell(row, at::DRESP),
        cell(row, at::ECON),
        resets(row),
        cell(row, at::WRETR),
        cell(row, at::WREDIS),
        state_cells(row),
        check_cells(row),
    )
}

fn redirect_prefix(view: &View<'_>, row: &Row) -> Option<String> {
    let proxy = view.proxies().find(|proxy| proxy.id == row.proxy_id)?;
    let server = view.find_server(proxy, &format!("#{}", row.id))?;
    view.plan.server(server).settings.redirect_prefix.as_ref().map(|prefix| prefix.to_string())
}

fn connections(row: &Row) -> String {
    let most = |place: usize| limit(row.value(place).map(|_| row.number(place)));
    Details::default()
        .count("Current active connections:", row.number(at::SCUR))
        .count("Current used connections:", row.number(at::USED_CONN_CUR))
        .count("Current idle connections:", row.number(at::SRV_ICUR))
        .count("- unsafe:", row.number(at::IDLE_CONN_CUR))
        .count("- safe:", row.number(at::SAFE_CONN_CUR))
        .count("Estimated need of connections:", row.number(at::NEED_CONN_EST))
        .line("Active connections limit:", most(at::SLIM))
        .line("Idle connections limit:", most(at::SRC_ILIM))
        .cell(&number(row.number(at::SCUR)))
}

fn server_sessions(row: &Row, http: bool) -> Details {
    let details = Details::default().count("Cum. sessions:", row.number(at::STOT));
    let details = if http { responses(reuse(details, row), row, true) } else { details };
    let details = match http {
        true => details
            .count("Failed hdr rewrites:", row.number(at::WREW))
            .count("Internal error:", row.number(at::EINT)),
        false => details,
    };
    times(details, row, http)
}

fn reuse(details: Details, row: &Row) -> Details {
    let (new, reused) = (row.number(at::CONNECT), row.number(at::REUSE));
    details
        .count("New connections:", new)
        .share("Reused connections:", reused, new + reused)
        .count("Cum. HTTP requests:", row.number(at::REQ_TOT))
}

fn times(details: Details, row: &Row, http: bool) -> Details {
    let details = details
        .heading("Max / Avg over last 1024 success. conn.")
        .time("- Queue time:", row.number(at::QTIME_MAX), row.number(at::QTIME))
        .time("- Connect time:", row.number(at::CTIME_MAX), row.number(at::CTIME));
    let details = match http {
        true => details.time("- Responses time:", row.number(at::RTIME_MAX), row.number(at::RTIME)),
        false => details,
    };
    details.time("- Total time:", row.number(at::TTIME_MAX), row.number(at::TTIME))
}

fn last(row: &Row) -> String {
    match row.number(at::LASTSESS) {
        seconds if seconds < 0 => "?".into(),
        seconds => age(seconds),
    }
}

fn resets(row: &Row) -> String {
    let note = format!(
        "Connection resets during transfers: {} client, {} server",
        row.number(at::CLI_ABRT),
        row.number(at::SRV_ABRT)
    );
    noted(&number(row.number(at::ERESP)), &note)
}

/// Status, last check, weight, active, backup.
fn state_cells(row: &Row) -> String {
    let status = row.word(at::STATUS);
    let arrow = match status {
        status if status.starts_with("UP ") || status.starts_with("NOLB ") => " &darr;",
        status if status.starts_with("DOWN ") => " &uarr;",
        _ => "",
    };
    let (backup, active) = (row.number(at::BCK) > 0, row.number(at::ACT) > 0);
    let yes = |is: bool| if is { "Y" } else { "-" };
    // Nobody looks at it, so nobody knows since when it is as it is.
    let state = match status {
        "no check" => "<i>no check</i>".to_string(),
        _ => format!("{} {}{arrow}", age(row.number(at::LASTCHG)), escape(status)),
    };
    format!(
        "<td class=ac>{state}</td>{}<td class=ac>{}/{}</td><td class=ac>{}</td><td class=ac>{}</td>",
        last_check(row),
        number(row.number(at::WEIGHT)),
        number(row.number(at::UWEIGHT)),
        yes(active && !backup),
        yes(backup),
    )
}

fn last_check(row: &Row) -> String {
    let status = row.word(at::CHECK_STATUS);
    if status.is_empty() {
        return "<td></td>".into();
    }
    let code = match row.value(at::CHECK_CODE) {
        Some(code) => format!("/{code}"),
        None => String::new(),
    };
    let info = match row.word(at::LAST_CHK) {
        "" => String::new(),
        info => format!(": {}", escape(info)),
    };
    format!(
        "<td class=ac><u> {}{code} in {}ms<div class=tips>{}{info}</div></u></td>",
        escape(status),
        row.number(at::CHECK_DURATION),
        row.word(at::CHECK_DESC),
    )
}

/// Failures, transitions, time down, throttle.
fn check_cells(row: &Row) -> String {
    let throttle = match row.value(at::THROTTLE) {
        Some(percent) => format!("<td class=ac>{percent} %</td>\n"),
        None => "<td class=ac>-</td>".into(),
    };
    let tracked = row.word(at::TRACKED);
    if !tracked.is_empty() {
        let tracked = escape(tracked);
        return format!(
            "<td class=ac colspan=3><a class=lfsb href=\"#{tracked}\">via {tracked}</a></td>{throttle}"
        );
    }
    match row.value(at::CHKFAIL) {
        None => format!("<td colspan=3></td>{throttle}"),
        Some(_) => format!(
            "{}{}<td>{}</td>{throttle}",
            noted(&number(row.number(at::CHKFAIL)), "Failed Health Checks"),
            cell(row, at::CHKDOWN),
            age(row.number(at::DOWNTIME)),
        ),
    }
}

fn backend(request: &StatsRequest<'_>, row: &Row, name: &str) -> String {
    let http = row.word(at::MODE) == "http";
    let link = format!("<a name=\"{name}/Backend\"></a><a class=lfsb href=\"#{name}/Backend\">Backend</a>");
    let link = match request.page.show_legends {
        true => {
            let cookie = match row.word(at::COOKIE) {
                "" => String::new(),
                cookie => format!(", cookie: '{}'", escape(cookie)),
            };
            format!("<u>{link}<div class=tips>balancing: {}{cookie}</div></u>", row.word(at::ALGO))
        }
        false => link,
    };
    let details = Details::default().count("Cum. sessions:", row.number(at::STOT));
    let details = match http {
        true => responses(reuse(details, row), row, false)
            .count("Cache lookups:", row.number(at::CACHE_LOOKUPS))
            .share("Cache hits:", row.number(at::CACHE_HITS), row.number(at::CACHE_LOOKUPS))
            .count("Failed hdr rewrites:", row.number(at::WREW))
            .count("Internal errors:", row.number(at::EINT)),
        false => details,
    };
    let downtime = match row.value(at::DOWNTIME) {
        Some(_) => age(row.number(at::DOWNTIME)),
        None => "&nbsp;".into(),
    };
    format!(
        "<tr class=\"backend\">{}<td class=ac>{link}</td>{}{}<td></td>{}{}<td></td>{}{}{}{}{}<td>{}</td>{}{}{}{}\
         <td></td>{}{}{}{}<td class=ac>{} {}</td><td class=ac>&nbsp;</td><td class=ac>{}/{}</td><td class=ac>{}</td>\
         <td class=ac>{}</td><td class=ac>&nbsp;</td>{}<td>{downtime}</td><td></td></tr>",
        not_chosen(request),
        cell(row, at::QCUR),
        cell(row, at::QMAX),
        cell(row, at::RATE),
        cell(row, at::RATE_MAX),
        cell(row, at::SCUR),
        cell(row, at::SMAX),
        cell(row, at::SLIM),
        times(details, row, http).cell(&number(row.number(at::STOT))),
        cell(row, at::LBTOT),
        last(row),
        cell(row, at::BIN),
        bytes_out(row),
        cell(row, at::DREQ),
        cell(row, at::DRESP),
        cell(row, at::ECON),
        resets(row),
        cell(row, at::WRETR),
        cell(row, at::WREDIS),
        age(row.number(at::LASTCHG)),
        escape(row.word(at::STATUS)),
        number(row.number(at::WEIGHT)),
        number(row.number(at::UWEIGHT)),
        number(row.number(at::ACT)),
        number(row.number(at::BCK)),
        cell(row, at::CHKDOWN),
    )
}
