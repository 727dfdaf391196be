// SPDX-License-Identifier: Apache-2.0
// Status words: read and written word by word, since peers do so at the same time, and watched, so
// that a core that polls gives way instead of spinning.
#pragma once

#include <cstdint>
#include <vector>

#include "launch.h"

namespace host_ascendc {

// Plain bytes here, words that other threads and processes change there.
void LoadStatus(uint8_t* to, const uint8_t* from, uint64_t bytes);
void StoreStatus(uint8_t* to, const uint8_t* from, uint64_t bytes);

// Equal blocks at equal distances.
struct StatusRange {
  const uint8_t* address;
  uint32_t block_bytes;
  uint32_t blocks;
  uint64_t distance;  // from the begin of one block to that of the next
};

class StatusWatch {
 public:
  enum class Advice { kGoOn, kGiveWay, kPark };

  // Before a read of the range. Content that was seen unchanged before is worth giving way for, and
  // after some times, without other work in between, worth sleeping for.
  Advice OnRead(const StatusRange& range, const GmRegion* region, const Place& place);
  // The core wrote to global memory: it is not only polling.
  void OnWrite();
  // Something that this core polls has changed since it looked.
  bool Changed() const;
  WaitingCore Waits(uint32_t core) const;

 private:
  struct Seen {
    StatusRange range;
    std::vector<uint8_t> content;
    uint32_t repeats = 0;
    uint32_t written_before = 0;
    const GmRegion* region = nullptr;
    Place place;
  };

  static void Load(const StatusRange& range, std::vector<uint8_t>* content);

  std::vector<Seen> seen_;
  std::vector<uint8_t> now_;
  size_t last_ = 0;
  uint32_t writes_ = 0;
};

}  // namespace host_ascendc
