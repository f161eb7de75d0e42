"""Kernels forked from a process that has imported the libraries, because imports were half of a test's time.

``kernels.py serve SOCKET MODULE...`` imports the modules and forks a kernel for each request. The kernelspec
runs ``kernels.py run SOCKET CONNECTION_FILE``, which stands for the kernel before Jupyter: it passes its
environment, folder and output on, hands signals over, and ends when the kernel ends, and the kernel with it.
"""

import contextlib
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import threading
from pathlib import Path


def run(door: str, connection: str) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(door)
        request = json.dumps([connection, str(Path.cwd()), dict(os.environ)]).encode()
        socket.send_fds(line, [len(request).to_bytes(4, "big")], [0, 1, 2])
        line.sendall(request)
        pid = int(line.recv(16))
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, lambda number, _: os.kill(pid, number))
        line.recv(1)  # returns when the kernel's end of the line is closed


def warm(modules: list[str]) -> None:
    """Import what a kernel needs sooner or later, and load the model that reads texts."""
    import hitl_widgets

    ours = (found.name for found in pkgutil.walk_packages(hitl_widgets.__path__, "hitl_widgets."))
    for name in (*modules, *ours):
        importlib.import_module(name)
    from hitl_widgets.items.features import sentences

    if sentences.has_sentences():
        sentences.sentence_vectors(["a text"])


def serve(door: str, modules: list[str]) -> None:
    sys.path.pop(0)  # kernels do not see the folder of the tests
    warm(modules)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that killed kernels leave no zombies
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(door)
        listener.listen()
        while True:
            line, _ = listener.accept()
            with line:
                size, fds, _, _ = socket.recv_fds(line, 4, 3)
                request = b""
                while len(request) < int.from_bytes(size, "big"):
                    request += line.recv(65_536)
                if not os.fork():
                    listener.close()
                    _kernel(line, fds, *json.loads(request))
            for fd in fds:
                os.close(fd)


def _kernel(line: socket.socket, fds: list[int], connection: str, folder: str, env: dict[str, str]) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for fd, own in zip(fds, (0, 1, 2), strict=True):
        os.dup2(fd, own)
        os.close(fd)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    Path(f"{connection}.pid").write_text(str(os.getpid()))
    line.sendall(str(os.getpid()).encode())

    def follow() -> None:
        with contextlib.suppress(OSError):
            line.recv(1)
        os._exit(0)

    threading.Thread(target=follow, daemon=True).start()
    from ipykernel.kernelapp import launch_new_instance

    sys.argv = ["ipykernel_launcher", "-f", connection]
    launch_new_instance()
    sys.exit()


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(*sys.argv[2:])
    else:
        serve(sys.argv[2], sys.argv[3:])
