/** Converts positions in a string (UTF-16 units) to code points, which Python counts, and back. */
export class Offsets {
  /** Positions of the characters that take two units, ascending. */
  private readonly wide: number[] = [];

  constructor(text: string) {
    this.extend(text, 0);
  }

  /** Adds a text that follows, from position `from` on. */
  extend(text: string, from: number): void {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0xd800 || unit > 0xdbff) continue;
      this.wide.push(from + i);
      i++;
    }
  }

  /** The number of code points before a position. */
  points(position: number): number {
    return position - below(this.wide, position);
  }

  /** The position of a code point. */
  position(points: number): number {
    // Each wide character before it takes one more unit: the k-th one is at wide[k] - k code points.
    let low = 0;
    let high = this.wide.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.wide[mid] - mid < points) low = mid + 1;
      else high = mid;
    }
    return points + low;
  }
}

/** How many of the ascending numbers are below a limit. */
function below(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (numbers[mid] < limit) low = mid + 1;
    else high = mid;
  }
  return low;
}
