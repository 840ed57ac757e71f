"""What the name of a GPU tells: which are made for data centres, where cuda-compat works.

Source: the product names on developer.nvidia.com/cuda-gpus and /cuda-legacy-gpus.
"""

from __future__ import annotations

import re

from .machine import Gpu

_CONSUMER = re.compile(r"\b(GeForce|GTX|TITAN|Quadro|NVS|Orin|Xavier|Thor|Tegra)\b", re.IGNORECASE)
_DATA_CENTRE = re.compile(
    r"\b(Tesla|K(8|10|20X?|40[a-z]?|80)|M(4|6|10|40|60)|P(4|6|40|100)|V100S?|T4G?|"
    r"A(2|10[GM]?|16|30|40|100X?|800)|L(2|4|20|40S?)|H(20|100|200|800)|GH200|G?B[123]00|"
    r"Server Edition)\b"
)
_WORKSTATION = re.compile(r"\b(RTX|T\d{3,4}|MX\d{3})\b")


def is_data_centre(gpu: Gpu) -> bool | None:
    """Whether a GPU is made for data centres, by its name; None when that does not tell."""
    name = gpu.name or ""
    if _CONSUMER.search(name):
        return False
    if _DATA_CENTRE.search(name):
        return True
    return False if _WORKSTATION.search(name) else None
