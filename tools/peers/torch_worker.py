"""The worker that runs PyTorch."""

from __future__ import annotations

import numpy as np
import torch

from peers.answering import Job, NotHereError, Run, serve, timed
from peers.torch_objective import TorchObjective


def make(job: Job) -> Run:
    """Return the evaluation of loss and gradient at the shared image."""
    settings = job["settings"]
    device = settings["device"]
    on_card = device == "cuda"
    if on_card and not torch.cuda.is_available():
        raise NotHereError("this PyTorch finds no CUDA device")
    torch.set_num_threads(job["threads"])
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = settings["precision"] == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = settings["precision"] == "tf32"
    with np.load(job["file"]) as shared:
        objective = TorchObjective(
            shared,
            job["loss"],
            channels_last=settings["channels_last"],
            half=settings["precision"] == "bf16",
            device=device,
        )
    image = objective.image
    evaluate = torch.compile(objective.loss_of) if settings["compiled"] else objective.loss_of

    def iterate() -> float:
        image.grad = None
        loss = evaluate(image)
        loss.backward()
        if on_card:
            torch.cuda.synchronize()
        return float(loss.detach())

    return timed(iterate)


if __name__ == "__main__":
    serve(make)
