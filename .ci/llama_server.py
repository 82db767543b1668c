"""Serve one GGUF model with llama.cpp's own HTTP server, for the live check.

    llama_server.py MODEL.gguf ADDRESS_FILE

Listens on a free port of 127.0.0.1 and writes its address (http://127.0.0.1:PORT) to
ADDRESS_FILE once the model is loaded. Ends on SIGTERM or SIGINT, and by itself when the
process that started it is gone, so that no server outlives the check that wanted it.
"""

import os
import signal
import sys
import threading
from pathlib import Path

import xllamacpp

SLOTS = 2
TOKENS_PER_SLOT = 2048
# More threads than idle cores make ggml spin at its barriers: slower by ten times and more.
COMPUTE_THREADS = 1
PARENT_POLL_SECONDS = 1.0


def parameters(model: Path) -> xllamacpp.CommonParams:
    """The server's settings; everything not named here is llama.cpp's default."""
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * TOKENS_PER_SLOT
    params.cpuparams.n_threads = COMPUTE_THREADS
    params.cpuparams_batch.n_threads = COMPUTE_THREADS
    params.n_gpu_layers = 0
    # With a prompt cache, an answer would hang on what was asked before it.
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.endpoint_metrics = True
    params.endpoint_slots = True
    params.offline = True
    params.ui = False
    return params


def publish(address: str, target: Path) -> None:
    """Write the address in one step: a reader sees all of it or no file."""
    draft = target.with_name(target.name + ".draft")
    draft.write_text(address + "\n", encoding="utf-8")
    draft.rename(target)


def wait_for_end() -> None:
    """Return when told to stop or when the parent process has ended."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    while os.getppid() == parent and not stop.wait(PARENT_POLL_SECONDS):
        pass


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: llama_server.py MODEL.gguf ADDRESS_FILE")
    server = xllamacpp.Server(parameters(Path(sys.argv[1])))
    publish(server.listening_address, Path(sys.argv[2]))
    wait_for_end()
    # The C++ server's own threads may still be at work; nothing is left to save.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
