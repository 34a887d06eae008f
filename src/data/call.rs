//! A call of a source: its arguments, matched with the source's parameters.

use super::{Outcome, Source, wording};
use crate::diag::{Code, Diagnostic, Span};
use std::collections::BTreeMap;
use std::fmt;

/// The value of an argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number without a unit.
    Number(f64),
    /// So many per cent: 10 for `10 %`.
    Percent(f64),
    /// A text in quotes.
    Text(String),
    /// Anything else, in words (`a path`, `a time in ms`); no parameter takes it.
    Other(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Percent(number) => write!(f, "{number} %"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Other(words) => f.write_str(words),
        }
    }
}

/// An argument as the spec gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// The name before `=`, if it has one, and its place.
    pub name: Option<(String, Span)>,
    /// The value.
    pub value: Value,
    /// The whole argument, name included.
    pub span: Span,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number between the two, both included.
    Whole(usize, usize),
    /// Per cent, more than 0 and less than 100.
    Percent,
    /// The path of a file or folder.
    Path,
    /// A name in quotes.
    Name,
    /// The path of a file, or per cent.
    PathOrPercent,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Whole(least, most) => {
                let [least, most] = [least, most].map(|&bound| wording::thousands(bound as u128));
                write!(f, "a whole number from {least} to {most}")
            }
            Kind::Percent => f.write_str("per cent between 0 and 100, such as `10 %`"),
            Kind::Path => f.write_str("a path in quotes"),
            Kind::Name => f.write_str("a name in quotes"),
            Kind::PathOrPercent => f.write_str("a path in quotes, or per cent, such as `20 %`"),
        }
    }
}

/// A parameter of a source.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What holds if it is not given, as a spec would write it; `None`: then there is none.
    pub default: Option<&'static str>,
    /// Whether it can be given without its name.
    pub unnamed: bool,
    /// What it means.
    pub about: &'static str,
}

/// The parameters of every source.
pub const COMMON: &[Parameter] = &[
    Parameter {
        name: "batch",
        kind: Kind::Whole(1, i32::MAX as usize),
        default: Some("32"),
        unnamed: false,
        about: "samples per training step",
    },
    Parameter {
        name: "validation",
        kind: Kind::Percent,
        default: None,
        unnamed: false,
        about: "the part of the training samples that is held out, in equal shares of each class, drawn from the seed",
    },
];

/// The batch if none is given.
pub const BATCH: usize = 32;

/// A source with its arguments, each of the kind that its parameter takes.
#[derive(Clone)]
pub struct Call {
    /// The source.
    pub source: &'static Source,
    /// The whole call, `digits(batch = 32)`.
    pub span: Span,
    bound: BTreeMap<&'static str, (Value, Span)>,
}

impl Call {
    /// Matches arguments with parameters.
    pub fn bind(source: &'static Source, span: Span, arguments: &[Argument]) -> Outcome<Call> {
        let mut bound: BTreeMap<&'static str, (Value, Span)> = BTreeMap::new();
        let mut faults = Vec::new();
        let mut unnamed = source.parameters.iter().filter(|parameter| parameter.unnamed);
        for argument in arguments {
            let parameter = match &argument.name {
                Some((name, at)) => named(source, name, *at),
                None => unnamed.next().ok_or_else(|| superfluous(source, argument)),
            };
            let checked = parameter.and_then(|parameter| {
                fits(source, parameter, argument)?;
                match bound.get(parameter.name) {
                    Some((_, first)) => Err(twice(parameter, argument, *first)),
                    None => Ok(parameter),
                }
            });
            match checked {
                Ok(parameter) => {
                    bound.insert(parameter.name, (argument.value.clone(), argument.span));
                }
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Call { source, span, bound }) } else { Err(faults) }
    }

    /// Samples per training step.
    pub fn batch(&self) -> usize {
        self.whole("batch").unwrap_or(BATCH)
    }

    /// How much of the training samples is held out, in per cent, and where the spec says so.
    pub fn validation(&self) -> Option<(f64, Span)> {
        match self.bound.get("validation") {
            Some((Value::Percent(percent), span)) => Some((*percent, *span)),
            _ => None,
        }
    }

    /// How much of the training samples is set apart for the test, in per cent, and where the spec says so.
    pub fn test_share(&self) -> Option<(f64, Span)> {
        match self.bound.get("test") {
            Some((Value::Percent(percent), span)) => Some((*percent, *span)),
            _ => None,
        }
    }

    /// A whole number that was given.
    pub fn whole(&self, name: &str) -> Option<usize> {
        match self.bound.get(name) {
            Some((Value::Number(number), _)) => Some(*number as usize),
            _ => None,
        }
    }

    /// Where an argument was given.
    pub fn place(&self, name: &str) -> Option<Span> {
        self.bound.get(name).map(|(_, span)| *span)
    }

    /// A text that was given, and its place.
    pub fn text(&self, name: &str) -> Option<(&str, Span)> {
        match self.bound.get(name) {
            Some((Value::Text(text), span)) => Some((text, *span)),
            _ => None,
        }
    }
}

/// The parameter of this name.
fn named(source: &'static Source, name: &str, at: Span) -> Result<&'static Parameter, Diagnostic> {
    let all = || source.parameters.iter().chain(COMMON);
    all().find(|parameter| parameter.name == name).ok_or_else(|| {
        let names = || all().map(|parameter| parameter.name);
        let takes = format!("`{}` takes {}", source.name, wording::list(names()));
        let help = match wording::nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`? {takes}"),
            None => takes,
        };
        let message = format!("`{}` has no argument `{name}`", source.name);
        Diagnostic::new(Code::SOURCE_ARGUMENT, message).at(at, "unknown argument").help(help)
    })
}

/// Whether the value is of the kind that the parameter takes.
fn fits(source: &Source, parameter: &Parameter, argument: &Argument) -> Result<(), Diagnostic> {
    let good = match (&argument.value, parameter.kind) {
        (Value::Number(n), Kind::Whole(least, most)) => n.fract() == 0.0 && (least as f64..=most as f64).contains(n),
        (Value::Percent(percent), Kind::Percent | Kind::PathOrPercent) => *percent > 0.0 && *percent < 100.0,
        (Value::Text(text), Kind::Path | Kind::Name | Kind::PathOrPercent) => !text.is_empty(),
        _ => false,
    };
    if good {
        return Ok(());
    }
    let (name, kind, found) = (parameter.name, parameter.kind, &argument.value);
    let message = format!("argument `{name}` of `{}` must be {kind}, and is {found}", source.name);
    let fault = Diagnostic::new(Code::SOURCE_ARGUMENT, message).at(argument.span, format!("found {found}"));
    Err(match (found, kind) {
        (Value::Number(n), Kind::Percent) if *n > 0.0 && *n < 1.0 => fault.help(format!("`{name} = {} %`", n * 100.0)),
        (Value::Number(n), Kind::Percent) if *n > 0.0 && *n < 100.0 => fault.help(format!("`{name} = {n} %`")),
        (Value::Percent(p), Kind::Percent) if *p == 0.0 => {
            fault.help(format!("leave `{name}` out to hold out nothing"))
        }
        _ => fault.help(format!("`{name}`: {}", parameter.about)),
    })
}

/// The diagnostic for an argument given twice.
fn twice(parameter: &Parameter, argument: &Argument, first: Span) -> Diagnostic {
    let name = parameter.name;
    Diagnostic::new(Code::SOURCE_ARGUMENT, format!("argument `{name}` is given twice"))
        .at(argument.span, "here again")
        .because(first, "first given here")
        .help("leave one of the two out")
}

/// The diagnostic for an argument without a name that no parameter takes.
fn superfluous(source: &Source, argument: &Argument) -> Diagnostic {
    let names = source.parameters.iter().chain(COMMON).map(|parameter| parameter.name);
    let message = format!("`{}` cannot take {} without a name", source.name, argument.value);
    Diagnostic::new(Code::SOURCE_ARGUMENT, message).at(argument.span, "an argument without a name").help(format!(
        "write its name before it; `{}` takes {}",
        source.name,
        wording::list(names)
    ))
}
