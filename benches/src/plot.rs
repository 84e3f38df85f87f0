//! The figures as a picture: CPU, memory and latency of each peer as ratios to nginx, in SVG.

use std::fmt::Write as _;

use crate::figures::{CPU, MEMORY, P50, P99, P999, Row, rows};
use crate::peer::Kind;
use crate::round::Rounds;
use crate::scenario::Travel;

const WIDTH: f64 = 920.0;
/// Where the axis begins and ends.
const AXIS: (f64, f64) = (230.0, 890.0);
const LINE: f64 = 30.0;
/// Room above and below the lines of a panel.
const PANEL: (f64, f64) = (46.0, 34.0);
const HEAD: f64 = 64.0;

/// One line of a panel: its name, and a place on the axis for each peer.
struct Line {
    title: String,
    points: Vec<(Kind, f64)>,
}

/// Lines over one axis.
struct Panel {
    title: &'static str,
    lines: Vec<Line>,
}

/// The picture, or nothing where nginx did not run.
pub(crate) fn svg(all: &[Rounds], subtitle: &str) -> Option<String> {
    let panels = panels(all);
    let kinds: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| all.iter().any(|rounds| rounds.peers.contains(kind)))
        .collect();
    if panels.is_empty() {
        return None;
    }
    let height: f64 = HEAD
        + panels
            .iter()
            .map(|panel| PANEL.0 + PANEL.1 + LINE * panel.lines.len() as f64)
            .sum::<f64>();
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"20\" y=\"28\" font-size=\"17\" font-weight=\"600\">Compared with nginx (1.0)</text>\n\
         <text x=\"20\" y=\"48\" fill=\"#555555\">{}</text>\n",
        escaped(subtitle)
    );
    legend(&mut text, &kinds);
    let mut top = HEAD;
    for panel in &panels {
        draw(&mut text, panel, top);
        top += PANEL.0 + PANEL.1 + LINE * panel.lines.len() as f64;
    }
    text.push_str("</svg>\n");
    Some(text)
}

/// CPU and memory of every scenario, latency where the rate is fixed.
fn panels(all: &[Rounds]) -> Vec<Panel> {
    let ratio =
        |place: usize| move |row: &Row| Some((row.kind, row.ratios.as_ref()?.get(place).copied()?));
    let per_scenario = |place: usize| {
        let line = |rounds: &Rounds| Line {
            title: rounds.scenario.title.to_owned(),
            points: rows(rounds).iter().filter_map(ratio(place)).collect(),
        };
        all.iter().map(line).collect::<Vec<_>>()
    };
    let fixed = all.iter().find(|rounds| rounds.scenario.travel == Travel::Rate);
    let latency = fixed.into_iter().flat_map(|rounds| {
        [("p50", P50), ("p99", P99), ("p99.9", P999)].map(|(name, place)| Line {
            title: format!("{name}, 5,000 requests a second"),
            points: rows(rounds).iter().filter_map(ratio(place)).collect(),
        })
    });
    let panels = [
        Panel {
            title: "CPU seconds for each request, ratio to nginx (less is better)",
            lines: per_scenario(CPU),
        },
        Panel {
            title: "Time until the answer, ratio to nginx (less is better)",
            lines: latency.collect(),
        },
        Panel {
            title: "Peak resident memory, ratio to nginx (less is better)",
            lines: per_scenario(MEMORY),
        },
    ];
    let drawn = |panel: Panel| {
        let lines = panel.lines.into_iter().filter(|line| !line.points.is_empty()).collect();
        Panel { lines, ..panel }
    };
    panels.into_iter().map(drawn).filter(|panel| !panel.lines.is_empty()).collect()
}

fn legend(text: &mut String, kinds: &[Kind]) {
    for (number, kind) in kinds.iter().enumerate() {
        let left = WIDTH - 100.0 * (kinds.len() - number) as f64;
        let _ = writeln!(
            text,
            "{}<text x=\"{}\" y=\"28\">{}</text>",
            mark(*kind, left, 24.0),
            left + 12.0,
            kind.name()
        );
    }
}

/// Powers of two that hold all points and 1.
fn bounds(panel: &Panel) -> (f64, f64) {
    let points = panel.lines.iter().flat_map(|line| &line.points).map(|(_, ratio)| ratio.log2());
    let points: Vec<f64> = points.filter(|point| point.is_finite()).collect();
    let least = points.iter().copied().fold(-1.0, f64::min).floor();
    let most = points.iter().copied().fold(1.0, f64::max).ceil();
    (least, most)
}

fn draw(text: &mut String, panel: &Panel, top: f64) {
    let (least, most) = bounds(panel);
    let across = |power: f64| AXIS.0 + (AXIS.1 - AXIS.0) * (power - least) / (most - least);
    let bottom = top + PANEL.0 + LINE * panel.lines.len() as f64;
    let _ = writeln!(
        text,
        "<text x=\"20\" y=\"{}\" font-weight=\"600\">{}</text>",
        top + 24.0,
        panel.title
    );
    let mut power = least;
    while power <= most {
        let (at, one) = (across(power), power == 0.0);
        let (colour, width) = if one { ("#333333", 1.5) } else { ("#dddddd", 1.0) };
        let _ = writeln!(
            text,
            "<line x1=\"{at:.1}\" y1=\"{}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\" \
             fill=\"#555555\" font-size=\"11\">{}</text>",
            top + PANEL.0 - 8.0,
            bottom + 15.0,
            power.exp2()
        );
        power += 1.0;
    }
    for (number, line) in panel.lines.iter().enumerate() {
        let middle = top + PANEL.0 + LINE * (number as f64 + 0.5);
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <line x1=\"{}\" y1=\"{middle}\" x2=\"{}\" y2=\"{middle}\" stroke=\"#eeeeee\"/>",
            AXIS.0 - 14.0,
            middle + 4.5,
            escaped(&line.title),
            AXIS.0,
            AXIS.1
        );
        // the gateway is drawn last, so that nothing hides it
        for (kind, ratio) in line.points.iter().rev().filter(|(_, ratio)| ratio.is_finite()) {
            text.push_str(&mark(*kind, across(ratio.log2()), middle));
        }
        text.push('\n');
    }
}

/// A mark of a colour and a form of its own, so that it is told apart without colours too.
fn mark(kind: Kind, x: f64, y: f64) -> String {
    let (colour, points) = match kind {
        Kind::Evergate => {
            return format!("<circle cx=\"{x:.1}\" cy=\"{y}\" r=\"6.5\" fill=\"#1f7a4d\"/>");
        }
        Kind::Nginx => ("#333333", [(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)]),
        Kind::Haproxy => ("#2f6fde", [(0.0, -6.5), (6.5, 0.0), (0.0, 6.5), (-6.5, 0.0)]),
        Kind::Envoy => ("#b0489b", [(0.0, -6.5), (6.5, 5.0), (0.0, 5.0), (-6.5, 5.0)]),
        Kind::Caddy => ("#d9822b", [(0.0, 6.5), (6.5, -5.0), (0.0, -5.0), (-6.5, -5.0)]),
    };
    let points = points.map(|(right, down)| format!("{:.1},{:.1}", x + right, y + down)).join(" ");
    format!("<polygon points=\"{points}\" fill=\"{colour}\" fill-opacity=\"0.85\"/>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_holds_every_point_and_one() {
        let line = |points| Line { title: "x".to_owned(), points };
        let lines = vec![
            line(vec![(Kind::Evergate, 0.2), (Kind::Envoy, 9.0)]),
            line(vec![(Kind::Nginx, 1.0), (Kind::Caddy, f64::NAN)]),
        ];
        assert_eq!(bounds(&Panel { title: "x", lines }), (-3.0, 4.0));
    }
}
