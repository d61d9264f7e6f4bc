// Long work in slices, so that the page answers its reader meanwhile.

const SLICE_MS = 12;

const pause = () => new Promise((resume) => setTimeout(resume));

// Runs a generator to its end; resolves to what it returns, or to null if it is no longer wanted.
export async function finish(work, wanted = () => true) {
  let began = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - began > SLICE_MS) {
      await pause();
      if (!wanted()) return null;
      began = performance.now();
    }
  }
}
