"""coolfusion from Python by ctypes: models, scores, fusion. Nothing to install but the shared library.

    import coolfusion
    with coolfusion.Model("A.gguf") as a, coolfusion.Model("B.gguf") as b:
        print(coolfusion.fuse([a, b], "Once upon a time", limit=60))
        print(a.score("Once upon a", [" time", " hill"]))

The library is libcoolfusion.so.1 where the system finds it, or the file named by COOLFUSION_LIBRARY. Structs and functions
here follow coolfusion.h; a struct of another version is refused by the library.
"""
import ctypes as c
import os

_lib = c.CDLL(os.environ.get("COOLFUSION_LIBRARY", "libcoolfusion.so.1"))
ABI_VERSION = 1
CANCELLED = 8
_STATUS_NAMES = ["ok", "invalid argument", "file missing", "bad model", "out of memory", "context full", "buffer too small",
                 "not finite", "cancelled", "failed"]


class Error(Exception):
    """A call failed; `status` is the number in coolfusion.h."""

    def __init__(self, status, sentence):
        super().__init__(f"{sentence} ({_STATUS_NAMES[status]})")
        self.status = status


class _ModelOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("threads", c.c_uint32), ("context", c.c_uint32), ("read", c.c_bool),
                ("force", c.c_bool), ("name", c.c_char_p)]


class _Segment(c.Structure):
    _fields_ = [("text", c.POINTER(c.c_char)), ("length", c.c_size_t), ("offset", c.c_size_t), ("proposers", c.c_uint64),
                ("ranked", c.c_bool), ("margin", c.c_double)]


_ON_SEGMENT = c.CFUNCTYPE(c.c_bool, c.POINTER(_Segment), c.c_void_p)


class _FuseOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("limit", c.c_uint32), ("rank", c.c_char_p), ("system", c.c_char_p),
                ("raw", c.c_bool), ("cancellation", c.c_void_p), ("on_segment", _ON_SEGMENT), ("user", c.c_void_p)]


_ERR = [c.c_char_p, c.c_size_t]
_HANDLE = c.c_void_p
for _name, _arguments in {
    "model_open": [c.c_char_p, c.POINTER(_ModelOptions), c.POINTER(_HANDLE)],
    "tokenize": [_HANDLE, c.c_char_p, c.c_size_t, c.c_bool, c.POINTER(c.c_int32), c.c_size_t, c.POINTER(c.c_size_t)],
    "detokenize": [_HANDLE, c.POINTER(c.c_int32), c.c_size_t, c.c_char_p, c.c_size_t, c.POINTER(c.c_size_t)],
    "session_create": [_HANDLE, c.POINTER(_HANDLE)],
    "session_append": [_HANDLE, c.POINTER(c.c_int32), c.c_size_t],
    "session_score": [_HANDLE, c.POINTER(c.c_char_p), c.POINTER(c.c_size_t), c.c_size_t, c.POINTER(c.c_double), c.c_void_p],
    "fuse": [c.POINTER(_HANDLE), c.c_size_t, c.c_char_p, c.c_size_t, c.POINTER(_FuseOptions), c.c_char_p, c.c_size_t,
             c.POINTER(c.c_size_t)],
}.items():
    getattr(_lib, f"coolfusion_{_name}").argtypes = _arguments + _ERR
for _name in ("model_close", "session_close"):
    getattr(_lib, f"coolfusion_{_name}").argtypes = [_HANDLE]
    getattr(_lib, f"coolfusion_{_name}").restype = None
if _lib.coolfusion_abi_version() != ABI_VERSION:
    raise ImportError(f"libcoolfusion has ABI {_lib.coolfusion_abi_version()}, this module is for {ABI_VERSION}")


def _call(name, *arguments):
    sentence = c.create_string_buffer(256)
    status = getattr(_lib, f"coolfusion_{name}")(*arguments, sentence, len(sentence))
    if status != 0:
        raise Error(status, sentence.value.decode())


class Model:
    """A GGUF file. Several threads may use one model. Close it, or use it in a `with` statement."""

    def __init__(self, path, threads=0, context=0, name=None):
        self._handle = _HANDLE()
        options = _ModelOptions(c.sizeof(_ModelOptions), threads, context, name=name.encode() if name else None)
        _call("model_open", os.fsencode(path), c.byref(options), c.byref(self._handle))

    def close(self):
        handle, self._handle = self._handle, _HANDLE()
        _lib.coolfusion_model_close(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def tokenize(self, text, special=False):
        """Token ids; with `special`, BOS is added where the model says so and texts of special tokens count as such."""
        text = text.encode()
        tokens, count = (c.c_int32 * (len(text) + 8))(), c.c_size_t()
        _call("tokenize", self._handle, text, len(text), special, tokens, len(tokens), c.byref(count))
        return tokens[:count.value]

    def detokenize(self, tokens):
        """The exact bytes of tokens."""
        ids, length = (c.c_int32 * len(tokens))(*tokens), c.c_size_t()
        capacity = 64
        while True:
            text = c.create_string_buffer(capacity)
            try:
                _call("detokenize", self._handle, ids, len(ids), text, capacity, c.byref(length))
            except Error:
                if length.value <= capacity:
                    raise
                capacity = length.value
                continue
            return text.raw[:length.value]

    def score(self, context, candidates):
        """Natural logarithms of the probabilities that each candidate follows `context`, all scored in one batch."""
        texts = [candidate.encode() for candidate in candidates]
        tokens = self.tokenize(context, special=True)
        session, results = _HANDLE(), (c.c_double * len(texts))()
        _call("session_create", self._handle, c.byref(session))
        try:
            _call("session_append", session, (c.c_int32 * len(tokens))(*tokens), len(tokens))
            lengths = (c.c_size_t * len(texts))(*map(len, texts))
            _call("session_score", session, (c.c_char_p * len(texts))(*texts), lengths, len(texts), results, None)
        finally:
            _lib.coolfusion_session_close(session)
        return list(results)


def fuse(models, prompt, limit=0, rank=None, system=None, raw=False, on_segment=None):
    """The text that the models write together. `on_segment(text, proposers, margin)` gets each segment with the indices of
    the models that proposed it and may return False to stop; an exception in it stops too and is raised here."""
    parts, failures = [], []

    def collect(segment, _):
        told = segment.contents
        text = c.string_at(told.text, told.length)
        parts.append(text)
        if on_segment is None:
            return True
        try:
            proposers = [i for i in range(len(models)) if told.proposers >> i & 1]
            return on_segment(text.decode(errors="replace"), proposers, told.margin) is not False
        except Exception as failure:
            failures.append(failure)
            return False

    options = _FuseOptions(c.sizeof(_FuseOptions), limit, rank.encode() if rank else None,
                           system.encode() if system else None, raw, None, _ON_SEGMENT(collect), None)
    handles = (_HANDLE * len(models))(*[model._handle for model in models])
    text = prompt.encode()
    try:
        _call("fuse", handles, len(models), text, len(text), c.byref(options), None, 0, None)
    except Error as error:
        if failures:
            raise failures[0] from None
        if error.status != CANCELLED:
            raise
    return b"".join(parts).decode(errors="replace")
