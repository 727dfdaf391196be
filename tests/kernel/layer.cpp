// SPDX-License-Identifier: Apache-2.0
#include "layer.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "op_kernel/host_cpu/row_math.h"
#include "op_plan/bf16.h"

namespace kernel_test {

using op_plan::MaskKind;
using op_plan::RoundToBf16;
using op_plan::WidenBf16;

namespace {

constexpr uint16_t kUntouchedRow = 0x4242;
constexpr float kUntouchedRstd = -7.0f;
constexpr float kNormEps = 1e-6f;

uint64_t Mix(uint64_t value) {
  value += 0x9E3779B97F4A7C15;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
  value = (value ^ value >> 27) * 0x94D049BB133111EB;
  return value ^ value >> 31;
}

template <typename... Keys>
uint64_t Hash(Keys... keys) {
  uint64_t hash = 1;
  ((hash = Mix(hash ^ static_cast<uint64_t>(keys))), ...);
  return hash;
}

// In [-4, 4), with magnitudes of all sizes.
float Number(uint64_t hash) {
  const float unit = static_cast<float>(hash >> 40) * 0x1p-24f;
  return std::ldexp(unit * 2 - 1, static_cast<int>(hash % 7) - 4);
}

Bf16 RandomRow(uint32_t h, uint64_t key) {
  Bf16 row(h);
  for (uint32_t j = 0; j < h; ++j) {
    row[j] = RoundToBf16(Number(Hash(key, j)));
    // Columns that are -0 in every row, and blocks of zeros, which int8 must not divide by.
    if (j % 97 == 5) row[j] = 0x8000;
    if (j / 8 % 13 == 7) row[j] = 0;
  }
  return row;
}

void Append(Bf16* to, const Bf16& row) { to->insert(to->end(), row.begin(), row.end()); }

const row_math::RowMath& Math() { return row_math::BestRowMath(); }

}  // namespace

Layer::Layer(const Scenario& scenario, uint32_t seed) : scenario_(scenario), seed_(seed) {
  const Scenario& s = scenario_;
  ep_ = {};
  ep_.k = s.k;
  ep_.h = s.h;
  ep_.max_bs = s.bs;
  ep_.bs = s.bs;
  ep_.ep_world_size = s.ep;
  ep_.tp_world_size = s.tp;
  ep_.moe_expert_num = s.experts;
  ep_.shared_expert_num = s.shared_ranks > 0 ? s.shared_num : 0;
  ep_.shared_expert_rank_num = s.shared_ranks;
  ep_.first_special_expert = s.experts;
  ep_.zero_expert_num = s.zero;
  ep_.copy_expert_num = s.copy;
  ep_.const_expert_num = s.constant;
  inputs_.resize(ranks());
  for (uint32_t rank = 0; rank < ranks(); ++rank) MakeTokens(rank);
  for (uint32_t rank = 0; rank < ranks(); ++rank) MakeRows(rank);
}

op_plan::CombinePlan Layer::Plan(uint32_t rank) const {
  op_plan::CombinePlan plan = {};
  plan.ep = ep_;
  plan.ep.bs = scenario_.Bs(rank / scenario_.tp);
  plan.ep.ep_world_size = scenario_.CommSize();
  plan.ep.ep_rank_id = scenario_.Original(rank / scenario_.tp);
  plan.ep.tp_rank_id = rank % scenario_.tp;
  if (scenario_.gone) {
    // Before the rank went, every rank had as many experts as now.
    plan.ep.moe_expert_num =
        ep_.ExpertsPerMoeRank() * (scenario_.CommSize() - ep_.shared_expert_rank_num);
    plan.ep.first_special_expert = ep_.first_special_expert;
  }
  plan.row_origin =
      scenario_.positions ? op_plan::RowOrigin::kPositions : op_plan::RowOrigin::kTriples;
  plan.mask = scenario_.mask;
  plan.int8_rows = scenario_.int8_rows;
  plan.elastic = scenario_.gone;
  plan.norm_eps = kNormEps;
  return plan;
}

bool Layer::Active(uint32_t rank, uint32_t token, uint32_t k) const {
  if (scenario_.mask == MaskKind::kTokens) return token < scenario_.bs - 2;
  if (scenario_.mask == MaskKind::kChoices) {
    return token % 4 != 1 && Hash(seed_, rank, token, k, 3) % 4 != 0;
  }
  return true;
}

bool Layer::TokenActive(uint32_t rank, uint32_t token) const {
  for (uint32_t k = 0; k < scenario_.k; ++k) {
    if (Active(rank, token, k)) return true;
  }
  return false;
}

int32_t Layer::Id(uint32_t rank, uint32_t token, uint32_t k) const {
  return inputs_[rank].expert_ids[token * scenario_.k + k];
}

void Layer::MakeTokens(uint32_t rank) {
  const Scenario& s = scenario_;
  RankInputs& in = inputs_[rank];
  const uint32_t bs = s.Bs(rank / s.tp);
  const uint32_t all = ep_.EndOfExperts();
  for (uint32_t t = 0; t < bs; ++t) {
    std::vector<int32_t> ids(all);
    std::iota(ids.begin(), ids.end(), 0);
    for (uint32_t k = 0; k < s.k; ++k) {
      std::swap(ids[k], ids[k + Hash(seed_, rank, t, k) % (all - k)]);
      in.expert_ids.push_back(ids[k]);
      in.expert_scales.push_back(0.05f + std::fabs(Number(Hash(seed_, rank, t, k, 1))));
      if (s.mask == MaskKind::kChoices) in.mask.push_back(Active(rank, t, k));
    }
    if (s.mask == MaskKind::kTokens) in.mask.push_back(Active(rank, t, 0));
    Append(&in.residual_x, RandomRow(s.h, Hash(seed_, rank, t, 11)));
    if (s.shared_x) {
      Append(&in.shared_x, RandomRow(s.h, Hash(seed_, rank, t, 12)));
      // Large numbers that cancel show in which order these two are added.
      for (uint32_t j = t * s.h + 3; j < (t + 1) * s.h; j += 89) {
        in.shared_x[j] = RoundToBf16(0x1p25f);
        in.residual_x[j] = RoundToBf16(-0x1p25f);
      }
    }
    Append(&in.ori_x, RandomRow(s.h, Hash(seed_, rank, t, 13)));
  }
  in.gamma = RandomRow(s.h, Hash(seed_, 14));
  for (uint32_t e = 0; e < s.constant; ++e) {
    Append(&in.alpha_1, RandomRow((s.alpha_rows & 1) != 0 ? s.h : 1, Hash(seed_, e, 15)));
    Append(&in.alpha_2, RandomRow((s.alpha_rows & 2) != 0 ? s.h : 1, Hash(seed_, e, 16)));
    Append(&in.const_v, RandomRow(s.h, Hash(seed_, e, 17)));
  }
  if (!s.gone) return;
  const uint32_t size = s.CommSize();
  in.elastic_info = {1, static_cast<int32_t>(s.ep), static_cast<int32_t>(s.shared_ranks),
                     static_cast<int32_t>(s.experts)};
  std::vector<int32_t> original(size, -1);
  in.elastic_info.resize(4 + size, -1);
  for (uint32_t now = 0; now < s.ep; ++now) {
    in.elastic_info[4 + s.Original(now)] = static_cast<int32_t>(now);
    original[now] = static_cast<int32_t>(s.Original(now));
  }
  in.elastic_info.insert(in.elastic_info.end(), original.begin(), original.end());
}

std::vector<Layer::Row> Layer::RowsOf(uint32_t ep_rank, uint32_t tp_rank,
                                      std::vector<int32_t>* counts) const {
  const Scenario& s = scenario_;
  std::vector<Row> rows;
  for (uint32_t local = 0; local < ep_.LocalExpertNum(ep_rank); ++local) {
    for (uint32_t source = 0; source < s.ep; ++source) {
      const uint32_t rank = source * s.tp + tp_rank;
      for (uint32_t t = 0; t < s.Bs(source); ++t) {
        for (uint32_t copy = 0; copy < s.Copies(); ++copy) {
          bool here = TokenActive(rank, t);
          if (copy < s.k) {
            const auto id = static_cast<uint32_t>(Id(rank, t, copy));
            here = Active(rank, t, copy) && ep_.IsRouted(id) && ep_.RankOfExpert(id) == ep_rank &&
                   id % ep_.ExpertsPerMoeRank() == local;
          } else {
            here = here && ep_.RankOfSharedExpert(copy - s.k, source) == ep_rank;
          }
          if (here) rows.push_back({rank, t, copy});
        }
      }
      counts->push_back(static_cast<int32_t>(rows.size()));
    }
  }
  return rows;
}

void Layer::MakeRows(uint32_t rank) {
  const Scenario& s = scenario_;
  RankInputs& in = inputs_[rank];
  const uint32_t ep_rank = rank / s.tp;
  const uint32_t tp_rank = rank % s.tp;
  const std::vector<Row> own = RowsOf(ep_rank, tp_rank, &in.ep_send_counts);
  for (const Row& row : own) {
    Append(&in.expand_x, ExpertRow(rank, row.source, row.token, row.copy));
    if (s.positions) continue;
    for (const uint32_t word : {row.source / s.tp, row.token, row.copy}) {
      in.expand_idx.push_back(static_cast<int32_t>(word));
    }
  }
  if (s.tp == 2) {
    std::vector<int32_t> peer_counts;
    const std::vector<Row> peer = RowsOf(ep_rank, 1 - tp_rank, &peer_counts);
    for (const Row& row : peer) {
      Append(&in.expand_x, ExpertRow(rank, row.source, row.token, row.copy));
    }
    in.tp_send_counts.resize(2);
    in.tp_send_counts[tp_rank] = static_cast<int32_t>(own.size());
    in.tp_send_counts[1 - tp_rank] = static_cast<int32_t>(peer.size());
  }
  if (s.positions) {
    std::vector<int32_t> earlier(ep_.EndOfExperts());
    for (uint32_t t = 0; t < s.Bs(ep_rank); ++t) {
      for (uint32_t k = 0; k < s.k; ++k) {
        const int32_t id = Id(rank, t, k);
        in.expand_idx.push_back(Active(rank, t, k) ? earlier[id]++ : -5);
      }
    }
  }
  // Memory that means nothing, so that a kernel that reads too much is found.
  in.expand_x.resize(in.expand_x.size() + s.h, 0x7FC0);
  in.expand_idx.resize(in.expand_idx.size() + (s.positions ? 0 : 3), -9);
}

Bf16 Layer::ExpertRow(uint32_t computer, uint32_t source, uint32_t token, uint32_t copy) const {
  const uint64_t key = Hash(seed_, computer, source, token, copy, 21);
  Bf16 row = RandomRow(scenario_.h, key);
  if (scenario_.odd_rows && key % 3 != 0) {
    constexpr uint16_t kOdd[] = {0x7FC0, 0x7F80, 0xFF80, 0x7F7F, 0xFF7F, 0x0001, 0x8001};
    for (uint32_t j = key % 61; j < scenario_.h; j += 61) row[j] = kOdd[Hash(key, j) % 7];
  }
  return row;
}

Bf16 Layer::ArrivedRow(uint32_t source, uint32_t token, uint32_t copy) const {
  const Scenario& s = scenario_;
  const uint32_t ep_source = source / s.tp;
  const uint32_t holder = copy < s.k
                              ? ep_.RankOfExpert(static_cast<uint32_t>(Id(source, token, copy)))
                              : ep_.RankOfSharedExpert(copy - s.k, ep_source);
  const uint32_t computer = holder * s.tp + source % s.tp;
  Bf16 row = ExpertRow(computer, source, token, copy);
  if (s.tp == 2) {
    const Bf16 peer = ExpertRow(computer ^ 1, source, token, copy);
    Math().add_rows(row.data(), peer.data(), row.data(), s.h);
  }
  if (s.int8_rows) {
    std::vector<uint8_t> packed(2 * s.h);
    Math().quantise_blocks(row.data(), packed.data(), s.h);
    Math().dequantise_blocks(packed.data(), row.data(), s.h);
  }
  return row;
}

RankOutputs Layer::Untouched(uint32_t rank) const {
  const uint32_t bs = scenario_.Bs(rank / scenario_.tp);
  return {Bf16(bs * scenario_.h, kUntouchedRow), Bf16(bs * scenario_.h, kUntouchedRow),
          std::vector<float>(bs, kUntouchedRstd)};
}

namespace {

std::string Text(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string Text(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

}  // namespace

std::string Layer::Compare(uint32_t rank, const RankOutputs& got) const {
  const Scenario& s = scenario_;
  const RankInputs& in = inputs_[rank];
  RankOutputs want = Untouched(rank);
  for (uint32_t t = 0; t < s.Bs(rank / s.tp); ++t) {
    if (!TokenActive(rank, t)) continue;
    std::vector<float> sum(s.h, 0.0f);
    const auto add = [&](const Bf16& row, float weight) {
      const row_math::Term term = {row.data(), weight};
      Math().accumulate(&term, 1, false, sum.data(), s.h);
    };
    const auto row_of = [&](const Bf16& rows, uint32_t row) {
      return Bf16(rows.begin() + row * s.h, rows.begin() + (row + 1) * s.h);
    };
    for (uint32_t copy = 0; copy < s.Copies(); ++copy) {
      if (copy >= s.k) {
        add(ArrivedRow(rank, t, copy), 1.0f);
        continue;
      }
      if (!Active(rank, t, copy)) continue;
      const auto id = static_cast<uint32_t>(Id(rank, t, copy));
      const float weight = in.expert_scales[t * s.k + copy];
      if (ep_.IsRouted(id)) {
        add(ArrivedRow(rank, t, copy), weight);
      } else if (id >= ep_.FirstConstExpert()) {
        const uint32_t e = id - ep_.FirstConstExpert();
        const uint32_t step_1 = s.alpha_rows & 1, step_2 = s.alpha_rows >> 1 & 1;
        std::vector<float> row(s.h);
        Math().const_expert({&in.alpha_1[step_1 != 0 ? e * s.h : e], step_1}, &in.ori_x[t * s.h],
                            {&in.alpha_2[step_2 != 0 ? e * s.h : e], step_2}, &in.const_v[e * s.h],
                            row.data(), s.h);
        Math().accumulate_wide(row.data(), weight, false, sum.data(), s.h);
      } else if (id >= ep_.FirstCopyExpert()) {
        add(row_of(in.ori_x, t), weight);
      }
    }
    if (s.shared_x) add(row_of(in.shared_x, t), 1.0f);
    add(row_of(in.residual_x, t), 1.0f);
    const double squares = Math().round_and_square(sum.data(), &want.x[t * s.h], s.h);
    want.rstd[t] = static_cast<float>(1.0 / std::sqrt(squares / s.h + double{kNormEps}));
    const float rstd = s.float_norm ? got.rstd[t] : want.rstd[t];
    Math().normalise(sum.data(), rstd, in.gamma.data(), &want.y[t * s.h], s.h);
  }
  const auto differ = [](uint16_t a, uint16_t b) {
    if (std::isnan(WidenBf16(a)) || std::isnan(WidenBf16(b))) {
      return std::isnan(WidenBf16(a)) != std::isnan(WidenBf16(b));
    }
    return a != b;
  };
  for (size_t i = 0; i < want.x.size(); ++i) {
    const auto at = [&](size_t n) { return static_cast<unsigned>(n); };
    if (differ(got.x[i], want.x[i])) {
      return Text("x of rank %u token %u column %u is %04x, want %04x", rank, at(i / s.h),
                  at(i % s.h), got.x[i], want.x[i]);
    }
    if (differ(got.y[i], want.y[i])) {
      return Text("y of rank %u token %u column %u is %04x, want %04x", rank, at(i / s.h),
                  at(i % s.h), got.y[i], want.y[i]);
    }
  }
  for (size_t t = 0; t < want.rstd.size(); ++t) {
    if (std::isnan(got.rstd[t]) && std::isnan(want.rstd[t])) continue;
    const float error = std::fabs(got.rstd[t] - want.rstd[t]);
    if (!(s.float_norm ? error <= 1e-6f * want.rstd[t] : error == 0)) {
      return Text("rstd of rank %u token %u is %.9g, want %.9g", rank, static_cast<unsigned>(t),
                  got.rstd[t], want.rstd[t]);
    }
  }
  return "";
}

}  // namespace kernel_test
