// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest";
import type { ColumnMessage } from "../src/host/protocol";
import type { Column, Marks } from "../src/plot/look";
import { colouringOf } from "../src/widgets/explorer/colouring";

const MARKS: Marks = { label: Uint8Array.of(0), predicted: Uint8Array.of(0), doubt: Uint8Array.of(0) };
const CLASSES = [{ name: "spam", color: "#0072b2" }];
const message = (changes: Partial<ColumnMessage>): ColumnMessage => ({
  type: "column",
  to: "v",
  column: "price",
  lens: "",
  scale: [{ at: 0, text: "1" }],
  legend: [],
  note: "",
  why: "",
  ...changes,
});

const [ask, say, chosen, changed] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
const setColour = vi.fn((_by: string, _column: Column | null) => Promise.resolve());
let colouring: ReturnType<typeof colouringOf>;
const names = (): (string | null)[] =>
  [...colouring.element.querySelectorAll(".hitl-legend-colours bdi")].map((e) => e.textContent);

beforeEach(() => {
  for (const mock of [ask, say, chosen, changed, setColour]) mock.mockClear();
  colouring = colouringOf(
    {
      plot: () => ({ setColour, setFilter: vi.fn(), isolate: vi.fn() }) as never,
      marks: () => MARKS,
      rings: () => 0,
      theme: () => ({ dark: false, accent: "#b5179e" }) as never,
      ask,
      say,
      chosen,
      changed,
      next: vi.fn(),
    },
    new AbortController().signal,
  );
  colouring.setClasses(CLASSES);
});

it("asks for a column once, and colours the map when its values are here", () => {
  colouring.choose("column:price");
  expect(ask.mock.calls).toEqual([[{ column: "price" }]]);
  expect(setColour).not.toHaveBeenCalled();
  colouring.take(message({}), Uint8Array.of(7));
  expect(setColour.mock.lastCall).toEqual(["column", { shades: Uint8Array.of(7), palette: null }]);
  expect([colouring.column, names()]).toEqual(["price", []]);
  expect(changed).toHaveBeenCalledOnce();
  colouring.choose("label");
  expect(setColour.mock.lastCall).toEqual(["label", null]);
  expect(names()).toEqual(["spam"]);
  colouring.choose("column:price");
  expect(ask).toHaveBeenCalledOnce();
});

it("gives categories their colours, unless another way was chosen meanwhile", () => {
  const legend = [{ name: "DE", color: "#aaaaaa" }];
  colouring.choose("column:country");
  colouring.choose("doubt");
  colouring.take(message({ column: "country", scale: null, legend }), Uint8Array.of(0));
  expect(setColour.mock.lastCall).toEqual(["doubt", null]);
  colouring.choose("column:country");
  expect(setColour.mock.lastCall?.[1]?.palette).toEqual(["#aaaaaa"]);
  expect(names()).toEqual(["DE"]);
});

it("asks again for values that may be classes once the colours of the classes have changed", () => {
  const legend = [{ name: "spam", color: "#0072b2" }];
  colouring.choose("column:label");
  colouring.take(message({ column: "label", scale: null, legend }), Uint8Array.of(0));
  colouring.choose("column:price");
  colouring.take(message({}), Uint8Array.of(7));
  ask.mockClear();
  colouring.setClasses([{ name: "spam", color: "#123456" }]);
  expect(ask).not.toHaveBeenCalled();
  colouring.choose("column:label");
  colouring.take(message({ column: "label", scale: null, legend }), Uint8Array.of(0));
  expect(ask.mock.calls).toEqual([[{ column: "label" }]]);
  colouring.setClasses([{ name: "spam", color: "#123456" }]);
  expect(ask.mock.calls).toEqual([[{ column: "label" }], [{ column: "label" }]]);
  colouring.take(
    message({ column: "label", scale: null, legend: [{ name: "spam", color: "#123456" }] }),
    Uint8Array.of(0),
  );
  expect(setColour.mock.lastCall?.[1]?.palette).toEqual(["#123456"]);
});

it("says why a column cannot be shown, and stays as it is", () => {
  colouring.choose("column:prise");
  colouring.take(message({ column: "prise", why: "Unknown column 'prise'." }), new Uint8Array(0));
  expect(say.mock.calls).toEqual([["Unknown column 'prise'."]]);
  expect(chosen.mock.lastCall).toEqual(["label"]);
  expect(setColour).not.toHaveBeenCalled();
});

it("asks for a lens again after the labels have changed, as long as it is in use", () => {
  vi.useFakeTimers();
  colouring.choose("lens:suspects");
  expect(ask.mock.calls).toEqual([[{ lens: "suspects" }]]);
  colouring.take(message({ column: "", lens: "suspects" }), Uint8Array.of(200));
  expect(setColour.mock.lastCall).toEqual(["column", { shades: Uint8Array.of(200), palette: null }]);
  expect([colouring.column, chosen.mock.lastCall]).toEqual(["", ["lens:suspects"]]);
  colouring.renew();
  colouring.renew();
  vi.runAllTimers();
  expect(ask).toHaveBeenCalledTimes(2);
  colouring.choose("label");
  colouring.renew();
  vi.runAllTimers();
  expect(ask).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});
