// SPDX-License-Identifier: Apache-2.0
#include "data_movement.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "reduce.h"

namespace host_hccl {
namespace {

using Pieces = std::vector<const uint8_t*>;

// Below this every rank reduces everything, in one round; above, each its part, in two.
constexpr uint64_t kReduceOnceBytes = 32768;

void Copy(uint8_t* to, const uint8_t* from, uint64_t bytes) {
  if (bytes != 0) memcpy(to, from, bytes);
}

// What of `bytes` goes in the round that has `done` bytes before it and room for `room`.
uint64_t PartOf(uint64_t bytes, uint64_t done, uint64_t room) {
  return bytes > done ? std::min(room, bytes - done) : 0;
}

}  // namespace

Shares Shares::Even(uint64_t ranks, uint64_t bytes) {
  Shares shares;
  shares.bytes.assign(ranks, bytes);
  for (uint64_t rank = 0; rank < ranks; ++rank) shares.offsets.push_back(rank * bytes);
  return shares;
}

uint64_t Shares::Extent() const {
  uint64_t extent = 0;
  for (size_t rank = 0; rank < bytes.size(); ++rank) {
    if (bytes[rank] != 0) extent = std::max(extent, offsets[rank] + bytes[rank]);
  }
  return extent;
}

uint64_t Shares::Longest() const { return *std::max_element(bytes.begin(), bytes.end()); }

aclError MoveBarrier(Transfer* transfer) {
  return transfer->Round([](uint8_t*) {}, [](const Pieces&) {});
}

aclError MoveBroadcast(Transfer* transfer, bool is_root, uint32_t root, uint8_t* buffer,
                       uint64_t bytes) {
  aclError status = ACL_SUCCESS;
  for (uint64_t done = 0; status == ACL_SUCCESS && done < bytes;) {
    const uint64_t part = std::min(transfer->piece_bytes(), bytes - done);
    status = transfer->Round(
        [&](uint8_t* piece) {
          if (is_root) Copy(piece, buffer + done, part);
        },
        [&](const Pieces& pieces) {
          if (!is_root) Copy(buffer + done, pieces[root], part);
        });
    done += part;
  }
  return status;
}

aclError MoveScatter(Transfer* transfer, uint32_t rank, uint32_t ranks, uint32_t root,
                     const uint8_t* send, uint8_t* receive, uint64_t bytes) {
  const uint64_t stride = transfer->piece_bytes() / ranks;
  aclError status = ACL_SUCCESS;
  for (uint64_t done = 0; status == ACL_SUCCESS && done < bytes; done += stride) {
    const uint64_t part = PartOf(bytes, done, stride);
    status = transfer->Round(
        [&](uint8_t* piece) {
          for (uint32_t to = 0; rank == root && to < ranks; ++to) {
            Copy(piece + to * stride, send + to * bytes + done, part);
          }
        },
        [&](const Pieces& pieces) { Copy(receive + done, pieces[root] + rank * stride, part); });
  }
  return status;
}

aclError MoveAllGather(Transfer* transfer, uint32_t rank, const uint8_t* send, uint8_t* receive,
                       const Shares& shares) {
  const uint64_t room = transfer->piece_bytes();
  const uint64_t longest = shares.Longest();
  aclError status = ACL_SUCCESS;
  for (uint64_t done = 0; status == ACL_SUCCESS && done < longest; done += room) {
    status = transfer->Round(
        [&](uint8_t* piece) { Copy(piece, send + done, PartOf(shares.bytes[rank], done, room)); },
        [&](const Pieces& pieces) {
          for (size_t from = 0; from < pieces.size(); ++from) {
            Copy(receive + shares.offsets[from] + done, pieces[from],
                 PartOf(shares.bytes[from], done, room));
          }
        });
  }
  return status;
}

aclError MoveReduceScatter(Transfer* transfer, uint32_t rank, const uint8_t* send, uint8_t* receive,
                           const Shares& shares, ReduceKind kind) {
  const size_t ranks = shares.bytes.size();
  const uint64_t stride = transfer->piece_bytes() / ranks / kind.element * kind.element;
  const uint64_t longest = shares.Longest();
  aclError status = ACL_SUCCESS;
  for (uint64_t done = 0; status == ACL_SUCCESS && done < longest; done += stride) {
    status = transfer->Round(
        [&](uint8_t* piece) {
          for (size_t to = 0; to < ranks; ++to) {
            Copy(piece + to * stride, send + shares.offsets[to] + done,
                 PartOf(shares.bytes[to], done, stride));
          }
        },
        [&](const Pieces& pieces) {
          Pieces inputs = pieces;
          for (const uint8_t*& input : inputs) input += rank * stride;
          Reduce(inputs, PartOf(shares.bytes[rank], done, stride) / kind.element, kind.type,
                 kind.op, receive + done);
        });
  }
  return status;
}

aclError MoveReduce(Transfer* transfer, uint32_t rank, uint32_t ranks, const uint8_t* send,
                    uint8_t* receive, uint64_t count, ReduceKind kind) {
  const bool once = ranks == 1 || count * kind.element <= kReduceOnceBytes;
  const uint64_t chunk = transfer->piece_bytes() / kind.element;
  std::vector<uint8_t> own;
  aclError status = ACL_SUCCESS;
  for (uint64_t done = 0; status == ACL_SUCCESS && done < count;) {
    const uint64_t part = std::min(chunk, count - done);
    uint8_t* const target = receive ? receive + done * kind.element : nullptr;
    const auto fill = [&](uint8_t* piece) {
      Copy(piece, send + done * kind.element, part * kind.element);
    };
    if (once) {
      status = transfer->Round(fill, [&](const Pieces& pieces) {
        if (target) Reduce(pieces, part, kind.type, kind.op, target);
      });
      done += part;
      continue;
    }
    // Of this chunk each rank reduces one share and hands it to the others.
    const uint64_t share = (part + ranks - 1) / ranks;
    const auto first = [&](uint64_t of) { return std::min(part, of * share); };
    const auto length = [&](uint64_t of) { return first(of + 1) - first(of); };
    own.resize(share * kind.element);
    status = transfer->Round(fill, [&](const Pieces& pieces) {
      Pieces inputs = pieces;
      for (const uint8_t*& input : inputs) input += first(rank) * kind.element;
      Reduce(inputs, length(rank), kind.type, kind.op, own.data());
    });
    if (status != ACL_SUCCESS) return status;
    status = transfer->Round(
        [&](uint8_t* piece) { Copy(piece, own.data(), length(rank) * kind.element); },
        [&](const Pieces& pieces) {
          for (uint32_t from = 0; target && from < ranks; ++from) {
            Copy(target + first(from) * kind.element, pieces[from], length(from) * kind.element);
          }
        });
    done += part;
  }
  return status;
}

namespace {

// What a rank sends to each and expects of each, at the beginning of its first piece.
class ShareTable {
 public:
  explicit ShareTable(size_t ranks) : ranks_(ranks) {}
  uint64_t bytes() const { return 2 * ranks_ * sizeof(uint64_t); }

  void Write(uint8_t* piece, const Shares& sent, const Shares& received) const {
    memcpy(piece, sent.bytes.data(), ranks_ * sizeof(uint64_t));
    memcpy(piece + ranks_ * sizeof(uint64_t), received.bytes.data(), ranks_ * sizeof(uint64_t));
  }

  // Every rank looks at the shares of all, so that all come to the same answer.
  std::string Compare(const Pieces& pieces, uint64_t* longest) const {
    for (size_t from = 0; from < ranks_; ++from) {
      for (size_t to = 0; to < ranks_; ++to) {
        const uint64_t sent = At(pieces[from], to);
        const uint64_t expected = At(pieces[to], ranks_ + from);
        *longest = std::max(*longest, sent);
        if (sent == expected) continue;
        return Failed(HCCL_E_PARA,
                      "rank %zu sends %llu bytes to rank %zu, which expects %llu from it", from,
                      static_cast<unsigned long long>(sent), to,
                      static_cast<unsigned long long>(expected))
            .text;
      }
    }
    return {};
  }

 private:
  static uint64_t At(const uint8_t* piece, size_t index) {
    uint64_t value = 0;
    memcpy(&value, piece + index * sizeof(value), sizeof(value));
    return value;
  }

  const size_t ranks_;
};

}  // namespace

aclError MoveAllToAll(Transfer* transfer, uint32_t rank, const uint8_t* send, uint8_t* receive,
                      const Shares& sent, const Shares& received, bool agreed) {
  const size_t ranks = sent.bytes.size();
  const ShareTable table(ranks);
  uint64_t longest = agreed ? sent.Longest() : 1;  // known after the first round
  uint64_t done = 0;
  aclError status = ACL_SUCCESS;
  for (bool first = !agreed; status == ACL_SUCCESS && done < longest; first = false) {
    const uint64_t begin = first ? table.bytes() : 0;
    const uint64_t stride = (transfer->piece_bytes() - begin) / ranks;
    std::string mismatch;
    status = transfer->Round(
        [&](uint8_t* piece) {
          if (first) table.Write(piece, sent, received);
          for (size_t to = 0; to < ranks; ++to) {
            Copy(piece + begin + to * stride, send + sent.offsets[to] + done,
                 PartOf(sent.bytes[to], done, stride));
          }
        },
        [&](const Pieces& pieces) {
          if (first) mismatch = table.Compare(pieces, &longest);
          for (size_t from = 0; mismatch.empty() && from < ranks; ++from) {
            Copy(receive + received.offsets[from] + done, pieces[from] + begin + rank * stride,
                 PartOf(received.bytes[from], done, stride));
          }
        });
    if (!mismatch.empty()) return transfer->Fail(ACL_ERROR_RT_PARAM_INVALID, mismatch.c_str());
    done += stride;
  }
  return status;
}

}  // namespace host_hccl
