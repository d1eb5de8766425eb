// What goes wrong, said in one sentence that a person can act on.

/** An error whose message is meant for the person at the page. */
export class Refusal extends Error {}

const OUT_OF_MEMORY =
  /out of memory|bad_alloc|alloc\w* .*fail|fail\w* to alloc|OOM|integer overflow/i;

/**
 * @param {unknown} error
 * @returns {string} one sentence
 */
export function inWords(error) {
  if (error instanceof Refusal) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  // Sizes beyond WebAssembly's 32 bits overflow; exceptions of C++ may arrive as bare numbers.
  if (error instanceof RangeError || typeof error === 'number' || OUT_OF_MEMORY.test(message)) {
    return 'The browser ran out of memory. Choose a smaller output, or close other tabs.';
  }
  return `The run ended: ${message}`;
}
