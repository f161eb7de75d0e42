"""The command line: ``hitl-widgets demo``, ``convert``, ``export``, ``import``, ``doctor``."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hitl_widgets
from hitl_widgets.errors import HitlError

__all__ = ["main"]

QUICKSTART = "01-quickstart.ipynb"
BUDGET = 60
FLOOR = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 if a check failed, 2 if the command could not run."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (HitlError, OSError) as error:
        print(f"hitl-widgets: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "hitl-widgets", description="Human-in-the-loop labeling in the notebook."
    )
    parser.add_argument("--version", action="version", version=f"hitl-widgets {hitl_widgets.__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    demo = commands.add_parser("demo", help="open JupyterLab on the quickstart notebook")
    demo.add_argument("--no-browser", action="store_true", help="print the address without opening a browser")
    demo.add_argument("--port", type=int, metavar="N", help="the port to serve on; by default a free one")
    demo.add_argument(
        "--check", action="store_true", help="run the quickstart with simulated answers, without Jupyter"
    )
    demo.set_defaults(command=lambda o: _check() if o.check else _demo(o.port, browser=not o.no_browser))

    _add_convert(commands)

    export = commands.add_parser("export", help="write the labels of a store to a file")
    export.add_argument(
        "store", metavar="STORE", help="the label store: a file such as labels.sqlite, or a URL"
    )
    export.add_argument(
        "out", metavar="OUT", help="a .csv, .parquet or .xlsx file, or .jsonl for the whole history"
    )
    export.add_argument("--task", metavar="T", help="which task, if the store holds more than one")
    export.add_argument(
        "--format", metavar="F", help="csv, parquet, xlsx or jsonl, regardless of the ending of OUT"
    )
    export.add_argument(
        "--names", action="store_true", help="write the annotators' names instead of 'annotator 1'"
    )
    export.set_defaults(command=_export)

    bring = commands.add_parser("import", help="write an exported .jsonl history into a store")
    bring.add_argument("store", metavar="STORE", help="the label store; created if it does not exist")
    bring.add_argument("file", metavar="FILE", help="a .jsonl file that export wrote, with --names")
    bring.add_argument("--task", metavar="T", help="import only this task of the file")
    bring.set_defaults(command=_import)

    doctor = commands.add_parser("doctor", help="check a store and summarise its contents")
    doctor.add_argument(
        "store", metavar="PATH", help="the label store: a file such as labels.sqlite, or a URL"
    )
    doctor.add_argument(
        "--repair", action="store_true", help="repair the file, after writing a backup next to it"
    )
    doctor.set_defaults(command=_doctor)
    return parser


def _add_convert(commands: Any) -> None:
    convert = commands.add_parser(
        "convert",
        help="convert labels from one tool's format to another's",
        description="Convert labels from one format to another, without a notebook or a store.\n\n"
        "The format of IN is recognized by its content, that of OUT by its suffix. What cannot\n"
        "be converted is listed, with the reason.",
        epilog="Examples:\n"
        "  hitl-widgets convert project.json answers.csv\n"
        "  hitl-widgets convert instances.json dataset --to yolo\n"
        "  hitl-widgets convert dataset tasks.json --to label-studio --images dataset/images\n"
        "  hitl-widgets convert spans.jsonl spans.spacy\n\n"
        "Exit codes: 0 if everything was converted, 1 if something was left out, 2 if nothing was\n"
        "written. "
        "docs/formats.md lists what each format can contain.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    convert.add_argument("source", metavar="IN", help="the file or folder to read")
    convert.add_argument("target", metavar="OUT", help="the file or folder to write; a file is replaced")
    convert.add_argument(
        "--to",
        metavar="F",
        help="the format of OUT, if its suffix does not say: label-studio, coco, yolo, voc, spacy, conll, "
        "prodigy, doccano, hf, trl, csv, parquet or xlsx (.jsonl means hf)",
    )
    convert.add_argument(
        "--from", dest="read_as", metavar="F", help="the format of IN, if it is not recognized"
    )
    convert.add_argument(
        "--question", metavar="Q", default="label", help="the question, or the column, if IN has several"
    )
    convert.add_argument(
        "--kind",
        metavar="K",
        default="",
        help="the kind of question, such as boxes, if IN has several kinds, or its labels do not tell",
    )
    convert.add_argument("--id", metavar="C", default="id", help="the field with the ids (default: id)")
    convert.add_argument(
        "--images",
        metavar="DIR",
        help="the folder of the images, where their sizes are needed (default: beside IN)",
    )
    convert.set_defaults(command=_convert)


# -- demo ------------------------------------------------------------------------------------------


def _notebook() -> Path:
    """Return the quickstart notebook: from the source checkout, or copied from the package to ./hitl-demo."""
    here = Path(__file__).resolve()
    checkout = here.parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "notebooks" / QUICKSTART).is_file():
        return checkout / "notebooks" / QUICKSTART
    home = here.parent / "notebooks"
    packaged = [path.relative_to(home) for path in sorted(home.rglob("*.ipynb"))]
    if Path(QUICKSTART) not in packaged:
        raise HitlError(
            f"The notebooks are missing from {here.parent}. Reinstall with: "
            "pip install --force-reinstall hitl-widgets"
        )
    folder = Path("hitl-demo").absolute()
    folder.mkdir(exist_ok=True)
    for notebook in packaged:
        if not (folder / notebook).exists():
            (folder / notebook).parent.mkdir(exist_ok=True)
            shutil.copyfile(home / notebook, folder / notebook)
    return folder / QUICKSTART


def _demo(port: int | None, *, browser: bool) -> int:
    if importlib.util.find_spec("jupyterlab") is None:
        raise HitlError(
            "The demo runs in JupyterLab, which is not installed: pip install 'hitl-widgets[lab]'"
        )
    notebook = _notebook()
    port = _port(port)
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    command = [sys.executable, "-m", "jupyterlab", str(notebook)]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--log-level=WARN"]
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    # Pass the token in the environment: other users of the machine can read command lines.
    process = subprocess.Popen(command, env=os.environ | {"JUPYTER_TOKEN": token})
    page = f"http://localhost:{port}/lab/tree/{notebook.name}?token={token}"
    words = f"\nThe quickstart ({notebook}) is open at\n\n    {page}\n\nCtrl+C twice stops it.\n"
    threading.Thread(target=_announce, args=(process, port, words), daemon=True).start()
    return _follow(process)


def _port(asked: int | None) -> int:
    """Return the requested port if it is free; by default the first free port from 8888 on."""
    for port in range(8888, 8908) if asked is None else [asked]:
        with socket.socket() as probe, contextlib.suppress(OSError, OverflowError):
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    if asked is None:
        raise HitlError("The ports 8888 to 8907 are all in use. Pass a free one: --port 9999")
    raise HitlError(
        f"Port {asked} cannot be used: another program uses it, or it is not a valid port. Try another one."
    )


def _announce(process: subprocess.Popen[bytes], port: int, words: str) -> None:
    """Print the address once the server listens, so that it appears below the server's startup messages."""
    while process.poll() is None:
        try:
            socket.create_connection(("localhost", port), timeout=2).close()
        except OSError:
            time.sleep(0.2)
            continue
        print(words, flush=True)
        return


def _follow(process: subprocess.Popen[bytes]) -> int:
    """Wait for the server. The terminal sends it Ctrl+C; SIGTERM is forwarded."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    ended = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, ended)


# -- demo --check ----------------------------------------------------------------------------------


def _check() -> int:
    """Run the quickstart in a temporary folder, with answers taken from the true labels."""
    from hitl_widgets.transfer.stored import stored_labels

    source = _notebook()
    folder = Path(tempfile.mkdtemp(prefix="hitl-demo-"))
    with _inside(folder):
        made = _run_cells(source)
        session, docs = made["session"], made["docs"]
        try:
            truth = _ask_oracle(session, docs["topic"])
            rest = session.to_frame().query("label.isna()")
            accuracy = float((rest["prediction"] == docs["topic"].loc[rest.index]).mean())
            estimate, where, task = session.accuracy(), session.store.name, session.task
        finally:
            session.close()
        kept = stored_labels(where, task)
    stored = sum(truth.get(key) == label for key, label in zip(kept["id"], kept["label"], strict=True))
    print(f"labels given               {len(truth)}")
    print(f"accuracy on the other {len(rest):,}  {accuracy:.3f}")
    print(f"the session's own estimate {estimate}")
    print(f"labels stored              {stored}, in {where}")
    if stored != BUDGET:
        print(f"hitl-widgets: {stored} of {BUDGET} labels are in the store.", file=sys.stderr)
    if accuracy < FLOOR:
        print(f"hitl-widgets: accuracy {accuracy:.3f} is below {FLOOR}.", file=sys.stderr)
    return int(stored != BUDGET or accuracy < FLOOR)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _run_cells(notebook: Path) -> dict[str, Any]:
    """Run the code cells in one namespace and discard what they print."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            code = compile("".join(cell["source"]), f"{notebook.name}[{cell.get('id')}]", "exec")
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, namespace)  # noqa: S102 - our own notebook
    return namespace


def _ask_oracle(session: Any, topics: Any) -> dict[str, str]:
    """Answer the session's queries; returns the answers by store key."""
    pool, given = session.pool, dict[str, str]()
    topic = dict(zip((pool.keys[i] for i in pool.rows), topics, strict=True))
    for _ in range(BUDGET):
        [asked] = session.query()
        given[str(asked)] = topic[str(asked)]
        session.label(asked, topic[str(asked)])
    session.wait()
    return given


# -- export ----------------------------------------------------------------------------------------


def _export(options: argparse.Namespace) -> int:
    from hitl_widgets.transfer.stored import export_stored

    try:
        path = export_stored(options.store, options.out, options.task, options.format, names=options.names)
    except ImportError as error:  # pandas writes Parquet with pyarrow
        raise HitlError(f"{options.out} cannot be written: pip install pyarrow, or write .csv.") from error
    print(path)
    return 0


def _import(options: argparse.Namespace) -> int:
    from hitl_widgets.transfer.restoring import import_stored

    found = import_stored(options.store, options.file, options.task)
    print(repr(found).removesuffix(": see .refused"))
    for row, why in found.refused[["row", "why"]].head(20).to_numpy().tolist():
        print(f"hitl-widgets: row {row}: {why}", file=sys.stderr)
    return int(len(found.refused) > 0)


def _convert(options: argparse.Namespace) -> int:
    from hitl_widgets.transfer.converting import convert

    found = convert(
        options.source,
        options.target,
        read_as=options.read_as,
        write_as=options.to,
        question=options.question,
        kind=options.kind,
        id=options.id,
        images=options.images,
    )
    print(found)
    lines = found.lines
    for line in lines[:20]:
        print(f"hitl-widgets: not converted: {line}", file=sys.stderr)
    if len(lines) > 20:
        print(f"hitl-widgets: and {len(lines) - 20} other reasons", file=sys.stderr)
    return int(bool(lines))


# -- doctor ----------------------------------------------------------------------------------------


def _doctor(options: argparse.Namespace) -> int:
    from hitl_widgets.labels.doctor import examine, mend

    report = (mend if options.repair else examine)(options.store)
    print(report)
    return int(bool(report.problems))


if __name__ == "__main__":
    sys.exit(main())
