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

}  // namespace

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

aclError MoveAllGather(Transfer* transfer, const uint8_t* send, uint8_t* receive, uint64_t bytes) {
  aclError status = ACL_SUCCESS;
  for (uint64_t done = 0; status == ACL_SUCCESS && done < bytes;) {
    const uint64_t part = std::min(transfer->piece_bytes(), bytes - done);
    status = transfer->Round([&](uint8_t* piece) { Copy(piece, send + done, part); },
                             [&](const Pieces& pieces) {
                               for (size_t rank = 0; rank < pieces.size(); ++rank) {
                                 Copy(receive + rank * bytes + done, pieces[rank], part);
                               }
                             });
    done += part;
  }
  return status;
}

aclError MoveReduceScatter(Transfer* transfer, uint32_t rank, uint32_t ranks, const uint8_t* send,
                           uint8_t* receive, uint64_t count, ReduceKind kind) {
  const uint64_t stride = transfer->piece_bytes() / ranks / kind.element;  // elements for each rank
  aclError status = ACL_SUCCESS;
  for (uint64_t done = 0; status == ACL_SUCCESS && done < count;) {
    const uint64_t part = std::min(stride, count - done);
    status = transfer->Round(
        [&](uint8_t* piece) {
          for (uint32_t to = 0; to < ranks; ++to) {
            Copy(piece + to * part * kind.element, send + (to * count + done) * kind.element,
                 part * kind.element);
          }
        },
        [&](const Pieces& pieces) {
          Pieces inputs = pieces;
          for (const uint8_t*& input : inputs) input += rank * part * kind.element;
          Reduce(inputs, part, kind.type, kind.op, receive + done * kind.element);
        });
    done += part;
  }
  return status;
}

aclError MoveAllReduce(Transfer* transfer, uint32_t rank, uint32_t ranks, const uint8_t* send,
                       uint8_t* receive, uint64_t count, ReduceKind kind) {
  const bool once = ranks == 1 || count * kind.element <= kReduceOnceBytes;
  const uint64_t chunk = transfer->piece_bytes() / kind.element;
  std::vector<uint8_t> own;
  aclError status = ACL_SUCCESS;
  for (uint64_t done = 0; status == ACL_SUCCESS && done < count;) {
    const uint64_t part = std::min(chunk, count - done);
    uint8_t* const target = receive + done * kind.element;
    const auto fill = [&](uint8_t* piece) {
      Copy(piece, send + done * kind.element, part * kind.element);
    };
    if (once) {
      status = transfer->Round(
          fill, [&](const Pieces& pieces) { Reduce(pieces, part, kind.type, kind.op, target); });
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
          for (uint32_t from = 0; from < ranks; ++from) {
            Copy(target + first(from) * kind.element, pieces[from], length(from) * kind.element);
          }
        });
    done += part;
  }
  return status;
}

aclError MoveAllToAll(Transfer* transfer, uint32_t rank, const uint8_t* send, uint8_t* receive,
                      const Portions& portions) {
  const size_t ranks = portions.send_bytes.size();
  uint64_t longest = 0;
  std::string mismatch;
  // First all learn what everybody sends, to agree on the number of rounds.
  aclError status = transfer->Round(
      [&](uint8_t* piece) { memcpy(piece, portions.send_bytes.data(), ranks * sizeof(uint64_t)); },
      [&](const Pieces& pieces) {
        for (size_t from = 0; from < ranks; ++from) {
          for (size_t to = 0; to < ranks; ++to) {
            uint64_t bytes = 0;
            memcpy(&bytes, pieces[from] + to * sizeof(bytes), sizeof(bytes));
            longest = std::max(longest, bytes);
            if (to != rank || bytes == portions.receive_bytes[from] || !mismatch.empty()) continue;
            mismatch = Failed(HCCL_E_PARA,
                              "rank %zu sends %llu bytes to rank %u, which expects %llu from it",
                              from, static_cast<unsigned long long>(bytes), rank,
                              static_cast<unsigned long long>(portions.receive_bytes[from]))
                           .text;
          }
        }
      });
  if (status != ACL_SUCCESS) return status;
  if (!mismatch.empty()) return transfer->Fail(ACL_ERROR_RT_PARAM_INVALID, mismatch.c_str());
  const uint64_t stride = transfer->piece_bytes() / ranks;
  for (uint64_t done = 0; status == ACL_SUCCESS && done < longest; done += stride) {
    const auto length = [&](uint64_t bytes) {
      return bytes > done ? std::min(stride, bytes - done) : 0;
    };
    status = transfer->Round(
        [&](uint8_t* piece) {
          for (size_t to = 0; to < ranks; ++to) {
            Copy(piece + to * stride, send + portions.send_offsets[to] + done,
                 length(portions.send_bytes[to]));
          }
        },
        [&](const Pieces& pieces) {
          for (size_t from = 0; from < ranks; ++from) {
            Copy(receive + portions.receive_offsets[from] + done, pieces[from] + rank * stride,
                 length(portions.receive_bytes[from]));
          }
        });
  }
  return status;
}

}  // namespace host_hccl
