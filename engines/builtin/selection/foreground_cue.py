"""Foreground cue of one picture: networks' answers on the whole picture and on crops around boxes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engines.base import ForegroundEstimator
from engines.builtin.selection.box_arbitration import BoxArbitration
from engines.builtin.selection.box_content import trust_in_content
from engines.builtin.selection.click import Click
from engines.builtin.vision.arrays import resize_map
from utils.guided_filter import box_mean
from utils.mask_utils import bounding_box, components, dilate, grow_box, intersection_over_union
from utils.types import FloatMap, Frame, IntBox, Mask

_CROP_MARGIN = 0.5
"""Margin of the crop around a box that a network is asked about, as a share of the box."""
_LARGEST_LOGIT = 4.0
_WEIGHT = 2.0
"""Weight of the networks' log odds beside the other evidence, where an answer fits the box."""
_EQUAL_FIT = 0.9
"""Fit, as a share of the best one, from which on a network is as good a judge of a box as the best."""
_LEAST_WEIGHT = 1e-6
_RING = 0.15
"""Width of the ring around a box in which foreground shows that an answer doesn't end with it, as a share of the box."""
_BESIDE = 0.25
"""Share of a pixel's surroundings in the ring from which on the ring tells of the pixel in full."""
_JOINS_OTHERS = 3.0
"""What foreground is worth in a drawn box, as log odds, below which it may join the target and what is behind it."""
_CONTENT_WORTH = 1.0
"""Log odds for the target, at most, of what a network shows in a box's content alone: what fills it may be shown as well."""
_JOINED = 0.2
"""Distance up to which a click may be on the object that foreground is a part of, as a share of the square root of its
area."""
_APART = 3.0
"""Log odds against foreground apart from a click that a network shows nothing at: a person beside a clicked dog."""
_TOGETHER = 3
"""Pixels between parts of foreground that are of one object, such as those beside a strap."""
_NEAR = 8
"""Pixels around a mask in which foreground is compared with it."""
_LEAST_AGREEMENT, _FULL_AGREEMENT = 0.6, 0.9
"""Overlap with the rest of a clicked mask from which an answer counts, and from which it counts in full."""
_LARGEST_CHANGE_LOGIT = 3.0
_KEPT_BOXES = 16

log = logging.getLogger(__name__)


class ForegroundCue:
    """What several foreground networks say of one picture."""

    def __init__(
        self, sources: Sequence[ForegroundEstimator], image: Frame, small_wh: tuple[int, int]
    ) -> None:
        """Prepare for `image`, uint8 RGB (H, W, 3), and maps of `small_wh` pixels; asks nothing yet."""
        self._networks = [_Network(source, image, small_wh) for source in sources if source.network]
        self._weighted: tuple[object, list[FloatMap]] | None = None

    def log_odds(self, box: IntBox, places: Sequence[tuple[int, int]] = ()) -> FloatMap | None:
        """Return the networks' log odds around a box of the small picture, float32 (h, w), weighted.

        The mean of their answers on the whole picture and on a crop, each weighted by how well its
        foreground fits the box: a network for people says little of a horse with its rider. Of networks
        that fit about equally well, the one that sees less foreground at a pixel is taken: each may add
        another object, such as a leg of a passer-by. Of a box without clicks, networks that fit best may be asked
        about its content as well; see `_divided`. Of positive clicks at `places` (x, y), other objects
        that an answer shows speak against it; see `_other_objects` and `_apart`. None without a network.
        """
        weighted = self._weighted_log_odds(box, places)
        if not weighted:
            return None
        log_odds = np.minimum.reduce(weighted)
        for network in self._networks if places else ():
            apart = network.apart(places)
            if apart is not None:
                log_odds = log_odds - np.float32(_APART) * apart
        return np.asarray(log_odds, dtype=np.float32)

    def arbitration(self, box: IntBox) -> BoxArbitration | None:
        """Return what a mask without networks may settle of `log_odds` in a drawn box without clicks; None for nothing."""
        weighted = self._weighted_log_odds(box, ())
        if not weighted:
            return None
        answers = [answer for network in self._networks for answer in network.answers(box)]
        arbitration = BoxArbitration(weighted, answers, box, lambda: self._contents(box))
        return arbitration if arbitration.is_open() else None

    def _contents(self, box: IntBox) -> list[FloatMap]:
        """Return the networks' answers on a box's content alone, float32 (h, w) in [0, 1], 0 outside."""
        return [part for network in self._networks if (part := network.part(box)) is not None]

    def _weighted_log_odds(self, box: IntBox, places: Sequence[tuple[int, int]]) -> list[FloatMap]:
        """Return `_equal` of the networks' opinions, none without a network; worked out once for the same box."""
        asked, newest = (box, tuple(places)), self._weighted
        if newest is None or newest[0] != asked:
            opinions = self._opinions(box, places)
            newest = self._weighted = asked, _equal(opinions) if opinions else []
        return newest[1]

    def _opinions(self, box: IntBox, places: Sequence[tuple[int, int]]) -> list[_Opinion]:
        """Return what the networks that give answers say of a box, of one without clicks as in `log_odds`."""
        found = [
            (network, _Opinion.of(network.answers(box), box, places)) for network in self._networks
        ]
        found = [(network, one) for network, one in found if one.log_odds.size]
        best = max((one.fit for _, one in found), default=0.0)
        return [
            _divided(network, one, box) if not places and one.fit > _EQUAL_FIT * best else one
            for network, one in found
        ]

    def overlap(self, mask: Mask, box: IntBox, places: Sequence[tuple[int, int]] = ()) -> float:
        """Return the overlap of a mask, bool (h, w), segmented in `box` with the networks' foreground there, in [0, 1].

        The mean over their answers, weighted as in `log_odds`; 0 without a network.
        """
        answers = [answer > 0.5 for network in self._networks for answer in network.answers(box)]
        answers = [found & ~_other_objects(found, places) for found in answers]
        weights = [_fit(found, box) ** 2 for found in answers]
        if not sum(weights):
            return 0.0
        x0, y0, x1, y1 = box
        there = mask.copy()
        there[y0:y1, x0:x1] = True
        overlaps = [intersection_over_union(found & there, mask) for found in answers]
        return float(np.average(overlaps, weights=weights))

    def log_odds_of_change(self, mask: Mask, box: IntBox, click: Click) -> FloatMap:
        """Return the networks' log odds of the object where a click changes a mask, float32 (h, w).

        Of the answers that differ from the mask, bool (h, w), at the click, each weighted by how well it
        agrees with the rest of the mask: such a network knows the target, and shows how far the change
        goes. 0 where there is none. `box` holds the mask and the click.
        """
        total = np.zeros(mask.shape, dtype=np.float32)
        weights = 0.0
        for network in self._networks:
            for answer in network.answers(box):
                weight = _agreement_beside(answer > 0.5, mask, click)
                total += np.float32(weight**2) * _logit(answer, _LARGEST_CHANGE_LOGIT)
                weights += weight
        return np.asarray(total / np.float32(max(weights, 1e-6)), dtype=np.float32)

    def components_at(self, places: list[tuple[int, int]]) -> list[Mask]:
        """Return each network's foreground components at the places (x, y) of the small picture, bool (h, w).

        Empty where there are none, or no network.
        """
        found = []
        for network in self._networks:
            whole = network.whole()
            if whole is None:
                continue
            names, _ = components(whole > 0.5)
            at = {int(names[y, x]) for x, y in places} - {0}
            if at:
                found.append(np.isin(names, list(at)))
        return found


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What one network's answers say of a box: the sum of their weighted log odds, float32 (h, w), and of weights.

    `fit` is that of the answer that fits the box best, and `worth` what its foreground is worth in there at most;
    see `_fit` and `_worth`.
    """

    log_odds: FloatMap
    weight: float
    fit: float
    worth: float

    @classmethod
    def of(
        cls, answers: Sequence[FloatMap], box: IntBox, places: Sequence[tuple[int, int]]
    ) -> _Opinion:
        """Weigh a network's answers, float32 (h, w) in [0, 1], each by the square of its fit.

        Foreground that goes on outside the box nearby, such as a neighbour's arm, does not speak for the target.
        """
        others = [_other_objects(answer > 0.5, places) for answer in answers]
        fits = [
            _fit((answer > 0.5) & ~other, box)
            for answer, other in zip(answers, others, strict=True)
        ]
        worths = [
            _worth((answer > 0.5) & ~other, box)
            for answer, other in zip(answers, others, strict=True)
        ]
        total = np.zeros(answers[0].shape if answers else (0, 0), dtype=np.float32)
        for fit, worth, answer, other in zip(fits, worths, answers, others, strict=True):
            logit = _logit(answer)
            logit = np.where(logit > 0, logit * (1.0 - _going_on(answer, box)), logit)
            logit = np.minimum(logit, np.float32(worth))
            total += np.float32(fit * fit) * np.where(other, np.float32(-_LARGEST_LOGIT), logit)
        fit, worth = max(zip(fits, worths, strict=True), default=(0.0, 0.0))
        return cls(total, sum(fits), fit, worth)


def _equal(opinions: Sequence[_Opinion]) -> list[FloatMap]:
    """Return the weighted log odds, float32 (h, w), of each network that fits a box about as well as the best one.

    Where one alone does, those of all, the others' as far as they fit.
    """
    best = max(one.fit for one in opinions)
    equal = [one for one in opinions if one.fit > _EQUAL_FIT * best]
    if len(equal) > 1:
        means = [one.log_odds / max(one.weight, _LEAST_WEIGHT) for one in equal]
    else:
        weight = max(sum(one.weight for one in opinions), _LEAST_WEIGHT)
        means = [np.add.reduce([one.log_odds for one in opinions]) / weight]
    return [np.float32(_WEIGHT) * mean for mean in means]


class _Network:
    """Asks one network about the picture; gives no answer once the network has failed."""

    def __init__(
        self, source: ForegroundEstimator, image: Frame, small_wh: tuple[int, int]
    ) -> None:
        self._ask: Callable[..., FloatMap] | None = source.estimate
        self._image = image
        self._small_wh = small_wh
        self._whole: FloatMap | None = None
        self._crops: dict[IntBox, FloatMap] = {}
        self._apart: tuple[list[tuple[int, int]], FloatMap] | None = None

    def answers(self, box: IntBox) -> list[FloatMap]:
        """Return the answers on the whole picture and on a crop around the box, float32 (h, w) in [0, 1]."""
        return [answer for answer in (self.whole(), self._crop(box)) if answer is not None]

    def whole(self) -> FloatMap | None:
        """Return the answer on the whole picture, float32 (h, w) in [0, 1]; None after a failure."""
        if self._whole is None:
            answer = self._answer(self._image)
            self._whole = None if answer is None else resize_map(answer, self._small_wh)
        return self._whole

    def apart(self, places: Sequence[tuple[int, int]]) -> FloatMap | None:
        """Return `_apart` of the whole picture, which is alike for all boxes around the same clicks; None after a failure."""
        whole = self.whole()
        if whole is None:
            return None
        if self._apart is None or self._apart[0] != list(places):
            self._apart = list(places), _apart(whole, places)
        return self._apart[1]

    def _crop(self, box: IntBox) -> FloatMap | None:
        window = grow_box(box, self._small_wh, _CROP_MARGIN, 0)
        return None if window == (0, 0, *self._small_wh) else self.part(window)

    def part(self, window: IntBox) -> FloatMap | None:
        """Return the answer on a window of the picture alone, float32 (h, w) in [0, 1], 0 outside; None after a failure."""
        width, height = self._small_wh
        x0, y0, x1, y1 = window
        if window not in self._crops:
            down, across = self._image.shape[0] / height, self._image.shape[1] / width
            part = self._image[
                round(y0 * down) : round(y1 * down), round(x0 * across) : round(x1 * across)
            ]
            answer = self._answer(np.ascontiguousarray(part))
            if answer is None:
                return None
            full = np.zeros((height, width), dtype=np.float32)
            full[y0:y1, x0:x1] = resize_map(answer, (x1 - x0, y1 - y0))
            if len(self._crops) >= _KEPT_BOXES:
                self._crops.pop(next(iter(self._crops)))
            self._crops[window] = full
        return self._crops[window]

    def _answer(self, image: Frame) -> FloatMap | None:
        if self._ask is None:
            return None
        try:
            return self._ask(image, self._image.shape[1::-1])
        except Exception as problem:
            # A selection can do without; whatever goes wrong in a network must not end it.
            log.warning("foreground network failed: %r", problem)
            self._ask = None
            return None


def _divided(network: _Network, opinion: _Opinion, box: IntBox) -> _Opinion:
    """Return what a network says of a drawn box, where it may join the target to others, by its answer on the content alone.

    `opinion` is what it says without that answer, which tells what part of the foreground in there is the target's.
    """
    if not opinion.fit or opinion.worth >= _JOINS_OTHERS:
        return opinion
    answers = network.answers(box)
    content = network.part(box)
    if content is None or not answers:
        return opinion
    fit = _fit(content > 0.5, box)
    trust = np.float32(fit) * trust_in_content(answers[-1], content, box)
    weight = max(opinion.weight, fit * len(answers))
    before = opinion.log_odds / np.float32(opinion.weight)
    logit = np.minimum(_logit(content), np.float32(_CONTENT_WORTH))
    log_odds = before + trust * (np.float32(fit) * logit - before)
    log_odds = np.where(content > 0.5, np.maximum(log_odds, before), log_odds)
    return _Opinion(np.float32(weight) * log_odds, weight, max(opinion.fit, fit), opinion.worth)


def _fit(found: Mask, box: IntBox) -> float:
    """Return how well foreground, bool (h, w), fits a box, in [0, 1].

    The share of the box that its bounding box in there covers, less what goes on around the box.
    """
    x0, y0, x1, y1 = box
    inside = bounding_box(found[y0:y1, x0:x1])
    if inside is None:
        return 0.0
    covered = (inside[2] - inside[0]) * (inside[3] - inside[1]) / ((x1 - x0) * (y1 - y0))
    ring = _ring(found.shape, box)
    leak = float(found[ring].mean()) if ring.any() else 0.0
    return float(covered * (1.0 - leak))


def _worth(found: Mask, box: IntBox) -> float:
    """Return what foreground, bool (h, w), is worth in a box at most, as log odds.

    By how rarely it lies beside the box, on the side with the second most of it: one neighbour stands on one side, but
    what goes on over two is behind the target, such as a larger person, whom the network shows as well.
    """
    x0, y0, x1, y1 = box
    left, top, right, bottom = grow_box(box, (found.shape[1], found.shape[0]), _RING, 2)
    sides = (
        found[y0:y1, left:x0],
        found[y0:y1, x1:right],
        found[top:y0, x0:x1],
        found[y1:bottom, x0:x1],
    )
    shares = sorted(float(side.mean()) if side.size else 0.0 for side in sides)
    return float(-np.log(max(shares[-2], np.exp(-_LARGEST_LOGIT))))


def _apart(answer: FloatMap, places: Sequence[tuple[int, int]]) -> FloatMap:
    """Return an answer, float32 (h, w), in the components that are too far from clicks at `places` to be of their object.

    0 elsewhere, and everywhere where a click is on foreground: `_other_objects` knows more then.
    """
    names, areas = components(answer > 0.5)
    if any(names[y, x] for x, y in places):
        return np.zeros_like(answer)
    far = [name for name in range(1, len(areas)) if not _is_near(names == name, places)]
    return np.where(np.isin(names, far), answer, np.float32(0.0))


def _is_near(found: Mask, places: Sequence[tuple[int, int]]) -> bool:
    """Tell whether foreground, bool (h, w), is so near a click at `places` (x, y) that both may be one object."""
    reach = max(1, round(_JOINED * float(np.sqrt(np.count_nonzero(found)))))
    there = dilate(found, reach)
    return any(bool(there[y, x]) for x, y in places)


def _other_objects(found: Mask, places: Sequence[tuple[int, int]]) -> Mask:
    """Return the foreground, bool (h, w), of other objects than the one with a click at `places` (x, y).

    All of it, where no click is on it or so near it that both may be one object: a rider on a clicked horse.
    """
    names, _ = components(found)
    clicked = np.isin(names, [names[y, x] for x, y in places if names[y, x]])
    if clicked.any():
        return np.asarray(found & ~dilate(clicked, _TOGETHER))
    is_joined = not places or _is_near(found, places)
    return np.zeros_like(found) if is_joined else found


def _going_on(answer: FloatMap, box: IntBox) -> FloatMap:
    """Return the share of foreground in the ring near each pixel, float32 (h, w) in [0, 1]; 0 far from the ring."""
    x0, y0, x1, y1 = box
    radius = max(2, round(_RING * max(x1 - x0, y1 - y0)))
    ring = _ring(answer.shape, box).astype(np.float32)
    beside = box_mean(ring, radius)
    share = box_mean(answer * ring, radius) / np.maximum(beside, np.float32(1e-6))
    return np.asarray(share * np.minimum(beside / _BESIDE, 1.0), dtype=np.float32)


def _ring(shape: tuple[int, ...], box: IntBox) -> Mask:
    x0, y0, x1, y1 = box
    left, top, right, bottom = grow_box(box, (shape[1], shape[0]), _RING, 2)
    ring = np.zeros(shape, dtype=bool)
    ring[top:bottom, left:right] = True
    ring[y0:y1, x0:x1] = False
    return ring


def _agreement_beside(found: Mask, mask: Mask, click: Click) -> float:
    """Return how well foreground, bool (h, w), agrees with a mask beside the change that a click asks for, in [0, 1].

    0 where it doesn't show that change.
    """
    change = found & ~mask if click.positive else mask & ~found
    if not change[click.y, click.x]:
        return 0.0
    names, _ = components(change)
    rest = ~dilate(names == names[click.y, click.x], 1)
    overlap = intersection_over_union(found & dilate(mask, _NEAR) & rest, mask & rest)
    span = _FULL_AGREEMENT - _LEAST_AGREEMENT
    return float(np.clip((overlap - _LEAST_AGREEMENT) / span, 0.0, 1.0))


def _logit(probability: FloatMap, largest: float = _LARGEST_LOGIT) -> FloatMap:
    clipped = np.clip(probability, 1e-3, 1.0 - 1e-3)
    return np.asarray(
        np.clip(np.log(clipped / (1.0 - clipped)), -largest, largest), dtype=np.float32
    )
