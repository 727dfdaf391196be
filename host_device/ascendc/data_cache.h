// SPDX-License-Identifier: Apache-2.0
// The data cache of a core's scalar pipe, in lines of 64 bytes: which lines hold writes that nobody
// else sees yet, and when each line was cleaned and invalidated last. It holds no data.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "gm_space.h"
#include "place.h"
#include "shadow.h"

namespace host_ascendc {

class DataCache {
 public:
  static constexpr uint64_t kLineBytes = 64;

  // The bytes of a region that share a line with one of its bytes.
  struct Line {
    const uint8_t* address;
    uint64_t begin;
    uint64_t end;
  };
  static Line LineOf(const GmSpace::Region& region, uint64_t offset);

  void NoteWrite(const GmSpace::Region& region, uint64_t offset, const Place& place);
  // Clean and invalidate: writes of the scalar lane become visible, with what they release. number
  // is that of the instruction.
  void Clean(const GmSpace::Region& region, uint64_t offset, Lane scalar_lane,
             const std::shared_ptr<const Release>& release, uint64_t number);
  void CleanAll(Lane scalar_lane, const std::shared_ptr<const Release>& release, uint64_t number);
  // The last instruction that cleaned the byte's line; 0 when there was none.
  uint64_t CleanSince(const GmSpace::Region& region, uint64_t offset) const;
  // Fails where a write has stayed in the cache.
  void ExpectClean() const;

 private:
  struct Dirty {
    RegionHistory* history;
    std::string region;
    Place place;
    uint64_t begin;
    uint64_t end;
  };

  static void Publish(const Dirty& line, Lane scalar_lane,
                      const std::shared_ptr<const Release>& release, uint64_t number);

  std::map<const uint8_t*, Dirty> dirty_;
  std::map<const uint8_t*, uint64_t> clean_since_;
  uint64_t all_clean_since_ = 0;
};

}  // namespace host_ascendc
