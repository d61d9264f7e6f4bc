// Why a file cannot be used as a photo: the words are those of `ingest`, so that a reader finds them in its report.

export class Refusal extends Error {
  constructor(reason, detail) {
    super(`${reason}: ${detail}`);
    this.reason = reason;
  }
}

export const damaged = (detail) => new Refusal("truncated or damaged", detail);
