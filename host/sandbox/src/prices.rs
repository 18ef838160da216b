//! What operators cost in fuel: about as much as they take in time.
//!
//! A unit is what one simple operator takes in a tight loop, and every operator that takes a few
//! times as long costs as many. The prices are the nanoseconds that `tests::prices` prints on an AMD
//! EPYC of 2024, rounded up; a chain in which each operator waits for the one before was measured,
//! since that is what an attacker would write. In units per nanosecond no class is more than about
//! three times cheaper than an empty loop. What loads and stores take depends on caches, and what no
//! price can say the wall clock bounds.
//!
//! The engine compiles prices into the code: a change of them changes the fingerprint of compiled
//! code, and everybody's bills. Whoever changes them also counts up the number in
//! `coldframe_engine`'s `earlier.rs`, or calls remembered from before would have their old price.

use wasmtime::OperatorCost;

/// Sets the price of each operator of a class.
macro_rules! prices {
    ($cost:expr; $($price:literal: $($operator:ident)+;)+) => {
        $($($cost.$operator = $price;)+)+
    };
}

/// The price of every operator. One unit is the default, and nothing for marks of structure.
pub(crate) fn operator_cost() -> OperatorCost {
    let mut cost = OperatorCost::new();

    // The host does these, whatever comes of it.
    prices! { cost;
        100: MemoryGrow TableGrow;
        50: RefFunc MemoryFill;
        10: TableFill TableCopy TableInit ElemDrop DataDrop;
        4: MemoryCopy MemoryInit;
    }

    // Each call looks at the stack, the fuel and the clock; an indirect one at its target as well.
    prices! { cost;
        8: CallIndirect CallRef ReturnCallIndirect ReturnCallRef;
        6: Call ReturnCall;
        4: BrTable;
    }

    // Whole numbers: what the processor does step by step.
    prices! { cost;
        8: I32DivS I32DivU I32RemS I32RemU I64DivS I64DivU I64RemS I64RemU;
    }

    // Floating point, with what makes the bits of a NaN the same everywhere.
    prices! { cost;
        10: F32Sqrt F64Sqrt F32x4Sqrt F64x2Sqrt;
        8: F32Div F64Div F32x4Div F64x2Div;
        3: F32Add F32Sub F32Mul F32Min F32Max F64Add F64Sub F64Mul F64Min F64Max
           F32Ceil F32Floor F32Trunc F32Nearest F64Ceil F64Floor F64Trunc F64Nearest
           F32x4Add F32x4Sub F32x4Mul F64x2Add F64x2Sub F64x2Mul
           F32x4Ceil F32x4Floor F32x4Trunc F32x4Nearest
           F64x2Ceil F64x2Floor F64x2Trunc F64x2Nearest;
        3: F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U
           F64ConvertI32S F64ConvertI32U F64ConvertI64S F64ConvertI64U
           F32DemoteF64 F64PromoteF32
           I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U
           I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U
           I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U
           I64TruncSatF32S I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U;
    }

    // Vectors: what the processor has no single instruction for.
    prices! { cost;
        6: I32x4TruncSatF32x4S I32x4TruncSatF32x4U I32x4TruncSatF64x2SZero I32x4TruncSatF64x2UZero
           F32x4ConvertI32x4S F32x4ConvertI32x4U F64x2ConvertLowI32x4S F64x2ConvertLowI32x4U
           F32x4DemoteF64x2Zero F64x2PromoteLowF32x4
           F32x4Min F32x4Max F64x2Min F64x2Max;
        4: I8x16Shl I8x16ShrS I8x16ShrU I64x2ShrS I64x2Mul I8x16Popcnt I8x16Swizzle I8x16Shuffle
           I16x8Q15MulrSatS I32x4DotI16x8S I64x2Abs I64x2GtS I64x2GeS I64x2LtS I64x2LeS;
    }

    // How much there is of it is known when it runs: a byte costs one unit, also where it is in
    // memory that was never touched, and an element of a table what its check and barrier take.
    cost.variable.memory_copy_per_byte = 1;
    cost.variable.memory_fill_per_byte = 1;
    cost.variable.memory_init_per_byte = 1;
    cost.variable.memory_grow_per_page = 255;
    cost.variable.table_fill_per_element = 2;
    cost.variable.table_copy_per_element = 4;
    cost.variable.table_init_per_element = 4;
    cost.variable.table_grow_per_element = 6;
    cost
}
