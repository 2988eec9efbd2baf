"""LAPACK and BLAS through numpy, as a process that is asked over standard input and output, a line of JSON each.

  {"do": "prepare", "routine": ..., "count": ..., "matrices": [{"shape": ..., "data": base64 of little-endian f64}, ...]}  ->  {}
  {"do": "call"}    ->  {"ms": time of one call by this process's own clock}
  {"do": "output"}  ->  {"data": base64 of the parts of one more call, one after the other, row-major}

An answer with "error" says why there is no other. The first line out says what was loaded.
"""

import base64
import json
import sys
import time

import numpy

try:
    import scipy.linalg as scipy_linalg
except ImportError:
    scipy_linalg = None


def blas():
    """The file of the BLAS that this process has loaded, where the system tells."""
    numpy.ones((2, 2)) @ numpy.ones((2, 2))
    try:
        with open("/proc/self/maps", encoding="utf8") as maps:
            names = {line.split("/")[-1].strip() for line in maps if "/" in line}
    except OSError:
        return "BLAS unknown"
    found = sorted(name for name in names if name.startswith("lib") and ("blas" in name or "mkl" in name))
    return ", ".join(found) or "BLAS unknown"


def top_eigen(a, count):
    n = a.shape[0]
    return scipy_linalg.eigh(a, subset_by_index=[n - count, n - 1], check_finite=False)


def routine_of(name, count, matrices):
    """A function without arguments that makes the call and gives its parts."""
    a = matrices[0]
    if name == "product":
        return lambda: [a @ matrices[1]]
    if name == "svd":
        return lambda: numpy.linalg.svd(a, full_matrices=False)
    if name == "qr":
        return lambda: numpy.linalg.qr(a)
    if name == "eigen" and count == a.shape[0]:
        return lambda: numpy.linalg.eigh(a)
    if name == "eigen":
        if scipy_linalg is None:
            raise ValueError("some of the vectors need scipy, which is missing")
        return lambda: top_eigen(a, count)
    raise ValueError("no reduced-rank regression")


def ordered(name, parts):
    """The parts in the order and the orientation of decompositions.ts."""
    if name != "svd":
        return parts
    u, s, vh = parts
    return [s, u, vh.T]


def matrix(message):
    data = numpy.frombuffer(base64.b64decode(message["data"]), dtype="<f8")
    return data.reshape(message["shape"]).copy()


def answer(request, state):
    if request["do"] == "prepare":
        matrices = [matrix(message) for message in request["matrices"]]
        state["name"] = request["routine"]
        state["run"] = routine_of(request["routine"], request["count"], matrices)
        return {}
    if request["do"] == "call":
        start = time.perf_counter()
        state["run"]()
        return {"ms": 1000 * (time.perf_counter() - start)}
    parts = ordered(state["name"], state["run"]())
    data = b"".join(numpy.ascontiguousarray(part, dtype="<f8").tobytes() for part in parts)
    return {"data": base64.b64encode(data).decode("ascii")}


def main():
    say({"version": f"numpy {numpy.__version__}", "details": blas()})
    state = {}
    for line in sys.stdin:
        try:
            say(answer(json.loads(line), state))
        except Exception as error:
            say({"error": str(error)})


def say(message):
    print(json.dumps(message), flush=True)


main()
