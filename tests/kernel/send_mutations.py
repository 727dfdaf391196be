# SPDX-License-Identifier: Apache-2.0
"""Bugs on purpose on a row's way to the rank of its token."""

from __future__ import annotations

from mutation import Mutation

SEND_MUTATIONS = (
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
        "      Order<AscendC::HardEvent::S_MTE2>();\n"
        "      Load(routing_, At<int32_t>(tensors_->expand_idx)",
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
        "scales are not broadcast before they divide",
        "row_transport.h",
        "    AscendC::Brcb(scratch_, largest_, static_cast<uint8_t>(repeats_), "
        "{1, kRepeatBlocks});\n",
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
        "    Copy(At<RowType>(tensors.expand_x)[static_cast<uint64_t>(own_rows) "
        "* tiling.h], peer_rows,\n"
        "         peer);\n"
        "    Signal(peer);\n",
        "    Signal(peer);\n"
        "    Copy(At<RowType>(tensors.expand_x)[static_cast<uint64_t>(own_rows) "
        "* tiling.h], peer_rows, peer);\n",
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
        "    const Share share = ShareOf(count, tiling_->cores - 1 - "
        "AscendC::GetBlockIdx(), tiling_->cores);",
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
        "      SetFlagBlock(0);\n"
        "      WriteFlag(flag);\n"
        "      Order<AscendC::HardEvent::MTE3_S>();\n",
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
        "UB changes hands while it is in use",
        "moe_distribute_combine_add_rms_norm.cpp",
        "    AscendC::PipeBarrier<PIPE_ALL>();\n    pipe_->Reset();\n",
        "    pipe_->Reset();\n",
        "triples",
        "no order: flag MTE3_V or no order: barrier of V",
    ),
)
