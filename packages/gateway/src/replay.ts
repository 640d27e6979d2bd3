import type { Writable } from "node:stream";
import type { Upload } from "./upload.ts";

/** Bytes of a body that are kept for a second attempt. */
const maxKept = 65_536;

/** Sends an upload, and keeps its beginning as long as it may have to be sent again. */
export class Replay {
  readonly #upload: Upload;
  #kept: Buffer[] | undefined = [];
  #bytes = 0;

  constructor(upload: Upload) {
    this.#upload = upload;
    upload.on("data", this.#keep);
    upload.pause();
  }

  /** Everything that was sent is still there. */
  get isWhole(): boolean {
    return this.#kept !== undefined;
  }

  sendTo(stream: Writable): void {
    for (const chunk of this.#kept ?? []) stream.write(chunk);
    if (this.#upload.readableEnded) stream.end();
    else this.#upload.pipe(stream);
  }

  /** It won't be sent again. */
  forget(): void {
    this.#kept = undefined;
    this.#upload.off("data", this.#keep);
  }

  readonly #keep = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > maxKept) this.forget();
    else this.#kept?.push(chunk);
  };
}
