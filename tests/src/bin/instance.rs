//! A backend as a process of its own, which can be killed: it takes connections from the listener that its standard
//! input is, writes each whole request down in the ledger that it is given, and only then answers it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::os::unix::process::parent_id;
use std::sync::Arc;
use std::time::Duration;

use evergate_tests::load;
use evergate_tests::process::{ID, WORK, answer};
use evergate_tests::wire::{self, Ending, Framing};

fn main() -> io::Result<()> {
    let path = std::env::args_os().nth(1).ok_or(io::ErrorKind::InvalidInput)?;
    let ledger = Arc::new(OpenOptions::new().append(true).create(true).open(path)?);
    let listener = TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let ledger = Arc::clone(&ledger);
            // The peer may go at any time.
            std::thread::spawn(move || serve(&stream, &ledger));
        }
    });
    // Nobody is left to kill it once the test is gone.
    let parent = parent_id();
    while parent_id() == parent {
        load::pause(Duration::from_millis(500));
    }
    Ok(())
}

fn serve(mut stream: &TcpStream, mut ledger: &File) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(head) = wire::read_head(&mut reader)? {
        let (body, ending) = wire::read_body(&mut reader, head.framing(Framing::Empty));
        if ending != Ending::Whole {
            return Ok(());
        }
        let id = head.field(ID).unwrap_or_default();
        let method = head.first.split(' ').next().unwrap_or_default();
        // In one piece, which other processes append to as well.
        ledger.write_all(format!("{method} {id}\n").as_bytes())?;
        let work = head.field(WORK).and_then(|millis| millis.parse().ok());
        load::pause(Duration::from_millis(work.unwrap_or(0)));
        // In one piece too, so that a kill leaves all of it or nothing.
        stream.write_all(&answer(id, &body))?;
    }
    Ok(())
}
