//! What blocks come to.

use super::flow::Flow;
use super::value::Values;
use crate::document::join;
use crate::types::Ty;

impl Flow<'_, '_> {
    /// Looks at the steps of a block and at its output. Gives the type of what it comes to.
    pub(super) fn block(&mut self, index: usize) -> Ty {
        self.steps(index);
        self.result(index)
    }

    /// What a block comes to whose steps have been looked at.
    fn result(&mut self, index: usize) -> Ty {
        let (document, resolved) = (self.document, self.resolved);
        let (Some(decl), Some(block)) = (document.blocks.get(index), resolved.blocks.get(index))
        else {
            return Ty::Any;
        };
        if let Some(output) = &block.output {
            let path = join(&decl.path, "output");
            return Values { flow: self }.infer(output, &path).bounded();
        }
        let fields = decl.steps.iter().filter_map(|step| {
            let id = document.steps.get(*step)?.id?.text.clone();
            let ty = self.outputs.get(*step)?.clone();
            let absent = self.absence(*step).is_some();
            Some((id, if absent { ty.optional_even_if_any() } else { ty }))
        });
        Ty::bounded_object(fields.collect::<Vec<_>>())
    }
}
