// Node makes the streams of `process` when somebody looks at them, and to make one of a pipe or socket is to
// set O_NONBLOCK on an open file description that a whole script may share: its next command fails with
// EAGAIN, and Ansible refuses to run at all. To look is enough, and `import process from 'node:process'`
// looks at all three, as do `console` and some of Node's own parts. So they are shielded before anything
// else is loaded.
//
// Bun makes a stream when somebody looks at it as well, and even when another is defined in its place, so that there
// is nothing to shield with. But there only what tells of warnings looks by itself: neither `console` does, nor
// `import process from 'node:process'`.

import { fstatSync, write } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { systemCode } from './errors.ts'
import { isBun } from './is-bun.ts'
import { standardOutput } from './standard-output.ts'
import { printable } from './terminal-text.ts'

const descriptors = { stdin: 0, stdout: 1, stderr: 2 } as const
type Name = keyof typeof descriptors

const made = new Map<Name, () => unknown>()

/**
 * Puts harmless streams in the place of `process.stdin`, `stdout` and `stderr` where these are pipes or
 * sockets: what is written there takes the way of `standardOutput`, and there is nothing to read.
 */
export function shieldStreams(): void {
  if (isBun) return tellWarnings()
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    const own = Object.getOwnPropertyDescriptor(process, name)
    if (own?.get === undefined || made.has(name) || !isShareable(descriptors[name])) continue
    made.set(name, own.get.bind(process))
    let shield: Readable | Writable | undefined
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => (shield ??= shieldOf(name)),
    })
  }
}

/**
 * What tells of warnings by itself writes to `process.stderr`. Bun calls a name deprecated when a bundle merely copies the
 * exports of a module, as it does for a package of CommonJS; Node says so at its use, and the tests run on both.
 */
function tellWarnings(): void {
  process.noDeprecation = true
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => {
    standardOutput(2).write(`(node:${process.pid}) ${printable(`${name}: ${message}`)}\n`)
  })
}

/** A person's terminal, where 0 and 2 are one: nobody else's pipe is touched, and Node opens a terminal anew for itself. */
export function terminalStreams(): {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
} {
  return { input: process.stdin, output: process.stderr }
}

/** The real streams of 0 and 1, for whoever owns both: a tunnel over stdin and stdout. */
export function ownedStreams(): { readonly input: Readable; readonly output: Writable } {
  return {
    input: (made.get('stdin')?.() ?? process.stdin) as Readable,
    output: isBun
      ? (bunOutput ??= openDescriptor(1))
      : ((made.get('stdout')?.() ?? process.stdout) as Writable),
  }
}

let bunOutput: Writable | undefined

/** How long a full pipe that another program has made non-blocking is left alone, in milliseconds. */
const retryMs = 5

/**
 * A stream on a descriptor itself. Bun's own is on a duplicate, which stays open when the descriptor is closed, and a
 * reader would not hear of the end.
 */
function openDescriptor(descriptor: number): Writable {
  const send = (bytes: Buffer, done: (error?: Error | null) => void): void =>
    write(descriptor, bytes, (error, writtenBytes) => {
      if (error === null && writtenBytes === bytes.length) done()
      else if (error === null) send(bytes.subarray(writtenBytes), done)
      else if (systemCode(error) === 'EAGAIN') setTimeout(send, retryMs, bytes, done)
      else done(error)
    })
  return new Writable({ write: (chunk: Buffer, _encoding, done) => send(chunk, done) })
}

function isShareable(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor)
    return found.isFIFO() || found.isSocket()
  } catch {
    return false
  }
}

function shieldOf(name: Name): Readable | Writable {
  if (name === 'stdin') return Object.assign(Readable.from([]), { fd: 0 })
  const descriptor = descriptors[name]
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      standardOutput(descriptor).write(chunk.toString())
      done()
    },
  })
  return Object.assign(stream, { fd: descriptor })
}
