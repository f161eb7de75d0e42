/** Places in an order that looks random, the same for the same number from 0 to 1. */
export function shuffled(n: number, chance: number): number[] {
  const next = numbers(chance);
  const places = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [places[i], places[j]] = [places[j], places[i]];
  }
  return places;
}

/** mulberry32: numbers in [0, 1) from a seed. */
function numbers(chance: number): () => number {
  let state = Math.floor(chance * 2 ** 32);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
