// SPDX-License-Identifier: Apache-2.0
// TPipe, which gives out UB and event ids, and the queues and buffers that it fills.
#pragma once

#include <cstdint>

#include "buffer_queue.h"
#include "kernel_common.h"
#include "kernel_tensor.h"

namespace AscendC {

class TPipe;

// A queue's data goes from src to dst; the events are those of the pipes on that way.
template <TPosition src, TPosition dst, int32_t depth, auto mask = 0>
class TQueBind {
 public:
  TQueBind() : queue_(PipesOf(kQueued), PipesOf(kFreed), depth) {}

  template <typename T>
  LocalTensor<T> AllocTensor(host_ascendc::Place place = host_ascendc::Place()) {
    return TensorOf<T>(queue_.Alloc(place));
  }
  template <typename T>
  bool EnQue(const LocalTensor<T>& tensor, host_ascendc::Place place = host_ascendc::Place()) {
    queue_.EnQue(ViewOf(tensor), place);
    return true;
  }
  template <typename T>
  LocalTensor<T> DeQue(host_ascendc::Place place = host_ascendc::Place()) {
    return TensorOf<T>(queue_.DeQue(place));
  }
  template <typename T>
  void FreeTensor(LocalTensor<T>& tensor, host_ascendc::Place place = host_ascendc::Place()) {
    queue_.Free(ViewOf(tensor), place);
  }
  bool VacantInQue() { return queue_.queued() < depth; }
  bool HasTensorInQue() { return queue_.queued() > 0; }
  int32_t GetTensorCountInQue() { return queue_.queued(); }
  bool HasIdleBuffer() { return queue_.HasFree(); }

 private:
  friend class TPipe;
  static_assert(depth >= 1, "a queue holds at least one tensor");
  static_assert(!(src == TPosition::GM && dst == TPosition::GM), "a queue lies in UB");
  static constexpr HardEvent kQueued = src == TPosition::GM   ? HardEvent::MTE2_V
                                       : dst == TPosition::GM ? HardEvent::V_MTE3
                                                              : HardEvent::MTE2_MTE3;
  static constexpr HardEvent kFreed = src == TPosition::GM   ? HardEvent::V_MTE2
                                      : dst == TPosition::GM ? HardEvent::MTE3_V
                                                             : HardEvent::MTE3_MTE2;

  template <typename T>
  LocalTensor<T> TensorOf(const host_ascendc::UbView& view) const {
    return LocalTensor<T>(view, view.end - view.begin, src == TPosition::GM ? dst : src);
  }

  host_ascendc::BufferQueue queue_;
};

constexpr TPosition QueueSource(TPosition position) {
  return position == TPosition::VECIN ? TPosition::GM : position;
}
constexpr TPosition QueueTarget(TPosition position) {
  return position == TPosition::VECOUT ? TPosition::GM : position;
}

template <TPosition pos, int32_t depth, auto mask = 0>
class TQue : public TQueBind<QueueSource(pos), QueueTarget(pos), depth, mask> {};

template <TPosition pos = TPosition::LCM>
class TBuf {
 public:
  TBuf() = default;
  TBuf(const TBuf&) = delete;
  TBuf& operator=(const TBuf&) = delete;

  template <typename T>
  LocalTensor<T> Get(host_ascendc::Place place = host_ascendc::Place()) {
    return Part<T>(0, bytes_, "TBuf::Get", place);
  }
  template <typename T>
  LocalTensor<T> Get(uint32_t len, host_ascendc::Place place = host_ascendc::Place()) {
    return Part<T>(0, uint64_t{len} * sizeof(T), "TBuf::Get", place);
  }
  template <typename T>
  LocalTensor<T> GetWithOffset(uint32_t size, uint32_t buf_offset,
                               host_ascendc::Place place = host_ascendc::Place()) {
    return Part<T>(buf_offset, uint64_t{size} * sizeof(T), "TBuf::GetWithOffset", place);
  }

 private:
  friend class TPipe;

  template <typename T>
  LocalTensor<T> Part(uint32_t offset, uint64_t bytes, const char* call,
                      const host_ascendc::Place& place) const {
    host_ascendc::UbView view = view_;
    view.address += offset;
    host_ascendc::Core::Current().Ub(view, bytes, 1, call, place);
    return LocalTensor<T>(view, static_cast<uint32_t>(bytes), pos);
  }

  host_ascendc::UbView view_;
  uint32_t bytes_ = 0;
};

class TPipe {
 public:
  explicit TPipe(host_ascendc::Place place = host_ascendc::Place()) : made_(place) {
    host_ascendc::Core& core = host_ascendc::Core::Current();
    if (core.pipe != nullptr) {
      host_ascendc::Fail(place, "a second TPipe; the first was made at %s",
                         host_ascendc::Show(core.pipe->made_).c_str());
    }
    core.pipe = this;
  }
  ~TPipe() {
    host_ascendc::Core& core = host_ascendc::Core::Current();
    if (core.pipe != this) return;
    for (host_ascendc::BufferQueue* queue : core.queues) queue->Abandon();
    End(&core);
  }
  TPipe(const TPipe&) = delete;
  TPipe& operator=(const TPipe&) = delete;

  template <class T>
  bool InitBuffer(T& que, uint8_t num, uint32_t len,
                  host_ascendc::Place place = host_ascendc::Place()) {
    que.queue_.Init(num, len, place);
    return true;
  }
  template <TPosition pos>
  bool InitBuffer(TBuf<pos>& buf, uint32_t len, host_ascendc::Place place = host_ascendc::Place()) {
    host_ascendc::Core& core = host_ascendc::Core::Current();
    if (len == 0) host_ascendc::Fail(place, "InitBuffer with a buffer of 0 bytes");
    buf.view_.address = buf.view_.begin = core.TakeUb(len, "InitBuffer", place);
    buf.view_.end = core.ub_used();
    buf.bytes_ = buf.view_.end - buf.view_.begin;
    return true;
  }

  template <HardEvent event>
  TEventID AllocEventID(host_ascendc::Place place = host_ascendc::Place()) {
    return host_ascendc::Core::Current().events().Alloc(PipesOf(event), place);
  }
  template <HardEvent event>
  void ReleaseEventID(TEventID id, host_ascendc::Place place = host_ascendc::Place()) {
    host_ascendc::Core::Current().events().Release(PipesOf(event), id, place);
  }
  template <HardEvent event>
  TEventID FetchEventID(host_ascendc::Place place = host_ascendc::Place()) {
    return FetchEventID(event, place);
  }
  TEventID FetchEventID(HardEvent event, host_ascendc::Place place = host_ascendc::Place()) {
    return host_ascendc::Core::Current().events().Fetch(PipesOf(event), place);
  }

  // Waits for the queues' flags and takes all buffers back.
  void Reset(host_ascendc::Place place = host_ascendc::Place()) {
    host_ascendc::Core& core = host_ascendc::Core::Current();
    for (host_ascendc::BufferQueue* queue : core.queues) queue->Close(place);
    core.queues.clear();
    core.FreeUb();
  }
  // As Reset, then all pipes; after it another TPipe may be made.
  void Destroy(host_ascendc::Place place = host_ascendc::Place()) {
    Reset(place);
    End(&host_ascendc::Core::Current());
  }

 private:
  void End(host_ascendc::Core* core) {
    core->queues.clear();
    core->FreeUb();
    core->BarrierAll();
    core->pipe = nullptr;
  }

  host_ascendc::Place made_;
};

}  // namespace AscendC

// The only call of the API outside of its namespace.
inline AscendC::TPipe* GetTPipePtr() { return host_ascendc::Core::Current().pipe; }
