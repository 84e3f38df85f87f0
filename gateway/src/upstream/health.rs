//! Asking the endpoints of a backend how they are, again and again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Request, StatusCode};
use tracing::{info, warn};

use super::body::OutboundBody;
use super::client::{Client, ClientSettings, SendFailure};
use super::clock::micros;
use super::connect::Goal;
use super::dice::Dice;
use super::endpoint::{Endpoint, Version};
use super::gate::Gate;
use super::pool::Pool;
use crate::config::HealthConfig;
use crate::wire::RequestHead;

const AGENT: HeaderValue = HeaderValue::from_static("evergate-health");

/// Finds the version of an api that somebody writes so.
pub type Find = dyn Fn(&str) -> Option<Version> + Send + Sync;

/// What the endpoints of a pool are held against.
#[derive(Clone)]
pub struct Expected {
    /// The version that is configured, where health answers say one.
    pub version: Option<Version>,
    /// The version of the api that somebody writes so.
    pub find: Arc<Find>,
}

impl std::fmt::Debug for Expected {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Expected").field("version", &self.version).finish_non_exhaustive()
    }
}

/// By what endpoints are asked.
#[derive(Debug)]
pub struct Asker {
    client: Client,
    settings: ClientSettings,
    /// A question is not kept away by requests that wait, nor by the number of connections.
    pending: Arc<Gate>,
}

impl Asker {
    /// Asks as requests are sent, but on a new connection each time: whether connections are taken is part of the
    /// question.
    pub fn new(settings: ClientSettings) -> Self {
        Self {
            client: Client::new(1),
            settings: ClientSettings { idle_connections: 0, ..settings },
            pending: Arc::default(),
        }
    }
}

/// Good and bad answers in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Streak {
    good: u32,
    bad: u32,
}

impl Streak {
    /// What an endpoint is after one more answer, where it was `before`; the first answer decides by itself.
    fn after(&mut self, good: bool, before: Option<bool>, (up, down): (u32, u32)) -> bool {
        (self.good, self.bad) =
            if good { (self.good.saturating_add(1), 0) } else { (0, self.bad.saturating_add(1)) };
        match before {
            None => good,
            Some(true) => self.bad < down,
            Some(false) => self.good >= up,
        }
    }
}

/// Asks the endpoints that were never asked, once, all at the same time.
pub async fn first_look(pool: &Pool, asker: &Asker, expected: &Expected) {
    let Some(health) = &pool.policy().health else { return };
    let members = pool.members();
    let unknown = members.iter().filter(|one| one.is_healthy().is_none());
    let looks = unknown.map(|one| async move {
        let answer = ask(asker, pool, one, health).await;
        settle(pool, one, (&mut Streak::default(), answer), (health, expected));
    });
    join_all(looks).await;
}

/// Asks for ever.
pub async fn watch(pool: Arc<Pool>, asker: Arc<Asker>, expected: Expected) {
    let Some(health) = &pool.policy().health else { return };
    let mut streaks: HashMap<usize, Streak> = HashMap::new();
    loop {
        tokio::time::sleep(jittered(health.interval)).await;
        let members = pool.members();
        let answers = join_all(members.iter().map(|one| ask(&asker, &pool, one, health))).await;
        let mut fresh = HashMap::new();
        for (one, answer) in members.iter().zip(answers) {
            // an endpoint is known by where it is: it lives as long as it is a member
            let key = Arc::as_ptr(one).addr();
            let mut streak = streaks.get(&key).copied().unwrap_or_default();
            settle(&pool, one, (&mut streak, answer), (health, &expected));
            fresh.insert(key, streak);
        }
        streaks = fresh;
    }
}

/// A tenth more or less, so that many gateways do not ask in step.
fn jittered(interval: Duration) -> Duration {
    let tenth = usize::try_from(micros(interval) / 10).unwrap_or(0);
    let drawn = Dice::with(|dice| dice.below(tenth.saturating_mul(2).max(1)));
    interval.saturating_mul(9) / 10 + Duration::from_micros(drawn as u64)
}

/// A good answer with the version that it says, or why it is none.
type Answer = Result<Option<String>, String>;

async fn ask(asker: &Asker, pool: &Pool, endpoint: &Endpoint, health: &HealthConfig) -> Answer {
    let head = question(endpoint, health).map_err(|error| error.to_string())?;
    let goal = Goal { pending: &asker.pending, berths: None, ..pool.goal(endpoint) };
    let sent = asker.client.send(&goal, (&head, OutboundBody::empty()), &asker.settings);
    let sent = tokio::time::timeout(health.timeout, sent).await;
    let response = match sent {
        Err(_) => return Err("no answer in time".to_owned()),
        Ok(Err(failure)) => return Err(why(failure)),
        Ok(Ok(response)) => response,
    };
    let status = response.head.status;
    if !health.statuses.iter().any(|range| range.contains(&status.as_u16())) {
        return Err(format!("the status {}", StatusCode::as_u16(&status)));
    }
    let said = health.version_header.as_ref().and_then(|name| response.head.headers.get(name));
    Ok(said.and_then(|value| value.to_str().ok()).map(|text| text.trim().to_owned()))
}

fn question(endpoint: &Endpoint, health: &HealthConfig) -> Result<RequestHead, http::Error> {
    let own = endpoint.place().authority.as_str();
    let request = Request::get(health.path.as_str())
        .header(HOST, health.host.as_deref().unwrap_or(own))
        .header(USER_AGENT, AGENT)
        .body(())?;
    Ok(request.into_parts().0.into())
}

fn why(failure: SendFailure) -> String {
    match failure {
        SendFailure::Connect(_) => "no connection".to_owned(),
        SendFailure::Unanswered => "the connection ended before an answer".to_owned(),
        SendFailure::Timeout => "no answer in time".to_owned(),
        SendFailure::ConnectTimeout(_) | SendFailure::Full(_) => "no connection in time".to_owned(),
        SendFailure::Body(fault) => fault.to_string(),
        SendFailure::Broken(why) | SendFailure::Untrusted(_, why) => why,
    }
}

/// Takes an answer into account.
fn settle(
    pool: &Pool,
    endpoint: &Endpoint,
    (streak, answer): (&mut Streak, Answer),
    (health, expected): (&HealthConfig, &Expected),
) {
    let bounds = (health.healthy, health.unhealthy);
    let healthy = streak.after(answer.is_ok(), endpoint.is_healthy(), bounds);
    let is_new = endpoint.set_healthy(healthy);
    let address = endpoint.authority().as_str();
    let said = match answer {
        Ok(said) => {
            if is_new {
                info!(endpoint = address, "its health answers are good");
            }
            said
        }
        Err(why) => {
            if is_new && !healthy {
                warn!(endpoint = address, why, "its health answers are bad, it is passed over");
            }
            return;
        }
    };
    if health.version_header.is_none() {
        return;
    }
    // what no version of the api is written so has a hash that no version has
    let version = said.as_deref().map(|text| (expected.find)(text).unwrap_or(Version::of(text)));
    if !endpoint.set_speaks(version) {
        return;
    }
    let said = said.unwrap_or_default();
    match (expected.version, version) {
        (Some(wanted), Some(version)) if wanted != version => {
            pool.meter().mismatches.inc();
            let configured = &*endpoint.place().version;
            warn!(
                endpoint = address,
                said, configured, "it speaks another version, it is passed over"
            );
        }
        _ => info!(endpoint = address, said, "its health answers say a version"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Streak, jittered};

    #[track_caller]
    fn check(before: Option<bool>, answers: &[(bool, bool)]) {
        let (mut streak, mut known) = (Streak::default(), before);
        for (index, (good, after)) in answers.iter().enumerate() {
            let now = streak.after(*good, known, (2, 3));
            assert_eq!(now, *after, "{index}");
            known = Some(now);
        }
    }

    #[test]
    fn it_takes_a_row_of_answers_to_change_what_is_known() {
        check(None, &[(true, true), (false, true)]);
        check(None, &[(false, false), (true, false), (true, true)]);
        check(
            Some(true),
            &[
                (false, true),
                (false, true),
                (true, true),
                (false, true),
                (false, true),
                (false, false),
            ],
        );
        check(Some(false), &[(true, false), (false, false), (true, false), (true, true)]);
    }

    #[test]
    fn questions_come_a_tenth_early_or_late() {
        let interval = Duration::from_secs(10);
        let all: Vec<_> = (0..500).map(|_| jittered(interval)).collect();
        assert!(all.iter().all(|time| (9_000..11_000).contains(&time.as_millis())));
        assert!(all.iter().any(|time| time.as_millis() < 9_300));
        assert!(all.iter().any(|time| time.as_millis() > 10_700));
        assert!(jittered(Duration::from_nanos(1)) <= Duration::from_nanos(1));
    }
}
