//! All endpoints of a gateway, so that what is known of them outlives the snapshot.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use http::uri::Authority;

use super::budget::Budget;
use super::clock;
use super::endpoint::{Endpoint, Place};
use super::gate::Gate;
use crate::config::BackendPolicy;
use crate::wire::Berths;

/// What an endpoint keeps its state under: with another policy it begins anew.
type Key = (Place, BackendPolicy);

/// What one backend has spent and who is with it; it outlives reloads.
#[derive(Debug, Default)]
pub struct Ledger {
    pub(super) budget: Budget,
    /// Requests in flight.
    pub(super) requests: Arc<Gate>,
    /// Requests that wait for a connection.
    pub(super) pending: Arc<Gate>,
    /// Connections that may be open; `None` for any number.
    pub(super) berths: Option<Arc<Berths>>,
}

impl Ledger {
    fn new(policy: &BackendPolicy) -> Self {
        Self {
            budget: Budget::new(&policy.retries, clock::now()),
            requests: Arc::new(Gate::new(policy.limits.requests)),
            pending: Arc::new(Gate::new(policy.limits.pending)),
            berths: policy.limits.connections.map(|most| Arc::new(Berths::new(most))),
        }
    }
}

/// A backend as the file has it: with other settings it begins anew.
type Account = (Arc<str>, Arc<str>, Vec<Authority>, BackendPolicy);

/// Finds endpoints that are in use by what they are. One that no snapshot uses any more goes with its last request.
#[derive(Debug, Default)]
pub struct Fleet {
    endpoints: Mutex<HashMap<Key, Weak<Endpoint>>>,
    ledgers: Mutex<HashMap<Account, Weak<Ledger>>>,
    /// The addresses that names had when they were last looked up.
    names: Mutex<HashMap<Authority, Vec<SocketAddr>>>,
}

impl Fleet {
    /// The endpoint at this place, with what is known of it if it is in use.
    pub fn endpoint(&self, place: Place, policy: &BackendPolicy) -> Arc<Endpoint> {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (place, policy.clone());
        if let Some(known) = endpoints.get(&key).and_then(Weak::upgrade) {
            return known;
        }
        endpoints.retain(|_, known| known.strong_count() > 0);
        let fresh = Arc::new(Endpoint::new(key.0.clone()));
        endpoints.insert(key, Arc::downgrade(&fresh));
        fresh
    }

    /// The endpoint beside another one, of the same backend and name, at this address.
    pub(super) fn beside(
        &self,
        other: &Endpoint,
        address: SocketAddr,
        policy: &BackendPolicy,
    ) -> Arc<Endpoint> {
        self.endpoint(Place { address: Some(address), ..other.place().clone() }, policy)
    }

    /// The addresses that were last found of a name; none where it was never looked up.
    pub fn addresses(&self, authority: &Authority) -> Vec<SocketAddr> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(authority).cloned().unwrap_or_default()
    }

    /// Keeps what was found, and says whether that is new.
    pub(super) fn remember(&self, authority: &Authority, addresses: &[SocketAddr]) -> bool {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.get(authority).is_some_and(|known| known == addresses) {
            return false;
        }
        names.insert(authority.clone(), addresses.to_vec());
        true
    }

    /// Forgets all names but those that are in use.
    pub fn forget_names(&self, is_used: impl Fn(&Authority) -> bool) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|authority, _| is_used(authority));
    }

    /// The ledger of this backend of an api and a version.
    pub fn ledger(
        &self,
        (api, version): (&Arc<str>, &Arc<str>),
        endpoints: &[Authority],
        policy: &BackendPolicy,
    ) -> Arc<Ledger> {
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (Arc::clone(api), Arc::clone(version), endpoints.to_vec(), policy.clone());
        if let Some(known) = ledgers.get(&key).and_then(Weak::upgrade) {
            return known;
        }
        ledgers.retain(|_, known| known.strong_count() > 0);
        let fresh = Arc::new(Ledger::new(policy));
        ledgers.insert(key, Arc::downgrade(&fresh));
        fresh
    }

    /// All that are in use.
    pub fn all(&self) -> Vec<Arc<Endpoint>> {
        let endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.values().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Fleet, Place};
    use crate::config::BackendPolicy;

    fn place(port: u16) -> Place {
        let authority = format!("host:{port}").parse().unwrap();
        Place { api: "a".into(), version: "v1".into(), authority, address: None }
    }

    #[test]
    fn state_outlives_whoever_asks_and_goes_with_the_last() {
        let (fleet, policy) = (Fleet::default(), BackendPolicy::default());
        let one = fleet.endpoint(place(1), &policy);
        assert!(Arc::ptr_eq(&one, &fleet.endpoint(place(1), &policy)));
        assert!(!Arc::ptr_eq(&one, &fleet.endpoint(place(2), &policy)));
        let other = BackendPolicy { keyed: true, ..BackendPolicy::default() };
        assert!(!Arc::ptr_eq(&one, &fleet.endpoint(place(1), &other)));
        assert_eq!(fleet.all().len(), 1);
        drop(one);
        assert!(fleet.all().is_empty());
    }
}
