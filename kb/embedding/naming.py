"""The names of runtimes and number formats."""

from typing import Literal

Name = Literal["torch", "openvino"]
Dtype = Literal["float32", "bfloat16", "int8"]
