import type { SampleMessage } from "../../host/protocol";
import type { Chosen } from "../../ui/bus";
import type { LabelerEvent } from "./state";

export type SelectionCallbacks = {
  /** Requests the summary of these rows, and returns the id of the request; answered by `summary`. */
  ask: (rows: Uint32Array) => string;
  dispatch: (event: LabelerEvent) => void;
};

/** What is selected on the map, or what an act that is shown again consists of, and the kernel's summary of it. */
export function selectionOf(on: SelectionCallbacks) {
  /** The request for the summary of the latest selection. */
  let asked = "";

  return {
    take(chosen: Chosen | null): void {
      on.dispatch({ type: "chosen", chosen: chosen ? { ...chosen, sample: null } : null });
      if (chosen) asked = on.ask(chosen.rows);
    },
    summary(sample: SampleMessage): void {
      if (sample.id === asked) on.dispatch({ type: "sample", sample });
    },
  };
}
