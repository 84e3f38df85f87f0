//! Every address of the config gets its sockets: those of the gateway that is taken over, those that were passed, or new
//! ones.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;

use tracing::{info, warn};

use super::gateway::StartFailure;
use super::inherit::Inherited;
use super::local::{Before, Local};
use super::takeover::{Handed, Role};
use super::worker::{Bound, bind};
use crate::config::{AdminAddress, Config};

/// What listens, for each address of the config.
#[derive(Debug)]
pub(super) struct Sockets {
    /// In the order of the config.
    pub(super) traffic: Vec<Bound>,
    /// The administrator's.
    pub(super) admin: Administrators,
}

/// What listens for administrators.
#[derive(Debug)]
pub(super) enum Administrators {
    /// At an address.
    Tcp(Bound),
    /// In the file system.
    Unix(Local),
}

/// Sockets of one address that somebody else opened.
#[derive(Debug)]
struct Group {
    /// What they were opened for; `None` where the opener does not know.
    role: Option<Role>,
    /// The address as the opener's config says it, which may be with port 0.
    configured: SocketAddr,
    bound: SocketAddr,
    sockets: Vec<TcpListener>,
    /// What its opener calls it.
    name: String,
}

/// All that somebody else opened.
#[derive(Debug, Default)]
pub(super) struct Found {
    groups: Vec<Group>,
    /// Sockets in the file system that were passed, with what their opener calls them.
    local: Vec<(UnixListener, String)>,
    /// Whether another process is taken over.
    succeeds: bool,
}

impl Found {
    /// What was handed over, and what was passed. Passed sockets of an address that was also handed over are of the same
    /// group, since the gateway that is taken over was passed them too.
    pub(super) fn new(handed: Vec<Handed>, inherited: Inherited) -> Result<Self, StartFailure> {
        let Inherited { sockets, local, mut faults } = inherited;
        let mut found = Self { groups: Vec::new(), local, succeeds: !handed.is_empty() };
        for Handed { role, configured, bound, socket } in handed {
            let same = |group: &&mut Group| group.bound == bound && group.role == Some(role);
            if let Some(group) = found.groups.iter_mut().find(same) {
                group.sockets.push(socket);
            } else {
                let (role, name) = (Some(role), String::new());
                found.groups.push(Group { role, configured, bound, sockets: vec![socket], name });
            }
        }
        for (socket, name) in sockets {
            let bound = match socket.set_nonblocking(true).and_then(|()| socket.local_addr()) {
                Ok(bound) => bound,
                Err(error) => {
                    faults
                        .push(format!("the socket {name} that is passed cannot be used: {error}"));
                    continue;
                }
            };
            if let Some(group) = found.groups.iter_mut().find(|group| group.bound == bound) {
                group.sockets.push(socket);
            } else {
                let (role, configured) = (None, bound);
                found.groups.push(Group { role, configured, bound, sockets: vec![socket], name });
            }
        }
        if faults.is_empty() { Ok(found) } else { Err(StartFailure::Sockets(faults)) }
    }

    /// Gives each address of the config what was found for it, and binds the others. What was passed and is wanted by
    /// nobody is an error: connections would wait in it for ever.
    pub(super) fn open(mut self, config: &Config) -> Result<Sockets, StartFailure> {
        let some = !self.groups.is_empty();
        let mut one = |role: Role, address: SocketAddr, workers: usize| {
            if let Some(group) = self.take(role, address) {
                let count = group.sockets.len();
                info!(address = %group.bound, sockets = count, name = group.name, "listeners are taken over");
                return Ok(Bound {
                    configured: address,
                    address: group.bound,
                    listeners: group.sockets,
                });
            }
            if some {
                info!(%address, "no listener for this address is passed, so it is bound here");
            }
            bind(address, workers).map_err(|source| StartFailure::Io {
                what: format!("{address} cannot be bound"),
                source,
            })
        };
        let workers = config.workers.get();
        let listen = config.listen.iter();
        let traffic: Result<Vec<_>, _> =
            listen.map(|listen| one(Role::Traffic, listen.address, workers)).collect();
        let admin = match &config.admin.address {
            AdminAddress::Tcp(address) => one(Role::Admin, *address, 1).map(Administrators::Tcp),
            AdminAddress::Unix(path, mode) => self.local(path, *mode).map(Administrators::Unix),
        };
        let left = self.left(config);
        if !left.is_empty() {
            return Err(StartFailure::Sockets(left));
        }
        Ok(Sockets { traffic: traffic?, admin: admin? })
    }

    /// The socket in the file system that was passed, or a new one.
    fn local(&mut self, path: &Path, mode: u32) -> Result<Local, StartFailure> {
        let is_there = |listener: &UnixListener| {
            listener.local_addr().is_ok_and(|own| own.as_pathname() == Some(path))
        };
        let at = self.local.iter().position(|(listener, _)| is_there(listener));
        let made = if let Some(at) = at {
            let (listener, name) = self.local.remove(at);
            info!(path = %path.display(), name, "the administrators' socket is passed");
            listener.set_nonblocking(true).map(|()| Local { listener, file: None })
        } else {
            let before = if self.succeeds { Before::Succeeded } else { Before::Nobody };
            Local::new(path, mode, before)
        };
        made.map_err(|source| {
            let what = format!("the administrators' socket {} cannot be made", path.display());
            StartFailure::Io { what, source }
        })
    }

    fn take(&mut self, role: Role, address: SocketAddr) -> Option<Group> {
        let fits = |group: &Group| group.role.is_none_or(|own| own == role);
        let all = &self.groups;
        let at = all.iter().position(|group| fits(group) && group.configured == address);
        let at = at.or_else(|| all.iter().position(|group| fits(group) && group.bound == address));
        at.map(|at| self.groups.remove(at))
    }

    /// What to say of groups that nobody wants.
    fn left(&self, config: &Config) -> Vec<String> {
        let mut faults = Vec::new();
        for (_, name) in &self.local {
            faults.push(format!(
                "the socket {name} in the file system is passed, and it is not `admin.address`; write its path there as \
                 `unix:/PATH`, or take it out of the socket unit"
            ));
        }
        let own = match &config.admin.address {
            AdminAddress::Tcp(address) => Some(*address),
            AdminAddress::Unix(..) => None,
        };
        for group in &self.groups {
            let bound = group.bound;
            if group.role.is_some() {
                warn!(address = %bound, "the gateway before listened here, and the config has the address no more");
                continue;
            }
            let addresses = config.listen.iter().map(|one| one.address);
            let near = addresses
                .chain(own)
                .find(|address| address.port() == bound.port() && bound.port() != 0);
            let remedy = match near {
                Some(near) => format!(
                    "the config has {near}: write `{bound}` there, or `ListenStream={near}` in the socket unit{}",
                    if is_any(bound.ip()) && near.is_ipv4() {
                        " (a bare port there means all addresses, IPv6 and IPv4)"
                    } else {
                        ""
                    }
                ),
                None => {
                    format!("write `{bound}` under `listen`, or take it out of the socket unit")
                }
            };
            let name = if group.name.is_empty() { "" } else { &group.name };
            faults.push(format!(
                "the socket {name} ({bound}) is passed and no address of the config is it; {remedy}"
            ));
        }
        faults
    }
}

fn is_any(address: IpAddr) -> bool {
    address.is_ipv6() && address.is_unspecified()
}

impl Sockets {
    /// A second handle of each socket, for a process that takes over.
    pub(super) fn copies(&self) -> io::Result<Vec<Handed>> {
        let each = self.traffic.iter().map(|bound| (Role::Traffic, bound));
        let mut all = Vec::new();
        let admin = match &self.admin {
            Administrators::Tcp(bound) => Some((Role::Admin, bound)),
            // its place in the file system goes to the next process, not its handle
            Administrators::Unix(_) => None,
        };
        for (role, bound) in each.chain(admin) {
            for listener in &bound.listeners {
                let socket = listener.try_clone()?;
                let (configured, bound) = (bound.configured, bound.address);
                all.push(Handed { role, configured, bound, socket });
            }
        }
        Ok(all)
    }
}

/// Deals sockets out to workers: none is left over, and each worker has one, if need be the same as another's. What two
/// share they have two handles of, and a connection is whose who wakes first.
pub(super) fn deal(sockets: Vec<TcpListener>, workers: usize) -> io::Result<Vec<Vec<TcpListener>>> {
    let mut hands: Vec<Vec<TcpListener>> = (0..workers).map(|_| Vec::new()).collect();
    for (hand, socket) in hands.iter_mut().skip(sockets.len()).zip(sockets.iter().cycle()) {
        hand.push(socket.try_clone()?);
    }
    for (index, socket) in sockets.into_iter().enumerate() {
        if let Some(hand) = hands.get_mut(index % workers.max(1)) {
            hand.push(socket);
        }
    }
    Ok(hands)
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};
    use std::path::Path;

    use proptest::prelude::*;

    use super::{Administrators, Found, deal};
    use crate::config::{Config, parse};
    use crate::server::inherit::Inherited;
    use crate::server::takeover::{Handed, Role};

    fn config(listen: &[SocketAddr], admin: SocketAddr) -> Config {
        let listen: Vec<_> = listen.iter().map(|one| format!("{{ address: \"{one}\" }}")).collect();
        let text = format!(
            "listen: [{}]\nadmin: {{ address: \"{admin}\" }}\napis: {{ a: {{ backends: {{ endpoints: [\"http://b:1\"] }} }} }}\n",
            listen.join(", ")
        );
        parse("gateway.yaml", text.as_bytes(), Path::new("/")).unwrap().0
    }

    fn socket() -> (TcpListener, SocketAddr) {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    fn at(admin: &Administrators) -> SocketAddr {
        let Administrators::Tcp(bound) = admin else { panic!("{admin:?}") };
        bound.address
    }

    fn any() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    #[test]
    fn passed_sockets_go_to_their_addresses_and_the_rest_is_bound() {
        let ((one, first), (two, second)) = (socket(), socket());
        let inherited = Inherited {
            sockets: vec![(one, "b".into()), (two, "a".into())],
            local: vec![],
            faults: vec![],
        };
        let found = Found::new(vec![], inherited).unwrap();
        let opened = found.open(&config(&[second, any()], first)).unwrap();
        let bound: Vec<_> = opened.traffic.iter().map(|bound| bound.address).collect();
        assert_eq!((bound[0], at(&opened.admin)), (second, first));
        assert!(bound[1] != first && bound[1] != second);
    }

    #[test]
    fn a_passed_socket_that_nobody_wants_is_told_with_what_to_do() {
        let (one, _) = socket();
        let Ok(six) = TcpListener::bind("[::]:0") else { return };
        let port = six.local_addr().unwrap().port();
        let sockets = vec![(one, "a".to_owned()), (six, "b".to_owned())];
        let found =
            Found::new(vec![], Inherited { sockets, local: vec![], faults: vec![] }).unwrap();
        let told = found.left(&config(&[([127, 0, 0, 1], port).into()], any()));
        assert!(
            told[0].contains("write `127.0.0.1:") && told[0].contains("under `listen`"),
            "{told:?}"
        );
        let near = format!("`ListenStream=127.0.0.1:{port}` in the socket unit (a bare port");
        assert!(told[1].contains(&near), "{told:?}");
        let faults = vec!["what".to_owned()];
        Found::new(vec![], Inherited { sockets: vec![], local: vec![], faults }).unwrap_err();
    }

    #[test]
    fn what_is_handed_over_goes_by_the_address_of_the_config() {
        let mut handed = Vec::new();
        let mut bounds = Vec::new();
        for role in [Role::Traffic, Role::Admin, Role::Traffic] {
            let (socket, bound) = socket();
            bounds.push(bound);
            let copy = socket.try_clone().unwrap();
            for socket in [socket, copy] {
                handed.push(Handed { role, configured: any(), bound, socket });
            }
        }
        let found = Found::new(handed, Inherited::default()).unwrap();
        // one by its address, one by what the config said, and one is wanted no more
        let opened = found.open(&config(&[bounds[2]], any())).unwrap();
        assert_eq!((opened.traffic[0].address, opened.traffic[0].listeners.len()), (bounds[2], 2));
        assert_eq!(at(&opened.admin), bounds[1]);
    }

    proptest! {
        #[test]
        fn every_socket_is_somebodys_and_every_worker_has_one(sockets in 1_usize..6, workers in 1_usize..6) {
            let all: Vec<_> = (0..sockets).map(|_| socket()).collect();
            let mut wanted: Vec<_> = all.iter().map(|(_, address)| *address).collect();
            let hands = deal(all.into_iter().map(|(socket, _)| socket).collect(), workers).unwrap();
            prop_assert_eq!(hands.len(), workers);
            prop_assert!(hands.iter().all(|hand| !hand.is_empty()));
            let dealt = hands.iter().flatten();
            let mut dealt: Vec<_> = dealt.map(|socket| socket.local_addr().unwrap()).collect();
            prop_assert_eq!(dealt.len(), sockets.max(workers));
            dealt.sort();
            dealt.dedup();
            wanted.sort();
            prop_assert_eq!(dealt, wanted);
        }
    }
}
