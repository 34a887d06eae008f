//! How weights start: `init he`, `init normal(0.05)`, `init 0`.

use super::draft::{Draft, nearest};
use super::typing::{Place, Said, Typer};
use super::{Init, Pattern, Projection, Unit};
use crate::diag::{Code, Diagnostic};
use crate::syntax::tree::{self, ConnectClause, ConnectClauseKind, Expr, ExprKind};
use crate::tensor::Name;

/// A start that stands in a `connect`, and its key.
pub(super) fn init(draft: &mut Draft<'_>, expr: &Expr) -> Result<(Init, Option<Name>), Said> {
    let (expr, key) = keyed(expr);
    let mut typer = Typer::new(draft, Place::Constant);
    let init = typer.init(&expr);
    let said = std::mem::take(&mut typer.said);
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    Ok((init?, key))
}

/// A start without its key: `he(key = "column")`.
fn keyed(expr: &Expr) -> (Expr, Option<Name>) {
    let mut rest = expr.clone();
    let ExprKind::Call { arguments, .. } = &mut rest.kind else { return (rest, None) };
    let place = arguments.iter().position(|argument| match (&argument.name, &argument.value.kind) {
        (Some(name), ExprKind::Text(_)) => name == "key",
        _ => false,
    });
    let key = match place.map(|place| arguments.remove(place).value.kind) {
        Some(ExprKind::Text(text)) => Some(Name::from(text)),
        _ => None,
    };
    (rest, key)
}

/// Reads the weights of `init from "start.npz"`, if a projection has such a clause.
pub(super) fn from_file(draft: &mut Draft<'_>, made: &mut Projection, clauses: &[ConnectClause]) -> Result<(), Said> {
    let text = clauses.iter().find_map(|clause| match &clause.kind {
        ConnectClauseKind::Init(tree::Init::File(text)) => Some(text),
        _ => None,
    });
    let (Some(text), None) = (text, made.tied) else { return Ok(()) };
    let (shape, name) = (draft.weight_shape(made), made.name.to_string());
    let arrays: Vec<(Vec<String>, Vec<usize>)> = match (&made.pattern, &shape[..]) {
        (Pattern::LowRank(rank), &[post, pre]) => {
            vec![(vec![format!("{name}.left")], vec![post, *rank]), (vec![format!("{name}.right")], vec![*rank, pre])]
        }
        _ => vec![(vec![name.clone(), format!("{name}.weight")], shape)],
    };
    made.init = Init::File(draft.read.len());
    let only = arrays.len() == 1;
    for (names, shape) in arrays {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match crate::data::weights(draft.place, (&text.value, text.span), &names, only, &shape) {
            Ok(values) => draft.read.push(values.into()),
            Err(said) => {
                draft.say(said);
                return Err(Said);
            }
        }
    }
    Ok(())
}

/// A plain number of compile time that stands in a `connect`.
pub(super) fn plain(draft: &mut Draft<'_>, expr: &Expr) -> Result<f64, Said> {
    let mut typer = Typer::new(draft, Place::Constant);
    let value = typer.plain_number(expr);
    let said = std::mem::take(&mut typer.said);
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
    value
}

impl Typer<'_, '_> {
    /// How weights start.
    pub(super) fn init(&mut self, expr: &Expr) -> Result<Init, Said> {
        let known = |name: &tree::Name| self.draft.names.contains_key(name.as_str()) || self.is_local(name);
        let (name, arguments): (&tree::Name, &[tree::Argument]) = match &expr.kind {
            ExprKind::Name(name) if !known(name) => (name, &[]),
            ExprKind::Call { function, arguments } => (function, arguments),
            _ => return self.plain_number(expr).map(Init::Constant),
        };
        let mut values = Vec::new();
        for argument in arguments {
            if let Some(name) = &argument.name {
                let message = format!("`{name}` is no argument of a start, or not such a one");
                let said =
                    Diagnostic::new(Code::WRONG_ARGUMENTS, message).at(self.span(argument.span), "not taken here");
                return Err(
                    self.fail(said.help("init uniform(-0.1, 0.1), or `init he(key = \"column\")` in a `connect`"))
                );
            }
            values.push(self.plain_number(&argument.value)?);
        }
        match (name.as_str(), &values[..]) {
            ("he", []) => Ok(Init::He),
            ("glorot", []) => Ok(Init::Glorot),
            ("orthogonal", []) => Ok(Init::Orthogonal),
            ("uniform", [a, b]) if a < b => Ok(Init::Uniform(*a, *b)),
            ("normal", [sd]) if *sd >= 0.0 => Ok(Init::Normal(*sd)),
            _ => Err(self.no_init(name, expr)),
        }
    }

    fn no_init(&mut self, name: &tree::Name, expr: &Expr) -> Said {
        let known = ["he", "glorot", "orthogonal", "uniform(-0.1, 0.1)", "normal(0.05)"];
        let help = match nearest(name.as_str(), ["he", "glorot", "orthogonal", "uniform", "normal"].into_iter()) {
            Some(near) if near != name.as_str() => format!("did you mean `{near}`?"),
            _ => format!("one of {}, or a number", known.join(", ")),
        };
        let message = format!("weights cannot start from `{}`", self.draft.sources.slice(expr.span));
        let said = Diagnostic::new(Code::BAD_INIT, message).at(self.span(expr.span), "no such start").help(help);
        self.fail(said)
    }

    /// A number of compile time without a unit.
    pub(super) fn plain_number(&mut self, expr: &Expr) -> Result<f64, Said> {
        let place = std::mem::replace(&mut self.place, Place::Constant);
        let typed = self.expr(expr);
        self.place = place;
        let node = typed?;
        let (unit, span) = (self.nodes[node].unit, self.span(expr.span));
        match self.constant(node) {
            Some(value) if unit == Unit::One => Ok(value),
            Some(_) => {
                let message = format!("a plain number is wanted here, and this is in {unit}");
                let said = Diagnostic::new(Code::UNIT_MISMATCH, message).at(span, format!("in {unit}"));
                Err(self.fail(said.help("leave the unit out")))
            }
            None => {
                let said = Diagnostic::new(Code::NOT_CONSTANT, "a number of compile time is wanted here")
                    .at(span, "not a single number")
                    .help("write a number, or a `param` that holds one");
                Err(self.fail(said))
            }
        }
    }
}
