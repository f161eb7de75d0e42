/** How points in space are turned, in radians: around the vertical axis, then towards the viewer. */
export type Turn = readonly [yaw: number, pitch: number];

export type Places = {
  /** x and y of each point in the unit square, from the top left. */
  xy: Float32Array;
  /** How far away each point is, 0 to 1; empty in the plane. */
  depth: Float32Array;
};

export const FRONT: Turn = [0.6, 0.35];
/** Half the width of the ball that contains all points, so that they stay in the square however they are turned. */
const REACH = 0.48;
const MOST_PITCH = Math.PI / 2;

export const turned = ([yaw, pitch]: Turn, dx: number, dy: number): Turn => [
  yaw + dx,
  Math.min(MOST_PITCH, Math.max(-MOST_PITCH, pitch + dy)),
];

/** Where points in the unit ball are seen, without perspective: x, y and z of each, y upwards. */
export function seen(points: Float32Array, [yaw, pitch]: Turn): Places {
  const n = points.length / 3;
  const [xy, depth] = [new Float32Array(2 * n), new Float32Array(n)];
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  for (let i = 0; i < n; i++) {
    const [x, y, z] = points.subarray(3 * i, 3 * i + 3);
    const [across, back] = [cy * x + sy * z, cy * z - sy * x];
    xy[2 * i] = 0.5 + REACH * across;
    xy[2 * i + 1] = 0.5 - REACH * (cp * y - sp * back);
    depth[i] = 0.5 - 0.5 * (sp * y + cp * back);
  }
  return { xy, depth };
}
