//! What regions sample by an estimator: from which distribution, and what stands for the derivative of the draw.

use super::typing::{Place, Said, Typed, Typer};
use super::{Draw, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{Argument, Expr, ExprKind, Name};
use crate::tensor::{Attributes, Extent};
use std::sync::Arc;

/// A draw with an estimator of its derivative.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// From what it is drawn.
    pub distribution: Distribution,
    /// What stands for its derivative.
    pub estimator: Estimator,
    /// By `score`: the node of the region's equation that is the logarithm of the probability (up to a constant) of all that is
    /// drawn here, a number per sample.
    pub log_probability: Option<usize>,
    /// The place in the text.
    pub span: Span,
}

/// From what a region samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// 1 with this probability, else 0, for each unit.
    Bernoulli,
    /// 1 in one unit of all, 0 in the others; the probabilities add up to 1.
    Categorical,
    /// A normal number for each unit.
    Normal,
}

impl Distribution {
    fn find(name: &str) -> Option<Distribution> {
        Some(match name {
            "bernoulli" => Distribution::Bernoulli,
            "categorical" => Distribution::Categorical,
            "normal" => Distribution::Normal,
            _ => return None,
        })
    }

    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Distribution::Bernoulli => "bernoulli",
            Distribution::Categorical => "categorical",
            Distribution::Normal => "normal",
        }
    }

    fn usage(self) -> &'static str {
        match self {
            Distribution::Bernoulli => "bernoulli(p)",
            Distribution::Categorical => "categorical(p)",
            Distribution::Normal => "normal(mean, sd)",
        }
    }

    /// The estimators that there are for it, in words.
    pub(super) fn estimators(self) -> &'static str {
        match self {
            Distribution::Normal => "`reparameterised`, `score` or `none`",
            _ => "`score`, `straight_through`, `surrogate(f)` or `none`",
        }
    }

    fn has(self, estimator: Estimator) -> bool {
        match estimator {
            Estimator::Score | Estimator::None => true,
            Estimator::StraightThrough | Estimator::Surrogate => self != Distribution::Normal,
            Estimator::Reparameterised => self == Distribution::Normal,
        }
    }
}

/// What stands for the derivative of a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimator {
    /// The derivative of the logarithm of its probability, times what came of it: for `reinforce`. Without bias.
    Score,
    /// That of the probability itself. Biased.
    StraightThrough,
    /// That of a function of the probability. Biased.
    Surrogate,
    /// That of the mean and the deviation, the unit draw held. Without bias.
    Reparameterised,
    /// There is none.
    None,
}

impl Estimator {
    fn find(name: &str) -> Option<Estimator> {
        Some(match name {
            "score" => Estimator::Score,
            "straight_through" => Estimator::StraightThrough,
            "surrogate" => Estimator::Surrogate,
            "reparameterised" | "reparameterized" => Estimator::Reparameterised,
            "none" => Estimator::None,
            _ => return None,
        })
    }

    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Estimator::Score => "score",
            Estimator::StraightThrough => "straight_through",
            Estimator::Surrogate => "surrogate",
            Estimator::Reparameterised => "reparameterised",
            Estimator::None => "none",
        }
    }

    /// Whether the mean of what it gives is another than the derivative of the mean.
    pub fn is_biased(self) -> bool {
        matches!(self, Estimator::StraightThrough | Estimator::Surrogate)
    }
}

/// The name under which a surrogate finds the probability; no text can say it.
const PROBABILITY: &str = "the probability";

/// What was drawn: its value, what a surrogate is a function of, and what gives its probability.
struct Drawn {
    value: usize,
    probability: usize,
    /// Of what is drawn: its probability, or of a normal number the mean and the deviation.
    of: Of,
}

enum Of {
    Share(usize),
    Normal(usize, usize),
}

impl Typer<'_, '_> {
    /// `sample bernoulli(p) by score`.
    pub(super) fn sample(&mut self, distribution: &Expr, estimator: &Expr, span: Span) -> Typed {
        let ExprKind::Call { function, arguments } = &distribution.kind else { return Err(Said) };
        if self.drawn.is_none() || !matches!(self.place, Place::Equation(_)) {
            let word = Name { text: Arc::from("sample"), span: function.span };
            let example = "region Spiking[8] = sample bernoulli(sigmoid(drive)) by straight_through";
            return Err(self.not_here(&word, "a region's equation", example));
        }
        let Some(distribution) = Distribution::find(function.as_str()) else {
            let message = format!("nothing is sampled from `{function}` by an estimator");
            let said = Diagnostic::new(Code::NO_ESTIMATOR, message)
                .at(self.span(function.span), "not such a distribution")
                .help(
                    "`bernoulli(p)`, `categorical(p)` or `normal(mean, sd)`; other draws stand without `sample … by`",
                );
            return Err(self.fail(said));
        };
        let by = self.estimator(distribution, estimator)?;
        let wanted = if distribution == Distribution::Normal { 2 } else { 1 };
        if arguments.len() != wanted || arguments.iter().any(|argument| argument.name.is_some()) {
            let said = Diagnostic::new(Code::WRONG_ARGUMENTS, format!("`{function}` does not take these arguments"));
            let at = self.span(function.span);
            return Err(
                self.fail(said.at(at, "wrong arguments").help(format!("write it as `{}`", distribution.usage())))
            );
        }
        let inputs: Vec<Typed> = arguments.iter().map(|argument| self.expr(&argument.value)).collect();
        let inputs = inputs.into_iter().collect::<Result<Vec<usize>, Said>>()?;
        for input in &inputs {
            self.want_number(*input, distribution.name())?;
        }
        let drawn = match distribution {
            Distribution::Bernoulli => self.bernoulli(inputs[0], span)?,
            Distribution::Categorical => self.categorical(inputs[0], span)?,
            Distribution::Normal => self.normal(inputs[0], inputs[1], span)?,
        };
        let log_probability = match by {
            Estimator::Score => Some(self.log_probability(&drawn, span)?),
            _ => None,
        };
        self.sampled.push(Sampled { distribution, estimator: by, log_probability, span });
        self.credited(&drawn, by, estimator, span)
    }

    /// The estimator that is named, if there is such a one for the distribution.
    fn estimator(&mut self, distribution: Distribution, expr: &Expr) -> Result<Estimator, Said> {
        let (name, arguments) = match &expr.kind {
            ExprKind::Name(name) => (name, 0),
            ExprKind::Call { function, arguments } => (function, arguments.len()),
            _ => return Err(Said),
        };
        let found = Estimator::find(name.as_str());
        let wanted = usize::from(found == Some(Estimator::Surrogate));
        let at = self.span(expr.span);
        let said = match found {
            Some(found) if distribution.has(found) && arguments == wanted => return Ok(found),
            Some(found) if distribution.has(found) => {
                let message = match wanted {
                    0 => format!("the estimator `{}` takes no arguments", found.name()),
                    _ => "`surrogate` takes the function whose derivative stands for that of the draw".to_string(),
                };
                let help = if wanted == 0 { found.name() } else { "surrogate(f)" };
                Diagnostic::new(Code::WRONG_ARGUMENTS, message).at(at, "wrong arguments").help(format!("by {help}"))
            }
            Some(found) => {
                let message = format!("a draw from `{}` has no estimator `{}`", distribution.name(), found.name());
                let why = match found {
                    Estimator::Reparameterised => "what is drawn jumps when its probability moves",
                    _ => "what is drawn moves with its mean and deviation",
                };
                Diagnostic::new(Code::NO_ESTIMATOR, message)
                    .at(at, why)
                    .help(format!("by {}", distribution.estimators()))
            }
            None => Diagnostic::new(Code::NO_ESTIMATOR, format!("there is no estimator `{name}`"))
                .at(at, "unknown estimator")
                .help(format!("for `{}` there are {}", distribution.name(), distribution.estimators())),
        };
        Err(self.fail(said))
    }

    /// 1 with a probability for each unit.
    fn bernoulli(&mut self, p: usize, span: Span) -> Result<Drawn, Said> {
        let draw = self.drawn(Draw::Uniform, span)?;
        let (draw, probability) = self.same_shape("bernoulli", draw, p, span)?;
        let hit = self.row("less", Attributes::None, &[draw, probability], Unit::One, span)?;
        let value = self.row("real", Attributes::None, &[hit], Unit::One, span)?;
        let one = self.number(1.0, Unit::One, span)?;
        let (probability, one) = self.same_shape("bernoulli", probability, one, span)?;
        let rest = self.row("subtract", Attributes::None, &[one, probability], Unit::One, span)?;
        // Of what was drawn, so that it is never 0.
        let share = self.row("select", Attributes::None, &[hit, probability, rest], Unit::One, span)?;
        Ok(Drawn { value, probability, of: Of::Share(share) })
    }

    /// 1 in one unit of all: the first whose clock rings, when clocks ring at rates that are the probabilities.
    fn categorical(&mut self, p: usize, span: Span) -> Result<Drawn, Said> {
        let draw = self.drawn(Draw::Uniform, span)?;
        let (draw, probability) = self.same_shape("categorical", draw, p, span)?;
        let shape = self.nodes[probability].ty.shape.clone();
        let size: usize = shape.iter().map(Extent::bound).product();
        let flat = Attributes::Shape(vec![Extent::Const(size)]);
        let wait = self.row("log", Attributes::None, &[draw], Unit::One, span)?;
        let wait = self.row("divide", Attributes::None, &[wait, probability], Unit::One, span)?;
        let wait = self.row("reshape", flat, &[wait], Unit::One, span)?;
        let first = self.row("argmax", Attributes::Axes(vec![0]), &[wait], Unit::One, span)?;
        let value = self.one_hot(first, span)?;
        let value = self.row("reshape", Attributes::Shape(shape), &[value], Unit::One, span)?;
        let share = self.row("multiply", Attributes::None, &[value, probability], Unit::One, span)?;
        let share = self.reduce("sum", share, span)?;
        Ok(Drawn { value, probability, of: Of::Share(share) })
    }

    /// A normal number for each unit.
    fn normal(&mut self, mean: usize, deviation: usize, span: Span) -> Result<Drawn, Said> {
        let draw = self.drawn(Draw::Normal, span)?;
        let spread = self.operation("*", deviation, draw, span)?;
        let value = self.operation("+", mean, spread, span)?;
        Ok(Drawn { value, probability: value, of: Of::Normal(mean, deviation) })
    }

    /// The logarithm of the probability of all that was drawn; of a normal number up to a constant.
    fn log_probability(&mut self, drawn: &Drawn, span: Span) -> Typed {
        let logs = match drawn.of {
            Of::Share(share) => self.row("log", Attributes::None, &[share], Unit::One, span)?,
            Of::Normal(mean, deviation) => {
                let held = self.row("no_credit", Attributes::None, &[drawn.value], Unit::One, span)?;
                let away = self.operation("-", held, mean, span)?;
                let (away, deviation) = self.same_shape("normal", away, deviation, span)?;
                let away = self.row("divide", Attributes::None, &[away, deviation], Unit::One, span)?;
                let square = self.row("multiply", Attributes::None, &[away, away], Unit::One, span)?;
                let half = self.number(-0.5, Unit::One, span)?;
                let exponent = self.operation("*", square, half, span)?;
                let width = self.row("log", Attributes::None, &[deviation], Unit::One, span)?;
                self.row("subtract", Attributes::None, &[exponent, width], Unit::One, span)?
            }
        };
        self.reduce("sum", logs, span)
    }

    /// The draw with the derivative that its estimator declares.
    fn credited(&mut self, drawn: &Drawn, by: Estimator, estimator: &Expr, span: Span) -> Typed {
        let along = match by {
            Estimator::Reparameterised => return Ok(drawn.value),
            Estimator::Score | Estimator::None => {
                return self.row("no_credit", Attributes::None, &[drawn.value], Unit::One, span);
            }
            Estimator::StraightThrough => drawn.probability,
            Estimator::Surrogate => self.surrogate(drawn.probability, estimator)?,
        };
        let (value, along) = self.same_shape("surrogate", drawn.value, along, span)?;
        self.row("credited_as", Attributes::None, &[value, along], Unit::One, span)
    }

    /// The function in `surrogate(f)` or `surrogate(f(25))` of a value, which is its first argument.
    pub(super) fn surrogate(&mut self, of: usize, estimator: &Expr) -> Typed {
        let ExprKind::Call { arguments, .. } = &estimator.kind else { return Err(Said) };
        let [Argument { value: function, .. }] = &arguments[..] else { return Err(Said) };
        let (name, rest) = match &function.kind {
            ExprKind::Name(name) => (name, &[][..]),
            ExprKind::Call { function, arguments } => (function, &arguments[..]),
            _ => {
                let said = Diagnostic::new(Code::WRONG_KIND, "`surrogate` wants the name of a function")
                    .at(self.span(function.span), "no function")
                    .help("by surrogate(sigmoid)");
                return Err(self.fail(said));
            }
        };
        let span = function.span;
        let first = Expr { span, kind: ExprKind::Name(Name { text: Arc::from(PROBABILITY), span }) };
        let first = Argument { span, name: None, value: first };
        let all: Vec<Argument> = std::iter::once(first).chain(rest.iter().cloned()).collect();
        self.locals.push((Arc::from(PROBABILITY), super::typing::Local::Node(of)));
        let typed = self.call(function, name, &all);
        self.locals.retain(|(name, _)| &**name != PROBABILITY);
        let typed = typed?;
        self.want_number(typed, "surrogate")?;
        Ok(typed)
    }
}
