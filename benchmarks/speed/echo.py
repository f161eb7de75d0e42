"""Latency of JupyterLab itself: a message to the kernel, an answer and a frame, no learning or drawing."""

from __future__ import annotations

import anywidget


class Echo(anywidget.AnyWidget):
    """Answers each message; ``hitlEcho()`` in the page returns the milliseconds of one round trip."""

    _esm = """
    const painted = (then) => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = then;
      port2.postMessage(null);
    });
    export default { render({ model, el }) {
      window.hitlEcho = () => new Promise((done) => {
        const began = performance.now();
        const back = () => {
          model.off("msg:custom", back);
          el.textContent = String(began);
          painted(() => done(performance.now() - began));
        };
        model.on("msg:custom", back);
        model.send({});
      });
    } };
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_msg(lambda *_: self.send({}))
