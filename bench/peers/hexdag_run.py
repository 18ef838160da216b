"""Runs a shape of no-op nodes in hexDAG, in memory and from its YAML, and says what it took.

Usage: hexdag_run.py chain|fan N. Prints one line of JSON: CPU and wall time of loading and of running
alone, microseconds. What the whole process took is for whoever started it to measure. The graph goes
through the orchestrator alone, which is the fastest way through it: no journal, no checkpoint, and
logs off.
"""

import asyncio
import json
import os
import sys
import time

os.environ.setdefault("HEXDAG_LOG_LEVEL", "ERROR")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from hexdag.compiler.yaml_builder import YamlPipelineBuilder  # noqa: E402
from hexdag.kernel.orchestration.orchestrator import Orchestrator  # noqa: E402

try:
    from loguru import logger

    logger.remove()
except ImportError:
    pass


def pipeline(shape, count):
    """A chain, each node after the one before; or a first node, N after it, and one that joins them."""
    lines = ["apiVersion: hexdag/v1", "kind: Pipeline", f"metadata: {{ name: {shape} }}", "spec:", "  nodes:"]

    def node(name, after):
        lines.append("    - kind: function_node")
        lines.append(f"      metadata: {{ name: {name} }}")
        lines.append("      spec: { fn: no_op.no_op }")
        lines.append(f"      dependencies: [{', '.join(after)}]")

    if shape == "chain":
        for number in range(count):
            node(f"n{number}", [f"n{number - 1}"] if number else [])
    else:
        names = [f"n{number}" for number in range(count)]
        node("first", [])
        for name in names:
            node(name, ["first"])
        node("join", names)
    return "\n".join(lines) + "\n"


def clock():
    return time.process_time(), time.perf_counter()


def main():
    shape, count = sys.argv[1], int(sys.argv[2])
    text = pipeline(shape, count)
    begun = clock()
    graph, _ = YamlPipelineBuilder().build_from_yaml_string(text)
    loaded = clock()
    results = asyncio.run(Orchestrator(max_concurrent_nodes=16).run(graph, {"x": 7}))
    done = clock()
    last = results["join" if shape == "fan" else f"n{count - 1}"]
    assert last is not None and len(results) >= count, (len(results), last)
    micro = lambda of, to: [round((b - a) * 1e6) for a, b in zip(of, to)]  # noqa: E731
    (load_cpu, load_wall), (run_cpu, run_wall) = micro(begun, loaded), micro(loaded, done)
    print(json.dumps({"load_cpu": load_cpu, "load_wall": load_wall, "run_cpu": run_cpu, "run_wall": run_wall}))


main()
