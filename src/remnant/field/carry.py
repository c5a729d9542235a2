"""What is known of one case, carried over to another in which something else lies in the same ground.

A what-if (other mines, another quantity, a day on which deliveries stopped) says nothing about what searches found in
the case as it is. So the densities, shares and clumps that were learned there are kept, draw by draw, and only what the
what-if names differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from remnant.evidence import Case, Reduction
from remnant.field.groups import share_that_exists
from remnant.field.parameters import Parameter, ParameterTable, parameters_of
from remnant.field.posterior import DensityPosterior
from remnant.numerics import even_normals
from remnant.units import Floats, Ints

Key = tuple[str, int, str, int, int]
"""What puts items where: kind of source, hazard area, class, and the block's centre. [dm]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarriedPosterior:
    """Posterior of a case, read for a what-if of it; see `remnant.field.DensityPosterior`.

    Parameters
    ----------
    reduction, table, z, exists
        Of the what-if.
    learned
        Posterior of the case as it is.
    unit
        (n_units,) unit of the case that each one continues; −1 where the case knows nothing of it.
    """

    reduction: Reduction
    table: ParameterTable
    z: Floats
    exists: Floats
    learned: DensityPosterior
    unit: Ints

    def clumps(self, units: Ints, draws: slice | Ints) -> tuple[Floats, Floats]:
        """Shape [1] and scale [items per unit of ground] of the density of units, (n_draws, n_units) each."""
        values = self.table.values(self.z[draws])
        level = self.table.levels(values)[:, self.table.unit_level[units]]
        shape = values[:, self.table.unit_clump[units]] * self.reduction.unit_num_blocks[units]
        scale = level / shape
        was = self.unit[units]
        known = np.flatnonzero(was >= 0)
        shape[:, known], scale[:, known] = self.learned.clumps(was[known], draws)
        return shape, scale


def carry_over(
    learned: DensityPosterior, case: Case, reduction: Reduction, alias: Mapping[str, str], *, seed: int
) -> CarriedPosterior:
    """What is known of a case, for a what-if of it.

    Parameters
    ----------
    learned
        Posterior of the case as it is.
    case, reduction
        The what-if: the same records of ground, with other items, quantities or days.
    alias
        Class of the what-if → class of the case that it stands in for, by label.
    seed
        Numbers that only the what-if has are drawn from streams of their own, one per name: two what-ifs share them.
    """
    table = parameters_of(case, reduction)
    return CarriedPosterior(
        reduction=reduction,
        table=table,
        z=tied_normals(learned, table.parameters, alias, seed=seed),
        exists=_existence(learned, table, reduction, seed=seed, alias=alias),
        learned=learned,
        unit=_units(learned.reduction, reduction, alias),
    )


def tied_normals(
    learned: DensityPosterior, parameters: tuple[Parameter, ...], alias: Mapping[str, str], *, seed: int
) -> Floats:
    """(n_draws, n_parameters) whitened coordinates, tied to those of the case by name.

    A number of the same name has the same draws. The level of a class that stands in for another has the draws of that
    one's level: how wrong a recorded quantity is does not depend on what is put there. Any other number has a stream
    that its name alone decides, in an order of its own, so that no two of them go together.
    """
    place = {p.name: i for i, p in enumerate(learned.table.parameters)}
    num = len(learned.z)
    z = np.empty((num, len(parameters)))
    for i, p in enumerate(parameters):
        found = place.get(p.name, place.get(_name_before(p.name, alias), -1))
        z[:, i] = learned.z[:, found] if found >= 0 else named_normals(num, p.name, seed=seed)
    return z


def named_normals(num_draws: int, name: str, *, seed: int) -> Floats:
    """(n_draws,) standard normals, evenly spread, in an order that the name decides."""
    rng = np.random.default_rng([seed, *b"what-if", *name.encode()])
    return np.asarray(rng.permutation(even_normals(num_draws, 1, rng=rng)[:, 0]))


def _name_before(name: str, alias: Mapping[str, str]) -> str:
    """Name of a level with the class that its own stands in for."""
    for new, old in alias.items():
        stem = name.removesuffix(f".{new}")
        if stem != name and stem.startswith(("density.", "deposit_factor")):
            return f"{stem}.{old}"
    return name


def _existence(
    learned: DensityPosterior,
    table: ParameterTable,
    reduction: Reduction,
    *,
    seed: int,
    alias: Mapping[str, str],
) -> Floats:
    was = {k: s for s, k in enumerate(source_keys(learned.reduction, {}))}
    values = table.values(tied_normals(learned, table.parameters, alias, seed=seed))
    certain, share = share_that_exists(table.source_exists, values)
    exists = np.where(certain, 1.0, share)
    for s, key in enumerate(source_keys(reduction, alias)):
        if key in was and key[0] != "deposit":
            exists[:, s] = learned.exists[:, was[key]]
    return np.asarray(exists)


def source_keys(reduction: Reduction, alias: Mapping[str, str]) -> list[tuple[str, int, str]]:
    """Kind, hazard area and (of deliveries) class of every source."""
    ordnance = np.full(reduction.source_kind.size, -1, np.int64)
    ordnance[reduction.unit_source] = reduction.unit_class
    return [
        (
            str(kind),
            int(area),
            label_before(reduction.classes[c].label, alias) if kind == "deposit" and c >= 0 else "",
        )
        for kind, area, c in zip(reduction.source_kind, reduction.source_area, ordnance, strict=True)
    ]


def unit_keys(reduction: Reduction, alias: Mapping[str, str]) -> list[Key]:
    """What tells units apart, whatever a what-if calls their class; ground of several blocks has the block (−1, −1)."""
    x, y = reduction.grid.block_centre(np.maximum(reduction.unit_block, 0))
    has_block = reduction.unit_block >= 0
    x = np.where(has_block, np.round(x * 10.0), -1.0).astype(np.int64)
    y = np.where(has_block, np.round(y * 10.0), -1.0).astype(np.int64)
    kind, area = reduction.source_kind[reduction.unit_source], reduction.source_area[reduction.unit_source]
    return [
        (str(k), int(a), label_before(reduction.classes[c].label, alias), int(u), int(v))
        for k, a, c, u, v in zip(kind, area, reduction.unit_class, x, y, strict=True)
    ]


def label_before(label: str, alias: Mapping[str, str]) -> str:
    """The class that one stands in for; itself where it stands in for none."""
    return alias.get(label, label)


def _units(was: Reduction, now: Reduction, alias: Mapping[str, str]) -> Ints:
    """Unit of the case that each unit of the what-if continues.

    It is that of the same ground and class, else the only one of the same ground and kind of source: what stood there
    before another class, that was on record elsewhere, took its place.
    """
    # added-up ground has no find and no search: its prior is what is known of it
    place = {key: u for u, key in enumerate(unit_keys(was, {})) if was.unit_block[u] >= 0}
    of_ground: dict[tuple[str, int, int, int], list[int]] = {}
    for (kind, area, _, x, y), u in place.items():
        of_ground.setdefault((kind, area, x, y), []).append(u)
    out = np.full(now.unit_block.size, -1, np.int64)
    for u, key in enumerate(unit_keys(now, alias)):
        kind, area, _, x, y = key
        others = of_ground.get((kind, area, x, y), [])
        out[u] = place.get(key, others[0] if len(others) == 1 else -1)
    return out
