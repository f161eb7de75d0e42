import type { View } from "./engine";
import { Frame } from "./geometry";
import type { Grid } from "./grid";
import type { Painter, Shot } from "./painter";
import { POINTS_FRAGMENT, POINTS_VERTEX, WHOLE_FRAGMENT, WHOLE_VERTEX } from "./shaders";

type Kit = {
  points: WebGLProgram;
  whole: WebGLProgram;
  target: WebGLFramebuffer;
  sums: WebGLTexture;
  opacities: WebGLTexture;
};
type Watch = { lost: () => void; restored: () => void };

const SLOT = Symbol.for("hitl-widgets.webgl.1");
type Page = { [SLOT]?: SharedGl | null };

/** The page's single WebGL context (browsers limit their number and drop the oldest), or null if there is none. */
export function sharedGl(): SharedGl | null {
  const page = globalThis as Page;
  if (page[SLOT] === undefined) page[SLOT] = SharedGl.make();
  return page[SLOT];
}

/** A context that all painters share. Each painter draws and then immediately copies the picture. */
export class SharedGl {
  readonly watches = new Set<Watch>();
  private kit: Kit | null = null;
  private size = [0, 0];
  private took = -1;

  private constructor(
    readonly canvas: HTMLCanvasElement,
    readonly gl: WebGL2RenderingContext,
  ) {
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.kit = null;
      for (const watch of [...this.watches]) watch.lost();
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.prepare();
      for (const watch of [...this.watches]) watch.restored();
    });
  }

  static make(): SharedGl | null {
    const canvas = document.createElement("canvas");
    const options = { antialias: false, depth: false, premultipliedAlpha: true, preserveDrawingBuffer: true };
    const gl = canvas.getContext("webgl2", options) as WebGL2RenderingContext | null;
    // Sums above 1 need floating-point textures.
    if (!gl?.getExtension("EXT_color_buffer_float")) return null;
    const shared = new SharedGl(canvas, gl);
    try {
      shared.prepare();
    } catch {
      return null;
    }
    return shared;
  }

  get lost(): boolean {
    return this.kit === null || this.gl.isContextLost();
  }

  private prepare(): void {
    const { gl } = this;
    gl.getExtension("EXT_color_buffer_float");
    this.size = [0, 0];
    this.kit = {
      points: program(gl, POINTS_VERTEX, POINTS_FRAGMENT),
      whole: program(gl, WHOLE_VERTEX, WHOLE_FRAGMENT),
      target: gl.createFramebuffer(),
      sums: gl.createTexture(),
      opacities: gl.createTexture(),
    };
  }

  /** Draws points from two buffers; returns the canvas with the picture in its lower left corner. */
  draw(
    places: WebGLBuffer,
    colours: WebGLBuffer,
    first: number,
    count: number,
    shot: Shot,
  ): HTMLCanvasElement | null {
    const { gl, kit } = this;
    if (!kit || this.lost) return null;
    const { width, height } = shot.frame;
    this.fit(kit, width, height);
    gl.viewport(0, 0, width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, kit.target);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    this.add(kit, places, colours, first, count, shot);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.disable(gl.BLEND);
    gl.useProgram(kit.whole);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, kit.sums);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, kit.opacities);
    gl.uniform1i(gl.getUniformLocation(kit.whole, "sums"), 0);
    gl.uniform1i(gl.getUniformLocation(kit.whole, "opacities"), 1);
    gl.uniform1f(gl.getUniformLocation(kit.whole, "dense"), shot.dense);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return this.canvas;
  }

  private add(
    kit: Kit,
    places: WebGLBuffer,
    colours: WebGLBuffer,
    first: number,
    count: number,
    { frame: { view }, diameter, stride }: Shot,
  ): void {
    const { gl } = this;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE);
    gl.useProgram(kit.points);
    const attribute = (
      name: string,
      buffer: WebGLBuffer,
      size: number,
      type: number,
      bytes: number,
    ): void => {
      const at = gl.getAttribLocation(kit.points, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, size, type, type === gl.UNSIGNED_BYTE, bytes * stride, bytes * first);
    };
    attribute("place", places, 2, gl.FLOAT, 8);
    attribute("colour", colours, 4, gl.UNSIGNED_BYTE, 4);
    const uniform = (name: string): WebGLUniformLocation | null => gl.getUniformLocation(kit.points, name);
    const [x, y] = [view.x[0] + view.x[1], view.y[0] + view.y[1]];
    gl.uniform2f(uniform("middle"), x / 2, y / 2);
    gl.uniform2f(uniform("scale"), 2 / (view.x[1] - view.x[0]), 2 / (view.y[1] - view.y[0]));
    gl.uniform1f(uniform("diameter"), diameter);
    gl.uniform1f(uniform("weight"), stride);
    gl.drawArrays(gl.POINTS, 0, Math.floor(count / stride));
  }

  /** Resizes the canvas and textures to at least this size. */
  private fit(kit: Kit, width: number, height: number): void {
    const { gl, canvas } = this;
    if (width <= this.size[0] && height <= this.size[1]) return;
    const [w, h] = [Math.max(width, this.size[0]), Math.max(height, this.size[1])];
    this.size = [w, h];
    canvas.width = w;
    canvas.height = h;
    gl.bindFramebuffer(gl.FRAMEBUFFER, kit.target);
    const attach = (texture: WebGLTexture, at: number, format: number): void => {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texImage2D(
        gl.TEXTURE_2D,
        0,
        format,
        w,
        h,
        0,
        format === gl.R16F ? gl.RED : gl.RGBA,
        gl.HALF_FLOAT,
        null,
      );
      for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
        gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
      }
      gl.framebufferTexture2D(gl.FRAMEBUFFER, at, gl.TEXTURE_2D, texture, 0);
    };
    attach(kit.sums, gl.COLOR_ATTACHMENT0, gl.RGBA16F);
    attach(kit.opacities, gl.COLOR_ATTACHMENT1, gl.R16F);
    gl.drawBuffers([gl.COLOR_ATTACHMENT0, gl.COLOR_ATTACHMENT1]);
  }

  /** Milliseconds to draw a hundred thousand points, because the renderer's name can be masked. */
  speed(): number {
    if (this.took >= 0) return this.took;
    const { gl } = this;
    const n = 100_000;
    const places = this.fill(
      null,
      Float32Array.from({ length: 2 * n }, (_, i) => ((i * 0.618) % 2) - 1),
    );
    const colours = this.fill(null, new Uint32Array(n).fill(0x80808080));
    const view: View = { x: [-1, 1], y: [-1, 1] };
    const shot = { frame: new Frame(view, 512, 512), diameter: 3, dense: 9, stride: 1 };
    // The first draw call includes compilation.
    for (let i = 0; i < 2; i++) {
      const before = performance.now();
      this.draw(places, colours, 0, n, shot);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
      this.took = performance.now() - before;
    }
    gl.deleteBuffer(places);
    gl.deleteBuffer(colours);
    return this.took;
  }

  /** Writes data to this buffer, or to a new one if there is none or it was lost with its context. */
  fill(buffer: WebGLBuffer | null, data: Float32Array | Uint32Array): WebGLBuffer {
    const { gl } = this;
    const kept = buffer && gl.isBuffer(buffer) ? buffer : gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, kept);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
    return kept;
  }
}

/** Draws with the page's WebGL context. */
export class GlPainter implements Painter {
  readonly name = "webgl";
  private grid: Grid | null = null;
  private places: WebGLBuffer | null = null;
  private colours: WebGLBuffer | null = null;

  constructor(
    private readonly shared: SharedGl,
    private readonly watch: Watch & { destroyed: () => void },
  ) {
    shared.watches.add(watch);
  }

  setPoints(grid: Grid): void {
    this.grid = grid;
    this.places = this.shared.fill(this.places, grid.places);
  }

  setColours(colours: Uint32Array): void {
    this.colours = this.shared.fill(this.colours, colours);
  }

  paint(context: CanvasRenderingContext2D, shot: Shot): void {
    if (!this.grid || !this.places || !this.colours) return;
    const ranges = this.grid.within(shot.frame.view);
    const first = ranges[0]?.from ?? 0;
    const last = ranges.at(-1)?.to ?? 0;
    const picture = this.shared.draw(this.places, this.colours, first, last - first, shot);
    // With a lost context the last picture remains.
    if (!picture) return;
    const { width, height } = shot.frame;
    context.clearRect(0, 0, width, height);
    context.drawImage(picture, 0, picture.height - height, width, height, 0, 0, width, height);
  }

  destroy(): void {
    this.shared.watches.delete(this.watch);
    this.watch.destroyed();
    this.shared.gl.deleteBuffer(this.places);
    this.shared.gl.deleteBuffer(this.colours);
  }
}

function program(gl: WebGL2RenderingContext, vertex: string, fragment: string): WebGLProgram {
  const made = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) throw new Error("WebGL cannot create a shader.");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(String(gl.getProgramInfoLog(made)));
  return made;
}
