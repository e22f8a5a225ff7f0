"""White noise on images, as in T22's noisy CIFAR-10."""

import torch


def corrupt(images: torch.Tensor, level: float, generator: torch.Generator) -> torch.Tensor:
    """Return normalised images plus level * N(0, 1) / sqrt(d), so that the noise has norm ~ level.

    `images` is float `[N, C, H, W]` (or `[N, 1, L]`), d = C*H*W. At level 0 the images come back
    as they are and no number is drawn. Source: T22's code, section "noisy CIFAR-10".
    """
    if level == 0:
        return images
    noise = torch.randn(
        images.shape, generator=generator, device=generator.device, dtype=images.dtype
    )
    return images + noise.to(images.device) * (level / images[0].numel() ** 0.5)
