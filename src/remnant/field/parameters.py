"""Every uncertain number of a density model, as one vector of independent standard normals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from remnant.catalogue import FateModel, HeldShare, Range
from remnant.evidence import Case, OrdnanceClass, Reduction, background_classes, deposit_class
from remnant.fate import WHITENED_FIELDS, FateDraws, draws_at, hold_to, with_setting
from remnant.numerics import Z95, Link, link_of
from remnant.units import KM2_M2, Floats, Ints

_HELD_COLUMN = {"p_dud": 0, "p_explosive": 0, "p_sd_fails": 1, "p_functions": 4}
"""The whitened field whose coordinate a stated share goes with, where it is a range."""
_FATE_TITLES = {
    "p_arms": "arms (or functions on impact)",
    "p_sd_fails": "self-destruct never acts",
    "sd_delay_factor": "factor on the self-destruct time",
    "p_sd_late": "self-destruct acts late",
    "p_sda_fails": "never deactivates",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One uncertain number: its prior range with source, and its link to a whitened coordinate."""

    name: str
    title: str
    range: Range
    link: Link

    @classmethod
    def of(cls, name: str, title: str, prior: Range) -> Parameter:
        """A parameter from its sourced range."""
        link = link_of(prior.low, prior.high, is_probability=prior.unit == "1")
        return cls(name=name, title=title, range=prior, link=link)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParameterTable:
    """The parameters of a case's model, and which of them each part of the model reads.

    Parameters
    ----------
    parameters
        In the order of the whitened coordinates.
    unit_level
        (n_units,) parameter that scales each unit's density.
    source_exists
        (n_sources,) parameter of existence, −1 where the source is certain to be there.
    method_detect
        Method name → parameter.
    class_fate
        (n_classes, 5) parameters of each class's fate, in the order of `WHITENED_FIELDS`.
    class_models
        Behaviour of each class, with its setting applied.
    unit_clump
        (n_units,) parameter of each unit's clump shape: deposits have one of their own, because a recorded delivery
        lies more evenly than what people laid.
    class_held
        Shares of each class that are taken as stated.
    """

    parameters: tuple[Parameter, ...]
    unit_level: Ints
    source_exists: Ints
    method_detect: Mapping[str, int]
    class_fate: Ints
    class_models: tuple[FateModel, ...]
    unit_clump: Ints
    class_held: tuple[tuple[HeldShare, ...], ...]

    def values(self, z: Floats) -> Floats:
        """(n_draws, n_parameters) values at whitened coordinates of the same shape, in catalogue units."""
        return np.stack([p.link.value(z[:, i]) for i, p in enumerate(self.parameters)], axis=1)

    def levels(self, values: Floats) -> Floats:
        """(n_draws, n_parameters) values with densities per m² instead of per km²: what scales a unit's ground."""
        per_unit = [KM2_M2 if p.range.unit == "1/km2" else 1.0 for p in self.parameters]
        return np.asarray(values / np.array(per_unit))

    def fate(self, ordnance: int, z: Floats) -> FateDraws:
        """Fate parameters of a class at whitened coordinates."""
        mine = z[:, self.class_fate[ordnance]]
        draws = draws_at(self.class_models[ordnance], mine)
        for held in self.class_held[ordnance]:
            column = mine[:, _HELD_COLUMN[held.quantity]]
            link = link_of(held.share.low, held.share.high, is_probability=True)
            # a coordinate of what arms is high where few are duds
            share = link.value(-column if held.quantity in ("p_dud", "p_explosive") else column)
            draws = hold_to(draws, held.quantity, share, held.age_d)
        return draws


def parameters_of(case: Case, reduction: Reduction) -> ParameterTable:
    """The uncertain numbers that a case's model needs, with the case's own priors before the catalogue's."""
    table: list[Parameter] = []
    index: dict[str, int] = {}

    def number(name: str, title: str, prior: Range) -> int:
        if name not in index:
            index[name] = len(table)
            table.append(Parameter.of(name, title, prior))
        return index[name]

    classes = reduction.classes
    source_exists = np.full(reduction.source_kind.size, -1, np.int64)
    hazard_class = np.full(reduction.source_kind.size, "", dtype=object)
    for s, (kind, area) in enumerate(zip(reduction.source_kind, reduction.source_area, strict=True)):
        if kind == "area":
            hazard_class[s] = str(case.areas.hazard_class[area])
            name = f"exists.{hazard_class[s]}"
            source_exists[s] = number(
                name, f"share of {hazard_class[s]} areas that ever held anything", case.prior(name)
            )
    unit_level = np.zeros(reduction.unit_source.size, np.int64)
    pairs = np.stack([reduction.unit_source, reduction.unit_class], axis=1)
    memo: dict[tuple[str, int], int] = {}
    for u, (source, ordnance) in enumerate(pairs.tolist()):
        kind = str(reduction.source_kind[source])
        stratum = hazard_class[source] if kind == "area" else kind
        if (stratum, ordnance) not in memo:
            memo[stratum, ordnance] = number(*_level(case, kind, stratum, classes[ordnance]))
        unit_level[u] = memo[stratum, ordnance]
    if case.region is not None:  # ground that no record touches needs its numbers even where no unit has them
        for entry in background_classes(case):
            number(*_level(case, "background", "background", entry))
        number("clump_shape", _clump_title(), case.prior("clump_shape"))
    is_deposit = reduction.source_kind[reduction.unit_source] == "deposit"
    unit_clump = np.full(is_deposit.size, -1, np.int64)
    for name, mine, where in (
        ("clump_shape", ~is_deposit, ""),
        ("clump_shape.deposits", is_deposit, " of recorded deliveries"),
    ):
        if mine.any():
            unit_clump[mine] = number(name, _clump_title(where), case.prior(name))
    methods = sorted({step.method for h in reduction.histories for step in h.searches})
    method_detect = {
        m: number(
            f"p_detect.{m}",
            f"{case.catalogue.method(m).title} finds an item that is there",
            case.catalogue.method(m).p_detect,
        )
        for m in methods
    }
    models, held, fate_index = [], [], np.zeros((len(classes), len(WHITENED_FIELDS)), np.int64)
    for c, entry in enumerate(classes):
        kind_of, _ = with_setting(case.catalogue.ordnance(entry.type), entry.setting)
        models.append(kind_of.fate)
        held.append(kind_of.held)
        for f, name in enumerate(WHITENED_FIELDS):
            fate_index[c, f] = number(
                f"fate.{kind_of.name}.{name}",
                f"{kind_of.name}: {_FATE_TITLES[name]}",
                getattr(kind_of.fate, name),
            )
    return ParameterTable(
        parameters=tuple(table),
        unit_level=unit_level,
        source_exists=source_exists,
        method_detect=method_detect,
        class_fate=fate_index,
        class_models=tuple(models),
        unit_clump=unit_clump,
        class_held=tuple(held),
    )


def _clump_title(where: str = "") -> str:
    return f"clump shape{where} (small: few places hold most items)"


def background_level(entry: OrdnanceClass) -> str:
    """Name of the parameter that scales a class outside hazard areas."""
    return f"density.background.{entry.label}"


def _level(case: Case, kind: str, stratum: str, entry: OrdnanceClass) -> tuple[str, str, Range]:
    """Name, title and prior of the parameter that scales a class in a stratum."""
    if kind == "deposit":
        name, title = f"deposit_factor.{entry.label}", f"{entry.label}: items there were per item on record"
        return name, title, _deposit_range(case, entry)
    where = "outside hazard areas" if kind == "background" else f"in {stratum} areas that hold any"
    prior = case.prior(f"density.{stratum}")
    return f"density.{stratum}.{entry.label}", f"{entry.label}: items {where}", prior


def _deposit_range(case: Case, entry: OrdnanceClass) -> Range:
    """How wrong recorded quantities may be: the general factor widened by the records' own ranges."""
    general = case.prior("deposit_factor")
    mine = [d for d in range(case.deposits.id.size) if deposit_class(case.deposits, d) == entry]
    low, high = case.deposits.quantity_low[mine], case.deposits.quantity_high[mine]
    # from nothing to so many: the centre is the middle, and the upper end is kept
    low = np.where(low > 0.0, low, 0.25 * high)
    log_width = np.log(high[high > 0.0] / low[high > 0.0])
    own = float(np.sqrt(np.mean(np.square(log_width)))) if log_width.size else 0.0
    centre = float(np.log(general.low * general.high) / 2.0)
    half = 0.5 * float(np.hypot(np.log(general.high / general.low), own))
    return replace(general, low=float(np.exp(centre - half)), high=float(np.exp(centre + half)), value=None)


def summary(table: ParameterTable, z: Floats) -> list[dict[str, object]]:
    """Prior and posterior of each uncertain parameter, as rows of a table; certain ones are left out."""
    rows: list[dict[str, object]] = []
    values = table.values(z)
    probe = np.linspace(-4.0, 4.0, 801)
    weight = np.exp(-0.5 * probe**2)
    for i, p in enumerate(table.parameters):
        if p.link.is_certain:
            continue
        low, high = np.quantile(values[:, i], [0.05, 0.95])
        ends = p.link.value(np.array([-Z95, Z95]))
        rows.append(
            {
                "name": p.name,
                "title": p.title,
                "unit": p.range.unit,
                "prior_q05": float(ends[0]),
                "prior_mean": float((weight * p.link.value(probe)).sum() / weight.sum()),
                "prior_q95": float(ends[1]),
                "posterior_q05": float(low),
                "posterior_mean": float(values[:, i].mean()),
                "posterior_q95": float(high),
                "basis": p.range.basis,
                "source": p.range.source,
            }
        )
    return rows
