//! The functions that a program becomes: one that runs the steps, one for each nest, one for each
//! variety of matrix products.
//!
//! Nests that do the same to other buffers share a function: it gets the buffers, and what it sees of the loops around
//! it, as parameters.

use super::Unsupported;
use super::arith::register_type;
use super::emit::{Emitter, Place};
use super::matrix::{self, Variety};
use super::outline::Outline;
use crate::kernels::{Kernel, Vectors};
use crate::loops::{self, Program, Split, Stmt};
use crate::math::Precision;
use cranelift::codegen::ir::{ExtFuncData, ExternalName, FuncRef, Function, Inst, UserExternalName, UserFuncName};
use cranelift::codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Of the function of a nest's pieces: where the arguments lie, who carries it out, the first round, and the one behind
/// the last.
const PIECE: [Type; 4] = [types::I64; 4];
/// Bytes of an argument in memory.
pub(super) const ARGUMENT: u32 = 8;

/// One function.
pub(super) struct Unit {
    /// What it does, for people: the names of the nests that it carries out.
    pub names: Vec<String>,
    /// In Cranelift's IR.
    pub function: Function,
    /// Whether Cranelift's optimiser may move its instructions.
    pub optimised: bool,
    /// What stands in the text before an instruction.
    pub comments: BTreeMap<Inst, String>,
}

/// How functions are called on the machine for which code is made.
#[derive(Clone, Copy)]
pub(super) struct Convention {
    /// Of calls.
    pub call: CallConv,
    /// What the builder wants to know.
    pub config: TargetFrontendConfig,
    /// The vectors that kernels may use.
    pub vectors: Vectors,
}

/// Where the names of kernels stand, among those that Cranelift knows by two numbers: 0 are functions, 1 are data.
pub(super) const KERNELS: u32 = 2;

/// All functions of some programs, in the order of their numbers.
pub(super) struct Units {
    /// The functions.
    pub list: Vec<Unit>,
    /// For each program the one that runs the steps.
    pub entries: Vec<usize>,
    convention: Convention,
    shared: HashMap<(Precision, Vec<u8>), usize>,
    matrix: HashMap<Variety, usize>,
    contexts: Vec<FunctionBuilderContext>,
}

impl Units {
    /// All functions of some programs.
    pub fn of(programs: &[&Program], convention: Convention) -> Result<Units, Unsupported> {
        let (list, entries, contexts) = (Vec::new(), Vec::new(), Vec::new());
        let mut units = Units { list, entries, convention, shared: HashMap::new(), matrix: HashMap::new(), contexts };
        for program in programs {
            let entry = units.steps(program)?;
            units.entries.push(entry);
        }
        Ok(units)
    }

    /// The signature of a function without results.
    pub fn signature(&self, params: impl IntoIterator<Item = Type>) -> Signature {
        let mut signature = Signature::new(self.convention.call);
        signature.params.extend(params.into_iter().map(AbiParam::new));
        signature
    }

    /// Writes a function and gives its number. Functions that it calls get lower numbers.
    fn add(
        &mut self,
        name: &str,
        optimised: bool,
        params: impl IntoIterator<Item = Type>,
        write: impl FnOnce(&mut Units, FunctionBuilder, &[Value]) -> Result<BTreeMap<Inst, String>, Unsupported>,
    ) -> Result<usize, Unsupported> {
        let mut function = Function::with_name_signature(UserFuncName::default(), self.signature(params));
        let mut context = self.contexts.pop().unwrap_or_default();
        let mut builder = FunctionBuilder::new(&mut function, &mut context);
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        let params = builder.block_params(entry).to_vec();
        let comments = write(self, builder, &params)?;
        self.contexts.push(context);
        let number = self.list.len();
        function.name = UserFuncName::user(0, number as u32);
        self.list.push(Unit { names: vec![name.to_string()], function, optimised, comments });
        Ok(number)
    }

    /// Ends the last block and the function.
    pub fn end(&self, mut builder: FunctionBuilder) {
        builder.ins().return_(&[]);
        builder.seal_all_blocks();
        builder.finalize(self.convention.config);
    }

    /// The function that runs the steps: of the table of slots, scratch memory, the number of steps, the team and the
    /// function that hands it pieces.
    fn steps(&mut self, program: &Program) -> Result<usize, Unsupported> {
        let params = [types::I64; 5];
        self.add(&program.name, false, params, |units, builder, params| {
            let mut emitter = Emitter::new(builder, program, units);
            emitter.split = true;
            emitter.begin_steps(params);
            emitter.rounds(params[2], |emitter| emitter.block(&program.body))?;
            Ok(emitter.end())
        })
    }

    /// The function of a nest or of its pieces, with what it is called on.
    pub fn nest(
        &mut self,
        program: &Program,
        name: &str,
        body: &[Stmt],
        split: Option<Split>,
    ) -> Result<(usize, Outline), Unsupported> {
        let outline = Outline::of(program, body, split);
        let key = (program.precision, outline.key.clone());
        if let Some(number) = self.shared.get(&key) {
            let names = &mut self.list[*number].names;
            if !names.iter().any(|known| known == name) {
                names.push(name.to_string());
            }
            return Ok((*number, outline));
        }
        let registers =
            outline.registers.iter().map(|reg| register_type(program.registers[reg.0 as usize], program.precision, 1));
        let pointers = outline.buffers.len() + outline.variables.len();
        let seen: Vec<Type> = std::iter::repeat_n(types::I64, pointers).chain(registers).collect();
        let params = if split.is_some() { PIECE.to_vec() } else { seen.clone() };
        let number = self.add(name, true, params, |units, builder, params| {
            let mut emitter = Emitter::new(builder, program, units);
            let mut own = None;
            let params = match split {
                None => params.to_vec(),
                Some(split) => {
                    let mut seen = seen;
                    seen.push(types::I64);
                    let mut loaded = emitter.begin_piece(split.axis, params, &seen);
                    own = loaded.pop().map(|bytes| emitter.builder.ins().imul(bytes, params[1]));
                    loaded
                }
            };
            let (buffers, rest) = params.split_at(outline.buffers.len());
            let (variables, registers) = rest.split_at(outline.variables.len());
            for ((buffer, fixed), pointer) in outline.buffers.iter().zip(buffers) {
                let pointer = match (program.buffers[buffer.0 as usize].place, own) {
                    (loops::Place::Own(_), Some(own)) => emitter.builder.ins().iadd(*pointer, own),
                    _ => *pointer,
                };
                emitter.places[buffer.0 as usize] = Some(Place { pointer, fixed: *fixed });
            }
            for (var, value) in outline.variables.iter().zip(variables) {
                emitter.variables[var.0 as usize] = Some(*value);
            }
            for (reg, value) in outline.registers.iter().zip(registers) {
                emitter.set(*reg, *value);
            }
            emitter.block(body)?;
            Ok(emitter.end())
        })?;
        self.shared.insert(key, number);
        Ok((number, outline))
    }

    /// The function that carries out matrix products of a variety.
    pub fn matrix(&mut self, variety: Variety) -> Result<usize, Unsupported> {
        if let Some(number) = self.matrix.get(&variety) {
            return Ok(*number);
        }
        let number = self.add("matrix product", false, matrix::PARAMETERS, |units, builder, params| {
            units.end(matrix::write(builder, variety, params));
            Ok(BTreeMap::new())
        })?;
        self.matrix.insert(variety, number);
        Ok(number)
    }

    /// Makes a kernel callable, if the machine's vectors are wide enough for it.
    pub fn kernel(&self, kernel: Kernel, builder: &mut FunctionBuilder) -> Option<FuncRef> {
        self.convention.vectors.kernel(kernel)?;
        let signature = builder.import_signature(self.signature(matrix::PARAMETERS));
        let name = UserExternalName::new(KERNELS, kernel.number() as u32);
        let name = ExternalName::user(builder.func.declare_imported_user_function(name));
        Some(builder.import_function(ExtFuncData { name, signature, colocated: false, patchable: false }))
    }

    /// Makes a function of this number callable from another one.
    pub fn import(&self, number: usize, builder: &mut FunctionBuilder) -> FuncRef {
        let signature = builder.import_signature(self.list[number].function.signature.clone());
        let name = UserExternalName::new(0, number as u32);
        let name = builder.func.declare_imported_user_function(name);
        builder.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        })
    }
}
