//! Sends the lines of rings to their servers (manual 12.5). The controller runs this: one task for each server, which
//! keeps in shared memory how far it came, so that neither a reload nor a new controller sends a line twice.

use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use weir_plan::{Plan, Ring as Settings, RingServer};
use weir_shm::{READERS, Ring, Shm};

/// A server that refused is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// What is written at once.
const BATCH: usize = 64 * 1024;

/// What the tasks of rings are called by.
pub struct Calls {
    /// A line came into a ring whose reader asked to be called.
    pub lines: Rc<Notify>,
    /// Another plan is in force.
    pub plan: Rc<Notify>,
}

/// Runs for ever: serves the rings of the plan in force.
pub async fn run(shm: Shm, plan: Arc<ArcSwap<Plan>>, calls: Calls) {
    let mut served: Vec<Settings> = Vec::new();
    let mut tasks: Vec<JoinHandle<()>> = Vec::new();
    let mut seen = None;
    loop {
        let now = plan.load_full();
        if seen.as_ref().is_none_or(|seen| !Arc::ptr_eq(seen, &now)) {
            if now.rings != served {
                tasks.drain(..).for_each(|task| task.abort());
                tasks = begin(shm, &now.rings, &calls.lines);
                forget(shm, &served, &now.rings);
                served.clone_from(&now.rings);
            }
            seen = Some(now);
        }
        calls.plan.notified().await;
    }
}

fn begin(shm: Shm, rings: &[Settings], called: &Rc<Notify>) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    for settings in rings {
        for (index, server) in settings.servers.iter().take(READERS).enumerate() {
            let Some(ring) = shm.ring(&settings.name, shm.controller()) else { continue };
            // From now on lines stay until this server had them.
            ring.reader(index);
            let reader = Reader { ring, index, called: called.clone() };
            tasks.push(tokio::task::spawn_local(serve(reader, settings.clone(), server.clone())));
        }
    }
    tasks
}

/// Servers that are gone do not hold lines back.
fn forget(shm: Shm, old: &[Settings], new: &[Settings]) {
    for settings in old {
        let left = new.iter().find(|ring| ring.name == settings.name).map_or(0, |ring| ring.servers.len());
        let Some(ring) = shm.ring(&settings.name, shm.controller()) else { continue };
        (left..settings.servers.len().min(READERS)).for_each(|index| ring.forget_reader(index));
    }
}

/// One server's view of a ring.
struct Reader {
    ring: Ring,
    index: usize,
    called: Rc<Notify>,
}

async fn serve(reader: Reader, settings: Settings, server: RingServer) {
    loop {
        // A server that is away is no event of its own: lines wait for it.
        if let Ok(connection) = connect(&settings, &server).await {
            let _ = send(connection, &reader, &settings, &server).await;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn connect(settings: &Settings, server: &RingServer) -> io::Result<TcpStream> {
    let time =
        settings.timeout_connect.map_or(Duration::from_secs(5), |time| Duration::from_millis(time.into()));
    tokio::time::timeout(time, TcpStream::connect(server.address)).await?
}

/// Sends until the server closes or stalls. The position moves once a batch was taken.
async fn send(
    mut connection: TcpStream,
    reader: &Reader,
    settings: &Settings,
    server: &RingServer,
) -> io::Result<()> {
    let (ring, index) = (reader.ring, reader.index);
    let stalls =
        settings.timeout_server.filter(|time| *time > 0).map(|time| Duration::from_millis(time.into()));
    let mut batch = Vec::new();
    let mut answer = [0; 512];
    loop {
        let mut position = ring.reader(index);
        batch.clear();
        while batch.len() < BATCH
            && let Some((line, next)) = ring.read(position)
        {
            frame(&line, server.octet_count, &mut batch);
            position = next;
        }
        if batch.is_empty() {
            let mut called = pin!(reader.called.notified());
            called.as_mut().enable();
            ring.ask_to_be_called();
            if ring.end() > position {
                continue;
            }
            tokio::select! {
                () = called => {}
                // What a log server says is not of interest, only that it is there.
                read = connection.read(&mut answer) => {
                    if read? == 0 {
                        return Ok(());
                    }
                }
            }
            continue;
        }
        match stalls {
            Some(time) => tokio::time::timeout(time, connection.write_all(&batch)).await??,
            None => connection.write_all(&batch).await?,
        }
        ring.reader_at(index, position);
    }
}

/// RFC 6587: octet counting, or a line feed behind each line.
fn frame(line: &[u8], octet_count: bool, out: &mut Vec<u8>) {
    if octet_count {
        out.extend_from_slice(format!("{} ", line.len()).as_bytes());
        out.extend_from_slice(line);
    } else {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framings_of_the_rfc() {
        let mut out = Vec::new();
        frame(b"<1>one", true, &mut out);
        frame(b"<1>three", true, &mut out);
        frame(b"<1>two", false, &mut out);
        assert_eq!(out, b"6 <1>one8 <1>three<1>two\n");
    }
}
