//! Maps: everything that is computed element by element and put somewhere. Those over the same axes that follow each
//! other become one nest; a value that only they ask for stays in a register.

use super::Lowering;
use super::block::Scope;
use super::fuse;
use super::layout::fastest;
use super::nest::{self, Look};
use super::schedule::Task;
use super::view::{Home, View};
use super::writer::Writer;
use crate::bug;
use crate::diag::Span;
use crate::loops::{Constant, Index, RegKind, Stmt};
use crate::tensor::{Extent, Name, Node, Op, Value};

/// A nest has at most so many statements: long functions take long to compile.
const LARGEST: usize = 600;
/// A name says at most so many of the operations that it stands for.
const NAMED: usize = 3;

/// The axes that a map runs over, and the one that runs fastest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    shape: Vec<Extent>,
    fastest: Option<usize>,
}

/// A task as a map.
pub struct Member {
    /// What it computes or copies.
    pub value: Value,
    /// Where it is put.
    view: View,
    source: Source,
    /// What it is called.
    pub name: Name,
}

enum Source {
    /// The node that gives the value is carried out.
    Node,
    /// The value as it is.
    Value,
    /// What was put apart.
    Staged(View),
}

/// The axes of a task, if it is a map.
pub fn space(scope: &Scope, task: Task) -> Option<Space> {
    let (value, view) = match task {
        Task::Node(number) => {
            let node = &scope.graph.nodes[number];
            if !fuse::can_be_inside(scope.graph, node) && !matches!(node.op, Op::Bind(_)) {
                return None;
            }
            let value = node.outputs[0];
            (value, if let Some(Home::View(view)) = scope.home(value) { Some(view) } else { None })
        }
        Task::Stage(result) => (scope.graph.results[result], scope.staged.get(&result)),
        Task::Write(result) => (scope.graph.results[result], scope.wanted[result].as_ref()),
    };
    let shape = scope.graph.ty(value).shape.clone();
    let fastest = match view {
        Some(view) => fastest(&view.bounds, &view.strides),
        None => scope.orders[value.0 as usize].or(shape.len().checked_sub(1)),
    };
    Some(Space { shape, fastest })
}

/// A task that is a map.
pub fn member(lowering: &Lowering, scope: &Scope, task: Task) -> Member {
    let named = |value: Value, view: &View| match &scope.graph.values[value.0 as usize].name {
        Some(name) => name.clone(),
        None if scope.wanted.iter().flatten().any(|wanted| wanted.buffer == view.buffer) => {
            lowering.program.buffers[view.buffer.0 as usize].name.clone()
        }
        None => scope.fusion.node(scope.graph, value).map_or("copy".into(), Node::title),
    };
    let result = |number: usize| scope.graph.results[number];
    let wanted = |number: usize| match &scope.wanted[number] {
        Some(view) => view.clone(),
        None => bug!("result {number} is not wanted"),
    };
    let (value, view, source) = match task {
        Task::Node(number) => {
            let value = scope.graph.nodes[number].outputs[0];
            (value, scope.view(value).clone(), Source::Node)
        }
        Task::Stage(number) => match scope.staged.get(&number) {
            Some(view) => (result(number), view.clone(), Source::Value),
            None => bug!("result {number} has no place to wait"),
        },
        Task::Write(number) => match scope.staged.get(&number) {
            Some(staged) => (result(number), wanted(number), Source::Staged(staged.clone())),
            None => (result(number), wanted(number), Source::Value),
        },
    };
    let name = named(value, &view);
    Member { value, view, source, name }
}

impl Member {
    /// Writes its element at an index, and puts it where it is to be unless `store` says that nobody looks there.
    pub fn write(&self, writer: &mut Writer, at: &[Index], store: bool) {
        let reg = match &self.source {
            Source::Node => match writer.known(self.value, at) {
                Some(reg) => reg,
                None => writer.computed(self.value, at),
            },
            Source::Value => writer.element(self.value, at),
            Source::Staged(view) => match writer.known(self.value, at) {
                Some(reg) => reg,
                None => writer.load(view.buffer, view.at(at)),
            },
        };
        let reg = if store { writer.store(&self.view, at, reg) } else { reg };
        writer.remember(self.value, at, reg);
    }
}

fn look(lowering: &mut Lowering, scope: &Scope, members: &[Member]) -> Look {
    let shape = &scope.graph.ty(members[0].value).shape;
    nest::look(lowering, scope, shape, &mut |writer, at| {
        members.iter().for_each(|member| member.write(writer, at, true));
    })
}

/// How many of the tasks, from the first, are maps that can be one nest; 0 if the first is none.
pub fn group(lowering: &mut Lowering, scope: &Scope, tasks: &[Task]) -> usize {
    let Some(first) = space(scope, tasks[0]) else { return 0 };
    let mut members = vec![member(lowering, scope, tasks[0])];
    while let Some(task) = tasks.get(members.len()) {
        if space(scope, *task).as_ref() != Some(&first) {
            break;
        }
        members.push(member(lowering, scope, *task));
        let look = look(lowering, scope, &members);
        if look.size > LARGEST || !look.keeps_to_itself() {
            return members.len() - 1;
        }
    }
    members.len()
}

/// Whether a map reads the memory that it replaces only where it writes.
pub fn in_place(lowering: &mut Lowering, scope: &Scope, task: Task) -> bool {
    let members = [member(lowering, scope, task)];
    look(lowering, scope, &members).keeps_to_itself()
}

/// Which of some tasks' values are put into memory: not those that only these tasks ask for.
pub fn stored(scope: &Scope, tasks: &[Task], members: &[Member]) -> Vec<bool> {
    let stays = |(task, member): (&Task, &Member)| {
        let number = match task {
            Task::Node(number) => number,
            Task::Stage(result) => return tasks.contains(&Task::Write(*result)),
            Task::Write(_) => return false,
        };
        let wanted = scope.wanted.iter().flatten().any(|view| view.buffer == member.view.buffer);
        let bind = matches!(scope.graph.nodes[*number].op, Op::Bind(_));
        !wanted && !bind && scope.only_these_read(member.value, tasks)
    };
    tasks.iter().zip(members).map(|pair| !stays(pair)).collect()
}

/// Writes tasks as one nest.
pub fn lower(lowering: &mut Lowering, scope: &Scope, tasks: &[Task]) -> Vec<Stmt> {
    let members: Vec<Member> = tasks.iter().map(|task| member(lowering, scope, *task)).collect();
    let look = look(lowering, scope, &members);
    let stored = stored(scope, tasks, &members);
    let span = tasks.iter().find_map(|task| match task {
        Task::Node(number) => scope.graph.nodes[*number].span,
        Task::Stage(result) | Task::Write(result) => {
            scope.fusion.node(scope.graph, scope.graph.results[*result]).and_then(|node| node.span)
        }
    });
    let names = members.iter().map(|member| &*member.name);
    in_earnest(lowering, scope, (&joined(names), span), &look, &members[0].view, &mut |writer, at| {
        members.iter().zip(&stored).for_each(|(member, stored)| member.write(writer, at, *stored));
    })
}

/// Writes a nest over the axes of an array, after it has been looked at.
fn in_earnest(
    lowering: &mut Lowering,
    scope: &Scope,
    (name, span): (&Name, Option<Span>),
    look: &Look,
    view: &View,
    write: &mut dyn FnMut(&mut Writer, &[Index]),
) -> Vec<Stmt> {
    let mut steps = look.for_array(view);
    let last = steps.len().checked_sub(1);
    let mut lanes = last;
    if let Some(last @ 1..) = last
        && look.fetches(lowering, steps[last].1)
    {
        steps.swap(last - 1, last);
        lanes = Some(last - 1);
    }
    let mut writer = Writer::new(lowering, scope);
    let open = nest::open_with(&mut writer, &steps, lanes);
    let at = nest::position(view.bounds.len(), &open);
    write(&mut writer, &at);
    open.iter().for_each(|_| writer.close());
    let (body, _) = writer.finish();
    vec![Stmt::Nest { name: name.clone(), span, split: None, body }]
}

/// The names of what a nest computes.
pub fn joined<'n>(all: impl Iterator<Item = &'n str>) -> Name {
    let mut names: Vec<&str> = Vec::new();
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = if names.len() > NAMED { ", ..." } else { "" };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", ")).into()
}

/// A nest that is no task: `write` puts something at each index of an array.
pub fn fill(
    lowering: &mut Lowering,
    scope: &Scope,
    name: (&Name, Option<Span>),
    shape: &[Extent],
    view: &View,
    write: &mut dyn FnMut(&mut Writer, &[Index]),
) -> Vec<Stmt> {
    let look = nest::look(lowering, scope, shape, write);
    in_earnest(lowering, scope, name, &look, view, write)
}

/// Writes a value to an array.
pub fn copy(
    lowering: &mut Lowering,
    scope: &Scope,
    name: (&Name, Option<Span>),
    value: Value,
    view: &View,
) -> Vec<Stmt> {
    let shape = scope.graph.ty(value).shape.clone();
    fill(lowering, scope, name, &shape, view, &mut |writer, at| {
        let reg = writer.element(value, at);
        writer.store(view, at, reg);
    })
}

/// Copies an array.
pub fn transfer(
    lowering: &mut Lowering,
    scope: &Scope,
    name: (&Name, Option<Span>),
    shape: &[Extent],
    from: &View,
    to: &View,
) -> Vec<Stmt> {
    fill(lowering, scope, name, shape, to, &mut |writer, at| {
        let reg = writer.load(from.buffer, from.at(at));
        writer.store(to, at, reg);
    })
}

/// Writes zeros to an array.
pub fn zeros(
    lowering: &mut Lowering,
    scope: &Scope,
    name: (&Name, Option<Span>),
    shape: &[Extent],
    view: &View,
) -> Vec<Stmt> {
    fill(lowering, scope, name, shape, view, &mut |writer, at| {
        let zero = writer.constant(match writer.lowering.cell(view.buffer).register() {
            RegKind::Real => Constant::Real(0.0),
            RegKind::Int => Constant::Int(0),
            RegKind::Bool => Constant::Bool(false),
        });
        writer.store(view, at, zero);
    })
}
