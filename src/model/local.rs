//! `local(radius)`: which units of two rows, or of two sheets, lie near each other.

/// Two grids, one laid over the other so that their borders meet, and how far a unit reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// How many units the source has along each axis.
    source: Vec<usize>,
    /// How many the target has.
    target: Vec<usize>,
    /// How far a unit of the target reaches, in units of the source.
    radius: f64,
}

/// The most units along an axis that are looked at one by one.
const MANY: usize = 1 << 24;

impl Neighbours {
    pub(super) fn new(source: &[usize], target: &[usize], radius: f64) -> Neighbours {
        Neighbours { source: source.to_vec(), target: target.to_vec(), radius }
    }

    /// How far a unit reaches, in units of the source.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// Whether two units, each by its place in the flat region, are near enough for a synapse.
    pub fn near(&self, mut post: usize, mut pre: usize) -> bool {
        let mut squares = 0.0;
        for axis in (0..self.source.len()).rev() {
            let (before, after) = (self.source[axis], self.target[axis]);
            squares += distance(before, after, post % after, pre % before).powi(2);
            (post, pre) = (post / after, pre / before);
        }
        squares <= self.radius * self.radius
    }

    /// The smallest radius within which every unit of the target has a synapse.
    pub(super) fn least(&self) -> f64 {
        let axes = self.source.iter().zip(&self.target);
        let worst = axes.map(|(&before, &after)| match after {
            0..MANY => (0..after).map(|post| nearest(before, after, post)).fold(0.0, f64::max),
            _ => 0.5,
        });
        let squares: f64 = worst.map(|distance: f64| distance * distance).sum();
        let mut least = squares.sqrt();
        while least * least < squares {
            least = least.next_up();
        }
        least
    }
}

/// How far apart two units are along an axis, in units of the source: the middle of unit `post` of `after` lies at
/// `(post + 1/2) * before / after - 1/2` among the `before`. Whole numbers up to the division, so that it is exact where it can be.
fn distance(before: usize, after: usize, post: usize, pre: usize) -> f64 {
    let middle = (2 * post as i128 + 1) * before as i128 - after as i128;
    let far = (middle - 2 * after as i128 * pre as i128).unsigned_abs();
    far as f64 / (2 * after as u128) as f64
}

/// How far the nearest unit of the source is.
fn nearest(before: usize, after: usize, post: usize) -> f64 {
    let under = (2 * post as u128 + 1) * before as u128 / (2 * after as u128);
    let under = (under as usize).min(before - 1);
    distance(before, after, post, under)
}
