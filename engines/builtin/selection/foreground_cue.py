"""Foreground cue of one picture: networks' answers on the whole picture and on crops around boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.base import ForegroundEstimator
from engines.builtin.selection.box_arbitration import BoxArbitration
from engines.builtin.selection.box_evidence import (
    EQUAL_FIT,
    BoxEvidence,
    fit_to_box,
    judged_by_content,
    log_odds_of,
    weighted_log_odds,
)
from engines.builtin.selection.click import Click
from engines.builtin.selection.clicked_objects import other_objects
from engines.builtin.selection.picture_network import PictureNetwork, component_at
from utils.mask_utils import components, dilate, intersection_over_union
from utils.types import FloatMap, Frame, IntBox, Mask

_APART = 3.0
"""Log odds against foreground apart from a click that a network shows nothing at: a person beside a clicked dog."""
_NEAR = 8
"""Pixels around a mask in which foreground is compared with it."""
_LEAST_AGREEMENT, _FULL_AGREEMENT = 0.6, 0.9
"""Overlap with the rest of a clicked mask from which an answer counts, and from which it counts in full."""
_LARGEST_CHANGE_LOG_ODDS = 3.0


class ForegroundCue:
    """What several foreground networks say of one picture."""

    def __init__(
        self, sources: Sequence[ForegroundEstimator], image: Frame, small_wh: tuple[int, int]
    ) -> None:
        """Prepare for `image`, uint8 RGB (H, W, 3), and maps of `small_wh` pixels; asks nothing yet."""
        self._networks = [
            PictureNetwork(source, image, small_wh) for source in sources if source.network
        ]
        self._weighted: tuple[object, list[FloatMap]] | None = None

    def log_odds(
        self, box: IntBox, places: Sequence[tuple[int, int]] = (), *, is_drawn: bool = False
    ) -> FloatMap | None:
        """Return the networks' log odds around a box of the small picture, float32 (h, w), weighted.

        The mean of their answers on the whole picture and on a crop, each weighted by how well its
        foreground fits the box: a network for people says little of a horse with its rider. Of networks
        that fit about equally well, the one that sees less foreground at a pixel is taken: each may add
        another object, such as a leg of a passer-by. Of a box without clicks, networks that fit best may be asked
        about its content as well; see `judged_by_content`. Of positive clicks at `places` (x, y), other objects
        that an answer shows speak against it; see `other_objects` and `apart_from_clicks`, and, unless the box is drawn,
        `separated`. None without a network.
        """
        weighted = self._weighted_log_odds(box, places, is_drawn)
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
        weighted = self._weighted_log_odds(box, (), is_drawn=True)
        if not weighted:
            return None
        answers = [answer for network in self._networks for answer in network.answers(box)]
        arbitration = BoxArbitration(weighted, answers, box, lambda: self._contents(box))
        return arbitration if arbitration.is_open() else None

    def _contents(self, box: IntBox) -> list[FloatMap]:
        """Return the networks' answers on a box's content alone, float32 (h, w) in [0, 1], 0 outside."""
        return [part for network in self._networks if (part := network.part(box)) is not None]

    def _weighted_log_odds(
        self, box: IntBox, places: Sequence[tuple[int, int]], is_drawn: bool
    ) -> list[FloatMap]:
        """Return `weighted_log_odds` of the networks' evidence, none without a network; worked out once for the same box."""
        asked, newest = (box, tuple(places), is_drawn), self._weighted
        if newest is None or newest[0] != asked:
            evidence = self._evidence(box, places, is_drawn)
            newest = self._weighted = asked, weighted_log_odds(evidence) if evidence else []
        return newest[1]

    def _evidence(
        self, box: IntBox, places: Sequence[tuple[int, int]], is_drawn: bool
    ) -> list[BoxEvidence]:
        """Return what the networks that give answers say of a box, of one without clicks as in `log_odds`."""
        clicked = () if is_drawn else places
        found = [
            (network, BoxEvidence.of(network.answers(box, clicked), box, places))
            for network in self._networks
        ]
        found = [(network, one) for network, one in found if one.log_odds.size]
        best = max((one.fit for _, one in found), default=0.0)
        return [
            judged_by_content(network, one, box)
            if not places and one.fit > EQUAL_FIT * best
            else one
            for network, one in found
        ]

    def overlap(
        self,
        mask: Mask,
        box: IntBox,
        places: Sequence[tuple[int, int]] = (),
        *,
        is_drawn: bool = False,
    ) -> float:
        """Return the overlap of a mask, bool (h, w), segmented in `box` with the networks' foreground there, in [0, 1].

        The mean over their answers, weighted as in `log_odds`; 0 without a network.
        """
        clicked = () if is_drawn else places
        answers = [
            answer > 0.5 for network in self._networks for answer in network.answers(box, clicked)
        ]
        answers = [found & ~other_objects(found, places) for found in answers]
        weights = [fit_to_box(found, box) ** 2 for found in answers]
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
                total += np.float32(weight**2) * log_odds_of(answer, _LARGEST_CHANGE_LOG_ODDS)
                weights += weight
        return np.asarray(total / np.float32(max(weights, 1e-6)), dtype=np.float32)

    def components_at(self, places: Sequence[tuple[int, int]]) -> list[Mask]:
        """Return each network's foreground components at clicks' places (x, y) in the small picture, bool (h, w).

        Without what crops show apart from the clicked object; see `separated`. Empty where there are none, or no network.
        """
        return _components_at([network.clicked(places) for network in self._networks], places)

    def joined_at(self, places: Sequence[tuple[int, int]]) -> list[Mask]:
        """Return the same with all that the answers on the whole picture join to the clicked object."""
        return _components_at([network.whole() for network in self._networks], places)


def _components_at(
    answers: Sequence[FloatMap | None], places: Sequence[tuple[int, int]]
) -> list[Mask]:
    found = [component_at(answer, places) for answer in answers if answer is not None]
    return [component for component in found if component is not None]


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
