"""Covers of the articles: soft hills of colour under a sun, drawn by a seed."""

from __future__ import annotations

from math import pi, sin
from random import Random

from PIL import Image, ImageDraw, ImageFilter

SIZE = (1280, 720)
PALETTES = (
    ("#f6e7d2", "#e8b88a", "#c97b63", "#7d5a6b", "#3f4a6b"),
    ("#e9eefc", "#b9c8f2", "#7f98e0", "#4f6bc9", "#2b3f86"),
    ("#eaf3e6", "#bcd9b4", "#7fb38a", "#4b8a6d", "#28564c"),
    ("#fbeee6", "#f3c9c0", "#dd9aa0", "#a86c8c", "#5b4a78"),
    ("#fdf4dc", "#f2d79a", "#dba85a", "#a9743f", "#5d4631"),
    ("#e6f3f5", "#aed6db", "#6fb0bd", "#3f8197", "#254f68"),
)


def cover(number: int) -> Image.Image:
    """The picture of that number, the same at each call."""
    random = Random(number)  # noqa: S311 - a picture, no secret
    sky, *hills = PALETTES[number % len(PALETTES)]
    image = _gradient(sky, hills[0])
    _sun(image, random, sky)
    for depth, colour in enumerate(hills):
        _hill(image, random, colour, depth / len(hills))
    return image


def _gradient(top: str, bottom: str) -> Image.Image:
    """From one colour to the other, downwards."""
    image = Image.new("RGB", SIZE, top)
    mask = Image.linear_gradient("L").resize(SIZE).point([level * 6 // 10 for level in range(256)])
    image.paste(Image.new("RGB", SIZE, bottom), mask=mask)
    return image


def _sun(image: Image.Image, random: Random, colour: str) -> None:
    width, height = SIZE
    radius = random.randint(60, 110)
    x, y = random.randint(width // 5, width * 4 // 5), random.randint(height // 6, height // 3)
    glow = Image.new("L", (width // 4, height // 4))
    box = [(x - 2 * radius) / 4, (y - 2 * radius) / 4, (x + 2 * radius) / 4, (y + 2 * radius) / 4]
    ImageDraw.Draw(glow).ellipse(box, fill=120)
    glow = glow.filter(ImageFilter.GaussianBlur(radius / 8)).resize(SIZE)
    image.paste(Image.new("RGB", SIZE, "#ffffff"), mask=glow)
    disc = Image.new("L", SIZE)
    ImageDraw.Draw(disc).ellipse([x - radius, y - radius, x + radius, y + radius], fill=200)
    image.paste(Image.new("RGB", SIZE, "#fffaf0"), mask=disc)


def _hill(image: Image.Image, random: Random, colour: str, depth: float) -> None:
    """A line of hills, nearer ones lower; drawn at double size and halved, for smooth edges."""
    width, height = SIZE
    base = height * (0.45 + 0.5 * depth)
    waves = [(random.uniform(0.6, 2.2), random.uniform(0, 2 * pi), random.uniform(18, 60)) for _ in range(3)]
    line = [
        (2 * x, 2 * (base + sum(high * sin(2 * pi * often * x / width + shift) for often, shift, high in waves)))
        for x in range(0, width + 1, 8)
    ]
    shape = Image.new("L", (2 * width, 2 * height))
    ImageDraw.Draw(shape).polygon([*line, (2 * width, 2 * height), (0, 2 * height)], fill=235)
    image.paste(Image.new("RGB", SIZE, colour), mask=shape.resize(SIZE, Image.Resampling.BOX))
