//! Which synapses a projection has: `dense`, `sparse(0.1)`, `local(2)`, `lowrank(8)`, `fixed([[1, 0], [0, 1]])`.

use super::draft::{Draft, nearest};
use super::init::plain;
use super::local::Neighbours;
use super::typing::Said;
use super::window::Arguments;
use super::{Pattern, Projection, RegionId, tie};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Argument, Expr, ExprKind};

/// Every pattern, as one may be written.
const USAGES: &[&str] = &[
    "dense",
    "sparse(0.1)",
    "local(2)",
    "lowrank(8)",
    "one_to_one",
    "conv(size = 3)",
    "pool(max, 2)",
    "fixed([[1, 0], [0, 1]])",
    "shared(A -> B)",
    "transpose(A -> B)",
];

fn name_of(usage: &'static str) -> &'static str {
    usage.split('(').next().unwrap_or(usage)
}

/// The pattern that a clause names.
pub(super) fn pattern(draft: &mut Draft<'_>, made: &mut Projection, expr: &Expr) -> Result<(), Said> {
    let Some((name, arguments)) = super::learning::name_and_arguments(expr) else {
        let said = Diagnostic::new(Code::UNKNOWN_NAME, "this is no pattern").at(expr.span, "a pattern is wanted here");
        draft.say(said.help(USAGES.join(", ")));
        return Err(Said);
    };
    made.pattern = match (name.as_str(), arguments) {
        ("dense", []) => Pattern::Dense,
        ("one_to_one", []) => Pattern::OneToOne,
        ("sparse", arguments) => sparse(draft, expr, arguments)?,
        ("local", arguments) => local(draft, made, expr, arguments)?,
        ("lowrank", arguments) => {
            let named = Arguments::new(draft, expr, arguments, &["rank"], "lowrank(8)")?;
            Pattern::LowRank(named.wanted(draft, "rank")?)
        }
        ("fixed", [argument]) if argument.name.is_none() => {
            made.plastic = false;
            match super::constants::fixed(draft, made, &argument.value)? {
                Some(found) => found,
                None => Pattern::Fixed(matrix(draft, made, &argument.value)?),
            }
        }
        ("conv", arguments) => super::window::conv(draft, made, expr, arguments)?,
        ("pool", arguments) => super::window::pool(draft, made, expr, arguments)?,
        ("shared" | "transpose", [Argument { name: None, value: Expr { kind: ExprKind::Path(path), .. }, .. }]) => {
            made.tied = Some(tie::named(draft, path, name.as_str() == "transpose")?);
            Pattern::Dense
        }
        ("fast", _) => {
            draft.later(expr.span, "the pattern `fast`", "dense");
            return Err(Said);
        }
        (name, _) if USAGES.iter().any(|usage| name_of(usage) == name) => {
            let usage = USAGES.iter().find(|usage| name_of(usage) == name).copied().unwrap_or_default();
            draft.say(
                Diagnostic::new(Code::WRONG_ARGUMENTS, format!("the pattern `{name}` does not take these arguments"))
                    .at(expr.span, "wrong arguments")
                    .help(format!("write it as `{usage}`")),
            );
            return Err(Said);
        }
        _ => return Err(unknown(draft, name)),
    };
    Ok(())
}

fn unknown(draft: &mut Draft<'_>, name: &tree::Name) -> Said {
    let help = match nearest(name.as_str(), USAGES.iter().map(|usage| name_of(usage))) {
        Some(near) => format!("did you mean `{near}`?"),
        None => USAGES.join(", "),
    };
    draft.say(
        Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no pattern `{name}`"))
            .at(name.span, "unknown pattern")
            .help(help),
    );
    Said
}

fn sparse(draft: &mut Draft<'_>, expr: &Expr, arguments: &[Argument]) -> Result<Pattern, Said> {
    let named = Arguments::new(draft, expr, arguments, &["p"], "sparse(0.1)")?;
    let (share, span) = named.number(draft, "p")?;
    if share > 0.0 && share <= 1.0 {
        return Ok(Pattern::Sparse(share));
    }
    let message = format!("`sparse({share})`: each synapse is there with a probability above 0 and up to 1");
    draft.say(Diagnostic::new(Code::WRONG_ARGUMENTS, message).at(span, "no such probability").help("sparse(0.1)"));
    Err(Said)
}

fn local(draft: &mut Draft<'_>, made: &Projection, expr: &Expr, arguments: &[Argument]) -> Result<Pattern, Said> {
    let named = Arguments::new(draft, expr, arguments, &["radius"], "local(2)")?;
    let (radius, span) = named.number(draft, "radius")?;
    let (source, target) = (&draft.regions[made.source.0], &draft.regions[made.target.0]);
    let (Some(before), Some(after)) = (&source.shape, &target.shape) else { return Err(Said) };
    let (from, to) = (&source.tree.target, &target.tree.target);
    let said = if before.len() != after.len() || before.len() > 2 {
        let message = format!("`local` lies between two rows or two sheets, and not between {before:?} and {after:?}");
        Diagnostic::new(Code::SHAPE_MISMATCH, message)
            .at(expr.span, "which units are near each other?")
            .because(from.span, format!("{before:?}"))
            .because(to.span, format!("{after:?}"))
            .help("give both one axis, or both `[y, x]`")
    } else {
        let neighbours = Neighbours::new(before, after, radius);
        let needed = neighbours.least();
        if radius.is_finite() && radius >= needed {
            return Ok(Pattern::Local(neighbours));
        }
        let message = format!("within a radius of {radius}, some units of `{}` have no synapse", to.name);
        Diagnostic::new(Code::NO_AFFERENTS, message)
            .at(span, format!("the nearest unit of `{}` is as far as {:.2} away", from.name, needed))
            .because(to.span, format!("{after:?} on {before:?}"))
            .help("local(1)")
    };
    draft.say(said);
    Err(Said)
}

/// The weights of `fixed(EXPR)`: a number for all, or a matrix `[[…], …]` with a row for each unit of the target.
fn matrix(draft: &mut Draft<'_>, made: &Projection, expr: &Expr) -> Result<Vec<f64>, Said> {
    let (Some(post), Some(pre)) = (size(draft, made.target), size(draft, made.source)) else { return Err(Said) };
    let ExprKind::List(rows) = &expr.kind else {
        let value = plain(draft, expr)?;
        return match post.checked_mul(pre).filter(|cells| *cells <= 1 << 28) {
            Some(cells) => Ok(vec![value; cells]),
            None => {
                draft.say(
                    Diagnostic::new(Code::TOO_LARGE, format!("`{}` has {post} x {pre} weights", made.name))
                        .at(expr.span, "too many")
                        .help("give the regions fewer units"),
                );
                Err(Said)
            }
        };
    };
    let mut values = Vec::new();
    for row in rows {
        let cells: &[Expr] = match &row.kind {
            ExprKind::List(cells) => cells,
            _ => std::slice::from_ref(row),
        };
        if cells.len() != pre {
            draft.say(
                Diagnostic::new(
                    Code::SHAPE_MISMATCH,
                    format!("a row of `{}` has {pre} weights, and this one has {}", made.name, cells.len()),
                )
                .at(row.span, format!("{} here", cells.len()))
                .because(made.span, format!("`{}` has {pre} units", draft.region_name(made.source)))
                .help("a row for each unit of the target, with a weight for each unit of the source"),
            );
            return Err(Said);
        }
        for cell in cells {
            values.push(plain(draft, cell)?);
        }
    }
    if rows.len() != post {
        draft.say(
            Diagnostic::new(
                Code::SHAPE_MISMATCH,
                format!("the matrix of `{}` has {} rows, and {post} are wanted", made.name, rows.len()),
            )
            .at(expr.span, format!("{} rows", rows.len()))
            .because(made.span, format!("`{}` has {post} units", draft.region_name(made.target)))
            .help("a row for each unit of the target"),
        );
        return Err(Said);
    }
    Ok(values)
}

/// How many units a region has.
pub(super) fn size(draft: &Draft<'_>, id: RegionId) -> Option<usize> {
    draft.regions[id.0].shape.as_ref().map(|shape| shape.iter().product())
}

/// Whether a pattern fits the regions on both sides.
pub(super) fn check(draft: &mut Draft<'_>, made: &Projection) -> Result<(), Said> {
    let (Some(post), Some(pre)) = (size(draft, made.target), size(draft, made.source)) else { return Err(Said) };
    if made.pattern == Pattern::OneToOne && pre != post {
        let (source, target) = (&draft.regions[made.source.0], &draft.regions[made.target.0]);
        let (s, t) = (source.tree.target.span, target.tree.target.span);
        draft.say(
            Diagnostic::new(
                Code::SHAPE_MISMATCH,
                format!("`{}` is one to one, between {pre} and {post} units", made.name),
            )
            .at(made.span, "one to one wants as many units on both sides")
            .because(s, format!("{pre} units"))
            .because(t, format!("{post} units"))
            .help("make the regions equal in size, or leave out `one_to_one`"),
        );
        return Err(Said);
    }
    Ok(())
}

/// What is wrong with reading the matrix of a projection that never has it whole.
pub(super) fn too_wide(projection: &Projection, sizes: &[usize], span: Span) -> Option<Diagnostic> {
    let cells = sizes.iter().map(|size| *size as u128).product::<u128>();
    if !matches!(projection.pattern, Pattern::LowRank(_)) || cells <= 1 << 28 {
        return None;
    }
    let message = format!("the matrix of `{}` has {cells} cells, which its two factors have not", projection.name);
    let said = Diagnostic::new(Code::TOO_LARGE, message).at(span, "too large").because(projection.span, "of low rank");
    Some(said.help("leave it out here, or give the regions fewer units"))
}
