// SPDX-License-Identifier: Apache-2.0
// A body that runs on a stack of its own and gives way by itself. All fibres of a launch belong to
// the thread that resumes them.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>

namespace host_ascendc {

// A stack with a page below it that faults.
class FibreStack {
 public:
  FibreStack();
  ~FibreStack();
  FibreStack(const FibreStack&) = delete;
  FibreStack& operator=(const FibreStack&) = delete;
  char* bottom() const { return bottom_; }
  size_t bytes() const;

 private:
  char* mapping_;
  char* bottom_;
};

class Fibre {
 public:
  explicit Fibre(FibreStack* stack) : stack_(stack) {}
  ~Fibre();
  Fibre(const Fibre&) = delete;
  Fibre& operator=(const Fibre&) = delete;

  // The body must not throw.
  void Start(std::function<void()> body);
  // Runs the body until it gives way or ends.
  void Resume();
  // From inside the body: back to who resumed it.
  void GiveWay();
  bool ended() const { return ended_; }

 private:
  static void Entry(unsigned high, unsigned low);
  void Run();
  void LeaveForSanitizers(bool last);

  FibreStack* stack_;
  std::function<void()> body_;
  ucontext_t inside_{};
  ucontext_t outside_{};
  bool ended_ = true;
  // What the sanitizers know a stack by.
  void* own_sanitizer_fibre_ = nullptr;
  void* outer_sanitizer_fibre_ = nullptr;
  void* own_fake_stack_ = nullptr;
  void* outer_fake_stack_ = nullptr;
  const void* outer_bottom_ = nullptr;
  size_t outer_bytes_ = 0;
};

}  // namespace host_ascendc
