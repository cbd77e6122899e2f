"""Our driving of SAM 2.1, and of SAM 3 on images, gives what transformers' own model classes give.

SAM 3's text, exemplars and tracking follow Meta's code where transformers does not: test_sam3_meta.py.
"""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from engines.base import ArrayFrames, RunContext  # noqa: E402
from engines.sam import loading, tensors, tracking  # noqa: E402
from utils.types import Box, Point, Prompt  # noqa: E402

SIZE_WH = (121, 90)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (*SIZE_WH[::-1], 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def clip(picture) -> list[np.ndarray]:
    return [np.roll(picture, 2 * index, axis=1) for index in range(8)]


@pytest.fixture(scope="module")
def mask() -> np.ndarray:
    chosen = np.zeros(SIZE_WH[::-1], bool)
    chosen[20:60, 30:80] = True
    return chosen


@pytest.fixture(scope="module")
def pixels(sam3, picture):
    return tensors.pixels(sam3._loaded(), picture)


def original(name: str, folder):
    model = getattr(transformers, name).from_pretrained(folder)
    if name.startswith("Sam3"):
        loading._set_layer_norm_eps(model)
    return model.eval()


@pytest.mark.parametrize("unwanted", [(), (Box(70, 20, 110, 80),)], ids=["one", "and not that"])
def test_exemplar_boxes_give_what_sam3_model_gives_with_the_reference_pooling(
    sam3, tiny_sam3, picture, pixels, monkeypatch, unwanted
):
    from transformers.models.sam3 import modeling_sam3

    class Operations:
        @staticmethod
        def roi_align(features, boxes, side):
            return torch.cat([reference_roi_align(features[0], rows, side) for rows in boxes])

    class Vision:
        ops = Operations

    monkeypatch.setattr(modeling_sam3, "torchvision", Vision, raising=False)
    model = original("Sam3Model", tiny_sam3)
    tokens = sam3._loaded().tokenizer(
        ["visual"], padding="max_length", max_length=32, return_tensors="pt"
    )
    box = Box(10, 8, 60, 70)
    rows = [[35 / 121, 39 / 90, 50 / 121, 62 / 90], [90 / 121, 50 / 90, 40 / 121, 60 / 90]]
    rows = torch.tensor([rows[: 1 + len(unwanted)]])
    with torch.no_grad():
        expected = model(
            pixel_values=pixels,
            input_boxes=rows,
            input_boxes_labels=torch.tensor([[1, 0][: 1 + len(unwanted)]]),
            **tokens,
        )
    scores = expected.pred_logits[0].sigmoid() * expected.presence_logits[0].sigmoid()
    prompt = Prompt(exemplars=(box,), negative_exemplars=unwanted)
    found = sam3.open_image(picture).segment(prompt)
    ours = [instance.score for instance in found]
    assert ours == pytest.approx(sorted(scores.tolist(), reverse=True), abs=2e-6)


def reference_roi_align(features, corners, side):
    """The definition, sample by sample: slow, and written apart from the engine's."""
    _, height, width = features.shape
    result = torch.zeros(len(corners), features.shape[0], side, side)
    for box, (x0, y0, x1, y1) in enumerate(corners.tolist()):
        bin_w, bin_h = max(x1 - x0, 1.0) / side, max(y1 - y0, 1.0) / side
        across, down = int(np.ceil(bin_w)), int(np.ceil(bin_h))
        for row in range(side):
            for column in range(side):
                total = torch.zeros(features.shape[0])
                for iy in range(down):
                    for ix in range(across):
                        y = y0 + (row + (iy + 0.5) / down) * bin_h
                        x = x0 + (column + (ix + 0.5) / across) * bin_w
                        total += bilinear(features, y, x, height, width)
                result[box, :, row, column] = total / (down * across)
    return result


def bilinear(features, y, x, height, width):
    if y < -1 or y > height or x < -1 or x > width:
        return torch.zeros(features.shape[0])
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    fy, fx = y - top, x - left
    return (
        features[:, top, left] * (1 - fy) * (1 - fx)
        + features[:, top, right] * (1 - fy) * fx
        + features[:, bottom, left] * fy * (1 - fx)
        + features[:, bottom, right] * fy * fx
    )


@pytest.mark.parametrize(
    "corners",
    [(1.0, 2.0, 6.5, 7.2), (0.0, 0.0, 8.0, 8.0), (-2.5, 3.0, 2.0, 9.7), (4.1, 4.2, 4.3, 4.4)],
)
def test_pooling_under_a_box_follows_the_definition(corners):
    from engines.sam.exemplar import roi_align

    features = torch.randn(5, 8, 8, generator=torch.Generator().manual_seed(1))
    rows = torch.tensor([corners])
    ours = roi_align(features, rows, 3)
    assert torch.allclose(ours, reference_roi_align(features, rows, 3), atol=1e-5)


@pytest.fixture(scope="module", params=["sam3", "sam2"])
def pair(request, tiny_sam3, tiny_sam2):
    """An engine of ours, and transformers' own image model on the same weights."""
    engine = request.getfixturevalue(request.param)
    if request.param == "sam3":
        return engine, original("Sam3TrackerModel", tiny_sam3)
    return engine, original("Sam2Model", tiny_sam2)


def low_logits(opened, points, box=None):
    return opened._answers[(box, points)][0]


def test_clicks_refinement_and_box_give_what_the_image_model_gives(pair, picture):
    engine, model = pair
    network = engine._loaded()
    with torch.no_grad():
        embeddings = model.get_image_embeddings(tensors.pixels(network, picture))
    scale = torch.tensor([network.image_size / SIZE_WH[0], network.image_size / SIZE_WH[1]])
    points = (Point(40, 30), Point(90, 70, positive=False))
    places = torch.tensor([[p.x, p.y] for p in points]) * scale
    labels = torch.tensor([[[1, 0]]], dtype=torch.int32)

    def ask(**prompt):
        with torch.no_grad():
            return model(image_embeddings=list(embeddings), **prompt)

    first = ask(
        input_points=places[None, None, :1], input_labels=labels[..., :1], multimask_output=True
    )
    best = int(first.iou_scores[0, 0].argmax())
    previous = first.pred_masks[:, :, best]
    second = ask(
        input_points=places[None, None],
        input_labels=labels,
        input_masks=previous,
        multimask_output=False,
    )
    opened = engine.open_image(picture)
    one = opened.segment(Prompt(points=points[:1]))
    opened.segment(Prompt(points=points))
    assert torch.equal(low_logits(opened, points[:1]), previous)
    assert torch.equal(low_logits(opened, points), second.pred_masks[:, :, 0])
    assert one[0].score == pytest.approx(float(first.iou_scores[0, 0, best]))

    box = Box(10, 8, 60, 70)
    corners = (torch.tensor([[10.0, 8.0], [60.0, 70.0]]) * scale).view(1, 1, 4)
    boxed = ask(input_boxes=corners, multimask_output=False)
    opened.segment(Prompt(box=box))
    assert torch.equal(low_logits(opened, (), box), boxed.pred_masks[:, :, 0])


def upstream_track(model, network, frames, inputs):
    """transformers' tracking with nothing pruned; `inputs` maps frame to {object: mask}."""
    session = tracking._new_session(network)
    logits = []
    for index, frame in enumerate(frames):
        for number, mask in inputs.get(index, {}).items():
            slot = session.obj_id_to_idx(number)
            session.add_mask_inputs(slot, index, tracking._square_mask(network, mask))
            session.obj_with_new_inputs.append(number)
        output = model(
            inference_session=session, frame=tensors.pixels(network, frame), frame_idx=index
        )
        logits.append(output.pred_masks[:, 0].clone())
    return logits, session


def our_logits(engine, frames, mask):
    network = engine._loaded()
    memory = tracking.ObjectMemory(network, len(frames))
    return [
        memory.step(
            tracking._vision_features(network, frame), index, mask if index == 0 else None
        ).logits
        for index, frame in enumerate(frames)
    ]


def test_tracking_one_object_is_bit_identical_to_the_video_model_unpruned(
    sam2, tiny_sam2, clip, mask
):
    frames = clip * 3
    model = original("Sam2VideoModel", tiny_sam2)
    expected, _ = upstream_track(model, sam2._loaded(), frames, {0: {1: mask}})
    for ours, theirs in zip(our_logits(sam2, frames, mask), expected, strict=True):
        assert torch.equal(ours, theirs[0].float())


def test_pruning_changes_no_bit_of_sam3_s_tracking(sam3, clip, mask, monkeypatch):
    frames = clip * 3
    pruned = our_logits(sam3, frames, mask)
    monkeypatch.setattr(tracking, "prune", lambda *_: None)
    monkeypatch.setattr(tracking.ObjectMemory, "_later_frames", lambda *_: ((), ()))
    for ours, whole in zip(pruned, our_logits(sam3, frames, mask), strict=True):
        assert torch.equal(ours, whole)


def test_several_objects_give_what_the_video_model_gives_in_one_session(
    sam2, tiny_sam2, clip, mask
):
    model = original("Sam2VideoModel", tiny_sam2)
    other = np.roll(mask, 25, axis=1)
    expected, _ = upstream_track(model, sam2._loaded(), clip, {0: {1: mask, 2: other}})
    first, second = our_logits(sam2, clip, mask), our_logits(sam2, clip, other)
    for index, theirs in enumerate(expected):
        # One batch of two in the memory encoder rounds differently from two of one.
        assert torch.allclose(first[index], theirs[0].float(), atol=1e-4)
        assert torch.allclose(second[index], theirs[1].float(), atol=1e-4)


def test_backward_tracking_is_forward_tracking_of_the_reversed_clip(pair, clip, mask):
    engine = pair[0]
    backward = {
        item.index: item.masks[1]
        for item in engine.track_video(ArrayFrames(clip), {7: {1: mask}}, 7, RunContext())
    }
    forward = {
        item.index: item.masks[1]
        for item in engine.track_video(ArrayFrames(clip[::-1]), {0: {1: mask}}, 0, RunContext())
    }
    assert all(np.array_equal(backward[7 - index], forward[index]) for index in range(8))
