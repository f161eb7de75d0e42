import type { Stage } from "../registry";
import { frameAt, middleOf, readTimes, type Times } from "./frames";

export type Video = {
  kind: "video";
  width: number;
  height: number;
  seconds: number;
  rate: number;
  codec: string;
  /** The media type of a file that browsers may play; "" for others. */
  type: string;
  bytes: number;
  /** Whether the file is too large to be sent as a whole. */
  large: boolean;
  version: string;
};

export type FilmCallbacks = {
  /** Shows an image, whose size may differ from that of the video. */
  show: (source: HTMLVideoElement | ImageBitmap) => void;
  /** The frame, the position or what is said may have changed. */
  changed: () => void;
};

/** Files up to this size are loaded in advance; others when they are played. */
const SHORT_BYTES = 2_000_000;
/** Delay before that, so that nothing is loaded for items that are only passed. */
const REST_MS = 250;
/** How long the browser may take to show a frame. */
const WAIT_MS = 700;
/** How often it may show another one. */
const TRIES = 3;
/** The longer side of frames from the kernel while they are played, in pixels. */
const MOVING_SIDE = 640;
/** The same at rest, at most. */
const LARGEST_SIDE = 2048;

/**
 * Shows the frames of a video, and plays it. The browser plays it where it can: it is sent to the middle of a frame, and
 * says which frame it shows. Otherwise, and until the file is here, frames come from the kernel as images.
 */
export class Film {
  /** The frame that is shown, or that will be once it is here. */
  frame = 0;
  playing = false;
  loop = false;
  /** The share of the file that has loaded, while it is waited for; otherwise null. */
  loading: number | null = null;
  /** The share of the file in which frames were found; 1 once all are known. */
  read = 0;
  trouble = "";
  /** Why frames come from the kernel; "" if they do not. */
  note = "";
  times: Times;
  private speed = 1;
  private place = 0;
  private shown = -1;
  private settling = false;
  private misses = 0;
  private turn = 0;
  private part = { start: 0, end: Infinity };
  private video: HTMLVideoElement | null = null;
  private image: ImageBitmap | null = null;
  private file: Promise<void> | null = null;

  constructor(
    private readonly content: Video,
    private readonly stage: Stage,
    private readonly on: FilmCallbacks,
  ) {
    this.times = [0, content.seconds];
    this.note = this.why();
    void this.begin();
    stage.signal.addEventListener("abort", () => this.close());
  }

  /** The number of frames; 1 until they are known. */
  get n(): number {
    return this.times.length - 1;
  }

  get seconds(): number {
    return this.times[this.n];
  }

  /** Whether a frame of the video was shown already. */
  get begun(): boolean {
    return this.shown >= 0;
  }

  /** Whether the frame is on the screen. */
  get settled(): boolean {
    return this.shown === this.frame;
  }

  /** Where the frame on the screen is from. */
  get source(): "browser" | "kernel" {
    return this.video && this.misses < TRIES ? "browser" : "kernel";
  }

  /** Seconds from the start, for those who mark times. */
  get time(): number {
    return this.place;
  }

  set rate(rate: number) {
    this.speed = rate;
    if (this.video) this.video.playbackRate = rate;
    else if (this.playing) void this.start();
  }

  /** Shows the frame at a time. */
  seek(time: number): void {
    this.place = Math.max(0, Math.min(time, this.seconds));
    this.want(frameAt(this.times, this.place));
  }

  /** Shows a frame. */
  go(frame: number): void {
    const to = Math.max(0, Math.min(frame, this.n - 1));
    this.place = this.times[to];
    this.want(to);
  }

  /** Stops, and shows a frame. */
  rest(frame: number): void {
    this.halt();
    this.go(frame);
  }

  /** The start of the frame that is some frames away from the one at a time, which may be the end. */
  beside(time: number, by: number): number {
    // The end of an answer is rounded to milliseconds.
    const from = time > this.seconds - 0.0015 ? this.n : frameAt(this.times, time);
    return this.times[Math.max(0, Math.min(from + by, this.n))];
  }

  play(): void {
    this.part = { start: 0, end: Infinity };
    if (this.frame >= this.n - 1) this.go(0);
    void this.start();
  }

  /** Plays a part, and stops at its end. */
  playPart(start: number, end: number): void {
    this.halt();
    this.seek(start);
    this.part = { start, end };
    void this.start();
  }

  pause(): void {
    const { playing } = this;
    this.halt();
    if (playing) void this.settle();
    this.on.changed();
  }

  private halt(): void {
    // Frames of the kernel are smaller while they are played.
    if (this.playing && this.note && !this.video) this.shown = -1;
    this.turn++;
    this.playing = false;
    this.loading = null;
    this.video?.pause();
  }

  private close(): void {
    this.turn++;
    this.playing = false;
    this.image?.close();
    this.image = null;
    if (!this.video) return;
    this.video.pause();
    const { src } = this.video;
    this.video.removeAttribute("src");
    this.video.load();
    URL.revokeObjectURL(src);
    this.video = null;
  }

  private get gone(): boolean {
    return this.stage.signal.aborted;
  }

  /** Why the browser does not get the file. */
  private why(): string {
    const { type, codec, large } = this.content;
    if (large) return "The file is larger than 64 MB: its frames come from the kernel, without sound.";
    const video = document.createElement("video");
    if (type && video.canPlayType(type) && "requestVideoFrameCallback" in video) return "";
    return `The browser cannot play this video (${codec}): its frames come from the kernel, without sound.`;
  }

  private async begin(): Promise<void> {
    const { version, bytes } = this.content;
    try {
      while (this.read < 1) {
        const { content } = await this.stage.more({ what: "scan", version });
        this.read = Number(content.share);
        this.on.changed();
      }
      const times = readTimes(await this.stage.gather({ what: "times", version }));
      if (times.length < 2) throw new Error("The video has no frames.");
      this.times = times;
      this.go(0);
    } catch (error) {
      this.fail(error);
      return;
    }
    await new Promise((done) => setTimeout(done, REST_MS));
    if (bytes <= SHORT_BYTES && !this.gone) await this.load().catch(() => undefined);
  }

  private fail(error: unknown): void {
    if (this.gone) return;
    this.pause();
    this.trouble = error instanceof Error ? error.message : String(error);
    this.on.changed();
  }

  private want(frame: number): void {
    this.frame = frame;
    this.trouble = "";
    if (this.playing && this.video) this.video.currentTime = middleOf(this.times, frame);
    else if (this.playing) void this.start();
    else void this.settle();
    this.on.changed();
  }

  // -- the file

  /** Loads the file, if the browser plays it. Says in `note` if it does not. */
  private load(): Promise<void> {
    if (this.note) return Promise.resolve();
    this.file ??= this.fetch();
    this.file.catch(() => {
      this.file = null;
    });
    return this.file;
  }

  private async fetch(): Promise<void> {
    const { version, type, codec } = this.content;
    const parts = await this.stage.gather({ what: "file", version }, (here, total) => {
      if (!this.playing) return;
      this.loading = here / total;
      this.on.changed();
    });
    this.stage.signal.throwIfAborted();
    const video = document.createElement("video");
    video.playsInline = true;
    video.preload = "auto";
    const url = URL.createObjectURL(new Blob(parts as BlobPart[], { type: type.split(";")[0] }));
    video.src = url;
    try {
      await readable(video, this.stage.signal);
    } catch {
      URL.revokeObjectURL(url);
      this.note = `The browser cannot play this video (${codec}): its frames come from the kernel, without sound.`;
      return;
    }
    video.addEventListener("ended", () => this.playing && this.ended());
    this.video = video;
    this.on.changed();
  }

  // -- a frame at rest

  /** Shows the wanted frame; of several in a row, the last one. */
  private async settle(): Promise<void> {
    if (this.settling) return;
    this.settling = true;
    try {
      while (!this.gone && !this.playing && this.shown !== this.frame) {
        const { frame, video } = this;
        const done = video && this.misses < TRIES && (await this.jump(video, frame));
        if (!done && !this.playing && this.frame === frame) await this.draw(frame, LARGEST_SIDE);
      }
    } catch (error) {
      this.shown = this.frame;
      this.fail(error);
    } finally {
      this.settling = false;
    }
  }

  /** Sends the browser to a frame; returns whether it shows just that. */
  private async jump(video: HTMLVideoElement, frame: number): Promise<boolean> {
    const seen = await new Promise<number | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), WAIT_MS);
      const look = (_: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
        // A frame from before may still arrive.
        if (frameAt(this.times, mediaTime) !== frame && this.frame === frame && !this.playing) {
          video.requestVideoFrameCallback(look);
          return;
        }
        clearTimeout(timer);
        resolve(mediaTime);
      };
      video.requestVideoFrameCallback(look);
      video.currentTime = middleOf(this.times, frame);
    });
    if (this.gone || this.playing || (seen === null && this.frame !== frame)) return true;
    if (seen === null || frameAt(this.times, seen) !== frame) {
      if (++this.misses === TRIES)
        this.note = "The browser does not show exact frames: they come from the kernel.";
      return false;
    }
    this.misses = 0;
    this.shown = frame;
    this.on.show(video);
    this.on.changed();
    return true;
  }

  /** Shows a frame that the kernel decodes, unless it arrives too late. */
  private async draw(frame: number, most: number, late = () => false): Promise<void> {
    const { width, height, version } = this.content;
    const side = Math.min(most, Math.max(width, height));
    const { bytes } = await this.stage.more({ what: "frame", index: frame, side, version });
    const image = await createImageBitmap(new Blob(bytes as BlobPart[]));
    if (this.gone || late()) image.close();
    else {
      this.shown = frame;
      this.on.show(image);
      this.image?.close();
      this.image = image;
      this.on.changed();
    }
  }

  // -- moving

  private async start(): Promise<void> {
    const turn = ++this.turn;
    const over = (): boolean => turn !== this.turn || this.gone;
    this.playing = true;
    this.trouble = "";
    try {
      if (!this.video && !this.note) this.loading = 0;
      this.on.changed();
      await this.load();
      if (over()) return;
      this.loading = null;
      if (this.video) await this.run(this.video, over);
      else await this.step(over);
    } catch (error) {
      if (over()) return;
      // Some browsers require a separate press for every sound.
      const again = error instanceof Error && error.name === "NotAllowedError";
      this.fail(again ? new Error("The video is ready: press play again.") : error);
    }
  }

  /** Lets the browser play. */
  private async run(video: HTMLVideoElement, over: () => boolean): Promise<void> {
    video.playbackRate = this.speed;
    video.currentTime = middleOf(this.times, this.frame);
    const follow = (_: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
      if (over()) return;
      if (mediaTime >= this.part.end - 0.001) {
        this.ended();
        return;
      }
      this.reached(frameAt(this.times, mediaTime));
      this.on.show(video);
      this.on.changed();
      video.requestVideoFrameCallback(follow);
    };
    video.requestVideoFrameCallback(follow);
    await video.play();
  }

  /** Plays the frames of the kernel, as many as arrive in time. */
  private async step(over: () => boolean): Promise<void> {
    let [from, since] = [this.place, performance.now()];
    while (!over()) {
      const time = from + (this.speed * (performance.now() - since)) / 1000;
      if (time >= Math.min(this.part.end, this.seconds)) {
        if (!this.loop) {
          this.ended();
          return;
        }
        [from, since] = [this.part.start, performance.now()];
      }
      const frame = frameAt(this.times, Math.min(time, this.seconds));
      if (frame === this.shown) await new Promise((done) => setTimeout(done, 10));
      else {
        await this.draw(frame, MOVING_SIDE, over);
        if (over()) return;
        this.reached(frame);
        this.on.changed();
      }
    }
  }

  private reached(frame: number): void {
    this.frame = this.shown = frame;
    this.place = this.times[frame];
  }

  /** At the end of the video, or of the part that is played. */
  private ended(): void {
    const { start, end } = this.part;
    if (this.loop) {
      this.seek(start);
      void this.start();
      return;
    }
    this.halt();
    this.shown = -1;
    if (end < this.seconds) this.seek(end);
    else this.go(this.n - 1);
  }
}

/** Waits until the browser has decoded a frame; rejects if it cannot. */
function readable(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => (video.videoWidth ? resolve() : reject(new Error("no picture")));
    video.addEventListener("loadeddata", look, { once: true });
    video.addEventListener("error", () => reject(new Error("not playable")), { once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
