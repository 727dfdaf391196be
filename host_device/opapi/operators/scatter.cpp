// SPDX-License-Identifier: Apache-2.0
// Elements put, or taken in, at places that an index tensor names along one dimension. Lines along
// that dimension do not meet, so each is done from its first element to its last.
#include <algorithm>
#include <vector>

#include "aclnnop/aclnn_scatter.h"
#include "aclnnop/aclnn_scatter_add.h"
#include "aclnnop/aclnn_scatter_reduce.h"
#include "engine/copying.h"
#include "engine/elementwise.h"
#include "engine/lines.h"
#include "engine/places.h"

namespace {

using opapi::FirstPhase;
using opapi::Line;
using opapi::Negative;
using opapi::Phase;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

// In the order of aclnn's numbers.
enum class Reduce : int64_t { kPut, kAdd, kMultiply, kLargest, kSmallest, kMean };

struct Scatter {
  uint32_t axis;
  Reduce reduce;
  bool include_self;
  bool has_value;  // instead of src
  HostScalarView value;
};

// Tensor numbers of the launch. With a value there is no src.
constexpr uint32_t kIndex = 0;
constexpr uint32_t kSelf = 1;
constexpr uint32_t kSrc = 2;

template <typename T>
T TakeIn(Reduce reduce, T before, T value) {
  switch (reduce) {
    case Reduce::kMultiply:
      return opapi::Times(before, value);
    case Reduce::kLargest:
      return value > before || value != value ? value : before;
    case Reduce::kSmallest:
      return value < before || value != value ? value : before;
    case Reduce::kAdd:
    case Reduce::kMean:
      return opapi::Plus(before, value);
    case Reduce::kPut:
      break;
  }
  return value;
}

template <typename T>
T Mean(T sum, int64_t count) {
  if constexpr (std::is_same_v<T, int64_t>) {
    // Towards minus infinity, which is torch's way with integers.
    return sum / count - (sum % count < 0 ? 1 : 0);
  } else {
    return sum / static_cast<T>(count);
  }
}

// One line of self as numbers; stored once, when all of src is in it.
template <typename T>
class ReduceLine {
 public:
  ReduceLine(const Scatter& scatter, int64_t length)
      : scatter_(scatter),
        sums_(static_cast<size_t>(length)),
        counts_(static_cast<size_t>(length)) {}

  void Run(const std::vector<int64_t>& places, const std::vector<T>& values, aclDataType dtype,
           int64_t stride, uint8_t* self) {
    const auto length = static_cast<int64_t>(sums_.size());
    opapi::Load(self, dtype, stride, length, sums_.data());
    std::fill(counts_.begin(), counts_.end(), scatter_.include_self ? 1 : 0);
    for (size_t i = 0; i < places.size(); ++i) {
      const auto at = static_cast<size_t>(places[i]);
      sums_[at] = counts_[at] == 0 ? values[i] : TakeIn(scatter_.reduce, sums_[at], values[i]);
      ++counts_[at];
    }
    if (scatter_.reduce == Reduce::kMean) {
      for (size_t i = 0; i < sums_.size(); ++i) {
        if (counts_[i] > 1) sums_[i] = Mean(sums_[i], counts_[i]);
      }
    }
    opapi::Store(sums_.data(), length, dtype, stride, self);
  }

 private:
  const Scatter scatter_;
  std::vector<T> sums_;
  std::vector<int64_t> counts_;
};

class Scattering {
 public:
  Scattering(const Scatter& scatter, const HostLaunch& launch)
      : scatter_(scatter),
        index_(launch.tensors[kIndex]),
        self_(launch.tensors[launch.tensor_count - 1]),
        src_(launch.tensors[kSrc]) {
    if (scatter.has_value) {
      opapi::FillElements(scatter.value, opapi::ContiguousView(value_, self_.dtype, Shape{}));
      src_ = opapi::Expand(opapi::ContiguousView(value_, self_.dtype, Shape{}),
                           opapi::ShapeOf(index_));
    }
    // Only the lines that index has.
    lines_of_self_ = self_;
    for (uint32_t d = 0; d < self_.dim_count; ++d) {
      lines_of_self_.dims[d] = src_.dims[d] = index_.dims[d];
    }
    size_ = opapi::LengthOf(self_, scatter.axis);
  }

  aclError Run(HostFailure* failure) {
    if (opapi::ShapeOf(index_).size() == 0) return ACL_SUCCESS;
    const aclError status = CheckIndex(failure);
    if (status != ACL_SUCCESS) return status;
    if (scatter_.reduce == Reduce::kPut) {
      Put();
    } else if (opapi::IsFloating(self_.dtype)) {
      ReduceLines<double>();
    } else {
      ReduceLines<int64_t>();
    }
    return ACL_SUCCESS;
  }

 private:
  aclError CheckIndex(HostFailure* failure) const {
    const std::vector<int64_t> values = opapi::IndexValues(index_);
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] >= 0 && values[i] < size_) continue;
      const std::string what = "dimension " + std::to_string(scatter_.axis);
      return opapi::IndexFails({"index", "self"}, values[i], static_cast<int64_t>(i), size_,
                               what.c_str(), Negative::kRefused, failure);
    }
    return ACL_SUCCESS;
  }

  void Put() const {
    const int64_t count = opapi::LengthOf(index_, scatter_.axis);
    const int64_t bytes = opapi::ElementBytes(self_);
    opapi::ForEachLine(opapi::Lines({&index_, &src_, &lines_of_self_}, scatter_.axis), count, [&] {
      return
          [&, places = std::vector<int64_t>(static_cast<size_t>(count))](const Line& line) mutable {
            opapi::Load(line.data[0], index_.dtype, line.strides[0], count, places.data());
            for (int64_t i = 0; i < count; ++i) {
              opapi::CopyElement(line.data[1] + i * line.strides[1], bytes,
                                 line.data[2] + places[static_cast<size_t>(i)] * line.strides[2]);
            }
          };
    });
  }

  template <typename T>
  void ReduceLines() const {
    const int64_t count = opapi::LengthOf(index_, scatter_.axis);
    const auto size = static_cast<size_t>(count);
    const opapi::Lines lines({&index_, &src_, &lines_of_self_}, scatter_.axis);
    opapi::ForEachLine(lines, count + size_, [&] {
      return [&, places = std::vector<int64_t>(size), values = std::vector<T>(size),
              reduce = ReduceLine<T>(scatter_, size_)](const Line& line) mutable {
        opapi::Load(line.data[0], index_.dtype, line.strides[0], count, places.data());
        opapi::Load(line.data[1], src_.dtype, line.strides[1], count, values.data());
        reduce.Run(places, values, self_.dtype, line.strides[2], line.data[2]);
      };
    });
  }

  const Scatter scatter_;
  const HostTensorView& index_;
  const HostTensorView& self_;
  HostTensorView src_;
  HostTensorView lines_of_self_;
  int64_t size_ = 0;
  alignas(16) uint8_t value_[16] = {};
};

Verdict ReadReduce(int64_t reduce, Reduce last, Reduce* result) {
  if (reduce < 0 || reduce > static_cast<int64_t>(last)) {
    return Refuse(op_plan::kParamInvalid, "reduce is %lld: want 0 to %lld",
                  static_cast<long long>(reduce), static_cast<long long>(last));
  }
  *result = static_cast<Reduce>(reduce);
  return {};
}

struct Arguments {
  const char* self_name;
  const aclTensor* self;
  int64_t dim;
  const aclTensor* index;
  bool has_value;
  const aclTensor* src;
  const aclScalar* value;
  const char* out_name;
  const aclTensor* out;
};

Verdict BindScatter(FirstPhase& phase, const Arguments& arguments, Scatter scatter) {
  OP_PLAN_CHECK(phase.Input("index", arguments.index));
  OP_PLAN_CHECK(phase.Input(arguments.self_name, arguments.self));
  if (!scatter.has_value) OP_PLAN_CHECK(phase.Input("src", arguments.src));
  const size_t out = phase.tensor_count();
  OP_PLAN_CHECK(phase.Output(arguments.out_name, arguments.out));
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, kIndex));
  OP_PLAN_CHECK(opapi::CheckSameDType(phase, kSelf, out));
  OP_PLAN_CHECK(opapi::CheckShape(phase, out, opapi::ShapeOf(phase.tensor(kSelf))));
  OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, kSelf));
  OP_PLAN_CHECK(
      opapi::ReadAxis("dim", arguments.dim, phase.tensor(kSelf).dim_count, &scatter.axis));
  OP_PLAN_CHECK(opapi::CheckInside(phase, kIndex, kSelf, scatter.axis));
  if (scatter.has_value) {
    OP_PLAN_CHECK(opapi::ReadScalar("value", arguments.value, &scatter.value));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, kSelf, opapi::Numbers::kReal));
  } else {
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, kSelf, kSrc));
    OP_PLAN_CHECK(opapi::CheckInside(phase, kIndex, kSrc, opapi::kNoAxis));
  }
  if (scatter.reduce != Reduce::kPut) {
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, kSelf, opapi::Numbers::kReal));
  }
  return phase.Bind([scatter](const HostLaunch& launch, HostFailure* failure) -> aclError {
    const HostTensorView& self = launch.tensors[kSelf];
    const HostTensorView& out = launch.tensors[launch.tensor_count - 1];
    if (opapi::FirstElement(self) != opapi::FirstElement(out)) opapi::CopyElements(self, out);
    return Scattering(scatter, launch).Run(failure);
  });
}

// `last`: the last way of taking in that the function has.
aclnnStatus RunScatter(const Phase& call, const Arguments& arguments, int64_t reduce, Reduce last,
                       bool include_self) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Scatter scatter{0, Reduce::kPut, include_self, arguments.has_value, {}};
    OP_PLAN_CHECK(ReadReduce(reduce, last, &scatter.reduce));
    return BindScatter(phase, arguments, scatter);
  });
}

}  // namespace

aclnnStatus aclnnScatterGetWorkspaceSize(const aclTensor* self, int64_t dim, const aclTensor* index,
                                         const aclTensor* src, int64_t reduce, aclTensor* out,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  return RunScatter({"aclnnScatter", workspaceSize, executor},
                    {"self", self, dim, index, false, src, nullptr, "out", out}, reduce,
                    Reduce::kMultiply, true);
}
ACLNN_SECOND_PHASE(aclnnScatter)

aclnnStatus aclnnInplaceScatterGetWorkspaceSize(aclTensor* selfRef, int64_t dim,
                                                const aclTensor* index, const aclTensor* src,
                                                int64_t reduce, uint64_t* workspaceSize,
                                                aclOpExecutor** executor) {
  return RunScatter({"aclnnInplaceScatter", workspaceSize, executor},
                    {"selfRef", selfRef, dim, index, false, src, nullptr, "selfRef", selfRef},
                    reduce, Reduce::kMultiply, true);
}
ACLNN_SECOND_PHASE(aclnnInplaceScatter)

aclnnStatus aclnnScatterValueGetWorkspaceSize(const aclTensor* self, int64_t dim,
                                              const aclTensor* index, const aclScalar* value,
                                              int64_t reduce, aclTensor* out,
                                              uint64_t* workspaceSize, aclOpExecutor** executor) {
  return RunScatter({"aclnnScatterValue", workspaceSize, executor},
                    {"self", self, dim, index, true, nullptr, value, "out", out}, reduce,
                    Reduce::kMultiply, true);
}
ACLNN_SECOND_PHASE(aclnnScatterValue)

aclnnStatus aclnnInplaceScatterValueGetWorkspaceSize(aclTensor* selfRef, int64_t dim,
                                                     const aclTensor* index, const aclScalar* value,
                                                     int64_t reduce, uint64_t* workspaceSize,
                                                     aclOpExecutor** executor) {
  return RunScatter({"aclnnInplaceScatterValue", workspaceSize, executor},
                    {"selfRef", selfRef, dim, index, true, nullptr, value, "selfRef", selfRef},
                    reduce, Reduce::kMultiply, true);
}
ACLNN_SECOND_PHASE(aclnnInplaceScatterValue)

aclnnStatus aclnnScatterAddGetWorkspaceSize(const aclTensor* self, int64_t dim,
                                            const aclTensor* index, const aclTensor* src,
                                            aclTensor* out, uint64_t* workspaceSize,
                                            aclOpExecutor** executor) {
  return RunScatter({"aclnnScatterAdd", workspaceSize, executor},
                    {"self", self, dim, index, false, src, nullptr, "out", out},
                    static_cast<int64_t>(Reduce::kAdd), Reduce::kAdd, true);
}
ACLNN_SECOND_PHASE(aclnnScatterAdd)

aclnnStatus aclnnScatterReduceGetWorkspaceSize(const aclTensor* self, int64_t dim,
                                               const aclTensor* index, const aclTensor* src,
                                               int64_t reduce, bool includeSelf, aclTensor* out,
                                               uint64_t* workspaceSize, aclOpExecutor** executor) {
  return RunScatter({"aclnnScatterReduce", workspaceSize, executor},
                    {"self", self, dim, index, false, src, nullptr, "out", out}, reduce,
                    Reduce::kMean, includeSelf);
}
ACLNN_SECOND_PHASE(aclnnScatterReduce)

aclnnStatus aclnnInplaceScatterReduceGetWorkspaceSize(aclTensor* selfRef, int64_t dim,
                                                      const aclTensor* index, const aclTensor* src,
                                                      int64_t reduce, bool includeSelf,
                                                      uint64_t* workspaceSize,
                                                      aclOpExecutor** executor) {
  return RunScatter({"aclnnInplaceScatterReduce", workspaceSize, executor},
                    {"selfRef", selfRef, dim, index, false, src, nullptr, "selfRef", selfRef},
                    reduce, Reduce::kMean, includeSelf);
}
ACLNN_SECOND_PHASE(aclnnInplaceScatterReduce)
