"""Who works tiles out: threads of this process, or the processes of a Dask cluster. The numbers are the same."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import numba

from remnant._version import __version__
from remnant.errors import InvalidInput, RemnantError
from remnant.national import TileJob, TileResult, TileTask, run_tile

_AHEAD = 2  # tiles asked for ahead of each worker, so that none waits and few are held
_ANSWER_S = 20.0  # how long a scheduler may take to answer


def local_results(job: TileJob, tasks: Iterable[TileTask]) -> Iterator[TileResult]:
    """Results of tiles in the order in which they are done, by as many threads as numba is allowed."""
    num_threads = numba.get_num_threads()
    left = iter(tasks)
    with ThreadPoolExecutor(num_threads) as pool:
        running: set[Future[TileResult]] = set()
        try:
            for task in left:
                running.add(pool.submit(run_tile, job, task))
                if len(running) > num_threads:
                    ready, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (f.result() for f in ready)
            while running:
                ready, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (f.result() for f in ready)
        finally:
            for future in running:
                future.cancel()


def cluster_results(job: TileJob, tasks: Iterable[TileTask], address: str) -> Iterator[TileResult]:
    """Results of tiles in the order in which they are done, by the workers of a Dask cluster.

    Workers need the same version of remnant, and no access to this machine's files.

    Parameters
    ----------
    address
        Of the scheduler, such as ``tcp://127.0.0.1:8786``.

    Raises
    ------
    InvalidInput
        If Dask is not installed here, no scheduler answers, it has no workers, or they run another version.
    """
    with _client(address) as client:
        _check_workers(client, address)
        num_workers = len(client.scheduler_info(n_workers=-1)["workers"])
        shared = client.scatter(job, broadcast=True, hash=False)
        left = iter(tasks)
        running = _distributed().as_completed(loop=client.loop)
        for _, task in zip(range(_AHEAD * num_workers), left, strict=False):
            running.add(_submit(client, shared, task))
        for future in running:
            try:
                yield future.result()
            except RemnantError:
                raise
            except Exception as error:
                raise RemnantError(
                    f"a worker of the cluster at {address} failed: {type(error).__name__}: {error}. Tiles that are "
                    "done are kept; mend the cluster and run the same command again."
                ) from error
            future.release()
            for task in left:
                running.add(_submit(client, shared, task))
                break


def _submit(client: Any, shared: Any, task: TileTask) -> Any:
    return client.submit(run_tile, shared, task, pure=False, retries=1)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InvalidInput(
            f"--scheduler must be the address of a running Dask scheduler, such as tcp://127.0.0.1:8786; none answers "
            f"at {address!r} ({type(error).__name__}). Start one with `dask scheduler` and workers with `dask worker`."
        ) from None
    try:
        yield client
    finally:
        client.close()


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise InvalidInput(
            "--scheduler needs the package distributed, which is not installed. Install remnant with its extra: "
            "remnant[dist]."
        ) from None


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_ANSWER_S)
    except TimeoutError:
        raise InvalidInput(
            f"the Dask scheduler at {address} has no workers. Start some: dask worker {address}"
        ) from None
    for worker, version in client.run(worker_version).items():
        if version != __version__:
            raise InvalidInput(
                f"all workers must run remnant {__version__}, as here; {worker} runs {version}. Install the same "
                "version there: numbers of two versions may not be mixed."
            )


def worker_version() -> str:
    """The version of remnant that a worker runs."""
    return __version__
