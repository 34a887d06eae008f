//! The only place where an address becomes a call: memory for code, and the ways in.
#![allow(unsafe_code)]

use super::matrix::PARAMETERS;
use super::team::Turn;
use super::units::{Convention, KERNELS, Unit, Units};
use super::{Unsupported, text};
use crate::kernels::{Kernel, Vectors};
use crate::loops::Program;
use crate::loops::memory::Storage;
use cranelift::codegen::Context;
use cranelift::codegen::control::ControlPlane;
use cranelift::codegen::isa::OwnedTargetIsa;
use cranelift::prelude::*;
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, ModuleReloc, ModuleRelocTarget};
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// The function that runs the steps: of the table of slots, scratch memory, the number of steps, the team if there is one,
/// and the function that hands it pieces.
type Entry = unsafe extern "C" fn(*const *mut u8, *mut u8, u64, *const Turn<'_>, Share);

/// See [`share`].
type Share = unsafe extern "C" fn(*const Turn<'_>, *mut (), *mut u8, u64, u64, u64);

/// The function of a nest's pieces: of where its arguments lie, who carries it out, the first round, and the one behind the
/// last.
type Piece = unsafe extern "C" fn(*const u8, u64, u64, u64);

/// The function of a nest's pieces, and where its arguments lie. Only [`share`] makes one that is not empty.
#[derive(Default)]
pub(super) struct Job {
    piece: AtomicPtr<()>,
    arguments: AtomicPtr<u8>,
}

impl Job {
    /// Becomes the same as another.
    pub fn copy(&self, other: &Job) {
        self.piece.store(other.piece.load(Ordering::Relaxed), Ordering::Relaxed);
        self.arguments.store(other.arguments.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Carries out some rounds of a job: `Turn::share`, or a thread of its team that has taken them. Nobody else calls this.
pub(super) fn carry_out(job: &Job, who: u64, first: u64, end: u64) {
    let (piece, arguments) = (job.piece.load(Ordering::Relaxed), job.arguments.load(Ordering::Relaxed));
    if piece.is_null() {
        crate::bug!("a piece was taken of no job");
    }
    // SAFETY: the job was handed to `share` by code that `Units` wrote: a function with the parameters of `Piece`, written
    // with the arguments that lie there. `share` returns only when all pieces that were taken are finished, and a job is
    // replaced only after that (see `team`), so code, arguments and every buffer outlive this call, and what was stored
    // before the job was posted is seen here. `first..end` lies in the rounds that the nest has, so that no access leaves its
    // buffer; and `loops::verify` has proven that pieces store nothing that another one loads or stores, but for the memory
    // that `who` has for itself: each of the team has another number below the number for which `Code` made room.
    unsafe { std::mem::transmute::<*mut (), Piece>(piece)(arguments, who, first, end) }
}

/// Called by the function that runs the steps: has a nest's pieces carried out, and returns when all are finished.
unsafe extern "C" fn share(
    turn: *const Turn<'_>,
    piece: *mut (),
    arguments: *mut u8,
    rounds: u64,
    least: u64,
    unit: u64,
) {
    let job = Job { piece: AtomicPtr::new(piece), arguments: AtomicPtr::new(arguments) };
    // SAFETY: it is what `Machine::enter` handed to the code, whose frame is still below this one: null, or a turn that lives.
    match unsafe { turn.as_ref() } {
        Some(turn) => turn.share(&job, rounds, least, unit),
        None => carry_out(&job, 0, 0, rounds),
    }
}

/// Machine code of several programs, freed when it is dropped.
pub(super) struct Machine {
    /// One for each program.
    entries: Vec<Entry>,
    /// The code; `None` only while being dropped. Nobody locks it: the lock says that threads may share a machine.
    module: Mutex<Option<JITModule>>,
}

/// Address space set aside for the functions of some programs, so that they reach each other; pages are taken from it as
/// they are needed.
const RESERVED: usize = 1 << 28;

fn failed(error: impl std::fmt::Display) -> Unsupported {
    Unsupported { message: format!("Cranelift: {error}"), span: None }
}

/// The instructions of this machine; `optimised` lets Cranelift move them.
fn target(optimised: bool) -> Result<OwnedTargetIsa, Unsupported> {
    let mut flags = settings::builder();
    let level = if optimised { "speed" } else { "none" };
    for (name, value) in [
        ("opt_level", level),
        ("is_pic", "false"),
        ("use_colocated_libcalls", "false"),
        ("probestack_strategy", "inline"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ] {
        flags.set(name, value).map_err(failed)?;
    }
    let builder = cranelift_native::builder().map_err(failed)?;
    builder.finish(settings::Flags::new(flags)).map_err(failed)
}

/// How functions are called here, and which vectors kernels may use.
pub(super) fn convention(vectors: Vectors) -> Result<Convention, Unsupported> {
    let isa = target(true)?;
    Ok(Convention { call: isa.default_call_conv(), config: isa.frontend_config(), vectors })
}

/// A function as bytes.
struct Compiled {
    bytes: Vec<u8>,
    alignment: u64,
    relocations: Vec<ModuleReloc>,
}

/// How many threads compile functions: what comes out is the same.
const THREADS: usize = 2;

/// Compiles functions, the longest first, each by whoever is free.
fn compiled(list: &[Unit]) -> Result<Vec<Compiled>, Unsupported> {
    let targets = [target(false)?, target(true)?];
    let mut order: Vec<usize> = (0..list.len()).collect();
    order.sort_by_key(|number| std::cmp::Reverse(list[*number].function.dfg.num_insts()));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || {
        let mut context = Context::new();
        while let Some(number) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let unit = &list[*number];
            context.func = unit.function.clone();
            let made = one(&mut context, &targets[usize::from(unit.optimised)], *number);
            context.clear();
            if let Ok(mut done) = done.lock() {
                done.push((*number, made));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..THREADS.min(list.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().map_err(failed)?;
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, made)| made).collect()
}

fn one(context: &mut Context, target: &OwnedTargetIsa, number: usize) -> Result<Compiled, Unsupported> {
    let mut plane = ControlPlane::default();
    context.compile(&**target, &mut plane).map_err(|error| failed(format!("{:?}", error.inner)))?;
    let Some(code) = context.compiled_code() else { crate::bug!("a function was compiled, and there is no code") };
    let id = FuncId::from_u32(number as u32);
    let relocations = code.buffer.relocs().iter();
    Ok(Compiled {
        bytes: code.buffer.data().to_vec(),
        alignment: u64::from(code.buffer.alignment),
        relocations: relocations.map(|reloc| ModuleReloc::from_mach_reloc(reloc, &context.func, id)).collect(),
    })
}

/// Functions as the machine's instructions, as text.
pub(super) fn assembly(units: &Units) -> Result<String, Unsupported> {
    let targets = [target(false)?, target(true)?];
    let mut text = String::new();
    let mut context = Context::new();
    for (number, unit) in units.list.iter().enumerate() {
        context.set_disasm(true);
        context.func = unit.function.clone();
        one(&mut context, &targets[usize::from(unit.optimised)], number)?;
        let code = context.compiled_code().and_then(|code| code.vcode.as_deref());
        text += &format!("{}{}\n", text::title(number, &unit.names), code.unwrap_or_default());
        context.clear();
    }
    Ok(text)
}

/// Has calls of kernels lead to them.
fn link(
    module: &mut JITModule,
    units: &Units,
    codes: &mut [Compiled],
    kernels: &[(Kernel, crate::kernels::Product)],
) -> Result<(), Unsupported> {
    let signature = units.signature(PARAMETERS);
    let mut ids = Vec::new();
    for (kernel, _) in kernels {
        ids.push(module.declare_function(kernel.name(), Linkage::Import, &signature).map_err(failed)?);
    }
    for relocation in codes.iter_mut().flat_map(|code| &mut code.relocations) {
        if let ModuleRelocTarget::User { namespace: KERNELS, index } = relocation.name {
            relocation.name = ids[index as usize].into();
        }
    }
    Ok(())
}

impl Machine {
    /// Compiles all functions of some programs; functions that are the same are there once.
    pub fn new(programs: &[&Program], vectors: Vectors) -> Result<Machine, Unsupported> {
        let units = Units::of(programs, convention(vectors)?)?;
        let mut codes = compiled(&units.list)?;
        let mut builder = JITBuilder::with_isa(target(true)?, cranelift_module::default_libcall_names());
        builder.memory_provider(Box::new(ArenaMemoryProvider::new_with_size(RESERVED).map_err(failed)?));
        let kernels: Vec<_> =
            Kernel::ALL.into_iter().filter_map(|kernel| Some((kernel, vectors.kernel(kernel)?))).collect();
        builder.symbols(kernels.iter().map(|(kernel, function)| (kernel.name(), *function as *const u8)));
        let mut module = JITModule::new(builder);
        let mut ids = Vec::new();
        for (number, unit) in units.list.iter().enumerate() {
            let name = format!("unit{number}");
            ids.push(module.declare_function(&name, Linkage::Local, &unit.function.signature).map_err(failed)?);
        }
        link(&mut module, &units, &mut codes, &kernels)?;
        for (id, code) in ids.iter().zip(&codes) {
            module.define_function_bytes(*id, code.alignment, &code.bytes, &code.relocations).map_err(failed)?;
        }
        module.finalize_definitions().map_err(failed)?;
        let entry = |number: &usize| {
            let address = module.get_finalized_function(ids[*number]);
            // SAFETY: a program's last function was written by `Units::steps` with the parameters of `Entry`, in the calling
            // convention that is the machine's own, and `module` keeps its memory as long as the entry lives.
            unsafe { std::mem::transmute::<*const u8, Entry>(address) }
        };
        let entries = units.entries.iter().map(entry).collect();
        Ok(Machine { entries, module: Mutex::new(Some(module)) })
    }

    /// Runs so many steps of a program. `Code::call`, which alone calls this, has looked at the slots: each pointer leads to
    /// as many cells as its slot has, of its kind, with every class within its bound, and is held exclusively.
    pub fn enter(
        &self,
        program: usize,
        slots: &[AtomicPtr<u8>],
        scratch: &mut Storage,
        steps: u64,
        turn: Option<&Turn<'_>>,
    ) {
        let turn = turn.map_or(std::ptr::null(), std::ptr::from_ref);
        let slots: *const *mut u8 = slots.as_ptr().cast();
        // SAFETY: an `AtomicPtr<u8>` lies as a `*mut u8` does, and nobody stores to these while the code reads them. The slots
        // are as the program declares them (see above, and `Code::look`); scratch memory is of the
        // program's size, with room behind it for the pieces of each of the team, and held exclusively; all begin at a
        // multiple of 64 bytes; and that no access leaves these buffers is what `loops::verify` has proven before the code
        // was made. The team's threads touch them only while the code waits in `share`.
        unsafe { (self.entries[program])(slots, scratch.as_mut_ptr(), steps, turn, share) }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let module = self.module.get_mut().map_or_else(|poisoned| poisoned.into_inner().take(), Option::take);
        if let Some(module) = module {
            // SAFETY: the entries are the only ways into this memory, `&mut self` says that no call is under way, and nobody
            // was given an address of it.
            unsafe { module.free_memory() };
        }
    }
}
