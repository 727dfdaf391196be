// SPDX-License-Identifier: Apache-2.0
#include "engine/vectors.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <new>

namespace opapi {

namespace {

constexpr int64_t kElementsPerTask = 32 * kRowElements;
constexpr std::align_val_t kRoomAlignment{64};

struct FreeRoom {
  void operator()(void* room) const { ::operator delete(room, kRoomAlignment); }
};

}  // namespace

Vectors::Vectors(const HostTensorView& view, uint32_t first_dim)
    : view_(view), first_dim_(first_dim), run_dim_(view.dim_count) {
  for (uint32_t dim = 0; dim < first_dim; ++dim) count_ *= view.dims[dim];
  for (uint32_t dim = first_dim; dim < view.dim_count; ++dim) length_ *= view.dims[dim];
  run_stride_ = ElementBytes(view);
  while (run_dim_ > first_dim) {
    const uint32_t dim = run_dim_ - 1;
    const int64_t stride = view.strides[dim] * ElementBytes(view);
    if (view.dims[dim] != 1) {
      if (run_ != 1 && stride != run_stride_ * run_) break;
      if (run_ == 1) run_stride_ = stride;
      run_ *= view.dims[dim];
    }
    run_dim_ = dim;
  }
}

uint8_t* Vectors::First(int64_t index) const {
  uint8_t* first = FirstElement(view_);
  for (uint32_t dim = first_dim_; dim-- > 0;) {
    first += index % view_.dims[dim] * view_.strides[dim] * ElementBytes(view_);
    index /= view_.dims[dim];
  }
  return first;
}

template <typename Visit>
void Vectors::ForEachRun(int64_t index, const Visit& visit) const {
  if (length_ == 0) return;
  uint8_t* const first = First(index);
  for (int64_t run = 0; run < length_ / run_; ++run) {
    uint8_t* data = first;
    int64_t rest = run;
    for (uint32_t dim = run_dim_; dim-- > first_dim_;) {
      data += rest % view_.dims[dim] * view_.strides[dim] * ElementBytes(view_);
      rest /= view_.dims[dim];
    }
    visit(data, run * run_, run_);
  }
}

template <typename T>
void Vectors::Load(int64_t index, T* to) const {
  ForEachRun(index, [&](const uint8_t* data, int64_t done, int64_t count) {
    opapi::Load(data, view_.dtype, run_stride_, count, to + done);
  });
}

template <typename T>
void Vectors::LoadPart(int64_t index, int64_t begin, int64_t count, T* to) const {
  ForEachRun(index, [&](const uint8_t* data, int64_t done, int64_t run) {
    const int64_t from = std::max(begin, done);
    const int64_t until = std::min(begin + count, done + run);
    if (from >= until) return;
    opapi::Load(data + (from - done) * run_stride_, view_.dtype, run_stride_, until - from,
                to + (from - begin));
  });
}

template <typename T>
void Vectors::Store(const T* from, int64_t index) const {
  ForEachRun(index, [&](uint8_t* data, int64_t done, int64_t count) {
    opapi::Store(from + done, count, view_.dtype, run_stride_, data);
  });
}

#define ACLNN_MOE_VECTORS_OF(T)                                         \
  template void Vectors::Load(int64_t, T*) const;                       \
  template void Vectors::LoadPart(int64_t, int64_t, int64_t, T*) const; \
  template void Vectors::Store(const T*, int64_t) const;
ACLNN_MOE_VECTORS_OF(float)
ACLNN_MOE_VECTORS_OF(double)
ACLNN_MOE_VECTORS_OF(int64_t)
#undef ACLNN_MOE_VECTORS_OF

namespace {

struct Work {
  int64_t count;
  int64_t vectors_per_task;
  int64_t room_bytes;
  VisitVector visit;
  const void* state;
  std::atomic<bool> out_of_memory{false};
};

void RunTask(void* state, uint32_t task) {
  auto* const work = static_cast<Work*>(state);
  // A visitor may want memory too.
  try {
    const std::unique_ptr<void, FreeRoom> room(
        ::operator new(static_cast<size_t>(work->room_bytes), kRoomAlignment));
    const int64_t begin = task * work->vectors_per_task;
    const int64_t end = std::min(work->count, begin + work->vectors_per_task);
    for (int64_t index = begin; index < end; ++index) work->visit(work->state, index, room.get());
  } catch (const std::bad_alloc&) {
    work->out_of_memory = true;
  }
}

}  // namespace

aclError ForEachVector(int64_t count, int64_t cost, int64_t room_bytes, HostFailure* failure,
                       VisitVector visit, const void* state) {
  if (count == 0) return ACL_SUCCESS;
  const int64_t per_task = std::max<int64_t>(1, kElementsPerTask / std::max<int64_t>(1, cost));
  Work work{count, per_task, std::max<int64_t>(1, room_bytes), visit, state, {}};
  const int64_t tasks = (count + per_task - 1) / per_task;
  HostParallelFor(static_cast<uint32_t>(tasks), HostCoreCount(), RunTask, &work);
  if (!work.out_of_memory) return ACL_SUCCESS;
  std::snprintf(failure->text, sizeof(failure->text), "no memory for %lld bytes of a row",
                static_cast<long long>(room_bytes));
  return ACL_ERROR_RT_MEMORY_ALLOCATION;
}

}  // namespace opapi
