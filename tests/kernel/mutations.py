# SPDX-License-Identifier: Apache-2.0
"""Bugs that are put into the Ascend C kernel on purpose, one at a time: each must be found.

``python mutations.py BUILD [NAME ...]`` tries them on ``BUILD/tests_kernel`` and prints what it finds.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Mutation:
    """A bug: ``old`` stands once in ``file`` and becomes ``new``; ``scenario`` shows it.

    ``found`` is what it is found as, by ``kind``.
    """

    name: str
    file: str
    old: str
    new: str
    scenario: str
    found: str


MUTATIONS = (
    Mutation(
        "a flag may overtake its row",
        "row_sender.h",
        "    AscendC::PipeBarrier<PIPE_MTE3>();\n    for",
        "    for",
        "triples",
        "no order between cores or ranks",
    ),
    Mutation(
        "the flag goes before the row",
        "row_sender.h",
        "    kinds_[waiting_] = transport_.Send(row, places_->Row(rank, slot));\n"
        "    flags_[waiting_++] = places_->ArrivalFlag(rank, slot);\n"
        "    if (waiting_ == tiling_->send_rows) RaiseFlags();\n",
        "    kinds_[waiting_] = Arrived::kAsAgreed;\n"
        "    flags_[waiting_++] = places_->ArrivalFlag(rank, slot);\n"
        "    RaiseFlags();\n"
        "    transport_.Send(row, places_->Row(rank, slot));\n",
        "triples",
        "no order between cores or ranks",
    ),
    Mutation(
        "the last rows get no flags",
        "row_sender.h",
        "    RaiseFlags();\n  }\n\n private:",
        "  }\n\n private:",
        "triples",
        "wait that nobody ends",
    ),
    Mutation(
        "a slot forgets the shared experts",
        "row_sender.h",
        "owner, token * copies_ + copy);",
        "owner, token * tiling_->k + copy);",
        "shared_experts",
        "no order between cores or ranks",
    ),
    Mutation(
        "a row is taken from the place of the next",
        "row_transport.h",
        "    Load(held, rows_[static_cast<uint64_t>(row) * h_], h_);",
        "    Load(held, rows_[static_cast<uint64_t>(row) * h_ + h_], h_);",
        "triples",
        "wrong values",
    ),
    Mutation(
        "the flag's value is not awaited before it is sent",
        "row_sender.h",
        "    Order<AscendC::HardEvent::V_MTE3>();\n",
        "",
        "triples",
        "no order: flag V_MTE3",
    ),
    Mutation(
        "triples are read before they are there",
        "row_sender.h",
        "           rows * kTriple);\n      Order<AscendC::HardEvent::MTE2_S>();\n",
        "           rows * kTriple);\n",
        "triples",
        "no order: flag MTE2_S",
    ),
    Mutation(
        "the next triples come over those still read",
        "row_sender.h",
        "      Order<AscendC::HardEvent::S_MTE2>();\n      Load(routing_, At<int32_t>(tensors_->expand_idx)",
        "      Load(routing_, At<int32_t>(tensors_->expand_idx)",
        "one_core",
        "no order: flag S_MTE2",
    ),
    Mutation(
        "a queue's buffer is not given back",
        "row_transport.h",
        "    AscendC::DataCopy(At<RowType>(target), held, h_);\n    queue_.FreeTensor(held);\n",
        "    AscendC::DataCopy(At<RowType>(target), held, h_);\n",
        "triples",
        "queue without a free buffer",
    ),
    Mutation(
        "a queue's buffer is given back twice",
        "token_reducer.h",
        "    AscendC::Cast(to, row, AscendC::RoundMode::CAST_NONE, width_);\n    VectorOrder();\n"
        "    rows_.FreeTensor(row);\n",
        "    AscendC::Cast(to, row, AscendC::RoundMode::CAST_NONE, width_);\n    VectorOrder();\n"
        "    rows_.FreeTensor(row);\n    rows_.FreeTensor(row);\n",
        "triples",
        "double free",
    ),
    Mutation(
        "a row is used without leaving its queue",
        "token_reducer.h",
        "    rows_.EnQue(row);\n    return rows_.DeQue<RowType>();\n",
        "    rows_.EnQue(row);\n    return row;\n",
        "triples",
        "no order: flag MTE2_V",
    ),
    Mutation(
        "a row is used without having been queued",
        "token_reducer.h",
        "    outs_.EnQue(row);\n    AscendC::LocalTensor<RowType> ready = outs_.DeQue<RowType>();\n",
        "    AscendC::LocalTensor<RowType> ready = row;\n",
        "triples",
        "no order: flag V_MTE3",
    ),
    Mutation(
        "a float32 row is a block too short",
        "token_reducer.h",
        "    pipe->InitBuffer(term_buffer_, wide_bytes);",
        "    pipe->InitBuffer(term_buffer_, wide_bytes - kBlockBytes);",
        "triples",
        "UB outside of its buffer",
    ),
    Mutation(
        "rows come into half a buffer",
        "token_reducer.h",
        "    pipe->InitBuffer(rows_, 2, row_bytes);",
        "    pipe->InitBuffer(rows_, 2, row_bytes / 2);",
        "triples",
        "UB outside of its buffer",
    ),
    Mutation(
        "more buffers than UB has",
        "token_reducer.h",
        "    pipe->InitBuffer(rows_, 2, row_bytes);",
        "    pipe->InitBuffer(rows_, 4, row_bytes);",
        "widest",
        "UB overflow",
    ),
    Mutation(
        "flags of the shared experts have no room",
        "token_reducer.h",
        "    pipe->InitBuffer(flags_buffer_, FlagBlocks() * kFlagBytes);",
        "    pipe->InitBuffer(flags_buffer_, tiling_->k * kFlagBytes);",
        "shared_experts",
        "UB outside of its buffer",
    ),
    Mutation(
        "flags are looked at before they are there",
        "token_reducer.h",
        "copies_ * kFlagFloats);\n      Order<AscendC::HardEvent::MTE2_S>();\n    } while",
        "copies_ * kFlagFloats);\n    } while",
        "triples",
        "no order: flag MTE2_S",
    ),
    Mutation(
        "flags are fetched again while they are looked at",
        "token_reducer.h",
        "      Order<AscendC::HardEvent::S_MTE2>();\n"
        "      AscendC::DataCopy(flags_, flags, copies_",
        "      AscendC::DataCopy(flags_, flags, copies_",
        "triples",
        "no order: flag S_MTE2",
    ),
    Mutation(
        "two waits are swapped",
        "token_reducer.h",
        "      Order<AscendC::HardEvent::S_MTE2>();\n"
        "      AscendC::DataCopy(flags_, flags, copies_ * kFlagFloats);\n"
        "      Order<AscendC::HardEvent::MTE2_S>();\n",
        "      Order<AscendC::HardEvent::MTE2_S>();\n"
        "      AscendC::DataCopy(flags_, flags, copies_ * kFlagFloats);\n"
        "      Order<AscendC::HardEvent::S_MTE2>();\n",
        "triples",
        "no order: flag MTE2_S",
    ),
    Mutation(
        "flags are cleared before they are looked at",
        "token_reducer.h",
        "    do {\n      Order<AscendC::HardEvent::S_MTE2>();\n"
        "      AscendC::DataCopy(flags_, flags, copies_",
        "    ClearFlags(token);\n    do {\n      Order<AscendC::HardEvent::S_MTE2>();\n"
        "      AscendC::DataCopy(flags_, flags, copies_",
        "triples",
        "wait that nobody ends or no order: flag MTE3_MTE2",
    ),
    Mutation(
        "flags are not cleared",
        "token_reducer.h",
        "    if (!shared_) ClearFlags(token);\n",
        "",
        "triples",
        "no order between cores or ranks",
    ),
    Mutation(
        "flags are cleared with what is not zero yet",
        "token_reducer.h",
        "    VectorOrder();\n    Order<AscendC::HardEvent::V_MTE3>();\n",
        "    VectorOrder();\n",
        "triples",
        "no order: flag V_MTE3",
    ),
    Mutation(
        "one row of a token is not awaited",
        "token_reducer.h",
        "    for (uint32_t copy = 0; copy < copies_; ++copy) {\n      if (Arrives(",
        "    for (uint32_t copy = 1; copy < copies_; ++copy) {\n      if (Arrives(",
        "triples",
        "no order between cores or ranks",
    ),
    Mutation(
        "another token's flags are awaited",
        "token_reducer.h",
        "ArrivalFlag(places_->self(), token * copies_));",
        "ArrivalFlag(places_->self(), token * tiling_->k));",
        "shared_experts",
        "no order between cores or ranks",
    ),
    Mutation(
        "the half is not switched",
        "window_places.h",
        "    state.SetValue(0, 1 - half_);",
        "    state.SetValue(0, half_);",
        "triples",
        "wrong half",
    ),
    Mutation(
        "rows stay in the first half",
        "window_places.h",
        "    return ep_.Window(rank) + half_ * (tiling_->window_bytes / 2);",
        "    return ep_.Window(rank) + 0 * (tiling_->window_bytes / 2);",
        "triples",
        "wrong half",
    ),
    Mutation(
        "the state word leaves before it is set",
        "window_places.h",
        "    Order<AscendC::HardEvent::S_MTE3>();\n",
        "",
        "triples",
        "no order: flag S_MTE3",
    ),
    Mutation(
        "product and sum are not ordered",
        "token_reducer.h",
        "    AscendC::Muls(term_, term_, weight, count);\n    VectorOrder();\n",
        "    AscendC::Muls(term_, term_, weight, count);\n",
        "triples",
        "no order: barrier of V",
    ),
    Mutation(
        "the sum may change while x is made of it",
        "token_reducer.h",
        "    AscendC::Mul(term_, term_, WideGamma(), count);\n    VectorOrder();\n",
        "    AscendC::Mul(term_, term_, WideGamma(), count);\n",
        "triples",
        "no order: barrier of V",
    ),
    Mutation(
        "a repeat too few",
        "token_reducer.h",
        "    repeats_ = RoundUp(width_, kRepeatFloats) / kRepeatFloats;",
        "    repeats_ = width_ / kRepeatFloats;",
        "triples",
        "UB outside of its buffer",
    ),
    Mutation(
        "what is behind H is not zero",
        "token_reducer.h",
        "    AscendC::Duplicate(term_, 0.0f, wide);\n",
        "",
        "triples",
        "UB that nothing has written",
    ),
    Mutation(
        "rstd is not the same for all of a row",
        "token_reducer.h",
        "                 {1, 1, 0, 8, 8, 0});",
        "                 {1, 1, 1, 8, 8, 0});",
        "triples",
        "wrong values",
    ),
    Mutation(
        "rstd of eight tokens is written for one",
        "token_reducer.h",
        "rstd_out)[token], rstd, 1);",
        "rstd_out)[token], rstd, kBlockFloats);",
        "triples",
        "outside of a tensor",
    ),
    Mutation(
        "x is cut off, not rounded",
        "token_reducer.h",
        "    AscendC::Cast(x, sum_, AscendC::RoundMode::CAST_RINT, width_);",
        "    AscendC::Cast(x, sum_, AscendC::RoundMode::CAST_TRUNC, width_);",
        "triples",
        "wrong values",
    ),
    Mutation(
        "a sum of -0 stays -0",
        "token_reducer.h",
        "      AscendC::Adds(sum_, term_, 0.0f, count);",
        "      AscendC::Muls(sum_, term_, 1.0f, count);",
        "triples",
        "wrong values",
    ),
    Mutation(
        "the flags of parts stay up",
        "token_reducer.h",
        "    AscendC::DataCopy(flags, zero_flags_, share_.parts() * kFlagFloats);\n",
        "",
        "cores_share_tokens",
        "wait that nobody ends",
    ),
    Mutation(
        "one of several cores clears flags that the others wait for",
        "token_reducer.h",
        "    if (!shared_) ClearFlags(token);\n",
        "    ClearFlags(token);\n",
        "cores_share_tokens",
        "wait that nobody ends or no order between cores or ranks",
    ),
    Mutation(
        "a part's sums are not awaited",
        "token_reducer.h",
        "    } while (!AllPartsAreThere());",
        "    } while (false && !AllPartsAreThere());",
        "cores_share_tokens",
        "wait that nobody ends",
    ),
    Mutation(
        "sums are used before they are there",
        "token_reducer.h",
        "    Order<AscendC::HardEvent::MTE2_V>();\n",
        "",
        "cores_share_tokens",
        "no order: flag MTE2_V",
    ),
    Mutation(
        "a part is written to the first columns",
        "token_reducer.h",
        "static_cast<uint64_t>(token) * h_ + column_], ready, width_);",
        "static_cast<uint64_t>(token) * h_], ready, width_);",
        "cores_share_tokens",
        "no order between cores or ranks",
    ),
    Mutation(
        "gamma is that of the first columns",
        "token_reducer.h",
        "    const uint32_t begin = column_ - first_column_;",
        "    const uint32_t begin = 0;",
        "cores_share_what_is_left_over",
        "wrong values",
    ),
    Mutation(
        "what is behind a part is what was in the row before",
        "token_reducer.h",
        "    AscendC::Duplicate(term_[width_], 0.0f,\n"
        "                       static_cast<int32_t>(repeats_ * kRepeatFloats - width_));\n",
        "",
        "cores_share_what_is_left_over",
        "wrong values",
    ),
    Mutation(
        "the residual comes before shared_expert_x",
        "token_reducer.h",
        "    if (tiling_->shared_x != 0) {\n"
        "      WidenTensorRow(tensors_->shared_expert_x, token);\n"
        "      AddTerm();\n"
        "    }\n"
        "    WidenTensorRow(tensors_->residual_x, token);\n"
        "    AddTerm();\n",
        "    WidenTensorRow(tensors_->residual_x, token);\n"
        "    AddTerm();\n"
        "    if (tiling_->shared_x != 0) {\n"
        "      WidenTensorRow(tensors_->shared_expert_x, token);\n"
        "      AddTerm();\n"
        "    }\n",
        "mask_of_tokens",
        "wrong values",
    ),
    Mutation(
        "alpha is read before it is there",
        "token_reducer.h",
        "    Order<AscendC::HardEvent::MTE2_S>();\n    if ((tiling_->alpha_rows & 1) == 0) alphas_",
        "    if ((tiling_->alpha_rows & 1) == 0) alphas_",
        "special_experts",
        "no order: flag MTE2_S",
    ),
    Mutation(
        "const experts scale both halves of v with the first",
        "token_reducer.h",
        "    WidenPart(alpha, index, begin, count, factors);",
        "    WidenPart(alpha, index, 0, count, factors);",
        "special_experts_by_element",
        "wrong values",
    ),
    Mutation(
        "an int8 row arrives without its scales",
        "row_transport.h",
        "inline uint32_t PackedInt8Bytes(uint32_t h) { return h + h / kBlockFloats * 2; }",
        "inline uint32_t PackedInt8Bytes(uint32_t h) { return h; }",
        "int8",
        "UB whose content is void",
    ),
    Mutation(
        "a row that holds NaN goes as int8",
        "row_transport.h",
        "    const bool finite = sum - sum == 0.0f;",
        "    const bool finite = sum - sum == 0.0f || true;",
        "int8_not_finite",
        "wrong values",
    ),
    Mutation(
        "the sum of a row is read before it is there",
        "row_transport.h",
        "    AscendC::WaitFlag<AscendC::HardEvent::V_S>(told);\n",
        "",
        "int8",
        "no order: flag V_S",
    ),
    Mutation(
        "an event id is set twice",
        "row_transport.h",
        "    AscendC::SetFlag<AscendC::HardEvent::V_S>(told);\n",
        "    AscendC::SetFlag<AscendC::HardEvent::V_S>(told);\n"
        "    AscendC::SetFlag<AscendC::HardEvent::V_S>(told);\n",
        "int8",
        "event set twice",
    ),
    Mutation(
        "an event is awaited that is never set",
        "row_transport.h",
        "    AscendC::SetFlag<AscendC::HardEvent::V_S>(told);\n",
        "",
        "int8",
        "wait for an event that nobody sets",
    ),
    Mutation(
        "numbers that are spelt out leave too early",
        "row_transport.h",
        "    Order<AscendC::HardEvent::S_MTE2>();\n    Order<AscendC::HardEvent::S_MTE3>();\n",
        "    Order<AscendC::HardEvent::S_MTE2>();\n",
        "int8_not_finite",
        "no order: flag S_MTE3",
    ),
    Mutation(
        "a row that was spelt out is taken for int8",
        "token_reducer.h",
        " && flags_.GetValue(copy * kFlagFloats) == kAsAgreedFlag) {",
        ") {",
        "int8_not_finite",
        "wrong values",
    ),
    Mutation(
        "scales are not broadcast before they divide",
        "row_transport.h",
        "    AscendC::Brcb(scratch_, largest_, static_cast<uint8_t>(repeats_), {1, kRepeatBlocks});\n",
        "",
        "int8",
        "wrong values",
    ),
    Mutation(
        "int8 rows are rounded twice",
        "row_transport.h",
        "    const auto whole = scratch_.template ReinterpretCast<int16_t>();\n"
        "    AscendC::Cast(whole, value_, rint, h_);\n"
        "    VectorOrder();\n"
        "    const auto half_codes = value_.template ReinterpretCast<half>();\n"
        "    AscendC::Cast(half_codes, whole, none, h_);\n"
        "    VectorOrder();\n",
        "    const auto half_codes = scratch_.template ReinterpretCast<half>();\n"
        "    AscendC::Cast(half_codes, value_, rint, h_);\n"
        "    VectorOrder();\n",
        "int8",
        "wrong values",
    ),
    Mutation(
        "the pair's flag goes before its rows",
        "pair_exchange.h",
        "    Copy(At<RowType>(tensors.expand_x)[static_cast<uint64_t>(own_rows) * tiling.h], peer_rows,\n         peer);\n"
        "    Signal(peer);\n",
        "    Signal(peer);\n"
        "    Copy(At<RowType>(tensors.expand_x)[static_cast<uint64_t>(own_rows) * tiling.h], peer_rows, peer);\n",
        "pair",
        "no order between cores or ranks",
    ),
    Mutation(
        "the pair's flag stays up",
        "pair_exchange.h",
        "    } while (flag_.GetValue(0) != kPairArrived);\n    Write(flag, 0);\n",
        "    } while (flag_.GetValue(0) != kPairArrived);\n",
        "pair",
        "no order between cores or ranks",
    ),
    Mutation(
        "cores of a pair split its rows differently",
        "pair_exchange.h",
        "    const Share share = ShareOf(count, AscendC::GetBlockIdx(), tiling_->cores);",
        "    const Share share = ShareOf(count, tiling_->cores - 1 - AscendC::GetBlockIdx(), tiling_->cores);",
        "pair",
        "no order between cores or ranks",
    ),
    Mutation(
        "positions are announced before all cores have written them",
        "position_exchange.h",
        "    AscendC::SyncAll<true>();\n    SignalAll();\n",
        "    SignalAll();\n",
        "positions",
        "no order between cores or ranks",
    ),
    Mutation(
        "positions are used before all ranks have sent them",
        "position_exchange.h",
        "    WaitAll();\n    AscendC::SyncAll<true>();\n",
        "    WaitAll();\n",
        "positions",
        "no order between cores or ranks",
    ),
    Mutation(
        "the flags of positions stay up",
        "position_exchange.h",
        "      SetFlagBlock(0);\n      WriteFlag(flag);\n      Order<AscendC::HardEvent::MTE3_S>();\n",
        "",
        "positions",
        "no order between cores or ranks",
    ),
    Mutation(
        "slots change while they leave",
        "position_exchange.h",
        "    Order<AscendC::HardEvent::MTE3_S>();  // the slots of the token before have left\n",
        "",
        "positions",
        "no order: flag MTE3_S",
    ),
    Mutation(
        "a rank that is gone is written to",
        "live_group.h",
        "    return scaled_down_\n",
        "    return scaled_down_ && rank == 0\n",
        "a_rank_is_gone",
        "outside of a tensor",
    ),
    Mutation(
        "shares of work overlap",
        "pipe_order.h",
        "  const uint32_t before = core < more ? core : more;",
        "  const uint32_t before = core;",
        "triples",
        "outside of a tensor",
    ),
    Mutation(
        "tokens behind the first batch of a mask are taken for the first",
        "token_share.h",
        "static_cast<int32_t>(base + i));",
        "static_cast<int32_t>(i));",
        "one_core",
        "wait that nobody ends",
    ),
    Mutation(
        "a batch of choices is believed to hold the next tokens too",
        "token_share.h",
        "token - batch_ < kTokenBatch) return;",
        "token - batch_ < kTokenBatch + 4) return;",
        "one_core",
        "UB outside of its buffer",
    ),
    Mutation(
        "a masked choice is added",
        "token_reducer.h",
        "      if (!share_.Active(token, k)) continue;\n",
        "",
        "mask_of_choices",
        "wrong values",
    ),
    Mutation(
        "UB changes hands while it is in use",
        "moe_distribute_combine_add_rms_norm.cpp",
        "    AscendC::PipeBarrier<PIPE_ALL>();\n    pipe_->Reset();\n",
        "    pipe_->Reset();\n",
        "triples",
        "no order: flag MTE3_V or no order: barrier of V",
    ),
)


@dataclass(frozen=True)
class Toolchain:
    """How CMake compiles the kernel and links the driver."""

    compiler: str
    kernel: Path
    includes: tuple[str, ...]
    archives: tuple[str, ...]

    @classmethod
    def of(cls, build: Path) -> Toolchain:
        """Read what CMake left in ``build``."""
        lines = (build / "tests_kernel" / "toolchain.txt").read_text().split("\n")
        words = [line.split("=", 1) for line in lines if "=" in line]

        def all_of(key: str) -> tuple[str, ...]:
            return tuple(value for name, value in words if name == key)

        return cls(
            all_of("compiler")[0], Path(all_of("kernel")[0]), all_of("include"), all_of("archive")
        )

    def build(self, kernel: Path, program: Path) -> None:
        """Compile the kernel in folder ``kernel`` and link the driver with it."""
        source = kernel / "moe_distribute_combine_add_rms_norm.cpp"
        flags = ["-std=c++17", "-O0", "-ffp-contract=off"]  # compiling takes longer than running
        command = [self.compiler, *flags, *(f"-I{i}" for i in self.includes), str(source)]
        # The archives need one another.
        archives = ["-Wl,--start-group", *self.archives, "-Wl,--end-group"]
        command += [*archives, "-pthread", "-o", str(program)]
        subprocess.run(command, check=True, capture_output=True, text=True)


def mutate(mutation: Mutation, kernel: Path) -> None:
    """Put the bug into the kernel in folder ``kernel``."""
    path = kernel / mutation.file
    text = path.read_text()
    if text.count(mutation.old) != 1:
        message = f"{mutation.name}: {mutation.file} has its text {text.count(mutation.old)} times"
        raise ValueError(message)
    path.write_text(text.replace(mutation.old, mutation.new))


def finding(toolchain: Toolchain, mutation: Mutation) -> str:
    """Give what the driver says of the kernel with the bug; empty when it finds nothing."""
    with tempfile.TemporaryDirectory() as folder:
        kernel = Path(folder) / "kernel"
        shutil.copytree(toolchain.kernel, kernel)
        mutate(mutation, kernel)
        program = Path(folder) / "driver"
        toolchain.build(kernel, program)
        try:
            run = subprocess.run(
                [program, mutation.scenario],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ""
        return "" if run.returncode == 0 else run.stdout.strip() or f"status {run.returncode}"


# What the checks say, and what it is called in the table; the first that fits.
KINDS = (
    (r"UB has \d+ bytes and \d+ are taken", "UB overflow"),
    (r"touches UB bytes .* outside of its buffer", "UB outside of its buffer"),
    (r"which nothing has written", "UB that nothing has written"),
    (r"whose content is void", "UB whose content is void"),
    (r"(reads|writes) \d+ bytes at byte \d+ of .*, which has", "outside of a tensor"),
    (r"belongs to no (region|tensor)|no region|outside of every", "outside of every region"),
    (r"needs a status word|SyncAll or a status word", "no order between cores or ranks"),
    (r"HardEvent::(\w+) are missing", r"no order: flag \1"),
    (r"PipeBarrier<PIPE_(\w+)> is missing", r"no order: barrier of \1"),
    (r"FreeTensor of a tensor that is free", "double free"),
    (r"FreeTensor is missing", "queue without a free buffer"),
    (r"EnQue|DeQue", "queue: EnQue and DeQue"),
    (r"was set at .* and not waited for", "event set twice"),
    (r"WaitFlag.*(never|no SetFlag|without)", "wait for an event that nobody sets"),
    (r"waits for a change", "wait that nobody ends"),
    (r"SyncAll", "SyncAll that not all cores reach"),
    (r"half of (a window|the windows)", "wrong half"),
    (r"a flag is left", "flag left up"),
    (r"(x|y|rstd) of rank", "wrong values"),
)


def kind(found: str) -> str:
    """Name what a finding is."""
    for pattern, name in KINDS:
        match = re.search(pattern, found)
        if match:
            return match.expand(name)
    return found or "nothing"


def table() -> Iterator[str]:
    """Give the lines of the table in docs/kernel.md."""
    yield "| bug | in | found as |"
    yield "| --- | --- | --- |"
    for mutation in MUTATIONS:
        yield f"| {mutation.name} | `{mutation.file}` | {mutation.found} |"


def main() -> None:
    """Print what finds each bug."""
    toolchain = Toolchain.of(Path(sys.argv[1]))
    names = sys.argv[2:]
    chosen = [m for m in MUTATIONS if not names or m.name in names]
    for mutation in chosen:
        found = finding(toolchain, mutation)
        print(f"{mutation.name}: {kind(found)}\n  {found}", flush=True)


if __name__ == "__main__":
    main()
