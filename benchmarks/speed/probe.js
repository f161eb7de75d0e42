// Records in the page when a key was pressed and when its effect was visible. Loaded before JupyterLab.
(() => {
  const times = { next: [], ack: [], map: [], queue: [], entry: 0, row: null };
  window.hitlTimes = times;
  const open = { next: [], map: [], queue: [] };
  const stored = new Map();
  let pressed = 0;

  // A frame was drawn: its callbacks have run, and the page is idle again.
  const painted = (then) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = then;
      port2.postMessage(null);
    });
  const close = (name, presses) => {
    for (const press of presses) open[name].splice(open[name].indexOf(press), 1);
    painted(() => times[name].push(...presses.map((press) => performance.now() - press.at)));
  };

  window.addEventListener(
    "keydown",
    (event) => {
      if (!/^[0-9a-rt-y]$/.test(event.key) || !event.target.closest?.(".hitl-labeler")) return;
      pressed = event.timeStamp; // when the browser received the key, before any delay in the page
      for (const list of Object.values(open)) list.push({ at: pressed, number: null });
    },
    { capture: true },
  );

  // -- label -> acknowledged: how long its entry stays in the outbox

  const { setItem, removeItem } = Storage.prototype;
  Storage.prototype.setItem = function (key, value) {
    if (key.startsWith("hitl:")) {
      stored.set(key, pressed);
      times.entry = Math.max(times.entry, value.length);
    }
    return setItem.call(this, key, value);
  };
  Storage.prototype.removeItem = function (key) {
    if (stored.has(key)) times.ack.push(performance.now() - stored.get(key));
    stored.delete(key);
    return removeItem.call(this, key);
  };

  // -- messages from the kernel: the first marks and the first queue that include every act

  const read = (data) => {
    if (!(data instanceof ArrayBuffer)) return;
    const head = new TextDecoder("latin1").decode(new Uint8Array(data, 0, Math.min(16384, data.byteLength)));
    const type = /"content":|"type": ?"(marks|queue)"/.test(head) && /"type": ?"(marks|queue)"/.exec(head)?.[1];
    if (!type || !/"behind": ?0[,}]/.test(head)) return;
    if (type === "queue") return close("queue", [...open.queue]);
    const number = Number(/"number": ?(\d+)/.exec(head)?.[1]);
    for (const press of open.map) press.number ??= number;
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", (event) => read(event.data));
    }
  };

  window.hitlWatch = () => {
    const card = document.querySelector(".hitl-labeler .hitl-card");
    const map = document.querySelector(".hitl-explorer");
    new MutationObserver(() => {
      if (open.next.length && !card.querySelector(".hitl-waiting")) close("next", [...open.next]);
    }).observe(card, { childList: true, subtree: true });
    new MutationObserver(() => {
      const drawn = Number(map.dataset.painted);
      close(
        "map",
        open.map.filter((press) => press.number !== null && press.number <= drawn),
      );
    }).observe(map, { attributes: true, attributeFilter: ["data-painted"] });
    for (const members of window[Symbol.for("hitl-widgets.bus.2")].values())
      for (const member of members) {
        const { hear } = member;
        member.hear = (name, detail) => {
          if (name === "current") times.row = detail?.row ?? null;
          return hear(name, detail);
        };
      }
  };
  window.hitlReset = () => {
    for (const name of ["next", "ack", "map", "queue"]) times[name].length = 0;
    for (const list of Object.values(open)) list.length = 0;
  };

  // -- changes to many points at once

  const frame = () => new Promise((done) => painted(done));
  const map = () => document.querySelector(".hitl-explorer");
  const seen = (what, holds) =>
    new Promise((done) => {
      const watch = new MutationObserver(() => {
        if (!holds()) return;
        watch.disconnect();
        done();
      });
      watch.observe(what, { attributes: true, childList: true, subtree: true, characterData: true });
    });

  /** Colour all points by something else: milliseconds until the frame that shows it was drawn. */
  window.hitlRecolour = async (by) => {
    const choice = map().querySelector('select[aria-label="Colour by"]');
    const began = performance.now();
    choice.value = by;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    await frame();
    const canvas = map().querySelector("canvas");
    canvas.getContext("2d")?.getImageData(0, 0, 1, 1); // includes pending drawing
    await frame();
    return performance.now() - began;
  };

  /** Circle about this share of the map's middle: how many points, and milliseconds from release to frame. */
  window.hitlLasso = async (share) => {
    map().querySelector('[data-tool="lasso"]').click();
    const layer = map().querySelector("svg.hitl-overlay");
    const box = layer.getBoundingClientRect();
    const at = (angle) => ({
      clientX: box.left + box.width / 2 + Math.sqrt(share) * 0.45 * box.width * Math.cos(angle),
      clientY: box.top + box.height / 2 + Math.sqrt(share) * 0.45 * box.height * Math.sin(angle),
      pointerId: 1,
      button: 0,
      buttons: 1,
      bubbles: true,
    });
    layer.setPointerCapture = () => {};
    layer.dispatchEvent(new PointerEvent("pointerdown", at(0)));
    for (let k = 1; k <= 60; k++) layer.dispatchEvent(new PointerEvent("pointermove", at((k * Math.PI) / 30)));
    const began = performance.now();
    layer.dispatchEvent(new PointerEvent("pointerup", at(2 * Math.PI)));
    await frame();
    const shown = performance.now() - began;
    const said = document.querySelector(".hitl-bulk-head strong, .hitl-chip .hitl-number").innerText;
    return { rows: Number(said.replace(/\D/g, "")), shown };
  };

  /** Label what is circled: milliseconds from the key to the acknowledgement, and to the next painted round. */
  window.hitlBulk = async (key) => {
    window.hitlReset();
    const before = map().dataset.painted;
    const target = document.querySelector(".hitl-labeler");
    const began = performance.now();
    pressed = began;
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    while (!times.ack.length && performance.now() - began < 20000) await new Promise((r) => setTimeout(r, 1));
    const acked = performance.now() - began;
    await Promise.race([
      seen(map(), () => map().dataset.painted !== before),
      new Promise((r) => setTimeout(r, 20000)),
    ]);
    return { acked, painted: performance.now() - began };
  };
})();
