//! What goes over the socket between the two processes.
//!
//! The new one: `GREETING`. The old one: a listing as JSON behind its length in four octets, then the sockets that it lists, in
//! messages of one octet and up to [`BATCH`] sockets. The new one: `READY`. The old one: `YOURS`.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::cmsg_space;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::sockopt::socket_acceptconn;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;

/// What the new process begins with; another version of the protocol has another number.
pub(super) const GREETING: &[u8; 20] = b"evergate takeover 1\n";
/// The new process accepts connections.
pub(super) const READY: &[u8; 6] = b"ready\n";
/// The old process accepts none any more, or not for long.
pub(super) const YOURS: &[u8; 6] = b"yours\n";
/// Longest time for one side to send what it has at hand.
pub(super) const PROMPT: Duration = Duration::from_secs(10);
/// Most sockets in one message: the system takes 253.
const BATCH: usize = 64;
/// Most octets of a listing.
const LISTING: usize = 1 << 20;

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// Clients.
    Traffic,
    /// The administrator.
    Admin,
}

/// A socket with what it is.
#[derive(Debug)]
pub(crate) struct Handed {
    pub(crate) role: Role,
    /// The address as the config of the old process has it.
    pub(crate) configured: SocketAddr,
    /// Where it listens.
    pub(crate) bound: SocketAddr,
    pub(crate) socket: TcpListener,
}

/// What the old process says before the sockets.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Listing {
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    sockets: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    role: Role,
    configured: SocketAddr,
    bound: SocketAddr,
}

/// Sends the sockets.
pub(super) async fn send(stream: &mut UnixStream, all: &[Handed]) -> io::Result<()> {
    let one = |handed: &Handed| {
        let Handed { role, configured, bound, .. } = *handed;
        Entry { role, configured, bound }
    };
    list(stream, &Listing { refused: None, sockets: all.iter().map(one).collect() }).await?;
    for batch in all.chunks(BATCH) {
        stream.async_io(Interest::WRITABLE, || send_batch(&*stream, batch)).await?;
    }
    Ok(())
}

/// Says why there are no sockets.
pub(super) async fn refuse(stream: &mut UnixStream, why: &str) -> io::Result<()> {
    list(stream, &Listing { refused: Some(why.to_owned()), sockets: Vec::new() }).await
}

async fn list(stream: &mut UnixStream, listing: &Listing) -> io::Result<()> {
    let text = serde_json::to_vec(listing)?;
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(&text).await
}

fn send_batch(stream: impl AsFd, batch: &[Handed]) -> io::Result<()> {
    let sockets: Vec<_> = batch.iter().map(|handed| handed.socket.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(BATCH))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::Error::other("so many sockets do not fit in a message"));
    }
    sendmsg(stream, &[IoSlice::new(b"+")], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Takes what [`send`] sends; the inner error is what the other side says.
pub(super) async fn receive(stream: &mut UnixStream) -> io::Result<Result<Vec<Handed>, String>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > LISTING {
        return Err(io::Error::other("what it says is too long to be a listing"));
    }
    let mut text = vec![0; length];
    stream.read_exact(&mut text).await?;
    let listing: Listing = serde_json::from_slice(&text)?;
    if let Some(why) = listing.refused {
        return Ok(Err(why));
    }
    let mut sockets = Vec::new();
    while sockets.len() < listing.sockets.len() {
        let more = stream.async_io(Interest::READABLE, || receive_batch(&*stream)).await?;
        sockets.extend(more);
    }
    let mut all = Vec::new();
    for (entry, socket) in listing.sockets.into_iter().zip(sockets) {
        let socket = TcpListener::from(socket);
        if !socket_acceptconn(&socket)? || socket.local_addr()? != entry.bound {
            return Err(io::Error::other(format!("a socket for {} is none", entry.bound)));
        }
        let Entry { role, configured, bound } = entry;
        all.push(Handed { role, configured, bound, socket });
    }
    Ok(Ok(all))
}

fn receive_batch(stream: impl AsFd) -> io::Result<Vec<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(BATCH))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut octet = [0];
    let taken =
        recvmsg(stream, &mut [IoSliceMut::new(&mut octet)], &mut control, RecvFlags::empty())?;
    if taken.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut sockets = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(more) = message {
            sockets.extend(more);
        }
    }
    if taken.flags.contains(ReturnFlags::CTRUNC) {
        let why =
            "there are more sockets than this process may open; raise its limit of open files";
        return Err(io::Error::other(why));
    }
    if sockets.is_empty() {
        return Err(io::Error::other("a message came without its sockets"));
    }
    for socket in &sockets {
        fcntl_setfd(socket, FdFlags::CLOEXEC)?;
    }
    Ok(sockets)
}
