//! Steps laid out as a graph, the way the compiler does it.

use super::*;

/// The graph of these steps: names bound, needs found, blocks laid out as the compiler does.
pub fn graph(nodes: Vec<Node>, outputs: &[(&str, Template)]) -> Graph {
    let graph = graph_of(nodes, outputs);
    graph.assert_valid();
    graph
}

/// The same where the rights or limits of the pipeline come later.
pub fn graph_of(nodes: Vec<Node>, outputs: &[(&str, Template)]) -> Graph {
    let mut graph = Graph::of_steps("test", Vec::new());
    graph.blocks.clear();
    let mut queue = std::collections::VecDeque::from([(nodes, None, None::<usize>)]);
    while let Some((nodes, output, holder)) = queue.pop_front() {
        let block = graph.blocks.len();
        let first = graph.steps.len();
        if let Some(holder) = holder {
            place(&mut graph.steps[holder].kind, block);
        }
        graph.blocks.push(Block { holder, steps: first..first + nodes.len(), output });
        for (offset, node) in nodes.into_iter().enumerate() {
            graph.steps.push(Step { block, ..node.step });
            for (steps, output) in node.blocks {
                queue.push_back((steps, output, Some(first + offset)));
            }
        }
    }
    graph.outputs = outputs.iter().map(|(name, t)| ((*name).into(), t.clone())).collect();
    bind(&mut graph);
    graph
}

/// Gives the first block of a step that has none yet its index.
fn place(kind: &mut StepKind, block: usize) {
    let slots: Vec<&mut usize> = match kind {
        StepKind::Map(map) => vec![&mut map.block],
        StepKind::Loop(looped) => vec![&mut looped.block],
        StepKind::Switch(switch) => {
            switch.cases.iter_mut().map(|case| &mut case.block).chain(&mut switch.default).collect()
        }
        StepKind::Parallel(parallel) => {
            parallel.branches.iter_mut().map(|branch| &mut branch.block).collect()
        }
        _ => panic!("holds nothing"),
    };
    *slots.into_iter().find(|slot| **slot == 0).unwrap() = block;
}

fn bind(graph: &mut Graph) {
    let shape = graph.clone();
    let mut needs = Vec::new();
    for index in 0..graph.steps.len() {
        let inner = shape.steps[index].kind.blocks();
        let mut step = shape.steps[index].clone();
        for expr in step.when.iter_mut() {
            bind_expr(expr, &shape, Some(index), None, &mut needs);
        }
        let inside = inner.first().copied();
        let (mut own, mut after) = (Vec::new(), Vec::new());
        match &mut step.kind {
            StepKind::Uses(uses) => own.extend(uses.with.values_mut()),
            StepKind::Set(set) => own.extend(set.values.values_mut()),
            StepKind::Map(map) => own.push(&mut map.over),
            StepKind::Loop(looped) => {
                own.extend(&mut looped.state);
                after.extend(&mut looped.next);
                for expr in looped.whilst.iter_mut().chain(&mut looped.until) {
                    bind_expr(expr, &shape, Some(index), inside, &mut needs);
                }
            }
            StepKind::Switch(switch) => {
                own.extend(&mut switch.on);
                for case in &mut switch.cases {
                    if let CaseTest::When(expr) = &mut case.test {
                        bind_expr(expr, &shape, Some(index), None, &mut needs);
                    }
                }
            }
            StepKind::Parallel(parallel) => own.extend(&mut parallel.output),
            StepKind::Pipeline(child) => own.extend(child.with.values_mut()),
            StepKind::Approve(ask) => {
                own.extend(std::iter::once(&mut ask.message).chain(&mut ask.show));
            }
            StepKind::Wait(_) => {}
        }
        match &mut step.fallback {
            Some(Fallback::Value(value)) => own.push(value),
            Some(Fallback::Uses(uses)) => own.extend(uses.with.values_mut()),
            None => {}
        }
        for template in own {
            bind_template(template, &shape, Some(index), None, &mut needs);
        }
        for template in after {
            bind_template(template, &shape, Some(index), inside, &mut needs);
        }
        graph.steps[index] = step;
    }
    for (block, found) in shape.blocks.iter().enumerate() {
        if let Some(mut output) = found.output.clone() {
            bind_template(&mut output, &shape, found.holder, Some(block), &mut needs);
            graph.blocks[block].output = Some(output);
        }
    }
    for output in graph.outputs.values_mut() {
        bind_template(output, &shape, None, Some(0), &mut Vec::new());
    }
    for (user, used) in needs {
        let list = &mut graph.steps[user].needs;
        list.push(used);
        list.sort_unstable();
        list.dedup();
    }
}

type Needs = Vec<(usize, usize)>;

fn bind_template(
    t: &mut Template,
    graph: &Graph,
    step: Option<usize>,
    inside: Option<usize>,
    needs: &mut Needs,
) {
    match t {
        Template::Literal(_) => {}
        Template::Path(path) => bind_root(&mut path.root, graph, step, inside, needs),
        Template::Expr(expr) => bind_expr(expr, graph, step, inside, needs),
        Template::Text(parts) => {
            for part in parts {
                if let Part::Hole(expr) = part {
                    bind_expr(expr, graph, step, inside, needs);
                }
            }
        }
        Template::List(items) => {
            items.iter_mut().for_each(|item| bind_template(item, graph, step, inside, needs));
        }
        Template::Map(items) => {
            items.values_mut().for_each(|item| bind_template(item, graph, step, inside, needs));
        }
    }
}

fn bind_expr(
    expr: &mut Expr,
    graph: &Graph,
    step: Option<usize>,
    inside: Option<usize>,
    needs: &mut Needs,
) {
    expr.roots.iter_mut().for_each(|root| bind_root(root, graph, step, inside, needs));
    if let Some(path) = &mut expr.path {
        bind_root(&mut path.root, graph, step, inside, needs);
    }
}

/// Binds a name that is used by `step`, or in its block `inside`.
fn bind_root(
    root: &mut Root,
    graph: &Graph,
    step: Option<usize>,
    inside: Option<usize>,
    needs: &mut Needs,
) {
    let around = |mut at: Option<usize>, wanted: &dyn Fn(&StepKind) -> bool| {
        while let Some(index) = at {
            if wanted(&graph.steps[index].kind) {
                return index;
            }
            at = graph.blocks[graph.steps[index].block].holder;
        }
        panic!("nothing around gives this name");
    };
    match root {
        Root::Item(holder, _) => *holder = around(step, &|kind| matches!(kind, StepKind::Map(_))),
        Root::Loop(holder) => *holder = around(step, &|kind| matches!(kind, StepKind::Loop(_))),
        Root::Index(holder) => {
            *holder = around(step, &|kind| matches!(kind, StepKind::Map(_) | StepKind::Loop(_)));
        }
        Root::Branches(holder) => *holder = step.unwrap(),
        Root::Step(index, id) if *index == UNBOUND => {
            let mut user = step;
            let mut block = inside.or_else(|| step.map(|step| graph.steps[step].block));
            let mut is_inside = inside.is_some();
            while let Some(at) = block {
                let range = graph.blocks[at].steps.clone();
                if let Some(found) = range.clone().find(|n| graph.steps[*n].id == *id) {
                    *index = found;
                    if let Some(user) = user.filter(|_| !is_inside) {
                        needs.push((user, found));
                    }
                    return;
                }
                if is_inside {
                    is_inside = false;
                    block = user.map(|user| graph.steps[user].block);
                } else {
                    user = graph.blocks[at].holder;
                    block = user.map(|user| graph.steps[user].block);
                }
            }
            panic!("no step `{id}`");
        }
        _ => {}
    }
}
