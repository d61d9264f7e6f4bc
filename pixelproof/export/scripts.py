"""`use.py`: an export used by the library of its format alone, with Pillow and NumPy."""

from pixelproof.inference.preprocessing import Preprocessing

HEAD = '''"""Classify a photo: python use.py PHOTO. Needs {package}, numpy and pillow.

It reads a photo as Pillow does. It leaves out what `pixelproof predict` does besides: colour profiles, more than 8 bits
a channel, white behind transparent pixels, damaged files and limits. It resizes as Pillow does, not by the very code of
the training images, so that pixels differ by some levels where a photo has another size.
"""
import json
import sys
from pathlib import Path

{imports}
from PIL import Image, ImageOps

HERE = Path(__file__).parent
about = json.loads((HERE / "export.json").read_text("utf-8"))
photo = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("{mode}")
pixels = np.asarray({fitted}, np.uint8).reshape(1, {height}, {width}, {channels})
'''
TAIL = """\
label, share = max(zip(about["preprocessing"]["classes"], shares), key=lambda each: each[1])
print(f"{label} {share:.4f}")
"""
IMPORTS = {
    "onnx": "import numpy as np\nimport onnxruntime",
    "litert": "import numpy as np\nfrom ai_edge_litert.interpreter import Interpreter",
    "saved_model": "import numpy as np\nimport tensorflow as tf",
}
PACKAGES = {"onnx": "onnxruntime", "litert": "ai-edge-litert", "saved_model": "tensorflow"}
RUN = {
    "onnx": """\
session = onnxruntime.InferenceSession(HERE / about["file"])
shares = session.run(["probabilities"], {"images": pixels})[0][0]
""",
    "litert": """\
network = Interpreter(str(HERE / about["file"])).get_signature_runner()
shares = network(images=pixels)["probabilities"][0]
""",
    "saved_model": """\
network = tf.saved_model.load(HERE / about["file"])
shares = network.serve(pixels)["probabilities"].numpy()[0]
""",
}
FITTED = {
    "stretch": "photo.resize({size}, Image.Resampling.BILINEAR)",
    "pad": "ImageOps.pad(photo, {size}, Image.Resampling.BILINEAR)",
    "crop": "ImageOps.fit(photo, {size}, Image.Resampling.BILINEAR)",
}


def use_script(format: str, preprocessing: Preprocessing) -> str:
    """Return the script for a format and the images that its model takes."""
    height, width, channels = preprocessing.shape
    head = HEAD.format(
        package=PACKAGES[format],
        imports=IMPORTS[format],
        mode="L" if channels == 1 else "RGB",
        fitted=FITTED[preprocessing.fit].format(size=(width, height)),
        height=height,
        width=width,
        channels=channels,
    )
    return head + RUN[format] + TAIL
