//! One graph, of a program, a loop or a branch: its values find their homes, its tasks their order, and each task
//! writes its statements.

use super::fuse::{self, Fusion};
use super::layout::fastest;
use super::orders::orders;
use super::schedule::{Task, schedule};
use super::view::{Home, View};
use super::{Lowering, blocks, contract, map, overlap, pad, reduce, repeat, reshape, scatter, when};
use crate::bug;
use crate::loops::Stmt;
use crate::math::Function;
use crate::tensor::op::Scalar;
use crate::tensor::{Attributes, Graph, Kind, Name, Node, Op, Value};
use std::collections::BTreeMap;

/// What is known of a graph while it is lowered.
pub struct Scope<'a> {
    /// It.
    pub graph: &'a Graph,
    /// What has a place in memory.
    pub fusion: Fusion,
    /// The axis of each value that runs fastest.
    pub orders: Vec<Option<usize>>,
    /// Where each result is to be; `None` if it is not wanted.
    pub wanted: Vec<Option<View>>,
    /// Where the carries of each loop lie.
    pub loops: BTreeMap<usize, repeat::Plan>,
    /// Where results wait that cannot be written before others are read.
    pub staged: BTreeMap<usize, View>,
    /// The tasks that read a value which has a place.
    pub readers: BTreeMap<Value, Vec<Task>>,
    homes: Vec<Option<Home>>,
}

/// Makes a graph into statements. `homes` are those of its parameters; a result that is wanted is put where it is to be.
pub fn lower(lowering: &mut Lowering, graph: &Graph, homes: Vec<Home>, wanted: Vec<Option<View>>) -> Vec<Stmt> {
    let mut scope = Scope::new(graph, homes, wanted);
    let tasks = schedule(lowering, &mut scope);
    let mut stmts = Vec::new();
    let mut rest = &tasks[..];
    while let Some(task) = rest.first() {
        let alike = map::group(lowering, &scope, rest);
        if let Some((taken, written)) = blocks::lower(lowering, &scope, rest) {
            stmts.extend(written);
            rest = &rest[taken..];
        } else if alike > 0 {
            stmts.extend(map::lower(lowering, &scope, &rest[..alike]));
            rest = &rest[alike..];
        } else {
            stmts.extend(one(lowering, &scope, task));
            rest = &rest[1..];
        }
    }
    stmts
}

fn one(lowering: &mut Lowering, scope: &Scope, task: &Task) -> Vec<Stmt> {
    let Task::Node(number) = task else { bug!("a copy is a map") };
    let node = &scope.graph.nodes[*number];
    lowering.coming_from(node);
    match &node.op {
        Op::Row(row, attributes) => match row.kind {
            Kind::Reduce(fold) => reduce::lower(lowering, scope, node, fold),
            Kind::Contract => contract::lower(lowering, scope, node),
            Kind::Pad => pad::lower(lowering, scope, node, attributes),
            Kind::Scatter => scatter::lower(lowering, scope, node),
            Kind::Overlap => overlap::lower(lowering, scope, node, attributes),
            _ => bug!("`{}` is a map", row.name),
        },
        Op::Bind(_) => bug!("`bind` is a map"),
        Op::Loop(inner) => repeat::lower(lowering, scope, *number, inner),
        Op::When(inner) => when::lower(lowering, scope, node, inner),
    }
}

impl<'a> Scope<'a> {
    fn new(graph: &'a Graph, homes: Vec<Home>, wanted: Vec<Option<View>>) -> Scope<'a> {
        let fusion = fuse::decide(graph, &wanted.iter().map(Option::is_some).collect::<Vec<_>>());
        let mut fixed = Vec::new();
        for (param, home) in graph.params.iter().zip(&homes) {
            if let Home::View(view) = home {
                fixed.extend(fastest(&view.bounds, &view.strides).map(|axis| (*param, axis)));
            }
        }
        for (result, wanted) in graph.results.iter().zip(&wanted) {
            if let Some(view) = wanted {
                fixed.extend(fastest(&view.bounds, &view.strides).map(|axis| (*result, axis)));
            }
        }
        let orders = orders(graph, &[], &fixed);
        let mut all = vec![None; graph.values.len()];
        for (param, home) in graph.params.iter().zip(homes) {
            all[param.0 as usize] = Some(home);
        }
        let (loops, staged, readers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Scope { graph, fusion, orders, wanted, loops, staged, readers, homes: all }
    }

    /// Where a value lies, if it does.
    pub fn home(&self, value: Value) -> Option<&Home> {
        self.homes[value.0 as usize].as_ref()
    }

    /// The array of a value that has a place in memory.
    pub fn view(&self, value: Value) -> &View {
        match self.home(value) {
            Some(Home::View(view)) => view,
            _ => bug!("value {} has no place in memory", value.0),
        }
    }

    /// Gives a value its place.
    pub fn settle(&mut self, value: Value, view: View) {
        self.homes[value.0 as usize] = Some(Home::View(view));
    }

    /// Takes a value's place away again.
    pub fn unsettle(&mut self, value: Value) {
        self.homes[value.0 as usize] = None;
    }

    /// A place in scratch memory for a value.
    pub fn scratch(&self, lowering: &mut Lowering, value: Value) -> View {
        let span = self.fusion.node(self.graph, value).and_then(|node| node.span);
        let order = self.orders[value.0 as usize];
        lowering.scratch(self.name(value), span, self.graph.ty(value), order)
    }

    /// The node that gives a value.
    pub fn node(&self, value: Value) -> &'a Node {
        match self.fusion.node(self.graph, value) {
            Some(node) => node,
            None => bug!("value {} is a parameter without a home", value.0),
        }
    }

    /// What a value is called, by the spec or after its operation.
    pub fn name(&self, value: Value) -> Name {
        match (&self.graph.values[value.0 as usize].name, self.fusion.node(self.graph, value)) {
            (Some(name), _) => name.clone(),
            (None, Some(node)) => node.title(),
            (None, None) => "parameter".into(),
        }
    }

    /// Whether a value is an array, or seen as one: then where; `None` if it is computed where it is asked for.
    pub fn resolve(&self, value: Value) -> Option<Home> {
        if let Some(home) = self.home(value) {
            return Some(home.clone());
        }
        let node = self.fusion.node(self.graph, value)?;
        let Op::Row(row, attributes) = &node.op else { return None };
        if matches!(row.kind, Kind::Constant) {
            return Some(Home::Constant(super::expression::constant(attributes)));
        }
        let moves = matches!(
            row.kind,
            Kind::Expand | Kind::Permute | Kind::Slice | Kind::Reshape | Kind::Gather | Kind::Windows
        );
        let inner = node.inputs.first().filter(|_| moves)?;
        let view = match self.resolve(*inner)? {
            Home::View(view) => view,
            constant => return Some(constant),
        };
        let shape = &self.graph.ty(*inner).shape;
        match (row.kind, attributes) {
            (Kind::Expand, Attributes::Expand { shape, axes }) => Some(view.expanded(shape, axes)),
            (Kind::Permute, Attributes::Axes(axes)) => Some(view.permuted(axes)),
            (Kind::Slice, Attributes::Part { axis, start, length }) => Some(view.part(*axis, *start, *length)),
            (Kind::Windows, Attributes::Windows(windows)) => Some(view.windows(windows)),
            (Kind::Reshape, Attributes::Shape(outside)) => reshape::view(&view, shape, outside),
            (Kind::Gather, _) if fuse::is_front(self.graph, &self.fusion, node) => {
                let length = self.graph.ty(node.inputs[1]).shape[0].bound();
                Some(if length == view.bounds[0] { view } else { view.part(0, 0, length) })
            }
            _ => None,
        }
        .map(Home::View)
    }

    /// Where an array lies that somebody looks at.
    pub fn array(&self, value: Value) -> Home {
        match self.resolve(value) {
            Some(home) => home,
            None => bug!("value {} cannot be looked at as an array", value.0),
        }
    }

    /// The factors of a product of reals that nobody but its one user asks for.
    pub fn sole_product(&self, value: Value) -> Option<[Value; 2]> {
        if self.home(value).is_some() || self.fusion.uses[value.0 as usize] != 1 {
            return None;
        }
        let node = self.fusion.node(self.graph, value)?;
        let Op::Row(row, _) = &node.op else { return None };
        let real = self.graph.ty(value).element == crate::tensor::Element::Real;
        match row.kind {
            Kind::Map(Scalar::Apply(Function::Multiply)) if real => Some([node.inputs[0], node.inputs[1]]),
            _ => None,
        }
    }

    /// Whether a value is read, and by no other tasks than these.
    pub fn only_these_read(&self, value: Value, tasks: &[Task]) -> bool {
        self.readers.get(&value).is_some_and(|readers| readers.iter().all(|reader| tasks.contains(reader)))
    }

    /// The parameters whose memory a view may overlap.
    pub fn replaced(&self, view: &View) -> Vec<Value> {
        let overlaps = |param: &&Value| matches!(self.home(**param), Some(Home::View(home)) if home.overlaps(view));
        self.graph.params.iter().filter(overlaps).copied().collect()
    }
}
