import { FAINTEST, GAIN } from "./painter";

export const POINTS_VERTEX = `#version 300 es
in vec2 place; in vec4 colour;
uniform vec2 middle, scale; uniform float diameter, weight;
out vec4 sums; out float opacity;
void main() {
  gl_Position = vec4((place - middle) * scale, 0.0, 1.0);
  gl_PointSize = diameter > 1.0 ? diameter + 1.0 : 1.0;
  float w = colour.a * colour.a * weight;
  sums = vec4(colour.rgb * w, w);
  opacity = colour.a * w;
}`;
export const POINTS_FRAGMENT = `#version 300 es
precision highp float;
in vec4 sums; in float opacity;
uniform float diameter;
layout(location = 0) out vec4 toSums; layout(location = 1) out vec4 toOpacity;
void main() {
  float far = length(gl_PointCoord - 0.5) * (diameter + 1.0);
  float cover = diameter > 1.0 ? clamp(diameter * 0.5 + 0.5 - far, 0.0, 1.0) : 1.0;
  toSums = sums * cover;
  toOpacity = vec4(opacity * cover, 0.0, 0.0, 0.0);
}`;
export const WHOLE_VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }`;
// Computes the same as strength() in painter.ts and resolve() in raster.ts.
export const WHOLE_FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D sums, opacities; uniform float dense;
out vec4 pixel;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec4 sum = texelFetch(sums, at, 0);
  if (sum.a <= 0.0) { pixel = vec4(0.0); return; }
  float opacity = texelFetch(opacities, at, 0).r / sum.a;
  float points = sum.a / (opacity * opacity);
  float share = min(1.0, log(1.0 + points) / log(1.0 + max(dense, 4.0)));
  float strength = ${FAINTEST} + ${(1 - FAINTEST).toFixed(4)} * share;
  float fade = min(1.0, points) * min(1.0, ${GAIN.toFixed(4)} * opacity) * strength;
  pixel = vec4(sum.rgb / sum.a * fade, fade);
}`;
