// SPDX-License-Identifier: Apache-2.0
#include "pipe_clock.h"

#include <algorithm>

namespace host_ascendc {

bool Clock::Knows(const Epoch& epoch) const {
  if (IsOwn(epoch.lane)) return own_[epoch.lane - first_lane_] >= epoch.time;
  if (others_ == nullptr) return false;
  const auto found =
      std::lower_bound(others_->begin(), others_->end(), epoch.lane,
                       [](const Epoch& known, Lane lane) { return known.lane < lane; });
  return found != others_->end() && found->lane == epoch.lane && found->time >= epoch.time;
}

void Clock::RaiseOwn(Pipe pipe, uint32_t time) {
  own_[Index(pipe)] = std::max(own_[Index(pipe)], time);
}

bool Clock::JoinOwn(const Clock& other, int left_out) {
  bool learned = false;
  for (int pipe = 0; pipe < kPipes; ++pipe) {
    if (pipe == left_out || other.own_[pipe] <= own_[pipe]) continue;
    own_[pipe] = other.own_[pipe];
    learned = true;
  }
  return learned;
}

bool Clock::JoinOthers(const Clock& other, bool with_own_lanes) {
  static const Lanes kNone;
  const Lanes& mine = others_ == nullptr ? kNone : *others_;
  Lanes theirs;
  const Lanes* source = other.others_ == nullptr ? &kNone : other.others_.get();
  if (with_own_lanes) {
    // The other core's own lanes, put where they belong among what it knows of others.
    theirs.reserve(source->size() + kPipes);
    const auto middle =
        std::lower_bound(source->begin(), source->end(), other.first_lane_,
                         [](const Epoch& known, Lane lane) { return known.lane < lane; });
    theirs.assign(source->begin(), middle);
    for (int pipe = 0; pipe < kPipes; ++pipe) {
      if (other.own_[pipe] != 0) {
        theirs.push_back({other.first_lane_ + static_cast<Lane>(pipe), other.own_[pipe]});
      }
    }
    theirs.insert(theirs.end(), middle, source->end());
    source = &theirs;
  }
  bool learned = false;
  auto merged = std::make_shared<Lanes>();
  merged->reserve(mine.size() + source->size());
  auto known = mine.begin();
  for (const Epoch& news : *source) {
    if (IsOwn(news.lane)) {
      uint32_t& own = own_[news.lane - first_lane_];
      learned = learned || news.time > own;
      own = std::max(own, news.time);
      continue;
    }
    while (known != mine.end() && known->lane < news.lane) merged->push_back(*known++);
    if (known != mine.end() && known->lane == news.lane) {
      learned = learned || news.time > known->time;
      merged->push_back({news.lane, std::max(news.time, known->time)});
      ++known;
    } else {
      merged->push_back(news);
      learned = true;
    }
  }
  if (!learned) return false;
  merged->insert(merged->end(), known, mine.end());
  others_ = std::move(merged);
  return true;
}

bool Clock::Join(const Clock& other) {
  if (other.first_lane_ != first_lane_) return JoinOthers(other, true);
  bool learned = JoinOwn(other, -1);
  if (other.others_ != nullptr && other.others_ != others_) {
    if (others_ == nullptr) {
      others_ = other.others_;
      learned = true;
    } else {
      learned = JoinOthers(other, false) || learned;
    }
  }
  return learned;
}

bool Clock::JoinExcept(const Clock& other, Pipe left_out) {
  bool learned = JoinOwn(other, Index(left_out));
  if (other.others_ != nullptr && other.others_ != others_) {
    if (others_ == nullptr) {
      others_ = other.others_;
      learned = true;
    } else {
      learned = JoinOthers(other, false) || learned;
    }
  }
  return learned;
}

}  // namespace host_ascendc
