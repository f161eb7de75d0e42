import type { Stage } from "../registry";

/** Describes a recording's sound: clips of `clip` seconds, or the original file of media type `raw`. */
export type Sound = { seconds: number; clip: number; raw: string; version: string };

type Clip = { index: number; end: AbortController; made: Promise<HTMLAudioElement>; url: string };

/** Seconds before the end of a clip at which the next one is requested. */
const AHEAD_S = 15;
/** Delay before a clip is requested, so that dragging along the recording does not load every clip. */
const REST_MS = 80;
/** Number of clips that are kept, including the current one. */
const KEPT = 3;
/** Tolerance in seconds for reaching an end. */
const NEAR_S = 0.05;
/** How often the end of a part is looked for. */
const WATCH_MS = 20;

/**
 * Plays a recording of any length with one audio element per clip. Clips are requested when needed, and the browser
 * decodes them while playing, so nothing long is decoded at once.
 */
export class Player {
  /** Whether it should play; the sound may still be loading. */
  playing = false;
  /** The share of the sound that has loaded, while waiting for it; otherwise null. */
  loading: number | null = null;
  trouble = "";
  private speed = 1;
  private place = 0;
  private raw: string;
  private readonly clips = new Map<number, Clip>();
  private current: { index: number; audio: HTMLAudioElement } | null = null;
  private turn = 0;
  /** Watches for the place at which it should stop. */
  private watch: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly sound: Sound,
    private readonly stage: Stage,
    private readonly changed: () => void,
  ) {
    this.raw = sound.raw;
    stage.signal.addEventListener("abort", () => this.close());
  }

  /** Seconds from the start. */
  get time(): number {
    const { current } = this;
    const at = current ? this.begin(current.index) + current.audio.currentTime : this.place;
    return Math.min(at, this.sound.seconds);
  }

  set rate(rate: number) {
    this.speed = rate;
    if (this.current) this.current.audio.playbackRate = rate;
  }

  /** Plays a part, and stops at its end. */
  playPart(start: number, end: number): void {
    this.pause();
    this.seek(start);
    this.play();
    this.watch = setInterval(() => {
      if (!this.playing || this.time < end) return;
      this.pause();
      this.seek(end);
    }, WATCH_MS);
  }

  play(): void {
    if (this.time >= this.sound.seconds - NEAR_S) this.move(0);
    this.playing = true;
    this.loading = this.current ? null : 0;
    this.trouble = "";
    void this.start();
  }

  pause(): void {
    clearInterval(this.watch);
    this.playing = false;
    this.turn++;
    this.loading = null;
    this.current?.audio.pause();
    this.changed();
  }

  seek(time: number): void {
    this.move(Math.max(0, Math.min(time, this.sound.seconds)));
    if (this.playing && this.current === null) void this.start();
    this.changed();
  }

  /** Loads the sound at the current position, so that it can start immediately. */
  prepare(): void {
    // Errors are reported when the user plays it.
    this.clip(this.indexOf(this.place)).made.catch(() => undefined);
  }

  private close(): void {
    clearInterval(this.watch);
    this.playing = false;
    this.turn++;
    for (const clip of this.clips.values()) this.drop(clip);
    this.current = null;
  }

  private get length(): number {
    return this.raw ? this.sound.seconds : this.sound.clip;
  }

  private begin(index: number): number {
    return index * this.length;
  }

  private indexOf(time: number): number {
    const last = Math.max(0, Math.ceil((this.sound.seconds - NEAR_S) / this.length) - 1);
    return Math.min(last, Math.floor(time / this.length + 1e-6));
  }

  private move(time: number): void {
    this.place = time;
    const index = this.indexOf(time);
    if (this.current?.index === index) {
      this.current.audio.currentTime = time - this.begin(index);
      return;
    }
    this.turn++;
    this.current?.audio.pause();
    this.current = null;
  }

  private async start(): Promise<void> {
    const turn = ++this.turn;
    try {
      if (!this.current) {
        if (!this.clips.has(this.indexOf(this.place))) await new Promise((done) => setTimeout(done, REST_MS));
        if (turn !== this.turn) return;
        const audio = await this.clip(this.indexOf(this.place)).made;
        if (turn !== this.turn) return;
        const index = this.indexOf(this.place);
        audio.currentTime = this.place - this.begin(index);
        this.current = { index, audio };
      }
      this.loading = null;
      const { audio } = this.current;
      audio.playbackRate = this.speed;
      await audio.play();
    } catch (error) {
      if (turn === this.turn) this.fail(error as Error);
    }
    this.changed();
  }

  private fail(error: Error): void {
    this.playing = false;
    this.loading = null;
    // Some browsers require a separate press for every sound.
    this.trouble = error.name === "NotAllowedError" ? "The sound is ready: press play again." : error.message;
  }

  private clip(index: number): Clip {
    const known = this.clips.get(index);
    if (known) return known;
    const end = new AbortController();
    const clip: Clip = { index, end, url: "", made: Promise.resolve(null as never) };
    this.clips.set(index, clip);
    clip.made = this.fetch(clip);
    clip.made.catch(() => this.clips.delete(index));
    // After several jumps, wait only for the last clip.
    for (const other of this.clips.values()) {
      if (this.clips.size <= KEPT) break;
      if (other !== clip && other.index !== this.current?.index) this.drop(other);
    }
    return clip;
  }

  private async fetch(clip: Clip): Promise<HTMLAudioElement> {
    const { index, end } = clip;
    const raw = this.raw;
    const { version } = this.sound;
    const ask = { what: "sound", version, ...(raw ? { raw: true } : { clip: index }) };
    const heard = (here: number, total: number): void => {
      if (!this.playing || this.indexOf(this.time) !== index || this.current) return;
      this.loading = here / total;
      this.changed();
    };
    const bytes = await this.stage.gather(ask, heard, end.signal);
    clip.url = URL.createObjectURL(new Blob(bytes as BlobPart[], { type: raw || "audio/wav" }));
    const audio = new Audio(clip.url);
    audio.preload = "auto";
    try {
      await readable(audio, end.signal);
    } catch (error) {
      URL.revokeObjectURL(clip.url);
      if (!raw || end.signal.aborted) throw error;
      // If the browser cannot play the file's format, request plain samples instead.
      this.raw = "";
      clip.index = this.indexOf(this.place);
      this.clips.delete(index);
      return this.clip(clip.index).made;
    }
    audio.addEventListener("ended", () => this.ended(index));
    audio.addEventListener("timeupdate", () => this.heard(audio, index));
    return audio;
  }

  private heard(audio: HTMLAudioElement, index: number): void {
    const next = index + 1;
    const soon = audio.duration - audio.currentTime < AHEAD_S * this.speed;
    if (soon && this.playing && this.begin(next) < this.sound.seconds - NEAR_S)
      this.clip(next).made.catch(() => undefined);
    this.changed();
  }

  private ended(index: number): void {
    if (this.current?.index !== index) return;
    const next = this.begin(index + 1);
    if (next < this.sound.seconds - NEAR_S) {
      this.move(next);
      void this.start();
    } else {
      this.move(this.sound.seconds);
      this.playing = false;
      this.changed();
    }
  }

  private drop(clip: Clip): void {
    this.clips.delete(clip.index);
    clip.end.abort();
    clip.made.then(
      (audio) => {
        audio.pause();
        audio.removeAttribute("src");
        audio.load();
        URL.revokeObjectURL(clip.url);
      },
      () => undefined,
    );
  }
}

/** Waits until the browser has read a sound's metadata; rejects if it cannot play it. */
function readable(audio: HTMLAudioElement, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    audio.addEventListener("loadedmetadata", () => resolve(), { once: true });
    audio.addEventListener("error", () => reject(new Error("The browser cannot play this sound.")), {
      once: true,
    });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
