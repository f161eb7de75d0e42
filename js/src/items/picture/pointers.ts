import type { Point } from "./frame";

/** What a pointer that was moved does. */
export type Drag = { move: (at: Point) => void; end: () => void; cancel: () => void };

export type PointerCallbacks = {
  /** Whether a drag pans now, whatever is below it. */
  pans: () => boolean;
  pan: (dx: number, dy: number) => void;
  zoom: (factor: number, at: Point) => void;
  /** A drag that starts at a place; null to pan. */
  drag: (at: Point) => Drag | null;
  click: (at: Point) => void;
  hover: (at: Point | null) => void;
};

type Held = { start: Point; last: Point; moved: boolean; drag: Drag | null; pan: boolean };

/** Movement that is still a click, in pixels, by the kind of pointer. */
const STILL: Record<string, number> = { mouse: 3, pen: 4, touch: 8 };

export function placeIn(element: Element, { clientX, clientY }: MouseEvent): Point {
  const { left, top } = element.getBoundingClientRect();
  return [clientX - left, clientY - top];
}

/** Interprets pointers: one clicks or drags, the middle button pans, and two fingers pan and zoom. */
export function followPointers(element: HTMLElement, on: PointerCallbacks, signal: AbortSignal): void {
  const pointers = new Map<number, Held>();
  const place = (event: MouseEvent): Point => placeIn(element, event);

  function down(event: PointerEvent): void {
    if (event.button > 1 || (event.target as Element).closest("button, .hitl-picture-tools > *")) return;
    if (event.button === 1) event.preventDefault();
    if (pointers.size && event.pointerType !== "touch") return;
    element.setPointerCapture(event.pointerId);
    // A second finger zooms, and what the first one began is undone.
    const pan = event.button === 1 || on.pans() || pointers.size > 0;
    for (const held of pointers.values()) {
      held.drag?.cancel();
      [held.drag, held.pan, held.moved] = [null, true, true];
    }
    const at = place(event);
    pointers.set(event.pointerId, { start: at, last: at, moved: false, drag: null, pan });
  }

  function move(event: PointerEvent): void {
    const held = pointers.get(event.pointerId);
    const at = place(event);
    if (!held) {
      if (event.pointerType !== "touch") on.hover(at);
      return;
    }
    if (!held.moved) {
      const still = STILL[event.pointerType] ?? STILL.mouse;
      if (Math.hypot(at[0] - held.start[0], at[1] - held.start[1]) <= still) return;
      held.moved = true;
      if (!held.pan) held.drag = on.drag(held.start);
      if (!held.drag) held.pan = true;
    }
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other && held.pan) pinch(held.last, at, other.last);
    else if (held.pan) on.pan(at[0] - held.last[0], at[1] - held.last[1]);
    else for (const one of coalesced(event)) held.drag?.move(place(one));
    held.last = at;
  }

  function pinch(from: Point, to: Point, other: Point): void {
    const apart = (a: Point): number => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]));
    on.pan((to[0] - from[0]) / 2, (to[1] - from[1]) / 2);
    on.zoom(apart(to) / apart(from), [(to[0] + other[0]) / 2, (to[1] + other[1]) / 2]);
  }

  function up({ pointerId }: PointerEvent): void {
    const held = pointers.get(pointerId);
    pointers.delete(pointerId);
    if (!held) return;
    if (held.drag) held.drag.end();
    else if (!held.moved && !held.pan) on.click(held.start);
  }

  function lost({ pointerId }: PointerEvent): void {
    pointers.get(pointerId)?.drag?.cancel();
    pointers.delete(pointerId);
  }

  element.addEventListener("pointerdown", down, { signal });
  element.addEventListener("pointermove", move, { signal });
  element.addEventListener("pointerup", up, { signal });
  element.addEventListener("pointercancel", lost, { signal });
  element.addEventListener("pointerleave", () => on.hover(null), { signal });
}

/** The movements since the last frame, of which a browser reports only the last. */
function coalesced(event: PointerEvent): readonly PointerEvent[] {
  const found = event.getCoalescedEvents?.() ?? [];
  return found.length ? found : [event];
}
