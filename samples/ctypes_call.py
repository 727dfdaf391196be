# SPDX-License-Identifier: Apache-2.0
"""CANN's C interface by ctypes alone, ranks in threads: aclnn-moe run -- python ctypes_call.py."""

import os
from concurrent.futures import ThreadPoolExecutor
from ctypes import CDLL, RTLD_GLOBAL, byref, c_char, c_char_p, c_float, c_int, c_int64, c_void_p

import numpy as np
from ml_dtypes import bfloat16

RANKS, BS, H, K, EXPERTS = 2, 2, 1024, 2, 4
ACL_TYPES = {"float32": 0, "int32": 3, "int64": 9, "bfloat16": 27}
for name in ("ascendcl", "nnopbase", "hccl", "opapi"):
    CDLL(f"{os.environ['ASCEND_HOME_PATH']}/lib64/lib{name}.so", RTLD_GLOBAL)
CDLL(f"{os.environ['ASCEND_OPP_PATH']}/vendors/aclnn_moe/op_api/lib/libcust_opapi.so", RTLD_GLOBAL)
cann = CDLL(None)  # whatever is loaded by now
cann.aclCreateTensor.restype, cann.aclGetRecentErrMsg.restype = c_void_p, c_char_p


def call(name, *arguments):
    status = getattr(cann, name)(*[c_int64(a) if type(a) is int else a for a in arguments])
    if status:
        raise RuntimeError(f"{name} gave {status}: {cann.aclGetRecentErrMsg()}")


def tensor(array):
    address, nbytes = c_void_p(), array.nbytes
    call("aclrtMalloc", byref(address), nbytes or 1, 0)
    if nbytes:
        call("aclrtMemcpy", address, nbytes, c_void_p(array.ctypes.data), nbytes, 1)
    dims = (c_int64 * array.ndim)(*array.shape)
    strides = (c_int64 * array.ndim)(*(step // array.itemsize for step in array.strides))
    view = (dims, c_int64(array.ndim))
    kind = ACL_TYPES[array.dtype.name]
    return address, c_void_p(
        cann.aclCreateTensor(*view, kind, strides, c_int64(0), 2, *view, address)
    )


def run(name, stream, *arguments):
    nbytes, executor, workspace = c_int64(), c_void_p(), c_void_p()
    call(f"{name}GetWorkspaceSize", *arguments, byref(nbytes), byref(executor))
    call("aclrtMalloc", byref(workspace), nbytes.value or 1, 0)
    call(name, workspace, nbytes, executor, stream)
    call("aclrtSynchronizeStream", stream)
    call("aclrtFree", workspace)


def layer(rank, communicator):
    stream, group_name = c_void_p(), (c_char * 128)()
    call("aclrtSetDevice", rank)
    call("aclrtCreateStream", byref(stream))
    call("HcclGetCommName", communicator, group_name)
    group = (group_name, RANKS, rank, EXPERTS, b"", 0, 0, 0, 1, 0)
    rows = BS * RANKS * K
    host = [np.full((BS, H), rank + 3, bfloat16), np.array([[0, 3], [2, 1]], np.int32)]
    host += [np.full((BS, K), 0.5, np.float32), np.ones(H, bfloat16)]
    x, expert_ids, scales, gamma = (tensor(array)[1] for array in host)
    sizes = [((rows, H), bfloat16), (rows, "f4"), (rows * 128, "i4"), (EXPERTS // RANKS, "i8")]
    sizes += [(EXPERTS, "i4"), (0, "i4"), (rows, "f4")]
    sent = [tensor(np.zeros(*size))[1] for size in sizes]
    none = [None] * 7
    run(
        "aclnnMoeDistributeDispatchV2",
        stream,
        x,
        expert_ids,
        *none[:3],
        *group,
        0,
        0,
        1,
        b"",
        *sent,
    )
    back = [tensor(np.zeros((BS, 1, n), t)) for n, t in ((H, bfloat16), (1, "f4"), (H, bfloat16))]
    inputs = (sent[0], expert_ids, sent[2], sent[4], scales, x, gamma, *none)
    rest = (*group, 0, 0, 0, 0, b"", c_float(1e-6), *(handle for _, handle in back))
    run("aclnnMoeDistributeCombineAddRmsNorm", stream, *inputs, *rest)
    total = np.empty((BS, H), bfloat16)
    call("aclrtMemcpy", c_void_p(total.ctypes.data), total.nbytes, back[2][0], total.nbytes, 2)
    return total


if __name__ == "__main__":
    call("aclInit", None)
    communicators = (c_void_p * RANKS)()
    call("HcclCommInitAll", RANKS, (c_int * RANKS)(*range(RANKS)), communicators)
    with ThreadPoolExecutor(RANKS) as pool:
        results = pool.map(layer, range(RANKS), map(c_void_p, communicators))
        for rank, total in enumerate(results):  # both halves of a token, and the token as residual
            print(f"rank {rank}: x is {total[0, 0]}, all alike: {(total == 2 * (rank + 3)).all()}")
