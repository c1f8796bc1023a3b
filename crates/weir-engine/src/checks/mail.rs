//! Alerts by mail: the SMTP conversation, one mail after the other for each mailer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Sender, channel};
use weir_plan::settings::EmailAlert;
use weir_sample::calendar::Date;

/// Mails that wait for one mailer; more are lost, for a mailer that does not answer must not cost memory without end.
const WAITING: usize = 256;

struct Mail {
    host: String,
    from: Box<str>,
    to: Box<str>,
    date: String,
    text: String,
    timeout: Duration,
}

/// The mailers that were written to, each with its queue.
#[derive(Default)]
pub struct Mailers {
    queues: RefCell<HashMap<SocketAddr, Sender<Mail>>>,
}

impl Mailers {
    /// Puts one alert on its way to every mailer. Must be called inside a `LocalSet`.
    pub fn tell(&self, alert: &EmailAlert, host: &str, text: &str) {
        for mailer in &alert.mailers {
            let mail = Mail {
                host: alert.host.as_deref().unwrap_or(host).to_owned(),
                from: alert.from.clone(),
                to: alert.to.clone(),
                date: date(weir_sys::clock::realtime_us() / 1_000_000),
                text: text.trim_end_matches('.').to_owned(),
                timeout: Duration::from_millis(alert.timeout_ms.into()),
            };
            let mut queues = self.queues.borrow_mut();
            let queue = queues.entry(*mailer).or_insert_with(|| begin(*mailer));
            if queue.try_send(mail).is_err() {
                log::warn!("mailer {mailer} does not keep up: an alert is lost");
            }
        }
    }
}

fn begin(mailer: SocketAddr) -> Sender<Mail> {
    let (sender, mut mails) = channel::<Mail>(WAITING);
    tokio::task::spawn_local(async move {
        while let Some(mail) = mails.recv().await {
            let sent = tokio::time::timeout(mail.timeout, mail.send(mailer)).await;
            match sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(()) => {}
                Err(error) => log::warn!("mail to {mailer}: {error}"),
            }
        }
    });
    sender
}

impl Mail {
    async fn send(&self, mailer: SocketAddr) -> io::Result<()> {
        let mut stream = BufStream::new(TcpStream::connect(mailer).await?);
        let Mail { host, from, to, date, text, .. } = self;
        expect(&mut stream, b'2').await?;
        for line in [format!("HELO {host}"), format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>")] {
            say(&mut stream, &line).await?;
            expect(&mut stream, b'2').await?;
        }
        say(&mut stream, "DATA").await?;
        expect(&mut stream, b'3').await?;
        let body = format!(
            "From: {from}\r\nTo: {to}\r\nDate: {date}\r\nSubject: [HAProxy Alert] {text}\r\n\r\n{text}\r\n\r\n."
        );
        say(&mut stream, &body).await?;
        expect(&mut stream, b'2').await?;
        say(&mut stream, "QUIT").await?;
        expect(&mut stream, b'2').await
    }
}

async fn say(stream: &mut BufStream<TcpStream>, line: &str) -> io::Result<()> {
    stream.write_all(line.as_bytes()).await?;
    stream.write_all(b"\r\n").await?;
    stream.flush().await
}

/// A reply whose code begins with this digit; it may have several lines.
async fn expect(stream: &mut BufStream<TcpStream>, class: u8) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match (line.first(), line.get(3)) {
            (Some(first), Some(b'-')) if *first == class => {}
            (Some(first), _) if *first == class => return Ok(()),
            _ => return Err(io::Error::other(String::from_utf8_lossy(&line).trim_end().to_owned())),
        }
    }
}

/// `Fri, 27 Nov 2026 08:50:16 +0000 (UTC)`
fn date(seconds: u64) -> String {
    let date = Date::of(i64::try_from(seconds).unwrap_or_default());
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} +0000 (UTC)",
        date.weekday_name(),
        date.day,
        date.month_name(),
        date.year,
        date.hour,
        date.minute,
        date.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5322 section 3.3, as HAProxy writes it.
    #[test]
    fn dates_of_mails() {
        assert_eq!(date(784_111_777), "Sun, 06 Nov 1994 08:49:37 +0000 (UTC)");
    }
}
