//! What stands in the braces of a development, a phase, an experiment or an evolution.

use super::{Build, Parts};
use crate::syntax::grammar::Rule;
use crate::syntax::slip;
use crate::syntax::tree::*;
use pest::iterators::Pair;

impl Build<'_> {
    /// All statements among the parts.
    pub(super) fn statements(&mut self, parts: Parts<'_>) -> Vec<Statement> {
        parts.map(|pair| self.statement(pair)).collect()
    }

    fn statement(&mut self, pair: Pair<'_, Rule>) -> Statement {
        let mut parts = Parts::new(pair);
        let allow = self.allow(&mut parts);
        let pair = parts.any();
        Statement { span: self.span(&pair), allow, kind: self.statement_kind(pair) }
    }

    fn statement_kind(&mut self, pair: Pair<'_, Rule>) -> StatementKind {
        let rule = pair.as_rule();
        if rule == Rule::learn {
            return StatementKind::Learn(self.learn(pair));
        }
        let mut parts = Parts::new(pair);
        match rule {
            Rule::phase => StatementKind::Phase(self.phase(parts)),
            Rule::repeat => {
                let count = self.flat(parts.need(Rule::flat));
                StatementKind::Repeat { count, statements: self.statements(parts) }
            }
            Rule::data => StatementKind::Data(self.data(&mut parts)),
            Rule::freeze => StatementKind::Freeze(self.learners(&mut parts)),
            Rule::set => {
                let place = self.place(parts.need(Rule::place));
                StatementKind::Set { place, value: self.expr(parts.need(Rule::expr)) }
            }
            Rule::prune => {
                let paths = self.learners(&mut parts);
                let by = self.name(parts.need(Rule::ident));
                StatementKind::Prune { paths, by, fraction: self.flat(parts.need(Rule::flat)) }
            }
            Rule::grow => {
                let place = self.place(parts.need(Rule::place));
                StatementKind::Grow { place, by: self.flat(parts.need(Rule::flat)) }
            }
            Rule::store => StatementKind::Store(self.place(parts.need(Rule::place))),
            Rule::replay => {
                let place = self.place(parts.need(Rule::place));
                let fraction =
                    parts.maybe(Rule::replay_fraction).map(|pair| self.flat(Parts::new(pair).need(Rule::flat)));
                StatementKind::Replay { place, fraction }
            }
            Rule::clamp => {
                let place = self.place(parts.need(Rule::place));
                StatementKind::Clamp { place, to: self.expr(parts.need(Rule::expr)) }
            }
            Rule::lesion => StatementKind::Lesion(parts.map(|pair| self.place(pair)).collect()),
            Rule::by => StatementKind::By(self.reference(parts.need(Rule::reference))),
            _ => self.experiment_kind(rule, parts),
        }
    }

    fn experiment_kind(&mut self, rule: Rule, mut parts: Parts<'_>) -> StatementKind {
        match rule {
            Rule::measure => {
                let (mut metrics, mut every) = (Vec::new(), None);
                for pair in parts {
                    match pair.as_rule() {
                        Rule::every => every = Some(self.every(pair)),
                        _ => metrics.push(self.flat(pair)),
                    }
                }
                StatementKind::Measure { metrics, every }
            }
            Rule::after => StatementKind::After(self.name(parts.need(Rule::ident))),
            Rule::during => StatementKind::During(self.name(parts.need(Rule::ident))),
            Rule::skip => StatementKind::Skip(parts.map(|pair| self.name(pair)).collect()),
            Rule::vary => {
                let place = self.place(parts.need(Rule::place));
                StatementKind::Vary { place, values: self.flat(parts.need(Rule::flat)) }
            }
            Rule::recover => {
                let duration = self.flat(Parts::new(parts.need(Rule::bound)).need(Rule::flat));
                StatementKind::Recover { duration, statements: self.statements(parts) }
            }
            Rule::probe => StatementKind::Probe(self.probe(parts)),
            Rule::report => StatementKind::Report(parts.map(|pair| self.expr(pair)).collect()),
            Rule::genes => StatementKind::Genes(self.declarations(parts)),
            Rule::population => StatementKind::Population(self.flat(parts.need(Rule::flat))),
            Rule::generations => StatementKind::Generations(self.flat(parts.need(Rule::flat))),
            Rule::fitness => StatementKind::Fitness(self.expr(parts.need(Rule::expr))),
            _ => crate::bug!("{rule:?} is no statement"),
        }
    }

    fn phase(&mut self, mut parts: Parts<'_>) -> Phase {
        let name = self.name(parts.need(Rule::ident));
        let bound = self.flat(Parts::new(parts.need(Rule::bound)).need(Rule::flat));
        let mut made = Phase { name, bound, until: None, keep: None, unsupervised: None, statements: Vec::new() };
        while let Some(rule @ (Rule::until | Rule::keep_best | Rule::unsupervised)) = parts.peek() {
            let pair = parts.need(rule);
            let span = self.span(&pair);
            let first = match rule {
                Rule::until => {
                    let value = self.flat(Parts::new(pair).need(Rule::flat));
                    made.until.replace(value).map(|first| (first.span, "until"))
                }
                Rule::keep_best => {
                    let keep = self.keep(pair);
                    made.keep.replace(keep).map(|first| (first.span, "keep"))
                }
                _ => made.unsupervised.replace(span).map(|first| (first, "unsupervised")),
            };
            if let Some((first, word)) = first {
                self.report(slip::clause_twice(span, first, word));
            }
        }
        made.statements = self.statements(parts);
        made
    }

    fn keep(&mut self, pair: Pair<'_, Rule>) -> Keep {
        let span = self.span(&pair);
        let mut parts = Parts::new(pair);
        let highest = parts.any().as_rule() == Rule::highest;
        Keep { span, highest, metric: self.reference(parts.need(Rule::reference)) }
    }

    fn probe(&mut self, mut parts: Parts<'_>) -> Probe {
        let flat = parts.need(Rule::flat);
        let start = self.span(&flat).start;
        let mut value = self.flat(flat);
        let (mut every, mut at, mut shown_as) = (None, Vec::new(), None);
        for pair in parts {
            match pair.as_rule() {
                Rule::where_part => value = self.qualified(value, pair, start),
                Rule::every => every = Some(self.every(pair)),
                Rule::as_name => shown_as = Some(self.as_name(pair)),
                _ => at.push(self.when(pair)),
            }
        }
        Probe { value, every, at, shown_as }
    }
}
