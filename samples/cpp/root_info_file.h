// SPDX-License-Identifier: Apache-2.0
// How processes find one another: rank 0 makes the root info, the others read it from a file.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "acl_call.h"
#include "hccl/hccl.h"

class RootInfoFile {
 public:
  explicit RootInfoFile(const std::string& path) : path_(path) {}

  // Of rank 0. Nobody sees half a file: it is written under another name.
  HcclRootInfo Publish() const {
    if (std::filesystem::exists(path_)) End("is there already: remove what another run has left");
    HcclRootInfo info;
    ACL_CALL(HcclGetRootInfo(&info));
    const std::filesystem::path part = path_.string() + ".part";
    std::ofstream file(part, std::ios::binary);
    file.write(info.internal, sizeof(info.internal));
    file.close();
    if (!file) End("cannot be written");
    std::filesystem::rename(part, path_);
    return info;
  }

  // Of the other ranks.
  HcclRootInfo Await(std::chrono::seconds timeout) const {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!std::filesystem::exists(path_)) {
      if (std::chrono::steady_clock::now() > deadline) End("did not come: has rank 0 started?");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    HcclRootInfo info;
    std::ifstream file(path_, std::ios::binary);
    file.read(info.internal, sizeof(info.internal));
    if (!file) End("cannot be read");
    return info;
  }

  // Once all ranks have their communicator.
  void Remove() const { std::filesystem::remove(path_); }

 private:
  [[noreturn]] void End(const char* why) const {
    std::fprintf(stderr, "root info file %s %s\n", path_.c_str(), why);
    std::_Exit(EXIT_FAILURE);
  }

  std::filesystem::path path_;
};
