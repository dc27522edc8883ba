"""Quantised checkpoints in the libraries that they are written for: their weights, and the logits of the whole model.

    pip install torch==2.15.0 transformers==5.24.0 gptqmodel==7.7.0 optimum==2.3.0 compressed-tensors==0.20.0
"""

import contextlib
import os
import sys

os.environ.update(CUDA_VISIBLE_DEVICES="", TRANSFORMERS_VERBOSITY="error")

# The libraries print what they do; answers go to the other descriptor.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import torch
from importlib.metadata import version
from transformers import AutoModelForCausalLM, CompressedTensorsConfig, GPTQConfig

from serve import serve

torch.set_num_threads(1)


def gptqmodel(folder):
    from gptqmodel import BACKEND, GPTQModel
    return GPTQModel.load(folder, device="cpu", dtype=torch.float16, backend=BACKEND.GPTQ_TORCH).model


def transformers_gptq(folder):
    config = GPTQConfig(bits=4, backend="torch")
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float16, quantization_config=config)


def compressed_tensors(folder):
    config = CompressedTensorsConfig(dequantize=True)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, quantization_config=config)


loaders = {"GPTQModel": gptqmodel, "transformers, GPTQ": transformers_gptq,
           "transformers, compressed-tensors": compressed_tensors}


def weights_of(module):
    """[outputs, inputs], by the loader's own unpacking."""
    return module.dequantize_weight().T if hasattr(module, "dequantize_weight") else module.weight


@contextlib.contextmanager
def quiet():
    with contextlib.redirect_stdout(sys.stderr):
        yield


@quiet()
def load(loader, folder, dense, layers, tokens):
    """How far the weights of some layers are from those of a dense model rounded to f16, and the logits."""
    model = loaders[loader](folder).eval()
    original = AutoModelForCausalLM.from_pretrained(dense, dtype=torch.float32).eval()
    own = dict(model.named_modules())
    other = dict(original.named_modules())
    off, kernels = 0.0, set()
    with torch.no_grad():
        for name in layers:
            weight = weights_of(own[name])
            kernels.add(type(own[name]).__name__)
            # All of them make weights in the precision of the scales, f16.
            expected = other[name].weight.half()
            off = max(off, (weight.double() - expected.double()).abs().max().item())
        ids = torch.tensor([tokens])
        logits, expected = model(ids).logits[0].float(), original(ids).logits[0].float()
    return {
        "versions": {name: version(name) for name in ("torch", "transformers", "gptqmodel", "compressed-tensors")},
        "kernels": sorted(kernels),
        "weightsOff": off,
        "logits": logits.flatten().tolist(),
        "logitsOfDense": expected.flatten().tolist(),
    }


with contextlib.redirect_stdout(answers):
    serve({"load": load, "ready": dict})
