"""`python3 tools/train_demo_models`: makes a virtual environment with pinned packages and runs pipeline.py in it.

Uses the standard library alone. Everything that can be missing (Python version, disk, PyTorch) is checked before any
work starts. Options after these checks are pipeline.py's: see --help.
"""

import os
import shutil
import subprocess
import sys
import venv

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ENVIRONMENT, WORK, OUT = (os.path.join(ROOT, d) for d in (".venv-train", ".build-demo-models", "Sources/DemoModels"))
PYTHON = os.path.join(ENVIRONMENT, "bin", "python")
INSTALLED_GB, WORK_GB = 6, 0.3      # PyTorch with GPU libraries, the worst case; checkpoints and logs
NOT_AVAILABLE = 69


def stop(message, status=NOT_AVAILABLE):
    print(f"train_demo_models: {message}", file=sys.stderr)
    sys.exit(status)


def check_disk(need):
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < need:
        stop(f"{need} GB of free disk are needed below {ROOT}, {free:.1f} GB are free")


def has_packages():
    """Whether the environment imports PyTorch and has every pinned version."""
    requirements = [line.strip() for line in open(os.path.join(HERE, "requirements.txt")) if "==" in line and line[0] != "#"]
    program = ("import sys, torch; from importlib.metadata import version\n"
               "for r in sys.argv[1:]:\n    name, want = r.split('=='); have = version(name).split('+')[0]\n"
               "    if have != want: sys.exit(f'{name} {have} is installed, {want} is pinned')\n")
    return subprocess.run([PYTHON, "-c", program, *requirements], stderr=subprocess.PIPE, text=True)


def prepare():
    if sys.version_info < (3, 10):
        stop(f"Python 3.10 or later is needed, this is {sys.version.split()[0]}")
    ready = os.path.exists(PYTHON) and has_packages().returncode == 0
    check_disk(WORK_GB if ready else INSTALLED_GB + WORK_GB)
    if ready:
        return
    venv.create(ENVIRONMENT, with_pip=True, clear=False)
    install = [PYTHON, "-m", "pip", "install", "--quiet", "-r", os.path.join(HERE, "requirements.txt")]
    if subprocess.run(install).returncode:
        stop("PyTorch and the other packages of requirements.txt could not be installed (pip's message is above)")
    check = has_packages()
    if check.returncode:
        stop(f"PyTorch does not work in {ENVIRONMENT}: {check.stderr.strip().splitlines()[-1]}")


if __name__ == "__main__":
    if "-h" not in sys.argv and "--help" not in sys.argv:
        prepare()
    elif not os.path.exists(PYTHON):
        stop("options: --members NAME..., --f32, --work DIR, --out DIR (all optional); a first run makes the environment", 0)
    os.execv(PYTHON, [PYTHON, os.path.join(HERE, "pipeline.py"), "--work", WORK, "--out", OUT, *sys.argv[1:]])
