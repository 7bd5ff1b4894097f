// What others wrote, made safe to show: claims of a sign-in service, names of routes and machines, words of
// a gateway, a service or a certificate. A terminal obeys some characters (it moves the cursor, writes the
// clipboard, renames the window), some begin a row of their own, and some turn or hide the text around them.
//
// Whatever prints calls one of these (`cli/speech/print.ts`, `cli/speech/voice.ts`, `quickstart/terminal.ts`); a test of
// the architecture keeps every other file from writing to the terminal.

/**
 * - `Cc`: C0 and C1 controls and DEL. U+009B alone begins a control sequence (ECMA-48 5.4), line feed a row.
 * - `Cf`: bidirectional overrides and isolates (UAX #9), zero-width characters, tags.
 * - `Cs`: halves of a pair, which no encoding can write.
 * - `Zl`, `Zp`: U+2028 and U+2029, which begin a line somewhere.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const unsafeRun = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu

/**
 * Longest text of a peer that is taken over, in UTF-16 units.
 *
 * @limit a text of a refusal or a list that is shown: the rest is left out
 */
const maxPeerTextLength = 500
/**
 * Longest cell of a table, in UTF-16 units.
 *
 * @limit a cell of a table on a terminal: the rest is left out
 */
const maxCellLength = 500
/**
 * Longest line that is said, in UTF-16 units.
 *
 * @limit a sentence or hint on a terminal: the rest is left out
 */
const maxLineLength = 2_000

/** A text of the other side, taken over as one short line; empty where it is no text. */
export function printable(value: unknown): string {
  if (typeof value !== 'string') return ''
  return shorten(value, maxPeerTextLength).replaceAll(unsafeRun, ' ').trim()
}

/** One line, in which nothing is obeyed, hidden or turned: such characters are shown as JSON writes them. */
export function cleanLine(text: string, maxLength = maxLineLength): string {
  return ellipsize(text, maxLength).replaceAll(unsafe, escape)
}

/**
 * The same for a cell of a table. Columns stand two blanks apart: a cell has none side by side, so that it
 * cannot pass for several.
 */
export function cleanCell(text: string): string {
  return ellipsize(text, maxCellLength)
    .replaceAll(/[\p{Zs}\t]+/gu, ' ')
    .replaceAll(unsafe, escape)
}

/** Lines of our own making: as `cleanLine`, without a bound, and line feeds stay. */
export function cleanText(text: string): string {
  return text.replaceAll(unsafe, (found) => (found === '\n' ? found : escape(found)))
}

/**
 * JSON, with those characters escaped that `JSON.stringify` leaves as they are: the same value to whoever
 * parses it (RFC 8259 section 7), and harmless where somebody reads a log on a terminal.
 */
export function escapeJson(json: string): string {
  return cleanText(json)
}

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escape(found: string): string {
  return (
    shortEscapes[found] ??
    Array.from(
      { length: found.length },
      (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join('')
  )
}

function ellipsize(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${shorten(text, maxLength)}…`
}

/** Cuts between characters, never through a pair. */
function shorten(text: string, maxLength: number): string {
  const end = /[\uD800-\uDBFF]/.test(text[maxLength - 1] ?? '') ? maxLength - 1 : maxLength
  return text.slice(0, end)
}
