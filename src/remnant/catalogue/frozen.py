"""A mapping that cannot change, and that still copies, pickles and prints as a dictionary does."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class FrozenDict(dict[_K, _V]):
    """A dictionary that refuses every change; the cached catalogue is shared by all callers.

    Examples
    --------
    >>> FrozenDict(a=1)["a"]
    1
    >>> FrozenDict(a=1).pop("a")
    Traceback (most recent call last):
    ...
    TypeError: the catalogue cannot be changed; add or override entries with a file of your own
    """

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("the catalogue cannot be changed; add or override entries with a file of your own")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[FrozenDict[_K, _V]], tuple[dict[_K, _V]]]:
        """Rebuild whole: pickling a dict subclass item by item would meet the refusal."""
        return type(self), (dict(self),)
