//! Workers: each a thread with its own runtime, its own listeners and its own connections to backends, so that an
//! exchange touches nothing that another core writes.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::listen::{Door, listen};
use crate::snapshot::Listener;

/// Connections that the kernel holds until they are accepted.
pub(super) const BACKLOG: i32 = 4096;
/// How often unused connections to backends are looked at.
const SWEEP: Duration = Duration::from_secs(1);

/// What listens at one address; at least one socket.
#[derive(Debug)]
pub(super) struct Bound {
    /// As the config has it, which may be with port 0.
    pub(super) configured: SocketAddr,
    pub(super) address: SocketAddr,
    pub(super) listeners: Vec<TcpListener>,
}

/// Binds an address once for each of so many workers. The kernel gives each connection to one of the listeners.
pub(super) fn bind(configured: SocketAddr, workers: usize) -> io::Result<Bound> {
    let address = configured;
    if workers > 1 && address.port() != 0 {
        // shared addresses may be bound twice, also by another gateway: that has to be an error
        drop(listener(address, Sharing::Alone)?);
    }
    let sharing = if workers > 1 { Sharing::Shared } else { Sharing::Alone };
    let first = listener(address, sharing)?;
    let bound = first.local_addr()?;
    let mut listeners = vec![first];
    while listeners.len() < workers {
        listeners.push(listener(bound, sharing)?);
    }
    Ok(Bound { configured, address: bound, listeners })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Alone,
    Shared,
}

fn listener(address: SocketAddr, sharing: Sharing) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // connections of an earlier gateway that are still closing do not hold the address
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(sharing == Sharing::Shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// What connections of this listener write is sent at once: they have the option from it, and need no call of their own.
fn prompt(listener: &TcpListener) {
    // a failure only means that the kernel keeps its default
    let _ = SockRef::from(listener).set_tcp_nodelay(true);
}

/// One of a worker's listeners.
pub(super) struct Place {
    pub(super) listener: TcpListener,
    /// How it is served at the start.
    pub(super) settings: Arc<Listener>,
    /// Which of the config's it is.
    pub(super) index: usize,
}

/// Starts a worker, which ends when it is told to abort.
pub(super) fn start(index: usize, places: Vec<Place>, door: Door) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let places = {
        let _inside = runtime.enter();
        let one = |Place { listener, settings, index }| {
            prompt(&listener);
            let listener = tokio::net::TcpListener::from_std(listener)?;
            Ok((listener, settings, index))
        };
        places.into_iter().map(one).collect::<io::Result<Vec<_>>>()?
    };
    let door = Arc::new(door);
    let work = async move {
        for (listener, settings, index) in places {
            tokio::spawn(listen(listener, settings, index, Arc::clone(&door)));
        }
        let house = Arc::clone(&door.house);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(SWEEP);
            loop {
                tick.tick().await;
                house.sweep();
            }
        });
        let abort = door.stops.abort.clone();
        // the connections hold it, so that the end of the last is seen
        drop(door);
        abort.cancelled().await;
    };
    std::thread::Builder::new()
        .name(format!("worker-{index}"))
        .spawn(move || runtime.block_on(work))
        .map(drop)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::{bind, prompt};

    #[test]
    fn a_connection_is_as_prompt_as_its_listener() {
        let bound = bind("127.0.0.1:0".parse().unwrap(), 1).unwrap();
        let [listener] = &bound.listeners[..] else { panic!("{bound:?}") };
        listener.set_nonblocking(false).unwrap();
        for is_prompt in [false, true] {
            let _near = TcpStream::connect(bound.address).unwrap();
            let (far, _) = listener.accept().unwrap();
            assert_eq!(far.nodelay().unwrap(), is_prompt);
            prompt(listener);
        }
    }
}
