//! What a component may be made of, counted before anything else reads it.
//!
//! A few hundred bytes can describe a component that costs gigabytes to compile, and types nested
//! in types overflow the stack of readers that recurse. This is one pass over the bytes that keeps
//! its own stack and multiplies counts instead of expanding what they count.

use std::fmt;

use wasmparser::{
    BinaryReader, ComponentAlias, ComponentExternalKind, ComponentImport, ComponentInstance,
    ComponentOuterAliasKind, ComponentType, ComponentTypeRef, CoreType, Encoding, FunctionBody,
    Instance, InstanceTypeDeclaration, MemoryType, Operator, Parser, Payload, TypeRef,
};

/// What is counted, and how much of it may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Bytes of the whole component.
    FileBytes,
    /// Components within components.
    ComponentDepth,
    /// Types within types.
    TypeDepth,
    /// Components and modules defined anywhere.
    Definitions,
    /// Instances that exist once everything is instantiated.
    Instances,
    /// Aliases, adapters, imports and exports that exist once everything is instantiated.
    Items,
    /// Functions of all modules.
    Functions,
    /// Bytes of one function body.
    BodyBytes,
    /// Local variables of one function.
    Locals,
    /// Blocks within blocks of one function.
    BlockDepth,
    /// Bytes of all function bodies.
    CodeBytes,
    /// Types of all components and modules.
    Types,
    /// Targets of all branch tables.
    BranchTargets,
    /// Data and element segments.
    Segments,
    /// Globals of all modules.
    Globals,
    /// Bytes of all custom sections.
    CustomBytes,
    /// Imports of the component itself.
    Imports,
    /// Exports of the component itself.
    Exports,
    /// Bytes of one import or export name of the component itself.
    NameBytes,
}

impl Bound {
    /// The most that is allowed.
    pub fn max(self) -> u64 {
        match self {
            Self::FileBytes => 32 << 20,
            Self::ComponentDepth => 8,
            Self::TypeDepth => 32,
            Self::Definitions => 64,
            Self::Instances => 256,
            Self::Items => 100_000,
            Self::Functions => 50_000,
            Self::BodyBytes => 256 << 10,
            Self::Locals => 4_096,
            // Compilers nest a block for each arm of a large switch; the time to compile them grows
            // faster than their number.
            Self::BlockDepth => 10_000,
            Self::CodeBytes => 16 << 20,
            Self::Types => 20_000,
            Self::BranchTargets => 200_000,
            Self::Segments => 10_000,
            Self::Globals => 10_000,
            // Debug information of a development build goes here; it is never looked at.
            Self::CustomBytes => 16 << 20,
            Self::Imports => 200,
            Self::Exports => 1_000,
            Self::NameBytes => 128,
        }
    }

    fn check(self, found: u64) -> Result<(), StructureError> {
        if found <= self.max() { Ok(()) } else { Err(StructureError::TooMuch(self, found)) }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FileBytes => "bytes",
            Self::ComponentDepth => "levels of components in components",
            Self::TypeDepth => "levels of types in types",
            Self::Definitions => "components and modules",
            Self::Instances => "instances",
            Self::Items => "aliases, adapters, imports and exports",
            Self::Functions => "functions",
            Self::BodyBytes => "bytes in one function",
            Self::Locals => "local variables in one function",
            Self::BlockDepth => "levels of blocks in one function",
            Self::CodeBytes => "bytes of code",
            Self::Types => "types",
            Self::BranchTargets => "branch table targets",
            Self::Segments => "data and element segments",
            Self::Globals => "globals",
            Self::CustomBytes => "bytes in custom sections",
            Self::Imports => "imports",
            Self::Exports => "exports",
            Self::NameBytes => "bytes in the name of an import or export",
        })
    }
}

/// Why a component is refused before it is read any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StructureError {
    /// More of something than is allowed.
    #[error("the component has {1} {0}, expected at most {max}", max = .0.max())]
    TooMuch(Bound, u64),
    /// A feature that no skill needs and that cannot be bounded, or not yet.
    #[error("the component uses {0}, which is not supported")]
    Unsupported(&'static str),
    /// A name that would not look the same to everyone.
    #[error("the name of an import or export holds characters other than printable ASCII")]
    Name,
    /// Broken or cut off.
    #[error("not a valid component: {0}")]
    Invalid(String),
}

impl StructureError {
    /// The stable kind, as in the table of error kinds.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TooMuch(..) => "limit.structure",
            Self::Unsupported(_) | Self::Name | Self::Invalid(_) => "invalid.component",
        }
    }
}

impl From<wasmparser::BinaryReaderError> for StructureError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        // The reader's texts quote no bytes of the file beside names; those are cut and escaped.
        let text: String = error.to_string().chars().take(200).collect();
        Self::Invalid(text.escape_debug().to_string())
    }
}

/// Checks everything but the code itself. Fast: bodies are skipped.
pub fn outline(bytes: &[u8]) -> Result<(), StructureError> {
    walk(bytes, false)
}

/// Checks everything, including every instruction's reach.
pub fn full(bytes: &[u8]) -> Result<(), StructureError> {
    walk(bytes, true)
}

fn walk(bytes: &[u8], code: bool) -> Result<(), StructureError> {
    Bound::FileBytes.check(bytes.len() as u64)?;
    let mut walk = Walk { bytes, code, ..Walk::default() };
    for payload in Parser::new(0).parse_all(bytes) {
        walk.payload(payload?)?;
    }
    Ok(())
}

/// What one component comes to when it is instantiated once.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    instances: u64,
    items: u64,
}

/// A component or module that is being read.
#[derive(Debug, Default)]
struct Level {
    module: bool,
    cost: Cost,
    /// The index space of components: what each one costs.
    components: Vec<Cost>,
    memories: u32,
}

#[derive(Default)]
struct Walk<'a> {
    bytes: &'a [u8],
    code: bool,
    levels: Vec<Level>,
    definitions: u64,
    functions: u64,
    code_bytes: u64,
    types: u64,
    branch_targets: u64,
    segments: u64,
    globals: u64,
    custom_bytes: u64,
    imports: u64,
    exports: u64,
}

impl<'a> Walk<'a> {
    fn payload(&mut self, payload: Payload<'a>) -> Result<(), StructureError> {
        match payload {
            Payload::Version { encoding, .. } => self.open(encoding == Encoding::Module),
            Payload::End(_) => self.close(),
            Payload::InstanceSection(reader) => {
                reader.into_iter().try_for_each(|instance| self.core_instance(&instance?))
            }
            Payload::ComponentInstanceSection(reader) => {
                reader.into_iter().try_for_each(|instance| self.instance(&instance?))
            }
            Payload::ComponentAliasSection(reader) => {
                reader.into_iter().try_for_each(|alias| self.alias(&alias?))
            }
            Payload::ComponentImportSection(reader) => {
                reader.into_iter().try_for_each(|import| self.import(&import?))
            }
            Payload::ComponentExportSection(reader) => {
                for export in reader {
                    let export = export?;
                    self.items(1)?;
                    if export.kind == ComponentExternalKind::Component {
                        self.define(self.component(0, export.index)?);
                    }
                    if self.levels.len() == 1 {
                        add(&mut self.exports, 1, Bound::Exports)?;
                        name(export.name.name)?;
                    }
                }
                Ok(())
            }
            Payload::ComponentCanonicalSection(reader) => self.items(u64::from(reader.count())),
            Payload::ComponentTypeSection(reader) => self.component_types(reader.range()),
            Payload::CoreTypeSection(reader) => {
                reader.into_iter().try_for_each(|ty| match ty? {
                    CoreType::Rec(group) => self.add_types(group.types().len()),
                    // The type of a module: what it imports and exports counts as well.
                    CoreType::Module(declared) => self.add_types(1 + declared.len()),
                })
            }
            // An entry may be a whole group of types that name each other.
            Payload::TypeSection(reader) => {
                reader.into_iter().try_for_each(|group| self.add_types(group?.types().len()))
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    match import?.ty {
                        TypeRef::Memory(memory) => self.memory(&memory)?,
                        TypeRef::Func(_) => self.add_functions(1)?,
                        _ => {}
                    }
                }
                Ok(())
            }
            Payload::MemorySection(reader) => {
                reader.into_iter().try_for_each(|memory| self.memory(&memory?))
            }
            Payload::FunctionSection(reader) => self.add_functions(reader.count()),
            Payload::GlobalSection(reader) => {
                add(&mut self.globals, u64::from(reader.count()), Bound::Globals)
            }
            Payload::ElementSection(reader) => self.add_segments(reader.count()),
            Payload::DataSection(reader) => self.add_segments(reader.count()),
            Payload::CodeSectionEntry(body) => self.body(&body),
            Payload::CustomSection(reader) => {
                add(&mut self.custom_bytes, reader.data().len() as u64, Bound::CustomBytes)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, module: bool) -> Result<(), StructureError> {
        add(&mut self.definitions, 1, Bound::Definitions)?;
        self.levels.push(Level { module, ..Level::default() });
        Bound::ComponentDepth.check(self.levels.len() as u64)
    }

    fn close(&mut self) -> Result<(), StructureError> {
        if let Some(level) = self.levels.pop()
            && !level.module
        {
            self.define(level.cost);
        }
        Ok(())
    }

    /// Puts a component into the index space of the one that is being read.
    fn define(&mut self, cost: Cost) {
        if let Some(level) = self.levels.last_mut() {
            level.components.push(cost);
        }
    }

    /// The component `index` of the level `outward` levels out.
    fn component(&self, outward: u32, index: u32) -> Result<Cost, StructureError> {
        let level = self.levels.iter().nth_back(outward as usize);
        let cost = level.and_then(|level| level.components.get(index as usize));
        let unknown = || StructureError::Invalid("an unknown component is named".to_owned());
        cost.copied().ok_or_else(unknown)
    }

    fn spend(&mut self, cost: Cost) -> Result<(), StructureError> {
        let Some(level) = self.levels.last_mut() else { return Ok(()) };
        level.cost.instances = level.cost.instances.saturating_add(cost.instances);
        level.cost.items = level.cost.items.saturating_add(cost.items);
        Bound::Instances.check(level.cost.instances)?;
        Bound::Items.check(level.cost.items)
    }

    fn items(&mut self, count: u64) -> Result<(), StructureError> {
        self.spend(Cost { instances: 0, items: count })
    }

    fn core_instance(&mut self, instance: &Instance<'_>) -> Result<(), StructureError> {
        match instance {
            Instance::Instantiate { args, .. } => {
                self.spend(Cost { instances: 1, items: args.len() as u64 })
            }
            Instance::FromExports(exports) => self.items(exports.len() as u64),
        }
    }

    fn instance(&mut self, instance: &ComponentInstance<'_>) -> Result<(), StructureError> {
        match instance {
            ComponentInstance::Instantiate { component_index, args } => {
                let inner = self.component(0, *component_index)?;
                self.spend(Cost {
                    instances: inner.instances.saturating_add(1),
                    items: inner.items.saturating_add(args.len() as u64),
                })
            }
            ComponentInstance::FromExports(exports) => self.items(exports.len() as u64),
        }
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Result<(), StructureError> {
        self.items(1)?;
        match alias {
            // What such a component costs is only known once it is there.
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                Err(StructureError::Unsupported("a component taken out of an instance"))
            }
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                self.define(self.component(*count, *index)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn import(&mut self, import: &ComponentImport<'_>) -> Result<(), StructureError> {
        self.items(1)?;
        if matches!(import.ty, ComponentTypeRef::Component(_)) {
            return Err(StructureError::Unsupported("a component as an argument of a component"));
        }
        if self.levels.len() == 1 {
            add(&mut self.imports, 1, Bound::Imports)?;
            name(import.name.name)?;
        }
        Ok(())
    }

    fn memory(&mut self, memory: &MemoryType) -> Result<(), StructureError> {
        if memory.memory64 || memory.shared || memory.page_size_log2.is_some() {
            return Err(StructureError::Unsupported("a 64-bit, shared or fine-grained memory"));
        }
        if let Some(level) = self.levels.last_mut() {
            level.memories += 1;
            if level.memories > 1 {
                return Err(StructureError::Unsupported("a module with more than one memory"));
            }
        }
        Ok(())
    }

    fn body(&mut self, body: &FunctionBody<'a>) -> Result<(), StructureError> {
        let size = body.range().len() as u64;
        Bound::BodyBytes.check(size)?;
        add(&mut self.code_bytes, size, Bound::CodeBytes)?;
        if !self.code {
            return Ok(());
        }
        let mut locals = 0;
        for group in body.get_locals_reader()? {
            add(&mut locals, u64::from(group?.0), Bound::Locals)?;
        }
        let mut depth = 0_u64;
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::BrTable { targets } => {
                    add(&mut self.branch_targets, u64::from(targets.len()), Bound::BranchTargets)?;
                }
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Try { .. }
                | Operator::TryTable { .. } => add(&mut depth, 1, Bound::BlockDepth)?,
                // The function has an end of its own. Whether ends match is for the validation.
                Operator::End => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(())
    }

    fn add_types(&mut self, count: usize) -> Result<(), StructureError> {
        add(&mut self.types, count as u64, Bound::Types)
    }

    fn add_functions(&mut self, count: u32) -> Result<(), StructureError> {
        add(&mut self.functions, u64::from(count), Bound::Functions)
    }

    fn add_segments(&mut self, count: u32) -> Result<(), StructureError> {
        add(&mut self.segments, u64::from(count), Bound::Segments)
    }

    /// Counts types and how deep they are nested, without recursion: the readers of wasmparser
    /// recurse over types within types, so they see only those that hold no other.
    fn component_types(&mut self, range: std::ops::Range<usize>) -> Result<(), StructureError> {
        let section = self.bytes.get(range.clone()).unwrap_or_default();
        let mut reader = BinaryReader::new(section, range.start);
        // How many declarations are still to come, on each level of nesting.
        let mut open = vec![u64::from(reader.read_var_u32()?)];
        while let Some(left) = open.last_mut() {
            if *left == 0 {
                open.pop();
                continue;
            }
            *left -= 1;
            self.add_types(1)?;
            // On the outermost level every entry is a type, further in it is a declaration.
            let outermost = open.len() == 1;
            let declaration = if outermost { 0x01 } else { reader.clone().read_u8()? };
            match declaration {
                0x01 => {
                    if !outermost {
                        reader.read_u8()?;
                    }
                    if matches!(reader.clone().read_u8()?, 0x41 | 0x42) {
                        reader.read_u8()?;
                        open.push(u64::from(reader.read_var_u32()?));
                        Bound::TypeDepth.check(open.len() as u64)?;
                    } else {
                        reader.read::<ComponentType<'_>>()?;
                    }
                }
                0x03 => {
                    reader.read_u8()?;
                    reader.read::<ComponentImport<'_>>()?;
                }
                _ => {
                    reader.read::<InstanceTypeDeclaration<'_>>()?;
                }
            }
        }
        Ok(())
    }
}

fn add(total: &mut u64, count: u64, bound: Bound) -> Result<(), StructureError> {
    *total = total.saturating_add(count);
    bound.check(*total)
}

fn name(name: &str) -> Result<(), StructureError> {
    Bound::NameBytes.check(name.len() as u64)?;
    if name.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(StructureError::Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wat: &str, expected: &str) {
        let found = full(&wat::parse_str(wat).unwrap());
        assert_eq!(found.map_or_else(|error| error.to_string(), |()| String::new()), expected);
    }

    #[test]
    fn instances_are_multiplied_and_not_built() {
        let leaf = "(component $c (core module $m) (core instance (instantiate $m)))";
        let eight = |inner: &str| {
            format!("(component $c {inner} {})", "(instance (instantiate $c))".repeat(8))
        };
        // 8 leaves with an instance each, then 8 of those: 16 and 136.
        let allowed = eight(&eight(leaf));
        check(&allowed, "");
        check(&eight(&allowed), "the component has 274 instances, expected at most 256");
    }

    #[test]
    fn components_may_be_used_through_aliases_and_exports() {
        check(
            r#"(component $top (component $c)
                (component (alias outer $top $c (component $d)) (instance (instantiate $d)))
                (export "x" (component $c)))"#,
            "",
        );
    }

    #[test]
    fn types_within_one_entry_are_counted() {
        let too_many = "the component has 20001 types, expected at most 20000";
        let group = "(type (func))".repeat(20_001);
        check(&format!("(component (core module (rec {group})))"), too_many);
        let declared = (0..20_000).map(|n| format!(r#"(export "{n}" (memory 1))"#));
        let declared: String = declared.collect();
        check(&format!("(component (core type (module {declared})))"), too_many);
    }

    #[test]
    fn blocks_are_counted_by_how_deep_they_lie() {
        let nested = |depth: usize| {
            let text = |open: &str| {
                let (open, close) = (open.repeat(depth), "end ".repeat(depth));
                // Side by side they are no deeper.
                format!("(component (core module (func {open} {close} {open} {close})))")
            };
            [text("block "), text("loop "), text("i32.const 1 if ")]
        };
        for text in nested(10_000) {
            check(&text, "");
        }
        let expected =
            "the component has 10001 levels of blocks in one function, expected at most 10000";
        for text in nested(10_001) {
            check(&text, expected);
        }
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        check(
            r#"(component (component (import "x" (component $x)) (instance (instantiate $x))))"#,
            "the component uses a component as an argument of a component, which is not supported",
        );
        check(
            "(component (core module (memory 1) (memory 1)))",
            "the component uses a module with more than one memory, which is not supported",
        );
    }
}
