//! The indices of a rule: `dw[j, i]` counts the units behind and before, `sum(k: …)` binds one more.

use super::draft::Draft;
use super::typing::Said;
use super::{Learn, Pattern, Rule};
use crate::diag::{Code, Diagnostic, Span};
use crate::tensor::Name;

/// The axis of the samples in an equation per synapse.
pub const SAMPLES: usize = 0;
/// The axis of the units behind: `j` of `dw[j, i]`.
pub const POST: usize = 1;
/// The axis of the units before: `i` of `dw[j, i]`.
pub const PRE: usize = 2;
/// The first of the axes that sums bind.
pub const BOUND: usize = 3;

/// Which units an index counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// Those behind the synapse.
    Post,
    /// Those before it.
    Pre,
}

impl Along {
    /// How the language calls them.
    pub(super) fn word(self) -> &'static str {
        match self {
            Along::Post => "post",
            Along::Pre => "pre",
        }
    }
}

/// An index that stands on both axes, so that they must be of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Alike {
    /// What it is: its name, or the call that is over a whole vector.
    pub words: Name,
    /// Which units it counts where it is used first, and where that is.
    pub first: (Along, Span),
    /// The same where it is used on the other.
    pub second: (Along, Span),
}

/// The indices of a rule's equations, by the number of their axis.
#[derive(Debug, Clone, Default)]
pub(super) struct Indices {
    /// What each axis from [`POST`] on is, which units it counts, and the first place that says so.
    used: Vec<(Name, Option<(Along, Span)>)>,
    /// The first index that stands on both axes.
    pub(super) alike: Option<Alike>,
    /// The axis along which a bare `pre` or `post` lies: inside `mean(pre)`.
    pub(super) whole: Option<usize>,
    /// Whether this is the equation of a bias.
    pub(super) of_bias: bool,
}

impl Indices {
    /// The axes of the two indices on the left.
    pub(super) fn begin(&mut self, names: &[(Name, Span)]) {
        let along = [Along::Post, Along::Pre];
        for (place, along) in along.into_iter().enumerate() {
            let found =
                names.get(place).map(|(name, span)| (format!("the index `{name}`").into(), Some((along, *span))));
            let entry = found.unwrap_or_else(|| (along.word().into(), None));
            match self.used.get_mut(place) {
                Some(old) => *old = entry,
                None => self.used.push(entry),
            }
        }
    }

    /// A new axis for an index, which these words describe.
    pub(super) fn bind(&mut self, words: Name) -> usize {
        self.used.push((words, None));
        self.used.len()
    }

    /// An index stands on the axis of these units.
    pub(super) fn stands(&mut self, axis: usize, along: Along, span: Span) {
        let (words, found) = &mut self.used[axis - POST];
        match *found {
            None => *found = Some((along, span)),
            Some(first) if first.0 != along && self.alike.is_none() => {
                self.alike = Some(Alike { words: words.clone(), first, second: (along, span) });
            }
            Some(_) => {}
        }
    }

    /// Which units an index counts, if that is known.
    pub(super) fn along(&self, axis: usize) -> Option<Along> {
        self.used[axis - POST].1.map(|(along, _)| along)
    }

    /// Of each axis that a sum binds, which units it counts.
    pub(super) fn bound(&self) -> Vec<Along> {
        self.used.iter().skip(BOUND - POST).map(|(_, found)| found.map_or(Along::Post, |(along, _)| along)).collect()
    }
}

/// A rule with indices wants a matrix `[post, pre]`, and one as high as wide if an index stands on both axes.
pub(super) fn fit(draft: &mut Draft<'_>, paths: Span, learn: &Learn, rule: &Rule) -> Result<(), Said> {
    if !rule.indexed {
        return Ok(());
    }
    let convolved = |target| {
        draft.projections.iter().any(|other| other.target == target && matches!(other.pattern, Pattern::Conv(_)))
    };
    let no_matrix = learn.projections.iter().any(|id| {
        let projection = &draft.projections[id.0];
        projection.pattern == Pattern::OneToOne || convolved(projection.target)
    });
    if no_matrix {
        let what = "a rule with indices where weights are shared by places or go one to one";
        draft.later(paths, what, "say the rule without indices: `dw = rate * post * pre`");
        return Err(Said);
    }
    let Some(alike) = &rule.alike else { return Ok(()) };
    for id in &learn.projections {
        let projection = &draft.projections[id.0];
        let [post, pre] = draft.weight_shape(projection)[..] else { continue };
        if post == pre {
            continue;
        }
        let length = |along| if along == Along::Post { post } else { pre };
        let ((first, first_span), (second, second_span)) = (alike.first, alike.second);
        let message = format!(
            "{} in `{}` stands on `{}` of {} units and on `{}` of {}",
            alike.words,
            rule.name,
            first.word(),
            length(first),
            second.word(),
            length(second)
        );
        let mut said = Diagnostic::new(Code::INDEX_LENGTHS, message)
            .at(second_span, format!("here it counts the {} units of `{}`", length(second), second.word()));
        if first_span != second_span {
            said = said.because(first_span, format!("here the {} of `{}`", length(first), first.word()));
        }
        let said = said
            .because(projection.span, format!("`{}` has {post} units behind it and {pre} before it", projection.name))
            .help("an index counts either: `w` is `w[post, pre]`, as in `w[j, i]` of `dw[j, i]`");
        draft.say(said);
        return Err(Said);
    }
    Ok(())
}
