//! Who learns from what, drawn: a panel for each phase, in it the regions in columns by depth, the projections as arrows, and the
//! credit of each cost as a coloured line that goes the other way.
//!
//! Every place is a whole number of pixels, and everything is drawn in the order of the spec, so that a spec gives the same bytes
//! everywhere. Arrows that pass a column have a row of their own in it, and those that go back have a lane of their own below, so
//! that none crosses a box.

mod place;

use crate::credit::{Account, Changed, InPhase, Reads, What};
use crate::model::{Model, ProjectionId, owner};
use place::{Layout, Point, Shape};
use std::fmt::Write;

/// The colours of costs, in the order of the spec, from the first again where there are more.
const COLOURS: [&str; 8] = ["#c8322b", "#1f77b4", "#2a8f3c", "#b8860b", "#8a4fbf", "#c2468e", "#0b8f8f", "#7a5230"];

/// Between the lines of two costs over one projection.
const BESIDE: i32 = 4;
const LINE: i32 = 18;
const MARGIN: i32 = 20;

/// The picture, as SVG.
pub fn draw(model: &Model, account: &Account) -> String {
    let layout = Layout::of(model);
    let legend = MARGIN + LINE * (model.costs.len() as i32 + 1);
    let panel = layout.height + 2 * LINE;
    let phases = account.phases.len() as i32;
    let (width, height) = (layout.width.max(420) + 2 * MARGIN, phases * panel + legend + 2 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"13\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    out += &heads();
    for (number, phase) in account.phases.iter().enumerate() {
        let (left, top) = (MARGIN, MARGIN + number as i32 * panel);
        let _ = writeln!(out, "<g transform=\"translate({left} {top})\">");
        let _ = writeln!(out, "<text x=\"0\" y=\"13\" font-weight=\"bold\">phase {}</text>", escaped(&phase.name));
        let _ = writeln!(out, "<g transform=\"translate(0 {LINE})\">");
        out += &Panel { model, account, phase, layout: &layout }.draw();
        out += "</g>\n</g>\n";
    }
    out += &self::legend(model, MARGIN + phases * panel);
    out + "</svg>\n"
}

/// The heads of arrows: of a projection, and of each cost.
fn heads() -> String {
    let mut out = "<defs>\n".to_string();
    let colours = std::iter::once("#333333").chain(COLOURS);
    for (number, colour) in colours.enumerate() {
        let _ = writeln!(
            out,
            "<marker id=\"head{number}\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"{colour}\"/></marker>"
        );
    }
    out + "</defs>\n"
}

/// What the lines mean.
fn legend(model: &Model, top: i32) -> String {
    let mut out = format!("<g transform=\"translate({MARGIN} {top})\">\n");
    let words = "thick: learns in this phase; dashed: stays as it is; thin: has no weights; credit that is dashed crosses feedback weights";
    let _ = writeln!(out, "<text x=\"0\" y=\"13\">{words}</text>");
    for (number, cost) in model.costs.iter().enumerate() {
        let y = LINE * (number as i32 + 1) + 13;
        let (colour, head) = (COLOURS[number % COLOURS.len()], number % COLOURS.len() + 1);
        let _ = writeln!(
            out,
            "<path d=\"M40 {0}H4\" stroke=\"{colour}\" stroke-width=\"2\" fill=\"none\" marker-end=\"url(#head{head})\"/>\
             <text x=\"48\" y=\"{y}\">credit of {1}</text>",
            y - 4,
            escaped(&cost.name)
        );
    }
    out + "</g>\n"
}

/// One phase.
struct Panel<'a> {
    model: &'a Model,
    account: &'a Account,
    phase: &'a InPhase,
    layout: &'a Layout,
}

impl Panel<'_> {
    fn draw(&self) -> String {
        let mut out = String::new();
        for id in (0..self.model.projections.len()).map(ProjectionId) {
            out += &self.projection(id);
        }
        for number in 0..self.model.regions.len() {
            out += &self.region(number);
        }
        out
    }

    /// A box with the region's name and size, and the costs that are generated in it.
    fn region(&self, number: usize) -> String {
        let (region, at) = (&self.model.regions[number], &self.layout.boxes[number]);
        let shape: Vec<String> = region.shape.iter().map(usize::to_string).collect();
        let learns = |of: &Changed| match of {
            Changed::Bias(id) | Changed::Inner(id, _) => id.0 == number,
            _ => false,
        };
        let width = if self.learns(learns) == Some(true) { 3 } else { 1 };
        let mut out = format!(
            "<rect class=\"region\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" fill=\"#f4f4f4\" stroke=\"#333333\" \
             stroke-width=\"{width}\"/>\n",
            at.left, at.top, at.width, at.height
        );
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\">{}[{}]</text>",
            at.left + 8,
            at.top + 17,
            escaped(&region.name),
            shape.join(", ")
        );
        let own = self.model.costs.iter().enumerate().filter(|(_, cost)| cost.region.0 == number);
        for (line, (cost, of)) in own.enumerate() {
            let colour = COLOURS[cost % COLOURS.len()];
            let y = at.top + 17 + LINE * (line as i32 + 1);
            let _ =
                writeln!(out, "<text x=\"{}\" y=\"{y}\" fill=\"{colour}\">{}</text>", at.left + 8, escaped(&of.name));
        }
        out
    }

    /// Whether some parameter among those that are asked for learns; none: there is no such parameter.
    fn learns(&self, of: impl Fn(&Changed) -> bool) -> Option<bool> {
        let all = self.account.parameters.iter().zip(&self.phase.what);
        let mut found = all.filter(|(parameter, _)| of(&parameter.of)).map(|(_, what)| matches!(what, What::Learns(_)));
        found.next().map(|first| first || found.any(|learns| learns))
    }

    /// Whether credit crosses a projection over feedback weights, and not over its own.
    fn crosses_feedback(&self, projection: &str) -> bool {
        let of = |slot: &str| slot.strip_prefix(projection).is_some_and(|rest| rest.starts_with('.'));
        let lessons = self.phase.what.iter().flat_map(|what| match what {
            What::Learns(lessons) => &lessons[..],
            What::Stays(_) => &[],
        });
        let reads: Vec<&Reads> = lessons.flat_map(|lesson| &lesson.reads).collect();
        let over = |read: &&Reads| matches!(read, Reads::Feedback(slot) if of(slot));
        let back = |read: &&Reads| matches!(read, Reads::Transport(slot) if of(slot));
        reads.iter().any(over) && !reads.iter().any(back)
    }

    /// An arrow, and beside it a line for each cost whose credit comes here.
    fn projection(&self, id: ProjectionId) -> String {
        let own = owner(&self.model.projections, id);
        let learns =
            self.learns(|of| matches!(of, Changed::Weight(other) | Changed::Factor(other, _) if *other == own));
        let style = match learns {
            Some(true) => "stroke-width=\"3\"",
            Some(false) => "stroke-width=\"1.5\" stroke-dasharray=\"6 4\"",
            None => "stroke-width=\"1\"",
        };
        let path = &self.layout.arrows[id.0];
        let mut out = format!(
            "<path class=\"projection\" d=\"{}\" stroke=\"#333333\" {style} fill=\"none\" marker-end=\"url(#head0)\">\
             <title>{}</title></path>\n",
            forward(path),
            escaped(&self.model.projections[id.0].name)
        );
        let crosses =
            if self.crosses_feedback(&self.model.projections[id.0].name) { " stroke-dasharray=\"3 3\"" } else { "" };
        let here = self.phase.met.iter().filter(|(_, met)| met.contains(&id));
        for (line, (cost, _)) in here.enumerate() {
            let number = cost.0 % COLOURS.len();
            let beside = path.moved(BESIDE * (line as i32 + 1));
            let _ = writeln!(
                out,
                "<path class=\"credit\" d=\"{}\" stroke=\"{}\" stroke-width=\"2\"{crosses} fill=\"none\" \
                 marker-end=\"url(#head{})\"><title>credit of {}</title></path>",
                backward(&beside),
                COLOURS[number],
                number + 1,
                escaped(&self.model.costs[cost.0].name)
            );
        }
        out
    }
}

/// The path of an arrow from its source to its target.
fn forward(shape: &Shape) -> String {
    along(&shape.points)
}

/// The other way.
fn backward(shape: &Shape) -> String {
    along(&shape.points.iter().rev().copied().collect::<Vec<_>>())
}

/// Level lines through pairs of points, with a bend between the pairs.
fn along(points: &[Point]) -> String {
    let mut out = String::new();
    for (number, point) in points.iter().enumerate() {
        let before = if number == 0 { None } else { Some(points[number - 1]) };
        match before {
            None => {
                let _ = write!(out, "M{} {}", point.x, point.y);
            }
            Some(before) if before.x == point.x || before.y == point.y => {
                let _ = write!(out, "L{} {}", point.x, point.y);
            }
            Some(before) => {
                let middle = (before.x + point.x) / 2;
                let _ = write!(out, "C{middle} {} {middle} {} {} {}", before.y, point.y, point.x, point.y);
            }
        }
    }
    out
}

/// Text as it stands in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
