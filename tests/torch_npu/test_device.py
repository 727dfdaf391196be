# SPDX-License-Identifier: Apache-2.0
"""Devices of torch_npu: how many, what they are, tensors on them, what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch
import torch_npu
from npu_process import run_program

Call = Callable[[torch.Tensor], object]
View = Callable[[torch.Tensor], torch.Tensor]

DEVICES = 16
DTYPES = [
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.float64,
    torch.int8,
    torch.uint8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.bool,
    torch.complex64,
]


@pytest.fixture(autouse=True)
def on_device_0() -> None:
    torch.npu.set_device(0)


def numbers(count: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return (torch.arange(count) * 7919 % 101).to(dtype)


def test_sixteen_devices_are_there() -> None:
    assert torch.npu.is_available()
    assert torch.npu.device_count() == DEVICES


def test_a_device_is_a_die_of_an_atlas_a3() -> None:
    properties = torch.npu.get_device_properties(0)
    assert torch.npu.get_device_name(3) == "Ascend910_9391"
    assert properties.name == "Ascend910_9391"
    assert (properties.cube_core_num, properties.vector_core_num) == (24, 48)
    assert properties.total_memory == torch.npu.mem_get_info()[1]


def test_torch_alone_brings_the_devices_in() -> None:
    assert torch.ones(2, device="npu").device == torch.device("npu", 0)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_tensor_goes_to_a_device_and_back(dtype: torch.dtype) -> None:
    given = numbers(1001, dtype)
    there = given.npu()
    assert there.device == torch.device("npu", 0)
    assert there.dtype == dtype
    assert torch.equal(there.cpu(), given)


def test_a_tensor_goes_to_every_device_and_back() -> None:
    for device in range(DEVICES):
        given = numbers(64) + device
        there = given.to(f"npu:{device}")
        assert there.device.index == device
        assert torch.equal(there.cpu(), given)


def test_empty_tensors_and_scalars_go_to_a_device_and_back() -> None:
    assert torch.empty(0, 7).npu().cpu().shape == (0, 7)
    assert torch.tensor(2.5).npu().item() == 2.5


def test_a_tensor_goes_from_device_to_device() -> None:
    given = numbers(100_000)
    moved = given.to("npu:2").to("npu:7")
    assert moved.device.index == 7
    assert torch.equal(moved.cpu(), given)


def test_copy_between_tensors_of_two_devices() -> None:
    given = numbers(4096)
    target = torch.empty(4096, device="npu:5")
    target.copy_(given.to("npu:4"))
    assert torch.equal(target.cpu(), given)


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.t(),
        lambda x: x[1:5:2, 3:],
        lambda x: x[:, 2],
        lambda x: x[2].expand(3, 8),
        lambda x: x.reshape(2, 3, 8).permute(2, 0, 1),
        lambda x: x.unfold(1, 4, 2),
        lambda x: x[6:],
    ],
    ids=["transposed", "strided", "column", "expanded", "permuted", "overlapping", "empty"],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64])
def test_views_go_from_device_to_device(view: View, dtype: torch.dtype) -> None:
    given = torch.arange(48).to(dtype).reshape(6, 8)
    moved = view(given.to("npu:1")).to("npu:2")
    assert moved.device.index == 2
    assert torch.equal(moved.cpu(), view(given))


# Not of a view: torch_npu copies that on one device and casts it on the other, and does not order
# the two.
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.int64])
def test_a_tensor_is_cast_on_its_way_to_another_device(dtype: torch.dtype) -> None:
    given = torch.arange(48.0).reshape(6, 8)
    there = given.to("npu:1")
    torch.npu.synchronize(1)
    moved = there.to("npu:2", dtype)
    assert moved.device.index == 2
    assert torch.equal(moved.cpu(), given.to(dtype))


def test_a_view_can_be_written_from_another_device() -> None:
    there = torch.zeros(4, 6, device="npu:3")
    there[:, 1::2].copy_(torch.ones(3, 4, device="npu:1").t())
    there[2:, ::2].copy_(torch.arange(3.0, device="npu:1"))
    wanted = torch.zeros(4, 6)
    wanted[:, 1::2] = 1
    wanted[2:, ::2] = torch.arange(3.0)
    assert torch.equal(there.cpu(), wanted)


def test_views_come_back_as_they_are() -> None:
    given = numbers(6 * 8).reshape(6, 8)
    there = given.npu()
    assert torch.equal(there.t().cpu(), given.t())
    assert torch.equal(there[1:5:2, 3:].cpu(), given[1:5:2, 3:])
    assert torch.equal(there[2].cpu(), given[2])


def test_a_view_can_be_written_from_the_host() -> None:
    there = torch.zeros(4, 6, device="npu")
    there[:, 1::2].copy_(torch.ones(4, 3))
    wanted = torch.zeros(4, 6)
    wanted[:, 1::2] = 1
    assert torch.equal(there.cpu(), wanted)


def test_the_current_device_is_the_one_set_last() -> None:
    torch.npu.set_device(1)
    torch.npu.set_device(1)
    assert torch.npu.current_device() == 1
    with torch.npu.device(6):
        assert torch.npu.current_device() == 6
        assert torch.ones(1, device="npu").device.index == 6
    assert torch.npu.current_device() == 1


def test_devices_reach_one_another() -> None:
    assert torch_npu.npu.can_device_access_peer(0, 1)


def test_each_thread_has_a_device_of_its_own() -> None:
    seen: dict[int, torch.Tensor] = {}

    def work(device: int) -> None:
        torch.npu.set_device(device)
        for step in range(20):
            seen[device] = torch.full((1000,), device * 100 + step).npu()

    threads = [threading.Thread(target=work, args=(device,)) for device in (3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {device: tensor.device.index for device, tensor in seen.items()} == {3: 3, 4: 4}
    assert all(bool((seen[device].cpu() == device * 100 + 19).all()) for device in (3, 4))
    assert torch.npu.current_device() == 0


@pytest.mark.parametrize("device", [16, 100])
def test_a_device_that_is_not_there_is_refused(device: int) -> None:
    with pytest.raises(RuntimeError, match=f"deviceId is {device}, want 0 to 15"):
        torch.npu.set_device(device)
    with pytest.raises(RuntimeError, match="want 0 to 15"):
        torch.empty(1, device=f"npu:{device}")
    assert torch.ones(1).npu().item() == 1


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: torch.nn.functional.conv1d(x[None], x[None]), "aclnnConvolution"),
        (lambda x: torch.nn.functional.binary_cross_entropy(x, x), "aclnnBinaryCrossEntropy"),
        (lambda x: torch._foreach_add([x], [x]), "aclnnForeachAddList"),
        (lambda x: torch.cdist(x, x), "aclnnCdist"),
        (lambda x: torch.nn.functional.max_pool2d(x[None, None], 2), "aclnnMaxPool2dWithM"),
    ],
    ids=["conv", "cross_entropy", "foreach", "cdist", "pool"],
)
def test_a_missing_operator_is_named_with_those_that_there_are(call: Call, name: str) -> None:
    given = torch.ones(4, 4).npu()
    with pytest.raises(RuntimeError) as raised:
        call(given)
    text = str(raised.value)
    assert f"{name}" in text
    assert "GetWorkspaceSize: the host device does not have this operator. There are" in text
    for there in ("InplaceCopy", "MoeDistributeDispatchV2", "MoeDistributeCombineAddRmsNorm"):
        assert there in text
    # And the process goes on.
    assert (given + 1).cpu().sum() == 32


# In a process of its own: once an operator of the task queue has failed, torch_npu runs no more.
MISSING = """
import torch, torch_npu
given = torch.ones(4, 4).npu()
try:
    torch_npu.npu_iou(given, given)
    torch.npu.synchronize()
except RuntimeError as error:
    print(error)
"""


def test_a_missing_compiled_operator_is_named_with_those_that_there_are() -> None:
    ran = run_program(MISSING)
    assert ran.returncode == 0, ran.stderr
    assert "operator 'Iou' (2 inputs, 1 outputs, attributes: eps=0.0" in ran.stdout
    assert "mode='iou')" in ran.stdout
    assert "aclnn operators only" in ran.stdout
    assert "MoeDistributeDispatchV2" in ran.stdout
    assert "InplaceCopy" in ran.stdout
    assert "in libopapi.so" in ran.stdout


def test_without_the_task_queue_a_missing_compiled_operator_leaves_the_device_working() -> None:
    ran = run_program(
        MISSING + "print(torch.arange(5).npu().cpu().tolist())", TASK_QUEUE_ENABLE="0"
    )
    assert ran.returncode == 0, ran.stderr
    assert "operator 'Iou'" in ran.stdout
    assert ran.stdout.endswith("\n[0, 1, 2, 3, 4]\n")
