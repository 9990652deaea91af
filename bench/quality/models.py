"""How sure two pictures are one, from several distances: logistic regression, fitted here."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDS = 40
_RIDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Model:
    """``score = constant + sum(weights · distances)``: above 0 they are rather one than not."""

    names: tuple[str, ...]
    constant: float
    weights: Floats

    def score(self, distances: Floats) -> Floats:
        """Of pairs, whose distances are of shape (n, names)."""
        scores: Floats = distances @ self.weights + self.constant
        return scores


def fit_tail(
    names: tuple[str, ...], true: Floats, false: Floats, weight: Floats, share: float = 0.01
) -> Model:
    """As :func:`fit`, then again with none but the false pairs that come closest.

    What tells most pairs apart is easy; which of the last few are copies is what matters.
    """
    model = fit(names, true, false, weight)
    for _ in range(2):
        scores = model.score(false)
        order = np.argsort(-scores)
        most = int(np.searchsorted(np.cumsum(weight[order]), share * weight.sum())) + 1
        hard = order[: max(most, min(len(false), 500))]
        model = fit(names, true, false[hard], weight[hard])
    return model


def fit(names: tuple[str, ...], true: Floats, false: Floats, weight: Floats) -> Model:
    """A model that tells pairs that are one from others, each kind counting as much as the other.

    ``true`` and ``false`` are distances of shape (n, names); ``weight`` is that of each false pair.
    """
    rows = np.concatenate([true, false])
    scale = rows.std(axis=0) + 1e-9
    design = np.concatenate([np.ones((len(rows), 1)), rows / scale], axis=1)
    wanted = np.concatenate([np.ones(len(true)), np.zeros(len(false))])
    counts = np.concatenate([np.full(len(true), 1 / len(true)), weight / weight.sum()])
    beta = np.zeros(design.shape[1])
    ridge = np.eye(len(beta)) * _RIDGE
    ridge[0, 0] = 0
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-(design @ beta).clip(-30, 30)))
        gradient = design.T @ (counts * (wanted - chance)) - ridge @ beta
        curvature = (design * (counts * chance * (1 - chance))[:, None]).T @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        # Short steps where a full one would leave the ground that the curvature is true on.
        beta += step * min(1.0, 5.0 / float(np.abs(step).max() + 1e-12))
        if np.abs(step).max() < 1e-6:
            break
    return Model(names, float(beta[0]), beta[1:] / scale)
