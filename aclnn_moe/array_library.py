# SPDX-License-Identifier: Apache-2.0
"""The library that made an array. None is imported here: whoever has an array has its library."""

from __future__ import annotations

import sys
from typing import Any, Protocol

import numpy as np


class SupportsDLPack(Protocol):
    """An array that is handed out by DLPack, such as torch's and JAX's."""

    def __dlpack__(self) -> Any:  # noqa: ANN401 - a capsule
        """Return a capsule over the array's memory."""


class SupportsArrayInterface(Protocol):
    """An array that says where its elements are."""

    @property
    def __array_interface__(self) -> Any:  # noqa: ANN401 - a dict with known keys
        """Shape, dtype and address."""


def described(value: object) -> str:
    """Return what an array is, for messages."""
    if isinstance(value, np.ndarray):
        return "a numpy array"
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}."
    return f"a {module}{kind.__name__}"


def library_of(value: object) -> Any | None:  # noqa: ANN401 - a module
    """Return the namespace that makes arrays like ``value`` by ``from_dlpack``, if there is one.

    The array API standard lets an array name it. Torch's tensors do not: there it is the module
    that their class, or the one that this derives from, comes from.
    """
    if hasattr(value, "__array_namespace__"):
        namespace = value.__array_namespace__()
        return namespace if hasattr(namespace, "from_dlpack") else None
    for kind in type(value).__mro__:
        module = sys.modules.get(kind.__module__.partition(".")[0])
        if hasattr(module, "from_dlpack"):
            return module
    return None


def refuse_gradients(name: str, value: Any) -> None:  # noqa: ANN401
    """Refuse a tensor whose gradients are wanted.

    Raises
    ------
    ValueError
        They are; ``name`` is what the message calls the tensor.
    """
    if not getattr(value, "requires_grad", False):
        return
    wanted = getattr(library_of(value), "is_grad_enabled", None)
    if wanted is None or wanted():
        raise ValueError(
            f"{name} requires gradients, and the operator has no backward: pass it as "
            ".detach() gives it, or call the operator under torch.no_grad()"
        )


def resolved(value: Any) -> Any:  # noqa: ANN401
    """Return a tensor with the marks of autograd and of torch's lazy negation taken off."""
    if getattr(value, "requires_grad", False):
        value = value.detach()
    # torch hands a tensor with that mark out with the wrong sign.
    return value.resolve_neg() if hasattr(value, "is_neg") and value.is_neg() else value
