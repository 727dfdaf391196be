// SPDX-License-Identifier: Apache-2.0
// How members of a communicator make a smaller one: the first of them makes new memory and puts its
// root info on the board in its slot, where the others look for it.
#pragma once

#include "communicator.h"

namespace host_hccl {

// Tells one group from another: its id and its members in order.
uint64_t GroupKey(uint64_t id, const uint32_t* ranks, uint32_t count);

// Takes a root info off the board when it goes out of scope.
class BoardPost {
 public:
  BoardPost() = default;
  ~BoardPost();
  BoardPost(const BoardPost&) = delete;
  BoardPost& operator=(const BoardPost&) = delete;

  Outcome Put(Communicator* communicator, uint64_t key, const RootInfo& root);

 private:
  Communicator* communicator_ = nullptr;
  uint32_t entry_ = 0;
};

// Waits until `leader` has put up the root info of group `key`.
Outcome AwaitPost(Communicator* communicator, uint32_t leader, uint64_t key,
                  int64_t timeout_seconds, RootInfo* root);

}  // namespace host_hccl
