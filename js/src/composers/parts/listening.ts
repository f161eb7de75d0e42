import type { Stage } from "../../items/registry";
import type { Piece } from "./pieces";

/** Finds the pieces of a recording between pauses; `heard` is called with the share that is known. */
export async function piecesOf(
  stage: Stage,
  settings: Readonly<Record<string, unknown>>,
  version: string,
  heard: (share: number) => void,
): Promise<Piece[]> {
  const told = Object.fromEntries(
    ["pause", "shortest", "longest"].map((name) => [name, Number(settings[name])]),
  );
  for (;;) {
    const { content } = await stage.more({ what: "segments", version, ...told });
    const found = content.segments as [number, number][] | undefined;
    if (found) return found.map(([start, end]) => ({ start, end }));
    heard(Number(content.known) / Math.max(1, Number(content.of)));
  }
}
