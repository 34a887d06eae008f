//! From where to where in a program's text each buffer is in use: for whoever plans memory, and for `verify`.

use super::walk::Touch;
use super::{BufferId, Index, Stmt, Term, Var};

/// First and last statement, counted through the text, in which a buffer's contents matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first use.
    pub first: usize,
    /// The last use.
    pub last: usize,
    /// Whether the first use reads.
    pub reads_first: bool,
}

impl Range {
    /// Whether the two have a statement in common.
    pub fn meets(&self, other: &Range) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// The ranges of all buffers; `None` for one that is not used.
///
/// A buffer that is used inside a loop is in use through the whole loop, unless it belongs to a round: it is not used
/// outside, its first use in a round is a write, and no place in it depends on the round. The pieces of a split nest are
/// carried out at the same time: what is used inside one is in use through the whole nest.
pub fn ranges(block: &[Stmt], buffers: usize) -> Vec<Option<Range>> {
    let mut text = Text { next: 0, loops: Vec::new(), open: Vec::new(), uses: vec![Vec::new(); buffers] };
    text.block(block);
    let loops = text.loops;
    text.uses.iter().map(|uses| range(uses, &loops)).collect()
}

/// A use of a buffer.
#[derive(Debug, Clone)]
struct Use {
    at: usize,
    reads: bool,
    /// The loops around it (by number) on whose round the place may depend.
    depends: Vec<usize>,
}

/// A loop or a split nest, from its first to its last statement.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: usize,
    last: usize,
    /// Nothing in it belongs to a round.
    split: bool,
}

struct Text {
    next: usize,
    loops: Vec<Span>,
    open: Vec<(usize, Var)>,
    uses: Vec<Vec<Use>>,
}

impl Text {
    fn block(&mut self, block: &[Stmt]) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        // What an `until` writes, it writes when it ends.
        let (after, before): (Vec<_>, Vec<_>) =
            stmt.touches().into_iter().partition(|touch| touch.writes && matches!(stmt, Stmt::Until { .. }));
        self.touch(stmt, &before);
        let (var, split) = (stmt.counts().map(|(var, _)| var), matches!(stmt, Stmt::Nest { split: Some(_), .. }));
        let number = self.loops.len();
        if var.is_some() || split {
            self.loops.push(Span { first: self.next, last: self.next, split });
        }
        self.open.extend(var.map(|var| (number, var)));
        stmt.blocks().into_iter().for_each(|block| self.block(block));
        self.open.truncate(self.open.len() - usize::from(var.is_some()));
        if var.is_some() || split {
            self.loops[number].last = self.next;
        }
        self.next += 1;
        self.touch(stmt, &after);
    }

    fn touch(&mut self, stmt: &Stmt, touches: &[Touch]) {
        for touch in touches {
            let depends = place(stmt, touch.buffer).map_or_else(Vec::new, |indices| self.depends(&indices));
            self.uses[touch.buffer.0 as usize].push(Use { at: self.next, reads: touch.reads, depends });
        }
        self.next += 1;
    }

    fn depends(&self, indices: &[&Index]) -> Vec<usize> {
        let by_register = indices.iter().any(|index| index.registers().next().is_some());
        let depends = |var: Var| by_register || indices.iter().any(|index| index.stride(Term::Var(var)) != 0);
        self.open.iter().filter(|(_, var)| depends(*var)).map(|(number, _)| *number).collect()
    }
}

/// The indices with which a statement reaches into a buffer; `None` if it uses the first cell alone.
fn place(stmt: &Stmt, buffer: BufferId) -> Option<Vec<&Index>> {
    match stmt {
        Stmt::Load { index, .. } | Stmt::Store { index, .. } => Some(vec![index]),
        Stmt::Matrix(matrix) => {
            let operands = matrix.operands();
            Some(operands.into_iter().filter(|operand| operand.buffer == buffer).map(|o| &o.base).collect())
        }
        _ => None,
    }
}

fn range(uses: &[Use], loops: &[Span]) -> Option<Range> {
    let (first, last) = (uses.first()?, uses.last()?);
    let mut range = Range { first: first.at, last: last.at, reads_first: first.reads };
    // Loops are in the order in which they begin; what an inner one adds may reach out of the next one around it.
    for (number, span) in loops.iter().enumerate().rev() {
        let inside = |at: usize| span.first <= at && at <= span.last;
        let mut here = uses.iter().filter(|one| inside(one.at)).peekable();
        let Some(first) = here.peek() else { continue };
        let of_a_round = !first.reads && inside(range.first) && inside(range.last);
        if span.split || !of_a_round || here.any(|one| one.depends.contains(&number)) {
            range.first = range.first.min(span.first);
            range.last = range.last.max(span.last);
        }
    }
    Some(range)
}
