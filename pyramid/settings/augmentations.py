"""The names that `image_augmentations` and `augmentation_ranges` may use."""

AUGMENTATIONS = (
    "blur",
    "brightness",
    "color_invert",
    "contrast",
    "cutout",
    "deform",
    "gaussian_noise",
    "glare",
    "height_shift",
    "horizontal_flip",
    "rotation",
    "shear",
    "tint",
    "vertical_flip",
    "width_shift",
    "zoom",
)
