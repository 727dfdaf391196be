// SPDX-License-Identifier: Apache-2.0
// Dimensions that arguments name, and the shapes that follow from them. Negative ones count from
// the end; a tensor without dimensions counts as one with a single dimension.
#pragma once

#include "engine/rows.h"

namespace opapi {

// A set of dimensions, one bit each.
using Axes = uint32_t;

Verdict ReadAxis(const char* name, int64_t value, uint32_t dim_count, uint32_t* axis);
// An empty array names all dimensions.
Verdict ReadAxes(const char* name, const aclIntArray* array, uint32_t dim_count, Axes* axes);
Axes AllAxes(uint32_t dim_count);

// `shape` without `axes`, or with 1 in their places.
Shape Reduced(const Shape& shape, Axes axes, bool keep);

// These let an optional tensor be that is not there.
Verdict CheckShape(const FirstPhase& phase, size_t index, const Shape& wanted);
// Refuses any dtype but `wanted`.
Verdict CheckDType(const FirstPhase& phase, size_t index, aclDataType wanted);
// The same dtype in both.
Verdict CheckSameDType(const FirstPhase& phase, size_t first, size_t second);
Verdict CheckFloating(const FirstPhase& phase, size_t index);
// Refuses what has no result along `axes` of tensor 0 without elements there.
Verdict CheckNotEmpty(const FirstPhase& phase, Axes axes);
// Elements that lie at whole bytes, whatever they are.
Verdict CheckWholeBytes(const FirstPhase& phase, size_t index);
// Outputs whose shape the kernel finds out lie without gaps.
Verdict CheckContiguous(const FirstPhase& phase, size_t index);
bool IsContiguous(const HostTensorView& view);
// int32 or int64.
Verdict CheckIndexDType(const FirstPhase& phase, size_t index);

// Parts of a view. The result's elements lie where they lay.
HostTensorView Narrow(const HostTensorView& view, uint32_t axis, int64_t first, int64_t count);
HostTensorView Select(const HostTensorView& view, uint32_t axis, int64_t index);
// `view` as one of `shape`, which it broadcasts to: strides of repeated dimensions are 0.
HostTensorView Expand(const HostTensorView& view, const Shape& shape);

}  // namespace opapi
