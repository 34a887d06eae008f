//! The items.

use super::{Build, Parts};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::grammar::Rule;
use crate::syntax::slip;
use crate::syntax::tree::*;
use pest::iterators::Pair;

impl Build<'_> {
    pub(super) fn item(&mut self, pair: Pair<'_, Rule>) -> ItemKind {
        let rule = pair.as_rule();
        if rule == Rule::learn {
            return ItemKind::Learn(self.learn(pair));
        }
        let mut parts = Parts::new(pair);
        match rule {
            Rule::import => ItemKind::Import(self.text(parts.need(Rule::string))),
            Rule::param => ItemKind::Param(self.param(&mut parts)),
            Rule::constant => {
                let target = self.target(parts.need(Rule::target));
                ItemKind::Const(Const { target, value: self.expr(parts.need(Rule::expr)) })
            }
            Rule::seed => ItemKind::Seed(Number { text: parts.need(Rule::number).as_str().into(), unit: None }),
            Rule::data => ItemKind::Data(self.data(&mut parts)),
            Rule::environment => self.environment(&mut parts),
            Rule::act => {
                let environment = self.hop(parts.need(Rule::hop));
                ItemKind::Act(Act { environment, region: self.hop(parts.need(Rule::hop)) })
            }
            Rule::time => {
                let duration = self.flat(parts.need(Rule::flat));
                let step = parts.maybe(Rule::time_step).map(|pair| self.flat(Parts::new(pair).need(Rule::flat)));
                ItemKind::Time(Time { duration, step })
            }
            Rule::region => ItemKind::Region(self.region(&mut parts)),
            Rule::connect => ItemKind::Connect(self.connect(&mut parts)),
            Rule::cost => {
                let name = self.name(parts.need(Rule::ident));
                let region = parts.maybe(Rule::hop).map(|pair| self.hop(pair));
                ItemKind::Cost(Cost { name, region, value: self.expr(parts.need(Rule::expr)) })
            }
            Rule::modulator => {
                let target = self.target(parts.need(Rule::target));
                ItemKind::Modulator(Modulator { target, value: self.expr(parts.need(Rule::expr)) })
            }
            Rule::metric => ItemKind::Metric(self.metric(&mut parts)),
            Rule::critical_period => ItemKind::CriticalPeriod(self.critical_period(&mut parts)),
            Rule::development => ItemKind::Development(Development { statements: self.statements(parts) }),
            Rule::evolution => ItemKind::Evolution(Evolution { statements: self.statements(parts) }),
            Rule::experiment => {
                let name = self.name(parts.need(Rule::ident));
                let seeds = parts.maybe(Rule::over_seeds).map(|pair| self.flat(Parts::new(pair).need(Rule::flat)));
                ItemKind::Experiment(Experiment { name, seeds, statements: self.statements(parts) })
            }
            Rule::function => {
                let name = self.name(parts.need(Rule::ident));
                let parameters = self.parameters(parts.maybe(Rule::parameters));
                ItemKind::Function(Function { name, parameters, value: self.expr(parts.need(Rule::expr)) })
            }
            _ => self.definition(&mut parts),
        }
    }

    fn param(&mut self, parts: &mut Parts<'_>) -> Param {
        let name = self.name(parts.need(Rule::ident));
        let of_type = self.type_name(parts);
        Param { name, of_type, value: self.expr(parts.need(Rule::expr)) }
    }

    fn environment(&mut self, parts: &mut Parts<'_>) -> ItemKind {
        let name = self.name(parts.need(Rule::ident));
        if let Some(pair) = parts.maybe(Rule::reference) {
            return ItemKind::Environment(Environment { name, value: self.reference(pair) });
        }
        let parameters = self.parameters(parts.maybe(Rule::parameters));
        let body = self.body(parts.need(Rule::body));
        ItemKind::Definition(Definition { kind: DefinitionKind::Environment, name, parameters, body })
    }

    fn definition(&mut self, parts: &mut Parts<'_>) -> ItemKind {
        let kind = match parts.need(Rule::definer).as_str() {
            "rule" => DefinitionKind::Rule,
            "neuron" => DefinitionKind::Neuron,
            "structure" => DefinitionKind::Structure,
            _ => DefinitionKind::Optimiser,
        };
        let name = self.name(parts.need(Rule::ident));
        let parameters = self.parameters(parts.maybe(Rule::parameters));
        ItemKind::Definition(Definition { kind, name, parameters, body: self.body(parts.need(Rule::body)) })
    }

    fn parameters(&mut self, pair: Option<Pair<'_, Rule>>) -> Vec<Parameter> {
        let Some(pair) = pair else { return Vec::new() };
        Parts::new(pair)
            .map(|parameter| {
                let span = self.span(&parameter);
                let mut parts = Parts::new(parameter);
                let target = parts.maybe(Rule::teaches).map(|pair| self.span(&pair));
                let name = self.name(parts.need(Rule::ident));
                let of_type = self.type_name(&mut parts);
                let default = parts.maybe(Rule::expr).map(|pair| self.expr(pair));
                Parameter { span, target, name, of_type, default }
            })
            .collect()
    }

    pub(super) fn data(&mut self, parts: &mut Parts<'_>) -> Data {
        let name = self.name(parts.need(Rule::ident));
        let kind = match parts.maybe(Rule::data_source) {
            Some(pair) => self.data_source(pair),
            None => {
                let from = parts.maybe(Rule::derived).map(|pair| self.name(Parts::new(pair).need(Rule::ident)));
                self.data_block(from, parts.need(Rule::data_block))
            }
        };
        Data { name, kind }
    }

    fn data_source(&mut self, pair: Pair<'_, Rule>) -> DataKind {
        let mut parts = Parts::new(pair);
        let source = self.flat(parts.need(Rule::flat));
        let (mut selections, mut clauses) = (Vec::new(), Vec::new());
        for part in parts {
            match part.as_rule() {
                Rule::take_where => selections.push(Selection::Where(self.flat(Parts::new(part).need(Rule::flat)))),
                Rule::take => {
                    let mut inner = Parts::new(part);
                    let count = self.flat(inner.need(Rule::flat));
                    let per = inner.maybe(Rule::ident).map(|pair| self.name(pair));
                    selections.push(Selection::Take { count, per });
                }
                Rule::order => selections.push(Selection::OrderBy(self.flat(Parts::new(part).need(Rule::flat)))),
                _ => clauses.push(self.data_clause(part)),
            }
        }
        DataKind::Source { source, selections, clauses }
    }

    fn data_clause(&mut self, pair: Pair<'_, Rule>) -> DataClause {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut parts = Parts::new(pair);
        let kind = match rule {
            Rule::drop_last => DataClauseKind::DropLast,
            Rule::ordered => DataClauseKind::Ordered,
            Rule::centred => DataClauseKind::Centred(self.data_fields(parts)),
            Rule::standardised => DataClauseKind::Standardised(self.data_fields(parts)),
            _ => {
                let value = self.flat(parts.need(Rule::flat));
                match rule {
                    Rule::samples => DataClauseKind::Samples(value),
                    Rule::test => DataClauseKind::Test(value),
                    Rule::validation => DataClauseKind::Validation(value),
                    _ => DataClauseKind::Batch(value),
                }
            }
        };
        DataClause { span, kind }
    }

    fn data_fields(&mut self, parts: Parts<'_>) -> Vec<DataField> {
        parts
            .map(|pair| {
                let mut inner = Parts::new(pair);
                let first = self.name(inner.need(Rule::ident));
                match inner.maybe(Rule::field) {
                    Some(field) => DataField { source: Some(first), field: self.field_name(field) },
                    None => DataField { source: None, field: first },
                }
            })
            .collect()
    }

    fn data_block(&mut self, from: Option<Name>, pair: Pair<'_, Rule>) -> DataKind {
        let (mut clauses, mut fields) = (Vec::new(), Vec::new());
        for part in Parts::new(pair) {
            match part.as_rule() {
                Rule::data_settings => clauses.extend(Parts::new(part).map(|clause| self.data_clause(clause))),
                _ => fields.push(self.body_statement(part)),
            }
        }
        DataKind::Block { from, clauses, fields }
    }

    fn region(&mut self, parts: &mut Parts<'_>) -> Region {
        let target = self.target(parts.need(Rule::target));
        let body = match parts.peek() {
            Some(Rule::expr) => RegionBody::Equation(self.expr(parts.need(Rule::expr))),
            Some(Rule::of_structure) => {
                let pair = Parts::new(parts.need(Rule::of_structure)).need(Rule::reference);
                RegionBody::Structure(self.reference(pair))
            }
            _ => RegionBody::Block(self.body(parts.need(Rule::body))),
        };
        let mut clauses: Vec<RegionClause> = Vec::new();
        for pair in parts.by_ref() {
            clauses.push(self.region_clause(pair));
        }
        Region { target, body, clauses }
    }

    fn region_clause(&mut self, pair: Pair<'_, Rule>) -> RegionClause {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let kind = match rule {
            Rule::no_bias => RegionClauseKind::NoBias,
            Rule::settle => RegionClauseKind::Settle(self.settle(pair)),
            Rule::every_flat => RegionClauseKind::Every(self.flat(Parts::new(pair).need(Rule::flat))),
            Rule::surrogate => RegionClauseKind::Surrogate(self.reference(Parts::new(pair).need(Rule::reference))),
            Rule::init => RegionClauseKind::Init(self.init(pair)),
            Rule::excitatory => RegionClauseKind::Excitatory,
            Rule::inhibitory => RegionClauseKind::Inhibitory,
            _ => RegionClauseKind::KeepAcrossTrials,
        };
        RegionClause { span, kind }
    }

    pub(super) fn init(&mut self, pair: Pair<'_, Rule>) -> Init {
        let mut parts = Parts::new(pair);
        match parts.maybe(Rule::string) {
            Some(file) => Init::File(self.text(file)),
            None => Init::Value(self.flat(parts.need(Rule::flat))),
        }
    }

    fn connect(&mut self, parts: &mut Parts<'_>) -> Connect {
        let paths = self.path_list(parts.need(Rule::paths));
        let mut clauses: Vec<ConnectClause> = Vec::new();
        for pair in parts.by_ref() {
            let clause = self.connect_clause(pair);
            let same =
                |other: &ConnectClause| std::mem::discriminant(&other.kind) == std::mem::discriminant(&clause.kind);
            if let Some(first) = clauses.iter().find(|other| same(other)) {
                let word = self.text[clause.span.start as usize..clause.span.end as usize]
                    .split_whitespace()
                    .next()
                    .unwrap_or("");
                let said = slip::clause_twice(clause.span, first.span, word);
                self.report(said);
            }
            clauses.push(clause);
        }
        Connect { paths, clauses }
    }

    fn connect_clause(&mut self, pair: Pair<'_, Rule>) -> ConnectClause {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let kind = match rule {
            Rule::no_what => match Parts::new(pair).any().as_rule() {
                Rule::to_self => ConnectClauseKind::NoSelf,
                _ => ConnectClauseKind::NoCredit,
            },
            Rule::init => ConnectClauseKind::Init(self.init(pair)),
            Rule::bounded => self.bounded(pair),
            Rule::delay => ConnectClauseKind::Delay(self.flat(Parts::new(pair).need(Rule::flat))),
            Rule::excitatory => ConnectClauseKind::Excitatory,
            Rule::inhibitory => ConnectClauseKind::Inhibitory,
            Rule::feedback => ConnectClauseKind::Feedback,
            _ => self.pattern(pair),
        };
        ConnectClause { span, kind }
    }

    fn bounded(&mut self, pair: Pair<'_, Rule>) -> ConnectClauseKind {
        let value = self.flat(Parts::new(pair).need(Rule::flat));
        match value.kind {
            ExprKind::Range { start, end } => ConnectClauseKind::Bounded(*start, *end),
            _ => {
                self.report(
                    Diagnostic::new(Code::SYNTAX, "`bounded` wants two limits")
                        .at(value.span, "not a range")
                        .help("bounded 0..1"),
                );
                ConnectClauseKind::Bounded(value.clone(), value)
            }
        }
    }

    /// `dense`, `fixed(…)`; a bare `fixed` and `normalised` are properties.
    fn pattern(&mut self, pair: Pair<'_, Rule>) -> ConnectClauseKind {
        let value = self.reference(Parts::new(pair).need(Rule::reference));
        match &value.kind {
            ExprKind::Name(name) if name == "fixed" => ConnectClauseKind::Fixed,
            ExprKind::Name(name) if name == "normalised" || name == "normalized" => ConnectClauseKind::Normalised(None),
            ExprKind::Call { function, arguments } if function == "normalised" || function == "normalized" => {
                let by = arguments.first().and_then(|argument| match &argument.value.kind {
                    ExprKind::Name(name) => Some(name.clone()),
                    _ => None,
                });
                ConnectClauseKind::Normalised(by)
            }
            _ => ConnectClauseKind::Pattern(value),
        }
    }

    fn metric(&mut self, parts: &mut Parts<'_>) -> Metric {
        let name = self.name(parts.need(Rule::ident));
        let mut value = self.expr(parts.need(Rule::expr));
        let (mut condition, mut when) = (None, None);
        loop {
            match value.kind {
                ExprKind::Where { value: inner, condition: found } if condition.is_none() => {
                    condition = Some(*found);
                    value = *inner;
                }
                ExprKind::At { value: inner, when: found }
                    if when.is_none() && !matches!(inner.kind, ExprKind::Path(_)) =>
                {
                    when = Some(found);
                    value = *inner;
                }
                _ => return Metric { name, value, condition, when },
            }
        }
    }

    fn critical_period(&mut self, parts: &mut Parts<'_>) -> CriticalPeriod {
        let paths = self.learners(parts);
        let mut made = CriticalPeriod { paths, from: None, until: None, fade: None };
        for pair in parts.by_ref() {
            let (span, rule) = (self.span(&pair), pair.as_rule());
            let value = self.flat(Parts::new(pair).need(Rule::flat));
            let (place, word) = match rule {
                Rule::window_from => (&mut made.from, "from"),
                Rule::window_until => (&mut made.until, "until"),
                _ => (&mut made.fade, "fade"),
            };
            if let Some(first) = place.replace(value) {
                self.report(slip::clause_twice(span, first.span, word));
            }
        }
        made
    }

    pub(super) fn learn(&mut self, pair: Pair<'_, Rule>) -> Learn {
        let whole = self.span(&pair);
        let mut parts = Parts::new(pair);
        let also = parts.maybe(Rule::also).map(|pair| self.span(&pair));
        let paths = self.learners(&mut parts);
        let rule = Expr { span: whole, kind: ExprKind::Error };
        let mut made = Learn {
            also,
            paths,
            rule,
            costs: Vec::new(),
            optimiser: None,
            only_through: Vec::new(),
            every: None,
            clip: None,
            fresh: None,
            require: None,
        };
        let mut seen: Vec<(Rule, Span)> = Vec::new();
        for pair in parts {
            let (span, rule) = (self.span(&pair), pair.as_rule());
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == rule) {
                let word = self.text[span.start as usize..span.end as usize].split_whitespace().next().unwrap_or("");
                let said = slip::clause_twice(span, *first, word);
                self.report(said);
            }
            seen.push((rule, span));
            self.learn_clause(&mut made, pair);
        }
        if !seen.iter().any(|(rule, _)| *rule == Rule::by) {
            self.report(
                Diagnostic::new(Code::SYNTAX, "this `learn` does not say by which rule")
                    .at(whole, "`by RULE` is missing")
                    .help("learn A -> B by backprop from COST using sgd(rate = 0.1)"),
            );
        }
        made
    }

    fn learn_clause(&mut self, made: &mut Learn, pair: Pair<'_, Rule>) {
        let (span, rule) = (self.span(&pair), pair.as_rule());
        if rule == Rule::fresh {
            made.fresh = Some(span);
            return;
        }
        if rule == Rule::every {
            made.every = Some(self.every(pair));
            return;
        }
        let mut parts = Parts::new(pair);
        match rule {
            Rule::by => made.rule = self.reference(parts.need(Rule::reference)),
            Rule::from => made.costs = parts.map(|pair| self.expr(pair)).collect(),
            Rule::using => made.optimiser = Some(self.reference(parts.need(Rule::reference))),
            Rule::require => {
                let local = parts.maybe(Rule::local_alone).is_some();
                let what = if local { Require::Local } else { Require::NoTransport };
                made.require = Some((what, span));
            }
            Rule::only_through => made.only_through = self.path_list(parts.need(Rule::paths)),
            _ => made.clip = Some(self.flat(parts.need(Rule::flat))),
        }
    }

    /// `every 2 steps`, `every trial`
    pub(super) fn every(&mut self, pair: Pair<'_, Rule>) -> Every {
        let value = self.flat(Parts::new(pair).need(Rule::flat));
        match &value.kind {
            ExprKind::Name(name) => match Unit::find(name.as_str()) {
                Some(unit @ (Unit::Trials | Unit::Steps | Unit::Epochs)) => Every::Unit(unit, name.span),
                _ => Every::Duration(value),
            },
            _ => Every::Duration(value),
        }
    }
}
