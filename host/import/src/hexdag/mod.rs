//! Documents of hexDAG: pipelines of nodes whose order comes from what they name.

use crate::out::Map;
use crate::work::Work;
use crate::yaml::node::Node;

pub(crate) fn translate(_documents: &[Node], _name: &str, _work: &Work) -> Vec<(String, Map)> {
    Vec::new()
}
