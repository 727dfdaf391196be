// SPDX-License-Identifier: Apache-2.0
// A kernel in a test: a body, the memory that it may touch, and what came of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernel_operator.h"
#include "launch.h"

struct KernelRun {
  bool passed;
  std::string error;
  host_ascendc::Report report;
};

class KernelTest {
 public:
  KernelTest() {
    launch.kernel = "tested";
    launch.cores = 1;
    launch.checked = true;
  }

  template <typename T>
  void Tensor(const char* name, std::vector<T>* data, bool writable,
              host_ascendc::Kind kind = host_ascendc::Kind::kTensor) {
    launch.regions.push_back({name, reinterpret_cast<uint8_t*>(data->data()),
                              data->size() * sizeof(T), writable, kind, launch.rank, 0});
  }

  KernelRun Run(const std::function<void()>& body) {
    KernelRun run;
    run.passed = host_ascendc::Run(launch, body, &run.report, &run.error);
    return run;
  }

  host_ascendc::Launch launch;
};

template <typename T>
AscendC::GlobalTensor<T> Global(std::vector<T>& data, uint64_t offset = 0) {
  AscendC::GlobalTensor<T> tensor;
  tensor.SetGlobalBuffer(data.data() + offset, data.size() - offset);
  return tensor;
}

template <AscendC::HardEvent event>
void Order(host_ascendc::Place place = host_ascendc::Place()) {
  AscendC::SetFlag<event>(0, place);
  AscendC::WaitFlag<event>(0, place);
}

// Copies a vector to UB, runs body(tensor in UB), which does the ordering it needs after both.
template <typename T>
void LoadAll(const AscendC::LocalTensor<T>& to, std::vector<T>& from,
             host_ascendc::Place place = host_ascendc::Place()) {
  AscendC::DataCopyPad(
      to, Global(from),
      AscendC::DataCopyExtParams(1, static_cast<uint32_t>(from.size() * sizeof(T)), 0, 0, 0),
      AscendC::DataCopyPadExtParams<T>(false, 0, 0, T(0)), place);
}
template <typename T>
void StoreAll(std::vector<T>& to, const AscendC::LocalTensor<T>& from,
              host_ascendc::Place place = host_ascendc::Place()) {
  AscendC::DataCopyPad(
      Global(to), from,
      AscendC::DataCopyExtParams(1, static_cast<uint32_t>(to.size() * sizeof(T)), 0, 0, 0), place);
}

#define EXPECT_PASSES(run)                                                               \
  do {                                                                                   \
    const KernelRun& expected = (run);                                                   \
    if (!expected.passed) check::Report(__FILE__, __LINE__, "fails: " + expected.error); \
  } while (false)

// The error names the line and says the text.
#define EXPECT_FAILS_AT(run, line, text)                                                   \
  do {                                                                                     \
    const KernelRun& expected = (run);                                                     \
    EXPECT_FALSE(expected.passed);                                                         \
    const std::string file = __FILE__;                                                     \
    EXPECT_TEXT_HAS(expected.error,                                                        \
                    file.substr(file.rfind('/') + 1) + ":" + std::to_string(line) + ": "); \
    EXPECT_TEXT_HAS(expected.error, text);                                                 \
  } while (false)
