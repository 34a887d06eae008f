//! From pest's pairs to the tree: names, shapes and paths here; expressions, items and statements in their files.
//!
//! The grammar has already said that the form is right, so a missing pair is a bug. What it cannot say (each
//! clause once, comparisons that do not chain, a tree that is not too deep) is checked here.

mod body;
mod expression;
mod item;
mod schedule;

use super::grammar::Rule;
use super::tree::*;
use crate::bug;
use crate::diag::{Diagnostic, FileId, Span};
use pest::iterators::{Pair, Pairs};
use std::iter::Peekable;

/// How deep an expression's tree may be.
pub const TREE_LIMIT: usize = 256;

/// Builds the trees of one file's pieces.
pub struct Build<'a> {
    /// The file.
    pub file: FileId,
    /// Its whole text.
    pub text: &'a str,
    /// Its comments, in order.
    pub comments: &'a [Comment],
    /// Where the present piece begins.
    pub base: usize,
    /// What was found wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// How deep the present place is in an expression's tree.
    level: usize,
    /// Whether the present piece was already found too deep.
    told_depth: bool,
}

/// The parts of a pair, without its marks.
struct Parts<'i> {
    pairs: Peekable<Pairs<'i, Rule>>,
    of: Rule,
}

impl<'i> Parts<'i> {
    fn new(pair: Pair<'i, Rule>) -> Self {
        Parts { of: pair.as_rule(), pairs: pair.into_inner().peekable() }
    }

    fn skip_marks(&mut self) {
        while self.pairs.next_if(|pair| is_mark(pair.as_rule())).is_some() {}
    }

    /// The rule of the next part.
    fn peek(&mut self) -> Option<Rule> {
        self.skip_marks();
        self.pairs.peek().map(Pair::as_rule)
    }

    /// The next part, if it is of this rule.
    fn maybe(&mut self, rule: Rule) -> Option<Pair<'i, Rule>> {
        self.skip_marks();
        self.pairs.next_if(|pair| pair.as_rule() == rule)
    }

    /// The next part, which is of this rule.
    fn need(&mut self, rule: Rule) -> Pair<'i, Rule> {
        match self.maybe(rule) {
            Some(pair) => pair,
            None => bug!("the grammar gave no {rule:?} in {:?}", self.of),
        }
    }

    /// The next part, of whatever rule.
    fn any(&mut self) -> Pair<'i, Rule> {
        match self.next() {
            Some(pair) => pair,
            None => bug!("the grammar gave nothing more in {:?}", self.of),
        }
    }
}

impl<'i> Iterator for Parts<'i> {
    type Item = Pair<'i, Rule>;

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_marks();
        self.pairs.next()
    }
}

/// Whether a rule stands between the two sentinels of the grammar.
fn is_mark(rule: Rule) -> bool {
    Rule::mark_first < rule && rule < Rule::mark_last
}

impl<'a> Build<'a> {
    /// A builder for one file.
    pub fn new(file: FileId, text: &'a str, comments: &'a [Comment]) -> Self {
        Build { file, text, comments, base: 0, diagnostics: Vec::new(), level: 0, told_depth: false }
    }

    /// The item of a piece that begins at `base`; `piece` is what the grammar gave for it.
    pub fn piece(&mut self, piece: Pair<'_, Rule>, base: usize) -> Item {
        self.base = base;
        self.level = 0;
        self.told_depth = false;
        let mut span = self.span(&piece);
        let mut parts = Parts::new(piece);
        let allow = self.allow(&mut parts);
        let item = parts.any();
        let keyword_span = self.keyword_span(&item);
        span.end = self.span(&item).end;
        Item { span, keyword_span, allow, kind: self.item(item) }
    }

    /// The first word of an item, `also` apart.
    fn keyword_span(&self, item: &Pair<'_, Rule>) -> Span {
        let first = item.clone().into_inner().find(|pair| pair.as_rule() != Rule::also);
        first.map_or_else(|| self.span(item), |pair| self.span(&pair))
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Where a pair stands, without the blanks and comments behind it.
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        let (start, mut end) = (span.start() + self.base, span.end() + self.base);
        loop {
            end = start + self.text[start..end].trim_end().len();
            let behind = self.comments.partition_point(|comment| (comment.span.end as usize) < end);
            match self.comments.get(behind) {
                Some(comment) if comment.span.end as usize == end && comment.span.start as usize > start => {
                    end = comment.span.start as usize;
                }
                _ => break,
            }
        }
        Span { file: self.file, start: start as u32, end: end as u32 }
    }

    fn name(&self, pair: Pair<'_, Rule>) -> Name {
        Name { span: self.span(&pair), text: pair.as_str().into() }
    }

    fn text(&self, pair: Pair<'_, Rule>) -> Text {
        let span = self.span(&pair);
        let written = pair.as_str();
        let inside = written.get(1..written.len() - 1).unwrap_or_default();
        let mut value = String::with_capacity(inside.len());
        let mut letters = inside.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some('n') => value.push('\n'),
                    Some(other) => value.push(other),
                    None => {}
                },
                _ => value.push(letter),
            }
        }
        Text { value, span }
    }

    fn allow(&mut self, parts: &mut Parts<'_>) -> Vec<Allow> {
        let mut all = Vec::new();
        while let Some(pair) = parts.maybe(Rule::allow) {
            let span = self.span(&pair);
            let mut inner = Parts::new(pair);
            let code = self.name(inner.need(Rule::word));
            let reason = self.text(inner.need(Rule::string));
            all.push(Allow { span, code, reason });
        }
        all
    }

    /// `.image`: the name behind the point.
    fn field_name(&self, pair: Pair<'_, Rule>) -> Name {
        self.name(Parts::new(pair).need(Rule::word))
    }

    fn target(&mut self, pair: Pair<'_, Rule>) -> Target {
        let span = self.span(&pair);
        let mut parts = Parts::new(pair);
        let name = self.name(parts.need(Rule::ident));
        let axes = parts.maybe(Rule::axes).map_or_else(Vec::new, |pair| self.axes(pair));
        Target { span, name, axes }
    }

    fn axes(&mut self, pair: Pair<'_, Rule>) -> Vec<Axis> {
        Parts::new(pair)
            .map(|axis| {
                let span = self.span(&axis);
                let mut parts = Parts::new(axis);
                let name = parts.maybe(Rule::ident).map(|pair| self.name(pair));
                Axis { span, name, size: self.expr(parts.need(Rule::expr)) }
            })
            .collect()
    }

    fn type_name(&mut self, parts: &mut Parts<'_>) -> Option<Type> {
        let pair = parts.maybe(Rule::type_name)?;
        let span = self.span(&pair);
        let mut inner = Parts::new(pair);
        let name = self.name(inner.need(Rule::word));
        let size = inner.maybe(Rule::expr).map(|pair| Box::new(self.expr(pair)));
        Some(Type { span, name, size })
    }

    fn hop(&mut self, pair: Pair<'_, Rule>) -> Hop {
        let span = self.span(&pair);
        let mut parts = Parts::new(pair);
        let name = self.name(parts.need(Rule::ident));
        let field = parts.maybe(Rule::field).map(|pair| self.field_name(pair));
        let indices = parts.maybe(Rule::index).map_or_else(Vec::new, |pair| self.exprs(pair));
        Hop { span, name, field, indices }
    }

    /// The hops and the name of a path or a place.
    fn path(&mut self, pair: Pair<'_, Rule>) -> Path {
        let span = self.span(&pair);
        let mut parts = Parts::new(pair);
        let mut hops = Vec::new();
        while let Some(hop) = parts.maybe(Rule::hop) {
            hops.push(self.hop(hop));
        }
        let as_name = parts.maybe(Rule::as_name).map(|pair| self.as_name(pair));
        Path { span, hops, as_name }
    }

    fn as_name(&self, pair: Pair<'_, Rule>) -> Name {
        self.name(Parts::new(pair).need(Rule::ident))
    }

    fn path_list(&mut self, pair: Pair<'_, Rule>) -> Vec<Path> {
        Parts::new(pair).map(|path| self.path(path)).collect()
    }

    /// `all`, `each` or a list of paths.
    fn learners(&mut self, parts: &mut Parts<'_>) -> Paths {
        let pair = parts.any();
        match pair.as_rule() {
            Rule::all => Paths::All(self.span(&pair)),
            Rule::each => Paths::Each(self.span(&pair)),
            _ => Paths::List(self.path_list(pair)),
        }
    }

    fn place(&mut self, pair: Pair<'_, Rule>) -> Place {
        let mut path = self.path(pair);
        if path.hops.len() == 1
            && let Some(hop) = path.hops.pop()
        {
            if let Some(name) = &path.as_name {
                self.report(self.lone_name(name));
            }
            return Place::Hop(hop);
        }
        Place::Path(path)
    }

    fn lone_name(&self, name: &Name) -> Diagnostic {
        Diagnostic::new(crate::diag::Code::SYNTAX, "`as` names a path, and this is a region alone")
            .at(name.span, "the name of a projection")
            .help(format!("write the path before it: `A -> B as {name}`"))
    }
}
