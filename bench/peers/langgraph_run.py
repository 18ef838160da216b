"""Runs a shape of no-op nodes in LangGraph, in memory, and says what it took.

Usage and output as in hexdag_run.py. LangGraph has no file format, so loading is building the graph
and compiling it. Without a checkpointer, which is the fastest way through it.
"""

import json
import operator
import sys
import time
from typing import Annotated, TypedDict

from langgraph.graph import END, START, StateGraph


class Chain(TypedDict):
    x: int


class Fan(TypedDict):
    x: int
    seen: Annotated[list, operator.add]


def build(shape, count):
    """A chain, each node after the one before; or a first node, N after it, and one that joins them."""
    names = [f"n{number}" for number in range(count)]
    if shape == "chain":
        graph = StateGraph(Chain)
        for name in names:
            graph.add_node(name, lambda state: {"x": state["x"]})
        for before, after in zip([START, *names], [*names, END]):
            graph.add_edge(before, after)
    else:
        graph = StateGraph(Fan)
        graph.add_node("first", lambda state: {"x": state["x"]})
        graph.add_node("join", lambda state: {"x": state["x"]})
        graph.add_edge(START, "first")
        for name in names:
            graph.add_node(name, lambda state: {"seen": [state["x"]]})
            graph.add_edge("first", name)
        graph.add_edge(names, "join")
        graph.add_edge("join", END)
    return graph.compile()


def clock():
    return time.process_time(), time.perf_counter()


def main():
    shape, count = sys.argv[1], int(sys.argv[2])
    begun = clock()
    graph = build(shape, count)
    loaded = clock()
    start = {"x": 7} if shape == "chain" else {"x": 7, "seen": []}
    result = graph.invoke(start, {"recursion_limit": count + 10})
    done = clock()
    assert result["x"] == 7 and (shape == "chain" or len(result["seen"]) == count), result
    micro = lambda of, to: [round((b - a) * 1e6) for a, b in zip(of, to)]  # noqa: E731
    (load_cpu, load_wall), (run_cpu, run_wall) = micro(begun, loaded), micro(loaded, done)
    print(json.dumps({"load_cpu": load_cpu, "load_wall": load_wall, "run_cpu": run_cpu, "run_wall": run_wall}))


main()
