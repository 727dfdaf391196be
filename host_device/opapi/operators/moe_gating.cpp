// SPDX-License-Identifier: Apache-2.0
// Which experts a token chooses: the k greatest of its row, by softmax or sigmoid. Equal ones are
// taken in the order of their numbers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "aclnnop/aclnn_moe_gating_top_k.h"
#include "aclnnop/aclnn_moe_gating_top_k_softmax.h"
#include "aclnnop/aclnn_moe_gating_top_k_softmax_v2.h"
#include "engine/shape_check.h"
#include "engine/vectors.h"

namespace {

using opapi::FirstPhase;
using opapi::Refuse;
using opapi::Shape;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::Vectors;
using opapi::Verdict;

void Softmax(float* values, int64_t count) {
  const float greatest = *std::max_element(values, values + count);
  for (int64_t i = 0; i < count; ++i) values[i] = std::exp(values[i] - greatest);
  const auto sum = static_cast<float>(opapi::SumOf(count, [&](int64_t i) { return values[i]; }));
  for (int64_t i = 0; i < count; ++i) values[i] /= sum;
}

void Sigmoid(float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = 1 / (1 + std::exp(-values[i]));
}

// NaN comes before all numbers, as in torch.
bool Greater(float a, float b) { return a > b || (std::isnan(a) && !std::isnan(b)); }

// The numbers of the k greatest, in falling order, into chosen, which has room for all.
void TopK(const float* values, int64_t count, int64_t k, int64_t* chosen) {
  std::iota(chosen, chosen + count, 0);
  std::partial_sort(chosen, chosen + k, chosen + count, [&](int64_t a, int64_t b) {
    if (Greater(values[a], values[b])) return true;
    return !Greater(values[b], values[a]) && a < b;
  });
}

// Bytes of room for `floats` float32 and `wholes` int64, the wholes first.
struct Room {
  Room(void* memory, int64_t wholes)
      : whole(static_cast<int64_t*>(memory)), real(reinterpret_cast<float*>(whole + wholes)) {}
  static int64_t Bytes(int64_t wholes, int64_t floats) {
    return wholes * int64_t{sizeof(int64_t)} + floats * int64_t{sizeof(float)};
  }
  int64_t* whole;
  float* real;
};

template <typename Visit>
aclError ForEachToken(int64_t count, int64_t experts, int64_t room_bytes, HostFailure* failure,
                      const Visit& visit) {
  return opapi::ForEachVector(
      count, 8 * experts, room_bytes, failure,
      [](const void* state, int64_t index, void* room) {
        (*static_cast<const Visit*>(state))(index, room);
      },
      &visit);
}

// x, finished; y, expert index, then row index or softmax.
enum SoftmaxPlace : size_t { kX, kFinished, kY, kExpert, kThird };

struct SoftmaxChoice {
  int64_t k;
  bool row_index;     // the third output is it
  bool softmax_out;   // the third output is the softmax
  bool renormalises;  // softmax of the chosen ones alone
};

aclError ChooseBySoftmax(const HostLaunch& launch, const SoftmaxChoice& choice,
                         HostFailure* failure) {
  const HostTensorView& x = launch.tensors[kX];
  const uint32_t last = x.dim_count - 1;
  const Vectors rows(x, last);
  const Vectors y(launch.tensors[kY], last);
  const Vectors experts(launch.tensors[kExpert], last);
  const HostTensorView& third = launch.tensors[kThird];
  const Vectors third_rows(third, third.dim_count == x.dim_count ? last : 0);
  const std::vector<int64_t> finished = launch.tensors[kFinished].present
                                            ? opapi::ElementsOf<int64_t>(launch.tensors[kFinished])
                                            : std::vector<int64_t>();
  const int64_t n = rows.length();
  const int64_t k = choice.k;
  const auto visit = [&](int64_t index, void* memory) {
    const Room room(memory, n);
    float* const chosen = room.real + n;
    rows.Load(index, room.real);
    if (!choice.renormalises) Softmax(room.real, n);
    if (choice.softmax_out) third_rows.Store(room.real, index);
    TopK(room.real, n, k, room.whole);
    for (int64_t i = 0; i < k; ++i) chosen[i] = room.real[room.whole[i]];
    if (choice.renormalises) Softmax(chosen, k);
    y.Store(chosen, index);
    // A finished token is of the expert that does not exist.
    if (!finished.empty() && finished[static_cast<size_t>(index)] != 0) {
      std::fill_n(room.whole, k, n);
    }
    experts.Store(room.whole, index);
    if (choice.row_index) {
      for (int64_t i = 0; i < k; ++i) room.whole[i] = i * rows.count() + index;
      third_rows.Store(room.whole, index);
    }
  };
  return ForEachToken(rows.count(), n, Room::Bytes(n, 2 * n), failure, visit);
}

struct SoftmaxTensors {
  const aclTensor* x;
  const aclTensor* finished;
  const aclTensor* y;
  const aclTensor* expert;
  const aclTensor* third;
};

Verdict PrepareSoftmax(FirstPhase& phase, const SoftmaxTensors& tensors,
                       const SoftmaxChoice& choice) {
  OP_PLAN_CHECK(phase.Input("x", tensors.x));
  OP_PLAN_CHECK(phase.OptionalInput("finished", tensors.finished));
  OP_PLAN_CHECK(phase.Output("yOut", tensors.y));
  OP_PLAN_CHECK(phase.Output("expertIdxOut", tensors.expert));
  if (choice.row_index) {
    OP_PLAN_CHECK(phase.Output("rowIdxOut", tensors.third));
  } else {
    OP_PLAN_CHECK(phase.OptionalOutput("softmaxResultOut", tensors.third));
  }
  const HostTensorView& x = phase.tensor(kX);
  if ((x.dim_count != 2 && x.dim_count != 3) || !opapi::IsFloating(x.dtype)) {
    return Refuse(op_plan::kParamInvalid,
                  "x is %s with shape %s: want floating numbers of 2 or 3 "
                  "dimensions",
                  opapi::DTypeName(x.dtype), ShapeText(ShapeOf(x)).c_str());
  }
  OP_PLAN_CHECK(opapi::CheckRange("k", choice.k, 1, x.dims[x.dim_count - 1]));
  Shape rows = ShapeOf(x);
  --rows.dim_count;
  Shape chosen = ShapeOf(x);
  chosen.dims[x.dim_count - 1] = choice.k;
  OP_PLAN_CHECK(opapi::CheckDType(phase, kFinished, ACL_BOOL));
  OP_PLAN_CHECK(opapi::CheckShape(phase, kFinished, rows));
  OP_PLAN_CHECK(opapi::CheckDType(phase, kY, x.dtype));
  OP_PLAN_CHECK(opapi::CheckShape(phase, kY, chosen));
  OP_PLAN_CHECK(opapi::CheckDType(phase, kExpert, ACL_INT32));
  OP_PLAN_CHECK(opapi::CheckShape(phase, kExpert, chosen));
  if (choice.row_index) {
    OP_PLAN_CHECK(opapi::CheckDType(phase, kThird, ACL_INT32));
    OP_PLAN_CHECK(opapi::CheckShape(phase, kThird, chosen));
  } else if (choice.softmax_out) {
    if (!phase.tensor(kThird).present) {
      return Refuse(op_plan::kParamNullptr, "softmaxResultOut is null, but asked for");
    }
    OP_PLAN_CHECK(opapi::CheckDType(phase, kThird, ACL_FLOAT));
    OP_PLAN_CHECK(opapi::CheckShape(phase, kThird, ShapeOf(x)));
  }
  return phase.Bind([choice](const HostLaunch& launch, HostFailure* failure) {
    return ChooseBySoftmax(launch, choice, failure);
  });
}

// Numbers of normType and groupSelectMode.
constexpr int64_t kSoftmax = 0;
constexpr int64_t kSigmoid = 1;
constexpr int64_t kByTwoGreatest = 1;

struct GroupedChoice {
  int64_t k;
  int64_t chosen_groups;
  int64_t groups;
  int64_t select_mode;
  int64_t norm_type;
  bool renormalises;
  bool norm_out;
  float factor;
  float eps;
};

// What a group of experts counts: its greatest score, or the sum of its two greatest.
float ScoreOf(const float* scores, int64_t count, int64_t mode) {
  float first = -std::numeric_limits<float>::infinity();
  float second = first;
  for (int64_t i = 0; i < count; ++i) {
    if (scores[i] > first) {
      second = first;
      first = scores[i];
    } else if (scores[i] > second) {
      second = scores[i];
    }
  }
  return mode == kByTwoGreatest ? first + second : first;
}

// Leaves only the experts of the best groups in the race.
void KeepGroups(const GroupedChoice& choice, int64_t experts, float* scores, float* group_scores,
                int64_t* order) {
  const int64_t size = experts / choice.groups;
  for (int64_t g = 0; g < choice.groups; ++g) {
    group_scores[g] = ScoreOf(scores + g * size, size, choice.select_mode);
  }
  TopK(group_scores, choice.groups, choice.groups, order);
  for (int64_t i = choice.chosen_groups; i < choice.groups; ++i) {
    std::fill_n(scores + order[i] * size, size, -std::numeric_limits<float>::infinity());
  }
}

// x, bias; y, expert index, norm.
aclError ChooseByGroup(const HostLaunch& launch, const GroupedChoice& choice,
                       HostFailure* failure) {
  const HostTensorView& x = launch.tensors[0];
  const uint32_t last = x.dim_count - 1;
  const Vectors rows(x, last);
  const std::vector<float> bias = launch.tensors[1].present
                                      ? opapi::ElementsOf<float>(launch.tensors[1])
                                      : std::vector<float>();
  const Vectors y(launch.tensors[2], last);
  const Vectors experts(launch.tensors[3], last);
  const Vectors norm(choice.norm_out ? launch.tensors[4] : x, last);
  const int64_t n = rows.length();
  const int64_t k = choice.k;
  const auto visit = [&](int64_t index, void* memory) {
    const Room room(memory, n);
    float* const weights = room.real;
    float* const scores = weights + n;
    float* const chosen = scores + n;
    rows.Load(index, weights);
    choice.norm_type == kSoftmax ? Softmax(weights, n) : Sigmoid(weights, n);
    if (choice.norm_out) norm.Store(weights, index);
    std::copy_n(weights, n, scores);
    for (size_t i = 0; i < bias.size(); ++i) scores[i] += bias[i];
    if (choice.groups > 1) KeepGroups(choice, n, scores, chosen, room.whole);
    TopK(scores, n, k, room.whole);
    for (int64_t i = 0; i < k; ++i) chosen[i] = weights[room.whole[i]];
    if (choice.norm_type == kSigmoid || choice.renormalises) {
      const auto sum = static_cast<float>(opapi::SumOf(k, [&](int64_t i) { return chosen[i]; }));
      for (int64_t i = 0; i < k; ++i) chosen[i] /= sum + choice.eps;
    }
    for (int64_t i = 0; i < k; ++i) chosen[i] *= choice.factor;
    y.Store(chosen, index);
    experts.Store(room.whole, index);
  };
  return ForEachToken(rows.count(), n, Room::Bytes(n, 3 * n), failure, visit);
}

}  // namespace

aclnnStatus aclnnMoeGatingTopKSoftmaxGetWorkspaceSize(
    const aclTensor* x, const aclTensor* finishedOptional, int64_t k, const aclTensor* yOut,
    const aclTensor* expertIdxOut, const aclTensor* rowIdxOut, uint64_t* workspaceSize,
    aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeGatingTopKSoftmax", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    return PrepareSoftmax(phase, {x, finishedOptional, yOut, expertIdxOut, rowIdxOut},
                          {k, true, false, false});
  });
}
ACLNN_SECOND_PHASE(aclnnMoeGatingTopKSoftmax)

aclnnStatus aclnnMoeGatingTopKSoftmaxV2GetWorkspaceSize(
    const aclTensor* x, const aclTensor* finishedOptional, int64_t k, int64_t renorm,
    bool outputSoftmaxResultFlag, const aclTensor* yOut, const aclTensor* expertIdxOut,
    const aclTensor* softmaxResultOutOptional, uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeGatingTopKSoftmaxV2", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(opapi::CheckRange("renorm", renorm, 0, 1));
    return PrepareSoftmax(phase,
                          {x, finishedOptional, yOut, expertIdxOut, softmaxResultOutOptional},
                          {k, false, outputSoftmaxResultFlag && renorm == 0, renorm == 1});
  });
}
ACLNN_SECOND_PHASE(aclnnMoeGatingTopKSoftmaxV2)

aclnnStatus aclnnMoeGatingTopKGetWorkspaceSize(
    const aclTensor* x, const aclTensor* biasOptional, int64_t k, int64_t kGroup,
    int64_t groupCount, int64_t groupSelectMode, int64_t renorm, int64_t normType, bool outFlag,
    double routedScalingFactor, double eps, const aclTensor* yOut, const aclTensor* expertIdxOut,
    const aclTensor* outOut, uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeGatingTopK", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("x", x));
    OP_PLAN_CHECK(phase.OptionalInput("bias", biasOptional));
    OP_PLAN_CHECK(phase.Output("yOut", yOut));
    OP_PLAN_CHECK(phase.Output("expertIdxOut", expertIdxOut));
    OP_PLAN_CHECK(phase.OptionalOutput("outOut", outOut));
    const HostTensorView& view = phase.tensor(0);
    if (view.dim_count == 0 || !opapi::IsFloating(view.dtype)) {
      return Refuse(op_plan::kParamInvalid,
                    "x is %s with shape %s: want floating numbers of 1 or more dimensions",
                    opapi::DTypeName(view.dtype), ShapeText(ShapeOf(view)).c_str());
    }
    const int64_t experts = view.dims[view.dim_count - 1];
    if (groupCount < 1 || experts % groupCount != 0) {
      return Refuse(op_plan::kParamInvalid, "groupCount is %lld: want a divisor of %lld experts",
                    static_cast<long long>(groupCount), static_cast<long long>(experts));
    }
    OP_PLAN_CHECK(opapi::CheckRange("kGroup", kGroup, 1, groupCount));
    OP_PLAN_CHECK(opapi::CheckRange("k", k, 1, experts / groupCount * kGroup));
    OP_PLAN_CHECK(opapi::CheckRange("groupSelectMode", groupSelectMode, 0, 1));
    OP_PLAN_CHECK(opapi::CheckRange("renorm", renorm, 0, 1));
    OP_PLAN_CHECK(opapi::CheckRange("normType", normType, kSoftmax, kSigmoid));
    Shape chosen = ShapeOf(view);
    chosen.dims[view.dim_count - 1] = k;
    if (phase.tensor(1).present) {
      OP_PLAN_CHECK(opapi::CheckNumbers(phase, 1, opapi::Numbers::kReal));
      OP_PLAN_CHECK(opapi::CheckSize(phase, 1, experts));
    }
    OP_PLAN_CHECK(opapi::CheckDType(phase, 2, view.dtype));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, chosen));
    OP_PLAN_CHECK(opapi::CheckDType(phase, 3, ACL_INT32));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 3, chosen));
    if (outFlag && !phase.tensor(4).present) {
      return Refuse(op_plan::kParamNullptr, "outOut is null, but asked for");
    }
    if (outFlag) {
      OP_PLAN_CHECK(opapi::CheckDType(phase, 4, ACL_FLOAT));
      OP_PLAN_CHECK(opapi::CheckShape(phase, 4, ShapeOf(view)));
    }
    const GroupedChoice choice{k,
                               kGroup,
                               groupCount,
                               groupSelectMode,
                               normType,
                               renorm == 1,
                               outFlag,
                               static_cast<float>(routedScalingFactor),
                               static_cast<float>(eps)};
    return phase.Bind([choice](const HostLaunch& launch, HostFailure* failure) {
      return ChooseByGroup(launch, choice, failure);
    });
  });
}
ACLNN_SECOND_PHASE(aclnnMoeGatingTopK)
