//! The backends that speak one version, and which of them takes the next request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;

use crate::upstream::{Chosen, Endpoint, Pool, Reach, Wanted, Wish};
use crate::wire::Fields;

/// One backend of a group.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Its share among those of the group; with 0 it is used only when all others are down.
    pub weight: u32,
    /// The version that its endpoints must not deny, or have to say; `None` for plain proxying.
    pub wanted: Option<Wanted>,
    /// Its endpoints. A pool whose endpoints say their versions themselves stands in the group of each version.
    pub pool: Arc<Pool>,
}

/// The backends that speak one version.
#[derive(Debug)]
pub struct Group {
    /// Which; `None` for plain proxying.
    pub version: Option<usize>,
    /// The label as a header value.
    pub header: Option<HeaderValue>,
    /// All of them.
    pub backends: Vec<Backend>,
    turn: AtomicU64,
}

impl Group {
    /// A group of backends.
    pub fn new(
        version: Option<usize>,
        header: Option<HeaderValue>,
        backends: Vec<Backend>,
    ) -> Self {
        Self { version, header, backends, turn: AtomicU64::new(0) }
    }

    /// Whether any endpoint is not known to be down.
    pub fn is_up(&self) -> bool {
        self.backends.iter().any(Backend::is_up)
    }

    /// How many endpoints there are, of this version or not.
    pub fn len(&self) -> usize {
        self.backends.iter().map(|backend| backend.pool.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An endpoint that was not tried: backends by weight, those that are well first.
    pub fn choose(
        &self,
        headers: &Fields,
        tried: &[Arc<Endpoint>],
        reach: Reach,
    ) -> Option<Chosen<'_>> {
        if let [only] = self.backends.as_slice() {
            return only.choose(headers, tried, reach);
        }
        let preferred = self.by_weight(headers);
        let all = || preferred.into_iter().chain(&self.backends);
        let of = |reach| all().find_map(|backend| backend.choose(headers, tried, reach));
        let well = of(Reach::Well);
        if reach == Reach::Well { well } else { well.or_else(|| of(Reach::Any)) }
    }

    /// A backend that takes no request more, where that is why none was chosen.
    pub fn full(&self) -> Option<&Pool> {
        self.backends.iter().map(|backend| &*backend.pool).find(|pool| pool.is_full())
    }

    /// The backend whose turn it is; requests with one key have the same each time.
    fn by_weight(&self, headers: &Fields) -> Option<&Backend> {
        let total: u64 = self.backends.iter().map(|backend| u64::from(backend.weight)).sum();
        let key = self.backends.iter().find_map(|backend| backend.pool.key(headers));
        let place = key.unwrap_or_else(|| spread(self.turn.fetch_add(1, Ordering::Relaxed)));
        // the high half of the product: each mark is as likely as the next, to 2^-64 of all
        let mark = (u128::from(place) * u128::from(total)) >> 64;
        let mut mark = u64::try_from(mark).unwrap_or(0);
        self.backends.iter().find(|backend| {
            let here = mark < u64::from(backend.weight);
            mark = mark.saturating_sub(u64::from(backend.weight));
            here
        })
    }
}

impl Backend {
    fn is_up(&self) -> bool {
        self.pool.is_up(self.wanted)
    }

    fn choose(
        &self,
        headers: &Fields,
        tried: &[Arc<Endpoint>],
        reach: Reach,
    ) -> Option<Chosen<'_>> {
        self.pool.choose(&Wish { wanted: self.wanted, headers, tried }, reach)
    }
}

/// Spreads consecutive turns evenly over the whole range, so that shares mix instead of coming in runs
/// (multiplication by 2^64 / golden ratio).
const fn spread(turn: u64) -> u64 {
    turn.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use std::sync::Arc;

    use super::{Backend, Group};
    use crate::config::BackendPolicy;
    use crate::upstream::{Endpoint, Outcome, Place, Pool, PoolTimes, Reach};

    fn backend(weight: u32, names: &[&str], sticky: bool) -> Backend {
        let endpoint = |name: &&str| {
            Arc::new(Endpoint::new(Place {
                api: "orders".into(),
                version: "".into(),
                authority: name.parse().unwrap(),
                address: None,
            }))
        };
        let sticky = sticky.then(|| http::HeaderName::from_static("x-user"));
        let policy = BackendPolicy { sticky, ..BackendPolicy::default() };
        let members = names.iter().map(endpoint).collect();
        let pool = Arc::new(Pool::new((policy, PoolTimes::default()), members, Default::default()));
        Backend { weight, wanted: None, pool }
    }

    fn name(group: &Group, headers: &Fields) -> String {
        let chosen = group.choose(headers, &[], Reach::Any).unwrap();
        chosen.seat.endpoint().authority().to_string()
    }

    #[test]
    fn backends_are_chosen_by_weight() {
        let all = [
            backend(90, &["a:1"], false),
            backend(10, &["b:1"], false),
            backend(0, &["c:1"], false),
        ];
        let group = Group::new(None, None, all.into());
        let mut counts = [0, 0, 0];
        for _ in 0..10_000 {
            match name(&group, &Fields::new()).as_str() {
                "a:1" => counts[0] += 1,
                "b:1" => counts[1] += 1,
                _ => counts[2] += 1,
            }
        }
        assert!((8_900..=9_100).contains(&counts[0]), "{counts:?}");
        assert!((900..=1_100).contains(&counts[1]), "{counts:?}");
        assert_eq!(counts[2], 0);
    }

    #[test]
    fn a_backend_that_is_down_gives_its_share_away() {
        let all = vec![backend(90, &["a:1"], false), backend(0, &["c:1"], false)];
        let group = Group::new(None, None, all);
        let headers = Fields::new();
        let chosen = group.choose(&headers, &[], Reach::Any).unwrap();
        chosen.pool.note(chosen.seat.endpoint(), Outcome::Refused, None);
        assert_eq!(name(&group, &headers), "c:1");
        assert!(group.is_up());
    }

    #[test]
    fn what_is_well_is_tried_before_what_is_down_whatever_the_weight() {
        let all = vec![backend(90, &["a:1", "b:1"], false), backend(1, &["c:1"], false)];
        let group = Group::new(None, None, all);
        let headers = Fields::new();
        let mut tried = Vec::new();
        for one in group.backends[0].pool.members().iter() {
            one.set_healthy(one.authority() == "a:1");
        }
        for wanted in ["a:1", "c:1", "b:1"] {
            let chosen = group.choose(&headers, &tried, Reach::Any).unwrap();
            assert_eq!(chosen.seat.endpoint().authority(), wanted);
            tried.push(Arc::clone(chosen.seat.endpoint()));
        }
    }

    #[test]
    fn a_user_stays_with_one_canary_share() {
        let all = vec![backend(50, &["a:1", "b:1"], true), backend(50, &["c:1"], true)];
        let group = Group::new(None, None, all);
        let mut seen = std::collections::BTreeSet::new();
        for user in 0..40 {
            let mut headers = Fields::new();
            headers
                .insert(http::HeaderName::from_static("x-user"), user.to_string().parse().unwrap());
            let first = name(&group, &headers);
            assert!((0..10).all(|_| name(&group, &headers) == first));
            seen.insert(first);
        }
        assert_eq!(seen.len(), 3);
    }
}
