//! `wgvae train --watch`: the report of the run as it stands, for browsers on this machine.

use crate::{Error, Result, error::chain, run::Run, web};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Seconds after which browsers load the page anew.
const REFRESH: u32 = 10;
/// How long a browser may take for its request, and to take the page.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest head of a request, in bytes.
const HEAD: usize = 16 << 10;
/// Connections at a time; further ones are closed.
const CONNECTIONS: usize = 8;

/// A port of the loopback address.
pub struct Port {
    listener: TcpListener,
    number: u16,
}

impl Port {
    /// Takes this port; with 0 one that is free.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it cannot be had.
    pub fn open(number: u16) -> Result<Port> {
        let taken = |error: std::io::Error| {
            Error::invalid("--watch", format!("port {number} of 127.0.0.1 cannot be had: {error}"))
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).map_err(taken)?;
        let number = listener.local_addr().map_err(taken)?.port();
        Ok(Port { listener, number })
    }

    /// Serves the report of the run in `dir` until the process ends, and says where.
    pub fn serve(self, dir: &Path) -> String {
        let (dir, port, open) = (dir.to_path_buf(), self.number, Arc::new(AtomicUsize::new(0)));
        thread::spawn(move || {
            for connection in self.listener.incoming().flatten() {
                let (dir, open) = (dir.clone(), Arc::clone(&open));
                if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
                    open.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
                thread::spawn(move || {
                    let _ = answer(connection, &dir, port); // a browser that goes away misses its page
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        format!("http://127.0.0.1:{port}/")
    }
}

fn answer(mut connection: TcpStream, dir: &Path, port: u16) -> std::io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let (status, body) = match asked(&head(&mut connection)?, port) {
        Ok(()) => match Run::open(dir).and_then(|run| web::report(&[run], Some(REFRESH))) {
            Ok(page) => ("200 OK", page),
            Err(error) => ("500 Internal Server Error", chain(&error)),
        },
        Err(status) => (status, status.to_string()),
    };
    let kind = if status.starts_with("200") { "text/html" } else { "text/plain" };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {length}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}"
    )
}

/// The head of a request, or as much of it as comes.
fn head(connection: &mut TcpStream) -> std::io::Result<String> {
    let (mut head, mut chunk) = (Vec::new(), [0; 2048]);
    while head.len() < HEAD && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match connection.read(&mut chunk)? {
            0 => break,
            read => head.extend_from_slice(&chunk[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Checks that a request asks for the page, and that it names this machine: a page of another site that has its own name resolve to
/// 127.0.0.1 names that.
fn asked(head: &str, port: u16) -> Result<(), &'static str> {
    let mut lines = head.split("\r\n");
    let request: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let host = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = host.map_or("", |(_, host)| host.trim());
    match request[..] {
        _ if ![format!("127.0.0.1:{port}"), format!("localhost:{port}")].contains(&host.to_lowercase()) => {
            Err("403 Forbidden")
        }
        ["GET", "/", _] => Ok(()),
        ["GET", ..] => Err("404 Not Found"),
        [_, _, _] => Err("405 Method Not Allowed"),
        _ => Err("400 Bad Request"),
    }
}
