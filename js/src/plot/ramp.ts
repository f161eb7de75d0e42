/** Viridis (van der Walt and Smith, 2015) from low to high: perceptually uniform, also for the colour-blind. */
const VIRIDIS = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [109, 205, 89],
  [180, 222, 44],
  [253, 231, 37],
];
/** The part of it that stands out from a light and from a dark page. */
const LIGHT: [number, number] = [0, 0.9];
const DARK: [number, number] = [0.16, 1];
const SHADES = 255;

/** The colour of a number, from 0 to 1 on its scale. */
export function rampColour(at: number, dark: boolean): string {
  const [low, high] = dark ? DARK : LIGHT;
  const along = (low + (high - low) * at) * (VIRIDIS.length - 1);
  const k = Math.min(Math.floor(along), VIRIDIS.length - 2);
  const mix = VIRIDIS[k].map((v, c) => Math.round(v + (VIRIDIS[k + 1][c] - v) * (along - k)));
  return `#${mix.map((v) => v.toString(16).padStart(2, "0")).join("")}`;
}

const ramps = new Map<boolean, string[]>();

/** The colours of the shades of a scale. */
export function ramp(dark: boolean): string[] {
  const found =
    ramps.get(dark) ?? Array.from({ length: SHADES }, (_, shade) => rampColour(shade / (SHADES - 1), dark));
  ramps.set(dark, found);
  return found;
}

/** The ramp as a CSS gradient. */
export const gradient = (dark: boolean): string =>
  `linear-gradient(to right, ${Array.from({ length: 12 }, (_, k) => rampColour(k / 11, dark)).join(", ")})`;
