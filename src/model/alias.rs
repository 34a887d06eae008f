//! Params that name a definition: `param teacher : rule = backprop`, used as `by teacher`, set with `--set teacher=oja`.

use super::build::Options;
use super::credit_rules::{CREDIT_RULES, LATER, credit_rule};
use super::draft::{Draft, Meaning, nearest, not_supported};
use super::learning::name_and_arguments;
use super::typing::Said;
use crate::diag::{Code, Diagnostic};
use crate::syntax::tree::{self, DefinitionKind, Expr, ExprKind, ItemKind};
use std::borrow::Cow;

/// What a param may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rule,
    Function,
    Of(DefinitionKind),
}

impl Kind {
    /// The kind behind the `:` of a param.
    fn of(draft: &mut Draft<'_>, of_type: &tree::Type) -> Result<Kind, Said> {
        let found = match of_type.name.as_str() {
            "rule" => Kind::Rule,
            "fn" => Kind::Function,
            "optimiser" | "optimizer" => Kind::Of(DefinitionKind::Optimiser),
            "structure" => Kind::Of(DefinitionKind::Structure),
            "neuron" | "environment" => {
                draft.later(
                    of_type.span,
                    &format!("a param that names a {}", of_type.name),
                    "rule, optimiser, structure or fn",
                );
                return Err(Said);
            }
            other => {
                draft.say(
                    Diagnostic::new(Code::WRONG_KIND, format!("a param is a number, or names a rule, an optimiser, a structure or a function; `{other}` is none of these"))
                        .at(of_type.span, "no kind of definition")
                        .help("param teacher : rule = backprop"),
                );
                return Err(Said);
            }
        };
        Ok(found)
    }

    fn words(self) -> &'static str {
        match self {
            Kind::Rule => "a rule",
            Kind::Function => "a function",
            Kind::Of(DefinitionKind::Optimiser) => "an optimiser",
            Kind::Of(_) => "a structure",
        }
    }

    /// The library's folder of such definitions.
    fn is_entry(self, kind: &str) -> bool {
        match self {
            Kind::Rule => kind == "rule",
            Kind::Function => matches!(kind, "activation" | "cost" | "schedule" | "statistic"),
            Kind::Of(of) => kind == of.keyword(),
        }
    }

    fn fits(self, meaning: Meaning<'_>) -> bool {
        match (self, meaning) {
            (Kind::Rule, Meaning::Definition(definition)) => definition.kind == DefinitionKind::Rule,
            (Kind::Function, Meaning::Function(_)) => true,
            (Kind::Of(kind), Meaning::Definition(definition)) => definition.kind == kind,
            _ => false,
        }
    }
}

/// Every param that names a definition, with what `--set` makes of it.
pub(super) fn declare(draft: &mut Draft<'_>, options: &Options) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Param(tree::Param { name, of_type: Some(of_type), value }) = &item.kind else { continue };
        let set = options.set.iter().rev().find(|(set, _)| *set == *name.text).map(|(_, value)| value);
        let Ok(kind) = Kind::of(draft, of_type) else { continue };
        let mut meant = look(draft, kind, value);
        if let Some(set) = set {
            meant = look(draft, kind, set);
        }
        if meant.is_ok() {
            draft.aliases.insert(name.text.clone(), set.unwrap_or(value).clone());
        }
    }
}

/// Refuses what is no name of such a definition.
fn look(draft: &mut Draft<'_>, kind: Kind, value: &Expr) -> Result<(), Said> {
    let Some((name, _)) = name_and_arguments(value) else {
        draft.say(
            Diagnostic::new(Code::WRONG_KIND, format!("the name of {} is wanted here", kind.words()))
                .at(value.span, "no name")
                .help("param teacher : rule = backprop"),
        );
        return Err(Said);
    };
    let builtin = match kind {
        Kind::Rule => credit_rule(name.as_str()).is_some(),
        Kind::Function => crate::tensor::op::find(name.as_str()).is_some_and(|row| row.callable),
        Kind::Of(_) => false,
    };
    let said = match draft.names.get(name.as_str()).copied() {
        Some(declared) if kind.fits(declared.meaning) => return Ok(()),
        Some(declared) if matches!(declared.meaning, Meaning::Broken) => return Err(Said),
        Some(declared) => {
            let words = declared.meaning.words();
            let message = format!("`{name}` is {words}, and the name of {} is wanted here", kind.words());
            Diagnostic::new(Code::WRONG_KIND, message).at(value.span, words).help("param teacher : rule = backprop")
        }
        None if builtin => return Ok(()),
        None if kind == Kind::Rule && LATER.contains(&name.as_str()) => {
            not_supported(value.span, &format!("the credit rule `{name}`"), "backprop")
        }
        None => {
            let own = draft.names.iter().filter(|(_, declared)| kind.fits(declared.meaning)).map(|(name, _)| &**name);
            let library =
                crate::library::ENTRIES.iter().filter(|entry| kind.is_entry(entry.kind)).map(|entry| entry.name);
            let rules = CREDIT_RULES.iter().filter(|_| kind == Kind::Rule).map(|rule| rule.name);
            let help = match nearest(name.as_str(), own.chain(library).chain(rules)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`neurula lib` lists what the library defines".to_string(),
            };
            let what = kind.words().split_once(' ').map_or("", |(_, what)| what);
            Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no {what} `{name}`"))
                .at(value.span, "unknown name")
                .help(help)
        }
    };
    draft.say(said);
    Err(Said)
}

impl Draft<'_> {
    /// What a name or a call means where a definition is wanted: a param that names one stands for it. Arguments that are
    /// given at the place of use count instead of the param's.
    pub(super) fn resolved<'e>(&self, expr: &'e Expr) -> Cow<'e, Expr> {
        let Some((name, arguments)) = name_and_arguments(expr) else { return Cow::Borrowed(expr) };
        let Some((meant, own)) = self.aliases.get(name.as_str()).and_then(name_and_arguments) else {
            return Cow::Borrowed(expr);
        };
        let function = tree::Name { text: meant.text.clone(), span: name.span };
        let arguments = if arguments.is_empty() { own.to_vec() } else { arguments.to_vec() };
        let kind = match arguments.is_empty() && matches!(expr.kind, ExprKind::Name(_)) {
            true => ExprKind::Name(function),
            false => ExprKind::Call { function, arguments },
        };
        Cow::Owned(Expr { kind, ..expr.clone() })
    }
}
