import { type Point, UNIT, wholeView } from "./geometry";
import { type Rows, rowsOf } from "./rows";

/** Fewer points have no outliers. */
const FEW = 20;
/** At most this share of the points, and this many, are pulled in at each side. */
const SHARE = 0.005;
const MOST = 20;
/** Shares of the range of the others: beyond which points are pulled in, to where, and the width of the rim there. */
const FAR = 0.35;
const SLACK = 0.12;
const RIM = 0.05;
const BINS = 2048;
/** A turn must give the points this much more area. */
const GAIN = 1.25;
const ENOUGH = 20_000;

type Range = [low: number, high: number];

/** Where the points of a map are drawn: turned to the long side of the box, with far outliers pulled in to the rim. */
export class Layout {
  /** The points that have been pulled in. */
  readonly outliers: Rows;
  readonly xy: Float32Array;
  private readonly cos: number;
  private readonly sin: number;
  private readonly inner: [Range, Range];

  private constructor(
    xy: Float32Array,
    /** The angle by which the map is turned, in radians. */
    readonly turn: number,
  ) {
    [this.cos, this.sin] = [Math.cos(turn), Math.sin(turn)];
    const turned = turn ? rotated(xy, this.cos, this.sin) : xy;
    this.inner = [inner(turned, 0), inner(turned, 1)];
    this.xy = turned;
    const far: number[] = [];
    for (let i = 0; i < turned.length; i++) {
      const range = this.inner[i & 1];
      if (turned[i] >= range[0] && turned[i] <= range[1]) continue;
      if (this.xy === xy) this.xy = xy.slice();
      this.xy[i] = pulled(turned[i], range);
      if (Math.abs(turned[i] - this.xy[i]) > (RIM / 2) * (range[1] - range[0])) far.push(i >> 1);
    }
    this.outliers = rowsOf(far);
  }

  /** Lays a map out in a box; its turn is kept if no other one is much better. */
  static of(xy: Float32Array, width: number, height: number, before = 0): Layout {
    const some = sample(xy);
    const area = (turn: number): number => {
      const turned = rotated(some, Math.cos(turn), Math.sin(turn));
      const { x, y } = wholeView(width, height, { x: inner(turned, 0), y: inner(turned, 1) });
      return (x[1] - x[0]) * (y[1] - y[0]);
    };
    const along = width >= height ? axis(some) : axis(some) + Math.PI / 2;
    // The shorter way round.
    const turn = Math.atan(Math.tan(along));
    return new Layout(xy, some.length > 4 && area(turn) * GAIN < area(before) ? turn : before);
  }

  /** The direction from an outlier to where it would be. */
  outward(row: number): Point {
    const [x, y] = [0, 1].map((c) => {
      const [low, high] = this.inner[c];
      const at = this.xy[2 * row + c];
      return at > high ? 1 : at < low ? -1 : 0;
    });
    return [x, y];
  }

  /** Where a point of the map, such as a corner of an outline, is drawn. */
  place([x, y]: Point): Point {
    const { cos, sin } = this;
    return [pulled(x * cos - y * sin, this.inner[0]), pulled(x * sin + y * cos, this.inner[1])];
  }
}

/** The coordinate of a point that is at most a rim outside the range; continuous, and in the same order. */
function pulled(value: number, [low, high]: Range): number {
  const rim = RIM * (high - low);
  const beyond = Math.max(value - high, low - value);
  if (beyond <= 0 || !rim) return value;
  const shown = (rim * beyond) / (rim + beyond);
  return value > high ? high + shown : low - shown;
}

/** The range of a coordinate (0: x, 1: y), without a few points that are far beyond the others. */
function inner(xy: Float32Array, coordinate: number): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = coordinate; i < xy.length; i += 2) {
    if (xy[i] < low) low = xy[i];
    if (xy[i] > high) high = xy[i];
  }
  if (!(high > low)) return xy.length ? [low, high] : UNIT.x;
  const counts = new Uint32Array(BINS);
  const scale = (BINS * 0.9999) / (high - low);
  for (let i = coordinate; i < xy.length; i += 2) counts[((xy[i] - low) * scale) | 0]++;
  const n = xy.length / 2;
  const most = n < FEW ? 0 : Math.min(MOST, Math.ceil(SHARE * n));
  let [first, last] = [0, BINS - 1];
  for (let seen = counts[0]; seen <= most && first < last; seen += counts[first]) first++;
  for (let seen = counts[last]; seen <= most && last > first; seen += counts[last]) last--;
  const [from, to] = [low + first / scale, low + (last + 1) / scale];
  const span = to - from;
  return [
    from - low > FAR * span ? from - SLACK * span : low,
    high - to > FAR * span ? to + SLACK * span : high,
  ];
}

function rotated(xy: Float32Array, cos: number, sin: number): Float32Array {
  const out = new Float32Array(xy.length);
  for (let i = 0; i < xy.length; i += 2) {
    out[i] = xy[i] * cos - xy[i + 1] * sin;
    out[i + 1] = xy[i] * sin + xy[i + 1] * cos;
  }
  return out;
}

function sample(xy: Float32Array): Float32Array {
  const every = Math.ceil(xy.length / 2 / ENOUGH);
  if (every <= 1) return xy;
  return Float32Array.from(
    { length: 2 * Math.floor(xy.length / 2 / every) },
    (_, k) => xy[2 * every * (k >> 1) + (k & 1)],
  );
}

/** The turn that makes the principal axis horizontal. */
function axis(xy: Float32Array): number {
  const n = xy.length / 2 || 1;
  let [mx, my] = [0, 0];
  for (let i = 0; i < xy.length; i += 2) [mx, my] = [mx + xy[i] / n, my + xy[i + 1] / n];
  let [xx, yy, xy_] = [0, 0, 0];
  for (let i = 0; i < xy.length; i += 2) {
    const [dx, dy] = [xy[i] - mx, xy[i + 1] - my];
    [xx, yy, xy_] = [xx + dx * dx, yy + dy * dy, xy_ + dx * dy];
  }
  return -Math.atan2(2 * xy_, xx - yy) / 2;
}
