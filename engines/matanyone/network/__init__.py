"""MatAnyone's network as torch modules; imported only when weights are loaded.

Both generations have the same architecture. It is Cutie's (Cheng et al., Putting the Object Back into
Video Object Segmentation, CVPR 2024), built on XMem's memory (Cheng and Schwing, ECCV 2022), with a
decoder to full resolution and an uncertainty head (Yang et al., MatAnyone, CVPR 2025). Module and
parameter names are those of the published checkpoints. All modules take one target at a time: tensors
are (1, C, H, W), and the digits in names such as `f16` are strides in pixels.
"""
