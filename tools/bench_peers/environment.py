"""The virtual environment with llama-cpp-python that the comparing tools run in; made on first use."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = ROOT / ".venv-peers"
REQUIREMENTS = ["llama-cpp-python==0.3.36", "gguf==0.19.0", "numpy"]


def enter(program):
    """Runs `program` again with the environment's Python, made first where it is missing: 10 minutes, cmake and ninja."""
    if pathlib.Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        build = {"CMAKE_ARGS": "-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON", **os.environ}
        subprocess.run([python, "-m", "pip", "install", "-q", *REQUIREMENTS], check=True, env=build)
        (ENVIRONMENT / "ready").touch()
    os.execv(python, [str(python), str(program), *sys.argv[1:]])
