//! Bytes that cost more to read or compile than to write. Most are made without a text form: no
//! text of them would be read in time.

use wasm_encoder::{
    CodeSection, Component, ComponentBuilder, ComponentExportKind, CustomSection, ExportKind,
    ExportSection, Function, FunctionSection, Instruction, Module, ModuleArg, TypeSection, ValType,
};

/// `fan` instances of `fan` instances of …, `depth` levels: `fan^depth` in all.
pub fn instances(depth: usize, fan: usize) -> String {
    let mut text =
        "(component $c0 (core module $m (memory 1)) (core instance (instantiate $m)))".to_owned();
    for level in 1..=depth {
        let below = level - 1;
        let inner = format!("(instance (instantiate $c{below}))").repeat(fan);
        text = format!("(component $c{level} {text} {inner})");
    }
    text
}

/// Components in components, `depth` levels.
pub fn nested_components(depth: usize) -> Vec<u8> {
    let mut bytes = Component::new().finish();
    for _ in 0..depth {
        // By hand: nesting as an encoder does it copies everything at every level.
        let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
        leb(&mut outer, bytes.len());
        outer.extend_from_slice(&bytes);
        bytes = outer;
    }
    bytes
}

fn leb(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        out.push(if value == 0 { byte } else { byte | 0x80 });
        if value == 0 {
            return;
        }
    }
}

/// A component around a core module whose `f` takes and gives an `i32`.
fn component(module: &Module) -> Vec<u8> {
    let mut builder = ComponentBuilder::default();
    let module = builder.core_module(None, module);
    let instance = builder.core_instantiate(None, module, std::iter::empty::<(&str, ModuleArg)>());
    let core = builder.core_alias_export(None, instance, "f", ExportKind::Func);
    let (ty, mut function) = builder.type_function(None);
    function.params([("n", wasm_encoder::PrimitiveValType::S32)]);
    function.result(Some(wasm_encoder::ComponentValType::Primitive(
        wasm_encoder::PrimitiveValType::S32,
    )));
    let lifted = builder.lift_func(None, core, ty, []);
    builder.export("f", ComponentExportKind::Func, lifted, None);
    builder.finish()
}

/// A module of these functions, each `i32 -> i32`; the first is `f`.
fn module(bodies: impl IntoIterator<Item = Function>) -> Module {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for body in bodies {
        functions.function(0);
        code.function(&body);
    }
    let mut exports = ExportSection::new();
    exports.export("f", ExportKind::Func, 0);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&exports).section(&code);
    module
}

/// One function out of raw instructions.
fn raw(locals: u32, bytes: Vec<u8>) -> Function {
    let groups: Vec<(u32, ValType)> =
        if locals > 0 { vec![(locals, ValType::I32)] } else { vec![] };
    let mut function = Function::new(groups);
    function.raw(bytes);
    function.instruction(&Instruction::End);
    function
}

/// So many functions that only give back what they took.
pub fn many_functions(count: usize) -> Vec<u8> {
    component(&module((0..count).map(|_| raw(0, vec![0x20, 0x00]))))
}

/// One function of so many additions.
pub fn big_addition(count: usize) -> Vec<u8> {
    let mut bytes = vec![0x20, 0x00];
    bytes.extend([0x20, 0x00, 0x6a].repeat(count));
    component(&module([raw(0, bytes)]))
}

/// `functions` functions of `calls` calls each.
pub fn calls(functions: usize, calls: usize) -> Vec<u8> {
    let body = || {
        let mut bytes = vec![0x20, 0x00];
        bytes.extend([0x10, 0x00].repeat(calls));
        raw(0, bytes)
    };
    component(&module((0..functions).map(|_| body())))
}

/// Blocks in blocks.
pub fn nested_ifs(depth: usize) -> Vec<u8> {
    let mut bytes = [0x20, 0x00, 0x04, 0x40].repeat(depth);
    bytes.extend(vec![0x0b; depth]);
    bytes.extend([0x20, 0x00]);
    component(&module([raw(0, bytes)]))
}

/// `tables` branch tables of `targets` targets each.
pub fn branch_tables(tables: usize, targets: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..tables {
        // block; local.get 0; br_table 0 …; end
        bytes.extend([0x02, 0x40, 0x20, 0x00, 0x0e]);
        leb(&mut bytes, targets);
        bytes.extend(vec![0x00; targets + 1]);
        bytes.push(0x0b);
    }
    bytes.extend([0x20, 0x00]);
    component(&module([raw(0, bytes)]))
}

/// Many variables that are alive through many nested loops, in so many functions.
pub fn live_variables(functions: usize, variables: u32, loops: usize) -> Vec<u8> {
    let body = || {
        let mut bytes = Vec::new();
        for _ in 0..loops {
            bytes.extend([0x03, 0x40]);
            for index in 0..variables {
                bytes.push(0x20);
                leb(&mut bytes, index as usize);
                bytes.push(0x20);
                leb(&mut bytes, ((index + 1) % variables) as usize);
                bytes.extend([0x6a, 0x21]);
                leb(&mut bytes, index as usize);
            }
        }
        for _ in 0..loops {
            bytes.extend([0x20, 0x00, 0x0d, 0x00, 0x0b]);
        }
        bytes.extend([0x20, 0x00]);
        raw(variables, bytes)
    };
    component(&module((0..functions).map(|_| body())))
}

/// So many types of functions, all different.
pub fn many_types(count: u32) -> Vec<u8> {
    let kinds = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    for index in 0..count {
        let params = (0..10).map(|place| kinds[(index >> (2 * place)) as usize & 3]);
        types.ty().function(params, []);
    }
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut code = CodeSection::new();
    code.function(&raw(0, vec![0x20, 0x00]));
    let mut exports = ExportSection::new();
    exports.export("f", ExportKind::Func, 0);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&exports).section(&code);
    component(&module)
}

/// A component with a custom section of so many bytes.
pub fn ballast(bytes: usize) -> Vec<u8> {
    let mut outer = Component::new();
    let section = CustomSection { name: "ballast".into(), data: vec![0; bytes].into() };
    outer.section(&section);
    outer.finish()
}

/// A list of structures of the GC proposal.
pub fn gc_chain() -> Vec<u8> {
    crate::guest::binary(&crate::guest::core(
        r#"(type $n (struct (field (ref null $n)) (field i64)))
            (func (export "f") (local $h (ref null $n))
                (loop (local.set $h (struct.new $n (local.get $h) (i64.const 1))) (br 0)))"#,
    ))
}
