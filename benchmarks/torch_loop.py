"""The CNN of params.yaml in PyTorch, trained by a plain loop: a contender of benchmarks.training if installed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from pixelproof.network.cnn.layout.geometry import pair
from pixelproof.network.cnn.layout.layers import Add, Output, Windowed, window
from pixelproof.network.cnn.layout.nodes import INPUT, Node
from pixelproof.params import cnn as params

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "leaky_relu": nn.LeakyReLU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}


class Network(nn.Module):
    """The nodes of a layout; gives logits (n, units). Images: float32 (n, channels, height, width), 0 to 1."""

    def __init__(self, nodes: Sequence[Node], channels: int) -> None:
        super().__init__()
        shapes = {INPUT: (channels,)} | {node.name: node.shape for node in nodes}
        self.nodes = nodes
        self.parts = nn.ModuleDict({node.name: _module(node, shapes[node.inputs[0]][-1]) for node in nodes})

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        outputs = {INPUT: images}
        for node in self.nodes:
            sources = [outputs[name] for name in node.inputs]
            outputs[node.name] = sum(sources) if isinstance(node.layer, Add) else self.parts[node.name](*sources)
        return outputs[self.nodes[-1].name]


def _module(node: Node, channels: int) -> nn.Module:
    """Return the module of a node. Raises TypeError for a kind of layer that no preset has."""
    match layer := node.layer:
        case Add():
            return nn.Identity()
        case params.Conv():
            activation = ACTIVATIONS[layer.activation]()
            return nn.Sequential(
                nn.Conv2d(
                    channels, layer.filters, pair(layer.kernel), pair(layer.stride), _rings(layer), bias=layer.bias
                ),
                activation,
            )
        case params.Pool(kind="max_pool"):
            return nn.MaxPool2d(pair(layer.size), pair(layer.stride or layer.size))
        case params.BatchNorm():
            return nn.BatchNorm2d(channels, eps=1e-3, momentum=1 - layer.momentum)
        case params.ActivationLayer():
            return ACTIVATIONS[layer.activation]()
        case params.GlobalPool(kind="global_average_pool"):
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case params.Flatten():
            return nn.Flatten()
        case params.Dropout():
            return nn.Dropout(layer.rate)
        case params.Dense():
            return nn.Sequential(nn.LazyLinear(layer.units, bias=layer.bias), ACTIVATIONS[layer.activation]())
        case Output():
            return nn.LazyLinear(layer.units)
    raise TypeError(f"{node.name}: this benchmark has no PyTorch module for {layer!r}")


def _rings(layer: Windowed) -> tuple[int, int]:
    """Return the zero padding; `same` is equal on both sides, which with odd kernels gives the same output size."""
    if layer.padding == "valid":
        return (0, 0)
    height, width = window(layer).size
    return (height // 2, width // 2) if layer.padding == "same" else (layer.padding, layer.padding)


def epoch_of(nodes: Sequence[Node], images: np.ndarray, labels: np.ndarray, batch_size: int) -> Callable[[], None]:
    """Return a function that trains an epoch with Adam on uint8 images (n, height, width, channels) in memory."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2)  # channels stay last in memory: faster on CPUs
    network = Network(nodes, images.shape[-1])
    network(pixels[:2] / 255)  # the lazy layers get their sizes
    network.to(memory_format=torch.channels_last)
    units = nodes[-1].shape[0]
    loss: Any = nn.BCEWithLogitsLoss() if units == 1 else nn.CrossEntropyLoss()
    targets = torch.from_numpy(labels)[:, None].float() if units == 1 else torch.from_numpy(labels)
    optimizer = torch.optim.Adam(network.parameters())

    def train() -> None:
        network.train()
        for chosen in torch.randperm(len(labels)).split(batch_size):
            optimizer.zero_grad()
            loss(network(pixels[chosen] / 255), targets[chosen]).backward()
            optimizer.step()

    return train
