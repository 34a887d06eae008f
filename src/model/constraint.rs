//! What a projection's weights are held to through every change: `excitatory`, `bounded 0..1`, `normalised`, `no self`.

use super::draft::Draft;
use super::typing::Said;
use super::{ConstValue, Init, Pattern, Projection, ProjectionId, RegionId};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{ConnectClause, ConnectClauseKind, Expr, ExprKind, Name};

/// What every change of a projection's weights is brought back to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Constraints {
    /// No unit has a synapse onto itself.
    pub no_self: bool,
    /// Dale's law.
    pub sign: Option<Sign>,
    /// No weight leaves these limits.
    pub bounds: Option<(f64, f64)>,
    /// What of each unit's weights is kept at its first value.
    pub norm: Option<Norm>,
}

/// Which sign all weights have (or are 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// None below 0.
    Excitatory,
    /// None above 0.
    Inhibitory,
}

/// What of a unit's weights is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Norm {
    /// The root of the sum of their squares.
    Length,
    /// Their sum.
    Sum,
}

impl Constraints {
    /// Between which numbers every weight lies; an infinity where there is no limit.
    pub fn limits(&self) -> (f64, f64) {
        let (low, high) = self.bounds.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        match self.sign {
            Some(Sign::Excitatory) => (low.max(0.0), high),
            Some(Sign::Inhibitory) => (low, high.min(0.0)),
            None => (low, high),
        }
    }

    /// The sign that all weights have, said or because the limits leave no other.
    pub fn sign(&self) -> Option<Sign> {
        match self.limits() {
            (low, _) if low >= 0.0 => Some(Sign::Excitatory),
            (_, high) if high <= 0.0 => Some(Sign::Inhibitory),
            _ => None,
        }
    }
}

impl std::fmt::Display for Constraints {
    /// As clauses behind others.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.no_self {
            f.write_str(", no self")?;
        }
        if let Some(sign) = self.sign {
            write!(f, ", {}", sign.word())?;
        }
        if let Some((low, high)) = self.bounds {
            write!(f, ", bounded {low}..{high}")?;
        }
        match self.norm {
            Some(norm) => write!(f, ", {}", norm.word()),
            None => Ok(()),
        }
    }
}

impl Sign {
    fn word(self) -> &'static str {
        match self {
            Sign::Excitatory => "excitatory",
            Sign::Inhibitory => "inhibitory",
        }
    }
}

impl Norm {
    /// The clause.
    pub fn word(self) -> &'static str {
        match self {
            Norm::Length => "normalised",
            Norm::Sum => "normalised(sum)",
        }
    }
}

/// One such clause.
pub(super) fn clause(draft: &mut Draft<'_>, made: &mut Projection, clause: &ConnectClause) -> Result<(), Said> {
    let constraints = &mut made.constraints;
    match &clause.kind {
        ConnectClauseKind::Excitatory | ConnectClauseKind::Inhibitory => {
            let sign = match clause.kind {
                ConnectClauseKind::Excitatory => Sign::Excitatory,
                _ => Sign::Inhibitory,
            };
            if constraints.sign.is_some_and(|other| other != sign) {
                return Err(clash(draft, made, clause.span, "every weight would be 0", &["excitatory", "inhibitory"]));
            }
            constraints.sign = Some(sign);
        }
        ConnectClauseKind::Bounded(low, high) => constraints.bounds = Some(limits(draft, clause.span, low, high)?),
        ConnectClauseKind::Normalised(by) => constraints.norm = Some(norm(draft, clause.span, by.as_ref())?),
        ConnectClauseKind::NoSelf => constraints.no_self = true,
        _ => {}
    }
    Ok(())
}

fn limits(draft: &mut Draft<'_>, span: Span, low: &Expr, high: &Expr) -> Result<(f64, f64), Said> {
    if low.span == high.span {
        return Err(Said); // no range, which the syntax has said
    }
    let (low, high) = (super::init::plain(draft, low), super::init::plain(draft, high));
    let (low, high) = (low?, high?);
    if low < high && low.is_finite() && high.is_finite() {
        return Ok((low, high));
    }
    let said = Diagnostic::new(Code::CLASHING_CONSTRAINTS, format!("no weight lies between {low} and {high}"))
        .at(span, "the first limit is below the second")
        .help("bounded 0..1");
    draft.say(said);
    Err(Said)
}

fn norm(draft: &mut Draft<'_>, span: Span, by: Option<&Name>) -> Result<Norm, Said> {
    let text = draft.sources.slice(span);
    let bare = !text.contains('(');
    match by.map(Name::as_str) {
        None if bare => Ok(Norm::Length),
        Some("sum") => Ok(Norm::Sum),
        _ => {
            let message = format!("`{text}`: there is no such thing to keep");
            let said = Diagnostic::new(Code::WRONG_ARGUMENTS, message).at(span, "neither the length nor the sum");
            draft.say(said.help("`normalised` keeps the length of each unit's weights, `normalised(sum)` their sum"));
            Err(Said)
        }
    }
}

/// Says that clauses of one projection cannot both hold.
fn clash(draft: &mut Draft<'_>, made: &Projection, at: Span, why: &str, words: &[&str]) -> Said {
    let message = format!("`{}` cannot be both {} and {}", made.name, words[0], words[1]);
    let said = Diagnostic::new(Code::CLASHING_CONSTRAINTS, message).at(at, why.to_string());
    draft.say(said.because(made.span, "this projection").help("leave one of the two out"));
    Said
}

/// Whether a projection's clauses agree with each other, with its pattern and with how its weights start.
pub(super) fn check(draft: &mut Draft<'_>, made: &Projection, clauses: &[ConnectClause]) -> Result<(), Said> {
    if made.tied.is_some() {
        return Ok(()); // said where it is known whose weights it has
    }
    if let Pattern::LowRank(_) = made.pattern {
        return factored(draft, made, clauses);
    }
    let span = |wanted: fn(&ConnectClauseKind) -> bool| {
        clauses.iter().find(|clause| wanted(&clause.kind)).map_or(made.span, |clause| clause.span)
    };
    let bounded = span(|kind| matches!(kind, ConnectClauseKind::Bounded(..)));
    let signed = span(|kind| matches!(kind, ConnectClauseKind::Excitatory | ConnectClauseKind::Inhibitory));
    let normal = span(|kind| matches!(kind, ConnectClauseKind::Normalised(_)));
    let init = clauses.iter().find(|clause| matches!(clause.kind, ConnectClauseKind::Init(_)));
    if let (Pattern::Fixed(_) | Pattern::FixedConst(_), Some(init)) = (&made.pattern, init) {
        let words = ["given by `fixed(…)`", "drawn by `init`"];
        return Err(clash(draft, made, init.span, "its weights are what they are given as", &words));
    }
    if let (Some((low, high)), Some(sign)) = (made.constraints.bounds, made.constraints.sign) {
        let (least, most) = made.constraints.limits();
        if least >= most {
            let words = [&format!("bounded {low}..{high}")[..], sign.word()];
            return Err(clash(draft, made, bounded, "no weight but 0 would be both", &words));
        }
    }
    if let (Some((low, high)), Some(norm)) = (made.constraints.bounds, made.constraints.norm) {
        let words = [&format!("bounded {low}..{high}")[..], norm.word()];
        return Err(clash(draft, made, normal, "a factor that restores the one may break the other", &words));
    }
    let own = span(|kind| matches!(kind, ConnectClauseKind::NoSelf));
    let own = if made.constraints.no_self { no_self(draft, made, own) } else { Ok(()) };
    let at = if made.constraints.bounds.is_some() { bounded } else { signed };
    start(draft, made, clauses, at).and(own)
}

/// Where a projection has two factors, nothing can be said of single weights.
fn factored(draft: &mut Draft<'_>, made: &Projection, clauses: &[ConnectClause]) -> Result<(), Said> {
    let constant = matches!(made.init, Init::Constant(_));
    let held = clauses.iter().find(|clause| match clause.kind {
        ConnectClauseKind::Init(_) => constant,
        ConnectClauseKind::Fixed => false,
        ref kind => kind.is_about_weights(),
    });
    let Some(clause) = held else { return Ok(()) };
    let said = match clause.kind {
        ConnectClauseKind::Init(_) => {
            let message = format!("both factors of `{}` would start with all weights the same", made.name);
            Diagnostic::new(Code::START_OUTSIDE, message)
                .at(clause.span, "and all that they ever learned would be of rank 1, or nothing")
                .because(made.span, "a projection of low rank")
                .help("init normal(0.1)")
        }
        _ => {
            Diagnostic::new(Code::FACTORED, format!("`{}` has two factors, and no weight for each synapse", made.name))
                .at(clause.span, "this is about single weights")
                .because(made.span, "a projection of low rank")
                .help("leave it out, or make the projection `dense`")
        }
    };
    draft.say(said);
    Err(Said)
}

/// `no self` says which units are the same: that at the same place of an equal shape.
fn no_self(draft: &mut Draft<'_>, made: &Projection, span: Span) -> Result<(), Said> {
    let (source, target) = (&draft.regions[made.source.0], &draft.regions[made.target.0]);
    let (Some(before), Some(after)) = (&source.shape, &target.shape) else { return Err(Said) };
    let said = if before != after {
        let (from, to) = (&source.tree.target, &target.tree.target);
        let message =
            format!("`{}` is {before:?} and `{}` is {after:?}: no unit of one is one of the other", from.name, to.name);
        Diagnostic::new(Code::NO_SELF, message)
            .at(span, "`no self` wants equal shapes")
            .because(from.span, format!("{before:?}"))
            .because(to.span, format!("{after:?}"))
            .help("leave `no self` out")
    } else if made.pattern == Pattern::OneToOne || before.iter().product::<usize>() == 1 {
        Diagnostic::new(Code::NO_SELF, format!("`{}` would have no synapse at all", made.name))
            .at(span, "all that there are go from a unit onto itself")
            .because(made.span, "this projection")
            .help("leave `no self` out, or make it `dense`")
    } else if matches!(made.pattern, Pattern::Conv(_)) {
        super::draft::not_supported(
            span,
            "`no self` on a convolution",
            "leave it out: the weights of all places are the same",
        )
    } else {
        return Ok(());
    };
    draft.say(said);
    Err(Said)
}

/// Whether the weights start within the limits.
fn start(draft: &mut Draft<'_>, made: &Projection, clauses: &[ConnectClause], clause: Span) -> Result<(), Said> {
    let constraints = &made.constraints;
    let (low, high) = constraints.limits();
    let limited = low > f64::NEG_INFINITY || high < f64::INFINITY;
    let at = clauses.iter().find(|clause| match &clause.kind {
        ConnectClauseKind::Init(_) => true,
        ConnectClauseKind::Pattern(expr) => {
            matches!(made.pattern, Pattern::Fixed(_) | Pattern::FixedConst(_)) && named(expr, "fixed")
        }
        _ => false,
    });
    let Some(at) = at.map(|clause| clause.span) else { return Ok(()) };
    let within = |value: f64| (low..=high).contains(&value);
    let outside = match (&made.pattern, made.init) {
        (Pattern::Fixed(values), _) => {
            let diagonal = values.iter().step_by(size(draft, made.source) + 1).find(|value| **value != 0.0);
            match (values.iter().find(|value| !within(**value)), diagonal) {
                (Some(value), _) => Some(format!("{value} is one of them")),
                (None, Some(value)) if constraints.no_self && is_matrix(clauses) => {
                    Some(format!("{value} goes from a unit onto itself"))
                }
                _ => None,
            }
        }
        (Pattern::FixedConst(id), _) if limited => match draft.consts[id.0].as_ref().map(|made| &made.value) {
            Some(ConstValue::Written(values)) => {
                values.iter().find(|value| !within(**value)).map(|value| format!("{value} is one of them"))
            }
            _ => Some("they are computed, so nobody knows".to_string()),
        },
        (Pattern::FixedConst(_), _) => None,
        (_, Init::Constant(value)) if !within(value) => Some(format!("all of them at {value}")),
        (pattern, Init::File(number)) => from_file(draft, made, pattern, &draft.read[number]),
        (_, Init::Uniform(least, most)) => {
            let (least, most) = signed(constraints.sign, least, most);
            (!within(least) || !within(most)).then(|| format!("from {least} to {most}"))
        }
        (_, Init::Normal(_) | Init::He) if !within(0.0) => Some("around 0".to_string()),
        (pattern, Init::Orthogonal)
            if limited || constraints.no_self || matches!(pattern, Pattern::Sparse(_) | Pattern::Local(_)) =>
        {
            Some("what is orthogonal has weights of both signs, and all synapses".to_string())
        }
        _ => None,
    };
    match outside {
        None => Ok(()),
        Some(what) => {
            let message = format!("the weights of `{}` start where they may not be", made.name);
            let said = Diagnostic::new(Code::START_OUTSIDE, message).at(at, what);
            let help = match (made.plastic, constraints.limits()) {
                (false, _) => "leave the limit out: fixed weights never change".to_string(),
                (true, (low, high)) if low.is_finite() && high.is_finite() => format!("init uniform({low}, {high})"),
                (true, (_, high)) if high <= 0.0 => "init uniform(-0.1, 0)".to_string(),
                _ => "init uniform(0, 0.1)".to_string(),
            };
            draft.say(said.because(clause, "this is what they are held to").help(help));
            Err(Said)
        }
    }
}

/// What is wrong with weights that were read.
fn from_file(draft: &Draft<'_>, made: &Projection, pattern: &Pattern, values: &[f64]) -> Option<String> {
    let (low, high) = made.constraints.limits();
    let pre = size(draft, made.source);
    let gap = |place: usize| match pattern {
        _ if made.constraints.no_self && place / pre == place % pre => true,
        Pattern::Local(neighbours) => !neighbours.near(place / pre, place % pre),
        _ => false,
    };
    if let Pattern::Sparse(_) = pattern {
        return Some(
            "which synapses there are is drawn, so nobody knows whether they are those of the file".to_string(),
        );
    }
    if let Some(value) = values.iter().find(|value| !(low..=high).contains(value)) {
        return Some(format!("{value} is one of them"));
    }
    let lost = values.iter().enumerate().find(|(place, value)| **value != 0.0 && gap(*place));
    lost.map(|(place, value)| {
        format!("{value} goes from unit {} to unit {}, which is no synapse", place % pre, place / pre)
    })
}

fn size(draft: &Draft<'_>, id: RegionId) -> usize {
    draft.regions[id.0].shape.as_ref().map_or(1, |shape| shape.iter().product())
}

/// The range of values drawn from a range, when all get one sign; one that has that sign nowhere stays as it is.
fn signed(sign: Option<Sign>, least: f64, most: f64) -> (f64, f64) {
    let far = least.abs().max(most.abs());
    match sign {
        Some(Sign::Excitatory) if most > 0.0 => (least.max(0.0), far),
        Some(Sign::Inhibitory) if least < 0.0 => (-far, most.min(0.0)),
        _ => (least, most),
    }
}

fn named(expr: &Expr, name: &str) -> bool {
    super::learning::name_and_arguments(expr).is_some_and(|(found, _)| found.as_str() == name)
}

/// Whether `fixed` is given a matrix, and not one number for all.
fn is_matrix(clauses: &[ConnectClause]) -> bool {
    clauses.iter().any(|clause| match &clause.kind {
        ConnectClauseKind::Pattern(expr) => super::learning::name_and_arguments(expr).is_some_and(|(_, arguments)| {
            arguments.iter().any(|argument| matches!(argument.value.kind, ExprKind::List(_)))
        }),
        _ => false,
    })
}

/// What is kept over all projections into a region that are marked so; nothing is said of regions into which one goes that has
/// a mistake.
pub(super) fn groups(draft: &mut Draft<'_>, mistaken: &[ProjectionId]) {
    let mistaken: Vec<RegionId> = mistaken.iter().map(|id| draft.projections[id.0].target).collect();
    for region in (0..draft.regions.len()).map(RegionId).filter(|region| !mistaken.contains(region)) {
        for norm in [Norm::Length, Norm::Sum] {
            let marked: Vec<usize> = (0..draft.projections.len())
                .filter(|&number| {
                    let projection = &draft.projections[number];
                    projection.target == region && projection.constraints.norm == Some(norm)
                })
                .collect();
            group(draft, norm, &marked);
        }
    }
}

fn group(draft: &mut Draft<'_>, norm: Norm, marked: &[usize]) {
    let [first, ..] = *marked else { return };
    let clause = |draft: &Draft<'_>, number: usize| {
        let found = draft.clauses[number].iter().find(|clause| matches!(clause.kind, ConnectClauseKind::Normalised(_)));
        found.map_or(draft.projections[number].span, |clause| clause.span)
    };
    let sign = draft.projections[first].constraints.sign();
    for &number in marked {
        let projection = &draft.projections[number];
        let span = clause(draft, number);
        if norm == Norm::Sum && (projection.constraints.sign().is_none() || projection.constraints.sign() != sign) {
            let message = format!("the weights of `{}` may have both signs, and their sum be 0", projection.name);
            let mut said =
                Diagnostic::new(Code::SUM_OF_BOTH_SIGNS, message).at(span, "no factor brings a sum of 0 back");
            if number != first {
                said = said.because(draft.projections[first].span, "its weights are in the same sum");
            }
            draft.say(said.help("make all of them `excitatory` or all `inhibitory`, or keep the length: `normalised`"));
            return;
        }
        let convolved = |number: usize| matches!(draft.projections[number].pattern, Pattern::Conv(_));
        if convolved(number) != convolved(first) {
            draft.later(span, "one norm over a convolution and another pattern", "mark one of the two only");
            return;
        }
    }
    let silent = |number: &usize| {
        let projection = &draft.projections[*number];
        match &projection.pattern {
            Pattern::Fixed(values) => values.iter().all(|value| *value == 0.0),
            Pattern::FixedConst(_) => false,
            _ => projection.init == Init::Constant(0.0),
        }
    };
    if marked.iter().all(silent) {
        let name = draft.projections[first].name.clone();
        let said =
            Diagnostic::new(Code::START_OUTSIDE, format!("the weights of `{name}` start at 0, and would stay there"))
                .at(clause(draft, first), "a norm of 0 is kept at 0")
                .because(draft.projections[first].span, "this projection")
                .help("let them start elsewhere: `init uniform(0, 0.1)`");
        draft.say(said);
    }
}
