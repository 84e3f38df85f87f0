//! All endpoints of a gateway, so that what is known of them outlives the snapshot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::endpoint::{Endpoint, Place};
use crate::config::BackendPolicy;

/// What an endpoint keeps its state under: with another policy it begins anew.
type Key = (Place, BackendPolicy);

/// Finds endpoints that are in use by what they are. One that no snapshot uses any more goes with its last request.
#[derive(Debug, Default)]
pub struct Fleet {
    endpoints: Mutex<HashMap<Key, Weak<Endpoint>>>,
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
