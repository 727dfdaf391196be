// SPDX-License-Identifier: Apache-2.0
#include "copying_operators.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "host_operator.h"
#include "refuse.h"
#include "tensor_view.h"

#define RETURN_IF_REFUSED(expression)           \
  do {                                          \
    const aclError refused = (expression);      \
    if (refused != ACL_SUCCESS) return refused; \
  } while (false)

namespace host {
namespace {

using Integers = std::vector<int64_t>;

aclError Misfit(const AclopCall& call, const char* what) {
  return Refuse(ACL_ERROR_INVALID_PARAM, "%s: operator '%s': %s", call.function, call.type, what);
}

// Copies a view of input 0 into the whole output, which has as many elements.
aclError CopyOut(const AclopCall& call, const TensorView& from) {
  TensorView to;
  RETURN_IF_REFUSED(WholeOf(call, "output", call.Output(0), &to));
  if (to.Elements() != from.Elements()) {
    return Misfit(call, "input and output must have as many elements");
  }
  to.dims = from.dims;
  to.strides = DenseStrides(to.dims);
  return CopyView(call, to, from);
}

aclError Cast(const AclopCall& call) {
  TensorView from;
  RETURN_IF_REFUSED(WholeOf(call, "input", call.Input(0), &from));
  return CopyOut(call, from);
}

aclError Identity(const AclopCall& call) {
  if (aclGetTensorDescType(call.Input(0).description) !=
      aclGetTensorDescType(call.Output(0).description)) {
    return Misfit(call, "input and output must have one dtype");
  }
  return Cast(call);
}

aclError Transpose(const AclopCall& call) {
  TensorView from;
  Integers order;
  RETURN_IF_REFUSED(WholeOf(call, "input", call.Input(0), &from));
  RETURN_IF_REFUSED(ReadIntegers(call, "perm", call.Input(1), &order));
  const TensorView plain = from;
  Integers sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted.size() != plain.dims.size() || sorted[i] != static_cast<int64_t>(i)) {
      return Misfit(call, "perm must name every dimension of the input once");
    }
    from.dims[i] = plain.dims[static_cast<size_t>(order[i])];
    from.strides[i] = plain.strides[static_cast<size_t>(order[i])];
  }
  return CopyOut(call, from);
}

// Elements begin, begin + step, ... of each dimension.
aclError CopyPart(const AclopCall& call, TensorView from, const Integers& begin,
                  const Integers& counts, const Integers& steps) {
  const size_t rank = from.dims.size();
  if (begin.size() != rank || counts.size() != rank || steps.size() != rank) {
    return Misfit(call, "there must be one number per dimension of the input");
  }
  for (size_t i = 0; i < rank; ++i) {
    // Divided, not multiplied: the numbers come from outside.
    const bool inside =
        begin[i] >= 0 && counts[i] >= 0 && steps[i] > 0 && begin[i] <= from.dims[i] &&
        (counts[i] == 0 ||
         (begin[i] < from.dims[i] && counts[i] - 1 <= (from.dims[i] - 1 - begin[i]) / steps[i]));
    if (!inside) return Misfit(call, "the part does not lie inside the input");
    from.offset += begin[i] * from.strides[i];
    from.dims[i] = counts[i];
    from.strides[i] *= steps[i];
  }
  return CopyOut(call, from);
}

aclError Slice(const AclopCall& call) {
  TensorView from;
  Integers begin, counts;
  RETURN_IF_REFUSED(WholeOf(call, "input", call.Input(0), &from));
  RETURN_IF_REFUSED(ReadIntegers(call, "offsets", call.Input(1), &begin));
  RETURN_IF_REFUSED(ReadIntegers(call, "size", call.Input(2), &counts));
  return CopyPart(call, from, begin, counts, Integers(from.dims.size(), 1));
}

aclError StridedSlice(const AclopCall& call) {
  TensorView from;
  Integers begin, end, steps;
  RETURN_IF_REFUSED(WholeOf(call, "input", call.Input(0), &from));
  RETURN_IF_REFUSED(ReadIntegers(call, "begin", call.Input(1), &begin));
  RETURN_IF_REFUSED(ReadIntegers(call, "end", call.Input(2), &end));
  RETURN_IF_REFUSED(ReadIntegers(call, "strides", call.Input(3), &steps));
  // shrink_axis_mask changes the output's shape, not its elements.
  char text[256];
  for (const char* mask : {"begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask"}) {
    HostOpAttributeText(call.attributes, mask, text, sizeof(text));
    if (*text != '\0' && std::strcmp(text, "0") != 0) {
      return Misfit(call, (std::string(mask) + " must be 0").c_str());
    }
  }
  Integers counts(begin.size());
  for (size_t i = 0; i < begin.size(); ++i) {
    if (end.size() != begin.size() || steps.size() != begin.size() || steps[i] <= 0 ||
        begin[i] < 0 || end[i] < begin[i]) {
      return Misfit(call, "want 0 <= begin <= end and strides above 0 in every dimension");
    }
    counts[i] = (end[i] - begin[i]) / steps[i] + ((end[i] - begin[i]) % steps[i] != 0);
  }
  return CopyPart(call, from, begin, counts, steps);
}

aclError SetView(const AclopCall& call, TensorView* view, int first_input) {
  Integers offset;
  RETURN_IF_REFUSED(ReadIntegers(call, "size", call.Input(first_input), &view->dims));
  RETURN_IF_REFUSED(ReadIntegers(call, "stride", call.Input(first_input + 1), &view->strides));
  RETURN_IF_REFUSED(ReadIntegers(call, "storage_offset", call.Input(first_input + 2), &offset));
  if (view->dims.size() != view->strides.size() || offset.size() != 1 || view->Elements() < 0) {
    return Misfit(call, "want a size, as many strides, and one storage_offset");
  }
  view->offset = offset[0];
  return ACL_SUCCESS;
}

aclError AsStrided(const AclopCall& call) {
  TensorView from;
  RETURN_IF_REFUSED(WholeOf(call, "input", call.Input(0), &from));
  RETURN_IF_REFUSED(SetView(call, &from, 1));
  return CopyOut(call, from);
}

aclError ViewCopy(const AclopCall& call) {
  TensorView to, from;
  RETURN_IF_REFUSED(WholeOf(call, "dst", call.Input(0), &to));
  RETURN_IF_REFUSED(SetView(call, &to, 1));
  RETURN_IF_REFUSED(WholeOf(call, "src", call.Input(4), &from));
  RETURN_IF_REFUSED(SetView(call, &from, 5));
  return CopyView(call, to, from);
}

aclError BroadcastTo(const AclopCall& call) {
  TensorView from;
  Integers dims;
  RETURN_IF_REFUSED(WholeOf(call, "input", call.Input(0), &from));
  RETURN_IF_REFUSED(ReadIntegers(call, "shape", call.Input(1), &dims));
  if (dims.size() < from.dims.size())
    return Misfit(call, "shape has fewer dimensions than the input");
  const size_t added = dims.size() - from.dims.size();
  from.strides.insert(from.strides.begin(), added, 0);
  from.dims.insert(from.dims.begin(), added, 1);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (from.dims[i] == dims[i]) continue;
    if (from.dims[i] != 1) return Misfit(call, "the input's sizes must be those of shape, or 1");
    from.strides[i] = 0;
  }
  from.dims = dims;
  if (from.Elements() < 0) return Misfit(call, "shape must hold sizes");
  return CopyOut(call, from);
}

struct CopyingOperator {
  const char* type;
  int inputs;
  AclopFunction run;
};
constexpr CopyingOperator kCopyingOperators[] = {
    {"Identity", 1, Identity},         {"Cast", 1, Cast},
    {"Transpose", 2, Transpose},       {"Slice", 3, Slice},
    {"StridedSlice", 4, StridedSlice}, {"AsStrided", 4, AsStrided},
    {"ViewCopy", 8, ViewCopy},         {"BroadcastTo", 2, BroadcastTo},
};

}  // namespace

AclopFunction FindCopyingOperator(const AclopCall& call) {
  if (!call.Complete() || call.output_count != 1) return nullptr;
  for (const CopyingOperator& known : kCopyingOperators) {
    if (std::strcmp(call.type, known.type) == 0 && call.input_count == known.inputs) {
      return known.run;
    }
  }
  return nullptr;
}

}  // namespace host
