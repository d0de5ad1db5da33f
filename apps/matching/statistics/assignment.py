"""Which of the admitted pairs are made.

optimal   as many pairs as possible; among those as many cases as possible with at least one control; among those the
          smallest total distance. The first two never conflict: the places that can be filled together form a matroid
          (transversal), so that a largest set of first places can always be completed to a largest set of places.
          Optimal matching: Rosenbaum, J Am Stat Assoc 1989;84:1024. Solver: sparse Jonker–Volgenant (scipy).
greedy    cases in the order of the seed, in rounds: each takes its nearest free candidate, then each its second …
          (as MatchIt's method "nearest" with ratio > 1 and m.order "random").
With replacement each case simply takes its nearest candidates, by either method.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from .design import Design
from .eligibility import Eligible, Tick

Pairs = list[tuple[int, int, int]]  # place of the case, place of the candidate, distance in millionths


def assign(
    edges: Eligible, candidates: int, design: Design, *, tick: Tick = lambda done, total: None
) -> Pairs:
    """The pairs, by case and distance. The order of cases and candidates in `edges` breaks ties."""
    if design.with_replacement:
        chosen = _nearest(edges, design.ratio)
    elif design.method == "greedy":
        chosen = _greedy(edges, design.ratio)
    elif design.method == "optimal":
        chosen = _optimal(edges, candidates, design.ratio, tick)
    else:
        raise ValueError(f"no method “{design.method}”")
    return sorted(chosen, key=lambda pair: (pair[0], pair[2]))


def _nearest(edges: Eligible, ratio: int) -> Pairs:
    return [
        (case, int(edges.candidates[place]), int(edges.distances[place]))
        for case in range(len(edges.indptr) - 1)
        for place in range(edges.of_case(case).start, edges.of_case(case).stop)[:ratio]
    ]


def _greedy(edges: Eligible, ratio: int) -> Pairs:
    free = np.ones(int(edges.candidates.max()) + 1 if len(edges.candidates) else 0, dtype=bool)
    at = edges.indptr[:-1].copy()
    pairs: Pairs = []
    for _round in range(ratio):
        for case in range(len(at)):
            place, end = int(at[case]), int(edges.indptr[case + 1])
            while place < end and not free[edges.candidates[place]]:
                place += 1
            if place < end:
                candidate = int(edges.candidates[place])
                free[candidate] = False
                pairs.append((case, candidate, int(edges.distances[place])))
                place += 1
            at[case] = place
    return pairs


def _optimal(edges: Eligible, candidates: int, ratio: int, tick: Tick) -> Pairs:
    pairs: Pairs = []
    done = 0
    total = len(edges.indptr) - 1
    for cases in _components(edges, candidates):
        tick(done, total)
        pairs += _solve(edges, cases, ratio)
        done += len(cases)
    tick(total, total)
    return pairs


def _components(edges: Eligible, candidates: int) -> Iterator[npt.NDArray[np.int64]]:
    """The cases of each connected part of the graph: parts do not compete and are solved one by one."""
    cases = len(edges.indptr) - 1
    rows = np.repeat(np.arange(cases), np.diff(edges.indptr))
    size = cases + candidates
    graph = coo_matrix(
        (np.ones(len(rows), dtype=np.int8), (rows, edges.candidates + cases)), shape=(size, size)
    )
    _, labels = connected_components(graph, directed=False)
    with_edges = np.flatnonzero(np.diff(edges.indptr))
    order = with_edges[np.argsort(labels[with_edges], kind="stable")]
    ends = np.flatnonzero(np.diff(labels[order])) + 1
    for part in np.split(order, ends):
        if len(part):
            yield part


def _solve(edges: Eligible, cases: npt.NDArray[np.int64], ratio: int) -> Pairs:
    """One part: a row for each place to be filled, a column for each candidate and a private one for each row, on which
    it stays empty at a price above any distance. Exact: all weights are whole numbers below 2⁵³."""
    slices = [edges.of_case(int(case)) for case in cases]
    places = np.array([min(ratio, s.stop - s.start) for s in slices])
    units = int(places.sum())
    # As in `eligible`, with the places of this part alone.
    slices = [slice(s.start, min(s.stop, s.start + units)) for s in slices]
    if len(cases) == 1:
        case, own = int(cases[0]), slices[0]
        return [
            (case, int(edges.candidates[place]), int(edges.distances[place]))
            for place in range(own.start, own.stop)[:ratio]
        ]
    known, local = np.unique(np.concatenate([edges.candidates[s] for s in slices]), return_inverse=True)
    local = local.astype(np.int32)
    bounds = np.concatenate(([0], np.cumsum([s.stop - s.start for s in slices])))
    farthest = int(max(edges.distances[s].max() for s in slices)) + 1
    # Dearer than all distances together; and dearer than all those and all first places together.
    empty_first = farthest * units + 1
    empty = empty_first * (len(cases) + 1)
    columns, weights, sizes = [], [], []
    row = 0
    for number, own in enumerate(slices):
        neighbours = local[bounds[number] : bounds[number + 1]]
        costs = edges.distances[own].astype(np.float64) + 1  # an explicit zero would be no edge
        for copy in range(places[number]):
            columns += [neighbours, np.array([len(known) + row], dtype=np.int32)]
            weights += [costs, np.array([float(empty + (empty_first if copy == 0 else 0))])]
            sizes.append(len(neighbours) + 1)
            row += 1
    graph = csr_matrix(
        (np.concatenate(weights), np.concatenate(columns), np.concatenate(([0], np.cumsum(sizes)))),
        shape=(units, len(known) + units),
    )
    rows, taken = min_weight_full_bipartite_matching(graph)
    case_of_row = np.repeat(np.arange(len(cases)), places)
    pairs: Pairs = []
    for row, column in zip(rows, taken, strict=True):
        if column < len(known):
            number = int(case_of_row[row])
            own = slices[number]
            offset = int(np.flatnonzero(local[bounds[number] : bounds[number + 1]] == column)[0])
            place = own.start + offset
            pairs.append((int(cases[number]), int(edges.candidates[place]), int(edges.distances[place])))
    return pairs
