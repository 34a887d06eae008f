//! Which argument goes to which parameter of a definition.

use crate::diag::{Code, Diagnostic, Span};
use crate::model::draft::nearest;
use crate::syntax::tree::{Argument, Expr, Parameter};

/// The value of each parameter, in their order: the argument given for it, or its default.
///
/// `what` names the definition in messages; `call` is the place of the call, `defined` that of the definition.
pub(in crate::model) fn bind<'e>(
    what: &str,
    parameters: &'e [Parameter],
    arguments: &'e [Argument],
    call: Span,
    defined: Option<Span>,
) -> Result<Vec<(&'e Parameter, &'e Expr, bool)>, Vec<Diagnostic>> {
    let mut given: Vec<Option<&Argument>> = vec![None; parameters.len()];
    let mut said = Vec::new();
    let mut next = 0;
    for argument in arguments {
        let place = match &argument.name {
            Some(name) => parameters.iter().position(|parameter| parameter.name.text == name.text),
            None => {
                next += 1;
                (next <= parameters.len()).then_some(next - 1)
            }
        };
        match place {
            Some(place) if given[place].is_some() => {
                let name = &parameters[place].name;
                said.push(
                    Diagnostic::new(Code::WRONG_ARGUMENTS, format!("`{what}` is given `{name}` twice"))
                        .at(argument.span, "given again here")
                        .because(given[place].map_or(call, |first| first.span), "first given here")
                        .help("leave one of them out"),
                );
            }
            Some(place) => given[place] = Some(argument),
            None => said.push(superfluous(what, parameters, argument, defined)),
        }
    }
    let mut bound = Vec::new();
    for (parameter, argument) in parameters.iter().zip(&given) {
        match (argument, &parameter.default) {
            (Some(argument), _) => bound.push((parameter, &argument.value, true)),
            (None, Some(default)) => bound.push((parameter, default, false)),
            (None, None) => {
                let diagnostic =
                    Diagnostic::new(Code::WRONG_ARGUMENTS, format!("`{what}` wants a value for `{}`", parameter.name))
                        .at(call, format!("`{}` is missing", parameter.name))
                        .help(format!("write it as `{}`", usage(what, parameters)));
                said.push(because_defined(diagnostic, what, defined));
            }
        }
    }
    if said.is_empty() { Ok(bound) } else { Err(said) }
}

fn superfluous(what: &str, parameters: &[Parameter], argument: &Argument, defined: Option<Span>) -> Diagnostic {
    let diagnostic = match &argument.name {
        Some(name) => {
            let near = nearest(name.as_str(), parameters.iter().map(|parameter| parameter.name.as_str()));
            let help = match near {
                Some(near) => format!("did you mean `{near}`? It is written `{}`", usage(what, parameters)),
                None => format!("it is written `{}`", usage(what, parameters)),
            };
            Diagnostic::new(Code::WRONG_ARGUMENTS, format!("`{what}` has no parameter `{name}`"))
                .at(name.span, "unknown parameter")
                .help(help)
        }
        None => {
            let count = parameters.len();
            let plural = if count == 1 { "" } else { "s" };
            Diagnostic::new(
                Code::WRONG_ARGUMENTS,
                format!("`{what}` takes {count} argument{plural}, and this is one more"),
            )
            .at(argument.span, "one too many")
            .help(format!("it is written `{}`", usage(what, parameters)))
        }
    };
    because_defined(diagnostic, what, defined)
}

fn because_defined(diagnostic: Diagnostic, what: &str, defined: Option<Span>) -> Diagnostic {
    match defined {
        Some(span) => diagnostic.because(span, format!("`{what}` is defined here")),
        None => diagnostic,
    }
}

/// How a definition is called: `adam(rate, b1, b2, eps)`.
fn usage(what: &str, parameters: &[Parameter]) -> String {
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    format!("{what}({})", names.join(", "))
}
