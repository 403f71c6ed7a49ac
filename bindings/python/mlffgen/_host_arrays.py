"""Arguments in the host's memory, checked and brought into the form of mlffgen.h: contiguous, double and int32.

What has that form already is not copied. Errors are InvalidArgumentError and begin with the argument's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlffgen import _device_arrays
from mlffgen.errors import InvalidArgumentError

_INT32 = np.iinfo(np.int32)


@dataclass(frozen=True)
class Batch:
    """Systems one behind the other, as in mlffgen_systems."""

    positions: NDArray[np.float64]  # [n_atoms][3] length unit
    numbers: NDArray[np.int32]  # [n_atoms]
    begin: NDArray[np.int32]  # [n_systems + 1]
    cells: NDArray[np.float64] | None  # [n_systems][3][3] length unit, rows are lattice vectors
    periodic: NDArray[np.int32] | None  # [n_systems] bits 1, 2, 4: along the lattice vector a, b, c


def single(positions: Any, numbers: Any, cell: Any, pbc: Any) -> Batch:
    """A batch of one system; shapes as in Model.evaluate."""
    x = _reals("positions", positions, (-1, 3))
    z = _integers("numbers", numbers, (len(x),))
    cells = None if cell is None else _reals("cell", cell, (3, 3))[None]
    begin = np.array([0, _count("positions", len(x))], np.int32)
    return Batch(x, z, begin, *_periodicity(cells, pbc, np.array([cell is not None])))


def joined(positions: Any, numbers: Any, cells: Any, pbc: Any, system_begin: Any) -> Batch:
    """Systems that the caller has put one behind the other; shapes as in Model.evaluate_batch."""
    x = _reals("positions", positions, (-1, 3))
    z = _integers("numbers", numbers, (len(x),))
    # A copy, which nobody changes between its check and its use, or under the results.
    begin = _integers("system_begin", system_begin, (-1,)).copy()
    if len(begin) == 0 or begin[0] != 0 or begin[-1] != len(x) or np.any(np.diff(begin) < 0):
        raise InvalidArgumentError(f"system_begin: must begin with 0, ascend and end with the {len(x)} atoms")
    return Batch(x, z, begin, *_cells_of(cells, pbc, len(begin) - 1))


def separate(positions: Any, numbers: Any, cells: Any, pbc: Any) -> Batch:
    """Systems as sequences of arrays, put one behind the other; shapes as in Model.evaluate_batch."""
    all_x, all_z = _sequence("positions", positions), _sequence("numbers", numbers)
    if len(all_x) != len(all_z):
        raise InvalidArgumentError(f"numbers: {len(all_z)} systems, but positions has {len(all_x)}")
    xs = [_reals(f"positions[{k}]", x, (-1, 3)) for k, x in enumerate(all_x)]
    zs = [_integers(f"numbers[{k}]", z, (len(xs[k]),)) for k, z in enumerate(all_z)]
    ends = np.cumsum([0, *map(len, xs)])
    _count("positions", int(ends[-1]))
    x = np.concatenate([np.empty((0, 3)), *xs])
    z = np.concatenate([np.empty(0, np.int32), *zs])
    return Batch(x, z, ends.astype(np.int32), *_cells_of(cells, pbc, len(xs)))


def _cells_of(cells: Any, pbc: Any, n_systems: int) -> tuple[NDArray[np.float64] | None, NDArray[np.int32] | None]:
    if cells is None:
        return _periodicity(None, pbc, np.zeros(n_systems, bool))
    rows = _sequence("cells", cells)
    if len(rows) != n_systems:
        raise InvalidArgumentError(f"cells: {len(rows)} cells for {n_systems} systems; give one, or None, for each")
    given = np.array([row is not None for row in rows], bool)
    array = np.zeros((n_systems, 3, 3))
    for k in np.flatnonzero(given):
        array[k] = _reals(f"cells[{k}]", rows[k], (3, 3))
    return _periodicity(array, pbc, given)


def _periodicity(
    cells: NDArray[np.float64] | None, pbc: Any, has_cell: NDArray[np.bool_]
) -> tuple[NDArray[np.float64] | None, NDArray[np.int32] | None]:
    """Cells and bits, both None where nothing is periodic. Without pbc a system that has a cell is periodic in full."""
    n_systems = len(has_cell)
    directions = np.broadcast_to(has_cell[:, None], (n_systems, 3)) if pbc is None else _booleans(pbc, n_systems)
    without = np.flatnonzero(directions.any(axis=1) & ~has_cell)
    if len(without) > 0:
        where = "" if n_systems == 1 else f" of system {without[0]}"
        raise InvalidArgumentError(f"pbc: a direction{where} is periodic, but there is no cell; give one, or pbc=False")
    if cells is None or not directions.any():
        return None, None
    return cells, directions.astype(np.int32) @ np.array([1, 2, 4], np.int32)


def _booleans(pbc: Any, n_systems: int) -> NDArray[np.bool_]:
    array = _array("pbc", pbc)
    if array.dtype.kind not in "biu" or not np.isin(array, (0, 1)).all():
        raise InvalidArgumentError("pbc: give True, False or three of them, or three for each system")
    if array.shape not in ((), (3,), (n_systems, 3)):
        raise InvalidArgumentError(f"pbc: shape {array.shape}, expected (), (3,) or ({n_systems}, 3)")
    return np.broadcast_to(array.astype(bool), (n_systems, 3))


def _reals(name: str, value: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = _array(name, value)
    if array.dtype.kind not in "fiu" and array.size > 0:
        raise InvalidArgumentError(f"{name}: real numbers are needed, not {array.dtype}")
    array = _empty_as(array, shape)
    _check_shape(name, array, shape)
    return np.ascontiguousarray(array, np.float64)


def _integers(name: str, value: Any, shape: tuple[int, ...]) -> NDArray[np.int32]:
    array = _array(name, value)
    if array.dtype.kind not in "iu" and array.size > 0:
        raise InvalidArgumentError(f"{name}: whole numbers are needed, not {array.dtype}")
    _check_shape(name, array, shape)
    if array.size > 0 and (array.min() < _INT32.min or array.max() > _INT32.max):
        raise InvalidArgumentError(f"{name}: a number is out of the range of 32 bits")
    return np.ascontiguousarray(array, np.int32)


def _empty_as(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """An empty list has no atoms, whatever else its shape is."""
    return array.reshape((0, *shape[1:])) if array.size == 0 and shape[0] == -1 else array


def _check_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    fits = array.ndim == len(shape) and all(want in (-1, have) for want, have in zip(shape, array.shape, strict=False))
    if not fits:
        expected = str(shape).replace("-1", "n")
        raise InvalidArgumentError(f"{name}: shape {array.shape}, expected {expected}")


def _array(name: str, value: Any) -> NDArray[Any]:
    if _device_arrays.is_on_gpu(value):
        raise InvalidArgumentError(
            f"{name}: lies on a GPU, but host arrays are needed here; copy it to the host, or use evaluate_on_device"
        )
    try:
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return np.from_dlpack(value)
        return np.asarray(value)
    except Exception as error:  # whatever the library of the array throws
        raise InvalidArgumentError(f"{name}: cannot be read as an array: {error}") from error


def _sequence(name: str, value: Any) -> Sequence[Any]:
    try:
        return list(value)
    except TypeError as error:
        raise InvalidArgumentError(
            f"{name}: expected a sequence with one array for each system, or system_begin beside joined arrays"
        ) from error


def _count(name: str, count: int) -> int:
    if count > _INT32.max:
        raise InvalidArgumentError(f"{name}: {count} atoms are too many for one call: split the batch")
    return count
