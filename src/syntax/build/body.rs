//! What stands in the braces of definitions, generated data and regions.

use super::{Build, Parts};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::*;
use pest::iterators::Pair;

impl Build<'_> {
    /// The statements of a body.
    pub(super) fn body(&mut self, pair: Pair<'_, Rule>) -> Vec<BodyStatement> {
        Parts::new(pair).map(|statement| self.body_statement(statement)).collect()
    }

    pub(super) fn body_statement(&mut self, pair: Pair<'_, Rule>) -> BodyStatement {
        let inner = Parts::new(pair).any();
        BodyStatement { span: self.span(&inner), kind: self.body_kind(inner) }
    }

    fn body_kind(&mut self, pair: Pair<'_, Rule>) -> BodyStatementKind {
        let rule = pair.as_rule();
        if rule == Rule::settle {
            return BodyStatementKind::Settle(self.settle(pair));
        }
        let mut parts = Parts::new(pair);
        match rule {
            Rule::let_statement => {
                let target = self.target(parts.need(Rule::target));
                BodyStatementKind::Let { target, value: self.expr(parts.need(Rule::expr)) }
            }
            Rule::state => BodyStatementKind::State(self.declarations(parts)),
            Rule::weight => BodyStatementKind::Weight(self.declarations(parts)),
            Rule::input => BodyStatementKind::Input(self.declarations(parts)),
            Rule::action => BodyStatementKind::Action(self.declarations(parts)),
            Rule::output => BodyStatementKind::Output(parts.map(|pair| self.expr(pair)).collect()),
            Rule::trace => BodyStatementKind::Trace(self.running(&mut parts)),
            Rule::average => BodyStatementKind::Average(self.running(&mut parts)),
            Rule::pass => {
                let name = self.name(parts.need(Rule::ident));
                let from = parts.maybe(Rule::derived).map(|pair| self.name(Parts::new(pair).need(Rule::ident)));
                BodyStatementKind::Pass { name, from, body: self.body(parts.need(Rule::body)) }
            }
            Rule::clamp => {
                let place = self.place(parts.need(Rule::place));
                BodyStatementKind::Clamp { place, to: self.expr(parts.need(Rule::expr)) }
            }
            Rule::nudge => {
                let place = self.place(parts.need(Rule::place));
                BodyStatementKind::Nudge { place, by: self.flat(parts.need(Rule::flat)) }
            }
            Rule::spike => {
                let when = self.flat(parts.need(Rule::flat));
                let body = parts.maybe(Rule::body).map_or_else(Vec::new, |pair| self.body(pair));
                BodyStatementKind::Spike { when, body }
            }
            Rule::hold => BodyStatementKind::Hold(self.flat(parts.need(Rule::flat))),
            Rule::surrogate => BodyStatementKind::Surrogate(self.reference(parts.need(Rule::reference))),
            Rule::method => BodyStatementKind::Method(self.name(parts.need(Rule::ident))),
            Rule::done => BodyStatementKind::DoneWhen(self.flat(parts.need(Rule::flat))),
            Rule::cut_off => BodyStatementKind::CutOffWhen(self.flat(parts.need(Rule::flat))),
            Rule::derivative => {
                let name = self.name(parts.need(Rule::ident));
                BodyStatementKind::Derivative { name, value: self.expr(parts.need(Rule::expr)) }
            }
            _ => self.equation(parts),
        }
    }

    fn equation(&mut self, mut parts: Parts<'_>) -> BodyStatementKind {
        let target = self.target(parts.need(Rule::target));
        if let Some(pair) = parts.maybe(Rule::updates) {
            let value = self.expr(Parts::new(pair).need(Rule::expr));
            return BodyStatementKind::Update { target, value };
        }
        let of_type = self.type_name(&mut parts);
        BodyStatementKind::Define { target, of_type, value: self.expr(parts.need(Rule::expr)) }
    }

    fn running(&mut self, parts: &mut Parts<'_>) -> Running {
        let target = self.target(parts.need(Rule::target));
        let of = self.expr(parts.need(Rule::expr));
        Running { target, of, tau: self.expr(parts.need(Rule::expr)) }
    }

    /// The arguments of `settle 60 steps` or `settle(60 steps, rate = 0.5)`.
    pub(super) fn settle(&mut self, pair: Pair<'_, Rule>) -> Vec<Argument> {
        let mut parts = Parts::new(pair);
        if let Some(flat) = parts.maybe(Rule::flat) {
            let value = self.flat(flat);
            return vec![Argument { span: value.span, name: None, value }];
        }
        let brackets = parts.need(Rule::arguments);
        let span = self.span(&brackets);
        let function = Name { text: "settle".into(), span };
        match self.call(function, brackets, span).kind {
            ExprKind::Call { arguments, .. } => arguments,
            _ => Vec::new(),
        }
    }

    pub(super) fn declarations(&mut self, parts: Parts<'_>) -> Vec<Declaration> {
        parts.map(|pair| self.declaration(pair)).collect()
    }

    fn declaration(&mut self, pair: Pair<'_, Rule>) -> Declaration {
        let span = self.span(&pair);
        let mut parts = Parts::new(pair);
        let target = self.target(parts.need(Rule::target));
        let of_type = self.type_name(&mut parts);
        let value = parts.maybe(Rule::given).map(|pair| self.expr(Parts::new(pair).need(Rule::expr)));
        let properties = parts.maybe(Rule::properties).map_or_else(Vec::new, |pair| {
            Parts::new(pair)
                .map(|property| {
                    let span = self.span(&property);
                    let kind = match property.as_rule() {
                        Rule::init => StatePropertyKind::Init(self.init(property)),
                        _ => StatePropertyKind::KeepAcrossTrials,
                    };
                    StateProperty { span, kind }
                })
                .collect()
        });
        Declaration { span, target, of_type, value, properties }
    }
}
