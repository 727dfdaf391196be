// SPDX-License-Identifier: Apache-2.0
#include "aclnnop/aclnn_searchsorted.h"
#include "engine/copying.h"
#include "engine/elementwise.h"
#include "engine/places.h"
#include "engine/tasks.h"

namespace {

using opapi::FirstPhase;
using opapi::Negative;
using opapi::Numbers;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

// One sorted row, read through the sorter if there is one.
template <typename T>
class SortedRow {
 public:
  SortedRow(const T* values, const int64_t* sorter, int64_t length)
      : values_(values), sorter_(sorter), length_(length) {}

  // How many elements are less than `value`, or not greater (right). NaN goes behind all.
  int64_t PlaceOf(T value, bool right) const {
    int64_t begin = 0;
    int64_t end = length_;
    while (begin < end) {
      const int64_t middle = begin + (end - begin) / 2;
      const T at = values_[sorter_ == nullptr ? middle : sorter_[middle]];
      const bool behind = right ? !(at > value) : !(at >= value);
      if (behind) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return begin;
  }

 private:
  const T* values_;
  const int64_t* sorter_;
  int64_t length_;
};

// Tensors: sortedSequence, sorter (may be left out), then self (or `value`), then out.
struct Search {
  bool right;
  bool has_value;
  HostScalarView value;
};

template <typename T>
std::vector<T> ValuesOf(const HostTensorView& view) {
  std::vector<T> values(static_cast<size_t>(opapi::ShapeOf(view).size()));
  constexpr aclDataType kDType = std::is_same_v<T, int64_t> ? ACL_INT64
                                 : std::is_same_v<T, float> ? ACL_FLOAT
                                                            : ACL_DOUBLE;
  opapi::CopyElements(view, opapi::ContiguousView(values.data(), kDType, opapi::ShapeOf(view)));
  return values;
}

template <typename T>
aclError SearchRows(const HostLaunch& launch, const Search& search, HostFailure* failure) {
  const HostTensorView& sequence = launch.tensors[0];
  const HostTensorView& out = launch.tensors[launch.tensor_count - 1];
  if (opapi::ShapeOf(out).size() == 0) return ACL_SUCCESS;
  const int64_t length = sequence.dims[sequence.dim_count - 1];
  const std::vector<T> values = ValuesOf<T>(sequence);
  std::vector<int64_t> sorter;
  if (launch.tensors[1].present) sorter = opapi::IndexValues(launch.tensors[1]);
  for (size_t i = 0; i < sorter.size(); ++i) {
    if (sorter[i] >= 0 && sorter[i] < length) continue;
    return opapi::IndexFails({"sorter", "sortedSequence"}, sorter[i], static_cast<int64_t>(i),
                             length, "the last dimension", Negative::kRefused, failure);
  }
  const std::vector<T> wanted = search.has_value ? std::vector<T>{opapi::ValueOf<T>(search.value)}
                                                 : ValuesOf<T>(launch.tensors[2]);
  // A vector is the row of all.
  const int64_t per_row =
      sequence.dim_count == 1 || search.has_value ? 0 : out.dims[out.dim_count - 1];
  std::vector<int64_t> places(wanted.size());
  opapi::ForEachGroup(static_cast<int64_t>(wanted.size()), 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = per_row == 0 ? 0 : i / per_row * length;
      const SortedRow<T> row(values.data() + first,
                             sorter.empty() ? nullptr : sorter.data() + first, length);
      places[static_cast<size_t>(i)] = row.PlaceOf(wanted[static_cast<size_t>(i)], search.right);
    }
  });
  opapi::CopyElements(opapi::ContiguousView(places.data(), ACL_INT64, opapi::ShapeOf(out)), out);
  return ACL_SUCCESS;
}

Verdict CheckSequence(const FirstPhase& phase) {
  OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
  if (phase.tensor(0).dim_count == 0) {
    return Refuse(op_plan::kParamInvalid, "sortedSequence has no dimensions: want 1 or more");
  }
  if (!phase.tensor(1).present) return {};
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 1));
  return opapi::CheckShape(phase, 1, opapi::ShapeOf(phase.tensor(0)));
}

Verdict BindSearch(FirstPhase& phase, const Search& search, bool out_int32) {
  OP_PLAN_CHECK(
      opapi::CheckDType(phase, phase.tensor_count() - 1, out_int32 ? ACL_INT32 : ACL_INT64));
  return phase.Bind([search](const HostLaunch& launch, HostFailure* failure) {
    aclError status = ACL_SUCCESS;
    const aclDataType dtypes[] = {launch.tensors[0].dtype,
                                  search.has_value ? search.value.dtype : launch.tensors[2].dtype};
    opapi::WithType(opapi::ComputeOf(dtypes, 2, Numbers::kReal), [&](auto zero) {
      status = SearchRows<decltype(zero)>(launch, search, failure);
    });
    return status;
  });
}

}  // namespace

aclnnStatus aclnnSearchSortedGetWorkspaceSize(const aclTensor* sortedSequence,
                                              const aclTensor* self, const bool outInt32,
                                              const bool right, const aclTensor* sorter,
                                              aclTensor* out, uint64_t* workspaceSize,
                                              aclOpExecutor** executor) {
  FirstPhase first("aclnnSearchSorted", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("sortedSequence", sortedSequence));
    OP_PLAN_CHECK(phase.OptionalInput("sorter", sorter));
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(CheckSequence(phase));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 2, Numbers::kReal));
    const Shape wanted = opapi::ShapeOf(phase.tensor(2));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 3, wanted));
    if (phase.tensor(0).dim_count > 1) {
      Shape rows = opapi::ShapeOf(phase.tensor(0));
      if (wanted.dim_count == rows.dim_count) {
        rows.dims[rows.dim_count - 1] = wanted.dims[rows.dim_count - 1];
      }
      OP_PLAN_CHECK(opapi::CheckShape(phase, 2, rows));
    }
    return BindSearch(phase, Search{right, false, {}}, outInt32);
  });
}
ACLNN_SECOND_PHASE(aclnnSearchSorted)

aclnnStatus aclnnSearchSortedsGetWorkspaceSize(const aclTensor* sortedSequence,
                                               const aclScalar* self, const bool outInt32,
                                               const bool right, const aclTensor* sorter,
                                               aclTensor* out, uint64_t* workspaceSize,
                                               aclOpExecutor** executor) {
  FirstPhase first("aclnnSearchSorteds", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("sortedSequence", sortedSequence));
    OP_PLAN_CHECK(phase.OptionalInput("sorter", sorter));
    OP_PLAN_CHECK(phase.Output("out", out));
    Search search{right, true, {}};
    OP_PLAN_CHECK(opapi::ReadScalar("self", self, &search.value));
    OP_PLAN_CHECK(CheckSequence(phase));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, Shape{}));
    if (phase.tensor(0).dim_count != 1) {
      return Refuse(op_plan::kParamInvalid,
                    "sortedSequence has %u dimensions: want 1 where self is one number",
                    phase.tensor(0).dim_count);
    }
    return BindSearch(phase, search, outInt32);
  });
}
ACLNN_SECOND_PHASE(aclnnSearchSorteds)
