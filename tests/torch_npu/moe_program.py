# SPDX-License-Identifier: Apache-2.0
"""Ranks that run whole configurations through torch_npu's own functions, as processes.

Run by test_moe_operators: ``python moe_program.py FOLDER``. Each rank writes FOLDER/<number of the
case>-<rank>: nothing where dispatch and combine agree with the reference, else what went wrong.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import torch.distributed as dist
import torch_npu

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from npu_ranks import name_of, run_ranks, to_npu, to_numpy
from test_operators_whole import CASES
from whole_inputs import Whole, whole
from whole_ranks import Place, check_dispatch

from aclnn_moe.reference import Agreement, CombineOutput

RANKS = 6


def groups_of(given: Whole, rank: int) -> Place | None:
    """Make the case's groups, which all ranks take part in; None for a rank without a place."""
    config, pair = given.case.config, given.case.config.pair_size
    own_ep = own_tp = None
    for tp in range(pair):
        members = list(range(tp, config.world_size, pair))
        group = dist.new_group(members, backend="hccl")
        own_ep = group if rank in members else own_ep
    for ep in range(config.ep_world_size):
        members = [pair * ep + tp for tp in range(pair)]
        group = dist.new_group(members, backend="hccl")
        own_tp = group if rank in members else own_tp
    original, tp_rank = divmod(rank, pair)
    if rank >= config.world_size:
        return None
    ep_name = name_of(own_ep, rank)
    tp_name = name_of(own_tp, rank) if pair == 2 else ""
    if original not in given.case.topology.ranks:
        return None
    new = list(given.case.topology.ranks).index(original)
    return Place(
        rank=new * pair + tp_rank,
        original=original,
        device=rank,
        group_ep=ep_name,
        group_tp=tp_name,
        tp_rank=tp_rank,
    )


def options(place: Place, given: Whole) -> dict[str, Any]:
    config = given.case.config
    found: dict[str, Any] = {
        "group_ep": place.group_ep,
        "ep_world_size": config.ep_world_size,
        "ep_rank_id": place.original,
        "moe_expert_num": config.moe_expert_num,
        "group_tp": place.group_tp,
        "tp_world_size": config.tp_world_size,
        "tp_rank_id": place.tp_rank,
        "shared_expert_num": config.shared_expert_num,
        "shared_expert_rank_num": config.shared_expert_rank_num,
        "global_bs": config.global_bs,
    }
    if given.case.has("elastic"):
        found["elastic_info"] = to_npu(given.case.elastic_array)
    if given.case.has("special_experts"):
        for name in ("zero_expert_num", "copy_expert_num", "const_expert_num"):
            found[name] = getattr(config, name)
    return found


def run(place: Place, given: Whole) -> None:
    """Dispatch and combine on this rank, each compared with the reference."""
    config = given.case.config
    v1 = given.case.has("dispatch_v1")
    function = (
        torch_npu.npu_moe_distribute_dispatch if v1 else torch_npu.npu_moe_distribute_dispatch_v2
    )
    sent = function(
        **{name: to_npu(array) for name, array in vars(given.sent[place.rank]).items()},
        quant_mode=config.quant_mode,
        expert_token_nums_type=config.expert_token_nums_type,
        **options(place, given),
    )
    names = (
        "expand_x",
        "dynamic_scales",
        "expand_idx",
        "expert_token_nums",
        "ep_recv_counts",
        "tp_recv_counts",
        "expand_scales",
    )
    delivered = dict(zip(names, sent, strict=True))
    check_dispatch(place, {name: to_numpy(tensor) for name, tensor in delivered.items()}, given)

    tensors = {name: to_npu(array) for name, array in vars(given.returned[place.rank]).items()}
    tensors |= {
        "expand_idx": delivered["expand_idx"],
        "ep_send_counts": delivered["ep_recv_counts"],
        "tp_send_counts": delivered["tp_recv_counts"],
        "expand_scales": delivered["expand_scales"],
    }
    y, rstd_out, x = torch_npu.npu_moe_distribute_combine_add_rms_norm(
        **tensors,
        comm_quant_mode=config.comm_quant_mode,
        norm_eps=config.norm_eps,
        **options(place, given),
    )
    # Rows of tokens that take no part are left as the allocator gave them.
    active = given.choices[place.rank].active

    def rows(result: Any) -> CombineOutput:
        return CombineOutput(**{n: getattr(result, n)[active] for n in ("y", "rstd_out", "x")})

    got = CombineOutput(y=to_numpy(y), rstd_out=to_numpy(rstd_out), x=to_numpy(x))
    if active.any():
        agreement = Agreement.of(rows(got), rows(given.results[place.rank]))
        assert agreement.ok, f"rank {place.rank}: {agreement}"


def run_all(rank: int, folder: Path, cases: list[Whole]) -> None:
    for number, given in enumerate(cases):
        place = groups_of(given, rank)
        text = ""
        if place is not None:
            try:
                run(place, given)
            except Exception:
                text = traceback.format_exc()
        (folder / f"{number}-{rank}").write_text(text)


if __name__ == "__main__":
    run_ranks(RANKS, run_all, Path(sys.argv[1]), [whole(case) for case in CASES.values()])
