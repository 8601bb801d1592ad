"""The names of runtimes, number formats and devices."""

from typing import Literal

Name = Literal["torch", "openvino"]
Dtype = Literal["float32", "bfloat16", "float16", "int8"]
Device = Literal["cpu", "cuda", "mps"]
