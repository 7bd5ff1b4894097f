import { appendFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { minSecretBytes, type SecretKind } from './collected.ts'
import { watchFetch } from './fetch.ts'
import { watchHttp } from './http.ts'
import { watchHttp2 } from './http2.ts'
import type { HttpWatcher } from './messages.ts'
import type { SecretWatch } from './watch.ts'

/** What one HTTP message has said. */
type Heard =
  | { readonly kind: SecretKind; readonly value: string }
  | { readonly page: string; readonly text: string }

const listeners = new Set<(heard: Heard) => void>()
let isHearing = false

/** Tells a watch what this process says and hears over HTTP, until it is stopped. */
export function hearHttp(watch: SecretWatch): Disposable {
  const tell = (heard: Heard): void => take(heard, watch)
  listeners.add(tell)
  if (!isHearing) {
    isHearing = true
    hear((heard) => {
      for (const listener of listeners) listener(heard)
    })
  }
  return { [Symbol.dispose]: () => void listeners.delete(tell) }
}

/** Writes it to a file, for a watch in another process. */
export function writeHeard(file: string): void {
  hear((heard) => appendFileSync(file, `${JSON.stringify(heard)}\n`))
}

/** Tells a watch, at the end of the test, what a process has written. */
export function readHeard(file: string, watch: SecretWatch): void {
  watch.source(async () => {
    for (const line of (await readFile(file, 'utf8').catch(() => '')).split('\n'))
      if (line !== '') take(JSON.parse(line) as Heard, watch)
  })
}

/** Tells a watch of messages that are followed otherwise. */
export function hearerOf(watch: SecretWatch): HttpWatcher {
  return toldBy((heard) => take(heard, watch))
}

function hear(tell: (heard: Heard) => void): void {
  const watcher = toldBy(tell)
  watchHttp(watcher)
  watchHttp2(watcher)
  watchFetch(watcher)
}

function toldBy(tell: (heard: Heard) => void): HttpWatcher {
  return {
    secret(kind, value) {
      // A test's own word, or none: what a gateway makes is longer.
      if (Buffer.byteLength(value) >= minSecretBytes) tell({ kind, value })
    },
    page: (page, text) => tell({ page, text }),
  }
}

function take(heard: Heard, watch: SecretWatch): void {
  if ('kind' in heard) watch.add(heard.kind, heard.value)
  else watch.place(`page ${heard.page}`, () => heard.text)
}
