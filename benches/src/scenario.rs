//! What is compared: the requests, how they travel, and whether answers are converted.

use crate::page;
use crate::peer::Edge;

/// Requests a second of the scenario with a fixed rate.
pub(crate) const RATE: u32 = 5000;

/// How requests of a scenario travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Travel {
    Kept,
    Fresh,
    Rate,
    Tls,
    Http2,
}

/// One row of the comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    /// As it is asked for.
    pub(crate) name: &'static str,
    /// As it is printed.
    pub(crate) title: &'static str,
    pub(crate) travel: Travel,
    /// Name of the page that is asked for; a payment is posted where there is none.
    pub(crate) page: Option<&'static str>,
    /// Clients are of version 1, the origin of version 2.
    pub(crate) converts: bool,
}

const PLAIN: Scenario = Scenario {
    name: "1k",
    title: "GET, 1 KB",
    travel: Travel::Kept,
    page: Some("1k"),
    converts: false,
};

/// All scenarios, in the order in which they are run.
pub(crate) const ALL: [Scenario; 11] = [
    PLAIN,
    Scenario { name: "16k", title: "GET, 16 KB", page: Some("16k"), ..PLAIN },
    Scenario { name: "256k", title: "GET, 256 KB", page: Some("256k"), ..PLAIN },
    Scenario { name: "post", title: "POST of 4 KB", page: None, ..PLAIN },
    Scenario { name: "fresh", title: "new connection each, 1 KB", travel: Travel::Fresh, ..PLAIN },
    Scenario { name: "http2", title: "HTTP/2 clients, 1 KB", travel: Travel::Http2, ..PLAIN },
    Scenario { name: "tls", title: "TLS clients, 1 KB", travel: Travel::Tls, ..PLAIN },
    Scenario {
        name: "rate",
        title: "5,000 requests a second, 1 KB",
        travel: Travel::Rate,
        ..PLAIN
    },
    Scenario {
        name: "convert-2k",
        title: "converted, 2 KB",
        page: Some("2k"),
        converts: true,
        ..PLAIN
    },
    Scenario {
        name: "convert-16k",
        title: "converted, 16 KB",
        page: Some("16k"),
        converts: true,
        ..PLAIN
    },
    Scenario {
        name: "convert-256k",
        title: "converted, 256 KB",
        page: Some("256k"),
        converts: true,
        ..PLAIN
    },
];

impl Scenario {
    pub(crate) fn edge(&self) -> Edge {
        match self.travel {
            Travel::Tls => Edge::Tls,
            Travel::Http2 => Edge::Http2,
            Travel::Kept | Travel::Fresh | Travel::Rate => Edge::Clear,
        }
    }

    /// What clients ask for.
    pub(crate) fn path(&self) -> String {
        let version = if self.converts { 1 } else { 2 };
        let page = self.page.map(|page| format!("/{page}")).unwrap_or_default();
        format!("/v{version}/payments{page}")
    }

    /// What clients post.
    pub(crate) fn posted(&self) -> Option<String> {
        self.page.is_none().then(|| page::payment(page::POSTED))
    }

    /// What the origin answers.
    pub(crate) fn answer(&self) -> (u16, String) {
        let Some(page) = self.page else { return (201, page::TAKEN.to_owned()) };
        let octets = page::SIZES.iter().find(|(name, _)| *name == page).map(|(_, octets)| *octets);
        (200, page::page(octets.unwrap_or_default()))
    }
}
