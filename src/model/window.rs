//! Projections between images: `conv(channels = 16, size = 3, padding = 1)` and `pool(max, 2)`.

use super::draft::Draft;
use super::typing::{Place, Said, Typer};
use super::{Bias, Pattern, Pooling, Projection, RegionId};
use crate::diag::{Code, Diagnostic};
use crate::syntax::tree::{Argument, ConnectClause, ConnectClauseKind, Expr, ExprKind, Name};

const CONV: &str = "conv(channels = 16, size = 3, stride = 1, padding = 1)";
const POOL: &str = "pool(max, size = 2)";

/// Square windows on images of several channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// How many channels there are to read.
    pub channels: usize,
    /// Rows and columns of a channel.
    pub lengths: [usize; 2],
    /// Rows and columns of a window.
    pub size: usize,
    /// From one window to the next.
    pub stride: usize,
    /// So many zeros stand around the image.
    pub padding: usize,
}

impl Window {
    /// How many windows there are below and beside each other.
    pub fn places(&self) -> [usize; 2] {
        self.lengths.map(|length| (length + 2 * self.padding - self.size) / self.stride + 1)
    }
}

impl Projection {
    /// Whether it has weights.
    pub fn has_weights(&self) -> bool {
        !matches!(self.pattern, Pattern::Activity | Pattern::Pool(..))
    }
}

/// How the drive of a region is biased, given its unnamed projections: between images all places of a channel are alike,
/// and a pool is taken as it is.
pub(super) fn bias<'p>(unnamed: impl Iterator<Item = &'p Projection>) -> Bias {
    let (mut convolved, mut pooled) = (false, false);
    for projection in unnamed {
        match projection.pattern {
            Pattern::Conv(_) => convolved = true,
            Pattern::Pool(..) => pooled = true,
            _ => return Bias::Unit,
        }
    }
    match (convolved, pooled) {
        (true, _) => Bias::Channel,
        (false, true) => Bias::None,
        (false, false) => Bias::Unit,
    }
}

/// What stands in the brackets of a pattern, each once.
pub(super) struct Arguments<'a> {
    usage: &'static str,
    expr: &'a Expr,
    found: Vec<(&'a str, &'a Expr)>,
}

impl<'a> Arguments<'a> {
    /// By name, or in the order of `names`.
    pub(super) fn new(
        draft: &mut Draft<'_>,
        expr: &'a Expr,
        arguments: &'a [Argument],
        names: &[&'static str],
        usage: &'static str,
    ) -> Result<Arguments<'a>, Said> {
        let mut found: Vec<(&str, &Expr)> = Vec::new();
        for (place, argument) in arguments.iter().enumerate() {
            let name = match &argument.name {
                Some(name) => names.iter().find(|known| **known == name.as_str()),
                None => names.get(place),
            };
            match name {
                Some(name) if !found.iter().any(|(other, _)| other == name) => found.push((name, &argument.value)),
                _ => return Err(wrong(draft, argument.span, "this argument is not one of it, or there twice", usage)),
            }
        }
        Ok(Arguments { usage, expr, found })
    }

    fn get(&self, name: &str) -> Option<&'a Expr> {
        self.found.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// A whole number, at least so large; `None` if it is not said.
    fn whole(&self, draft: &mut Draft<'_>, name: &str, least: usize) -> Result<Option<usize>, Said> {
        let Some(expr) = self.get(name) else { return Ok(None) };
        let mut typer = Typer::new(draft, Place::Constant);
        let value = typer.whole(expr);
        let said = std::mem::take(&mut typer.said);
        said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
        match value? {
            value if value >= least => Ok(Some(value)),
            value => {
                let said = Diagnostic::new(Code::NOT_WHOLE, format!("`{name}` is at least {least}, and not {value}"));
                draft.say(said.at(expr.span, "too small").help(format!("write it as `{}`", self.usage)));
                Err(Said)
            }
        }
    }

    /// A whole number from 1 on.
    pub(super) fn wanted(&self, draft: &mut Draft<'_>, name: &str) -> Result<usize, Said> {
        match self.whole(draft, name, 1)? {
            Some(value) => Ok(value),
            None => Err(wrong(draft, self.expr.span, &format!("`{name}` is missing"), self.usage)),
        }
    }
}

impl Arguments<'_> {
    /// A plain number, and where it stands.
    pub(super) fn number(&self, draft: &mut Draft<'_>, name: &str) -> Result<(f64, crate::diag::Span), Said> {
        match self.get(name) {
            Some(expr) => Ok((super::init::plain(draft, expr)?, expr.span)),
            None => Err(wrong(draft, self.expr.span, &format!("`{name}` is missing"), self.usage)),
        }
    }
}

fn wrong(draft: &mut Draft<'_>, span: crate::diag::Span, label: &str, usage: &str) -> Said {
    let name = usage.split('(').next().unwrap_or(usage);
    let message = format!("the pattern `{name}` does not take these arguments");
    draft.say(Diagnostic::new(Code::WRONG_ARGUMENTS, message).at(span, label).help(format!("write it as `{usage}`")));
    Said
}

/// A convolution.
pub(super) fn conv(
    draft: &mut Draft<'_>,
    made: &Projection,
    expr: &Expr,
    arguments: &[Argument],
) -> Result<Pattern, Said> {
    let named = Arguments::new(draft, expr, arguments, &["channels", "size", "stride", "padding"], CONV)?;
    let channels = named.whole(draft, "channels", 1)?;
    let size = named.wanted(draft, "size")?;
    let stride = named.whole(draft, "stride", 1)?.unwrap_or(1);
    let padding = named.whole(draft, "padding", 0)?.unwrap_or(0);
    let (read, lengths) = image(draft, made)?;
    let window = Window { channels: read, lengths, size, stride, padding };
    fits_inside(draft, made, &window, expr)?;
    let out = channels.unwrap_or_else(|| guessed(draft, made.target, &window));
    fits_target(draft, made, expr, &window, out)?;
    Ok(Pattern::Conv(window))
}

/// The largest or the mean of each window.
pub(super) fn pool(
    draft: &mut Draft<'_>,
    made: &mut Projection,
    expr: &Expr,
    arguments: &[Argument],
) -> Result<Pattern, Said> {
    let named = Arguments::new(draft, expr, arguments, &["by", "size"], POOL)?;
    let word = |expr: &Expr| match &expr.kind {
        ExprKind::Name(name) => pooling(name),
        _ => None,
    };
    let pooling = match named.get("by").map(|by| (by, word(by))) {
        Some((_, Some(pooling))) => pooling,
        Some((by, None)) => return Err(wrong(draft, by.span, "`max` or `mean`", POOL)),
        None => return Err(wrong(draft, expr.span, "`max` or `mean`?", POOL)),
    };
    let size = named.wanted(draft, "size")?;
    let (channels, lengths) = image(draft, made)?;
    let window = Window { channels, lengths, size, stride: size, padding: 0 };
    fits_inside(draft, made, &window, expr)?;
    fits_target(draft, made, expr, &window, channels)?;
    made.plastic = false;
    Ok(Pattern::Pool(pooling, window))
}

/// The clauses of a pool: those about weights make no sense.
pub(super) fn clauses(draft: &mut Draft<'_>, made: &Projection, clauses: &[ConnectClause]) -> Result<(), Said> {
    if !matches!(made.pattern, Pattern::Pool(..)) {
        return Ok(());
    }
    for clause in clauses {
        match clause.kind {
            ref kind if kind.is_about_weights() => {
                let said = Diagnostic::new(Code::WRONG_KIND, format!("`{}` has no weights", made.name));
                draft.say(
                    said.at(clause.span, "this is about weights").because(made.span, "a pool").help("leave it out"),
                );
                return Err(Said);
            }
            ConnectClauseKind::NoCredit => {
                draft.later(clause.span, "`no credit` on a pool", "put it on a projection with weights");
                return Err(Said);
            }
            _ => {}
        }
    }
    Ok(())
}

fn pooling(name: &Name) -> Option<Pooling> {
    match name.as_str() {
        "max" => Some(Pooling::Max),
        "mean" => Some(Pooling::Mean),
        _ => None,
    }
}

/// The source as an image: its channels, then its rows and columns.
fn image(draft: &mut Draft<'_>, made: &Projection) -> Result<(usize, [usize; 2]), Said> {
    let source = &draft.regions[made.source.0];
    match source.shape.as_deref() {
        None => Err(Said),
        Some([y, x]) => Ok((1, [*y, *x])),
        Some([channels, y, x]) => Ok((*channels, [*y, *x])),
        Some(shape) => {
            let name = &source.tree.target.name;
            let message = format!("`{name}` is no image: its shape is {shape:?}");
            let said = Diagnostic::new(Code::NOT_AN_IMAGE, message)
                .at(made.span, "windows lie on images: `[y, x]` or `[channel, y, x]`")
                .because(source.tree.target.span, format!("{shape:?}"))
                .help(match shape {
                    [units] => format!(
                        "give it rows and columns, such as `{name}[1, {units}]`, or connect it without a pattern"
                    ),
                    _ => format!("make it `{name}[channel, y, x]`"),
                });
            draft.say(said);
            Err(Said)
        }
    }
}

/// Whether there is a window at all, and none of nothing but zeros.
fn fits_inside(draft: &mut Draft<'_>, made: &Projection, window: &Window, expr: &Expr) -> Result<(), Said> {
    let [y, x] = window.lengths;
    let wide = y.min(x).saturating_add(window.padding.saturating_mul(2));
    let (message, help) = if window.padding >= window.size {
        let most = window.size - 1;
        (
            format!("windows of {0} x {0} with a padding of {1} would see nothing", window.size, window.padding),
            format!("padding = {most} is the most"),
        )
    } else if window.size > wide {
        let with = if window.padding > 0 { format!(" with a padding of {}", window.padding) } else { String::new() };
        (
            format!("windows of {0} x {0} do not fit into {y} x {x}{with}", window.size),
            format!("size = {wide} is the most"),
        )
    } else {
        return Ok(());
    };
    let source = &draft.regions[made.source.0].tree.target;
    let said = Diagnostic::new(Code::WINDOW_OUTSIDE, message)
        .at(expr.span, "no such windows")
        .because(source.span, format!("images of {y} x {x}"))
        .help(help);
    draft.say(said);
    Err(Said)
}

/// How many channels a target has if nothing says it.
fn guessed(draft: &Draft<'_>, target: RegionId, window: &Window) -> usize {
    let shape = draft.regions[target.0].shape.as_deref().unwrap_or(&[]);
    let [y, x] = window.places();
    let (units, places) = (shape.iter().product::<usize>(), y.saturating_mul(x));
    match shape {
        [channels, _, _] => *channels,
        _ if units > 0 && units.is_multiple_of(places) => units / places,
        _ => 1,
    }
}

fn fits_target(
    draft: &mut Draft<'_>,
    made: &Projection,
    expr: &Expr,
    window: &Window,
    channels: usize,
) -> Result<(), Said> {
    let [y, x] = window.places();
    let wanted = [channels, y, x];
    let target = &draft.regions[made.target.0];
    match target.shape.as_deref() {
        None => Err(Said),
        Some(shape) if shape == wanted => Ok(()),
        Some(shape) => {
            let name = &target.tree.target.name;
            let message = format!("`{}` gives {wanted:?}, and `{name}` is {shape:?}", made.name);
            let source = &draft.regions[made.source.0];
            let read = source.shape.as_deref().unwrap_or(&[]);
            let said = Diagnostic::new(Code::SHAPE_MISMATCH, message)
                .at(expr.span, format!("[channel, y, x] is {wanted:?}"))
                .because(target.tree.target.span, format!("{shape:?}"))
                .because(source.tree.target.span, format!("windows on {read:?}"))
                .help(format!("region {name}{wanted:?}"));
            draft.say(said);
            Err(Said)
        }
    }
}
