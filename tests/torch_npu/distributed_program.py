# SPDX-License-Identifier: Apache-2.0
"""Ranks that run every check_* function below, each against values computed on the CPU.

Run by test_distributed: ``python distributed_program.py FOLDER CHECK...``. Each rank writes
FOLDER/<check>-<rank>: nothing where the check passed, else what went wrong.
"""

from __future__ import annotations

import operator
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path

import torch
import torch.distributed as dist
from npu_ranks import name_of, run_ranks
from torch.distributed import _functional_collectives as functional
from torch.distributed import distributed_c10d

RANKS = 4
NUMBERS = (
    torch.float32,
    torch.bfloat16,
    torch.float16,
    torch.int32,
    torch.int64,
    torch.int16,
    torch.int8,
)
TYPES = (*NUMBERS, torch.uint8, torch.bool)
# Short, in no multiple of anything, and longer than a round or a chunk moves.
COUNTS = (1, 37, 30011)

Tensor = torch.Tensor


def values(rank: int, count: int, dtype: torch.dtype) -> Tensor:
    """Give integers so small that every type holds the sum and the product of all ranks'."""
    numbers = torch.arange(count) * 5 % 3 + rank % 2 + (1 if dtype != torch.bool else 0)
    return (numbers % 2 if dtype == torch.bool else numbers).to(dtype)


def every_rank(count: int, dtype: torch.dtype) -> list[Tensor]:
    return [values(rank, count, dtype) for rank in range(RANKS)]


def expect(got: Tensor, wanted: Tensor, *what: object) -> None:
    host = got.cpu()
    if host.dtype != wanted.dtype or not torch.equal(host, wanted):
        raise AssertionError(f"{what}: {host.flatten()[:8]} and not {wanted.flatten()[:8]}")


def reduced(parts: Sequence[Tensor], op: dist.ReduceOp) -> Tensor:
    dtype = parts[0].dtype
    combine: Callable[[Tensor, Tensor], Tensor] = {
        dist.ReduceOp.SUM: operator.add,
        dist.ReduceOp.PRODUCT: operator.mul,
        dist.ReduceOp.MAX: torch.maximum,
        dist.ReduceOp.MIN: torch.minimum,
    }[op]
    return reduce(combine, [part.to(torch.int64) for part in parts]).to(dtype)


OPS = (dist.ReduceOp.SUM, dist.ReduceOp.PRODUCT, dist.ReduceOp.MAX, dist.ReduceOp.MIN)


def check_all_reduce(rank: int) -> None:
    for dtype in NUMBERS:
        for op in OPS:
            for count in COUNTS:
                tensor = values(rank, count, dtype).npu()
                dist.all_reduce(tensor, op)
                expect(tensor, reduced(every_rank(count, dtype), op), dtype, op, count)


def check_all_reduce_of_bytes_and_bools(rank: int) -> None:
    for dtype in (torch.uint8, torch.bool):
        for op in (dist.ReduceOp.SUM, dist.ReduceOp.MAX, dist.ReduceOp.MIN):
            tensor = values(rank, 37, dtype).npu()
            dist.all_reduce(tensor, op)
            expect(tensor, reduced(every_rank(37, dtype), op), dtype, op)


def check_all_reduce_average(rank: int) -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        tensor = values(rank, 37, dtype).npu()
        dist.all_reduce(tensor, dist.ReduceOp.AVG)
        total = reduced(every_rank(37, dtype), dist.ReduceOp.SUM)
        expect(tensor, (total.float() / RANKS).to(dtype), dtype)


def check_reduce(rank: int) -> None:
    for dtype in NUMBERS:
        for root in range(RANKS):
            op, count = OPS[root], COUNTS[root % 3]
            tensor = values(rank, count, dtype).npu()
            dist.reduce(tensor, root, op)
            everything = every_rank(count, dtype)
            wanted = reduced(everything, op) if rank == root else everything[rank]
            expect(tensor, wanted, dtype, root)


def check_broadcast(rank: int) -> None:
    for dtype in TYPES:
        for root in range(RANKS):
            tensor = values(rank, COUNTS[root % 3], dtype).npu()
            dist.broadcast(tensor, root)
            expect(tensor, values(root, COUNTS[root % 3], dtype), dtype, root)


def check_all_gather_into_tensor(rank: int) -> None:
    for dtype in TYPES:
        for count in COUNTS:
            got = torch.empty(RANKS * count, dtype=dtype, device="npu")
            dist.all_gather_into_tensor(got, values(rank, count, dtype).npu())
            expect(got, torch.cat(every_rank(count, dtype)), dtype, count)


def check_all_gather_list(rank: int) -> None:
    for dtype in TYPES:
        got = [torch.empty(37, dtype=dtype, device="npu") for _ in range(RANKS)]
        dist.all_gather(got, values(rank, 37, dtype).npu())
        for one, wanted in zip(got, every_rank(37, dtype), strict=True):
            expect(one, wanted, dtype)


def check_all_gather_of_uneven_tensors(rank: int) -> None:
    # With an empty one torch_npu takes another way: a broadcast per rank.
    for sizes in ((5, 1, 30011, 7), (3, 0, 2, 1)):
        for dtype in (torch.float32, torch.bfloat16, torch.int64, torch.uint8):
            got = [torch.empty(size, dtype=dtype, device="npu") for size in sizes]
            dist.all_gather(got, values(rank, sizes[rank], dtype).npu())
            for peer, size in enumerate(sizes):
                expect(got[peer], values(peer, size, dtype), dtype, peer)


def check_reduce_scatter_tensor(rank: int) -> None:
    for dtype in NUMBERS:
        for op in OPS:
            count = COUNTS[OPS.index(op) % 3]
            got = torch.empty(count, dtype=dtype, device="npu")
            dist.reduce_scatter_tensor(got, values(rank, RANKS * count, dtype).npu(), op)
            wanted = reduced(every_rank(RANKS * count, dtype), op)
            expect(got, wanted[rank * count : (rank + 1) * count], dtype, op)


def check_reduce_scatter_list(rank: int) -> None:
    for sizes in ((37,) * RANKS, (5, 1, 30011, 7)):
        for dtype in (torch.float32, torch.bfloat16, torch.int32):
            parts = [[values(peer + at, size, dtype) for at, size in enumerate(sizes)]
                     for peer in range(RANKS)]  # fmt: skip
            got = torch.empty(sizes[rank], dtype=dtype, device="npu")
            dist.reduce_scatter(got, [part.npu() for part in parts[rank]])
            expect(got, reduced([part[rank] for part in parts], dist.ReduceOp.SUM), dtype, sizes)


def check_all_to_all_single(rank: int) -> None:
    for dtype in TYPES:
        for count in COUNTS:
            got = torch.empty(RANKS * count, dtype=dtype, device="npu")
            dist.all_to_all_single(got, values(rank, RANKS * count, dtype).npu())
            own = slice(rank * count, (rank + 1) * count)
            wanted = torch.cat([part[own] for part in every_rank(RANKS * count, dtype)])
            expect(got, wanted, dtype, count)


def split_sizes(rank: int, unit: int) -> list[int]:
    """Rows from `rank` to each, none among them."""
    return [(rank + peer) % RANKS * unit for peer in range(RANKS)]


def check_all_to_all_single_of_uneven_splits(rank: int) -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.int64, torch.int8):
        for unit in (1, 9001):
            sent = [values(rank, sum(split_sizes(rank, unit)) * 2, dtype) for rank in range(RANKS)]
            rows = [part.reshape(-1, 2).split(split_sizes(peer, unit))
                    for peer, part in enumerate(sent)]  # fmt: skip
            expected = [split_sizes(peer, unit)[rank] for peer in range(RANKS)]
            got = torch.empty(sum(expected), 2, dtype=dtype, device="npu")
            dist.all_to_all_single(
                got, sent[rank].reshape(-1, 2).npu(), expected, split_sizes(rank, unit)
            )
            expect(got, torch.cat([part[rank] for part in rows]), dtype, unit)


def check_all_to_all_list(rank: int) -> None:
    for dtype in (torch.float32, torch.int32, torch.bfloat16):
        sizes = [[1 + (peer * to) % 5 for to in range(RANKS)] for peer in range(RANKS)]
        got = [torch.empty(sizes[peer][rank], dtype=dtype, device="npu") for peer in range(RANKS)]
        dist.all_to_all(
            got, [values(rank + to, sizes[rank][to], dtype).npu() for to in range(RANKS)]
        )
        for peer in range(RANKS):
            expect(got[peer], values(peer + rank, sizes[peer][rank], dtype), dtype, peer)


def check_scatter(rank: int) -> None:
    for dtype in TYPES:
        root = TYPES.index(dtype) % RANKS
        got = torch.empty(37, dtype=dtype, device="npu")
        parts = every_rank(37, dtype)
        dist.scatter(got, [part.npu() for part in parts] if rank == root else None, root)
        expect(got, parts[rank], dtype)


def check_gather(rank: int) -> None:
    """What torch_npu does with TORCH_NPU_USE_COMPATIBLE_IMPL only: messages in a group."""
    for dtype in TYPES:
        root = TYPES.index(dtype) % RANKS
        got = [torch.empty(37, dtype=dtype, device="npu") for _ in range(RANKS)]
        dist.gather(values(rank, 37, dtype).npu(), got if rank == root else None, root)
        for one, wanted in zip(got, every_rank(37, dtype), strict=True):
            if rank == root:
                expect(one, wanted, dtype)


def check_send_and_receive(rank: int) -> None:
    for dtype in TYPES:
        for count in COUNTS:
            tensor = values(rank, count, dtype).npu()
            if rank % 2 == 0:
                dist.send(tensor, rank + 1)
            else:
                dist.recv(tensor, rank - 1)
                expect(tensor, values(rank - 1, count, dtype), dtype, count)


def check_isend_and_irecv(rank: int) -> None:
    sent = values(rank, 30011, torch.float32).npu()
    got = torch.empty(30011, device="npu")
    works = (
        [dist.isend(sent, rank + 1), dist.irecv(got, rank + 1)]
        if rank % 2 == 0
        else [dist.irecv(got, rank - 1), dist.isend(sent, rank - 1)]
    )
    for work in works:
        assert work is not None
        work.wait()
    expect(got, values(rank + 1 if rank % 2 == 0 else rank - 1, 30011, torch.float32))


def ring_of(rank: int, count: int, dtype: torch.dtype) -> tuple[list[dist.P2POp], Tensor]:
    got = torch.empty(count, dtype=dtype, device="npu")
    return [
        dist.P2POp(dist.isend, values(rank, count, dtype).npu(), (rank + 1) % RANKS),
        dist.P2POp(dist.irecv, got, (rank - 1) % RANKS),
    ], got


def check_batch_isend_irecv(rank: int) -> None:
    for dtype in TYPES:
        for count in COUNTS:
            ring, got = ring_of(rank, count, dtype)
            for work in dist.batch_isend_irecv(ring):
                work.wait()
            expect(got, values((rank - 1) % RANKS, count, dtype), dtype, count)


def check_messages_in_a_coalescing_manager(rank: int) -> None:
    ring, got = ring_of(rank, 100003, torch.float32)
    with dist._coalescing_manager(device=torch.device("npu", rank), async_ops=True) as manager:
        for message in ring:
            message.op(message.tensor, message.peer)
    manager.wait()
    expect(got, values((rank - 1) % RANKS, 100003, torch.float32))


def check_batch_in_one_call_of_hccl(rank: int) -> None:
    ring, got = ring_of(rank, 100003, torch.float32)
    backend = dist.group.WORLD._get_backend(torch.device("npu"))
    work = backend.batch_isend_irecv(
        [message.op.__name__ for message in ring],
        [message.tensor for message in ring],
        [message.peer for message in ring],
    )
    work.wait()
    expect(got, values((rank - 1) % RANKS, 100003, torch.float32))


def check_collectives_in_a_coalescing_manager(rank: int) -> None:
    tensors = [values(rank, count, torch.float32).npu() for count in COUNTS]
    with dist._coalescing_manager(device=torch.device("npu", rank), async_ops=True) as manager:
        for tensor in tensors:
            dist.all_reduce(tensor)
    manager.wait()
    for tensor, count in zip(tensors, COUNTS, strict=True):
        wanted = reduced(every_rank(count, torch.float32), dist.ReduceOp.SUM)
        expect(tensor, wanted, count)


def check_coalesced_gathers(rank: int) -> None:
    got = [torch.empty(RANKS * count, device="npu") for count in COUNTS]
    with dist._coalescing_manager(device=torch.device("npu", rank)):
        for tensor, count in zip(got, COUNTS, strict=True):
            dist.all_gather_into_tensor(tensor, values(rank, count, torch.float32).npu())
    for tensor, count in zip(got, COUNTS, strict=True):
        expect(tensor, torch.cat(every_rank(count, torch.float32)), count)


def check_barrier(rank: int) -> None:
    dist.barrier()
    work = dist.barrier(async_op=True)
    assert work is not None
    work.wait()


def check_empty_tensors(rank: int) -> None:
    empty = torch.empty(0, device="npu")
    dist.all_reduce(empty)
    dist.broadcast(empty, 0)
    dist.all_gather_into_tensor(empty, empty)
    expect(empty, torch.empty(0))


def check_work_of_async_calls(rank: int) -> None:
    tensor = values(rank, 30011, torch.float32).npu()
    work = dist.all_reduce(tensor, async_op=True)
    other = values(rank, 37, torch.int32).npu()
    second = dist.broadcast(other, 3, async_op=True)
    assert work is not None
    assert second is not None
    second.wait()
    work.wait()
    torch.npu.synchronize()
    assert work.is_completed()
    assert second.is_completed()
    expect(tensor, reduced(every_rank(30011, torch.float32), dist.ReduceOp.SUM))
    expect(other, values(3, 37, torch.int32))
    (given,) = work.get_future().value()
    assert given.data_ptr() == tensor.data_ptr()


def check_collectives_on_another_stream(rank: int) -> None:
    stream = torch.npu.Stream()
    with torch.npu.stream(stream):
        tensor = values(rank, 30011, torch.float32).npu(non_blocking=True)
        dist.all_reduce(tensor)
        host = tensor.cpu()
    expect(host, reduced(every_rank(30011, torch.float32), dist.ReduceOp.SUM))


def check_objects(rank: int) -> None:
    everything = [{"rank": peer, "text": "x" * (10 * peer)} for peer in range(RANKS)]
    gathered: list[object] = [None] * RANKS
    dist.all_gather_object(gathered, everything[rank])
    assert gathered == everything
    given = list(everything) if rank == 2 else [None] * RANKS
    dist.broadcast_object_list(given, src=2)
    assert given == everything


def check_scattered_objects(rank: int) -> None:
    got: list[object] = [None]
    dist.scatter_object_list(
        got, [f"for {peer}" for peer in range(RANKS)] if rank == 1 else None, 1
    )
    assert got == [f"for {rank}"]


def check_gathered_objects(rank: int) -> None:
    got: list[object] | None = [None] * RANKS if rank == 1 else None
    dist.gather_object(rank * "y", got, dst=1)
    assert got is None or got == [peer * "y" for peer in range(RANKS)]


def check_sub_groups(rank: int) -> None:
    halves = [dist.new_group(members, backend="hccl") for members in ([0, 2], [1, 3])]
    turned = dist.new_group([3, 1, 0], backend="hccl")
    own = halves[rank % 2]
    tensor = values(rank, 37, torch.int64).npu()
    dist.all_reduce(tensor, group=own)
    both = [values(peer, 37, torch.int64) for peer in (rank % 2, rank % 2 + 2)]
    expect(tensor, reduced(both, dist.ReduceOp.SUM))
    if rank != 2:
        got = torch.empty(3 * 5, dtype=torch.int32, device="npu")
        dist.all_gather_into_tensor(got, values(rank, 5, torch.int32).npu(), group=turned)
        members = dist.get_process_group_ranks(turned)
        expect(got, torch.cat([values(peer, 5, torch.int32) for peer in members]), members)
    # A message within a group names its peer by the rank in the whole.
    message = values(rank, 5, torch.float32).npu()
    if rank in (0, 1):
        dist.send(message, rank + 2, group=own)
    else:
        dist.recv(message, rank - 2, group=own)
        expect(message, values(rank - 2, 5, torch.float32))


def check_names_of_groups(rank: int) -> None:
    groups = [dist.new_group(list(range(RANKS)), backend="hccl") for _ in range(2)]
    names = [name_of(group, rank) for group in (dist.group.WORLD, *groups)]
    assert len(set(names)) == 3
    everyones: list[object] = [None] * RANKS
    dist.all_gather_object(everyones, names)
    assert everyones == [names] * RANKS
    for group in groups:
        dist.destroy_process_group(group)
    # What was destroyed makes room for new ones.
    again = dist.new_group(list(range(RANKS)), backend="hccl")
    tensor = values(rank, 37, torch.int32).npu()
    dist.all_reduce(tensor, group=again)
    expect(tensor, reduced(every_rank(37, torch.int32), dist.ReduceOp.SUM))


def check_functional_collectives(rank: int) -> None:
    world = dist.group.WORLD
    own = values(rank, 8, torch.float32).npu()
    everything = every_rank(8, torch.float32)
    total = reduced(everything, dist.ReduceOp.SUM)
    expect(functional.wait_tensor(functional.all_reduce(own, "sum", world)), total)
    gathered = functional.wait_tensor(functional.all_gather_tensor(own, 0, world))
    expect(gathered, torch.cat(everything))
    part = functional.wait_tensor(functional.reduce_scatter_tensor(own, "sum", 0, world))
    expect(part, total[2 * rank : 2 * rank + 2])
    exchanged = functional.wait_tensor(functional.all_to_all_single(own, None, None, world))
    expect(exchanged, torch.cat([part[2 * rank : 2 * rank + 2] for part in everything]))


def check_deterministic_algorithms(rank: int) -> None:
    torch.use_deterministic_algorithms(True)
    try:
        tensor = values(rank, 37, torch.float32).npu()
        dist.all_reduce(tensor)
        expect(tensor, reduced(every_rank(37, torch.float32), dist.ReduceOp.SUM))
    finally:
        torch.use_deterministic_algorithms(False)


def check_backend_is_that_of_torch_npu(rank: int) -> None:
    backend = dist.group.WORLD._get_backend(torch.device("npu"))
    assert type(backend).__name__ == "ProcessGroupHCCL"
    assert distributed_c10d.get_backend() == "hccl"
    assert (dist.get_rank(), dist.get_world_size()) == (rank, RANKS)


def rank_main(rank: int, folder: Path, names: list[str]) -> None:
    failed = ""
    for name in names:
        told = f"not run: {failed} failed before" if failed else ""
        try:
            if not failed:
                globals()[f"check_{name}"](rank)
                torch.npu.synchronize()
        except Exception:
            # A stream that has failed runs nothing more.
            failed, told = name, traceback.format_exc()
        (folder / f"{name}-{rank}").write_text(told)


if __name__ == "__main__":
    run_ranks(RANKS, rank_main, Path(sys.argv[1]), sys.argv[2:])
