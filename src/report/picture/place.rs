//! Where boxes and arrows of the picture lie.

use crate::model::{Model, ProjectionId};

/// A character of the picture's font.
const LETTER: i32 = 8;
/// The space between columns, in which arrows bend.
const GUTTER: i32 = 80;
/// The space between what lies one below the other.
const GAP: i32 = 26;
/// The height of a line of text.
const LINE: i32 = 18;
/// The least height of the row of an arrow that passes a column, and of the lane of one that goes back.
const LANE: i32 = 30;

/// A place in a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) x: i32,
    pub(super) y: i32,
}

/// The box of a region.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Box {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// An arrow: the points that it goes through, from its source to its target.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub(super) points: Vec<Point>,
    /// Along which upright stretches, and to which side, lines beside it move apart.
    turned: bool,
}

impl Shape {
    /// The same a little below; where it stands upright, beside.
    pub(super) fn moved(&self, by: i32) -> Shape {
        let last = self.points.len().saturating_sub(1);
        let points = self.points.iter().enumerate().map(|(number, point)| {
            let inner = number != 0 && number != last;
            let aside = if self.turned && inner { by } else { 0 };
            let side = if 2 * number < self.points.len() { -aside } else { aside };
            Point { x: point.x + side, y: point.y + if self.turned && inner_of(number, last) { -by } else { by } }
        });
        Shape { points: points.collect(), turned: self.turned }
    }
}

/// Whether a point of an arrow that goes back lies in its lane.
fn inner_of(number: usize, last: usize) -> bool {
    number >= 2 && number + 2 <= last
}

/// Where everything lies.
pub(super) struct Layout {
    pub(super) boxes: Vec<Box>,
    pub(super) arrows: Vec<Shape>,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// What stands in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    Region(usize),
    Passing(ProjectionId),
}

impl Layout {
    /// The places of a model's regions and projections.
    pub(super) fn of(model: &Model) -> Layout {
        let depth = depths(model);
        let columns = columns(model, &depth);
        let mut layout = Layout {
            boxes: vec![Box::default(); model.regions.len()],
            arrows: vec![Shape::default(); model.projections.len()],
            width: 0,
            height: 0,
        };
        let mut passing: Vec<Vec<Point>> = vec![Vec::new(); model.projections.len()];
        let (mut left, mut bottom) = (GUTTER / 2, 0);
        for column in &columns {
            let regions = column.iter().filter_map(|cell| match cell {
                Cell::Region(number) => Some(*number),
                Cell::Passing(_) => None,
            });
            let width = regions.map(|number| width(model, number)).max().unwrap_or(0);
            let mut top = GAP / 2;
            for cell in column {
                let height = match cell {
                    Cell::Region(number) => {
                        let height = height(model, *number);
                        layout.boxes[*number] = Box { left, top, width, height };
                        height
                    }
                    Cell::Passing(id) => {
                        let y = top + LANE / 2;
                        passing[id.0].extend([Point { x: left, y }, Point { x: left + width, y }]);
                        LANE
                    }
                };
                top += height + GAP;
            }
            bottom = bottom.max(top);
            left += width + GUTTER;
        }
        layout.width = left - GUTTER / 2;
        layout.height = bottom;
        layout.connect(model, &depth, passing);
        layout
    }

    /// The arrows: on its box's sides, each has a place of its own.
    fn connect(&mut self, model: &Model, depth: &[usize], passing: Vec<Vec<Point>>) {
        let (mut lane, mut middle) = (self.height, passing);
        for (number, projection) in model.projections.iter().enumerate() {
            let (source, target) = (projection.source.0, projection.target.0);
            let leaving = model.projections.iter().enumerate().filter(|(_, other)| other.source.0 == source);
            let coming = model.projections.iter().enumerate().filter(|(_, other)| other.target.0 == target);
            let from = port(&self.boxes[source], true, number, leaving.map(|(other, _)| other));
            let to = port(&self.boxes[target], false, number, coming.map(|(other, _)| other));
            let between = std::mem::take(&mut middle[number]);
            self.arrows[number] = if depth[source] < depth[target] {
                let points = std::iter::once(from).chain(between).chain([to]).collect();
                Shape { points, turned: false }
            } else {
                let y = lane + LANE / 2;
                lane += LANE;
                let aside = 8 + 5 * (number as i32 % 5);
                let (right, left) = (from.x + aside, to.x - aside);
                let points = vec![
                    from,
                    Point { x: right, y: from.y },
                    Point { x: right, y },
                    Point { x: left, y },
                    Point { x: left, y: to.y },
                    to,
                ];
                Shape { points, turned: true }
            };
        }
        self.height = lane + GAP / 2;
    }
}

/// The place of an arrow on a side of a box.
fn port(at: &Box, right: bool, number: usize, all: impl Iterator<Item = usize>) -> Point {
    let all: Vec<usize> = all.collect();
    let place = all.iter().position(|other| *other == number).unwrap_or(0) as i32 + 1;
    let x = if right { at.left + at.width } else { at.left };
    Point { x, y: at.top + at.height * place / (all.len() as i32 + 1) }
}

fn width(model: &Model, number: usize) -> i32 {
    let region = &model.regions[number];
    let shape: Vec<String> = region.shape.iter().map(usize::to_string).collect();
    let head = region.name.chars().count() + shape.join(", ").len() + 2;
    let costs = model.costs.iter().filter(|cost| cost.region.0 == number).map(|cost| cost.name.chars().count());
    LETTER * costs.chain([head]).max().unwrap_or(0) as i32 + 16
}

/// The height of a region's box: its lines of text, and room for the arrows on its sides.
fn height(model: &Model, number: usize) -> i32 {
    let costs = model.costs.iter().filter(|cost| cost.region.0 == number).count() as i32;
    let side =
        |of: fn(&crate::model::Projection) -> usize| model.projections.iter().filter(|wire| of(wire) == number).count();
    let arrows = side(|wire| wire.source.0).max(side(|wire| wire.target.0)) as i32;
    (LINE * (costs + 1) + 8).max(16 * (arrows + 1))
}

/// How many columns lie before each region: as many as the longest way to it along what comes earlier in a step.
fn depths(model: &Model) -> Vec<usize> {
    let mut place = vec![0; model.regions.len()];
    model.order.iter().enumerate().for_each(|(at, id)| place[id.0] = at);
    let mut depth = vec![0; model.regions.len()];
    for id in &model.order {
        let before = model.projections.iter().filter(|wire| wire.target == *id && wire.delay == 0);
        let before = before.filter(|wire| place[wire.source.0] < place[id.0]);
        depth[id.0] = before.map(|wire| depth[wire.source.0] + 1).max().unwrap_or(0);
    }
    depth
}

/// What stands in each column, from above.
fn columns(model: &Model, depth: &[usize]) -> Vec<Vec<Cell>> {
    let count = depth.iter().max().map_or(0, |last| last + 1);
    let mut columns: Vec<Vec<Cell>> = vec![Vec::new(); count];
    for (number, at) in depth.iter().enumerate() {
        columns[*at].push(Cell::Region(number));
    }
    for (number, wire) in model.projections.iter().enumerate() {
        for column in columns.iter_mut().take(depth[wire.target.0]).skip(depth[wire.source.0] + 1) {
            column.push(Cell::Passing(ProjectionId(number)));
        }
    }
    columns
}
