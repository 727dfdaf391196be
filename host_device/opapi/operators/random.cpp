// SPDX-License-Identifier: Apache-2.0
// Random numbers, each a function of seed, offset and the number of its element.
#include <algorithm>

#include "aclnnop/aclnn_bernoulli.h"
#include "aclnnop/aclnn_normal.h"
#include "aclnnop/aclnn_normal_out.h"
#include "aclnnop/aclnn_random.h"
#include "aclnnop/aclnn_uniform.h"
#include "engine/philox.h"
#include "engine/rows.h"

namespace {

using opapi::FirstPhase;
using opapi::Numbers;
using opapi::Philox;
using opapi::Refuse;
using opapi::Row;
using opapi::Verdict;

Philox Sequence(int64_t seed, int64_t offset) {
  return {static_cast<uint64_t>(seed), static_cast<uint64_t>(offset)};
}

Verdict CheckFloating(const FirstPhase& phase, size_t index) {
  const aclDataType dtype = phase.tensor(index).dtype;
  if (opapi::IsFloating(dtype)) return {};
  return Refuse(op_plan::kParamInvalid, "%s is %s (%d): want float16, bf16, float32 or float64",
                phase.name(index), opapi::DTypeName(dtype), static_cast<int>(dtype));
}

// Bits that a number of [0, 1) has in `dtype`: with more, the store would round up to 1.
int UniformBits(aclDataType dtype) {
  return dtype == ACL_BF16 ? 8 : dtype == ACL_FLOAT16 ? 11 : 24;
}

struct UniformKernel {
  Philox philox;
  double from;
  double to;

  aclError operator()(const HostLaunch& launch, HostFailure*) const {
    const HostTensorView& out = launch.tensors[0];
    const HostTensorView* const views[] = {&out};
    const int unused_bits = 32 - UniformBits(out.dtype);
    opapi::ForEachRow(opapi::ShapeOf(out), views, [&](const Row& row) {
      double values[opapi::kRowElements];
      const auto put = [&](int64_t i, double value) { values[i] = value * (to - from) + from; };
      if (out.dtype == ACL_DOUBLE) {
        philox.ForEach<2>(
            row.first, row.count,
            [](const Philox::Block& block, int lane) {
              return opapi::Uniform53(opapi::Bits64(block, lane));
            },
            put);
      } else {
        philox.ForEach<4>(
            row.first, row.count,
            [&](const Philox::Block& block, int lane) {
              return opapi::Uniform32(block[lane] >> unused_bits << unused_bits);
            },
            put);
      }
      opapi::Store(values, row.count, out.dtype, row.strides[0], row.data[0]);
    });
    return ACL_SUCCESS;
  }
};

template <typename T>
void DrawNormal(const Philox& philox, const Row& row, T* values) {
  const auto put = [&](int64_t i, T value) { values[i] = value; };
  if constexpr (std::is_same_v<T, double>) {
    philox.ForEach<2>(
        row.first, row.count,
        [](const Philox::Block& block, int lane) {
          return opapi::Normal(1 - opapi::Uniform53(opapi::Bits64(block, 0)),
                               opapi::Uniform53(opapi::Bits64(block, 1)), lane == 1);
        },
        put);
  } else {
    philox.ForEach<4>(
        row.first, row.count,
        [](const Philox::Block& block, int lane) {
          const int pair = lane / 2 * 2;
          return opapi::Normal(static_cast<T>(1 - opapi::Uniform32(block[pair])),
                               static_cast<T>(opapi::Uniform32(block[pair + 1])), lane % 2 == 1);
        },
        put);
  }
}

// mean and std are numbers, or the tensors mean_at and std_at of the launch.
constexpr int kNoTensor = -1;
struct NormalKernel {
  Philox philox;
  float mean;
  float std;
  int mean_at;
  int std_at;

  aclError operator()(const HostLaunch& launch, HostFailure*) const {
    const HostTensorView& out = launch.tensors[launch.tensor_count - 1];
    if (out.dtype == ACL_DOUBLE) {
      Run<double>(launch, out);
    } else {
      Run<float>(launch, out);
    }
    return ACL_SUCCESS;
  }

  template <typename T>
  void Run(const HostLaunch& launch, const HostTensorView& out) const {
    const HostTensorView* const views[] = {&out, &launch.tensors[std::max(mean_at, 0)],
                                           &launch.tensors[std::max(std_at, 0)]};
    opapi::ForEachRow(opapi::ShapeOf(out), views, [&](const Row& row) {
      T values[opapi::kRowElements];
      T means[opapi::kRowElements];
      T stds[opapi::kRowElements];
      DrawNormal(philox, row, values);
      Parameter(mean, mean_at, row, 1, views, means);
      Parameter(std, std_at, row, 2, views, stds);
      for (int64_t i = 0; i < row.count; ++i) values[i] = values[i] * stds[i] + means[i];
      opapi::Store(values, row.count, out.dtype, row.strides[0], row.data[0]);
    });
  }

  template <typename T>
  static void Parameter(float number, int at, const Row& row, int view,
                        const HostTensorView* const* views, T* values) {
    if (at == kNoTensor) {
      std::fill_n(values, row.count, static_cast<T>(number));
    } else {
      opapi::Load(row.data[view], views[view]->dtype, row.strides[view], row.count, values);
    }
  }
};

// Tensor inputs before it must broadcast to the last tensor.
Verdict CheckBroadcast(const FirstPhase& phase) {
  const size_t out = phase.tensor_count() - 1;
  const opapi::Shape result = opapi::ShapeOf(phase.tensor(out));
  for (size_t i = 0; i < out; ++i) {
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, i, Numbers::kReal));
    opapi::Shape widened = opapi::ShapeOf(phase.tensor(i));
    if (!opapi::Broadcast(result, &widened) || !(widened == result)) {
      return Refuse(op_plan::kParamInvalid, "%s has shape %s, which does not broadcast to %s of %s",
                    phase.name(i), opapi::ShapeText(opapi::ShapeOf(phase.tensor(i))).c_str(),
                    opapi::ShapeText(result).c_str(), phase.name(out));
    }
  }
  return {};
}

struct NormalParameter {
  float number;
  const aclTensor* tensor;
  bool is_tensor;
};
NormalParameter Number(float number) { return {number, nullptr, false}; }
NormalParameter Tensor(const aclTensor* tensor) { return {0, tensor, true}; }

aclnnStatus Normal(const char* op_name, const NormalParameter& mean, const NormalParameter& std,
                   int64_t seed, int64_t offset, const char* out_name, const aclTensor* out,
                   uint64_t* workspace_size, aclOpExecutor** executor) {
  FirstPhase first(op_name, workspace_size, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    if (mean.is_tensor) OP_PLAN_CHECK(phase.Input("mean", mean.tensor));
    if (std.is_tensor) OP_PLAN_CHECK(phase.Input("std", std.tensor));
    OP_PLAN_CHECK(phase.Output(out_name, out));
    OP_PLAN_CHECK(CheckFloating(phase, phase.tensor_count() - 1));
    OP_PLAN_CHECK(CheckBroadcast(phase));
    if (!std.is_tensor && !(std.number >= 0)) {
      return Refuse(op_plan::kParamInvalid, "std is %g: want 0 or more",
                    static_cast<double>(std.number));
    }
    return phase.Bind(NormalKernel{Sequence(seed, offset), mean.number, std.number,
                                   mean.is_tensor ? 0 : kNoTensor,
                                   std.is_tensor ? int{mean.is_tensor} : kNoTensor});
  });
}

struct RandomKernel {
  Philox philox;
  int64_t from;
  uint64_t range;

  aclError operator()(const HostLaunch& launch, HostFailure*) const {
    const HostTensorView& out = launch.tensors[0];
    const HostTensorView* const views[] = {&out};
    opapi::ForEachRow(opapi::ShapeOf(out), views, [&](const Row& row) {
      int64_t values[opapi::kRowElements];
      philox.ForEach<2>(
          row.first, row.count,
          [](const Philox::Block& block, int lane) { return opapi::Bits64(block, lane); },
          [&](int64_t i, uint64_t bits) {
            values[i] = static_cast<int64_t>(static_cast<uint64_t>(from) + bits % range);
          });
      opapi::Store(values, row.count, out.dtype, row.strides[0], row.data[0]);
    });
    return ACL_SUCCESS;
  }
};

// The probability is `prob`, or tensor 0 where the launch has two.
struct BernoulliKernel {
  Philox philox;
  double prob;

  aclError operator()(const HostLaunch& launch, HostFailure*) const {
    const HostTensorView& out = launch.tensors[launch.tensor_count - 1];
    const HostTensorView* const views[] = {&out, &launch.tensors[0]};
    opapi::ForEachRow(opapi::ShapeOf(out), views, [&](const Row& row) {
      double probs[opapi::kRowElements];
      int64_t values[opapi::kRowElements];
      if (launch.tensor_count == 1) {
        std::fill_n(probs, row.count, prob);
      } else {
        opapi::Load(row.data[1], views[1]->dtype, row.strides[1], row.count, probs);
      }
      philox.ForEach<4>(
          row.first, row.count,
          [](const Philox::Block& block, int lane) { return opapi::Uniform32(block[lane]); },
          [&](int64_t i, double uniform) { values[i] = uniform < probs[i]; });
      opapi::Store(values, row.count, out.dtype, row.strides[0], row.data[0]);
    });
    return ACL_SUCCESS;
  }
};

// `shape` is a tensor that gives its shape alone, null in the forms in place.
Verdict CheckShape(const aclTensor* shape, const FirstPhase& phase) {
  const size_t out = phase.tensor_count() - 1;
  HostTensorView view;
  if (shape == nullptr) return Refuse(op_plan::kParamNullptr, "self is null");
  if (HostTensorRead(shape, &view) != OK) {
    return Refuse(op_plan::kParamInvalid, "self is not a living aclTensor");
  }
  const opapi::Shape wanted = opapi::ShapeOf(view);
  const opapi::Shape given = opapi::ShapeOf(phase.tensor(out));
  if (wanted == given) return {};
  return Refuse(op_plan::kParamInvalid, "%s has shape %s: want %s", phase.name(out),
                opapi::ShapeText(given).c_str(), opapi::ShapeText(wanted).c_str());
}

aclnnStatus Bernoulli(const char* op_name, const aclTensor* self, const aclScalar* prob,
                      int64_t seed, int64_t offset, const char* out_name, const aclTensor* out,
                      uint64_t* workspace_size, aclOpExecutor** executor) {
  FirstPhase first(op_name, workspace_size, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    HostScalarView scalar;
    OP_PLAN_CHECK(phase.Output(out_name, out));
    OP_PLAN_CHECK(CheckShape(self, phase));
    OP_PLAN_CHECK(opapi::ReadScalar("prob", prob, &scalar));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    if (!(scalar.real >= 0 && scalar.real <= 1)) {
      return Refuse(op_plan::kParamInvalid, "prob is %g: want 0 to 1", scalar.real);
    }
    return phase.Bind(BernoulliKernel{Sequence(seed, offset), scalar.real});
  });
}

aclnnStatus BernoulliTensor(const char* op_name, const aclTensor* self, const aclTensor* prob,
                            int64_t seed, int64_t offset, const char* out_name,
                            const aclTensor* out, uint64_t* workspace_size,
                            aclOpExecutor** executor) {
  FirstPhase first(op_name, workspace_size, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("prob", prob));
    OP_PLAN_CHECK(phase.Output(out_name, out));
    OP_PLAN_CHECK(CheckShape(self, phase));
    OP_PLAN_CHECK(CheckFloating(phase, 0));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 1, Numbers::kReal));
    OP_PLAN_CHECK(CheckBroadcast(phase));
    return phase.Bind(BernoulliKernel{Sequence(seed, offset), 0});
  });
}

}  // namespace

aclnnStatus aclnnInplaceUniformGetWorkspaceSize(const aclTensor* selfRef, double from, double to,
                                                uint64_t seed, uint64_t offset,
                                                uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceUniform", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    OP_PLAN_CHECK(CheckFloating(phase, 0));
    if (!(from <= to)) {
      return Refuse(op_plan::kParamInvalid, "from is %g and to is %g: want from <= to", from, to);
    }
    return phase.Bind(UniformKernel{{seed, offset}, from, to});
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceUniform)

aclnnStatus aclnnInplaceNormalGetWorkspaceSize(const aclTensor* selfRef, float mean, float std,
                                               int64_t seed, int64_t offset,
                                               uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Normal("aclnnInplaceNormal", Number(mean), Number(std), seed, offset, "selfRef", selfRef,
                workspaceSize, executor);
}
ACLNN_SECOND_PHASE(aclnnInplaceNormal)

aclnnStatus aclnnNormalTensorTensorGetWorkspaceSize(const aclTensor* mean, const aclTensor* std,
                                                    int64_t seed, int64_t offset, aclTensor* out,
                                                    uint64_t* workspaceSize,
                                                    aclOpExecutor** executor) {
  return Normal("aclnnNormalTensorTensor", Tensor(mean), Tensor(std), seed, offset, "out", out,
                workspaceSize, executor);
}
ACLNN_SECOND_PHASE(aclnnNormalTensorTensor)

aclnnStatus aclnnNormalTensorFloatGetWorkspaceSize(const aclTensor* mean, float std, int64_t seed,
                                                   int64_t offset, aclTensor* out,
                                                   uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  return Normal("aclnnNormalTensorFloat", Tensor(mean), Number(std), seed, offset, "out", out,
                workspaceSize, executor);
}
ACLNN_SECOND_PHASE(aclnnNormalTensorFloat)

aclnnStatus aclnnNormalFloatTensorGetWorkspaceSize(float mean, const aclTensor* std, int64_t seed,
                                                   int64_t offset, aclTensor* out,
                                                   uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  return Normal("aclnnNormalFloatTensor", Number(mean), Tensor(std), seed, offset, "out", out,
                workspaceSize, executor);
}
ACLNN_SECOND_PHASE(aclnnNormalFloatTensor)

aclnnStatus aclnnNormalFloatFloatGetWorkspaceSize(float mean, float std, int64_t seed,
                                                  int64_t offset, aclTensor* out,
                                                  uint64_t* workspaceSize,
                                                  aclOpExecutor** executor) {
  return Normal("aclnnNormalFloatFloat", Number(mean), Number(std), seed, offset, "out", out,
                workspaceSize, executor);
}
ACLNN_SECOND_PHASE(aclnnNormalFloatFloat)

aclnnStatus aclnnInplaceRandomGetWorkspaceSize(const aclTensor* selfRef, int64_t from, int64_t to,
                                               int64_t seed, int64_t offset,
                                               uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceRandom", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    if (from >= to) {
      return Refuse(op_plan::kParamInvalid, "from is %lld and to is %lld: want from < to",
                    static_cast<long long>(from), static_cast<long long>(to));
    }
    return phase.Bind(RandomKernel{Sequence(seed, offset), from,
                                   static_cast<uint64_t>(to) - static_cast<uint64_t>(from)});
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceRandom)

aclnnStatus aclnnBernoulliGetWorkspaceSize(const aclTensor* self, const aclScalar* prob,
                                           int64_t seed, int64_t offset, aclTensor* out,
                                           uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Bernoulli("aclnnBernoulli", self, prob, seed, offset, "out", out, workspaceSize, executor);
}
ACLNN_SECOND_PHASE(aclnnBernoulli)

aclnnStatus aclnnBernoulliTensorGetWorkspaceSize(const aclTensor* self, const aclTensor* prob,
                                                 int64_t seed, int64_t offset, aclTensor* out,
                                                 uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  return BernoulliTensor("aclnnBernoulliTensor", self, prob, seed, offset, "out", out,
                         workspaceSize, executor);
}
ACLNN_SECOND_PHASE(aclnnBernoulliTensor)

aclnnStatus aclnnInplaceBernoulliGetWorkspaceSize(const aclTensor* selfRef, const aclScalar* prob,
                                                  int64_t seed, int64_t offset,
                                                  uint64_t* workspaceSize,
                                                  aclOpExecutor** executor) {
  return Bernoulli("aclnnInplaceBernoulli", selfRef, prob, seed, offset, "selfRef", selfRef,
                   workspaceSize, executor);
}
ACLNN_SECOND_PHASE(aclnnInplaceBernoulli)

aclnnStatus aclnnInplaceBernoulliTensorGetWorkspaceSize(const aclTensor* selfRef,
                                                        const aclTensor* prob, int64_t seed,
                                                        int64_t offset, uint64_t* workspaceSize,
                                                        aclOpExecutor** executor) {
  return BernoulliTensor("aclnnInplaceBernoulliTensor", selfRef, prob, seed, offset, "selfRef",
                         selfRef, workspaceSize, executor);
}
ACLNN_SECOND_PHASE(aclnnInplaceBernoulliTensor)
