// SPDX-License-Identifier: Apache-2.0
// CANN 9 has some functions of HCCL, HcclGroupStart and HcclGroupEnd among them, in libhcomm, and
// programs open it by that name. Here they are in libhccl, which this library needs and otherwise
// adds nothing to: who looks a function up in libhcomm finds that of libhccl.
